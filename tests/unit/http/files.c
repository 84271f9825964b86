/* Files in multipart bodies: which they are, what they are called, and that nothing of them is lost. */
#include <stdio.h>
#include <string.h>

#include "make_request.h"

static const char TYPE[] = "multipart/form-data; boundary=b";

#define PART(disposition, content) "--b\r\nContent-Disposition: form-data; " disposition "\r\n\r\n" content "\r\n"

static struct request read_body(const char *body, size_t len)
{
    struct request req = make_post("", TYPE, "");

    req.body = body;
    req.body_len = len;
    CU_ASSERT_EQUAL(params_read(&req), CQ_OK);
    return req;
}

/* What a part's disposition says of its file's name. */
static void test_names(void)
{
    // clang-format off
    static const struct {
        const char *disposition, *want, *base;
    } rows[] = {
        {"name=file; filename=\"notes.txt\"",                              "notes.txt",        "notes.txt"},
        {"filename=notes.txt; name=file",                                  "notes.txt",        "notes.txt"},
        {"name=file; FILENAME=\"a\\\"b\"",                                 "a\"b",             "a\"b"},
        {"name=file; filename=\"\"",                                       "",                 ""},
        {"name=file; filename=\"C:\\dir\\notes.txt\"",                     "C:\\dir\\notes.txt", "notes.txt"},
        {"name=file; filename=\"../../etc/passwd\"",                       "../../etc/passwd", "passwd"},
        {"name=file; filename=\"dir/\"",                                   "dir/",             ""},
        {"name=file; filename=\"\xc3\xa9t\xc3\xa9.txt\"",                  "\xc3\xa9t\xc3\xa9.txt", "\xc3\xa9t\xc3\xa9.txt"},
        {"name=file; filename=\"e.txt\"; filename*=UTF-8''%c3%A9.txt",     "\xc3\xa9.txt",     "\xc3\xa9.txt"},
        {"name=file; filename*=utf-8'fr'%c3%A9.txt; filename=\"e.txt\"",   "\xc3\xa9.txt",     "\xc3\xa9.txt"},
        {"name=file; filename*=UTF-8''..%2Fa%2Fb",                         "../a/b",           "b"},
        {"name=file; filename*=ISO-8859-1''%E9.txt; filename=\"e.txt\"",   "e.txt",            "e.txt"},
        {"name=file; filename*=UTF-8''%E; filename=e.txt",                 "e.txt",            "e.txt"},
        {"name=file; filename*=UTF-8''%zz",                                "",                 ""},
        {"name=file; filename*=notes.txt",                                 "",                 ""},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(rows); i++) {
        char body[512];
        size_t len = 0;

        snprintf(body, sizeof(body), PART("%s", "x") "--b--", rows[i].disposition);
        struct request req = read_body(body, strlen(body));
        const struct form_file *file = request_file(&req, "file", 0);

        ROW_ASSERT(rows[i].disposition, file != NULL);
        if (!file)
            continue;
        ROW_ASSERT(rows[i].disposition, str_eq(file->filename, rows[i].want));
        ROW_ASSERT(rows[i].disposition, file->filename_len == strlen(rows[i].want));
        ROW_ASSERT(rows[i].disposition, str_eq(form_file_base_name(file, &len), rows[i].base));
        ROW_ASSERT(rows[i].disposition, len == strlen(rows[i].base));
    }
}

/* A name may hold any byte: who takes it looks at its length. */
static void test_a_nul_in_a_name(void)
{
    static const char body[] = PART("name=file; filename*=UTF-8''a%00b", "x") "--b--";
    struct request req = read_body(body, sizeof(body) - 1);
    const struct form_file *file = request_file(&req, "file", 0);

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(file->filename_len == 3 && memcmp(file->filename, "a\0b", 4) == 0);
}

/* Fields and files of several names stand beside each other. */
static void test_files(void)
{
    static const char body[] = PART("name=file; filename=1", "\xff\0\r\n--c")
        PART("name=\"description\"", "words") "--b\r\nContent-Type: text/plain\r\n"
                                              "Content-Disposition: form-data; name=file; filename=2\r\n\r\n\r\n" PART(
                                                  "name=other; filename=3", "3") PART("filename=4", "4") "--b--";
    struct request req = read_body(body, sizeof(body) - 1);
    const struct form_file *first = request_file(&req, "file", 0), *second = request_file(&req, "file", 1);

    ASSERT_TEXT(params_text(&req), "{\"description\":\"words\"}");
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_TRUE(first->len == 7 && memcmp(first->data, "\xff\0\r\n--c", 7) == 0);
    CU_ASSERT_TRUE(first->data > body && first->data < body + sizeof(body)); /* not copied */
    ASSERT_TEXT(first->content_type, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    CU_ASSERT_EQUAL(second->len, 0);
    ASSERT_TEXT(second->content_type, "text/plain");
    CU_ASSERT_PTR_NULL(request_file(&req, "file", 2));
    CU_ASSERT_PTR_NOT_NULL(request_file(&req, "other", 0));
    CU_ASSERT_PTR_NULL(request_file(&req, "none", 0));
    CU_ASSERT_EQUAL(req.n_files, 4);
}

static enum cq_status read_many(size_t n)
{
    struct buf body;
    struct request req = make_post("", TYPE, "");

    buf_init(&body, 1 << 20);
    for (size_t i = 0; i < n; i++)
        buf_str(&body, PART("name=file; filename=x", "x"));
    buf_str(&body, "--b--");
    req.body = body.data;
    req.body_len = body.len;
    enum cq_status st = params_read(&req);
    buf_release(&body);
    return st;
}

static void test_too_many(void)
{
    CU_ASSERT_EQUAL(read_many(HTTP_MAX_FILES), CQ_OK);
    CU_ASSERT_EQUAL(read_many(HTTP_MAX_FILES + 1), CQ_INVALID_REQUEST);
}

/* A body that is a file is looked at by nobody else, whatever its type. */
static void test_a_raw_body(void)
{
    static const char *const types[] = {"application/json", "application/x-www-form-urlencoded", "image/png", TYPE};

    for (size_t i = 0; i < LEN(types); i++) {
        struct request req = make_post("a=1", types[i], "\xff{");

        req.body_is_raw = true;
        ROW_ASSERT(types[i], params_read(&req) == CQ_OK);
        ROW_ASSERT(types[i], str_eq(params_text(&req), "{\"a\":\"1\"}"));
    }
}

static void test_refused(void)
{
    struct request large = make_post("", "image/png", ""), lost = make_post("", "image/png", "");

    large.body_is_raw = lost.body_is_raw = true;
    large.body_too_large = true;
    lost.body_is_lost = true;
    CU_ASSERT_EQUAL(params_read(&large), CQ_PAYLOAD_TOO_LARGE);
    CU_ASSERT_EQUAL(params_read(&lost), CQ_BUSY);
}

SUITE(files, {"names", test_names}, {"a NUL in a name", test_a_nul_in_a_name}, {"files", test_files},
      {"too many", test_too_many}, {"a raw body", test_a_raw_body}, {"refused", test_refused});
