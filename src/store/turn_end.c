/* Turns: how a reply comes to be stored, once; and how a turn ends without one. */
#include "store/related_document.h"
#include "store/turn.h"
#include "store/usage.h"
#include "store/user_day.h"

/* ---- completing ---- */

static const char LOCK_TURN[] =
    "SELECT t.state, t.owner = ?, t.reply_uuid = ?, v.has_feedback"
    " FROM conversation v JOIN turn t ON t.conversation_id = v.id WHERE v.id = ? AND t.id = ? FOR UPDATE";

static const char COMPLETE_PREVIOUS[] =
    "UPDATE conversation SET workflow_state = 'completed', is_active = NULL, updated_at = UTC_TIMESTAMP(3)"
    " WHERE ai_experience_id = ? AND user_id = ? AND is_active = 1";

static const char ACTIVATE_CONVERSATION[] =
    "UPDATE conversation SET workflow_state = 'active', is_active = 1 WHERE id = ?";

/*
 * The conversation first, which whoever begins a turn locks first too. Its condition spares the rest when the turn is
 * ours no more; it is read before the lock is had, so that COMPLETE_TURN has to ask again. A statement a table: one for
 * all would be slower, since it puts what it is going to write into temporary tables. What LAST_INSERT_ID() is given
 * comes back as the insert's id would: has_feedback, without another statement.
 */
static const char UPDATE_CONVERSATION[] =
    "UPDATE conversation SET next_seq = next_seq + 1, met_at = ?, all_objectives_met = GREATEST(all_objectives_met, ?),"
    " has_feedback = LAST_INSERT_ID(has_feedback), updated_at = UTC_TIMESTAMP(3), " USAGE_ADD
    " WHERE id = ? AND EXISTS (SELECT 1 FROM turn t WHERE t.id = ? AND t.state = 'pending' AND t.owner = ? AND "
    "t.reply_uuid = ?)";

static const char COMPLETE_TURN[] =
    "UPDATE turn SET state = 'complete', is_running = NULL, reply_seq = user_seq + 1, met_at = ?, tries = "
    "?," TURN_ADD_CALLS " WHERE id = ? AND state = 'pending' AND owner = ? AND reply_uuid = ?";

static const char MEET_LATEST[] = "UPDATE latest_conversation SET all_objectives_met = 1, updated_at = UTC_TIMESTAMP(3)"
                                  " WHERE ai_experience_id = ? AND user_id = ? AND conversation_id = ?";

static const char INSERT_REPLY[] = "INSERT INTO message (conversation_id, seq, uuid, role, is_stopped, text, html,"
                                   " citations, created_at) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?)";

static const char NOTE_LATEST[] =
    "INSERT INTO latest_conversation (ai_experience_id, user_id, conversation_id, workflow_state, all_objectives_met,"
    " updated_at) VALUES (?, ?, ?, 'active', ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE conversation_id = ?,"
    " workflow_state = 'active', all_objectives_met = ?, updated_at = UTC_TIMESTAMP(3)";

/* One of more messages is left: it was made by a turn that began later. */
static const char STORE_SUMMARY[] =
    "UPDATE conversation SET summary = ?, summarised = ? WHERE id = ? AND summarised < ?";

static const char FAIL_TURN[] =
    "UPDATE turn SET state = 'failed', is_running = NULL, failure = ?, tries = ?," TURN_ADD_CALLS " WHERE id = ?";

enum cq_status turn_lock(struct cq_ctx *ctx, struct db *db, const struct turn_hold *hold, bool *has_feedback)
{
    const char *state = NULL;
    bool is_owner = false, is_reply = false;
    const struct db_in in[] = {IN_TEXT(hold->owner), IN_TEXT(hold->reply_uuid), IN_U64(hold->conversation_id),
                               IN_U64(hold->id)};
    const struct db_out cols[] = {OUT_TEXT(state), OUT_BOOL(is_owner), OUT_BOOL(is_reply), OUT_BOOL(*has_feedback)};

    enum cq_status st = db_query_one(ctx, db, LOCK_TURN, in, LEN(in), cols, LEN(cols));
    if (st == CQ_RESOURCE_NOT_FOUND || (!st && !(is_owner && is_reply)))
        return cq_fail(ctx, CQ_LOST, "the turn's lease was taken by another worker");
    if (!st && str_eq(state, "complete"))
        return CQ_DUPLICATE;
    if (!st && !str_eq(state, "pending"))
        return cq_fail(ctx, CQ_LOST, "the turn was given up: its lease had run out");
    return st;
}

