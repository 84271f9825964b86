/*
 * Turns: how a user's message comes to be stored, once.
 *
 * The pending turn of a conversation, if any, is always that of its last message: a new one begins only when the one
 * before has ended. So the unanswered turn stands at next_seq - 1, and every change locks the conversation first, but
 * for the day of its user.
 */
#include "store/message.h"
#include "store/turn.h"
#include "store/user_day.h"

struct begin_args {
    const struct turn_request *request;
    struct user_day day;   /* locked */
    int64_t asked_mono_ms; /* of this run, on clock_mono_ms() */
    struct turn_row *turn;
    struct message_list *messages;
};

/* ---- beginning ---- */

/* Decide what a key that was used before means. *is_decided stays false when the turn is to be tried (again). */
static enum cq_status check_key(struct cq_ctx *ctx, struct db *db, const struct begin_args *args,
                                struct found_turn *found, bool *is_decided)
{
    const struct turn_request *r = args->request;

    *is_decided = false;
    if (!r->key.hash)
        return CQ_OK;
    enum cq_status st = turn_by_key(ctx, db, r->user_id, &r->key, found);
    if (st)
        return st == CQ_RESOURCE_NOT_FOUND ? CQ_OK : st;
    if (!found->is_same_body)
        return r->key.is_message_id ? CQ_MESSAGE_ID_CONFLICT : CQ_IDEMPOTENCY_CONFLICT;
    if (turn_is_running(found) && !str_eq(found->reply_uuid, r->reply_uuid))
        return CQ_TURN_IN_PROGRESS;
    if (!str_eq(found->state, "complete"))
        return CQ_OK;
    *args->turn = (struct turn_row){.id = found->id,
                                    .conversation_id = found->conversation_id,
                                    .user_seq = found->user_seq,
                                    .reply_seq = found->reply_seq,
                                    .met_at = found->met_at,
                                    .learning_objective = found->learning_objective,
                                    .has_feedback = found->has_feedback,
                                    .is_replay = true};
    *is_decided = true;
    return CQ_OK;
}

/* With the messages, which the model is told: nobody else asks for their rows' locks. */
#define LOCKED_CONVERSATION                                                                                            \
    ONCE("v.workflow_state")                                                                                           \
    ", " ONCE("v.next_seq") ", " ONCE("v.met_at") ", " ONCE("v.summary") ", " ONCE("v.summarised") ", " ONCE(          \
        "UTC_TIMESTAMP(3)")
#define LOCKED_TURN  ONCE("t.id") ", " ONCE("t.user_seq") ", " ONCE("t.state") ", " LOCKED_LEASE
#define LOCKED_LEASE ONCE("t.reply_uuid") ", " ONCE("t.lease_until <= UTC_TIMESTAMP(3)")

static const char LOCK_CONVERSATION[] =
    "SELECT " LOCKED_CONVERSATION ", " LOCKED_TURN ", " MESSAGE_COLUMNS
    " FROM conversation v LEFT JOIN turn t ON t.conversation_id = v.id AND t.user_seq = v.next_seq - 1"
    " LEFT JOIN message m ON m.conversation_id = v.id WHERE v.id = ? FOR UPDATE";

static const char INSERT_MESSAGE[] =
    "INSERT INTO message (conversation_id, seq, uuid, role, is_initial, text, created_at)"
    " VALUES (?, ?, ?, 0, ?, ?, ?)";

static const char INSERT_TURN[] =
    "INSERT INTO turn (conversation_id, user_id, user_seq, reply_uuid, state, is_running, owner, lease_until, "
    "created_at)"
    " VALUES (?, ?, ?, ?, 'pending', 1, ?, UTC_TIMESTAMP(3) + INTERVAL ? SECOND, UTC_TIMESTAMP(3))";

static const char ADVANCE_CONVERSATION[] =
    "UPDATE conversation SET next_seq = next_seq + 1, updated_at = UTC_TIMESTAMP(3) WHERE id = ?";

/* What stands there when the lock is had. */
struct locked {
    const char *workflow_state;
    uint32_t next_seq;
    const char *met_at, *summary;
    uint32_t summarised;
    int64_t now_ms; /* when the lock was asked for, or the last message's time if that is later */
    struct found_turn last;
};

struct locked_rows {
    struct locked row; /* being fetched */
    struct locked first;
    struct message_rows messages;
};

static enum cq_status take_locked(struct cq_ctx *ctx, void *arg)
{
    struct locked_rows *rows = arg;

