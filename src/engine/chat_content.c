/* Contents of messages as JSON: written once, read for each turn that comes after. */
#include "engine/chat_content.h"

#include <json-c/json.h>
#include <string.h>

enum { CONTENT_MAX_BYTES = 15 << 20 }; /* of a MEDIUMTEXT */

const char *chat_content_text(struct cq_ctx *ctx, const struct chat_content *contents, size_t n)
{
    struct buf *buf = buf_in_arena(ctx->arena, CONTENT_MAX_BYTES);

    for (size_t i = 0; buf && i < n; i++) {
        if (contents[i].kind != CHAT_TEXT)
            continue;
        if (buf->len)
            buf_str(buf, "\n\n");
        buf_str(buf, contents[i].text);
    }
    return buf && !buf->failed ? buf->data : NULL;
}

/* ---- writing ---- */

static void member(struct json_out *out, const char *key, const char *value)
{
    json_key(out, key);
    json_text(out, value);
}

static void write_file(struct json_out *out, const struct kept_file *file)
{
    char hex[2 * SHA256_BYTES + 1];

    hex_encode(file->hash, SHA256_BYTES, hex);
    member(out, "file", hex);
    json_key(out, "size");
    json_u64(out, file->size);
}

static void write_content(struct json_out *out, const struct chat_content *c)
{
    json_open_object(out);
    switch (c->kind) {
    case CHAT_TEXT:
        member(out, "content_type", "text");
        member(out, "body", c->text);
        break;
    case CHAT_IMAGE:
        member(out, "content_type", "image");
        member(out, "media_type", c->media_type);
        write_file(out, &c->file);
        break;
    case CHAT_ATTACHMENT:
        member(out, "content_type", "attachment");
        member(out, "file_name", c->file_name);
        write_file(out, &c->file);
        break;
    }
    json_close_object(out);
}

static enum cq_status end_json(struct cq_ctx *ctx, const struct buf *buf, const char **out)
{
    if (!buf || buf->failed)
        return cq_fail(ctx, CQ_INTERNAL, "the contents of a message are too large");
    *out = buf->data;
    return CQ_OK;
}

enum cq_status chat_content_json(struct cq_ctx *ctx, const struct chat_content *contents, size_t n, const char **out)
{
    struct buf *buf;
    struct json_out json;

    *out = NULL;
    if (n == 1 && contents[0].kind == CHAT_TEXT)
        return CQ_OK;
    buf = buf_in_arena(ctx->arena, CONTENT_MAX_BYTES);
    if (!buf)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&json, buf);
    json_open_array(&json);
    for (size_t i = 0; i < n; i++)
        write_content(&json, &contents[i]);
    json_close_array(&json);
    return end_json(ctx, buf, out);
}

static void write_reasoning(struct json_out *out, const char *text, const char *signature)
{
    json_open_object(out);
    member(out, "content_type", "reasoning");
    member(out, "text", text);
    member(out, "signature", signature);
    member(out, "redacted_content", "");
    json_close_object(out);
}

static void write_text(struct json_out *out, const char *text)
{
    json_open_object(out);
    member(out, "content_type", "text");
    member(out, "body", text);
    json_close_object(out);
}

enum cq_status chat_content_reply(struct cq_ctx *ctx, const char *reasoning, const char *signature, const char *text,
                                  const char **out)
{
    struct buf *buf;
    struct json_out json;

    *out = NULL;
    if (!*reasoning && !*signature)
        return CQ_OK;
    buf = buf_in_arena(ctx->arena, CONTENT_MAX_BYTES);
    if (!buf)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&json, buf);
    json_open_array(&json);
    write_reasoning(&json, reasoning, signature);
    write_text(&json, text);
    json_close_array(&json);
    return end_json(ctx, buf, out);
}

/* ---- reading ---- */

static const char *text_of(struct json_object *item, const char *key)
{
    const char *text = json_get_text(item, key, NULL);

    return text ? text : "";
}

enum cq_status chat_content_extend(struct cq_ctx *ctx, const char *content, const char *text, const char **out)
{
    struct json_object *array = NULL, *first;

    *out = NULL;
    if (!content)
        return CQ_OK;
    enum cq_status st = json_read(ctx, content, strlen(content), &array);
    if (st)
        return st;
    first = json_object_array_get_idx(array, 0);
    return chat_content_reply(ctx, text_of(first, "text"), text_of(first, "signature"), text, out);
}

static bool read_file(struct json_object *item, struct chat_content_file *out)
{
    const char *type = text_of(item, "content_type"), *hex = text_of(item, "file");

    *out = (struct chat_content_file){.media_type = NULL};
    if (str_eq(type, "image"))
        out->media_type = text_of(item, "media_type");
    else if (str_eq(type, "attachment"))
        out->file_name = text_of(item, "file_name");
    else
        return false;
    out->size = json_get_u64(item, "size");
    return hex_decode(hex, out->hash, SHA256_BYTES);
}

size_t chat_content_files(struct cq_ctx *ctx, const char *content, struct chat_content_file *out)
{
    struct json_object *array = NULL;
    size_t n = 0;

    if (!content || json_read(ctx, content, strlen(content), &array) || !json_object_is_type(array, json_type_array))
        return 0;
    for (size_t i = 0; i < json_object_array_length(array) && n < 2 * CHAT_MAX_FILES; i++)
        n += read_file(json_object_array_get_idx(array, i), &out[n]);
    return n;
}
