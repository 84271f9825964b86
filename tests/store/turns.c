/* Leases: who may begin, end and prolong a turn, and what is stored by whom. */
#include <pthread.h>
#include <unistd.h>

#include "attempt.h"
#include "store/db.h"

/* The message at a place, of the conversation's list. */
static const struct message_row *message_at(const struct place *p, uint64_t conversation_id, uint32_t seq)
{
    struct message_list list = {0};

    MUST(store_message_list(p->ctx, p->db, conversation_id, UINT32_MAX, &list));
    CU_ASSERT_TRUE_FATAL(seq < list.n && list.rows[seq].seq == seq);
    return &list.rows[seq];
}

static enum message_status status_at(const struct place *p, uint64_t conversation_id, uint32_t seq)
{
    return message_at(p, conversation_id, seq)->status;
}

static void test_whole_turn(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt a = attempt_message(&p, conversation_id, "question");

    a.met_at = "3,";
    GIVES(CQ_OK, attempt_begin(&p, &a));
    CU_ASSERT_EQUAL(a.turn.user_seq, 2);
    CU_ASSERT_FALSE(a.turn.is_replay);
    CU_ASSERT_EQUAL_FATAL(a.messages.n, 3);
    ASSERT_TEXT(a.messages.rows[0].text, "opening message");
    CU_ASSERT_TRUE(a.messages.rows[0].is_initial);
    ASSERT_TEXT(a.messages.rows[2].text, "question");
    ASSERT_TEXT(a.messages.rows[2].uuid, a.request.message_uuid);
    GIVES(CQ_OK, attempt_complete(&p, &a));
    CU_ASSERT_EQUAL(a.stored.seq, 3);
    const struct message_row *reply = message_at(&p, conversation_id, 3);
    ASSERT_TEXT(reply->uuid, a.request.reply_uuid);
    ASSERT_TEXT(reply->html, "<p>reply</p>");
    CU_ASSERT_TRUE(reply->is_assistant);
    CU_ASSERT_EQUAL(reply->created_at_ms, a.stored.created_at_ms);
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM turn WHERE id = %ju AND tries = 2 AND input_tokens = 30 AND"
                               " output_tokens = 40 AND prompt_version = 9 AND met_at = '3,' AND reply_seq = 3 AND "
                               "finished_at IS NOT NULL",
                               (uintmax_t)a.turn.id),
                    1);
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM conversation WHERE id = %ju AND met_at = '3,' AND next_seq = 4",
                               (uintmax_t)conversation_id),
                    1);
}

/* A student who says the same thing twice has said it twice. */
static void test_same_text_after_reply(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt first = turn_done(&p, conversation_id, "yes"), second = turn_done(&p, conversation_id, "yes");

    CU_ASSERT_EQUAL(first.turn.user_seq, 2);
    CU_ASSERT_EQUAL(second.turn.user_seq, 4);
    CU_ASSERT_EQUAL(count_messages(conversation_id), 6);
}

/* What is met stays met, whatever a later turn says. */
static void test_objectives_stay_met(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt met = attempt_message(&p, conversation_id, "one");

    met.all_objectives_met = true;
    MUST(attempt_begin(&p, &met));
    MUST(attempt_complete(&p, &met));
    turn_done(&p, conversation_id, "two");
    CU_ASSERT_EQUAL(sql_number("SELECT v.all_objectives_met + l.all_objectives_met FROM conversation v"
                               " JOIN latest_conversation l ON l.conversation_id = v.id WHERE v.id = %ju",
                               (uintmax_t)conversation_id),
                    2);
}

static void test_one_at_a_time(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt first = attempt_message(&p, conversation_id, "text");
    struct attempt same = attempt_message(&p, conversation_id, "text");
    struct attempt other = attempt_message(&p, conversation_id, "other");

    GIVES(CQ_OK, attempt_begin(&p, &first));
    GIVES(CQ_TURN_IN_PROGRESS, attempt_begin(&p, &same));
    GIVES(CQ_TURN_IN_PROGRESS, attempt_begin(&p, &other));
    CU_ASSERT_EQUAL(count_messages(conversation_id), 3);
    GIVES(CQ_OK, attempt_complete(&p, &first));
    GIVES(CQ_OK, attempt_begin(&p, &other));
}

