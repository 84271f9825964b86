/*
 * A growing buffer of bytes.
 *
 * data is never NULL after buf_init() and always ends in a NUL that len does not count. A buffer is given its maximum
 * when made. An append that does not fit leaves the buffer as it was and sets failed; from then on every append is
 * ignored, so that a writer checks once, at the end. Its memory is its own (not an arena's: growing in an arena would
 * keep every old copy) and is released by buf_release(), or with the arena when made by buf_in_arena().
 */
#ifndef COLLOQUY_BASE_BUF_H
#define COLLOQUY_BASE_BUF_H

#include <string.h>

#include "colloquy/base/arena.h"

struct buf {
    char *data;
    size_t len;
    size_t cap; /* bytes allocated for data; 0: data is the shared empty string */
    size_t max; /* len never exceeds it */
    bool failed;
};

void buf_init(struct buf *buf, size_t max);
void buf_release(struct buf *buf);

/* A buffer that is released with the arena; NULL when memory is short. */
struct buf *buf_in_arena(struct arena *arena, size_t max) MUST_USE;

/* Where there is room already, an append is no call: an answer is written in very many small ones. */
void buf_append_growing(struct buf *buf, const void *data, size_t len);

static inline void buf_append(struct buf *buf, const void *data, size_t len)
{
    if (!len || buf->failed || len >= buf->cap - buf->len) {
        buf_append_growing(buf, data, len);
        return;
    }
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

static inline void buf_str(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

static inline void buf_char(struct buf *buf, char c)
{
    buf_append(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_u64(struct buf *buf, uint64_t n);

/*
 * Room for len more bytes at the end, to be written by the caller and then counted by adding to buf->len; NULL when
 * it does not fit.
 */
char *buf_room(struct buf *buf, size_t len);

/* Drop the first n bytes. */
void buf_consume(struct buf *buf, size_t n);

/* Cut to len bytes, of which there are as many; what failed before is forgotten. */
void buf_truncate(struct buf *buf, size_t len);

/* Empty it, keeping its memory; clears failed. */
void buf_clear(struct buf *buf);

#endif