    if (!rows->messages.row.seq)
        rows->first = rows->row;
    return message_take(ctx, &rows->messages);
}

static enum cq_status lock_conversation(struct cq_ctx *ctx, struct db *db, uint64_t id, struct locked *locked,
                                        struct message_list *messages)
{
    struct locked_rows rows = {.row = {.last = {.conversation_id = id}}};
    struct locked *l = &rows.row;
    const struct db_in in[] = {IN_U64(id)};
    const struct db_out cols[] = {
        OUT_TEXT(l->workflow_state),  OUT_U32(l->next_seq),         OUT_TEXT(l->met_at),
        OUT_TEXT(l->summary),         OUT_U32(l->summarised),       OUT_TIME(l->now_ms),
        OUT_U64(l->last.id),          OUT_U32(l->last.user_seq),    OUT_TEXT(l->last.state),
        OUT_TEXT(l->last.reply_uuid), OUT_BOOL(l->last.is_expired), MESSAGE_OUT(rows.messages)};

    enum cq_status st = db_query(ctx, db, LOCK_CONVERSATION, in, LEN(in), cols, LEN(cols), take_locked, &rows);
    if (st)
        return st;
    if (!rows.messages.list.n)
        return CQ_RESOURCE_NOT_FOUND;
    if (!rows.first.workflow_state)
        return cq_fail(ctx, CQ_INTERNAL, "message 0 of conversation %llu is missing", (unsigned long long)id);
    message_sort(&rows.messages.list);
    *locked = rows.first;
    *messages = rows.messages.list;
    if (locked->now_ms < messages->rows[messages->n - 1].created_at_ms)
        locked->now_ms = messages->rows[messages->n - 1].created_at_ms;
    return CQ_OK;
}

/* now_ms: the database's time at asked_mono_ms. The time of what is stored later goes on from there. */
static void note_turn(const struct begin_args *args, uint64_t id, uint64_t conversation_id, uint32_t user_seq,
                      int64_t now_ms)
{
    *args->turn = (struct turn_row){.id = id,
                                    .conversation_id = conversation_id,
                                    .user_seq = user_seq,
                                    .begun_ms = now_ms,
                                    .begun_mono_ms = args->asked_mono_ms};
}

/* The message as it was stored, behind those before. */
static enum cq_status append_message(struct cq_ctx *ctx, const struct begin_args *args, bool is_initial)
{
    const struct turn_request *r = args->request;
    struct message_list *list = args->messages;
    struct message_row *rows = arena_zalloc(ctx->arena, list->n + 1, sizeof(*rows));

    if (!rows)
        return cq_fail(ctx, CQ_INTERNAL, "a conversation is larger than the request's memory");
    if (list->n)
        memcpy(rows, list->rows, list->n * sizeof(*rows));
    rows[list->n] = (struct message_row){.seq = args->turn->user_seq,
                                         .uuid = r->message_uuid,
                                         .is_initial = is_initial,
                                         .text = r->text,
                                         .created_at_ms = args->turn->begun_ms,
                                         .status = MESSAGE_PENDING};
    *list = (struct message_list){rows, list->n + 1};
    return CQ_OK;
}

static enum cq_status insert_turn(struct cq_ctx *ctx, struct db *db, const struct begin_args *args,
                                  uint64_t conversation_id, uint32_t seq, bool is_initial, int64_t now_ms)
{
    const struct turn_request *r = args->request;
    const struct db_in message[] = {IN_U64(conversation_id), IN_U64(seq),      IN_TEXT(r->message_uuid),
                                    IN_U64(is_initial),      IN_TEXT(r->text), IN_TIME(now_ms)};
    const struct db_in turn[] = {IN_U64(conversation_id), IN_U64(r->user_id), IN_U64(seq),
                                 IN_TEXT(r->reply_uuid),  IN_TEXT(r->owner),  IN_U64(r->lease_s)};

    enum cq_status st = db_execute(ctx, db, INSERT_MESSAGE, message, LEN(message), NULL);
    if (!st)
        st = db_execute(ctx, db, INSERT_TURN, turn, LEN(turn), NULL);
    if (st)
        return st;
    note_turn(args, db_insert_id(db), conversation_id, seq, now_ms);
    return append_message(ctx, args, is_initial);
}

