/*
 * OpenAI's Chat Completions and embeddings, and Azure's form of them: the deployment stands in the path, the key in a
 * header of its own, and a stream begins with an event that has no choice.
 *
 * Source: OpenAI API reference, "Chat completions", its streaming events, and "Embeddings"; Azure OpenAI REST API
 * reference; DeepSeek and vLLM for reasoning_content.
 */
#include "model_server.h"

#include <json-c/json.h>

enum { MAX_INPUTS = 2048 };

static void write_error(struct buf *out, unsigned status, const char *type, const char *message, const char *headers)
{
    struct buf body;
    struct json_out json;

    buf_init(&body, MAX_HEAD_BYTES);
    json_out_init(&json, &body);
    json_open_object(&json);
    json_key(&json, "error");
    json_open_object(&json);
    json_key(&json, "message");
    json_text(&json, message);
    json_key(&json, "type");
    json_text(&json, type ? type : "scripted_error");
    json_key(&json, "param");
    json_null(&json);
    json_key(&json, "code");
    json_null(&json);
    json_close_object(&json);
    json_close_object(&json);
    buf_str(&body, "\n");
    answer_json(out, status, headers, &body);
    buf_release(&body);
}

/* ---- who may ask ---- */

/* No key is as good as any, but for "bad". */
static bool is_allowed(const struct http_request *request, struct buf *out)
{
    char authorization[64];

    http_header(request->head, "Authorization", authorization, sizeof(authorization));
    if (!str_eq(authorization, "Bearer bad"))
        return true;
    write_error(out, 401, "invalid_request_error", "Incorrect API key provided.", "");
    return false;
}

static bool is_allowed_by_azure(const struct http_request *request, struct buf *out)
{
    char key[64], authorization[64];
    const char *query = request->target + http_path_length(request);

    http_header(request->head, "api-key", key, sizeof(key));
    http_header(request->head, "Authorization", authorization, sizeof(authorization));
    if ((!*key && !str_starts(authorization, "Bearer ")) || str_eq(key, "bad") || str_eq(authorization, "Bearer bad")) {
        write_error(out, 401, "invalid_request_error",
                    "Access denied due to invalid subscription key or wrong API endpoint.", "");
        return false;
    }
    if (!strstr(query, "?api-version=") && !strstr(query, "&api-version=")) {
        write_error(out, 404, "invalid_request_error", "Resource not found", "");
        return false;
    }
    return true;
}

/* ---- the request ---- */

static const char *no_id(struct json_object *block)
{
    (void)block;
    return NULL;
}

static struct json_object *tool_result(struct json_object *message)
{
    return str_eq(json_get_text(message, "role", NULL), "tool") ? json_get(message, "content") : NULL;
}

static const struct blocks blocks = {.call_id = no_id, .result_id = no_id, .result = tool_result};

static bool is_true(struct json_object *object, const char *key)
{
    return json_object_get_boolean(json_get(object, key));
}

/* As OpenAI says it, or as vLLM hands it to a model's template. */
static bool may_reason(struct json_object *request)
{
    const char *effort = json_get_text(request, "reasoning_effort", NULL);
    struct json_object *template = json_get(request, "chat_template_kwargs");

    return (effort && !str_eq(effort, "none")) || is_true(template, "thinking") || is_true(template, "enable_thinking");
}

/* The tool that has to be called: its parameters are the answer's schema. */
static void read_forced_tool(struct asked *asked, struct json_object *request)
{
    struct json_object *tools = json_get(request, "tools");
    const char *name = json_get_text(json_get(json_get(request, "tool_choice"), "function"), "name", NULL);

    for (size_t i = 0; name && json_object_is_type(tools, json_type_array) && i < json_object_array_length(tools);
         i++) {
        struct json_object *tool = json_get(json_object_array_get_idx(tools, i), "function");

        if (!str_eq(json_get_text(tool, "name", NULL), name))
            continue;
        asked->form = name;
        asked->schema = json_get(tool, "parameters");
        asked->is_tool = true;
    }
}

