/*
 * Retrieval by itself: bench_retrieval FOLDER QUESTIONS
 *
 * How long a search takes over a hundred thousand passages of a hundred documents, by words and by vectors of 1,024
 * dimensions, on one core; and how often the answer is among the first five of the set in QUESTIONS, by words, by vectors,
 * and by both. FOLDER is empty and takes half a gigabyte. Times are of files that are in memory already.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../retrieval/set.h"
#include "../retrieval/stand_in.h"
#include "files/vectors.h"

enum { N_DOCUMENTS = 100, N_PASSAGES = 1000, N_DIMENSIONS = 1024, N_WORDS = 50000, ROUNDS = 15 };

static const char model[] = "stand-in";

static void fail(const struct cq_ctx *ctx, const char *what)
{
    fprintf(stderr, "bench_retrieval: %s: %s\n", what, ctx->error);
    exit(1);
}

static struct cq_ctx ctx_new(void)
{
    struct cq_ctx ctx = {.arena = arena_create(1 << 16, (size_t)2 << 30), .request_id = "-"};

    if (!ctx.arena)
        abort();
    return ctx;
}

/* ---- a hundred thousand passages ---- */

static uint64_t state = 1;

static uint32_t chance(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33);
}

/* A word by Zipf's law: the rank is the exponential of a number by chance. */
static unsigned word_by_chance(void)
{
    return (unsigned)(exp((double)chance() / 0x1p31 * log(N_WORDS)));
}

static void put_page(struct buf *text)
{
    for (size_t i = text->len; text->len - i < 950;)
        buf_printf(text, "w%x%s", word_by_chance(), chance() % 12 ? " " : ". ");
}

/* A page is a passage, so that there are exactly so many. */
static void make_document(struct cq_ctx *ctx, const struct config *config, struct retrieval_document *document)
{
    static struct extracted_text pages[N_PASSAGES];
    struct extraction extraction = {.page_count = N_PASSAGES, .texts = pages, .n_texts = N_PASSAGES};
    struct buf *text = buf_in_arena(ctx->arena, 8 << 20);
    size_t begins[N_PASSAGES + 1] = {0};

    for (size_t i = 0; i < N_PASSAGES; i++) {
        put_page(text);
        begins[i + 1] = text->len;
    }
    for (size_t i = 0; i < N_PASSAGES; i++)
        pages[i] = (struct extracted_text){text->data + begins[i], begins[i + 1] - begins[i], (uint32_t)i + 1};
    if (file_put(ctx, config, text->data, text->len, document->hash) ||
        passages_write(ctx, config, document->hash, &extraction))
        fail(ctx, "passages");
    document->filename = "document.pdf";
    document->kind = DOCUMENT_PDF;
}

