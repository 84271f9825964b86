/* Provider bedrock: texts for vectors, and the vectors. */
#include <math.h>

#include "unit.h"

#include "llm/provider.h"

static const struct llm_provider *const provider = &llm_provider_bedrock;

static void test_texts(void)
{
    static const char *const texts[] = {"a \"b\"", "\xC3\xA4"};
    static const struct {
        const char *id;
        size_t n, max;
        bool is_query;
        const char *want;
    } rows[] = {
        // clang-format off
        {"amazon.titan-embed-text-v2:0",  1, 1,  false, "{\"inputText\":\"a \\\"b\\\"\"}"},
        {"cohere.embed-v4:0",             2, 32, false, "{\"texts\":[\"a \\\"b\\\"\",\"\xC3\xA4\"],\"input_type\":\"search_document\",\"embedding_types\":[\"float\"]}"},
        {"eu.cohere.embed-v4:0",          2, 32, true,  "{\"texts\":[\"a \\\"b\\\"\",\"\xC3\xA4\"],\"input_type\":\"search_query\",\"embedding_types\":[\"float\"]}"},
        {"cohere.embed-multilingual-v3",  1, 32, true,  "{\"texts\":[\"a \\\"b\\\"\"],\"input_type\":\"search_query\",\"embedding_types\":[\"float\"],\"truncate\":\"END\"}"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct config_model config = {.id = rows[i].id};
        const struct llm_model model = {.config = &config};
        const struct llm_ask ask = {
            .task = LLM_EMBED, .texts = texts, .n_texts = rows[i].n, .is_query = rows[i].is_query};
        struct llm_request request;

        llm_request_init(&request);
        ROW_ASSERT(rows[i].id, provider->max_texts_of(&config) == rows[i].max);
        ROW_ASSERT(rows[i].id, provider->request(&model, &ask, &request) == CQ_OK);
        ROW_ASSERT(rows[i].id, str_eq(request.body.data, rows[i].want));
        llm_request_release(&request);
    }
    CU_ASSERT_EQUAL(provider->max_texts_of(&(struct config_model){.id = "amazon.nova-pro-v1:0"}), 0);
}

/* It is a matter of the model, not of the provider. */
static void test_most_texts(void)
{
    struct config_model model = {.name = "m", .provider = "bedrock", .id = "cohere.embed-v4:0"};
    struct config config = {.models = &model, .n_models = 1, .embeddings = {.model = "m"}};

    CU_ASSERT_EQUAL(llm_embed_max(&config), 32);
    model.id = "amazon.titan-embed-text-v2:0";
    CU_ASSERT_EQUAL(llm_embed_max(&config), 1);
}

/* The third generation refuses a text of more than 2,048 characters. */
static void test_long_text(void)
{
    const struct config_model config = {.id = "cohere.embed-english-v3"};
    const struct llm_model model = {.config = &config};
    char text[2 * 3000 + 1] = "";
    const char *const texts[] = {text};
    const struct llm_ask ask = {.task = LLM_EMBED, .texts = texts, .n_texts = 1};
    struct llm_request request;

    for (size_t i = 0; i < 3000; i++)
        memcpy(text + 2 * i, "\xC3\xA4", 2);
    llm_request_init(&request);
    CU_ASSERT_EQUAL(provider->request(&model, &ask, &request), CQ_OK);
    const char *end = strstr(request.body.data, "\"],\"input_type\"");

    CU_ASSERT_FATAL(end != NULL);
    CU_ASSERT_EQUAL(end - request.body.data, (long)strlen("{\"texts\":[\"") + 2 * 2048);
    llm_request_release(&request);
}

static void test_vectors(void)
{
    static const struct {
        const char *name, *body;
        enum cq_status status;
        size_t n, n_dimensions;
        float last;
        uint32_t input;
    } rows[] = {
        // clang-format off
        {"Titan",            "{\"embedding\":[0.5,-1,0.25],\"embeddingsByType\":{\"float\":[0.5,-1,0.25]},\"inputTextTokenCount\":7}", 0, 1, 3, 0.25f, 7},
        {"Cohere",           "{\"id\":\"x\",\"embeddings\":[[1,2],[3,4.5]],\"response_type\":\"embeddings_floats\",\"texts\":[\"a\",\"b\"]}", 0, 2, 2, 4.5f, 0},
        {"Cohere, by type",  "{\"embeddings\":{\"float\":[[1,2],[3,4.5]]},\"response_type\":\"embeddings_by_type\"}", 0, 2, 2, 4.5f, 0},
        {"of several lengths", "{\"embeddings\":[[1,2],[3]]}",   CQ_MODEL_INVALID_RESPONSE, 0, 0, 0, 0},
        {"no numbers",       "{\"embedding\":[\"a\"]}",          CQ_MODEL_INVALID_RESPONSE, 0, 0, 0, 0},
        {"none",             "{\"embeddings\":[]}",              CQ_MODEL_INVALID_RESPONSE, 0, 0, 0, 0},
        {"empty",            "{\"embedding\":[]}",               CQ_MODEL_INVALID_RESPONSE, 0, 0, 0, 0},
        {"of another type",  "{\"embeddings\":{\"int8\":[[1]]}}", CQ_MODEL_INVALID_RESPONSE, 0, 0, 0, 0},
        {"no array",         "{\"embeddings\":7}",               CQ_MODEL_INVALID_RESPONSE, 0, 0, 0, 0},
        {"an error",         "{\"message\":\"no\"}",             CQ_MODEL_INVALID_RESPONSE, 0, 0, 0, 0},
        {"cut",              "{\"embedding\":[0.5,",             CQ_MODEL_INVALID_RESPONSE, 0, 0, 0, 0},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct llm_delta got = {0};

        ROW_ASSERT(rows[i].name,
                   provider->vectors(unit_ctx(), rows[i].body, strlen(rows[i].body), &got) == rows[i].status);
        ROW_ASSERT(rows[i].name, got.n_vectors == rows[i].n && got.n_dimensions == rows[i].n_dimensions);
        if (rows[i].n)
            ROW_ASSERT(rows[i].name, fabsf(got.vectors[rows[i].n * rows[i].n_dimensions - 1] - rows[i].last) < 1e-6f &&
                                         got.usage.input == rows[i].input && got.done);
    }
}

SUITE(bedrock_embed, {"texts", test_texts}, {"the most texts", test_most_texts}, {"a long text", test_long_text},
      {"vectors", test_vectors});
