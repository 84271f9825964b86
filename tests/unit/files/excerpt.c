/* Excerpts: where the most of a query stands, within bounds. */
#include "files/excerpt.h"

#include "files/search.h"
#include "unit.h"

static const char *excerpt_for(struct cq_ctx *ctx, const char *passage, const char *query)
{
    struct query_word words[16];
    size_t n = query_words(query, words, LEN(words));

    for (size_t i = 0; i < n; i++)
        words[i].idf = 1;
    return excerpt(ctx, passage, words, n);
}

static void test_short(void)
{
    ASSERT_TEXT(excerpt_for(unit_ctx(), " One \n\n two\tthree ", "two"), "One two three");
    ASSERT_TEXT(excerpt_for(unit_ctx(), "", "two"), "");
}

/* The window with both words, not the one with the same word twice; cut at words, with marks where it was cut. */
static void test_window(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct buf *text = buf_in_arena(ctx->arena, 1 << 16);

    buf_str(text, "alpha alpha ");
    for (int i = 0; i < 60; i++)
        buf_str(text, "filling ");
    buf_str(text, "alpha and beta ");
    for (int i = 0; i < 60; i++)
        buf_str(text, "stuffing ");
    const char *got = excerpt_for(ctx, text->data, "alpha beta");

    CU_ASSERT_PTR_NOT_NULL(strstr(got, "filling alpha and beta stuffing"));
    CU_ASSERT_TRUE(str_starts(got, "…filling ") && str_eq(got + strlen(got) - strlen("stuffing…"), "stuffing…"));
    got = excerpt_for(ctx, text->data, "gamma");
    CU_ASSERT_TRUE(str_starts(got, "alpha alpha filling"));
    got = excerpt_for(ctx, text->data, "filling");
    CU_ASSERT_TRUE(utf8_count(got, strlen(got)) <= EXCERPT_CHARS && utf8_count(got, strlen(got)) > 150);
}

/* At most 200 characters, whatever the text is made of. */
static void test_bounds(void)
{
    static const char *const pieces[] = {"x", "ü", "word ", "长江水", "a\xCC\x81", "word\n\n", "🙂", "ภาษา"};

    for (size_t i = 0; i < LEN(pieces); i++) {
        struct cq_ctx *ctx = unit_ctx();
        struct buf *text = buf_in_arena(ctx->arena, 1 << 16);

        for (int k = 0; k < 500; k++)
            buf_str(text, pieces[i]);
        static const char *const queries[] = {"word", "江水", "xx", ""};

        for (size_t k = 0; k < LEN(queries); k++) {
            const char *got = excerpt_for(ctx, text->data, queries[k]);
            size_t chars = utf8_count(got, strlen(got));

            ROW_ASSERT(pieces[i], chars <= EXCERPT_CHARS && chars >= 150 && utf8_valid(got, strlen(got)));
            ROW_ASSERT(pieces[i], !strchr(got, '\n') && !strstr(got, "  "));
        }
    }
}

SUITE(excerpt, {"a short passage", test_short}, {"the window", test_window}, {"bounds", test_bounds});