static void make_vectors(struct cq_ctx *ctx, const struct config *config, const struct retrieval_document *document)
{
    static float vectors[N_PASSAGES * N_DIMENSIONS];

    for (size_t i = 0; i < LEN(vectors); i++)
        vectors[i] = (float)chance() / 0x1p30f - 1;
    if (vectors_write(ctx, config, document->hash, model, vectors, N_PASSAGES, N_DIMENSIONS))
        fail(ctx, "vectors");
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double now_ms(void)
{
    return (double)clock_mono_us() / 1000;
}

/* The median of some rounds, in milliseconds. */
static double time_search(const struct config *config, const struct retrieval_ask *ask, const float *vector)
{
    double times[ROUNDS];

    for (size_t i = 0; i < ROUNDS; i++) {
        struct cq_ctx ctx = ctx_new();
        struct retrieval_answer answer;
        double start = now_ms();

        if (retrieval_run(&ctx, config, ask, vector, N_DIMENSIONS, model, &answer))
            fail(&ctx, "a search");
        times[i] = now_ms() - start;
        arena_destroy(ctx.arena);
    }
    qsort(times, ROUNDS, sizeof(*times), by_size);
    return times[ROUNDS / 2];
}

/* Only comparing: no ranking. */
static double time_scan(const struct config *config, const struct retrieval_document *documents, const float *vector)
{
    double times[ROUNDS];
    static float cosines[N_PASSAGES];

    for (size_t i = 0; i < ROUNDS; i++) {
        struct cq_ctx ctx = ctx_new();
        double start = now_ms();
        const float *unit = vector_unit(&ctx, vector, N_DIMENSIONS);

        for (size_t k = 0; k < N_DOCUMENTS; k++) {
            struct vectors vectors;

            if (vectors_open(&ctx, config, documents[k].hash, model, &vectors))
                fail(&ctx, "vectors");
            vectors_cosines(&vectors, unit, cosines);
        }
        times[i] = now_ms() - start;
        arena_destroy(ctx.arena);
    }
    qsort(times, ROUNDS, sizeof(*times), by_size);
    return times[ROUNDS / 2];
}

static void measure_times(const struct config *config)
{
    static struct retrieval_document documents[N_DOCUMENTS];
    struct retrieval_ask ask = {.query = "where is w1f3 w20 wab w77a w2 w5e0 and w3",
                                .documents = documents,
                                .n_documents = N_DOCUMENTS,
                                .max_results = 5};
    static float vector[N_DIMENSIONS];
    double start = now_ms();

    for (size_t i = 0; i < N_DOCUMENTS; i++) {
        struct cq_ctx ctx = ctx_new();

        make_document(&ctx, config, &documents[i]);
        arena_destroy(ctx.arena);
    }
    double made = now_ms() - start;

    for (size_t i = 0; i < N_DOCUMENTS; i++) {
        struct cq_ctx ctx = ctx_new();

        make_vectors(&ctx, config, &documents[i]);
        arena_destroy(ctx.arena);
    }
    for (size_t i = 0; i < N_DIMENSIONS; i++)
        vector[i] = (float)chance() / 0x1p30f - 1;
    printf("%d passages of %d documents: indexed in %.1f s; a search of seven words takes %.1f ms, the scan of vectors "
           "of %d dimensions %.1f ms, a search by both %.1f ms (medians of %d, on one core).\n",
           N_DOCUMENTS * N_PASSAGES, N_DOCUMENTS, made / 1000, time_search(config, &ask, NULL), N_DIMENSIONS,
           time_scan(config, documents, vector), time_search(config, &ask, vector), ROUNDS);
}

/* ---- recall ---- */

static void embed_set(struct cq_ctx *ctx, const struct config *config, const struct set *set, size_t *n_passages)
{
    const char *const *texts;
    size_t n;

    for (size_t i = 0; i < set->n_documents; i++) {
        if (passages_list(ctx, config, set->documents[i].hash, &texts, &n))
            fail(ctx, "the set");
        float *vectors = arena_zalloc(ctx->arena, n * STAND_IN_DIMENSIONS, sizeof(*vectors));

        for (size_t k = 0; k < n; k++)
            stand_in(texts[k], vectors + k * STAND_IN_DIMENSIONS);
        if (vectors_write(ctx, config, set->documents[i].hash, model, vectors, n, STAND_IN_DIMENSIONS))
            fail(ctx, "the set");
        *n_passages += n;
    }
}

enum how { BY_WORDS, BY_VECTORS, BY_BOTH };

/* By vectors alone: nothing is asked in words, so that only what stands out comes. */
static double recall(struct cq_ctx *ctx, const struct config *config, struct set *set, enum how how)
{
    size_t n_found = 0;

    for (size_t i = 0; i < set->n_questions; i++) {
        const struct set_question *question = &set->questions[i];
        struct retrieval_ask ask = {.query = how == BY_VECTORS ? "" : question->text,
                                    .documents = set->documents,
                                    .n_documents = set->n_documents,
                                    .max_results = SET_RESULTS};
        struct retrieval_answer answer;
        float vector[STAND_IN_DIMENSIONS];

        stand_in(question->text, vector);
        if (retrieval_run(ctx, config, &ask, how == BY_WORDS ? NULL : vector, STAND_IN_DIMENSIONS, model, &answer))
            fail(ctx, "the set");
        n_found += set_rank(question, &answer) > 0;
    }
    return (double)n_found / (double)set->n_questions;
}

static void measure_recall(const struct config *config, const char *folder)
{
    struct cq_ctx ctx = ctx_new();
    static struct set set;
    size_t n_passages = 0;

    if (!set_load(&ctx, config, folder, &set))
        fail(&ctx, folder);
    embed_set(&ctx, config, &set, &n_passages);
    printf("%zu questions to %zu passages of %zu documents, answered among the first %d: by words %.3f; by vectors "
           "%.3f, by both %.3f. The vectors are no model's but hashed parts of words, which know no meaning.\n",
           set.n_questions, n_passages, set.n_documents, SET_RESULTS, recall(&ctx, config, &set, BY_WORDS),
           recall(&ctx, config, &set, BY_VECTORS), recall(&ctx, config, &set, BY_BOTH));
    arena_destroy(ctx.arena);
}

int main(int argc, char **argv)
{
    struct config config = {0};

    if (argc != 3) {
        fputs("usage: bench_retrieval FOLDER QUESTIONS\n", stderr);
        return 2;
    }
    config.files.directory = argv[1];
    measure_recall(&config, argv[2]);
    measure_times(&config);
    return 0;
}
