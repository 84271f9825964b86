/* Calls of Bedrock, from a server that plays it: what streams come to, how requests are signed, and waiting for keys. */
#include <stdio.h>
#include <stdlib.h>

#include "frames.h"
#include "model.h"
#include "service.h"

#include "llm/breaker.h"

#define KEYS                                                                                                           \
    {                                                                                                                  \
        {                                                                                                              \
            "AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=s3cr3t", "AWS_SESSION_TOKEN=t0k3n"                        \
        }                                                                                                              \
    }
#define PLAIN_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define HANDED_OUT PLAIN_HEAD "{\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"s3cr3t\",\"Token\":\"t0k3n\"}"
static const char STREAM_HEAD[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nConnection: close\r\n\r\n";

/* ---- answers ---- */

/* A message: "name" and its payload; an exception when the name begins with '!'. */
struct said {
    const char *name, *payload;
};

enum { MAX_SAID = 8 };

#define TEXT_SAID(text)                                                                                                \
    {                                                                                                                  \
        "contentBlockDelta", "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"" text "\"}}"                             \
    }
#define STOP_SAID(why)                                                                                                 \
    {                                                                                                                  \
        "messageStop", "{\"stopReason\":\"" why "\"}"                                                                  \
    }
#define USAGE_SAID                                                                                                     \
    {                                                                                                                  \
        "metadata", "{\"usage\":{\"inputTokens\":5,\"outputTokens\":2,\"cacheReadInputTokens\":3}}"                    \
    }
#define GOOD_SAID                                                                                                      \
    {                                                                                                                  \
        TEXT_SAID("Hel"), TEXT_SAID("lo"), STOP_SAID("end_turn"), USAGE_SAID                                           \
    }

/* A stream of them, without its last bytes. */
static struct buf stream_of(const struct said *said, size_t without)
{
    struct buf out;

    buf_init(&out, 1 << 16);
    buf_str(&out, STREAM_HEAD);
    for (size_t i = 0; i < MAX_SAID && said[i].name; i++) {
        bool is_exception = said[i].name[0] == '!';

        frame_message(&out, is_exception ? "exception" : "event", said[i].name + is_exception, said[i].payload);
    }
    buf_truncate(&out, out.len - without);
    return out;
}

static struct buf good_stream(void)
{
    static const struct said good[MAX_SAID] = GOOD_SAID;

    return stream_of(good, 0);
}

static struct buf bytes_of(const char *text)
{
    struct buf out;

    buf_init(&out, 1 << 16);
    buf_str(&out, text);
    return out;
}

/* Start a service with these answers, which are released. */
static void play(struct service *service, struct buf *answers, size_t n)
{
    service_start_bytes(service, answers, n);
    for (size_t i = 0; i < n; i++)
        buf_release(&answers[i]);
}

/* ---- asking ---- */

static struct config config_of(char base_url[BASE_URL_BYTES], const struct service *service)
{
    struct config config = model_config(base_url, service->port);

    config.models[0].provider = "bedrock";
    config.models[0].api_key = NULL;
    config.models[0].id = "anthropic.claude-3-5-sonnet-20240620-v1:0";
    return config;
}

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;

    for (; (text = strstr(text, part)); text++)
        n++;
    return n;
}

/* ---- streams ---- */

