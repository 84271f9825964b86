/* Votes on messages: one for each user and message. */
#include <stdlib.h>

#include "store/message.h"

#define FEEDBACK_COLUMNS "uuid, vote, feedback_message, created_at, updated_at"

#define FEEDBACK_OUT(f)                                                                                                \
    OUT_TEXT((f).uuid), OUT_TEXT((f).vote), OUT_TEXT((f).feedback_message), OUT_TIME((f).created_at_ms),               \
        OUT_TIME((f).updated_at_ms)

/* ---- reading ---- */

static const char LIST_FEEDBACK[] =
    "SELECT seq, " FEEDBACK_COLUMNS " FROM feedback WHERE conversation_id = ? AND user_id = ?";

struct feedback_rows {
    struct message_row message;
    struct feedback_row row; /* being fetched */
    struct message_list *messages;
};

/* A message may have come since the messages were read, and a vote on it. */
static enum cq_status take_feedback(struct cq_ctx *ctx, void *arg)
{
    struct feedback_rows *rows = arg;
    struct message_row *message = rows->messages->n ? bsearch(&rows->message, rows->messages->rows, rows->messages->n,
                                                              sizeof(*rows->messages->rows), message_by_seq)
                                                    : NULL;

    if (!message)
        return CQ_OK;
    struct feedback_row *kept = arena_alloc(ctx->arena, sizeof(*kept));

    if (!kept)
        return cq_fail(ctx, CQ_INTERNAL, "a conversation is larger than the request's memory");
    *kept = rows->row;
    kept->message_uuid = message->uuid;
    message->feedback = kept;
    return CQ_OK;
}

enum cq_status store_feedback_read(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint64_t user_id,
                                   struct message_list *messages)
{
    struct feedback_rows rows = {.row = {.user_id = user_id}, .messages = messages};
    const struct db_in in[] = {IN_U64(conversation_id), IN_U64(user_id)};
    const struct db_out out[] = {OUT_U32(rows.message.seq), FEEDBACK_OUT(rows.row)};

    return db_query(ctx, db, LIST_FEEDBACK, in, LEN(in), out, LEN(out), take_feedback, &rows);
}

/* ---- voting ---- */

/* First: whoever changes the conversation waits, and an answer about it that comes later shows the vote. */
static const char NOTE_FEEDBACK[] = "UPDATE conversation SET has_feedback = 1 WHERE id = ?";

static const char PUT_FEEDBACK[] =
    "INSERT INTO feedback (uuid, conversation_id, seq, user_id, vote, feedback_message, created_at, updated_at)"
    " VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))"
    " ON DUPLICATE KEY UPDATE vote = ?, feedback_message = ?, updated_at = UTC_TIMESTAMP(3)";

static const char SELECT_FEEDBACK[] =
    "SELECT " FEEDBACK_COLUMNS " FROM feedback WHERE conversation_id = ? AND seq = ? AND user_id = ?";

struct put_args {
    const struct new_feedback *feedback;
    struct feedback_row row;
};

static enum cq_status put_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct put_args *args = arg;
    const struct new_feedback *f = args->feedback;
    const struct db_in conversation[] = {IN_U64(f->conversation_id)};
    const struct db_in put[] = {
        IN_TEXT(f->uuid), IN_U64(f->conversation_id),   IN_U64(f->seq),   IN_U64(f->user_id),
        IN_TEXT(f->vote), IN_TEXT(f->feedback_message), IN_TEXT(f->vote), IN_TEXT(f->feedback_message)};
    const struct db_in key[] = {IN_U64(f->conversation_id), IN_U64(f->seq), IN_U64(f->user_id)};
    const struct db_out out[] = {FEEDBACK_OUT(args->row)};

    (void)is_rerun; /* the same vote again is the same row */
    enum cq_status st = db_execute(ctx, db, NOTE_FEEDBACK, conversation, LEN(conversation), NULL);
    if (!st)
        st = db_execute(ctx, db, PUT_FEEDBACK, put, LEN(put), NULL);
    if (!st)
        st = db_query_one(ctx, db, SELECT_FEEDBACK, key, LEN(key), out, LEN(out));
    return st;
}

enum cq_status store_feedback_put(struct cq_ctx *ctx, struct db *db, const struct new_feedback *feedback,
                                  struct feedback_row *row)
{
    struct put_args args = {.feedback = feedback,
                            .row = {.message_uuid = feedback->message_uuid, .user_id = feedback->user_id}};

    enum cq_status st = db_tx(ctx, db, put_tx, &args);
    if (!st)
        *row = args.row;
    return st;
}

/* ---- taking it back ---- */

static const char REMOVE_FEEDBACK[] =
    "DELETE FROM feedback WHERE uuid = ? AND conversation_id = ? AND user_id = ?"
    " AND seq = (SELECT m.seq FROM message m WHERE m.uuid = ? AND m.conversation_id = ?)";

struct remove_args {
    uint64_t conversation_id, user_id;
    const char *message_uuid, *uuid;
};

/* has_feedback stays: another's vote may be there, and to look costs more than a reader's statement. */
static enum cq_status remove_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct remove_args *args = arg;
    const struct db_in in[] = {IN_TEXT(args->uuid), IN_U64(args->conversation_id), IN_U64(args->user_id),
                               IN_TEXT(args->message_uuid), IN_U64(args->conversation_id)};
    uint64_t matched = 0;

    enum cq_status st = db_execute(ctx, db, REMOVE_FEEDBACK, in, LEN(in), &matched);
    return !st && !matched && !is_rerun ? CQ_RESOURCE_NOT_FOUND : st;
}

enum cq_status store_feedback_remove(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint64_t user_id,
                                     const char *message_uuid, const char *uuid)
{
    struct remove_args args = {conversation_id, user_id, message_uuid, uuid};

    return db_tx(ctx, db, remove_tx, &args);
}
