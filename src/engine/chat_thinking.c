/* The thinking log: the use of a tool, and its result. */
#include "engine/chat_thinking.h"

enum { LOG_MAX_BYTES = 4 << 20 };

static void member(struct json_out *out, const char *key, const char *value)
{
    json_key(out, key);
    json_text(out, value);
}

static void open_message(struct json_out *out, const char *role, const char *content_type)
{
    json_open_object(out);
    member(out, "role", role);
    json_key(out, "content");
    json_open_array(out);
    json_open_object(out);
    member(out, "content_type", content_type);
    json_key(out, "body");
    json_open_object(out);
}

static void close_message(struct json_out *out)
{
    json_close_object(out);
    json_close_object(out);
    json_close_array(out);
    json_close_object(out);
}

static void write_use(struct json_out *out, const struct retrieval *retrieval, const char *tool_use_id)
{
    open_message(out, "bot", "toolUse");
    member(out, "tool_use_id", tool_use_id);
    member(out, "name", ENGINE_SEARCH_TOOL);
    json_key(out, "input");
    json_open_object(out);
    member(out, "query", retrieval->query);
    json_close_object(out);
    close_message(out);
}

static void write_passage(struct cq_ctx *ctx, struct json_out *out, const char *reply_name, size_t number,
                          const char *text)
{
    json_open_object(out);
    json_key(out, "json");
    json_open_object(out);
    member(out, "source_id", arena_printf(ctx->arena, "%s@%zu", reply_name, number));
    member(out, "content", text);
    json_close_object(out);
    json_close_object(out);
}

enum cq_status chat_thinking_log(struct cq_ctx *ctx, const struct retrieval *retrieval, const char *tool_use_id,
                                 const char *reply_name, const char **log)
{
    struct buf *buf = buf_in_arena(ctx->arena, LOG_MAX_BYTES);
    struct json_out out;

    if (!buf)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&out, buf);
    json_open_array(&out);
    write_use(&out, retrieval, tool_use_id);
    open_message(&out, "user", "toolResult");
    member(&out, "tool_use_id", tool_use_id);
    json_key(&out, "content");
    json_open_array(&out);
    for (size_t i = 0; i < retrieval->answer.n; i++)
        write_passage(ctx, &out, reply_name, i + 1, retrieval->answer.passages[i].text);
    json_close_array(&out);
    member(&out, "status", retrieval->is_failed ? "error" : "success");
    close_message(&out);
    json_close_array(&out);
    if (buf->failed)
        return cq_fail(ctx, CQ_INTERNAL, "the thinking log is larger than %d bytes", LOG_MAX_BYTES);
    *log = buf->data;
    return CQ_OK;
}
