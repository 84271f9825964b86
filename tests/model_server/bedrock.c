/*
 * Bedrock's Converse and ConverseStream, and InvokeModel for embeddings of Titan and Cohere. A caller has a bearer key
 * or signs.
 *
 * Source: Amazon Bedrock API Reference, "Converse", "ConverseStream" and their data types, "Common errors"; User Guide,
 * "Amazon Titan Embeddings", "Cohere Embed", "API keys".
 */
#include "model_server.h"

#include <json-c/json.h>
#include <stdio.h>
#include <time.h>

#include "signature.h"

static const char SIGNATURE[] = "EqQBCgIYAhIMc2NyaXB0ZWQrc2lnbmF0dXJl/w=="; /* of every thought */
enum { MAX_COHERE_TEXTS = 96 };

/* ---- errors ---- */

static const char *error_type(unsigned status)
{
    static const struct {
        unsigned status;
        const char *type;
    } rows[] = {{400, "ValidationException"},       {403, "AccessDeniedException"},
                {404, "ResourceNotFoundException"}, {408, "ModelTimeoutException"},
                {424, "ModelErrorException"},       {429, "ThrottlingException"},
                {500, "InternalServerException"},   {503, "ServiceUnavailableException"}};

    for (size_t i = 0; i < LEN(rows); i++)
        if (rows[i].status == status)
            return rows[i].type;
    return status < 500 ? "ValidationException" : "InternalServerException";
}

static void write_message_object(struct buf *out, const char *message)
{
    struct json_out json;

    json_out_init(&json, out);
    json_open_object(&json);
    json_key(&json, "message");
    json_text(&json, message);
    json_close_object(&json);
}

static void write_error(struct buf *out, unsigned status, const char *type, const char *message, const char *headers)
{
    struct buf body;
    char lines[512];

    snprintf(lines, sizeof(lines), "x-amzn-ErrorType: %s:http://internal.amazon.com/coral/com.amazon.bedrock/\r\n%s",
             type ? type : error_type(status), headers);
    buf_init(&body, MAX_HEAD_BYTES);
    write_message_object(&body, message);
    answer_json(out, status, lines, &body);
    buf_release(&body);
}

/* ---- who may ask ---- */

static bool is_allowed(const struct http_request *request, struct buf *out)
{
    char authorization[32], token[MAX_HEADER_BYTES];
    struct refusal why = {"MissingAuthenticationTokenException", "Missing Authentication Token"};

    http_header(request->head, "Authorization", authorization, sizeof(authorization));
    http_header(request->head, "x-amz-security-token", token, sizeof(token));
    if (str_eq(authorization, "Bearer bad"))
        why =
            (struct refusal){"AccessDeniedException", "Authentication failed: Please make sure your API Key is valid."};
    else if (str_starts(authorization, "Bearer "))
        return true;
    else if (metadata_token_expired(token))
        why = (struct refusal){"ExpiredTokenException", "The security token included in the request is expired"};
    else if (*authorization && signature_check(request, "bedrock", time(NULL), &why))
        return true;
    write_error(out, 403, why.type, why.message, "");
    return false;
}

/* ---- the request ---- */

static const char *call_id(struct json_object *block)
{
    return json_get_text(json_get(block, "toolUse"), "toolUseId", NULL);
}

static const char *result_id(struct json_object *block)
{
    return json_get_text(json_get(block, "toolResult"), "toolUseId", NULL);
}

static struct json_object *tool_result(struct json_object *message)
{
    struct json_object *content = json_get(message, "content"), *result;

    for (size_t i = 0; json_object_is_type(content, json_type_array) && i < json_object_array_length(content); i++)
        if ((result = json_get(json_object_array_get_idx(content, i), "toolResult")))
            return json_get(result, "content");
    return NULL;
}

static const struct blocks blocks = {
    .call_id = call_id, .result_id = result_id, .result = tool_result, .must_alternate = true};

