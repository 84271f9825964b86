#include <stdint.h>

#include "unit.h"

static void test_starts_empty(void)
{
    struct buf buf;

    buf_init(&buf, 10);
    ASSERT_TEXT(buf.data, "");
    CU_ASSERT(buf.len == 0 && !buf.failed);
    buf_append(&buf, NULL, 0);
    buf_consume(&buf, 5);
    buf_clear(&buf);
    ASSERT_TEXT(buf.data, "");
    buf_release(&buf);
}

static void test_appends(void)
{
    struct buf buf;

    buf_init(&buf, 1 << 20);
    buf_str(&buf, "ab");
    buf_char(&buf, 'c');
    buf_u64(&buf, 0);
    buf_u64(&buf, UINT64_MAX);
    buf_printf(&buf, "-%s", "x");
    ASSERT_TEXT(buf.data, "abc018446744073709551615-x");
    CU_ASSERT_EQUAL(buf.len, strlen(buf.data));
    buf_clear(&buf);
    buf_printf(&buf, "%5000d", 42);
    CU_ASSERT_EQUAL(buf.len, 5000);
    ASSERT_TEXT(buf.data + 4996, "  42");
    buf_release(&buf);
    ASSERT_TEXT(buf.data, "");
}

static void test_grows_to_many(void)
{
    struct buf buf;

    buf_init(&buf, 300000);
    for (unsigned i = 0; i < 300000; i++)
        buf_char(&buf, (char)('a' + i % 26));
    CU_ASSERT(!buf.failed && buf.len == 300000 && buf.cap == 300001);
    for (unsigned i = 0; i < 300000; i++)
        CU_ASSERT_FATAL(buf.data[i] == (char)('a' + i % 26));
    CU_ASSERT_EQUAL(buf.data[buf.len], '\0');
    buf_release(&buf);
}

static void test_maximum_is_exact(void)
{
    struct buf buf;

    for (size_t max = 0; max < 200; max++) {
        buf_init(&buf, max);
        for (size_t i = 0; i < max; i++)
            buf_char(&buf, 'x');
        CU_ASSERT(!buf.failed && buf.len == max);
        buf_char(&buf, 'x');
        CU_ASSERT(buf.failed && buf.len == max && strlen(buf.data) == max);
        buf_release(&buf);
    }
}

static void test_failure_is_sticky(void)
{
    struct buf buf;

    buf_init(&buf, 5);
    buf_str(&buf, "abc");
    buf_str(&buf, "defg"); /* not cut: dropped whole */
    ASSERT_TEXT(buf.data, "abc");
    CU_ASSERT(buf.failed);
    buf_char(&buf, 'd');
    buf_printf(&buf, "e");
    buf_u64(&buf, 1);
    CU_ASSERT_PTR_NULL(buf_room(&buf, 1));
    ASSERT_TEXT(buf.data, "abc");
    buf_clear(&buf);
    CU_ASSERT(!buf.failed);
    buf_printf(&buf, "%300d", 1); /* longer than the small text it tries first */
    CU_ASSERT(buf.failed && buf.len == 0);
    buf_clear(&buf);
    buf_str(&buf, "abcde");
    ASSERT_TEXT(buf.data, "abcde");
    buf_release(&buf);
}

static void test_room(void)
{
    struct buf buf;
    char *room;

    buf_init(&buf, 100);
    CU_ASSERT_PTR_NOT_NULL(buf_room(&buf, 0));
    room = buf_room(&buf, 100);
    CU_ASSERT_PTR_NOT_NULL_FATAL(room);
    memcpy(room, "hello", 5);
    buf.len += 5;
    ASSERT_TEXT(buf.data, "hello");
    CU_ASSERT_PTR_NULL(buf_room(&buf, 96));
    CU_ASSERT(buf.failed);
    CU_ASSERT_PTR_NULL(buf_room(&buf, SIZE_MAX));
    buf_release(&buf);
}

static void test_consume(void)
{
    struct buf buf;

    buf_init(&buf, 100);
    buf_str(&buf, "hello");
    buf_consume(&buf, 2);
    ASSERT_TEXT(buf.data, "llo");
    CU_ASSERT_EQUAL(buf.len, 3);
    buf_consume(&buf, 0);
    ASSERT_TEXT(buf.data, "llo");
    buf_consume(&buf, 99);
    ASSERT_TEXT(buf.data, "");
    buf_str(&buf, "again");
    ASSERT_TEXT(buf.data, "again");
    buf_release(&buf);
}

static void test_in_arena(void)
{
    struct arena *arena = arena_create(1024, 4096);
    struct buf *buf = buf_in_arena(arena, 100000);

    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    for (int i = 0; i < 1000; i++)
        buf_str(buf, "0123456789");
    CU_ASSERT(!buf->failed && buf->len == 10000);
    CU_ASSERT(arena_bytes(arena) <= 4096); /* its bytes are its own */
    arena_destroy(arena);                  /* and the leak checker says whether they were released */
}

static void test_unbounded(void)
{
    struct buf buf;

    buf_init(&buf, SIZE_MAX);
    buf_str(&buf, "ab");
    CU_ASSERT_PTR_NULL(buf_room(&buf, SIZE_MAX - 2));
    CU_ASSERT(buf.failed);
    ASSERT_TEXT(buf.data, "ab");
    buf_release(&buf);
}

SUITE(buf, {"starts empty", test_starts_empty}, {"appends", test_appends}, {"grows", test_grows_to_many},
      {"its maximum is exact", test_maximum_is_exact}, {"failure is sticky", test_failure_is_sticky},
      {"gives room", test_room}, {"consumes", test_consume}, {"is released with its arena", test_in_arena},
      {"survives absurd sizes", test_unbounded});
