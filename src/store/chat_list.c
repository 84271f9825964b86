/* Chats: listing them. */
#include "store/db.h"

enum { FIRST_ROWS = 64 };

static const int64_t END_OF_TIME_MS = 253402300799000; /* 9999-12-31T23:59:59Z */

/* The first condition is what the index finds them by: two columns compared at once are found by none in MySQL. */
static const char LIST_CHATS[] =
    "SELECT c.conversation_id, c.name, c.title, c.model, b.name, m.name, c.created_at, c.updated_at"
    " FROM chat c LEFT JOIN bot b ON b.id = c.bot_id"
    " LEFT JOIN chat_message m ON m.conversation_id = c.conversation_id AND m.seq = c.last_seq"
    " WHERE c.user_id = ? AND c.created_at <= ? AND (c.created_at < ? OR c.conversation_id < ?)"
    " ORDER BY c.created_at DESC, c.conversation_id DESC LIMIT ?";

struct chat_rows {
    struct chat_list_row row; /* being fetched */
    struct chat_list list;
    size_t cap;
};

static enum cq_status take_chat(struct cq_ctx *ctx, void *arg)
{
    struct chat_rows *rows = arg;

    if (rows->list.n == rows->cap) {
        size_t cap = rows->cap ? 2 * rows->cap : FIRST_ROWS;
        struct chat_list_row *more = arena_zalloc(ctx->arena, cap, sizeof(*more));

        if (!more)
            return cq_fail(ctx, CQ_INTERNAL, "a list of chats is larger than the request's memory");
        if (rows->list.n)
            memcpy(more, rows->list.rows, rows->list.n * sizeof(*more));
        rows->list.rows = more;
        rows->cap = cap;
    }
    rows->list.rows[rows->list.n++] = rows->row;
    return CQ_OK;
}

enum cq_status store_chat_list(struct cq_ctx *ctx, struct db *db, uint64_t user_id, int64_t behind_ms,
                               uint64_t behind_id, uint64_t limit, struct chat_list *out)
{
    struct chat_rows rows = {.cap = 0};
    struct chat_list_row *c = &rows.row;
    int64_t until_ms = behind_id ? behind_ms : END_OF_TIME_MS;
    const struct db_in in[] = {IN_U64(user_id), IN_TIME(until_ms), IN_TIME(until_ms), IN_U64(behind_id), IN_U64(limit)};
    const struct db_out cols[] = {
        OUT_U64(c->id),        OUT_TEXT(c->name),         OUT_TEXT(c->title),         OUT_TEXT(c->model),
        OUT_TEXT(c->bot_name), OUT_TEXT(c->last_message), OUT_TIME(c->created_at_ms), OUT_TIME(c->updated_at_ms)};

    enum cq_status st = db_query(ctx, db, LIST_CHATS, in, LEN(in), cols, LEN(cols), take_chat, &rows);
    if (!st)
        *out = rows.list;
    return st;
}
