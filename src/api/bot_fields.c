/* Reading and checking the body of a bot. */
#include "api/bot_fields.h"

#include <json-c/json.h>

#include "api/bot_file.h"
#include "api/bot_models.h"
#include "api/bot_params.h"

enum {
    TITLE_MAX_CHARS = 100,
    DESCRIPTION_MAX_CHARS = 500,
    INSTRUCTION_MAX_CHARS = 20000,
    MAX_QUICK_STARTERS = 10,
    EXAMPLE_MAX_CHARS = 2000,
    MAX_SHARED_WITH = 1000,
    MAX_JSON_BYTES = 256 << 10, /* of a part of a body, which is no longer */
};

/* The member as an object; NULL: there is none, or something else, which is noted. */
static struct json_object *get_object(struct request *req, struct json_object *parent, const char *key)
{
    struct json_object *value = chat_get(parent, key);

    if (!value || json_object_is_type(value, json_type_object))
        return value;
    chat_problem(req, "%s must be an object", key);
    return NULL;
}

/* ---- texts and switches ---- */

static void read_texts(struct request *req, bool is_new, struct bot_change *c)
{
    const struct chat_bounds title = {1, TITLE_MAX_CHARS, .is_trimmed = true, .is_required = is_new};
    const struct chat_bounds description = {0, DESCRIPTION_MAX_CHARS, .is_required = false};
    const struct chat_bounds instruction = {0, INSTRUCTION_MAX_CHARS, .is_required = is_new};

    (void)chat_text(req, req->params, "title", &title, &c->title);
    (void)chat_text(req, req->params, "description", &description, &c->description);
    (void)chat_text(req, req->params, "instruction", &instruction, &c->instruction);
}

static const bool *read_switch(struct request *req, const char *key, bool is_required)
{
    bool *value = arena_zalloc(req->ctx.arena, 1, sizeof(*value));

    return value && chat_bool(req, req->params, key, is_required, value) ? value : NULL;
}

/* ---- parts that are stored as JSON ---- */

static struct buf *begin_json(struct request *req, struct json_out *out)
{
    struct buf *buf = buf_in_arena(req->ctx.arena, MAX_JSON_BYTES);

    if (buf)
        json_out_init(out, buf);
    return buf;
}

static const char *end_json(struct request *req, const struct buf *buf, const char *key)
{
    if (!buf->failed)
        return buf->data;
    chat_problem(req, "%s is too large", key);
    return NULL;
}

static const char *read_params(struct request *req, const struct bot_row *before)
{
    struct json_object *given = get_object(req, req->params, "generation_params");
    struct bot_params params;
    struct json_out out;
    struct buf *buf;

    if (!given || bot_params_of(req, before ? before->generation_params : NULL, &params) ||
        !(buf = begin_json(req, &out)))
        return NULL;
    bot_params_read(req, given, &params);
    bot_params_write(&out, CHAT_SNAKE, &params);
    return end_json(req, buf, "generation_params");
}

static void write_quick_starter(struct request *req, struct json_out *out, struct json_object *item)
{
    const struct chat_bounds title = {0, TITLE_MAX_CHARS, .is_required = true};
    const struct chat_bounds example = {0, EXAMPLE_MAX_CHARS, .is_required = true};
    const char *title_text = NULL, *example_text = NULL;

    if (!json_object_is_type(item, json_type_object)) {
        chat_problem(req, "conversation_quick_starters must hold objects with title and example");
        return;
    }
    (void)chat_text(req, item, "title", &title, &title_text);
    (void)chat_text(req, item, "example", &example, &example_text);
    json_open_object(out);
    json_key(out, "title");
    json_text(out, title_text);
    json_key(out, "example");
    json_text(out, example_text);
    json_close_object(out);
}

static const char *read_quick_starters(struct request *req)
{
    static const char key[] = "conversation_quick_starters";
    struct json_object *list;
    struct json_out out;
    struct buf *buf;

    if (!chat_list(req, req->params, key, 0, MAX_QUICK_STARTERS, false, &list) || !(buf = begin_json(req, &out)))
        return NULL;
    json_open_array(&out);
    for (size_t i = 0; i < json_object_array_length(list); i++)
        write_quick_starter(req, &out, json_object_array_get_idx(list, i));
    json_close_array(&out);
    return end_json(req, buf, key);
}

/* ---- names of files ---- */

static const char *file_name(struct json_object *item)
{
    const char *text = json_object_is_type(item, json_type_string) ? json_object_get_string(item) : NULL;

    return text && is_filename(text, (size_t)json_object_get_string_len(item)) ? text : NULL;
}

/* Counts those that no file can have; they are noted. */
static size_t read_names(struct request *req, struct json_object *knowledge, const char *key, const char *const **out,
                         size_t *n_out)
{
    struct json_object *list;
    size_t n_bad = 0;

    if (!knowledge || !chat_list(req, knowledge, key, 0, DOCUMENTS_PER_BOT, false, &list))
        return 0;
    size_t n = json_object_array_length(list);
    const char **names = arena_zalloc(req->ctx.arena, n, sizeof(*names));

    for (size_t i = 0; names && i < n; i++) {
        names[i] = file_name(json_object_array_get_idx(list, i));
        if (names[i])
            continue;
        chat_problem(req, "%s must hold names of files", key);
        n_bad++;
    }
    *out = names;
    *n_out = names ? n : 0;
    return n_bad;
}

