/*
 * Anthropic's Messages: a strict reader of requests, because the provider is one, and a stream of named events.
 *
 * Source: Anthropic API reference, "Messages", "Streaming messages", "Errors", "Versions"; guides "Extended thinking"
 * and "Tool use".
 */
#include "model_server.h"

#include <json-c/json.h>
#include <stdio.h>

static const char VERSION[] = "2023-06-01";
static const char SIGNATURE[] = "EqQBCgIYAhIMc2NyaXB0ZWQrc2lnbmF0dXJl/w=="; /* of every thought */
enum { MIN_BUDGET_TOKENS = 1024 };

/* ---- errors ---- */

static const char *error_type(unsigned status)
{
    static const struct {
        unsigned status;
        const char *type;
    } rows[] = {{400, "invalid_request_error"}, {401, "authentication_error"}, {403, "permission_error"},
                {404, "not_found_error"},       {413, "request_too_large"},    {429, "rate_limit_error"},
                {504, "timeout_error"},         {529, "overloaded_error"}};

    for (size_t i = 0; i < LEN(rows); i++)
        if (rows[i].status == status)
            return rows[i].type;
    return status < 500 ? "invalid_request_error" : "api_error";
}

static void write_error_object(struct buf *out, const char *type, const char *message)
{
    struct json_out json;

    json_out_init(&json, out);
    json_open_object(&json);
    json_key(&json, "type");
    json_text(&json, "error");
    json_key(&json, "error");
    json_open_object(&json);
    json_key(&json, "type");
    json_text(&json, type);
    json_key(&json, "message");
    json_text(&json, message);
    json_close_object(&json);
    json_close_object(&json);
}

static void write_error(struct buf *out, unsigned status, const char *type, const char *message, const char *headers)
{
    struct buf body;

    buf_init(&body, MAX_HEAD_BYTES);
    write_error_object(&body, type ? type : error_type(status), message);
    answer_json(out, status, headers, &body);
    buf_release(&body);
}

static bool is_allowed(const struct http_request *request, struct buf *out)
{
    char key[64], authorization[64], version[64];

    http_header(request->head, "x-api-key", key, sizeof(key));
    http_header(request->head, "Authorization", authorization, sizeof(authorization));
    http_header(request->head, "anthropic-version", version, sizeof(version));
    if (!*key && !str_starts(authorization, "Bearer "))
        write_error(out, 401, NULL, "x-api-key header is required", "");
    else if (str_eq(key, "bad") || str_eq(authorization, "Bearer bad"))
        write_error(out, 401, NULL, "invalid x-api-key", "");
    else if (!*version)
        write_error(out, 400, NULL, "anthropic-version: header is required", "");
    else if (!str_eq(version, VERSION))
        write_error(out, 400, NULL, "anthropic-version: is not a valid version", "");
    else
        return true;
    return false;
}

/* ---- the request ---- */

static bool is_of_type(struct json_object *block, const char *type)
{
    return str_eq(json_get_text(block, "type", NULL), type);
}

static const char *call_id(struct json_object *block)
{
    return is_of_type(block, "tool_use") ? json_get_text(block, "id", NULL) : NULL;
}

static const char *result_id(struct json_object *block)
{
    return is_of_type(block, "tool_result") ? json_get_text(block, "tool_use_id", NULL) : NULL;
}

static struct json_object *block_at(struct json_object *message, size_t i)
{
    struct json_object *content = json_get(message, "content");

    return json_object_is_type(content, json_type_array) && i < json_object_array_length(content)
               ? json_object_array_get_idx(content, i)
               : NULL;
}

static struct json_object *tool_result(struct json_object *message)
{
    struct json_object *block;

    for (size_t i = 0; (block = block_at(message, i)); i++)
        if (is_of_type(block, "tool_result"))
            return json_get(block, "content");
    return NULL;
}

static const struct blocks blocks = {.call_id = call_id, .result_id = result_id, .result = tool_result};

/* Thoughts that are sent back must be as they came, and stand before the call of a tool while thinking is on. */
static const char *thoughts_wrong(struct json_object *messages, bool is_thinking)
{
    for (size_t i = 0; i < json_object_array_length(messages); i++) {
        struct json_object *message = json_object_array_get_idx(messages, i), *block;
        bool has_thought = false;

        for (size_t k = 0; (block = block_at(message, k)); k++) {
            has_thought |= is_of_type(block, "thinking");
            if (is_of_type(block, "thinking") && !str_eq(json_get_text(block, "signature", NULL), SIGNATURE))
                return "Invalid `signature` in `thinking` block";
            if (is_thinking && call_id(block) && !has_thought)
                return "Expected `thinking`, but found `tool_use`. When `thinking` is enabled, the turn must begin so";
        }
    }
    return NULL;
}

