/* Evaluation: the case, what is asked, and the Evaluation object that an answer becomes, or why it becomes none. */
#include <json-c/json.h>
#include <stdio.h>

#include "unit.h"

#include "engine/evaluation_form.h"
#include "scene.h"

static const char SAID[] = "I think that water goes through the membrane to the salty side.";

/* The case of the scene; what it points to lives in ctx->arena. */
static struct evaluation_case case_of(struct cq_ctx *ctx, const struct ai_experience_row *experience,
                                      const char *met_at)
{
    const struct conversation_row conversation = {.learning_objective = OBJECTIVES, .met_at = met_at};
    struct message_list *messages = arena_zalloc(ctx->arena, 1, sizeof(*messages));
    struct evaluation_case of = {0};

    CU_ASSERT_PTR_NOT_NULL_FATAL(messages);
    *messages = conversation_of(ctx, SAID);
    CU_ASSERT_EQUAL_FATAL(evaluation_case_read(ctx, experience, &conversation, messages, &of), CQ_OK);
    return of;
}

/* ---- the case ---- */

/* By the text, exactly: an objective that was reworded since is a new one. */
static void test_met_by_text(void)
{
    static const struct {
        const char *name, *now, *then, *met_at;
        const char *want; /* of each objective now: its place, or "-" */
    } rows[] = {
        // clang-format off
        {"as it was",       "a\nb",    "a\nb", "2,4", "24"},
        {"none met",        "a\nb",    "a\nb", ",",   "--"},
        {"another order",   "b\na",    "a\nb", "2,4", "42"},
        {"one more",        "a\nc\nb", "a\nb", "2,4", "2-4"},
        {"one less",        "b",       "a\nb", "2,4", "4"},
        {"reworded",        "A\nb ",   "a\nb", "2,4", "--"},
        {"met at 0",        "a",       "a",    "0",   "0"},
        {"twice the same",  "a\na",    "a\na", "2,4", "22"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const struct ai_experience_row experience = {.title = "t", .learning_objective = rows[i].now};
        const struct conversation_row conversation = {.learning_objective = rows[i].then, .met_at = rows[i].met_at};
        const struct message_list messages = conversation_of(ctx, SAID);
        struct evaluation_case of = {0};
        char got[16] = "";

        CU_ASSERT_EQUAL(evaluation_case_read(ctx, &experience, &conversation, &messages, &of), CQ_OK);
        for (size_t k = 0; k < of.n_objectives; k++)
            got[k] = of.objectives[k].is_met ? (char)('0' + of.objectives[k].met_at) : '-';
        ROW_ASSERT(rows[i].name, str_eq(got, rows[i].want));
        CU_ASSERT_EQUAL(of.n_metrics, 0);
    }
}

#define METRIC(name, enabled) "{\"name\":\"" name "\",\"description\":null,\"enabled\":" enabled "}"

static void test_metrics(void)
{
    static const struct {
        const char *stored;
        const char *want; /* names with a bar behind each; NULL: CQ_INTERNAL */
    } rows[] = {
        // clang-format off
        {"[]", ""},
        {"[" METRIC("A", "true") "," METRIC("B", "true") "]", "A|B|"},
        {"[" METRIC("A", "false") "," METRIC("B", "true") "]", "B|"},
        {"[" METRIC("Summary", "true") "," METRIC("OBJECTIVES", "true") "," METRIC(" learning targets\\t", "true") "]", ""},
        {"[" METRIC("Learning Targets Met", "true") "," METRIC("opportunities", "true") "]", ""},
        {"[" METRIC("areas for Improvement", "true") "," METRIC("Areas", "true") "]", "Areas|"},
        {"[" METRIC("Summary of it", "true") "," METRIC("Learning  targets", "true") "]", "Summary of it|Learning  targets|"},
        {"[" METRIC("\\u3000Summary\\u00a0", "true") "]", ""},
        {"[1,{\"enabled\":true}]", ""},
        {"{}", NULL},
        {"[", NULL},
        {"", NULL},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const struct ai_experience_row experience = {
            .title = "t", .learning_objective = "a", .evaluation_metrics = rows[i].stored};
        const struct conversation_row conversation = {.learning_objective = "a", .met_at = ""};
        const struct message_list messages = conversation_of(ctx, SAID);
        struct evaluation_case of = {.n_objectives = 99};
        char got[100] = "";

        enum cq_status st = evaluation_case_read(ctx, &experience, &conversation, &messages, &of);
        ROW_ASSERT(rows[i].stored, st == (rows[i].want ? CQ_OK : CQ_INTERNAL));
        ROW_ASSERT(rows[i].stored, !st || of.n_objectives == 99);
        for (size_t k = 0; k < of.n_metrics; k++)
            snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s|", of.metrics[k].name);
        ROW_ASSERT(rows[i].stored, str_eq(got, rows[i].want ? rows[i].want : ""));
    }
}

/* ---- what is asked ---- */

static void test_ask(void)
{
    struct cq_ctx *ctx = unit_ctx();
    const struct evaluation_case of = case_of(ctx, &EXPERIENCE, ",2");
    struct llm_ask ask = {0};

    CU_ASSERT_EQUAL_FATAL(evaluation_ask(ctx, &of, &ask), CQ_OK);
    CU_ASSERT_TRUE(ask.task == LLM_EVALUATE && ask.reply_max_bytes == 256 << 10 && ask.n_messages == 1);
    ASSERT_TEXT(ask.messages[0].text,
                "{\"title\":\"Osmosis\",\"description\":\"Talk about \\\"cells\\\"\",\"facts\":\"Water follows salt.\","
                "\"guidance\":\"Ask, do not tell.\","
                "\"objectives\":[{\"number\":1,\"objective\":\"Explain how osmosis moves water through a membrane\","
                "\"already_covered\":false},{\"number\":2,\"objective\":\"Tell diffusion and osmosis apart\","
                "\"already_covered\":true}],"
                "\"metrics\":[{\"number\":1,\"name\":\"Curiosity\",\"description\":\"Does the student ask?\"},"
                "{\"number\":2,\"name\":\"Grit\"}],\"messages\":["
                "{\"number\":2,\"role\":\"tutor\",\"text\":\"Welcome! What do you know of osmosis?\"},"
                "{\"number\":3,\"role\":\"student\",\"text\":\"I think that water goes through the membrane to the "
                "salty side.\"},"
                "{\"number\":4,\"role\":\"tutor\",\"text\":\"What makes you think so?\"}]}");
    CU_ASSERT_TRUE(ask.n_objectives == 2 && ask.n_metrics == 2 && ask.n_transcript == 4);
    ASSERT_TEXT(ask.metrics[0], "Does the student ask?");
    ASSERT_TEXT(ask.metrics[1], "Grit");
}

/* Every object is closed and requires all its properties, and no keyword is used that some servers refuse. */
static void check_schema(struct json_object *schema)
{
    static const char *const keywords[] = {"type",  "enum",        "properties",          "required",
                                           "items", "description", "additionalProperties"};
    struct json_object *properties = json_get(schema, "properties"), *required = json_get(schema, "required");

    json_object_object_foreach(schema, key, value)
    {
        bool is_known = false;

        (void)value;
        for (size_t i = 0; i < LEN(keywords); i++)
            is_known |= str_eq(keywords[i], key);
        ROW_ASSERT(key, is_known);
    }
    if (json_get(schema, "items"))
        check_schema(json_get(schema, "items"));
    if (!str_eq(json_get_text(schema, "type", NULL), "object"))
        return;
    CU_ASSERT_TRUE(json_object_is_type(json_get(schema, "additionalProperties"), json_type_boolean));
    CU_ASSERT_FALSE(json_object_get_boolean(json_get(schema, "additionalProperties")));
    CU_ASSERT_EQUAL_FATAL(json_object_array_length(required), (size_t)json_object_object_length(properties));
    for (size_t i = 0; i < json_object_array_length(required); i++) {
        struct json_object *property =
            json_get(properties, json_object_get_string(json_object_array_get_idx(required, i)));

        CU_ASSERT_PTR_NOT_NULL_FATAL(property);
        check_schema(property);
    }
}

static void test_schema(void)
{
    for (size_t i = 0; i < 2; i++) {
        struct cq_ctx *ctx = unit_ctx();
        struct ai_experience_row experience = EXPERIENCE;
        struct json_object *schema = NULL;
        struct llm_ask ask;

        if (i)
            experience.evaluation_metrics = NULL;
        const struct evaluation_case of = case_of(ctx, &experience, ",");
        CU_ASSERT_EQUAL_FATAL(evaluation_ask(ctx, &of, &ask), CQ_OK);
        CU_ASSERT_EQUAL_FATAL(json_read(ctx, ask.schema, strlen(ask.schema), &schema), CQ_OK);
        check_schema(schema);
        CU_ASSERT_EQUAL(strstr(ask.schema, "custom_metrics") == NULL, i == 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(ask.schema, "\"number\":{\"type\":\"integer\",\"enum\":[1,2]}"));
    }
}

/* ---- answers ---- */

#define GOOD_EVIDENCE "water goes through the membrane"
#define MOMENT(number, evidence, message)                                                                              \
    "{\"number\":" number ",\"evidence\":\"" evidence "\",\"message_number\":" message "}"
#define FINDING(number, met, score)                                                                                    \
    "{\"number\":" number ",\"met\":" met ",\"score\":" score ",\"explanation\":\"E" number "\"}"
#define RESPONSE(number, text) "{\"number\":" number ",\"response\":" text "}"
#define FINDINGS               FINDING("2", "false", "0") "," FINDING("1", "true", "100")
#define RESPONSES              RESPONSE("2", "\"R2\"") "," RESPONSE("1", "\"R1\"")
#define ANSWER(overall, moments, findings, strengths, areas, score, responses)                                         \
    "{\"overall_assessment\":" overall ",\"key_moments\":" moments ",\"learning_objectives_evaluation\":" findings     \
    ",\"strengths\":" strengths ",\"areas_for_improvement\":" areas ",\"overall_score\":" score                        \
    ",\"custom_metrics\":" responses "}"
#define LISTED(items) "[" items "]"
#define GOOD_ANSWER                                                                                                    \
    ANSWER("\"Well done <b>\"", LISTED(MOMENT("1", GOOD_EVIDENCE, "3")), LISTED(FINDINGS), "[\"S1\",\"S2\"]", "[]",    \
           "50", LISTED(RESPONSES))

/* In the experience's order, with its texts; met_at_turn is the conversation's, when met. */
static void test_object(void)
{
    struct cq_ctx *ctx = unit_ctx();
    const struct evaluation_case of = case_of(ctx, &EXPERIENCE, "2,2");
    const char *json = NULL;

    CU_ASSERT_EQUAL_FATAL(evaluation_read(ctx, &of, GOOD_ANSWER, strlen(GOOD_ANSWER), &json), CQ_OK);
    ASSERT_TEXT(json,
                "{\"overall_assessment\":\"Well done <b>\",\"summary\":\"Well done <b>\",\"key_moments\":["
                "{\"learning_objective\":\"Explain how osmosis moves water through a membrane\","
                "\"evidence\":\"" GOOD_EVIDENCE "\",\"message_number\":3}],"
                "\"learning_objectives_evaluation\":["
                "{\"objective\":\"Explain how osmosis moves water through a membrane\",\"met\":true,\"score\":100,"
                "\"explanation\":\"E1\",\"met_at_turn\":2},"
                "{\"objective\":\"Tell diffusion and osmosis apart\",\"met\":false,\"score\":0,"
                "\"explanation\":\"E2\",\"met_at_turn\":null}],"
                "\"strengths\":[\"S1\",\"S2\"],\"areas_for_improvement\":[],\"overall_score\":50,"
                "\"custom_metrics\":[{\"metric\":\"Curiosity\",\"response\":\"R1\"},"
                "{\"metric\":\"Grit\",\"response\":\"R2\"}]}");
}

/* Met by the model, though no turn is known to have met it. */
static void test_met_at_no_turn(void)
{
    struct cq_ctx *ctx = unit_ctx();
    const struct evaluation_case of = case_of(ctx, &EXPERIENCE, ",");
    const char *json = "";

    CU_ASSERT_EQUAL(evaluation_read(ctx, &of, GOOD_ANSWER, strlen(GOOD_ANSWER), &json), CQ_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"met\":true,\"score\":100,\"explanation\":\"E1\",\"met_at_turn\":null"));
}

