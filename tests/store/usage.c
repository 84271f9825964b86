/* What calls of models used: counted once, for the day, user, course and model, and for the conversation. */
#include "attempt.h"

/* The sums of a row as one text: "input output read write nano". */
#define USED "CONCAT_WS(' ', input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, price_nano)"

static bool has_day(const struct place *p, const char *model, const char *want)
{
    return sql_number("SELECT COUNT(*) FROM usage_day WHERE course_id = %ju AND day = UTC_DATE() AND user_id = %ju"
                      " AND model = '%s' AND CONCAT_WS(' ', calls, " USED ") = '%s'",
                      (uintmax_t)p->course_id, (uintmax_t)p->user_id, model, want) == 1;
}

static bool has_conversation(uint64_t id, const char *want)
{
    return sql_number("SELECT COUNT(*) FROM conversation WHERE id = %ju AND " USED " = '%s'", (uintmax_t)id, want) == 1;
}

static bool has_turn(const struct attempt *a, const char *want)
{
    return sql_number("SELECT COUNT(*) FROM turn WHERE id = %ju AND CONCAT_WS(' ', input_tokens, output_tokens,"
                      " COALESCE(calls, 'none')) = '%s'",
                      (uintmax_t)a->turn.id, want) == 1;
}

static uint64_t count_days(const struct place *p)
{
    return sql_number("SELECT COUNT(*) FROM usage_day WHERE user_id = %ju", (uintmax_t)p->user_id);
}

/* ---- turns ---- */

static void test_a_turn(void)
{
    static const struct usage reply = {100, 20, 3, 4, 5000}, assessment = {10, 2, 0, 0, 70};
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt a = attempt_message(&p, conversation_id, "text");

    CU_ASSERT_TRUE(has_day(&p, "model", "1 30 40 5 6 700"));
    CU_ASSERT_TRUE(has_conversation(conversation_id, "30 40 5 6 700"));
    a.calls = (struct model_calls){.json = "[1,2,3]"};
    store_calls_add(&a.calls, "model", &reply);
    store_calls_add(&a.calls, "judge", &assessment);
    store_calls_add(&a.calls, "judge", &assessment);
    MUST(attempt_begin(&p, &a));
    CU_ASSERT_TRUE(has_turn(&a, "0 0 none"));
    MUST(attempt_complete(&p, &a));
    CU_ASSERT_TRUE(has_turn(&a, "120 24 [1,2,3]"));
    CU_ASSERT_TRUE(has_day(&p, "model", "2 130 60 8 10 5700"));
    CU_ASSERT_TRUE(has_day(&p, "judge", "2 20 4 0 0 140"));
    CU_ASSERT_TRUE(has_conversation(conversation_id, "150 64 8 10 5840"));
    MUST(attempt_complete(&p, &a)); /* again, as after a lost answer: nothing is counted twice */
    CU_ASSERT_TRUE(has_day(&p, "model", "2 130 60 8 10 5700"));
    CU_ASSERT_TRUE(has_conversation(conversation_id, "150 64 8 10 5840"));
    CU_ASSERT_EQUAL(count_days(&p), 2);
}

/* One that asked no model says nothing, rather than 0. */
static void test_no_call(void)
{
    struct place p = place_new();
    struct attempt a = attempt_opening(&p);

    a.calls = (struct model_calls){.json = NULL};
    MUST(attempt_begin(&p, &a));
    MUST(attempt_complete(&p, &a));
    CU_ASSERT_TRUE(has_turn(&a, "0 0 none") && has_conversation(a.turn.conversation_id, "0 0 0 0 0"));
    CU_ASSERT_EQUAL(count_days(&p), 0);
}