static void take_last(const struct begin_args *args, const struct locked *locked)
{
    const struct found_turn *last = &locked->last;

    note_turn(args, last->id, last->conversation_id, last->user_seq, locked->now_ms);
    args->messages->rows[args->messages->n - 1].status = MESSAGE_PENDING;
}

static enum cq_status begin_again(struct cq_ctx *ctx, struct db *db, const struct begin_args *args,
                                  const struct locked *locked)
{
    const struct turn_request *r = args->request;

    take_last(args, locked);
    return turn_begin_again(ctx, db, locked->last.id, r->reply_uuid, r->owner, r->lease_s, false);
}

static enum cq_status begin_new(struct cq_ctx *ctx, struct db *db, const struct begin_args *args,
                                const struct locked *locked)
{
    uint64_t conversation_id = args->request->conversation_id;
    const struct db_in conversation[] = {IN_U64(conversation_id)};
    enum cq_status st = CQ_OK;

    if (str_eq(locked->last.state, "pending"))
        st = turn_give_up(ctx, db, locked->last.id);
    if (!st)
        st = insert_turn(ctx, db, args, conversation_id, locked->next_seq, false, locked->now_ms);
    if (!st)
        st = db_execute(ctx, db, ADVANCE_CONVERSATION, conversation, LEN(conversation), NULL);
    return st;
}

/* The conversation as it was when the request came for the first time: with its reply, without what was said since. */
static void cut_after(struct message_list *list, uint32_t seq)
{
    while (list->n && list->rows[list->n - 1].seq > seq)
        list->n--;
}

static void note_conversation(struct turn_row *turn, const struct locked *locked)
{
    turn->met_at = locked->met_at;
    turn->summary = locked->summary;
    turn->summarised = locked->summarised;
}

static enum cq_status begin_message(struct cq_ctx *ctx, struct db *db, const struct begin_args *args, bool is_rerun)
{
    const struct turn_request *r = args->request;
    struct locked locked = {.next_seq = 0};
    struct found_turn keyed = {0};
    bool is_decided = false;

    enum cq_status st = lock_conversation(ctx, db, r->conversation_id, &locked, args->messages);
    if (!st)
        st = check_key(ctx, db, args, &keyed, &is_decided);
    if (!st && is_decided)
        cut_after(args->messages, args->turn->reply_seq);
    if (st || is_decided)
        return st;
    if (is_rerun && str_eq(locked.last.reply_uuid, r->reply_uuid)) { /* the first run was committed after all */
        take_last(args, &locked);
        note_conversation(args->turn, &locked);
        return CQ_OK;
    }
    if (!str_eq(locked.workflow_state, "active"))
        return CQ_CONVERSATION_COMPLETED;
    if (locked.last.id && turn_is_running(&locked.last))
        return CQ_TURN_IN_PROGRESS;
    st = user_day_admit(ctx, db, &args->day, DAY_MESSAGE, r->course_id, r->limits);
    if (st)
        return st;
    if (locked.last.id && str_eq(args->messages->rows[args->messages->n - 1].text, r->text))
        st = begin_again(ctx, db, args, &locked);
    else
        st = begin_new(ctx, db, args, &locked);
    note_conversation(args->turn, &locked);
    if (!st && args->turn->id != keyed.id)
        st = turn_remember_key(ctx, db, r->user_id, &r->key, args->turn->id, !keyed.id);
    return st;
}

/* ---- opening ---- */

/*
 * What a worker left behind that died while opening: found without a lock, since other openings of the same user may
 * be on their way, and then deleted by its id.
 */
static const char SELECT_STALE_OPENING[] =
    "SELECT MIN(v.id), UTC_TIMESTAMP(3) FROM conversation v JOIN turn t ON t.conversation_id = v.id"
    " WHERE v.user_id = ? AND v.ai_experience_id = ? AND v.workflow_state = 'opening'"
    " AND (t.state <> 'pending' OR t.lease_until <= UTC_TIMESTAMP(3))";

static const char SELECT_OPENED[] =
    "SELECT t.id, t.conversation_id, UTC_TIMESTAMP(3) FROM conversation v JOIN turn t ON t.conversation_id = v.id"
    " WHERE v.uuid = ? FOR UPDATE";

static const char INSERT_CONVERSATION[] =
    "INSERT INTO conversation (uuid, ai_experience_id, user_id, workflow_state, learning_objective, met_at, next_seq,"
    " created_at, updated_at) VALUES (?, ?, ?, 'opening', ?, ?, 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))";

