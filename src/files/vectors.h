/*
 * The file of the vectors of a document's passages: <hash>.vectors-<model>, where the model is told by the beginning of
 * the hash of its name. A head, then a row for each passage (files/half.h). As of passages.h, it may be damaged.
 */
#ifndef COLLOQUY_FILES_VECTORS_H
#define COLLOQUY_FILES_VECTORS_H

#include "colloquy/files.h"

enum { VECTOR_MAX_DIMENSIONS = 16384 };

struct vectors {
    const uint16_t *rows;
    size_t n, n_dimensions;
};

/* CQ_SOURCE_GONE: there are none, or they are damaged. Mapped until the arena of ctx is reset. */
enum cq_status vectors_open(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                            const char *model, struct vectors *out) MUST_USE;

/*
 * A vector as vectors_cosines() takes it: of length 1, padded. NULL: memory. Of one that has no length, or whose numbers are not all
 * finite, every cosine is 0.
 */
const float *vector_unit(struct cq_ctx *ctx, const float *vector, size_t n_dimensions);

/* The cosine of unit with each of n rows. unit has as many dimensions as they. From -1 to 1, whatever is in the file. */
void vectors_cosines(const struct vectors *vectors, const float *unit, float *out);

#endif