struct racing {
    struct place p;
    struct attempt a;
    enum cq_status st;
};

static void begin_racing(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct racing *r = arg;

    r->p.ctx = ctx;
    r->p.db = db;
    r->st = attempt_begin(&r->p, &r->a);
}

static void test_two_at_once(void)
{
    struct place p = place_new();

    for (int round = 0; round < 8; round++) {
        uint64_t conversation_id = conversation_opened(&p);
        struct racing one = {p, attempt_message(&p, conversation_id, "one"), CQ_INTERNAL};
        struct racing two = {p, attempt_message(&p, conversation_id, "two"), CQ_INTERNAL};

        race(begin_racing, &one, &two);
        GIVES(CQ_OK, one.st ? two.st : one.st);
        GIVES(CQ_TURN_IN_PROGRESS, one.st ? one.st : two.st);
        CU_ASSERT_EQUAL(count_messages(conversation_id), 3);
    }
}

static void test_expired_same_text(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt dead = attempt_message(&p, conversation_id, "text");
    struct attempt next = attempt_message(&p, conversation_id, "text");

    next.request.owner = "other worker";
    MUST(attempt_begin(&p, &dead));
    turn_expire(&dead);
    GIVES(CQ_OK, attempt_begin(&p, &next));
    CU_ASSERT_EQUAL(next.turn.id, dead.turn.id);
    CU_ASSERT_EQUAL(next.turn.user_seq, 2);
    CU_ASSERT_EQUAL_FATAL(next.messages.n, 3);
    ASSERT_TEXT(next.messages.rows[2].uuid, dead.request.message_uuid);
    CU_ASSERT_EQUAL(next.messages.rows[2].status, MESSAGE_PENDING);
    CU_ASSERT_EQUAL(count_messages(conversation_id), 3);
    GIVES(CQ_LOST, attempt_complete(&p, &dead));
    GIVES(CQ_LOST, attempt_fail(&p, &dead));
    CU_ASSERT_TRUE(turn_is(&next, "pending"));
    CU_ASSERT_EQUAL(count_messages(conversation_id), 3);
    GIVES(CQ_OK, attempt_complete(&p, &next));
    CU_ASSERT_EQUAL(count_messages(conversation_id), 4);
}

static void test_expired_other_text(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt dead = attempt_message(&p, conversation_id, "text");
    struct attempt next = attempt_message(&p, conversation_id, "text "); /* not the same */

    MUST(attempt_begin(&p, &dead));
    turn_expire(&dead);
    GIVES(CQ_OK, attempt_begin(&p, &next));
    CU_ASSERT_NOT_EQUAL(next.turn.id, dead.turn.id);
    CU_ASSERT_EQUAL(next.turn.user_seq, 3);
    CU_ASSERT_EQUAL(next.messages.n, 4);
    CU_ASSERT_TRUE(turn_is(&dead, "failed"));
    CU_ASSERT_EQUAL(sql_number("SELECT failure = 'lease_expired' AND finished_at IS NOT NULL FROM turn WHERE id = %ju",
                               (uintmax_t)dead.turn.id),
                    1);
    GIVES(CQ_LOST, attempt_complete(&p, &dead));
    CU_ASSERT_EQUAL(count_messages(conversation_id), 4);
    CU_ASSERT_EQUAL(status_at(&p, conversation_id, 2), MESSAGE_FAILED);
    CU_ASSERT_EQUAL(status_at(&p, conversation_id, 3), MESSAGE_PENDING);
    GIVES(CQ_OK, attempt_complete(&p, &next));
    CU_ASSERT_EQUAL(next.stored.seq, 4);
}

