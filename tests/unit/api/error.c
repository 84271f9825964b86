/* Errors, to the byte, as the contract's table has them. */
#include "api/route.h"
#include "http/make_request.h"

#define PLAIN(text)       "{\"errors\":[{\"message\":\"" text "\"}]}"
#define GONE(text)        "{\"error\":\"" text "\",\"errors\":[{\"message\":\"" text "\"}]}"
#define CODED(text, code) "{\"errors\":[{\"message\":\"" text "\",\"error_code\":\"" code "\"}]}"
#define SAID(text, code, retryable)                                                                                    \
    "{\"error\":\"" text "\",\"code\":\"" code "\",\"retryable\":" retryable                                           \
    ",\"reference_id\":\"0123456789abcdef\",\"errors\":[{\"message\":\"" text "\"}]}"
#define CHAT(text, code) "{\"detail\":\"" text "\",\"errors\":[\"" text "\"],\"code\":\"" code "\"}"

#define AWAY             "The AI service is temporarily unavailable."
#define LIMIT            "You've hit the AI Experiences rate limit. Please try again later."
#define OURS             "Something went wrong on our side."
#define NEVER            "No such resource: the database said SELECT"

struct scene {
    struct request req;
    struct route route;
    struct loaded loaded;
};

static void start(struct scene *s, const char *path, enum answers answers)
{
    s->req = make_request();
    s->req.path = path;
    s->req.ctx.request_id = "0123456789abcdef";
    s->route = (struct route){.answers = answers};
    s->loaded = (struct loaded){.route = &s->route};
    s->req.loaded = &s->loaded;
    memcpy(s->req.ctx.error, NEVER, sizeof(NEVER)); /* for the log, and nobody else */
}

struct error_case {
    enum cq_status st;
    int status;
    const char *body, *retry_after;
};

static void check_errors(const struct error_case *rows, size_t n, const char *path, enum answers answers)
{
    for (size_t i = 0; i < n; i++) {
        const char *name = cq_status_info(rows[i].st)->name;
        struct scene s;

        start(&s, path, answers);
        answer_error(&s.req, rows[i].st);
        ROW_ASSERT(name, s.req.response.status == rows[i].status);
        ROW_ASSERT(name, str_eq(s.req.response.body->data, rows[i].body));
        ROW_ASSERT(name, str_eq(sent_header(&s.req, "Retry-After"), rows[i].retry_after));
    }
}

// clang-format off
static const struct error_case same_everywhere[] = {
    {CQ_TOKEN_UNKNOWN,          401, PLAIN("Invalid access token."),                         NULL},
    {CQ_TOKEN_REVOKED,          401, PLAIN("Revoked access token."),                         NULL},
    {CQ_SCOPE_MISSING,          401, PLAIN("Insufficient scopes on access token."),          NULL},
    {CQ_FORBIDDEN,              403,
     "{\"status\":\"unauthorized\",\"errors\":[{\"message\":\"user not authorized to perform that action\"}]}", NULL},
    {CQ_NOT_FOUND,              404, PLAIN("The specified resource does not exist."),        NULL},
    {CQ_RESOURCE_NOT_FOUND,     404, GONE("Resource Not Found"),                             NULL},
    {CQ_CONVERSATION_NOT_FOUND, 404, GONE("Conversation not found"),                         NULL},
    {CQ_PAYLOAD_TOO_LARGE,      413, CODED("The request body is too large.", "payload_too_large"), NULL},
    {CQ_INTERNAL,               500, CODED(OURS, "internal_error"),                          NULL},
};
// clang-format on

static void test_same_everywhere(void)
{
    check_errors(same_everywhere, LEN(same_everywhere), "/api/v1/courses/7/ai_experiences", ANSWER_PLAIN);
    check_errors(same_everywhere, LEN(same_everywhere), "/api/v1/courses/7/ai_experiences/3/conversations",
                 ANSWER_CONVERSATION);
    check_errors(same_everywhere, LEN(same_everywhere), "/api/v1/courses/7/ai_experiences/3/conversations",
                 ANSWER_OPENING);
}

