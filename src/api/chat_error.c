/* What is wrong, in the chat API's one form. Where it differs from Canvas's, the table says how. */
#include "api/chat_error.h"

#define MODEL_FAILED "The model has given no reply. The message can be sent again."

struct chat_error {
    int http;
    const char *code;
    const char *text; /* NULL: the status's own */
};

static const struct chat_error errors[CQ_STATUS_COUNT] = {
    // clang-format off
    [CQ_INVALID_JSON]           = {400, "invalid_request",    NULL},
    [CQ_INVALID_ENCODING]       = {400, "invalid_request",    NULL},
    [CQ_PARAMETERS_MISSING]     = {400, "invalid_request",    NULL},
    [CQ_INVALID_FIELDS]         = {400, "invalid_request",    NULL},
    [CQ_VALIDATION_FAILED]      = {400, "invalid_request",    NULL},
    [CQ_PAYLOAD_TOO_LARGE]      = {413, "too_large",          NULL},
    [CQ_UNSUPPORTED_TYPE]       = {415, "unsupported_type",   NULL},
    [CQ_UNAUTHENTICATED]        = {401, "unauthenticated",    "Sign in first."},
    [CQ_TOKEN_UNKNOWN]          = {401, "unauthenticated",    NULL},
    [CQ_TOKEN_EXPIRED]          = {401, "unauthenticated",    NULL},
    [CQ_TOKEN_REVOKED]          = {401, "unauthenticated",    NULL},
    [CQ_SCOPE_MISSING]          = {403, "insufficient_scope", NULL},
    [CQ_AUTHENTICITY_TOKEN]     = {403, "csrf",               NULL},
    [CQ_FORBIDDEN]              = {403, "forbidden",          "You may not do this."},
    [CQ_NOT_FOUND]              = {404, "not_found",          NULL},
    [CQ_RESOURCE_NOT_FOUND]     = {404, "not_found",          "Not found"},
    [CQ_CONVERSATION_NOT_FOUND] = {404, "not_found",          NULL},
    [CQ_RATE_LIMITED]           = {429, "busy",               "A limit is reached. Please try again later."},
    [CQ_MODEL_RATE_LIMITED]     = {502, "model_error",        MODEL_FAILED},
    [CQ_MODEL_UNAVAILABLE]      = {502, "model_error",        MODEL_FAILED},
    [CQ_MODEL_TIMEOUT]          = {504, "model_timeout",      "The model has taken too long. The message can be sent again."},
    [CQ_MODEL_NO_RESPONSE]      = {502, "model_error",        MODEL_FAILED},
    [CQ_MODEL_INVALID_RESPONSE] = {502, "model_error",        MODEL_FAILED},
    [CQ_MODEL_TOO_LONG]         = {502, "model_error",        MODEL_FAILED},
    [CQ_MODEL_REFUSED]          = {502, "model_error",        MODEL_FAILED},
    [CQ_CONTENT_FILTERED]       = {502, "model_error",        "The model's provider has filtered the reply."},
    [CQ_BUSY]                   = {503, "busy",               "The service is temporarily unavailable."},
    [CQ_LOST]                   = {503, "busy",               "The service is temporarily unavailable."},
    [CQ_AGAIN]                  = {503, "busy",               "The service is temporarily unavailable."},
    [CQ_DUPLICATE]              = {500, "internal",           NULL},
    [CQ_INTERNAL]               = {500, "internal",           NULL},
    // clang-format on
};

int chat_error_http(enum cq_status st)
{
    return errors[st].http ? errors[st].http : cq_status_info(st)->http;
}

const char *chat_error_code(enum cq_status st)
{
    const char *code = errors[st].code ? errors[st].code : cq_status_info(st)->code;

    return code ? code : "invalid_request";
}

const char *chat_error_text(const struct request *req, enum cq_status st)
{
    const struct loaded *l = req->loaded;

    if (l && l->n_problems)
        return l->problems[0];
    if (l && l->error_text)
        return l->error_text;
    return errors[st].text ? errors[st].text : cq_status_info(st)->text;
}

void write_chat_error(struct request *req, struct json_out *out, enum cq_status st)
{
    const struct loaded *l = req->loaded;

    json_key(out, "detail");
    json_text(out, chat_error_text(req, st));
    json_key(out, "errors");
    json_open_array(out);
    if (!l || !l->n_problems)
        json_text(out, chat_error_text(req, st));
    for (size_t i = 0; l && i < l->n_problems; i++)
        json_text(out, l->problems[i]);
    json_close_array(out);
    json_key(out, "code");
    json_text(out, chat_error_code(st));
    if (l && l->n_models_offered) {
        json_key(out, "models");
        json_open_array(out);
        for (size_t i = 0; i < l->n_models_offered; i++)
            json_text(out, l->models_offered[i]);
        json_close_array(out);
    }
}
