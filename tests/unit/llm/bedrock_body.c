/* Provider bedrock: the bodies of requests, to the byte. */
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "llm/provider.h"

static const struct llm_provider *const provider = &llm_provider_bedrock;

static const struct llm_message HELLO[] = {{LLM_USER, "Hello", NULL, 0}};
static const struct llm_ask ASK = {.messages = HELLO, .n_messages = 1};

#define TEXT_PART(t)                                                                                                   \
    {                                                                                                                  \
        .kind = LLM_TEXT, .text = t                                                                                    \
    }
#define REASONING(t, sig)                                                                                              \
    {                                                                                                                  \
        .kind = LLM_REASONING, .text = t, .signature = sig                                                             \
    }
#define FILE_PART(k, type, n, bytes)                                                                                   \
    {                                                                                                                  \
        .kind = k, .media_type = type, .name = n, .data = bytes, .len = sizeof(bytes) - 1                              \
    }
#define CALL(i, input)                                                                                                 \
    {                                                                                                                  \
        .kind = LLM_TOOL_CALL, .id = i, .name = "look", .text = input                                                  \
    }
#define RESULT(i, t, error)                                                                                            \
    {                                                                                                                  \
        .kind = LLM_TOOL_RESULT, .id = i, .text = t, .is_error = error                                                 \
    }

enum { ALL = LLM_CAN_SEE | LLM_CAN_READ | LLM_CAN_CALL | LLM_CAN_FOLLOW | LLM_CAN_REASON | LLM_CAN_BE_DRAWN };

#define CLAUDE "anthropic.claude-sonnet-4-20250514-v1:0"

/* What of the body is of interest: the text from one of its keys to another. */
static bool body_has(const char *id, unsigned abilities, const struct llm_ask *ask, const char *want)
{
    const struct config_model config = {.id = id, .max_tokens = 99, .context_tokens = 40000};
    const struct llm_model model = {.config = &config, .abilities = abilities};
    struct json_object *json = NULL;
    struct llm_request request;

    llm_request_init(&request);
    bool has = provider->request(&model, ask, &request) == CQ_OK &&
               json_read(unit_ctx(), request.body.data, request.body.len, &json) == CQ_OK &&
               strstr(request.body.data, want);
    if (!has)
        printf("\n%s\n", request.body.data);
    llm_request_release(&request);
    return has;
}

static void test_body(void)
{
    static const struct llm_message messages[] = {
        {LLM_USER, "Hello", NULL, 0}, {LLM_ASSISTANT, "Hi \"you\"", NULL, 0}, {LLM_USER, "a\nb \xC3\xA4", NULL, 0}};
    const struct llm_ask ask = {.system = "Be kind.", .messages = messages, .n_messages = LEN(messages)};

    CU_ASSERT(body_has("m", 0, &ask,
                       "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hello\"}]},"
                       "{\"role\":\"assistant\",\"content\":[{\"text\":\"Hi \\\"you\\\"\"}]},"
                       "{\"role\":\"user\",\"content\":[{\"text\":\"a\\nb \xC3\xA4\"}]}],"
                       "\"system\":[{\"text\":\"Be kind.\"}],\"inferenceConfig\":{\"maxTokens\":99}}"));
}

struct messages_row {
    const char *name;
    struct llm_message messages[5];
    const char *want; /* in the array */
};

#define USER(blocks)      "{\"role\":\"user\",\"content\":[" blocks "]}"
#define ASSISTANT(blocks) "{\"role\":\"assistant\",\"content\":[" blocks "]}"
#define SAYS(text)        "{\"text\":\"" text "\"}"
#define PARTS(...)                                                                                                     \
    (const struct llm_part[]){__VA_ARGS__}, sizeof((struct llm_part[]){__VA_ARGS__}) / sizeof(struct llm_part)

static void check_messages(const struct messages_row *row, const char *id, unsigned abilities, struct llm_ask ask)
{
    ask.messages = row->messages;
    for (ask.n_messages = 0; ask.n_messages < LEN(row->messages); ask.n_messages++)
        if (!row->messages[ask.n_messages].text && !row->messages[ask.n_messages].n_parts)
            break;
    const char *want = arena_printf(unit_ctx()->arena, "{\"messages\":[%s],", row->want);
    char *copy = strdup(want); /* body_has() takes the context */

    ROW_ASSERT(row->name, body_has(id, abilities, &ask, copy));
    free(copy);
}