/* One process has one name: the reply tells its attempts apart. */
static void test_expired_same_owner(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt slow = attempt_message(&p, conversation_id, "text");
    struct attempt next = attempt_message(&p, conversation_id, "text");

    MUST(attempt_begin(&p, &slow));
    turn_expire(&slow);
    MUST(attempt_begin(&p, &next));
    GIVES(CQ_LOST, attempt_complete(&p, &slow));
    GIVES(CQ_OK, attempt_complete(&p, &next));
    CU_ASSERT_EQUAL(count_messages(conversation_id), 4);
    ASSERT_TEXT(message_at(&p, conversation_id, 3)->uuid, next.request.reply_uuid);
}

static const char LOCK[] = "UPDATE conversation SET next_seq = next_seq WHERE id = ?";
static const char TAKE[] = "UPDATE turn SET owner = 'another', reply_uuid = UUID() WHERE id = ?";

struct taking {
    struct racing racing;
    bool is_taker;
    pthread_barrier_t *is_locked;
};

/* What begin_again() does, with a pause in which the other is waiting for the lock. */
static enum cq_status take_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct taking *t = arg;
    const struct db_in conversation[] = {IN_U64(t->racing.a.turn.conversation_id)},
                       turn[] = {IN_U64(t->racing.a.turn.id)};

    (void)is_rerun;
    enum cq_status st = db_execute(ctx, db, LOCK, conversation, 1, NULL);
    pthread_barrier_wait(t->is_locked);
    usleep(100000);
    return st ? st : db_execute(ctx, db, TAKE, turn, 1, NULL);
}

static void take_or_complete(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct taking *t = arg;

    t->racing.p.ctx = ctx;
    t->racing.p.db = db;
    if (t->is_taker) {
        t->racing.st = db_tx(ctx, db, take_tx, t);
        return;
    }
    pthread_barrier_wait(t->is_locked);
    t->racing.st = attempt_complete(&t->racing.p, &t->racing.a);
}

/* The turn is taken while its first worker waits to complete it: that reply is nobody's. */
static void test_taken_while_completing(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt slow = attempt_message(&p, conversation_id, "text");
    pthread_barrier_t is_locked;

    MUST(attempt_begin(&p, &slow));
    pthread_barrier_init(&is_locked, NULL, 2);
    struct taking taker = {{p, slow, CQ_INTERNAL}, true, &is_locked},
                  first = {{p, slow, CQ_INTERNAL}, false, &is_locked};
    race(take_or_complete, &taker, &first);
    pthread_barrier_destroy(&is_locked);
    GIVES(CQ_OK, taker.racing.st);
    GIVES(CQ_LOST, first.racing.st);
    CU_ASSERT_EQUAL(count_messages(conversation_id), 3);
    CU_ASSERT_EQUAL(status_at(&p, conversation_id, 2), MESSAGE_PENDING);
}

/* A slow worker's reply is better than none, as long as nobody has gone on without it. */
static void test_late_but_not_taken(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt slow = attempt_message(&p, conversation_id, "text");

    MUST(attempt_begin(&p, &slow));
    turn_expire(&slow);
    GIVES(CQ_OK, attempt_complete(&p, &slow));
    CU_ASSERT_EQUAL(status_at(&p, conversation_id, 2), MESSAGE_COMPLETE);
}

/* The database's clock was set back, or the message waited while a reply was stored: times do not contradict places. */
static void test_times_in_order(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);

    sql_run("UPDATE message SET created_at = UTC_TIMESTAMP(3) + INTERVAL 1 DAY WHERE conversation_id = %ju AND seq = 1",
            (uintmax_t)conversation_id);
    turn_done(&p, conversation_id, "text");
    CU_ASSERT_EQUAL(message_at(&p, conversation_id, 2)->created_at_ms,
                    message_at(&p, conversation_id, 1)->created_at_ms);
    CU_ASSERT_TRUE(message_at(&p, conversation_id, 3)->created_at_ms >
                   message_at(&p, conversation_id, 2)->created_at_ms);
}

