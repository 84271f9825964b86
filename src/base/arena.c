/* Arenas: small pieces from blocks, large ones apart, cleanups newest first. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "colloquy/base/arena.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
enum { GAP_BYTES = 16 }; /* unreadable bytes between pieces, so that the sanitizer sees one run into the next */
#else
#define ASAN_POISON_MEMORY_REGION(start, len)   ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(start, len) ((void)0)
enum { GAP_BYTES = 0 };
#endif

enum { ALIGN = _Alignof(max_align_t), LARGE_PART = 4 };

/* A block, or a large piece: the bytes follow. */
struct chunk {
    _Alignas(max_align_t) struct chunk *next;
    size_t bytes;
};

struct cleanup {
    struct cleanup *next;
    arena_cleanup_fn *fn;
    void *arg;
};

struct arena {
    struct chunk *blocks; /* the one that pieces are cut from comes first, the one made with the arena last */
    struct chunk *large;
    struct cleanup *cleanups;
    char *free, *end; /* what is left of the first of blocks */
    size_t block_bytes, max_bytes, bytes;
    struct chunk first;
};

static char *chunk_data(struct chunk *chunk)
{
    return (char *)(chunk + 1);
}

static void use_block(struct arena *arena, struct chunk *block)
{
    arena->blocks = block;
    arena->free = chunk_data(block);
    arena->end = arena->free + block->bytes;
    ASAN_POISON_MEMORY_REGION(arena->free, block->bytes);
}

struct arena *arena_create(size_t block_bytes, size_t max_bytes)
{
    if (max_bytes < sizeof(struct arena))
        return NULL;
    if (block_bytes > max_bytes - sizeof(struct arena))
        block_bytes = max_bytes - sizeof(struct arena);
    block_bytes -= block_bytes % ALIGN;

    struct arena *arena = malloc(sizeof(*arena) + block_bytes);
    if (!arena)
        return NULL;
    *arena = (struct arena){
        .block_bytes = block_bytes,
        .max_bytes = max_bytes,
        .bytes = sizeof(*arena) + block_bytes,
        .first = {.bytes = block_bytes},
    };
    use_block(arena, &arena->first);
    return arena;
}

static void run_cleanups(struct arena *arena)
{
    while (arena->cleanups) {
        struct cleanup *cleanup = arena->cleanups;

        arena->cleanups = cleanup->next;
        cleanup->fn(cleanup->arg);
    }
}

static void free_chunks(struct chunk *chunk, const struct chunk *stop)
{
    while (chunk != stop) {
        struct chunk *next = chunk->next;

        ASAN_UNPOISON_MEMORY_REGION(chunk_data(chunk), chunk->bytes);
        free(chunk);
        chunk = next;
    }
}

void arena_reset(struct arena *arena)
{
    run_cleanups(arena);
    free_chunks(arena->blocks, &arena->first);
    free_chunks(arena->large, NULL);
    arena->large = NULL;
    arena->bytes = sizeof(*arena) + arena->block_bytes;
    use_block(arena, &arena->first);
}

void arena_destroy(struct arena *arena)
{
    if (!arena)
        return;
    arena_reset(arena);
    ASAN_UNPOISON_MEMORY_REGION(chunk_data(&arena->first), arena->first.bytes);
    free(arena);
}

/* A chunk for size bytes, counted and put before *list. */
static struct chunk *add_chunk(struct arena *arena, struct chunk **list, size_t size)
{
    size_t left = arena->max_bytes - arena->bytes;

    if (left < sizeof(struct chunk) || size > left - sizeof(struct chunk))
        return NULL;
    struct chunk *chunk = malloc(sizeof(*chunk) + size);
    if (!chunk)
        return NULL;
    *chunk = (struct chunk){.next = *list, .bytes = size};
    *list = chunk;
    arena->bytes += sizeof(*chunk) + size;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > arena->block_bytes / LARGE_PART) {
        struct chunk *chunk = add_chunk(arena, &arena->large, size);

        return chunk ? chunk_data(chunk) : NULL;
    }
    size_t step = (size + GAP_BYTES + ALIGN - 1) / ALIGN * ALIGN;

    if (step == 0)
        step = ALIGN; /* so that a piece of no bytes has an address of its own */
    if (step > (size_t)(arena->end - arena->free)) {
        struct chunk *block = add_chunk(arena, &arena->blocks, arena->block_bytes > step ? arena->block_bytes : step);

        if (!block)
            return NULL;
        use_block(arena, block);
    }
    void *piece = arena->free;

    arena->free += step;
    ASAN_UNPOISON_MEMORY_REGION(piece, size);
    return piece;
}

void *arena_zalloc(struct arena *arena, size_t n, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    void *piece = arena_alloc(arena, bytes);
    return piece ? memset(piece, 0, bytes) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    char *copy = len < SIZE_MAX ? arena_alloc(arena, len + 1) : NULL;

    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list ap, again;
    char *text = NULL;

    va_start(ap, fmt);
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, ap);
    if (len >= 0)
        text = arena_alloc(arena, (size_t)len + 1);
    if (text)
        vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return text;
}

enum cq_status arena_cleanup(struct arena *arena, arena_cleanup_fn *fn, void *arg)
{
    struct cleanup *cleanup = arena_alloc(arena, sizeof(*cleanup));

    if (!cleanup)
        return CQ_INTERNAL;
    *cleanup = (struct cleanup){.next = arena->cleanups, .fn = fn, .arg = arg};
    arena->cleanups = cleanup;
    return CQ_OK;
}

size_t arena_bytes(const struct arena *arena)
{
    return arena->bytes;
}
