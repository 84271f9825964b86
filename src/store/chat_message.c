/* Messages of chats: reading them all, which form a tree. */
#include <stdlib.h>

#include "store/db.h"

/*
 * A turn is found by its user's message. One whose lease has run out runs no more: its worker is gone. Unsorted: asked to,
 * MariaDB would copy every text into a temporary table.
 */
static const char LIST_CHAT_MESSAGES[] =
    "SELECT m.seq, c.parent, c.name, m.role, m.role = 1 OR COALESCE(t.reply_seq, 0) > 0,"
    " COALESCE(t.is_running = 1 AND t.lease_until > UTC_TIMESTAMP(3), 0), c.model, m.text, c.content,"
    " IF(c.hides_chunks, NULL, c.thinking_log), c.stop_reason, c.hides_chunks, c.input_tokens, c.output_tokens,"
    " c.cache_read_tokens, c.cache_write_tokens, c.price_nano, c.thumbs_up IS NOT NULL, c.thumbs_up, c.category,"
    " c.comment, m.created_at"
    " FROM message m JOIN chat_message c ON c.conversation_id = m.conversation_id AND c.seq = m.seq"
    " LEFT JOIN turn t ON t.conversation_id = m.conversation_id AND t.user_seq = m.seq WHERE m.conversation_id = ?";

struct chat_message_rows {
    struct chat_message_row row; /* being fetched */
    bool is_complete, is_running;
    struct chat_message_list list;
    size_t cap;
};

static enum cq_status take_message(struct cq_ctx *ctx, void *arg)
{
    struct chat_message_rows *rows = arg;

    if (rows->list.n == rows->cap) {
        size_t cap = rows->cap ? 2 * rows->cap : 32;
        struct chat_message_row *more = arena_zalloc(ctx->arena, cap, sizeof(*more));

        if (!more)
            return cq_fail(ctx, CQ_INTERNAL, "a conversation is larger than the request's memory");
        if (rows->list.n)
            memcpy(more, rows->list.rows, rows->list.n * sizeof(*more));
        rows->list.rows = more;
        rows->cap = cap;
    }
    rows->row.state = rows->is_complete ? CHAT_COMPLETE : rows->is_running ? CHAT_PENDING : CHAT_FAILED;
    rows->list.rows[rows->list.n++] = rows->row;
    return CQ_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct chat_message_row *x = a, *y = b;

    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

enum cq_status store_chat_messages(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id,
                                   struct chat_message_list *out)
{
    struct chat_message_rows rows = {.row = {0}};
    struct chat_message_row *m = &rows.row;
    const struct db_in in[] = {IN_U64(conversation_id)};
    const struct db_out cols[] = {
        OUT_U32(m->seq),
        OUT_U32(m->parent),
        OUT_TEXT(m->name),
        OUT_BOOL(m->is_reply),
        OUT_BOOL(rows.is_complete),
        OUT_BOOL(rows.is_running),
        OUT_TEXT(m->model),
        OUT_TEXT(m->text),
        OUT_TEXT(m->content),
        OUT_TEXT(m->thinking_log),
        OUT_TEXT(m->stop_reason),
        OUT_BOOL(m->hides_chunks),
        OUT_U64(m->input_tokens),
        OUT_U64(m->output_tokens),
        OUT_U64(m->cache_read_tokens),
        OUT_U64(m->cache_write_tokens),
        OUT_U64(m->price_nano),
        OUT_BOOL(m->has_feedback),
        OUT_BOOL(m->is_thumbs_up),
        OUT_TEXT(m->category),
        OUT_TEXT(m->comment),
        OUT_TIME(m->created_at_ms),
    };

    enum cq_status st = db_query(ctx, db, LIST_CHAT_MESSAGES, in, LEN(in), cols, LEN(cols), take_message, &rows);
    if (st)
        return st;
    if (rows.list.n)
        qsort(rows.list.rows, rows.list.n, sizeof(*rows.list.rows), by_place);
    *out = rows.list;
    return CQ_OK;
}
