#include <stdint.h>

#include "unit.h"

enum { BLOCK = 1024, MAX = 1 << 20 };

static void test_aligned(void)
{
    struct arena *arena = arena_create(BLOCK, MAX);

    for (size_t size = 0; size < 2 * BLOCK; size += 37) {
        char *piece = arena_alloc(arena, size);

        CU_ASSERT_PTR_NOT_NULL_FATAL(piece);
        CU_ASSERT_EQUAL((uintptr_t)piece % _Alignof(max_align_t), 0);
        memset(piece, 0xA5, size);
    }
    arena_destroy(arena);
}

static void test_pieces_stay_apart(void)
{
    struct arena *arena = arena_create(BLOCK, MAX);
    unsigned char *pieces[200];
    size_t sizes[200];

    for (size_t i = 0; i < 200; i++) {
        sizes[i] = i * 7 % 600;
        pieces[i] = arena_alloc(arena, sizes[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(pieces[i]);
        memset(pieces[i], (int)i, sizes[i]);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            CU_ASSERT_FATAL(pieces[i][k] == i);
    CU_ASSERT_PTR_NOT_EQUAL(arena_alloc(arena, 0), arena_alloc(arena, 0));
    arena_destroy(arena);
}

struct note {
    char *order;
    char name;
};

static void note(void *arg)
{
    struct note *n = arg;

    n->order[strlen(n->order)] = n->name;
}

static void test_cleanup_order(void)
{
    struct arena *arena = arena_create(BLOCK, MAX);
    char order[8] = "";
    struct note notes[] = {{order, 'a'}, {order, 'b'}, {order, 'c'}};

    for (size_t i = 0; i < LEN(notes); i++)
        CU_ASSERT_EQUAL(arena_cleanup(arena, note, &notes[i]), CQ_OK);
    arena_reset(arena);
    ASSERT_TEXT(order, "cba");
    arena_reset(arena); /* they run once */
    ASSERT_TEXT(order, "cba");
    CU_ASSERT_EQUAL(arena_cleanup(arena, note, &notes[1]), CQ_OK);
    arena_destroy(arena);
    ASSERT_TEXT(order, "cbab");
    arena_destroy(NULL);
}

/* A cleanup may still use what lives in the arena, and register another. */
static void again(void *arg)
{
    struct arena *arena = *(struct arena **)arg;
    static char order[8];
    static struct note last = {order, 'z'};

    memset(order, 0, sizeof(order));
    CU_ASSERT_EQUAL(arena_cleanup(arena, note, &last), CQ_OK);
}

static void test_cleanup_within_cleanup(void)
{
    struct arena *arena = arena_create(BLOCK, MAX);
    struct arena **self = arena_alloc(arena, sizeof(struct arena *));

    CU_ASSERT_PTR_NOT_NULL_FATAL(self);
    *self = arena;
    CU_ASSERT_EQUAL(arena_cleanup(arena, again, self), CQ_OK);
    arena_destroy(arena);
}

static void test_maximum(void)
{
    static const size_t piece_sizes[] = {16, 100, 300, 5000};

    for (size_t i = 0; i < LEN(piece_sizes); i++) {
        struct arena *arena = arena_create(BLOCK, 16384);
        size_t n = 0;

        while (n < 100000 && arena_alloc(arena, piece_sizes[i]))
            n++;
        CU_ASSERT(n > 0 && n * piece_sizes[i] <= 16384);
        CU_ASSERT(n * piece_sizes[i] > 16384 / 2 || piece_sizes[i] < 100);
        CU_ASSERT(arena_bytes(arena) <= 16384);
        arena_reset(arena);
        CU_ASSERT_PTR_NOT_NULL(arena_alloc(arena, piece_sizes[i]));
        arena_destroy(arena);
    }
}

static void test_beyond_all(void)
{
    struct arena *arena = arena_create(BLOCK, MAX);

    CU_ASSERT_PTR_NULL(arena_alloc(arena, SIZE_MAX));
    CU_ASSERT_PTR_NULL(arena_alloc(arena, MAX));
    CU_ASSERT_PTR_NULL(arena_zalloc(arena, SIZE_MAX / 2, 3));
    CU_ASSERT_PTR_NULL(arena_strndup(arena, "x", SIZE_MAX));
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(arena, 10));
    arena_destroy(arena);
    CU_ASSERT_PTR_NULL(arena_create(BLOCK, 8));
}

static void test_cleanup_full(void)
{
    struct arena *arena = arena_create(256, 512);
    char order[8] = "";
    struct note n = {order, 'x'};

    while (arena_alloc(arena, 16))
        ;
    CU_ASSERT_EQUAL(arena_cleanup(arena, note, &n), CQ_INTERNAL);
    arena_destroy(arena);
    ASSERT_TEXT(order, "");
}

/* A request like the one before it takes nothing more from the system. */
static void test_reset_reuses(void)
{
    struct arena *arena = arena_create(BLOCK, MAX);
    size_t fresh = arena_bytes(arena);
    void *first = arena_alloc(arena, 24);

    CU_ASSERT(fresh < BLOCK + 256);
    CU_ASSERT_PTR_NOT_NULL(arena_alloc(arena, 100000));
    for (int i = 0; i < 100; i++)
        CU_ASSERT_PTR_NOT_NULL(arena_alloc(arena, 200));
    CU_ASSERT(arena_bytes(arena) > 120000);
    arena_reset(arena);
    CU_ASSERT_EQUAL(arena_bytes(arena), fresh);
    CU_ASSERT_PTR_EQUAL(arena_alloc(arena, 24), first);
    arena_destroy(arena);
}

static void test_copies(void)
{
    struct arena *arena = arena_create(BLOCK, MAX);
    const unsigned char *zero = arena_zalloc(arena, 30, 4);

    ASSERT_TEXT(arena_strdup(arena, "Zoë"), "Zoë");
    ASSERT_TEXT(arena_strndup(arena, "abcdef", 3), "abc");
    ASSERT_TEXT(arena_strndup(arena, NULL, 0), "");
    ASSERT_TEXT(arena_printf(arena, "%s-%d", "a", 7), "a-7");
    CU_ASSERT_EQUAL(strlen(arena_printf(arena, "%5000d", 1)), 5000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(zero);
    for (size_t i = 0; i < 120; i++)
        CU_ASSERT_FATAL(zero[i] == 0);
    arena_destroy(arena);
}

SUITE(arena, {"pieces are aligned", test_aligned}, {"pieces stay apart", test_pieces_stay_apart},
      {"cleanups run newest first, once", test_cleanup_order},
      {"a cleanup may use the arena", test_cleanup_within_cleanup}, {"never exceeds its maximum", test_maximum},
      {"refuses absurd sizes", test_beyond_all}, {"says when a cleanup is not registered", test_cleanup_full},
      {"reset keeps the first block alone", test_reset_reuses}, {"copies text", test_copies});
