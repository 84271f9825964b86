/*
 * Products of 16-bit floats: by the instructions that convert eight at once where the processor has them, by whole
 * numbers elsewhere, which any vector unit can.
 */
#include "files/half.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

/* ---- one ---- */

static uint32_t bits_of(float number)
{
    uint32_t bits;

    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static float number_of(uint32_t bits)
{
    float number;

    memcpy(&number, &bits, sizeof(number));
    return number;
}

/*
 * Adding a number so large that the last bit of the sum is the last one of the half rounds as it should. Source: IEEE 754-2008,
 * 3.6, for the formats.
 */
uint16_t half_of(float number)
{
    const uint32_t bits = bits_of(number), sign = bits >> 16 & 0x8000, size = bits & 0x7FFFFFFF;

    if (size >= 0x477FF000) /* 65520 and beyond */
        return (uint16_t)(sign | 0x7C00);
    if (size < 0x38800000) /* below the least normal one: counted in steps of 2^-24 */
        return (uint16_t)(sign | (bits_of(number_of(size) + 0.5f) - bits_of(0.5f)));
    const uint32_t odd = size >> 13 & 1;

    return (uint16_t)(sign | ((size - 0x38000000 + 0xFFF + odd) >> 13));
}

/* The exponent's bits moved to their place count 112 less than they should. */
static const float exponent_lack = 0x1p112f;

float half_value(uint16_t half)
{
    float size = number_of((uint32_t)(half & 0x7FFF) << 13) * exponent_lack;

    return half & 0x8000 ? -size : size;
}

/* ---- rows, on any processor ---- */

enum { LANES = 8 };
typedef float floats __attribute__((vector_size(LANES * sizeof(float))));
typedef uint32_t words __attribute__((vector_size(LANES * sizeof(uint32_t))));
typedef uint16_t halves __attribute__((vector_size(LANES * sizeof(uint16_t))));

static inline float sum_of(const floats *sum)
{
    float total = 0;

    for (int i = 0; i < LANES; i++)
        total += (*sum)[i];
    return total;
}

static float product_plain(const uint16_t *row, size_t stride, const float *query)
{
    floats sum = {0};

    for (size_t i = 0; i < stride; i += LANES) {
        halves h;
        floats q, size;
        words w;

        memcpy(&h, row + i, sizeof(h));
        memcpy(&q, query + i, sizeof(q));
        w = __builtin_convertvector(h, words);
        words moved = (w & 0x7FFF) << 13, sign = (w & 0x8000) << 16;
        memcpy(&size, &moved, sizeof(size));
        size *= exponent_lack;
        memcpy(&w, &size, sizeof(w));
        w |= sign;
        memcpy(&size, &w, sizeof(size));
        sum += size * q;
    }
    return sum_of(&sum);
}

void half_products_plain(const uint16_t *rows, size_t n, size_t stride, const float *query, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = product_plain(rows + i * stride, stride, query);
}

/* ---- rows, where the processor converts halves ---- */

#if defined(__x86_64__)
#define CONVERTING __attribute__((target("avx2,fma,f16c")))

CONVERTING static inline __m256 eight(const uint16_t *row)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)row));
}

/* Four sums at once: each addition would wait for the one before. */
CONVERTING static float product_converting(const uint16_t *row, size_t stride, const float *query)
{
    __m256 a = _mm256_setzero_ps(), b = a, c = a, d = a;

    for (size_t i = 0; i < stride; i += HALF_LANES) {
        a = _mm256_fmadd_ps(eight(row + i), _mm256_loadu_ps(query + i), a);
        b = _mm256_fmadd_ps(eight(row + i + 8), _mm256_loadu_ps(query + i + 8), b);
        c = _mm256_fmadd_ps(eight(row + i + 16), _mm256_loadu_ps(query + i + 16), c);
        d = _mm256_fmadd_ps(eight(row + i + 24), _mm256_loadu_ps(query + i + 24), d);
    }
    floats sum = (floats)_mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d));

    return sum_of(&sum);
}

CONVERTING static void products_converting(const uint16_t *rows, size_t n, size_t stride, const float *query,
                                           float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = product_converting(rows + i * stride, stride, query);
}

static bool can_convert(void)
{
    unsigned a, b, c = 0, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) && __builtin_cpu_supports("avx2") &&
           __builtin_cpu_supports("fma");
}
#endif

void half_products(const uint16_t *rows, size_t n, size_t stride, const float *query, float *out)
{
#if defined(__x86_64__)
    if (can_convert()) {
        products_converting(rows, n, stride, query, out);
        return;
    }
#endif
    half_products_plain(rows, n, stride, query, out);
}
