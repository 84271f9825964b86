/* Hashed parts of words as vectors. */
#include "stand_in.h"

#include <math.h>
#include <string.h>

enum { PART_BYTES = 5, SIGNS = 8 };

/* A feature on a few dimensions, chosen and signed by its hash. */
static void add(uint64_t hash, float weight, float *vector)
{
    for (int i = 0; i < SIGNS; i++) {
        hash = hash * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        vector[hash >> 40 & (STAND_IN_DIMENSIONS - 1)] += hash >> 63 ? weight : -weight;
    }
}

/* Short words, which stand anywhere, count little. */
static void add_term(const struct term *term, float *vector)
{
    float weight = term->is_unspaced ? 1.0f : logf((float)term->folded_len);

    add(word_hash(term->folded, term->folded_len), weight, vector);
    for (size_t i = 0; i + PART_BYTES < term->folded_len; i++)
        add(word_hash(term->folded + i, PART_BYTES), weight / 2, vector);
}

void stand_in(const char *text, float vector[STAND_IN_DIMENSIONS])
{
    const char *at = text, *end = text + strlen(text);
    struct term term = {0}, before = {0};

    memset(vector, 0, STAND_IN_DIMENSIONS * sizeof(*vector));
    while (term_next(&at, end, &term)) {
        add_term(&term, vector);
        if (term.is_joined)
            add(word_hash(before.folded, before.folded_len) * 31 + word_hash(term.folded, term.folded_len), 2, vector);
        before = term;
    }
}