static const char *read_request(struct asked *asked, struct json_object *request)
{
    struct json_object *form = json_get(json_get(request, "response_format"), "json_schema");

    if (!asked_messages(asked, json_get(request, "messages"), &blocks))
        return "The body is no chat completion request.";
    asked_model(asked, json_get_text(request, "model", NULL));
    asked_stop(asked, json_get(request, "stop"));
    asked->is_stream = is_true(request, "stream");
    asked->include_usage = is_true(json_get(request, "stream_options"), "include_usage");
    asked->may_reason = may_reason(request);
    asked->form = json_get_text(form, "name", NULL);
    asked->schema = json_get(form, "schema");
    read_forced_tool(asked, request);
    return NULL;
}

/* ---- the reply ---- */

/* {"id":…,"object":…,"created":…,"model":" and the name, up to what differs. */
static void write_object(struct buf *out, const struct reply *reply, const char *object)
{
    buf_printf(out, "{\"id\":\"chatcmpl-%llu\",\"object\":\"%s\",\"created\":%lld,\"model\":\"",
               (unsigned long long)reply->id, object, (long long)reply->created_s);
    write_escaped(out, reply->asked.model, strlen(reply->asked.model));
    buf_str(out, "\",\"system_fingerprint\":\"fp_scripted\",");
}

static void write_usage(struct buf *out, const struct reply *reply)
{
    uint64_t completion = reply_tokens(reply);

    buf_printf(out, "\"usage\":{\"prompt_tokens\":%llu,\"completion_tokens\":%llu,\"total_tokens\":%llu}",
               (unsigned long long)reply->prompt_tokens, (unsigned long long)completion,
               (unsigned long long)(reply->prompt_tokens + completion));
}

/* One event with one choice: up to the delta's content and from behind it. */
static void event_begin(struct buf *out, const struct reply *reply, const char *delta)
{
    buf_str(out, "data: ");
    write_object(out, reply, "chat.completion.chunk");
    buf_printf(out, "\"choices\":[{\"index\":0,\"delta\":{%s", delta);
}

static void event_end(struct buf *out, const struct reply *reply, const char *finish)
{
    buf_printf(out, "},\"logprobs\":null,\"finish_reason\":%s%s%s}]%s}\n\n", finish ? "\"" : "",
               finish ? finish : "null", finish ? "\"" : "", reply->asked.include_usage ? ",\"usage\":null" : "");
}

/* A tool's call: its name, and its arguments up to their text. */
static void write_call(struct buf *out, const struct reply *reply, const char *index)
{
    buf_printf(out, "\"tool_calls\":[{%s\"id\":\"call_%llu\",\"type\":\"function\",\"function\":{\"name\":\"", index,
               (unsigned long long)reply->id);
    write_escaped(out, reply->script.tool, strlen(reply->script.tool));
    buf_str(out, "\",\"arguments\":\"");
}

static void open_reply(const struct reply *reply, struct buf *out)
{
    if (reply->asked.is_stream) {
        event_begin(out, reply, "\"role\":\"assistant\",\"content\":\"\",\"refusal\":null");
        event_end(out, reply, NULL);
    } else {
        write_object(out, reply, "chat.completion");
        buf_str(out, "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\"");
    }
}

/* The filter's verdict on the prompt comes first, in an event without a choice. */
static void open_azure_reply(const struct reply *reply, struct buf *out)
{
    if (reply->asked.is_stream)
        buf_str(out, "data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\","
                     "\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{}}]}\n\n");
    open_reply(reply, out);
}

static void open_part(const struct reply *reply, struct buf *out)
{
    static const char *const keys[] = {[PART_REASONING] = ",\"reasoning_content\":\"", [PART_TEXT] = ",\"content\":\""};

    if (reply->part != PART_TOOL) {
        buf_str(out, reply->asked.is_stream ? "" : keys[reply->part]);
    } else if (reply->asked.is_stream) {
        event_begin(out, reply, "");
        write_call(out, reply, "\"index\":0,");
        buf_str(out, "\"}}]");
        event_end(out, reply, NULL);
    } else {
        buf_str(out, ",\"content\":null,");
        write_call(out, reply, "");
    }
}

static void open_piece(struct reply *reply, struct buf *out)
{
    static const char *const deltas[] = {[PART_REASONING] = "\"reasoning_content\":\"",
                                         [PART_TEXT] = "\"content\":\"",
                                         [PART_TOOL] = "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\""};

    event_begin(out, reply, deltas[reply->part]);
}

