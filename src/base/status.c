/* The one table of outcomes, and the context's error text. */
#include <stdarg.h>
#include <stdio.h>

#include "colloquy/base/status.h"

#define AI_AWAY  "The AI service is temporarily unavailable."
#define AI_LIMIT "You've hit the AI Experiences rate limit. Please try again later."

/* Seconds after which a client may try again, unless the context knows better. */
enum { OUR_WAIT_S = 1, LIMIT_WAIT_S = 5, PROVIDER_WAIT_S = 5 };

// clang-format off
static const struct cq_status_info infos[CQ_STATUS_COUNT] = {
    /*
     * name                        code                       text                                                http
     * retry  after
     */
    [CQ_OK] =                     {"ok",                      NULL,                      "ok",                                               200, false, 0},
    [CQ_INVALID_REQUEST] =        {"invalid_request",         "invalid_request",         "The request is malformed.",                        400, false, 0},
    [CQ_INVALID_JSON] =           {"invalid_json",            "invalid_json",            "The body is not a valid JSON object.",             400, false, 0},
    [CQ_INVALID_ENCODING] =       {"invalid_encoding",        "invalid_encoding",        "The request is not valid UTF-8.",                  400, false, 0},
    [CQ_INVALID_FIELDS] =         {"invalid_fields",          NULL,                      "is invalid",                                       400, false, 0},
    [CQ_PARAMETERS_MISSING] =     {"parameters_missing",      NULL,                      "parameters are missing",                           400, false, 0},
    [CQ_VALIDATION_FAILED] =      {"validation_failed",       "validation_failed",       "A parameter is invalid.",                          400, false, 0},
    [CQ_MESSAGE_REQUIRED] =       {"message_required",        NULL,                      "message is required",                              400, false, 0},
    [CQ_MESSAGE_TOO_LONG] =       {"message_too_long",        "payload_too_large",       "message is too long",                              422, false, 0},
    [CQ_PAYLOAD_TOO_LARGE] =      {"payload_too_large",       "payload_too_large",       "The request body is too large.",                   413, false, 0},
    [CQ_UNSUPPORTED_TYPE] =       {"unsupported_type",        "unsupported_media_type",  "The media type of the body is not supported.",     415, false, 0},
    [CQ_METHOD_NOT_ALLOWED] =     {"method_not_allowed",      "method_not_allowed",      "The method is not allowed for this path.",         405, false, 0},
    [CQ_UNKNOWN_MODEL] = {"unknown_model", "unknown_model", "No model has this name.", 400, false, 0},
    [CQ_MODEL_NOT_ACTIVE] = {"model_not_active", "model_not_active", "This model is not active in the bot.", 400, false, 0},
    [CQ_UNKNOWN_PARENT] = {"unknown_parent", "unknown_parent", "parent_message_id: no such message in this conversation", 400, false, 0},
    [CQ_NOT_A_REPLY] = {"not_a_reply", "not_a_reply", "Only replies take feedback.", 400, false, 0},
    [CQ_NOT_SUPPORTED] = {"not_supported", "not_supported", "This is not supported here.", 400, false, 0},
    [CQ_BAD_FILENAME] = {"bad_filename", "bad_filename", "The file name cannot be used.", 400, false, 0},
    [CQ_UNSUPPORTED_FILE] = {"unsupported_file", "unsupported_type", "Files of this type are not taken.", 415, false, 0},
    [CQ_UNAUTHENTICATED] =        {"unauthenticated",         NULL,                      "user authorization required",                      401, false, 0},
    [CQ_TOKEN_UNKNOWN] =          {"token_unknown",           NULL,                      "Invalid access token.",                            401, false, 0},
    [CQ_TOKEN_EXPIRED] =          {"token_expired",           NULL,                      "Expired access token.",                            401, false, 0},
    [CQ_TOKEN_REVOKED] =          {"token_revoked",           NULL,                      "Revoked access token.",                            401, false, 0},
    [CQ_SCOPE_MISSING] =          {"scope_missing",           NULL,                      "Insufficient scopes on access token.",             401, false, 0},
    [CQ_AUTHENTICITY_TOKEN] =     {"authenticity_token",      "invalid_authenticity_token", "The authenticity token is missing or wrong.",   403, false, 0},
    [CQ_FORBIDDEN] =              {"forbidden",               NULL,                      "user not authorized to perform that action",       403, false, 0},
    [CQ_NOT_FOUND] =              {"not_found",               NULL,                      "The specified resource does not exist.",           404, false, 0},
    [CQ_RESOURCE_NOT_FOUND] =     {"resource_not_found",      NULL,                      "Resource Not Found",                               404, false, 0},
    [CQ_CONVERSATION_NOT_FOUND] = {"conversation_not_found",  NULL,                      "Conversation not found",                           404, false, 0},
    [CQ_BOT_NOT_FOUND] = {"bot_not_found", "bot_not_found", "Bot not found", 404, false, 0},
    [CQ_SOURCE_GONE] = {"source_gone", "source_gone", "This document has been deleted.", 404, false, 0},
    [CQ_LINK_INVALID] = {"link_invalid", "forbidden", "This link is not valid.", 403, false, 0},
    [CQ_LINK_EXPIRED] = {"link_expired", "gone", "This link has expired.", 410, false, 0},
    [CQ_NOTHING_TO_CONTINUE] = {"nothing_to_continue", "nothing_to_continue", "The last reply is complete.", 409, false, 0},
    [CQ_BOT_EXISTS] = {"bot_exists", "bot_exists", "There is a bot of this id.", 409, false, 0},
    [CQ_TURN_IN_PROGRESS] =       {"turn_in_progress",        "turn_in_progress",        "A reply to this conversation is being written.",   409, true,  OUR_WAIT_S},
    [CQ_IDEMPOTENCY_CONFLICT] =   {"idempotency_conflict",    "idempotency_conflict",    "This key was used with another body.",             409, false, 0},
    [CQ_MESSAGE_ID_CONFLICT] =    {"message_id_conflict",     "message_id_conflict",     "This message_id was used with another message.",   409, false, 0},
    [CQ_CONVERSATION_COMPLETED] = {"conversation_completed",  "conversation_completed",  "This conversation is completed.",                  409, false, 0},
    [CQ_EVALUATION_NO_MESSAGES] = {"evaluation_no_messages",  "evaluation_no_messages",  "Nothing has been said in this conversation yet.",  409, false, 0},
    [CQ_RATE_LIMITED] =           {"rate_limited",            "rate_limited",            AI_LIMIT,                                           429, true,  LIMIT_WAIT_S},
    [CQ_MODEL_RATE_LIMITED] =     {"model_rate_limited",      "rate_limited",            AI_AWAY,                                            503, true,  PROVIDER_WAIT_S},
    [CQ_MODEL_UNAVAILABLE] =      {"model_unavailable",       "service_unavailable",     AI_AWAY,                                            503, true,  PROVIDER_WAIT_S},
    [CQ_MODEL_TIMEOUT] =          {"model_timeout",           "service_unavailable",     AI_AWAY,                                            503, true,  PROVIDER_WAIT_S},
    [CQ_MODEL_NO_RESPONSE] =      {"model_no_response",       "llm_no_response",         AI_AWAY,                                            503, true,  PROVIDER_WAIT_S},
    [CQ_MODEL_INVALID_RESPONSE] = {"model_invalid_response",  "llm_invalid_response",    AI_AWAY,                                            503, true,  PROVIDER_WAIT_S},
    [CQ_MODEL_TOO_LONG] =         {"model_too_long",          "llm_invalid_response",    AI_AWAY,                                            503, true,  PROVIDER_WAIT_S},
    [CQ_MODEL_REFUSED] =          {"model_refused",           "llm_upstream_error",      AI_AWAY,                                            503, false, 0},
    [CQ_CONTENT_FILTERED] =       {"content_filtered",        "content_filtered",        AI_AWAY,                                            503, false, 0},
    [CQ_EVALUATION_PARSE_FAILED] = {"evaluation_parse_failed", "evaluation_parse_failed", AI_AWAY,                                           503, true,  PROVIDER_WAIT_S},
    [CQ_BUSY] =                   {"busy",                    "service_unavailable",     AI_AWAY,                                            503, true,  OUR_WAIT_S},
    [CQ_LOST] =                   {"lost",                    "service_unavailable",     AI_AWAY,                                            503, true,  OUR_WAIT_S},
    [CQ_AGAIN] =                  {"again",                   "service_unavailable",     AI_AWAY,                                            503, true,  OUR_WAIT_S},
    [CQ_DUPLICATE] =              {"duplicate",               "internal_error",          "Something went wrong on our side.",                500, false, 0},
    [CQ_INTERNAL] =               {"internal",                "internal_error",          "Something went wrong on our side.",                500, false, 0},
};
// clang-format on

const struct cq_status_info *cq_status_info(enum cq_status st)
{
    unsigned i = (unsigned)st;

    return &infos[i < CQ_STATUS_COUNT ? i : CQ_INTERNAL];
}

enum cq_status cq_fail(struct cq_ctx *ctx, enum cq_status st, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(ctx->error, sizeof(ctx->error), fmt, ap);
    va_end(ap);
    return st;
}