static struct turn_hold hold_of(const struct turn_end *end)
{
    return (struct turn_hold){end->turn->id, end->turn->conversation_id, end->owner, end->reply_uuid};
}

static enum cq_status lock_turn(struct cq_ctx *ctx, struct db *db, const struct turn_end *end, bool *has_feedback)
{
    const struct turn_hold hold = hold_of(end);

    return turn_lock(ctx, db, &hold, has_feedback);
}

/* Only if the turn is still to be completed: the user may have opened another conversation since. */
static enum cq_status make_active(struct cq_ctx *ctx, struct db *db, const struct turn_end *end, bool *has_feedback)
{
    const struct db_in previous[] = {IN_U64(end->ai_experience_id), IN_U64(end->user_id)};
    const struct db_in active[] = {IN_U64(end->turn->conversation_id)};
    enum cq_status st = lock_turn(ctx, db, end, has_feedback);

    if (st)
        return st;
    st = db_execute(ctx, db, COMPLETE_PREVIOUS, previous, LEN(previous), NULL);
    if (!st)
        st = db_execute(ctx, db, ACTIVATE_CONVERSATION, active, LEN(active), NULL);
    return st == CQ_DUPLICATE ? CQ_AGAIN : st; /* another opening was faster: complete that one then */
}

/* What the lists know of the conversation: that it is the latest, and whether it met all objectives. */
static enum cq_status note_latest(struct cq_ctx *ctx, struct db *db, const struct turn_end *end)
{
    const struct db_in user = IN_U64(end->user_id), experience = IN_U64(end->ai_experience_id),
                       conversation = IN_U64(end->turn->conversation_id), met = IN_U64(end->all_objectives_met);
    const struct db_in opened[] = {experience, user, conversation, met, conversation, met};
    const struct db_in has_met[] = {experience, user, conversation};

    if (end->is_opening)
        return db_execute(ctx, db, NOTE_LATEST, opened, LEN(opened), NULL);
    return end->all_objectives_met ? db_execute(ctx, db, MEET_LATEST, has_met, LEN(has_met), NULL) : CQ_OK;
}

/* As lock_turn(), when it is not ours to complete. */
static enum cq_status complete_turn(struct cq_ctx *ctx, struct db *db, const struct turn_end *end, bool *has_feedback)
{
    const struct usage used = usage_sum(end->calls);
    uint64_t matched = 0;
    const struct db_in conversation[] = {IN_TEXT(end->met_at),    IN_U64(end->all_objectives_met),
                                         USAGE_IN(used),          IN_U64(end->turn->conversation_id),
                                         IN_U64(end->turn->id),   IN_TEXT(end->owner),
                                         IN_TEXT(end->reply_uuid)};
    const struct db_in turn[] = {
        IN_TEXT(end->met_at),  IN_U64(end->tries),  TURN_CALLS_IN(end->calls, used, end->prompt_version),
        IN_U64(end->turn->id), IN_TEXT(end->owner), IN_TEXT(end->reply_uuid)};

    enum cq_status st = db_execute(ctx, db, UPDATE_CONVERSATION, conversation, LEN(conversation), &matched);
    if (st)
        return st;
    *has_feedback = db_insert_id(db) != 0;
    st =
        matched ? db_execute(ctx, db, COMPLETE_TURN, turn, LEN(turn), &matched) : lock_turn(ctx, db, end, has_feedback);
    return st || matched ? st : CQ_AGAIN; /* it has changed between one statement and the next */
}

struct complete_args {
    const struct turn_end *end;
    bool has_feedback;
    bool was_complete; /* already, by this very reply */
};

static enum cq_status complete_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct complete_args *args = arg;
    const struct turn_end *end = args->end;
    const struct db_in reply[] = {IN_U64(end->turn->conversation_id),
                                  IN_U64(end->turn->user_seq + 1),
                                  IN_TEXT(end->reply_uuid),
                                  IN_U64(end->is_stopped),
                                  IN_TEXT(end->text),
                                  IN_TEXT(end->html),
                                  IN_TEXT(end->citations),
                                  IN_TIME(end->ended_ms)};
    const struct db_in summary[] = {IN_TEXT(end->summary), IN_U64(end->summarised), IN_U64(end->turn->conversation_id),
                                    IN_U64(end->summarised)};

    (void)is_rerun; /* the reply's own uuid tells */
    enum cq_status st = user_day_count(ctx, db, end->user_id, end->is_opening ? DAY_CONVERSATION : DAY_MESSAGE);
    if (!st && end->is_opening)
        st = make_active(ctx, db, end, &args->has_feedback);
    if (!st)
        st = complete_turn(ctx, db, end, &args->has_feedback);
    args->was_complete = st == CQ_DUPLICATE; /* and counted: this time is rolled back */
    if (!st)
        st = db_execute(ctx, db, INSERT_REPLY, reply, LEN(reply), NULL);
    if (!st && end->related)
        st = related_store(ctx, db, end->turn->conversation_id, end->turn->user_seq + 1, end->related);
    if (!st && end->summary)
        st = db_execute(ctx, db, STORE_SUMMARY, summary, LEN(summary), NULL);
    if (!st)
        st = note_latest(ctx, db, end);
    return st ? st : usage_count(ctx, db, end->course_id, end->user_id, end->calls);
}

