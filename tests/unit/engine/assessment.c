/* Assessment: what is asked, to the byte where it matters, and every answer that is not of the form. */
#include <json-c/json.h>
#include <stdio.h>

#include "unit.h"

#include "engine/assessment.h"
#include "hostile.h"
#include "scene.h"

static struct json_object *document_of(struct cq_ctx *ctx, const struct llm_ask *ask)
{
    struct json_object *document = NULL;

    CU_ASSERT_TRUE_FATAL(ask->n_messages == 1 && ask->messages[0].role == LLM_USER);
    CU_ASSERT_EQUAL_FATAL(json_read(ctx, ask->messages[0].text, strlen(ask->messages[0].text), &document), CQ_OK);
    return document;
}

static struct json_object *item(struct json_object *document, const char *list, size_t i)
{
    return json_object_array_get_idx(json_get(document, list), i);
}

static void test_ask(void)
{
    struct cq_ctx *ctx = unit_ctx();
    const struct message_list messages = conversation_of(ctx, "Water moves.");
    const struct progress progress = progress_of_scene(ctx, "2,");
    struct llm_ask ask = {0};

    CU_ASSERT_EQUAL_FATAL(
        assessment_ask(ctx, &(struct assessment_case){&EXPERIENCE, &messages, &progress, NULL, UINT32_MAX}, &ask),
        CQ_OK);
    CU_ASSERT_TRUE(ask.task == LLM_ASSESS && ask.reply_max_bytes == 64 << 10 && ask.system);
    ASSERT_TEXT(ask.messages[0].text,
                "{\"title\":\"Osmosis\",\"description\":\"Talk about \\\"cells\\\"\",\"facts\":\"Water follows salt.\","
                "\"objectives\":[{\"number\":1,\"objective\":\"Explain how osmosis moves water through a membrane\","
                "\"already_covered\":true},{\"number\":2,\"objective\":\"Tell diffusion and osmosis apart\","
                "\"already_covered\":false}],\"messages\":["
                "{\"number\":2,\"role\":\"tutor\",\"text\":\"Welcome! What do you know of osmosis?\"},"
                "{\"number\":3,\"role\":\"student\",\"text\":\"Water moves.\"},"
                "{\"number\":4,\"role\":\"tutor\",\"text\":\"What makes you think so?\"}]}");
    ASSERT_TEXT(ask.schema,
                "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"objectives\"],\"properties\":{"
                "\"objectives\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"additionalProperties\":false,"
                "\"required\":[\"number\",\"status\"],\"properties\":{\"number\":{\"type\":\"integer\",\"enum\":[1,2]},"
                "\"status\":{\"type\":\"string\",\"enum\":[\"covered\",\"\"]}}}}}}");
    CU_ASSERT_TRUE(ask.n_objectives == 2 && ask.n_transcript == 4 && ask.n_metrics == 0);
    ASSERT_TEXT(ask.objectives[1], "Tell diffusion and osmosis apart");
    CU_ASSERT_TRUE(ask.transcript[0].role == LLM_USER && ask.transcript[1].role == LLM_ASSISTANT);
    ASSERT_TEXT(ask.transcript[2].text, "Water moves.");
}

