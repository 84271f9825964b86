/* What each protocol takes for a request, and how it says no. */
#include "tongues.h"

static const char PLAIN[] = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

/* ---- openai and Azure ---- */

static void test_openai(void)
{
    static const struct {
        const char *name, *path, *header, *body;
        long status;
    } rows[] = {
        // clang-format off
        {"without a key", "/v1/chat/completions", NULL, PLAIN, 200},
        {"a bad key", "/v1/chat/completions", "Authorization: Bearer bad", PLAIN, 401},
        {"no messages", "/v1/chat/completions", NULL, "{\"messages\":[]}", 400},
        {"no JSON", "/v1/chat/completions", NULL, "{", 400},
        {"no such path", "/v1/chat", NULL, PLAIN, 404},
        {"azure, a key", "/openai/deployments/m/chat/completions?api-version=2024-10-21", "api-key: good", PLAIN, 200},
        {"azure, a token", "/openai/deployments/m/chat/completions?a=b&api-version=1", "Authorization: Bearer good", PLAIN, 200},
        {"azure, without", "/openai/deployments/m/chat/completions?api-version=1", NULL, PLAIN, 401},
        {"azure, a bad key", "/openai/deployments/m/chat/completions?api-version=1", "api-key: bad", PLAIN, 401},
        {"azure, no version", "/openai/deployments/m/chat/completions", "api-key: good", PLAIN, 404},
        {"azure, no name", "/openai/deployments//chat/completions?api-version=1", "api-key: good", PLAIN, 404},
        {"azure, a name that fails", "/openai/deployments/down-m/chat/completions?api-version=1", "api-key: good", PLAIN, 503},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct answer answer = ASK(.path = rows[i].path, .body = rows[i].body, .headers = {rows[i].header});

        ROW_ASSERT(rows[i].name, answer.status == rows[i].status);
        ROW_ASSERT(rows[i].name, answer.status == 200 || text_at(answer.json, "/error/message"));
    }
}

/* Its stream begins with an event that has no choice, and the deployment is the model's name. */
static void test_azure_stream(void)
{
    struct answer answer =
        ASK(.path = "/openai/deployments/mine/chat/completions?api-version=1", .headers = {"api-key: good"},
            .body = "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    struct told told = told_openai(&answer);

    CU_ASSERT(str_starts(answer.body, "data: {\"choices\":[],"));
    CU_ASSERT(told.is_valid && told.has_end);
    ASSERT_TEXT(told.text->data, "You said: hi");
    CU_ASSERT(strstr(answer.body, "\"model\":\"mine\"") != NULL);
}

/* A tool that has to be called is a structured answer too. */
static void test_openai_forced_tool(void)
{
    struct answer answer = say_all(
        &tongues[OPENAI_TONGUE], true, "m", fill(tongues[OPENAI_TONGUE].said, "hi", "", ""),
        ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},\"tools\":[{\"type\":\"function\","
        "\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}"
        "}}]");
    struct told told = told_openai(&answer);

    ASSERT_TEXT(told.tool, "f");
    ASSERT_TEXT(told.input->data, "{\"a\":\"Scripted.\"}");
    ASSERT_TEXT(told.stop, "tool_calls");
}

/* ---- anthropic ---- */

#define HI "{\"role\":\"user\",\"content\":\"hi\"}"

