/* Provider openai: the request to the byte, and what answers mean. */
#include "rows.h"

// clang-format off
enum {
    USUAL = LLM_CAN_SEE | LLM_CAN_CALL | LLM_CAN_FOLLOW | LLM_CAN_BE_DRAWN,
    ALL = USUAL | LLM_CAN_READ,
    REASONER = USUAL | LLM_CAN_REASON,
};

#define BEGIN           "{\"model\":\"m\",\"messages\":["
#define HELLO_JSON      "{\"role\":\"user\",\"content\":\"Hello\"}"
#define STREAMED        "],\"stream\":true,\"stream_options\":{\"include_usage\":true},"
#define END             STREAMED "\"max_tokens\":9}"
#define PNG             "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,iVBORw==\"}}"
#define PDF             "{\"type\":\"file\",\"file\":{\"filename\":\"a \\\"b\\\".pdf\",\"file_data\":\"data:application/pdf;base64,JVBERg==\"}}"
#define MD              "{\"type\":\"file\",\"file\":{\"filename\":\"a.md\",\"file_data\":\"data:text/markdown;base64,IyBBCg==\"}}"
#define PART(text)      "{\"type\":\"text\",\"text\":\"" text "\"}"
#define USER(content)   "{\"role\":\"user\",\"content\":" content "}"
#define SAID_JSON       "{\"role\":\"assistant\",\"content\":\"A cat.\"}"
#define RESULT(id, say) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" say "\"}"
#define CALL(id, input) "{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"find\",\"arguments\":\"" input "\"}}"
#define TOOLS           "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"find\",\"description\":\"Finds\"," \
                        "\"parameters\":{\"type\":\"object\"}}}],"
#define FORMAT(name)    "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"" name "\",\"strict\":true,\"schema\":{}}},"
#define TOLD            "Answer with one JSON object that follows this JSON Schema, and with nothing else: no Markdown, no explanation.\\n\\n{}"

