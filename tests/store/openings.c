/* Openings: a conversation appears together with its first reply, and one at most is active. */
#include "attempt.h"

static uint64_t count_conversations(const struct place *p, const char *workflow_state)
{
    return sql_number("SELECT COUNT(*) FROM conversation WHERE ai_experience_id = %ju AND user_id = %ju AND"
                      " workflow_state = '%s'",
                      (uintmax_t)p->ai_experience_id, (uintmax_t)p->user_id, workflow_state);
}

static uint64_t active_conversation(const struct place *p)
{
    return sql_number("SELECT id FROM conversation WHERE ai_experience_id = %ju AND user_id = %ju AND is_active = 1",
                      (uintmax_t)p->ai_experience_id, (uintmax_t)p->user_id);
}

/* As the lists see it: active, and of that conversation. */
static uint64_t latest_conversation(const struct place *p)
{
    return sql_number("SELECT conversation_id FROM latest_conversation WHERE ai_experience_id = %ju AND user_id = %ju"
                      " AND workflow_state = 'active'",
                      (uintmax_t)p->ai_experience_id, (uintmax_t)p->user_id);
}

static void test_becomes_active(void)
{
    struct place p = place_new();
    uint64_t before = conversation_opened(&p);
    struct attempt a = attempt_opening(&p);

    MUST(attempt_begin(&p, &a));
    CU_ASSERT_EQUAL(active_conversation(&p), before); /* until the reply is there nothing has changed */
    CU_ASSERT_EQUAL(latest_conversation(&p), before);
    CU_ASSERT_EQUAL(count_conversations(&p, "opening"), 1);
    GIVES(CQ_OK, attempt_complete(&p, &a));
    CU_ASSERT_EQUAL(active_conversation(&p), a.turn.conversation_id);
    CU_ASSERT_EQUAL(latest_conversation(&p), a.turn.conversation_id);
    CU_ASSERT_EQUAL(count_conversations(&p, "completed"), 1);
    CU_ASSERT_EQUAL(count_conversations(&p, "opening"), 0);
}

static void test_latest_forgets_the_one_before(void)
{
    struct place p = place_new();
    uint64_t before = conversation_opened(&p);
    struct attempt met = attempt_message(&p, before, "text"), running = attempt_message(&p, before, "running");

    met.all_objectives_met = true;
    MUST(attempt_begin(&p, &met));
    MUST(attempt_complete(&p, &met));
    MUST(attempt_begin(&p, &running));
    running.all_objectives_met = true;
    uint64_t now = conversation_opened(&p);
    CU_ASSERT_EQUAL(latest_conversation(&p), now);
    GIVES(CQ_OK, attempt_complete(&p, &running)); /* the turn that ran is stored, and changes nothing else */
    CU_ASSERT_EQUAL(count_messages(before), 6);
    CU_ASSERT_EQUAL(latest_conversation(&p), now);
    CU_ASSERT_EQUAL(
        sql_number("SELECT all_objectives_met FROM latest_conversation WHERE conversation_id = %ju", (uintmax_t)now),
        0);
    GIVES(CQ_OK, store_conversation_complete(p.ctx, p.db, before)); /* it is completed already */
    CU_ASSERT_EQUAL(latest_conversation(&p), now);
}

static void test_two_begun(void)
{
    struct place p = place_new();
    struct attempt one = attempt_opening(&p), two = attempt_opening(&p);

    GIVES(CQ_OK, attempt_begin(&p, &one));
    GIVES(CQ_OK, attempt_begin(&p, &two));
    GIVES(CQ_OK, attempt_complete(&p, &two));
    GIVES(CQ_OK, attempt_complete(&p, &one));
    CU_ASSERT_EQUAL(count_conversations(&p, "active"), 1);
    CU_ASSERT_EQUAL(count_conversations(&p, "completed"), 1);
    CU_ASSERT_EQUAL(latest_conversation(&p), active_conversation(&p));
    GIVES(CQ_OK, attempt_complete(&p, &two)); /* again: nothing moves */
    CU_ASSERT_EQUAL(active_conversation(&p), one.turn.conversation_id);
    CU_ASSERT_EQUAL(latest_conversation(&p), one.turn.conversation_id);
}

struct racing {
    struct place p;
    struct attempt a;
    enum cq_status st;
};

static void open_racing(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct racing *r = arg;

    r->p.ctx = ctx;
    r->p.db = db;
    r->st = attempt_begin(&r->p, &r->a);
    if (!r->st)
        r->st = attempt_complete(&r->p, &r->a);
}

