/*
 * Texts cut into passages: nothing but white space is left out, no character is torn apart, and each passage is of a
 * size; the words of each stand in it, and its excerpt keeps its bounds.
 */
#include "files/cut.h"

#include <string.h>

#include "files/excerpt.h"
#include "files/telling_words.h"
#include "fuzz.h"

static void check_words(const char *text, size_t len, enum telling_use use)
{
    struct telling telling;
    struct telling_word word;
    const char *before = text;

    telling_init(&telling, text, len, use);
    while (telling_next(&telling, &word)) {
        CHECK(word.text >= before && word.len > 0 && word.text + word.len <= text + len);
        before = word.text;
    }
}

static void check_excerpt(struct cq_ctx *ctx, const char *text, size_t len)
{
    const char *passage = arena_strndup(ctx->arena, text, len);
    struct query_word words[] = {{word_hash("a", 1), 1}, {word_hash("b", 1), 2}};

    CHECK(passage);
    const char *got = excerpt(ctx, passage, words, LEN(words));
    CHECK(got);
    check_text(got, strlen(got));
    CHECK(utf8_count(got, strlen(got)) <= EXCERPT_CHARS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    struct buf *cuts = buf_in_arena(ctx->arena, 8 << 20);
    size_t len, done = 0;
    const char *text = input_rest(&in, ctx, &len);

    CHECK(cuts);
    if (!utf8_valid(text, len) || strlen(text) != len)
        return 0;
    cut_text(text, (uint32_t)len, cuts);
    CHECK(!cuts->failed);
    const struct cut *cut = (const struct cut *)(const void *)cuts->data;

    for (size_t i = 0; i < cuts->len / sizeof(*cut); i++) {
        CHECK(cut[i].len > 0 && cut[i].begin <= len && cut[i].len <= len - cut[i].begin);
        CHECK(utf8_valid(text + cut[i].begin, cut[i].len));
        CHECK(cut[i].begin <= done || utf8_blank(text + done, cut[i].begin - done));
        CHECK(i == 0 || cut[i].begin > cut[i - 1].begin);
        if (cut[i].begin + cut[i].len > done)
            done = cut[i].begin + cut[i].len;
        check_words(text + cut[i].begin, cut[i].len, TELLING_TEXT);
        check_excerpt(ctx, text + cut[i].begin, cut[i].len);
    }
    CHECK(utf8_blank(text + done, len - done));
    check_words(text, len, TELLING_QUERY);
    return 0;
}
