/* Evaluations as they are stored, and turns that are to be stopped. */
#include "attempt.h"

static const uint8_t basis[SHA256_BYTES] = {1}, other_basis[SHA256_BYTES] = {2};
static const struct user_limits limits = {1000, 1000, 2, 0, 1000, 0, 0};

static struct evaluation_run run_of(const struct place *p, uint64_t conversation_id)
{
    return (struct evaluation_run){.user_id = p->user_id,
                                   .course_id = p->course_id,
                                   .conversation_id = conversation_id,
                                   .limits = &limits,
                                   .owner = "worker",
                                   .lease_s = 60};
}

static void test_made_and_made_again(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct evaluation_row row = {0};

    turn_done(&p, conversation_id, "text");
    MUST(store_evaluation_read(p.ctx, p.db, conversation_id, basis, &row));
    CU_ASSERT_TRUE(!row.answer && row.n_messages == 4);

    struct evaluation_run run = run_of(&p, conversation_id);

    MUST(store_evaluation_begin(p.ctx, p.db, &run));
    MUST(store_evaluation_end(p.ctx, p.db, &run, basis, "{\"a\":1}", 4, &row));
    ASSERT_TEXT(row.answer, "{\"a\":1}");
    CU_ASSERT_TRUE(row.is_same_basis && row.covers == 4 && row.n_messages == 4 && row.evaluated_at_ms > 0);
    MUST(store_evaluation_read(p.ctx, p.db, conversation_id, other_basis, &row));
    CU_ASSERT_FALSE(row.is_same_basis);

    turn_done(&p, conversation_id, "more");
    run = run_of(&p, conversation_id);
    MUST(store_evaluation_begin(p.ctx, p.db, &run));
    MUST(store_evaluation_fail(p.ctx, p.db, &run)); /* does not count, and leaves the first */
    MUST(store_evaluation_read(p.ctx, p.db, conversation_id, basis, &row));
    CU_ASSERT_TRUE(row.covers == 4 && row.n_messages == 6);
    run = run_of(&p, conversation_id);
    MUST(store_evaluation_begin(p.ctx, p.db, &run));
    MUST(store_evaluation_end(p.ctx, p.db, &run, other_basis, "{\"a\":2}", 6, &row));
    ASSERT_TEXT(row.answer, "{\"a\":2}");
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM evaluation_run WHERE user_id = %ju", (uintmax_t)p.user_id), 0);
    run = run_of(&p, conversation_id);
    GIVES(CQ_RATE_LIMITED, store_evaluation_begin(p.ctx, p.db, &run));
}

/* One that was begun earlier, covers less and ends later; and an end that is told twice. */
static void test_the_newer_one_stays(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct evaluation_row row = {0};

    turn_done(&p, conversation_id, "text");
    struct evaluation_run slow = run_of(&p, conversation_id), fast = slow;

    MUST(store_evaluation_begin(p.ctx, p.db, &slow));
    MUST(store_evaluation_begin(p.ctx, p.db, &fast));
    MUST(store_evaluation_end(p.ctx, p.db, &fast, basis, "\"new\"", 6, &row));
    MUST(store_evaluation_end(p.ctx, p.db, &slow, other_basis, "\"old\"", 4, &row));
    ASSERT_TEXT(row.answer, "\"new\"");
    CU_ASSERT_EQUAL(row.covers, 6);
    MUST(store_evaluation_end(p.ctx, p.db, &fast, basis, "\"new\"", 6, &row));
    CU_ASSERT_EQUAL(sql_number("SELECT evaluations FROM user_day WHERE user_id = %ju", (uintmax_t)p.user_id), 2);
}

