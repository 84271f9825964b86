/* How a server of the Chat Completions protocol says things. */
#include "fixture.h"

/* ---- chunks ---- */

static void open_chunk(struct buf *out)
{
    buf_str(out, "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",");
}

static void put_delta(struct buf *out, const char *key, const char *text)
{
    struct json_out json;

    open_chunk(out);
    buf_printf(out, "\"choices\":[{\"index\":0,\"delta\":{\"%s\":", key);
    json_out_init(&json, out);
    json_text(&json, text);
    buf_str(out, "},\"finish_reason\":null}]}\n\n");
}

static void put_pieces(struct buf *out, const char *key, const char *const *pieces)
{
    for (; *pieces; pieces++)
        put_delta(out, key, *pieces);
}

/* "name":…,"arguments":… and nothing where it is NULL. */
static void put_function(struct buf *out, const char *name, const char *arguments)
{
    struct json_out json;

    json_out_init(&json, out);
    json_open_object(&json);
    if (name) {
        json_key(&json, "name");
        json_text(&json, name);
    }
    json_key(&json, "arguments");
    json_text(&json, arguments);
    json_close_object(&json);
}

static void put_call(struct buf *out, size_t index, const struct fixture_tool *tool)
{
    for (size_t i = 0; i == 0 || tool->input[i - 1]; i++) {
        open_chunk(out);
        buf_printf(out, "\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":%zu,", index);
        if (i == 0)
            buf_printf(out, "\"id\":\"%s\",\"type\":\"function\",", tool->id);
        buf_str(out, "\"function\":");
        put_function(out, i ? NULL : tool->name, i ? tool->input[i - 1] : "");
        buf_str(out, "}]},\"finish_reason\":null}]}\n\n");
    }
}

/* ---- ends ---- */

static const char *finish_reason(enum llm_stop stop)
{
    switch (stop) {
    case LLM_STOP_LENGTH:
        return "length";
    case LLM_STOP_TOOL:
        return "tool_calls";
    case LLM_STOP_FILTERED:
        return "content_filter";
    default:
        return "stop";
    }
}

static void put_finish(struct buf *out, const struct fixture_reply *reply)
{
    buf_printf(out, "\"finish_reason\":\"%s\"", finish_reason(reply->stop));
    if (reply->stop == LLM_STOP_SEQUENCE)
        buf_printf(out, ",\"stop_reason\":\"%s\"", reply->stop_sequence);
}

static void put_usage(struct buf *out, const struct llm_usage *usage)
{
    buf_printf(out,
               "\"usage\":{\"prompt_tokens\":%u,\"completion_tokens\":%u,\"total_tokens\":%u,"
               "\"prompt_tokens_details\":{\"cached_tokens\":%u,\"cache_write_tokens\":%u}}",
               usage->input + usage->cache_read + usage->cache_write, usage->output, usage->input + usage->output,
               usage->cache_read, usage->cache_write);
}

static bool is_said(const struct llm_usage *usage)
{
    return usage->input || usage->output || usage->cache_read || usage->cache_write;
}

static const char *fault_error(enum fixture_fault fault)
{
    switch (fault) {
    case FAULT_LIMITED:
        return "{\"message\":\"slow down\",\"type\":\"tokens\",\"param\":null,\"code\":\"rate_limit_exceeded\"}";
    case FAULT_LATE:
        return "{\"message\":\"too late\",\"code\":408}";
    case FAULT_REFUSED:
        return "{\"message\":\"too long\",\"type\":\"invalid_request_error\",\"code\":\"context_length_exceeded\"}";
    default:
        return "{\"message\":\"The server had an error\",\"type\":\"server_error\",\"param\":null,\"code\":null}";
    }
}

/* ---- the fixture ---- */

static void stream(struct buf *out, const struct fixture_reply *reply)
{
    put_delta(out, "role", "assistant");
    put_pieces(out, "reasoning_content", reply->reasoning);
    put_pieces(out, "content", reply->text);
    for (size_t i = 0; i < FIXTURE_MAX_TOOLS && reply->tools[i].name; i++)
        put_call(out, i, &reply->tools[i]);
    if (reply->fault) {
        buf_printf(out, "data: {\"error\":%s}\n\n", fault_error(reply->fault));
        return;
    }
    open_chunk(out);
    buf_str(out, "\"choices\":[{\"index\":0,\"delta\":{},");
    put_finish(out, reply);
    buf_str(out, "}]}\n\n");
    if (is_said(&reply->usage)) {
        open_chunk(out);
        buf_str(out, "\"choices\":[],");
        put_usage(out, &reply->usage);
        buf_str(out, "}\n\n");
    }
    buf_str(out, "data: [DONE]\n\n");
}

static void put_joined(struct json_out *out, const char *key, const char *const *pieces)
{
    struct buf all;

    buf_init(&all, 1 << 16);
    for (; *pieces; pieces++)
        buf_str(&all, *pieces);
    json_key(out, key);
    json_text(out, all.data);
    buf_release(&all);
}

static void put_message(struct buf *out, const struct fixture_reply *reply)
{
    struct json_out json;

    json_out_init(&json, out);
    json_open_object(&json);
    json_key(&json, "role");
    json_text(&json, "assistant");
    put_joined(&json, "reasoning", reply->reasoning);
    put_joined(&json, "content", reply->text);
    json_key(&json, "tool_calls");
    json_open_array(&json);
    for (size_t i = 0; i < FIXTURE_MAX_TOOLS && reply->tools[i].name; i++) {
        json_open_object(&json);
        json_key(&json, "id");
        json_text(&json, reply->tools[i].id);
        json_key(&json, "function");
        json_open_object(&json);
        json_key(&json, "name");
        json_text(&json, reply->tools[i].name);
        put_joined(&json, "arguments", reply->tools[i].input);
        json_close_object(&json);
        json_close_object(&json);
    }
    json_close_array(&json);
    json_close_object(&json);
}

static void whole(struct buf *out, const struct fixture_reply *reply)
{
    buf_str(out, "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,\"message\":");
    put_message(out, reply);
    buf_char(out, ',');
    put_finish(out, reply);
    buf_str(out, "}]");
    if (is_said(&reply->usage)) {
        buf_char(out, ',');
        put_usage(out, &reply->usage);
    }
    buf_char(out, '}');
}

static void vectors(struct buf *out, size_t n)
{
    buf_str(out, "{\"object\":\"list\",\"data\":[");
    for (size_t i = n; i-- > 0;)
        buf_printf(out, "{\"object\":\"embedding\",\"embedding\":[%zu.0,%zu],\"index\":%zu}%s", 2 * i, 2 * i + 1, i,
                   i ? "," : "");
    buf_printf(out, "],\"model\":\"m\",\"usage\":{\"prompt_tokens\":%zu,\"total_tokens\":%zu}}", n, n);
}

static void more(struct buf *out, const char *text)
{
    put_delta(out, "content", text);
}

static void refusal(struct buf *out, unsigned http_status)
{
    buf_printf(out, "{\"error\":{\"message\":\"status %u for sk-secret\",\"type\":\"x\",\"code\":null}}", http_status);
}

static void recorded(struct buf *out, size_t *whole_at)
{
#define CHUNK(rest)                                                                                                    \
    "data: {\"id\":\"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG\",\"object\":\"chat.completion.chunk\","                   \
    "\"created\":1741570283,\"model\":\"m-2024-08-06\",\"service_tier\":\"default\",\"system_fingerprint\":"           \
    "\"fp_fc9f1d7035\"," rest ",\"obfuscation\":\"Zq7\"}\r\n\r\n"
#define SAYS(text)                                                                                                     \
    CHUNK("\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"},\"logprobs\":null,\"finish_reason\":null}]," \
          "\"usage\":null")
    buf_str(out, ": a comment\r\n\r\n");
    buf_str(out, CHUNK("\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},"
                       "\"logprobs\":null,\"finish_reason\":null}],\"usage\":null"));
    buf_str(out, SAYS("Grüße "));
    buf_str(out, SAYS("\\ud83d\\udc4b!"));
    buf_str(out, SAYS(" Water"));
    buf_str(out, SAYS(" moves — by osmosis."));
    buf_str(out, CHUNK("\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
                       "\"usage\":null"));
    *whole_at = out->len - 1; /* the line feed behind the last CR says nothing new */
    buf_str(out, CHUNK("\"choices\":[],\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":10,\"total_tokens\":29}"));
    buf_str(out, "data: [DONE]\r\n\r\n");
#undef SAYS
#undef CHUNK
}

const struct fixture fixture_openai = {
    .provider = "openai",
    .base_path = "/v1",
    .stream_type = "text/event-stream; charset=utf-8",
    .has_cache_write = true,
    .stream = stream,
    .whole = whole,
    .vectors = vectors,
    .more = more,
    .refusal = refusal,
    .recorded = recorded,
};
