/* Parameters: query and body together, each kind of body, and looking up. */
#include "make_request.h"

static const char FORM[] = "application/x-www-form-urlencoded";
static const char JSON[] = "application/json";

static void test_the_body_wins(void)
{
    // clang-format off
    static const struct {
        const char *query, *type, *body, *want;
    } cases[] = {
        {"a=1",             FORM, "b=2",                          "{\"a\":\"1\",\"b\":\"2\"}"},
        {"a=1",             FORM, "a=2",                          "{\"a\":\"2\"}"},
        {"a[x]=1&a[y]=1",   FORM, "a[y]=2&a[z]=2",                "{\"a\":{\"x\":\"1\",\"y\":\"2\",\"z\":\"2\"}}"},
        {"a[]=1&a[]=2",     FORM, "a[]=3",                        "{\"a\":[\"3\"]}"},
        {"a=1",             FORM, "a[b]=2",                       "{\"a\":{\"b\":\"2\"}}"},
        {"a[b]=1",          FORM, "a=2",                          "{\"a\":\"2\"}"},
        {"a=1&b=1",         JSON, "{\"a\":2,\"c\":[true]}",       "{\"a\":2,\"b\":\"1\",\"c\":[true]}"},
        {"a[b][c]=1",       JSON, "{\"a\":{\"b\":{\"d\":null}}}", "{\"a\":{\"b\":{\"c\":\"1\",\"d\":null}}}"},
        {"a[b]=1",          JSON, "{\"a\":null}",                 "{\"a\":null}"},
        {"a=1",             JSON, "",                             "{\"a\":\"1\"}"},
        {"a=1",             "",   "",                             "{\"a\":\"1\"}"},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_post(cases[i].query, cases[i].type, cases[i].body);

        ROW_ASSERT(cases[i].query, params_read(&req) == CQ_OK);
        ROW_ASSERT(cases[i].query, str_eq(params_text(&req), cases[i].want));
    }
}

static void test_kinds_of_body(void)
{
    // clang-format off
    static const struct {
        const char *type, *body;
        enum cq_status status;
        const char *want;
        bool from_form;
    } cases[] = {
        {"application/json",                   "{\"a\":1}",   CQ_OK, "{\"a\":1}",     false},
        {"Application/JSON;charset=UTF-8",     "{\"a\":1}",   CQ_OK, "{\"a\":1}",     false},
        {" application/json ; charset=utf-8",  " {} ",        CQ_OK, "{}",            false},
        {"application/json",                   "",            CQ_OK, "{}",            true},
        {"application/x-www-form-urlencoded",  "a=1",         CQ_OK, "{\"a\":\"1\"}", true},
        {"APPLICATION/X-WWW-FORM-URLENCODED;charset=UTF-8", "a=1", CQ_OK, "{\"a\":\"1\"}", true},
        {"text/plain",                         "",            CQ_OK, "{}",            true},
        {"text/plain",                         "a=1",         CQ_UNSUPPORTED_TYPE, "", false},
        {"",                                   "a=1",         CQ_UNSUPPORTED_TYPE, "", false},
        {"application/jsonp",                  "{}",          CQ_UNSUPPORTED_TYPE, "", false},
        {"application/json, text/plain",       "{}",          CQ_UNSUPPORTED_TYPE, "", false},
        {"application/json",                   "[]",          CQ_INVALID_JSON, "", false},
        {"application/json",                   "null",        CQ_INVALID_JSON, "", false},
        {"application/json",                   "\"a\"",       CQ_INVALID_JSON, "", false},
        {"application/json",                   "{\"a\":",     CQ_INVALID_JSON, "", false},
        {"application/json",                   "{} {}",       CQ_INVALID_JSON, "", false},
        {"application/json",                   "a=1",         CQ_INVALID_JSON, "", false},
        {"application/json",                   "{\"a\":\"\xff\"}",     CQ_INVALID_ENCODING, "", false},
        {"application/json",                   "{\"a\":\"\\ud800\"}",  CQ_INVALID_ENCODING, "", false},
        {"application/json",                   "{\"a\":\"\\udc00x\"}", CQ_INVALID_ENCODING, "", false},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_post("", cases[i].type, cases[i].body);

        ROW_ASSERT(cases[i].body, params_read(&req) == cases[i].status);
        ROW_ASSERT(cases[i].body,
                   str_eq(params_text(&req), cases[i].status ? "{}" : cases[i].want)); /* the query's stand */
        if (!cases[i].status)
            ROW_ASSERT(cases[i].body, req.params_from_form == cases[i].from_form);
    }
}

