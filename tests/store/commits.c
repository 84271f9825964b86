/*
 * Commits whose answer was lost. The server may have done them, or not, or be about to: the transaction is run again
 * and must come to the same end. Creating what has no name of its own is the exception: better none than two.
 */
#include <unistd.h>

#include "attempt.h"

enum { SETTLED_MS = 300 }; /* a late commit is done by then */

static const struct {
    const char *name;
    enum cut cut;
} rows[] = {{"not done", CUT_BEFORE_COMMIT}, {"done", CUT_AFTER_COMMIT}, {"done a little later", CUT_LATE_COMMIT}};

static struct db *cut_db;

/* A new place, worked in by way of the go-between, whose next commit is cut. */
static struct place cut_place(const struct place *p, size_t row)
{
    struct place q = *p;

    if (!cut_db) {
        cut_db = db_create(cut_config());
        CU_ASSERT_PTR_NOT_NULL_FATAL(cut_db);
        db_set_autocommit_off(cut_db); /* as the threads that turns are stored in */
    }
    q.db = cut_db;
    MUST(db_ping(q.ctx, q.db));
    cut_next_commit(rows[row].cut);
    return q;
}

static void test_begin(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        uint64_t conversation_id = conversation_opened(&p);
        struct attempt a = attempt_message(&p, conversation_id, "text");

        attempt_key(p.ctx, &a, "key", "body");
        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, attempt_begin(&q, &a) == CQ_OK && !a.turn.is_replay);
        ROW_ASSERT(rows[i].name, a.turn.user_seq == 2 && a.messages.n == 3);
        ROW_ASSERT(rows[i].name, count_messages(conversation_id) == 3 && turn_is(&a, "pending"));
        ROW_ASSERT(rows[i].name, attempt_complete(&p, &a) == CQ_OK);
    }
}

static void test_begin_again(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        uint64_t conversation_id = conversation_opened(&p);
        struct attempt failed = attempt_message(&p, conversation_id, "text");
        struct attempt a = attempt_message(&p, conversation_id, "text");

        MUST(attempt_begin(&p, &failed));
        MUST(attempt_fail(&p, &failed));
        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, attempt_begin(&q, &a) == CQ_OK && a.turn.id == failed.turn.id);
        ROW_ASSERT(rows[i].name, attempt_complete(&p, &a) == CQ_OK);
        ROW_ASSERT(rows[i].name, count_messages(conversation_id) == 4);
    }
}

static uint64_t count_conversations(const struct place *p)
{
    return sql_number("SELECT COUNT(*) FROM conversation WHERE user_id = %ju", (uintmax_t)p->user_id);
}

static void test_open(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        struct attempt a = attempt_opening(&p);

        attempt_key(p.ctx, &a, "key", "body");
        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, attempt_begin(&q, &a) == CQ_OK && a.turn.user_seq == 0);
        ROW_ASSERT(rows[i].name, count_conversations(&p) == 1 && a.messages.n == 1);
        ROW_ASSERT(rows[i].name, attempt_complete(&p, &a) == CQ_OK);
    }
}

/* What so many attempts of the user's have used. */
static bool is_used(const struct place *p, unsigned n)
{
    return sql_number("SELECT COUNT(*) FROM usage_day WHERE user_id = %ju AND calls = %u AND price_nano = %u",
                      (uintmax_t)p->user_id, n, n * 700) == 1;
}

static bool is_used_in(uint64_t conversation_id, unsigned n)
{
    return sql_number("SELECT COUNT(*) FROM conversation WHERE id = %ju AND price_nano = %u",
                      (uintmax_t)conversation_id, n * 700) == 1;
}

static void test_complete(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        uint64_t conversation_id = conversation_opened(&p);
        struct attempt a = attempt_message(&p, conversation_id, "text");

        MUST(attempt_begin(&p, &a));
        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, attempt_complete(&q, &a) == CQ_OK && a.stored.seq == 3);
        ROW_ASSERT(rows[i].name, count_messages(conversation_id) == 4 && turn_is(&a, "complete"));
        ROW_ASSERT(rows[i].name, is_used(&p, 2) && is_used_in(conversation_id, 2));
        turn_done(&p, conversation_id, "next");
        ROW_ASSERT(rows[i].name, count_messages(conversation_id) == 6);
    }
}

