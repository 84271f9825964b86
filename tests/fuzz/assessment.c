/*
 * Assessments: what a model answers is of the form, or nothing is taken from it; what a student writes stands in the
 * document as it was written, and what builtin makes of it is of the form.
 *
 * The answer up to a NUL, then the student's message.
 */
#include <string.h>

#include <json-c/json.h>

#include "engine/assessment.h"
#include "fuzz.h"
#include "llm/provider.h"

enum { N = 3 };

static void check_answer(struct cq_ctx *ctx, const char *answer)
{
    bool covered[N] = {true, false, true};
    enum cq_status st = assessment_read(ctx, answer, strlen(answer), N, covered);

    CHECK(st == CQ_OK || st == CQ_MODEL_INVALID_RESPONSE);
    if (st) {
        CHECK(covered[0] && !covered[1] && covered[2]);
        return;
    }
    CHECK(strstr(answer, "objectives") || strchr(answer, '\\'));
    for (size_t i = 0; i < N; i++)
        CHECK(!covered[i] || strchr(answer, (int)('1' + i)));
}

static void check_document(struct cq_ctx *ctx, const struct llm_ask *ask, const char *said)
{
    struct json_object *document = NULL;
    const char *text = ask->messages[0].text;

    CHECK(json_read(ctx, text, strlen(text), &document) == CQ_OK);
    struct json_object *messages = json_get(document, "messages");
    CHECK(json_object_object_length(document) == 3 && json_object_array_length(messages) == 1);
    struct json_object *message = json_object_array_get_idx(messages, 0);
    CHECK(str_eq(json_get_text(message, "text", NULL), said) && json_get_u64(message, "number") == 2);
    CHECK(str_eq(json_get_text(message, "role", NULL), "student"));
}

static void check_ask(struct cq_ctx *ctx, const char *said)
{
    struct message_row rows[] = {{.is_initial = true, .text = "Hello"}, {.seq = 1, .text = said}};
    const struct message_list messages = {rows, LEN(rows)};
    const struct ai_experience_row experience = {.title = "Osmosis"};
    const struct progress progress = {
        .objectives = {{.text = "Explain osmosis"}, {.text = "水 and salt"}, {.text = ""}}, .n = N};
    struct llm_ask ask;
    bool covered[N];

    CHECK(assessment_ask(ctx, &(struct assessment_case){&experience, &messages, &progress, NULL, UINT32_MAX}, &ask) ==
          CQ_OK);
    check_document(ctx, &ask, said);
    struct buf *reply = buf_in_arena(ctx->arena, 1 << 20);
    CHECK(reply);
    llm_provider_builtin.answer(&ask, reply);
    CHECK(assessment_read(ctx, reply->data, reply->len, N, covered) == CQ_OK);
    CHECK(!covered[2]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    const char *answer = input_until(&in, ctx, '\0'), *said = input_until(&in, ctx, '\0');

    check_answer(ctx, answer);
    if (size <= 64 << 10 && utf8_valid(said, strlen(said)))
        check_ask(ctx, said);
    return 0;
}
