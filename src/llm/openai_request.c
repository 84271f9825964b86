/* What openai is sent: a conversation, or texts to be made vectors of. */
#include "llm/openai.h"

enum { MAX_STOP_SEQUENCES = 4 }; /* more are refused */

/* ---- messages ---- */

static size_t count_parts(const struct llm_model *model, const struct llm_message *message, enum llm_part_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < llm_n_parts(message); i++) {
        const struct llm_part part = llm_part_at(message, i);

        n += part.kind == kind && llm_takes_part(model, &part);
    }
    return n;
}

/* All texts as one: many servers know no list of them. */
static void write_texts(struct json_out *out, const struct llm_message *message)
{
    struct buf texts;

    buf_init(&texts, LLM_REQUEST_MAX_BYTES);
    for (size_t i = 0; i < llm_n_parts(message); i++) {
        const struct llm_part part = llm_part_at(message, i);

        if (part.kind != LLM_TEXT)
            continue;
        buf_str(&texts, texts.len ? "\n\n" : "");
        buf_str(&texts, part.text);
    }
    json_text_n(out, texts.data, texts.len);
    out->buf->failed |= texts.failed;
    buf_release(&texts);
}

static void open_part(struct json_out *out, const char *type, const char *content)
{
    json_open_object(out);
    json_key(out, "type");
    json_text(out, type);
    json_key(out, content);
}

static void write_image(struct json_out *out, const struct llm_part *part)
{
    open_part(out, "image_url", "image_url");
    json_open_object(out);
    json_key(out, "url");
    json_data_url(out, part->media_type, part->data, part->len);
    json_close_object(out);
    json_close_object(out);
}

static void write_document(struct json_out *out, const struct llm_part *part)
{
    open_part(out, "file", "file");
    json_open_object(out);
    json_key(out, "filename");
    json_text(out, part->name ? part->name : "document");
    json_key(out, "file_data");
    json_data_url(out, part->media_type, part->data, part->len);
    json_close_object(out);
    json_close_object(out);
}

/* Texts, images and documents. */
static void write_parts(struct json_out *out, const struct llm_model *model, const struct llm_message *message)
{
    json_open_array(out);
    for (size_t i = 0; i < llm_n_parts(message); i++) {
        const struct llm_part part = llm_part_at(message, i);

        if (!llm_takes_part(model, &part))
            continue;
        if (part.kind == LLM_IMAGE) {
            write_image(out, &part);
        } else if (part.kind == LLM_DOCUMENT) {
            write_document(out, &part);
        } else if (part.kind == LLM_TEXT && *part.text) {
            open_part(out, "text", "text");
            json_text(out, part.text);
            json_close_object(out);
        }
    }
    json_close_array(out);
}

static void write_tool_calls(struct json_out *out, const struct llm_model *model, const struct llm_message *message)
{
    json_key(out, "tool_calls");
    json_open_array(out);
    for (size_t i = 0; i < llm_n_parts(message); i++) {
        const struct llm_part part = llm_part_at(message, i);

        if (part.kind != LLM_TOOL_CALL || !llm_takes_part(model, &part))
            continue;
        json_open_object(out);
        json_key(out, "id");
        json_text(out, part.id);
        json_key(out, "type");
        json_text(out, "function");
        json_key(out, "function");
        json_open_object(out);
        json_key(out, "name");
        json_text(out, part.name);
        json_key(out, "arguments");
        json_text(out, part.text);
        json_close_object(out);
        json_close_object(out);
    }
    json_close_array(out);
}

/* A result is a message of its own. */
static void write_tool_results(struct json_out *out, const struct llm_model *model, const struct llm_message *message)
{
    for (size_t i = 0; i < llm_n_parts(message); i++) {
        const struct llm_part part = llm_part_at(message, i);

        if (part.kind != LLM_TOOL_RESULT || !llm_takes_part(model, &part))
            continue;
        json_open_object(out);
        json_key(out, "role");
        json_text(out, "tool");
        json_key(out, "tool_call_id");
        json_text(out, part.id);
        json_key(out, "content");
        json_text(out, part.text);
        json_close_object(out);
    }
}

static void open_message(struct json_out *out, const char *role)
{
    json_open_object(out);
    json_key(out, "role");
    json_text(out, role);
    json_key(out, "content");
}

/* What was thought is not sent back: the protocol has no place for it. */
static void write_assistant(struct json_out *out, const struct llm_model *model, const struct llm_message *message)
{
    bool has_calls = count_parts(model, message, LLM_TOOL_CALL) > 0;

    open_message(out, "assistant");
    if (has_calls && !count_parts(model, message, LLM_TEXT))
        json_null(out);
    else
        write_texts(out, message);
    if (has_calls)
        write_tool_calls(out, model, message);
    json_close_object(out);
}

/* Results first: they have to follow the calls at once. */
static void write_user(struct json_out *out, const struct llm_model *model, const struct llm_message *message)
{
    bool has_files = count_parts(model, message, LLM_IMAGE) + count_parts(model, message, LLM_DOCUMENT) > 0;
    bool has_results = count_parts(model, message, LLM_TOOL_RESULT) > 0;

    write_tool_results(out, model, message);
    if (has_results && !has_files && !count_parts(model, message, LLM_TEXT))
        return;
    open_message(out, "user");
    if (has_files)
        write_parts(out, model, message);
    else
        write_texts(out, message);
    json_close_object(out);
}

