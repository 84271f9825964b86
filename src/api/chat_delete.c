/* Deleting conversations of the chat API (doc/api-chat.md 2.8). */
#include <json-c/json.h>
#include <string.h>

#include "api/chat_form.h"

enum { BULK_MAX = 100 };

/* DELETE /conversation/:conversation_id: 200. */
enum cq_status chat_conversation_delete(struct request *req)
{
    const struct chat_row *chat = &req->loaded->chat;
    struct hash_list dropped = {0};

    enum cq_status st = store_chat_delete(&req->ctx, req->db, chat->user_id, chat->id, &dropped);
    if (st)
        return st == CQ_RESOURCE_NOT_FOUND ? CQ_CONVERSATION_NOT_FOUND : st;
    engine_files_drop(&req->ctx, req->db, req->config, &dropped);
    return chat_answer_null(req);
}

/* DELETE /conversations: 200, also when there is none. */
enum cq_status chat_conversation_delete_all(struct request *req)
{
    struct hash_list dropped = {0};

    enum cq_status st = store_chat_delete_all(&req->ctx, req->db, req->loaded->access.user_id, &dropped);
    if (st)
        return st;
    engine_files_drop(&req->ctx, req->db, req->config, &dropped);
    return chat_answer_null(req);
}

/* ---- some ---- */

/* The ids as they were sent, each once. */
struct bulk {
    struct {
        const char *text;
        size_t len;
        size_t place; /* among the names; SIZE_MAX: it can be nobody's */
    } ids[BULK_MAX];
    size_t n_ids;
    const char *names[BULK_MAX];
    bool is_deleted[BULK_MAX];
    size_t n_names;
};

static bool is_known(const struct bulk *bulk, const char *text, size_t len)
{
    for (size_t i = 0; i < bulk->n_ids; i++)
        if (bulk->ids[i].len == len && memcmp(bulk->ids[i].text, text, len) == 0)
            return true;
    return false;
}

static void add_id(struct bulk *bulk, struct json_object *value)
{
    const char *text = json_object_get_string(value);
    size_t len = (size_t)json_object_get_string_len(value), place = SIZE_MAX;

    if (is_known(bulk, text, len))
        return;
    if (chat_is_name(text, len)) {
        place = bulk->n_names;
        bulk->names[bulk->n_names++] = text;
    }
    bulk->ids[bulk->n_ids].text = text;
    bulk->ids[bulk->n_ids].len = len;
    bulk->ids[bulk->n_ids++].place = place;
}

static enum cq_status read_bulk(struct request *req, struct bulk *bulk)
{
    struct json_object *list = NULL;

    if (!chat_list(req, req->params, "conversation_ids", 1, BULK_MAX, true, &list))
        return chat_problems(req);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *value = json_object_array_get_idx(list, i);

        if (json_object_is_type(value, json_type_string))
            add_id(bulk, value);
        else
            chat_problem(req, "conversation_ids[%zu] must be a string", i);
    }
    return chat_problems(req);
}

static bool has_failed(const struct bulk *bulk, size_t i)
{
    return bulk->ids[i].place == SIZE_MAX || !bulk->is_deleted[bulk->ids[i].place];
}

static void answer_bulk(struct request *req, const struct bulk *bulk)
{
    enum chat_form form = chat_form(req);
    struct json_out out = response_json(req, 200);
    size_t n = 0;

    for (size_t i = 0; i < bulk->n_ids; i++)
        n += !has_failed(bulk, i);
    json_open_object(&out);
    chat_key(&out, form, "deleted_count");
    json_u64(&out, n);
    chat_key(&out, form, "failed_ids");
    json_open_array(&out);
    for (size_t i = 0; i < bulk->n_ids; i++)
        if (has_failed(bulk, i))
            json_text_n(&out, bulk->ids[i].text, bulk->ids[i].len);
    json_close_array(&out);
    json_close_object(&out);
}

/* POST /conversations/bulk-delete: 200 and how many, and which ones were not the caller's to delete. */
enum cq_status chat_conversation_delete_some(struct request *req)
{
    struct bulk *bulk = arena_zalloc(req->ctx.arena, 1, sizeof(*bulk));
    struct hash_list dropped = {0};

    if (!bulk)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = chat_needs_json(req);
    if (!st)
        st = read_bulk(req, bulk);
    if (!st && bulk->n_names)
        st = store_chat_delete_named(&req->ctx, req->db, req->loaded->access.user_id, bulk->names, bulk->n_names,
                                     bulk->is_deleted, &dropped);
    if (st)
        return st;
    engine_files_drop(&req->ctx, req->db, req->config, &dropped);
    answer_bulk(req, bulk);
    return CQ_OK;
}