static void test_a_failed_turn(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt a = attempt_message(&p, conversation_id, "text"), opening = attempt_opening(&p);

    MUST(attempt_begin(&p, &a));
    MUST(attempt_fail(&p, &a));
    CU_ASSERT_TRUE(has_turn(&a, "30 40 [{\"task\":\"reply\"}]"));
    CU_ASSERT_TRUE(has_day(&p, "model", "2 60 80 10 12 1400") && has_conversation(conversation_id, "60 80 10 12 1400"));
    a.is_again = true;
    GIVES(CQ_LOST, attempt_fail(&p, &a));
    CU_ASSERT_TRUE(has_day(&p, "model", "2 60 80 10 12 1400") && has_conversation(conversation_id, "60 80 10 12 1400"));

    a.request.reply_uuid = new_uuid(p.ctx); /* tried again: what was used before stays */
    MUST(attempt_begin(&p, &a));
    MUST(attempt_complete(&p, &a));
    CU_ASSERT_TRUE(has_turn(&a, "60 80 [{\"task\":\"reply\"},{\"task\":\"reply\"}]"));
    CU_ASSERT_TRUE(has_day(&p, "model", "3 90 120 15 18 2100"));
    CU_ASSERT_TRUE(has_conversation(conversation_id, "90 120 15 18 2100"));

    MUST(attempt_begin(&p, &opening));
    MUST(attempt_fail(&p, &opening)); /* its conversation is gone */
    CU_ASSERT_TRUE(has_day(&p, "model", "4 120 160 20 24 2800"));
}

/* The lease was lost while the model replied: nobody is shown that, but it was paid for. */
static void test_a_lost_turn(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt lost = attempt_message(&p, conversation_id, "text"), other;

    MUST(attempt_begin(&p, &lost));
    turn_expire(&lost);
    other = attempt_message(&p, conversation_id, "other");
    MUST(attempt_begin(&p, &other));
    GIVES(CQ_LOST, attempt_complete(&p, &lost));
    CU_ASSERT_PTR_NOT_NULL(strstr(p.ctx->error, "lease"));
    CU_ASSERT_TRUE(has_turn(&lost, "0 0 none"));
    CU_ASSERT_TRUE(has_day(&p, "model", "2 60 80 10 12 1400") && has_conversation(conversation_id, "60 80 10 12 1400"));
    MUST(attempt_complete(&p, &other));
    CU_ASSERT_TRUE(has_conversation(conversation_id, "90 120 15 18 2100"));
}

/* It came to nothing as well; what may have been counted before is not. */
static void test_a_lost_failure(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt lost = attempt_message(&p, conversation_id, "text"), other;

    MUST(attempt_begin(&p, &lost));
    turn_expire(&lost);
    other = attempt_message(&p, conversation_id, "other");
    MUST(attempt_begin(&p, &other));
    GIVES(CQ_LOST, attempt_fail(&p, &lost));
    CU_ASSERT_PTR_NOT_NULL(strstr(p.ctx->error, "lease"));
    CU_ASSERT_TRUE(has_turn(&lost, "0 0 none"));
    CU_ASSERT_TRUE(has_day(&p, "model", "2 60 80 10 12 1400") && has_conversation(conversation_id, "60 80 10 12 1400"));
    lost.is_again = true;
    GIVES(CQ_LOST, attempt_fail(&p, &lost));
    CU_ASSERT_TRUE(has_day(&p, "model", "2 60 80 10 12 1400") && has_conversation(conversation_id, "60 80 10 12 1400"));

    MUST(attempt_complete(&p, &other)); /* already there: nothing more is counted when that is called a failure */
    CU_ASSERT_TRUE(has_day(&p, "model", "3 90 120 15 18 2100"));
    GIVES(CQ_LOST, attempt_fail(&p, &other));
    CU_ASSERT_TRUE(has_day(&p, "model", "3 90 120 15 18 2100"));
}

/* A provider may say what it likes, and a turn may be tried for ever. */
static void test_no_bounds(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct attempt a = attempt_message(&p, conversation_id, "text");
    const struct usage most = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT64_C(1000000000000000)};
    const char *model = "models/\xC3\xA9";
    char *long_model = arena_zalloc(p.ctx->arena, 1, 3001);
    char *json = arena_zalloc(p.ctx->arena, 1, 9001);

    memset(long_model, 'm', 3000);
    memset(json, '1', 9000);
    json[0] = '[';
    json[8999] = ']';
    a.calls = (struct model_calls){.json = json};
    store_calls_add(&a.calls, model, &most);
    store_calls_add(&a.calls, model, &most);
    store_calls_add(&a.calls, long_model, &most);
    for (int i = 0; i < 5; i++) {
        MUST(attempt_begin(&p, &a));
        MUST(attempt_fail(&p, &a));
        a.request.reply_uuid = new_uuid(p.ctx);
        CU_ASSERT_EQUAL(sql_number("SELECT LENGTH(calls) FROM turn WHERE id = %ju", (uintmax_t)a.turn.id),
                        i % 2 ? 17999 : 9000); /* too much of before is let go */
    }
    CU_ASSERT_EQUAL(sql_number("SELECT input_tokens FROM turn WHERE id = %ju", (uintmax_t)a.turn.id), UINT32_MAX);
    CU_ASSERT_EQUAL(sql_number("SELECT input_tokens FROM usage_day WHERE user_id = %ju AND model = '%s'",
                               (uintmax_t)p.user_id, model),
                    10 * (uint64_t)UINT32_MAX);
    CU_ASSERT_EQUAL(sql_number("SELECT calls FROM usage_day WHERE user_id = %ju AND CHAR_LENGTH(model) = 255",
                               (uintmax_t)p.user_id),
                    5);
}