/* The tool that has to be called: its schema is the answer's. False: there is no such tool. */
static bool read_forced_tool(struct asked *asked, struct json_object *config)
{
    struct json_object *tools = json_get(config, "tools");
    const char *name = json_get_text(json_get(json_get(config, "toolChoice"), "tool"), "name", NULL);

    for (size_t i = 0; name && json_object_is_type(tools, json_type_array) && i < json_object_array_length(tools);
         i++) {
        struct json_object *tool = json_get(json_object_array_get_idx(tools, i), "toolSpec");

        if (!str_eq(json_get_text(tool, "name", NULL), name))
            continue;
        asked->form = name;
        asked->schema = json_get(json_get(tool, "inputSchema"), "json");
        asked->is_tool = true;
    }
    return !name || asked->schema;
}

/* As Claude on Bedrock is told, in either of its two spellings. */
static bool may_reason(struct json_object *request)
{
    struct json_object *fields = json_get(request, "additionalModelRequestFields");
    struct json_object *thinking = json_get(fields, "thinking"), *config = json_get(fields, "reasoning_config");
    const char *type = json_get_text(thinking ? thinking : config, "type", NULL);

    return str_eq(type, "enabled") || str_eq(type, "adaptive");
}

static const char *read_request(struct asked *asked, struct json_object *request)
{
    struct json_object *messages = json_get(request, "messages"), *message;
    struct json_object *config = json_get(request, "toolConfig");
    const char *wrong = asked_conversation_wrong(messages, &blocks, json_get(config, "tools"));

    if (wrong)
        return wrong;
    for (size_t i = 0; i < json_object_array_length(messages); i++) {
        message = json_object_array_get_idx(messages, i);
        if (!json_object_is_type(json_get(message, "content"), json_type_array))
            return "Invalid type for parameter messages.content: a list of blocks is needed";
    }
    asked_messages(asked, messages, &blocks);
    asked_stop(asked, json_get(json_get(request, "inferenceConfig"), "stopSequences"));
    asked->may_reason = may_reason(request);
    if (!read_forced_tool(asked, config))
        return "toolConfig.toolChoice.tool.name: there is no such tool";
    return NULL;
}

/* ---- the reply ---- */

static const char *stop_reason(const struct reply *reply)
{
    static const struct {
        const char *finish, *reason;
    } rows[] = {{"stop", "end_turn"},
                {"length", "max_tokens"},
                {"content_filter", "content_filtered"},
                {"tool_calls", "tool_use"}};
    const char *finish = reply_finish(reply);

    if (reply->script.has[D_STOP_SEQUENCE])
        return "stop_sequence";
    for (size_t i = 0; i < LEN(rows); i++)
        if (str_eq(rows[i].finish, finish))
            return rows[i].reason;
    return finish;
}

static void write_usage(struct buf *out, const struct reply *reply)
{
    uint64_t output = reply_tokens(reply);

    buf_printf(out, "\"usage\":{\"inputTokens\":%llu,\"outputTokens\":%llu,\"totalTokens\":%llu}",
               (unsigned long long)reply->prompt_tokens, (unsigned long long)output,
               (unsigned long long)(reply->prompt_tokens + output));
}

