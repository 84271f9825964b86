/* How the Messages API says things. */
#include "fixture.h"

/* ---- events ---- */

static void open_event(struct buf *out, const char *name)
{
    buf_printf(out, "event: %s\ndata: {\"type\":\"%s\"", name, name);
}

static void put_start(struct buf *out, const struct llm_usage *usage)
{
    open_event(out, "message_start");
    buf_printf(out,
               ",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":"
               "\"m\",\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":%u,"
               "\"cache_creation_input_tokens\":%u,\"cache_read_input_tokens\":%u,\"output_tokens\":%u}}}\n\n",
               usage->input, usage->cache_write, usage->cache_read, usage->output ? 1 : 0);
}

static void put_delta(struct buf *out, size_t index, const char *type, const char *key, const char *text)
{
    struct json_out json;

    open_event(out, "content_block_delta");
    buf_printf(out, ",\"index\":%zu,\"delta\":{\"type\":\"%s\",\"%s\":", index, type, key);
    json_out_init(&json, out);
    json_text(&json, text);
    buf_str(out, "}}\n\n");
}

static void open_block(struct buf *out, size_t index, const char *block)
{
    open_event(out, "content_block_start");
    buf_printf(out, ",\"index\":%zu,\"content_block\":{%s}}\n\n", index, block);
    buf_str(out, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
}

static void close_block(struct buf *out, size_t index)
{
    open_event(out, "content_block_stop");
    buf_printf(out, ",\"index\":%zu}\n\n", index);
}

/* ---- blocks of a stream ---- */

static void put_thought(struct buf *out, size_t *index, const struct fixture_reply *reply)
{
    open_block(out, *index, "\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"");
    for (const char *const *piece = reply->reasoning; *piece; piece++)
        put_delta(out, *index, "thinking_delta", "thinking", *piece);
    if (reply->signature)
        put_delta(out, *index, "signature_delta", "signature", reply->signature);
    close_block(out, (*index)++);
}

static void put_text(struct buf *out, size_t *index, const char *const *pieces)
{
    open_block(out, *index, "\"type\":\"text\",\"text\":\"\"");
    for (; *pieces; pieces++)
        put_delta(out, *index, "text_delta", "text", *pieces);
    close_block(out, (*index)++);
}

static void put_call(struct buf *out, size_t *index, const char *id, const char *name, const char *const *input)
{
    open_event(out, "content_block_start");
    buf_printf(
        out, ",\"index\":%zu,\"content_block\":{\"type\":\"tool_use\",\"id\":\"%s\",\"name\":\"%s\",\"input\":{}}}\n\n",
        *index, id, name);
    put_delta(out, *index, "input_json_delta", "partial_json", "");
    for (; *input; input++)
        put_delta(out, *index, "input_json_delta", "partial_json", *input);
    close_block(out, (*index)++);
}

/* ---- ends ---- */

static const char *stop_reason(const struct fixture_reply *reply)
{
    switch (reply->stop) {
    case LLM_STOP_LENGTH:
        return "max_tokens";
    case LLM_STOP_TOOL:
        return "tool_use";
    case LLM_STOP_FILTERED:
        return "refusal";
    case LLM_STOP_SEQUENCE:
        return "stop_sequence";
    default:
        return reply->is_structured ? "tool_use" : "end_turn";
    }
}

/* "stop_reason":…,"stop_sequence":… */
static void put_stop(struct buf *out, const struct fixture_reply *reply)
{
    struct json_out json;

    json_out_init(&json, out);
    json_key(&json, "stop_reason");
    json_text(&json, stop_reason(reply));
    json_key(&json, "stop_sequence");
    json_text(&json, reply->stop_sequence);
}

static void put_fault(struct buf *out, enum fixture_fault fault)
{
    static const char *const types[] = {[FAULT_AWAY] = "overloaded_error",
                                        [FAULT_LIMITED] = "rate_limit_error",
                                        [FAULT_LATE] = "timeout_error",
                                        [FAULT_REFUSED] = "invalid_request_error"};

    open_event(out, "error");
    buf_printf(out, ",\"error\":{\"type\":\"%s\",\"message\":\"sk-secret\"},\"request_id\":\"r\"}\n\n", types[fault]);
}

/* ---- the fixture ---- */

static void stream(struct buf *out, const struct fixture_reply *reply)
{
    size_t index = 0;

    put_start(out, &reply->usage);
    if (reply->reasoning[0])
        put_thought(out, &index, reply);
    if (reply->is_structured)
        put_call(out, &index, "toolu_0", "reply", reply->text);
    else if (reply->text[0])
        put_text(out, &index, reply->text);
    for (size_t i = 0; i < FIXTURE_MAX_TOOLS && reply->tools[i].name; i++)
        put_call(out, &index, reply->tools[i].id, reply->tools[i].name, reply->tools[i].input);
    if (reply->fault) {
        put_fault(out, reply->fault);
        return;
    }
    open_event(out, "message_delta");
    buf_str(out, ",\"delta\":{");
    put_stop(out, reply);
    buf_printf(out, "},\"usage\":{\"output_tokens\":%u}}\n\n", reply->usage.output);
    open_event(out, "message_stop");
    buf_str(out, "}\n\n");
}

/* What a block of a whole answer holds: pieces as one text, or as the JSON that they are. */
static void put_joined(struct buf *out, const char *const *pieces, bool is_json)
{
    struct json_out json;
    struct buf all;

    buf_init(&all, 1 << 16);
    for (; *pieces; pieces++)
        buf_str(&all, *pieces);
    json_out_init(&json, out);
    if (is_json)
        json_raw(&json, all.len ? all.data : "{}");
    else
        json_text(&json, all.data);
    buf_release(&all);
}

static void put_whole_call(struct buf *out, const char *id, const char *name, const char *const *input)
{
    buf_printf(out, "{\"type\":\"tool_use\",\"id\":\"%s\",\"name\":\"%s\",\"input\":", id, name);
    put_joined(out, input, true);
    buf_str(out, "},");
}

static void put_content(struct buf *out, const struct fixture_reply *reply)
{
    if (reply->reasoning[0]) {
        buf_str(out, "{\"type\":\"thinking\",\"thinking\":");
        put_joined(out, reply->reasoning, false);
        buf_printf(out, ",\"signature\":\"%s\"},", reply->signature ? reply->signature : "");
    }
    if (reply->is_structured) {
        put_whole_call(out, "toolu_0", "reply", reply->text);
    } else if (reply->text[0]) {
        buf_str(out, "{\"type\":\"text\",\"text\":");
        put_joined(out, reply->text, false);
        buf_str(out, "},");
    }
    for (size_t i = 0; i < FIXTURE_MAX_TOOLS && reply->tools[i].name; i++)
        put_whole_call(out, reply->tools[i].id, reply->tools[i].name, reply->tools[i].input);
    buf_str(out, "{\"type\":\"a_block_of_tomorrow\"}");
}

static void whole(struct buf *out, const struct fixture_reply *reply)
{
    buf_str(out, "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[");
    put_content(out, reply);
    buf_str(out, "],");
    put_stop(out, reply);
    buf_printf(out,
               ",\"usage\":{\"input_tokens\":%u,\"cache_creation_input_tokens\":%u,\"cache_read_input_tokens\":%u,"
               "\"output_tokens\":%u}}",
               reply->usage.input, reply->usage.cache_write, reply->usage.cache_read, reply->usage.output);
}

static void more(struct buf *out, const char *text)
{
    put_delta(out, 0, "text_delta", "text", text);
}

static void refusal(struct buf *out, unsigned http_status)
{
    buf_printf(out, "{\"type\":\"error\",\"error\":{\"type\":\"x_error\",\"message\":\"status %u for sk-secret\"}}",
               http_status);
}

static void recorded(struct buf *out, size_t *whole_at)
{
#define EVENT(name, rest) "event: " name "\ndata: {\"type\":\"" name "\"" rest "          }\n\n"
#define SAYS(text)                                                                                                     \
    EVENT("content_block_delta", ",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"" text "\"}")
    buf_str(out, EVENT("message_start",
                       ",\"message\":{\"model\":\"m\",\"id\":\"msg_01Mc\",\"type\":\"message\",\"role\":\"assistant\","
                       "\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":19,"
                       "\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"cache_creation\":"
                       "{\"ephemeral_5m_input_tokens\":0},\"output_tokens\":1,\"service_tier\":\"standard\"}}"));
    buf_str(out, EVENT("content_block_start", ",\"index\":0,\"content_block\":{\"type\":\"redacted_thinking\","
                                              "\"data\":\"EmwKAhgB\"}"));
    buf_str(out, EVENT("content_block_stop", ",\"index\":0"));
    buf_str(out, EVENT("content_block_start", ",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}"));
    buf_str(out, EVENT("ping", ""));
    buf_str(out, SAYS("Grüße "));
    buf_str(out, SAYS("👋!"));
    buf_str(out, SAYS(" Water"));
    buf_str(out, SAYS(" moves — by osmosis."));
    buf_str(out, EVENT("content_block_stop", ",\"index\":1"));
    buf_str(out, EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null,"
                                        "\"stop_details\":null},\"usage\":{\"input_tokens\":19,\"output_tokens\":10}"));
    *whole_at = out->len;
    buf_str(out, EVENT("message_stop", ""));
#undef SAYS
#undef EVENT
}

const struct fixture fixture_anthropic = {
    .provider = "anthropic",
    .base_path = "",
    .stream_type = "text/event-stream; charset=utf-8",
    .has_signatures = true,
    .has_cache_write = true,
    .stream = stream,
    .whole = whole,
    .more = more,
    .refusal = refusal,
    .recorded = recorded,
};