/* The newest that fit 60,000 tokens, the student's last one always; numbers stay those of the conversation. */
static void test_long_conversation(void)
{
    static const struct {
        const char *name;
        size_t tokens[6]; /* of user, assistant, …; 26 of each are what JSON has around the text */
        const char *want;
    } rows[] = {
        // clang-format off
        {"all fit",                        {30, 30, 30, 30, 30, 30},             "23456"},
        {"just",                           {30, 15000, 15000, 15000, 14970, 30}, "23456"},
        {"one token more",                 {30, 15000, 15000, 15001, 14970, 30}, "3456"},
        {"a hole is not left",             {30, 30, 60000, 30, 30, 30},         "456"},
        {"the last one of the student",    {30, 30, 30, 30, 90000, 30},         "5"},
        {"a reply behind it is too long",  {30, 30, 30, 30, 30, 90000},         "2345"},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        struct message_row messages[6] = {{.is_initial = true}};
        const struct message_list list = {messages, LEN(messages)};
        const struct progress progress = progress_of_scene(ctx, ",");
        struct llm_ask ask;
        char got[16] = "";

        for (size_t k = 0; k < LEN(messages); k++) {
            messages[k].is_assistant = k % 2;
            messages[k].text = words_of(ctx, (rows[i].tokens[k] - 26) * 3);
        }
        CU_ASSERT_EQUAL_FATAL(
            assessment_ask(ctx, &(struct assessment_case){&EXPERIENCE, &list, &progress, NULL, UINT32_MAX}, &ask),
            CQ_OK);
        struct json_object *document = document_of(ctx, &ask);
        size_t n = json_object_array_length(json_get(document, "messages"));
        for (size_t k = 0; k < n && k < sizeof(got) - 1; k++)
            got[k] = (char)('0' + json_get_u64(item(document, "messages", k), "number"));
        ROW_ASSERT(rows[i].name, str_eq(got, rows[i].want));
        ROW_ASSERT(rows[i].name, ask.n_transcript == LEN(messages));
    }
}

/* Many short messages are mostly JSON. */
static void test_room(void)
{
    for (size_t i = 0; i < LEN(CHATTER); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const struct message_list list = chatter_of(ctx, CHATTER[i].n);
        const struct progress progress = progress_of_scene(ctx, ",");
        const char *row = arena_printf(ctx->arena, "%zu messages, %u tokens", CHATTER[i].n, CHATTER[i].room);
        struct llm_ask ask;

        CU_ASSERT_EQUAL_FATAL(assessment_ask(ctx,
                                             &(struct assessment_case){&EXPERIENCE, &list, &progress,
                                                                       words_of(ctx, 900), CHATTER[i].room},
                                             &ask),
                              CQ_OK);
        uint64_t told = told_tokens_of(&ask);

        ROW_ASSERT(row, told <= CHATTER[i].room);
        ROW_ASSERT(row, told > CHATTER[i].room * 9 / 10 || told > 55000 || strstr(ask.messages->text, "\"number\":2,"));
    }
}

#define ITEM(number, status) "{\"number\":" number ",\"status\":" status "}"
#define LIST(items)          "{\"objectives\":[" items "]}"
#define YES                  "\"covered\""

