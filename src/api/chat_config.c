/* What the chat API offers (doc/api-chat.md 2.3). */
#include "api/chat_form.h"

static void write_model(const struct request *req, struct json_out *out, enum chat_form form, const char *name)
{
    static const char *const images[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};
    bool can_see = engine_chat_model_sees(req->config, name);

    json_open_object(out);
    chat_key(out, form, "model_id");
    json_text(out, name);
    json_key(out, "label");
    json_text(out, name);
    chat_key(out, form, "support_media_type");
    json_open_array(out);
    for (size_t i = 0; can_see && i < LEN(images); i++)
        json_text(out, images[i]);
    json_close_array(out);
    chat_key(out, form, "support_reasoning");
    json_boolean(out, engine_chat_model_reasons(req->config, name));
    json_close_object(out);
}

/* GET /config/global: 200 and the models. */
enum cq_status chat_config_show(struct request *req)
{
    enum chat_form form = chat_form(req);
    struct json_out out = response_json(req, 200);
    const char *name;

    json_open_object(&out);
    chat_key(&out, form, "global_available_models");
    json_open_array(&out);
    for (size_t i = 0; (name = engine_chat_model_at(req->config, i)); i++)
        json_text(&out, name);
    json_close_array(&out);
    chat_key(&out, form, "default_model");
    json_text(&out, engine_chat_default_model(req->config));
    chat_key(&out, form, "logo_path");
    json_text(&out, "");
    json_key(&out, "models");
    json_open_array(&out);
    for (size_t i = 0; (name = engine_chat_model_at(req->config, i)); i++)
        write_model(req, &out, form, name);
    json_close_array(&out);
    json_close_object(&out);
    return CQ_OK;
}
