/*
 * An arena: memory that is released all at once.
 *
 * Small pieces are cut from blocks, large ones stand apart. Nothing is freed by itself; what must be released otherwise
 * registers a cleanup, and cleanups run newest first when the arena is reset or destroyed. An arena is given its
 * maximum in bytes when it is made; beyond it arena_alloc() returns NULL, as it does when memory is short. An arena
 * belongs to one thread at a time.
 */
#ifndef COLLOQUY_BASE_ARENA_H
#define COLLOQUY_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "colloquy/base/status.h"

struct arena;

typedef void arena_cleanup_fn(void *arg);

/* A new arena whose blocks hold block_bytes and which never exceeds max_bytes in all. NULL when memory is short. */
struct arena *arena_create(size_t block_bytes, size_t max_bytes);

/* Run the cleanups and release everything. NULL is allowed. */
void arena_destroy(struct arena *arena);

/* Run the cleanups and forget everything, keeping the first block for the next request. */
void arena_reset(struct arena *arena);

/* size bytes, aligned for any type, not cleared; NULL when the maximum is reached. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size) MUST_USE;

/* The same, cleared; NULL also when n * size overflows. */
void *arena_zalloc(struct arena *arena, size_t n, size_t size) MUST_USE;

/* A copy of len bytes with a NUL behind them; NULL when the maximum is reached. */
char *arena_strndup(struct arena *arena, const char *text, size_t len) MUST_USE;
char *arena_strdup(struct arena *arena, const char *text) MUST_USE;
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* Call fn(arg) when the arena is reset or destroyed. CQ_INTERNAL when the maximum is reached: fn was not called. */
enum cq_status arena_cleanup(struct arena *arena, arena_cleanup_fn *fn, void *arg) MUST_USE;

/* Bytes taken from the system so far. */
size_t arena_bytes(const struct arena *arena);

#endif
