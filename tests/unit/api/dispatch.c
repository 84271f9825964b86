/*
 * Requests from end to end, without a socket and without a database: all that is answered before the first statement.
 */
#include <stdlib.h>

#include "api/route.h"
#include "http/make_request.h"

#define COURSE        "/api/v1/courses/7"
#define EXPERIENCES   COURSE "/ai_experiences"
#define CONVERSATIONS EXPERIENCES "/3/conversations"
#define MESSAGES      CONVERSATIONS "/5/messages"

#define NOT_FOUND     "{\"errors\":[{\"message\":\"The specified resource does not exist.\"}]}"
#define NOT_ALLOWED                                                                                                    \
    "{\"errors\":[{\"message\":\"The method is not allowed for this path.\",\"error_code\":\"method_not_allowed\"}]}"
#define ANONYMOUS "{\"status\":\"unauthenticated\",\"errors\":[{\"message\":\"user authorization required\"}]}"

static const char JSON[] = "application/json";
static const char FORM[] = "application/x-www-form-urlencoded";

static const struct config config = {
    .limits = {.conversations_per_day = 100,
               .messages_per_day = 1000,
               .evaluations_per_day = 1000,
               .turns_at_once = 32,
               .message_max_chars = 4000,
               .request_body_max_bytes = 32 << 20},
    .features = {.ai_experiences = true, .evaluation = true, .streaming = true},
};

/* A request without a body; the database is nowhere, so that a statement would crash. */
static struct request make(enum http_method method, const char *path)
{
    struct request req = make_request();

    req.config = &config;
    req.method = method;
    req.path = path;
    req.ctx.request_id = "0123456789abcdef";
    return req;
}

static void add_body(struct request *req, const char *content_type, const char *body)
{
    req->content_type = content_type;
    req->body = body;
    req->body_len = strlen(body);
}

/* Answer it as the pool of its path does. */
static void answer(struct request *req)
{
    if (req->method == HTTP_POST && strstr(req->path, "/conversations")) {
        CU_ASSERT_PTR_NULL(api_begin(req, "host:1:2:3"));
    } else {
        api_answer(req);
    }
    CU_ASSERT_EQUAL(req->ctx.statements, 0);
}

static bool answered(const struct request *req, int status, const char *body)
{
    const struct response *r = &req->response;

    return r->status == status && r->body && !r->body->failed && str_eq(r->body->data, body) && !r->content_type &&
           !r->is_stream;
}

/* ---- from the table alone: before authentication ---- */

static void test_unknown_paths(void)
{
    static const char *const paths[] = {
        "/",
        "/api",
        "/api/v1",
        "/api/v1/course",
        "/api/v1/courses/",
        COURSE "/",
        COURSE "/ai_experience",
        EXPERIENCES "/",
        EXPERIENCES "//",
        EXPERIENCES "/3/",
        EXPERIENCES "/3/4",
        "/api/v1/courses//ai_experiences",
        "/API/v1/courses/7/ai_experiences",
        "/api/v2/courses/7/ai_experiences",
        EXPERIENCES ".json.json/",
        CONVERSATIONS "/5/messages/6",
        "/healthz",
        "",
    };

    for (size_t i = 0; i < LEN(paths); i++) {
        struct request req = make(HTTP_GET, paths[i]);

        req.authorization = i % 2 ? "Bearer abc" : NULL; /* makes no difference */
        api_answer(&req);
        ROW_ASSERT(paths[i], answered(&req, 404, NOT_FOUND));
        ROW_ASSERT(paths[i], !sent_header(&req, "WWW-Authenticate") && !sent_header(&req, "Allow"));
        ROW_ASSERT(paths[i], str_eq(api_route_name(&req), "-") && api_user_id(&req) == 0);
    }
}

