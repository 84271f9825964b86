/* Words looked up in the indexes of documents, and what passages score by them. */
#include "files/search.h"

#include <math.h>
#include <string.h>

#include "files/telling_words.h"

/* ---- the query ---- */

static bool has_word(const struct query_word *words, size_t n, uint64_t hash)
{
    for (size_t i = 0; i < n; i++)
        if (words[i].hash == hash)
            return true;
    return false;
}

size_t query_words(const char *query, struct query_word *words, size_t max)
{
    struct telling telling;
    struct telling_word word;
    size_t n = 0;

    telling_init(&telling, query, strlen(query), TELLING_QUERY);
    while (n < max && telling_next(&telling, &word))
        if (!has_word(words, n, word.hash))
            words[n++].hash = word.hash;
    return n;
}

/* ---- documents ---- */

/* What an image or a binary is found by is its one passage. */
static enum cq_status name_as_passage(struct cq_ctx *ctx, const struct retrieval_document *document,
                                      struct passages *out)
{
    const char *name = document->filename ? document->filename : "";
    bool has_both = *name && document->description && *document->description;
    const char *text = arena_printf(ctx->arena, "%s%s%s", name, has_both ? "\n" : "",
                                    document->description ? document->description : "");

    if (!text)
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for a description");
    return passages_of_one(ctx, text, out);
}

/* One whose passages are gone, or damaged, has none. */
static enum cq_status open_document(struct search *s, size_t i)
{
    const struct retrieval_document *document = &s->ask->documents[i];
    char path[FILE_PATH_BYTES];

    if (document->kind == DOCUMENT_IMAGE || document->kind == DOCUMENT_BINARY)
        return name_as_passage(s->ctx, document, &s->passages[i]);
    enum cq_status st = passages_open(s->ctx, s->config, document->hash, &s->passages[i]);

    if (st != CQ_SOURCE_GONE)
        return st;
    file_path(document->hash, path);
    log_warn("files: %s is passed over in a search: %s", path, s->ctx->error);
    return CQ_OK;
}

/* How often each word stands in how many passages, and what it tells. */
static void look_up(struct search *s)
{
    for (size_t w = 0; w < s->n_words; w++) {
        size_t n = 0;

        for (size_t i = 0; i < s->ask->n_documents; i++) {
            struct found *found = &s->found[i * s->n_words + w];

            found->n = passages_find(&s->passages[i], s->words[w].hash, &found->postings);
            n += found->n;
        }
        s->words[w].idf = log(1 + ((double)s->n_passages + 1) / ((double)n + 0.5));
        s->all += s->words[w].idf;
    }
}

enum cq_status search_open(struct search *s)
{
    size_t n = s->ask->n_documents;
    uint64_t n_telling = 0;
    enum cq_status st = CQ_OK;

    s->words = arena_zalloc(s->ctx->arena, QUERY_MAX_WORDS, sizeof(*s->words));
    s->passages = arena_zalloc(s->ctx->arena, n, sizeof(*s->passages));
    if (!s->words || !s->passages)
        return cq_fail(s->ctx, CQ_INTERNAL, "files: no memory for a search");
    s->n_words = query_words(s->ask->query, s->words, QUERY_MAX_WORDS);
    s->found = arena_zalloc(s->ctx->arena, n * s->n_words, sizeof(*s->found));
    if (!s->found)
        return cq_fail(s->ctx, CQ_INTERNAL, "files: no memory for a search");
    for (size_t i = 0; i < n && !st; i++) {
        st = open_document(s, i);
        s->n_passages += s->passages[i].head.n_rows;
        n_telling += s->passages[i].head.n_telling;
    }
    s->mean_telling = s->n_passages ? (double)n_telling / (double)s->n_passages : 0;
    look_up(s);
    return st;
}

/* ---- scores ---- */

struct score {
    double words, bm25;
};

/* BM25 with the usual parameters. Source: S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework", 2009, 3.5. */
static double bm25(const struct search *s, double idf, uint32_t times, uint32_t n_telling)
{
    const double k1 = 1.2, b = 0.75;
    double length = s->mean_telling > 0 ? (double)n_telling / s->mean_telling : 1;

    return idf * (double)times * (k1 + 1) / ((double)times + k1 * (1 - b + b * length));
}

/* What the passages of one document hold; scores are zero before. */
static void score_document(const struct search *s, size_t i, struct score *scores)
{
    const struct passages *p = &s->passages[i];

    for (size_t w = 0; w < s->n_words; w++) {
        const struct found *found = &s->found[i * s->n_words + w];

        for (size_t k = 0; k < found->n; k++) {
            uint32_t at = posting_passage(found->postings[k]);

            if (at >= p->head.n_rows || (k && at <= posting_passage(found->postings[k - 1])))
                continue; /* damaged */
            scores[at].words += s->words[w].idf;
            scores[at].bm25 += bm25(s, s->words[w].idf, posting_times(found->postings[k]), p->rows[at].n_telling);
        }
    }
}

enum cq_status search_by_words(struct search *s, struct ranking *out)
{
    size_t most = 0;

    out->n = 0;
    for (size_t i = 0; i < s->ask->n_documents; i++)
        most = most > s->passages[i].head.n_rows ? most : s->passages[i].head.n_rows;
    struct score *scores = arena_alloc(s->ctx->arena, most * sizeof(*scores));

    if (!scores)
        return cq_fail(s->ctx, CQ_INTERNAL, "files: no memory for scores");
    for (size_t i = 0; i < s->ask->n_documents && s->n_words; i++) {
        uint32_t n = s->passages[i].head.n_rows;

        memset(scores, 0, n * sizeof(*scores));
        score_document(s, i, scores);
        for (uint32_t k = 0; k < n; k++) {
            struct candidate c = {i, k, .words = fmin(1, scores[k].words / s->all), .bm25 = scores[k].bm25};

            if (c.words >= RELEVANCE_LEAST)
                ranking_offer(out, &c, ranks_by_words);
        }
    }
    return CQ_OK;
}
