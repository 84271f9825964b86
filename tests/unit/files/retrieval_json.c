/* What is asked of documents and what they answer, as JSON. */
#include "colloquy/files.h"
#include "unit.h"

#define HASH     "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define DOCUMENT "{\"hash\":\"" HASH "\",\"kind\":\"pdf\",\"filename\":\"a.pdf\",\"description\":null}"
#define PASSAGE  "{\"document\":0,\"page\":2,\"text\":\"t\",\"excerpt\":\"e\",\"relevance\":0.5}"

static void test_ask(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct retrieval_document documents[] = {
        {.hash = {1, 0xFF}, .kind = DOCUMENT_TEXT, .filename = "a \"b\".txt", .description = ""},
        {.hash = {2}, .kind = DOCUMENT_IMAGE, .filename = "ü.png", .description = NULL},
    };
    uint8_t extract[2][SHA256_BYTES] = {{1}, {2}};
    struct retrieval_ask ask = {.query = "Wann?\n长江",
                                .documents = documents,
                                .n_documents = LEN(documents),
                                .max_results = 5,
                                .extract = extract,
                                .n_extract = LEN(extract)},
                         got;
    const char *json;
    size_t len;

    CU_ASSERT_EQUAL_FATAL(retrieval_ask_write(ctx, &ask, &json, &len), CQ_OK);
    CU_ASSERT_EQUAL_FATAL(retrieval_ask_read(ctx, json, len, &got), CQ_OK);
    ASSERT_TEXT(got.query, ask.query);
    CU_ASSERT_EQUAL(got.max_results, 5);
    CU_ASSERT_EQUAL_FATAL(got.n_documents, LEN(documents));
    for (size_t i = 0; i < LEN(documents); i++) {
        CU_ASSERT_EQUAL(memcmp(got.documents[i].hash, documents[i].hash, SHA256_BYTES), 0);
        CU_ASSERT_EQUAL(got.documents[i].kind, documents[i].kind);
        ASSERT_TEXT(got.documents[i].filename, documents[i].filename);
        CU_ASSERT_TRUE(str_eq(got.documents[i].description, documents[i].description));
    }
    CU_ASSERT_EQUAL_FATAL(got.n_extract, LEN(extract));
    CU_ASSERT_EQUAL(memcmp(got.extract, extract, sizeof(extract)), 0);
}

static void test_answer(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct retrieved passages[] = {
        {.document = 3, .page = 12, .text = "a\tb\n", .excerpt = "…b", .relevance = 1},
        {.document = 0, .page = 0, .text = "长", .excerpt = "", .relevance = 0.1234},
    };
    struct retrieval_answer answer = {passages, LEN(passages)}, got;
    const char *json;
    size_t len;

    CU_ASSERT_EQUAL_FATAL(retrieval_answer_write(ctx, &answer, &json, &len), CQ_OK);
    CU_ASSERT_EQUAL_FATAL(retrieval_answer_read(ctx, json, len, &got), CQ_OK);
    CU_ASSERT_EQUAL_FATAL(got.n, LEN(passages));
    for (size_t i = 0; i < LEN(passages); i++) {
        CU_ASSERT_TRUE(got.passages[i].document == passages[i].document && got.passages[i].page == passages[i].page);
        ASSERT_TEXT(got.passages[i].text, passages[i].text);
        ASSERT_TEXT(got.passages[i].excerpt, passages[i].excerpt);
        CU_ASSERT_DOUBLE_EQUAL(got.passages[i].relevance, passages[i].relevance, 1e-6);
    }
}

