/*
 * Provider bedrock: the body of Converse and ConverseStream.
 *
 * Source: Amazon Bedrock API reference, "ConverseStream", "Message", "ContentBlock", "DocumentBlock"; user guide,
 * "Using the Converse API" and, of Claude, "Extended thinking".
 */
#include <string.h>

#include "llm/bedrock.h"

enum {
    NAMES_MAX_BYTES = 256 << 10,
};

/* Says nothing in any language: where the API wants a text and there is none. */
static const char NO_WORDS[] = "\u2026";

struct writer {
    struct json_out out;
    const struct llm_model *model;
    const struct llm_ask *ask;
    uint32_t thinking_tokens; /* 0: thinking is off */
    struct buf names;         /* of documents so far */
    bool is_begun;            /* a message has been */
    bool is_open;             /* one is, of this role: */
    enum llm_role role;
    bool has_text, has_document; /* in it */
};

/* ---- what the model is like ---- */

/* An id that names no maker is that of a profile or a throughput of one's own. */
static bool is_claude(const struct llm_model *model)
{
    const char *id = model->config->id;

    return strstr(id, "anthropic.") || (str_starts(id, "arn:") && !strchr(id, '.'));
}

static bool has_tools(const struct llm_model *model, const struct llm_ask *ask)
{
    return llm_follows_schema(model, ask) || (ask->n_tools && model->abilities & LLM_CAN_CALL);
}

/* Claude thinks when told to, and never when it is made to call a tool; other models as they like. 0: it does not. */
static uint32_t thinking_tokens(const struct llm_model *model, const struct llm_ask *ask)
{
    if (!is_claude(model) || llm_follows_schema(model, ask) || !llm_calls_are_thought_out(ask))
        return 0;
    return llm_reasoning_tokens(model, ask);
}

/* ---- blocks ---- */

static void write_text_member(struct json_out *out, const char *key, const char *text)
{
    json_key(out, key);
    json_text(out, text);
}

/* {"text": …} */
static void write_text(struct json_out *out, const char *text)
{
    json_open_object(out);
    write_text_member(out, "text", text);
    json_close_object(out);
}

static bool is_blank(const char *text)
{
    return !text || utf8_blank(text, strlen(text));
}

/* {"image": …} or {"document": …} */
static void write_file(struct writer *w, const struct llm_part *part)
{
    char name[BEDROCK_NAME_BYTES + 1];

    json_key(&w->out, part->kind == LLM_IMAGE ? "image" : "document");
    json_open_object(&w->out);
    write_text_member(&w->out, "format", bedrock_format(part));
    if (part->kind == LLM_DOCUMENT) {
        bedrock_document_name(&w->names, part->name, name);
        write_text_member(&w->out, "name", name);
        w->has_document = true;
    }
    json_key(&w->out, "source");
    json_open_object(&w->out);
    json_key(&w->out, "bytes");
    json_base64(&w->out, part->data, part->len);
    json_close_object(&w->out);
    json_close_object(&w->out);
}

static void write_tool_call(struct json_out *out, const struct llm_part *part)
{
    json_key(out, "toolUse");
    json_open_object(out);
    write_text_member(out, "toolUseId", part->id);
    write_text_member(out, "name", part->name);
    json_key(out, "input");
    json_raw(out, part->text && *part->text ? part->text : "{}");
    json_close_object(out);
}

static void write_tool_result(struct json_out *out, const struct llm_part *part)
{
    json_key(out, "toolResult");
    json_open_object(out);
    write_text_member(out, "toolUseId", part->id);
    json_key(out, "content");
    json_open_array(out);
    if (!is_blank(part->text))
        write_text(out, part->text);
    json_close_array(out);
    if (part->is_error)
        write_text_member(out, "status", "error");
    json_close_object(out);
}

static void write_reasoning(struct json_out *out, const struct llm_part *part)
{
    json_key(out, "reasoningContent");
    json_open_object(out);
    json_key(out, "reasoningText");
    json_open_object(out);
    write_text_member(out, "text", part->text);
    write_text_member(out, "signature", part->signature);
    json_close_object(out);
    json_close_object(out);
}

