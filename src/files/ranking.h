/*
 * Candidates of a search, best first, and how two rankings of them become one.
 *
 * By words a passage is a candidate from a relevance of RELEVANCE_LEAST on. By vectors it is one when its cosine stands
 * out from those of all passages: what is usual depends on the model (of some, unrelated texts have 0.1, of others 0.7),
 * so that it is taken from the passages themselves, where there are enough of them.
 * Rankings are joined by reciprocal rank: a passage counts 1/(60 + its rank) in each that it is a candidate of. One that
 * does not stand out has no rank by its cosine, however near the top: what is middling in both rankings would go before
 * what is best in one. Source: G. Cormack and others, "Reciprocal Rank Fusion", SIGIR 2009.
 */
#ifndef COLLOQUY_FILES_RANKING_H
#define COLLOQUY_FILES_RANKING_H

#include "colloquy/base.h"

enum { RANKING_MAX = 100 };

#define RELEVANCE_LEAST 0.1

struct candidate {
    size_t source;     /* the document's place in the ask */
    uint32_t passage;  /* in the document */
    double words;      /* share of idf held */
    double bm25;       /* decides between equal ones */
    double cosine;     /* 0: none */
    double reciprocal; /* sum over the rankings that were joined */
};

/* Whether a stands before b. */
typedef bool ranking_fn(const struct candidate *a, const struct candidate *b);

struct ranking {
    struct candidate candidates[RANKING_MAX]; /* best first */
    size_t n;
};

/* By words: relevance, then BM25, then the order of upload. */
ranking_fn ranks_by_words;
ranking_fn ranks_by_cosine;

/* Put it where it belongs; the worst one is dropped when there are too many. */
void ranking_offer(struct ranking *ranking, const struct candidate *candidate, ranking_fn *is_before);

/*
 * The least cosine that stands out among n of all passages: three standard deviations above the mean and half-way from the
 * mean to the greatest; of fewer than 32, which tell nothing of what is usual, nine tenths of the greatest, and 0.3.
 */
double cosine_floor(const float *cosines, size_t n);

/* Leave those that stand out. */
void ranking_cut(struct ranking *by_cosine, double floor);

/* Both as one in words: by reciprocal rank, then as ranks_by_words(). */
void ranking_join(struct ranking *words, const struct ranking *by_cosine);

#endif