static void test_complete_twice(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt a = turn_done(&p, conversation_id, "text"), other;

    GIVES(CQ_OK, attempt_complete(&p, &a));
    CU_ASSERT_EQUAL(a.stored.created_at_ms, message_at(&p, conversation_id, 3)->created_at_ms); /* as it is stored */
    CU_ASSERT_EQUAL(a.stored.seq, 3);
    CU_ASSERT_EQUAL(count_messages(conversation_id), 4);
    CU_ASSERT_EQUAL(sql_number("SELECT next_seq FROM conversation WHERE id = %ju", (uintmax_t)conversation_id), 4);
    other = a;
    other.request.reply_uuid = new_uuid(p.ctx);
    GIVES(CQ_LOST, attempt_complete(&p, &other));
    GIVES(CQ_LOST, attempt_fail(&p, &a));
    CU_ASSERT_TRUE(turn_is(&a, "complete"));
    CU_ASSERT_EQUAL(count_messages(conversation_id), 4);
}

static uint64_t lease_left_s(const struct attempt *a)
{
    return sql_number("SELECT GREATEST(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), lease_until), 0) FROM turn"
                      " WHERE id = %ju",
                      (uintmax_t)a->turn.id);
}

static void test_renew(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt a = attempt_message(&p, conversation_id, "text"), thief;

    MUST(attempt_begin(&p, &a));
    thief = a;
    thief.request.owner = "thief";
    CU_ASSERT_TRUE(lease_left_s(&a) > 30 && lease_left_s(&a) <= 60);
    GIVES(CQ_LOST, attempt_renew(&p, &thief));
    CU_ASSERT_TRUE(lease_left_s(&a) <= 60);
    GIVES(CQ_OK, attempt_renew(&p, &a));
    GIVES(CQ_OK, attempt_renew(&p, &a));
    CU_ASSERT_TRUE(lease_left_s(&a) > 500 && lease_left_s(&a) <= 600);
    GIVES(CQ_OK, attempt_complete(&p, &a));
    GIVES(CQ_LOST, attempt_renew(&p, &a));
}

static void test_renew_after_takeover(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt dead = attempt_message(&p, conversation_id, "text");
    struct attempt next = attempt_message(&p, conversation_id, "text");

    next.request.owner = "other worker";
    MUST(attempt_begin(&p, &dead));
    turn_expire(&dead);
    MUST(attempt_begin(&p, &next));
    GIVES(CQ_LOST, attempt_renew(&p, &dead));
    GIVES(CQ_OK, attempt_renew(&p, &next));
    GIVES(CQ_OK, attempt_fail(&p, &next));
    GIVES(CQ_LOST, attempt_renew(&p, &next));
}

static void test_fail(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt a = attempt_message(&p, conversation_id, "text"), thief;
    struct attempt again = attempt_message(&p, conversation_id, "text");

    MUST(attempt_begin(&p, &a));
    thief = a;
    thief.request.owner = "thief";
    GIVES(CQ_LOST, attempt_fail(&p, &thief));
    CU_ASSERT_TRUE(turn_is(&a, "pending"));
    GIVES(CQ_OK, attempt_fail(&p, &a));
    CU_ASSERT_EQUAL(
        sql_number("SELECT failure = 'model_timeout' AND tries = 2 FROM turn WHERE id = %ju", (uintmax_t)a.turn.id), 1);
    GIVES(CQ_LOST, attempt_complete(&p, &a));
    CU_ASSERT_EQUAL(count_messages(conversation_id), 3);
    GIVES(CQ_OK, attempt_begin(&p, &again));
    CU_ASSERT_EQUAL(again.turn.id, a.turn.id);
    CU_ASSERT_EQUAL(
        sql_number("SELECT failure IS NULL AND finished_at IS NULL FROM turn WHERE id = %ju", (uintmax_t)a.turn.id), 1);
    GIVES(CQ_OK, attempt_complete(&p, &again));
    CU_ASSERT_EQUAL(count_messages(conversation_id), 4);
}

