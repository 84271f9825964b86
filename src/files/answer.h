/* What colloquy-extract has answered, checked as the bytes of somebody who may be anybody by then. */
#ifndef FILES_ANSWER_H
#define FILES_ANSWER_H

#include "colloquy/files.h"

struct answer {
    const char *type; /* NULL: it has told none */
    bool is_unsupported;
    struct extraction extraction;
};

/*
 * Read it. Its texts are moved within the bytes and stay there; NULs are taken out. False: it is not whole, or not what
 * colloquy/extract.h says.
 */
bool answer_read(struct cq_ctx *ctx, char *data, size_t len, struct answer *out) MUST_USE;

/* The same word, if it is one of those that say why there is nothing; else NULL. */
const char *failure_word(const char *word);

#endif
