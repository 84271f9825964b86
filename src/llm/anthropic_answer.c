/*
 * What anthropic answers: events of a stream, whole answers, and errors in the place of either.
 *
 * Events and blocks that we do not know mean nothing, as the reference asks for. A thought that was made unreadable
 * (redacted_thinking) is one of them: there is nothing to show, and thoughts are not sent back beyond their turn.
 */
#include <json-c/json.h>

#include "llm/anthropic.h"

/* ---- the words ---- */

static enum llm_stop stop_parse(const char *reason)
{
    static const struct {
        const char *reason;
        enum llm_stop stop;
    } rows[] = {
        // clang-format off
        {"max_tokens",                    LLM_STOP_LENGTH},
        {"model_context_window_exceeded", LLM_STOP_LENGTH},
        {"pause_turn",                    LLM_STOP_LENGTH}, /* there is more to come, if it is asked to go on */
        {"stop_sequence",                 LLM_STOP_SEQUENCE},
        {"tool_use",                      LLM_STOP_TOOL},
        {"refusal",                       LLM_STOP_FILTERED},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++)
        if (str_eq(rows[i].reason, reason))
            return rows[i].stop;
    return LLM_STOP_END;
}

/* Others, as api_error and overloaded_error, say that the server is not well. */
static enum cq_status error_meaning(struct json_object *answer)
{
    static const struct {
        const char *type;
        enum cq_status meaning;
    } rows[] = {
        // clang-format off
        {"rate_limit_error",      CQ_MODEL_RATE_LIMITED},
        {"timeout_error",         CQ_MODEL_TIMEOUT},
        {"invalid_request_error", CQ_MODEL_REFUSED},
        {"authentication_error",  CQ_MODEL_REFUSED},
        {"billing_error",         CQ_MODEL_REFUSED},
        {"permission_error",      CQ_MODEL_REFUSED},
        {"not_found_error",       CQ_MODEL_REFUSED},
        {"request_too_large",     CQ_MODEL_REFUSED},
        // clang-format on
    };
    const char *type = json_get_text(json_get(answer, "error"), "type", NULL);

    for (size_t i = 0; i < LEN(rows); i++)
        if (str_eq(rows[i].type, type))
            return rows[i].meaning;
    return CQ_MODEL_UNAVAILABLE;
}

/* Where a count is said again it is of all until then. */
static void read_usage(struct json_object *usage, struct llm_delta *out)
{
    out->usage = (struct llm_usage){.input = llm_count(usage, "input_tokens"),
                                    .output = llm_count(usage, "output_tokens"),
                                    .cache_read = llm_count(usage, "cache_read_input_tokens"),
                                    .cache_write = llm_count(usage, "cache_creation_input_tokens")};
}

static void read_stop(struct json_object *object, struct llm_delta *out)
{
    const char *reason = json_get_text(object, "stop_reason", NULL);

    if (!reason)
        return;
    out->stopped = true;
    out->stop = stop_parse(reason);
}

/* ---- blocks ---- */

static bool add_signature(struct cq_ctx *ctx, struct llm_delta *out, struct json_object *object)
{
    const char *signature = json_get_text(object, "signature", NULL);

    if (!signature || !*signature)
        return true;
    struct llm_piece *piece = llm_delta_add(ctx, out, LLM_REASONING);

    if (piece)
        piece->signature = signature;
    return piece != NULL;
}

/* A call begins; input: all of it that is there. */
static bool add_call(struct cq_ctx *ctx, struct llm_delta *out, struct json_object *block, size_t index,
                     struct json_object *input)
{
    const char *id = json_get_text(block, "id", NULL), *name = json_get_text(block, "name", NULL);

    if (!name || !*name)
        return true;
    struct llm_piece *piece = llm_delta_add(ctx, out, LLM_TOOL_CALL);

    if (!piece)
        return false;
    piece->index = index;
    piece->id = id ? id : "";
    piece->name = name;
    if (input) {
        piece->text = json_object_to_json_string_length(input, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
                                                        &piece->len);
        return piece->text != NULL;
    }
    return true;
}

/* In a stream a block begins with the input {}, which its pieces replace. */
static bool read_block(struct cq_ctx *ctx, struct json_object *block, size_t index, bool is_whole,
                       struct llm_delta *out)
{
    const char *type = json_get_text(block, "type", NULL);

    if (str_eq(type, "text"))
        return llm_delta_add_text(ctx, out, LLM_TEXT, block, "text");
    if (str_eq(type, "thinking"))
        return llm_delta_add_text(ctx, out, LLM_REASONING, block, "thinking") && add_signature(ctx, out, block);
    if (str_eq(type, "tool_use"))
        return add_call(ctx, out, block, index, is_whole ? json_get(block, "input") : NULL);
    return true;
}