static const char *thinking_wrong(struct json_object *request, bool is_thinking, bool is_forced)
{
    struct json_object *thinking = json_get(request, "thinking"), *temperature = json_get(request, "temperature");
    uint64_t budget = json_get_u64(thinking, "budget_tokens");

    if (!is_thinking)
        return NULL;
    if (is_of_type(thinking, "enabled") && budget < MIN_BUDGET_TOKENS)
        return "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024";
    if (is_of_type(thinking, "enabled") && budget >= json_get_u64(request, "max_tokens"))
        return "`max_tokens` must be greater than `thinking.budget_tokens`";
    if (temperature && json_object_get_double(temperature) != 1)
        return "`temperature` may only be set to 1 when thinking is enabled";
    return is_forced ? "Thinking may not be enabled when tool_choice forces tool use." : NULL;
}

/* The tool that has to be called: its schema is the answer's. False: there is no such tool. */
static bool read_forced_tool(struct asked *asked, struct json_object *request)
{
    struct json_object *tools = json_get(request, "tools"), *choice = json_get(request, "tool_choice");
    const char *name = is_of_type(choice, "tool") ? json_get_text(choice, "name", NULL) : NULL;

    if (!is_of_type(choice, "tool"))
        return true;
    for (size_t i = 0; json_object_is_type(tools, json_type_array) && i < json_object_array_length(tools); i++) {
        struct json_object *tool = json_object_array_get_idx(tools, i);

        if (!name || !str_eq(json_get_text(tool, "name", NULL), name))
            continue;
        asked->form = name;
        asked->schema = json_get(tool, "input_schema");
        asked->is_tool = true;
    }
    return asked->schema != NULL;
}

/* Structured outputs: the schema without a tool. Its title says what it is, as nothing else does. */
static void read_format(struct asked *asked, struct json_object *request)
{
    struct json_object *format = json_get(json_get(request, "output_config"), "format");

    if (!is_of_type(format, "json_schema"))
        return;
    asked->schema = json_get(format, "schema");
    asked->form = json_get_text(asked->schema, "title", NULL);
}

static const char *read_request(struct asked *asked, struct json_object *request)
{
    struct json_object *messages = json_get(request, "messages"), *thinking = json_get(request, "thinking");
    const char *wrong;

    if (!json_get_text(request, "model", NULL))
        return "model: Field required";
    if (!json_get_u64(request, "max_tokens"))
        return "max_tokens: Field required";
    if ((wrong = asked_conversation_wrong(messages, &blocks, json_get(request, "tools"))))
        return wrong;
    asked_model(asked, json_get_text(request, "model", NULL));
    asked_messages(asked, messages, &blocks);
    asked_stop(asked, json_get(request, "stop_sequences"));
    asked->is_stream = json_object_get_boolean(json_get(request, "stream"));
    asked->may_reason = is_of_type(thinking, "enabled") || is_of_type(thinking, "adaptive");
    read_format(asked, request);
    if (!read_forced_tool(asked, request))
        return "tool_choice.name: there is no such tool with an input_schema";
    if ((wrong = thoughts_wrong(messages, asked->may_reason)))
        return wrong;
    return thinking_wrong(request, asked->may_reason, asked->is_tool);
}

/* ---- the reply ---- */

static const char *stop_reason(const struct reply *reply)
{
    static const struct {
        const char *finish, *reason;
    } rows[] = {
        {"stop", "end_turn"}, {"length", "max_tokens"}, {"content_filter", "refusal"}, {"tool_calls", "tool_use"}};
    const char *finish = reply_finish(reply);

    if (reply->script.has[D_STOP_SEQUENCE])
        return "stop_sequence";
    for (size_t i = 0; i < LEN(rows); i++)
        if (str_eq(rows[i].finish, finish))
            return rows[i].reason;
    return finish;
}

/* "stop_reason":…,"stop_sequence":…; both null before the end is known. */
static void write_stop(struct buf *out, const struct reply *reply, const char *reason)
{
    struct json_out json;

    json_out_init(&json, out);
    json_key(&json, "stop_reason");
    json_text(&json, reason);
    json_key(&json, "stop_sequence");
    json_text(&json, reason && reply->script.has[D_STOP_SEQUENCE] && *reply->asked.stop ? reply->asked.stop : NULL);
}

/* {"id":…,"model":…,"content":[ of the message, up to what it holds. */
static void write_message(struct buf *out, const struct reply *reply)
{
    buf_printf(out, "{\"id\":\"msg_%llu\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"",
               (unsigned long long)reply->id);
    write_escaped(out, reply->asked.model, strlen(reply->asked.model));
    buf_str(out, "\",\"content\":[");
}

static void write_usage(struct buf *out, const struct reply *reply, uint64_t output)
{
    buf_printf(out,
               ",\"usage\":{\"input_tokens\":%llu,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,"
               "\"output_tokens\":%llu}",
               (unsigned long long)reply->prompt_tokens, (unsigned long long)output);
}

