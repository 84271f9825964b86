/* What anthropic is sent: a conversation as messages of blocks, in which user and assistant take turns. */
#include "llm/anthropic.h"

/* What is being asked, and how. */
struct asking {
    const struct llm_model *model;
    const struct llm_ask *ask;
    uint32_t thinking_tokens; /* 0: thinking is off */
    struct json_out json;
};

/* ---- what the model is like ---- */

/*
 * What refuses sampling is a newer model (after Claude Opus 4.6): it refuses a budget for its thoughts and, in the end,
 * being made to call a tool as well. It knows levels and formats instead, which older ones do not.
 */
static bool is_newer(const struct llm_model *model)
{
    return !(model->abilities & LLM_CAN_BE_DRAWN);
}

/* An older model that is made to call one tool may not think first, nor where it has called one without. */
static uint32_t thinking_tokens(const struct llm_model *model, const struct llm_ask *ask)
{
    if (!is_newer(model) && (llm_follows_schema(model, ask) || !llm_calls_are_thought_out(ask)))
        return 0;
    return llm_reasoning_tokens(model, ask);
}

/* ---- blocks ---- */

static bool is_plain_text(const char *media_type)
{
    return str_starts(media_type, "text/");
}

/* Blank texts are refused, as are thoughts without a signature, and documents of other types. */
static bool is_sent(const struct asking *asking, const struct llm_part *part)
{
    if (!llm_takes_part(asking->model, part))
        return false;
    switch (part->kind) {
    case LLM_TEXT:
        return !utf8_blank(part->text, strlen(part->text));
    case LLM_REASONING:
        return asking->thinking_tokens && part->signature && *part->signature;
    case LLM_DOCUMENT:
        return is_plain_text(part->media_type) || str_eq(part->media_type, "application/pdf");
    default:
        return true;
    }
}

/* Thoughts begin the assistant's turn, and results the user's. */
static bool comes_first(enum llm_part_kind kind)
{
    return kind == LLM_REASONING || kind == LLM_TOOL_RESULT;
}

static void write_member(struct json_out *out, const char *key, const char *text)
{
    json_key(out, key);
    json_text(out, text);
}

static void write_base64_source(struct json_out *out, const struct llm_part *part)
{
    json_key(out, "source");
    json_open_object(out);
    write_member(out, "type", "base64");
    write_member(out, "media_type", part->media_type);
    json_key(out, "data");
    json_base64(out, part->data, part->len);
    json_close_object(out);
}

static void write_text_source(struct json_out *out, const struct llm_part *part)
{
    json_key(out, "source");
    json_open_object(out);
    write_member(out, "type", "text");
    write_member(out, "media_type", "text/plain");
    json_key(out, "data");
    json_text_n(out, part->data, part->len);
    json_close_object(out);
}

static void write_document(struct json_out *out, const struct llm_part *part)
{
    write_member(out, "type", "document");
    if (is_plain_text(part->media_type))
        write_text_source(out, part);
    else
        write_base64_source(out, part);
    if (part->name && *part->name)
        write_member(out, "title", part->name);
}

static void write_tool_call(struct json_out *out, const struct llm_part *part)
{
    write_member(out, "type", "tool_use");
    write_member(out, "id", part->id);
    write_member(out, "name", part->name);
    json_key(out, "input");
    json_raw(out, part->text && *part->text ? part->text : "{}");
}

static void write_tool_result(struct json_out *out, const struct llm_part *part)
{
    write_member(out, "type", "tool_result");
    write_member(out, "tool_use_id", part->id);
    write_member(out, "content", part->text);
    if (!part->is_error)
        return;
    json_key(out, "is_error");
    json_boolean(out, true);
}

static void write_block(struct json_out *out, const struct llm_part *part)
{
    json_open_object(out);
    switch (part->kind) {
    case LLM_TEXT:
        write_member(out, "type", "text");
        write_member(out, "text", part->text);
        break;
    case LLM_IMAGE:
        write_member(out, "type", "image");
        write_base64_source(out, part);
        break;
    case LLM_DOCUMENT:
        write_document(out, part);
        break;
    case LLM_REASONING:
        write_member(out, "type", "thinking");
        write_member(out, "thinking", part->text);
        write_member(out, "signature", part->signature);
        break;
    case LLM_TOOL_CALL:
        write_tool_call(out, part);
        break;
    case LLM_TOOL_RESULT:
        write_tool_result(out, part);
        break;
    }
    json_close_object(out);
}

