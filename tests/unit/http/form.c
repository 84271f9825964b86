/* Forms: how names nest, how bytes are decoded, and what is too much. */
#include <stdlib.h>

#include "make_request.h"

static void test_names_nest(void)
{
    // clang-format off
    static const struct {
        const char *form, *want;
    } cases[] = {
        {"",                                   "{}"},
        {"a=1",                                "{\"a\":\"1\"}"},
        {"a=1&b=2",                            "{\"a\":\"1\",\"b\":\"2\"}"},
        {"a=1&a=2",                            "{\"a\":\"2\"}"},
        {"a",                                  "{\"a\":\"\"}"},
        {"a=",                                 "{\"a\":\"\"}"},
        {"a=b=c",                              "{\"a\":\"b=c\"}"},
        {"&&a=1&&&",                           "{\"a\":\"1\"}"},
        {"=1&a=2",                             "{\"a\":\"2\"}"},
        {"a[b]=1&a[c]=2",                      "{\"a\":{\"b\":\"1\",\"c\":\"2\"}}"},
        {"a%5Bb%5D=1",                         "{\"a\":{\"b\":\"1\"}}"},
        {"a[b][c]=1",                          "{\"a\":{\"b\":{\"c\":\"1\"}}}"},
        {"a[]=1&a[]=2",                        "{\"a\":[\"1\",\"2\"]}"},
        {"a[]=",                               "{\"a\":[\"\"]}"},
        {"a[b][]=1&a[b][]=2",                  "{\"a\":{\"b\":[\"1\",\"2\"]}}"},
        {"a[][k]=1&a[][l]=2",                  "{\"a\":[{\"k\":\"1\",\"l\":\"2\"}]}"},
        {"a[][k]=1&a[][k]=2",                  "{\"a\":[{\"k\":\"1\"},{\"k\":\"2\"}]}"},
        {"a[][k]=1&a[][l]=2&a[][k]=3",         "{\"a\":[{\"k\":\"1\",\"l\":\"2\"},{\"k\":\"3\"}]}"},
        {"a[][k][x]=1&a[][k][y]=2&a[][k][x]=3", "{\"a\":[{\"k\":{\"x\":\"1\",\"y\":\"2\"}},{\"k\":{\"x\":\"3\"}}]}"},
        {"a[][k][]=1&a[][k][]=2&a[][n]=3",     "{\"a\":[{\"k\":[\"1\",\"2\"],\"n\":\"3\"}]}"},
        {"a[][]=1&a[][]=2",                    "{\"a\":[[\"1\"],[\"2\"]]}"},
        {"a[0]=1&a[1]=2",                      "{\"a\":{\"0\":\"1\",\"1\":\"2\"}}"},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_get(cases[i].form);

        ROW_ASSERT(cases[i].form, params_read(&req) == CQ_OK);
        ROW_ASSERT(cases[i].form, str_eq(params_text(&req), cases[i].want));
    }
}

static void test_conflicting_shapes_the_last_wins(void)
{
    // clang-format off
    static const struct {
        const char *form, *want;
    } cases[] = {
        {"a=1&a[b]=2",            "{\"a\":{\"b\":\"2\"}}"},
        {"a[b]=2&a=1",            "{\"a\":\"1\"}"},
        {"a[]=1&a[b]=2",          "{\"a\":{\"b\":\"2\"}}"},
        {"a[b]=1&a[]=2",          "{\"a\":[\"2\"]}"},
        {"a[b]=1&a[b][c]=2",      "{\"a\":{\"b\":{\"c\":\"2\"}}}"},
        {"a[]=1&a[][k]=2",        "{\"a\":[\"1\",{\"k\":\"2\"}]}"},
        {"a[][k]=1&a[]=2",        "{\"a\":[{\"k\":\"1\"},\"2\"]}"},
        {"a[][]=1&a[][k]=2",      "{\"a\":[[\"1\"],{\"k\":\"2\"}]}"},
        {"a[][k]=1&a[][k][l]=2",  "{\"a\":[{\"k\":{\"l\":\"2\"}}]}"},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_get(cases[i].form);

        ROW_ASSERT(cases[i].form, params_read(&req) == CQ_OK);
        ROW_ASSERT(cases[i].form, str_eq(params_text(&req), cases[i].want));
    }
}

static void test_broken_brackets_are_literal(void)
{
    static const char *const names[] = {"a[b",    "a]b",   "a[b]c",  "[b]",   "[]",     "[",
                                        "a[b[c]", "a[b]]", "a[[b]]", "a][b]", "a[b]]c", "a[b]["};

    for (size_t i = 0; i < LEN(names); i++) {
        struct request req = make_request();
        struct json_object *value = NULL;

        req.query = arena_printf(req.ctx.arena, "%s=1", names[i]);
        ROW_ASSERT(names[i], params_read(&req) == CQ_OK);
        ROW_ASSERT(names[i], json_object_object_length(req.params) == 1);
        ROW_ASSERT(names[i], json_object_object_get_ex(req.params, names[i], &value));
    }
}