static enum cq_status delete_stale_opening(struct cq_ctx *ctx, struct db *db, const struct turn_request *r,
                                           int64_t *now_ms)
{
    uint64_t id = 0;
    const struct db_in in[] = {IN_U64(r->user_id), IN_U64(r->ai_experience_id)};
    const struct db_out out[] = {OUT_U64(id), OUT_TIME(*now_ms)};

    enum cq_status st = db_query_one(ctx, db, SELECT_STALE_OPENING, in, LEN(in), out, LEN(out));
    return st || !id ? st : turn_delete_opening(ctx, db, id);
}

/* After a commit whose answer was lost: the turn, if it was committed after all. */
static enum cq_status find_opened(struct cq_ctx *ctx, struct db *db, const struct begin_args *args)
{
    uint64_t id = 0, conversation_id = 0;
    int64_t now_ms = 0;
    const struct db_in in[] = {IN_TEXT(args->request->conversation_uuid)};
    const struct db_out out[] = {OUT_U64(id), OUT_U64(conversation_id), OUT_TIME(now_ms)};

    enum cq_status st = db_query_one(ctx, db, SELECT_OPENED, in, LEN(in), out, LEN(out));
    if (st)
        return st;
    note_turn(args, id, conversation_id, 0, now_ms);
    return store_message_list(ctx, db, conversation_id, 1, args->messages);
}

static enum cq_status open_conversation(struct cq_ctx *ctx, struct db *db, const struct begin_args *args, bool is_rerun)
{
    const struct turn_request *r = args->request;
    const struct db_in conversation[] = {IN_TEXT(r->conversation_uuid), IN_U64(r->ai_experience_id), IN_U64(r->user_id),
                                         IN_TEXT(r->learning_objective), IN_TEXT(r->met_at)};
    struct found_turn keyed = {0};
    int64_t now_ms = 0;
    bool is_decided = false;
    enum cq_status st = is_rerun ? find_opened(ctx, db, args) : CQ_RESOURCE_NOT_FOUND;

    if (st != CQ_RESOURCE_NOT_FOUND)
        return st;
    st = delete_stale_opening(ctx, db, r, &now_ms);
    if (!st)
        st = check_key(ctx, db, args, &keyed, &is_decided);
    if (!st && is_decided)
        st = store_message_list(ctx, db, args->turn->conversation_id, args->turn->reply_seq + 1, args->messages);
    if (st || is_decided)
        return st;
    st = user_day_admit(ctx, db, &args->day, DAY_CONVERSATION, r->course_id, r->limits);
    if (st)
        return st;
    st = db_execute(ctx, db, INSERT_CONVERSATION, conversation, LEN(conversation), NULL);
    if (st == CQ_DUPLICATE && is_rerun)
        return CQ_AGAIN; /* the first run is being committed just now */
    if (!st)
        st = insert_turn(ctx, db, args, db_insert_id(db), 0, true, now_ms);
    return st ? st : turn_remember_key(ctx, db, r->user_id, &r->key, args->turn->id, !keyed.id);
}

/* The messages are read in the transaction that begins the turn, so that none is begun without them. */
static enum cq_status begin_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct begin_args *args = arg;
    const struct turn_row *turn = args->turn;
    const struct message_list *list = args->messages;

    *args->messages = (struct message_list){NULL, 0}; /* what an earlier run had found */
    enum cq_status st = user_day_lock(ctx, db, args->request->user_id, &args->day);
    if (st)
        return st;
    args->asked_mono_ms = clock_mono_ms();
    st = args->request->conversation_id ? begin_message(ctx, db, args, is_rerun)
                                        : open_conversation(ctx, db, args, is_rerun);
    if (st)
        return st;
    uint32_t last = turn->is_replay ? turn->reply_seq : turn->user_seq;

    if (!list->n || list->rows[list->n - 1].seq != last)
        st = cq_fail(ctx, CQ_INTERNAL, "message %u of conversation %llu is missing", last,
                     (unsigned long long)turn->conversation_id);
    return st;
}

enum cq_status store_turn_begin(struct cq_ctx *ctx, struct db *db, const struct turn_request *request,
                                struct turn_row *turn, struct message_list *messages)
{
    struct turn_row row = {0};
    struct message_list list = {0};
    struct begin_args args = {.request = request, .turn = &row, .messages = &list};

    enum cq_status st = db_tx(ctx, db, begin_tx, &args);
    if (st)
        return st;
    *turn = row;
    *messages = list;
    return CQ_OK;
}
