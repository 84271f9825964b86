/* Context files: what is refused before anything is kept. Nothing here reaches a database. */
#include "api/route.h"

#include "http/make_request.h"

#define BOUNDARY      "x-x"
#define PART          "--" BOUNDARY "\r\nContent-Disposition: form-data; "
#define FILE_OF(text) PART "name=\"file\"; filename=\"a.txt\"\r\n\r\n" text "\r\n"
#define END           "--" BOUNDARY "--\r\n"

static const struct config config = {.limits = {.context_files_max = 3, .context_file_max_bytes = 10}};

static void test_refused(void)
{
    static const struct {
        const char *name, *type, *body;
        enum cq_status st;
        const char *want; /* NULL: the general answer of st */
    } rows[] = {
        {"nothing", "", "", CQ_OK, "{\"file\":[\"can't be blank\"]}"},
        {"no form", "application/json", "{\"file\":\"a\"}", CQ_OK, "{\"file\":[\"can't be blank\"]}"},
        {"an empty form", "multipart/form-data; boundary=" BOUNDARY, END, CQ_OK, "{\"file\":[\"can't be blank\"]}"},
        {"an empty file", "multipart/form-data; boundary=" BOUNDARY, FILE_OF("") END, CQ_OK,
         "{\"file\":[\"can't be blank\"]}"},
        {"too large", "multipart/form-data; boundary=" BOUNDARY, FILE_OF("01234567890") END, CQ_PAYLOAD_TOO_LARGE,
         NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make_post("", rows[i].type, rows[i].body);
        struct loaded loaded = {.ai_experience = {.id = 3}};

        req.config = &config;
        req.loaded = &loaded;
        CU_ASSERT_EQUAL_FATAL(params_read(&req), CQ_OK);
        ROW_ASSERT(rows[i].name, context_file_create(&req) == rows[i].st);
        ROW_ASSERT(rows[i].name, req.response.status == (rows[i].want ? 400 : 0));
        ROW_ASSERT(rows[i].name, !rows[i].want || str_eq(req.response.body->data, rows[i].want));
    }
}

/* A page of a list without files is empty, and no statement is spent on it. */
static void test_none(void)
{
    struct request req = make_get("per_page=5");
    struct loaded loaded = {.ai_experience = {.id = 3}};

    req.config = &config;
    req.loaded = &loaded;
    CU_ASSERT_EQUAL_FATAL(params_read(&req), CQ_OK);
    CU_ASSERT_EQUAL(context_file_index(&req), CQ_OK);
    ASSERT_TEXT(req.response.body->data, "[]");
    CU_ASSERT_EQUAL(req.ctx.statements, 0);
}

SUITE(context_file, {"refused", test_refused}, {"none", test_none});