static void test_complete_opening(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        struct attempt a = attempt_opening(&p);

        conversation_opened(&p);
        MUST(attempt_begin(&p, &a));
        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, attempt_complete(&q, &a) == CQ_OK);
        ROW_ASSERT(rows[i].name, sql_number("SELECT COUNT(*) FROM conversation v JOIN latest_conversation l"
                                            " ON l.conversation_id = v.id WHERE v.id = %ju AND v.is_active = 1",
                                            (uintmax_t)a.turn.conversation_id) == 1);
        ROW_ASSERT(rows[i].name, count_messages(a.turn.conversation_id) == 2);
        ROW_ASSERT(rows[i].name, is_used(&p, 2) && is_used_in(a.turn.conversation_id, 1));
    }
}

static void test_fail(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        uint64_t conversation_id = conversation_opened(&p);
        struct attempt a = attempt_message(&p, conversation_id, "text"), opening = attempt_opening(&p);

        MUST(attempt_begin(&p, &a));
        MUST(attempt_begin(&p, &opening));
        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, attempt_fail(&q, &a) == CQ_OK && turn_is(&a, "failed"));
        ROW_ASSERT(rows[i].name, is_used(&p, 2) && is_used_in(conversation_id, 2));
        q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, attempt_fail(&q, &opening) == CQ_OK && count_conversations(&p) == 1);
        ROW_ASSERT(rows[i].name, is_used(&p, 3));
    }
}

/* Better not counted than twice: the next one's answer comes. */
static void test_lost(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        uint64_t conversation_id = conversation_opened(&p);
        struct attempt lost = attempt_message(&p, conversation_id, "lost"),
                       a = attempt_message(&p, conversation_id, "a");

        MUST(attempt_begin(&p, &lost));
        turn_expire(&lost);
        MUST(attempt_begin(&p, &a));
        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, attempt_complete(&q, &lost) == CQ_LOST);
        usleep(SETTLED_MS * 1000);
        ROW_ASSERT(rows[i].name, is_used(&p, rows[i].cut == CUT_BEFORE_COMMIT ? 1 : 2));
        ROW_ASSERT(rows[i].name, is_used_in(conversation_id, rows[i].cut == CUT_BEFORE_COMMIT ? 1 : 2));
    }
}

/* Evaluations that are stored, and those that come to nothing. */
static void test_evaluation(void)
{
    static const struct user_limits limits = {1000, 1000, 1000, 0, 1000, 0, 0};
    static const uint8_t basis[SHA256_BYTES];

    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        struct attempt opened = attempt_opening(&p);
        struct evaluation_row row = {0};

        MUST(attempt_begin(&p, &opened));
        MUST(attempt_complete(&p, &opened));
        struct evaluation_run run = {.user_id = p.user_id,
                                     .course_id = p.course_id,
                                     .conversation_id = opened.turn.conversation_id,
                                     .limits = &limits,
                                     .owner = "worker",
                                     .lease_s = 60,
                                     .calls = &opened.calls};
        struct evaluation_run failed = run;

        MUST(store_evaluation_begin(p.ctx, p.db, &run));
        MUST(store_evaluation_begin(p.ctx, p.db, &failed));
        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, store_evaluation_end(q.ctx, q.db, &run, basis, "{}", 2, &row) == CQ_OK);
        ROW_ASSERT(rows[i].name, str_eq(row.answer, "{}") && is_used(&p, 2));
        q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, store_evaluation_fail(q.ctx, q.db, &failed) == CQ_OK);
        ROW_ASSERT(rows[i].name, is_used(&p, 3) && is_used_in(run.conversation_id, 3));
    }
}

static void test_renew(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        struct attempt a = attempt_message(&p, conversation_opened(&p), "text");

        MUST(attempt_begin(&p, &a));
        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, attempt_renew(&q, &a) == CQ_OK);
    }
}

