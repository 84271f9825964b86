/*
 * Turns: how a user's message and its reply come to be stored, once each.
 *
 * The pending turn of a conversation, if any, is always that of its last message: a new one begins only when the one
 * before has ended. So the unanswered turn stands at next_seq - 1, and every change begins by locking the conversation.
 */

#include "store/db.h"

struct begin_args {
    const struct turn_request *request;
    struct turn_row *turn;
    struct message_list *messages;
};

/* What was found under the key, or at the end of the conversation. */
struct found_turn {
    uint64_t id, conversation_id;
    uint32_t user_seq, reply_seq;
    const char *state, *reply_uuid, *met_at, *text;
    const char *learning_objective; /* of the conversation */
    bool is_expired;                /* a pending one whose worker is gone */
    bool is_same_body;
};

static bool is_running(const struct found_turn *found)
{
    return str_eq(found->state, "pending") && !found->is_expired;
}

/* ---- keys ---- */

static const char SELECT_TURN_BY_KEY[] =
    "SELECT t.id, t.conversation_id, t.user_seq, t.reply_seq, t.state, t.reply_uuid, t.met_at, v.learning_objective,"
    " t.lease_until <= UTC_TIMESTAMP(3), k.body_hash = ? FROM idempotency_key k JOIN turn t ON t.id = k.turn_id"
    " JOIN conversation v ON v.id = t.conversation_id WHERE k.user_id = ? AND k.request_hash = ?";

static const char INSERT_KEY[] = "INSERT INTO idempotency_key (user_id, request_hash, body_hash, turn_id, created_at)"
                                 " VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE turn_id = ?";

static const char INSERT_NEW_KEY[] =
    "INSERT INTO idempotency_key (user_id, request_hash, body_hash, turn_id, created_at)"
    " VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))";

static enum cq_status turn_by_key(struct cq_ctx *ctx, struct db *db, const struct turn_request *r,
                                  struct found_turn *out)
{
    struct found_turn f = {0};
    const struct db_in in[] = {IN_BYTES(r->body_hash, SHA256_BYTES), IN_U64(r->user_id),
                               IN_BYTES(r->key_hash, SHA256_BYTES)};
    const struct db_out cols[] = {
        OUT_U64(f.id),          OUT_U64(f.conversation_id), OUT_U32(f.user_seq), OUT_U32(f.reply_seq),
        OUT_TEXT(f.state),      OUT_TEXT(f.reply_uuid),     OUT_TEXT(f.met_at),  OUT_TEXT(f.learning_objective),
        OUT_BOOL(f.is_expired), OUT_BOOL(f.is_same_body)};

    enum cq_status st = db_query_one(ctx, db, SELECT_TURN_BY_KEY, in, LEN(in), cols, LEN(cols));
    if (!st)
        *out = f;
    return st;
}

/* Decide what a key that was used before means. *is_decided stays false when the turn is to be tried (again). */
static enum cq_status check_key(struct cq_ctx *ctx, struct db *db, const struct begin_args *args,
                                struct found_turn *found, bool *is_decided)
{
    const struct turn_request *r = args->request;

    *is_decided = false;
    if (!r->key_hash)
        return CQ_OK;
    enum cq_status st = turn_by_key(ctx, db, r, found);
    if (st)
        return st == CQ_RESOURCE_NOT_FOUND ? CQ_OK : st;
    if (!found->is_same_body)
        return r->key_is_message_id ? CQ_MESSAGE_ID_CONFLICT : CQ_IDEMPOTENCY_CONFLICT;
    if (is_running(found) && !str_eq(found->reply_uuid, r->reply_uuid))
        return CQ_TURN_IN_PROGRESS;
    if (!str_eq(found->state, "complete"))
        return CQ_OK;
    *args->turn = (struct turn_row){.id = found->id,
                                    .conversation_id = found->conversation_id,
                                    .user_seq = found->user_seq,
                                    .reply_seq = found->reply_seq,
                                    .met_at = found->met_at,
                                    .learning_objective = found->learning_objective,
                                    .is_replay = true};
    *is_decided = true;
    return CQ_OK;
}

