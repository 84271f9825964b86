/* Progress: what the stored entries mean, for any number of objectives. */
#include "unit.h"

#include "colloquy/engine.h"

static void test_nothing_is_met_at_first(void)
{
    static const struct {
        const char *objectives, *want;
    } rows[] = {{"", ""},          {"one", ""},   {"a\nb", ","},
                {"a\nb\nc", ",,"}, {"ä\nß", ","}, {"1\n2\n3\n4\n5\n6\n7\n8\n9\n10", ",,,,,,,,,"}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const char *met_at = NULL;
        struct progress p;

        ROW_ASSERT(rows[i].objectives, engine_progress_none(ctx, rows[i].objectives, &met_at) == CQ_OK);
        ASSERT_TEXT(met_at, rows[i].want);
        ROW_ASSERT(rows[i].objectives, engine_progress_read(ctx, rows[i].objectives, met_at, &p) == CQ_OK);
        ROW_ASSERT(rows[i].objectives, p.n_met == 0 && p.percentage == 0);
    }
}

static void test_counts(void)
{
    // clang-format off
    static const struct {
        const char *objectives, *met_at;
        size_t n, n_met;
        unsigned percentage; /* rounded to the nearest */
    } rows[] = {
        {"",                 "",            0, 0,   0},
        {"a",                "",            1, 0,   0},
        {"a",                "0",           1, 1, 100},
        {"a\nb\nc",          ",,",          3, 0,   0},
        {"a\nb\nc",          "2,,",         3, 1,  33},
        {"a\nb\nc",          ",2,4",        3, 2,  67},
        {"a\nb\nc",          "2,4,6",       3, 3, 100},
        {"a\nb\nc\nd",       ",,,8",        4, 1,  25},
        {"a\nb\nc\nd\ne\nf", "2,,,,,",      6, 1,  17},
        {"a\nb\nc\nd\ne\nf\ng\nh", "2,,,,,,,", 8, 1, 13},
        {"a\nb\nc\nd\ne\nf\ng", "1,1,1,1,1,1,", 7, 6, 86},
        {"a\nb",             "",            2, 0,   0}, /* fewer entries than objectives */
        {"a\nb",             "2,4,6",       2, 2, 100}, /* more */
    };
    // clang-format on
    for (size_t i = 0; i < LEN(rows); i++) {
        struct progress p = {.n = 99};
        enum cq_status st = engine_progress_read(unit_ctx(), rows[i].objectives, rows[i].met_at, &p);

        ROW_ASSERT(rows[i].met_at, st == CQ_OK && p.n == rows[i].n && p.n_met == rows[i].n_met);
        ROW_ASSERT(rows[i].met_at, p.percentage == rows[i].percentage);
    }
}

/* What lists show is what reading it all would show. */
static void test_counts_alone(void)
{
    static const struct {
        const char *objectives, *met_at;
    } rows[] = {{"a", ""},
                {"a", "0"},
                {"a\nb", ","},
                {"a\nb", ",2"},
                {"a\nb\nc", "2,,14"},
                {"a\nb\nc", "2,4,6"},
                {"a\nb\nc\nd\ne\nf\ng\nh\ni\nj", "1,2,3,,5,6,,8,9,4294967295"}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct progress_count count = engine_progress_count(rows[i].met_at);
        struct progress p;

        CU_ASSERT_EQUAL_FATAL(engine_progress_read(unit_ctx(), rows[i].objectives, rows[i].met_at, &p), CQ_OK);
        ROW_ASSERT(rows[i].met_at, count.n == p.n && count.n_met == p.n_met && count.percentage == p.percentage);
    }
}

static void test_each_objective(void)
{
    struct progress p;

    CU_ASSERT_EQUAL_FATAL(
        engine_progress_read(unit_ctx(), "Say why, and how\nNaïve: 50 % of it\nc", ",12,4294967295", &p), CQ_OK);
    CU_ASSERT_EQUAL_FATAL(p.n, 3);
    ASSERT_TEXT(p.objectives[0].text, "Say why, and how");
    ASSERT_TEXT(p.objectives[1].text, "Naïve: 50 % of it");
    ASSERT_TEXT(p.objectives[2].text, "c");
    CU_ASSERT_FALSE(p.objectives[0].is_met);
    CU_ASSERT_TRUE(p.objectives[1].is_met && p.objectives[1].met_at == 12);
    CU_ASSERT_TRUE(p.objectives[2].is_met && p.objectives[2].met_at == UINT32_MAX);
}

/* A turn's place may be 0: the opening message. It is met all the same. */
static void test_place_zero(void)
{
    struct progress p;

    CU_ASSERT_EQUAL_FATAL(engine_progress_read(unit_ctx(), "a\nb", "0,", &p), CQ_OK);
    CU_ASSERT_TRUE(p.objectives[0].is_met && p.objectives[0].met_at == 0);
    CU_ASSERT_FALSE(p.objectives[1].is_met);
}

/* More lines than there can be objectives: the rest is left out, nothing is overrun. */
static void test_too_many(void)
{
    struct cq_ctx *ctx = unit_ctx();
    const char *lines = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12", *met_at;
    struct progress p;

    CU_ASSERT_EQUAL(engine_progress_read(ctx, lines, "1,1,1,1,1,1,1,1,1,1,1,1", &p), CQ_OK);
    CU_ASSERT_TRUE(p.n == ENGINE_MAX_OBJECTIVES && p.n_met == ENGINE_MAX_OBJECTIVES && p.percentage == 100);
    CU_ASSERT_EQUAL(engine_progress_none(ctx, lines, &met_at), CQ_OK);
    ASSERT_TEXT(met_at, ",,,,,,,,,");
}

static void test_memory_is_short(void)
{
    struct arena *arena = arena_create(64, 512);
    struct cq_ctx ctx = {.arena = arena};
    struct progress p = {.n = 99};
    const char *met_at = "as it was";

    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    while (arena_alloc(arena, 1))
        ;
    CU_ASSERT_EQUAL(engine_progress_read(&ctx, "a", "", &p), CQ_INTERNAL);
    CU_ASSERT_EQUAL(engine_progress_none(&ctx, "a", &met_at), CQ_INTERNAL);
    CU_ASSERT_EQUAL(p.n, 99);
    ASSERT_TEXT(met_at, "as it was");
    arena_destroy(arena);
}

SUITE(progress, {"nothing is met at first", test_nothing_is_met_at_first}, {"counts", test_counts},
      {"counts alone", test_counts_alone}, {"each objective", test_each_objective}, {"a place of 0", test_place_zero},
      {"too many lines", test_too_many}, {"memory is short", test_memory_is_short});