/* Files are the user's only; thoughts are sent back where there are new ones to come, and with proof of their origin. */
static bool is_taken(const struct writer *w, enum llm_role role, const struct llm_part *part)
{
    if (!llm_takes_part(w->model, part))
        return false;
    switch (part->kind) {
    case LLM_TEXT:
        return !is_blank(part->text);
    case LLM_IMAGE:
    case LLM_DOCUMENT:
        return role == LLM_USER && bedrock_format(part);
    case LLM_REASONING:
        return w->thinking_tokens && part->signature && *part->signature;
    case LLM_TOOL_CALL:
    case LLM_TOOL_RESULT:
        return has_tools(w->model, w->ask);
    }
    return false;
}

/* ---- messages ---- */

static void close_message(struct writer *w)
{
    if (!w->is_open)
        return;
    if (w->has_document && !w->has_text)
        write_text(&w->out, NO_WORDS);
    json_close_array(&w->out);
    json_close_object(&w->out);
    w->is_open = w->has_text = w->has_document = false;
}

static void open_message(struct writer *w, enum llm_role role)
{
    json_open_object(&w->out);
    write_text_member(&w->out, "role", role == LLM_USER ? "user" : "assistant");
    json_key(&w->out, "content");
    json_open_array(&w->out);
    w->is_begun = w->is_open = true;
    w->role = role;
}

/* The next block is of this role: in the message that is open, or in a new one. The user has the first word. */
static void turn_to(struct writer *w, enum llm_role role)
{
    if (w->is_open && w->role == role)
        return;
    close_message(w);
    if (!w->is_begun && role == LLM_ASSISTANT) {
        open_message(w, LLM_USER);
        write_text(&w->out, NO_WORDS);
        close_message(w);
    }
    open_message(w, role);
}

static void write_part(struct writer *w, const struct llm_part *part)
{
    if (part->kind == LLM_TEXT) {
        write_text(&w->out, part->text);
        w->has_text = true;
        return;
    }
    json_open_object(&w->out);
    if (part->kind == LLM_TOOL_CALL)
        write_tool_call(&w->out, part);
    else if (part->kind == LLM_TOOL_RESULT)
        write_tool_result(&w->out, part);
    else if (part->kind == LLM_REASONING)
        write_reasoning(&w->out, part);
    else
        write_file(w, part);
    json_close_object(&w->out);
}

/* Thoughts and results stand before what is said, whatever order they come in: the API takes them nowhere else. */
static bool is_leading(const struct llm_part *part)
{
    return part->kind == LLM_REASONING || part->kind == LLM_TOOL_RESULT;
}

static void write_parts(struct writer *w, const struct llm_message *message, bool leading)
{
    for (size_t i = 0; i < message->n_parts; i++) {
        const struct llm_part *part = &message->parts[i];

        if (is_leading(part) != leading || !is_taken(w, message->role, part))
            continue;
        turn_to(w, message->role);
        write_part(w, part);
    }
}

static void write_message(struct writer *w, const struct llm_message *message)
{
    const struct llm_part text = {.kind = LLM_TEXT, .text = message->text};

    write_parts(w, message, true);
    write_parts(w, &(struct llm_message){.role = message->role, .parts = &text, .n_parts = 1}, false);
    write_parts(w, message, false);
}

static void write_messages(struct writer *w)
{
    json_key(&w->out, "messages");
    json_open_array(&w->out);
    for (size_t i = 0; i < w->ask->n_messages; i++)
        write_message(w, &w->ask->messages[i]);
    close_message(w);
    json_close_array(&w->out);
}

/* ---- the rest ---- */

static void write_stop_sequences(struct json_out *out, const struct llm_sampling *sampling)
{
    if (!sampling->n_stop_sequences)
        return;
    json_key(out, "stopSequences");
    json_open_array(out);
    for (size_t i = 0; i < sampling->n_stop_sequences; i++)
        json_text(out, sampling->stop_sequences[i]);
    json_close_array(out);
}

static void write_number(struct json_out *out, const char *key, double value)
{
    if (value < 0)
        return;
    json_key(out, key);
    json_number(out, value);
}

/* NULL: as the model does by itself. */
static const struct llm_sampling *sampling_of(const struct writer *w)
{
    return w->model->abilities & LLM_CAN_BE_DRAWN ? w->ask->sampling : NULL;
}

