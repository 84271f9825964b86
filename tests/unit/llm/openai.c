/* Provider openai: the request to the byte, and what answers mean. */
#include "unit.h"

#include "llm/provider.h"

static void test_request(void)
{
    static const struct llm_message messages[] = {
        {LLM_USER, "Hello", NULL, 0}, {LLM_ASSISTANT, "Hi \"you\"", NULL, 0}, {LLM_USER, "a\nb \xC3\xA4", NULL, 0}};
    const struct llm_ask ask = {.system = "Be kind.", .messages = messages, .n_messages = LEN(messages)};
    const struct config_model config = {
        .base_url = "http://127.0.0.1:1/v1//", .api_key = "sk-1", .id = "m-1", .max_tokens = 99};
    const struct llm_model model = {.config = &config};
    struct llm_request request;

    llm_request_init(&request);
    CU_ASSERT_EQUAL(llm_provider_openai.request(&model, &ask, &request), CQ_OK);
    ASSERT_TEXT(request.url.data, "http://127.0.0.1:1/v1/chat/completions");
    ASSERT_TEXT(request.body.data, "{\"model\":\"m-1\",\"messages\":[{\"role\":\"system\",\"content\":\"Be kind.\"},"
                                   "{\"role\":\"user\",\"content\":\"Hello\"},"
                                   "{\"role\":\"assistant\",\"content\":\"Hi \\\"you\\\"\"},"
                                   "{\"role\":\"user\",\"content\":\"a\\nb \xC3\xA4\"}],\"stream\":true,"
                                   "\"stream_options\":{\"include_usage\":true},\"max_tokens\":99}");
    ASSERT_TEXT(request.headers->data, "Content-Type: application/json");
    ASSERT_TEXT(request.headers->next->data, "Accept: text/event-stream");
    ASSERT_TEXT(request.headers->next->next->data, "Authorization: Bearer sk-1");
    llm_request_release(&request);
}

static void test_request_defaults(void)
{
    static const struct llm_message messages[] = {{LLM_USER, "Hello", NULL, 0}};
    const struct llm_ask ask = {.messages = messages, .n_messages = 1};
    const struct config_model config = {.id = "m", .max_tokens = 9};
    const struct llm_model model = {.config = &config};
    struct llm_request request;

    llm_request_init(&request);
    CU_ASSERT_EQUAL(llm_provider_openai.request(&model, &ask, &request), CQ_OK);
    ASSERT_TEXT(request.url.data, "https://api.openai.com/v1/chat/completions");
    ASSERT_TEXT(request.body.data, "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],"
                                   "\"stream\":true,\"stream_options\":{\"include_usage\":true},\"max_tokens\":9}");
    CU_ASSERT_PTR_NULL(request.headers->next->next);
    llm_request_release(&request);
}

/* A schema is asked for under the task's name, and streaming stays as it is. */
static void test_schema(void)
{
    static const struct {
        enum llm_task task;
        const char *want;
    } rows[] = {{LLM_REPLY, "reply"}, {LLM_ASSESS, "assessment"}, {LLM_EVALUATE, "evaluation"}};
    static const struct llm_message messages[] = {{LLM_USER, "Hello", NULL, 0}};

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct llm_ask ask = {
            .task = rows[i].task, .messages = messages, .n_messages = 1, .schema = "{\"type\":\"object\"}"};
        const struct config_model config = {.id = "m", .max_tokens = 9};
        const struct llm_model model = {.config = &config};
        struct llm_request request;
        struct cq_ctx *ctx = unit_ctx();

        llm_request_init(&request);
        CU_ASSERT_EQUAL(llm_provider_openai.request(&model, &ask, &request), CQ_OK);
        ASSERT_TEXT(request.body.data,
                    arena_printf(ctx->arena,
                                 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],"
                                 "\"stream\":true,\"stream_options\":{\"include_usage\":true},"
                                 "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"%s\","
                                 "\"strict\":true,\"schema\":{\"type\":\"object\"}}},\"max_tokens\":9}",
                                 rows[i].want));
        llm_request_release(&request);
    }
}

struct answer_row {
    const char *name, *data;
    enum cq_status status;
    const char *text; /* NULL: none */
    bool stopped, done;
    enum llm_stop stop;
    uint32_t input_tokens, output_tokens;
};

static void check_answer(const struct answer_row *row, enum cq_status st, const struct llm_delta *got)
{
    size_t len = row->text ? strlen(row->text) : 0;

    ROW_ASSERT(row->name, st == row->status);
    ROW_ASSERT(row->name, !got->first == !len && got->first == got->last);
    ROW_ASSERT(row->name, !len || (got->first->len == len && memcmp(got->first->text, row->text, len) == 0));
    ROW_ASSERT(row->name, got->stopped == row->stopped && got->done == row->done && got->stop == row->stop);
    ROW_ASSERT(row->name, got->usage.input == row->input_tokens && got->usage.output == row->output_tokens);
}