static void test_request(void)
{
    const struct request_row rows[] = {
        {.name = "a conversation", .abilities = USUAL,
         .config = {.base_url = "http://127.0.0.1:1/v1//", .api_key = "sk-1", .id = "m-1", .max_tokens = 99},
         .ask = {.system = "Be kind.", .messages = TURNS, .n_messages = 3},
         .url = "http://127.0.0.1:1/v1/chat/completions",
         .headers = "Content-Type: application/json\nAccept: text/event-stream\nAuthorization: Bearer sk-1\n",
         .body = "{\"model\":\"m-1\",\"messages\":[{\"role\":\"system\",\"content\":\"Be kind.\"}," HELLO_JSON ","
                 "{\"role\":\"assistant\",\"content\":\"Hi \\\"you\\\"\"}," USER("\"a\\nb \xC3\xA4\"") STREAMED "\"max_tokens\":99}"},
        {.name = "defaults", .url = "https://api.openai.com/v1/chat/completions",
         .headers = "Content-Type: application/json\nAccept: text/event-stream\n", .body = BEGIN HELLO_JSON END},
        {.name = "an organization", .config = {.organization = "org-1", .api_key = "k"},
         .headers = "Content-Type: application/json\nAccept: text/event-stream\nAuthorization: Bearer k\nOpenAI-Organization: org-1\n"},
        {.name = "Azure", .config = {.base_url = "https://a.openai.azure.com/openai/deployments/d", .api_version = "2024-10-21", .api_key = "k"},
         .url = "https://a.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
         .headers = "Content-Type: application/json\nAccept: text/event-stream\napi-key: k\n"},
        {.name = "images and documents", .abilities = ALL, .ask = {.messages = PARTS, .n_messages = 3},
         .body = BEGIN USER("[" PART("Look.") "," PNG "," PDF "," MD "," PART("And this?") "]") "," SAID_JSON "," USER("[" PNG "]") END},
        {.name = "images alone are taken", .abilities = USUAL, .ask = {.messages = PARTS, .n_messages = 3},
         .body = BEGIN USER("[" PART("Look.") "," PNG "," PART("And this?") "]") "," SAID_JSON "," USER("[" PNG "]") END},
        {.name = "neither is taken", .ask = {.messages = PARTS, .n_messages = 3},
         .body = BEGIN USER("\"Look.\\n\\nAnd this?\"") "," SAID_JSON "," USER("\"\"") END},
        {.name = "tools", .abilities = USUAL, .ask = {.messages = CALLS, .n_messages = 3, .tools = FIND, .n_tools = 1},
         .body = BEGIN USER("\"Find it.\"") ",{\"role\":\"assistant\",\"content\":\"Well.\",\"tool_calls\":["
                 CALL("t1", "{\\\"q\\\":\\\"a\\\"}") "," CALL("t2", "{}") "]}," RESULT("t1", "found \\\"a\\\"") ","
                 RESULT("t2", "no q") "," USER("\"Go on.\"") STREAMED TOOLS "\"max_tokens\":9}"},
        {.name = "tools that are not taken", .ask = {.messages = CALLS, .n_messages = 3, .tools = FIND, .n_tools = 1},
         .body = BEGIN USER("\"Find it.\"") ",{\"role\":\"assistant\",\"content\":\"Well.\"}," USER("\"Go on.\"") END},
        {.name = "an assessment", .abilities = USUAL, .ask = {.task = LLM_ASSESS, .schema = "{}"},
         .body = BEGIN HELLO_JSON STREAMED FORMAT("assessment") "\"max_tokens\":9}"},
        {.name = "an evaluation", .abilities = USUAL, .ask = {.task = LLM_EVALUATE, .schema = "{}"},
         .body = BEGIN HELLO_JSON STREAMED FORMAT("evaluation") "\"max_tokens\":9}"},
        {.name = "a schema that is told", .ask = {.system = "Be kind.", .schema = "{}"},
         .body = BEGIN "{\"role\":\"system\",\"content\":\"Be kind.\\n\\n" TOLD "\"}," HELLO_JSON END},
        {.name = "a schema that is all that is told", .ask = {.schema = "{}"},
         .body = BEGIN "{\"role\":\"system\",\"content\":\"" TOLD "\"}," HELLO_JSON END},
        {.name = "sampling", .abilities = USUAL, .ask = {.sampling = &SAMPLING},
         .body = BEGIN HELLO_JSON STREAMED "\"max_tokens\":9,\"temperature\":0.7,\"top_p\":0.9,\"stop\":[\"END\",\"\\n\\n\",\"c\",\"d\"]}"},
        {.name = "sampling that is not taken", .ask = {.sampling = &SAMPLING}, .body = BEGIN HELLO_JSON END},
        {.name = "sampling by the model itself", .abilities = USUAL, .ask = {.sampling = &(const struct llm_sampling){-1, -1, -1, NULL, 0}},
         .body = BEGIN HELLO_JSON END},
        {.name = "a shorter reply", .config = {.max_tokens = 4096}, .ask = {.max_tokens = 50}, .body = BEGIN HELLO_JSON STREAMED "\"max_tokens\":50}"},
        {.name = "a model that reasons, unasked", .abilities = REASONER, .config = {.max_tokens = 4096}, .ask = {.sampling = &SAMPLING},
         .body = BEGIN HELLO_JSON STREAMED "\"max_completion_tokens\":4096}"},
        {.name = "a little reasoning", .abilities = REASONER, .config = {.max_tokens = 4096}, .ask = {.reasoning_tokens = 1, .sampling = &SAMPLING},
         .body = BEGIN HELLO_JSON STREAMED "\"max_completion_tokens\":5120,\"reasoning_effort\":\"low\"}"},
        {.name = "usual reasoning", .abilities = REASONER, .config = {.max_tokens = 4096}, .ask = {.reasoning_tokens = 4000},
         .body = BEGIN HELLO_JSON STREAMED "\"max_completion_tokens\":8096,\"reasoning_effort\":\"medium\"}"},
        {.name = "much reasoning, for a short reply", .abilities = REASONER, .config = {.max_tokens = 64000},
         .ask = {.reasoning_tokens = 9000, .max_tokens = 1000},
         .body = BEGIN HELLO_JSON STREAMED "\"max_completion_tokens\":10000,\"reasoning_effort\":\"high\"}"},
        {.name = "reasoning that is not to be had", .abilities = USUAL, .config = {.max_tokens = 4096}, .ask = {.reasoning_tokens = 2048},
         .body = BEGIN HELLO_JSON STREAMED "\"max_tokens\":4096}"},
        {.name = "vectors", .config = {.base_url = "http://127.0.0.1:1/v1", .api_key = "k"},
         .ask = {.task = LLM_EMBED, .texts = (const char *const[]){"a", "b \"c\""}, .n_texts = 2, .is_query = true},
         .url = "http://127.0.0.1:1/v1/embeddings", .headers = "Content-Type: application/json\nAccept: application/json\nAuthorization: Bearer k\n",
         .body = "{\"model\":\"m\",\"input\":[\"a\",\"b \\\"c\\\"\"],\"encoding_format\":\"float\"}"},
    };

    check_requests(&llm_provider_openai, rows, LEN(rows));
}
// clang-format on

