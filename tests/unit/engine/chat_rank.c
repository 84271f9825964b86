/* How good what was found is: every rule of the order, against texts. */
#include "engine/chat_search.h"
#include "unit.h"

enum { MAX_TEXTS = 6, MAX_HITS = 1000 };

/* A text of a conversation; seq 0: its title. */
struct text {
    uint64_t conversation_id;
    uint32_t seq;
    const char *text;
};

static struct search_hit hits[MAX_HITS];
static size_t n_hits;

/* Where a word stands, in the store's form; places are near each other here. */
static void add_hit(struct cq_ctx *ctx, const struct text *text, uint32_t word, uint32_t lookup, const char *key,
                    bool is_beginning)
{
    struct term term = {0}, next = {0};
    const char *at = text->text, *end = at + strlen(at);
    bool has_next = term_next(&at, end, &next);

    for (uint32_t place = 0; has_next; place++) {
        char found[2 * WORD_MAX_BYTES];

        term = next;
        has_next = term_next(&at, end, &next);
        snprintf(found, sizeof(found), "%s%s", term.folded, has_next && next.is_joined ? next.folded : "");
        bool is_equal = strcmp(found, key) == 0;

        if (!is_equal && !(is_beginning && str_starts(found, key)))
            continue;
        CU_ASSERT_FATAL(n_hits < MAX_HITS && place < 31);
        hits[n_hits++] = (struct search_hit){word,
                                             lookup,
                                             {text->conversation_id, text->seq ? 1 : 0, is_equal,
                                              arena_printf(ctx->arena, "~%u:%c", text->seq, (char)('0' + place + 1))}};
    }
}

/* The store brings what one word has of one part in one row. */
static void join_hits(struct cq_ctx *ctx)
{
    for (size_t i = 0; i < n_hits; i++)
        for (size_t k = i + 1; k < n_hits; k++) {
            struct search_hit *a = &hits[i], *b = &hits[k];

            if (a->word != b->word || a->lookup != b->lookup || a->row.conversation_id != b->row.conversation_id ||
                a->row.part != b->row.part || !a->row.is_equal || !b->row.is_equal)
                continue;
            struct chat_place last = {.at = a->row.places}, place = {.at = b->row.places};

            while (chat_place_next(&last))
                ;
            CU_ASSERT_TRUE(chat_place_next(&place));
            a->row.places = last.seq == place.seq ? arena_printf(ctx->arena, "%s%c", a->row.places,
                                                                 (char)('0' + place.place - last.place))
                                                  : arena_printf(ctx->arena, "%s%s", a->row.places, b->row.places);
            memmove(b, b + 1, (n_hits - k-- - 1) * sizeof(*b));
            n_hits--;
        }
}

/* "conversation:score[message,…] …", best first. */
static const char *rank(const char *text, const struct text *texts, size_t n)
{
    struct cq_ctx *ctx = unit_ctx();
    struct buf *out = buf_in_arena(ctx->arena, 1 << 16);
    struct search_query query = {0};
    struct search_candidates candidates = {0};

    n_hits = 0;
    CU_ASSERT_FATAL(out && search_query_read(ctx, text, strlen(text), &query) == CQ_OK);
    for (uint32_t word = 0; word < query.n; word++)
        for (uint32_t i = 0; i < search_lookups(&query.words[word]); i++)
            for (size_t k = 0; k < n && texts[k].text; k++) {
                bool is_beginning;
                const char *key = search_lookup(ctx, &query.words[word], i, &is_beginning);

                add_hit(ctx, &texts[k], word, i, key, is_beginning);
            }
    join_hits(ctx);
    CU_ASSERT_EQUAL(search_rank(ctx, &query, hits, n_hits, &candidates), CQ_OK);
    for (size_t i = 0; i < candidates.n; i++) {
        const struct search_candidate *c = &candidates.all[i];

        buf_printf(out, "%s%llu:%u[", i ? " " : "", (unsigned long long)c->conversation_id, c->score);
        for (size_t k = 0; k < c->n_best; k++)
            buf_printf(out, "%s%u", k ? "," : "", c->best[k].seq);
        buf_char(out, ']');
    }
    return out->data;
}