static void test_messages(void)
{
    const struct messages_row rows[] = {
        // clang-format off
        {"of one role", {{LLM_USER, "a", NULL, 0}, {LLM_USER, "b", NULL, 0}, {LLM_ASSISTANT, "c", NULL, 0}, {LLM_ASSISTANT, "d", NULL, 0}, {LLM_USER, "e", NULL, 0}},
         USER(SAYS("a") "," SAYS("b")) "," ASSISTANT(SAYS("c") "," SAYS("d")) "," USER(SAYS("e"))},
        {"the assistant first", {{LLM_ASSISTANT, "a", NULL, 0}, {LLM_USER, "b", NULL, 0}},
         USER(SAYS("\xE2\x80\xA6")) "," ASSISTANT(SAYS("a")) "," USER(SAYS("b"))},
        {"blank texts", {{LLM_USER, "a", NULL, 0}, {LLM_ASSISTANT, " \n\xC2\xA0", NULL, 0}, {LLM_USER, "b", NULL, 0}},
         USER(SAYS("a") "," SAYS("b"))},
        {"a blank first one", {{LLM_USER, "", NULL, 0}, {LLM_ASSISTANT, "a", NULL, 0}, {LLM_USER, "b", NULL, 0}},
         USER(SAYS("\xE2\x80\xA6")) "," ASSISTANT(SAYS("a")) "," USER(SAYS("b"))},
        {"text and parts", {{LLM_USER, "a", PARTS(TEXT_PART("b"), TEXT_PART(" "), TEXT_PART("c"))}},
         USER(SAYS("a") "," SAYS("b") "," SAYS("c"))},
        {"an image", {{LLM_USER, "a", PARTS(FILE_PART(LLM_IMAGE, "image/png", NULL, "\x89PNG"))}},
         USER(SAYS("a") ",{\"image\":{\"format\":\"png\",\"source\":{\"bytes\":\"iVBORw==\"}}}")},
        {"images of each kind", {{LLM_USER, NULL, PARTS(FILE_PART(LLM_IMAGE, "image/jpeg", NULL, "a"), FILE_PART(LLM_IMAGE, "image/gif", NULL, "a"), FILE_PART(LLM_IMAGE, "image/webp", NULL, "a"))}},
         USER("{\"image\":{\"format\":\"jpeg\",\"source\":{\"bytes\":\"YQ==\"}}},{\"image\":{\"format\":\"gif\",\"source\":{\"bytes\":\"YQ==\"}}},"
              "{\"image\":{\"format\":\"webp\",\"source\":{\"bytes\":\"YQ==\"}}}")},
        {"files of other kinds", {{LLM_USER, "a", PARTS(FILE_PART(LLM_IMAGE, "image/svg+xml", NULL, "<"), FILE_PART(LLM_DOCUMENT, "application/zip", "z", "PK"), FILE_PART(LLM_IMAGE, NULL, NULL, "a"))}},
         USER(SAYS("a"))},
        {"an empty file", {{LLM_USER, "a", PARTS(FILE_PART(LLM_IMAGE, "image/png", NULL, ""))}}, USER(SAYS("a"))},
        {"the assistant's files", {{LLM_USER, "a", NULL, 0}, {LLM_ASSISTANT, "b", PARTS(FILE_PART(LLM_IMAGE, "image/png", NULL, "a"))}, {LLM_USER, "c", NULL, 0}},
         USER(SAYS("a")) "," ASSISTANT(SAYS("b")) "," USER(SAYS("c"))},
        {"a document without words", {{LLM_USER, NULL, PARTS(FILE_PART(LLM_DOCUMENT, "text/plain; charset=utf-8", "notes", "a"))}, {LLM_ASSISTANT, "b", NULL, 0}, {LLM_USER, "c", NULL, 0}},
         USER("{\"document\":{\"format\":\"txt\",\"name\":\"notes\",\"source\":{\"bytes\":\"YQ==\"}}}," SAYS("\xE2\x80\xA6")) "," ASSISTANT(SAYS("b")) "," USER(SAYS("c"))},
        {"tool parts without tools", {{LLM_USER, "a", NULL, 0}, {LLM_ASSISTANT, "b", PARTS(CALL("1", "{}"))}, {LLM_USER, NULL, PARTS(RESULT("1", "r", false))}, {LLM_USER, "c", NULL, 0}},
         USER(SAYS("a")) "," ASSISTANT(SAYS("b")) "," USER(SAYS("c"))},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        check_messages(&rows[i], "m", ALL, (struct llm_ask){0});
}

static void test_document_formats(void)
{
    static const struct {
        const char *media_type, *want;
    } rows[] = {
        // clang-format off
        {"application/pdf", "pdf"},
        {"text/csv", "csv"},
        {"application/msword", "doc"},
        {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
        {"application/vnd.ms-excel", "xls"},
        {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
        {"text/html", "html"},
        {"text/plain", "txt"},
        {"text/markdown", "md"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct llm_part part = FILE_PART(LLM_DOCUMENT, rows[i].media_type, "notes", "a");
        const struct llm_message message = {LLM_USER, "a", &part, 1};
        const struct llm_ask ask = {.messages = &message, .n_messages = 1};
        char want[100];

        snprintf(want, sizeof(want), "{\"document\":{\"format\":\"%s\",\"name\":\"notes\",", rows[i].want);
        ROW_ASSERT(rows[i].media_type, body_has("m", ALL, &ask, want));
    }
}

static void test_document_names(void)
{
    static const struct {
        const char *name, *names[3], *want[3];
    } rows[] = {
        // clang-format off
        {"as they are",       {"Notes (1) [final]-2", "b", "c"},  {"Notes (1) [final]-2", "b", "c"}},
        {"other characters",  {"week_3.pdf", "../a\"b\\n", "a  b"}, {"week 3 pdf", "a b n", "a b"}},
        {"other scripts",     {"\xE7\xAC\xAC\xE4\xB8\x80", "", NULL}, {"document", "document [2]", "document [3]"}},
        {"twice",             {"a", "a", "a"},                    {"a", "a [2]", "a [3]"}},
        {"made the same",     {"a [2]", "a", "a"},                {"a [2]", "a", "a [3]"}},
        {"blanks at the end", {" a ", "b.", "."},                 {"a", "b", "document"}},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct llm_part parts[3];
        const struct llm_message message = {LLM_USER, "a", parts, 3};
        const struct llm_ask ask = {.messages = &message, .n_messages = 1};

        for (size_t k = 0; k < 3; k++)
            parts[k] = (struct llm_part)FILE_PART(LLM_DOCUMENT, "text/plain", rows[i].names[k], "a");
        for (size_t k = 0; k < 3; k++) {
            char want[100];

            snprintf(want, sizeof(want), "\"name\":\"%s\",\"source\"", rows[i].want[k]);
            ROW_ASSERT(rows[i].name, body_has("m", ALL, &ask, want));
        }
    }
}

static void test_long_document_name(void)
{
    char name[400] = "", want[256];
    const struct llm_part parts[] = {FILE_PART(LLM_DOCUMENT, "text/plain", name, "a"),
                                     FILE_PART(LLM_DOCUMENT, "text/plain", name, "a")};
    const struct llm_message message = {LLM_USER, "a", parts, LEN(parts)};
    const struct llm_ask ask = {.messages = &message, .n_messages = 1};

    memset(name, 'n', sizeof(name) - 1);
    snprintf(want, sizeof(want), "\"name\":\"%.178s\"", name);
    CU_ASSERT(body_has("m", ALL, &ask, want));
    snprintf(want, sizeof(want), "\"name\":\"%.178s [2]\"", name);
    CU_ASSERT(body_has("m", ALL, &ask, want));
}

/* ---- tools, schemas, thoughts ---- */

static const struct llm_tool TOOLS[] = {{"look", "Looks it up.", "{\"type\":\"object\"}"},
                                        {"wait", "", "{\"type\":\"object\"}"}};

// clang-format off
#define SPEC(name, description) \
    "{\"toolSpec\":{\"name\":\"" name "\"," description "\"inputSchema\":{\"json\":{\"type\":\"object\"}}}}"
#define CALLED(id, input)    "{\"toolUse\":{\"toolUseId\":\"" id "\",\"name\":\"look\",\"input\":" input "}}"
#define RETURNED(id, result) "{\"toolResult\":{\"toolUseId\":\"" id "\"," result "}}"

static void test_tools(void)
{
    const struct messages_row row = {
        "calls and results, results first",
        {{LLM_USER, "a", NULL, 0},
         {LLM_ASSISTANT, "b", PARTS(CALL("t1", "{\"q\":1}"), CALL("t2", ""))},
         {LLM_USER, "c", PARTS(RESULT("t1", "r", false), RESULT("t2", "", true))}},
        USER(SAYS("a")) ","
        ASSISTANT(SAYS("b") "," CALLED("t1", "{\"q\":1}") "," CALLED("t2", "{}")) ","
        USER(RETURNED("t1", "\"content\":[" SAYS("r") "]") "," RETURNED("t2", "\"content\":[],\"status\":\"error\"") "," SAYS("c"))};
    // clang-format on
    struct llm_ask ask = ASK;

    check_messages(&row, "m", ALL, (struct llm_ask){.tools = TOOLS, .n_tools = LEN(TOOLS)});
    ask.tools = TOOLS;
    ask.n_tools = LEN(TOOLS);
    CU_ASSERT(body_has(
        "m", ALL, &ask,
        ",\"toolConfig\":{\"tools\":[" SPEC("look", "\"description\":\"Looks it up.\",") "," SPEC("wait", "") "]}}"));
    CU_ASSERT(body_has("m", ALL & ~(unsigned)LLM_CAN_CALL, &ask, "\"inferenceConfig\":{\"maxTokens\":99}}"));
}

static void test_schema(void)
{
    struct llm_ask ask = ASK;

    ask.task = LLM_ASSESS;
    ask.schema = "{\"type\":\"object\",\"properties\":{}}";
    CU_ASSERT(
        body_has("m", ALL, &ask,
                 ",\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"assessment\",\"inputSchema\":{\"json\":"
                 "{\"type\":\"object\",\"properties\":{}}}}}],\"toolChoice\":{\"tool\":{\"name\":\"assessment\"}}}}"));
    CU_ASSERT(body_has("m", ALL & ~(unsigned)LLM_CAN_FOLLOW, &ask, "\"inferenceConfig\":{\"maxTokens\":99}}"));
    CU_ASSERT(
        body_has("m", ALL & ~(unsigned)LLM_CAN_FOLLOW, &ask, "\"system\":[{\"text\":\"Answer with one JSON object"));
    ask.reasoning_tokens = 2000; /* who is made to call a tool cannot think first */
    CU_ASSERT(body_has(CLAUDE, ALL, &ask, "\"inferenceConfig\":{\"maxTokens\":99},\"toolConfig\""));
}

static void test_reasoning(void)
{
    static const struct {
        const char *name, *id;
        unsigned abilities;
        uint32_t tokens;
        const char *want;
    } rows[] = {
        // clang-format off
        {"Claude", CLAUDE, ALL, 2000, "\"inferenceConfig\":{\"maxTokens\":2099},\"additionalModelRequestFields\":{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}}}"},
        {"without end", CLAUDE, ALL, UINT32_MAX, "\"inferenceConfig\":{\"maxTokens\":10099},\"additionalModelRequestFields\":{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":10000}}}"},
        {"in a region's profile", "eu." CLAUDE, ALL, 2000, "\"thinking\""},
        {"in a profile of one's own", "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc", ALL, 2000, "\"thinking\""},
        {"too little", CLAUDE, ALL, 5, "\"maxTokens\":1123},\"additionalModelRequestFields\":{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}}}"},
        {"not asked for", CLAUDE, ALL, 0, "\"inferenceConfig\":{\"maxTokens\":99}}"},
        {"not able to", CLAUDE, ALL & ~(unsigned)LLM_CAN_REASON, 2000, "\"inferenceConfig\":{\"maxTokens\":99}}"},
        {"another maker's", "deepseek.r1-v1:0", ALL, 2000, "\"inferenceConfig\":{\"maxTokens\":99}}"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct llm_ask ask = ASK;

        ask.reasoning_tokens = rows[i].tokens;
        ROW_ASSERT(rows[i].name, body_has(rows[i].id, rows[i].abilities, &ask, rows[i].want));
    }
}

/* Earlier thoughts are given back before what was said, if they are known to be the model's own. */
static void test_thoughts(void)
{
    // clang-format off
#define ASKED     {LLM_USER, "a", NULL, 0}
#define AGAIN     {LLM_USER, "c", NULL, 0}
#define UNTHOUGHT USER(SAYS("a")) "," ASSISTANT(SAYS("b")) "," USER(SAYS("c"))
#define HM        "{\"reasoningContent\":{\"reasoningText\":{\"text\":\"hm\",\"signature\":\"sig\"}}}"
#define THOUGHT   USER(SAYS("a")) "," ASSISTANT(HM "," SAYS("b")) "," USER(SAYS("c"))
    const struct {
        struct messages_row row;
        uint32_t reasoning_tokens;
    } rows[] = {
        {{"signed",         {ASKED, {LLM_ASSISTANT, "b", PARTS(REASONING("hm", "sig"))}, AGAIN}, THOUGHT},   2000},
        {{"not signed",     {ASKED, {LLM_ASSISTANT, "b", PARTS(REASONING("hm", ""))}, AGAIN},    UNTHOUGHT}, 2000},
        {{"none asked for", {ASKED, {LLM_ASSISTANT, "b", PARTS(REASONING("hm", "sig"))}, AGAIN}, UNTHOUGHT}, 0},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        check_messages(&rows[i].row, CLAUDE, ALL, (struct llm_ask){.reasoning_tokens = rows[i].reasoning_tokens});
}

/* A call that is sent back without its thought, as another model's is, takes thinking away. */
static void test_unthought_call(void)
{
    const struct llm_part called[] = {REASONING("hm", ""), CALL("t", "{}")};
    const struct llm_message messages[] = {{LLM_USER, "a", NULL, 0},
                                           {LLM_ASSISTANT, NULL, called, LEN(called)},
                                           {LLM_USER, NULL, &(const struct llm_part)RESULT("t", "b", false), 1}};
    const struct llm_ask ask = {.messages = messages, .n_messages = LEN(messages), .reasoning_tokens = 2000};

    CU_ASSERT(body_has(CLAUDE, ALL, &ask, "\"inferenceConfig\":{\"maxTokens\":99}"));
}

static void test_sampling(void)
{
    static const char *const stops[] = {"END", "\n\n"};
    static const struct {
        const char *name, *id;
        struct llm_sampling sampling;
        uint32_t reasoning_tokens;
        const char *want;
    } rows[] = {
        // clang-format off
        {"all of it", CLAUDE, {0.5, 0.25, 40, stops, 2}, 0,
         "\"inferenceConfig\":{\"maxTokens\":99,\"temperature\":0.5,\"topP\":0.25,\"stopSequences\":[\"END\",\"\\n\\n\"]},"
         "\"additionalModelRequestFields\":{\"top_k\":40}}"},
        {"none of it", CLAUDE, {-1, -1, -1, NULL, 0}, 0, "\"inferenceConfig\":{\"maxTokens\":99}}"},
        {"zero", CLAUDE, {0, -1, -1, NULL, 0}, 0, "\"inferenceConfig\":{\"maxTokens\":99,\"temperature\":0}}"},
        {"Nova's own place", "us.amazon.nova-pro-v1:0", {-1, -1, 7, NULL, 0}, 0, "\"additionalModelRequestFields\":{\"inferenceConfig\":{\"topK\":7}}}"},
        {"beside thinking", CLAUDE, {0.5, 0.25, 40, stops, 1}, 2000,
         "\"inferenceConfig\":{\"maxTokens\":2099,\"stopSequences\":[\"END\"]},\"additionalModelRequestFields\":{\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}}}"},
        // clang-format on
    };
    struct llm_ask ask = ASK;

    for (size_t i = 0; i < LEN(rows); i++) {
        ask.sampling = &rows[i].sampling;
        ask.reasoning_tokens = rows[i].reasoning_tokens;
        ROW_ASSERT(rows[i].name, body_has(rows[i].id, ALL, &ask, rows[i].want));
    }
    ask.reasoning_tokens = 0;
    CU_ASSERT(body_has(CLAUDE, ALL & ~(unsigned)LLM_CAN_BE_DRAWN, &ask, "\"inferenceConfig\":{\"maxTokens\":99}}"));
}

static void test_max_tokens(void)
{
    struct llm_ask ask = ASK;

    ask.max_tokens = 7;
    CU_ASSERT(body_has("m", ALL, &ask, "\"inferenceConfig\":{\"maxTokens\":7}}"));
    ask.max_tokens = 700;
    ask.system = " ";
    CU_ASSERT(body_has("m", ALL, &ask, "]}],\"inferenceConfig\":{\"maxTokens\":99}}"));
}

SUITE(bedrock_body, {"to the byte", test_body}, {"messages", test_messages},
      {"formats of documents", test_document_formats}, {"names of documents", test_document_names},
      {"a document's long name", test_long_document_name}, {"tools", test_tools}, {"a schema", test_schema},
      {"reasoning", test_reasoning}, {"earlier thoughts", test_thoughts},
      {"a call without its thought", test_unthought_call}, {"sampling", test_sampling},
      {"the longest reply", test_max_tokens});