#define WITH(overall, moments, findings, strengths, areas, score, responses)                                           \
    ANSWER(overall, LISTED(moments), LISTED(findings), strengths, areas, score, LISTED(responses))

static void test_read(void)
{
    static const struct {
        const char *name, *text;
        bool want;
    } rows[] = {
        // clang-format off
        {"good",                     GOOD_ANSWER, true},
        {"no moments",               WITH("\"O\"", "", FINDINGS, "[]", "[]", "0", RESPONSES), true},
        {"in a fence",               "```json\n" GOOD_ANSWER "\n```\n", true},
        {"best score",               WITH("\"O\"", "", FINDINGS, "[]", "[]", "100", RESPONSES), true},
        {"empty",                    "", false},
        {"a member less",            "{\"overall_assessment\":\"O\"}", false},
        {"a member more",            "{\"summary\":\"x\"," "\"overall_assessment\":\"O\",\"key_moments\":[],\"learning_objectives_evaluation\":["
                                     FINDINGS "],\"strengths\":[],\"areas_for_improvement\":[],\"overall_score\":1,\"custom_metrics\":[" RESPONSES "]}", false},
        {"no custom metrics",        "{\"overall_assessment\":\"O\",\"key_moments\":[],\"learning_objectives_evaluation\":["
                                     FINDINGS "],\"strengths\":[],\"areas_for_improvement\":[],\"overall_score\":1}", false},
        {"overall is null",          WITH("null", "", FINDINGS, "[]", "[]", "1", RESPONSES), false},
        {"overall holds U+0000",     WITH("\"a\\u0000b\"", "", FINDINGS, "[]", "[]", "1", RESPONSES), false},
        {"score 101",                WITH("\"O\"", "", FINDINGS, "[]", "[]", "101", RESPONSES), false},
        {"score -1",                 WITH("\"O\"", "", FINDINGS, "[]", "[]", "-1", RESPONSES), false},
        {"score 10^9",               WITH("\"O\"", "", FINDINGS, "[]", "[]", "1000000000", RESPONSES), false},
        {"score 0.5",                WITH("\"O\"", "", FINDINGS, "[]", "[]", "0.5", RESPONSES), false},
        {"score is a text",          WITH("\"O\"", "", FINDINGS, "[]", "[]", "\"50\"", RESPONSES), false},
        {"score is NaN",             WITH("\"O\"", "", FINDINGS, "[]", "[]", "NaN", RESPONSES), false},
        {"strengths is a text",      WITH("\"O\"", "", FINDINGS, "\"s\"", "[]", "1", RESPONSES), false},
        {"a strength is a number",   WITH("\"O\"", "", FINDINGS, "[1]", "[]", "1", RESPONSES), false},
        {"an area is an object",     WITH("\"O\"", "", FINDINGS, "[]", "[{}]", "1", RESPONSES), false},
        {"an area is null",          WITH("\"O\"", "", FINDINGS, "[]", "[null]", "1", RESPONSES), false},
        {"an objective is missing",  WITH("\"O\"", "", FINDING("1", "true", "1"), "[]", "[]", "1", RESPONSES), false},
        {"an objective twice",       WITH("\"O\"", "", FINDING("1", "true", "1") "," FINDING("1", "true", "1"), "[]", "[]", "1", RESPONSES), false},
        {"an objective too many",    WITH("\"O\"", "", FINDINGS "," FINDING("3", "true", "1"), "[]", "[]", "1", RESPONSES), false},
        {"objective 0",              WITH("\"O\"", "", FINDING("0", "true", "1") "," FINDING("1", "true", "1"), "[]", "[]", "1", RESPONSES), false},
        {"met is a text",            WITH("\"O\"", "", FINDING("1", "\"true\"", "1") "," FINDING("2", "true", "1"), "[]", "[]", "1", RESPONSES), false},
        {"met is a number",          WITH("\"O\"", "", FINDING("1", "1", "1") "," FINDING("2", "true", "1"), "[]", "[]", "1", RESPONSES), false},
        {"its score is 101",         WITH("\"O\"", "", FINDING("1", "true", "101") "," FINDING("2", "true", "1"), "[]", "[]", "1", RESPONSES), false},
        {"its score is null",        WITH("\"O\"", "", FINDING("1", "true", "null") "," FINDING("2", "true", "1"), "[]", "[]", "1", RESPONSES), false},
        {"a finding has met_at",     WITH("\"O\"", "", "{\"number\":1,\"met\":true,\"score\":1,\"explanation\":\"\",\"met_at_turn\":0},"
                                     FINDING("2", "true", "1"), "[]", "[]", "1", RESPONSES), false},
        {"a metric is missing",      WITH("\"O\"", "", FINDINGS, "[]", "[]", "1", RESPONSE("1", "\"r\"")), false},
        {"a metric twice",           WITH("\"O\"", "", FINDINGS, "[]", "[]", "1", RESPONSE("1", "\"r\"") "," RESPONSE("1", "\"r\"")), false},
        {"metric 3 of 2",            WITH("\"O\"", "", FINDINGS, "[]", "[]", "1", RESPONSE("1", "\"r\"") "," RESPONSE("3", "\"r\"")), false},
        {"a response is a list",     WITH("\"O\"", "", FINDINGS, "[]", "[]", "1", RESPONSE("1", "[]") "," RESPONSE("2", "\"r\"")), false},
        {"a moment of objective 3",  WITH("\"O\"", MOMENT("3", GOOD_EVIDENCE, "3"), FINDINGS, "[]", "[]", "1", RESPONSES), false},
        {"a moment is a text",       WITH("\"O\"", "\"m\"", FINDINGS, "[]", "[]", "1", RESPONSES), false},
        {"its number is a text",     WITH("\"O\"", MOMENT("1", GOOD_EVIDENCE, "\"3\""), FINDINGS, "[]", "[]", "1", RESPONSES), false},
        {"its number has a point",   WITH("\"O\"", MOMENT("1", GOOD_EVIDENCE, "3.0"), FINDINGS, "[]", "[]", "1", RESPONSES), false},
        {"moments is an object",     ANSWER("\"O\"", "{}", LISTED(FINDINGS), "[]", "[]", "1", LISTED(RESPONSES)), false},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const struct evaluation_case of = case_of(ctx, &EXPERIENCE, ",");
        const char *json = "as it was";
        enum cq_status st = evaluation_read(ctx, &of, rows[i].text, strlen(rows[i].text), &json);

        ROW_ASSERT(rows[i].name, st == (rows[i].want ? CQ_OK : CQ_MODEL_INVALID_RESPONSE));
        ROW_ASSERT(rows[i].name, rows[i].want != str_eq(json, "as it was"));
    }
}

