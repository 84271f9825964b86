/* The answer: headers that cannot be split, and a JSON body begun anew. */
#include "make_request.h"

static void test_headers(void)
{
    struct request req = make_request();

    response_header(&req, "Retry-After", "1");
    response_header(&req, "X-Other", "a");
    response_header(&req, "retry-after", "2");
    CU_ASSERT_EQUAL(req.response.n_headers, 2);
    ASSERT_TEXT(req.response.headers[0].value, "2");
    ASSERT_TEXT(sent_header(&req, "X-Other"), "a");
}

static void test_headers_beside_each_other(void)
{
    struct request req = make_request();

    response_header_add(&req, "Set-Cookie", "a=1");
    response_header_add(&req, "Set-Cookie", "b=2");
    response_header_add(&req, "Set-Cookie", "c=3\r\nX: y");
    response_header_add(&req, "Set-Cookie", NULL);
    CU_ASSERT_EQUAL_FATAL(req.response.n_headers, 2);
    ASSERT_TEXT(req.response.headers[0].value, "a=1");
    ASSERT_TEXT(req.response.headers[1].value, "b=2");
}

static void test_values_with_control_characters(void)
{
    static const char *const values[] = {"a\r\nSet-Cookie: x", "a\n", "\ra", "a\tb", "\x7f", "\x1b[0m"};
    struct request req = make_request();

    for (size_t i = 0; i < LEN(values); i++) {
        response_header(&req, "X-Name", values[i]);
        ROW_ASSERT(values[i], req.response.n_headers == 0);
    }
}

static void test_no_more_headers_than_fit(void)
{
    struct request req = make_request();
    char names[HTTP_MAX_HEADERS][8];

    for (int i = 0; i < HTTP_MAX_HEADERS; i++) {
        snprintf(names[i], sizeof(names[i]), "X-%d", i);
        response_header(&req, names[i], "1");
    }
    response_header(&req, "X-Late", "1");
    response_header(&req, "X-3", "2");
    CU_ASSERT_EQUAL(req.response.n_headers, HTTP_MAX_HEADERS);
    ASSERT_TEXT(sent_header(&req, "X-3"), "2");
}

static void test_json_begins_anew(void)
{
    struct request req = make_request();
    struct json_out out = response_json(&req, 200);
    struct buf *body = req.response.body;

    json_open_array(&out);
    json_id(&out, 1);
    req.response.content_type = "text/event-stream";
    req.accept = "application/json+canvas-string-ids";
    out = response_json(&req, 404);
    json_open_array(&out);
    json_id(&out, 2);
    json_close_array(&out);
    CU_ASSERT_EQUAL(req.response.status, 404);
    CU_ASSERT_PTR_NULL(req.response.content_type);
    CU_ASSERT_PTR_EQUAL(req.response.body, body);
    ASSERT_TEXT(req.response.body->data, "[\"2\"]");
}

static void test_json_without_memory(void)
{
    struct arena *arena = arena_create(256, 1024);
    struct request req = make_request();

    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    req.ctx.arena = arena;
    while (arena_alloc(arena, 8))
        ;
    struct json_out out = response_json(&req, 200);
    json_text(&out, "lost");
    CU_ASSERT_TRUE(req.response.body->failed);
    CU_ASSERT_EQUAL(req.response.body->len, 0);
    arena_reset(arena); /* there is some again, for an answer that says so */
    out = response_json(&req, 500);
    json_text(&out, "said");
    CU_ASSERT_FALSE(req.response.body->failed);
    ASSERT_TEXT(req.response.body->data, "\"said\"");
    arena_destroy(arena);
}

SUITE(response, {"headers", test_headers}, {"headers beside each other", test_headers_beside_each_other},
      {"values with control characters", test_values_with_control_characters},
      {"no more headers than fit", test_no_more_headers_than_fit}, {"JSON begins anew", test_json_begins_anew},
      {"JSON without memory", test_json_without_memory});