static void open_reply(const struct reply *reply, struct buf *out)
{
    if (reply->asked.is_stream)
        buf_str(out, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":");
    write_message(out, reply);
    if (!reply->asked.is_stream)
        return;
    buf_str(out, "],");
    write_stop(out, reply, NULL);
    write_usage(out, reply, 1);
    buf_str(out, "}}\n\n");
}

/* A block up to its text; in a stream it is empty, and closed at once. */
static void write_block(struct buf *out, const struct reply *reply)
{
    bool is_stream = reply->asked.is_stream;

    if (reply->part == PART_REASONING) {
        buf_str(out, "{\"type\":\"thinking\",\"thinking\":\"");
        buf_str(out, is_stream ? "\",\"signature\":\"\"}" : "");
    } else if (reply->part == PART_TEXT) {
        buf_str(out, "{\"type\":\"text\",\"text\":\"");
        buf_str(out, is_stream ? "\"}" : "");
    } else {
        buf_printf(out, "{\"type\":\"tool_use\",\"id\":\"toolu_%llu\",\"name\":\"", (unsigned long long)reply->id);
        write_escaped(out, reply->script.tool, strlen(reply->script.tool));
        buf_str(out, "\",\"input\":");
        buf_str(out, is_stream ? "{}}" : "");
    }
}

static void write_ping(const struct reply *reply, struct buf *out)
{
    (void)reply;
    buf_str(out, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
}

static void delta_begin(struct buf *out, const struct reply *reply, const char *delta)
{
    buf_printf(out, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":%u,\"delta\":{%s",
               reply->index, delta);
}

static void open_part(const struct reply *reply, struct buf *out)
{
    if (!reply->asked.is_stream) {
        buf_str(out, reply->index ? "," : "");
        write_block(out, reply);
        return;
    }
    buf_printf(out,
               "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":%u,\"content_block\":",
               reply->index);
    write_block(out, reply);
    buf_str(out, "}\n\n");
    if (reply->index == 0)
        write_ping(reply, out);
    if (reply->part == PART_TOOL) { /* the first piece is always empty */
        delta_begin(out, reply, "\"type\":\"input_json_delta\",\"partial_json\":\"\"");
        buf_str(out, "}}\n\n");
    }
}

static void open_piece(struct reply *reply, struct buf *out)
{
    static const char *const deltas[] = {[PART_REASONING] = "\"type\":\"thinking_delta\",\"thinking\":\"",
                                         [PART_TEXT] = "\"type\":\"text_delta\",\"text\":\"",
                                         [PART_TOOL] = "\"type\":\"input_json_delta\",\"partial_json\":\""};

    delta_begin(out, reply, deltas[reply->part]);
}

static void close_piece(struct reply *reply, struct buf *out)
{
    buf_str(out, reply->piece.is_bad_json ? "\": [}\n\n" : "\"}}\n\n");
}

static void close_part(const struct reply *reply, struct buf *out)
{
    bool is_thought = reply->part == PART_REASONING;

    if (reply->asked.is_stream) {
        if (is_thought) {
            delta_begin(out, reply, "\"type\":\"signature_delta\"");
            buf_printf(out, ",\"signature\":\"%s\"}}\n\n", SIGNATURE);
        }
        buf_printf(out, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":%u}\n\n",
                   reply->index);
    } else if (is_thought) {
        buf_printf(out, "\",\"signature\":\"%s\"}", SIGNATURE);
    } else {
        buf_str(out, reply->part == PART_TOOL ? "}" : "\"}");
    }
}

static void close_reply(const struct reply *reply, struct buf *out)
{
    bool has_end = !reply->script.has[D_NODONE];

    if (!reply->asked.is_stream) {
        buf_str(out, "],");
        write_stop(out, reply, has_end ? stop_reason(reply) : NULL);
        write_usage(out, reply, reply_tokens(reply));
        buf_str(out, "}");
    } else if (has_end) {
        buf_str(out, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{");
        write_stop(out, reply, stop_reason(reply));
        buf_printf(out, "},\"usage\":{\"output_tokens\":%llu}}\n\n", (unsigned long long)reply_tokens(reply));
        buf_str(out, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    }
}

static void write_error_event(const struct reply *reply, struct buf *out, const char *type)
{
    (void)reply;
    buf_str(out, "event: error\ndata: ");
    write_error_object(out, type ? type : "overloaded_error", "Overloaded");
    buf_str(out, "\n\n");
}

const struct wire wire_anthropic = {
    .protocol = ANTHROPIC,
    .stream_type = "text/event-stream; charset=utf-8",
    .id_header = "request-id",
    .is_input_raw = true,
    .denied_status = 401,
    .allow = is_allowed,
    .read = read_request,
    .open = open_reply,
    .part_open = open_part,
    .piece_open = open_piece,
    .piece_close = close_piece,
    .part_close = close_part,
    .close = close_reply,
    .comment = write_ping,
    .error_event = write_error_event,
    .error = write_error,
};
