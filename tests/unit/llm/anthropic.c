/* Provider anthropic: the request to the byte, and what answers mean. */
#include "rows.h"

// clang-format off
enum {
    NEWEST = LLM_CAN_SEE | LLM_CAN_READ | LLM_CAN_CALL | LLM_CAN_FOLLOW | LLM_CAN_REASON,
    OLDER = NEWEST | LLM_CAN_BE_DRAWN,
};

#define HEAD            "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,\"messages\":["
#define HEAD_OF(tokens) "{\"model\":\"m\",\"max_tokens\":" tokens ",\"stream\":true,\"messages\":["
#define TURN(role, blocks) "{\"role\":\"" role "\",\"content\":[" blocks "]}"
#define USER(blocks)    TURN("user", blocks)
#define TUTOR(blocks)   TURN("assistant", blocks)
#define SAY(text)       "{\"type\":\"text\",\"text\":\"" text "\"}"
#define HELLO_JSON      USER(SAY("Hello"))
#define PNG             "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"iVBORw==\"}}"
#define PDF             "{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":\"application/pdf\",\"data\":\"JVBERg==\"},\"title\":\"a \\\"b\\\".pdf\"}"
#define MD              "{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"# A\\n\"},\"title\":\"a.md\"}"
#define THOUGHT         "{\"type\":\"thinking\",\"thinking\":\"Hm.\",\"signature\":\"c2ln\"}"
#define CALL(id, input) "{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"find\",\"input\":" input "}"
#define RESULT(id, say) "{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\",\"content\":\"" say "\"}"
#define WRONG(id, say)  "{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\",\"content\":\"" say "\",\"is_error\":true}"
#define TOOL(name, say, schema) "],\"tools\":[{\"name\":\"" name "\",\"description\":\"" say "\",\"input_schema\":" schema "}]"
#define ANSWER(name)    TOOL(name, "Takes the whole answer.", "{}") ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"" name "\"}}"
#define FIND_JSON       TOOL("find", "Finds", "{\"type\":\"object\"}")
#define THINK(tokens)   ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":" tokens "}}"
#define EFFORT(level)   "\"effort\":\"" level "\""
#define FORMAT(members) "\"format\":{\"type\":\"json_schema\",\"schema\":{" members "}}"
#define CONFIG(members) ",\"output_config\":{" members "}"
#define ADAPTIVE        ",\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"}}"
#define TOLD            "Answer with one JSON object that follows this JSON Schema, and with nothing else: no Markdown, no explanation.\\n\\n{}"

static const struct llm_message AGAIN[] = {{.role = LLM_USER, .text = "One."}, {.role = LLM_USER, .text = "Two."}, {.role = LLM_ASSISTANT, .text = "Yes."},
                                           {.role = LLM_USER, .text = " \n"}, {.role = LLM_ASSISTANT, .text = "And no."}, {.role = LLM_USER, .text = "Three."}};
static const struct llm_message OPENED[] = {{.role = LLM_USER, .text = ""}, {.role = LLM_ASSISTANT, .text = "Welcome!"}, {.role = LLM_USER, .text = "Hello"}};
static const struct llm_part UNSIGNED_CALL[] = {{.kind = LLM_REASONING, .text = "Hm.", .signature = ""}, {.kind = LLM_TOOL_CALL, .id = "t1", .name = "find", .text = ""}};
static const struct llm_part ITS_RESULT[] = {{.kind = LLM_TOOL_RESULT, .id = "t1", .text = "a"}};
static const struct llm_message UNSIGNED[] = {{.role = LLM_USER, .text = "Hello"}, {.role = LLM_ASSISTANT, .parts = UNSIGNED_CALL, .n_parts = 2},
                                              {.role = LLM_USER, .parts = ITS_RESULT, .n_parts = 1}};
static const struct llm_part SHEET = {.kind = LLM_DOCUMENT, .media_type = "application/msword", .data = "x", .len = 1};
static const struct llm_message SHEETS[] = {{.role = LLM_USER, .text = "Look.", .parts = &SHEET, .n_parts = 1}};
static const struct llm_message NOTHING[] = {{.role = LLM_USER, .parts = &SHEET, .n_parts = 1}};
static const struct llm_sampling TOP_P = {-1, 0.9, 0, NULL, 0};

