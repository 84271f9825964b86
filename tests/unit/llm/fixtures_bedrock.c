/* How Amazon Bedrock says things: ConverseStream, Converse, and InvokeModel of Cohere's vectors. */
#include <stdio.h>

#include "fixture.h"
#include "frames.h"

enum { PAYLOAD_MAX_BYTES = 1 << 16 };

/* ---- events ---- */

static void put_event(struct buf *out, const char *name, const char *payload)
{
    frame_message(out, "event", name, payload);
}

/* An event with an object: what stands before a text, the text, and what stands behind it. */
static void put_saying(struct buf *out, const char *name, const char *before, const char *text, const char *after)
{
    struct json_out json;
    struct buf payload;

    buf_init(&payload, PAYLOAD_MAX_BYTES);
    buf_printf(&payload, "{%s", before);
    json_out_init(&json, &payload);
    json_text(&json, text);
    buf_printf(&payload, "%s}", after);
    put_event(out, name, payload.data);
    buf_release(&payload);
}

/* member: of the delta, up to the text; after: from there to the end of the delta. */
static void put_delta(struct buf *out, size_t index, const char *member, const char *text, const char *after)
{
    char before[100];

    snprintf(before, sizeof(before), "\"contentBlockIndex\":%zu,\"delta\":{%s", index, member);
    put_saying(out, "contentBlockDelta", before, text, after);
}

static void close_block(struct buf *out, size_t index)
{
    char payload[40];

    snprintf(payload, sizeof(payload), "{\"contentBlockIndex\":%zu}", index);
    put_event(out, "contentBlockStop", payload);
}

/* ---- blocks of a stream ---- */

static void put_thought(struct buf *out, size_t *index, const struct fixture_reply *reply)
{
    for (const char *const *piece = reply->reasoning; *piece; piece++)
        put_delta(out, *index, "\"reasoningContent\":{\"text\":", *piece, "}}");
    if (reply->signature)
        put_delta(out, *index, "\"reasoningContent\":{\"signature\":", reply->signature, "}}");
    close_block(out, (*index)++);
}

static void put_text(struct buf *out, size_t *index, const char *const *pieces)
{
    for (; *pieces; pieces++)
        put_delta(out, *index, "\"text\":", *pieces, "}");
    close_block(out, (*index)++);
}

static void put_call(struct buf *out, size_t *index, const char *id, const char *name, const char *const *input)
{
    char start[200];

    snprintf(start, sizeof(start),
             "{\"contentBlockIndex\":%zu,\"start\":{\"toolUse\":{\"toolUseId\":\"%s\",\"name\":\"%s\"}}}", *index, id,
             name);
    put_event(out, "contentBlockStart", start);
    put_delta(out, *index, "\"toolUse\":{\"input\":", "", "}}");
    for (; *input; input++)
        put_delta(out, *index, "\"toolUse\":{\"input\":", *input, "}}");
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
        return "content_filtered";
    case LLM_STOP_SEQUENCE:
        return "stop_sequence";
    default:
        return reply->is_structured ? "tool_use" : "end_turn";
    }
}

/* "usage":…,"metrics":… */
static void put_usage(struct buf *out, const struct llm_usage *usage)
{
    buf_printf(out,
               "\"usage\":{\"inputTokens\":%u,\"outputTokens\":%u,\"totalTokens\":%u,\"cacheReadInputTokens\":%u,"
               "\"cacheWriteInputTokens\":%u},\"metrics\":{\"latencyMs\":7}",
               usage->input, usage->output, usage->input + usage->output + usage->cache_read + usage->cache_write,
               usage->cache_read, usage->cache_write);
}

static void put_metadata(struct buf *out, const struct llm_usage *usage)
{
    struct buf payload;

    buf_init(&payload, PAYLOAD_MAX_BYTES);
    buf_char(&payload, '{');
    put_usage(&payload, usage);
    buf_char(&payload, '}');
    put_event(out, "metadata", payload.data);
    buf_release(&payload);
}

static void put_fault(struct buf *out, enum fixture_fault fault)
{
    static const char *const names[] = {[FAULT_AWAY] = "serviceUnavailableException",
                                        [FAULT_LIMITED] = "throttlingException",
                                        [FAULT_LATE] = "modelTimeoutException",
                                        [FAULT_REFUSED] = "validationException"};

    frame_message(out, "exception", names[fault], "{\"message\":\"slow down, aws-secret\"}");
}

/* ---- the fixture ---- */

static void configure(struct config_model *model)
{
    model->id = "anthropic.claude-3-5-sonnet-20240620-v1:0";
    model->api_key = NULL;
    model->access_key_id = "AKID";
    model->secret_access_key = "aws-secret";
    model->region = "eu-central-1";
}

