/*
 * The loop, against a model server of a few lines: a thread on a loopback port that reads each request and plays one answer
 * of its script to each connection, the last one again and again. Limits are short; what is measured has room for a busy machine.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

#include "colloquy/llm.h"

#define STREAM                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define TEXT(text)            "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define STOP(reason)          "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define USAGE                 "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n"
#define DONE                  "data: [DONE]\n\n"
#define STATUS(line, headers) "HTTP/1.1 " line "\r\nContent-Length: 0\r\nConnection: close\r\n" headers "\r\n"
#define GOOD                  STREAM TEXT("Hel") TEXT("lo") STOP("stop") USAGE DONE

/* What one connection gets. */
struct answer {
    const char *text;   /* sent at once; NULL ends the script */
    const char *repeat; /* then this, again and again each pause_ms, until the client goes */
    unsigned pause_ms;
    bool hold; /* then nothing, until the client goes */
};

#define SAY(what)                                                                                                      \
    {                                                                                                                  \
        .text = what                                                                                                   \
    }

enum { MAX_ANSWERS = 4 };

struct server {
    int listener;
    uint16_t port;
    const struct answer *answers;
    atomic_uint n_requests;
    pthread_t thread;
};

static void send_all(int fd, const char *text)
{
    for (size_t len = strlen(text); len > 0;) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

/* Whether the client is still there after ms. */
static bool client_stays(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, ms) == 0;
}

/* Read headers and a body, which is known to end in "}" and to have none such before a pause. */
static void read_request(int fd)
{
    char got[4096];
    size_t len = 0;

    while (len < sizeof(got) - 1) {
        ssize_t n = recv(fd, got + len, sizeof(got) - 1 - len, 0);

        if (n <= 0)
            return;
        len += (size_t)n;
        got[len] = '\0';
        if (strstr(got, "\r\n\r\n") && got[len - 1] == '}')
            return;
    }
}

static void play(int fd, const struct answer *answer)
{
    read_request(fd);
    send_all(fd, answer->text);
    for (int i = 0; answer->repeat && i < 100000 && client_stays(fd, (int)answer->pause_ms); i++)
        send_all(fd, answer->repeat);
    if (answer->hold)
        client_stays(fd, 5000);
}

static void *serve(void *arg)
{
    struct server *server = arg;
    size_t i = 0;
    int fd;

    while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
        atomic_fetch_add(&server->n_requests, 1);
        play(fd, &server->answers[i]);
        close(fd);
        if (i + 1 < MAX_ANSWERS && server->answers[i + 1].text)
            i++;
    }
    return NULL;
}

