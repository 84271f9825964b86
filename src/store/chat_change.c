/* Chats: what their users change of them beside saying something. */
#include "store/chat_word.h"

/* ---- the title ---- */

/* The conversation first, as whoever begins or ends a turn of it does. */
static const char LOCK_CHAT[] = "SELECT c.user_id, c.title FROM conversation v JOIN chat c ON c.conversation_id = v.id"
                                " WHERE v.id = ? FOR UPDATE";

static const char RENAME_CHAT[] = "UPDATE chat SET title = ? WHERE conversation_id = ?";

struct rename_args {
    uint64_t conversation_id;
    const char *title;
};

static enum cq_status rename_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct rename_args *args = arg;
    const struct db_in conversation[] = {IN_U64(args->conversation_id)};
    const struct db_in change[] = {IN_TEXT(args->title), IN_U64(args->conversation_id)};
    uint64_t user_id = 0;
    const char *before = NULL;
    const struct db_out out[] = {OUT_U64(user_id), OUT_TEXT(before)};

    (void)is_rerun; /* the same title again changes nothing */
    enum cq_status st = db_query_one(ctx, db, LOCK_CHAT, conversation, LEN(conversation), out, LEN(out));
    if (st || str_eq(before, args->title))
        return st;
    st = db_execute(ctx, db, RENAME_CHAT, change, LEN(change), NULL);
    return st ? st : chat_words_replace(ctx, db, user_id, args->conversation_id, 0, before, args->title);
}

enum cq_status store_chat_rename(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, const char *title)
{
    struct rename_args args = {conversation_id, title};

    return db_tx(ctx, db, rename_tx, &args);
}

/* ---- feedback ---- */

static const char FIND_CHAT_MESSAGE[] =
    "SELECT m.seq, m.role FROM chat_message c JOIN message m ON m.conversation_id = c.conversation_id AND m.seq = c.seq"
    " WHERE c.conversation_id = ? AND c.name = ?";

static const char PUT_CHAT_FEEDBACK[] =
    "UPDATE chat_message SET thumbs_up = ?, category = ?, comment = ? WHERE conversation_id = ? AND seq = ?";

struct feedback_args {
    uint64_t conversation_id;
    const char *message;
    const struct chat_feedback *feedback;
};

static enum cq_status feedback_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct feedback_args *args = arg;
    const struct chat_feedback *f = args->feedback;
    const struct db_in message[] = {IN_U64(args->conversation_id), IN_TEXT(args->message)};
    uint32_t seq = 0;
    bool is_reply = false;
    uint64_t matched = 0;
    const struct db_out out[] = {OUT_U32(seq), OUT_BOOL(is_reply)};

    (void)is_rerun;
    enum cq_status st = db_query_one(ctx, db, FIND_CHAT_MESSAGE, message, LEN(message), out, LEN(out));
    if (st || !is_reply)
        return st ? st : CQ_NOT_A_REPLY;
    const struct db_in put[] = {IN_U64(f->is_thumbs_up), IN_TEXT(f->category), IN_TEXT(f->comment),
                                IN_U64(args->conversation_id), IN_U64(seq)};

    st = db_execute(ctx, db, PUT_CHAT_FEEDBACK, put, LEN(put), &matched);
    return !st && !matched ? CQ_RESOURCE_NOT_FOUND : st;
}

enum cq_status store_chat_feedback(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, const char *message,
                                   const struct chat_feedback *feedback)
{
    struct feedback_args args = {conversation_id, message, feedback};

    return db_tx(ctx, db, feedback_tx, &args);
}
