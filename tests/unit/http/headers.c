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

static void test_cookies(void)
{
    enum { ROOM = 8 };
    static const struct {
        const char *name, *cookie, *want; /* want NULL: refused */
    } rows[] = {
        // clang-format off
        {"no header",                NULL,                        NULL},
        {"empty",                    "",                          NULL},
        {"alone",                    "id=abc",                    "abc"},
        {"among others",             "a=1; id=abc; b=2",          "abc"},
        {"no blank",                 "a=1;id=abc;b=2",            "abc"},
        {"the first of two",         "id=one; id=two",            "one"},
        {"a longer name",            "xid=abc; idx=abc",          NULL},
        {"another case",             "ID=abc",                    NULL},
        {"within a value",           "a=id=abc",                  NULL},
        {"no value",                 "id=; a=1",                  ""},
        {"no equals sign",           "id; id=abc",                "abc"},
        {"an equals sign in it",     "id=a=b",                    "a=b"},
        {"quotes are kept",          "id=\"a\"",                  "\"a\""},
        {"blanks behind",            "id=abc \t; a=1",            "abc"},
        {"the longest",              "id=1234567",                "1234567"},
        {"too long",                 "id=12345678",               NULL},
        {"too long, and a good one", "id=12345678; id=abc",       NULL},
        {"only separators",          ";;; ; ;",                   NULL},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make_request();
        char out[ROOM] = "";

        req.cookie = rows[i].cookie;
        bool found = request_cookie(&req, "id", out, sizeof(out));

        ROW_ASSERT(rows[i].name, found == (rows[i].want != NULL));
        ROW_ASSERT(rows[i].name, str_eq(out, rows[i].want ? rows[i].want : ""));
    }
}

/* The request is one to https://canvas.example.edu. */
static void test_cross_site(void)
{
    static const struct {
        const char *name, *origin, *sec_fetch_site;
        bool want;
    } rows[] = {
        // clang-format off
        {"says nothing",       NULL,                                  NULL,          false},
        {"own origin",         "https://canvas.example.edu",          NULL,          false},
        {"in capitals",        "HTTPS://Canvas.Example.Edu",          "same-origin", false},
        {"another host",       "https://example.edu",                 NULL,          true},
        {"a longer host",      "https://canvas.example.edu.evil.com", "same-origin", true},
        {"a shorter host",     "https://canvas.example.ed",           NULL,          true},
        {"another port",       "https://canvas.example.edu:8443",     NULL,          true},
        {"another scheme",     "http://canvas.example.edu",           NULL,          true},
        {"null",               "null",                                NULL,          true},
        {"a path",             "https://canvas.example.edu/",         NULL,          true},
        {"no scheme",          "canvas.example.edu",                  NULL,          true},
        {"scheme alone",       "https",                               NULL,          true},
        {"cross-site",         NULL,                                  "cross-site",  true},
        {"cross-site, own",    "https://canvas.example.edu",          "Cross-Site",  true},
        {"typed by the user",  NULL,                                  "none",        false},
        {"a neighbour's link", NULL,                                  "same-site",   false},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make_request();

        req.origin = rows[i].origin;
        req.sec_fetch_site = rows[i].sec_fetch_site;
        ROW_ASSERT(rows[i].name, request_is_cross_site(&req) == rows[i].want);
    }
}

/* Behind a balancer that ends TLS we are asked by http for a site that browsers know by https. */
static void test_public_origin(void)
{
    static const struct {
        const char *public_url, *origin;
        bool want;
    } rows[] = {
        {"https://talk.example.edu", "https://talk.example.edu", false},
        {"https://talk.example.edu/", "https://talk.example.edu", false},
        {"https://talk.example.edu/colloquy", "https://Talk.example.edu", false},
        {"https://talk.example.edu:8443", "https://talk.example.edu:8443", false},
        {"https://talk.example.edu", "http://talk.example.edu", true},
        {"https://talk.example.edu", "https://talk.example.edu.evil.com", true},
        {"https://talk.example.edu", "https://talk.example.ed", true},
        {"https://talk.example.edu", "null", true},
        {"talk.example.edu", "talk.example.edu", true},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct config config = {.server = {.public_url = rows[i].public_url}};
        struct request req = make_request();

        req.config = &config;
        req.scheme = "http";
        req.host = "10.0.0.1";
        req.origin = rows[i].origin;
        ROW_ASSERT(rows[i].public_url, request_is_cross_site(&req) == rows[i].want);
    }
}

SUITE(headers, {"string ids", test_string_ids}, {"accepts", test_accepts}, {"prefers", test_prefers},
      {"forms", test_forms}, {"access token", test_access_token},
      {"access token before parameters", test_access_token_before_parameters}, {"cookies", test_cookies},
      {"cross-site", test_cross_site}, {"public origin", test_public_origin});