/* is_new: nobody may have used the key meanwhile; if somebody has, look again. */
static enum cq_status remember_key(struct cq_ctx *ctx, struct db *db, const struct turn_request *r, uint64_t turn_id,
                                   bool is_new)
{
    const struct db_in in[] = {IN_U64(r->user_id), IN_BYTES(r->key_hash, SHA256_BYTES),
                               IN_BYTES(r->body_hash, SHA256_BYTES), IN_U64(turn_id), IN_U64(turn_id)};

    if (!r->key_hash)
        return CQ_OK;
    if (!is_new)
        return db_execute(ctx, db, INSERT_KEY, in, LEN(in), NULL);
    enum cq_status st = db_execute(ctx, db, INSERT_NEW_KEY, in, LEN(in) - 1, NULL);
    return st == CQ_DUPLICATE ? CQ_AGAIN : st;
}

/* ---- beginning ---- */

static const char LOCK_CONVERSATION[] =
    "SELECT v.workflow_state, v.next_seq, t.id, t.user_seq, t.state, t.reply_uuid, t.lease_until <= UTC_TIMESTAMP(3), "
    "m.text"
    " FROM conversation v LEFT JOIN turn t ON t.conversation_id = v.id AND t.user_seq = v.next_seq - 1"
    " LEFT JOIN message m ON m.conversation_id = v.id AND m.seq = t.user_seq WHERE v.id = ? FOR UPDATE";

static const char INSERT_MESSAGE[] =
    "INSERT INTO message (conversation_id, seq, uuid, role, is_initial, text, created_at)"
    " VALUES (?, ?, ?, 0, ?, ?, UTC_TIMESTAMP(3))";

static const char INSERT_TURN[] =
    "INSERT INTO turn (conversation_id, user_seq, reply_uuid, state, is_running, owner, lease_until, created_at)"
    " VALUES (?, ?, ?, 'pending', 1, ?, UTC_TIMESTAMP(3) + INTERVAL ? SECOND, UTC_TIMESTAMP(3))";

static const char ADVANCE_CONVERSATION[] =
    "UPDATE conversation SET next_seq = next_seq + 1, updated_at = UTC_TIMESTAMP(3) WHERE id = ?";

static const char BEGIN_TURN_AGAIN[] =
    "UPDATE turn SET state = 'pending', is_running = 1, failure = NULL, finished_at = NULL, reply_uuid = ?, owner = ?,"
    " lease_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND WHERE id = ?";

static const char EXPIRE_TURN[] =
    "UPDATE turn SET state = 'failed', is_running = NULL, failure = 'lease_expired', finished_at = UTC_TIMESTAMP(3)"
    " WHERE id = ?";

static enum cq_status lock_conversation(struct cq_ctx *ctx, struct db *db, uint64_t id, const char **workflow_state,
                                        uint32_t *next_seq, struct found_turn *last)
{
    struct found_turn f = {.conversation_id = id};
    const struct db_in in[] = {IN_U64(id)};
    const struct db_out cols[] = {OUT_TEXT(*workflow_state), OUT_U32(*next_seq), OUT_U64(f.id),
                                  OUT_U32(f.user_seq),       OUT_TEXT(f.state),  OUT_TEXT(f.reply_uuid),
                                  OUT_BOOL(f.is_expired),    OUT_TEXT(f.text)};

    enum cq_status st = db_query_one(ctx, db, LOCK_CONVERSATION, in, LEN(in), cols, LEN(cols));
    if (!st)
        *last = f;
    return st;
}

