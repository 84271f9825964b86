/* Retrieval: relevance by hand, the order of what is found, and files that are damaged. */
#include <math.h>
#include <stdio.h>

#include "../../retrieval/set.h"
#include "folder.h"
#include "unit.h"

enum { MAX_DOCUMENTS = 8, DIMENSIONS = 4 };

struct scene {
    struct cq_ctx *ctx;
    struct config config;
    struct retrieval_document documents[MAX_DOCUMENTS];
    size_t n;
    struct retrieval_answer answer;
};

static struct scene scene_new(void)
{
    struct scene s = {.ctx = unit_ctx()};

    s.config = folder_config(s.ctx);
    return s;
}

/* A document of that text. */
static void add(struct scene *s, const char *text)
{
    struct extracted_text one = {text, strlen(text), 0};
    struct extraction extraction = {.texts = &one, .n_texts = 1};
    struct retrieval_document *document = &s->documents[s->n++];

    document->filename = "file.txt";
    CU_ASSERT_EQUAL_FATAL(file_put(s->ctx, &s->config, text, one.len, document->hash), CQ_OK);
    CU_ASSERT_EQUAL_FATAL(passages_write(s->ctx, &s->config, document->hash, &extraction), CQ_OK);
}

static void add_named(struct scene *s, enum document_kind kind, const char *filename, const char *description)
{
    s->documents[s->n++] = (struct retrieval_document){.kind = kind, .filename = filename, .description = description};
}

static void search_with(struct scene *s, const char *query, uint32_t max_results, const float *vector)
{
    struct retrieval_ask ask = {
        .query = query, .documents = s->documents, .n_documents = s->n, .max_results = max_results};

    CU_ASSERT_EQUAL_FATAL(
        retrieval_run(s->ctx, &s->config, &ask, vector, DIMENSIONS, vector ? "model" : NULL, &s->answer), CQ_OK);
}

static void search(struct scene *s, const char *query)
{
    search_with(s, query, 5, NULL);
}

static double idf(double n_all, double n)
{
    return log(1 + (n_all + 1) / (n + 0.5));
}

/* Share of idf held; words that are nowhere count as well. */
static void test_relevance(void)
{
    struct scene s = scene_new();

    add(&s, "The mitochondria makes energy.");
    add(&s, "The ribosome makes proteins.");
    add(&s, "A cell wall.");
    static const struct {
        const char *query;
        size_t n;
    } none[] = {{"the", 0}, {"", 0}, {"volcano", 0}, {"What is it?", 0}};

    for (size_t i = 0; i < LEN(none); i++) {
        search(&s, none[i].query);
        ROW_ASSERT(none[i].query, s.answer.n == 0);
    }
    search(&s, "What is a mitochondria?");
    CU_ASSERT_EQUAL_FATAL(s.answer.n, 1);
    CU_ASSERT_DOUBLE_EQUAL(s.answer.passages[0].relevance, 1, 0);
    ASSERT_TEXT(s.answer.passages[0].text, "The mitochondria makes energy.");
    ASSERT_TEXT(s.answer.passages[0].excerpt, "The mitochondria makes energy.");
    CU_ASSERT_EQUAL(s.answer.passages[0].page, 0);

    search(&s, "Which ribosomes are making proteins and volcanoes?");
    const double all = idf(3, 1) + idf(3, 2) + idf(3, 1) + idf(3, 0);

    CU_ASSERT_EQUAL_FATAL(s.answer.n, 2);
    CU_ASSERT_EQUAL(s.answer.passages[0].document, 1);
    CU_ASSERT_DOUBLE_EQUAL(s.answer.passages[0].relevance, (all - idf(3, 0)) / all, 1e-9);
    CU_ASSERT_EQUAL(s.answer.passages[1].document, 0);
    CU_ASSERT_DOUBLE_EQUAL(s.answer.passages[1].relevance, idf(3, 2) / all, 1e-9);
}

/* Below a tenth nothing is a candidate. */
static void test_least(void)
{
    struct scene s = scene_new();

    add(&s, "alpha");
    search(&s, "alpha b1 b2 b3 b4"); /* ln(1 + 2/1.5) = 0.85 of 7.3 */
    CU_ASSERT_EQUAL(s.answer.n, 1);
    search(&s, "alpha b1 b2 b3 b4 b5"); /* of 8.9 */
    CU_ASSERT_EQUAL(s.answer.n, 0);
}

