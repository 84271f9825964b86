/* The contents of messages: texts, files, and what tools were asked for. */
#include "api/chat_content.h"

#include <json-c/json.h>
#include <string.h>

const char *chat_role_of_model(enum chat_form form)
{
    return form == CHAT_CAMEL ? "assistant" : "bot";
}

/* JSON that we have stored: that it cannot be read is no fault of the client's. */
static enum cq_status read_stored(struct request *req, const char *json, struct json_object **out)
{
    enum cq_status st = json_read(&req->ctx, json, strlen(json), out);

    return st ? cq_fail(&req->ctx, CQ_INTERNAL, "a stored message cannot be read") : CQ_OK;
}

/* ---- pieces ---- */

static void copy_text(struct json_out *out, enum chat_form form, struct json_object *from, const char *key)
{
    size_t len = 0;
    const char *text = json_get_text(from, key, &len);

    chat_key(out, form, key);
    json_text_n(out, text ? text : "", len);
}

/* Whatever it is, as it is. */
static void copy_value(struct json_out *out, struct json_object *value)
{
    json_raw(out, value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
                        : "null");
}

static void open_content(struct json_out *out, enum chat_form form, const char *type)
{
    json_open_object(out);
    chat_key(out, form, "content_type");
    json_text(out, type);
}

void chat_write_one_text(struct json_out *out, enum chat_form form, const char *text)
{
    json_open_array(out);
    open_content(out, form, "text");
    json_key(out, "body");
    json_text(out, text);
    json_close_object(out);
    json_close_array(out);
}

/* ---- files ---- */

/* A conversation whose files are too many for one answer can still be read. */
static bool has_room(const struct json_out *out, size_t len)
{
    return len / 3 * 4 + 4 <= out->buf->max / 2 && out->buf->len <= out->buf->max / 2 - (len / 3 * 4 + 4);
}

static enum cq_status write_file_body(struct request *req, struct json_out *out, struct json_object *item)
{
    uint8_t hash[SHA256_BYTES];
    const void *data = "";
    size_t len = 0;
    const char *hex = json_get_text(item, "file", NULL);
    enum cq_status st = CQ_SOURCE_GONE;

    if (hex && hex_decode(hex, hash, SHA256_BYTES))
        st = file_map(&req->ctx, req->config, hash, &data, &len);
    if (st && st != CQ_SOURCE_GONE)
        return st;
    json_key(out, "body");
    json_base64(out, data, st || !has_room(out, len) ? 0 : len);
    return CQ_OK;
}

/* ---- a content ---- */

static enum cq_status write_item(struct request *req, struct json_out *out, enum chat_form form,
                                 struct json_object *item)
{
    const char *type = json_get_text(item, "content_type", NULL);
    enum cq_status st = CQ_OK;

    open_content(out, form, type);
    if (str_eq(type, "text")) {
        copy_text(out, form, item, "body");
    } else if (str_eq(type, "reasoning")) {
        copy_text(out, form, item, "text");
        copy_text(out, form, item, "signature");
        copy_text(out, form, item, "redacted_content");
    } else {
        copy_text(out, form, item, str_eq(type, "image") ? "media_type" : "file_name");
        st = write_file_body(req, out, item);
    }
    json_close_object(out);
    return st;
}

enum cq_status chat_write_content(struct request *req, struct json_out *out, enum chat_form form,
                                  const struct chat_message_row *row)
{
    struct json_object *content = NULL;
    enum cq_status st = row->content ? read_stored(req, row->content, &content) : CQ_OK;

    if (st)
        return st;
    if (!json_object_is_type(content, json_type_array)) {
        chat_write_one_text(out, form, row->text);
        return CQ_OK;
    }
    json_open_array(out);
    for (size_t i = 0; !st && i < json_object_array_length(content); i++)
        st = write_item(req, out, form, json_object_array_get_idx(content, i));
    json_close_array(out);
    return st;
}

/* ---- what was done before the answer ---- */

/* {"text": …} or {"json": …}, the inside of which is not ours. */
static void write_results(struct json_out *out, struct json_object *results)
{
    size_t n = json_object_is_type(results, json_type_array) ? json_object_array_length(results) : 0;

    json_open_array(out);
    for (size_t i = 0; i < n; i++)
        copy_value(out, json_object_array_get_idx(results, i));
    json_close_array(out);
}

static void write_tool(struct json_out *out, enum chat_form form, struct json_object *item)
{
    const char *type = json_get_text(item, "content_type", NULL);
    struct json_object *body = json_get(item, "body");

    open_content(out, form, type);
    json_key(out, "body");
    json_open_object(out);
    copy_text(out, form, body, "tool_use_id");
    if (str_eq(type, "toolUse")) {
        copy_text(out, form, body, "name");
        json_key(out, "input");
        copy_value(out, json_get(body, "input"));
    } else {
        json_key(out, "content");
        write_results(out, json_get(body, "content"));
        copy_text(out, form, body, "status");
    }
    json_close_object(out);
    json_close_object(out);
}

static void write_step(struct json_out *out, enum chat_form form, struct json_object *step)
{
    struct json_object *content = json_get(step, "content");
    size_t n = json_object_is_type(content, json_type_array) ? json_object_array_length(content) : 0;
    bool is_model = str_eq(json_get_text(step, "role", NULL), "bot");

    json_open_object(out);
    json_key(out, "role");
    json_text(out, is_model ? chat_role_of_model(form) : "user");
    json_key(out, "content");
    json_open_array(out);
    for (size_t i = 0; i < n; i++)
        write_tool(out, form, json_object_array_get_idx(content, i));
    json_close_array(out);
    json_close_object(out);
}

enum cq_status chat_write_thinking_log(struct request *req, struct json_out *out, enum chat_form form,
                                       const struct chat_message_row *row)
{
    struct json_object *log = NULL;
    bool is_shown = row->thinking_log && !row->hides_chunks;
    enum cq_status st = is_shown ? read_stored(req, row->thinking_log, &log) : CQ_OK;
    size_t n = json_object_is_type(log, json_type_array) ? json_object_array_length(log) : 0;

    if (st)
        return st;
    if (!n) {
        json_null(out);
        return CQ_OK;
    }
    json_open_array(out);
    for (size_t i = 0; i < n; i++)
        write_step(out, form, json_object_array_get_idx(log, i));
    json_close_array(out);
    return CQ_OK;
}
