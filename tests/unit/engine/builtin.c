/* What provider builtin answers is of the form that the engine asks for; and it marks nobody for asking to be marked. */
#include <json-c/json.h>

#include "unit.h"

#include "engine/assessment.h"
#include "engine/evaluation_form.h"
#include "hostile.h"
#include "llm/provider.h"
#include "scene.h"

static const struct buf *answer_to(struct cq_ctx *ctx, const struct llm_ask *ask)
{
    struct buf *reply = buf_in_arena(ctx->arena, 1 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(reply);
    llm_provider_builtin.answer(ask, reply);
    CU_ASSERT_TRUE(!reply->failed && reply->len <= ask->reply_max_bytes);
    return reply;
}

static void assess(const char *said, bool covered[2])
{
    struct cq_ctx *ctx = unit_ctx();
    const struct message_list messages = conversation_of(ctx, said);
    const struct progress progress = progress_of_scene(ctx, ",");
    struct llm_ask ask;

    CU_ASSERT_EQUAL_FATAL(
        assessment_ask(ctx, &(struct assessment_case){&EXPERIENCE, &messages, &progress, NULL, UINT32_MAX}, &ask),
        CQ_OK);
    const struct buf *reply = answer_to(ctx, &ask);
    CU_ASSERT_EQUAL(assessment_read(ctx, reply->data, reply->len, 2, covered), CQ_OK);
}

static const char *evaluate(struct cq_ctx *ctx, const struct ai_experience_row *experience, const char *said)
{
    const struct conversation_row conversation = {.learning_objective = OBJECTIVES, .met_at = "2,"};
    const struct message_list messages = conversation_of(ctx, said);
    struct evaluation_case of;
    struct llm_ask ask;
    const char *json = "";

    CU_ASSERT_EQUAL_FATAL(evaluation_case_read(ctx, experience, &conversation, &messages, &of), CQ_OK);
    CU_ASSERT_EQUAL_FATAL(evaluation_ask(ctx, &of, &ask), CQ_OK);
    const struct buf *reply = answer_to(ctx, &ask);
    ROW_ASSERT(said, evaluation_read(ctx, &of, reply->data, reply->len, &json) == CQ_OK);
    return json;
}

static void test_assessment(void)
{
    static const struct {
        const char *said;
        bool want[2];
    } rows[] = {
        {"Water moves through the membrane, from the side that has more of it.", {true, false}},
        {"Diffusion moves anything. Osmosis moves only water through a membrane.", {true, true}},
        {"I am not sure what you mean by that.", {false, false}},
        {"", {false, false}},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        bool covered[2] = {false, false};

        assess(rows[i].said, covered);
        ROW_ASSERT(rows[i].said, covered[0] == rows[i].want[0] && covered[1] == rows[i].want[1]);
    }
}

static void test_evaluation(void)
{
    ASSERT_TEXT(
        evaluate(unit_ctx(), &EXPERIENCE, "Hm, yes. I say \"water\" goes through a **membrane** by osmosis! No?"),
        "{\"overall_assessment\":\"No language model is configured. Colloquy's built-in rules only counted words: by "
        "them "
        "the student talked about 2 of 2 learning objectives. Nobody has judged whether what was said is right.\","
        "\"summary\":\"No language model is configured. Colloquy's built-in rules only counted words: by them "
        "the student talked about 2 of 2 learning objectives. Nobody has judged whether what was said is right.\","
        "\"key_moments\":[{\"learning_objective\":\"Explain how osmosis moves water through a membrane\","
        "\"evidence\":\"I say \\\"water\\\" goes through a **membrane** by osmosis\",\"message_number\":3},"
        "{\"learning_objective\":\"Tell diffusion and osmosis apart\","
        "\"evidence\":\"I say \\\"water\\\" goes through a **membrane** by osmosis\",\"message_number\":3}],"
        "\"learning_objectives_evaluation\":[{\"objective\":\"Explain how osmosis moves water through a membrane\","
        "\"met\":true,\"score\":75,\"explanation\":\"Message 3 has 3 of the 4 significant words of this objective, and "
        "2 "
        "are needed. Found by counting words; no language model judged it.\",\"met_at_turn\":2},"
        "{\"objective\":\"Tell diffusion and osmosis apart\",\"met\":true,\"score\":50,"
        "\"explanation\":\"Message 3 has 1 of the 2 significant words of this objective, and 1 are needed. Found by "
        "counting words; no language model judged it.\",\"met_at_turn\":null}],"
        "\"strengths\":[\"Talked about: “Explain how osmosis moves water through a membrane”\","
        "\"Talked about: “Tell diffusion and osmosis apart”\"],\"areas_for_improvement\":[],\"overall_score\":63,"
        "\"custom_metrics\":[{\"metric\":\"Curiosity\",\"response\":\"This question needs a language model, and none "
        "is "
        "configured.\"},{\"metric\":\"Grit\",\"response\":\"This question needs a language model, and none is "
        "configured.\"}]}");
}

static void test_nothing_said(void)
{
    struct ai_experience_row experience = EXPERIENCE;

    experience.evaluation_metrics = NULL;
    const char *json = evaluate(unit_ctx(), &experience, "");

    CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"key_moments\":[]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(json, "talked about 0 of 2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"strengths\":[]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"overall_score\":0,\"custom_metrics\":[]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(json, "No message of the student has a significant word"));
}

/* The largest objectives and messages still give answers of the form, and what they quote is found. */
static void test_large(void)
{
    enum { BYTES = 20000 };
    struct cq_ctx *ctx = unit_ctx();
    struct buf *objective = buf_in_arena(ctx->arena, 1 << 20), *said = buf_in_arena(ctx->arena, 1 << 20);

    CU_ASSERT_TRUE_FATAL(objective && said);
    while (objective->len < BYTES)
        buf_printf(objective, "wörd%zu ", objective->len);
    buf_str(said, objective->data);
    const struct ai_experience_row experience = {.title = "t", .learning_objective = objective->data};
    const struct conversation_row conversation = {.learning_objective = OBJECTIVES, .met_at = ","};
    const struct message_list messages = conversation_of(ctx, said->data);
    struct evaluation_case of;
    struct llm_ask ask;
    const char *json = "";

    CU_ASSERT_EQUAL_FATAL(evaluation_case_read(ctx, &experience, &conversation, &messages, &of), CQ_OK);
    CU_ASSERT_EQUAL_FATAL(evaluation_ask(ctx, &of, &ask), CQ_OK);
    const struct buf *reply = answer_to(ctx, &ask);
    CU_ASSERT_EQUAL(evaluation_read(ctx, &of, reply->data, reply->len, &json), CQ_OK);
    CU_ASSERT_TRUE(utf8_valid(json, strlen(json)) && strstr(json, "\"message_number\":3") &&
                   strstr(json, "\"score\":100"));
}

static void test_hostile(void)
{
    for (size_t i = 0; i < LEN(HOSTILE); i++) {
        bool covered[2] = {true, true};

        assess(HOSTILE[i], covered);
        ROW_ASSERT(HOSTILE[i], !covered[0] && !covered[1]);
        const char *json = evaluate(unit_ctx(), &EXPERIENCE, HOSTILE[i]);
        ROW_ASSERT(HOSTILE[i], strstr(json, "talked about 0 of 2") && strstr(json, "\"key_moments\":[]"));
    }
}

SUITE(builtin, {"an assessment", test_assessment}, {"an evaluation", test_evaluation},
      {"nothing was said", test_nothing_said}, {"the largest", test_large}, {"hostile texts", test_hostile});
