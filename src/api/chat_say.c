/* Reading a message of the chat API: its fields, its contents, and whether files are what they are said to be. */
#include "api/chat_say.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_MAX_CHARS = 100000, /* of a message, summed */
    MODEL_MAX_CHARS = 255,
    FILE_NAME_MAX_CHARS = 255,
};

static const struct chat_bounds any_text = {.max_chars = SIZE_MAX, .is_required = true};

/* ---- contents ---- */

static bool is_image_type(const char *type)
{
    static const char *const types[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};

    for (size_t i = 0; i < LEN(types); i++)
        if (str_eq(type, types[i]))
            return true;
    return false;
}

/* The body of a file, decoded. */
static bool read_body(struct request *req, struct json_object *item, const char *path, struct chat_content *out)
{
    struct json_object *body = chat_get(item, "body");
    const char *text = json_object_is_type(body, json_type_string) ? json_object_get_string(body) : NULL;
    size_t len = text ? (size_t)json_object_get_string_len(body) : 0, n = 0;

    if (!text || len / 4 * 3 > CHAT_FILE_MAX_BYTES + 2) {
        chat_problem(req, text ? "%s.body must be 4.5 MiB or less" : "%s.body must be a string", path);
        return false;
    }
    uint8_t *data = arena_alloc(req->ctx.arena, len / 4 * 3 + 3);

    if (!data || !base64_decode(text, len, data, &n) || !n || n > CHAT_FILE_MAX_BYTES) {
        chat_problem(req, n > CHAT_FILE_MAX_BYTES ? "%s.body must be 4.5 MiB or less" : "%s.body must be base64", path);
        return false;
    }
    out->data = data;
    out->len = n;
    return true;
}

/* The bytes decide what it is. */
static void check_image(struct request *req, const char *path, const struct chat_content *c)
{
    struct file_type type;
    bool is_image = !file_type_of(&req->ctx, c->data, c->len, &type) && type.kind == DOCUMENT_IMAGE;

    if (!is_image || !str_eq(type.mime_type, c->media_type))
        chat_problem(req, is_image ? "%s is no %s" : "%s is no image", path, c->media_type);
}

static void check_attachment(struct request *req, const char *path, const struct chat_content *c)
{
    struct file_type type;
    enum cq_status st = file_type_of(&req->ctx, c->data, c->len, &type);

    if (st || (type.kind != DOCUMENT_TEXT && type.kind != DOCUMENT_PDF))
        chat_problem(req, "%s is of a type that has no text", path);
}

static void read_image(struct request *req, struct json_object *item, const char *path, struct chat_content *out)
{
    const char *type = json_get_text(item, "media_type", NULL);

    if (!type)
        type = json_get_text(item, "mediaType", NULL);
    if (!type || !is_image_type(type)) {
        chat_problem(req, "%s.media_type must be image/png, image/jpeg, image/gif or image/webp", path);
        return;
    }
    *out = (struct chat_content){.kind = CHAT_IMAGE, .media_type = arena_strdup(req->ctx.arena, type)};
    if (read_body(req, item, path, out))
        check_image(req, path, out);
}

static void read_attachment(struct request *req, struct json_object *item, const char *path, struct chat_content *out)
{
    const struct chat_bounds name = {.min_chars = 1, .max_chars = FILE_NAME_MAX_CHARS, .is_required = true};

    *out = (struct chat_content){.kind = CHAT_ATTACHMENT};
    if (chat_text(req, item, "file_name", &name, &out->file_name) && read_body(req, item, path, out))
        check_attachment(req, path, out);
}

static void read_content(struct request *req, struct json_object *item, size_t i, struct chat_content *out)
{
    char path[64];
    const char *type = "";

    snprintf(path, sizeof(path), "message.content[%zu]", i);
    if (!json_object_is_type(item, json_type_object)) {
        chat_problem(req, "%s must be an object", path);
        return;
    }
    if (!chat_text(req, item, "content_type", &any_text, &type))
        return;
    if (str_eq(type, "text")) {
        *out = (struct chat_content){.kind = CHAT_TEXT, .text = ""};
        (void)chat_text(req, item, "body", &any_text, &out->text);
    } else if (str_eq(type, "image")) {
        read_image(req, item, path, out);
    } else if (str_eq(type, "attachment")) {
        read_attachment(req, item, path, out);
    } else {
        chat_problem(req, "%s.content_type must be text, image or attachment", path);
    }
}

