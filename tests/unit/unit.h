/*
 * What every unit test needs: CUnit, tables of cases, and suites that register themselves.
 *
 * A test file mirrors a source file and ends with
 *     SUITE(router, {"finds a row", test_finds_a_row}, {"says what is allowed", test_allow});
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <CUnit/CUnit.h>
#include <string.h>

#include "colloquy/base.h"

/* A failing row prints its name instead of the condition. */
#define ROW_ASSERT(row, cond) CU_assertImplementation((cond), __LINE__, (row), __FILE__, "", CU_FALSE)

struct unit_test {
    const char *name;
    CU_TestFunc run;
};

void unit_add_suite(const char *name, const struct unit_test *tests, size_t n);

#define SUITE(suite, ...)                                                                                              \
    __attribute__((constructor)) static void register_##suite(void)                                                    \
    {                                                                                                                  \
        static const struct unit_test tests[] = {__VA_ARGS__};                                                         \
        unit_add_suite(#suite, tests, LEN(tests));                                                                     \
    }                                                                                                                  \
    struct unit_test /* takes the semicolon */

/* A context on an arena of 16 MiB, emptied for each use; one at a time. */
struct cq_ctx *unit_ctx(void);

/* Whether the text is exactly that; NULL equals only NULL. */
#define ASSERT_TEXT(got, want) ROW_ASSERT(want, str_eq((got), (want)))

#endif