/* By relevance, then BM25: the shorter and the one that has it more often; then by the order of upload. */
static void test_order(void)
{
    struct scene s = scene_new();
    static const size_t want[] = {3, 2, 1, 4, 0};

    add(&s, "alpha and a good deal of other things besides, none of them to the point of anything");
    add(&s, "alpha gamma");
    add(&s, "alpha alpha");
    add(&s, "alpha beta, and a good deal of other things besides");
    add(&s, "gamma alpha");
    search(&s, "alpha beta");
    CU_ASSERT_EQUAL_FATAL(s.answer.n, LEN(want));
    for (size_t i = 0; i < LEN(want); i++)
        CU_ASSERT_EQUAL(s.answer.passages[i].document, want[i]);
    search_with(&s, "alpha beta", 2, NULL);
    CU_ASSERT_EQUAL(s.answer.n, 2);
    search_with(&s, "alpha beta", 0, NULL);
    CU_ASSERT_EQUAL(s.answer.n, 0);
}

/* Images and binaries are found by their names and descriptions, and count as passages. */
static void test_named(void)
{
    struct scene s = scene_new();

    add_named(&s, DOCUMENT_IMAGE, "cell-diagram.png", "A labelled drawing");
    add_named(&s, DOCUMENT_BINARY, "budget.xlsx", NULL);
    add(&s, "Nothing of the kind.");
    search(&s, "Show me the diagrams of a cell");
    CU_ASSERT_TRUE(s.answer.n == 1 && s.answer.passages[0].document == 0);
    search(&s, "labelled");
    CU_ASSERT_EQUAL_FATAL(s.answer.n, 1);
    ASSERT_TEXT(s.answer.passages[0].text, "cell-diagram.png\nA labelled drawing");
    search(&s, "budget kind");
    CU_ASSERT_EQUAL_FATAL(s.answer.n, 2);
    CU_ASSERT_DOUBLE_EQUAL(s.answer.passages[0].relevance, 0.5, 1e-9);
    CU_ASSERT_EQUAL(s.answer.passages[0].document, 1);
    ASSERT_TEXT(s.answer.passages[0].text, "budget.xlsx");
}

static void test_pages(void)
{
    struct scene s = scene_new();
    struct extracted_text pages[] = {{"first page", 10, 1}, {"  ", 2, 2}, {"the harvest", 11, 3}};
    struct extraction extraction = {.page_count = 3, .texts = pages, .n_texts = LEN(pages)};
    const char *const *texts, *text;
    size_t n;

    add_named(&s, DOCUMENT_PDF, "a.pdf", NULL);
    CU_ASSERT_EQUAL_FATAL(file_put(s.ctx, &s.config, "%PDF", 4, s.documents[0].hash), CQ_OK);
    CU_ASSERT_FALSE(passages_are_there(&s.config, s.documents[0].hash));
    CU_ASSERT_EQUAL_FATAL(passages_write(s.ctx, &s.config, s.documents[0].hash, &extraction), CQ_OK);
    CU_ASSERT_TRUE(passages_are_there(&s.config, s.documents[0].hash));
    search(&s, "harvests");
    CU_ASSERT_EQUAL_FATAL(s.answer.n, 1);
    CU_ASSERT_EQUAL(s.answer.passages[0].page, 3);
    CU_ASSERT_EQUAL_FATAL(passages_list(s.ctx, &s.config, s.documents[0].hash, &texts, &n), CQ_OK);
    CU_ASSERT_EQUAL_FATAL(n, 2);
    ASSERT_TEXT(texts[0], "first page");
    ASSERT_TEXT(texts[1], "the harvest");
    CU_ASSERT_EQUAL_FATAL(passages_text(s.ctx, &s.config, s.documents[0].hash, 12, &text), CQ_OK);
    ASSERT_TEXT(text, "first page\n ");
    CU_ASSERT_EQUAL_FATAL(passages_text(s.ctx, &s.config, s.documents[0].hash, 1000, &text), CQ_OK);
    ASSERT_TEXT(text, "first page\n  \nthe harvest");
}

/* One whose passages are gone is passed over; the others answer. */
static void test_gone(void)
{
    struct scene s = scene_new();
    const char *const *texts, *text;
    size_t n;

    log_set_level(LOG_SILENT);
    add_named(&s, DOCUMENT_TEXT, "gone.txt", NULL);
    add(&s, "alpha");
    search(&s, "alpha");
    CU_ASSERT_TRUE(s.answer.n == 1 && s.answer.passages[0].document == 1);
    CU_ASSERT_EQUAL(passages_list(s.ctx, &s.config, s.documents[0].hash, &texts, &n), CQ_SOURCE_GONE);
    CU_ASSERT_EQUAL(passages_text(s.ctx, &s.config, s.documents[0].hash, 9, &text), CQ_SOURCE_GONE);
    CU_ASSERT_EQUAL(file_remove(s.ctx, &s.config, s.documents[1].hash), CQ_OK);
    CU_ASSERT_FALSE(passages_are_there(&s.config, s.documents[1].hash));
    search(&s, "alpha");
    CU_ASSERT_EQUAL(s.answer.n, 0);
}

