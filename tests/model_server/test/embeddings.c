/* Vectors: the same for the same text, near for similar ones, in the forms of three providers. */
#include <json-c/json.h>
#include <math.h>

#include "ask.h"

static struct answer embed(const char *path, const char *body)
{
    return ASK(.path = path, .body = body, .headers = {"Authorization: Bearer good", "api-key: good"});
}

#define OPENAI(body) embed("/v1/embeddings", (body))
#define TITAN(body)  embed("/model/amazon.titan-embed-text-v2%3A0/invoke", (body))
#define COHERE(body) embed("/model/cohere.embed-english-v3/invoke", (body))

static double product(struct json_object *a, struct json_object *b)
{
    double sum = 0;

    for (size_t i = 0; a && b && i < json_object_array_length(a); i++)
        sum += json_object_get_double(json_object_array_get_idx(a, i)) *
               json_object_get_double(json_object_array_get_idx(b, i));
    return sum;
}

static size_t length(struct json_object *vector)
{
    return json_object_is_type(vector, json_type_array) ? json_object_array_length(vector) : 0;
}

static void test_near(void)
{
    struct json_object *json =
        OPENAI("{\"model\":\"e\",\"encoding_format\":\"float\",\"input\":["
               "\"Why does the water boil at a lower temperature on a mountain?\","
               "\"On mountains water is boiling at lower temperatures.\","
               "\"The treaty was signed by both kings in the spring.\",\"\xe6\xb0\xb4 ?\",\"...\"]}")
            .json;
    struct json_object *vectors[5];

    for (size_t i = 0; i < LEN(vectors); i++) {
        vectors[i] = json_at(json, textf("/data/%zu/embedding", i));
        CU_ASSERT_EQUAL(length(vectors[i]), 64);
        CU_ASSERT_EQUAL(int_at(json, textf("/data/%zu/index", i)), (int64_t)i);
        CU_ASSERT_DOUBLE_EQUAL(product(vectors[i], vectors[i]), 1, 1e-5);
    }
    CU_ASSERT(product(vectors[0], vectors[1]) > 0.6);
    CU_ASSERT(fabs(product(vectors[0], vectors[2])) < 0.3);
    CU_ASSERT(int_at(json, "/usage/total_tokens") > 0);
}

static void test_forms(void)
{
    static const char text[] = "Water boils on mountains";
    struct json_object *one = OPENAI(textf("{\"input\":\"%s\"}", text)).json;
    struct json_object *azure =
        embed("/openai/deployments/e/embeddings?api-version=1", textf("{\"input\":[\"%s\"]}", text)).json;
    struct json_object *titan = TITAN(textf("{\"inputText\":\"%s\"}", text)).json;
    struct json_object *cohere = COHERE(textf("{\"texts\":[\"x\",\"%s\"],\"input_type\":\"search_query\"}", text)).json;
    struct json_object *typed =
        COHERE(textf("{\"texts\":[\"%s\"],\"input_type\":\"search_query\",\"embedding_types\":[\"float\"]}", text))
            .json;
    struct json_object *vector = json_at(one, "/data/0/embedding");

    CU_ASSERT_DOUBLE_EQUAL(product(vector, json_at(azure, "/data/0/embedding")), 1, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(product(vector, json_at(titan, "/embedding")), 1, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(product(vector, json_at(cohere, "/embeddings/1")), 1, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(product(vector, json_at(typed, "/embeddings/float/0")), 1, 1e-5);
    CU_ASSERT_EQUAL(length(json_at(OPENAI("{\"input\":\"x\",\"dimensions\":256}").json, "/data/0/embedding")), 256);
    CU_ASSERT_EQUAL(length(json_at(TITAN("{\"inputText\":\"x\",\"dimensions\":512}").json, "/embedding")), 512);
}

static void test_refused(void)
{
    static const struct {
        const char *path, *body;
        long status;
    } rows[] = {
        {"/v1/embeddings", "{}", 400},
        {"/v1/embeddings", "{\"input\":[]}", 400},
        {"/v1/embeddings", "{\"input\":\"\"}", 400},
        {"/v1/embeddings", "{\"input\":[\"a\",\"\"]}", 400},
        {"/v1/embeddings", "{\"input\":\"a\",\"encoding_format\":\"base64\"}", 400},
        {"/v1/embeddings", "{\"input\":\"a\",\"dimensions\":0}", 400},
        {"/v1/embeddings", "{\"input\":\"a\",\"model\":\"down-e\"}", 503},
        {"/v1/embeddings", "{\"input\":[\"[[status 429]]\",\"a\"]}", 429},
        {"/model/titan/invoke", "{\"inputText\":\"\"}", 400},
        {"/model/titan/invoke", "{\"texts\":[\"a\"]}", 400},
        {"/model/cohere.embed/invoke", "{\"texts\":[\"a\"]}", 400},
        {"/model/limited-titan/invoke", "{\"inputText\":\"a\"}", 429},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].body, embed(rows[i].path, rows[i].body).status == rows[i].status);
    struct answer cut = OPENAI("{\"input\":\"[[cut 1]]\"}"), broken = OPENAI("{\"input\":\"[[badjson 1]]\"}");

    ROW_ASSERT("cut", cut.len > 0 && !cut.is_whole && !cut.json);
    ROW_ASSERT("broken", broken.is_whole && !broken.json);
    ROW_ASSERT("none", length(json_at(OPENAI("{\"input\":\"[[empty]]\"}").json, "/data")) == 0);
}

SUITE(embeddings, {"near and far", test_near}, {"forms", test_forms}, {"refused", test_refused});
