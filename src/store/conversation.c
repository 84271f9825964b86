/* Conversations: loading, listing one's own, ending. */
#include "store/access.h"
#include "store/ai_experience.h"
#include "store/message.h"

/* Openings are nobody's to see, and a deleted conversation is not there. */
#define CONVERSATION_COLUMNS                                                                                           \
    ", v.id, v.ai_experience_id, v.user_id, v.uuid, v.workflow_state, v.learning_objective, v.met_at,"                 \
    " v.all_objectives_met, v.has_feedback, v.created_at, v.updated_at"

#define CONVERSATION_OUT(v)                                                                                            \
    OUT_U64((v).id), OUT_U64((v).ai_experience_id), OUT_U64((v).user_id), OUT_TEXT((v).uuid),                          \
        OUT_TEXT((v).workflow_state), OUT_TEXT((v).learning_objective), OUT_TEXT((v).met_at),                          \
        OUT_BOOL((v).all_objectives_met), OUT_BOOL((v).has_feedback), OUT_TIME((v).created_at_ms),                     \
        OUT_TIME((v).updated_at_ms)

static const char LOAD_CONVERSATION[] =
    "SELECT " ACCESS_COLUMNS ", " AI_EXPERIENCE_COLUMNS CONVERSATION_COLUMNS ACCESS_TABLES AI_EXPERIENCE_JOIN
    " LEFT JOIN conversation v ON v.id = ? AND v.ai_experience_id = x.id"
    " AND v.workflow_state IN ('active', 'completed')" ACCESS_WHERE;

enum cq_status store_load_conversation(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                       struct access_row *access, struct ai_experience_row *experience,
                                       struct conversation_row *row)
{
    struct access_columns a = {.is_scoped = false};
    struct ai_experience_row x = {0};
    struct conversation_row v = {0};
    const struct db_in in[] = {IN_U64(key->course_id), IN_U64(key->ai_experience_id), IN_U64(key->course_id),
                               IN_U64(key->conversation_id), IN_BYTES(key->token_hash, SHA256_BYTES)};
    const struct db_out out[] = {ACCESS_OUT(a), AI_EXPERIENCE_OUT(x), CONVERSATION_OUT(v)};

    enum cq_status st = access_query(ctx, db, LOAD_CONVERSATION, in, LEN(in), out, LEN(out), key, &a);
    if (st)
        return st;
    *access = a.row;
    *experience = x;
    *row = v;
    return CQ_OK;
}

/* ---- the active conversation ---- */

#define ACTIVE_ACCESS ACCESS_COLUMNS_AS(ONCE)
#define ACTIVE_COLUMNS                                                                                                 \
    ONCE("x.id") ", " ONCE("x.workflow_state") ", " ACTIVE_OWNER ", " ACTIVE_PROGRESS ", " ACTIVE_TIMES
#define ACTIVE_OWNER    ONCE("v.id") ", " ONCE("v.user_id") ", " ONCE("v.workflow_state")
#define ACTIVE_PROGRESS ONCE("v.learning_objective") ", " ONCE("v.met_at") ", " ONCE("v.all_objectives_met")
#define ACTIVE_TIMES    ONCE("v.has_feedback") ", " ONCE("v.created_at") ", " ONCE("v.updated_at")

static const char LOAD_ACTIVE_CONVERSATION[] =
    "SELECT " ACTIVE_ACCESS ", " ACTIVE_COLUMNS ", " MESSAGE_COLUMNS
    ", " MESSAGE_IS_RUNNING ACCESS_TABLES AI_EXPERIENCE_JOIN
    " LEFT JOIN conversation v ON v.ai_experience_id = x.id AND v.user_id = t.user_id AND v.is_active = 1"
    " LEFT JOIN turn r ON r.conversation_id = v.id AND " TURN_IS_RUNNING
    " LEFT JOIN message m ON m.conversation_id = v.id" ACCESS_WHERE;

struct active {
    struct access_columns access;
    struct ai_experience_row experience;
    struct conversation_row conversation;
};

struct active_rows {
    struct active row; /* being fetched */
    struct active first;
    struct message_rows messages;
};

static enum cq_status take_active(struct cq_ctx *ctx, void *arg)
{
    struct active_rows *rows = arg;

    if (!rows->messages.row.seq)
        rows->first = rows->row;
    return message_take(ctx, &rows->messages);
}

