/* Tables: what spreadsheets read of what people are called. */
#include "api/csv.h"

#include "unit.h"

static struct buf *begin(struct csv *out)
{
    struct buf *buf = buf_in_arena(unit_ctx()->arena, 1 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    *out = csv_begin(buf);
    CU_ASSERT_STRING_EQUAL(buf->data, "\xEF\xBB\xBF");
    buf_clear(buf);
    return buf;
}

static void test_texts(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {NULL, ""},
        {"", ""},
        {"Ann Bee", "Ann Bee"},
        {" ", " "},
        {"Bee, Ann", "\"Bee, Ann\""},
        {"Ann \"A\" Bee", "\"Ann \"\"A\"\" Bee\""},
        {"\"", "\"\"\"\""},
        {"Ann\nBee", "\"Ann\nBee\""},
        {"Ann\rBee", "\"Ann\rBee\""},
        {"Ann;Bee\tC", "Ann;Bee\tC"},
        {"Zoë 王", "Zoë 王"},
        /* formulas */
        {"=1+1", "'=1+1"},
        {"+1", "'+1"},
        {"-1", "'-1"},
        {"@A1", "'@A1"},
        {"\tx", "'\tx"},
        {"\r=1", "\"'\r=1\""},
        {"=A1,\"x\"", "\"'=A1,\"\"x\"\"\""},
        {"=", "'="},
        {"a=1", "a=1"},
        {"'=1", "'=1"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct csv out;
        struct buf *buf = begin(&out);

        csv_text(&out, rows[i].text);
        ASSERT_TEXT(buf->data, rows[i].want);
    }
}

static void test_rows(void)
{
    struct csv out;
    struct buf *buf = begin(&out);

    csv_u64(&out, UINT64_MAX);
    csv_text(&out, NULL);
    csv_time(&out, 1704067200999);
    csv_end_row(&out);
    csv_text(&out, NULL);
    csv_u64(&out, 0);
    csv_end_row(&out);
    ASSERT_TEXT(buf->data, "18446744073709551615,,2024-01-01T00:00:00Z\r\n,0\r\n");
}

SUITE(csv, {"texts", test_texts}, {"rows", test_rows});
