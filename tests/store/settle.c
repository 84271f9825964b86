/* Turns of dead owners: settled at once, all of them and nobody else's. */
#include "attempt.h"

/* A worker's turn that is under way. */
static struct attempt turn_begun(const struct place *p, const char *owner, const char *text)
{
    struct attempt a = attempt_message(p, conversation_opened(p), text);

    a.request.owner = owner;
    MUST(attempt_begin(p, &a));
    return a;
}

static uint64_t settle(const struct place *p, const char *owners, const char *but)
{
    uint64_t n = 0;

    GIVES(CQ_OK, store_turns_settle(p->ctx, p->db, owners, but, &n));
    return n;
}

static void test_dead_worker(void)
{
    struct place p = place_new(), next_door = place_new();
    struct attempt dead = turn_begun(&p, "campus:1:0:1:77", "a question");
    struct attempt namesake = turn_begun(&next_door, "campus:1:0:1:777", "another");
    struct attempt again = attempt_message(&p, dead.turn.conversation_id, "a question");

    CU_ASSERT_EQUAL(settle(&p, "campus:1:0:1:77", ""), 1);
    CU_ASSERT_TRUE(turn_is(&dead, "failed") && turn_is(&namesake, "pending"));
    CU_ASSERT_EQUAL(sql_number("SELECT failure = 'worker_died' AND finished_at IS NOT NULL FROM turn WHERE id = %ju",
                               (uintmax_t)dead.turn.id),
                    1);
    GIVES(CQ_LOST, attempt_complete(&p, &dead));
    GIVES(CQ_OK, attempt_begin(&p, &again)); /* in its place */
    CU_ASSERT_EQUAL(again.turn.id, dead.turn.id);
    GIVES(CQ_OK, attempt_complete(&p, &again));
    CU_ASSERT_EQUAL(count_messages(dead.turn.conversation_id), 4);
    CU_ASSERT_EQUAL(settle(&p, "campus:1:0:1:77", ""), 0);
}

static void test_dead_master(void)
{
    struct place p = place_new();
    struct attempt earlier = turn_begun(&p, "lib:1:0:1:5", "x"), older = turn_begun(&p, "lib:0:9:9:9", "x");
    struct attempt ours = turn_begun(&p, "lib:12:0:1:5", "x"), elsewhere = turn_begun(&p, "lib-2:1:0:1:5", "x");

    CU_ASSERT_EQUAL(settle(&p, "lib:%", "lib:12:%"), 2);
    CU_ASSERT_TRUE(turn_is(&earlier, "failed") && turn_is(&older, "failed"));
    CU_ASSERT_TRUE(turn_is(&ours, "pending") && turn_is(&elsewhere, "pending"));
}

/* What had ended stays as it was; what was being opened is gone, and can be opened again. */
static void test_only_what_was_pending(void)
{
    struct place p = place_new();
    struct attempt done = turn_begun(&p, "lab:1:0:1:7", "x"), failed = turn_begun(&p, "lab:1:0:1:7", "x");
    struct attempt opening = attempt_opening(&p);

    MUST(attempt_complete(&p, &done));
    MUST(attempt_fail(&p, &failed));
    opening.request.owner = "lab:1:0:1:7";
    MUST(attempt_begin(&p, &opening));
    CU_ASSERT_EQUAL(settle(&p, "lab:1:0:1:7", ""), 1);
    CU_ASSERT_TRUE(turn_is(&done, "complete") && turn_is(&failed, "failed"));
    CU_ASSERT_EQUAL(count_messages(done.turn.conversation_id), 4);
    CU_ASSERT_EQUAL(count_turns(opening.turn.conversation_id), 0);
    CU_ASSERT_EQUAL(
        sql_number("SELECT COUNT(*) FROM conversation WHERE id = %ju", (uintmax_t)opening.turn.conversation_id), 0);
    GIVES(CQ_LOST, attempt_complete(&p, &opening));
}

SUITE(settle, {"a dead worker", test_dead_worker}, {"a dead master", test_dead_master},
      {"only what was pending", test_only_what_was_pending});