// clang-format off
#define DELTA(members)  "{\"choices\":[{\"delta\":{" members "},\"finish_reason\":null}]}"
#define STOPPED(reason) "{\"choices\":[{\"delta\":{},\"finish_reason\":\"" reason "\"}]}"
#define USAGE(members)  "{\"choices\":[],\"usage\":{" members "}}"
#define ERROR(members)  "{\"error\":{" members "}}"

static void test_events(void)
{
    static const struct answer_row rows[] = {
        {.name = "text", .data = DELTA("\"content\":\"Hi\""), .said = "text Hi;"},
        {.name = "role only", .data = DELTA("\"role\":\"assistant\",\"content\":\"\"")},
        {.name = "no content", .data = DELTA("\"content\":null")},
        {.name = "content of another type", .data = DELTA("\"content\":[1]")},
        {.name = "a refusal", .data = DELTA("\"refusal\":\"I cannot\""), .said = "text I cannot;"},
        {.name = "reasoning of DeepSeek", .data = DELTA("\"content\":null,\"reasoning_content\":\"so\""), .said = "reasoning so;"},
        {.name = "reasoning of OpenRouter", .data = DELTA("\"content\":\"\",\"reasoning\":\"so\""), .said = "reasoning so;"},
        {.name = "reasoning by both names", .data = DELTA("\"reasoning_content\":\"so\",\"reasoning\":\"so\""), .said = "reasoning so;"},
        {.name = "reasoning by one name", .data = DELTA("\"reasoning_content\":\"\",\"reasoning\":\"so\""), .said = "reasoning so;"},
        {.name = "a tool call begins", .said = "call 0 t find ;",
         .data = DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"type\":\"function\",\"function\":{\"name\":\"find\",\"arguments\":\"\"}}]")},
        {.name = "a tool call goes on", .said = "call 3 {\"a\";",
         .data = DELTA("\"tool_calls\":[{\"index\":3,\"id\":\"\",\"function\":{\"name\":null,\"arguments\":\"{\\\"a\\\"\"}}]")},
        {.name = "two tool calls, not counted", .said = "call 0 t find {};call 1  find {};",
         .data = DELTA("\"tool_calls\":[{\"id\":\"t\",\"function\":{\"name\":\"find\",\"arguments\":\"{}\"}},{\"function\":{\"name\":\"find\",\"arguments\":\"{}\"}}]")},
        {.name = "a tool call with nothing new", .data = DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\"}}]")},
        {.name = "tool calls of another type", .data = DELTA("\"tool_calls\":{\"index\":0}")},
        {.name = "a tool call of another type", .data = DELTA("\"tool_calls\":[7,{\"type\":\"custom\",\"custom\":{\"name\":\"x\"}}]")},
        {.name = "stop", .data = STOPPED("stop"), .stopped = true},
        {.name = "text and stop", .data = "{\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}",
         .said = "text x;", .stopped = true},
        {.name = "length", .data = STOPPED("length"), .stopped = true, .stop = LLM_STOP_LENGTH},
        {.name = "filtered", .data = STOPPED("content_filter"), .stopped = true, .stop = LLM_STOP_FILTERED},
        {.name = "tool calls", .data = STOPPED("tool_calls"), .stopped = true, .stop = LLM_STOP_TOOL},
        {.name = "a function call", .data = STOPPED("function_call"), .stopped = true, .stop = LLM_STOP_TOOL},
        {.name = "a sequence", .data = "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"stop_reason\":\"END\"}]}",
         .stopped = true, .stop = LLM_STOP_SEQUENCE},
        {.name = "a token", .data = "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"stop_reason\":128009}]}", .stopped = true},
        {.name = "another reason", .data = STOPPED("eos"), .stopped = true},
        {.name = "an error for a reason", .data = STOPPED("error"), .status = CQ_MODEL_UNAVAILABLE},
        {.name = "usage", .data = USAGE("\"prompt_tokens\":12,\"completion_tokens\":34"), .usage = {12, 34, 0, 0}},
        {.name = "usage of the cache", .usage = {5, 34, 6, 1},
         .data = USAGE("\"prompt_tokens\":12,\"completion_tokens\":34,\"prompt_tokens_details\":{\"cached_tokens\":6,\"cache_write_tokens\":1}")},
        {.name = "usage of nothing but the cache", .data = USAGE("\"prompt_tokens\":6,\"prompt_tokens_details\":{\"cached_tokens\":7}"), .usage = {0, 0, 7, 0}},
        {.name = "usage out of bounds", .data = USAGE("\"prompt_tokens\":99999999999,\"completion_tokens\":-1"), .usage = {UINT32_MAX, 0, 0, 0}},
        {.name = "no usage yet", .data = "{\"choices\":[],\"usage\":null}"},
        {.name = "done", .data = "[DONE]", .done = true},
        {.name = "empty", .data = ""},
        {.name = "nothing of ours", .data = "{}"},
        {.name = "choices of another type", .data = "{\"choices\":{\"a\":1}}"},
        {.name = "a choice of another type", .data = "{\"choices\":[7]}"},
        {.name = "error", .data = ERROR("\"message\":\"overloaded\""), .status = CQ_MODEL_UNAVAILABLE},
        {.name = "error as text", .data = "{\"error\":\"overloaded\"}", .status = CQ_MODEL_UNAVAILABLE},
        {.name = "error 429", .data = ERROR("\"code\":429,\"message\":\"m\""), .status = CQ_MODEL_RATE_LIMITED},
        {.name = "error 429 as text", .data = ERROR("\"code\":\"429\""), .status = CQ_MODEL_RATE_LIMITED},
        {.name = "error 408", .data = ERROR("\"code\":408"), .status = CQ_MODEL_TIMEOUT},
        {.name = "error 502", .data = ERROR("\"code\":502"), .status = CQ_MODEL_UNAVAILABLE},
        {.name = "error 400", .data = ERROR("\"code\":400,\"type\":\"BadRequestError\""), .status = CQ_MODEL_REFUSED},
        {.name = "error of vLLM", .data = "{\"object\":\"error\",\"message\":\"m\",\"type\":\"BadRequestError\",\"code\":400}", .status = CQ_MODEL_REFUSED},
        {.name = "error of another number", .data = ERROR("\"code\":7"), .status = CQ_MODEL_UNAVAILABLE},
        {.name = "error by code", .data = ERROR("\"type\":\"requests\",\"code\":\"rate_limit_exceeded\""), .status = CQ_MODEL_RATE_LIMITED},
        {.name = "error by type", .data = ERROR("\"type\":\"invalid_request_error\",\"code\":null"), .status = CQ_MODEL_REFUSED},
        {.name = "a code says more than a type", .data = ERROR("\"type\":\"invalid_request_error\",\"code\":\"content_filter\""), .status = CQ_CONTENT_FILTERED},
        {.name = "no error", .data = "{\"error\":null,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}", .said = "text a;"},
        {.name = "not JSON", .data = "{\"choices\":[", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "no object", .data = "[1]", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "null", .data = "null", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "not UTF-8", .data = DELTA("\"content\":\"\xC3\""), .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "half a surrogate pair", .data = DELTA("\"content\":\"\\ud83d\""), .status = CQ_MODEL_INVALID_RESPONSE},
    };

    check_events(&llm_provider_openai, rows, LEN(rows));
}

