/* What openai answers: chunks of a stream, whole answers, vectors, and errors in the place of any of them. */
#include <json-c/json.h>

#include "llm/openai.h"

/* ---- errors ---- */

static enum cq_status number_meaning(uint64_t http_status)
{
    if (http_status == 408)
        return CQ_MODEL_TIMEOUT;
    if (http_status == 429)
        return CQ_MODEL_RATE_LIMITED;
    return http_status >= 400 && http_status < 500 ? CQ_MODEL_REFUSED : CQ_MODEL_UNAVAILABLE;
}

/* A code or a type. CQ_OK: it says nothing. */
static enum cq_status word_meaning(const char *word)
{
    static const struct {
        const char *word;
        enum cq_status meaning;
    } rows[] = {
        // clang-format off
        {"rate_limit_exceeded",      CQ_MODEL_RATE_LIMITED},
        {"rate_limit_error",         CQ_MODEL_RATE_LIMITED},
        {"insufficient_quota",       CQ_MODEL_RATE_LIMITED},
        {"content_filter",           CQ_CONTENT_FILTERED},
        {"content_policy_violation", CQ_CONTENT_FILTERED},
        {"timeout",                  CQ_MODEL_TIMEOUT},
        {"invalid_request_error",    CQ_MODEL_REFUSED},
        {"context_length_exceeded",  CQ_MODEL_REFUSED},
        // clang-format on
    };
    uint64_t number;

    if (!word)
        return CQ_OK;
    for (size_t i = 0; i < LEN(rows); i++)
        if (str_eq(rows[i].word, word))
            return rows[i].meaning;
    return parse_u64(word, strlen(word), 599, &number) ? number_meaning(number) : CQ_OK;
}

/* An error may be no more than a text. Its code says more than its type, and is a word or an HTTP status. */
static enum cq_status error_meaning(struct json_object *error)
{
    uint64_t number = json_get_u64(error, "code");
    enum cq_status st = number ? number_meaning(number) : word_meaning(json_get_text(error, "code", NULL));

    if (!st)
        st = word_meaning(json_get_text(error, "type", NULL));
    return st ? st : CQ_MODEL_UNAVAILABLE;
}

/* JSON that must be an object and no report of an error. */
static enum cq_status read_object(struct cq_ctx *ctx, const char *text, size_t len, size_t max_values,
                                  struct json_object **out)
{
    struct json_object *object = NULL;

    if (json_read_within(ctx, text, len, max_values, &object) || !json_object_is_type(object, json_type_object))
        return CQ_MODEL_INVALID_RESPONSE;
    if (json_get(object, "error"))
        return error_meaning(json_get(object, "error"));
    if (str_eq(json_get_text(object, "object", NULL), "error"))
        return error_meaning(object);
    *out = object;
    return CQ_OK;
}

enum cq_status openai_refusal(struct cq_ctx *ctx, long http_status, const char *body, size_t len)
{
    struct json_object *answer = NULL;

    if (http_status == 400 && !json_read(ctx, body, len, &answer) &&
        error_meaning(json_get(answer, "error")) == CQ_CONTENT_FILTERED)
        return CQ_CONTENT_FILTERED;
    return CQ_MODEL_REFUSED;
}

/* ---- what is said ---- */

/* Where a call begins its tool is named. Servers that do not count calls give each a place of its own. */
static bool read_tool_call(struct cq_ctx *ctx, struct json_object *call, size_t place, struct llm_delta *out)
{
    struct json_object *function = json_get(call, "function");
    const char *id = json_get_text(call, "id", NULL), *name = json_get_text(function, "name", NULL);
    size_t len = 0;
    const char *arguments = json_get_text(function, "arguments", &len);
    bool is_begin = name && *name;

    if (!is_begin && !len)
        return true;
    struct llm_piece *piece = llm_delta_add(ctx, out, LLM_TOOL_CALL);

    if (!piece)
        return false;
    piece->index = json_get(call, "index") ? (size_t)json_get_u64(call, "index") : place;
    piece->name = is_begin ? name : NULL;
    piece->id = id && *id ? id : is_begin ? "" : NULL;
    piece->text = arguments ? arguments : "";
    piece->len = len;
    return true;
}

static bool read_tool_calls(struct cq_ctx *ctx, struct json_object *calls, struct llm_delta *out)
{
    size_t n = json_object_is_type(calls, json_type_array) ? json_object_array_length(calls) : 0;

    for (size_t i = 0; i < n; i++)
        if (!read_tool_call(ctx, json_object_array_get_idx(calls, i), i, out))
            return false;
    return true;
}

/*
 * A message, or what is new of it. Reasoning goes by one name or the other, and by both while a server changes from one
 * to the other. A refusal is what the model says instead of an answer: people are to read it.
 */
static bool read_message(struct cq_ctx *ctx, struct json_object *message, struct llm_delta *out)
{
    size_t len = 0;
    bool is_old_name = json_get_text(message, "reasoning_content", &len) && len;

    return llm_delta_add_text(ctx, out, LLM_REASONING, message, is_old_name ? "reasoning_content" : "reasoning") &&
           llm_delta_add_text(ctx, out, LLM_TEXT, message, "content") &&
           llm_delta_add_text(ctx, out, LLM_TEXT, message, "refusal") &&
           read_tool_calls(ctx, json_get(message, "tool_calls"), out);
}

