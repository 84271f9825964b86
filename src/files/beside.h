/*
 * Files beside a document's file: what was made from it, under its name, a dot and what it is.
 *
 * As documents they are written whole or not at all, and never changed; they are removed with it (file_remove()).
 */
#ifndef COLLOQUY_FILES_BESIDE_H
#define COLLOQUY_FILES_BESIDE_H

#include "colloquy/files.h"

enum { BESIDE_WHAT_BYTES = 32 };

struct part {
    const void *data;
    size_t len;
};

/* Write the parts one after the other; of a file that is not there, nothing is left. CQ_BUSY: as of file_put(). */
enum cq_status beside_write(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                            const char *what, const struct part *parts, size_t n) MUST_USE;

/*
 * Its bytes, mapped until the arena of ctx is reset. CQ_SOURCE_GONE: it is not there, or is empty. CQ_BUSY: it cannot
 * be mapped.
 */
enum cq_status beside_map(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                          const char *what, const void **data, size_t *len) MUST_USE;

/* The first len bytes of it, in data; false: it has not so many, or is not there. */
bool beside_head(const struct config *config, const uint8_t hash[SHA256_BYTES], const char *what, void *data,
                 size_t len, uint64_t *file_bytes);

#endif