static void test_whole(void)
{
    static const struct answer_row rows[] = {
        {.name = "reply", .data = "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"}],"
         "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}",
         .said = "text Hi;", .stopped = true, .done = true, .usage = {1, 2, 0, 0}},
        {.name = "no reason", .data = "{\"choices\":[{\"message\":{\"content\":\"Hi\"}}]}", .said = "text Hi;", .stopped = true, .done = true},
        {.name = "filtered", .data = "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"content_filter\"}]}",
         .stopped = true, .done = true, .stop = LLM_STOP_FILTERED},
        {.name = "everything", .data = "{\"choices\":[{\"message\":{\"content\":\"Hi\",\"reasoning\":\"so\",\"tool_calls\":["
         "{\"id\":\"t\",\"function\":{\"name\":\"find\",\"arguments\":\"{}\"}},{\"id\":\"u\",\"function\":{\"name\":\"find\",\"arguments\":\"{}\"}}]},"
         "\"finish_reason\":\"tool_calls\"}]}", .said = "reasoning so;text Hi;call 0 t find {};call 1 u find {};",
         .stopped = true, .done = true, .stop = LLM_STOP_TOOL},
        {.name = "no choices", .data = "{\"object\":\"list\"}", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "error", .data = "{\"error\":{}}", .status = CQ_MODEL_UNAVAILABLE},
        {.name = "nothing", .data = "", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "cut", .data = "{\"choices\":[{\"message\":{\"content\":\"Hi", .status = CQ_MODEL_INVALID_RESPONSE},
    };

    check_wholes(&llm_provider_openai, rows, LEN(rows));
}