/* A loopback port that is bound, and listened on unless it is to refuse. */
static int bind_loopback(uint16_t *port, bool listening)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0);
    CU_ASSERT_FATAL(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    CU_ASSERT_FATAL(!listening || listen(fd, 16) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void server_start(struct server *server, const struct answer *answers)
{
    *server = (struct server){.answers = answers};
    server->listener = bind_loopback(&server->port, true);
    CU_ASSERT_FATAL(pthread_create(&server->thread, NULL, serve, server) == 0);
}

static void server_stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

/* ---- asking ---- */

/* What a call came to. */
struct outcome {
    struct cq_ctx *ctx;
    struct buf text; /* as on_text got it */
    unsigned n_text, n_done;
    enum cq_status refuse_with; /* what on_text returns */
    enum cq_status st;
    struct llm_reply reply; /* without its text */
    bool same_text;         /* the reply's is what on_text got */
    int64_t took_ms;
};

static enum cq_status on_text(void *user, const char *text, size_t len)
{
    struct outcome *outcome = user;

    CU_ASSERT(len > 0 && utf8_valid(text, len));
    outcome->n_text++;
    buf_append(&outcome->text, text, len);
    return outcome->refuse_with;
}

static void on_done(void *user, enum cq_status st, const struct llm_reply *reply)
{
    struct outcome *outcome = user;

    outcome->n_done++;
    outcome->st = st;
    CU_ASSERT((st == CQ_OK) == (reply != NULL));
    if (!reply)
        return;
    outcome->reply = *reply;
    outcome->same_text = str_eq(reply->text, outcome->text.data) && reply->len == outcome->text.len;
}

static const struct llm_message HELLO[] = {{LLM_USER, "Hello"}};
static const struct llm_ask ASK = {.system = "Be kind.", .messages = HELLO, .n_messages = 1};

static struct config test_config(char *base_url, size_t size, uint16_t port)
{
    snprintf(base_url, size, "http://127.0.0.1:%u/v1", port);
    return (struct config){.llm = {.provider = "openai",
                                   .base_url = base_url,
                                   .api_key = "sk-secret",
                                   .model = "m",
                                   .connect_timeout_ms = 1000,
                                   .first_byte_timeout_ms = 1000,
                                   .idle_timeout_ms = 1000,
                                   .total_timeout_ms = 3000,
                                   .tries = 3,
                                   .retry_ms = 4,
                                   .retry_wait_max_ms = 2000,
                                   .reply_max_bytes = 10000,
                                   .max_tokens = 10}};
}

/* Run until nothing is under way, 5 s at most. */
static void run(struct llm_loop *loop)
{
    int64_t limit = clock_mono_ms() + 5000;

    while (llm_loop_calls(loop) > 0 && clock_mono_ms() < limit) {
        llm_loop_wait(loop, NULL, 0, 1000);
        llm_loop_run(loop);
    }
    CU_ASSERT_EQUAL(llm_loop_calls(loop), 0);
}

static struct outcome outcome_new(void)
{
    struct outcome outcome = {.ctx = unit_ctx()};

    buf_init(&outcome.text, 1 << 20);
    return outcome;
}

static void ask(const struct config *config, struct outcome *outcome)
{
    int64_t start = clock_mono_ms();
    struct llm_loop *loop = llm_loop_create(config);

    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    CU_ASSERT_EQUAL(llm_start(loop, outcome->ctx, &ASK, on_text, on_done, outcome, NULL), CQ_OK);
    CU_ASSERT_EQUAL(outcome->n_done, 0);
    run(loop);
    outcome->took_ms = clock_mono_ms() - start;
    CU_ASSERT_EQUAL(outcome->n_done, 1);
    llm_loop_destroy(loop);
}

/* ---- answers ---- */

struct answer_case {
    const char *name;
    struct answer answers[MAX_ANSWERS + 1];
    enum cq_status want;
    const char *text;      /* what on_text gets */
    unsigned requests;     /* that the server sees */
    uint32_t after_s;      /* retry_after_s */
    enum cq_status refuse; /* by on_text */
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
    {"[DONE], and the connection stays", {{STREAM TEXT("a") DONE, NULL, 0, true}}, CQ_OK, "a", 1, 0, 0},
    {"U+0000 is left out", {SAY(STREAM TEXT("a\\u0000b") DONE)}, CQ_OK, "ab", 1, 0, 0},
    {"only U+0000", {SAY(STREAM TEXT("\\u0000") DONE)}, CQ_MODEL_NO_RESPONSE, "", 3, 0, 0},
    {"blank text is held back", {SAY(STREAM TEXT(" ") TEXT("\\n") TEXT("a") TEXT(" ") DONE)}, CQ_OK, " \na ", 1, 0, 0},
    {"one JSON body", {SAY("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\n\r\n"
      "{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}")}, CQ_OK, "Hi", 1, 0, 0},
    {"a cut JSON body", {SAY("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{\"choices\""), SAY(GOOD)},
      CQ_OK, "Hello", 2, 0, 0},
    {"blank, then good", {SAY(STREAM TEXT(" ") DONE), SAY(GOOD)}, CQ_OK, "Hello", 2, 0, 0},
    {"blank each time", {SAY(STREAM TEXT(" ") DONE)}, CQ_MODEL_NO_RESPONSE, "", 3, 0, 0},
    {"no body", {SAY(STREAM)}, CQ_MODEL_NO_RESPONSE, "", 3, 0, 0},
    {"cut before any text", {SAY(STREAM ": hi\n\n"), SAY(GOOD)}, CQ_OK, "Hello", 2, 0, 0},
    {"cut after text", {SAY(STREAM TEXT("a")), SAY(GOOD)}, CQ_MODEL_INVALID_RESPONSE, "a", 1, 0, 0},
    {"cut within a chunk", {SAY("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" TEXT("a"))},
      CQ_MODEL_INVALID_RESPONSE, "a", 1, 0, 0},
    {"malformed before any text", {SAY(STREAM "data: {\n\n"), SAY(GOOD)}, CQ_OK, "Hello", 2, 0, 0},
    {"malformed after text", {SAY(STREAM TEXT("a") "data: {\n\n" DONE)}, CQ_MODEL_INVALID_RESPONSE, "a", 1, 0, 0},
    {"malformed UTF-8", {SAY(STREAM TEXT("\xC3\x28") DONE)}, CQ_MODEL_INVALID_RESPONSE, "", 3, 0, 0},
    {"error within the stream", {SAY(STREAM "data: {\"error\":{\"message\":\"sk-secret\"}}\n\n")}, CQ_MODEL_UNAVAILABLE, "", 3, 0, 0},
    {"error after text", {SAY(STREAM TEXT("a") "data: {\"error\":{}}\n\n")}, CQ_MODEL_UNAVAILABLE, "a", 1, 0, 0},
    {"filtered", {SAY(STREAM STOP("content_filter") DONE)}, CQ_CONTENT_FILTERED, "", 1, 0, 0},
    {"filtered after text", {SAY(STREAM TEXT("a") STOP("content_filter") DONE)}, CQ_CONTENT_FILTERED, "a", 1, 0, 0},
    {"HTML", {SAY("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<p>Hello")}, CQ_MODEL_INVALID_RESPONSE, "", 1, 0, 0},
    {"gzip", {SAY("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n\x1f\x8b")},
      CQ_MODEL_INVALID_RESPONSE, "", 1, 0, 0},
    {"too long a reply", {{STREAM TEXT("a"), TEXT(HUGE500), 0, false}}, CQ_MODEL_INVALID_RESPONSE, NULL, 1, 0, 0},
    {"comments without end", {{STREAM, ": " HUGE500 HUGE500 HUGE500 HUGE500 HUGE500 HUGE500 HUGE500 HUGE500 "\n", 0, false}},
      CQ_MODEL_INVALID_RESPONSE, "", 1, 0, 0},
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
    {"404 without end", {{"HTTP/1.1 404 No\r\n\r\n", HUGE500, 0, false}}, CQ_MODEL_REFUSED, "", 1, 0, 0},
    {"a redirect", {SAY(STATUS("302 There", "Location: http://127.0.0.1:1/\r\n"))}, CQ_MODEL_INVALID_RESPONSE, "", 1, 0, 0},
    {"on_text refuses", {SAY(GOOD)}, CQ_LOST, "Hel", 1, 0, CQ_LOST},
    // clang-format on
};

static void check_answer(const struct answer_case *row)
{
    char base_url[64];
    struct server server;
    struct outcome got = outcome_new();

    server_start(&server, row->answers);
    const struct config config = test_config(base_url, sizeof(base_url), server.port);
    got.refuse_with = row->refuse;
    ask(&config, &got);
    server_stop(&server);
    ROW_ASSERT(row->name, got.st == row->want);
    ROW_ASSERT(row->name, !row->text || str_eq(got.text.data, row->text));
    ROW_ASSERT(row->name, server.n_requests == row->requests);
    ROW_ASSERT(row->name, got.ctx->retry_after_s == row->after_s);
    ROW_ASSERT(row->name, got.st || (got.same_text && got.reply.tries == row->requests));
    ROW_ASSERT(row->name, !got.st || row->refuse || str_starts(got.ctx->error, "openai: "));
    ROW_ASSERT(row->name, !strstr(got.ctx->error, "secret"));
    buf_release(&got.text);
}

static void test_answers(void)
{
    log_set_level(LOG_ERROR);
    CU_ASSERT_EQUAL_FATAL(llm_global_init(), CQ_OK);
    for (size_t i = 0; i < LEN(answer_cases); i++)
        check_answer(&answer_cases[i]);
}

static void test_usage_and_stop(void)
{
    static const struct answer answers[] = {SAY(STREAM TEXT("a") STOP("length") USAGE DONE), {0}};
    char base_url[64];
    struct server server;
    struct outcome got = outcome_new();

    server_start(&server, answers);
    const struct config config = test_config(base_url, sizeof(base_url), server.port);
    ask(&config, &got);
    server_stop(&server);
    CU_ASSERT(got.st == CQ_OK && got.reply.stop == LLM_STOP_LENGTH);
    CU_ASSERT(got.reply.input_tokens == 5 && got.reply.output_tokens == 2);
    buf_release(&got.text);
}

/* ---- limits ---- */

static void set_connect(struct config_llm *llm, uint32_t ms)
{
    llm->connect_timeout_ms = ms;
}

static void set_first_byte(struct config_llm *llm, uint32_t ms)
{
    llm->first_byte_timeout_ms = ms;
}

static void set_idle(struct config_llm *llm, uint32_t ms)
{
    llm->idle_timeout_ms = ms;
}

static void set_total(struct config_llm *llm, uint32_t ms)
{
    llm->total_timeout_ms = ms;
}

/* Each limit ends the call when it has passed, not before and not long after. */
static void test_limits(void)
{
    static const struct {
        const char *name;
        void (*set)(struct config_llm *, uint32_t ms);
        struct answer answers[MAX_ANSWERS + 1];
        uint32_t limit_ms, tries;
        int64_t want_ms;
        const char *error;
    } rows[] = {
        // clang-format off
        {"first byte", set_first_byte, {{"", NULL, 0, true}}, 150, 1, 150, "openai: no first byte within 150 ms"},
        {"headers are no byte of the body", set_first_byte, {{STREAM, NULL, 0, true}}, 150, 1, 150, "openai: no first byte within 150 ms"},
        {"first byte, tried again", set_first_byte, {{"", NULL, 0, true}}, 100, 2, 200, "openai: no first byte within 100 ms"},
        {"idle", set_idle, {{STREAM TEXT("a"), NULL, 0, true}}, 150, 3, 150, "openai: no byte for 150 ms"},
        {"total, while bytes come", set_total, {{STREAM TEXT("a"), TEXT("b"), 20, false}}, 300, 3, 300, "openai: no reply within 300 ms"},
        {"total, over all tries", set_total, {SAY(STATUS("503 Away", "Retry-After: 1\r\n"))}, 300, 3, 0, "openai: status 503"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        char base_url[64];
        struct server server;
        struct outcome got = outcome_new();

        server_start(&server, rows[i].answers);
        struct config config = test_config(base_url, sizeof(base_url), server.port);
        config.llm.tries = rows[i].tries;
        rows[i].set(&config.llm, rows[i].limit_ms);
        ask(&config, &got);
        server_stop(&server);
        ROW_ASSERT(rows[i].name, got.st == (rows[i].want_ms ? CQ_MODEL_TIMEOUT : CQ_MODEL_UNAVAILABLE));
        ROW_ASSERT(rows[i].name, str_eq(got.ctx->error, rows[i].error));
        ROW_ASSERT(rows[i].name, got.took_ms >= rows[i].want_ms && got.took_ms < rows[i].want_ms + 100);
        ROW_ASSERT(rows[i].name, got.ctx->model_ms <= got.took_ms && got.ctx->model_ms + 50 > got.took_ms);
        buf_release(&got.text);
    }
}

/* A listener with a full backlog: the kernel drops what comes, and connecting hangs. */
static void test_connect_hangs(void)
{
    uint16_t port;
    char base_url[64];
    int full[8];
    struct outcome got = outcome_new();
    int fd = bind_loopback(&port, false);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};

    CU_ASSERT_EQUAL_FATAL(listen(fd, 0), 0);
    for (size_t i = 0; i < LEN(full); i++) {
        full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(full[i], (struct sockaddr *)&address, sizeof(address));
    }
    struct config config = test_config(base_url, sizeof(base_url), port);
    config.llm.tries = 1;
    set_connect(&config.llm, 150);
    ask(&config, &got);
    CU_ASSERT_EQUAL(got.st, CQ_MODEL_TIMEOUT);
    ASSERT_TEXT(got.ctx->error, "openai: no connection within 150 ms");
    CU_ASSERT(got.took_ms >= 150 && got.took_ms < 250);
    for (size_t i = 0; i < LEN(full); i++)
        close(full[i]);
    close(fd);
    buf_release(&got.text);
}

static void test_connection_refused(void)
{
    uint16_t port;
    char base_url[64];
    struct outcome got = outcome_new();
    int fd = bind_loopback(&port, false);

    struct config config = test_config(base_url, sizeof(base_url), port);
    config.llm.retry_ms = 40;
    ask(&config, &got);
    CU_ASSERT_EQUAL(got.st, CQ_MODEL_UNAVAILABLE);
    ASSERT_TEXT(got.ctx->error, "openai: Couldn't connect to server");
    CU_ASSERT(got.took_ms >= 20 + 40); /* two waits, each at least half of its back-off */
    close(fd);
    buf_release(&got.text);
}

static void test_proxy_of_environment_is_ignored(void)
{
    static const struct answer answers[] = {SAY(GOOD), {0}};
    char base_url[64];
    struct server server;
    struct outcome got = outcome_new();

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    server_start(&server, answers);
    const struct config config = test_config(base_url, sizeof(base_url), server.port);
    ask(&config, &got);
    server_stop(&server);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    CU_ASSERT_EQUAL(got.st, CQ_OK);
    buf_release(&got.text);
}

/* ---- the loop itself ---- */

static void test_builtin(void)
{
    const struct config config = {
        .llm = {.provider = "builtin", .total_timeout_ms = 1000, .tries = 1, .reply_max_bytes = 10000}};
    struct outcome got = outcome_new();

    ask(&config, &got);
    CU_ASSERT(got.st == CQ_OK && got.same_text && got.reply.tries == 1);
    CU_ASSERT(got.n_text > 5 && got.took_ms < 500);
    CU_ASSERT_PTR_NOT_NULL(strstr(got.text.data, llm_notice(&config)));
    buf_release(&got.text);
}

static void test_builtin_refused(void)
{
    const struct config config = {
        .llm = {.provider = "builtin", .total_timeout_ms = 1000, .tries = 3, .reply_max_bytes = 10000}};
    struct outcome got = outcome_new();

    got.refuse_with = CQ_LOST;
    ask(&config, &got);
    CU_ASSERT(got.st == CQ_LOST && got.n_text == 1);
    buf_release(&got.text);
}

/* on_done may start the next call; it is made by a later run. */
struct chain {
    struct llm_loop *loop;
    struct cq_ctx *ctx;
    unsigned left, done;
};

static enum cq_status ignore_text(void *user, const char *text, size_t len)
{
    (void)user, (void)text, (void)len;
    return CQ_OK;
}

static void start_next(void *user, enum cq_status st, const struct llm_reply *reply)
{
    struct chain *chain = user;

    (void)reply;
    CU_ASSERT_EQUAL(st, CQ_OK);
    chain->done++;
    if (chain->left > 0) {
        chain->left--;
        CU_ASSERT_EQUAL(llm_start(chain->loop, chain->ctx, &ASK, ignore_text, start_next, chain, NULL), CQ_OK);
    }
}

static void test_start_from_callback(void)
{
    static const struct answer answers[] = {SAY(GOOD), {0}};
    char base_url[64];
    struct server server;

    server_start(&server, answers);
    const struct config config = test_config(base_url, sizeof(base_url), server.port);
    struct chain chain = {.loop = llm_loop_create(&config), .ctx = unit_ctx(), .left = 5};
    start_next(&chain, CQ_OK, NULL);
    run(chain.loop);
    CU_ASSERT_EQUAL(chain.done, 6);
    llm_loop_destroy(chain.loop);
    server_stop(&server);
}

static void test_many_at_once(void)
{
    static const struct answer answers[] = {SAY(GOOD), {0}};
    char base_url[64];
    struct server server;

    server_start(&server, answers);
    const struct config config = test_config(base_url, sizeof(base_url), server.port);
    struct chain chain = {.loop = llm_loop_create(&config), .ctx = unit_ctx()};
    for (int i = 0; i < 100; i++)
        CU_ASSERT_EQUAL(llm_start(chain.loop, chain.ctx, &ASK, ignore_text, start_next, &chain, NULL), CQ_OK);
    CU_ASSERT_EQUAL(llm_loop_calls(chain.loop), 100);
    run(chain.loop);
    CU_ASSERT_EQUAL(chain.done, 100);
    llm_loop_destroy(chain.loop);
    server_stop(&server);
}

static void test_destroy_makes_no_callback(void)
{
    static const struct answer answers[] = {{STREAM TEXT("a"), NULL, 0, true}, {0}};
    char base_url[64];
    struct server server;
    struct outcome got = outcome_new();

    server_start(&server, answers);
    const struct config config = test_config(base_url, sizeof(base_url), server.port);
    struct llm_loop *loop = llm_loop_create(&config);
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(llm_start(loop, got.ctx, &ASK, on_text, on_done, &got, NULL), CQ_OK);
    for (int i = 0; i < 100 && got.n_text == 0; i++) {
        llm_loop_wait(loop, NULL, 0, 10);
        llm_loop_run(loop);
    }
    CU_ASSERT(llm_loop_calls(loop) == 2 && got.n_text == 1);
    llm_loop_destroy(loop);
    CU_ASSERT_EQUAL(got.n_done, 0);
    server_stop(&server);
    buf_release(&got.text);
}

static void test_wait(void)
{
    const struct config config = {.llm = {.provider = "builtin"}};
    struct llm_loop *loop = llm_loop_create(&config);
    int pair[2];

    CU_ASSERT_EQUAL_FATAL(pipe(pair), 0);
    struct pollfd fds[] = {{.fd = pair[0], .events = POLLIN}, {.fd = -1, .events = POLLIN, .revents = POLLIN}};

    int64_t start = clock_mono_ms();
    llm_loop_wait(loop, fds, 2, 60);
    CU_ASSERT(clock_mono_ms() - start >= 60 && fds[0].revents == 0 && fds[1].revents == 0);

    CU_ASSERT_EQUAL(write(pair[1], "x", 1), 1);
    llm_loop_wait(loop, fds, 2, 2000);
    CU_ASSERT(fds[0].revents == POLLIN);

    close(pair[1]);
    llm_loop_wait(loop, fds, 2, -1);
    CU_ASSERT(fds[0].revents & POLLHUP);
    CU_ASSERT(clock_mono_ms() - start < 1000);
    close(pair[0]);
    llm_loop_destroy(loop);
}

static void test_create_refuses(void)
{
    CU_ASSERT_PTR_NULL(llm_loop_create(&(struct config){.llm = {.provider = "oracle"}}));
    CU_ASSERT_PTR_NULL(
        llm_loop_create(&(struct config){.llm = {.provider = "openai", .model = "m", .base_url = "http://x.org"}}));
}

static void test_start_refuses(void)
{
    const struct config config = {.llm = {.provider = "builtin"}};
    struct llm_loop *loop = llm_loop_create(&config);
    struct cq_ctx *ctx = unit_ctx();

    CU_ASSERT_EQUAL(llm_start(loop, ctx, &(struct llm_ask){0}, on_text, on_done, NULL, NULL), CQ_INTERNAL);
    CU_ASSERT_EQUAL(llm_loop_calls(loop), 0);
    llm_loop_destroy(loop);
}

SUITE(loop, {"what each answer comes to", test_answers}, {"usage and stop", test_usage_and_stop},
      {"limits", test_limits}, {"connecting hangs", test_connect_hangs},
      {"connection refused", test_connection_refused},
      {"no proxy from the environment", test_proxy_of_environment_is_ignored}, {"builtin", test_builtin},
      {"builtin, refused", test_builtin_refused}, {"a callback may start a call", test_start_from_callback},
      {"a hundred at once", test_many_at_once}, {"destroying makes no callback", test_destroy_makes_no_callback},
      {"waiting", test_wait}, {"settings that do not work", test_create_refuses}, {"no messages", test_start_refuses});
