/* A bot's active_models, in and out. */
#include "api/bot_models.h"

#include <json-c/json.h>

enum { MAX_JSON_BYTES = 64 << 10 };

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "claude-v3.5-sonnet" as claude_v3_5_sonnet, or as claudeV35Sonnet. NULL: memory. */
static const char *model_key(struct request *req, enum chat_form form, const char *name)
{
    char *key = arena_strdup(req->ctx.arena, name), *end = key;
    bool is_joint = false;

    for (const char *c = name; key && *c; c++) {
        if (!is_letter_or_digit(*c)) {
            is_joint = true;
            continue;
        }
        if (is_joint && form == CHAT_SNAKE)
            *end++ = '_';
        *end++ = is_joint && form == CHAT_CAMEL && *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
        is_joint = false;
    }
    if (key)
        *end = '\0';
    return key;
}

/* The names of chat.models, or the default model's. */
static const char *next_offered(struct request *req, const char **at)
{
    size_t len = strcspn(*at, "=,");
    const char *name = *at;

    if (!*name)
        return NULL;
    *at += strcspn(*at, ",");
    *at += **at == ',';
    utf8_trim(&name, &len);
    return arena_strndup(req->ctx.arena, name, len);
}

static const char *all_offered(const struct request *req)
{
    return req->config->chat.models ? req->config->chat.models : req->config->models[0].name;
}

/* By the plain name, or by a key. */
static struct json_object *find_model(struct request *req, struct json_object *object, const char *name)
{
    const char *snake = model_key(req, CHAT_SNAKE, name), *camel = model_key(req, CHAT_CAMEL, name);
    struct json_object *value = json_get(object, name);

    if (!value && snake)
        value = json_get(object, snake);
    if (!value && camel)
        value = json_get(object, camel);
    return value;
}

const char *bot_models_read(struct request *req, struct json_object *object)
{
    struct buf *buf = buf_in_arena(req->ctx.arena, MAX_JSON_BYTES);
    const char *at = all_offered(req), *name;
    struct json_out out;

    if (!buf)
        return NULL;
    json_out_init(&out, buf);
    json_open_object(&out);
    while ((name = next_offered(req, &at))) {
        struct json_object *value = find_model(req, object, name);

        if (value && !json_object_is_type(value, json_type_boolean))
            chat_problem(req, "active_models: %.100s must be true or false", name);
        if (!value)
            continue;
        json_key(&out, name);
        json_boolean(&out, json_object_get_boolean(value));
    }
    json_close_object(&out);
    return buf->failed ? NULL : buf->data;
}

enum cq_status bot_models_write(struct request *req, struct json_out *out, enum chat_form form, const char *json)
{
    struct json_object *active = NULL;
    const char *at = all_offered(req), *name;

    if (json && json_read(&req->ctx, json, strlen(json), &active))
        return cq_fail(&req->ctx, CQ_INTERNAL, "a bot's active_models are no JSON");
    json_open_object(out);
    while ((name = next_offered(req, &at))) {
        struct json_object *value = json_get(active, name);

        json_key(out, model_key(req, form, name));
        json_boolean(out, !value || json_object_get_boolean(value));
    }
    json_close_object(out);
    return CQ_OK;
}