static void test_request(void)
{
    static const struct request_row rows[] = {
        {.name = "a conversation", .abilities = NEWEST,
         .config = {.base_url = "http://127.0.0.1:1/", .api_key = "sk-1", .id = "claude", .max_tokens = 99},
         .ask = {.system = "Be kind.", .messages = TURNS, .n_messages = 3},
         .url = "http://127.0.0.1:1/v1/messages",
         .headers = "Content-Type: application/json\nAccept: text/event-stream\nanthropic-version: 2023-06-01\nx-api-key: sk-1\n",
         .body = "{\"model\":\"claude\",\"max_tokens\":99,\"stream\":true,\"system\":\"Be kind.\",\"messages\":[" HELLO_JSON ","
                 TUTOR(SAY("Hi \\\"you\\\"")) "," USER(SAY("a\\nb \xC3\xA4")) "]}"},
        {.name = "defaults", .url = "https://api.anthropic.com/v1/messages", .body = HEAD HELLO_JSON "]}",
         .headers = "Content-Type: application/json\nAccept: text/event-stream\nanthropic-version: 2023-06-01\n"},
        {.name = "a blank system prompt", .ask = {.system = " "}, .body = HEAD HELLO_JSON "]}"},
        {.name = "turns are made of messages", .ask = {.messages = AGAIN, .n_messages = 6},
         .body = HEAD USER(SAY("One.") "," SAY("Two.")) "," TUTOR(SAY("Yes.") "," SAY("And no.")) "," USER(SAY("Three.")) "]}"},
        {.name = "the user has the first word", .ask = {.messages = OPENED, .n_messages = 3},
         .body = HEAD USER(SAY("…")) "," TUTOR(SAY("Welcome!")) "," HELLO_JSON "]}"},
        {.name = "images and documents", .abilities = NEWEST, .ask = {.messages = PARTS, .n_messages = 3},
         .body = HEAD USER(SAY("Look.") "," PNG "," PDF "," MD "," SAY("And this?")) "," TUTOR(SAY("A cat.")) "," USER(PNG) "]}"},
        {.name = "neither is taken", .ask = {.messages = PARTS, .n_messages = 3},
         .body = HEAD USER(SAY("Look.") "," SAY("And this?")) "," TUTOR(SAY("A cat.")) "]}"},
        {.name = "a document of another type", .abilities = NEWEST, .ask = {.messages = SHEETS, .n_messages = 1}, .body = HEAD USER(SAY("Look.")) "]}"},
        {.name = "nothing that it takes", .abilities = NEWEST, .ask = {.messages = NOTHING, .n_messages = 1}, .body = HEAD USER(SAY("…")) "]}"},
        {.name = "tools", .abilities = NEWEST, .ask = {.messages = CALLS, .n_messages = 3, .tools = FIND, .n_tools = 1},
         .body = HEAD USER(SAY("Find it.")) "," TUTOR(SAY("Well.") "," CALL("t1", "{\"q\":\"a\"}") "," CALL("t2", "{}")) ","
                 USER(RESULT("t1", "found \\\"a\\\"") "," WRONG("t2", "no q") "," SAY("Go on.")) FIND_JSON "}"},
        {.name = "tools, thinking", .abilities = OLDER, .config = {.max_tokens = 4096},
         .ask = {.messages = CALLS, .n_messages = 3, .tools = FIND, .n_tools = 1, .reasoning_tokens = 1500},
         .body = HEAD_OF("5596") USER(SAY("Find it.")) "," TUTOR(THOUGHT "," SAY("Well.") "," CALL("t1", "{\"q\":\"a\"}") "," CALL("t2", "{}")) ","
                 USER(RESULT("t1", "found \\\"a\\\"") "," WRONG("t2", "no q") "," SAY("Go on.")) FIND_JSON THINK("1500")},
        {.name = "no thinking where a call has no proof of its thought", .abilities = OLDER, .config = {.max_tokens = 4096},
         .ask = {.messages = UNSIGNED, .n_messages = 3, .tools = FIND, .n_tools = 1, .reasoning_tokens = 1500},
         .body = HEAD_OF("4096") HELLO_JSON "," TUTOR(CALL("t1", "{}")) "," USER(RESULT("t1", "a")) FIND_JSON "}"},
        {.name = "tools that are not taken", .ask = {.messages = CALLS, .n_messages = 3, .tools = FIND, .n_tools = 1},
         .body = HEAD USER(SAY("Find it.")) "," TUTOR(SAY("Well.")) "," USER(SAY("Go on.")) "]}"},
        {.name = "an assessment", .abilities = OLDER, .config = {.max_tokens = 4096}, .ask = {.task = LLM_ASSESS, .schema = "{}", .reasoning_tokens = 2000},
         .body = HEAD_OF("4096") HELLO_JSON ANSWER("assessment")},
        {.name = "an evaluation", .abilities = OLDER, .ask = {.task = LLM_EVALUATE, .schema = "{}"}, .body = HEAD HELLO_JSON ANSWER("evaluation")},
        {.name = "a schema that is told", .ask = {.system = "Be kind.", .schema = "{}"},
         .body = "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,\"system\":\"Be kind.\\n\\n" TOLD "\",\"messages\":[" HELLO_JSON "]}"},
        {.name = "a little thinking", .abilities = OLDER, .config = {.max_tokens = 64000}, .ask = {.reasoning_tokens = 5, .max_tokens = 50},
         .body = HEAD_OF("1074") HELLO_JSON "]" THINK("1024")},
        {.name = "much thinking", .abilities = OLDER, .config = {.max_tokens = 4096}, .ask = {.reasoning_tokens = 9999},
         .body = HEAD_OF("14095") HELLO_JSON "]" THINK("9999")},
        {.name = "thinking without end", .abilities = OLDER, .config = {.max_tokens = 4096, .context_tokens = 40000}, .ask = {.reasoning_tokens = UINT32_MAX},
         .body = HEAD_OF("14096") HELLO_JSON "]" THINK("10000")},
        {.name = "an assessment by a newer model", .abilities = NEWEST, .ask = {.task = LLM_ASSESS, .schema = "{\"type\":\"object\"}"},
         .body = HEAD HELLO_JSON "]" CONFIG(FORMAT("\"title\":\"assessment\",\"type\":\"object\"")) "}"},
        {.name = "a schema without members", .abilities = NEWEST, .ask = {.schema = "{}"}, .body = HEAD HELLO_JSON "]" CONFIG(FORMAT("\"title\":\"reply\"")) "}"},
        {.name = "a newer model thinks", .abilities = NEWEST, .config = {.max_tokens = 4096}, .ask = {.reasoning_tokens = 1},
         .body = HEAD_OF("5120") HELLO_JSON "]" CONFIG(EFFORT("low")) ADAPTIVE},
        {.name = "a newer model thinks much", .abilities = NEWEST, .config = {.max_tokens = 4096}, .ask = {.reasoning_tokens = 9999},
         .body = HEAD_OF("14095") HELLO_JSON "]" CONFIG(EFFORT("high")) ADAPTIVE},
        {.name = "a newer model thinks before an answer of a form", .abilities = NEWEST, .config = {.max_tokens = 4096}, .ask = {.schema = "{}", .reasoning_tokens = 4000},
         .body = HEAD_OF("8096") HELLO_JSON "]" CONFIG(EFFORT("medium") "," FORMAT("\"title\":\"reply\"")) ADAPTIVE},
        {.name = "a newer model thinks, whatever was called before", .abilities = NEWEST, .config = {.max_tokens = 4096},
         .ask = {.messages = UNSIGNED, .n_messages = 3, .tools = FIND, .n_tools = 1, .reasoning_tokens = 1500},
         .body = HEAD_OF("5596") HELLO_JSON "," TUTOR(CALL("t1", "{}")) "," USER(RESULT("t1", "a")) FIND_JSON CONFIG(EFFORT("low")) ADAPTIVE},
        {.name = "thinking that is not to be had", .config = {.max_tokens = 4096}, .ask = {.reasoning_tokens = 1024}, .body = HEAD_OF("4096") HELLO_JSON "]}"},
        {.name = "sampling, which new models refuse", .abilities = NEWEST, .ask = {.sampling = &SAMPLING},
         .body = HEAD HELLO_JSON "],\"stop_sequences\":[\"END\",\"c\",\"d\",\"e\"]}"},
        {.name = "sampling", .abilities = OLDER, .ask = {.sampling = &SAMPLING},
         .body = HEAD HELLO_JSON "],\"temperature\":0.7,\"top_k\":40,\"stop_sequences\":[\"END\",\"c\",\"d\",\"e\"]}"},
        {.name = "top_p alone", .abilities = OLDER, .ask = {.sampling = &TOP_P},
         .body = HEAD HELLO_JSON "],\"top_p\":0.9}"},
        {.name = "no sampling with thinking", .abilities = OLDER, .config = {.max_tokens = 4096}, .ask = {.sampling = &SAMPLING, .reasoning_tokens = 1024},
         .body = HEAD_OF("5120") HELLO_JSON "],\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024},\"stop_sequences\":[\"END\",\"c\",\"d\",\"e\"]}"},
    };

    check_requests(&llm_provider_anthropic, rows, LEN(rows));
}