static void stream(struct buf *out, const struct fixture_reply *reply)
{
    size_t index = 0;

    put_event(out, "messageStart", "{\"role\":\"assistant\"}");
    if (reply->reasoning[0])
        put_thought(out, &index, reply);
    if (reply->is_structured)
        put_call(out, &index, "tooluse_0", "reply", reply->text);
    else if (reply->text[0])
        put_text(out, &index, reply->text);
    for (size_t i = 0; i < FIXTURE_MAX_TOOLS && reply->tools[i].name; i++)
        put_call(out, &index, reply->tools[i].id, reply->tools[i].name, reply->tools[i].input);
    if (reply->fault) {
        put_fault(out, reply->fault);
        return;
    }
    put_saying(out, "messageStop", "\"stopReason\":", stop_reason(reply), "");
    put_metadata(out, &reply->usage);
}

/* What a block of a whole answer holds: pieces as one text, or as the JSON that they are. */
static void put_joined(struct buf *out, const char *const *pieces, bool is_json)
{
    struct json_out json;
    struct buf all;

    buf_init(&all, PAYLOAD_MAX_BYTES);
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
    buf_printf(out, "{\"toolUse\":{\"toolUseId\":\"%s\",\"name\":\"%s\",\"input\":", id, name);
    put_joined(out, input, true);
    buf_str(out, "}},");
}

static void put_content(struct buf *out, const struct fixture_reply *reply)
{
    if (reply->reasoning[0]) {
        buf_str(out, "{\"reasoningContent\":{\"reasoningText\":{\"text\":");
        put_joined(out, reply->reasoning, false);
        buf_printf(out, ",\"signature\":\"%s\"}}},", reply->signature ? reply->signature : "");
    }
    if (reply->is_structured) {
        put_whole_call(out, "tooluse_0", "reply", reply->text);
    } else if (reply->text[0]) {
        buf_str(out, "{\"text\":");
        put_joined(out, reply->text, false);
        buf_str(out, "},");
    }
    for (size_t i = 0; i < FIXTURE_MAX_TOOLS && reply->tools[i].name; i++)
        put_whole_call(out, reply->tools[i].id, reply->tools[i].name, reply->tools[i].input);
    buf_str(out, "{\"aBlockOfTomorrow\":{}}");
}

static void whole(struct buf *out, const struct fixture_reply *reply)
{
    buf_str(out, "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[");
    put_content(out, reply);
    buf_printf(out, "]}},\"stopReason\":\"%s\",", stop_reason(reply));
    put_usage(out, &reply->usage);
    buf_char(out, '}');
}

static void vectors(struct buf *out, size_t n)
{
    buf_str(out, "{\"id\":\"1\",\"embeddings\":{\"float\":[");
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s[%zu.0,%zu]", i ? "," : "", 2 * i, 2 * i + 1);
    buf_str(out, "]},\"response_type\":\"embeddings_by_type\"}");
}

static void more(struct buf *out, const char *text)
{
    put_delta(out, 0, "\"text\":", text, "}");
}

static void refusal(struct buf *out, unsigned http_status)
{
    buf_printf(out, "{\"message\":\"status %u for aws-secret\"}", http_status);
}

/* "p" is there to make the lengths of messages say nothing. */
static void recorded(struct buf *out, size_t *whole_at)
{
#define SAYS(text)                                                                                                     \
    put_event(out, "contentBlockDelta",                                                                                \
              "{\"contentBlockIndex\":1,\"delta\":{\"text\":\"" text "\"},\"p\":\"abcdefghijklmnop\"}")
    put_event(out, "messageStart", "{\"p\":\"abcdefghijkl\",\"role\":\"assistant\"}");
    put_event(
        out, "contentBlockDelta",
        "{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"redactedContent\":\"EmwKAhgB\"}},\"p\":\"ab\"}");
    put_event(out, "contentBlockStop", "{\"contentBlockIndex\":0,\"p\":\"abcdefghijklmnopqrstuvwxyzABCDEFGH\"}");
    SAYS("");
    SAYS("Grüße ");
    SAYS("\\ud83d\\udc4b!");
    SAYS(" Water");
    SAYS(" moves — by osmosis.");
    put_event(out, "contentBlockStop", "{\"contentBlockIndex\":1,\"p\":\"abcdefghijk\"}");
    put_event(out, "messageStop", "{\"additionalModelResponseFields\":null,\"p\":\"abc\",\"stopReason\":\"end_turn\"}");
    *whole_at = out->len;
    put_event(out, "metadata",
              "{\"metrics\":{\"latencyMs\":724},\"p\":\"abcdefghijklmnopq\",\"usage\":{\"cacheReadInputTokenCount\":0,"
              "\"cacheReadInputTokens\":0,\"inputTokens\":19,\"outputTokens\":10,\"serverToolUsage\":{},"
              "\"totalTokens\":29}}");
#undef SAYS
}

const struct fixture fixture_bedrock = {
    .provider = "bedrock",
    .base_path = "",
    .stream_type = "application/vnd.amazon.eventstream",
    .has_signatures = true,
    .has_cache_write = true,
    .vectors_id = "cohere.embed-v4:0",
    .configure = configure,
    .stream = stream,
    .whole = whole,
    .vectors = vectors,
    .more = more,
    .refusal = refusal,
    .recorded = recorded,
};
