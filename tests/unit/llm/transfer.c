/* What each kind of answer comes to, from a model server that plays it. */
#include <stdlib.h>

#include "model.h"

struct answer_case {
    const char *name;
    struct answer answers[MAX_ANSWERS + 1];
    enum cq_status want;
    const char *text;      /* what on_text gets */
    unsigned requests;     /* that the server sees */
    uint32_t after_s;      /* retry_after_s */
    enum cq_status refuse; /* by model_on_text */
};

#define HUGE20 "xxxxxxxxxxxxxxxxxxxx"
#define HUGE500                                                                                                        \
    HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20    \
        HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20 HUGE20

static const struct answer_case answer_cases[] = {
    // clang-format off
    {"a stream", {SAY(GOOD)}, CQ_OK, "Hello", 1, 0, 0},
    {"no [DONE] but a finish reason", {SAY(STREAM TEXT("a") STOP("stop"))}, CQ_OK, "a", 1, 0, 0},
    {"[DONE] but no finish reason", {SAY(STREAM TEXT("a") DONE)}, CQ_OK, "a", 1, 0, 0},
    {"[DONE], then nonsense", {SAY(STREAM TEXT("a") DONE "data: {\n\n")}, CQ_OK, "a", 1, 0, 0},
    {"U+0000 is left out", {SAY(STREAM TEXT("a\\u0000b") DONE)}, CQ_OK, "ab", 1, 0, 0},
    {"only U+0000", {SAY(STREAM TEXT("\\u0000") DONE)}, CQ_MODEL_NO_RESPONSE, "", 3, 0, 0},
    {"blank text is held back", {SAY(STREAM TEXT(" ") TEXT("\\n") TEXT("a") TEXT(" ") DONE)}, CQ_OK, " \na ", 1, 0, 0},
    {"one JSON body", {SAY("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\n\r\n"
      "{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}")}, CQ_OK, "Hi", 1, 0, 0},
    {"a cut JSON body", {SAY("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{\"choices\""), SAY(GOOD)},
      CQ_OK, "Hello", 2, 0, 0},
    {"blank, then good", {SAY(STREAM TEXT(" ") DONE), SAY(GOOD)}, CQ_OK, "Hello", 2, 0, 0},
    {"blank each time", {SAY(STREAM TEXT(" ") DONE)}, CQ_MODEL_NO_RESPONSE, "", 3, 0, 0},
    {"all of it thought", {SAY(STREAM STOP("length") DONE), SAY(GOOD)}, CQ_MODEL_NO_RESPONSE, "", 1, 0, 0},
    {"no body", {SAY(STREAM)}, CQ_MODEL_NO_RESPONSE, "", 3, 0, 0},
    {"cut before any text", {SAY(STREAM ": hi\n\n"), SAY(GOOD)}, CQ_OK, "Hello", 2, 0, 0},
    {"cut after text", {SAY(STREAM TEXT("a")), SAY(GOOD)}, CQ_MODEL_INVALID_RESPONSE, "a", 1, 0, 0},
    {"cut within a chunk", {SAY("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" TEXT("a"))},
      CQ_MODEL_INVALID_RESPONSE, "a", 1, 0, 0},
    {"malformed before any text", {SAY(STREAM "data: {\n\n"), SAY(GOOD)}, CQ_OK, "Hello", 2, 0, 0},
    {"malformed after text", {SAY(STREAM TEXT("a") "data: {\n\n" DONE)}, CQ_MODEL_INVALID_RESPONSE, "a", 1, 0, 0},
    {"malformed UTF-8", {SAY(STREAM TEXT("\xC3\x28") DONE)}, CQ_MODEL_INVALID_RESPONSE, "", 3, 0, 0},
    {"error within the stream", {SAY(STREAM "data: {\"error\":{\"message\":\"sk-secret\"}}\n\n")}, CQ_MODEL_UNAVAILABLE, "", 3, 0, 0},
    {"refused within the stream", {SAY(STREAM "data: {\"error\":{\"code\":400}}\n\n"), SAY(GOOD)}, CQ_MODEL_REFUSED, "", 1, 0, 0},
    {"filtered within the stream", {SAY(STREAM "data: {\"error\":{\"code\":\"content_filter\"}}\n\n"), SAY(GOOD)}, CQ_CONTENT_FILTERED, "", 1, 0, 0},
    {"limited within the stream", {SAY(STREAM "data: {\"error\":{\"code\":429}}\n\n"), SAY(GOOD)}, CQ_OK, "Hello", 2, 0, 0},
    {"error after text", {SAY(STREAM TEXT("a") "data: {\"error\":{}}\n\n")}, CQ_MODEL_UNAVAILABLE, "a", 1, 0, 0},
    {"filtered", {SAY(STREAM STOP("content_filter") DONE)}, CQ_CONTENT_FILTERED, "", 1, 0, 0},
    {"filtered after text", {SAY(STREAM TEXT("a") STOP("content_filter") DONE)}, CQ_CONTENT_FILTERED, "a", 1, 0, 0},
    {"HTML", {SAY("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<p>Hello")}, CQ_MODEL_INVALID_RESPONSE, "", 1, 0, 0},
    {"gzip", {SAY("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n\x1f\x8b")},
      CQ_MODEL_INVALID_RESPONSE, "", 1, 0, 0},
    {"too long a reply", {AGAIN(STREAM TEXT("a"), TEXT(HUGE500), 0)}, CQ_MODEL_TOO_LONG, NULL, 1, 0, 0},
    {"comments without end", {AGAIN(STREAM, ": " HUGE500 HUGE500 HUGE500 HUGE500 HUGE500 HUGE500 HUGE500 HUGE500 "\n", 0)},
      CQ_MODEL_TOO_LONG, "", 1, 0, 0},
    {"closed without a word", {SAY(""), SAY(GOOD)}, CQ_OK, "Hello", 2, 0, 0},
    {"closed without a word each time", {SAY("")}, CQ_MODEL_UNAVAILABLE, "", 3, 0, 0},
    {"no HTTP", {SAY("220 mail.example ESMTP\r\n")}, CQ_MODEL_INVALID_RESPONSE, "", 3, 0, 0},
    {"429, then good", {SAY(STATUS("429 Too Many", "")), SAY(GOOD)}, CQ_OK, "Hello", 2, 0, 0},
    {"429 each time", {SAY(STATUS("429 Too Many", "Retry-After: 0\r\n"))}, CQ_MODEL_RATE_LIMITED, "", 3, 0, 0},
    {"429 for long", {SAY(STATUS("429 Too Many", "Retry-After: 30\r\n")), SAY(GOOD)}, CQ_MODEL_RATE_LIMITED, "", 1, 30, 0},
    {"503 for long", {SAY(STATUS("503 Away", "Retry-After: 9999\r\n")), SAY(GOOD)}, CQ_MODEL_UNAVAILABLE, "", 1, 3600, 0},
    {"529, then 500, then good", {SAY(STATUS("529 Busy", "")), SAY(STATUS("500 Oops", "")), SAY(GOOD)}, CQ_OK, "Hello", 3, 0, 0},
    {"500 each time", {SAY(STATUS("500 Oops", ""))}, CQ_MODEL_UNAVAILABLE, "", 3, 0, 0},
    {"408 each time", {SAY(STATUS("408 Late", ""))}, CQ_MODEL_TIMEOUT, "", 3, 0, 0},
    {"400", {SAY(STATUS("400 Bad", "")), SAY(GOOD)}, CQ_MODEL_REFUSED, "", 1, 0, 0},
    {"401", {SAY(STATUS("401 Who", "")), SAY(GOOD)}, CQ_MODEL_REFUSED, "", 1, 0, 0},
    {"400 by a filter", {SAY("HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\n{\"error\":{\"code\":\"content_filter\"}}")},
      CQ_CONTENT_FILTERED, "", 1, 0, 0},
    {"404 without end", {AGAIN("HTTP/1.1 404 No\r\n\r\n", HUGE500, 0)}, CQ_MODEL_REFUSED, "", 1, 0, 0},
    {"a redirect", {SAY(STATUS("302 There", "Location: http://127.0.0.1:1/\r\n"))}, CQ_MODEL_INVALID_RESPONSE, "", 1, 0, 0},
    {"on_text refuses", {SAY(GOOD)}, CQ_LOST, "Hel", 1, 0, CQ_LOST},
    // clang-format on
};