static void write_system(struct json_out *out, const struct llm_model *model, const struct llm_ask *ask)
{
    struct buf system;

    buf_init(&system, LLM_REQUEST_MAX_BYTES);
    llm_put_system(&system, model, ask);
    if (system.len) {
        open_message(out, "system");
        json_text_n(out, system.data, system.len);
        json_close_object(out);
    }
    out->buf->failed |= system.failed;
    buf_release(&system);
}

static void write_messages(struct json_out *out, const struct llm_model *model, const struct llm_ask *ask)
{
    json_key(out, "messages");
    json_open_array(out);
    write_system(out, model, ask);
    for (size_t i = 0; i < ask->n_messages; i++)
        if (ask->messages[i].role == LLM_USER)
            write_user(out, model, &ask->messages[i]);
        else
            write_assistant(out, model, &ask->messages[i]);
    json_close_array(out);
}

/* ---- what the answer is to be ---- */

/* Structured output: the server keeps the model to the schema. */
static void write_format(struct json_out *out, const struct llm_ask *ask)
{
    json_key(out, "response_format");
    open_part(out, "json_schema", "json_schema");
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

static void write_tools(struct json_out *out, const struct llm_ask *ask)
{
    json_key(out, "tools");
    json_open_array(out);
    for (size_t i = 0; i < ask->n_tools; i++) {
        open_part(out, "function", "function");
        json_open_object(out);
        json_key(out, "name");
        json_text(out, ask->tools[i].name);
        json_key(out, "description");
        json_text(out, ask->tools[i].description);
        json_key(out, "parameters");
        json_raw(out, ask->tools[i].schema);
        json_close_object(out);
        json_close_object(out);
    }
    json_close_array(out);
}

static void write_share(struct json_out *out, const char *key, double value)
{
    if (value < 0)
        return;
    json_key(out, key);
    json_number(out, value);
}

/* top_k is not of this protocol. */
static void write_sampling(struct json_out *out, const struct llm_sampling *sampling)
{
    write_share(out, "temperature", sampling->temperature);
    write_share(out, "top_p", sampling->top_p);
    if (!sampling->n_stop_sequences)
        return;
    json_key(out, "stop");
    json_open_array(out);
    for (size_t i = 0; i < sampling->n_stop_sequences && i < MAX_STOP_SEQUENCES; i++)
        json_text(out, sampling->stop_sequences[i]);
    json_close_array(out);
}

/* A model that reasons counts its thoughts among what it may write, and takes no sampling. */
static void write_limits(struct json_out *out, const struct llm_model *model, const struct llm_ask *ask)
{
    uint32_t reasoning_tokens = llm_reasoning_tokens(model, ask);
    bool is_reasoner = model->abilities & LLM_CAN_REASON;

    json_key(out, is_reasoner ? "max_completion_tokens" : "max_tokens");
    json_u64(out, llm_max_tokens(model, ask) + reasoning_tokens);
    if (reasoning_tokens) {
        json_key(out, "reasoning_effort");
        json_text(out, llm_reasoning_level(model, ask));
    }
    if (!is_reasoner && model->abilities & LLM_CAN_BE_DRAWN && ask->sampling)
        write_sampling(out, ask->sampling);
}

/* ---- the request ---- */

static void write_conversation(struct json_out *out, const struct llm_model *model, const struct llm_ask *ask)
{
    write_messages(out, model, ask);
    json_key(out, "stream");
    json_boolean(out, true);
    json_key(out, "stream_options");
    json_open_object(out);
    json_key(out, "include_usage");
    json_boolean(out, true);
    json_close_object(out);
    if (ask->n_tools && model->abilities & LLM_CAN_CALL)
        write_tools(out, ask);
    if (llm_follows_schema(model, ask))
        write_format(out, ask);
    write_limits(out, model, ask);
}

static void write_embedding(struct json_out *out, const struct llm_ask *ask)
{
    json_key(out, "input");
    json_open_array(out);
    for (size_t i = 0; i < ask->n_texts; i++)
        json_text(out, ask->texts[i]);
    json_close_array(out);
    json_key(out, "encoding_format");
    json_text(out, "float");
}

static bool has(const char *setting)
{
    return setting && *setting;
}

/* api_version says that it is Azure, which takes the key in a header of its own. */
static bool add_headers(const struct config_model *config, const struct llm_ask *ask, struct llm_request *out)
{
    const char *key = has(config->api_version) ? "api-key: " : "Authorization: Bearer ";
    const char *accept = ask->task == LLM_EMBED ? "application/json" : "text/event-stream";

    return llm_request_header(out, "Content-Type: application/json") && llm_request_header(out, "Accept: %s", accept) &&
           (!has(config->api_key) || llm_request_header(out, "%s%s", key, config->api_key)) &&
           (!has(config->organization) || llm_request_header(out, "OpenAI-Organization: %s", config->organization));
}

enum cq_status openai_request(const struct llm_model *model, const struct llm_ask *ask, struct llm_request *out)
{
    struct json_out json;

    llm_request_base(out, model, "https://api.openai.com/v1");
    buf_str(&out->url, ask->task == LLM_EMBED ? "/embeddings" : "/chat/completions");
    if (has(model->config->api_version))
        buf_printf(&out->url, "?api-version=%s", model->config->api_version);
    json_out_init(&json, &out->body);
    json_open_object(&json);
    json_key(&json, "model");
    json_text(&json, model->config->id);
    if (ask->task == LLM_EMBED)
        write_embedding(&json, ask);
    else
        write_conversation(&json, model, ask);
    json_close_object(&json);
    bool is_whole = add_headers(model->config, ask, out) && !out->url.failed && !out->body.failed;
    return is_whole ? CQ_OK : CQ_INTERNAL;
}
