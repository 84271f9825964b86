/* Multipart bodies: good ones, broken ones, and what they may hold. */
#include <stdlib.h>

#include "make_request.h"

#define FIELD(name, value) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"

static const char TYPE[] = "multipart/form-data; boundary=b";

static enum cq_status read_text(const char *content_type, const char *body, const char **out)
{
    static struct request req;

    req = make_post("", content_type, body);
    enum cq_status st = params_read(&req);
    *out = params_text(&req);
    return st;
}

static void test_good_bodies(void)
{
    // clang-format off
    static const struct {
        const char *name, *body, *want;
    } cases[] = {
        {"one field",       "--b\r\n" FIELD("a", "1") "--b--\r\n",                          "{\"a\":\"1\"}"},
        {"two fields",      "--b\r\n" FIELD("a", "1") "--b\r\n" FIELD("b", "2") "--b--",    "{\"a\":\"1\",\"b\":\"2\"}"},
        {"nested",          "--b\r\n" FIELD("a[x]", "1") "--b\r\n" FIELD("a[y][]", "2") "--b--",
                                                                                            "{\"a\":{\"x\":\"1\",\"y\":[\"2\"]}}"},
        {"no parts",        "--b--\r\n",                                                    "{}"},
        {"preamble",        "hello\r\n--b\r\n" FIELD("a", "1") "--b--\r\nbye --b\r\n",      "{\"a\":\"1\"}"},
        {"blanks behind",   "--b \t\r\n" FIELD("a", "1") "--b--\r\n",                       "{\"a\":\"1\"}"},
        {"empty value",     "--b\r\n" FIELD("a", "") "--b--",                               "{\"a\":\"\"}"},
        {"line ends stay",  "--b\r\n" FIELD("a", "1\r\n2\n\r\n") "--b--",                   "{\"a\":\"1\\r\\n2\\n\\r\\n\"}"},
        {"nothing decoded", "--b\r\n" FIELD("a", "1+%41&b=2") "--b--",                      "{\"a\":\"1+%41&b=2\"}"},
        {"almost one",      "--b\r\n" FIELD("a", "x--b\r\n--bc\r\n-b") "--b--",             "{\"a\":\"x--b\\r\\n--bc\\r\\n-b\"}"},
        {"a file",          "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n\xff\r\n--b\r\n"
                            FIELD("a", "1") "--b--",                                        "{\"a\":\"1\"}"},
        {"a file's type",   "--b\r\nContent-Type: text/plain\r\n"
                            "content-disposition:form-data;filename*=UTF-8''x;name=f\r\n\r\nx\r\n--b--", "{}"},
        {"token name",      "--b\r\nCONTENT-DISPOSITION: Form-Data; NAME=a\r\nX: y\r\n\r\n1\r\n--b--", "{\"a\":\"1\"}"},
        {"name of quotes",  "--b\r\n" FIELD("a\\\"b\\\\c\\d;", "1") "--b--",                "{\"a\\\"b\\\\c\\\\d;\":\"1\"}"},
        {"UTF-8",           "--b\r\n" FIELD("\xc3\xa9", "\xc3\xa8") "--b--",                "{\"\xc3\xa9\":\"\xc3\xa8\"}"},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        const char *got;

        ROW_ASSERT(cases[i].name, read_text(TYPE, cases[i].body, &got) == CQ_OK);
        ROW_ASSERT(cases[i].name, str_eq(got, cases[i].want));
    }
}

static void test_broken_bodies(void)
{
    // clang-format off
    static const struct {
        const char *name, *body;
        enum cq_status status;
    } cases[] = {
        {"no delimiter",       "hello",                                                          CQ_INVALID_REQUEST},
        {"another boundary",   "--c\r\n" FIELD("a", "1") "--c--\r\n",                            CQ_INVALID_REQUEST},
        {"no end",             "--b\r\n" FIELD("a", "1"),                                        CQ_INVALID_REQUEST},
        {"cut in the end",     "--b\r\n" FIELD("a", "1") "--b-",                                 CQ_INVALID_REQUEST},
        {"cut in headers",     "--b\r\nContent-Disposition: form-data; name=\"a",                CQ_INVALID_REQUEST},
        {"only a line",        "--b\r\n",                                                        CQ_INVALID_REQUEST},
        {"an empty part",      "--b\r\n--b--\r\n",                                               CQ_INVALID_REQUEST},
        {"no headers",         "--b\r\n\r\n1\r\n--b--\r\n",                                      CQ_INVALID_REQUEST},
        {"no blank line",      "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n--b--\r\n", CQ_INVALID_REQUEST},
        {"no disposition",     "--b\r\nX: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n",          CQ_INVALID_REQUEST},
        {"other disposition",  "--b\r\nContent-Disposition: file; name=\"a\"\r\n\r\n1\r\n--b--", CQ_INVALID_REQUEST},
        {"no name",            "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--",        CQ_INVALID_REQUEST},
        {"quote left open",    "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--", CQ_INVALID_REQUEST},
        {"bare line feeds",    "--b\nContent-Disposition: form-data; name=\"a\"\n\n1\n--b--\n",  CQ_INVALID_REQUEST},
        {"value not UTF-8",    "--b\r\n" FIELD("a", "\xff") "--b--",                             CQ_INVALID_ENCODING},
        {"name not UTF-8",     "--b\r\n" FIELD("\xff", "1") "--b--",                             CQ_INVALID_ENCODING},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        const char *got;

        ROW_ASSERT(cases[i].name, read_text(TYPE, cases[i].body, &got) == cases[i].status);
        ROW_ASSERT(cases[i].name, str_eq(got, "{}")); /* the query's, which is empty */
    }
}