static void test_read(void)
{
    static const struct {
        const char *name, *text;
        const char *want; /* a digit for each objective; NULL: not of the form */
    } rows[] = {
        // clang-format off
        {"all",                      LIST(ITEM("1", YES) "," ITEM("2", YES) "," ITEM("3", YES)), "111"},
        {"one",                      LIST(ITEM("1", "\"\"") "," ITEM("2", YES) "," ITEM("3", "\"\"")), "010"},
        {"any order",                LIST(ITEM("3", YES) "," ITEM("1", "\"\"")), "001"},
        {"none is named",            LIST(""), "000"},
        {"white space",              " \n\t" LIST(ITEM("1", YES)) "\r\n ", "100"},
        {"a fence",                  "```json\n" LIST(ITEM("1", YES)) "\n```", "100"},
        {"a fence in capitals",      "\n```JSON\n" LIST(ITEM("1", YES)) "\n```\n", "100"},
        {"a bare fence",             "```\n" LIST(ITEM("1", YES)) "```", "100"},
        {"a fence on one line",      "```json " LIST(ITEM("1", YES)) "```", "100"},
        {"an escaped status",        LIST(ITEM("1", "\"cover\\u0065d\"")), "100"},
        {"a fence of another kind",  "```yaml\n" LIST(ITEM("1", YES)) "\n```", NULL},
        {"a fence without end",      "```json\n" LIST(ITEM("1", YES)), NULL},
        {"two fences",               "```json\n" LIST("") "\n```\n```json\n" LIST("") "\n```", NULL},
        {"a word before",            "Here: " LIST(ITEM("1", YES)), NULL},
        {"a word behind",            LIST(ITEM("1", YES)) " done", NULL},
        {"two objects",              LIST("") LIST(""), NULL},
        {"empty",                    "", NULL},
        {"blank",                    " \n ", NULL},
        {"a fence around nothing",   "``````", NULL},
        {"not JSON",                 "covered", NULL},
        {"cut",                      "{\"objectives\":[{\"number\":1,\"status\":\"cov", NULL},
        {"an array",                 "[" ITEM("1", YES) "]", NULL},
        {"null",                     "null", NULL},
        {"no member",                "{}", NULL},
        {"another member",           "{\"objectives\":[],\"note\":1}", NULL},
        {"another member instead",   "{\"objective\":[]}", NULL},
        {"a member twice",           "{\"objectives\":[],\"objectives\":[]}", NULL},
        {"an object for the list",   "{\"objectives\":{}}", NULL},
        {"null for the list",        "{\"objectives\":null}", NULL},
        {"a text for an item",       LIST(YES), NULL},
        {"null for an item",         LIST("null"), NULL},
        {"an item without status",   LIST("{\"number\":1}"), NULL},
        {"an item without number",   LIST("{\"status\":\"covered\"}"), NULL},
        {"a member more in an item", LIST("{\"number\":1,\"status\":\"covered\",\"objective\":\"x\"}"), NULL},
        {"number 0",                 LIST(ITEM("0", YES)), NULL},
        {"number 4 of 3",            LIST(ITEM("4", YES)), NULL},
        {"a negative number",        LIST(ITEM("-1", YES)), NULL},
        {"a number of 10^30",        LIST(ITEM("1000000000000000000000000000000", YES)), NULL},
        {"a number as text",         LIST(ITEM("\"1\"", YES)), NULL},
        {"a number with a point",    LIST(ITEM("1.0", YES)), NULL},
        {"a number with an exponent", LIST(ITEM("1e0", YES)), NULL},
        {"NaN",                      LIST(ITEM("NaN", YES)), NULL},
        {"true for a number",        LIST(ITEM("true", YES)), NULL},
        {"a number twice",           LIST(ITEM("1", YES) "," ITEM("1", YES)), NULL},
        {"a number twice, apart",    LIST(ITEM("1", "\"\"") "," ITEM("2", YES) "," ITEM("1", YES)), NULL},
        {"another status",           LIST(ITEM("1", "\"met\"")), NULL},
        {"status in capitals",       LIST(ITEM("1", "\"Covered\"")), NULL},
        {"status with a blank",      LIST(ITEM("1", "\"covered \"")), NULL},
        {"status with U+0000",       LIST(ITEM("1", "\"covered\\u0000\"")), NULL},
        {"status is only U+0000",    LIST(ITEM("1", "\"\\u0000\"")), NULL},
        {"status is true",           LIST(ITEM("1", "true")), NULL},
        {"status is null",           LIST(ITEM("1", "null")), NULL},
        {"not UTF-8",                LIST(ITEM("1", "\"\xC3\"")), NULL},
        {"half a surrogate pair",    LIST(ITEM("1", "\"\\ud83d\"")), NULL},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        bool covered[3] = {true, false, true}, before[3] = {true, false, true}, want[3];
        enum cq_status st = assessment_read(unit_ctx(), rows[i].text, strlen(rows[i].text), 3, covered);

        for (size_t k = 0; k < 3; k++)
            want[k] = rows[i].want ? rows[i].want[k] == '1' : before[k];
        ROW_ASSERT(rows[i].name, st == (rows[i].want ? CQ_OK : CQ_MODEL_INVALID_RESPONSE));
        ROW_ASSERT(rows[i].name, memcmp(covered, want, sizeof(want)) == 0);
    }
}

