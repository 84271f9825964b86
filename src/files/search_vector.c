/* Passages by the vectors of their meaning. */
#include <string.h>

#include "files/search.h"
#include "files/vectors.h"

/*
 * The cosines of one document's passages; *is_there: it has vectors, for these passages. Those that are away, damaged or
 * of another number are as if they had not been made yet.
 */
static enum cq_status take_document(struct search *s, size_t i, const char *model, size_t n_dimensions,
                                    const float *unit, float *cosines, bool *is_there)
{
    struct vectors vectors;
    enum cq_status st;

    *is_there = false;
    if (!s->passages[i].head.n_rows || s->ask->documents[i].kind == DOCUMENT_IMAGE ||
        s->ask->documents[i].kind == DOCUMENT_BINARY)
        return CQ_OK;
    st = vectors_open(s->ctx, s->config, s->ask->documents[i].hash, model, &vectors);
    if (st)
        return st == CQ_SOURCE_GONE ? CQ_OK : st;
    if (vectors.n != s->passages[i].head.n_rows || vectors.n_dimensions != n_dimensions)
        return CQ_OK;
    vectors_cosines(&vectors, unit, cosines);
    *is_there = true;
    return CQ_OK;
}

static void rank_document(size_t i, const float *cosines, uint32_t n, struct ranking *out)
{
    for (uint32_t k = 0; k < n; k++) {
        struct candidate c = {.source = i, .passage = k, .cosine = (double)cosines[k]};

        if (c.cosine > 0)
            ranking_offer(out, &c, ranks_by_cosine);
    }
}

enum cq_status search_by_vector(struct search *s, const float *vector, size_t n_dimensions, const char *model,
                                struct ranking *out)
{
    const float *unit = vector_unit(s->ctx, vector, n_dimensions);
    float *cosines = arena_zalloc(s->ctx->arena, s->n_passages, sizeof(*cosines)), *at = cosines;
    float *known = arena_alloc(s->ctx->arena, s->n_passages * sizeof(*known));
    size_t n_known = 0;
    enum cq_status st = CQ_OK;

    out->n = 0;
    if (!unit || !cosines || !known)
        return cq_fail(s->ctx, CQ_INTERNAL, "files: no memory for cosines");
    for (size_t i = 0; i < s->ask->n_documents && !st; at += s->passages[i++].head.n_rows) {
        uint32_t n = s->passages[i].head.n_rows;
        bool is_there;

        st = take_document(s, i, model, n_dimensions, unit, at, &is_there);
        if (st || !is_there)
            continue;
        memcpy(known + n_known, at, n * sizeof(*known));
        n_known += n;
        rank_document(i, at, n, out);
    }
    ranking_cut(out, cosine_floor(known, n_known));
    s->cosines = cosines;
    return st;
}