/* Beside the evaluation, and whether there is one or not; of this conversation alone. */
static void test_overrides(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p), other_id = conversation_opened(&p);
    static const uint8_t with_nul[SHA256_BYTES] = {0, 1, 0}, second[SHA256_BYTES] = {2};
    struct new_override said = {.conversation_id = conversation_id,
                                .user_id = p.user_id,
                                .objective_hash = with_nul,
                                .is_met = true,
                                .reason = "Said it."};
    struct evaluation_override row;
    struct evaluation_row read;

    MUST(store_override_put(p.ctx, p.db, &said, &row));
    CU_ASSERT_TRUE(row.is_met && row.user_id == p.user_id && *row.user_name && row.created_at_ms > 0);
    ASSERT_TEXT(row.reason, "Said it.");
    MUST(store_evaluation_read(p.ctx, p.db, conversation_id, basis, &read));
    CU_ASSERT_TRUE(!read.answer && read.overrides.n == 1);
    said.objective_hash = second;
    MUST(store_override_put(p.ctx, p.db, &said, &row));
    said.is_met = false;
    said.reason = "No.";
    MUST(store_override_put(p.ctx, p.db, &said, &row));
    CU_ASSERT_TRUE(!row.is_met && row.updated_at_ms >= row.created_at_ms);
    MUST(store_evaluation_read(p.ctx, p.db, conversation_id, basis, &read));
    CU_ASSERT_EQUAL_FATAL(read.overrides.n, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct evaluation_override *o = &read.overrides.rows[i];

        CU_ASSERT(memcmp(o->objective_hash, o->is_met ? with_nul : second, SHA256_BYTES) == 0);
        ASSERT_TEXT(o->reason, o->is_met ? "Said it." : "No.");
    }
    MUST(store_evaluation_read(p.ctx, p.db, other_id, basis, &read));
    CU_ASSERT_EQUAL(read.overrides.n, 0);
    MUST(store_override_remove(p.ctx, p.db, conversation_id, with_nul));
    MUST(store_override_remove(p.ctx, p.db, conversation_id, with_nul)); /* which is not there any more */
    MUST(store_evaluation_read(p.ctx, p.db, conversation_id, basis, &read));
    CU_ASSERT_EQUAL(read.overrides.n, 1);
}

/* Once it is stopped it is found by its owner alone, until it has ended; begun again, it is not stopped from before. */
static void test_stopping(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p), ids[4];
    struct attempt a = attempt_message(&p, conversation_id, "text");
    bool is_found = true;
    size_t n = 9;

    MUST(store_turn_stop(p.ctx, p.db, conversation_id, &is_found));
    CU_ASSERT_FALSE(is_found);
    a.request.owner = "stopping";
    MUST(attempt_begin(&p, &a));
    MUST(store_turns_stopping(p.ctx, p.db, "stopping", ids, LEN(ids), &n));
    CU_ASSERT_EQUAL(n, 0);
    MUST(store_turn_stop(p.ctx, p.db, conversation_id, &is_found));
    CU_ASSERT_TRUE(is_found);
    MUST(store_turns_stopping(p.ctx, p.db, "another", ids, LEN(ids), &n));
    CU_ASSERT_EQUAL(n, 0);
    MUST(store_turns_stopping(p.ctx, p.db, "stopping", ids, LEN(ids), &n));
    CU_ASSERT_TRUE(n == 1 && ids[0] == a.turn.id);
    turn_expire(&a); /* nobody holds it any more */
    MUST(store_turns_stopping(p.ctx, p.db, "stopping", ids, LEN(ids), &n));
    CU_ASSERT_EQUAL(n, 0);
    MUST(attempt_fail(&p, &a));
    a.request.reply_uuid = new_uuid(p.ctx);
    MUST(attempt_begin(&p, &a));
    MUST(store_turns_stopping(p.ctx, p.db, "stopping", ids, LEN(ids), &n));
    CU_ASSERT_EQUAL(n, 0);
}

/* The turn starts from the progress as it is when it begins, not from what was read before. */
static void test_progress_of_the_turn_before(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt first = attempt_message(&p, conversation_id, "one"), second;

    first.met_at = "2,";
    MUST(attempt_begin(&p, &first));
    ASSERT_TEXT(first.turn.met_at, ",");
    MUST(attempt_complete(&p, &first));
    second = attempt_message(&p, conversation_id, "two");
    MUST(attempt_begin(&p, &second));
    ASSERT_TEXT(second.turn.met_at, "2,");
}

SUITE(evaluations, {"made and made again", test_made_and_made_again}, {"the newer one stays", test_the_newer_one_stays},
      {"overrides", test_overrides}, {"stopping", test_stopping},
      {"progress of the turn before", test_progress_of_the_turn_before});
