/*
 * Parameters: query and body become one tree, in which the body wins, and pages of a list are within bounds.
 *
 * Three lines, the query, the content type and the Authorization header; the rest is the body.
 */
#include <json-c/json.h>
#include <string.h>

#include "colloquy/http.h"
#include "fuzz.h"

enum { PER_PAGE = 10, PER_PAGE_MAX = 100 };

static struct request make_request(struct cq_ctx *ctx, const char *query)
{
    return (struct request){
        .ctx = *ctx,
        .method = HTTP_POST,
        .path = "/api/v1/things",
        .query = query,
        .scheme = "https",
        .host = "canvas.example.edu",
        .remote_addr = "192.0.2.7",
        .content_type = "",
        .accept = "",
        .body = "",
    };
}

static bool is_object(struct json_object *value)
{
    return json_object_is_type(value, json_type_object);
}

/* Whether tree holds what both say; where they differ, what body says. */
static void check_merged(struct json_object *tree, struct json_object *query, struct json_object *body)
{
    struct json_object *got, *other;

    json_object_object_foreach(body, name, value)
    {
        CHECK(json_object_object_get_ex(tree, name, &got));
        if (json_object_object_get_ex(query, name, &other) && is_object(other) && is_object(value))
            check_merged(got, other, value);
        else
            CHECK(json_object_equal(got, value));
    }
    json_object_object_foreach(query, query_name, query_value)
    {
        CHECK(json_object_object_get_ex(tree, query_name, &got));
        if (!json_object_object_get_ex(body, query_name, NULL))
            CHECK(json_object_equal(got, query_value));
    }
}

/* Only what is asked for as text is text, and never holds a NUL. */
static void check_lookups(const struct request *req)
{
    json_object_object_foreach(req->params, name, value)
    {
        struct param text = param_text(req, NULL, name), list = param_list(req, "absent", name);

        CHECK(text.state != PARAM_ABSENT && (text.state == PARAM_NULL) == (value == NULL));
        CHECK(text.state != PARAM_VALUE || json_object_is_type(value, json_type_string));
        if (text.state == PARAM_VALUE)
            check_text(text.text, text.len);
        CHECK(text.state != PARAM_VALUE || strlen(text.text) == text.len);
        CHECK((list.state == PARAM_VALUE) == json_object_is_type(value, json_type_array));
    }
}

static void check_method(struct request *req)
{
    bool is_form = request_is_form(req);

    params_override_method(req);
    CHECK(req->method == HTTP_POST ||
          (is_form && (req->method == HTTP_PUT || req->method == HTTP_PATCH || req->method == HTTP_DELETE)));
    req->method = HTTP_GET;
    params_override_method(req);
    CHECK(req->method == HTTP_GET);
}

static void check_token(const struct request *req)
{
    const char *token = request_access_token(req);
    struct param param = param_text(req, NULL, "access_token");

    CHECK(!token || *token);
    CHECK(!token || strstr(req->authorization, token) || str_eq(token, param.text));
}

/* Of one link: an address of the list, without a secret and without what would end it. */
static void check_target(const char *at, size_t len)
{
    static const char base[] = "https://canvas.example.edu/api/v1/things?";
    const char *end = at + len;

    CHECK(len > strlen(base) && memcmp(at, base, strlen(base)) == 0);
    for (at += strlen(base); at < end; at++) {
        char name[64];
        const char *stop = memchr(at, '&', (size_t)(end - at));
        const char *equals = memchr(at, '=', (size_t)((stop ? stop : end) - at));
        size_t n = 0;

        for (const char *c = at; equals && c < equals && n < sizeof(name) - 1; c++) {
            bool escaped = *c == '%' && equals - c > 2;

            name[n++] = (char)(escaped ? hex_digit(c[1]) * 16 + hex_digit(c[2]) : *c);
            c += escaped ? 2 : 0;
        }
        name[n] = '\0';
        CHECK(strcmp(name, "access_token") != 0);
        at = stop ? stop : end;
    }
}

static void check_links(const char *links)
{
    CHECK(strlen(links) <= 8192);
    for (const char *c = links; *c; c++)
        CHECK(*c > ' ' - 1 && *c != 0x7f);
    for (const char *open = links; (open = strchr(open, '<')); open++) {
        const char *close = strchr(open, '>');

        CHECK(close && str_starts(close, ">; rel=\""));
        check_target(open + 1, (size_t)(close - open) - 1);
    }
}

static void check_page(struct request *req, uint64_t total)
{
    struct page page = {.number = 0};
    enum cq_status st = page_read(req, PER_PAGE, PER_PAGE_MAX, &page);

    CHECK(st == CQ_OK || st == CQ_NOT_FOUND);
    if (st)
        return;
    CHECK(page.number >= 1 && page.per_page >= 1 && page.per_page <= PER_PAGE_MAX);
    CHECK(page.number <= INT64_MAX / page.per_page);
    page_link(req, &page, total);
    for (size_t i = 0; i < req->response.n_headers; i++)
        check_links(req->response.headers[i].value);
}

/* A body that is at fault takes nothing from the query. */
static void check_refused(enum cq_status st, const struct request *req, const struct request *query,
                          enum cq_status alone)
{
    CHECK(st == CQ_INVALID_REQUEST || st == CQ_INVALID_JSON || st == CQ_INVALID_ENCODING || st == CQ_UNSUPPORTED_TYPE);
    CHECK((req->params == NULL) == (alone != CQ_OK));
    if (req->params)
        CHECK(json_object_equal(req->params, query->params));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    struct request req = make_request(ctx, input_line(&in, ctx)), query = req, body = make_request(ctx, "");

    if (size > 64 << 10)
        return 0;
    req.content_type = body.content_type = input_line(&in, ctx);
    req.authorization = input_line(&in, ctx);
    req.body = body.body = input_rest(&in, ctx, &req.body_len);
    body.body_len = req.body_len;

    enum cq_status st = params_read(&req), query_st = params_read(&query), body_st = params_read(&body);
    if (st) {
        check_refused(st, &req, &query, query_st);
        return 0;
    }
    CHECK(!query_st && !body_st);
    check_tree(req.params);
    check_merged(req.params, query.params, body.params);
    check_lookups(&req);
    check_token(&req);
    check_page(&req, req.body_len * 1000);
    check_method(&req);
    return 0;
}
