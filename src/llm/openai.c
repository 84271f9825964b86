/*
 * Provider openai: any server of the Chat Completions protocol.
 *
 * A stream is always asked for; a server that answers with one JSON body instead is understood too. Source: OpenAI
 * API reference, "Create chat completion" and "The chat completion chunk object"; guide "Structured outputs"; Azure adds the error code
 * content_filter.
 */
#include <json-c/json.h>
#include <string.h>

#include "llm/provider.h"

static const char DEFAULT_BASE_URL[] = "https://api.openai.com/v1";

static bool config_valid(const struct config_model *config, const char *section, struct buf *problems)
{
    const char *base = config->base_url ? config->base_url : DEFAULT_BASE_URL;
    bool is_valid = llm_base_url_valid(base, config->allow_http, section, problems);

    is_valid &= llm_id_valid(config, section, problems);
    return llm_token_valid(config->api_key, section, "api_key", problems) && is_valid;
}

/* ---- the request ---- */

static void write_message(struct json_out *out, const char *role, const char *text)
{
    json_open_object(out);
    json_key(out, "role");
    json_text(out, role);
    json_key(out, "content");
    json_text(out, text);
    json_close_object(out);
}

static void write_messages(struct json_out *out, const struct llm_ask *ask)
{
    json_open_array(out);
    if (ask->system)
        write_message(out, "system", ask->system);
    for (size_t i = 0; i < ask->n_messages; i++)
        write_message(out, ask->messages[i].role == LLM_USER ? "user" : "assistant", ask->messages[i].text);
    json_close_array(out);
}

/* Structured output: the server keeps the model to the schema. */
static void write_format(struct json_out *out, const struct llm_ask *ask)
{
    json_key(out, "response_format");
    json_open_object(out);
    json_key(out, "type");
    json_text(out, "json_schema");
    json_key(out, "json_schema");
    json_open_object(out);
    json_key(out, "name");
    json_text(out, llm_schema_name(ask));
    json_key(out, "strict");
    json_boolean(out, true);
    json_key(out, "schema");
    json_raw(out, ask->schema);
    json_close_object(out);
    json_close_object(out);
}

static void write_body(const struct llm_model *model, const struct llm_ask *ask, struct buf *body)
{
    struct json_out out;

    json_out_init(&out, body);
    json_open_object(&out);
    json_key(&out, "model");
    json_text(&out, model->config->id);
    json_key(&out, "messages");
    write_messages(&out, ask);
    json_key(&out, "stream");
    json_boolean(&out, true);
    json_key(&out, "stream_options");
    json_open_object(&out);
    json_key(&out, "include_usage");
    json_boolean(&out, true);
    json_close_object(&out);
    if (ask->schema)
        write_format(&out, ask);
    json_key(&out, "max_tokens");
    json_u64(&out, llm_max_tokens(model, ask));
    json_close_object(&out);
}

static enum cq_status request(const struct llm_model *model, const struct llm_ask *ask, struct llm_request *out)
{
    const char *key = model->config->api_key;

    llm_request_base(out, model, DEFAULT_BASE_URL);
    buf_str(&out->url, "/chat/completions");
    write_body(model, ask, &out->body);
    bool complete = llm_request_header(out, "Content-Type: application/json") &&
                    llm_request_header(out, "Accept: text/event-stream") &&
                    (!key || !*key || llm_request_header(out, "Authorization: Bearer %s", key));
    return complete && !out->url.failed && !out->body.failed ? CQ_OK : CQ_INTERNAL;
}

/* ---- the answer ---- */

static enum llm_stop stop_parse(const char *finish_reason)
{
    if (str_eq(finish_reason, "length"))
        return LLM_STOP_LENGTH;
    return str_eq(finish_reason, "content_filter") ? LLM_STOP_FILTERED : LLM_STOP_END;
}

/* An answer or a piece of one: part names what holds the content, "message" or "delta". False: memory. */
static bool read_answer(struct cq_ctx *ctx, struct json_object *answer, const char *part, struct llm_delta *out)
{
    struct json_object *choices = json_get(answer, "choices"), *usage = json_get(answer, "usage");

    out->usage.input = llm_count(usage, "prompt_tokens");
    out->usage.output = llm_count(usage, "completion_tokens");
    if (!json_object_is_type(choices, json_type_array) || !json_object_array_length(choices))
        return true;
    struct json_object *choice = json_object_array_get_idx(choices, 0);
    const char *finish_reason = json_get_text(choice, "finish_reason", NULL);

    out->stopped = finish_reason && *finish_reason;
    out->stop = stop_parse(finish_reason);
    return llm_delta_add_text(ctx, out, LLM_TEXT, json_get(choice, part), "content");
}

/* JSON that must be an object and no report of an error. */
static enum cq_status read_object(struct cq_ctx *ctx, const char *text, size_t len, struct json_object **out)
{
    struct json_object *object = NULL;

    if (json_read(ctx, text, len, &object) || !json_object_is_type(object, json_type_object))
        return CQ_MODEL_INVALID_RESPONSE;
    if (json_get(object, "error"))
        return CQ_MODEL_UNAVAILABLE;
    *out = object;
    return CQ_OK;
}

static enum cq_status event(struct cq_ctx *ctx, const struct llm_event *event, struct llm_delta *out)
{
    struct json_object *chunk;
    struct llm_delta delta = {0};

    if (event->len == 0)
        return CQ_OK;
    if (str_eq(event->data, "[DONE]")) {
        out->done = true;
        return CQ_OK;
    }
    enum cq_status st = read_object(ctx, event->data, event->len, &chunk);
    if (st)
        return st;
    if (!read_answer(ctx, chunk, "delta", &delta))
        return CQ_INTERNAL;
    *out = delta;
    return CQ_OK;
}

static enum cq_status whole(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out)
{
    struct json_object *answer;
    struct llm_delta delta = {0};

    enum cq_status st = read_object(ctx, body, len, &answer);
    if (st)
        return st;
    if (!json_get(answer, "choices"))
        return CQ_MODEL_INVALID_RESPONSE;
    if (!read_answer(ctx, answer, "message", &delta))
        return CQ_INTERNAL;
    delta.stopped = true;
    delta.done = true;
    *out = delta;
    return CQ_OK;
}

static enum cq_status refusal(struct cq_ctx *ctx, long http_status, const char *body, size_t len)
{
    struct json_object *answer = NULL;

    if (http_status == 400 && !json_read(ctx, body, len, &answer) &&
        str_eq(json_get_text(json_get(answer, "error"), "code", NULL), "content_filter"))
        return CQ_CONTENT_FILTERED;
    return CQ_MODEL_REFUSED;
}

const struct llm_provider llm_provider_openai = {
    .name = "openai",
    .abilities = LLM_CAN_SEE | LLM_CAN_CALL | LLM_CAN_FOLLOW | LLM_CAN_BE_DRAWN,
    .config_valid = config_valid,
    .request = request,
    .event = event,
    .whole = whole,
    .refusal = refusal,
};