static enum cq_status insert_turn(struct cq_ctx *ctx, struct db *db, const struct begin_args *args,
                                  uint64_t conversation_id, uint32_t seq, bool is_initial)
{
    const struct turn_request *r = args->request;
    const struct db_in message[] = {IN_U64(conversation_id), IN_U64(seq), IN_TEXT(r->message_uuid), IN_U64(is_initial),
                                    IN_TEXT(r->text)};
    const struct db_in turn[] = {IN_U64(conversation_id), IN_U64(seq), IN_TEXT(r->reply_uuid), IN_TEXT(r->owner),
                                 IN_U64(r->lease_s)};

    enum cq_status st = db_execute(ctx, db, INSERT_MESSAGE, message, LEN(message), NULL);
    if (!st)
        st = db_execute(ctx, db, INSERT_TURN, turn, LEN(turn), NULL);
    if (!st)
        *args->turn = (struct turn_row){.id = db_insert_id(db), .conversation_id = conversation_id, .user_seq = seq};
    return st;
}

static enum cq_status begin_again(struct cq_ctx *ctx, struct db *db, const struct begin_args *args,
                                  const struct found_turn *last)
{
    const struct turn_request *r = args->request;
    const struct db_in in[] = {IN_TEXT(r->reply_uuid), IN_TEXT(r->owner), IN_U64(r->lease_s), IN_U64(last->id)};

    *args->turn =
        (struct turn_row){.id = last->id, .conversation_id = last->conversation_id, .user_seq = last->user_seq};
    return db_execute(ctx, db, BEGIN_TURN_AGAIN, in, LEN(in), NULL);
}

static enum cq_status begin_new(struct cq_ctx *ctx, struct db *db, const struct begin_args *args, uint32_t seq,
                                const struct found_turn *last)
{
    uint64_t conversation_id = args->request->conversation_id;
    const struct db_in conversation[] = {IN_U64(conversation_id)};
    const struct db_in expired[] = {IN_U64(last->id)};
    enum cq_status st = CQ_OK;

    if (str_eq(last->state, "pending"))
        st = db_execute(ctx, db, EXPIRE_TURN, expired, LEN(expired), NULL);
    if (!st)
        st = insert_turn(ctx, db, args, conversation_id, seq, false);
    if (!st)
        st = db_execute(ctx, db, ADVANCE_CONVERSATION, conversation, LEN(conversation), NULL);
    return st;
}

static enum cq_status begin_message(struct cq_ctx *ctx, struct db *db, const struct begin_args *args, bool is_rerun)
{
    const struct turn_request *r = args->request;
    const char *workflow_state = NULL;
    uint32_t next_seq = 0;
    struct found_turn last = {0}, keyed = {0};
    bool is_decided = false;

    enum cq_status st = lock_conversation(ctx, db, r->conversation_id, &workflow_state, &next_seq, &last);
    if (!st)
        st = check_key(ctx, db, args, &keyed, &is_decided);
    if (st || is_decided)
        return st;
    if (is_rerun && str_eq(last.reply_uuid, r->reply_uuid)) { /* the first run was committed after all */
        *args->turn =
            (struct turn_row){.id = last.id, .conversation_id = r->conversation_id, .user_seq = last.user_seq};
        return CQ_OK;
    }
    if (!str_eq(workflow_state, "active"))
        return CQ_CONVERSATION_COMPLETED;
    if (last.id && is_running(&last))
        return CQ_TURN_IN_PROGRESS;
    if (last.id && str_eq(last.text, r->text))
        st = begin_again(ctx, db, args, &last);
    else
        st = begin_new(ctx, db, args, next_seq, &last);
    if (!st && args->turn->id != keyed.id)
        st = remember_key(ctx, db, r, args->turn->id, !keyed.id);
    return st;
}

/* ---- opening ---- */

/*
 * What a worker left behind that died while opening: found without a lock, since other openings of the same user may
 * be on their way, and then deleted by its id.
 */
