/* Conversations and their messages: loading, listing, ending. */
#include <stdlib.h>

#include "store/access.h"
#include "store/ai_experience.h"

/* Openings are nobody's to see, and a deleted conversation is not there. */
#define CONVERSATION_COLUMNS                                                                                           \
    ", v.id, v.ai_experience_id, v.user_id, v.uuid, v.workflow_state, v.learning_objective, v.met_at,"                 \
    " v.all_objectives_met, v.created_at, v.updated_at"

#define CONVERSATION_OUT(v)                                                                                            \
    OUT_U64((v).id), OUT_U64((v).ai_experience_id), OUT_U64((v).user_id), OUT_TEXT((v).uuid),                          \
        OUT_TEXT((v).workflow_state), OUT_TEXT((v).learning_objective), OUT_TEXT((v).met_at),                          \
        OUT_BOOL((v).all_objectives_met), OUT_TIME((v).created_at_ms), OUT_TIME((v).updated_at_ms)

static const char LOAD_CONVERSATION[] =
    "SELECT " ACCESS_COLUMNS ", " AI_EXPERIENCE_COLUMNS CONVERSATION_COLUMNS ACCESS_TABLES AI_EXPERIENCE_JOIN
    " LEFT JOIN conversation v ON v.id = ? AND v.ai_experience_id = x.id"
    " AND v.workflow_state IN ('active', 'completed')" ACCESS_WHERE;

enum cq_status store_load_conversation(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                       struct access_row *access, struct ai_experience_row *experience,
                                       struct conversation_row *row)
{
    struct access_columns a = {.is_found = false};
    struct ai_experience_row x = {0};
    struct conversation_row v = {0};
    const struct db_in in[] = {IN_U64(key->course_id), IN_U64(key->ai_experience_id), IN_U64(key->conversation_id),
                               IN_BYTES(key->token_hash, SHA256_BYTES)};
    const struct db_out out[] = {ACCESS_OUT(a), AI_EXPERIENCE_OUT(x), CONVERSATION_OUT(v)};

    enum cq_status st = access_query(ctx, db, LOAD_CONVERSATION, in, LEN(in), out, LEN(out), key, &a);
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
#define MESSAGE_COLUMNS "m.seq, m.uuid, m.role, m.is_initial, m.text, m.html, m.created_at, r.user_seq = m.seq"

#define MESSAGE_OUT(m)                                                                                                 \
    OUT_U32((m).row.seq), OUT_TEXT((m).row.uuid), OUT_BOOL((m).row.is_assistant), OUT_BOOL((m).row.is_initial),        \
        OUT_TEXT((m).row.text), OUT_TEXT((m).row.html), OUT_TIME((m).row.created_at_ms), OUT_BOOL((m).is_running)

#define IS_RUNNING "r.is_running = 1 AND r.lease_until > UTC_TIMESTAMP(3)"

static const char LIST_MESSAGES[] =
    "SELECT " MESSAGE_COLUMNS " FROM message m LEFT JOIN turn r ON r.conversation_id = ? AND " IS_RUNNING
    " WHERE m.conversation_id = ? AND m.seq < ? ORDER BY m.seq";

struct message_rows {
    struct message_row row; /* being fetched */
    bool is_running;
    struct message_list list;
    size_t cap;
};

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
    rows->row.status = rows->is_running ? MESSAGE_PENDING : MESSAGE_COMPLETE;
    rows->list.rows[rows->list.n++] = rows->row;
    return CQ_OK;
}

/*
 * A reply stands right behind the message that it answers. Until one does, the message's turn either runs or has
 * failed: another can only have begun after that.
 */
static void note_failed(struct message_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        struct message_row *m = &list->rows[i];
        bool is_answered = i + 1 < list->n && list->rows[i + 1].is_assistant;

        if (!m->is_assistant && !is_answered && m->status != MESSAGE_PENDING)
            m->status = MESSAGE_FAILED;
    }
}

enum cq_status store_message_list(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint32_t end_seq,
                                  struct message_list *out)
{
    struct message_rows rows = {0};
    const struct db_in in[] = {IN_U64(conversation_id), IN_U64(conversation_id), IN_U64(end_seq)};
    const struct db_out cols[] = {MESSAGE_OUT(rows)};

    enum cq_status st = db_query(ctx, db, LIST_MESSAGES, in, LEN(in), cols, LEN(cols), take_message, &rows);
    if (st)
        return st;
    note_failed(&rows.list);
    *out = rows.list;
    return CQ_OK;
}

/* ---- the active conversation ---- */

/*
 * A row for each message. They are sorted here: asked to, MariaDB would copy every text into a temporary table. What
 * is long and the conversation's own comes with the first message alone.
 */
static const char LOAD_ACTIVE_CONVERSATION[] =
    "SELECT " ACCESS_COLUMNS_OF_MANY ", x.id, x.workflow_state, v.id, v.user_id, v.workflow_state,"
    " IF(m.seq, NULL, v.learning_objective), IF(m.seq, NULL, v.met_at), v.all_objectives_met, v.created_at,"
    " v.updated_at, " MESSAGE_COLUMNS ACCESS_TABLES AI_EXPERIENCE_JOIN
    " LEFT JOIN conversation v ON v.ai_experience_id = x.id AND v.user_id = t.user_id AND v.is_active = 1"
    " LEFT JOIN turn r ON r.conversation_id = v.id AND " IS_RUNNING
    " LEFT JOIN message m ON m.conversation_id = v.id WHERE t.token_hash = ?";

struct active_rows {
    struct conversation_row row; /* being fetched */
    struct conversation_row conversation;
    struct message_rows messages;
};

static enum cq_status take_active(struct cq_ctx *ctx, void *arg)
{
    struct active_rows *rows = arg;

    if (!rows->messages.row.uuid) /* no conversation */
        return CQ_OK;
    if (!rows->messages.row.seq)
        rows->conversation = rows->row;
    return take_message(ctx, &rows->messages);
}

static int by_seq(const void *a, const void *b)
{
    const struct message_row *x = a, *y = b;

    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

enum cq_status store_load_active_conversation(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                              struct access_row *access, struct ai_experience_row *experience,
                                              struct conversation_row *row, struct message_list *messages)
{
    struct active_rows rows = {.row = {.id = 0}};
    struct access_columns a = {.next = take_active, .next_arg = &rows};
    struct ai_experience_row x = {0};
    struct conversation_row *v = &rows.row;
    struct message_list *list = &rows.messages.list;
    const struct db_in in[] = {IN_U64(key->course_id), IN_U64(key->ai_experience_id),
                               IN_BYTES(key->token_hash, SHA256_BYTES)};
    const struct db_out out[] = {ACCESS_OUT(a),
                                 OUT_U64(x.id),
                                 OUT_TEXT(x.workflow_state),
                                 OUT_U64(v->id),
                                 OUT_U64(v->user_id),
                                 OUT_TEXT(v->workflow_state),
                                 OUT_TEXT(v->learning_objective),
                                 OUT_TEXT(v->met_at),
                                 OUT_BOOL(v->all_objectives_met),
                                 OUT_TIME(v->created_at_ms),
                                 OUT_TIME(v->updated_at_ms),
                                 MESSAGE_OUT(rows.messages)};

    enum cq_status st = access_query(ctx, db, LOAD_ACTIVE_CONVERSATION, in, LEN(in), out, LEN(out), key, &a);
    if (st)
        return st;
    if (list->n)
        qsort(list->rows, list->n, sizeof(*list->rows), by_seq);
    note_failed(list);
    *access = a.row;
    *experience = x;
    *row = rows.conversation;
    *messages = *list;
    return CQ_OK;
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