/* What ends before anything was said, or says nothing of use, is asked for again; nothing else is. */
static void test_again(void)
{
    static const struct {
        const char *name;
        struct said first[MAX_SAID]; /* then a good one */
        size_t without;
        unsigned requests;
        enum cq_status want;
        const char *text;
    } rows[] = {
        // clang-format off
        {"over before it stops",  {USAGE_SAID}, 0, 2, CQ_OK, "Hello"},
        {"over within a word",    {TEXT_SAID("Hi"), USAGE_SAID}, 0, 1, CQ_MODEL_INVALID_RESPONSE, "Hi"},
        {"cut before a word",     {{"messageStart", "{\"role\":\"assistant\"}"}}, 0, 2, CQ_OK, "Hello"},
        {"cut after a word",      {TEXT_SAID("Hi"), TEXT_SAID(" you")}, 0, 1, CQ_MODEL_INVALID_RESPONSE, "Hi you"},
        {"cut within a message",  {TEXT_SAID("Hi"), TEXT_SAID(" you")}, 5, 1, CQ_MODEL_INVALID_RESPONSE, "Hi"},
        {"cut within the first",  {TEXT_SAID("Hi")}, 5, 2, CQ_OK, "Hello"},
        {"malformed",             {{"contentBlockDelta", "{"}}, 0, 2, CQ_OK, "Hello"},
        {"a malformed call",      {STOP_SAID("malformed_tool_use")}, 0, 2, CQ_OK, "Hello"},
        {"nothing to say",        {STOP_SAID("end_turn"), USAGE_SAID}, 0, 2, CQ_OK, "Hello"},
        // clang-format on
    };
    aws_environment(&(struct aws_environment)KEYS);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct buf answers[] = {stream_of(rows[i].first, rows[i].without), good_stream()};
        struct outcome got = model_outcome();
        char base_url[BASE_URL_BYTES];
        struct service service;

        play(&service, answers, LEN(answers));
        struct config config = config_of(base_url, &service);

        model_ask(&config, &got);
        ROW_ASSERT(rows[i].name, got.st == rows[i].want && str_eq(got.text.data, rows[i].text));
        ROW_ASSERT(rows[i].name, count(service.requests.data, "POST /v1/model/") == rows[i].requests);
        service_stop(&service);
        buf_release(&got.text);
    }
    aws_environment(NULL);
}

/* Not a mistake of ours, and yet not to be tried again. What is wrong stands in a header. */
static void test_failed_model(void)
{
    struct outcome got = model_outcome();
    char base_url[BASE_URL_BYTES];
    struct service service;

    aws_environment(&(struct aws_environment)KEYS);
    service_start(&service, (const char *[SERVICE_MAX_ANSWERS]){
                                STATUS("424 Failed", "x-amzn-ErrorType: ModelErrorException:http://a/\r\n")});
    struct config config = config_of(base_url, &service);

    model_ask(&config, &got);
    CU_ASSERT_EQUAL(got.st, CQ_MODEL_UNAVAILABLE);
    ASSERT_TEXT(got.ctx->error, "m (bedrock): the request was refused (status 424, ModelErrorException)");
    CU_ASSERT_EQUAL(count(service.requests.data, "POST /v1/model/"), 1);
    service_stop(&service);
    buf_release(&got.text);
    aws_environment(NULL);
}

static void take_text(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost)
{
    (void)cost;
    CU_ASSERT(st == CQ_OK && reply->n_tool_calls == 0);
    if (!st)
        buf_append(user, reply->text, reply->len);
}

static enum cq_status ignore_text(void *user, enum llm_part_kind kind, const char *text, size_t len)
{
    (void)user, (void)kind;
    CU_ASSERT(utf8_valid(text, len));
    return CQ_OK;
}

/* The input of the tool that it is made to call is the answer, whatever was said before it. */
static void test_schema(void)
{
    static const struct said said[MAX_SAID] = {
        TEXT_SAID("Let me see."),
        {"contentBlockStart",
         "{\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"toolUseId\":\"t\",\"name\":\"reply\"}}}"},
        {"contentBlockDelta", "{\"contentBlockIndex\":1,\"delta\":{\"toolUse\":{\"input\":\"{\\\"a\\\":\"}}}"},
        {"contentBlockDelta", "{\"contentBlockIndex\":1,\"delta\":{\"toolUse\":{\"input\":\"\\\"\xC3\xA4\\\"}\"}}}"},
        STOP_SAID("tool_use"),
        USAGE_SAID,
    };
    static llm_text_fn *const listeners[] = {NULL, ignore_text};
    struct llm_ask ask = MODEL_ASK;

    aws_environment(&(struct aws_environment)KEYS);
    ask.schema = "{\"type\":\"object\"}";
    for (size_t i = 0; i < LEN(listeners); i++) {
        struct buf answers[] = {stream_of(said, 0)}, got = bytes_of("");
        char base_url[BASE_URL_BYTES];
        struct service service;

        play(&service, answers, LEN(answers));
        struct config config = config_of(base_url, &service);
        struct llm_loop *loop = llm_loop_create(&config, NULL);

        CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
        CU_ASSERT_EQUAL(llm_start(loop, unit_ctx(), &ask, listeners[i], take_text, &got, NULL), CQ_OK);
        model_run(loop);
        CU_ASSERT_STRING_EQUAL(got.data, "{\"a\":\"\xC3\xA4\"}");
        CU_ASSERT_PTR_NOT_NULL(strstr(service.requests.data, "\"toolChoice\":{\"tool\":{\"name\":\"reply\"}}"));
        llm_loop_destroy(loop);
        service_stop(&service);
        buf_release(&got);
    }
    aws_environment(NULL);
}