struct lost_args {
    uint64_t conversation_id, course_id, user_id;
    const struct model_calls *calls;
};

/* One whose conversation may be gone. Whether it was counted before is not to be seen: rather not at all than twice. */
static enum cq_status count_lost_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct lost_args *lost = arg;

    if (is_rerun)
        return CQ_OK;
    enum cq_status st = usage_count_conversation(ctx, db, lost->conversation_id, lost->calls);
    return st ? st : usage_count(ctx, db, lost->course_id, lost->user_id, lost->calls);
}

void turn_count_lost(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint64_t course_id, uint64_t user_id,
                     const struct model_calls *calls)
{
    char error[sizeof(ctx->error)];
    struct lost_args lost = {conversation_id, course_id, user_id, calls};

    if (!calls)
        return;
    memcpy(error, ctx->error, sizeof(error)); /* the cause is worth more than what follows from it */
    if (db_tx(ctx, db, count_lost_tx, &lost))
        log_warn("request_id=%s what a lost turn has used is not counted: %s", ctx->request_id, ctx->error);
    memcpy(ctx->error, error, sizeof(error));
}

static void count_lost(struct cq_ctx *ctx, struct db *db, const struct turn_end *end)
{
    turn_count_lost(ctx, db, end->turn->conversation_id, end->course_id, end->user_id, end->calls);
}

enum cq_status store_turn_complete(struct cq_ctx *ctx, struct db *db, const struct turn_end *end,
                                   struct message_row *reply, bool *has_feedback)
{
    struct complete_args args = {.end = end};

    enum cq_status st = db_tx(ctx, db, complete_tx, &args);
    if (st == CQ_LOST)
        count_lost(ctx, db, end);
    if (st && !(st == CQ_DUPLICATE && args.was_complete))
        return st;
    *has_feedback = args.has_feedback;
    *reply = (struct message_row){.seq = end->turn->user_seq + 1,
                                  .uuid = end->reply_uuid,
                                  .is_assistant = true,
                                  .is_stopped = end->is_stopped,
                                  .text = end->text,
                                  .html = end->html,
                                  .citations = end->citations,
                                  .created_at_ms = end->ended_ms,
                                  .status = MESSAGE_COMPLETE};
    return CQ_OK;
}

/* ---- failing ---- */

static const char DELETE_OPENING[] = "DELETE FROM conversation WHERE id = ? AND workflow_state = 'opening'";

enum cq_status turn_delete_opening(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id)
{
    const struct db_in in[] = {IN_U64(conversation_id)};

    return db_execute(ctx, db, DELETE_OPENING, in, LEN(in), NULL);
}

struct fail_args {
    const struct turn_end *end;
    const char *failure;
    bool is_uncounted; /* it was lost before this, and not by a commit of ours that we were not told of */
};

static enum cq_status fail_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct fail_args *args = arg;
    const struct turn_end *end = args->end;
    const struct usage used = usage_sum(end->calls);
    const struct db_in turn[] = {IN_TEXT(args->failure), IN_U64(end->tries),
                                 TURN_CALLS_IN(end->calls, used, end->prompt_version), IN_U64(end->turn->id)};
    bool has_feedback;

    enum cq_status st = lock_turn(ctx, db, end, &has_feedback);
    args->is_uncounted = st == CQ_LOST && !is_rerun && !end->is_again;
    if (st == CQ_LOST && is_rerun)
        return CQ_OK;
    if (st)
        return st == CQ_DUPLICATE ? CQ_LOST : st;
    if (end->is_opening) {
        st = turn_delete_opening(ctx, db, end->turn->conversation_id);
    } else {
        st = db_execute(ctx, db, FAIL_TURN, turn, LEN(turn), NULL);
        if (!st)
            st = usage_count_conversation(ctx, db, end->turn->conversation_id, end->calls);
    }
    return st ? st : usage_count(ctx, db, end->course_id, end->user_id, end->calls);
}

