/* Retrieval: the passages of documents that answer a question. */
#include <math.h>
#include <string.h>

#include "files/search.h"

enum { QUERY_LEAST_WORDS = 3 };

const char *retrieval_query(struct cq_ctx *ctx, const char *text, const char *previous)
{
    struct query_word words[QUERY_LEAST_WORDS];

    if (!previous || query_words(text, words, QUERY_LEAST_WORDS) == QUERY_LEAST_WORDS)
        return arena_strdup(ctx->arena, text);
    return arena_printf(ctx->arena, "%s\n%s", previous, text);
}

static double cosine_of(const struct search *s, const struct candidate *c)
{
    size_t at = c->passage;

    for (size_t i = 0; i < c->source; i++)
        at += s->passages[i].head.n_rows;
    return s->cosines ? (double)s->cosines[at] : 0;
}

static enum cq_status take(const struct search *s, const struct candidate *c, struct retrieved *out)
{
    const struct passages *p = &s->passages[c->source];
    struct retrieved got = {.document = c->source, .page = p->rows[c->passage].page};

    enum cq_status st = passages_read(s->ctx, p, c->passage, &got.text);
    if (st)
        return st;
    got.excerpt = excerpt(s->ctx, got.text, s->words, s->n_words);
    if (!got.excerpt)
        return cq_fail(s->ctx, CQ_INTERNAL, "files: no memory for an excerpt");
    got.relevance = fmin(1, fmax(c->words, cosine_of(s, c)));
    *out = got;
    return CQ_OK;
}

/* The best; what turns out to be damaged is left out. */
static enum cq_status take_best(const struct search *s, const struct ranking *ranking, struct retrieval_answer *out)
{
    struct retrieval_answer answer = {0};
    enum cq_status st = CQ_OK;

    answer.passages = arena_zalloc(s->ctx->arena, s->ask->max_results, sizeof(*answer.passages));
    if (!answer.passages)
        return cq_fail(s->ctx, CQ_INTERNAL, "files: no memory for passages");
    for (size_t i = 0; i < ranking->n && answer.n < s->ask->max_results; i++) {
        st = take(s, &ranking->candidates[i], &answer.passages[answer.n]);
        if (st == CQ_SOURCE_GONE)
            log_warn("files: left out of an answer: %s", s->ctx->error);
        else if (st)
            return st;
        else
            answer.n++;
    }
    *out = answer;
    return CQ_OK;
}

enum cq_status retrieval_run(struct cq_ctx *ctx, const struct config *config, const struct retrieval_ask *ask,
                             const float *vector, size_t n_dimensions, const char *model, struct retrieval_answer *out)
{
    struct search search = {.ctx = ctx, .config = config, .ask = ask};
    struct ranking ranking, by_vector;

    enum cq_status st = search_open(&search);
    if (!st)
        st = search_by_words(&search, &ranking);
    if (!st && vector) {
        st = search_by_vector(&search, vector, n_dimensions, model, &by_vector);
        if (!st)
            ranking_join(&ranking, &by_vector);
    }
    return st ? st : take_best(&search, &ranking, out);
}
