/* Errors as each API says them: Canvas's several forms, Bedrock Chat's one. */
#include "api/chat_error.h"
#include "api/page.h"
#include "api/route.h"

enum cq_status refuse(struct request *req, enum cq_status st, const char *text)
{
    req->loaded->error_text = text;
    return st;
}

static bool is_conversation_call(const struct request *req)
{
    enum answers answers = req->loaded && req->loaded->route ? req->loaded->route->answers : ANSWER_PLAIN;

    return answers == ANSWER_CONVERSATION || answers == ANSWER_OPENING;
}

static const char *error_text(const struct request *req, enum cq_status st)
{
    const char *text = cq_status_info(st)->text;

    if (req->loaded && req->loaded->error_text)
        return req->loaded->error_text;
    return text ? text : "The request could not be answered.";
}

/* What stands beside the message of the 401s. */
static void write_unauthenticated(struct request *req, struct json_out *out, enum cq_status st)
{
    if (st == CQ_UNAUTHENTICATED) {
        json_key(out, "status");
        json_text(out, "unauthenticated");
    }
    if (st == CQ_TOKEN_EXPIRED) {
        json_key(out, "expired_at");
        json_time(out, req->loaded->access.expires_at_ms);
    }
}

static void write_errors(struct request *req, struct json_out *out, enum cq_status st, const char *text,
                         const char *code)
{
    json_key(out, "errors");
    json_open_array(out);
    json_open_object(out);
    json_key(out, "message");
    json_text(out, text);
    if (code) {
        json_key(out, "error_code");
        json_text(out, code);
    }
    if (st == CQ_TOKEN_EXPIRED) {
        json_key(out, "expired_at");
        json_time(out, req->loaded->access.expires_at_ms);
    }
    json_close_object(out);
    json_close_array(out);
}

/* Whether a conversation call says it with a code, whether to try again and a reference. */
static bool has_conversation_form(const struct request *req, enum cq_status st)
{
    if (!is_conversation_call(req))
        return false;
    switch (st) {
    case CQ_VALIDATION_FAILED:
    case CQ_MESSAGE_REQUIRED:
    case CQ_MESSAGE_TOO_LONG:
    case CQ_TURN_IN_PROGRESS:
    case CQ_IDEMPOTENCY_CONFLICT:
    case CQ_MESSAGE_ID_CONFLICT:
    case CQ_CONVERSATION_COMPLETED:
    case CQ_EVALUATION_NO_MESSAGES:
    case CQ_RATE_LIMITED:
    case CQ_BUSY:
    case CQ_LOST:
        return true;
    default:
        return st >= CQ_MODEL_RATE_LIMITED && st <= CQ_EVALUATION_PARSE_FAILED;
    }
}

void write_conversation_error(struct request *req, struct json_out *out, enum cq_status st)
{
    const struct cq_status_info *info = cq_status_info(st);
    const char *text = error_text(req, st);

    json_key(out, "error");
    json_text(out, text);
    if (info->code) {
        json_key(out, "code");
        json_text(out, info->code);
        json_key(out, "retryable");
        json_boolean(out, info->retryable);
        json_key(out, "reference_id");
        json_text(out, req->ctx.request_id);
    }
    write_errors(req, out, st, text, NULL);
}

static void write_canvas(struct request *req, struct json_out *out, enum cq_status st)
{
    const struct cq_status_info *info = cq_status_info(st);
    const char *text = error_text(req, st);

    if (has_conversation_form(req, st)) {
        write_conversation_error(req, out, st);
        return;
    }
    if (info->http == 401)
        write_unauthenticated(req, out, st);
    if (st == CQ_FORBIDDEN) {
        json_key(out, "status");
        json_text(out, "unauthorized");
    }
    if (st == CQ_RESOURCE_NOT_FOUND || st == CQ_CONVERSATION_NOT_FOUND) {
        json_key(out, "error");
        json_text(out, text);
    }
    write_errors(req, out, st, text, info->code);
}

/* At least what the table says, or what the provider asked for; of a day's limit what is left of the day. */
static void set_retry_after(struct request *req, enum cq_status st)
{
    uint32_t after_s = cq_status_info(st)->retry_after_s;

    if (!cq_status_info(st)->retryable)
        return;
    if (req->ctx.retry_after_s > after_s || (req->ctx.retry_after_s && st == CQ_RATE_LIMITED))
        after_s = req->ctx.retry_after_s;
    if (after_s)
        response_header(req, "Retry-After", arena_printf(req->ctx.arena, "%u", after_s));
}

static bool is_chat(const struct request *req)
{
    return str_starts(req->path, "/api/chat/");
}

static void set_challenge(struct request *req, enum cq_status st)
{
    if (req->response.status == 401 && st != CQ_SCOPE_MISSING)
        response_header(req, "WWW-Authenticate", is_chat(req) ? "Bearer" : "Bearer realm=\"canvas-lms\"");
}

static void answer_error_json(struct request *req, enum cq_status st)
{
    struct json_out out = response_json(req, is_chat(req) ? chat_error_http(st) : cq_status_info(st)->http);

    json_open_object(&out);
    if (is_chat(req))
        write_chat_error(req, &out, st);
    else
        write_canvas(req, &out, st);
    json_close_object(&out);
}

void answer_error(struct request *req, enum cq_status st)
{
    if (has_error_page(req))
        answer_error_page(req, st);
    else
        answer_error_json(req, st);
    set_challenge(req, st);
    set_retry_after(req, st);
}