static void test_anthropic_callers(void)
{
    static const struct {
        const char *name, *headers[2];
        long status;
        const char *type;
    } rows[] = {
        {"a key", {"x-api-key: good", "anthropic-version: 2023-06-01"}, 200, ""},
        {"a token", {"Authorization: Bearer good", "anthropic-version: 2023-06-01"}, 200, ""},
        {"neither", {"anthropic-version: 2023-06-01"}, 401, "authentication_error"},
        {"a bad key", {"x-api-key: bad", "anthropic-version: 2023-06-01"}, 401, "authentication_error"},
        {"no version", {"x-api-key: good"}, 400, "invalid_request_error"},
        {"another version", {"x-api-key: good", "anthropic-version: 2023-01-01"}, 400, "invalid_request_error"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct answer answer = ASK(.path = "/v1/messages", .headers = {rows[i].headers[0], rows[i].headers[1]},
                                   .body = "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[" HI "]}");

        ROW_ASSERT(rows[i].name, answer.status == rows[i].status);
        ROW_ASSERT(rows[i].name, str_eq(told_anthropic(&answer).error, rows[i].type));
        ROW_ASSERT(rows[i].name, answer.status == 200 || str_eq(text_at(answer.json, "/type"), "error"));
    }
}

/* Bodies of requests, and whether they are good ones. */
struct body {
    const char *name;
    long status;
    const char *messages, *more;
};

static void test_anthropic_bodies(void)
{
    static const struct body rows[] = {
        // clang-format off
        {"plain",              200, HI, ""},
        {"blocks",             200, "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}]}", ""},
        {"the same one twice", 200, HI "," HI, ""},
        {"assistant first",    400, "{\"role\":\"assistant\",\"content\":\"hi\"}," HI, ""},
        {"system within",      400, HI ",{\"role\":\"system\",\"content\":\"hi\"}", ""},
        {"none",               400, "", ""},
        {"blank",              400, "{\"role\":\"user\",\"content\":\" \"}", ""},
        {"a blank block",      400, "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\"}]}", ""},
        {"no blocks",          400, "{\"role\":\"user\",\"content\":[]}", ""},
        {"a tool's result of nothing", 400, "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"x\"}]}", ""},
        {"a call without its result",  400, HI ",{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"x\"}]}," HI, ""},
        {"thinking",           200, HI, ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}"},
        {"thinking too little", 400, HI, ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1023}"},
        {"thinking too much",  400, HI, ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":4096}"},
        {"thinking, and a temperature", 400, HI, ",\"temperature\":0.5,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}"},
        {"thinking, and a forced tool", 400, HI, ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024},\"tools\":[{\"name\":\"a\",\"input_schema\":{}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"a\"}"},
        {"another's thoughts", 400, HI ",{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"b\"}]}," HI, ""},
        {"a tool that is not there", 400, HI, ",\"tools\":[{\"name\":\"a\",\"input_schema\":{}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"b\"}"},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct answer answer = say_all(&tongues[ANTHROPIC_TONGUE], false, "m", rows[i].messages, rows[i].more);

        ROW_ASSERT(rows[i].name, answer.status == rows[i].status);
    }
    struct answer answer = ASK(.path = "/v1/messages", .body = "{\"model\":\"m\",\"messages\":[" HI "]}",
                               .headers = {"x-api-key: good", "anthropic-version: 2023-06-01"});
    ROW_ASSERT("without max_tokens", answer.status == 400);
}

/* Thoughts go back as they came, before the call that they led to. */
static void test_thoughts_go_back(void)
{
    static const char format[] =
        "{\"role\":\"user\",\"content\":\"[[tool f {}]][[reasoning Hm]]\"},{\"role\":\"assistant\",\"content\":[$1"
        "{\"type\":\"tool_use\",\"id\":\"x\",\"name\":\"f\",\"input\":{}}]},{\"role\":\"user\",\"content\":["
        "{\"type\":\"tool_result\",\"tool_use_id\":\"x\",\"content\":\"1\"}]}";
    const struct tongue *tongue = &tongues[ANTHROPIC_TONGUE];
    struct answer first =
        say_all(tongue, false, "m", fill(tongue->said, "[[tool f {}]][[reasoning Hm]]", "", ""), tongue->reasons);
    const char *thought = textf("{\"type\":\"thinking\",\"thinking\":\"Hm\",\"signature\":\"%s\"},",
                                text_at(first.json, "/content/0/signature"));

    const char *offers = fill(tongue->offers, "f", "", ""), *both = textf("%s%s", offers, tongue->reasons);

    CU_ASSERT_EQUAL(say_all(tongue, false, "m", fill(format, thought, "", ""), both).status, 200);
    CU_ASSERT_EQUAL(say_all(tongue, false, "m", fill(format, "", "", ""), both).status, 400);
    CU_ASSERT_EQUAL(say_all(tongue, false, "m", fill(format, "", "", ""), offers).status, 200);
}

