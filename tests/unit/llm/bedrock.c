/* Provider bedrock: settings, addresses, signatures, and what answers mean. */
#include <stdlib.h>

#include "frames.h"
#include "service.h"
#include "unit.h"

#include "llm/event_stream.h"
#include "llm/provider.h"

static const struct llm_provider *const provider = &llm_provider_bedrock;

/* ---- settings ---- */

static void test_config(void)
{
    static const struct {
        const char *name;
        struct config_model config;
        const char *region;  /* of the environment; NULL: none */
        const char *problem; /* "": it will do */
    } rows[] = {
        // clang-format off
        {"an id is enough",         {.id = "m"},                                             NULL, ""},
        {"no id",                   {.provider = "bedrock"},                                 NULL, "llm.model: is required"},
        {"a region",                {.id = "m", .region = "eu-central-1"},                   NULL, ""},
        {"a region as a host",      {.id = "m", .region = "evil.example.edu/"},              NULL, "llm.region: "},
        {"a region too long",       {.id = "m", .region = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, NULL, "llm.region: "},
        {"the environment's region", {.id = "m"},                                            "AWS_REGION=EU", "llm.region: "},
        {"a bearer key",            {.id = "m", .api_key = "k"},                             NULL, ""},
        {"a bearer key of two lines", {.id = "m", .api_key = "k\nl"},                        NULL, "llm.api_key: "},
        {"keys",                    {.id = "m", .access_key_id = "A", .secret_access_key = "s"}, NULL, ""},
        {"no secret",               {.id = "m", .access_key_id = "A"},                       NULL, "llm.access_key_id: "},
        {"no key to the secret",    {.id = "m", .secret_access_key = "s"},                   NULL, "llm.access_key_id: "},
        {"a token alone",           {.id = "m", .session_token = "t"},                       NULL, "llm.access_key_id: "},
        {"a blank in the secret",   {.id = "m", .access_key_id = "A", .secret_access_key = "s s"}, NULL, "llm.access_key_id: "},
        {"an address",              {.id = "m", .base_url = "https://bedrock.example.edu"},  NULL, ""},
        {"a section's address",     {.id = "m", .base_url = "https://bedrock.example.edu", .has_own_address = true},  "AWS_BEARER_TOKEN_BEDROCK=e", "llm.api_key: a section with "},
        {"with a bearer key",       {.id = "m", .base_url = "https://bedrock.example.edu", .has_own_address = true, .api_key = "k"}, NULL, ""},
        {"with keys",               {.id = "m", .base_url = "https://bedrock.example.edu", .has_own_address = true, .access_key_id = "A", .secret_access_key = "s"}, NULL, ""},
        {"an address in the clear", {.id = "m", .base_url = "http://bedrock.example.edu"},   NULL, "llm.base_url: "},
        // clang-format on
    };
    struct buf problems;

    buf_init(&problems, 4096);
    for (size_t i = 0; i < LEN(rows); i++) {
        buf_clear(&problems);
        aws_environment(&(struct aws_environment){{rows[i].region}});
        ROW_ASSERT(rows[i].name, provider->config_valid(&rows[i].config, "llm", &problems) == !*rows[i].problem);
        ROW_ASSERT(rows[i].name, str_starts(problems.data, rows[i].problem));
    }
    aws_environment(NULL);
    buf_release(&problems);
}

/* ---- addresses ---- */

static const struct llm_message HELLO[] = {{LLM_USER, "Hello", NULL, 0}};
static const struct llm_ask ASK = {.messages = HELLO, .n_messages = 1};

static void test_urls(void)
{
    static const struct {
        const char *name;
        struct config_model config;
        struct aws_environment environment;
        enum llm_task task;
        const char *want;
    } rows[] = {
        // clang-format off
        {"the usual region", {.id = "amazon.nova-pro-v1:0"}, {{NULL}}, LLM_REPLY,
         "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-pro-v1%3A0/converse-stream"},
        {"the config's", {.id = "m", .region = "eu-west-3"}, {{"AWS_REGION=us-west-2"}}, LLM_REPLY,
         "https://bedrock-runtime.eu-west-3.amazonaws.com/model/m/converse-stream"},
        {"the environment's", {.id = "m"}, {{"AWS_REGION=us-west-2", "AWS_DEFAULT_REGION=us-west-1"}}, LLM_REPLY,
         "https://bedrock-runtime.us-west-2.amazonaws.com/model/m/converse-stream"},
        {"its default one", {.id = "m"}, {{"AWS_DEFAULT_REGION=us-west-1"}}, LLM_REPLY,
         "https://bedrock-runtime.us-west-1.amazonaws.com/model/m/converse-stream"},
        {"an address of one's own", {.id = "m", .base_url = "https://vpce.example.edu//"}, {{NULL}}, LLM_REPLY,
         "https://vpce.example.edu/model/m/converse-stream"},
        {"a resource", {.id = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4"}, {{NULL}}, LLM_REPLY,
         "https://bedrock-runtime.us-east-1.amazonaws.com/model/"
         "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.anthropic.claude-sonnet-4/converse-stream"},
        {"a structured answer", {.id = "m"}, {{NULL}}, LLM_ASSESS, "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse-stream"},
        {"vectors", {.id = "cohere.embed-v4:0"}, {{NULL}}, LLM_EMBED, "https://bedrock-runtime.us-east-1.amazonaws.com/model/cohere.embed-v4%3A0/invoke"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct llm_model model = {.config = &rows[i].config};
        struct llm_ask ask = ASK;
        struct llm_request request;

        ask.task = rows[i].task;
        aws_environment(&rows[i].environment);
        llm_request_init(&request);
        ROW_ASSERT(rows[i].name, provider->request(&model, &ask, &request) == CQ_OK);
        ROW_ASSERT(rows[i].name, str_eq(request.url.data, rows[i].want));
        CU_ASSERT_PTR_NULL(request.headers); /* they are the signature's */
        llm_request_release(&request);
    }
    aws_environment(NULL);
}

/* ---- signatures ---- */

static const int64_t NOW_MS = 1440938160 * 1000ll; /* 2015-08-30 12:36:00 UTC */

/* The header's value; NULL: there is none, or more than one. */
static const char *header_of(const struct llm_request *request, const char *name)
{
    const char *value = NULL;

    for (const struct curl_slist *header = request->headers; header; header = header->next)
        if (strncmp(header->data, name, strlen(name)) == 0 && str_starts(header->data + strlen(name), ": ")) {
            if (value)
                return NULL;
            value = header->data + strlen(name) + 2;
        }
    return value;
}

/* The same as AWS's own client makes of it. */
static void test_signature(void)
{
    static const struct {
        const char *base_url, *host, *signature;
    } rows[] = {
        // clang-format off
        {"https://bedrock-runtime.us-east-1.amazonaws.com",     "bedrock-runtime.us-east-1.amazonaws.com", "3ae7ac044679e9dbc12da23ff5b09ff7284de247878e1e6134a368d94e18d3c4"},
        {"https://bedrock-runtime.us-east-1.amazonaws.com:443", "bedrock-runtime.us-east-1.amazonaws.com", "3ae7ac044679e9dbc12da23ff5b09ff7284de247878e1e6134a368d94e18d3c4"},
        {"http://127.0.0.1:8080/a",                             "127.0.0.1:8080",                          "984a211dbf795696fab5b2d5a80a71e66b638a798943058d10d98781fea379c5"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct config_model config = {.id = "anthropic.claude-3-5-sonnet-20240620-v1:0",
                                            .base_url = rows[i].base_url,
                                            .access_key_id = "AKIDEXAMPLE",
                                            .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                            .session_token = "t0k3n",
                                            .max_tokens = 9};
        const struct llm_model model = {.config = &config};
        struct llm_request request;
        const char *problem = NULL;
        char want[512];

        llm_request_init(&request);
        CU_ASSERT_EQUAL(provider->request(&model, &ASK, &request), CQ_OK);
        CU_ASSERT_EQUAL(provider->sign(&model, NULL, NOW_MS, &request, &problem), AWS_READY);
        snprintf(want, sizeof(want),
                 "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, "
                 "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=%s",
                 rows[i].signature);
        ROW_ASSERT(rows[i].base_url, str_eq(header_of(&request, "Authorization"), want));
        ROW_ASSERT(rows[i].base_url, str_eq(header_of(&request, "Host"), rows[i].host));
        ROW_ASSERT(rows[i].base_url, str_eq(header_of(&request, "X-Amz-Date"), "20150830T123600Z"));
        ROW_ASSERT(rows[i].base_url, str_eq(header_of(&request, "X-Amz-Security-Token"), "t0k3n"));
        ROW_ASSERT(rows[i].base_url, str_eq(header_of(&request, "Content-Type"), "application/json"));
        llm_request_release(&request);
    }
}

/* Which of several keys counts. */
static void test_keys(void)
{
    static const struct {
        const char *name;
        struct config_model config;
        struct aws_environment environment;
        const char *authorization; /* what it begins with */
        bool has_token;
    } rows[] = {
        // clang-format off
        {"a bearer key",           {.id = "m", .api_key = "b"},                                     {{NULL}}, "Bearer b", false},
        {"before keys",            {.id = "m", .api_key = "b", .access_key_id = "A", .secret_access_key = "s"}, {{NULL}}, "Bearer b", false},
        {"keys",                   {.id = "m", .access_key_id = "A", .secret_access_key = "s"},     {{NULL}}, "AWS4-HMAC-SHA256 Credential=A/", false},
        {"the environment's bearer key", {.id = "m"}, {{"AWS_BEARER_TOKEN_BEDROCK=e", "AWS_ACCESS_KEY_ID=E", "AWS_SECRET_ACCESS_KEY=s"}}, "Bearer e", false},
        {"keys before that",       {.id = "m", .access_key_id = "A", .secret_access_key = "s"},     {{"AWS_BEARER_TOKEN_BEDROCK=e"}}, "AWS4-HMAC-SHA256 Credential=A/", false},
        {"without the environment's token", {.id = "m", .access_key_id = "A", .secret_access_key = "s"}, {{"AWS_SESSION_TOKEN=t"}}, "AWS4-HMAC-SHA256 Credential=A/", false},
        {"the environment's keys", {.id = "m"}, {{"AWS_ACCESS_KEY_ID=E", "AWS_SECRET_ACCESS_KEY=s", "AWS_SESSION_TOKEN=t"}}, "AWS4-HMAC-SHA256 Credential=E/", true},
        {"the environment's bearer key, to [llm]'s address", {.id = "m", .base_url = "https://a.example"}, {{"AWS_BEARER_TOKEN_BEDROCK=e"}}, "Bearer e", false},
        {"but not to a section's", {.id = "m", .base_url = "https://a.example", .has_own_address = true}, {{"AWS_BEARER_TOKEN_BEDROCK=e"}}, NULL, false},
        {"nor the environment's keys", {.id = "m", .base_url = "https://a.example", .has_own_address = true}, {{"AWS_ACCESS_KEY_ID=E", "AWS_SECRET_ACCESS_KEY=s"}}, NULL, false},
        {"a section's own",        {.id = "m", .base_url = "https://a.example", .has_own_address = true, .api_key = "b"}, {{"AWS_BEARER_TOKEN_BEDROCK=e"}}, "Bearer b", false},
        {"none",                   {.id = "m"},                                                     {{"AWS_EC2_METADATA_DISABLED=true"}}, NULL, false},
        {"a bearer key of two lines", {.id = "m"},                                                  {{"AWS_BEARER_TOKEN_BEDROCK=e\r\nX: y"}}, NULL, false},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct llm_model model = {.config = &rows[i].config};
        const char *problem = NULL, *authorization;
        struct llm_request request;

        aws_environment(&rows[i].environment);
        struct aws_credentials *credentials = aws_credentials_create(NULL, NULL);

        llm_request_init(&request);
        CU_ASSERT_EQUAL(provider->request(&model, &ASK, &request), CQ_OK);
        enum aws_state state = provider->sign(&model, credentials, NOW_MS, &request, &problem);
        ROW_ASSERT(rows[i].name, state == (rows[i].authorization ? AWS_READY : AWS_FAILED));
        authorization = header_of(&request, "Authorization");
        ROW_ASSERT(rows[i].name,
                   !rows[i].authorization || (authorization && str_starts(authorization, rows[i].authorization)));
        ROW_ASSERT(rows[i].name, rows[i].has_token == (header_of(&request, "X-Amz-Security-Token") != NULL));
        llm_request_release(&request);
        aws_credentials_destroy(credentials);
    }
    aws_environment(NULL);
}

/* ---- answers ---- */

/* A delta as text: "text", (reasoning), [signature], {index id name input}, then stop and tokens. */
static const char *delta_text(struct cq_ctx *ctx, const struct llm_delta *delta)
{
    struct buf *out = buf_in_arena(ctx->arena, 4096);

    for (const struct llm_piece *piece = delta->first; piece; piece = piece->next)
        if (piece->kind == LLM_TOOL_CALL && piece->id)
            buf_printf(out, "{%zu %s %s %.*s}", piece->index, piece->id, piece->name, (int)piece->len, piece->text);
        else if (piece->kind == LLM_TOOL_CALL)
            buf_printf(out, "{%zu %.*s}", piece->index, (int)piece->len, piece->text);
        else if (piece->signature)
            buf_printf(out, "[%s]", piece->signature);
        else
            buf_printf(out, piece->kind == LLM_TEXT ? "%.*s" : "(%.*s)", (int)piece->len, piece->text);
    if (delta->stopped)
        buf_printf(out, "|%d", (int)delta->stop);
    if (delta->usage.input || delta->usage.output || delta->usage.cache_read || delta->usage.cache_write)
        buf_printf(out, "|%u %u %u %u", delta->usage.input, delta->usage.output, delta->usage.cache_read,
                   delta->usage.cache_write);
    if (delta->done)
        buf_str(out, "|done");
    return out->data;
}

struct answer_row {
    const char *name, *event, *data;
    enum cq_status status;
    const char *want; /* NULL: nothing */
};

static void check_answer(const struct answer_row *row, bool is_exception)
{
    struct cq_ctx *ctx = unit_ctx();
    struct llm_delta got = {.usage = {.input = 4321}};
    const struct llm_event event = {.name = row->event ? row->event : "",
                                    .data = row->data,
                                    .len = strlen(row->data),
                                    .is_exception = is_exception};

    enum cq_status st =
        row->event ? provider->event(ctx, &event, &got) : provider->whole(ctx, row->data, strlen(row->data), &got);
    ROW_ASSERT(row->name, st == row->status);
    if (st)
        ROW_ASSERT(row->name, got.usage.input == 4321 && !got.first);
    else
        ROW_ASSERT(row->name, str_eq(delta_text(ctx, &got), row->want ? row->want : ""));
}

#define DELTA(d) "{\"contentBlockIndex\":2,\"delta\":" d ",\"p\":\"abcdefgh\"}"

static void test_event(void)
{
    static const struct answer_row rows[] = {
        // clang-format off
        {"the start",            "messageStart",      "{\"role\":\"assistant\",\"p\":\"abc\"}", 0, NULL},
        {"text",                 "contentBlockDelta", DELTA("{\"text\":\"Hi \xC3\xA4\"}"), 0, "Hi \xC3\xA4"},
        {"no text",              "contentBlockDelta", DELTA("{\"text\":\"\"}"), 0, NULL},
        {"of another type",      "contentBlockDelta", DELTA("{\"text\":1}"), 0, NULL},
        {"no delta",             "contentBlockDelta", "{}", 0, NULL},
        {"a tool",               "contentBlockStart", "{\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"toolUseId\":\"t1\",\"name\":\"look\"}}}", 0, "{1 t1 look }"},
        {"a tool without a name", "contentBlockStart", "{\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"toolUseId\":\"t1\"}}}", CQ_MODEL_INVALID_RESPONSE, NULL},
        {"a tool cut by a NUL",  "contentBlockStart", "{\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"toolUseId\":\"t\\u00001\",\"name\":\"n\"}}}", CQ_MODEL_INVALID_RESPONSE, NULL},
        {"another block",        "contentBlockStart", "{\"contentBlockIndex\":1,\"start\":{\"image\":{\"format\":\"png\"}}}", 0, NULL},
        {"its input",            "contentBlockDelta", DELTA("{\"toolUse\":{\"input\":\"{\\\"q\\\":\"}}"), 0, "{2 {\"q\":}"},
        {"no input yet",         "contentBlockDelta", DELTA("{\"toolUse\":{\"input\":\"\"}}"), 0, NULL},
        {"a thought",            "contentBlockDelta", DELTA("{\"reasoningContent\":{\"text\":\"hm\"}}"), 0, "(hm)"},
        {"its signature",        "contentBlockDelta", DELTA("{\"reasoningContent\":{\"signature\":\"s=\"}}"), 0, "[s=]"},
        {"a hidden thought",     "contentBlockDelta", DELTA("{\"reasoningContent\":{\"redactedContent\":\"aGk=\"}}"), 0, NULL},
        {"a citation",           "contentBlockDelta", DELTA("{\"citation\":{\"title\":\"t\"}}"), 0, NULL},
        {"the end of a block",   "contentBlockStop",  "{\"contentBlockIndex\":0}", 0, NULL},
        {"an end",               "messageStop",       "{\"stopReason\":\"end_turn\"}", 0, "|0"},
        {"length",               "messageStop",       "{\"stopReason\":\"max_tokens\"}", 0, "|1"},
        {"the context's length", "messageStop",       "{\"stopReason\":\"model_context_window_exceeded\"}", 0, "|1"},
        {"a sequence",           "messageStop",       "{\"stopReason\":\"stop_sequence\",\"additionalModelResponseFields\":null}", 0, "|2"},
        {"a call",               "messageStop",       "{\"stopReason\":\"tool_use\"}", 0, "|3"},
        {"a guardrail",          "messageStop",       "{\"stopReason\":\"guardrail_intervened\"}", 0, "|4"},
        {"a filter",             "messageStop",       "{\"stopReason\":\"content_filtered\"}", 0, "|4"},
        {"another reason",       "messageStop",       "{\"stopReason\":\"bored\"}", 0, "|0"},
        {"a malformed call",     "messageStop",       "{\"stopReason\":\"malformed_tool_use\"}", CQ_MODEL_INVALID_RESPONSE, NULL},
        {"malformed output",     "messageStop",       "{\"stopReason\":\"malformed_model_output\"}", CQ_MODEL_INVALID_RESPONSE, NULL},
        {"usage",                "metadata",          "{\"usage\":{\"inputTokens\":12,\"outputTokens\":34,\"totalTokens\":46,\"cacheReadInputTokens\":5,\"cacheWriteInputTokens\":6},\"metrics\":{\"latencyMs\":7}}", 0, "|12 34 5 6|done"},
        {"usage out of bounds",  "metadata",          "{\"usage\":{\"inputTokens\":99999999999,\"outputTokens\":-1}}", 0, "|4294967295 0 0 0|done"},
        {"no usage",             "metadata",          "{\"metrics\":{\"latencyMs\":7}}", 0, "|done"},
        {"an event unheard of",  "initial-response",  "{\"x\":1}", 0, NULL},
        {"no JSON",              "contentBlockDelta", "{\"delta\":", CQ_MODEL_INVALID_RESPONSE, NULL},
        {"no object",            "messageStop",       "[1]", CQ_MODEL_INVALID_RESPONSE, NULL},
        {"nothing",              "messageStop",       "", CQ_MODEL_INVALID_RESPONSE, NULL},
        {"not UTF-8",            "contentBlockDelta", DELTA("{\"text\":\"\xC3\"}"), CQ_MODEL_INVALID_RESPONSE, NULL},
        {"half a character",     "contentBlockDelta", DELTA("{\"text\":\"\\ud83d\"}"), CQ_MODEL_INVALID_RESPONSE, NULL},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        check_answer(&rows[i], false);
}

static void test_exception(void)
{
    static const struct answer_row rows[] = {
        // clang-format off
        {"throttled",     "throttlingException",         "{\"message\":\"m\"}", CQ_MODEL_RATE_LIMITED, NULL},
        {"a failure",     "internalServerException",     "{\"message\":\"m\"}", CQ_MODEL_UNAVAILABLE, NULL},
        {"the model's",   "modelStreamErrorException",   "{\"message\":\"m\",\"originalStatusCode\":500}", CQ_MODEL_UNAVAILABLE, NULL},
        {"away",          "serviceUnavailableException", "{\"message\":\"m\"}", CQ_MODEL_UNAVAILABLE, NULL},
        {"too slow",      "modelTimeoutException",       "{\"message\":\"m\"}", CQ_MODEL_TIMEOUT, NULL},
        {"refused",       "validationException",         "{\"message\":\"m\"}", CQ_MODEL_REFUSED, NULL},
        {"in capitals",   "ThrottlingException",         "{\"message\":\"m\"}", CQ_MODEL_RATE_LIMITED, NULL},
        {"unheard of",    "boredException",              "no JSON",             CQ_MODEL_UNAVAILABLE, NULL},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        check_answer(&rows[i], true);
}

#define WHOLE(content, reason)                                                                                         \
    "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[" content "]}},\"stopReason\":\"" reason            \
    "\",\"usage\":{\"inputTokens\":1,\"outputTokens\":2,\"totalTokens\":3},\"metrics\":{\"latencyMs\":4}}"

static void test_whole(void)
{
    static const struct answer_row rows[] = {
        // clang-format off
        {"text",          NULL, WHOLE("{\"text\":\"Hi\"},{\"text\":\" you\"}", "end_turn"), 0, "Hi you|0|1 2 0 0|done"},
        {"a thought",     NULL, WHOLE("{\"reasoningContent\":{\"reasoningText\":{\"text\":\"hm\",\"signature\":\"s\"}}},{\"text\":\"Hi\"}", "end_turn"), 0, "(hm)[s]Hi|0|1 2 0 0|done"},
        {"a call",        NULL, WHOLE("{\"text\":\"Hi\"},{\"toolUse\":{\"toolUseId\":\"t1\",\"name\":\"look\",\"input\":{\"a\":[1,\"b/c\"]}}}", "tool_use"), 0, "Hi{1 t1 look {\"a\":[1,\"b/c\"]}}|3|1 2 0 0|done"},
        {"a call without input", NULL, WHOLE("{\"toolUse\":{\"toolUseId\":\"t1\",\"name\":\"look\"}}", "tool_use"), 0, "{0 t1 look }|3|1 2 0 0|done"},
        {"filtered",      NULL, WHOLE("", "content_filtered"), 0, "|4|1 2 0 0|done"},
        {"malformed",     NULL, WHOLE("", "malformed_tool_use"), CQ_MODEL_INVALID_RESPONSE, NULL},
        {"no message",    NULL, "{\"output\":{},\"stopReason\":\"end_turn\"}", CQ_MODEL_INVALID_RESPONSE, NULL},
        {"an error",      NULL, "{\"message\":\"no\"}", CQ_MODEL_INVALID_RESPONSE, NULL},
        {"cut",           NULL, "{\"output\":{\"message\":{\"content\":[{\"text\":\"Hi", CQ_MODEL_INVALID_RESPONSE, NULL},
        {"nothing",       NULL, "", CQ_MODEL_INVALID_RESPONSE, NULL},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        check_answer(&rows[i], false);
}

static void test_refusal(void)
{
    static const long statuses[] = {400, 403, 404, 424};

    for (size_t i = 0; i < LEN(statuses); i++)
        CU_ASSERT_EQUAL(provider->refusal(unit_ctx(), statuses[i], "{}", 2),
                        statuses[i] == 424 ? CQ_MODEL_UNAVAILABLE : CQ_MODEL_REFUSED);
}

/* ---- a stream that is cut ---- */

static enum cq_status add_text(void *user, const struct llm_event *event)
{
    struct llm_delta delta = {0};
    struct buf *text = user;

    enum cq_status st = provider->event(unit_ctx(), event, &delta);
    for (const struct llm_piece *piece = delta.first; !st && piece; piece = piece->next) {
        CU_ASSERT(utf8_valid(piece->text, piece->len));
        buf_append(text, piece->text, piece->len);
    }
    return st;
}

/* Wherever it breaks off, what came before is the beginning of the text, in whole characters. */
static void test_cut_everywhere(void)
{
    static const char whole_text[] = "H\xC3\xA4llo \xF0\x9F\x98\x80!";
    struct event_stream stream;
    struct buf bytes, text;

    buf_init(&bytes, 1 << 16);
    buf_init(&text, 1 << 16);
    frame_message(&bytes, "event", "messageStart", "{\"role\":\"assistant\"}");
    frame_message(&bytes, "event", "contentBlockDelta", DELTA("{\"text\":\"H\xC3\xA4\"}"));
    frame_message(&bytes, "event", "contentBlockDelta", DELTA("{\"text\":\"llo \"}"));
    frame_message(&bytes, "event", "contentBlockDelta", DELTA("{\"text\":\"\\ud83d\\ude00!\"}"));
    frame_message(&bytes, "event", "messageStop", "{\"stopReason\":\"end_turn\"}");
    for (size_t cut = 0; cut <= bytes.len; cut++) {
        buf_clear(&text);
        event_stream_init(&stream, add_text, &text);
        CU_ASSERT_EQUAL(event_stream_feed(&stream, bytes.data, cut), CQ_OK);
        CU_ASSERT_EQUAL(event_stream_feed(&stream, bytes.data + cut, bytes.len - cut), CQ_OK);
        CU_ASSERT_STRING_EQUAL(text.data, whole_text);
        event_stream_release(&stream);

        buf_clear(&text);
        event_stream_init(&stream, add_text, &text);
        CU_ASSERT_EQUAL(event_stream_feed(&stream, bytes.data, cut), CQ_OK);
        CU_ASSERT(str_starts(whole_text, text.data) && utf8_valid(text.data, text.len));
        event_stream_release(&stream);
    }
    buf_release(&bytes);
    buf_release(&text);
}

SUITE(bedrock, {"settings", test_config}, {"addresses", test_urls}, {"a signature", test_signature},
      {"which keys count", test_keys}, {"events", test_event}, {"exceptions", test_exception},
      {"a whole answer", test_whole}, {"refusals", test_refusal}, {"cut everywhere", test_cut_everywhere});
