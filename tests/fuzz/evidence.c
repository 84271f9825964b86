/*
 * Evidence: for short quotations the same verdict as a plain search for their words, and what stands there is found.
 *
 * The quotation up to a NUL, then the message.
 */
#include <string.h>

#include "engine/evidence.h"
#include "fuzz.h"

enum { MAX_WORDS = EVIDENCE_WORDS_PER_FAULT - 1, SMALL_BYTES = 1024 };

static size_t read_words(const char *at, struct word *words, size_t max)
{
    const char *end = at + strlen(at);
    size_t n = 0;
    struct word word;

    while (n < max && word_next(&at, end, &word)) {
        CHECK(word.folded_len > 0 && word.folded_len < WORD_MAX_BYTES && word.len > 0);

        check_text(word.folded, word.folded_len);
        words[n++] = word;
    }
    return n;
}

/* Whether the words stand side by side in the message. */
static bool plain_search(const struct word *words, size_t n, const char *message)
{
    const char *end = message + strlen(message);
    struct word window[MAX_WORDS], next;
    size_t n_window = 0;

    while (word_next(&message, end, &next)) {
        if (n_window == n)
            memmove(window, window + 1, --n_window * sizeof(*window));
        window[n_window++] = next;
        bool same = n_window == n;
        for (size_t i = 0; same && i < n; i++)
            same = str_eq(window[i].folded, words[i].folded);
        if (same)
            return true;
    }
    return false;
}

static void check_short(struct cq_ctx *ctx, const char *evidence, const char *message)
{
    struct word words[MAX_WORDS + 1];
    size_t n = read_words(evidence, words, LEN(words));

    if (n > MAX_WORDS || strstr(evidence, "...") || strstr(evidence, "…"))
        return;
    CHECK(evidence_is_quote(ctx, evidence, message) == (n && plain_search(words, n, message)));
}

/* With anything before and behind it. */
static void check_found(struct cq_ctx *ctx, const char *evidence, const char *message)
{
    struct word word;

    if (strlen(evidence) > SMALL_BYTES || strlen(message) > SMALL_BYTES)
        return;
    const char *around = arena_printf(ctx->arena, "%s %s %s", message, evidence, message);

    CHECK(around);
    CHECK(evidence_is_quote(ctx, evidence, around) == (read_words(evidence, &word, 1) == 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    const char *evidence = input_until(&in, ctx, '\0'), *message = input_until(&in, ctx, '\0');

    if (size > 16 << 10)
        return 0;
    bool is_quote = evidence_is_quote(ctx, evidence, message);
    CHECK(!is_quote || (*evidence && *message));
    if (utf8_valid(evidence, strlen(evidence)) && utf8_valid(message, strlen(message))) {
        if (utf8_count(evidence, strlen(evidence)) <= EVIDENCE_MAX_CHARS)
            check_short(ctx, evidence, message);
        check_found(ctx, evidence, message);
    }
    return 0;
}