/* 64 KiB are read, one byte more is not; nor are a million items. */
static void test_size(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct buf *text = buf_in_arena(ctx->arena, 1 << 20);
    bool covered[1] = {false};

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    buf_str(text, LIST(ITEM("1", YES)));
    while (text->len < 64 << 10)
        buf_char(text, ' ');
    CU_ASSERT_EQUAL(assessment_read(ctx, text->data, text->len, 1, covered), CQ_OK);
    CU_ASSERT_TRUE(covered[0]);
    buf_char(text, ' ');
    CU_ASSERT_EQUAL(assessment_read(ctx, text->data, text->len, 1, covered), CQ_MODEL_INVALID_RESPONSE);
    CU_ASSERT_EQUAL(assessment_read(ctx, "{}", 2, ENGINE_MAX_OBJECTIVES + 1, covered), CQ_INTERNAL);
}

static void test_memory_is_short(void)
{
    struct cq_ctx ctx = {.arena = arena_create(64, 512)};
    const struct progress progress = progress_of_scene(unit_ctx(), ",");
    struct message_row row = {.text = "Water"};
    const struct message_list messages = {&row, 1};
    struct llm_ask ask = {.n_messages = 99};

    CU_ASSERT_PTR_NOT_NULL_FATAL(ctx.arena);
    while (arena_alloc(ctx.arena, 1))
        ;
    CU_ASSERT_EQUAL(
        assessment_ask(&ctx, &(struct assessment_case){&EXPERIENCE, &messages, &progress, NULL, UINT32_MAX}, &ask),
        CQ_INTERNAL);
    CU_ASSERT_EQUAL(ask.n_messages, 99);
    arena_destroy(ctx.arena);
}

/* ---- hostile texts ---- */

/* The document without the one text: what every honest one has too. */
static const char *around(struct cq_ctx *ctx, struct json_object *document, size_t i)
{
    json_object_object_add(item(document, "messages", i), "text", json_object_new_string("…"));
    return arena_strdup(ctx->arena, json_object_to_json_string(document));
}

/*
 * Whatever a student writes stands in the document as that text and changes nothing else of it. A reading that does
 * as the student says is bound to the form: numbers of objectives that exist, each once.
 */
static void test_hostile(void)
{
    static char honest[4096];

    CU_ASSERT_TRUE(LEN(HOSTILE) >= 60);
    for (size_t i = 0; i < LEN(HOSTILE); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const struct progress progress = progress_of_scene(ctx, ",");
        struct message_list messages = conversation_of(ctx, "Water moves.");
        struct llm_ask ask, plain;
        bool covered[2] = {false, false};

        CU_ASSERT_EQUAL_FATAL(
            assessment_ask(ctx, &(struct assessment_case){&EXPERIENCE, &messages, &progress, NULL, UINT32_MAX}, &plain),
            CQ_OK);
        snprintf(honest, sizeof(honest), "%s", around(ctx, document_of(ctx, &plain), 1));
        messages.rows[2].text = HOSTILE[i];
        CU_ASSERT_EQUAL_FATAL(
            assessment_ask(ctx, &(struct assessment_case){&EXPERIENCE, &messages, &progress, NULL, UINT32_MAX}, &ask),
            CQ_OK);
        struct json_object *document = document_of(ctx, &ask);
        ASSERT_TEXT(json_get_text(item(document, "messages", 1), "text", NULL), HOSTILE[i]);
        ASSERT_TEXT(around(ctx, document, 1), honest);
        ASSERT_TEXT(ask.system, plain.system);
        ASSERT_TEXT(ask.schema, plain.schema);
        if (assessment_read(ctx, HOSTILE[i], strlen(HOSTILE[i]), 2, covered) != CQ_OK)
            ROW_ASSERT(HOSTILE[i], !covered[0] && !covered[1]);
        else
            ROW_ASSERT(HOSTILE[i], strstr(HOSTILE[i], "{\"objectives\":[") != NULL);
    }
}

SUITE(assessment, {"what is asked", test_ask}, {"a long conversation", test_long_conversation},
      {"short messages", test_room}, {"answers", test_read}, {"the largest answer", test_size},
      {"memory is short", test_memory_is_short}, {"hostile texts", test_hostile});
