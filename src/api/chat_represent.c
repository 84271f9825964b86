/* Messages of the chat API, in their tree. */
#include "api/chat_represent.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/chat_content.h"

static const char ROOT[] = "system";

/* ---- the tree ---- */

static int by_place(const void *key, const void *row)
{
    uint32_t seq = *(const uint32_t *)key;
    const struct chat_message_row *m = row;

    return seq < m->seq ? -1 : seq > m->seq;
}

static const char *parent_name(const struct chat_tree *tree, uint32_t seq)
{
    const struct chat_message_list *list = tree->messages;
    const struct chat_message_row *parent =
        seq && list->n ? bsearch(&seq, list->rows, list->n, sizeof(*list->rows), by_place) : NULL;

    return parent ? parent->name : ROOT;
}

static void write_children(struct json_out *out, const struct chat_tree *tree, uint32_t seq)
{
    json_key(out, "children");
    json_open_array(out);
    for (size_t i = 0; i < tree->messages->n; i++)
        if (tree->messages->rows[i].parent == seq)
            json_text(out, tree->messages->rows[i].name);
    json_close_array(out);
}

/* ---- what belongs to a reply ---- */

static void write_feedback_of(struct json_out *out, enum chat_form form, const struct chat_message_row *row)
{
    json_key(out, "feedback");
    if (row->is_reply && row->has_feedback)
        chat_write_feedback(out, form, row->is_thumbs_up, row->category, row->comment);
    else
        json_null(out);
}

void chat_write_feedback(struct json_out *out, enum chat_form form, bool is_thumbs_up, const char *category,
                         const char *comment)
{
    json_open_object(out);
    chat_key(out, form, "thumbs_up");
    json_boolean(out, is_thumbs_up);
    json_key(out, "category");
    json_text(out, category ? category : "");
    json_key(out, "comment");
    json_text(out, comment ? comment : "");
    json_close_object(out);
}

static void write_chunk(struct json_out *out, enum chat_form form, const struct related_row *row)
{
    json_open_object(out);
    json_key(out, "content");
    json_text(out, row->passage);
    chat_key(out, form, "content_type");
    json_text(out, "s3");
    json_key(out, "source");
    json_text(out, row->filename);
    json_key(out, "rank");
    json_u64(out, row->number);
    json_close_object(out);
}

static void write_chunks(struct json_out *out, enum chat_form form, const struct chat_tree *tree,
                         const struct chat_message_row *row)
{
    const struct related_list *related = tree->related;
    size_t n = related && row->is_reply && !row->hides_chunks ? related->n : 0, i = 0;

    chat_key(out, form, "used_chunks");
    while (i < n && related->rows[i].seq != row->seq)
        i++;
    if (i == n) {
        json_null(out);
        return;
    }
    json_open_array(out);
    for (; i < n && related->rows[i].seq == row->seq; i++)
        write_chunk(out, form, &related->rows[i]);
    json_close_array(out);
}

/* ---- messages ---- */

/* Only where it was asked for: it is as long as the text and longer. NULL: of anything but a reply. */
static void write_html(struct json_out *out, const struct chat_tree *tree, const char *html)
{
    if (!tree->has_html)
        return;
    json_key(out, "html");
    json_text(out, html);
}

enum cq_status chat_write_message(struct request *req, struct json_out *out, enum chat_form form,
                                  const struct chat_tree *tree, const struct chat_message_row *row)
{
    static const char *const states[] = {
        [CHAT_COMPLETE] = "complete", [CHAT_PENDING] = "pending", [CHAT_FAILED] = "failed"};

    json_open_object(out);
    json_key(out, "role");
    json_text(out, row->is_reply ? chat_role_of_model(form) : "user");
    json_key(out, "content");
    enum cq_status st = chat_write_content(req, out, form, row);
    if (st)
        return st;
    write_html(out, tree, row->is_reply ? row->html : NULL);
    json_key(out, "model");
    json_text(out, row->model);
    write_children(out, tree, row->seq);
    json_key(out, "parent");
    json_text(out, parent_name(tree, row->parent));
    write_feedback_of(out, form, row);
    write_chunks(out, form, tree, row);
    chat_key(out, form, "thinking_log");
    st = chat_write_thinking_log(req, out, form, row);
    if (st)
        return st;
    chat_key(out, form, "create_time");
    chat_time(out, form, row->created_at_ms);
    json_key(out, "status");
    json_text(out, states[row->state]);
    if (str_eq(row->stop_reason, "stopped")) {
        json_key(out, "stopped");
        json_boolean(out, true);
    }
    json_close_object(out);
    return CQ_OK;
}

void chat_write_root(struct json_out *out, enum chat_form form, const struct chat_tree *tree, int64_t created_at_ms)
{
    static const char *const absent[] = {"parent", "feedback", "used_chunks", "thinking_log"};

    json_open_object(out);
    json_key(out, "role");
    json_text(out, ROOT);
    json_key(out, "content");
    chat_write_one_text(out, form, "");
    write_html(out, tree, NULL);
    json_key(out, "model");
    json_text(out, tree->messages->n ? tree->messages->rows[0].model : "");
    write_children(out, tree, 0);
    for (size_t i = 0; i < LEN(absent); i++) {
        chat_key(out, form, absent[i]);
        json_null(out);
    }
    chat_key(out, form, "create_time");
    chat_time(out, form, created_at_ms);
    json_key(out, "status");
    json_text(out, "complete");
    json_close_object(out);
}

/* ---- what it cost ---- */

void chat_write_token_count(struct json_out *out, enum chat_form form, uint64_t input, uint64_t output,
                            uint64_t cache_read, uint64_t cache_write)
{
    json_open_object(out);
    json_key(out, "input");
    json_u64(out, input);
    json_key(out, "output");
    json_u64(out, output);
    chat_key(out, form, "cache_read_input");
    json_u64(out, cache_read);
    chat_key(out, form, "cache_write_input");
    json_u64(out, cache_write);
    json_close_object(out);
}

void chat_write_price(struct json_out *out, uint64_t price_nano)
{
    char text[48];
    int len = snprintf(text, sizeof(text), "%llu.%09llu", (unsigned long long)(price_nano / 1000000000),
                       (unsigned long long)(price_nano % 1000000000));

    while (text[len - 1] == '0' && text[len - 2] != '.')
        text[--len] = '\0';
    json_raw(out, text);
}