static void test_decoding(void)
{
    // clang-format off
    static const struct {
        const char *form;
        enum cq_status status;
        const char *want; /* the value of a; NULL when it is not read */
    } cases[] = {
        {"a=b+c",          CQ_OK,               "b c"},
        {"a=%2B%20%26%3d", CQ_OK,               "+ &="},
        {"a=%c3%A9",       CQ_OK,               "\xc3\xa9"},
        {"a=\xc3\xa9",     CQ_OK,               "\xc3\xa9"},
        {"a=%f0%9f%98%80", CQ_OK,               "\xf0\x9f\x98\x80"},
        {"a=%zz",          CQ_INVALID_ENCODING, NULL},
        {"a=%4",           CQ_INVALID_ENCODING, NULL},
        {"a=%",            CQ_INVALID_ENCODING, NULL},
        {"a=%%41",         CQ_INVALID_ENCODING, NULL},
        {"%61=1",          CQ_OK,               "1"},
        {"a=%ff",          CQ_INVALID_ENCODING, NULL},
        {"a=\xff",         CQ_INVALID_ENCODING, NULL},
        {"a=%c3",          CQ_INVALID_ENCODING, NULL},
        {"a=%c0%af",       CQ_INVALID_ENCODING, NULL},
        {"a=%ed%a0%80",    CQ_INVALID_ENCODING, NULL},
        {"%ff=1",          CQ_INVALID_ENCODING, NULL},
        {"a%00b=1",        CQ_INVALID_ENCODING, NULL},
        {"%00=1",          CQ_INVALID_ENCODING, NULL},
        {"a[%00]=1",       CQ_INVALID_ENCODING, NULL},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request query = make_get(cases[i].form);

        ROW_ASSERT(cases[i].form, params_read(&query) == cases[i].status);
        ROW_ASSERT(cases[i].form, str_eq(param_text(&query, NULL, "a").text, cases[i].want));

        struct request body = make_post("", "application/x-www-form-urlencoded", cases[i].form);
        ROW_ASSERT(cases[i].form, params_read(&body) == cases[i].status);
        ROW_ASSERT(cases[i].form, str_eq(param_text(&body, NULL, "a").text, cases[i].want));
    }
}

/* n times the text, one behind the other. */
static char *repeat(const char *text, size_t n, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    char *out = malloc(n * len + end_len + 1);

    if (!out)
        abort();
    for (size_t i = 0; i < n; i++)
        memcpy(out + i * len, text, len);
    memcpy(out + n * len, end, end_len + 1);
    return out;
}

static void test_too_much(void)
{
    // clang-format off
    static const struct {
        const char *name, *text;
        size_t times;
        const char *end;
        enum cq_status status;
    } cases[] = {
        {"as many as may be",      "a=1&",       HTTP_MAX_PARAMS,     "",   CQ_OK},
        {"one too many",           "a=1&",       HTTP_MAX_PARAMS + 1, "",   CQ_INVALID_REQUEST},
        {"100,000",                "a=1&",       100000,              "",   CQ_INVALID_REQUEST},
        {"blanks between",         "&",          1000000,             "",   CQ_OK},
        {"a list of objects",      "a[][k]=1&",  HTTP_MAX_PARAMS,     "",   CQ_OK},
        {"lists within lists",     "a[][][][]=1&", HTTP_MAX_PARAMS,   "",   CQ_INVALID_REQUEST},
        {"as deep as may be",      "a",          1,                   "[b][b][b][b][b][b][b][b][b][b][b][b][b][b][b][b]"
                                   "[b][b][b][b][b][b][b][b][b][b][b][b][b][b][b]=1", CQ_OK},
        {"one too deep",           "a",          1,                   "[b][b][b][b][b][b][b][b][b][b][b][b][b][b][b][b]"
                                   "[b][b][b][b][b][b][b][b][b][b][b][b][b][b][b][b]=1", CQ_INVALID_REQUEST},
        {"a million open brackets",  "[",          1000000,             "=1", CQ_OK},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        char *form = repeat(cases[i].text, cases[i].times, cases[i].end);
        struct request req = make_get(form);
        int64_t start = clock_mono_ms();

        ROW_ASSERT(cases[i].name, params_read(&req) == cases[i].status);
        ROW_ASSERT(cases[i].name, (req.params != NULL) == !cases[i].status);
        ROW_ASSERT(cases[i].name, clock_mono_ms() - start < 5000);
        unit_ctx();
        free(form);
    }
}

/* "a" and a million "[b]" are refused at the thirty-second, whatever follows. */
static void test_a_million_levels(void)
{
    char *tail = repeat("[b]", 1000000, "=1");
    struct request req = make_get("");
    char *form = malloc(strlen(tail) + 2);

    CU_ASSERT_PTR_NOT_NULL_FATAL(form);
    form[0] = 'a';
    memcpy(form + 1, tail, strlen(tail) + 1);
    req.query = form;
    CU_ASSERT_EQUAL(params_read(&req), CQ_INVALID_REQUEST);
    free(form);
    free(tail);
}

SUITE(form, {"names nest", test_names_nest},
      {"conflicting shapes: the last wins", test_conflicting_shapes_the_last_wins},
      {"broken brackets are literal", test_broken_brackets_are_literal}, {"decoding", test_decoding},
      {"too much", test_too_much}, {"a million levels", test_a_million_levels});