static void test_wrong_asks(void)
{
    static const struct {
        const char *json;
        enum cq_status want;
    } rows[] = {
        {"{\"query\":\"q\",\"max_results\":5,\"documents\":[" DOCUMENT "]}", CQ_OK},
        {"{\"query\":\"q\",\"max_results\":5,\"documents\":[],\"more\":1}", CQ_OK},
        {"", CQ_INVALID_REQUEST},
        {"{", CQ_INVALID_JSON},
        {"\xFF", CQ_INVALID_JSON},
        {"[]", CQ_INVALID_REQUEST},
        {"null", CQ_INVALID_REQUEST},
        {"{\"query\":1,\"max_results\":5,\"documents\":[]}", CQ_INVALID_REQUEST},
        {"{\"query\":\"a\\u0000b\",\"max_results\":5,\"documents\":[]}", CQ_INVALID_REQUEST},
        {"{\"query\":\"q\",\"max_results\":-1,\"documents\":[]}", CQ_INVALID_REQUEST},
        {"{\"query\":\"q\",\"max_results\":101,\"documents\":[]}", CQ_INVALID_REQUEST},
        {"{\"query\":\"q\",\"max_results\":\"5\",\"documents\":[]}", CQ_INVALID_REQUEST},
        {"{\"query\":\"q\",\"max_results\":5,\"documents\":{}}", CQ_INVALID_REQUEST},
        {"{\"query\":\"q\",\"max_results\":5,\"documents\":[7]}", CQ_INVALID_REQUEST},
        {"{\"query\":\"q\",\"max_results\":5,\"documents\":[{\"hash\":\"00\",\"kind\":\"pdf\",\"filename\":\"f\","
         "\"description\":null}]}",
         CQ_INVALID_REQUEST},
        {"{\"query\":\"q\",\"max_results\":5,\"documents\":[{\"hash\":\"" HASH "\",\"kind\":\"exe\","
         "\"filename\":\"f\",\"description\":null}]}",
         CQ_INVALID_REQUEST},
    };
    struct retrieval_ask got;

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].json,
                   retrieval_ask_read(unit_ctx(), rows[i].json, strlen(rows[i].json), &got) == rows[i].want);
}

static void test_wrong_answers(void)
{
    static const struct {
        const char *passage;
        enum cq_status want;
    } rows[] = {
        {PASSAGE, CQ_OK},
        {PASSAGE "," PASSAGE, CQ_OK},
        {"", CQ_OK},
        {"{}", CQ_INVALID_REQUEST},
        {"{\"document\":-1,\"page\":2,\"text\":\"t\",\"excerpt\":\"e\",\"relevance\":0.5}", CQ_INVALID_REQUEST},
        {"{\"document\":0,\"page\":4294967296,\"text\":\"t\",\"excerpt\":\"e\",\"relevance\":0.5}", CQ_INVALID_REQUEST},
        {"{\"document\":0,\"page\":2,\"text\":null,\"excerpt\":\"e\",\"relevance\":0.5}", CQ_INVALID_REQUEST},
        {"{\"document\":0,\"page\":2,\"text\":\"t\",\"excerpt\":\"e\",\"relevance\":1.5}", CQ_INVALID_REQUEST},
        {"{\"document\":0,\"page\":2,\"text\":\"t\",\"excerpt\":\"e\",\"relevance\":1e999}", CQ_INVALID_REQUEST},
        {"{\"document\":0,\"page\":2,\"text\":\"t\",\"excerpt\":\"e\",\"relevance\":\"1\"}", CQ_INVALID_REQUEST},
        {"{\"document\":0,\"page\":2,\"text\":\"t\",\"excerpt\":\"e\\u0000\",\"relevance\":1}", CQ_INVALID_REQUEST},
    };
    struct retrieval_answer got;

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const char *json = arena_printf(ctx->arena, "{\"passages\":[%s]}", rows[i].passage);

        ROW_ASSERT(rows[i].passage, retrieval_answer_read(ctx, json, strlen(json), &got) == rows[i].want);
    }
}

SUITE(retrieval_json, {"an ask", test_ask}, {"an answer", test_answer}, {"asks that are none", test_wrong_asks},
      {"answers that are none", test_wrong_answers});
