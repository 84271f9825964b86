/* What calls of models used, summed up while they come in. */
#include "colloquy/store.h"
#include "unit.h"

static const struct usage one = {1, 20, 300, 4000, 50000};

static void test_a_model_once_in_order(void)
{
    static const char *const order[] = {"b", "a", "c", "b", "a", "b"};
    static const struct {
        const char *model;
        uint64_t calls;
    } want[] = {{"a", 2}, {"b", 3}, {"c", 1}};
    struct model_calls calls = {.json = NULL};

    for (size_t i = 0; i < LEN(order); i++)
        store_calls_add(&calls, order[i], &one);
    CU_ASSERT_EQUAL_FATAL(calls.n, LEN(want));
    for (size_t i = 0; i < LEN(want); i++) {
        const struct model_usage *got = &calls.models[i];
        uint64_t n = want[i].calls;

        ROW_ASSERT(want[i].model, str_eq(got->model, want[i].model) && got->calls == n);
        ROW_ASSERT(want[i].model, got->sum.input_tokens == n && got->sum.output_tokens == 20 * n);
        ROW_ASSERT(want[i].model, got->sum.cache_read_tokens == 300 * n && got->sum.cache_write_tokens == 4000 * n);
        ROW_ASSERT(want[i].model, got->sum.price_nano == 50000 * n);
    }
}

/* Beyond the eight that there is room for, whose it was is no longer told; how much it was is. */
static void test_too_many_models(void)
{
    static const char *const models[] = {"b", "d", "f", "h", "j", "l", "n", "p", "a", "e", "z"};
    struct model_calls calls = {.json = NULL};
    uint64_t n = 0, output = 0;

    for (size_t i = 0; i < LEN(models); i++)
        store_calls_add(&calls, models[i], &one);
    CU_ASSERT_EQUAL_FATAL(calls.n, USAGE_MAX_MODELS);
    for (size_t i = 0; i < calls.n; i++) {
        n += calls.models[i].calls;
        output += calls.models[i].sum.output_tokens;
        ROW_ASSERT(models[i], str_eq(calls.models[i].model, models[i]));
    }
    CU_ASSERT_TRUE(n == LEN(models) && output == 20 * LEN(models));
}

SUITE(usage, {"a model once, in order", test_a_model_once_in_order}, {"too many models", test_too_many_models});
