/* Patterns of LIKE. */
#include "store/like.h"

const char *like_containing(struct cq_ctx *ctx, const char *text, size_t len, size_t max_chars)
{
    size_t bytes = 0;
    struct buf *pattern = buf_in_arena(ctx->arena, 2 * len + 3);

    if (!pattern)
        return NULL;
    buf_char(pattern, '%');
    for (size_t i = 0; i <= max_chars && (bytes = utf8_next(text, len)); i++) {
        if (strchr("%_|", *text))
            buf_char(pattern, '|');
        buf_append(pattern, text, bytes);
        text += bytes;
        len -= bytes;
    }
    buf_char(pattern, '%');
    return pattern->failed ? NULL : pattern->data;
}
