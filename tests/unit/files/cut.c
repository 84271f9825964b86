/* Passages: where a text is cut. */
#include "files/cut.h"

#include "unit.h"

static const char sentence[] = "The quick brown fox jumps over the lazy dog near the old mill. "; /* 63 characters */

/* n times. */
static const char *repeat(struct cq_ctx *ctx, const char *text, size_t n)
{
    struct buf *buf = buf_in_arena(ctx->arena, 1 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    for (size_t i = 0; i < n; i++)
        buf_str(buf, text);
    return buf->data;
}

static const struct cut *cut_it(struct cq_ctx *ctx, const char *text, size_t *n)
{
    struct buf *cuts = buf_in_arena(ctx->arena, 1 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(cuts);
    cut_text(text, (uint32_t)strlen(text), cuts);
    CU_ASSERT_FALSE(cuts->failed);
    *n = cuts->len / sizeof(struct cut);
    return (const struct cut *)(const void *)cuts->data;
}

/* White space as one blank, as passages are measured. */
static size_t chars_of(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80 && !(i && strchr(" \n", text[i]) && strchr(" \n", text[i - 1]));
    return n;
}

/* What holds of every text: nothing is left out but white space, and nothing is much longer than it should be. */
static void check(const char *name, const char *text, const struct cut *cuts, size_t n)
{
    size_t done = 0;

    for (size_t i = 0; i < n; i++) {
        size_t end = cuts[i].begin + cuts[i].len, chars = chars_of(text + cuts[i].begin, cuts[i].len);

        ROW_ASSERT(name, utf8_valid(text + cuts[i].begin, cuts[i].len) && cuts[i].len > 0);
        ROW_ASSERT(name, cuts[i].begin <= done || utf8_blank(text + done, cuts[i].begin - done));
        ROW_ASSERT(name, cuts[i].begin >= done ||
                             chars_of(text + cuts[i].begin, done - cuts[i].begin) <= PASSAGE_OVERLAP_CHARS);
        ROW_ASSERT(name, end > done);
        ROW_ASSERT(name, chars <= PASSAGE_MAX_CHARS && (chars >= PASSAGE_MIN_CHARS || i + 1 == n));
        done = end;
    }
    ROW_ASSERT(name, utf8_blank(text + done, strlen(text) - done));
}

/* Whatever a text is made of, its passages are of about the same size. */
static void test_any(void)
{
    static const struct {
        const char *name, *piece;
        size_t times, least, most;
    } rows[] = {
        {"nothing", "", 1, 0, 0},
        {"white space", " \n\t\n", 500, 0, 0},
        {"a word", "word", 1, 1, 1},
        {"one passage", sentence, 15, 1, 1},
        {"sentences", sentence, 100, 6, 9},
        {"words", "word ", 2000, 10, 14},
        {"no spaces at all", "x", 10000, 10, 14},
        {"no spaces, more bytes than characters", "ü", 5000, 5, 7},
        {"Chinese", "长江发源于唐古拉山，全长六千三百多公里，注入东海。", 200, 5, 7},
        {"Chinese without stops", "长江发源于唐古拉山全长六千三百多公里注入东海", 200, 4, 7},
        {"Thai", "ภาษาไทยเขียนติดกันโดยไม่เว้นวรรคระหว่างคำ", 100, 4, 7},
        {"lines", "Week 3: hash tables and collisions\n", 200, 6, 10},
        {"white space without end", "word\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", 1000, 5, 7},
        {"headings only", "# Heading\n\n", 400, 4, 8},
    };
    struct cq_ctx *ctx;
    size_t n;

    for (size_t i = 0; i < LEN(rows); i++) {
        ctx = unit_ctx();
        const char *text = repeat(ctx, rows[i].piece, rows[i].times);
        const struct cut *cuts = cut_it(ctx, text, &n);

        check(rows[i].name, text, cuts, n);
        ROW_ASSERT(rows[i].name, n >= rows[i].least && n <= rows[i].most);
    }
}

static bool begins(const char *text, const struct cut *cut, const char *with)
{
    return cut->len >= strlen(with) && memcmp(text + cut->begin, with, strlen(with)) == 0;
}

static bool ends(const char *text, const struct cut *cut, const char *with)
{
    return cut->len >= strlen(with) && memcmp(text + cut->begin + cut->len - strlen(with), with, strlen(with)) == 0;
}

/* A heading, however it is written, begins a passage, and stays with what follows. */
static void test_headings(void)
{
    static const char *const headings[] = {
        "## Remedies\n",    "## Remedies\n\n", "Remedies\n========\n\n", "Remedies\n\n",
        "1.4 Remedies\n\n", "Remedies\n",      "第二章 气候\n",
    };
    size_t n;

    for (size_t i = 0; i < LEN(headings); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const char *body = repeat(ctx, sentence, 12);
        const char *text = arena_printf(ctx->arena, "%s\n\n%s%s\n\n%s%s\n", body, headings[i], body, headings[i], body);
        const struct cut *cuts = cut_it(ctx, text, &n);

        check(headings[i], text, cuts, n);
        ROW_ASSERT(headings[i], n == 3);
        for (size_t k = 1; k < n; k++)
            ROW_ASSERT(headings[i], begins(text, &cuts[k], headings[i]) && ends(text, &cuts[k], "the old mill."));
    }
}

/* Where a passage would be too short to end before a heading, it does not end behind it either. */
static void test_early_heading(void)
{
    for (size_t before = 330; before < PASSAGE_MIN_CHARS - 1; before++) {
        struct cq_ctx *ctx = unit_ctx();
        const char *text = arena_printf(ctx->arena, "%.*s\n\n## A heading of some length, for a test\n\n%s",
                                        (int)before, repeat(ctx, "word ", 100), repeat(ctx, sentence, 25));
        size_t n;
        const struct cut *cuts = cut_it(ctx, text, &n);

        check("an early heading", text, cuts, n);
        CU_ASSERT_FALSE(n > 0 && ends(text, &cuts[0], "test"));
    }
}

/* Paragraphs and sentences stay whole; what is short for something ends none. */
static void test_sentences(void)
{
    static const struct {
        const char *name, *piece, *end;
    } rows[] = {
        {"paragraphs",
         "One sentence here, and another. And a third one that goes on, and on, and on for a while. It ends\n\n",
         "It ends"},
        {"sentences", "It was Dr. Smith vs. the state, e.g. in Art. 5, who said (twice.) ", "(twice.)"},
        {"questions", "Is it so? ", "?"},
        {"Chinese", "长江注入东海。他说“好。”", "”"},
        {"Hindi", "यह एक वाक्य है। ", "।"},
    };
    size_t n;

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const char *text = repeat(ctx, rows[i].piece, 250);
        const struct cut *cuts = cut_it(ctx, text, &n);

        check(rows[i].name, text, cuts, n);
        for (size_t k = 0; k + 1 < n; k++)
            ROW_ASSERT(rows[i].name, ends(text, &cuts[k], rows[i].end));
    }
}

/* What stands at the end of one passage begins the next, so that nothing is torn apart. */
static void test_overlap(void)
{
    struct cq_ctx *ctx = unit_ctx();
    size_t n;
    const char *text = repeat(ctx, sentence, 40);
    const struct cut *cuts = cut_it(ctx, text, &n);

    CU_ASSERT_TRUE_FATAL(n >= 2);
    CU_ASSERT_TRUE(cuts[1].begin < cuts[0].begin + cuts[0].len);
    CU_ASSERT_TRUE(begins(text, &cuts[1], "The quick"));
}

SUITE(cut, {"any text", test_any}, {"headings", test_headings}, {"an early heading", test_early_heading},
      {"sentences", test_sentences}, {"an overlap", test_overlap});
