/* Where a browser may be sent: paths of this site, however a link to elsewhere is written. */
#include "api/return_to.h"

#include "http/make_request.h"

static void test_return_to(void)
{
    static const struct {
        const char *name, *query, *want, *location; /* location NULL: as want */
    } rows[] = {
        // clang-format off
        {"absent",                    "",                                     "/",                 NULL},
        {"empty",                     "return_to=",                           "/",                 NULL},
        {"a list",                    "return_to[]=/a",                       "/",                 NULL},
        {"NUL",                       "return_to=/a%00",                      "/",                 NULL},
        {"a path",                    "return_to=/a/b",                       "/a/b",              NULL},
        {"a path, encoded",           "return_to=%2Fa%2Fb",                   "/a/b",              NULL},
        {"a query",                   "return_to=/a?b=c%26d=e%23f",           "/a?b=c&d=e#f",      NULL},
        {"escapes are kept",          "return_to=/a%2520b",                   "/a%20b",            NULL},
        {"a lone percent sign",       "return_to=/a%25",                      "/a%",               NULL},
        {"half an escape",            "return_to=/a%252",                     "/a%2",              NULL},
        {"not ASCII",                 "return_to=/caf%C3%A9+x",               "/caf\xC3\xA9 x",    "/caf%C3%A9%20x"},
        {"a host",                    "return_to=//evil.example",             "/",                 NULL},
        {"a host by backslash",       "return_to=/\\evil.example",            "/",                 NULL},
        {"a scheme",                  "return_to=https://evil.example",       "/",                 NULL},
        {"no slash",                  "return_to=a",                          "/",                 NULL},
        {"a tab",                     "return_to=/%09/evil.example",          "/",                 NULL},
        {"a line end",                "return_to=/a%0D%0Ax",                  "/",                 NULL},
        {"DEL",                       "return_to=/a%7F",                      "/",                 NULL},
        {"a host once decoded",       "return_to=/%252Fevil.example",         "/",                 NULL},
        {"a host decoded thrice",     "return_to=/%25252525252Fevil.example", "/",                 NULL},
        {"a backslash once decoded",  "return_to=/%255Cevil.example",         "/",                 NULL},
        {"a tab once decoded",        "return_to=/%2509/evil.example",        "/",                 NULL},
        {"NUL once decoded",          "return_to=/a%2500",                    "/",                 NULL},
        {"slashes further on",        "return_to=/a//b?c=//d",                "/a//b?c=//d",       NULL},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make_get(rows[i].query);

        ROW_ASSERT(rows[i].name, params_read(&req) == CQ_OK);
        ROW_ASSERT(rows[i].name, str_eq(return_to(&req), rows[i].want));
        ROW_ASSERT(rows[i].name, str_eq(return_to_location(&req), rows[i].location ? rows[i].location : rows[i].want));
    }
}

static void test_length(void)
{
    static const struct {
        size_t len;
        bool want;
    } rows[] = {{2048, true}, {2049, false}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make_request();
        char *path = arena_alloc(req.ctx.arena, rows[i].len + 1);

        CU_ASSERT_PTR_NOT_NULL_FATAL(path);
        memset(path, 'a', rows[i].len);
        path[0] = '/';
        path[rows[i].len] = '\0';
        req.query = arena_printf(req.ctx.arena, "return_to=%s", path);
        CU_ASSERT_EQUAL(params_read(&req), CQ_OK);
        CU_ASSERT_TRUE(str_eq(return_to_location(&req), rows[i].want ? path : "/"));
    }
}

SUITE(return_to, {"return_to", test_return_to}, {"length", test_length});
