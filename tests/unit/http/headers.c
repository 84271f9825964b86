/* Request headers: Accept, content types and bearer tokens. */
#include "make_request.h"

static void test_string_ids(void)
{
    // clang-format off
    static const struct {
        const char *accept;
        bool want;
    } cases[] = {
        {"",                                                               false},
        {"*/*",                                                            false},
        {"application/*",                                                  false},
        {"application/json",                                               false},
        {"application/json+canvas-string-ids",                             true},
        {"Application/JSON+Canvas-String-IDs",                             true},
        {"application/json+canvas-string-ids, application/json",           true},
        {"application/json, application/json+canvas-string-ids",           true},
        {"text/html,application/json+canvas-string-ids;q=0.9,*/*;q=0.1",   true},
        {"application/json+canvas-string-ids ; charset=utf-8 ; q=0.001",   true},
        {"application/json+canvas-string-ids;q=0",                         false},
        {"application/json+canvas-string-ids; Q=0.000",                    false},
        {"application/json+canvas-string-ids;q=0, application/json",       false},
        {"application/json+canvas-string-idsx",                            false},
        {"xapplication/json+canvas-string-ids",                            false},
        {"a;b=\"x,application/json+canvas-string-ids\"",                   false},
        {"a;b=\"x\\\",application/json+canvas-string-ids,y\"",             false},
        {"a;b=\"x\", application/json+canvas-string-ids",                  true},
        {"a;b=\"x, application/json+canvas-string-ids",                    false},
        {",, ,application/json+canvas-string-ids,",                        true},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_request();

        req.accept = cases[i].accept;
        ROW_ASSERT(cases[i].accept, request_wants_string_ids(&req) == cases[i].want);
    }
}

static void test_accepts(void)
{
    struct request req = make_request();

    req.accept = "text/event-stream, */*;q=0.5";
    CU_ASSERT_TRUE(request_accepts(&req, "text/event-stream"));
    CU_ASSERT_FALSE(request_accepts(&req, "application/json"));
}

static void test_prefers(void)
{
    static const struct {
        const char *accept;
        bool want;
    } cases[] = {
        {"", false},
        {"*/*", false},
        {"application/json", false},
        {"text/html", true},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", true},
        {"text/html, */*", true},
        {"text/html, application/json", false},
        {"application/json, text/html;q=0.9", false},
        {"application/json;q=0.25, text/html;q=0.3", true},
        {"text/html;q=0.3, application/*;q=0.5", false},
        {"text/html;q=0", false},
        {"text/*", false},
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_request();

        req.accept = cases[i].accept;
        ROW_ASSERT(cases[i].accept, request_prefers(&req, "text/html", "application/json") == cases[i].want);
    }
}

static void test_forms(void)
{
    static const struct {
        const char *type;
        bool want;
    } cases[] = {
        {"application/x-www-form-urlencoded", true},
        {"Application/x-www-form-urlencoded; charset=utf-8", true},
        {"multipart/form-data; boundary=x", true},
        {"multipart/mixed; boundary=x", false},
        {"application/json", false},
        {"", false},
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_request();

        req.content_type = cases[i].type;
        ROW_ASSERT(cases[i].type, request_is_form(&req) == cases[i].want);
    }
}

static void test_access_token(void)
{
    // clang-format off
    static const struct {
        const char *name, *authorization, *query, *want;
    } cases[] = {
        {"none",                 NULL,             "",                 NULL},
        {"bearer",               "Bearer abc",     "",                 "abc"},
        {"scheme in any case",   "bEARER abc",     "",                 "abc"},
        {"several blanks",       "Bearer   abc",   "",                 "abc"},
        {"nothing behind",       "Bearer ",        "",                 NULL},
        {"only blanks",          "Bearer    ",     "",                 NULL},
        {"no blank",             "Bearer",         "",                 NULL},
        {"a longer word",        "Bearers abc",    "",                 NULL},
        {"another scheme",       "Basic abc",      "",                 NULL},
        {"parameter",            NULL,             "access_token=abc", "abc"},
        {"header wins",          "Bearer header",  "access_token=abc", "header"},
        {"basic and parameter",  "Basic x",        "access_token=abc", "abc"},
        {"empty parameter",      NULL,             "access_token=",    NULL},
        {"list parameter",       NULL,             "access_token[]=a", NULL},
        {"NUL in parameter",     NULL,             "access_token=a%00", NULL},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_get(cases[i].query);

        req.authorization = cases[i].authorization;
        ROW_ASSERT(cases[i].name, params_read(&req) == CQ_OK);
        ROW_ASSERT(cases[i].name, str_eq(request_access_token(&req), cases[i].want));
    }
}

static void test_access_token_before_parameters(void)
{
    struct request req = make_get("access_token=abc");

    CU_ASSERT_PTR_NULL(request_access_token(&req));
    req.authorization = "Bearer abc";
    ASSERT_TEXT(request_access_token(&req), "abc");
}

SUITE(headers, {"string ids", test_string_ids}, {"accepts", test_accepts}, {"prefers", test_prefers},
      {"forms", test_forms}, {"access token", test_access_token},
      {"access token before parameters", test_access_token_before_parameters});
