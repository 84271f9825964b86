/* Conversations and their messages: loading, listing, ending. */
#include "store/access.h"
#include "store/ai_experience.h"

/* Openings are nobody's to see, and a deleted conversation is not there. */
#define CONVERSATION_COLUMNS                                                                                           \
    ", v.id, v.ai_experience_id, v.user_id, v.uuid, v.workflow_state, v.learning_objective, v.met_at,"                 \
    " v.all_objectives_met, v.created_at, v.updated_at"

#define LOAD_WITH_EXPERIENCE                                                                                           \
    "SELECT " ACCESS_COLUMNS ", " AI_EXPERIENCE_COLUMNS CONVERSATION_COLUMNS ACCESS_TABLES AI_EXPERIENCE_JOIN

static const char LOAD_CONVERSATION[] =
    LOAD_WITH_EXPERIENCE " LEFT JOIN conversation v ON v.id = ? AND v.ai_experience_id = x.id"
                         " AND v.workflow_state IN ('active', 'completed')" ACCESS_WHERE;

static const char LOAD_ACTIVE_CONVERSATION[] =
    "SELECT " ACCESS_COLUMNS ", " AI_EXPERIENCE_COLUMNS_FOR_CHECKS CONVERSATION_COLUMNS ACCESS_TABLES AI_EXPERIENCE_JOIN
    " LEFT JOIN conversation v ON v.ai_experience_id = x.id AND v.user_id = t.user_id"
    " AND v.is_active = ?" ACCESS_WHERE;

enum cq_status store_load_conversation(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                       struct access_row *access, struct ai_experience_row *experience,
                                       struct conversation_row *row)
{
    struct access_columns a = {.is_found = false};
    struct ai_experience_row x = {0};
    struct conversation_row v = {0};
    bool by_id = key->conversation_id != 0;
    const struct db_in in[] = {IN_U64(key->course_id), IN_U64(key->ai_experience_id),
                               IN_U64(by_id ? key->conversation_id : 1), IN_BYTES(key->token_hash, SHA256_BYTES)};
    const struct db_out out[] = {ACCESS_OUT(a),
                                 AI_EXPERIENCE_OUT(x),
                                 OUT_U64(v.id),
                                 OUT_U64(v.ai_experience_id),
                                 OUT_U64(v.user_id),
                                 OUT_TEXT(v.uuid),
                                 OUT_TEXT(v.workflow_state),
                                 OUT_TEXT(v.learning_objective),
                                 OUT_TEXT(v.met_at),
                                 OUT_BOOL(v.all_objectives_met),
                                 OUT_TIME(v.created_at_ms),
                                 OUT_TIME(v.updated_at_ms)};

    enum cq_status st = access_query(ctx, db, by_id ? LOAD_CONVERSATION : LOAD_ACTIVE_CONVERSATION, in, LEN(in), out,
                                     LEN(out), key, &a);
    if (st)
        return st;
    *access = a.row;
    *experience = x;
    *row = v;
    return CQ_OK;
}

/* ---- messages ---- */

/*
 * A turn that runs is found by its unique key, once for all messages. One whose lease has run out runs no more: its
 * worker is gone.
 */
static const char LIST_MESSAGES[] =
    "SELECT m.seq, m.uuid, m.role, m.is_initial, m.text, m.html, m.created_at, t.user_seq = m.seq FROM message m"
    " LEFT JOIN turn t ON t.conversation_id = ? AND t.is_running = 1 AND t.lease_until > UTC_TIMESTAMP(3)"
    " WHERE m.conversation_id = ? AND m.seq < ? ORDER BY m.seq";

struct message_rows {
    struct message_row row; /* being fetched */
    bool is_running;
    struct message_list list;
    size_t cap;
};

/*
 * A reply stands right behind the message that it answers. Until one does, the message's turn either runs or has
 * failed: another can only have begun after that.
 */
static enum message_status message_status(const struct message_rows *rows)
{
    return rows->is_running ? MESSAGE_PENDING : rows->row.is_assistant ? MESSAGE_COMPLETE : MESSAGE_FAILED;
}

static enum cq_status take_message(struct cq_ctx *ctx, void *arg)
{
    struct message_rows *rows = arg;

    if (rows->list.n == rows->cap) {
        size_t cap = rows->cap ? 2 * rows->cap : 32;
        struct message_row *more = arena_zalloc(ctx->arena, cap, sizeof(*more));

        if (!more)
            return cq_fail(ctx, CQ_INTERNAL, "a conversation is larger than the request's memory");
        if (rows->list.n)
            memcpy(more, rows->list.rows, rows->list.n * sizeof(*more));
        rows->list.rows = more;
        rows->cap = cap;
    }
    rows->row.status = message_status(rows);
    if (rows->row.is_assistant && rows->list.n)
        rows->list.rows[rows->list.n - 1].status = MESSAGE_COMPLETE;
    rows->list.rows[rows->list.n++] = rows->row;
    return CQ_OK;
}

enum cq_status store_message_list(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint32_t end_seq,
                                  struct message_list *out)
{
    struct message_rows rows = {0};
    struct message_row *m = &rows.row;
    const struct db_in in[] = {IN_U64(conversation_id), IN_U64(conversation_id), IN_U64(end_seq)};
    const struct db_out cols[] = {
        OUT_U32(m->seq),   OUT_TEXT(m->uuid), OUT_BOOL(m->is_assistant),  OUT_BOOL(m->is_initial),
        OUT_TEXT(m->text), OUT_TEXT(m->html), OUT_TIME(m->created_at_ms), OUT_BOOL(rows.is_running)};

    enum cq_status st = db_query(ctx, db, LIST_MESSAGES, in, LEN(in), cols, LEN(cols), take_message, &rows);
    if (!st)
        *out = rows.list;
    return st;
}

/* ---- ending ---- */

static const char COMPLETE_CONVERSATION[] =
    "UPDATE conversation SET workflow_state = 'completed', is_active = NULL, updated_at = UTC_TIMESTAMP(3)"
    " WHERE id = ? AND workflow_state = 'active'";

static const char COMPLETE_LATEST[] =
    "UPDATE latest_conversation SET workflow_state = 'completed', updated_at = UTC_TIMESTAMP(3)"
    " WHERE conversation_id = ?";

static enum cq_status complete_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct db_in in[] = {IN_U64(*(const uint64_t *)arg)};
    uint64_t matched = 0;

    (void)is_rerun; /* completing again changes nothing */
    enum cq_status st = db_execute(ctx, db, COMPLETE_CONVERSATION, in, LEN(in), &matched);
    if (!st && matched)
        st = db_execute(ctx, db, COMPLETE_LATEST, in, LEN(in), NULL);
    return st;
}

enum cq_status store_conversation_complete(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id)
{
    return db_tx(ctx, db, complete_tx, &conversation_id);
}
