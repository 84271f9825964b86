/* Readers of the three protocols, as strict as can be: what they take is what a client may rely on. */
#include "ask.h"

#include <arpa/inet.h>
#include <json-c/json.h>
#include <stdio.h>

static struct told told_new(void)
{
    return (struct told){.is_valid = true, .text = new_buf(), .reasoning = new_buf(), .input = new_buf()};
}

static void append(struct buf *out, const char *text)
{
    buf_str(out, text ? text : "");
}

static void set(char *out, size_t size, const char *text)
{
    if (text)
        snprintf(out, size, "%s", text);
}

#define SET(field, text) set((field), sizeof(field), (text))

static void set_tokens(struct told *told, struct json_object *json, const char *pointer)
{
    if (json_at(json, pointer))
        told->output_tokens = int_at(json, pointer);
}

/* JSON of a member, as text. */
static void append_json(struct buf *out, struct json_object *json)
{
    append(out, json ? json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN) : NULL);
}

static bool is_stream(const struct answer *answer)
{
    return str_starts(answer->type, "text/event-stream");
}

/* ---- Server-Sent Events ---- */

struct sse {
    const char *event; /* "": none was named */
    struct json_object *data;
    bool is_done;
};

typedef void sse_fn(struct told *told, const struct sse *event);

/* One event's lines. */
static void read_event(struct told *told, const char *text, size_t len, sse_fn *take)
{
    struct sse event = {.event = ""};

    for (const char *end = text + len, *line = text; line < end;) {
        size_t n = (size_t)((char *)memchr(line, '\n', (size_t)(end - line) + 1) - line);

        if (n > 7 && memcmp(line, "event: ", 7) == 0)
            event.event = textf("%.*s", (int)n - 7, line + 7);
        else if (n == 12 && memcmp(line, "data: [DONE]", 12) == 0)
            event.is_done = true;
        else if (n > 6 && memcmp(line, "data: ", 6) == 0)
            event.data = json_parse(line + 6, n - 6);
        else if (*line == ':')
            told->n_pings++;
        line += n + 1;
    }
    bool is_comment = *text == ':';

    told->is_valid &= is_comment || event.is_done || event.data;
    if (!is_comment && !told->has_end)
        take(told, &event);
    else if (!is_comment)
        told->is_valid = false; /* nothing may follow the end */
}

static void read_events(struct told *told, const struct answer *answer, sse_fn *take)
{
    const char *at = answer->body;

    for (const char *end; (end = strstr(at, "\n\n")); at = end + 2)
        read_event(told, at, (size_t)(end - at), take);
    told->is_valid &= *at == '\0' && strlen(answer->body) == answer->len;
}

/* ---- openai ---- */

static void take_openai_message(struct told *told, struct json_object *message)
{
    append(told->text, text_at(message, "/content"));
    append(told->reasoning, text_at(message, "/reasoning_content"));
    SET(told->tool, text_at(message, "/tool_calls/0/function/name"));
    append(told->input, text_at(message, "/tool_calls/0/function/arguments"));
}

static void take_openai(struct told *told, const struct sse *event)
{
    told->has_end = event->is_done;
    told->n_deltas += json_at(event->data, "/choices/0/delta") != NULL;
    SET(told->error, text_at(event->data, "/error/type"));
    take_openai_message(told, json_at(event->data, "/choices/0/delta"));
    SET(told->stop, text_at(event->data, "/choices/0/finish_reason"));
    set_tokens(told, event->data, "/usage/completion_tokens");
}

struct told told_openai(const struct answer *answer)
{
    struct told told = told_new();

    if (is_stream(answer)) {
        read_events(&told, answer, take_openai);
        return told;
    }
    told.is_valid = answer->json &&
                    (json_at(answer->json, "/choices/0/message/content") ||
                     json_at(answer->json, "/choices/0/message/tool_calls") || text_at(answer->json, "/error/message"));
    SET(told.error, text_at(answer->json, "/error/type"));
    take_openai_message(&told, json_at(answer->json, "/choices/0/message"));
    SET(told.stop, text_at(answer->json, "/choices/0/finish_reason"));
    set_tokens(&told, answer->json, "/usage/completion_tokens");
    told.has_end = *told.stop != '\0';
    return told;
}

/* ---- anthropic ---- */