static const char SELECT_STALE_OPENING[] =
    "SELECT MIN(v.id) FROM conversation v JOIN turn t ON t.conversation_id = v.id"
    " WHERE v.user_id = ? AND v.ai_experience_id = ? AND v.workflow_state = 'opening'"
    " AND (t.state <> 'pending' OR t.lease_until <= UTC_TIMESTAMP(3))";

static const char DELETE_OPENING[] = "DELETE FROM conversation WHERE id = ? AND workflow_state = 'opening'";

static const char SELECT_OPENED[] =
    "SELECT t.id, t.conversation_id FROM conversation v JOIN turn t ON t.conversation_id = v.id WHERE v.uuid = ?"
    " FOR UPDATE";

static const char INSERT_CONVERSATION[] =
    "INSERT INTO conversation (uuid, ai_experience_id, user_id, workflow_state, learning_objective, met_at, next_seq,"
    " created_at, updated_at) VALUES (?, ?, ?, 'opening', ?, ?, 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))";

static enum cq_status delete_stale_opening(struct cq_ctx *ctx, struct db *db, const struct turn_request *r)
{
    uint64_t id = 0;
    const struct db_in in[] = {IN_U64(r->user_id), IN_U64(r->ai_experience_id)};
    const struct db_out out[] = {OUT_U64(id)};

    enum cq_status st = db_query_one(ctx, db, SELECT_STALE_OPENING, in, LEN(in), out, LEN(out));
    const struct db_in stale[] = {IN_U64(id)};

    return st || !id ? st : db_execute(ctx, db, DELETE_OPENING, stale, LEN(stale), NULL);
}

/* After a commit whose answer was lost: the turn, if it was committed after all. */
static enum cq_status find_opened(struct cq_ctx *ctx, struct db *db, const struct begin_args *args)
{
    struct turn_row turn = {0};
    const struct db_in in[] = {IN_TEXT(args->request->conversation_uuid)};
    const struct db_out out[] = {OUT_U64(turn.id), OUT_U64(turn.conversation_id)};

    enum cq_status st = db_query_one(ctx, db, SELECT_OPENED, in, LEN(in), out, LEN(out));
    if (!st)
        *args->turn = turn;
    return st;
}

static enum cq_status open_conversation(struct cq_ctx *ctx, struct db *db, const struct begin_args *args, bool is_rerun)
{
    const struct turn_request *r = args->request;
    const struct db_in conversation[] = {IN_TEXT(r->conversation_uuid), IN_U64(r->ai_experience_id), IN_U64(r->user_id),
                                         IN_TEXT(r->learning_objective), IN_TEXT(r->met_at)};
    struct found_turn keyed = {0};
    bool is_decided = false;
    enum cq_status st = is_rerun ? find_opened(ctx, db, args) : CQ_RESOURCE_NOT_FOUND;

    if (st != CQ_RESOURCE_NOT_FOUND)
        return st;
    st = delete_stale_opening(ctx, db, r);
    if (!st)
        st = check_key(ctx, db, args, &keyed, &is_decided);
    if (st || is_decided)
        return st;
    st = db_execute(ctx, db, INSERT_CONVERSATION, conversation, LEN(conversation), NULL);
    if (st == CQ_DUPLICATE && is_rerun)
        return CQ_AGAIN; /* the first run is being committed just now */
    if (!st)
        st = insert_turn(ctx, db, args, db_insert_id(db), 0, true);
    return st ? st : remember_key(ctx, db, r, args->turn->id, !keyed.id);
}

/* The turn and what goes with it are read where they were written: nobody is left with a turn that he does not know of. */
static enum cq_status begin_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct begin_args *args = arg;
    const struct turn_row *turn = args->turn;

    enum cq_status st = args->request->conversation_id ? begin_message(ctx, db, args, is_rerun)
                                                       : open_conversation(ctx, db, args, is_rerun);
    if (st)
        return st;
    uint32_t last = turn->is_replay ? turn->reply_seq : turn->user_seq;

    st = store_message_list(ctx, db, turn->conversation_id, last + 1, args->messages);
    if (!st && (!args->messages->n || args->messages->rows[args->messages->n - 1].seq != last))
        st = cq_fail(ctx, CQ_INTERNAL, "message %u of conversation %llu is missing", last,
                     (unsigned long long)turn->conversation_id);
    return st;
}