/* ---- evaluations ---- */

static const uint8_t basis[SHA256_BYTES] = {1};
static const struct user_limits no_limits = {1000, 1000, 1000, 0, 1000, 0, 0};

static struct evaluation_run begin_run(const struct place *p, uint64_t conversation_id, const struct model_calls *calls)
{
    struct evaluation_run run = {.user_id = p->user_id,
                                 .course_id = p->course_id,
                                 .conversation_id = conversation_id,
                                 .limits = &no_limits,
                                 .owner = "worker",
                                 .lease_s = 60,
                                 .calls = calls};

    MUST(store_evaluation_begin(p->ctx, p->db, &run));
    return run;
}

static bool has_evaluation(uint64_t conversation_id, const char *calls)
{
    return sql_number("SELECT COUNT(*) FROM evaluation WHERE conversation_id = %ju AND calls = '%s'",
                      (uintmax_t)conversation_id, calls) == 1;
}

/* They count for whoever asked for them. */
static void test_evaluations(void)
{
    static const struct model_calls first = {.json = "[1]", .models = {{"judge", 1, {1000, 200, 0, 0, 9}}}, .n = 1};
    static const struct model_calls second = {.json = "[2]", .models = {{"judge", 2, {1, 2, 3, 4, 5}}}, .n = 1};
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);
    struct evaluation_row row = {0};

    p.user_id = user_enrolled(&p, ROLE_TEACHER);
    struct evaluation_run old = begin_run(&p, conversation_id, &first), run = begin_run(&p, conversation_id, &second);

    MUST(store_evaluation_end(p.ctx, p.db, &run, basis, "{}", 2, &row));
    CU_ASSERT_TRUE(has_evaluation(conversation_id, "[2]"));
    CU_ASSERT_TRUE(has_day(&p, "judge", "2 1 2 3 4 5") && has_conversation(conversation_id, "31 42 8 10 705"));
    MUST(store_evaluation_end(p.ctx, p.db, &run, basis, "{}", 2, &row)); /* once more */
    CU_ASSERT_TRUE(has_day(&p, "judge", "2 1 2 3 4 5") && has_conversation(conversation_id, "31 42 8 10 705"));
    MUST(
        store_evaluation_end(p.ctx, p.db, &old, basis, "{}", 1, &row)); /* covers less: it is not shown, but paid for */
    CU_ASSERT_TRUE(has_evaluation(conversation_id, "[2]"));
    CU_ASSERT_TRUE(has_day(&p, "judge", "3 1001 202 3 4 14") && has_conversation(conversation_id, "1031 242 8 10 714"));
    run = begin_run(&p, conversation_id, &second);
    MUST(store_evaluation_fail(p.ctx, p.db, &run));
    CU_ASSERT_TRUE(has_day(&p, "judge", "5 1002 204 6 8 19") &&
                   has_conversation(conversation_id, "1032 244 11 14 719"));
    MUST(store_evaluation_fail(p.ctx, p.db, &run));
    CU_ASSERT_TRUE(has_day(&p, "judge", "5 1002 204 6 8 19"));
    run = begin_run(&p, conversation_id, &first);
    MUST(store_evaluation_end(p.ctx, p.db, &run, basis, "{}", 2, &row));
    CU_ASSERT_TRUE(has_evaluation(conversation_id, "[1]"));
}

struct crossing {
    struct place p;
    uint64_t conversation_id;
    bool is_evaluating;
    uint64_t reruns;
};

enum { N_CROSSINGS = 150 };