/* One request, every fault at once: taken away from the front, the next one answers. */
static void test_order_of_faults(void)
{
    struct request req = make_post("a=%ff", "text/plain", "{");

    req.body_too_large = true;
    CU_ASSERT_EQUAL(params_read(&req), CQ_PAYLOAD_TOO_LARGE);
    req.body_too_large = false;
    CU_ASSERT_EQUAL(params_read(&req), CQ_UNSUPPORTED_TYPE);
    req.content_type = JSON;
    CU_ASSERT_EQUAL(params_read(&req), CQ_INVALID_ENCODING);
    req.query = "a=1";
    CU_ASSERT_EQUAL(params_read(&req), CQ_INVALID_JSON);
    req.body = "{}";
    req.body_len = 2;
    CU_ASSERT_EQUAL(params_read(&req), CQ_OK);
}

static void test_names_are_counted_together(void)
{
    struct buf query, form, json;

    buf_init(&query, 1 << 20);
    buf_init(&form, 1 << 20);
    buf_init(&json, 1 << 20);
    buf_str(&json, "{\"b\":1");
    for (size_t i = 0; i < HTTP_MAX_PARAMS / 2; i++) {
        buf_str(&query, "a=1&");
        buf_str(&form, "b=1&");
        buf_printf(&json, ",\"%zu\":1", i);
    }
    buf_char(&json, '}');

    struct request req = make_post(query.data, FORM, form.data);
    CU_ASSERT_EQUAL(params_read(&req), CQ_OK);
    buf_str(&form, "c=1");
    req = make_post(query.data, FORM, form.data);
    CU_ASSERT_EQUAL(params_read(&req), CQ_INVALID_REQUEST);
    req = make_post(query.data, JSON, json.data);
    CU_ASSERT_EQUAL(params_read(&req), CQ_INVALID_REQUEST);
    req = make_post("", JSON, json.data);
    CU_ASSERT_EQUAL(params_read(&req), CQ_OK);
    buf_release(&query);
    buf_release(&form);
    buf_release(&json);
}

/* Whatever the arena still gives, reading ends well or cleanly: the sanitizers find what would be lost. */
static void test_memory_is_short(void)
{
    static const char body[] = "--b\r\nContent-Disposition: form-data; name=\"a[][b]\"\r\n\r\n1\r\n--b--";
    size_t n_short = 0, n_good = 0;

    for (size_t max_bytes = 512; max_bytes < 32768; max_bytes += 256) {
        struct request req = make_post("a=1&c[]=2", "multipart/form-data; boundary=b", body);
        struct arena *arena = arena_create(256, max_bytes);

        CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
        req.ctx.arena = arena;
        enum cq_status st = params_read(&req);
        CU_ASSERT_TRUE(st == CQ_OK || st == CQ_INTERNAL);
        CU_ASSERT(st != CQ_OK || req.params);
        n_short += st == CQ_INTERNAL;
        n_good += st == CQ_OK;
        arena_destroy(arena);
    }
    CU_ASSERT_TRUE(n_short > 0 && n_good > 0);
}