static void check_answer(const struct answer_case *row)
{
    char base_url[BASE_URL_BYTES];
    struct server server;
    struct outcome got = model_outcome();

    model_start(&server, row->answers);
    const struct config config = model_config(base_url, server.port);
    got.refuse_with = row->refuse;
    model_ask(&config, &got);
    model_stop(&server);
    ROW_ASSERT(row->name, got.st == row->want);
    ROW_ASSERT(row->name, !row->text || str_eq(got.text.data, row->text));
    ROW_ASSERT(row->name, server.n_requests == row->requests);
    ROW_ASSERT(row->name, got.ctx->retry_after_s == row->after_s);
    ROW_ASSERT(row->name, got.st || (got.same_text && got.all.tries == row->requests));
    ROW_ASSERT(row->name, !got.st || row->refuse || str_starts(got.ctx->error, "m (openai): "));
    ROW_ASSERT(row->name, !strstr(got.ctx->error, "secret"));
    buf_release(&got.text);
}

static void test_answers(void)
{
    for (size_t i = 0; i < LEN(answer_cases); i++)
        check_answer(&answer_cases[i]);
}

static void test_usage_and_stop(void)
{
    static const struct answer answers[] = {SAY(STREAM TEXT("a") STOP("length") USAGE DONE), {0}};
    char base_url[BASE_URL_BYTES];
    struct server server;
    struct outcome got = model_outcome();

    model_start(&server, answers);
    const struct config config = model_config(base_url, server.port);
    model_ask(&config, &got);
    model_stop(&server);
    CU_ASSERT(got.st == CQ_OK && got.reply.stop == LLM_STOP_LENGTH);
    CU_ASSERT(got.all.usage.input == 5 && got.all.usage.output == 2);
    buf_release(&got.text);
}