/* The end of a payload: padding that hides how long a token was. */
static void write_end(struct buf *out, const struct reply *reply)
{
    static const char padding[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    buf_printf(out, ",\"p\":\"%.*s\"}", (int)(reply->deltas * 7 % (sizeof(padding) - 1)) + 1, padding);
}

/* One message whose payload is known; body: it without its end. */
static void write_event(struct buf *out, const struct reply *reply, const char *type, struct buf *body)
{
    write_end(body, reply);
    frame_write(out, "event", type, body);
    buf_release(body);
}

static void open_reply(const struct reply *reply, struct buf *out)
{
    struct buf body;

    if (!reply->asked.is_stream) {
        buf_str(out, "{\"metrics\":{\"latencyMs\":42},\"output\":{\"message\":{\"content\":[");
        return;
    }
    buf_init(&body, MAX_HEAD_BYTES);
    buf_str(&body, "{\"role\":\"assistant\"");
    write_event(out, reply, "messageStart", &body);
}

/* "toolUseId":…,"name":… */
static void write_call(struct buf *out, const struct reply *reply)
{
    struct json_out json;
    char id[64];

    snprintf(id, sizeof(id), "tooluse_%llu", (unsigned long long)reply->id);
    json_out_init(&json, out);
    json_key(&json, "toolUseId");
    json_text(&json, id);
    json_key(&json, "name");
    json_text(&json, reply->script.tool);
}

/* Only a tool's call is announced in a stream. */
static void open_part(const struct reply *reply, struct buf *out)
{
    struct buf body;
    bool is_call = reply->part == PART_TOOL;

    if (!reply->asked.is_stream) {
        buf_str(out, reply->index ? "," : "");
        buf_str(out, is_call                         ? "{\"toolUse\":{"
                     : reply->part == PART_REASONING ? "{\"reasoningContent\":{\"reasoningText\":{\"text\":\""
                                                     : "{\"text\":\"");
        if (is_call) {
            write_call(out, reply);
            buf_str(out, ",\"input\":");
        }
    } else if (is_call) {
        buf_init(&body, MAX_HEAD_BYTES);
        buf_printf(&body, "{\"contentBlockIndex\":%u,\"start\":{\"toolUse\":{", reply->index);
        write_call(&body, reply);
        buf_str(&body, "}}");
        write_event(out, reply, "contentBlockStart", &body);
    }
}

/* What stands before a piece's text, and behind it. */
static void write_piece_head(struct buf *out, const struct reply *reply)
{
    static const char *const deltas[] = {[PART_REASONING] = "\"reasoningContent\":{\"text\":\"",
                                         [PART_TEXT] = "\"text\":\"",
                                         [PART_TOOL] = "\"toolUse\":{\"input\":\""};

    buf_printf(out, "{\"contentBlockIndex\":%u,\"delta\":{%s", reply->index, deltas[reply->part]);
}

static void write_piece_tail(struct buf *out, const struct reply *reply)
{
    if (reply->piece.is_bad_json) {
        buf_str(out, "\": [}");
        return;
    }
    buf_str(out, reply->part == PART_TEXT ? "\"}" : "\"}}");
    write_end(out, reply);
}

/* A message says its length first; its text may be longer than what is held, so the CRC grows with it. */
static void open_piece(struct reply *reply, struct buf *out)
{
    struct buf head, tail;

    buf_init(&head, MAX_HEAD_BYTES);
    buf_init(&tail, MAX_HEAD_BYTES);
    write_piece_head(&head, reply);
    write_piece_tail(&tail, reply);
    reply->crc = frame_open(out, "event", "contentBlockDelta", head.len + reply->piece.len + tail.len);
    buf_append(out, head.data, head.len);
    reply->crc = frame_crc(reply->crc, head.data, head.len);
    buf_release(&head);
    buf_release(&tail);
}

static void pass_text(struct reply *reply, const char *text, size_t len)
{
    reply->crc = frame_crc(reply->crc, text, len);
}

static void close_piece(struct reply *reply, struct buf *out)
{
    struct buf tail;

    buf_init(&tail, MAX_HEAD_BYTES);
    write_piece_tail(&tail, reply);
    buf_append(out, tail.data, tail.len);
    frame_close(out, frame_crc(reply->crc, tail.data, tail.len) ^ reply->piece.is_bad_crc);
    buf_release(&tail);
}

static void close_streamed_part(const struct reply *reply, struct buf *out)
{
    struct buf body;

    buf_init(&body, MAX_HEAD_BYTES);
    if (reply->part == PART_REASONING) {
        buf_printf(&body, "{\"contentBlockIndex\":%u,\"delta\":{\"reasoningContent\":{\"signature\":\"%s\"}}",
                   reply->index, SIGNATURE);
        write_event(out, reply, "contentBlockDelta", &body);
    }
    buf_printf(&body, "{\"contentBlockIndex\":%u", reply->index);
    write_event(out, reply, "contentBlockStop", &body);
}

static void close_part(const struct reply *reply, struct buf *out)
{
    if (reply->asked.is_stream)
        close_streamed_part(reply, out);
    else if (reply->part == PART_REASONING)
        buf_printf(out, "\",\"signature\":\"%s\"}}}", SIGNATURE);
    else
        buf_str(out, reply->part == PART_TOOL ? "}}" : "\"}");
}

static void close_reply(const struct reply *reply, struct buf *out)
{
    bool has_end = !reply->script.has[D_NODONE];
    struct buf body;

    if (!reply->asked.is_stream) {
        buf_printf(out, "],\"role\":\"assistant\"}},%s%s%s", has_end ? "\"stopReason\":\"" : "",
                   has_end ? stop_reason(reply) : "", has_end ? "\"," : "");
        write_usage(out, reply);
        buf_str(out, "}");
    } else if (has_end) {
        buf_init(&body, MAX_HEAD_BYTES);
        buf_printf(&body, "{\"stopReason\":\"%s\"", stop_reason(reply));
        write_event(out, reply, "messageStop", &body);
        buf_str(&body, "{\"metrics\":{\"latencyMs\":42},");
        write_usage(&body, reply);
        write_event(out, reply, "metadata", &body);
    }
}

/* An event that no client can know yet, and has to pass over. */
static void write_comment(const struct reply *reply, struct buf *out)
{
    struct buf body;

    buf_init(&body, MAX_HEAD_BYTES);
    buf_str(&body, "{\"waiting\":true");
    write_event(out, reply, "scriptedPause", &body);
}

/* "error" is not the name of an exception, but of what the service itself did not foresee. */
static void write_error_event(const struct reply *reply, struct buf *out, const char *type)
{
    struct buf body;

    (void)reply;
    buf_init(&body, MAX_HEAD_BYTES);
    if (str_eq(type, "error")) {
        frame_write(out, "error", "InternalFailure", &body);
        return;
    }
    write_message_object(&body, "Scripted error.");
    frame_write(out, "exception", type ? type : "modelStreamErrorException", &body);
    buf_release(&body);
}

/* ---- embeddings ---- */

static bool is_cohere(const struct asked *asked)
{
    return strstr(asked->model, "cohere") != NULL;
}

static const char *read_inputs(struct inputs *inputs, struct asked *asked, struct json_object *request)
{
    if (!is_cohere(asked))
        return inputs_read(inputs, json_get(request, "inputText"), json_get(request, "dimensions"), 1)
                   ? NULL
                   : "#/inputText: expected minLength: 1, actual: 0";
    inputs->by_type = json_get(request, "embedding_types") != NULL;
    if (!inputs_read(inputs, json_get(request, "texts"), json_get(request, "output_dimension"), MAX_COHERE_TEXTS))
        return "#/texts: expected 1 to 96 texts";
    return json_get_text(request, "input_type", NULL) ? NULL : "#: required key [input_type] not found";
}

static void write_titan(struct json_out *json, const struct inputs *inputs)
{
    json_key(json, "embedding");
    if (inputs->n)
        vector_write(json, inputs_text(inputs, 0), inputs->dimensions);
    else
        json_raw(json, "[]");
    json_key(json, "inputTextTokenCount");
    json_u64(json, inputs_tokens(inputs));
}

static void write_cohere(struct json_out *json, const struct inputs *inputs)
{
    json_key(json, "id");
    json_text(json, "scripted");
    json_key(json, "response_type");
    json_text(json, inputs->by_type ? "embeddings_by_type" : "embeddings_floats");
    json_key(json, "embeddings");
    if (inputs->by_type) {
        json_open_object(json);
        json_key(json, "float");
    }
    json_open_array(json);
    for (size_t i = 0; i < inputs->n; i++)
        vector_write(json, inputs_text(inputs, i), inputs->dimensions);
    json_close_array(json);
    if (inputs->by_type)
        json_close_object(json);
}

static void write_vectors(const struct inputs *inputs, const struct asked *asked, struct buf *out)
{
    struct json_out json;

    json_out_init(&json, out);
    json_open_object(&json);
    if (is_cohere(asked))
        write_cohere(&json, inputs);
    else
        write_titan(&json, inputs);
    json_close_object(&json);
}

const struct wire wire_bedrock = {
    .protocol = BEDROCK,
    .stream_type = "application/vnd.amazon.eventstream",
    .id_header = "x-amzn-RequestId",
    .is_input_raw = true,
    .denied_status = 403,
    .allow = is_allowed,
    .read = read_request,
    .open = open_reply,
    .part_open = open_part,
    .piece_open = open_piece,
    .passed = pass_text,
    .piece_close = close_piece,
    .part_close = close_part,
    .close = close_reply,
    .comment = write_comment,
    .error_event = write_error_event,
    .error = write_error,
    .read_inputs = read_inputs,
    .write_vectors = write_vectors,
};