static void test_query(void)
{
    static const struct {
        const char *text, *previous, *want;
    } rows[] = {
        {"Why?", NULL, "Why?"},
        {"Why?", "How do plants breathe?", "How do plants breathe?\nWhy?"},
        {"Why is that so at night?", "Plants", "Plants\nWhy is that so at night?"},
        {"roots stem", "Plants", "Plants\nroots stem"},
        {"roots roots root", "Plants", "Plants\nroots roots root"},
        {"roots stem leaf", "Plants", "roots stem leaf"},
        {"长江水文", "河", "长江水文"},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].text, str_eq(retrieval_query(unit_ctx(), rows[i].text, rows[i].previous), rows[i].want));
}

/* ---- vectors ---- */

static void add_vectors(struct scene *s, size_t document, const float *vectors, size_t n)
{
    CU_ASSERT_EQUAL_FATAL(
        vectors_write(s->ctx, &s->config, s->documents[document].hash, "model", vectors, n, DIMENSIONS), CQ_OK);
}

/* What shares no word is found by its meaning; what is best in both rankings comes first. */
static void test_vectors(void)
{
    struct scene s = scene_new();
    const float east[DIMENSIONS] = {2, 0, 0, 0}, near[DIMENSIONS] = {0.96f, 0.28f, 0, 0}, north[] = {0, 1, 0, 0};

    add(&s, "automobile engines");
    add(&s, "car repair");
    add(&s, "gardening");
    search_with(&s, "car", 5, east);
    CU_ASSERT_EQUAL(s.answer.n, 1);
    add_vectors(&s, 0, near, 1);
    add_vectors(&s, 1, east, 1);
    add_vectors(&s, 2, north, 1);
    CU_ASSERT_TRUE(vectors_are_there(&s.config, s.documents[0].hash, "model"));
    CU_ASSERT_FALSE(vectors_are_there(&s.config, s.documents[0].hash, "another"));
    search_with(&s, "car", 5, east);
    CU_ASSERT_EQUAL_FATAL(s.answer.n, 2);
    CU_ASSERT_EQUAL(s.answer.passages[0].document, 1);
    CU_ASSERT_EQUAL(s.answer.passages[1].document, 0);
    CU_ASSERT_DOUBLE_EQUAL(s.answer.passages[1].relevance, 0.96, 1e-3);
    search_with(&s, "car", 5, NULL);
    CU_ASSERT_EQUAL(s.answer.n, 1);
}

/* Of many passages those that do not stand out are none, however near they all are. */
static void test_noise(void)
{
    struct scene s = scene_new();
    static float vectors[100 * DIMENSIONS];
    const float east[DIMENSIONS] = {1, 0, 0, 0};
    struct buf *text = buf_in_arena(s.ctx->arena, 1 << 20);

    for (size_t i = 0; i < 80; i++)
        buf_printf(text, "# Heading %zu\n\nThis is paragraph number %zu, and it goes on and on. %s\n\n", i, i,
                   "It has been said before, and it will be said again, that there is nothing in it for anyone. "
                   "It has been said before, and it will be said again, that there is nothing in it for anyone. "
                   "It has been said before, and it will be said again, that there is nothing in it for anyone. "
                   "It has been said before, and it will be said again, that there is nothing in it for anyone. "
                   "It has been said before, and it will be said again, that there is nothing in it for anyone. ");
    add(&s, text->data);
    const char *const *texts;
    size_t n;

    CU_ASSERT_EQUAL_FATAL(passages_list(s.ctx, &s.config, s.documents[0].hash, &texts, &n), CQ_OK);
    CU_ASSERT_TRUE_FATAL(n >= 32 && n <= 100);
    for (size_t i = 0; i < n; i++) {
        vectors[i * DIMENSIONS] = 1;
        vectors[i * DIMENSIONS + 1] = 1 + (float)(i % 7) / 20;
    }
    add_vectors(&s, 0, vectors, n);
    search_with(&s, "zebra", 5, east);
    CU_ASSERT_EQUAL(s.answer.n, 0);
    vectors[9 * DIMENSIONS + 1] = 0.1f;
    add_vectors(&s, 0, vectors, n);
    search_with(&s, "zebra", 5, east);
    CU_ASSERT_EQUAL_FATAL(s.answer.n, 1);
    ASSERT_TEXT(s.answer.passages[0].text, texts[9]);
}