/* Only vLLM says which sequence has stopped it; for others that is an end like any other. */
static enum llm_stop stop_parse(const char *finish_reason, struct json_object *choice)
{
    static const struct {
        const char *reason;
        enum llm_stop stop;
    } rows[] = {{"length", LLM_STOP_LENGTH},
                {"content_filter", LLM_STOP_FILTERED},
                {"tool_calls", LLM_STOP_TOOL},
                {"function_call", LLM_STOP_TOOL}};

    for (size_t i = 0; i < LEN(rows); i++)
        if (str_eq(rows[i].reason, finish_reason))
            return rows[i].stop;
    return json_get_text(choice, "stop_reason", NULL) ? LLM_STOP_SEQUENCE : LLM_STOP_END;
}

/* What was read from the cache, and written to it, is counted with the prompt. */
static struct llm_usage read_usage(struct json_object *usage)
{
    struct json_object *details = json_get(usage, "prompt_tokens_details");
    uint32_t prompt = llm_count(usage, "prompt_tokens");
    struct llm_usage out = {.output = llm_count(usage, "completion_tokens"),
                            .cache_read = llm_count(details, "cached_tokens"),
                            .cache_write = llm_count(details, "cache_write_tokens")};
    uint64_t cached = (uint64_t)out.cache_read + out.cache_write;

    out.input = prompt > cached ? prompt - (uint32_t)cached : 0;
    return out;
}

/* An answer or a piece of one: part names what holds the message, "message" or "delta". */
static enum cq_status read_answer(struct cq_ctx *ctx, struct json_object *answer, const char *part,
                                  struct llm_delta *out)
{
    struct json_object *choices = json_get(answer, "choices");

    out->usage = read_usage(json_get(answer, "usage"));
    if (!json_object_is_type(choices, json_type_array) || !json_object_array_length(choices))
        return CQ_OK;
    struct json_object *choice = json_object_array_get_idx(choices, 0);
    const char *finish_reason = json_get_text(choice, "finish_reason", NULL);

    if (str_eq(finish_reason, "error"))
        return CQ_MODEL_UNAVAILABLE;
    out->stopped = finish_reason && *finish_reason;
    if (out->stopped)
        out->stop = stop_parse(finish_reason, choice);
    return read_message(ctx, json_get(choice, part), out) ? CQ_OK : CQ_INTERNAL;
}

enum cq_status openai_event(struct cq_ctx *ctx, const struct llm_event *event, struct llm_delta *out)
{
    struct json_object *chunk;
    struct llm_delta delta = {0};

    if (event->len == 0)
        return CQ_OK;
    if (str_eq(event->data, "[DONE]")) {
        out->done = true;
        return CQ_OK;
    }
    enum cq_status st = read_object(ctx, event->data, event->len, LLM_EVENT_MAX_VALUES, &chunk);
    if (!st)
        st = read_answer(ctx, chunk, "delta", &delta);
    if (!st)
        *out = delta;
    return st;
}

enum cq_status openai_whole(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out)
{
    struct json_object *answer;
    struct llm_delta delta = {.done = true};

    enum cq_status st = read_object(ctx, body, len, JSON_MAX_VALUES, &answer);
    if (!st && !json_get(answer, "choices"))
        st = CQ_MODEL_INVALID_RESPONSE;
    if (!st)
        st = read_answer(ctx, answer, "message", &delta);
    if (st)
        return st;
    delta.stopped = true;
    *out = delta;
    return CQ_OK;
}

/* ---- vectors ---- */

/* Each to the place that its index says; none may be missing. */
static enum cq_status read_vectors(struct cq_ctx *ctx, struct json_object *data, size_t n, struct llm_delta *out)
{
    struct json_object *first = json_get(json_object_array_get_idx(data, 0), "embedding");
    size_t n_dimensions = json_object_is_type(first, json_type_array) ? json_object_array_length(first) : 0;
    bool has[OPENAI_MAX_TEXTS] = {false};
    float *vectors = arena_zalloc(ctx->arena, n * n_dimensions, sizeof(*vectors));

    if (!vectors)
        return CQ_INTERNAL;
    for (size_t i = 0; i < n; i++) {
        struct json_object *row = json_object_array_get_idx(data, i);
        uint64_t index = json_get_u64(row, "index");

        if (index >= n || has[index])
            return CQ_MODEL_INVALID_RESPONSE;
        float *at = vectors + index * n_dimensions;

        if (!llm_read_vector(json_get(row, "embedding"), &at, &n_dimensions))
            return CQ_MODEL_INVALID_RESPONSE;
        has[index] = true;
    }
    out->vectors = vectors;
    out->n_vectors = n;
    out->n_dimensions = n_dimensions;
    return CQ_OK;
}

enum cq_status openai_vectors(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out)
{
    struct json_object *answer;
    struct llm_delta delta = {.stopped = true, .done = true};

    enum cq_status st = read_object(ctx, body, len, JSON_MAX_VALUES, &answer);
    if (st)
        return st;
    struct json_object *data = json_get(answer, "data");
    size_t n = json_object_is_type(data, json_type_array) ? json_object_array_length(data) : 0;

    if (!n || n > OPENAI_MAX_TEXTS)
        return CQ_MODEL_INVALID_RESPONSE;
    st = read_vectors(ctx, data, n, &delta);
    delta.usage.input = llm_count(json_get(answer, "usage"), "prompt_tokens");
    if (!st)
        *out = delta;
    return st;
}