static int64_t open_block; /* of the stream that is being read; -1: none */
static int64_t n_blocks;

static bool is_event(const struct sse *event, const char *name)
{
    return str_eq(event->event, name);
}

static void take_anthropic_delta(struct told *told, struct json_object *delta)
{
    const char *type = text_at(delta, "/type");

    told->n_deltas++;
    if (str_eq(type, "text_delta"))
        append(told->text, text_at(delta, "/text"));
    else if (str_eq(type, "thinking_delta"))
        append(told->reasoning, text_at(delta, "/thinking"));
    else if (str_eq(type, "input_json_delta"))
        append(told->input, text_at(delta, "/partial_json"));
    else if (str_eq(type, "signature_delta"))
        told->has_signature = true;
    else
        told->is_valid = false;
}

/* Blocks are opened in their order, and one at a time. */
static void take_anthropic(struct told *told, const struct sse *event)
{
    int64_t index = int_at(event->data, "/index");

    told->is_valid &= str_eq(text_at(event->data, "/type"), event->event);
    if (is_event(event, "message_start")) {
        told->is_valid &= str_eq(text_at(event->data, "/message/role"), "assistant");
        open_block = -1;
        n_blocks = 0;
    } else if (is_event(event, "content_block_start")) {
        told->is_valid &= open_block == -1 && index == n_blocks++;
        SET(told->tool, text_at(event->data, "/content_block/name"));
        open_block = index;
    } else if (is_event(event, "content_block_delta")) {
        told->is_valid &= open_block == index;
        take_anthropic_delta(told, json_at(event->data, "/delta"));
    } else if (is_event(event, "content_block_stop")) {
        told->is_valid &= open_block == index;
        open_block = -1;
    } else if (is_event(event, "message_delta")) {
        SET(told->stop, text_at(event->data, "/delta/stop_reason"));
        set_tokens(told, event->data, "/usage/output_tokens");
    } else if (is_event(event, "error")) {
        SET(told->error, text_at(event->data, "/error/type"));
    } else {
        told->n_pings += is_event(event, "ping");
        told->has_end = is_event(event, "message_stop");
        told->is_valid &= told->has_end || is_event(event, "ping");
    }
}

static void take_anthropic_block(struct told *told, struct json_object *block)
{
    append(told->text, text_at(block, "/text"));
    append(told->reasoning, text_at(block, "/thinking"));
    told->has_signature |= text_at(block, "/signature") != NULL;
    SET(told->tool, text_at(block, "/name"));
    append_json(told->input, json_at(block, "/input"));
}

struct told told_anthropic(const struct answer *answer)
{
    struct told told = told_new();
    struct json_object *content = json_at(answer->json, "/content");

    if (is_stream(answer)) {
        read_events(&told, answer, take_anthropic);
        return told;
    }
    told.is_valid = content || text_at(answer->json, "/error/message");
    SET(told.error, text_at(answer->json, "/error/type"));
    for (size_t i = 0; content && i < json_object_array_length(content); i++)
        take_anthropic_block(&told, json_object_array_get_idx(content, i));
    SET(told.stop, text_at(answer->json, "/stop_reason"));
    set_tokens(&told, answer->json, "/usage/output_tokens");
    told.has_end = *told.stop != '\0';
    return told;
}

/* ---- bedrock ---- */

