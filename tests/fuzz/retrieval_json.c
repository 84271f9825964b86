/* What is asked of documents, and what they answer: what is read is within its bounds, and is read again as it was written. */
#include <string.h>

#include "colloquy/files.h"
#include "fuzz.h"

static void check_ask(struct cq_ctx *ctx, const struct retrieval_ask *ask)
{
    struct retrieval_ask again;
    const char *json;
    size_t len;

    check_text(ask->query, strlen(ask->query));
    CHECK(retrieval_ask_write(ctx, ask, &json, &len) == CQ_OK);
    CHECK(retrieval_ask_read(ctx, json, len, &again) == CQ_OK);
    CHECK(str_eq(again.query, ask->query) && again.max_results == ask->max_results);
    CHECK(again.n_documents == ask->n_documents);
    for (size_t i = 0; i < ask->n_documents; i++) {
        CHECK(memcmp(again.documents[i].hash, ask->documents[i].hash, SHA256_BYTES) == 0);
        CHECK(str_eq(again.documents[i].filename, ask->documents[i].filename));
        CHECK(str_eq(again.documents[i].description, ask->documents[i].description));
    }
}

static void check_answer(struct cq_ctx *ctx, const struct retrieval_answer *answer)
{
    struct retrieval_answer again;
    const char *json;
    size_t len;

    CHECK(retrieval_answer_write(ctx, answer, &json, &len) == CQ_OK);
    CHECK(retrieval_answer_read(ctx, json, len, &again) == CQ_OK && again.n == answer->n);
    for (size_t i = 0; i < answer->n; i++) {
        CHECK(answer->passages[i].relevance >= 0 && answer->passages[i].relevance <= 1);
        CHECK(str_eq(again.passages[i].text, answer->passages[i].text));
        CHECK(str_eq(again.passages[i].excerpt, answer->passages[i].excerpt));
        CHECK(utf8_count(again.passages[i].excerpt, strlen(again.passages[i].excerpt)) <= 200);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    struct retrieval_ask ask;
    struct retrieval_answer answer;
    size_t len;
    const char *json = input_rest(&in, ctx, &len);

    if (!retrieval_ask_read(ctx, json, len, &ask))
        check_ask(ctx, &ask);
    if (!retrieval_answer_read(ctx, json, len, &answer))
        check_answer(ctx, &answer);
    return 0;
}