#define SEVENTY "1234567890123456789012345678901234567890123456789012345678901234567890"

static void test_boundaries(void)
{
    // clang-format off
    static const struct {
        const char *content_type, *body;
        enum cq_status status;
    } cases[] = {
        {"Multipart/Form-Data; Charset=utf-8 ; BOUNDARY=b", "--b\r\n" FIELD("a", "1") "--b--", CQ_OK},
        {"multipart/form-data; boundary=\"b\"",             "--b\r\n" FIELD("a", "1") "--b--", CQ_OK},
        {"multipart/form-data; boundary=\"b; c\"",          "--b; c\r\n" FIELD("a", "1") "--b; c--", CQ_OK},
        {"multipart/form-data; boundary=" SEVENTY,          "--" SEVENTY "\r\n" FIELD("a", "1") "--" SEVENTY "--", CQ_OK},
        {"multipart/form-data; boundary=" SEVENTY "1",      "--" SEVENTY "1\r\n" FIELD("a", "1") "--" SEVENTY "1--",
                                                                                               CQ_INVALID_REQUEST},
        {"multipart/form-data; boundary=",                  "--\r\n" FIELD("a", "1") "----",   CQ_INVALID_REQUEST},
        {"multipart/form-data; boundary=\"b",               "--b\r\n" FIELD("a", "1") "--b--", CQ_INVALID_REQUEST},
        {"multipart/form-data; boundary=\"b \"",            "--b \r\n" FIELD("a", "1") "--b --", CQ_INVALID_REQUEST},
        {"multipart/form-data",                             "--b\r\n" FIELD("a", "1") "--b--", CQ_INVALID_REQUEST},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        const char *got;

        ROW_ASSERT(cases[i].content_type, read_text(cases[i].content_type, cases[i].body, &got) == cases[i].status);
        ROW_ASSERT(cases[i].content_type, str_eq(got, cases[i].status ? "{}" : "{\"a\":\"1\"}"));
    }
}

/* A good body cut at any byte before its closing delimiter is refused, and never read past its end. */
static void test_cut_anywhere(void)
{
    static const char whole[] = "--b\r\n" FIELD("a", "1") "--b\r\n" FIELD("c[]", "\r\n-") "--b--";

    for (size_t len = 1; len < sizeof(whole) - 1; len++) {
        struct request req = make_post("", TYPE, "");
        char *exact = malloc(len);

        CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
        memcpy(exact, whole, len);
        req.body = exact;
        req.body_len = len;
        CU_ASSERT_EQUAL(params_read(&req), CQ_INVALID_REQUEST);
        free(exact);
    }
}

static void test_values_may_be_binary(void)
{
    static const char body[] = "--b\r\n" FIELD("a", "x\0y") "--b--";
    struct request req = make_post("", TYPE, "");

    req.body = body;
    req.body_len = sizeof(body) - 1;
    CU_ASSERT_EQUAL(params_read(&req), CQ_OK);
    ASSERT_TEXT(params_text(&req), "{\"a\":\"x\\u0000y\"}");
    CU_ASSERT_EQUAL(param_text(&req, NULL, "a").state, PARAM_WRONG);
}

static enum cq_status read_many(size_t n, const char *part)
{
    struct buf body;
    struct request req = make_post("", TYPE, "");

    buf_init(&body, 64 << 20);
    for (size_t i = 0; i < n; i++)
        buf_printf(&body, "--b\r\n%s", part);
    buf_str(&body, "--b--");
    req.body = body.data;
    req.body_len = body.len;
    enum cq_status st = params_read(&req);
    buf_release(&body);
    return st;
}

static void test_too_much(void)
{
    struct buf part;

    CU_ASSERT_EQUAL(read_many(HTTP_MAX_PARAMS, FIELD("a", "1")), CQ_OK);
    CU_ASSERT_EQUAL(read_many(HTTP_MAX_PARAMS + 1, FIELD("a", "1")), CQ_INVALID_REQUEST);
    CU_ASSERT_EQUAL(read_many(100000, FIELD("a", "1")), CQ_INVALID_REQUEST);

    buf_init(&part, 1 << 20);
    buf_printf(&part, "X: %8100s\r\n" FIELD("a", "1"), "");
    CU_ASSERT_EQUAL(read_many(1, part.data), CQ_OK);
    buf_clear(&part);
    buf_printf(&part, "X: %8192s\r\n" FIELD("a", "1"), "");
    CU_ASSERT_EQUAL(read_many(1, part.data), CQ_INVALID_REQUEST);
    buf_release(&part);
}

SUITE(multipart, {"good bodies", test_good_bodies}, {"broken bodies", test_broken_bodies},
      {"boundaries", test_boundaries}, {"cut anywhere", test_cut_anywhere},
      {"values may be binary", test_values_may_be_binary}, {"too much", test_too_much});
