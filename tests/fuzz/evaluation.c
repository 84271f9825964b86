/*
 * Evaluations: an answer of the form becomes an Evaluation object of the API's form, whose quotations stand in a message
 * of the student; any other one becomes nothing. What builtin finds in a student's message is of the form.
 *
 * The answer up to a NUL, then the student's message.
 */
#include <string.h>

#include <json-c/json.h>

#include "engine/evaluation_form.h"
#include "engine/evidence.h"
#include "fuzz.h"
#include "llm/provider.h"

static const struct ai_experience_row EXPERIENCE = {
    .title = "Osmosis",
    .learning_objective = "Explain osmosis\nSalt",
    .evaluation_metrics = "[{\"name\":\"Grit\",\"description\":null,\"enabled\":true,\"visible_to_learners\":true}]",
};
static const struct conversation_row CONVERSATION = {.learning_objective = "Salt", .met_at = "2"};

static void check_score(struct json_object *object, const char *key)
{
    struct json_object *score = json_get(object, key);

    CHECK(json_object_is_type(score, json_type_int));
    CHECK(json_object_get_int64(score) >= 0 && json_object_get_int64(score) <= 100);
}

static void check_moments(struct cq_ctx *ctx, struct json_object *list, const char *said)
{
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *moment = json_object_array_get_idx(list, i);

        CHECK(json_get_u64(moment, "message_number") == 2);
        CHECK(evidence_is_quote(ctx, json_get_text(moment, "evidence", NULL), said));
    }
}

static void check_object(struct cq_ctx *ctx, const char *json, const char *said)
{
    struct json_object *object = NULL;

    CHECK(json_read(ctx, json, strlen(json), &object) == CQ_OK);
    CHECK(json_object_object_length(object) == 8);
    check_tree(object);
    CHECK(str_eq(json_get_text(object, "summary", NULL), json_get_text(object, "overall_assessment", NULL)));
    check_score(object, "overall_score");
    check_moments(ctx, json_get(object, "key_moments"), said);

    struct json_object *findings = json_get(object, "learning_objectives_evaluation");
    CHECK(json_object_array_length(findings) == 2);
    CHECK(str_eq(json_get_text(json_object_array_get_idx(findings, 0), "objective", NULL), "Explain osmosis"));
    CHECK(!json_get(json_object_array_get_idx(findings, 0), "met_at_turn"));
    for (size_t i = 0; i < 2; i++)
        check_score(json_object_array_get_idx(findings, i), "score");
    CHECK(json_object_array_length(json_get(object, "custom_metrics")) == 1);
}

static void check_answer(struct cq_ctx *ctx, const struct evaluation_case *of, const char *answer)
{
    const char *json = NULL;
    enum cq_status st = evaluation_read(ctx, of, answer, strlen(answer), &json);

    CHECK((st == CQ_OK && json) || (st == CQ_MODEL_INVALID_RESPONSE && !json));
    if (!st)
        check_object(ctx, json, of->messages->rows[1].text);
}

static void check_builtin(struct cq_ctx *ctx, const struct evaluation_case *of)
{
    struct buf *reply = buf_in_arena(ctx->arena, 1 << 20);
    struct llm_ask ask;
    const char *json;

    CHECK(reply && evaluation_ask(ctx, of, &ask) == CQ_OK);
    llm_provider_builtin.answer(&ask, reply);
    CHECK(evaluation_read(ctx, of, reply->data, reply->len, &json) == CQ_OK);
    check_object(ctx, json, of->messages->rows[1].text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    const char *answer = input_until(&in, ctx, '\0'), *said = input_until(&in, ctx, '\0');
    struct message_row rows[] = {{.is_initial = true, .text = "Hello"}, {.seq = 1, .text = said}};
    const struct message_list messages = {rows, LEN(rows)};
    struct evaluation_case of;

    if (size > 16 << 10 || !utf8_valid(said, strlen(said)))
        return 0;
    CHECK(evaluation_case_read(ctx, &EXPERIENCE, &CONVERSATION, &messages, &of) == CQ_OK);
    check_answer(ctx, &of, answer);
    check_builtin(ctx, &of);
    return 0;
}