/* A conversation whose last turn is one of each kind. */
static void test_statuses(void)
{
    static const struct {
        const char *name;
        bool is_completed, is_failed, is_expired;
        enum message_status want;
    } rows[] = {
        {"pending", false, false, false, MESSAGE_PENDING},
        {"expired", false, false, true, MESSAGE_FAILED},
        {"failed", false, true, false, MESSAGE_FAILED},
        {"complete", true, false, false, MESSAGE_COMPLETE},
        {"complete, its lease long over", true, false, true, MESSAGE_COMPLETE},
    };
    struct place p = place_new();

    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t conversation_id = conversation_opened(&p);
        struct attempt a = attempt_message(&p, conversation_id, "text");

        MUST(attempt_begin(&p, &a));
        if (rows[i].is_completed)
            MUST(attempt_complete(&p, &a));
        if (rows[i].is_failed)
            MUST(attempt_fail(&p, &a));
        if (rows[i].is_expired)
            turn_expire(&a);
        ROW_ASSERT(rows[i].name, status_at(&p, conversation_id, 2) == rows[i].want);
        ROW_ASSERT(rows[i].name, status_at(&p, conversation_id, 1) == MESSAGE_COMPLETE);
    }
}

static void test_completed_conversation(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt running = attempt_message(&p, conversation_id, "text");
    struct attempt late = attempt_message(&p, conversation_id, "late");

    MUST(attempt_begin(&p, &running));
    GIVES(CQ_OK, store_conversation_complete(p.ctx, p.db, conversation_id));
    GIVES(CQ_OK, store_conversation_complete(p.ctx, p.db, conversation_id));
    GIVES(CQ_OK, attempt_complete(&p, &running));
    CU_ASSERT_EQUAL(status_at(&p, conversation_id, 3), MESSAGE_COMPLETE);
    GIVES(CQ_CONVERSATION_COMPLETED, attempt_begin(&p, &late));
    CU_ASSERT_EQUAL(count_messages(conversation_id), 4);
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM latest_conversation l JOIN conversation v ON v.id ="
                               " l.conversation_id WHERE v.id = %ju AND l.workflow_state = 'completed'"
                               " AND v.workflow_state = 'completed'",
                               (uintmax_t)conversation_id),
                    1);
}

/* A summary stands with the conversation from the next turn on; one of fewer messages does not take its place. */
static void test_summary(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt first = attempt_message(&p, conversation_id, "one"),
                   second = attempt_message(&p, conversation_id, "two"),
                   third = attempt_message(&p, conversation_id, "three");

    MUST(attempt_begin(&p, &first));
    CU_ASSERT(!first.turn.summary && !first.turn.summarised);
    first.summary = "They said \"hello\".";
    first.summarised = 2;
    MUST(attempt_complete(&p, &first));
    MUST(attempt_begin(&p, &second));
    ASSERT_TEXT(second.turn.summary, "They said \"hello\".");
    CU_ASSERT_EQUAL(second.turn.summarised, 2);
    second.summary = "late";
    second.summarised = 1;
    MUST(attempt_complete(&p, &second));
    MUST(attempt_begin(&p, &third));
    ASSERT_TEXT(third.turn.summary, "They said \"hello\".");
}

SUITE(turns, {"a whole turn", test_whole_turn}, {"the same text after its reply", test_same_text_after_reply},
      {"objectives stay met", test_objectives_stay_met}, {"one at a time", test_one_at_a_time},
      {"two at once", test_two_at_once}, {"expired, the same text", test_expired_same_text},
      {"expired, another text", test_expired_other_text}, {"expired, the same owner", test_expired_same_owner},
      {"taken while completing", test_taken_while_completing}, {"late but not taken", test_late_but_not_taken},
      {"times in order", test_times_in_order}, {"complete twice", test_complete_twice}, {"renew", test_renew},
      {"renew after a takeover", test_renew_after_takeover}, {"fail", test_fail}, {"statuses", test_statuses},
      {"a completed conversation", test_completed_conversation}, {"a summary", test_summary});
