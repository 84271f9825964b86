/* What every part of the harness needs: memory that lives as long as a test or as the program, and time. */
#include <stdio.h>
#include <time.h>

#include "harness.h"

enum { TEST_MAX_BYTES = 1 << 30 };

static struct arena *program_arena; /* of what outlives a test */

struct arena *test_arena(void)
{
    static struct arena *arena;

    if (!arena)
        arena = arena_create(1 << 16, TEST_MAX_BYTES);
    if (!arena)
        harness_die("out of memory");
    return arena;
}

static char *vtextf(struct arena *arena, const char *fmt, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *text = len < 0 || !arena ? NULL : arena_alloc(arena, (size_t)len + 1);
    if (!text)
        harness_die("a test needs more than %d bytes", TEST_MAX_BYTES);
    vsnprintf(text, (size_t)len + 1, fmt, ap);
    return text;
}

char *textf(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    char *text = vtextf(test_arena(), fmt, ap);
    va_end(ap);
    return text;
}

char *lastingf(const char *fmt, ...)
{
    va_list ap;

    if (!program_arena)
        program_arena = arena_create(4096, TEST_MAX_BYTES);
    va_start(ap, fmt);
    char *text = vtextf(program_arena, fmt, ap);
    va_end(ap);
    return text;
}

char *repeated(const char *piece, size_t n)
{
    size_t len = strlen(piece);
    char *text = arena_alloc(test_arena(), len * n + 1);

    if (!text)
        harness_die("a test needs more than %d bytes", TEST_MAX_BYTES);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * len, piece, len);
    text[len * n] = '\0';
    return text;
}

void pause_ms(unsigned ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}, NULL);
}

bool wait_until(bool (*is_done)(void *arg), void *arg, int64_t limit_ms)
{
    int64_t end_ms = clock_mono_ms() + limit_ms;

    while (!is_done(arg)) {
        if (clock_mono_ms() >= end_ms)
            return false;
        pause_ms(20);
    }
    return true;
}

void harness_end(void)
{
    keeper_finish();
    arena_destroy(test_arena());
    arena_destroy(program_arena);
}
