/* Rankings: short lists that are kept in order. */
#include "files/ranking.h"

#include <math.h>
#include <string.h>

enum { RECIPROCAL_K = 60, USUAL_LEAST = 32 };

static bool is_earlier(const struct candidate *a, const struct candidate *b)
{
    return a->source != b->source ? a->source < b->source : a->passage < b->passage;
}

bool ranks_by_words(const struct candidate *a, const struct candidate *b)
{
    if (a->words > b->words || a->words < b->words)
        return a->words > b->words;
    if (a->bm25 > b->bm25 || a->bm25 < b->bm25)
        return a->bm25 > b->bm25;
    return is_earlier(a, b);
}

bool ranks_by_cosine(const struct candidate *a, const struct candidate *b)
{
    if (a->cosine > b->cosine || a->cosine < b->cosine)
        return a->cosine > b->cosine;
    return is_earlier(a, b);
}

static bool ranks_joined(const struct candidate *a, const struct candidate *b)
{
    if (a->reciprocal > b->reciprocal || a->reciprocal < b->reciprocal)
        return a->reciprocal > b->reciprocal;
    return ranks_by_words(a, b);
}

void ranking_offer(struct ranking *r, const struct candidate *candidate, ranking_fn *is_before)
{
    size_t at = r->n;

    while (at > 0 && is_before(candidate, &r->candidates[at - 1]))
        at--;
    if (at == RANKING_MAX)
        return;
    if (r->n < RANKING_MAX)
        r->n++;
    memmove(&r->candidates[at + 1], &r->candidates[at], (r->n - 1 - at) * sizeof(*candidate));
    r->candidates[at] = *candidate;
}

double cosine_floor(const float *cosines, size_t n)
{
    double sum = 0, squares = 0, greatest = -1;

    for (size_t i = 0; i < n; i++) {
        double cosine = (double)cosines[i];

        sum += cosine;
        squares += cosine * cosine;
        greatest = fmax(greatest, cosine);
    }
    if (n < USUAL_LEAST)
        return fmax(0.3, 0.9 * greatest);
    double mean = sum / (double)n, deviation = sqrt(fmax(0, squares / (double)n - mean * mean));

    return fmax(mean + 3 * deviation, (mean + greatest) / 2);
}

static double reciprocal_of(const struct ranking *r, const struct candidate *c)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->candidates[i].source == c->source && r->candidates[i].passage == c->passage)
            return 1.0 / (double)(RECIPROCAL_K + i + 1);
    return 0;
}

void ranking_join(struct ranking *words, const struct ranking *by_cosine)
{
    struct ranking joined = {.n = 0};

    for (size_t i = 0; i < words->n; i++) {
        struct candidate c = words->candidates[i];

        c.reciprocal = reciprocal_of(words, &c) + reciprocal_of(by_cosine, &c);
        ranking_offer(&joined, &c, ranks_joined);
    }
    for (size_t i = 0; i < by_cosine->n; i++) {
        struct candidate c = by_cosine->candidates[i];

        c.reciprocal = reciprocal_of(by_cosine, &c);
        if (reciprocal_of(words, &c) <= 0)
            ranking_offer(&joined, &c, ranks_joined);
    }
    *words = joined;
}

void ranking_cut(struct ranking *by_cosine, double floor)
{
    while (by_cosine->n && by_cosine->candidates[by_cosine->n - 1].cosine < floor)
        by_cosine->n--;
}
