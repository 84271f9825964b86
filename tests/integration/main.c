/*
 * The one main() of the integration tests: brings an instance up, runs the suites, and takes everything down again.
 *
 *     integration [SUITE…]      only these suites
 *
 * COLLOQUY_TEST_KEEP=1 keeps the folder of the run (state folders, logs), whose path is printed. The programs are
 * those of the build unless COLLOQUY_TEST_QUICKSTART, COLLOQUY_TEST_PROGRAM and COLLOQUY_TEST_MODEL_SERVER name
 * others.
 */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

enum { MAX_SUITES = 64 };

static struct {
    const char *name;
    const struct unit_test *tests;
    size_t n;
} suites[MAX_SUITES];
static size_t n_suites;
static struct instance *main_instance;
static struct model_server model;

void unit_add_suite(const char *name, const struct unit_test *tests, size_t n)
{
    if (n_suites == MAX_SUITES)
        abort();
    suites[n_suites].name = name;
    suites[n_suites].tests = tests;
    suites[n_suites++].n = n;
}

struct model_server main_model(void)
{
    return model;
}

/* ---- running ---- */

/* Before each suite and each test: the main instance, whatever was used before. */
static void set_up(void)
{
    instance_use(main_instance);
}

static void tear_down(void)
{
    arena_reset(test_arena());
}

static bool is_chosen(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (str_eq(argv[i], name))
            return true;
    return argc < 2;
}

static void add_suites(int argc, char **argv)
{
    for (size_t i = 0; i < n_suites; i++) {
        if (!is_chosen(suites[i].name, argc, argv))
            continue;
        CU_pSuite suite = CU_add_suite_with_setup_and_teardown(suites[i].name, NULL, NULL, set_up, tear_down);

        for (size_t k = 0; suite && k < suites[i].n; k++)
            if (!CU_add_test(suite, suites[i].tests[k].name, suites[i].tests[k].run))
                harness_die("%s", CU_get_error_msg());
    }
}

static void start(void)
{
    int64_t began_ms = clock_mono_ms();

    keeper_start();
    printf("run folder %s\n", run_folder());
    model = model_server_start(NULL, NULL);
    main_instance = instance_create("main", textf("http://127.0.0.1:%d", model.port), NULL);
    printf("instance up in %.1f s\n", (double)(clock_mono_ms() - began_ms) / 1000);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    add_suites(argc, argv);
    start();
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();

    unsigned failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    unsigned run = CU_get_number_of_tests_run();

    CU_cleanup_registry();
    harness_end();
    return failed || !run ? 1 : 0;
}