/* What Claude thinks is among its tokens, and is drawn as it likes. */
static void write_inference(struct writer *w)
{
    const struct llm_sampling *sampling = sampling_of(w);

    json_key(&w->out, "inferenceConfig");
    json_open_object(&w->out);
    json_key(&w->out, "maxTokens");
    json_u64(&w->out, (uint64_t)llm_max_tokens(w->model, w->ask) + w->thinking_tokens);
    if (sampling && !w->thinking_tokens) {
        write_number(&w->out, "temperature", sampling->temperature);
        write_number(&w->out, "topP", sampling->top_p);
    }
    if (sampling)
        write_stop_sequences(&w->out, sampling);
    json_close_object(&w->out);
}

static void write_thinking(struct writer *w)
{
    json_key(&w->out, "thinking");
    json_open_object(&w->out);
    write_text_member(&w->out, "type", "enabled");
    json_key(&w->out, "budget_tokens");
    json_u64(&w->out, w->thinking_tokens);
    json_close_object(&w->out);
}

/* Nova has the number in a place of its own. */
static void write_top_k(struct writer *w, int top_k)
{
    bool is_nova = strstr(w->model->config->id, "amazon.nova") != NULL;

    if (is_nova) {
        json_key(&w->out, "inferenceConfig");
        json_open_object(&w->out);
    }
    json_key(&w->out, is_nova ? "topK" : "top_k");
    json_int(&w->out, top_k);
    if (is_nova)
        json_close_object(&w->out);
}

/* What Converse itself has no member for is passed on to the model in its own words. */
static void write_additional(struct writer *w)
{
    const struct llm_sampling *sampling = sampling_of(w);
    bool has_top_k = sampling && sampling->top_k >= 0 && !w->thinking_tokens;

    if (!w->thinking_tokens && !has_top_k)
        return;
    json_key(&w->out, "additionalModelRequestFields");
    json_open_object(&w->out);
    if (w->thinking_tokens)
        write_thinking(w);
    else
        write_top_k(w, sampling->top_k);
    json_close_object(&w->out);
}

static void write_tool(struct json_out *out, const struct llm_tool *tool)
{
    json_open_object(out);
    json_key(out, "toolSpec");
    json_open_object(out);
    write_text_member(out, "name", tool->name);
    if (!is_blank(tool->description))
        write_text_member(out, "description", tool->description);
    json_key(out, "inputSchema");
    json_open_object(out);
    json_key(out, "json");
    json_raw(out, tool->schema);
    json_close_object(out);
    json_close_object(out);
    json_close_object(out);
}

static void write_tool_choice(struct json_out *out, const char *name)
{
    json_key(out, "toolChoice");
    json_open_object(out);
    json_key(out, "tool");
    json_open_object(out);
    write_text_member(out, "name", name);
    json_close_object(out);
    json_close_object(out);
}

static void write_tools(struct writer *w)
{
    const struct llm_ask *ask = w->ask;
    bool forced = llm_follows_schema(w->model, ask);
    const struct llm_tool answer = {.name = llm_schema_name(ask), .schema = ask->schema};

    if (!has_tools(w->model, ask))
        return;
    json_key(&w->out, "toolConfig");
    json_open_object(&w->out);
    json_key(&w->out, "tools");
    json_open_array(&w->out);
    if (forced)
        write_tool(&w->out, &answer);
    for (size_t i = 0; !forced && i < ask->n_tools; i++)
        write_tool(&w->out, &ask->tools[i]);
    json_close_array(&w->out);
    if (forced)
        write_tool_choice(&w->out, answer.name);
    json_close_object(&w->out);
}

static void write_system(struct writer *w)
{
    struct buf system;

    buf_init(&system, LLM_REQUEST_MAX_BYTES);
    llm_put_system(&system, w->model, w->ask);
    if (!is_blank(system.data)) {
        json_key(&w->out, "system");
        json_open_array(&w->out);
        write_text(&w->out, system.data);
        json_close_array(&w->out);
    }
    w->out.buf->failed |= system.failed;
    buf_release(&system);
}

void bedrock_write_ask(const struct llm_model *model, const struct llm_ask *ask, struct buf *body)
{
    struct writer w = {.model = model, .ask = ask, .thinking_tokens = thinking_tokens(model, ask)};

    json_out_init(&w.out, body);
    buf_init(&w.names, NAMES_MAX_BYTES);
    json_open_object(&w.out);
    write_messages(&w);
    write_system(&w);
    write_inference(&w);
    write_additional(&w);
    write_tools(&w);
    json_close_object(&w.out);
    if (w.names.failed)
        body->failed = true;
    buf_release(&w.names);
}