/* ---- messages ---- */

static bool has_content(const struct asking *asking, const struct llm_message *message)
{
    for (size_t i = 0; i < llm_n_parts(message); i++) {
        const struct llm_part part = llm_part_at(message, i);

        if (is_sent(asking, &part))
            return true;
    }
    return false;
}

static void write_blocks(struct asking *asking, const struct llm_message *message, bool first)
{
    for (size_t i = 0; i < llm_n_parts(message); i++) {
        const struct llm_part part = llm_part_at(message, i);

        if (comes_first(part.kind) == first && is_sent(asking, &part))
            write_block(&asking->json, &part);
    }
}

static void open_turn(struct json_out *out, const char *role)
{
    json_open_object(out);
    write_member(out, "role", role);
    json_key(out, "content");
    json_open_array(out);
}

static void close_turn(struct json_out *out)
{
    json_close_array(out);
    json_close_object(out);
}

/* Where the turn ends that begins there: messages of one role are one, and those without content are none. */
static size_t turn_end(const struct asking *asking, size_t begin)
{
    const struct llm_ask *ask = asking->ask;
    size_t i = begin + 1;

    while (i < ask->n_messages &&
           (ask->messages[i].role == ask->messages[begin].role || !has_content(asking, &ask->messages[i])))
        i++;
    return i;
}

static void write_turn(struct asking *asking, size_t begin, size_t end)
{
    const struct llm_message *messages = asking->ask->messages;

    open_turn(&asking->json, messages[begin].role == LLM_USER ? "user" : "assistant");
    for (size_t i = begin; i < end; i++)
        write_blocks(asking, &messages[i], true);
    for (size_t i = begin; i < end; i++)
        write_blocks(asking, &messages[i], false);
    close_turn(&asking->json);
}

/* The user has the first word: what was said before it is not among the messages. */
static void write_opening(struct json_out *out)
{
    const struct llm_part part = {.kind = LLM_TEXT, .text = "…"};

    open_turn(out, "user");
    write_block(out, &part);
    close_turn(out);
}

static void write_messages(struct asking *asking)
{
    const struct llm_ask *ask = asking->ask;
    size_t i = 0;

    json_key(&asking->json, "messages");
    json_open_array(&asking->json);
    while (i < ask->n_messages && !has_content(asking, &ask->messages[i]))
        i++;
    if (i == ask->n_messages || ask->messages[i].role != LLM_USER)
        write_opening(&asking->json);
    for (size_t end; i < ask->n_messages; i = end) {
        end = turn_end(asking, i);
        write_turn(asking, i, end);
    }
    json_close_array(&asking->json);
}

/* ---- what the answer is to be ---- */

static void write_tool(struct json_out *out, const struct llm_tool *tool)
{
    json_open_object(out);
    write_member(out, "name", tool->name);
    write_member(out, "description", tool->description);
    json_key(out, "input_schema");
    json_raw(out, tool->schema);
    json_close_object(out);
}

static void write_tools(struct json_out *out, const struct llm_tool *tools, size_t n)
{
    json_key(out, "tools");
    json_open_array(out);
    for (size_t i = 0; i < n; i++)
        write_tool(out, &tools[i]);
    json_close_array(out);
}

/* A structured answer of an older model is the input of a tool that there is no way around. */
static void write_answer_tool(struct json_out *out, const struct llm_ask *ask)
{
    const struct llm_tool tool = {llm_schema_name(ask), "Takes the whole answer.", ask->schema};

    write_tools(out, &tool, 1);
    json_key(out, "tool_choice");
    json_open_object(out);
    write_member(out, "type", "tool");
    write_member(out, "name", tool.name);
    json_close_object(out);
}

static void write_thinking(struct asking *asking)
{
    struct json_out *out = &asking->json;

    json_key(out, "thinking");
    json_open_object(out);
    if (is_newer(asking->model)) {
        write_member(out, "type", "adaptive");
        write_member(out, "display", "summarized");
    } else {
        write_member(out, "type", "enabled");
        json_key(out, "budget_tokens");
        json_u64(out, asking->thinking_tokens);
    }
    json_close_object(out);
}

/* The schema, with the answer's name for a title: there is no other place for it. */
static void write_schema(struct json_out *out, const struct llm_ask *ask)
{
    const char *members = str_starts(ask->schema, "{") ? ask->schema + 1 : "}";

    json_open_object(out);
    write_member(out, "title", llm_schema_name(ask));
    if (*members == '}')
        json_close_object(out);
    else
        json_raw(out, members); /* with the bracket that ends them */
}