enum cq_status store_turn_fail(struct cq_ctx *ctx, struct db *db, const struct turn_end *end, const char *failure)
{
    struct fail_args args = {.end = end, .failure = failure};

    enum cq_status st = db_tx(ctx, db, fail_tx, &args);
    if (st == CQ_LOST && args.is_uncounted)
        count_lost(ctx, db, end);
    return st;
}

/* ---- the lease ---- */

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

/* ---- stopping ---- */

/*
 * Found without a lock, and then locked by its id, as whoever completes it does: the other way round, by the index of
 * what is running, the two would wait for each other.
 */
static const char SELECT_RUNNING[] =
    "SELECT id FROM turn WHERE conversation_id = ? AND is_running = 1 AND lease_until > UTC_TIMESTAMP(3)";

static const char STOP_TURN[] = "UPDATE turn SET is_stopping = 1 WHERE id = ? AND state = 'pending'";

/* One whose lease has run out is held by nobody. */
static const char LIST_STOPPING[] = "SELECT id FROM turn WHERE state = 'pending' AND owner = ? AND is_stopping = 1"
                                    " AND lease_until > UTC_TIMESTAMP(3) LIMIT ?";

struct stop_args {
    uint64_t conversation_id, found;
};

static enum cq_status stop_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct stop_args *args = arg;
    uint64_t id = 0;
    const struct db_in conversation[] = {IN_U64(args->conversation_id)};
    const struct db_out out[] = {OUT_U64(id)};

    (void)is_rerun; /* stopping again changes nothing */
    args->found = 0;
    enum cq_status st = db_query_one(ctx, db, SELECT_RUNNING, conversation, LEN(conversation), out, LEN(out));
    if (st)
        return st == CQ_RESOURCE_NOT_FOUND ? CQ_OK : st;
    const struct db_in turn[] = {IN_U64(id)};

    return db_execute(ctx, db, STOP_TURN, turn, LEN(turn), &args->found);
}

enum cq_status store_turn_stop(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, bool *found)
{
    struct stop_args args = {.conversation_id = conversation_id};

    enum cq_status st = db_tx(ctx, db, stop_tx, &args);
    if (!st)
        *found = args.found > 0;
    return st;
}

struct stopping_rows {
    uint64_t id; /* being fetched */
    uint64_t *ids;
    size_t n;
};

static enum cq_status take_stopping(struct cq_ctx *ctx, void *arg)
{
    struct stopping_rows *rows = arg;

    (void)ctx;
    rows->ids[rows->n++] = rows->id;
    return CQ_OK;
}

enum cq_status store_turns_stopping(struct cq_ctx *ctx, struct db *db, const char *owner, uint64_t *ids, size_t max,
                                    size_t *n)
{
    struct stopping_rows rows = {.ids = ids};
    const struct db_in in[] = {IN_TEXT(owner), IN_U64(max)};
    const struct db_out out[] = {OUT_U64(rows.id)};

    enum cq_status st = db_query(ctx, db, LIST_STOPPING, in, LEN(in), out, LEN(out), take_stopping, &rows);
    if (!st)
        *n = rows.n;
    return st;
}

/* ---- the dead ---- */

static const char DELETE_DEAD_EVALUATIONS[] = "DELETE FROM evaluation_run WHERE owner LIKE ? AND owner NOT LIKE ?";

static const char DELETE_DEAD_OPENINGS[] =
    "DELETE v FROM turn t JOIN conversation v ON v.id = t.conversation_id"
    " WHERE t.state = 'pending' AND t.owner LIKE ? AND t.owner NOT LIKE ? AND v.workflow_state = 'opening'";

static const char FAIL_DEAD_TURNS[] =
    "UPDATE turn SET state = 'failed', is_running = NULL, failure = 'worker_died', finished_at = UTC_TIMESTAMP(3)"
    " WHERE state = 'pending' AND owner LIKE ? AND owner NOT LIKE ?";

/* It waits for another, and this try counts: it may have been what its owner died of. */
static const char REQUEUE_DEAD_DOCUMENTS[] = "UPDATE document SET state = 'queued', owner = NULL, lease_until = NULL"
                                             " WHERE state = 'running' AND owner LIKE ? AND owner NOT LIKE ?";

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
        st = db_execute(ctx, db, DELETE_DEAD_EVALUATIONS, in, LEN(in), NULL);
    if (!st)
        st = db_execute(ctx, db, REQUEUE_DEAD_DOCUMENTS, in, LEN(in), NULL);
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
