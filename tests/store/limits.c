/* What a user may do in a day and have running at once, exactly so also when all is asked for at once. */
#include <pthread.h>

#include "attempt.h"

static const struct user_limits few = {
    .conversations_per_day = 2, .messages_per_day = 3, .evaluations_per_day = 1, .turns_at_once = 100};

static void test_messages_of_a_day(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt failed = attempt_message(&p, conversation_id, "failed"), keyed, over;

    failed.request.limits = &few;
    MUST(attempt_begin(&p, &failed));
    MUST(attempt_fail(&p, &failed)); /* does not count */
    keyed = attempt_message(&p, conversation_id, "keyed");
    attempt_key(p.ctx, &keyed, "limits", "body");
    keyed.request.limits = &few;
    MUST(attempt_begin(&p, &keyed));
    MUST(attempt_complete(&p, &keyed));
    turn_done(&p, conversation_id, "two");
    turn_done(&p, conversation_id, "three");
    over = attempt_message(&p, conversation_id, "four");
    over.request.limits = &few;
    GIVES(CQ_RATE_LIMITED, attempt_begin(&p, &over));
    CU_ASSERT_TRUE(p.ctx->retry_after_s > 0 && p.ctx->retry_after_s <= 86400);
    CU_ASSERT_EQUAL(count_messages(conversation_id), 9); /* the refused one is not among them */
    keyed.request.reply_uuid = new_uuid(p.ctx);
    GIVES(CQ_OK, attempt_begin(&p, &keyed)); /* a replay is no message */
    CU_ASSERT_TRUE(keyed.turn.is_replay);

    sql_run("UPDATE user_day SET day = day - INTERVAL 1 DAY WHERE user_id = %ju", (uintmax_t)p.user_id);
    GIVES(CQ_OK, attempt_begin(&p, &over)); /* tomorrow */
    CU_ASSERT_EQUAL(
        sql_number("SELECT messages FROM user_day WHERE user_id = %ju AND day < UTC_DATE()", (uintmax_t)p.user_id), 3);
}

static void test_conversations_of_a_day(void)
{
    struct place p = place_new();
    struct attempt failed = attempt_opening(&p), over = attempt_opening(&p);

    failed.request.limits = over.request.limits = &few;
    MUST(attempt_begin(&p, &failed));
    MUST(attempt_fail(&p, &failed));
    conversation_opened(&p);
    uint64_t second = conversation_opened(&p);

    GIVES(CQ_RATE_LIMITED, attempt_begin(&p, &over));
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM conversation WHERE user_id = %ju AND workflow_state = 'opening'",
                               (uintmax_t)p.user_id),
                    0);
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM conversation WHERE id = %ju AND is_active = 1", (uintmax_t)second),
                    1);
}

/* ---- budgets of tokens ---- */

static uint64_t count_rows_of(const struct place *p)
{
    return sql_number(
        "SELECT (SELECT COUNT(*) FROM turn WHERE user_id = %ju) + (SELECT COUNT(*) FROM conversation WHERE"
        " user_id = %ju) + (SELECT COUNT(*) FROM evaluation_run WHERE user_id = %ju)",
        (uintmax_t)p->user_id, (uintmax_t)p->user_id, (uintmax_t)p->user_id);
}

/* Whether the user may say, open and evaluate something, or none of it; in any case nothing is left of it. */
static bool may_go_on(const struct place *p, uint64_t conversation_id, const struct user_limits *limits)
{
    struct attempt message = attempt_message(p, conversation_id, "more"), opening = attempt_opening(p);
    struct evaluation_run run = {.user_id = p->user_id,
                                 .course_id = p->course_id,
                                 .conversation_id = conversation_id,
                                 .limits = limits,
                                 .owner = "worker",
                                 .lease_s = 60};
    uint64_t before = count_rows_of(p);
    enum cq_status st[3];

    message.calls = opening.calls = (struct model_calls){.json = NULL};
    message.request.limits = opening.request.limits = limits;
    p->ctx->retry_after_s = 0;
    if (!(st[0] = attempt_begin(p, &message)))
        MUST(attempt_fail(p, &message));
    if (!(st[1] = attempt_begin(p, &opening)))
        MUST(attempt_fail(p, &opening));
    if (!(st[2] = store_evaluation_begin(p->ctx, p->db, &run)))
        MUST(store_evaluation_fail(p->ctx, p->db, &run));
    CU_ASSERT_TRUE(st[0] == st[1] && st[1] == st[2] && (!st[0] || st[0] == CQ_RATE_LIMITED));
    if (st[0])
        CU_ASSERT_TRUE(count_rows_of(p) == before && p->ctx->retry_after_s > 0 && p->ctx->retry_after_s <= 86400);
    return !st[0];
}

/* What an attempt of these tests uses. */
enum { OF_A_TURN = 30 + 40 };