#define START(block) "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{" block "}}"
#define DELTA(delta) "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{" delta "}}"
#define END(reason)  "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" reason "\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":7}}"
#define ERROR(type)  "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"m\"},\"request_id\":\"r\"}"

static void test_events(void)
{
    static const struct answer_row rows[] = {
        {.name = "the start", .event = "message_start", .usage = {25, 1, 3, 2},
         .data = "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"usage\":"
                 "{\"input_tokens\":25,\"cache_creation_input_tokens\":2,\"cache_read_input_tokens\":3,\"output_tokens\":1}}}"},
        {.name = "a ping", .event = "ping", .data = "{\"type\":\"ping\"}"},
        {.name = "a text begins", .event = "content_block_start", .data = START("\"type\":\"text\",\"text\":\"\"")},
        {.name = "a text begins with text", .event = "content_block_start", .data = START("\"type\":\"text\",\"text\":\"Hi\""), .said = "text Hi;"},
        {.name = "a thought begins", .event = "content_block_start", .data = START("\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"")},
        {.name = "a call begins", .event = "content_block_start", .data = START("\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"find\",\"input\":{}"), .said = "call 1 t find ;"},
        {.name = "a call without a name", .event = "content_block_start", .data = START("\"type\":\"tool_use\",\"id\":\"t\",\"input\":{}")},
        {.name = "a hidden thought", .event = "content_block_start", .data = START("\"type\":\"redacted_thinking\",\"data\":\"x\"")},
        {.name = "a block that we do not know", .event = "content_block_start", .data = START("\"type\":\"server_tool_use\",\"id\":\"t\",\"name\":\"web\",\"input\":{}")},
        {.name = "no block", .event = "content_block_start", .data = "{}"},
        {.name = "text", .event = "content_block_delta", .data = DELTA("\"type\":\"text_delta\",\"text\":\"Hi\""), .said = "text Hi;"},
        {.name = "no text", .event = "content_block_delta", .data = DELTA("\"type\":\"text_delta\",\"text\":\"\"")},
        {.name = "a thought", .event = "content_block_delta", .data = DELTA("\"type\":\"thinking_delta\",\"thinking\":\"so\""), .said = "reasoning so;"},
        {.name = "its signature", .event = "content_block_delta", .data = DELTA("\"type\":\"signature_delta\",\"signature\":\"c2ln\""), .said = "reasoning  (c2ln);"},
        {.name = "input", .event = "content_block_delta", .data = DELTA("\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"q\""), .said = "call 1 {\"q;"},
        {.name = "no input", .event = "content_block_delta", .data = DELTA("\"type\":\"input_json_delta\",\"partial_json\":\"\"")},
        {.name = "a citation", .event = "content_block_delta", .data = DELTA("\"type\":\"citations_delta\",\"citation\":{}")},
        {.name = "a block ends", .event = "content_block_stop", .data = "{\"type\":\"content_block_stop\",\"index\":1}"},
        {.name = "its turn ends", .event = "message_delta", .data = END("end_turn"), .stopped = true, .usage = {0, 7, 0, 0}},
        {.name = "the limit", .event = "message_delta", .data = END("max_tokens"), .stopped = true, .stop = LLM_STOP_LENGTH, .usage = {0, 7, 0, 0}},
        {.name = "the context", .event = "message_delta", .data = END("model_context_window_exceeded"), .stopped = true, .stop = LLM_STOP_LENGTH, .usage = {0, 7, 0, 0}},
        {.name = "a pause", .event = "message_delta", .data = END("pause_turn"), .stopped = true, .stop = LLM_STOP_LENGTH, .usage = {0, 7, 0, 0}},
        {.name = "a sequence", .event = "message_delta", .data = END("stop_sequence"), .stopped = true, .stop = LLM_STOP_SEQUENCE, .usage = {0, 7, 0, 0}},
        {.name = "a tool", .event = "message_delta", .data = END("tool_use"), .stopped = true, .stop = LLM_STOP_TOOL, .usage = {0, 7, 0, 0}},
        {.name = "a refusal", .event = "message_delta", .data = END("refusal"), .stopped = true, .stop = LLM_STOP_FILTERED, .usage = {0, 7, 0, 0}},
        {.name = "another reason", .event = "message_delta", .data = END("bored"), .stopped = true, .usage = {0, 7, 0, 0}},
        {.name = "no reason yet", .event = "message_delta", .data = "{\"delta\":{\"stop_reason\":null},\"usage\":{\"output_tokens\":7,\"input_tokens\":null}}", .usage = {0, 7, 0, 0}},
        {.name = "usage of all", .event = "message_delta", .usage = {9, 7, 5, 4},
         .data = "{\"delta\":{},\"usage\":{\"output_tokens\":7,\"input_tokens\":9,\"cache_creation_input_tokens\":4,\"cache_read_input_tokens\":5}}"},
        {.name = "the end", .event = "message_stop", .data = "{\"type\":\"message_stop\"}", .done = true},
        {.name = "overloaded", .event = "error", .data = ERROR("overloaded_error"), .status = CQ_MODEL_UNAVAILABLE},
        {.name = "an error of theirs", .event = "error", .data = ERROR("api_error"), .status = CQ_MODEL_UNAVAILABLE},
        {.name = "an unknown error", .event = "error", .data = ERROR("odd_error"), .status = CQ_MODEL_UNAVAILABLE},
        {.name = "an error without a type", .event = "error", .data = "{}", .status = CQ_MODEL_UNAVAILABLE},
        {.name = "limited", .event = "error", .data = ERROR("rate_limit_error"), .status = CQ_MODEL_RATE_LIMITED},
        {.name = "timed out", .event = "error", .data = ERROR("timeout_error"), .status = CQ_MODEL_TIMEOUT},
        {.name = "refused", .event = "error", .data = ERROR("invalid_request_error"), .status = CQ_MODEL_REFUSED},
        {.name = "too large", .event = "error", .data = ERROR("request_too_large"), .status = CQ_MODEL_REFUSED},
        {.name = "not allowed", .event = "error", .data = ERROR("permission_error"), .status = CQ_MODEL_REFUSED},
        {.name = "not JSON", .event = "content_block_delta", .data = "{\"type\":", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "no object", .event = "message_stop", .data = "[1]", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "empty", .event = "message_start", .data = "", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "not UTF-8", .event = "content_block_delta", .data = DELTA("\"type\":\"text_delta\",\"text\":\"\xC3\""), .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "an event that we do not know", .event = "message_joke", .data = "no JSON"},
        {.name = "an event without a name", .data = "[DONE]"},
    };

    check_events(&llm_provider_anthropic, rows, LEN(rows));
}

#define WHOLE(content, reason) "{\"type\":\"message\",\"content\":[" content "],\"stop_reason\":" reason ",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}"

static void test_whole(void)
{
    static const struct answer_row rows[] = {
        {.name = "reply", .data = WHOLE(SAY("Hi"), "\"end_turn\""), .said = "text Hi;", .stopped = true, .done = true, .usage = {1, 2, 0, 0}},
        {.name = "no reason", .data = WHOLE(SAY("Hi"), "null"), .said = "text Hi;", .stopped = true, .done = true, .usage = {1, 2, 0, 0}},
        {.name = "everything", .data = WHOLE(THOUGHT "," SAY("Hi") ",{\"type\":\"new\"}," CALL("t", "{\"q\":\"a/b\"}") "," CALL("u", "{}"), "\"tool_use\""),
         .said = "reasoning Hm.;reasoning  (c2ln);text Hi;call 3 t find {\"q\":\"a/b\"};call 4 u find {};",
         .stopped = true, .done = true, .stop = LLM_STOP_TOOL, .usage = {1, 2, 0, 0}},
        {.name = "nothing said", .data = WHOLE("", "\"refusal\""), .stopped = true, .done = true, .stop = LLM_STOP_FILTERED, .usage = {1, 2, 0, 0}},
        {.name = "no content", .data = "{\"type\":\"message\"}", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "blocks of another type", .data = WHOLE("7,null", "\"end_turn\""), .stopped = true, .done = true, .usage = {1, 2, 0, 0}},
        {.name = "error", .data = ERROR("rate_limit_error"), .status = CQ_MODEL_RATE_LIMITED},
        {.name = "nothing", .data = "", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "cut", .data = "{\"type\":\"message\",\"content\":[", .status = CQ_MODEL_INVALID_RESPONSE},
    };

    check_wholes(&llm_provider_anthropic, rows, LEN(rows));
}

static void test_refusal(void)
{
    static const struct refusal_row rows[] = {
        {"bad request", 400, ERROR("invalid_request_error"), CQ_MODEL_REFUSED},
        {"no key",      401, ERROR("authentication_error"),  CQ_MODEL_REFUSED},
        {"too large",   413, "<html>",                       CQ_MODEL_REFUSED},
    };

    check_refusals(&llm_provider_anthropic, rows, LEN(rows));
}
// clang-format on

SUITE(anthropic, {"the request to the byte", test_request}, {"events", test_events}, {"a whole answer", test_whole},
      {"refusals", test_refusal});