/* ---- what other servers do ---- */

/* Counts what is there and is not offered; it is noted. */
static size_t refuse_items(struct request *req, struct json_object *object, const char *name, const char *key)
{
    struct json_object *list;

    if (!object || !chat_list(req, object, key, 0, SIZE_MAX, false, &list) || !json_object_array_length(list))
        return 0;
    chat_problem(req, "%s.%s must be empty: this is not supported here", name, key);
    return 1;
}

static size_t refuse_unsupported(struct request *req, struct json_object *knowledge)
{
    static const char *const sources[] = {"source_urls", "sitemap_urls", "s3_urls"};
    size_t n = refuse_items(req, get_object(req, req->params, "agent"), "agent", "tools");

    for (size_t i = 0; i < LEN(sources); i++)
        n += refuse_items(req, knowledge, "knowledge", sources[i]);
    return n;
}

/* ---- the body ---- */

/* Faults of one kind have a code of their own. */
static enum cq_status status_of(const struct request *req, size_t n_unsupported, size_t n_bad_names)
{
    size_t n = req->loaded->n_problems;

    if (!n)
        return CQ_OK;
    return n == n_unsupported ? CQ_NOT_SUPPORTED : n == n_bad_names ? CQ_BAD_FILENAME : CQ_INVALID_REQUEST;
}

enum cq_status bot_fields_read(struct request *req, const struct bot_row *before, struct bot_change *out)
{
    bool is_new = !before;
    struct json_object *models, *knowledge;
    struct bot_change c = {.title = NULL};
    size_t n_unsupported, n_bad_names;

    if (chat_needs_json(req))
        return CQ_UNSUPPORTED_TYPE;
    read_texts(req, is_new, &c);
    c.display_retrieved_chunks = read_switch(req, "display_retrieved_chunks", is_new);
    c.prompt_caching_enabled = read_switch(req, "prompt_caching_enabled", false);
    c.generation_params = read_params(req, before);
    c.quick_starters = read_quick_starters(req);
    models = get_object(req, req->params, "active_models");
    c.active_models = models ? bot_models_read(req, models) : NULL;
    knowledge = get_object(req, req->params, "knowledge");
    n_unsupported = refuse_unsupported(req, knowledge);
    n_bad_names = read_names(req, knowledge, is_new ? "filenames" : "added_filenames", &c.added, &c.n_added);
    if (!is_new)
        n_bad_names += read_names(req, knowledge, "deleted_filenames", &c.removed, &c.n_removed);
    enum cq_status st = status_of(req, n_unsupported, n_bad_names);

    if (!st)
        *out = c;
    return st;
}

/* ---- visibility ---- */

/* As a number, or as a string of its digits; 0: neither. */
static uint64_t id_of(struct json_object *item)
{
    uint64_t id = 0;
    int64_t n = json_object_is_type(item, json_type_int) ? json_object_get_int64(item) : 0;

    if (json_object_is_type(item, json_type_string))
        (void)parse_id(json_object_get_string(item), (size_t)json_object_get_string_len(item), &id);
    return n > 0 ? (uint64_t)n : id;
}

static size_t read_ids(struct request *req, const char *key, const uint64_t **out)
{
    struct json_object *list;

    if (!chat_list(req, req->params, key, 0, MAX_SHARED_WITH, false, &list))
        return 0;
    size_t n = json_object_array_length(list);
    uint64_t *ids = arena_zalloc(req->ctx.arena, n, sizeof(*ids));

    for (size_t i = 0; ids && i < n; i++) {
        ids[i] = id_of(json_object_array_get_idx(list, i));
        if (!ids[i])
            chat_problem(req, "%s must hold ids", key);
    }
    *out = ids;
    return ids ? n : 0;
}

enum cq_status bot_share_read(struct request *req, struct bot_share *out)
{
    static const char key[] = "target_shared_scope";
    const struct chat_bounds any = {0, SIZE_MAX, .is_required = true};
    struct bot_share share = {.scope = NULL};

    if (chat_needs_json(req))
        return CQ_UNSUPPORTED_TYPE;
    if (!chat_text(req, req->params, key, &any, &share.scope))
        return chat_problems(req);
    bool is_partial = str_eq(share.scope, "partial");

    if (!is_partial && !str_eq(share.scope, "private") && !str_eq(share.scope, "all"))
        chat_problem(req, "%s must be private, partial or all", key);
    if (is_partial) {
        share.n_users = read_ids(req, "target_allowed_user_ids", &share.user_ids);
        share.n_courses = read_ids(req, "target_allowed_group_ids", &share.course_ids);
    }
    enum cq_status st = chat_problems(req);
    if (!st)
        *out = share;
    return st;
}