#define VECTOR(index, numbers) "{\"object\":\"embedding\",\"index\":" index ",\"embedding\":[" numbers "]}"
#define VECTORS(rows)          "{\"object\":\"list\",\"data\":[" rows "],\"usage\":{\"prompt_tokens\":8,\"total_tokens\":8}}"

static void test_vectors(void)
{
    static const struct {
        const char *name, *body;
        enum cq_status status;
        size_t n, n_dimensions;
    } rows[] = {
        {"one",                     VECTORS(VECTOR("0", "1,2.5,-3e-1")),                      CQ_OK, 1, 3},
        {"two",                     VECTORS(VECTOR("0", "1,2.5") "," VECTOR("1", "3,4")),     CQ_OK, 2, 2},
        {"two, in another order",   VECTORS(VECTOR("1", "3,4") "," VECTOR("0", "1,2.5")),     CQ_OK, 2, 2},
        {"the same place twice",    VECTORS(VECTOR("1", "3,4") "," VECTOR("1", "1,2.5")),     CQ_MODEL_INVALID_RESPONSE, 0, 0},
        {"a place beyond the end",  VECTORS(VECTOR("0", "3,4") "," VECTOR("2", "1,2.5")),     CQ_MODEL_INVALID_RESPONSE, 0, 0},
        {"no places",               VECTORS("{\"embedding\":[1]},{\"embedding\":[2]}"),       CQ_MODEL_INVALID_RESPONSE, 0, 0},
        {"of different lengths",    VECTORS(VECTOR("0", "3,4") "," VECTOR("1", "1")),         CQ_MODEL_INVALID_RESPONSE, 0, 0},
        {"texts for numbers",       VECTORS(VECTOR("0", "\"1\"")),                            CQ_MODEL_INVALID_RESPONSE, 0, 0},
        {"beyond every bound",      VECTORS(VECTOR("0", "1,1e39")),                           CQ_MODEL_INVALID_RESPONSE, 0, 0},
        {"no numbers",              VECTORS(VECTOR("0", "")),                                 CQ_MODEL_INVALID_RESPONSE, 0, 0},
        {"as base64",               VECTORS("{\"index\":0,\"embedding\":\"AAAA\"}"),          CQ_MODEL_INVALID_RESPONSE, 0, 0},
        {"none",                    VECTORS(""),                                              CQ_MODEL_INVALID_RESPONSE, 0, 0},
        {"something else",          "{\"choices\":[]}",                                       CQ_MODEL_INVALID_RESPONSE, 0, 0},
        {"an error",                "{\"error\":{\"code\":429}}",                             CQ_MODEL_RATE_LIMITED, 0, 0},
    };
    static const float want[] = {1, 2.5f, 3, 4};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct llm_delta got = {0};

        enum cq_status st = llm_provider_openai.vectors(unit_ctx(), rows[i].body, strlen(rows[i].body), &got);
        ROW_ASSERT(rows[i].name, st == rows[i].status && got.n_vectors == rows[i].n);
        ROW_ASSERT(rows[i].name, got.n_dimensions == rows[i].n_dimensions && got.usage.input == (st ? 0 : 8));
        ROW_ASSERT(rows[i].name, rows[i].n_dimensions != 2 || memcmp(got.vectors, want, sizeof(want)) == 0);
    }
}