/* A moment that quotes nothing the student wrote is left out; the evaluation stands. */
static void test_moments(void)
{
    static const struct {
        const char *name, *moments;
        size_t want;
    } rows[] = {
        // clang-format off
        {"a quotation",             MOMENT("1", GOOD_EVIDENCE, "3"), 1},
        {"two of them",             MOMENT("1", GOOD_EVIDENCE, "3") "," MOMENT("2", "salty side", "3"), 2},
        {"one of two",              MOMENT("1", "made up", "3") "," MOMENT("2", "salty side", "3"), 1},
        {"another message",         MOMENT("1", GOOD_EVIDENCE, "4"), 0},
        {"what the tutor said",     MOMENT("1", "What makes you think so?", "4"), 1},
        {"the opening message",     MOMENT("1", "Hello", "1"), 0},
        {"no such message",         MOMENT("1", GOOD_EVIDENCE, "5"), 0},
        {"message 0",               MOMENT("1", GOOD_EVIDENCE, "0"), 0},
        {"message -3",              MOMENT("1", GOOD_EVIDENCE, "-3"), 0},
        {"message 2^63",            MOMENT("1", GOOD_EVIDENCE, "9223372036854775808"), 0},
        {"without a word",          MOMENT("1", "…", "3"), 0},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const struct evaluation_case of = case_of(ctx, &EXPERIENCE, ",");
        const char
            *json = "",
            *answer = arena_printf(
                ctx->arena, "%s%s%s", "{\"overall_assessment\":\"O\",\"key_moments\":[", rows[i].moments,
                "],\"learning_objectives_evaluation\":[" FINDINGS
                "],\"strengths\":[],\"areas_for_improvement\":[],\"overall_score\":1,\"custom_metrics\":[" RESPONSES
                "]}");
        struct json_object *object = NULL;

        ROW_ASSERT(rows[i].name, evaluation_read(ctx, &of, answer, strlen(answer), &json) == CQ_OK);
        ROW_ASSERT(rows[i].name, json_read(ctx, json, strlen(json), &object) == CQ_OK);
        ROW_ASSERT(rows[i].name, json_object_array_length(json_get(object, "key_moments")) == rows[i].want);
    }
}

