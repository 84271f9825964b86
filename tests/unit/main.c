/* The one main() of the unit tests: runs every suite that registered itself and prints CUnit's summary. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

enum { MAX_SUITES = 64 };

static struct {
    const char *name;
    const struct unit_test *tests;
    size_t n;
} suites[MAX_SUITES];
static size_t n_suites;

void unit_add_suite(const char *name, const struct unit_test *tests, size_t n)
{
    if (n_suites == MAX_SUITES)
        abort();
    suites[n_suites].name = name;
    suites[n_suites].tests = tests;
    suites[n_suites++].n = n;
}

struct cq_ctx *unit_ctx(void)
{
    static struct arena *arena;
    static struct cq_ctx ctx;

    if (!arena)
        arena = arena_create(4096, 16 << 20);
    arena_reset(arena);
    ctx = (struct cq_ctx){.arena = arena, .request_id = "test"};
    return &ctx;
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    for (size_t i = 0; i < n_suites; i++) {
        CU_pSuite suite = CU_add_suite(suites[i].name, NULL, NULL);

        for (size_t k = 0; suite && k < suites[i].n; k++)
            if (!CU_add_test(suite, suites[i].tests[k].name, suites[i].tests[k].run))
                return 2;
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();

    unsigned failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    unsigned run = CU_get_number_of_tests_run();

    arena_destroy(unit_ctx()->arena);
    CU_cleanup_registry();
    return failed || !run ? 1 : 0;
}
