/* A bot's active_models, in and out. */
#include "api/bot_models.h"

#include <json-c/json.h>

#include "colloquy/engine/chat_models.h"

enum { MAX_JSON_BYTES = 60 << 10 }; /* what the column holds */

/* By the plain name, or by a key. */
static struct json_object *find_model(struct json_object *object, const char *name)
{
    json_object_object_foreach(object, key, value)
    {
        if (value && engine_chat_model_has_key(name, key))
            return value;
    }
    return NULL;
}

const char *bot_models_read(struct request *req, struct json_object *object)
{
    struct buf *buf = buf_in_arena(req->ctx.arena, MAX_JSON_BYTES);
    struct json_out out;
    const char *name;

    if (!buf)
        return NULL;
    json_out_init(&out, buf);
    json_open_object(&out);
    for (size_t i = 0; (name = engine_chat_model_at(req->config, i)); i++) {
        struct json_object *value = find_model(object, name);

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
    char key[ENGINE_MODEL_KEY_BYTES];
    const char *name;

    if (json && json_read(&req->ctx, json, strlen(json), &active))
        return cq_fail(&req->ctx, CQ_INTERNAL, "a bot's active_models are no JSON");
    json_open_object(out);
    for (size_t i = 0; (name = engine_chat_model_at(req->config, i)); i++) {
        struct json_object *value = json_get(active, name);

        engine_chat_model_key(name, form == CHAT_CAMEL, key);
        json_key(out, key);
        json_boolean(out, !value || json_object_get_boolean(value));
    }
    json_close_object(out);
    return CQ_OK;
}
