/* 16-bit floats: what numbers become, and products by either way. */
#include "files/half.h"

#include <math.h>

#include "unit.h"

static void test_numbers(void)
{
    static const struct {
        const char *name;
        float number;
        uint16_t half;
    } rows[] = {
        {"0", 0, 0},
        {"1", 1, 0x3C00},
        {"-2", -2, 0xC000},
        {"a third", 1.0f / 3, 0x3555},
        {"the greatest", 65504, 0x7BFF},
        {"beyond", 65520, 0x7C00},
        {"the least normal", 0x1p-14f, 0x0400},
        {"below it", 0x1p-15f, 0x0200},
        {"the least", 0x1p-24f, 0x0001},
        {"a tie goes to even", 0x1p-25f, 0x0000},
        {"nothing", 0x1p-30f, 0x0000},
        {"a tie, down", 1 + 0x1p-11f, 0x3C00},
        {"a tie, up", 1 + 3 * 0x1p-11f, 0x3C02},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, half_of(rows[i].number) == rows[i].half);
    for (uint32_t half = 0; half < 0x7C00; half++)
        if (half_of(half_value((uint16_t)half)) != half ||
            half_of(half_value((uint16_t)(half | 0x8000))) != (half | 0x8000))
            ROW_ASSERT("each half is read as it was written", false);
}

static void test_products(void)
{
    enum { ROWS = 7, STRIDE = 3 * HALF_LANES };
    static uint16_t rows[ROWS * STRIDE];
    static float query[STRIDE];
    float plain[ROWS], fast[ROWS];

    for (size_t i = 0; i < ROWS * STRIDE; i++)
        rows[i] = half_of((float)((i * 37) % 101) / 100 - 0.5f);
    for (size_t i = 0; i < STRIDE; i++)
        query[i] = (float)((i * 53) % 97) / 100 - 0.5f;
    half_products_plain(rows, ROWS, STRIDE, query, plain);
    half_products(rows, ROWS, STRIDE, query, fast);
    for (size_t i = 0; i < ROWS; i++) {
        double want = 0;

        for (size_t k = 0; k < STRIDE; k++)
            want += (double)half_value(rows[i * STRIDE + k]) * (double)query[k];
        CU_ASSERT_DOUBLE_EQUAL((double)plain[i], want, 1e-4);
        CU_ASSERT_DOUBLE_EQUAL((double)fast[i], want, 1e-4);
    }
}

SUITE(half, {"numbers", test_numbers}, {"products", test_products});
