/* What is shown of a text that was found. */
#include "engine/chat_search.h"
#include "unit.h"

static const char *fragments_in(struct cq_ctx *ctx, const char *query_text, const char *text, size_t max)
{
    struct buf *out = buf_in_arena(ctx->arena, 1 << 20);
    struct search_fragment fragments[ENGINE_MAX_FRAGMENTS];
    struct search_query query = {0};
    size_t n = 0;

    CU_ASSERT_FATAL(out && search_query_read(ctx, query_text, strlen(query_text), &query) == CQ_OK);
    CU_ASSERT_EQUAL(search_fragments(ctx, &query, text, max, fragments, &n), CQ_OK);
    for (size_t i = 0; i < n; i++) {
        buf_str(out, i ? "|" : "");
        buf_str(out, fragments[i].html);
    }
    return out->data;
}

static const char *fragments_of(const char *query, const char *text, size_t max)
{
    return fragments_in(unit_ctx(), query, text, max);
}

static void test_marks(void)
{
    static const struct {
        const char *query, *text, *want;
    } rows[] = {
        // clang-format off
        {"photosynthesis", "Photosynthesis basics", "<em>Photosynthesis</em> basics"},
        {"photo", "how does photosynthesis work?", "how does <em>photosynthesis</em> work?"},
        {"of", "of often OF", "<em>of</em> often <em>OF</em>"},
        {"cafe", "Un Café, un cafe\u0301s", "Un <em>Café</em>, un <em>cafe\u0301s</em>"},
        {"strasse", "Die Straße", "Die <em>Straße</em>"},
        {"john", "John's and john’s", "<em>John</em>'s and <em>john</em>’s"},
        {"光合", "植物的光合作用", "植物的<em>光合</em>作用"},
        {"水", "水水 喝水", "<em>水</em><em>水</em> 喝<em>水</em>"},
        {"光合作 合作用", "光合作用", "<em>光合作用</em>"},
        {"ガラス", "ｶﾞﾗｽと カ\u3099ラス", "<em>ｶﾞﾗｽ</em>と <em>カ\u3099ラス</em>"},
        {"script", "<script>alert(\"1\" & '2')</script>", "&lt;<em>script</em>&gt;alert(\"1\" &amp; '2')&lt;/<em>script</em>&gt;"},
        {"em", "<em>x</em> &lt;", "&lt;<em>em</em>&gt;x&lt;/<em>em</em>&gt; &amp;lt;"},
        {"50% _ \\ *", "50% _ \\ * 5000", "<em>50</em>% _ \\ * 5000"},
        {"two", " one\n\n\ttwo \xE2\x80\x83 three\r\n", "one <em>two</em> three"},
        {"none", "some text", ""},
        {"%", "100 %", ""},
        {"a", "", ""},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ASSERT_TEXT(fragments_of(rows[i].query, rows[i].text, 3), rows[i].want);
}

/* n times the same words. */
static const char *times(struct cq_ctx *ctx, size_t n, const char *words)
{
    struct buf *out = buf_in_arena(ctx->arena, 1 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    while (n--)
        buf_str(out, words);
    return out->data;
}

/* Some 150 characters, cut at words on both sides. */
static void test_cut(void)
{
    static const struct {
        const char *name, *query, *before, *match, *after, *begin, *end;
    } rows[] = {
        // clang-format off
        {"within", "needle", "some words ", "needle", " other words", "… words some words", "other words …"},
        {"at the beginning", "needle", "", "needle", " other words", "<em>needle</em> other", "other words …"},
        {"at the end", "needle", "some words ", "needle", "", "… ", "some words <em>needle</em>"},
        {"one long word", "needle", "xxxxxxxxxxx", " needle ", "yyyyyyyyyyy", "… <em>needle</em>", "<em>needle</em> …"},
        {"without spaces", "针", "一二三四五六七八九十", "针", "一二三四五六七八九十", "… ", " …"},
        {"vowels above", "ABC", "ที่", "abc", "ที่", "… ที่", "ที่ …"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const char *text = arena_printf(ctx->arena, "%s%s%s", times(ctx, 100, rows[i].before), rows[i].match,
                                        times(ctx, 100, rows[i].after));
        const char *got = fragments_in(ctx, rows[i].query, text, 1);
        size_t n = utf8_count(got, strlen(got)), len = strlen(got), end = strlen(rows[i].end);

        ROW_ASSERT(rows[i].name, n <= 150 + strlen("<em></em>") + 4);
        ROW_ASSERT(rows[i].name, n > 120 || i == 3);
        ROW_ASSERT(got, str_starts(got, rows[i].begin) && len >= end && strcmp(got + len - end, rows[i].end) == 0);
    }
}

/* The part with most of the words comes first, all of them in order before that; each is shown once. */
static void test_best(void)
{
    struct cq_ctx *ctx = unit_ctx();
    const char *gap = times(ctx, 40, "filler "), *text;

    text = arena_printf(ctx->arena, "cells %swall of a cell %scell wall %scell %scell", gap, gap, gap, gap);
    const char *got = fragments_in(ctx, "cell wall", text, 3), *one = strchr(got, '|');

    CU_ASSERT_PTR_NOT_NULL_FATAL(one);
    const char *two = strchr(one + 1, '|');

    CU_ASSERT_PTR_NOT_NULL_FATAL(two);
    CU_ASSERT_TRUE(strstr(got, "<em>cell</em> <em>wall</em>") < one);
    CU_ASSERT_PTR_NOT_NULL(strstr(one, "<em>wall</em> of a <em>cell</em>"));
    CU_ASSERT_TRUE(strstr(one, "<em>wall</em> of a <em>cell</em>") < two);
    CU_ASSERT_PTR_NOT_NULL(strstr(two, "<em>cell</em>"));
    CU_ASSERT_PTR_NULL(strchr(two + 1, '|'));
    CU_ASSERT_PTR_NULL(strstr(got, "cells")); /* only begins with it */
    ASSERT_TEXT(fragments_in(ctx, "cell", "cell a cell", 3), "<em>cell</em> a <em>cell</em>");
}

/* A match that is longer than a fragment is shown whole; very many of them cost no more than some. */
static void test_long(void)
{
    struct cq_ctx *ctx = unit_ctx();
    const char *run = times(ctx, 40, "一二三四五"), *got = fragments_in(ctx, run, run, 3);

    ASSERT_TEXT(got, arena_printf(ctx->arena, "<em>%s</em>", run));
    got = fragments_in(ctx, "cell", times(ctx, 100000, "cell "), 3);
    CU_ASSERT_TRUE(str_starts(got, "<em>cell</em> <em>cell</em>") && strlen(got) < 3000);
    CU_ASSERT_PTR_NOT_NULL(strstr(got, " …|… "));
}

SUITE(chat_fragment, {"marks", test_marks}, {"cut", test_cut}, {"the best", test_best}, {"long", test_long});