static void test_wrong_methods(void)
{
    static const struct {
        enum http_method method;
        const char *path, *allow;
    } rows[] = {
        {HTTP_PATCH, EXPERIENCES, "GET, HEAD, POST"},
        {HTTP_DELETE, EXPERIENCES, "GET, HEAD, POST"},
        {HTTP_POST, EXPERIENCES "/3", "GET, HEAD, PUT, DELETE"},
        {HTTP_POST, EXPERIENCES "/3.json", "GET, HEAD, PUT, DELETE"},
        {HTTP_PUT, CONVERSATIONS, "GET, HEAD, POST"},
        {HTTP_PUT, CONVERSATIONS "/5", "GET, HEAD, DELETE"},
        {HTTP_POST, EXPERIENCES "/3/ai_conversations", "GET, HEAD"},
        {HTTP_DELETE, EXPERIENCES "/3/ai_conversations/5", "GET, HEAD"},
        {HTTP_GET, MESSAGES "/6/feedback", "POST"},
        {HTTP_GET, MESSAGES "/6/feedback/7", "DELETE"},
        {HTTP_GET, MESSAGES, "POST"},
        {HTTP_HEAD, MESSAGES, "POST"},
        {HTTP_OTHER, MESSAGES, "POST"},
        {HTTP_OPTIONS, EXPERIENCES, "GET, HEAD, POST"},
        {HTTP_POST, "/health", "GET, HEAD"},
        {HTTP_DELETE, "/health", "GET, HEAD"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make(rows[i].method, rows[i].path);

        api_answer(&req);
        ROW_ASSERT(rows[i].path, answered(&req, 405, NOT_ALLOWED));
        ROW_ASSERT(rows[i].path, str_eq(sent_header(&req, "Allow"), rows[i].allow));
        ROW_ASSERT(rows[i].path, !sent_header(&req, "WWW-Authenticate"));
    }
}

static void test_chat_errors(void)
{
    static const struct {
        enum http_method method;
        const char *path;
        int status;
        const char *body;
    } rows[] = {
        {HTTP_GET, "/api/chat/nothing", 404,
         "{\"detail\":\"The specified resource does not exist.\",\"errors\":[\"The specified resource does not "
         "exist.\"],"
         "\"code\":\"not_found\"}"},
        {HTTP_POST, "/api/chat/", 404,
         "{\"detail\":\"The specified resource does not exist.\",\"errors\":[\"The specified resource does not "
         "exist.\"],"
         "\"code\":\"not_found\"}"},
        {HTTP_POST, "/api/chat/health", 405,
         "{\"detail\":\"The method is not allowed for this path.\",\"errors\":[\"The method is not allowed for this "
         "path.\"],\"code\":\"method_not_allowed\"}"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make(rows[i].method, rows[i].path);

        api_answer(&req);
        ROW_ASSERT(rows[i].path, answered(&req, rows[i].status, rows[i].body));
    }
}

/* ---- who asks ---- */

static void test_no_credentials(void)
{
    static const struct {
        const char *name;
        enum http_method method;
        const char *path, *authorization, *type, *body;
    } rows[] = {
        {"list", HTTP_GET, EXPERIENCES, NULL, "", ""},
        {"HEAD", HTTP_HEAD, EXPERIENCES, NULL, "", ""},
        {"create", HTTP_POST, EXPERIENCES, NULL, JSON, "{\"title\":\"a\"}"},
        {"a body that does not parse", HTTP_POST, EXPERIENCES, NULL, JSON, "{"},
        {"a body that is not UTF-8", HTTP_PUT, EXPERIENCES "/3", NULL, FORM, "title=\xff"},
        {"a body of another type", HTTP_POST, MESSAGES, NULL, "text/plain", "hello"},
        {"any body", HTTP_POST, CONVERSATIONS, NULL, "text/plain", "{"},
        {"an id that is none", HTTP_GET, EXPERIENCES "/abc", NULL, "", ""},
        {"another scheme", HTTP_GET, EXPERIENCES, "Basic YTpi", "", ""},
        {"no token", HTTP_GET, EXPERIENCES, "Bearer", "", ""},
        {"a blank token", HTTP_GET, EXPERIENCES, "Bearer  ", "", ""},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make(rows[i].method, rows[i].path);

        add_body(&req, rows[i].type, rows[i].body);
        req.authorization = rows[i].authorization;
        answer(&req);
        ROW_ASSERT(rows[i].name, answered(&req, 401, ANONYMOUS));
        ROW_ASSERT(rows[i].name, str_eq(sent_header(&req, "WWW-Authenticate"), "Bearer realm=\"canvas-lms\""));
    }
}

/* ---- what a body says of itself, judged without a statement ---- */

/* An object that holds itself, depth times in all. */
static const char *nested(struct request *req, size_t depth)
{
    struct buf *out = buf_in_arena(req->ctx.arena, 1 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (size_t i = 0; i < depth; i++)
        buf_str(out, "{\"a\":");
    buf_str(out, "1");
    for (size_t i = 0; i < depth; i++)
        buf_char(out, '}');
    return out->data;
}

/* The body with which an error of this code is answered. */
static const char *error_body(struct request *req, const char *text, const char *code)
{
    return arena_printf(req->ctx.arena, "{\"errors\":[{\"message\":\"%s\",\"error_code\":\"%s\"}]}", text, code);
}

static void check_refused(const char *name, struct request *req, int status, const char *text, const char *code)
{
    req->authorization = "Bearer abc";
    answer(req);
    ROW_ASSERT(name, answered(req, status, error_body(req, text, code)));
    ROW_ASSERT(name, !sent_header(req, "WWW-Authenticate") && !sent_header(req, "Retry-After"));
}

static void test_broken_bodies(void)
{
    static const char bad_json[] = "The body is not a valid JSON object.",
                      bad_text[] = "The request is not valid UTF-8.", bad_request[] = "The request is malformed.",
                      bad_type[] = "The media type of the body is not supported.";
    static const char multipart[] = "multipart/form-data; boundary=b";
    static const struct {
        const char *name, *query, *type, *body;
        int status;
        const char *text, *code;
    } rows[] = {
        {"cut JSON", "", JSON, "{\"title\":", 400, bad_json, "invalid_json"},
        {"an array", "", JSON, "[1]", 400, bad_json, "invalid_json"},
        {"a comment", "", JSON, "{} // a", 400, bad_json, "invalid_json"},
        {"JSON that is not UTF-8", "", JSON, "{\"title\":\"\xC3\"}", 400, bad_text, "invalid_encoding"},
        {"a lone surrogate", "", JSON, "{\"title\":\"\\ud800\"}", 400, bad_text, "invalid_encoding"},
        {"a form that is not UTF-8", "", FORM, "title=%C3%28", 400, bad_text, "invalid_encoding"},
        {"a query that is not UTF-8", "a=%ff", JSON, "{}", 400, bad_text, "invalid_encoding"},
        {"broken multipart", "", multipart, "--b\r\nContent-Disp", 400, bad_request, "invalid_request"},
        {"text", "", "text/plain", "hello", 415, bad_type, "unsupported_media_type"},
        {"no type", "", "", "hello", 415, bad_type, "unsupported_media_type"},
        {"XML", "", "application/xml", "<a/>", 415, bad_type, "unsupported_media_type"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request create = make(HTTP_POST, EXPERIENCES);

        create.query = rows[i].query;
        add_body(&create, rows[i].type, rows[i].body);
        check_refused(rows[i].name, &create, rows[i].status, rows[i].text, rows[i].code);

        struct request say = make(HTTP_POST, MESSAGES);

        say.query = rows[i].query;
        add_body(&say, rows[i].type, rows[i].body);
        say.accept = "text/event-stream";
        check_refused(rows[i].name, &say, rows[i].status, rows[i].text, rows[i].code);
    }
}

static void test_too_deep(void)
{
    struct request req = make(HTTP_POST, EXPERIENCES);

    add_body(&req, JSON, nested(&req, JSON_MAX_DEPTH + 1));
    check_refused("33 levels", &req, 400, "The body is not a valid JSON object.", "invalid_json");
}

static void test_too_large(void)
{
    struct request req = make(HTTP_POST, EXPERIENCES);

    req.content_type = JSON;
    req.body_too_large = true;
    check_refused("too large", &req, 413, "The request body is too large.", "payload_too_large");
}

/* A token may stand in the query; a broken body does not hide it. */
static void test_token_in_the_query_and_a_broken_body(void)
{
    struct request req = make(HTTP_POST, EXPERIENCES);

    req.query = "access_token=abc";
    add_body(&req, JSON, "{");
    api_answer(&req);
    CU_ASSERT_EQUAL(req.response.status, 400);
    CU_ASSERT_EQUAL(req.ctx.statements, 0);
}

/* nginx's map and the table are of different versions: said in the log, and no handler of another pool is run. */
static void test_a_request_of_another_pool(void)
{
    struct request say = make(HTTP_POST, MESSAGES), list = make(HTTP_GET, EXPERIENCES);

    log_set_level(LOG_ERROR);
    say.authorization = list.authorization = "Bearer abc";
    api_answer(&say);
    CU_ASSERT_EQUAL(say.response.status, 500);
    CU_ASSERT_PTR_NULL(api_begin(&list, "host:1:2:3"));
    CU_ASSERT_EQUAL(list.response.status, 500);
    log_set_level(LOG_INFO);
}

/* ---- refused by the worker: nobody has read the parameters ---- */

static void test_no_place_is_free(void)
{
    // clang-format off
    static const struct {
        enum http_method method;
        const char *path, *body;
    } rows[] = {
        {HTTP_POST, MESSAGES,
         "{\"error\":\"The AI service is temporarily unavailable.\",\"code\":\"service_unavailable\",\"retryable\":true,"
         "\"reference_id\":\"0123456789abcdef\",\"errors\":[{\"message\":\"The AI service is temporarily unavailable.\"}]}"},
        {HTTP_POST, CONVERSATIONS ".json",
         "{\"error\":\"The AI service is temporarily unavailable.\",\"code\":\"service_unavailable\",\"retryable\":true,"
         "\"reference_id\":\"0123456789abcdef\",\"errors\":[{\"message\":\"The AI service is temporarily unavailable.\"}]}"},
        {HTTP_GET, EXPERIENCES,
         "{\"errors\":[{\"message\":\"The AI service is temporarily unavailable.\",\"error_code\":\"service_unavailable\"}]}"},
        {HTTP_GET, "/nothing",
         "{\"errors\":[{\"message\":\"The AI service is temporarily unavailable.\",\"error_code\":\"service_unavailable\"}]}"},
        {HTTP_POST, "/api/chat/conversation",
         "{\"detail\":\"The service is temporarily unavailable.\",\"errors\":[\"The service is temporarily unavailable.\"],"
         "\"code\":\"busy\"}"},
    };
    // clang-format on
    log_set_level(LOG_ERROR);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make(rows[i].method, rows[i].path);

        api_refuse(&req, CQ_BUSY);
        ROW_ASSERT(rows[i].path, answered(&req, 503, rows[i].body));
        ROW_ASSERT(rows[i].path, str_eq(sent_header(&req, "Retry-After"), "1"));
    }
    log_set_level(LOG_INFO);
}

/* ---- the ops pool ---- */

static struct health some_health;

static void give_health(void *arg, struct health *out)
{
    (void)arg;
    *out = some_health;
}

static void give_metrics(void *arg, struct buf *out)
{
    buf_str(out, arg);
}

static void give_status(void *arg, struct json_out *out)
{
    json_text(out, arg);
}

static char said[] = "42";
static const struct ops_source source = {said, give_health, give_metrics, give_status};

#define POOLS                                                                                                          \
    "\"pools\":{\"api\":{\"workers\":8,\"ready\":7,\"places\":7,\"busy\":3},"                                          \
    "\"llm\":{\"workers\":4,\"ready\":4,\"places\":1200,\"busy\":17},"                                                 \
    "\"documents\":{\"workers\":1,\"ready\":0,\"places\":0,\"busy\":0}}}"

static void test_health(void)
{
    static const char *const paths[] = {"/health", "/api/chat/health", "/health.json"};

    for (size_t i = 0; i < LEN(paths); i++) {
        some_health = (struct health){
            .is_database_up = true,
            .pools = {[POOL_API] = {8, 7, 7, 3}, [POOL_LLM] = {4, 4, 1200, 17}, [POOL_DOCUMENTS] = {1, 0, 0, 0}}};
        struct request up = make(i ? HTTP_GET : HTTP_HEAD, paths[i]);

        api_answer_ops(&up, &source);
        ROW_ASSERT(
            paths[i],
            answered(&up, 200, "{\"status\":\"ok\",\"version\":\"" COLLOQUY_VERSION "\",\"database\":\"ok\"," POOLS));
        ROW_ASSERT(paths[i], !sent_header(&up, "Retry-After"));

        struct request down = make(HTTP_GET, paths[i]);

        some_health.is_database_up = false;
        api_answer_ops(&down, &source);
        ROW_ASSERT(paths[i], answered(&down, 503,
                                      "{\"status\":\"unavailable\",\"version\":\"" COLLOQUY_VERSION
                                      "\",\"database\":\"unavailable\"," POOLS));
        ROW_ASSERT(paths[i], str_eq(sent_header(&down, "Retry-After"), "1"));
    }
}

static void test_metrics_and_status(void)
{
    struct request metrics = make(HTTP_GET, "/metrics"), status = make(HTTP_GET, "/status");

    api_answer_ops(&metrics, &source);
    CU_ASSERT_TRUE(metrics.response.status == 200 && str_eq(metrics.response.body->data, "42"));
    CU_ASSERT_TRUE(str_starts(metrics.response.content_type, "text/plain; version=0.0.4"));
    api_answer_ops(&status, &source);
    CU_ASSERT_TRUE(answered(&status, 200, "\"42\""));
}

static void test_ops_knows_no_other_path(void)
{
    struct request list = make(HTTP_GET, EXPERIENCES), nothing = make(HTTP_GET, "/nothing");

    api_answer_ops(&list, &source);
    CU_ASSERT_TRUE(answered(&list, 404, NOT_FOUND));
    api_answer_ops(&nothing, &source);
    CU_ASSERT_TRUE(answered(&nothing, 404, NOT_FOUND));
}

SUITE(dispatch, {"unknown paths", test_unknown_paths}, {"wrong methods", test_wrong_methods},
      {"chat errors", test_chat_errors}, {"no credentials", test_no_credentials}, {"broken bodies", test_broken_bodies},
      {"too deep", test_too_deep}, {"too large", test_too_large},
      {"a token in the query and a broken body", test_token_in_the_query_and_a_broken_body},
      {"a request of another pool", test_a_request_of_another_pool}, {"no place is free", test_no_place_is_free},
      {"health", test_health}, {"metrics and status", test_metrics_and_status},
      {"ops knows no other path", test_ops_knows_no_other_path});