enum cq_status store_turn_begin(struct cq_ctx *ctx, struct db *db, const struct turn_request *request,
                                struct turn_row *turn, struct message_list *messages)
{
    struct turn_row row = {0};
    struct message_list list = {0};
    struct begin_args args = {request, &row, &list};

    enum cq_status st = db_tx(ctx, db, begin_tx, &args);
    if (st)
        return st;
    *turn = row;
    *messages = list;
    return CQ_OK;
}

/* ---- ending ---- */

/* The time is the reply's, if it is stored already. */
static const char LOCK_TURN[] =
    "SELECT t.state, t.owner = ?, t.reply_uuid = ?, COALESCE(r.created_at, UTC_TIMESTAMP(3))"
    " FROM conversation v JOIN turn t ON t.conversation_id = v.id"
    " LEFT JOIN message r ON r.conversation_id = v.id AND r.seq = t.reply_seq WHERE v.id = ? AND t.id = ? FOR UPDATE";

static const char COMPLETE_PREVIOUS[] =
    "UPDATE conversation SET workflow_state = 'completed', is_active = NULL, updated_at = UTC_TIMESTAMP(3)"
    " WHERE ai_experience_id = ? AND user_id = ? AND is_active = 1";

static const char ACTIVATE_CONVERSATION[] =
    "UPDATE conversation SET workflow_state = 'active', is_active = 1 WHERE id = ?";

/* Turn, conversation, and what the lists know of it, in one round trip; of an opening the last is not there yet. */
static const char COMPLETE_TURN[] =
    "UPDATE turn t JOIN conversation v ON v.id = t.conversation_id"
    " LEFT JOIN latest_conversation l ON l.ai_experience_id = v.ai_experience_id AND l.user_id = v.user_id"
    " AND l.conversation_id = v.id"
    " SET t.state = 'complete', t.is_running = NULL, t.reply_seq = t.user_seq + 1, t.met_at = ?, t.tries = ?,"
    " t.input_tokens = ?, t.output_tokens = ?, t.finished_at = UTC_TIMESTAMP(3),"
    " v.next_seq = v.next_seq + 1, v.met_at = ?, v.all_objectives_met = GREATEST(v.all_objectives_met, ?),"
    " v.updated_at = UTC_TIMESTAMP(3),"
    " l.all_objectives_met = GREATEST(l.all_objectives_met, ?), l.updated_at = UTC_TIMESTAMP(3) WHERE t.id = ?";

static const char INSERT_REPLY[] = "INSERT INTO message (conversation_id, seq, uuid, role, text, html, created_at)"
                                   " VALUES (?, ?, ?, 1, ?, ?, ?)";

static const char NOTE_LATEST[] =
    "INSERT INTO latest_conversation (ai_experience_id, user_id, conversation_id, workflow_state, all_objectives_met,"
    " updated_at) VALUES (?, ?, ?, 'active', ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE conversation_id = ?,"
    " workflow_state = 'active', all_objectives_met = ?, updated_at = UTC_TIMESTAMP(3)";

static const char FAIL_TURN[] = "UPDATE turn SET state = 'failed', is_running = NULL, failure = ?, tries = ?,"
                                " finished_at = UTC_TIMESTAMP(3) WHERE id = ?";

struct end_args {
    const struct turn_end *end;
    const char *failure;
    int64_t now_ms;
};

