/* The index of passages: which words they hold, and how often. */
#include <stdlib.h>
#include <string.h>

#include "files/passages.h"
#include "files/telling_words.h"

/* A word of a passage. */
struct entry {
    uint64_t word;
    posting posting;
};

static int by_word(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->word != y->word)
        return x->word < y->word ? -1 : 1;
    return (x->posting > y->posting) - (x->posting < y->posting);
}

/* n equal words are next to each other: one is left of them, with their number. Returns how many are left. */
static size_t count_equal(struct entry *entries, size_t n)
{
    size_t n_left = 0;

    for (size_t i = 0; i < n; i++) {
        if (!n_left || entries[n_left - 1].word != entries[i].word)
            entries[n_left++] = entries[i];
        if (posting_times(entries[n_left - 1].posting) < POSTING_TIMES_MAX)
            entries[n_left - 1].posting++;
    }
    return n_left;
}

/* The words of one passage. */
static void add_passage(struct buf *entries, const char *text, uint32_t i, struct passage_row *row)
{
    size_t before = entries->len;
    struct telling telling;
    struct telling_word word;

    telling_init(&telling, text + row->begin, row->len, TELLING_TEXT);
    while (telling_next(&telling, &word)) {
        struct entry entry = {.word = word.hash, .posting = i << 8};

        row->n_telling++;
        buf_append(entries, &entry, sizeof(entry));
    }
    if (entries->failed)
        return;
    struct entry *first = (struct entry *)(void *)(entries->data + before);
    size_t n = (entries->len - before) / sizeof(*first);

    if (n) {
        qsort(first, n, sizeof(*first), by_word);
        buf_truncate(entries, before + count_equal(first, n) * sizeof(*first));
    }
}

/* Sorted entries as the two tables. */
static void put_tables(const struct entry *entries, size_t n, struct buf *words, struct buf *postings)
{
    for (size_t i = 0; i < n;) {
        struct passage_word word = {.hash = entries[i].word, .first = (uint32_t)i};

        for (; i < n && entries[i].word == word.hash; i++, word.n++)
            buf_append(postings, &entries[i].posting, sizeof(posting));
        buf_append(words, &word, sizeof(word));
    }
}

enum cq_status passages_index(struct cq_ctx *ctx, struct passages *p, struct passage_row *rows)
{
    const size_t max = (size_t)UINT32_MAX;
    struct buf *words = buf_in_arena(ctx->arena, max), *postings = buf_in_arena(ctx->arena, max), entries;

    if (!words || !postings)
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for an index");
    buf_init(&entries, max);
    for (uint32_t i = 0; i < p->head.n_rows; i++) {
        add_passage(&entries, p->text, i, &rows[i]);
        p->head.n_telling += rows[i].n_telling;
    }
    size_t n = entries.len / sizeof(struct entry);

    if (n && !entries.failed) {
        qsort(entries.data, n, sizeof(struct entry), by_word);
        put_tables((const struct entry *)(const void *)entries.data, n, words, postings);
    }
    bool is_short = entries.failed || words->failed || postings->failed;

    buf_release(&entries);
    if (is_short)
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for an index");
    p->words = (const struct passage_word *)(const void *)words->data;
    p->postings = (const posting *)(const void *)postings->data;
    p->head.n_words = (uint32_t)(words->len / sizeof(*p->words));
    p->head.n_postings = (uint32_t)n;
    return CQ_OK;
}

size_t passages_find(const struct passages *p, uint64_t word, const posting **out)
{
    size_t low = 0, high = p->head.n_words;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (p->words[middle].hash < word)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == p->head.n_words || p->words[low].hash != word)
        return 0;
    const struct passage_word *found = &p->words[low];

    if (found->first > p->head.n_postings || found->n > p->head.n_postings - found->first)
        return 0;
    *out = p->postings + found->first;
    return found->n;
}
