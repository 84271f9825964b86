/* An excerpt of a passage: what is shown of it where there is little room. */
#ifndef COLLOQUY_FILES_EXCERPT_H
#define COLLOQUY_FILES_EXCERPT_H

#include "colloquy/base.h"

enum { EXCERPT_CHARS = 200 };

/* A telling word of a query, and how much it tells. */
struct query_word {
    uint64_t hash;
    double idf;
};

/*
 * At most EXCERPT_CHARS characters where the words that tell most stand together, the beginning when none does. White
 * space is collapsed; where it does not begin or end as the passage does it is cut at words, with "…". In ctx->arena;
 * NULL: memory.
 */
const char *excerpt(struct cq_ctx *ctx, const char *passage, const struct query_word *words, size_t n_words);

#endif
