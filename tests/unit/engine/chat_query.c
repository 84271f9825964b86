/* What is looked for: the words of a query, and how they are looked up. */
#include "engine/chat_search.h"
#include "unit.h"

/* Each word's lookups, '*' behind what may begin a word; then the order of the words. */
static const char *lookups_of(const char *text)
{
    struct cq_ctx *ctx = unit_ctx();
    struct buf *out = buf_in_arena(ctx->arena, 1 << 16);
    struct search_query query = {0};

    CU_ASSERT_FATAL(out && search_query_read(ctx, text, strlen(text), &query) == CQ_OK);
    for (size_t i = 0; i < query.n; i++) {
        for (size_t k = 0; k < search_lookups(&query.words[i]); k++) {
            bool is_beginning;
            const char *lookup = search_lookup(ctx, &query.words[i], k, &is_beginning);

            buf_printf(out, "%s%s%s", k ? "+" : "", lookup, is_beginning ? "*" : "");
        }
        buf_char(out, ' ');
    }
    for (size_t i = 0; i < query.n_order; i++)
        buf_printf(out, "%zu", query.order[i]);
    return out->data;
}

static void test_table(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        // clang-format off
        {"Photosynthesis", "photosynthesis* 0"},
        {"a an and", "a an and* 012"},
        {"The the THE cat", "the* cat* 0001"},
        {"l’été", "l ete* 01"},
        {"ph\u1EDF pho\u031B\u0309", "pho* 00"},
        {"\"exact phrase\" -not + * % _ \\", "exact* phrase* not* 012"},
        {"50% AND x_y", "50 and* x y 0123"},
        {"<script>alert(1)</script>", "script* alert* 1 0120"},
        {"% _ \" + * \\", ""},
        {"水", "水* 0"},
        {"光合作用", "光合+合作+作用 0"},
        {"光合 作用 光合", "光合 作用 010"},
        {"water水とwater", "water* 水と 010"},
        {"ไทย", "ไท+ทย 0"},
        {"학교 물", "학교* 물 01"},
        {"", ""},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ASSERT_TEXT(lookups_of(rows[i].text), rows[i].want);
}

/* As many words as a query can have. */
static void test_long(void)
{
    char text[401];
    struct search_query query = {0};
    struct cq_ctx *ctx = unit_ctx();

    for (size_t i = 0; i < 400; i += 2)
        memcpy(text + i, i % 4 ? "b " : "a ", 2);
    text[400] = '\0';
    CU_ASSERT_EQUAL(search_query_read(ctx, text, 400, &query), CQ_OK);
    CU_ASSERT_TRUE(query.n == 2 && query.n_order == 200);
}

SUITE(chat_query, {"a table", test_table}, {"a long one", test_long});