static void test_conversation_calls(void)
{
    // clang-format off
    static const struct error_case rows[] = {
        {CQ_VALIDATION_FAILED,      400, SAID("A parameter is invalid.", "validation_failed", "false"),                       NULL},
        {CQ_MESSAGE_REQUIRED,       400, GONE("message is required"),                                                         NULL},
        {CQ_MESSAGE_TOO_LONG,       422, SAID("message is too long", "payload_too_large", "false"),                           NULL},
        {CQ_TURN_IN_PROGRESS,       409, SAID("A reply to this conversation is being written.", "turn_in_progress", "true"),  "1"},
        {CQ_IDEMPOTENCY_CONFLICT,   409, SAID("This key was used with another body.", "idempotency_conflict", "false"),       NULL},
        {CQ_MESSAGE_ID_CONFLICT,    409, SAID("This message_id was used with another message.", "message_id_conflict", "false"), NULL},
        {CQ_CONVERSATION_COMPLETED, 409, SAID("This conversation is completed.", "conversation_completed", "false"),          NULL},
        {CQ_RATE_LIMITED,           429, SAID(LIMIT, "rate_limited", "true"),                                                 "5"},
        {CQ_MODEL_RATE_LIMITED,     503, SAID(AWAY, "rate_limited", "true"),                                                  "5"},
        {CQ_MODEL_UNAVAILABLE,      503, SAID(AWAY, "service_unavailable", "true"),                                           "5"},
        {CQ_MODEL_TIMEOUT,          503, SAID(AWAY, "service_unavailable", "true"),                                           "5"},
        {CQ_MODEL_NO_RESPONSE,      503, SAID(AWAY, "llm_no_response", "true"),                                               "5"},
        {CQ_MODEL_INVALID_RESPONSE, 503, SAID(AWAY, "llm_invalid_response", "true"),                                          "5"},
        {CQ_MODEL_TOO_LONG,         503, SAID(AWAY, "llm_invalid_response", "true"),                                          "5"},
        {CQ_MODEL_REFUSED,          503, SAID(AWAY, "llm_upstream_error", "false"),                                           NULL},
        {CQ_CONTENT_FILTERED,       503, SAID(AWAY, "content_filtered", "false"),                                             NULL},
        {CQ_BUSY,                   503, SAID(AWAY, "service_unavailable", "true"),                                           "1"},
        {CQ_LOST,                   503, SAID(AWAY, "service_unavailable", "true"),                                           "1"},
    };
    // clang-format on
    check_errors(rows, LEN(rows), "/api/v1/courses/7/ai_experiences/3/conversations", ANSWER_CONVERSATION);
    check_errors(rows, LEN(rows), "/api/v1/courses/7/ai_experiences/3/conversations", ANSWER_OPENING);
}

static void test_chat(void)
{
    static const struct error_case rows[] = {
        {CQ_INVALID_JSON, 400, CHAT("The body is not a valid JSON object.", "invalid_request"), NULL},
        {CQ_UNAUTHENTICATED, 401, CHAT("Sign in first.", "unauthenticated"), NULL},
        {CQ_FORBIDDEN, 403, CHAT("You may not do this.", "forbidden"), NULL},
        {CQ_NOT_FOUND, 404, CHAT("The specified resource does not exist.", "not_found"), NULL},
        {CQ_PAYLOAD_TOO_LARGE, 413, CHAT("The request body is too large.", "too_large"), NULL},
        {CQ_UNSUPPORTED_TYPE, 415, CHAT("The media type of the body is not supported.", "unsupported_type"), NULL},
        {CQ_BUSY, 503, CHAT("The service is temporarily unavailable.", "busy"), "1"},
        {CQ_SCOPE_MISSING, 403, CHAT("Insufficient scopes on access token.", "insufficient_scope"), NULL},
        {CQ_MODEL_TIMEOUT, 504, CHAT("The model has taken too long. The message can be sent again.", "model_timeout"),
         "5"},
        {CQ_INTERNAL, 500, CHAT(OURS, "internal"), NULL},
    };

    check_errors(rows, LEN(rows), "/api/chat/conversation", ANSWER_PLAIN);
}

/* ---- details ---- */

static void test_www_authenticate(void)
{
    static const struct {
        enum cq_status st;
        const char *want;
    } rows[] = {
        {CQ_UNAUTHENTICATED, "Bearer realm=\"canvas-lms\""},
        {CQ_TOKEN_UNKNOWN, "Bearer realm=\"canvas-lms\""},
        {CQ_TOKEN_EXPIRED, "Bearer realm=\"canvas-lms\""},
        {CQ_TOKEN_REVOKED, "Bearer realm=\"canvas-lms\""},
        {CQ_SCOPE_MISSING, NULL},
        {CQ_FORBIDDEN, NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        start(&s, "/api/v1/courses/7/ai_experiences", ANSWER_PLAIN);
        answer_error(&s.req, rows[i].st);
        ROW_ASSERT(cq_status_info(rows[i].st)->name, str_eq(sent_header(&s.req, "WWW-Authenticate"), rows[i].want));
    }
}

static void test_expired_at(void)
{
    struct scene s;

    start(&s, "/api/v1/courses/7/ai_experiences", ANSWER_PLAIN);
    s.loaded.access.expires_at_ms = 1704067200999;
    answer_error(&s.req, CQ_TOKEN_EXPIRED);
    CU_ASSERT_EQUAL(s.req.response.status, 401);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.req.response.body->data,
                                  "\"message\":\"Expired access token.\",\"expired_at\":\"2024-01-01T00:00:00Z\""));
}

