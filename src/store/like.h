/* Patterns of LIKE. */
#ifndef STORE_LIKE_H
#define STORE_LIKE_H

#include "store/db.h"

/*
 * For LIKE ? ESCAPE '|': every text in which this one stands as it is. Text that is longer than max_chars can be cut, when what is
 * searched is no longer: it stands in none. In ctx->arena; NULL: memory.
 */
const char *like_containing(struct cq_ctx *ctx, const char *text, size_t len, size_t max_chars);

#endif