/* ---- signatures ---- */

/* Each try has a signature of its own, and one only; what the server did not like is not sent again. */
static void test_signed_anew(void)
{
    struct buf answers[] = {bytes_of(STATUS("503 Away", "")), good_stream()};
    struct outcome got = model_outcome();
    char base_url[BASE_URL_BYTES], host[64];
    struct service service;

    aws_environment(&(struct aws_environment)KEYS);
    play(&service, answers, LEN(answers));
    struct config config = config_of(base_url, &service);

    config.llm.retry_ms = 2500; /* a second at least: the time is another one */
    config.llm.total_timeout_ms = 5000;
    model_ask(&config, &got);
    CU_ASSERT_EQUAL(got.st, CQ_OK);
    const char *first = service.requests.data, *second = strstr(first + 1, "POST ");

    CU_ASSERT_FATAL(second != NULL);
    CU_ASSERT(count(first, "Authorization: AWS4-HMAC-SHA256 Credential=AKID/") == 2 &&
              count(first, "Authorization") == 2);
    CU_ASSERT(count(first, "X-Amz-Date: ") == 2 && count(first, "X-Amz-Security-Token: t0k3n\r\n") == 2);
    CU_ASSERT(count(first, "Expect") == 0 && count(first, "Content-Type: application/json\r\n") == 2);
    snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%u\r\n", service.port);
    CU_ASSERT(count(first, host) == 2 && count(first, "Host:") == 2);
    CU_ASSERT(strncmp(strstr(first, "X-Amz-Date: "), strstr(second, "X-Amz-Date: "), 28) != 0);
    CU_ASSERT_PTR_NULL(strstr(first, "s3cr3t"));
    service_stop(&service);
    buf_release(&got.text);
    aws_environment(NULL);
}

/* ---- waiting for keys ---- */