static void test_table(void)
{
    static const struct {
        const char *query;
        struct text texts[MAX_TEXTS];
        const char *want;
    } rows[] = {
        // clang-format off
        {"cell", {{1, 1, "a cell"}}, "1:2000[1]"},
        {"cell", {{1, 0, "Cell"}}, "1:3000[]"},
        {"cell", {{1, 0, "Cell"}, {1, 1, "the cell"}, {2, 1, "cell"}}, "1:5000[1] 2:2000[1]"},
        {"cell", {{1, 0, "Cells"}, {1, 1, "cellular"}}, "1:2500[1]"},
        {"cel", {{1, 1, "a cell"}, {2, 1, "cel"}}, "2:2000[1] 1:1000[1]"},
        {"ce", {{1, 1, "a cell"}}, ""},
        {"cell", {{1, 1, "nothing"}}, ""},
        {"cell wall", {{1, 1, "wall of a cell"}, {2, 1, "the cell wall"}, {3, 1, "wall"}}, "2:9000[1] 1:4000[1] 3:2000[1]"},
        {"cell wall", {{1, 0, "Cell wall"}, {2, 0, "Wall cell"}}, "1:9000[] 2:6000[]"},
        {"cell wall", {{1, 1, "cell"}, {1, 3, "wall"}, {2, 1, "cells"}, {2, 2, "wall"}}, "1:4000[1,3] 2:3000[2,1]"}, /* no phrase over messages */
        {"cell wall", {{1, 1, "cell walls"}, {2, 1, "cell, wall"}}, "2:9000[1] 1:5500[1]"}, /* one is a beginning: half of both */
        {"cell cell", {{1, 1, "a cell cell"}, {2, 1, "cell or cell"}}, "1:7036[1] 2:2036[1]"},
        {"a b c", {{1, 1, "a b x c"}, {2, 1, "a a b c"}}, "2:11036[1] 1:6000[1]"},
        {"a b c", {{1, 1, "b c a b"}, {1, 2, "b c"}}, "1:6092[1,2]"},
        {"photo photosynthesis", {{1, 1, "photosynthesis"}}, "1:3000[1]"}, /* one place is not two words after each other */
        {"cell", {{1, 1, "cell"}, {2, 1, "cell cell cell"}, {3, 1, "cell"}, {3, 2, "cell"}}, "2:2066[1] 3:2036[1,2] 1:2000[1]"},
        {"cell", {{1, 1, "cell"}, {1, 2, "cell cell"}, {1, 3, "cell"}, {1, 4, "cell cell cell"}}, "1:2150[4,2,1]"},
        {"cell", {{1, 1, "cell cell cell cell cell cell cell cell cell cell cell cell cell cell"}, {2, 0, "cells"}, {2, 1, "cells"}}, "2:2500[1] 1:2226[1]"},
        {"光合", {{1, 1, "光合作用"}, {2, 1, "光 合"}, {3, 1, "合光"}}, "1:2000[1]"},
        {"光合作用", {{1, 1, "学光合作用"}, {2, 1, "光合合作作用"}, {3, 0, "光合作用"}}, "3:3000[] 1:2000[1]"},
        {"ababa", {{1, 1, "ababa"}}, "1:2000[1]"},
        {"ヤヤヤ", {{1, 1, "ヤヤヤヤ"}, {2, 1, "ヤヤ"}}, "1:2036[1]"},
        {"水", {{1, 1, "喝水"}, {2, 1, "水中"}, {3, 1, "水"}, {4, 1, "火"}}, "3:2000[1] 2:2000[1] 1:2000[1]"},
        {"光合 作用", {{1, 1, "光合作用"}, {2, 1, "作用光合"}}, "1:9000[1] 2:4000[1]"},
        {"le café", {{1, 1, "LE CAFE\u0301"}}, "1:9000[1]"},
        {"% cell *", {{1, 1, "100% cell"}}, "1:2000[1]"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ASSERT_TEXT(rank(rows[i].query, rows[i].texts, MAX_TEXTS), rows[i].want);
}

/* However often a word comes again, it never makes up for another one. */
static void test_repeated(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct buf *places = buf_in_arena(ctx->arena, 1 << 20);
    struct search_query query = {0};
    struct search_candidates candidates = {0};

    CU_ASSERT_PTR_NOT_NULL_FATAL(places);
    buf_str(places, "~1:");
    for (int i = 0; i < 100000; i++)
        buf_char(places, '1');
    struct search_hit all[] = {
        {0, 0, {1, 1, true, places->data}}, {0, 0, {2, 1, true, "~1:1"}}, {1, 0, {2, 1, false, "~1:3"}}};

    CU_ASSERT_EQUAL(search_query_read(ctx, "one two", 7, &query), CQ_OK);
    CU_ASSERT_EQUAL(search_rank(ctx, &query, all, LEN(all), &candidates), CQ_OK);
    CU_ASSERT_TRUE(candidates.n == 2 && candidates.all[0].conversation_id == 2);
    CU_ASSERT_TRUE(candidates.all[1].score > 2000 && candidates.all[1].score < 2500);
}

SUITE(chat_rank, {"a table", test_table}, {"repeated", test_repeated});