/* ---- bounds ---- */

/* An answer with n strengths of len characters each. */
static const char *large_answer(struct cq_ctx *ctx, size_t n, size_t len)
{
    struct buf *buf = buf_in_arena(ctx->arena, 4 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    buf_str(buf,
            "{\"overall_assessment\":\"O\",\"key_moments\":[],\"learning_objectives_evaluation\":[" FINDINGS
            "],\"areas_for_improvement\":[],\"overall_score\":1,\"custom_metrics\":[" RESPONSES "],\"strengths\":[");
    for (size_t i = 0; i < n; i++) {
        buf_str(buf, i ? ",\"" : "\"");
        for (size_t k = 0; k < len; k++)
            buf_str(buf, "ä");
        buf_char(buf, '"');
    }
    buf_str(buf, "]}");
    return buf->data;
}

static void test_bounds(void)
{
    static const struct {
        size_t n, len;
        bool want;
    } rows[] = {{0, 0, true},
                {50, 10, true},
                {51, 10, false},
                {1, 4000, true},
                {1, 4001, false},
                {30, 4000, true},
                {40, 4000, false /* above 256 KiB */},
                {100000, 1, false}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const struct evaluation_case of = case_of(ctx, &EXPERIENCE, ",");
        const char *json, *answer = large_answer(ctx, rows[i].n, rows[i].len);

        ROW_ASSERT(arena_printf(ctx->arena, "%zu of %zu", rows[i].n, rows[i].len),
                   evaluation_read(ctx, &of, answer, strlen(answer), &json) ==
                       (rows[i].want ? CQ_OK : CQ_MODEL_INVALID_RESPONSE));
    }
}

static void test_memory_is_short(void)
{
    struct cq_ctx *whole = unit_ctx();
    struct cq_ctx ctx = {.arena = arena_create(64, 512)};
    const struct evaluation_case of = case_of(whole, &EXPERIENCE, ",");
    const struct conversation_row conversation = {.learning_objective = "a", .met_at = ""};
    struct evaluation_case other = {.n_objectives = 99};
    struct llm_ask ask;
    const char *json;

    CU_ASSERT_PTR_NOT_NULL_FATAL(ctx.arena);
    while (arena_alloc(ctx.arena, 1))
        ;
    CU_ASSERT_EQUAL(evaluation_case_read(&ctx, &EXPERIENCE, &conversation, of.messages, &other), CQ_INTERNAL);
    CU_ASSERT_EQUAL(other.n_objectives, 99);
    CU_ASSERT_EQUAL(evaluation_ask(&ctx, &of, &ask), CQ_INTERNAL);
    CU_ASSERT_EQUAL(evaluation_read(&ctx, &of, GOOD_ANSWER, strlen(GOOD_ANSWER), &json), CQ_INTERNAL);
    arena_destroy(ctx.arena);
}

static void test_room(void)
{
    for (size_t i = 0; i < LEN(CHATTER); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const struct message_list list = chatter_of(ctx, CHATTER[i].n);
        const struct progress progress = progress_of_scene(ctx, ",");
        const struct evaluation_case of = {.experience = &EXPERIENCE,
                                           .messages = &list,
                                           .objectives = progress.objectives,
                                           .n_objectives = progress.n,
                                           .summary = words_of(ctx, 900),
                                           .room = CHATTER[i].room};
        const char *row = arena_printf(ctx->arena, "%zu messages, %u tokens", CHATTER[i].n, CHATTER[i].room);
        struct llm_ask ask;

        CU_ASSERT_EQUAL_FATAL(evaluation_ask(ctx, &of, &ask), CQ_OK);
        ROW_ASSERT(row, told_tokens_of(&ask) <= CHATTER[i].room);
    }
}

SUITE(evaluation_form, {"short messages", test_room}, {"met by its text", test_met_by_text}, {"metrics", test_metrics},
      {"what is asked", test_ask}, {"the schema", test_schema}, {"the object", test_object},
      {"met at no turn", test_met_at_no_turn}, {"answers", test_read}, {"key moments", test_moments},
      {"bounds", test_bounds}, {"memory is short", test_memory_is_short});