/* CQ_OK: pending and ours. CQ_DUPLICATE: complete already, by this very reply. CQ_LOST: neither. */
static enum cq_status lock_turn(struct cq_ctx *ctx, struct db *db, struct end_args *args)
{
    const struct turn_end *end = args->end;
    const char *state = NULL;
    bool is_owner = false, is_reply = false;
    const struct db_in in[] = {IN_TEXT(end->owner), IN_TEXT(end->reply_uuid), IN_U64(end->turn->conversation_id),
                               IN_U64(end->turn->id)};
    const struct db_out cols[] = {OUT_TEXT(state), OUT_BOOL(is_owner), OUT_BOOL(is_reply), OUT_TIME(args->now_ms)};

    enum cq_status st = db_query_one(ctx, db, LOCK_TURN, in, LEN(in), cols, LEN(cols));
    if (st == CQ_RESOURCE_NOT_FOUND || (!st && !(is_owner && is_reply)))
        return cq_fail(ctx, CQ_LOST, "the turn's lease was taken by another worker");
    if (!st && str_eq(state, "complete"))
        return CQ_DUPLICATE;
    if (!st && !str_eq(state, "pending"))
        return cq_fail(ctx, CQ_LOST, "the turn was given up: its lease had run out");
    return st;
}

static enum cq_status make_active(struct cq_ctx *ctx, struct db *db, const struct turn_end *end)
{
    const struct db_in previous[] = {IN_U64(end->ai_experience_id), IN_U64(end->user_id)};
    const struct db_in active[] = {IN_U64(end->turn->conversation_id)};

    enum cq_status st = db_execute(ctx, db, COMPLETE_PREVIOUS, previous, LEN(previous), NULL);
    if (!st)
        st = db_execute(ctx, db, ACTIVATE_CONVERSATION, active, LEN(active), NULL);
    return st == CQ_DUPLICATE ? CQ_AGAIN : st; /* another opening was faster: complete that one then */
}

static enum cq_status note_latest(struct cq_ctx *ctx, struct db *db, const struct turn_end *end)
{
    uint64_t id = end->turn->conversation_id, met = end->all_objectives_met;
    const struct db_in in[] = {
        IN_U64(end->ai_experience_id), IN_U64(end->user_id), IN_U64(id), IN_U64(met), IN_U64(id), IN_U64(met)};

    return db_execute(ctx, db, NOTE_LATEST, in, LEN(in), NULL);
}

static enum cq_status complete_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct end_args *args = arg;
    const struct turn_end *end = args->end;
    uint64_t id = end->turn->conversation_id, met = end->all_objectives_met;
    const struct db_in turn[] = {IN_TEXT(end->met_at),
                                 IN_U64(end->tries),
                                 IN_U64(end->input_tokens),
                                 IN_U64(end->output_tokens),
                                 IN_TEXT(end->met_at),
                                 IN_U64(met),
                                 IN_U64(met),
                                 IN_U64(end->turn->id)};

    (void)is_rerun; /* lock_turn() knows our own reply again */
    enum cq_status st = lock_turn(ctx, db, args);
    if (st)
        return st == CQ_DUPLICATE ? CQ_OK : st;
    const struct db_in reply[] = {IN_U64(id),
                                  IN_U64(end->turn->user_seq + 1),
                                  IN_TEXT(end->reply_uuid),
                                  IN_TEXT(end->text),
                                  IN_TEXT(end->html),
                                  IN_TIME(args->now_ms)};

    if (end->is_opening)
        st = make_active(ctx, db, end);
    if (!st)
        st = db_execute(ctx, db, COMPLETE_TURN, turn, LEN(turn), NULL);
    if (!st)
        st = db_execute(ctx, db, INSERT_REPLY, reply, LEN(reply), NULL);
    if (!st && end->is_opening)
        st = note_latest(ctx, db, end);
    return st;
}

enum cq_status store_turn_complete(struct cq_ctx *ctx, struct db *db, const struct turn_end *end,
                                   struct message_row *reply)
{
    struct end_args args = {.end = end};