static void test_tokens_of_a_user(void)
{
    const struct user_limits reached = {1000, 1000, 1000, 0, 1000, 2 * OF_A_TURN, 0},
                             not_yet = {1000, 1000, 1000, 0, 1000, 2 * OF_A_TURN + 1, 0};
    struct place p = place_new(), elsewhere = place_new(), other = p;
    uint64_t conversation_id = conversation_opened(&p);

    other.user_id = user_enrolled(&p, ROLE_STUDENT);
    elsewhere.user_id = p.user_id;
    uint64_t others = conversation_opened(&other), conversation_elsewhere = conversation_opened(&elsewhere);

    CU_ASSERT_TRUE(may_go_on(&p, conversation_id, &not_yet));
    CU_ASSERT_FALSE(may_go_on(&p, conversation_id, &reached));
    CU_ASSERT_FALSE(may_go_on(&elsewhere, conversation_elsewhere, &reached)); /* in all courses together */
    CU_ASSERT_TRUE(may_go_on(&other, others, &reached));
    sql_run("UPDATE usage_day SET day = day - INTERVAL 1 DAY WHERE user_id = %ju", (uintmax_t)p.user_id);
    CU_ASSERT_TRUE(may_go_on(&p, conversation_id, &reached)); /* tomorrow */
}

static void test_tokens_of_a_course(void)
{
    const struct user_limits reached = {1000, 1000, 1000, 0, 1000, 0, 2 * OF_A_TURN},
                             not_yet = {1000, 1000, 1000, 0, 1000, 0, 2 * OF_A_TURN + 1};
    struct place p = place_new(), elsewhere = place_new(), other = p, teacher = p;

    other.user_id = user_enrolled(&p, ROLE_STUDENT);
    teacher.user_id = user_enrolled(&p, ROLE_TEACHER); /* who has used nothing */
    elsewhere.user_id = p.user_id;
    uint64_t conversation_id = conversation_opened(&p), others = conversation_opened(&other),
             conversation_elsewhere = conversation_opened(&elsewhere);
    struct attempt keyed = attempt_message(&p, conversation_id, "keyed");

    CU_ASSERT_TRUE(may_go_on(&p, conversation_id, &not_yet));
    CU_ASSERT_FALSE(may_go_on(&p, conversation_id, &reached));
    CU_ASSERT_FALSE(may_go_on(&other, others, &reached));
    CU_ASSERT_FALSE(may_go_on(&teacher, conversation_id, &reached));
    CU_ASSERT_TRUE(may_go_on(&elsewhere, conversation_elsewhere, &reached));

    attempt_key(p.ctx, &keyed, "budget", "body");
    MUST(attempt_begin(&p, &keyed));
    MUST(attempt_complete(&p, &keyed));
    keyed.request.limits = &reached;
    keyed.request.reply_uuid = new_uuid(p.ctx);
    GIVES(CQ_OK, attempt_begin(&p, &keyed)); /* a replay uses nothing */
    CU_ASSERT_TRUE(keyed.turn.is_replay);

    sql_run("UPDATE usage_day SET day = day - INTERVAL 1 DAY WHERE course_id = %ju", (uintmax_t)p.course_id);
    CU_ASSERT_TRUE(may_go_on(&other, others, &reached)); /* tomorrow */
}

/* Either may be the one that is reached; without any the database is not asked. */
static void test_both_budgets(void)
{
    static const struct {
        const char *name;
        uint32_t of_user, of_course;
        bool may;
        uint32_t statements; /* more than without */
    } rows[] = {
        {"none", 0, 0, true, 0},
        {"far from both", 1000, 1000, true, 1},
        {"the user's", OF_A_TURN, 1000, false, 1},
        {"the course's", 1000, OF_A_TURN, false, 1},
        {"both", OF_A_TURN, OF_A_TURN, false, 1},
        {"less than was used", 1, 1, false, 1},
        {"the largest", UINT32_MAX, UINT32_MAX, true, 1},
    };
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    uint32_t without = 0;

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct user_limits limits = {1000, 1000, 1000, 0, 1000, rows[i].of_user, rows[i].of_course};
        struct evaluation_run run = {.user_id = p.user_id,
                                     .course_id = p.course_id,
                                     .conversation_id = conversation_id,
                                     .limits = &limits,
                                     .owner = "worker",
                                     .lease_s = 60};

        ROW_ASSERT(rows[i].name, may_go_on(&p, conversation_id, &limits) == rows[i].may);
        uint32_t before = p.ctx->statements;
        enum cq_status st = store_evaluation_begin(p.ctx, p.db, &run);
        uint32_t took = p.ctx->statements - before;

        without = i ? without : took;
        ROW_ASSERT(rows[i].name, st || took == without + rows[i].statements);
        if (!st)
            MUST(store_evaluation_fail(p.ctx, p.db, &run));
    }
}

/* ---- all at once ---- */