/* What the provider asked for counts where it is more than ours, and only if trying again makes sense. */
static void test_retry_after(void)
{
    static const struct {
        enum cq_status st;
        uint32_t asked_s;
        const char *want;
    } rows[] = {
        {CQ_MODEL_RATE_LIMITED, 0, "5"},
        {CQ_MODEL_RATE_LIMITED, 3, "5"},
        {CQ_MODEL_RATE_LIMITED, 30, "30"},
        {CQ_RATE_LIMITED, 40000, "40000"},
        {CQ_BUSY, 0, "1"},
        {CQ_CONTENT_FILTERED, 30, NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        start(&s, "/api/v1/courses/7/ai_experiences/3/conversations", ANSWER_CONVERSATION);
        s.req.ctx.retry_after_s = rows[i].asked_s;
        answer_error(&s.req, rows[i].st);
        ROW_ASSERT(cq_status_info(rows[i].st)->name, str_eq(sent_header(&s.req, "Retry-After"), rows[i].want));
    }
}

/* An answer that was half made is gone, headers of its own apart. */
static void test_after_half_an_answer(void)
{
    struct scene s;

    start(&s, "/api/v1/courses/7/ai_experiences", ANSWER_PLAIN);
    struct json_out out = response_json(&s.req, 200);

    json_open_array(&out);
    json_text(&out, "half");
    answer_error(&s.req, CQ_NOT_FOUND);
    CU_ASSERT_EQUAL(s.req.response.status, 404);
    ASSERT_TEXT(s.req.response.body->data, PLAIN("The specified resource does not exist."));
}

static void test_better_words(void)
{
    struct scene s;

    start(&s, "/api/v1/courses/7/ai_experiences/3/conversations", ANSWER_CONVERSATION);
    CU_ASSERT_EQUAL(refuse(&s.req, CQ_MESSAGE_TOO_LONG, "message must be 4000 characters or fewer"),
                    CQ_MESSAGE_TOO_LONG);
    answer_error(&s.req, CQ_MESSAGE_TOO_LONG);
    ASSERT_TEXT(s.req.response.body->data,
                SAID("message must be 4000 characters or fewer", "payload_too_large", "false"));
}

/* Whatever the status, the answer is one JSON object, and holds nothing of what the log is told. */
static void test_every_status(void)
{
    static const char *const paths[] = {"/api/v1/courses/7/ai_experiences", "/api/chat/conversation"};

    for (enum cq_status st = CQ_INVALID_REQUEST; st < CQ_STATUS_COUNT; st++)
        for (size_t i = 0; i < LEN(paths); i++)
            for (enum answers answers = ANSWER_PLAIN; answers <= ANSWER_OPENING; answers++) {
                struct json_object *json = NULL;
                struct scene s;

                start(&s, paths[i], answers);
                answer_error(&s.req, st);
                const struct buf *body = s.req.response.body;

                ROW_ASSERT(cq_status_info(st)->name, s.req.response.status >= 400 && s.req.response.status <= 504);
                ROW_ASSERT(cq_status_info(st)->name, json_read(&s.req.ctx, body->data, body->len, &json) == CQ_OK);
                ROW_ASSERT(cq_status_info(st)->name, json_object_is_type(json, json_type_object));
                ROW_ASSERT(cq_status_info(st)->name, json_get(json, "errors") != NULL);
                ROW_ASSERT(cq_status_info(st)->name, !strstr(body->data, "SELECT"));
            }
}

SUITE(error, {"the same everywhere", test_same_everywhere}, {"conversation calls", test_conversation_calls},
      {"chat", test_chat}, {"WWW-Authenticate", test_www_authenticate}, {"expired_at", test_expired_at},
      {"Retry-After", test_retry_after}, {"after half an answer", test_after_half_an_answer},
      {"better words", test_better_words}, {"every status", test_every_status});
