/* A buffer that doubles up to its maximum. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "colloquy/base/buf.h"

enum { FIRST_BYTES = 64 };

static char no_bytes[1]; /* what an empty buffer shows; never written, since cap is 0 */

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.data = no_bytes, .max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void buf_release(struct buf *buf)
{
    if (buf->cap)
        free(buf->data);
    buf_init(buf, buf->max);
}

static void release_in_arena(void *buf)
{
    buf_release(buf);
}

struct buf *buf_in_arena(struct arena *arena, size_t max)
{
    struct buf *buf = arena_alloc(arena, sizeof(*buf));

    if (!buf || arena_cleanup(arena, release_in_arena, buf))
        return NULL;
    buf_init(buf, max);
    return buf;
}

/* Make place for len more bytes and a NUL. */
static bool grow(struct buf *buf, size_t len)
{
    size_t need = buf->len + len + 1;
    size_t cap = buf->cap ? buf->cap : FIRST_BYTES;

    while (cap < need)
        cap = cap > buf->max / 2 ? buf->max + 1 : cap * 2;
    if (cap > buf->max + 1)
        cap = buf->max + 1;
    char *data = realloc(buf->cap ? buf->data : NULL, cap);
    if (!data)
        return false;
    if (!buf->cap)
        data[0] = '\0';
    buf->data = data;
    buf->cap = cap;
    return true;
}

static bool reserve(struct buf *buf, size_t len)
{
    if (!buf->failed && (len > buf->max - buf->len || (buf->len + len >= buf->cap && !grow(buf, len))))
        buf->failed = true;
    return !buf->failed;
}

void buf_append_growing(struct buf *buf, const void *data, size_t len)
{
    if (len == 0 || !reserve(buf, len))
        return;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    char small[256];
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    int len = vsnprintf(small, sizeof(small), fmt, ap);
    if (len < 0) {
        buf->failed = true;
    } else if ((size_t)len < sizeof(small)) {
        buf_append(buf, small, (size_t)len);
    } else if (reserve(buf, (size_t)len)) {
        vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
        buf->len += (size_t)len;
    }
    va_end(again);
    va_end(ap);
}

void buf_u64(struct buf *buf, uint64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    buf_append(buf, digits + at, sizeof(digits) - at);
}

char *buf_room(struct buf *buf, size_t len)
{
    if (!reserve(buf, len))
        return NULL;
    if (!buf->cap && !grow(buf, 0))
        return NULL;
    /* Cleared, so that a NUL follows however many of them the caller counts. */
    return memset(buf->data + buf->len, 0, len + 1);
}

void buf_consume(struct buf *buf, size_t n)
{
    if (n > buf->len)
        n = buf->len;
    if (n == 0)
        return;
    buf->len -= n;
    memmove(buf->data, buf->data + n, buf->len + 1);
}

void buf_truncate(struct buf *buf, size_t len)
{
    buf->len = len;
    buf->failed = false;
    if (buf->cap)
        buf->data[len] = '\0';
}

void buf_clear(struct buf *buf)
{
    buf_truncate(buf, 0);
}
