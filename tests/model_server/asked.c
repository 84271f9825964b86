/* What a request asks for: the parts that its protocols have in common. */
#include "model_server.h"

#include <json-c/json.h>
#include <stdio.h>

void asked_init(struct asked *asked, const char *model)
{
    *asked = (struct asked){.is_named = *model != 0};
    snprintf(asked->model, sizeof(asked->model), "%s", *model ? model : "scripted");
    buf_init(&asked->message, MAX_BODY_BYTES);
    buf_init(&asked->result, MAX_BODY_BYTES);
}

void asked_release(struct asked *asked)
{
    buf_release(&asked->message);
    buf_release(&asked->result);
    asked->schema = NULL;
    asked->form = NULL;
}

struct json_object *body_parse(const char *body, size_t len)
{
    struct json_tokener *tokener = json_tokener_new_ex(64);
    struct json_object *request = tokener ? json_tokener_parse_ex(tokener, body, (int)len) : NULL;

    json_tokener_free(tokener);
    return request;
}

void content_append(struct buf *out, struct json_object *content)
{
    struct json_object *part;

    if (json_object_is_type(content, json_type_string))
        buf_append(out, json_object_get_string(content), (size_t)json_object_get_string_len(content));
    for (size_t i = 0; json_object_is_type(content, json_type_array) && i < json_object_array_length(content); i++)
        if (json_object_object_get_ex(json_object_array_get_idx(content, i), "text", &part))
            content_append(out, part);
}

/* ---- messages ---- */

static bool is_by(struct json_object *message, const char *role)
{
    return str_eq(json_get_text(message, "role", NULL), role);
}

bool asked_messages(struct asked *asked, struct json_object *messages, const struct blocks *blocks)
{
    size_t n = json_object_is_type(messages, json_type_array) ? json_object_array_length(messages) : 0, n_said = 0;

    for (size_t i = 0; i < n; i++)
        n_said += !is_by(json_object_array_get_idx(messages, i), "system");
    asked->is_alone = n_said == 1;
    for (size_t i = n; i-- > 0;) {
        struct json_object *message = json_object_array_get_idx(messages, i);
        struct json_object *content, *result = blocks->result(message);

        if (result && i == n - 1) {
            asked->has_result = true;
            content_append(&asked->result, result);
        }
        if (!result && is_by(message, "user") && json_object_object_get_ex(message, "content", &content)) {
            content_append(&asked->message, content);
            break;
        }
    }
    return n > 0;
}

/* ---- strict providers ---- */

typedef const char *id_fn(struct json_object *block);

static struct json_object *block_at(struct json_object *message, size_t i)
{
    struct json_object *content = json_get(message, "content");

    return json_object_is_type(content, json_type_array) && i < json_object_array_length(content)
               ? json_object_array_get_idx(content, i)
               : NULL;
}

static bool has_block(struct json_object *message, id_fn *id_of, const char *id)
{
    struct json_object *block;

    for (size_t i = 0; (block = block_at(message, i)); i++)
        if (str_eq(id_of(block), id))
            return true;
    return false;
}

/* Each block of one that has an id has its like in the other. */
static bool is_matched(struct json_object *one, id_fn *id_of, struct json_object *other, id_fn *other_id_of)
{
    struct json_object *block;

    for (size_t i = 0; (block = block_at(one, i)); i++) {
        const char *id = id_of(block);

        if (id && !has_block(other, other_id_of, id))
            return false;
    }
    return true;
}

static bool is_blank(struct json_object *text)
{
    return json_object_is_type(text, json_type_string) &&
           utf8_blank(json_object_get_string(text), (size_t)json_object_get_string_len(text));
}

static const char *content_wrong(struct json_object *message)
{
    struct json_object *content = json_get(message, "content"), *block;

    if (is_blank(content) || (json_object_is_type(content, json_type_array) && !block_at(message, 0)))
        return "a message has no content";
    if (!json_object_is_type(content, json_type_string) && !json_object_is_type(content, json_type_array))
        return "a message's content is neither text nor blocks";
    for (size_t i = 0; (block = block_at(message, i)); i++)
        if (is_blank(json_get(block, "text")))
            return "a text is blank";
    return NULL;
}

static bool has_calls(struct json_object *message, const struct blocks *blocks)
{
    struct json_object *block;

    for (size_t i = 0; (block = block_at(message, i)); i++)
        if (blocks->call_id(block) || blocks->result_id(block))
            return true;
    return false;
}

const char *asked_conversation_wrong(struct json_object *messages, const struct blocks *blocks,
                                     struct json_object *tools)
{
    size_t n = json_object_is_type(messages, json_type_array) ? json_object_array_length(messages) : 0;
    struct json_object *before = NULL;

    for (size_t i = 0; i < n; i++) {
        struct json_object *message = json_object_array_get_idx(messages, i);
        const char *wrong = content_wrong(message);

        if (wrong)
            return wrong;
        if (!is_by(message, "user") && !is_by(message, "assistant"))
            return "a message is neither by the user nor by the assistant";
        if (!before && !is_by(message, "user"))
            return "the first message is not by the user";
        if (before && blocks->must_alternate && is_by(message, "user") == is_by(before, "user"))
            return "user and assistant do not alternate";
        if (!json_object_is_type(tools, json_type_array) && has_calls(message, blocks))
            return "a tool was called and none is on offer";
        if (!is_matched(before, blocks->call_id, message, blocks->result_id))
            return "a tool was called and its result does not follow";
        if (!is_matched(message, blocks->result_id, before, blocks->call_id))
            return "a tool's result follows no call of it";
        before = message;
    }
    return n ? NULL : "there are no messages";
}

/* ---- the rest ---- */

void asked_model(struct asked *asked, const char *model)
{
    if (model && !asked->is_named)
        snprintf(asked->model, sizeof(asked->model), "%s", model);
}

void asked_stop(struct asked *asked, struct json_object *sequences)
{
    if (json_object_is_type(sequences, json_type_array) && json_object_array_length(sequences) > 0)
        sequences = json_object_array_get_idx(sequences, 0);
    if (json_object_is_type(sequences, json_type_string))
        snprintf(asked->stop, sizeof(asked->stop), "%s", json_object_get_string(sequences));
}