/* ---- damage ---- */

static void write_file(const char *path, const char *data, size_t len)
{
    FILE *file = fopen(path, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(data, 1, len, file), len);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

static size_t read_file(const char *path, char *data, size_t max)
{
    FILE *file = fopen(path, "r");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size_t len = fread(data, 1, max, file);
    fclose(file);
    return len;
}

/* Whatever is in the files: an answer or none, and never anything but text. */
static void use_damaged(const struct scene *scene, const float *vector)
{
    struct scene s = *scene;
    struct cq_ctx ctx = {.arena = arena_create(4096, 1 << 20), .request_id = "-"};
    const char *const *texts, *text = "";
    size_t n;

    s.ctx = &ctx;
    search_with(&s, "alpha gamma", 5, vector);
    for (size_t i = 0; i < s.answer.n; i++) {
        const struct retrieved *got = &s.answer.passages[i];

        CU_ASSERT_TRUE(utf8_valid(got->text, strlen(got->text)) && utf8_valid(got->excerpt, strlen(got->excerpt)));
        CU_ASSERT_TRUE(got->relevance >= 0 && got->relevance <= 1);
    }
    enum cq_status st = passages_list(&ctx, &s.config, s.documents[0].hash, &texts, &n);
    CU_ASSERT_TRUE(st == CQ_OK || st == CQ_SOURCE_GONE);
    st = passages_text(&ctx, &s.config, s.documents[0].hash, 100, &text);
    CU_ASSERT_TRUE(st == CQ_SOURCE_GONE || (st == CQ_OK && utf8_valid(text, strlen(text))));
    arena_destroy(ctx.arena);
}

static void damage(const struct scene *s, const char *path, const float *vector)
{
    static char data[4096];
    size_t len = read_file(path, data, sizeof(data));

    CU_ASSERT_TRUE_FATAL(len > 0 && len < sizeof(data));
    for (size_t i = 0; i < len; i++) {
        static const char masks[] = {'\x01', '\x80', '\xFF'};

        for (size_t k = 0; k < LEN(masks); k++) {
            data[i] = (char)(data[i] ^ masks[k]);
            write_file(path, data, len);
            use_damaged(s, vector);
            data[i] = (char)(data[i] ^ masks[k]);
        }
        write_file(path, data, i);
        use_damaged(s, vector);
    }
    write_file(path, data, len);
}

static void test_damage(void)
{
    struct scene s = scene_new();
    const float vector[] = {1, 2, 3, 4};

    log_set_level(LOG_SILENT);
    add(&s, "alpha béta gamma");
    add_vectors(&s, 0, vector, 1);
    damage(&s, folder_file(s.ctx, &s.config, s.documents[0].hash, ".passages"), vector);
    damage(&s, folder_file(s.ctx, &s.config, s.documents[0].hash, ".vectors-9372c470eeadd5ec"), vector);
    search_with(&s, "alpha gamma", 5, vector);
    CU_ASSERT_EQUAL(s.answer.n, 1);
}

/* ---- the set ---- */

/* Of a hundred questions in students' words the answer is among the first five nearly always. */
static void test_recall(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct config config = folder_config(ctx);
    static struct set set;
    size_t n_found = 0;

    CU_ASSERT_TRUE_FATAL(set_load(ctx, &config, TEST_SOURCE_DIR "/tests/retrieval", &set));
    for (size_t i = 0; i < set.n_questions; i++) {
        struct retrieval_ask ask = {.query = set.questions[i].text,
                                    .documents = set.documents,
                                    .n_documents = set.n_documents,
                                    .max_results = SET_RESULTS};
        struct retrieval_answer answer;

        CU_ASSERT_EQUAL_FATAL(retrieval_run(ctx, &config, &ask, NULL, 0, NULL, &answer), CQ_OK);
        n_found += set_rank(&set.questions[i], &answer) > 0;
    }
    CU_ASSERT_TRUE((double)n_found >= 0.85 * (double)set.n_questions);
}

SUITE(retrieval, {"relevance", test_relevance}, {"too little", test_least}, {"order", test_order},
      {"images and binaries", test_named}, {"pages", test_pages}, {"gone", test_gone}, {"the query", test_query},
      {"vectors", test_vectors}, {"noise", test_noise}, {"damage", test_damage}, {"recall", test_recall});