/* Structured outputs: the schema without a tool, and the answer as text. */
static void test_anthropic_format(void)
{
    struct answer answer = say_all(&tongues[ANTHROPIC_TONGUE], false, "m", HI,
                                   ",\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":"
                                   "\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}}}");

    ASSERT_TEXT(told_anthropic(&answer).text->data, "{\"a\":\"Scripted.\"}");
}

static void test_stop_sequences(void)
{
    struct answer answer =
        say_all(&tongues[ANTHROPIC_TONGUE], false, "m",
                fill(tongues[ANTHROPIC_TONGUE].said, "[[stop_sequence]]a", "", ""), ",\"stop_sequences\":[\"END\"]");

    ASSERT_TEXT(text_at(answer.json, "/stop_sequence"), "END");
}

/* ---- bedrock ---- */

#define HELLO "{\"role\":\"user\",\"content\":[{\"text\":\"hi\"}]}"

static void test_bedrock_bodies(void)
{
    static const struct body rows[] = {
        {"plain", 200, HELLO, ""},
        {"the same one twice", 400, HELLO "," HELLO, ""},
        {"assistant first", 400, "{\"role\":\"assistant\",\"content\":[{\"text\":\"hi\"}]}," HELLO, ""},
        {"text without blocks", 400, HI, ""},
        {"blank", 400, "{\"role\":\"user\",\"content\":[{\"text\":\" \"}]}", ""},
        {"none", 400, "", ""},
        {"a tool that is not there", 400, HELLO,
         ",\"toolConfig\":{\"tools\":[],\"toolChoice\":{\"tool\":{\"name\":\"b\"}}}"},
    };

    for (size_t i = 0; i < LEN(rows) * 2; i++) {
        struct answer answer = say_all(&tongues[BEDROCK_TONGUE], i % 2, "m", rows[i / 2].messages, rows[i / 2].more);

        ROW_ASSERT(rows[i / 2].name, answer.status == rows[i / 2].status);
        ROW_ASSERT(rows[i / 2].name,
                   answer.status == 200 || str_eq(told_bedrock(&answer).error, "ValidationException"));
    }
}

/* Names of models hold colons and slashes, which a path cannot. */
static void test_encoded_model(void)
{
    CU_ASSERT_EQUAL(say_all(&tongues[BEDROCK_TONGUE], true, "arn%3Aaws%3aprofile%2Fm-1%3A0", HELLO, "").status, 200);
    CU_ASSERT_EQUAL(say_all(&tongues[BEDROCK_TONGUE], true, "%64own-m", HELLO, "").status, 503);
    CU_ASSERT_EQUAL(say_all(&tongues[BEDROCK_TONGUE], true, "a/b", HELLO, "").status, 404);
}

static void test_bad_checksum(void)
{
    struct answer answer = say(&tongues[BEDROCK_TONGUE], true, "[[badcrc 3]][[words 20]]");
    struct told told = told_bedrock(&answer);

    CU_ASSERT(answer.is_whole && !told.is_valid);
    CU_ASSERT_EQUAL(told.n_deltas, 2);
}

SUITE(refusals, {"openai", test_openai}, {"Azure's stream", test_azure_stream},
      {"openai's forced tool", test_openai_forced_tool}, {"anthropic's callers", test_anthropic_callers},
      {"anthropic's bodies", test_anthropic_bodies}, {"thoughts go back", test_thoughts_go_back},
      {"anthropic's format", test_anthropic_format}, {"stop sequences", test_stop_sequences},
      {"bedrock's bodies", test_bedrock_bodies}, {"encoded model", test_encoded_model},
      {"a bad checksum", test_bad_checksum});