static void cross(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct crossing *c = arg;
    struct evaluation_row row = {0};
    struct place p = c->p;

    p.ctx = ctx;
    p.db = db;
    for (int i = 0; i < N_CROSSINGS; i++) {
        struct attempt a = attempt_message(&p, c->conversation_id, "text");
        struct evaluation_run run = {.user_id = p.user_id,
                                     .course_id = p.course_id,
                                     .conversation_id = c->conversation_id,
                                     .limits = a.request.limits,
                                     .owner = "worker",
                                     .lease_s = 60,
                                     .calls = &a.calls};
        enum cq_status st = c->is_evaluating ? store_evaluation_begin(ctx, db, &run) : attempt_begin(&p, &a);

        if (!st && c->is_evaluating)
            st = store_evaluation_end(ctx, db, &run, basis, "{}", (uint32_t)i, &row);
        else if (!st)
            st = i % 2 ? attempt_complete(&p, &a) : attempt_fail(&p, &a);
        if (st)
            give_up("%s: %s", cq_status_info(st)->name, ctx->error);
    }
    c->reruns = db_take_effort(db).reruns;
}

/* Turns and evaluations of one conversation end side by side: no lock is asked for in another order. */
static void test_no_deadlock(void)
{
    struct place p = place_new();
    struct crossing turns = {.p = p, .conversation_id = conversation_opened(&p)}, evaluations = turns;

    evaluations.p.user_id = user_enrolled(&p, ROLE_TEACHER);
    evaluations.is_evaluating = true;
    race(cross, &turns, &evaluations);
    CU_ASSERT_EQUAL(turns.reruns + evaluations.reruns, 0);
    CU_ASSERT_EQUAL(sql_number("SELECT price_nano FROM conversation WHERE id = %ju", (uintmax_t)turns.conversation_id),
                    700 * (2 * N_CROSSINGS + 1));
    CU_ASSERT_EQUAL(sql_number("SELECT SUM(calls) FROM usage_day WHERE course_id = %ju", (uintmax_t)p.course_id),
                    2 * N_CROSSINGS + 1);
}

/* ---- lists ---- */

struct told {
    struct buf *text; /* a line a row */
    size_t stop_after;
};

static enum cq_status tell(void *arg, const struct usage_row *row)
{
    struct told *told = arg;
    const struct usage *sum = &row->used.sum;

    if (told->text->len)
        buf_char(told->text, '|');
    buf_printf(told->text, "%s %s %s %ju %ju %ju %ju %ju %ju", row->day ? row->day : "-", row->user ? row->user : "-",
               row->used.model, (uintmax_t)row->used.calls, (uintmax_t)sum->input_tokens, (uintmax_t)sum->output_tokens,
               (uintmax_t)sum->cache_read_tokens, (uintmax_t)sum->cache_write_tokens, (uintmax_t)sum->price_nano);
    return told->stop_after && --told->stop_after == 0 ? CQ_BUSY : CQ_OK;
}

static const char *list(const struct place *p, const struct usage_query *query)
{
    struct told told = {.text = buf_in_arena(p->ctx->arena, 1 << 20)};

    MUST(store_usage_list(p->ctx, p->db, query, tell, &told));
    return told.text->data;
}

static void used_on(uint64_t course_id, const char *day, uint64_t user_id, const char *model, unsigned n)
{
    sql_run("INSERT INTO usage_day VALUES (%ju, '%s', %ju, '%s', %u, %u0, %u00, %u000, %u0000, %u00000)",
            (uintmax_t)course_id, day, (uintmax_t)user_id, model, n, n, n, n, n, n);
}