static bool read_piece(struct cq_ctx *ctx, struct json_object *delta, size_t index, struct llm_delta *out)
{
    const char *type = json_get_text(delta, "type", NULL);
    struct llm_piece *before = out->last;

    if (str_eq(type, "text_delta"))
        return llm_delta_add_text(ctx, out, LLM_TEXT, delta, "text");
    if (str_eq(type, "thinking_delta"))
        return llm_delta_add_text(ctx, out, LLM_REASONING, delta, "thinking");
    if (str_eq(type, "signature_delta"))
        return add_signature(ctx, out, delta);
    if (!str_eq(type, "input_json_delta"))
        return true;
    if (!llm_delta_add_text(ctx, out, LLM_TOOL_CALL, delta, "partial_json"))
        return false;
    if (out->last != before)
        out->last->index = index;
    return true;
}

/* ---- events ---- */

static enum cq_status read_message_start(struct cq_ctx *ctx, struct json_object *object, struct llm_delta *out)
{
    (void)ctx;
    read_usage(json_get(json_get(object, "message"), "usage"), out);
    return CQ_OK;
}

static enum cq_status read_block_start(struct cq_ctx *ctx, struct json_object *object, struct llm_delta *out)
{
    struct json_object *block = json_get(object, "content_block");

    return read_block(ctx, block, (size_t)json_get_u64(object, "index"), false, out) ? CQ_OK : CQ_INTERNAL;
}

static enum cq_status read_block_delta(struct cq_ctx *ctx, struct json_object *object, struct llm_delta *out)
{
    struct json_object *delta = json_get(object, "delta");

    return read_piece(ctx, delta, (size_t)json_get_u64(object, "index"), out) ? CQ_OK : CQ_INTERNAL;
}

static enum cq_status read_message_delta(struct cq_ctx *ctx, struct json_object *object, struct llm_delta *out)
{
    (void)ctx;
    read_usage(json_get(object, "usage"), out);
    read_stop(json_get(object, "delta"), out);
    return CQ_OK;
}

static enum cq_status read_message_stop(struct cq_ctx *ctx, struct json_object *object, struct llm_delta *out)
{
    (void)ctx, (void)object;
    out->done = true;
    return CQ_OK;
}

static enum cq_status read_error(struct cq_ctx *ctx, struct json_object *object, struct llm_delta *out)
{
    (void)ctx, (void)out;
    return error_meaning(object);
}

enum cq_status anthropic_event(struct cq_ctx *ctx, const struct llm_event *event, struct llm_delta *out)
{
    static const struct {
        const char *name;
        enum cq_status (*read)(struct cq_ctx *ctx, struct json_object *object, struct llm_delta *out);
    } rows[] = {
        {"message_start", read_message_start},     {"content_block_start", read_block_start},
        {"content_block_delta", read_block_delta}, {"message_delta", read_message_delta},
        {"message_stop", read_message_stop},       {"error", read_error},
    };
    struct json_object *object = NULL;
    struct llm_delta delta = {0};
    size_t i = 0;

    while (i < LEN(rows) && !str_eq(rows[i].name, event->name))
        i++;
    if (i == LEN(rows))
        return CQ_OK;
    if (json_read_within(ctx, event->data, event->len, LLM_EVENT_MAX_VALUES, &object) ||
        !json_object_is_type(object, json_type_object))
        return CQ_MODEL_INVALID_RESPONSE;
    enum cq_status st = rows[i].read(ctx, object, &delta);
    if (!st)
        *out = delta;
    return st;
}

/* ---- a whole answer ---- */

enum cq_status anthropic_whole(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out)
{
    struct json_object *answer = NULL;
    struct llm_delta delta = {.done = true};

    if (json_read(ctx, body, len, &answer) || !json_object_is_type(answer, json_type_object))
        return CQ_MODEL_INVALID_RESPONSE;
    if (json_get(answer, "error"))
        return error_meaning(answer);
    struct json_object *content = json_get(answer, "content");

    if (!json_object_is_type(content, json_type_array))
        return CQ_MODEL_INVALID_RESPONSE;
    for (size_t i = 0; i < json_object_array_length(content); i++)
        if (!read_block(ctx, json_object_array_get_idx(content, i), i, true, &delta))
            return CQ_INTERNAL;
    read_usage(json_get(answer, "usage"), &delta);
    read_stop(answer, &delta);
    delta.stopped = true;
    *out = delta;
    return CQ_OK;
}
