/* The breaker of a model, by a clock that is passed in. */
#include <stdio.h>

#include "unit.h"

#include "llm/breaker.h"

enum { MAX_FAILURES = 3, OPEN_MS = 1000 };

static struct llm_breakers board;

static struct llm_breaker *fresh(void)
{
    board = (struct llm_breakers){0};
    return llm_breaker_find(&board, &(struct config_model){.name = "m", .provider = "openai", .id = "m"});
}

static void fail_times(struct llm_breaker *b, unsigned n, int64_t now)
{
    while (n-- > 0)
        llm_breaker_fail(b, now, MAX_FAILURES, OPEN_MS);
}

static void test_opens(void)
{
    struct llm_breaker *b = fresh();

    fail_times(b, 2, 5);
    CU_ASSERT_FALSE(llm_breaker_succeed(b)); /* not in a row */
    fail_times(b, 2, 5);
    CU_ASSERT_EQUAL(llm_breaker_admit(b, 5, OPEN_MS), LLM_ADMITTED);
    CU_ASSERT(llm_breaker_fail(b, 5, MAX_FAILURES, OPEN_MS)); /* says so once */
    CU_ASSERT_FALSE(llm_breaker_fail(b, 5, MAX_FAILURES, OPEN_MS));
    CU_ASSERT_EQUAL(llm_breaker_admit(b, 1004, OPEN_MS), LLM_REFUSED);
    CU_ASSERT_EQUAL(llm_breaker_left_s(b, 5), 1);
    CU_ASSERT_EQUAL(llm_breaker_left_s(b, 2000), 1);
    CU_ASSERT_EQUAL(b->times_opened, 1);
}

/* When its time has come one looks, and the others wait for what becomes of it. */
static void test_probes(void)
{
    static const struct {
        const char *name;
        bool fails, is_abandoned;
        int64_t at;
        enum llm_admission want; /* of the next one, at that time */
    } rows[] = {
        {"under way", false, false, 1100, LLM_REFUSED},
        {"never heard of again", false, false, 2100, LLM_PROBING},
        {"failed, soon after", true, false, 2000, LLM_REFUSED},
        {"failed, later", true, false, 2200, LLM_PROBING},
        {"abandoned", false, true, 1100, LLM_PROBING},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct llm_breaker *b = fresh();

        fail_times(b, MAX_FAILURES, 0);
        ROW_ASSERT(rows[i].name, llm_breaker_admit(b, 1000, OPEN_MS) == LLM_PROBING);
        if (rows[i].fails)
            ROW_ASSERT(rows[i].name, !llm_breaker_fail(b, 1100, MAX_FAILURES, OPEN_MS));
        if (rows[i].is_abandoned)
            llm_breaker_abandon(b);
        ROW_ASSERT(rows[i].name, llm_breaker_admit(b, rows[i].at, OPEN_MS) == rows[i].want);
    }
    struct llm_breaker *b = fresh();

    fail_times(b, MAX_FAILURES, 0);
    CU_ASSERT_EQUAL(llm_breaker_admit(b, 1000, OPEN_MS), LLM_PROBING);
    CU_ASSERT(llm_breaker_succeed(b)); /* says so once */
    CU_ASSERT_FALSE(llm_breaker_succeed(b));
    CU_ASSERT(llm_breaker_admit(b, 1001, OPEN_MS) == LLM_ADMITTED && !llm_breaker_is_open(b));
}

static void test_never(void)
{
    struct llm_breaker *b = fresh();

    for (int i = 0; i < 100; i++)
        CU_ASSERT_FALSE(llm_breaker_fail(b, 0, 0, OPEN_MS));
    CU_ASSERT_EQUAL(llm_breaker_admit(b, 0, OPEN_MS), LLM_ADMITTED);
    CU_ASSERT_EQUAL(llm_breaker_admit(NULL, 0, OPEN_MS), LLM_ADMITTED);
}

/* One for each model at its address, whatever it is called; and when all are taken, none. */
static void test_find(void)
{
    struct llm_breaker *b = fresh();
    struct config_model model = {.name = "other name", .provider = "openai", .id = "m"};
    char ids[LLM_MAX_BREAKERS][8];

    CU_ASSERT_PTR_EQUAL(llm_breaker_find(&board, &model), b);
    ASSERT_TEXT(b->name, "m");
    model.region = "eu-west-1"; /* an outage of one region is none of another */
    CU_ASSERT_PTR_NOT_EQUAL(llm_breaker_find(&board, &model), b);
    model.region = NULL;
    model.base_url = "https://model.example/v1";
    CU_ASSERT_PTR_NOT_EQUAL(llm_breaker_find(&board, &model), b);
    for (size_t i = 0; i < LLM_MAX_BREAKERS - 3; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%zu", i);
        model.id = ids[i];
        CU_ASSERT_PTR_NOT_NULL(llm_breaker_find(&board, &model));
    }
    model.id = "one too many";
    CU_ASSERT_PTR_NULL(llm_breaker_find(&board, &model));
    fail_times(b, MAX_FAILURES, 0);
    llm_breakers_unlist(&board);
    CU_ASSERT_PTR_EQUAL(llm_breaker_find(&board, &model), b); /* what no config has any more makes room */
    CU_ASSERT(b->is_listed && b->failures == 0 && !llm_breaker_is_open(b) && !board.rows[1].is_listed);
    ASSERT_TEXT(b->name, "other name");
}

SUITE(breaker, {"opens", test_opens}, {"probes", test_probes}, {"never", test_never}, {"finds a model's", test_find});