static void test_lists(void)
{
    struct place p = place_new(), q = place_new();
    uint64_t gone = 4000000000 + p.user_id;

    sql_run("UPDATE user SET login = 'usage-ada' WHERE id = %ju", (uintmax_t)p.user_id);
    sql_run("UPDATE user SET login = 'usage-bob' WHERE id = %ju", (uintmax_t)q.user_id);
    used_on(p.course_id, "2024-01-31", p.user_id, "m", 1);
    used_on(p.course_id, "2024-02-01", p.user_id, "m", 2);
    used_on(p.course_id, "2024-02-01", q.user_id, "m", 3);
    used_on(p.course_id, "2024-02-01", q.user_id, "k", 4);
    used_on(p.course_id, "2024-02-29", gone, "m", 5);
    used_on(p.course_id, "2024-03-01", q.user_id, "m", 6);
    used_on(q.course_id, "2024-02-01", q.user_id, "m", 7);
    const struct {
        const char *name;
        struct usage_query query;
        const char *want;
    } rows[] = {
        {"by day",
         {USAGE_BY_DAY, p.course_id, "2024-02-01", "2024-02-29"},
         "2024-02-01 - k 4 40 400 4000 40000 400000|2024-02-01 - m 5 50 500 5000 50000 500000|"
         "2024-02-29 - m 5 50 500 5000 50000 500000"},
        {"by user",
         {USAGE_BY_USER, p.course_id, "2024-02-01", "2024-02-29"},
         "- - m 5 50 500 5000 50000 500000|- usage-ada m 2 20 200 2000 20000 200000|"
         "- usage-bob k 4 40 400 4000 40000 400000|- usage-bob m 3 30 300 3000 30000 300000"},
        {"by model",
         {USAGE_BY_MODEL, p.course_id, "2024-01-31", "2024-02-29"},
         "- - k 4 40 400 4000 40000 400000|- - m 11 110 1100 11000 110000 1100000"},
        {"a day", {USAGE_BY_MODEL, p.course_id, "2024-03-01", "2024-03-01"}, "- - m 6 60 600 6000 60000 600000"},
        {"nothing", {USAGE_BY_DAY, p.course_id, "2024-03-02", "2024-12-31"}, ""},
        {"no such course", {USAGE_BY_DAY, UINT32_MAX, "2024-01-01", "2024-12-31"}, ""},
        {"all courses",
         {USAGE_BY_MODEL, 0, "2024-02-01", "2024-02-29"},
         "- - k 4 40 400 4000 40000 400000|- - m 10 100 1000 10000 100000 1000000|- - m 7 70 700 7000 70000 700000"},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, str_eq(list(&p, &rows[i].query), rows[i].want));

    struct told told = {.text = buf_in_arena(p.ctx->arena, 1 << 20), .stop_after = 2};

    GIVES(CQ_BUSY, store_usage_list(p.ctx, p.db, &rows[0].query, tell, &told));
    ROW_ASSERT("no more than two", str_eq(strchr(told.text->data, '|') ? strrchr(told.text->data, '|') : "",
                                          "|2024-02-01 - m 5 50 500 5000 50000 500000"));
    sql_run("DELETE FROM usage_day WHERE day < '2025-01-01'");
}

/* More than a request's memory holds. */
static void test_a_long_list(void)
{
    enum { N_MODELS = 20000, NAME_CHARS = 250 };
    struct place p = place_new();
    const struct usage_query query = {USAGE_BY_MODEL, p.course_id, "2023-01-01", "2023-12-31"};
    struct told told = {.text = buf_in_arena(p.ctx->arena, 16 << 20)};
    struct arena *small = arena_create(4096, 8192), *own = p.ctx->arena;

    sql_run("INSERT INTO usage_day SELECT %ju, '2023-05-05', %ju, LPAD(seq, %d, 'm'), 1, 1, 1, 1, 1, 1 FROM"
            " seq_1_to_%d",
            (uintmax_t)p.course_id, (uintmax_t)p.user_id, NAME_CHARS, N_MODELS);
    p.ctx->arena = small;
    enum cq_status st = store_usage_list(p.ctx, p.db, &query, tell, &told);
    CU_ASSERT_TRUE(p.ctx->arena == small);
    p.ctx->arena = own;
    arena_destroy(small);
    GIVES(CQ_OK, st);
    CU_ASSERT_TRUE(told.text->len > (size_t)N_MODELS * NAME_CHARS && !told.text->failed);
    sql_run("DELETE FROM usage_day WHERE course_id = %ju", (uintmax_t)p.course_id);
}

SUITE(usage, {"a turn", test_a_turn}, {"no call", test_no_call}, {"a failed turn", test_a_failed_turn},
      {"a lost turn", test_a_lost_turn}, {"a lost failure", test_a_lost_failure}, {"no bounds", test_no_bounds},
      {"evaluations", test_evaluations}, {"no deadlock", test_no_deadlock}, {"lists", test_lists},
      {"a long list", test_a_long_list});
