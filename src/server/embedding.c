/* The vectors of one document, a few passages at a time. */
#include "server/documents_worker.h"

#include <stdlib.h>

enum {
    BLOCK_BYTES = 64 << 10,
    BATCH_MS = 60000,
    LOOK_MS = 200,         /* how often to see whether nobody waits any more */
    BATCH_MAX_TEXTS = 64,  /* more are asked for at once by nobody who has a small machine */
    VECTORS_MAX_MIB = 512, /* of a document with more passages only the words are known */
    PASSAGES_MAX_BYTES = 1 << 28,
};

bool embedding_model_name(const struct config *config, char out[MODEL_NAME_BYTES])
{
    const struct config_model *model = NULL;

    if (!config->embeddings.model)
        return false;
    for (size_t i = 0; i < config->n_models && !model; i++)
        if (str_eq(config->models[i].name, config->embeddings.model))
            model = &config->models[i];
    snprintf(out, MODEL_NAME_BYTES, "%s %s", model ? model->provider : "-",
             model && model->id ? model->id : config->embeddings.model);
    return llm_embed_max(config) > 0;
}

enum cq_status embedding_begin(struct embedding *e, const struct config *config, uint64_t document_id,
                               const uint8_t hash[SHA256_BYTES])
{
    *e = (struct embedding){.document_id = document_id, .ctx = {.request_id = "-"}};
    memcpy(e->hash, hash, sizeof(e->hash));
    e->ctx.arena = arena_create(BLOCK_BYTES, PASSAGES_MAX_BYTES);
    e->calls = e->ctx.arena ? arena_zalloc(e->ctx.arena, 1, sizeof(*e->calls)) : NULL;
    if (!e->calls)
        return cq_fail(&e->ctx, CQ_INTERNAL, "memory is short");
    return passages_list(&e->ctx, config, hash, &e->texts, &e->n);
}

bool embedding_is_under_way(const struct embedding *e)
{
    return e->ctx.arena != NULL;
}

void embedding_release(struct embedding *e)
{
    arena_destroy(e->ctx.arena);
    free(e->vectors);
    *e = (struct embedding){.n = 0};
}

/* ---- a batch ---- */

static void count(struct embedding *e, const struct llm_cost *cost)
{
    for (size_t i = 0; i < cost->n; i++) {
        const struct llm_spent *spent = &cost->spent[i];
        const struct usage usage = {.input_tokens = spent->usage.input,
                                    .output_tokens = spent->usage.output,
                                    .cache_read_tokens = spent->usage.cache_read,
                                    .cache_write_tokens = spent->usage.cache_write,
                                    .price_nano = spent->price_nano};

        store_calls_add(e->calls, spent->model, &usage);
    }
}

/* The first ones tell how much room all of them take. */
static enum cq_status make_room(struct embedding *e, size_t n_dimensions)
{
    e->n_dimensions = n_dimensions;
    if (n_dimensions < 1 || e->n > ((size_t)VECTORS_MAX_MIB << 20) / sizeof(float) / n_dimensions)
        return cq_fail(&e->ctx, CQ_INTERNAL, "%zu passages of %zu dimensions are too much", e->n, n_dimensions);
    e->vectors = malloc(e->n * n_dimensions * sizeof(float));
    return e->vectors ? CQ_OK : cq_fail(&e->ctx, CQ_INTERNAL, "memory is short");
}

static void take_vectors(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost)
{
    struct embedding *e = user;

    e->call = NULL;
    count(e, cost);
    if (!st && !reply->vectors) /* stopped before they came */
        st = cq_fail(&e->ctx, CQ_MODEL_NO_RESPONSE, "no vectors came");
    if (!st && !e->vectors)
        st = make_room(e, reply->n_dimensions);
    else if (!st && reply->n_dimensions != e->n_dimensions)
        st = cq_fail(&e->ctx, CQ_MODEL_INVALID_RESPONSE, "vectors of %zu and of %zu dimensions", e->n_dimensions,
                     reply->n_dimensions);
    if (!st)
        memcpy(e->vectors + e->n_done * e->n_dimensions, reply->vectors,
               e->ask.n_texts * e->n_dimensions * sizeof(float));
    e->st = st;
}

static enum cq_status run_batch(struct embedding *e, struct llm_loop *loop, size_t max_texts,
                                const _Atomic bool *is_leaving)
{
    size_t left = e->n - e->n_done, most = max_texts < BATCH_MAX_TEXTS ? max_texts : BATCH_MAX_TEXTS;

    e->ask = (struct llm_ask){.task = LLM_EMBED,
                              .texts = e->texts + e->n_done,
                              .n_texts = left < most ? left : most,
                              .total_timeout_ms = BATCH_MS};
    enum cq_status st = llm_start(loop, &e->ctx, &e->ask, NULL, take_vectors, e, &e->call);
    if (st)
        return st;
    while (e->call) {
        llm_loop_wait(loop, NULL, 0, LOOK_MS);
        if (*is_leaving && e->call)
            llm_stop(e->call);
        llm_loop_run(loop);
    }
    if (!e->st)
        e->n_done += e->ask.n_texts;
    return e->st;
}

/* What has been removed meanwhile is not to leave anything behind. */
static enum cq_status write_vectors(struct embedding *e, const struct config *config, const char *model)
{
    enum cq_status st = vectors_write(&e->ctx, config, e->hash, model, e->vectors, e->n, e->n_dimensions);

    if (!st && !file_is_there(config, e->hash))
        st = file_remove(&e->ctx, config, e->hash);
    return st;
}

enum cq_status embedding_step(struct embedding *e, struct llm_loop *loop, const struct config *config, size_t max_texts,
                              const char *model, const _Atomic bool *is_leaving)
{
    enum cq_status st = e->n_done < e->n ? run_batch(e, loop, max_texts, is_leaving) : CQ_OK;

    return !st && e->n && e->n_done == e->n ? write_vectors(e, config, model) : st;
}