static void close_piece(struct reply *reply, struct buf *out)
{
    if (reply->piece.is_bad_json) {
        buf_str(out, "\": [}\n\n");
        return;
    }
    buf_str(out, reply->part == PART_TOOL ? "\"}}]" : "\"");
    event_end(out, reply, NULL);
}

static void close_part(const struct reply *reply, struct buf *out)
{
    if (!reply->asked.is_stream)
        buf_str(out, reply->part == PART_TOOL ? "\"}}]" : "\"");
}

static void close_stream(const struct reply *reply, struct buf *out)
{
    if (reply->script.has[D_NODONE])
        return;
    event_begin(out, reply, "");
    event_end(out, reply, reply_finish(reply));
    if (reply->asked.include_usage) {
        buf_str(out, "data: ");
        write_object(out, reply, "chat.completion.chunk");
        buf_str(out, "\"choices\":[],");
        write_usage(out, reply);
        buf_str(out, "}\n\n");
    }
    buf_str(out, "data: [DONE]\n\n");
}

static void close_reply(const struct reply *reply, struct buf *out)
{
    const char *finish = reply->script.has[D_NODONE] ? NULL : reply_finish(reply);

    if (reply->asked.is_stream) {
        close_stream(reply, out);
        return;
    }
    buf_printf(out, ",\"refusal\":null},\"logprobs\":null,\"finish_reason\":%s%s%s}],", finish ? "\"" : "",
               finish ? finish : "null", finish ? "\"" : "");
    write_usage(out, reply);
    buf_str(out, "}\n");
}

static void write_comment(const struct reply *reply, struct buf *out)
{
    (void)reply;
    buf_str(out, ": waiting\n\n");
}

static void write_error_event(const struct reply *reply, struct buf *out, const char *type)
{
    (void)reply;
    buf_str(out, "data: {\"error\":{\"message\":\"Scripted error.\",\"type\":\"");
    buf_str(out, type ? type : "server_error");
    buf_str(out, "\",\"param\":null,\"code\":null}}\n\n");
}

/* ---- embeddings ---- */

static const char *read_inputs(struct inputs *inputs, struct asked *asked, struct json_object *request)
{
    const char *format = json_get_text(request, "encoding_format", NULL);

    asked_model(asked, json_get_text(request, "model", NULL));
    if (!inputs_read(inputs, json_get(request, "input"), json_get(request, "dimensions"), MAX_INPUTS))
        return "'$.input' is invalid.";
    return !format || str_eq(format, "float") ? NULL : "Only encoding_format float is served here.";
}

static void write_vectors(const struct inputs *inputs, const struct asked *asked, struct buf *out)
{
    struct json_out json;

    json_out_init(&json, out);
    json_open_object(&json);
    json_key(&json, "object");
    json_text(&json, "list");
    json_key(&json, "data");
    json_open_array(&json);
    for (size_t i = 0; i < inputs->n; i++) {
        json_open_object(&json);
        json_key(&json, "object");
        json_text(&json, "embedding");
        json_key(&json, "index");
        json_u64(&json, i);
        json_key(&json, "embedding");
        vector_write(&json, inputs_text(inputs, i), inputs->dimensions);
        json_close_object(&json);
    }
    json_close_array(&json);
    json_key(&json, "model");
    json_text(&json, asked->model);
    json_key(&json, "usage");
    json_open_object(&json);
    json_key(&json, "prompt_tokens");
    json_u64(&json, inputs_tokens(inputs));
    json_key(&json, "total_tokens");
    json_u64(&json, inputs_tokens(inputs));
    json_close_object(&json);
    json_close_object(&json);
}

#define COMMON                                                                                                         \
    .protocol = OPENAI, .stream_type = "text/event-stream; charset=utf-8", .id_header = "x-request-id",                \
    .denied_status = 401, .bad_request = "invalid_request_error", .read = read_request, .part_open = open_part,        \
    .piece_open = open_piece, .piece_close = close_piece, .part_close = close_part, .close = close_reply,              \
    .comment = write_comment, .error_event = write_error_event, .error = write_error, .read_inputs = read_inputs,      \
    .write_vectors = write_vectors

const struct wire wire_openai = {COMMON, .allow = is_allowed, .open = open_reply};
const struct wire wire_azure = {COMMON, .allow = is_allowed_by_azure, .open = open_azure_reply};
