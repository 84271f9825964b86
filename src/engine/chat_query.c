/* What is looked for: the words of a query. */
#include <string.h>

#include "engine/chat_search.h"

enum { MIN_BEGINNING_LETTERS = 3 };

static enum cq_status no_memory(struct cq_ctx *ctx)
{
    return cq_fail(ctx, CQ_INTERNAL, "a search: out of memory");
}

/* A syllable of Hangul is two letters at least. */
static size_t count_letters(const char *word)
{
    size_t len = strlen(word), letters = 0;

    for (size_t i = 0, n; i < len; i += n) {
        uint32_t c = utf8_decode(word + i, len - i, &n);

        letters += c >= 0xAC00 && c <= 0xD7A3 ? 2 : 1;
    }
    return letters;
}

static bool is_same(const struct search_word *a, const struct search_word *b)
{
    bool is_same = a->is_unspaced == b->is_unspaced && a->n_terms == b->n_terms;

    for (size_t i = 0; is_same && i < a->n_terms; i++)
        is_same = strcmp(a->terms[i], b->terms[i]) == 0;
    return is_same;
}

/* The last word is complete: note it as the next one, and forget it if it was there before. */
static void end_word(struct search_query *query)
{
    struct search_word *word = &query->words[query->n];
    size_t i = 0;

    if (!word->n_terms)
        return;
    word->may_begin = !word->is_unspaced && count_letters(word->terms[0]) >= MIN_BEGINNING_LETTERS;
    while (i < query->n && !is_same(&query->words[i], word))
        i++;
    query->order[query->n_order++] = i;
    if (i == query->n)
        query->n++;
    query->words[query->n].n_terms = 0;
}

enum cq_status search_query_read(struct cq_ctx *ctx, const char *text, size_t len, struct search_query *out)
{
    struct search_query query = {.words = arena_zalloc(ctx->arena, len + 1, sizeof(*query.words)),
                                 .order = arena_zalloc(ctx->arena, len + 1, sizeof(*query.order))};
    const char **terms = arena_alloc(ctx->arena, (len + 1) * sizeof(*terms)), *end = text + len;
    struct term term = {0};

    if (!query.words || !query.order || !terms)
        return no_memory(ctx);
    while (term_next(&text, end, &term)) {
        if (!term.is_joined)
            end_word(&query);
        struct search_word *word = &query.words[query.n];

        if (!word->n_terms)
            word->terms = terms;
        word->is_unspaced = term.is_unspaced;
        *terms = arena_strdup(ctx->arena, term.folded);
        if (!*terms++)
            return no_memory(ctx);
        word->n_terms++;
    }
    end_word(&query);
    *out = query;
    return CQ_OK;
}

size_t search_lookups(const struct search_word *word)
{
    return word->n_terms > 1 ? word->n_terms - 1 : 1;
}

const char *search_lookup(struct cq_ctx *ctx, const struct search_word *word, size_t i, bool *is_beginning)
{
    *is_beginning = word->may_begin || (word->is_unspaced && word->n_terms == 1);
    return word->n_terms > 1 ? arena_printf(ctx->arena, "%s%s", word->terms[i], word->terms[i + 1]) : word->terms[0];
}