/* With a key it is known again. */
static void test_experience_with_key(void)
{
    const struct ai_experience_change change = {
        .title = "new", .learning_objective = "one", .pedagogical_guidance = ""};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        const struct ai_experience_origin origin = {
            .course_id = p.course_id, .user_id = p.user_id, .key = attempt_request_key(p.ctx, rows[i].name, "body")};
        struct ai_experience_row row = {0};

        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, store_ai_experience_create(q.ctx, q.db, &origin, &change, &row) == CQ_OK);
        ROW_ASSERT(rows[i].name, str_eq(row.title, "new") && !row.is_replay);
        usleep(SETTLED_MS * 1000);
        ROW_ASSERT(rows[i].name,
                   sql_number("SELECT COUNT(*) FROM ai_experience WHERE course_id = %ju", (uintmax_t)p.course_id) == 2);
    }
}

static void test_experience(void)
{
    const struct ai_experience_change change = {
        .set_title = true, .title = "changed", .learning_objective = "one", .pedagogical_guidance = ""};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        struct ai_experience_row row = {0};

        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name,
                   store_ai_experience_create(q.ctx, q.db, &(struct ai_experience_origin){.course_id = q.course_id},
                                              &change, &row) == CQ_BUSY);
        usleep(SETTLED_MS * 1000);
        ROW_ASSERT(rows[i].name, sql_number("SELECT COUNT(*) FROM ai_experience WHERE course_id = %ju",
                                            (uintmax_t)p.course_id) == (rows[i].cut == CUT_BEFORE_COMMIT ? 1 : 2));
        q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, !store_ai_experience_update(q.ctx, q.db, p.ai_experience_id, &change, &row));
        ROW_ASSERT(rows[i].name, str_eq(row.title, "changed"));
        q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, !store_ai_experience_delete(q.ctx, q.db, p.ai_experience_id, &row));
        ROW_ASSERT(rows[i].name, str_eq(row.workflow_state, "deleted"));
    }
}

static void test_conversation_complete(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        uint64_t conversation_id = conversation_opened(&p);
        struct place q = cut_place(&p, i);

        ROW_ASSERT(rows[i].name, store_conversation_complete(q.ctx, q.db, conversation_id) == CQ_OK);
        ROW_ASSERT(rows[i].name, sql_number("SELECT COUNT(*) FROM conversation v JOIN latest_conversation l"
                                            " ON l.conversation_id = v.id WHERE v.id = %ju"
                                            " AND v.workflow_state = 'completed' AND l.workflow_state = 'completed'",
                                            (uintmax_t)conversation_id) == 1);
    }
}

static void test_vote(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        uint64_t conversation_id = conversation_opened(&p);
        struct message_list list = {0};
        struct feedback_row row = {0};

        MUST(store_message_list(p.ctx, p.db, conversation_id, UINT32_MAX, &list));
        const struct new_feedback vote = {.conversation_id = conversation_id,
                                          .user_id = p.user_id,
                                          .seq = 1,
                                          .message_uuid = list.rows[1].uuid,
                                          .uuid = new_uuid(p.ctx),
                                          .vote = "liked"};
        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, !store_feedback_put(q.ctx, q.db, &vote, &row) && str_eq(row.uuid, vote.uuid));
        ROW_ASSERT(rows[i].name, sql_number("SELECT COUNT(*) FROM feedback WHERE uuid = '%s'", vote.uuid) == 1);
        q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name,
                   !store_feedback_remove(q.ctx, q.db, conversation_id, p.user_id, vote.message_uuid, vote.uuid));
        ROW_ASSERT(rows[i].name, sql_number("SELECT COUNT(*) FROM feedback WHERE uuid = '%s'", vote.uuid) == 0);
    }
}

static void test_course(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        const char *code = new_uuid(p.ctx);
        uint64_t id = 0;

        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, store_course_add(q.ctx, q.db, code, "name", &id) == CQ_BUSY);
        usleep(SETTLED_MS * 1000);
        ROW_ASSERT(rows[i].name, sql_number("SELECT COUNT(*) FROM course WHERE code = '%s'", code) ==
                                     (rows[i].cut == CUT_BEFORE_COMMIT ? 0 : 1));
    }
}

