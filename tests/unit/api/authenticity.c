/* CSRF tokens: one for each session, and which requests show it. */
#include "api/authenticity.h"

#include "api/route.h"
#include "http/make_request.h"

static void test_token(void)
{
    struct request req = make_request();
    struct loaded loaded = {.credential = "one"};
    const char *one = authenticity_token_of(&req, "one"), *other = authenticity_token_of(&req, "other");

    req.loaded = &loaded;
    CU_ASSERT_FATAL(one && other);
    CU_ASSERT_EQUAL(strlen(one), 43);
    CU_ASSERT_FALSE(str_eq(one, other));
    ASSERT_TEXT(authenticity_token(&req), one); /* the same each time: nothing is stored */
}

static void test_shown(void)
{
    static const struct {
        const char *name, *header, *type, *body; /* %: the token */
        bool want;
    } rows[] = {
        // clang-format off
        {"nothing",               NULL,    "",                                  "",                                  false},
        {"header",                "%",     "",                                  "",                                  true},
        {"wrong header",          "%x",    "",                                  "",                                  false},
        {"empty header",          "",      "",                                  "",                                  false},
        {"field",                 NULL,    "application/x-www-form-urlencoded", "authenticity_token=%",              true},
        {"field of JSON",         NULL,    "application/json",                  "{\"authenticity_token\":\"%\"}",    true},
        {"wrong field",           NULL,    "application/x-www-form-urlencoded", "authenticity_token=x%",             false},
        {"empty field",           NULL,    "application/x-www-form-urlencoded", "authenticity_token=",               false},
        {"number",                NULL,    "application/json",                  "{\"authenticity_token\":1}",        false},
        {"list",                  NULL,    "application/json",                  "{\"authenticity_token\":[\"%\"]}",  false},
        {"nested",                NULL,    "application/json",                  "{\"a\":{\"authenticity_token\":\"%\"}}", false},
        {"wrong header, field",   "x",     "application/x-www-form-urlencoded", "authenticity_token=%",              true},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make_post("", rows[i].type, rows[i].body);
        const char *token = authenticity_token_of(&req, "session");
        const char *at = strchr(rows[i].body, '%');

        CU_ASSERT_PTR_NOT_NULL_FATAL(token);
        if (rows[i].header)
            req.csrf_token = rows[i].header[0] == '%' ? arena_printf(req.ctx.arena, "%s%s", token, rows[i].header + 1)
                                                      : rows[i].header;
        if (at)
            req.body = arena_printf(req.ctx.arena, "%.*s%s%s", (int)(at - rows[i].body), rows[i].body, token, at + 1);
        req.body_len = strlen(req.body);
        ROW_ASSERT(rows[i].name, params_read(&req) == CQ_OK);
        ROW_ASSERT(rows[i].name, authenticity_is_shown(&req, "session") == rows[i].want);
        ROW_ASSERT(rows[i].name, !authenticity_is_shown(&req, "another session"));
    }
}

SUITE(authenticity, {"token", test_token}, {"shown", test_shown});