static void test_event(void)
{
    static const struct answer_row rows[] = {
        // clang-format off
        {.name = "text", .data = "{\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}", .text = "Hi"},
        {.name = "role only", .data = "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}"},
        {.name = "no content", .data = "{\"choices\":[{\"delta\":{\"content\":null}}]}"},
        {.name = "content of another type", .data = "{\"choices\":[{\"delta\":{\"content\":[1]}}]}"},
        {.name = "stop", .data = "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}", .stopped = true},
        {.name = "text and stop", .data = "{\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}",
         .text = "x", .stopped = true},
        {.name = "length", .data = "{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}",
         .stopped = true, .stop = LLM_STOP_LENGTH},
        {.name = "filtered", .data = "{\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}",
         .stopped = true, .stop = LLM_STOP_FILTERED},
        {.name = "another reason", .data = "{\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}", .stopped = true},
        {.name = "usage", .data = "{\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34}}",
         .input_tokens = 12, .output_tokens = 34},
        {.name = "usage out of bounds", .data = "{\"choices\":[],\"usage\":{\"prompt_tokens\":99999999999,\"completion_tokens\":-1}}",
         .input_tokens = UINT32_MAX},
        {.name = "no usage yet", .data = "{\"choices\":[],\"usage\":null}"},
        {.name = "done", .data = "[DONE]", .done = true},
        {.name = "empty", .data = ""},
        {.name = "nothing of ours", .data = "{}"},
        {.name = "choices of another type", .data = "{\"choices\":{\"a\":1}}"},
        {.name = "a choice of another type", .data = "{\"choices\":[7]}"},
        {.name = "error", .data = "{\"error\":{\"message\":\"overloaded\"}}", .status = CQ_MODEL_UNAVAILABLE},
        {.name = "error as text", .data = "{\"error\":\"overloaded\"}", .status = CQ_MODEL_UNAVAILABLE},
        {.name = "no error", .data = "{\"error\":null,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}", .text = "a"},
        {.name = "not JSON", .data = "{\"choices\":[", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "no object", .data = "[1]", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "null", .data = "null", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "not UTF-8", .data = "{\"choices\":[{\"delta\":{\"content\":\"\xC3\"}}]}", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "half a surrogate pair", .data = "{\"choices\":[{\"delta\":{\"content\":\"\\ud83d\"}}]}",
         .status = CQ_MODEL_INVALID_RESPONSE},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct llm_delta got = {0};
        struct llm_event event = {.name = "", .data = rows[i].data, .len = strlen(rows[i].data)};

        check_answer(&rows[i], llm_provider_openai.event(unit_ctx(), &event, &got), &got);
    }
}

static void test_whole(void)
{
    static const struct answer_row rows[] = {
        // clang-format off
        {.name = "reply", .data = "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"}],"
         "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}",
         .text = "Hi", .stopped = true, .done = true, .input_tokens = 1, .output_tokens = 2},
        {.name = "no reason", .data = "{\"choices\":[{\"message\":{\"content\":\"Hi\"}}]}", .text = "Hi", .stopped = true, .done = true},
        {.name = "filtered", .data = "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"content_filter\"}]}",
         .stopped = true, .done = true, .stop = LLM_STOP_FILTERED},
        {.name = "no choices", .data = "{\"object\":\"list\"}", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "error", .data = "{\"error\":{}}", .status = CQ_MODEL_UNAVAILABLE},
        {.name = "nothing", .data = "", .status = CQ_MODEL_INVALID_RESPONSE},
        {.name = "cut", .data = "{\"choices\":[{\"message\":{\"content\":\"Hi", .status = CQ_MODEL_INVALID_RESPONSE},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct llm_delta got = {0};

        check_answer(&rows[i], llm_provider_openai.whole(unit_ctx(), rows[i].data, strlen(rows[i].data), &got), &got);
    }
}

static void test_refusal(void)
{
    static const struct {
        const char *name;
        long http_status;
        const char *body;
        enum cq_status want;
    } rows[] = {
        // clang-format off
        {"filtered",            400, "{\"error\":{\"code\":\"content_filter\",\"message\":\"m\"}}", CQ_CONTENT_FILTERED},
        {"another code",        400, "{\"error\":{\"code\":\"invalid_value\"}}",                    CQ_MODEL_REFUSED},
        {"no code",             400, "{\"error\":\"content_filter\"}",                              CQ_MODEL_REFUSED},
        {"a cut body",          400, "{\"error\":{\"code\":\"content_fil",                          CQ_MODEL_REFUSED},
        {"an empty body",       400, "",                                                            CQ_MODEL_REFUSED},
        {"another status",      403, "{\"error\":{\"code\":\"content_filter\"}}",                   CQ_MODEL_REFUSED},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, llm_provider_openai.refusal(unit_ctx(), rows[i].http_status, rows[i].body,
                                                             strlen(rows[i].body)) == rows[i].want);
}

SUITE(openai, {"the request to the byte", test_request}, {"a request with defaults", test_request_defaults},
      {"a schema", test_schema}, {"events", test_event}, {"a whole answer", test_whole}, {"refusals", test_refusal});