/* In a chat what had come before the filter is kept; nothing is still nothing. */
static void test_filtered_chat(void)
{
    static const struct {
        const char *name;
        struct answer answers[2];
        enum cq_status want;
    } rows[] = {
        {"after text", {SAY(STREAM TEXT("a") STOP("content_filter") DONE), {0}}, CQ_OK},
        {"before any", {SAY(STREAM STOP("content_filter") DONE), {0}}, CQ_CONTENT_FILTERED},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char base_url[BASE_URL_BYTES];
        struct server server;
        struct outcome got = model_outcome();
        struct llm_ask ask = *got.ask;

        ask.is_chat = true;
        got.ask = &ask;
        model_start(&server, rows[i].answers);
        const struct config config = model_config(base_url, server.port);
        model_ask(&config, &got);
        model_stop(&server);
        ROW_ASSERT(rows[i].name, got.st == rows[i].want);
        ROW_ASSERT(rows[i].name, got.st || (got.reply.stop == LLM_STOP_FILTERED && str_eq(got.text.data, "a")));
        buf_release(&got.text);
    }
}

/*
 * A server that does not close after the end of a stream: the reply must not wait for the limits, whatever still
 * trickles in.
 */
static void test_open_end(void)
{
    static const struct {
        const char *name;
        struct answer answers[2];
        int64_t within_ms;
    } rows[] = {
        // clang-format off
        {"[DONE], then silence", {HOLD(STREAM TEXT("a") DONE), {0}}, 2500},
        {"[DONE], then comments", {AGAIN(STREAM TEXT("a") DONE, ": hi\n", 20), {0}}, 2500},
        {"a finish reason, then comments", {AGAIN(STREAM TEXT("a") STOP("stop"), ": hi\n", 20), {0}}, 6500},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        char base_url[BASE_URL_BYTES];
        struct server server;
        struct outcome got = model_outcome();

        model_start(&server, rows[i].answers);
        const struct config config = model_config(base_url, server.port);
        model_ask(&config, &got);
        model_stop(&server);
        ROW_ASSERT(rows[i].name, got.st == CQ_OK && str_eq(got.text.data, "a"));
        ROW_ASSERT(rows[i].name, got.took_ms < rows[i].within_ms);
        buf_release(&got.text);
    }
}

static void test_proxy_of_environment_is_ignored(void)
{
    static const struct answer answers[] = {SAY(GOOD), {0}};
    char base_url[BASE_URL_BYTES];
    struct server server;
    struct outcome got = model_outcome();

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    model_start(&server, answers);
    const struct config config = model_config(base_url, server.port);
    model_ask(&config, &got);
    model_stop(&server);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    CU_ASSERT_EQUAL(got.st, CQ_OK);
    buf_release(&got.text);
}

SUITE(transfer, {"what each answer comes to", test_answers}, {"usage and stop", test_usage_and_stop},
      {"filtered chat", test_filtered_chat}, {"an open end", test_open_end},
      {"no proxy from the environment", test_proxy_of_environment_is_ignored});
