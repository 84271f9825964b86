/* Related documents of a conversation: all, and one (doc/api-chat.md 3). */
#include "api/related_document.h"

#include <stdio.h>
#include <string.h>

#include "api/chat_represent.h"

static enum cq_status read_related(struct request *req, struct related_list *out)
{
    const struct chat_row *chat = &req->loaded->chat;

    return store_related_list(&req->ctx, req->db, chat->user_id, chat->id, 0, out);
}

/* GET …/related-documents: 200 and each passage that a reply was given. */
enum cq_status related_document_index(struct request *req)
{
    struct related_list list;

    enum cq_status st = read_related(req, &list);
    if (st)
        return st;
    enum chat_form form = chat_form(req);
    struct json_out out = response_json(req, 200);

    json_open_array(&out);
    for (size_t i = 0; !st && i < list.n; i++)
        st = chat_write_related(req, &out, form, &list.rows[i], list.rows[i].message_name);
    json_close_array(&out);
    return st;
}

const struct related_row *related_find(const struct related_list *list, const char *source_id)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct related_row *row = &list->rows[i];
        size_t len = row->message_name ? strlen(row->message_name) : 0;
        char number[16];

        snprintf(number, sizeof(number), "@%u", row->number);
        if (len && strncmp(source_id, row->message_name, len) == 0 && str_eq(source_id + len, number))
            return row;
    }
    return NULL;
}

/* GET …/related-documents/:source_id: 200 and one of them. */
enum cq_status related_document_show(struct request *req)
{
    struct related_list list;

    enum cq_status st = read_related(req, &list);
    if (st)
        return st;
    const struct related_row *row = related_find(&list, path_param(req, "source_id"));
    if (!row)
        return CQ_RESOURCE_NOT_FOUND;
    enum chat_form form = chat_form(req);
    struct json_out out = response_json(req, 200);

    return chat_write_related(req, &out, form, row, row->message_name);
}