    enum cq_status st = db_tx(ctx, db, complete_tx, &args);
    if (!st)
        *reply = (struct message_row){.seq = end->turn->user_seq + 1,
                                      .uuid = end->reply_uuid,
                                      .is_assistant = true,
                                      .text = end->text,
                                      .html = end->html,
                                      .created_at_ms = args.now_ms,
                                      .status = MESSAGE_COMPLETE};
    return st;
}

static enum cq_status fail_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct end_args *args = arg;
    const struct turn_end *end = args->end;
    const struct db_in turn[] = {IN_TEXT(args->failure), IN_U64(end->tries), IN_U64(end->turn->id)};
    const struct db_in opening[] = {IN_U64(end->turn->conversation_id)};

    enum cq_status st = lock_turn(ctx, db, args);
    if (st == CQ_LOST && is_rerun)
        return CQ_OK;
    if (st)
        return st == CQ_DUPLICATE ? CQ_LOST : st;
    return end->is_opening ? db_execute(ctx, db, DELETE_OPENING, opening, LEN(opening), NULL)
                           : db_execute(ctx, db, FAIL_TURN, turn, LEN(turn), NULL);
}

enum cq_status store_turn_fail(struct cq_ctx *ctx, struct db *db, const struct turn_end *end, const char *failure)
{
    struct end_args args = {.end = end, .failure = failure};

    return db_tx(ctx, db, fail_tx, &args);
}

static const char RENEW_TURN[] = "UPDATE turn SET lease_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND"
                                 " WHERE id = ? AND state = 'pending' AND owner = ?";

struct renew_args {
    uint64_t turn_id;
    const char *owner;
    uint32_t lease_s;
};

static enum cq_status renew_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct renew_args *args = arg;
    const struct db_in in[] = {IN_U64(args->lease_s), IN_U64(args->turn_id), IN_TEXT(args->owner)};
    uint64_t matched = 0;

    (void)is_rerun;
    enum cq_status st = db_execute(ctx, db, RENEW_TURN, in, LEN(in), &matched);
    return !st && !matched ? CQ_LOST : st;
}

enum cq_status store_turn_renew(struct cq_ctx *ctx, struct db *db, uint64_t turn_id, const char *owner,
                                uint32_t lease_s)
{
    struct renew_args args = {turn_id, owner, lease_s};

    return db_tx(ctx, db, renew_tx, &args);
}

/* ---- the dead ---- */

static const char DELETE_DEAD_OPENINGS[] =
    "DELETE v FROM turn t JOIN conversation v ON v.id = t.conversation_id"
    " WHERE t.state = 'pending' AND t.owner LIKE ? AND t.owner NOT LIKE ? AND v.workflow_state = 'opening'";

static const char FAIL_DEAD_TURNS[] =
    "UPDATE turn SET state = 'failed', is_running = NULL, failure = 'worker_died', finished_at = UTC_TIMESTAMP(3)"
    " WHERE state = 'pending' AND owner LIKE ? AND owner NOT LIKE ?";

struct settle_args {
    const char *owners, *but;
    uint64_t n;
};

/* A worker in its last moments loses nothing by this: it has stored its reply before, or finds its turn failed. */
static enum cq_status settle_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct settle_args *args = arg;
    const struct db_in in[] = {IN_TEXT(args->owners), IN_TEXT(args->but)};
    uint64_t n_openings = 0, n_failed = 0;

    (void)is_rerun;
    enum cq_status st = db_execute(ctx, db, DELETE_DEAD_OPENINGS, in, LEN(in), &n_openings);
    if (!st)
        st = db_execute(ctx, db, FAIL_DEAD_TURNS, in, LEN(in), &n_failed);
    if (!st)
        args->n = n_openings + n_failed;
    return st;
}

enum cq_status store_turns_settle(struct cq_ctx *ctx, struct db *db, const char *owners, const char *but, uint64_t *n)
{
    struct settle_args args = {.owners = owners, .but = but};

    enum cq_status st = db_tx(ctx, db, settle_tx, &args);
    if (!st)
        *n = args.n;
    return st;
}