/* Two calls wait for one fetch of three requests, and neither is sent before. */
static void test_fetched_keys(void)
{
    struct buf answers[] = {good_stream()};
    struct outcome got[] = {model_outcome(), model_outcome()};
    char base_url[BASE_URL_BYTES];
    struct service metadata, service;

    service_start(&metadata, (const char *[SERVICE_MAX_ANSWERS]){PLAIN_HEAD "imds", PLAIN_HEAD "role", HANDED_OUT});
    play(&service, answers, LEN(answers));
    aws_environment(NULL);
    service_set_url("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata, "");
    struct config config = config_of(base_url, &service);
    struct llm_loop *loop = llm_loop_create(&config, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    for (size_t i = 0; i < LEN(got); i++)
        CU_ASSERT_EQUAL(llm_start(loop, got[i].ctx, &MODEL_ASK, model_on_text, model_on_done, &got[i], NULL), CQ_OK);
    model_run(loop);
    for (size_t i = 0; i < LEN(got); i++) {
        CU_ASSERT(got[i].st == CQ_OK && str_eq(got[i].text.data, "Hello"));
        CU_ASSERT_EQUAL(got[i].all.tries, 1);
        buf_release(&got[i].text);
    }
    CU_ASSERT_EQUAL(count(metadata.requests.data, "HTTP/1.1\r\n"), 3);
    CU_ASSERT_EQUAL(count(service.requests.data, "Credential=ASIA1/"), 2);
    llm_loop_destroy(loop);
    service_stop(&metadata);
    service_stop(&service);
    aws_environment(NULL);
}

static struct llm_loop *start_without_keys(struct service *metadata, const struct config *config,
                                           struct llm_breakers *breakers)
{
    aws_environment(NULL);
    service_set_url("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata, "");
    struct llm_loop *loop = llm_loop_create(config, breakers);

    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    return loop;
}

static void test_no_keys(void)
{
    struct buf answers[] = {good_stream()};
    struct outcome got = model_outcome();
    char base_url[BASE_URL_BYTES];
    struct service metadata, service;

    service_start(&metadata, (const char *[SERVICE_MAX_ANSWERS]){STATUS("404 None", "")});
    play(&service, answers, LEN(answers));
    struct config config = config_of(base_url, &service);
    struct llm_loop *loop = start_without_keys(&metadata, &config, NULL);

    CU_ASSERT_EQUAL(llm_start(loop, got.ctx, &MODEL_ASK, model_on_text, model_on_done, &got, NULL), CQ_OK);
    model_run(loop);
    CU_ASSERT(got.st == CQ_MODEL_UNAVAILABLE && got.n_done == 1 && got.all.tries == 0);
    ASSERT_TEXT(got.ctx->error, "m (bedrock): no keys of AWS: the instance's metadata service: status 404");
    CU_ASSERT_EQUAL(service.requests.len, 0);
    llm_loop_destroy(loop);
    service_stop(&metadata);
    service_stop(&service);
    buf_release(&got.text);
    aws_environment(NULL);
}

/* Without keys the next model is asked; the breaker of the first learns nothing, even from the call that was to look. */
static void test_no_keys_for_a_probe(void)
{
    static struct llm_breakers breakers;
    static const struct answer seconds[] = {SAY(GOOD), {0}};
    struct config_model models[2];
    char base_url[BASE_URL_BYTES], second_url[BASE_URL_BYTES];
    struct outcome got = model_outcome();
    struct service metadata;
    struct server second;

    service_start(&metadata, (const char *[SERVICE_MAX_ANSWERS]){STATUS("404 None", "")});
    model_start(&second, seconds);
    struct config config = config_of(base_url, &metadata);

    models[0] = config.models[0];
    models[1] = model_config(second_url, second.port).models[0];
    models[1].name = "second";
    config.models = models;
    config.n_models = 2;
    config.llm.fallback = "second";
    config.llm.breaker_failures = 1;
    config.llm.breaker_open_s = 60;
    breakers = (struct llm_breakers){0};
    struct llm_breaker *breaker = llm_breaker_find(&breakers, &models[0]);

    breaker->failures = 1;
    breaker->open_until_ms = 1; /* it has been open, and is to be probed */
    struct llm_loop *loop = start_without_keys(&metadata, &config, &breakers);

    CU_ASSERT_EQUAL(llm_start(loop, got.ctx, &MODEL_ASK, model_on_text, model_on_done, &got, NULL), CQ_OK);
    model_run(loop);
    CU_ASSERT(got.st == CQ_OK && str_eq(got.text.data, "Hello") && str_eq(got.all.model, "second"));
    CU_ASSERT(breaker->open_until_ms == 1 && breaker->probe_until_ms == 0);
    llm_loop_destroy(loop);
    service_stop(&metadata);
    model_stop(&second);
    buf_release(&got.text);
    aws_environment(NULL);
}

/* Whoever waits for keys can be stopped, and runs out of time as any other call. */
static void test_waiting_ends(void)
{
    enum { STOPPED, TIMED_OUT, DESTROYED, N_WAYS };

    for (int way = 0; way < N_WAYS; way++) {
        struct outcome got = model_outcome();
        char base_url[BASE_URL_BYTES];
        struct service metadata;
        struct llm_call *call;

        service_start(&metadata, (const char *[SERVICE_MAX_ANSWERS]){""}); /* silent */
        struct config config = config_of(base_url, &metadata);

        config.llm.total_timeout_ms = 300;
        struct llm_loop *loop = start_without_keys(&metadata, &config, NULL);

        CU_ASSERT_EQUAL(llm_start(loop, got.ctx, &MODEL_ASK, model_on_text, model_on_done, &got, &call), CQ_OK);
        llm_loop_run(loop);
        llm_loop_wait(loop, NULL, 0, 50);
        llm_loop_run(loop);
        CU_ASSERT(llm_loop_calls(loop) == 1 && got.n_done == 0);
        if (way == STOPPED)
            llm_stop(call);
        if (way != DESTROYED)
            model_run(loop);
        CU_ASSERT_EQUAL(got.n_done, way != DESTROYED);
        CU_ASSERT(way != STOPPED || got.st == CQ_MODEL_NO_RESPONSE);
        CU_ASSERT(way != TIMED_OUT || got.st == CQ_MODEL_TIMEOUT);
        llm_loop_destroy(loop);
        service_stop(&metadata);
        buf_release(&got.text);
    }
    aws_environment(NULL);
}

SUITE(bedrock_call, {"streams that are asked for again", test_again}, {"a model that has failed", test_failed_model},
      {"a structured answer", test_schema}, {"signed anew", test_signed_anew},
      {"keys that are fetched", test_fetched_keys}, {"no keys", test_no_keys},
      {"no keys for a probe", test_no_keys_for_a_probe}, {"waiting ends", test_waiting_ends});