/* Bit by bit, which is slow and hard to get wrong. */
static uint32_t crc32_of(const char *bytes, size_t len)
{
    uint32_t crc = 0xFFFFFFFFu;

    for (size_t i = 0; i < len * 8; i++) {
        uint32_t bit = (uint32_t)((unsigned char)bytes[i / 8] >> i % 8 & 1);

        crc = (crc ^ bit) & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    return ~crc;
}

static uint32_t number_at(const char *bytes)
{
    uint32_t n;

    memcpy(&n, bytes, sizeof(n));
    return ntohl(n);
}

struct message {
    char kind[32], type[64];
    struct json_object *payload;
};

/* Names and values of strings only. False: they do not fill the room that they have. */
static bool read_headers(struct message *message, const char *at, const char *end)
{
    while (at < end) {
        size_t name_len = (unsigned char)*at;
        const char *name = at + 1, *value = name + name_len + 3;

        if (value > end || value[-3] != 7)
            return false;
        size_t len = (size_t)(unsigned char)value[-2] << 8 | (unsigned char)value[-1];
        const char *text = textf("%.*s", (int)len, value);

        if (str_eq(textf("%.*s", (int)name_len, name), ":message-type"))
            SET(message->kind, text);
        else if (strstr(":event-type:exception-type:error-code", textf("%.*s", (int)name_len, name)))
            SET(message->type, text);
        at = value + len;
    }
    return at == end;
}

/* Bytes of the message at the start; 0: it is none. */
static size_t read_message(struct message *message, const char *bytes, size_t len)
{
    size_t total = len >= 16 ? number_at(bytes) : 0, headers = len >= 16 ? number_at(bytes + 4) : 0;

    *message = (struct message){0};
    if (total < 16 || total > len || headers > total - 16 || number_at(bytes + 8) != crc32_of(bytes, 8) ||
        number_at(bytes + total - 4) != crc32_of(bytes, total - 4) ||
        !read_headers(message, bytes + 12, bytes + 12 + headers))
        return 0;
    message->payload = json_parse(bytes + 12 + headers, total - headers - 16);
    return total;
}

static void take_bedrock_delta(struct told *told, struct json_object *delta)
{
    told->n_deltas++;
    append(told->text, text_at(delta, "/text"));
    append(told->reasoning, text_at(delta, "/reasoningContent/text"));
    told->has_signature |= text_at(delta, "/reasoningContent/signature") != NULL;
    append(told->input, text_at(delta, "/toolUse/input"));
    told->is_valid &= delta != NULL;
}

static void take_bedrock(struct told *told, const struct message *message)
{
    if (!str_eq(message->kind, "event")) {
        SET(told->error, message->type);
        return;
    }
    told->is_valid &= message->payload && !told->has_end;
    if (str_eq(message->type, "messageStart"))
        told->is_valid &= str_eq(text_at(message->payload, "/role"), "assistant");
    else if (str_eq(message->type, "contentBlockStart"))
        SET(told->tool, text_at(message->payload, "/start/toolUse/name"));
    else if (str_eq(message->type, "contentBlockDelta"))
        take_bedrock_delta(told, json_at(message->payload, "/delta"));
    else if (str_eq(message->type, "messageStop"))
        SET(told->stop, text_at(message->payload, "/stopReason"));
    else if (str_eq(message->type, "metadata"))
        told->has_end = true;
    else if (str_eq(message->type, "scriptedPause"))
        told->n_pings++;
    else
        told->is_valid &= str_eq(message->type, "contentBlockStop");
    set_tokens(told, message->payload, "/usage/outputTokens");
}

static void take_bedrock_block(struct told *told, struct json_object *block)
{
    append(told->text, text_at(block, "/text"));
    append(told->reasoning, text_at(block, "/reasoningContent/reasoningText/text"));
    told->has_signature |= text_at(block, "/reasoningContent/reasoningText/signature") != NULL;
    SET(told->tool, text_at(block, "/toolUse/name"));
    append_json(told->input, json_at(block, "/toolUse/input"));
}

static void read_converse(struct told *told, const struct answer *answer)
{
    struct json_object *content = json_at(answer->json, "/output/message/content");

    told->is_valid = content || text_at(answer->json, "/message");
    if (!content)
        SET(told->error, textf("%.*s", (int)strcspn(answer_header(answer, "x-amzn-ErrorType"), ":"),
                               answer_header(answer, "x-amzn-ErrorType")));
    for (size_t i = 0; content && i < json_object_array_length(content); i++)
        take_bedrock_block(told, json_object_array_get_idx(content, i));
    SET(told->stop, text_at(answer->json, "/stopReason"));
    set_tokens(told, answer->json, "/usage/outputTokens");
    told->has_end = *told->stop != '\0';
}

struct told told_bedrock(const struct answer *answer)
{
    struct told told = told_new();
    struct message message;
    size_t at = 0, n;

    if (!str_eq(answer->type, "application/vnd.amazon.eventstream")) {
        read_converse(&told, answer);
        return told;
    }
    while (at < answer->len && (n = read_message(&message, answer->body + at, answer->len - at))) {
        take_bedrock(&told, &message);
        at += n;
    }
    told.is_valid &= at == answer->len;
    return told;
}