static void write_format(struct json_out *out, const struct llm_ask *ask)
{
    json_key(out, "format");
    json_open_object(out);
    write_member(out, "type", "json_schema");
    json_key(out, "schema");
    write_schema(out, ask);
    json_close_object(out);
}

/* How much a newer model is to think, and what its answer is to look like. */
static void write_output_config(struct asking *asking)
{
    struct json_out *out = &asking->json;
    bool follows = llm_follows_schema(asking->model, asking->ask);

    if (!is_newer(asking->model) || (!follows && !asking->thinking_tokens))
        return;
    json_key(out, "output_config");
    json_open_object(out);
    if (asking->thinking_tokens)
        write_member(out, "effort", llm_reasoning_level(asking->model, asking->ask));
    if (follows)
        write_format(out, asking->ask);
    json_close_object(out);
}

/* Some models take temperature or top_p, but not both. */
static void write_draw(struct json_out *out, const struct llm_sampling *sampling)
{
    if (sampling->temperature >= 0) {
        json_key(out, "temperature");
        json_number(out, sampling->temperature);
    } else if (sampling->top_p >= 0) {
        json_key(out, "top_p");
        json_number(out, sampling->top_p);
    }
    if (sampling->top_k > 0) {
        json_key(out, "top_k");
        json_int(out, sampling->top_k);
    }
}

/* Blank ones are refused. */
static void write_stop_sequences(struct json_out *out, const struct llm_sampling *sampling)
{
    if (!sampling->n_stop_sequences)
        return;
    json_key(out, "stop_sequences");
    json_open_array(out);
    for (size_t i = 0; i < sampling->n_stop_sequences; i++)
        if (!utf8_blank(sampling->stop_sequences[i], strlen(sampling->stop_sequences[i])))
            json_text(out, sampling->stop_sequences[i]);
    json_close_array(out);
}

/* ---- the request ---- */

static void write_system(struct json_out *out, const struct llm_model *model, const struct llm_ask *ask)
{
    struct buf system;

    buf_init(&system, LLM_REQUEST_MAX_BYTES);
    llm_put_system(&system, model, ask);
    if (!utf8_blank(system.data, system.len)) {
        json_key(out, "system");
        json_text_n(out, system.data, system.len);
    }
    out->buf->failed |= system.failed;
    buf_release(&system);
}

static void write_body(struct asking *asking)
{
    const struct llm_model *model = asking->model;
    const struct llm_ask *ask = asking->ask;
    struct json_out *out = &asking->json;

    json_open_object(out);
    write_member(out, "model", model->config->id);
    json_key(out, "max_tokens");
    json_u64(out, llm_max_tokens(model, ask) + asking->thinking_tokens);
    json_key(out, "stream");
    json_boolean(out, true);
    write_system(out, model, ask);
    write_messages(asking);
    if (llm_follows_schema(model, ask) && !is_newer(model))
        write_answer_tool(out, ask);
    else if (ask->n_tools && model->abilities & LLM_CAN_CALL)
        write_tools(out, ask->tools, ask->n_tools);
    write_output_config(asking);
    if (asking->thinking_tokens)
        write_thinking(asking);
    else if (ask->sampling && model->abilities & LLM_CAN_BE_DRAWN)
        write_draw(out, ask->sampling);
    if (ask->sampling)
        write_stop_sequences(out, ask->sampling);
    json_close_object(out);
}

enum cq_status anthropic_request(const struct llm_model *model, const struct llm_ask *ask, struct llm_request *out)
{
    struct asking asking = {.model = model, .ask = ask, .thinking_tokens = thinking_tokens(model, ask)};
    const char *key = model->config->api_key;

    llm_request_base(out, model, "https://api.anthropic.com");
    buf_str(&out->url, "/v1/messages");
    json_out_init(&asking.json, &out->body);
    write_body(&asking);
    bool is_whole = llm_request_header(out, "Content-Type: application/json") &&
                    llm_request_header(out, "Accept: text/event-stream") &&
                    llm_request_header(out, "anthropic-version: 2023-06-01") &&
                    (!key || !*key || llm_request_header(out, "x-api-key: %s", key));
    return is_whole && !out->url.failed && !out->body.failed ? CQ_OK : CQ_INTERNAL;
}