static void test_looking_up(void)
{
    static const char body[] =
        "{\"text\":\"flat\",\"empty\":\"\",\"null\":null,\"number\":1,\"list\":[1],\"object\":{},"
        "\"nul\":\"a\\u0000b\",\"over\":\"flat\",\"was\":\"flat\",\"word\":\"flat\","
        "\"r\":{\"deep\":\"nested\",\"over\":\"nested\",\"was\":null,\"list\":[]},\"w\":\"word\"}";
    // clang-format off
    static const struct {
        const char *root, *name;
        enum param_state text, list, any;
        const char *want;
    } cases[] = {
        {NULL, "text",   PARAM_VALUE,  PARAM_WRONG,  PARAM_VALUE,  "flat"},
        {NULL, "empty",  PARAM_VALUE,  PARAM_WRONG,  PARAM_VALUE,  ""},
        {NULL, "null",   PARAM_NULL,   PARAM_NULL,   PARAM_NULL,   NULL},
        {NULL, "number", PARAM_WRONG,  PARAM_WRONG,  PARAM_VALUE,  NULL},
        {NULL, "list",   PARAM_WRONG,  PARAM_VALUE,  PARAM_VALUE,  NULL},
        {NULL, "object", PARAM_WRONG,  PARAM_WRONG,  PARAM_VALUE,  NULL},
        {NULL, "nul",    PARAM_WRONG,  PARAM_WRONG,  PARAM_WRONG,  NULL},
        {NULL, "none",   PARAM_ABSENT, PARAM_ABSENT, PARAM_ABSENT, NULL},
        {NULL, "deep",   PARAM_ABSENT, PARAM_ABSENT, PARAM_ABSENT, NULL},
        {"r",  "deep",   PARAM_VALUE,  PARAM_WRONG,  PARAM_VALUE,  "nested"},
        {"r",  "over",   PARAM_VALUE,  PARAM_WRONG,  PARAM_VALUE,  "nested"},
        {"r",  "was",    PARAM_NULL,   PARAM_NULL,   PARAM_NULL,   NULL},
        {"r",  "text",   PARAM_VALUE,  PARAM_WRONG,  PARAM_VALUE,  "flat"},
        {"w",  "text",   PARAM_VALUE,  PARAM_WRONG,  PARAM_VALUE,  "flat"},
        {"no", "text",   PARAM_VALUE,  PARAM_WRONG,  PARAM_VALUE,  "flat"},
    };
    // clang-format on
    struct request req = make_post("", JSON, body);

    CU_ASSERT_EQUAL(params_read(&req), CQ_OK);
    for (size_t i = 0; i < LEN(cases); i++) {
        struct param text = param_text(&req, cases[i].root, cases[i].name);
        struct param list = param_list(&req, cases[i].root, cases[i].name);

        ROW_ASSERT(cases[i].name, text.state == cases[i].text && str_eq(text.text, cases[i].want));
        ROW_ASSERT(cases[i].name, !text.text || text.len == strlen(text.text));
        ROW_ASSERT(cases[i].name, list.state == cases[i].list && !list.json == (list.state != PARAM_VALUE));
        ROW_ASSERT(cases[i].name, param_any(&req, cases[i].root, cases[i].name).state == cases[i].any);
    }
}

static void test_nothing_before_reading(void)
{
    struct request req = make_get("a=1");

    CU_ASSERT_EQUAL(param_text(&req, "r", "a").state, PARAM_ABSENT);
    CU_ASSERT_EQUAL(param_list(&req, NULL, "a").state, PARAM_ABSENT);
}

/* %00 is no fault of the whole request: its field alone is wrong. */
static void test_nul_in_a_form_value(void)
{
    struct request req = make_post("", FORM, "a=x%00y&b=1");

    CU_ASSERT_EQUAL(params_read(&req), CQ_OK);
    CU_ASSERT_EQUAL(param_text(&req, NULL, "a").state, PARAM_WRONG);
    CU_ASSERT_EQUAL(param_text(&req, NULL, "b").state, PARAM_VALUE);
}

static void test_method_override(void)
{
    // clang-format off
    static const struct {
        enum http_method method;
        const char *type, *body;
        enum http_method want;
    } cases[] = {
        {HTTP_POST, FORM, "_method=put",                HTTP_PUT},
        {HTTP_POST, FORM, "_method=PATCH",              HTTP_PATCH},
        {HTTP_POST, FORM, "_method=delete",             HTTP_DELETE},
        {HTTP_POST, FORM, "_method=get",                HTTP_POST},
        {HTTP_POST, FORM, "_method=",                   HTTP_POST},
        {HTTP_POST, FORM, "_method[]=put",              HTTP_POST},
        {HTTP_POST, FORM, "_method=put%00",             HTTP_POST},
        {HTTP_POST, FORM, "a=1",                        HTTP_POST},
        {HTTP_PUT,  FORM, "_method=delete",             HTTP_PUT},
        {HTTP_POST, JSON, "{\"_method\":\"delete\"}",   HTTP_POST},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_post("", cases[i].type, cases[i].body);

        req.method = cases[i].method;
        ROW_ASSERT(cases[i].body, params_read(&req) == CQ_OK);
        params_override_method(&req);
        ROW_ASSERT(cases[i].body, req.method == cases[i].want);
    }
}

SUITE(params, {"the body wins", test_the_body_wins}, {"kinds of body", test_kinds_of_body},
      {"order of faults", test_order_of_faults}, {"names are counted together", test_names_are_counted_together},
      {"memory is short", test_memory_is_short}, {"looking up", test_looking_up},
      {"nothing before reading", test_nothing_before_reading}, {"NUL in a form value", test_nul_in_a_form_value},
      {"method override", test_method_override});
