/* A search over the passages of some documents: what the parts of retrieval share. */
#ifndef COLLOQUY_FILES_SEARCH_H
#define COLLOQUY_FILES_SEARCH_H

#include "files/excerpt.h"
#include "files/passages.h"
#include "files/ranking.h"

enum { QUERY_MAX_WORDS = 1000 }; /* different ones; a question with more is a text, of which the beginning counts */

/* The postings of a word in a document. */
struct found {
    const posting *postings;
    size_t n;
};

struct search {
    struct cq_ctx *ctx;
    const struct config *config;
    const struct retrieval_ask *ask;
    struct query_word *words;
    size_t n_words;
    double all;                /* the sum of idf of all words */
    struct passages *passages; /* of each document; without rows where they are gone */
    struct found *found;       /* n_words for each document */
    size_t n_passages;         /* N: of all documents */
    double mean_telling;       /* telling words of a passage */
    float *cosines;            /* of all passages, document after document; NULL: by words alone */
};

/* The different telling words of a query, at most max. Their number; words NULL: only that. */
size_t query_words(const char *query, struct query_word *words, size_t max);

/* Open the documents' passages and look up the words, and with them what each word tells. */
enum cq_status search_open(struct search *search) MUST_USE;

/* Rank passages by words, from RELEVANCE_LEAST on. */
enum cq_status search_by_words(struct search *search, struct ranking *out) MUST_USE;

/* Fill in search->cosines, which stays NULL where no document has vectors of that model, and rank by them those that stand out. */
enum cq_status search_by_vector(struct search *search, const float *vector, size_t n_dimensions, const char *model,
                                struct ranking *out) MUST_USE;

#endif