/* No more of them than can be asked for, however many come. */
static void test_too_many_vectors(void)
{
    struct buf *body = buf_in_arena(unit_ctx()->arena, 4096);
    struct llm_delta got = {0};

    buf_str(body, "{\"data\":[");
    for (size_t i = 0; i <= llm_provider_openai.max_texts; i++)
        buf_printf(body, "%s{\"index\":%zu,\"embedding\":[1]}", i ? "," : "", i);
    buf_str(body, "]}");
    struct cq_ctx ctx = {.arena = arena_create(4096, 1 << 20), .request_id = "-"};
    CU_ASSERT_EQUAL(llm_provider_openai.vectors(&ctx, body->data, body->len, &got), CQ_MODEL_INVALID_RESPONSE);
    arena_destroy(ctx.arena);
}

static void test_refusal(void)
{
    static const struct refusal_row rows[] = {
        {"filtered",            400, "{\"error\":{\"code\":\"content_filter\",\"message\":\"m\"}}", CQ_CONTENT_FILTERED},
        {"another code",        400, "{\"error\":{\"code\":\"invalid_value\"}}",                    CQ_MODEL_REFUSED},
        {"no code",             400, "{\"error\":\"content_filter\"}",                              CQ_MODEL_REFUSED},
        {"a cut body",          400, "{\"error\":{\"code\":\"content_fil",                          CQ_MODEL_REFUSED},
        {"an empty body",       400, "",                                                            CQ_MODEL_REFUSED},
        {"another status",      403, "{\"error\":{\"code\":\"content_filter\"}}",                   CQ_MODEL_REFUSED},
    };

    check_refusals(&llm_provider_openai, rows, LEN(rows));
}
// clang-format on

SUITE(openai, {"the request to the byte", test_request}, {"events", test_events}, {"a whole answer", test_whole},
      {"vectors", test_vectors}, {"too many vectors", test_too_many_vectors}, {"refusals", test_refusal});