/* What the command line makes: never twice, and never said to be there when it is not. */
static void test_people(void)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        const char *login = new_uuid(p.ctx);
        const struct new_user user = {.login = login, .name = "n", .sortable_name = "n", .short_name = "n"};
        struct new_access_token token = {.user_id = p.user_id, .purpose = "x"};
        int64_t expires_at_ms;
        uint64_t id = 0;

        struct place q = cut_place(&p, i);
        enum cq_status st = store_user_add(q.ctx, q.db, &user, &id);
        ROW_ASSERT(rows[i].name, st == CQ_OK || st == CQ_DUPLICATE);
        ROW_ASSERT(rows[i].name, sql_number("SELECT COUNT(*) FROM user WHERE login = '%s'", login) == 1);
        random_bytes(token.hash, sizeof(token.hash));
        q = cut_place(&p, i);
        st = store_access_token_add(q.ctx, q.db, &token, &id, &expires_at_ms);
        ROW_ASSERT(rows[i].name, st == CQ_OK || (st == CQ_DUPLICATE && rows[i].cut == CUT_LATE_COMMIT));
        ROW_ASSERT(rows[i].name,
                   sql_number("SELECT COUNT(*) FROM access_token WHERE user_id = %ju", (uintmax_t)p.user_id) == 1);
        q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, !store_enroll(q.ctx, q.db, p.course_id, p.user_id, ROLE_TA, true, &id));
    }
}

/* A connection that is cut off while it signs in is made again, for a read and for a write. */
static void test_sign_in(void)
{
    uint64_t id;

    for (int n = 1; n <= 3; n++) {
        struct db *db = db_create(cut_config());

        CU_ASSERT_PTR_NOT_NULL_FATAL(db);
        cut_next_connections(n);
        CU_ASSERT_EQUAL(store_user_by_login(test_ctx(), db, "nobody at all", &id), CQ_RESOURCE_NOT_FOUND);
        db_destroy(db);
        db = db_create(cut_config());
        CU_ASSERT_PTR_NOT_NULL_FATAL(db);
        cut_next_connections(n);
        CU_ASSERT_EQUAL(store_course_add(test_ctx(), db, "CUT", "Cut off", &id), CQ_OK);
        db_destroy(db);
    }
}

static void test_end(void)
{
    db_destroy(cut_db);
    cut_db = NULL;
}

/* A bot's name tells that it was made; its documents are made of uploads once. */
static void test_bot(void)
{
    static const char *const files[] = {"a.txt"};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new();
        const char *name = new_uuid(p.ctx);
        const struct bot_change made = {.title = "T", .instruction = "I", .added = files, .n_added = 1};
        const struct bot_change swap = {.title = "N", .added = files, .n_added = 1, .removed = files, .n_removed = 1};
        struct bot_changed changed = {.missing = NULL};
        struct hash_list dropped = {.n = 0};

        for (int round = 0; round < 2; round++) {
            sql_run("INSERT INTO upload (user_id, bot_name, filename, hash, size, kind, mime_type, created_at)"
                    " VALUES (%ju, '%s', 'a.txt', REPEAT('a', 32), 1, 'text', 'text/plain', UTC_TIMESTAMP(3))",
                    (uintmax_t)p.user_id, name);
            struct place q = cut_place(&p, i);
            enum cq_status st = round ? store_bot_update(q.ctx, q.db, changed.bot.id, q.user_id, &swap, &changed)
                                      : store_bot_create(q.ctx, q.db, q.user_id, name, &made, &changed);
            ROW_ASSERT(rows[i].name, st == CQ_OK && str_eq(changed.bot.title, round ? "N" : "T"));
            ROW_ASSERT(rows[i].name,
                       sql_number("SELECT COUNT(*) FROM document WHERE bot_id = %ju", (uintmax_t)changed.bot.id) == 1);
        }
        ROW_ASSERT(rows[i].name, changed.dropped.n > 0);
        struct place q = cut_place(&p, i);
        ROW_ASSERT(rows[i].name, store_bot_delete(q.ctx, q.db, changed.bot.id, &dropped) == CQ_OK && dropped.n > 0);
    }
}

SUITE(commits, {"begin", test_begin}, {"begin again", test_begin_again}, {"open", test_open},
      {"complete", test_complete}, {"complete an opening", test_complete_opening}, {"fail", test_fail},
      {"lost", test_lost}, {"an evaluation", test_evaluation}, {"renew", test_renew},
      {"an experience", test_experience}, {"an experience with a key", test_experience_with_key},
      {"complete a conversation", test_conversation_complete}, {"a vote", test_vote}, {"a bot", test_bot},
      {"a course", test_course}, {"people", test_people}, {"sign in", test_sign_in},
      {"the connection closes", test_end});