enum cq_status store_load_active_conversation(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                              struct access_row *access, struct ai_experience_row *experience,
                                              struct conversation_row *row, struct message_list *messages)
{
    struct active_rows rows = {.row = {.conversation = {.id = 0}}};
    struct active *active = &rows.row;
    struct conversation_row *v = &active->conversation;
    struct message_list *list = &rows.messages.list;
    const struct db_in in[] = {IN_U64(key->course_id), IN_U64(key->ai_experience_id), IN_U64(key->course_id),
                               IN_BYTES(key->token_hash, SHA256_BYTES)};
    const struct db_out out[] = {ACCESS_OUT(active->access),
                                 OUT_U64(active->experience.id),
                                 OUT_TEXT(active->experience.workflow_state),
                                 OUT_U64(v->id),
                                 OUT_U64(v->user_id),
                                 OUT_TEXT(v->workflow_state),
                                 OUT_TEXT(v->learning_objective),
                                 OUT_TEXT(v->met_at),
                                 OUT_BOOL(v->all_objectives_met),
                                 OUT_BOOL(v->has_feedback),
                                 OUT_TIME(v->created_at_ms),
                                 OUT_TIME(v->updated_at_ms),
                                 MESSAGE_OUT(rows.messages),
                                 OUT_BOOL(rows.messages.is_running)};

    enum cq_status st = db_query(ctx, db, LOAD_ACTIVE_CONVERSATION, in, LEN(in), out, LEN(out), take_active, &rows);
    if (!st && list->n && !rows.first.conversation.id)
        st = cq_fail(ctx, CQ_INTERNAL, "message 0 of the active conversation is missing");
    if (!st)
        st = access_complete(ctx, db, key, &rows.first.access);
    if (st)
        return st;
    message_sort(list);
    *access = rows.first.access.row;
    *experience = rows.first.experience;
    *row = rows.first.conversation;
    *messages = *list;
    return CQ_OK;
}

/* ---- one's own ---- */

#define OF_USER                                                                                                        \
    " FROM conversation WHERE user_id = ? AND ai_experience_id = ? AND workflow_state IN ('active', 'completed')"

/* As in a roster, the count stands in a row of its own, to which the page is joined. */
static const char LIST_CONVERSATIONS[] =
    "SELECT total.n, v.id, v.ai_experience_id, v.user_id, v.workflow_state, v.met_at, v.all_objectives_met, v.next_seq,"
    " v.created_at, v.updated_at FROM (SELECT COUNT(*) AS n" OF_USER ") total"
    " LEFT JOIN (SELECT id" OF_USER " ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?) page ON TRUE"
    " LEFT JOIN conversation v ON v.id = page.id ORDER BY v.created_at DESC, v.id DESC";

struct conversation_rows {
    struct conversation_row row; /* being fetched */
    struct conversation_list list;
    uint64_t max;
};

static enum cq_status take_conversation(struct cq_ctx *ctx, void *arg)
{
    struct conversation_rows *rows = arg;

    (void)ctx;
    if (!rows->row.id || rows->list.n == rows->max)
        return CQ_OK;
    rows->row.n_messages--; /* the opening one */
    rows->list.rows[rows->list.n++] = rows->row;
    return CQ_OK;
}

enum cq_status store_conversation_list(struct cq_ctx *ctx, struct db *db, uint64_t ai_experience_id, uint64_t user_id,
                                       uint64_t limit, uint64_t offset, struct conversation_list *out)
{
    struct conversation_rows rows = {.max = limit};
    struct conversation_row *v = &rows.row;
    const struct db_in in[] = {IN_U64(user_id), IN_U64(ai_experience_id),
                               IN_U64(user_id), IN_U64(ai_experience_id),
                               IN_U64(limit),   IN_U64(offset)};
    const struct db_out cols[] = {OUT_U64(rows.list.total),        OUT_U64(v->id),
                                  OUT_U64(v->ai_experience_id),    OUT_U64(v->user_id),
                                  OUT_TEXT(v->workflow_state),     OUT_TEXT(v->met_at),
                                  OUT_BOOL(v->all_objectives_met), OUT_U32(v->n_messages),
                                  OUT_TIME(v->created_at_ms),      OUT_TIME(v->updated_at_ms)};

    rows.list.rows = arena_zalloc(ctx->arena, limit, sizeof(*rows.list.rows));
    if (!rows.list.rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = db_query(ctx, db, LIST_CONVERSATIONS, in, LEN(in), cols, LEN(cols), take_conversation, &rows);
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