enum { N_THREADS = 12, N_ROUNDS = 3 };

struct crowd {
    const struct place *p;
    uint64_t conversations[N_THREADS];
    const struct user_limits *limits;
    pthread_barrier_t start;
    pthread_mutex_t mutex;
    size_t n_begun, n_refused;
};

struct one {
    struct crowd *crowd;
    uint64_t conversation_id;
};

static void *begin_one(void *arg)
{
    struct one *one = arg;
    struct crowd *crowd = one->crowd;
    struct place p = *crowd->p;

    p.ctx = thread_ctx();
    p.db = db_create(shared_config());
    struct attempt a = attempt_message(&p, one->conversation_id, "at once");

    a.request.limits = crowd->limits;
    pthread_barrier_wait(&crowd->start);
    enum cq_status st = attempt_begin(&p, &a);

    pthread_mutex_lock(&crowd->mutex);
    crowd->n_begun += st == CQ_OK;
    crowd->n_refused += st == CQ_RATE_LIMITED;
    pthread_mutex_unlock(&crowd->mutex);
    db_destroy(p.db);
    db_thread_end();
    ctx_destroy(p.ctx);
    return NULL;
}

static void begin_all(struct crowd *crowd)
{
    pthread_t threads[N_THREADS];
    struct one ones[N_THREADS];

    pthread_barrier_init(&crowd->start, NULL, N_THREADS);
    pthread_mutex_init(&crowd->mutex, NULL);
    for (size_t i = 0; i < N_THREADS; i++) {
        ones[i] = (struct one){crowd, crowd->conversations[i]};
        if (pthread_create(&threads[i], NULL, begin_one, &ones[i]))
            give_up("no thread");
    }
    for (size_t i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&crowd->start);
    pthread_mutex_destroy(&crowd->mutex);
}

/* Each in an experience of its own, as a user has one active conversation in each. */
static void open_all(struct crowd *crowd, struct place *p)
{
    for (size_t i = 0; i < N_THREADS; i++) {
        p->ai_experience_id = experience_new(p, "published");
        crowd->conversations[i] = conversation_opened(p);
    }
}

static void test_at_once(void)
{
    static const struct {
        const char *name;
        struct user_limits limits;
        size_t want;
    } rows[] = {
        {"running at once", {1000, 1000, 1000, 0, 5, 0, 0}, 5},
        {"the first of the day", {1000, 4, 1000, 0, 1000, 0, 0}, 4},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        for (int round = 0; round < N_ROUNDS; round++) {
            struct place p = place_new();
            struct crowd crowd = {.p = &p, .limits = &rows[i].limits};

            open_all(&crowd, &p);
            sql_run("DELETE FROM user_day WHERE user_id = %ju", (uintmax_t)p.user_id); /* each is the day's first */
            begin_all(&crowd);
            ROW_ASSERT(rows[i].name, crowd.n_begun == rows[i].want && crowd.n_refused == N_THREADS - rows[i].want);
        }
}

/* One whose worker is gone counts no more than until its lease ends, or its owner is known to be dead. */
static void test_what_is_gone_frees_its_place(void)
{
    static const struct user_limits one = {1000, 1000, 1000, 0, 1, 0, 0};
    struct place p = place_new();
    uint64_t first = conversation_opened(&p), n;

    p.ai_experience_id = experience_new(&p, "published");
    struct attempt held = attempt_message(&p, first, "x"), next = attempt_message(&p, conversation_opened(&p), "y");

    next.request.limits = &one;
    MUST(attempt_begin(&p, &held));
    GIVES(CQ_RATE_LIMITED, attempt_begin(&p, &next));
    CU_ASSERT_EQUAL(p.ctx->retry_after_s, 0); /* not the day's limit */
    turn_expire(&held);
    GIVES(CQ_OK, attempt_begin(&p, &next));
    MUST(attempt_complete(&p, &next));

    struct evaluation_run run = {
        .user_id = p.user_id, .conversation_id = first, .limits = &one, .owner = "gone:1", .lease_s = 600};

    turn_done(&p, next.turn.conversation_id, "z");
    GIVES(CQ_OK, store_evaluation_begin(p.ctx, p.db, &run));
    next = attempt_message(&p, next.turn.conversation_id, "again");
    next.request.limits = &one;
    GIVES(CQ_RATE_LIMITED, attempt_begin(&p, &next));
    MUST(store_turns_settle(p.ctx, p.db, "gone:1", "", &n));
    GIVES(CQ_OK, attempt_begin(&p, &next));
}

SUITE(limits, {"messages of a day", test_messages_of_a_day}, {"conversations of a day", test_conversations_of_a_day},
      {"tokens of a user", test_tokens_of_a_user}, {"tokens of a course", test_tokens_of_a_course},
      {"both budgets", test_both_budgets}, {"at once", test_at_once},
      {"what is gone frees its place", test_what_is_gone_frees_its_place});