static size_t count_kind(const struct chat_say *say, enum chat_content_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < say->n_contents; i++)
        n += say->contents[i].kind == kind;
    return n;
}

/* What holds for all of them together. */
static void check_contents(struct request *req, const struct chat_say *say)
{
    size_t chars = 0;
    bool is_blank = true;

    for (size_t i = 0; i < say->n_contents; i++) {
        const struct chat_content *c = &say->contents[i];

        chars += c->text ? utf8_count(c->text, strlen(c->text)) : 0;
        is_blank &= c->kind == CHAT_TEXT && utf8_blank(c->text, strlen(c->text));
    }
    if (chars > TEXT_MAX_CHARS)
        chat_problem(req, "message.content must have %d characters or less", TEXT_MAX_CHARS);
    if (is_blank)
        chat_problem(req, "message.content must not be blank");
    if (count_kind(say, CHAT_IMAGE) > CHAT_MAX_FILES || count_kind(say, CHAT_ATTACHMENT) > CHAT_MAX_FILES)
        chat_problem(req, "message.content must have %d images and %d attachments or less", CHAT_MAX_FILES,
                     CHAT_MAX_FILES);
}

/* How many files there are is looked at before any of them is. */
static bool has_few_files(struct request *req, struct json_object *list)
{
    size_t n = 0;

    for (size_t i = 0; i < json_object_array_length(list); i++) {
        const char *type = json_get_text(json_object_array_get_idx(list, i), "content_type", NULL);

        if (!type)
            type = json_get_text(json_object_array_get_idx(list, i), "contentType", NULL);
        n += type && !str_eq(type, "text");
    }
    if (n > 2 * CHAT_MAX_FILES)
        chat_problem(req, "message.content must have %d images and %d attachments or less", CHAT_MAX_FILES,
                     CHAT_MAX_FILES);
    return n <= 2 * CHAT_MAX_FILES;
}

static void read_contents(struct request *req, struct json_object *message, struct chat_say *say)
{
    struct json_object *list;

    if (!chat_list(req, message, "content", 1, CHAT_MAX_CONTENTS, true, &list) || !has_few_files(req, list))
        return;
    size_t n = json_object_array_length(list), n_before = req->loaded->n_problems;

    say->contents = arena_zalloc(req->ctx.arena, n, sizeof(*say->contents));
    if (!say->contents) {
        chat_problem(req, "message.content is too large");
        return;
    }
    for (size_t i = 0; i < n; i++)
        read_content(req, json_object_array_get_idx(list, i), i, &say->contents[i]);
    say->n_contents = n;
    if (req->loaded->n_problems == n_before)
        check_contents(req, say);
}

/* ---- the rest ---- */

static void read_message(struct request *req, struct json_object *message, struct chat_say *say)
{
    const struct chat_bounds model = {.min_chars = 1, .max_chars = MODEL_MAX_CHARS};
    const struct chat_bounds any = {.max_chars = SIZE_MAX};
    const char *role = "user";

    if (chat_text(req, message, "role", &any, &role) && !str_eq(role, "user"))
        chat_problem(req, "message.role must be user");
    (void)chat_text(req, message, "model", &model, &say->model);
    (void)chat_name(req, message, "parent_message_id", false, &say->parent);
    if (chat_name(req, message, "message_id", false, &say->message_name) &&
        (str_eq(say->message_name, "system") || str_eq(say->message_name, "instruction")))
        chat_problem(req, "message_id must not be system or instruction");
    if (!say->is_continuing)
        read_contents(req, message, say);
}

enum cq_status chat_say_read(struct request *req, struct chat_say *say)
{
    struct json_object *message = chat_get(req->params, "message");

    *say = (struct chat_say){.chat_name = NULL};
    (void)chat_name(req, req->params, "conversation_id", true, &say->chat_name);
    (void)chat_name(req, req->params, "bot_id", false, &say->bot_name);
    (void)chat_bool(req, req->params, "continue_generate", false, &say->is_continuing);
    (void)chat_bool(req, req->params, "enable_reasoning", false, &say->wants_reasoning);
    if (!message)
        chat_problem(req, "message is required");
    else if (!json_object_is_type(message, json_type_object))
        chat_problem(req, "message must be an object");
    else
        read_message(req, message, say);
    return chat_problems(req);
}