static void complete_racing(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct racing *r = arg;

    r->p.ctx = ctx;
    r->p.db = db;
    r->st = attempt_complete(&r->p, &r->a);
}

static void check_race(const struct place *p, const struct racing *one, const struct racing *two, uint64_t completed)
{
    GIVES(CQ_OK, one->st);
    GIVES(CQ_OK, two->st);
    CU_ASSERT_EQUAL(count_conversations(p, "active"), 1);
    CU_ASSERT_EQUAL(count_conversations(p, "completed"), completed);
    CU_ASSERT_EQUAL(latest_conversation(p), active_conversation(p));
}

static void test_two_at_once(void)
{
    for (int round = 0; round < 10; round++) {
        struct place p = place_new();
        struct racing one = {p, attempt_opening(&p), CQ_INTERNAL}, two = {p, attempt_opening(&p), CQ_INTERNAL};

        race(open_racing, &one, &two);
        check_race(&p, &one, &two, 1);
    }
}

static void test_two_complete_at_once(void)
{
    for (int round = 0; round < 10; round++) {
        struct place p = place_new();
        struct racing one = {p, attempt_opening(&p), CQ_INTERNAL}, two = {p, attempt_opening(&p), CQ_INTERNAL};
        bool has_before = round % 2 != 0;

        if (has_before)
            conversation_opened(&p);
        MUST(attempt_begin(&p, &one.a));
        MUST(attempt_begin(&p, &two.a));
        race(complete_racing, &one, &two);
        check_race(&p, &one, &two, has_before ? 2 : 1);
    }
}

static void test_failed_leaves_nothing(void)
{
    struct place p = place_new();
    uint64_t before = conversation_opened(&p);
    struct attempt a = attempt_opening(&p);

    attempt_key(p.ctx, &a, "key", "body");
    MUST(attempt_begin(&p, &a));
    GIVES(CQ_OK, attempt_fail(&p, &a));
    CU_ASSERT_EQUAL(count_messages(a.turn.conversation_id), 0);
    CU_ASSERT_EQUAL(count_turns(a.turn.conversation_id), 0);
    CU_ASSERT_EQUAL(count_conversations(&p, "opening"), 0);
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM idempotency_key WHERE user_id = %ju", (uintmax_t)p.user_id), 0);
    CU_ASSERT_EQUAL(active_conversation(&p), before);
    CU_ASSERT_EQUAL(latest_conversation(&p), before);
    GIVES(CQ_LOST, attempt_complete(&p, &a));
    GIVES(CQ_LOST, attempt_fail(&p, &a));
}

/* The next opening tidies up after a dead worker, and touches neither a living one's nor another student's. */
static void test_stale(void)
{
    struct place p = place_new(), q = p;
    struct attempt dead = attempt_opening(&p), alive = attempt_opening(&p), next = attempt_opening(&p), theirs;

    q.user_id = user_enrolled(&p, ROLE_STUDENT);
    theirs = attempt_opening(&q);
    MUST(attempt_begin(&p, &dead));
    MUST(attempt_begin(&p, &alive));
    MUST(attempt_begin(&q, &theirs));
    turn_expire(&dead);
    turn_expire(&theirs);
    GIVES(CQ_OK, attempt_begin(&p, &next));
    CU_ASSERT_EQUAL(count_messages(dead.turn.conversation_id), 0);
    CU_ASSERT_EQUAL(count_conversations(&p, "opening"), 2);
    CU_ASSERT_EQUAL(count_conversations(&q, "opening"), 1);
    GIVES(CQ_LOST, attempt_complete(&p, &dead));
    GIVES(CQ_LOST, attempt_renew(&p, &dead));
    GIVES(CQ_OK, attempt_complete(&p, &alive));
    GIVES(CQ_OK, attempt_complete(&p, &next));
    GIVES(CQ_OK, attempt_complete(&q, &theirs)); /* late, but nobody has tidied it away */
    CU_ASSERT_EQUAL(active_conversation(&p), next.turn.conversation_id);
}

SUITE(openings, {"becomes active", test_becomes_active},
      {"the latest forgets the one before", test_latest_forgets_the_one_before}, {"two begun", test_two_begun},
      {"two at once", test_two_at_once}, {"two complete at once", test_two_complete_at_once},
      {"a failed one leaves nothing", test_failed_leaves_nothing}, {"stale ones", test_stale});
