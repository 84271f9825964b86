/* The life of a call: its limits, its tries, and a reply that is there at once. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model.h"

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

enum { STALL_MS = 3000 }; /* of a busy machine; the error tells which limit it was */

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
        {"first byte", set_first_byte, {HOLD("")}, 150, 1, 150, "m (openai): no first byte within 150 ms"},
        {"headers are no byte of the body", set_first_byte, {HOLD(STREAM)}, 150, 1, 150, "m (openai): no first byte within 150 ms"},
        {"first byte, tried again", set_first_byte, {HOLD("")}, 100, 2, 200, "m (openai): no first byte within 100 ms"},
        {"idle", set_idle, {HOLD(STREAM TEXT("a"))}, 150, 3, 150, "m (openai): no byte for 150 ms"},
        {"total, while bytes come", set_total, {AGAIN(STREAM TEXT("a"), TEXT("b"), 20)}, 300, 3, 300, "m (openai): no reply within 300 ms"},
        {"total, over all tries", set_total, {SAY(STATUS("503 Away", "Retry-After: 1\r\n"))}, 300, 3, 0, "m (openai): the provider is down (status 503), again in 1 s"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        char base_url[BASE_URL_BYTES];
        struct server server;
        struct outcome got = model_outcome();

        model_start(&server, rows[i].answers);
        struct config config = model_config(base_url, server.port);
        config.llm.tries = rows[i].tries;
        rows[i].set(&config.llm, rows[i].limit_ms);
        model_ask(&config, &got);
        model_stop(&server);
        ROW_ASSERT(rows[i].name, got.st == (rows[i].want_ms ? CQ_MODEL_TIMEOUT : CQ_MODEL_UNAVAILABLE));
        ROW_ASSERT(rows[i].name, str_eq(got.ctx->error, rows[i].error));
        ROW_ASSERT(rows[i].name, got.took_ms >= rows[i].want_ms && got.took_ms < rows[i].want_ms + STALL_MS);
        ROW_ASSERT(rows[i].name, got.ctx->model_ms <= got.took_ms && got.ctx->model_ms + STALL_MS > got.took_ms);
        buf_release(&got.text);
    }
}

/* A listener with a full backlog: the kernel drops what comes, and connecting hangs. */
static void test_connect_hangs(void)
{
    uint16_t port;
    char base_url[BASE_URL_BYTES];
    int full[8];
    struct outcome got = model_outcome();
    int fd = model_bind(&port, false);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};

    CU_ASSERT_EQUAL_FATAL(listen(fd, 0), 0);
    for (size_t i = 0; i < LEN(full); i++) {
        full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(full[i], (struct sockaddr *)&address, sizeof(address));
    }
    struct config config = model_config(base_url, port);
    config.llm.tries = 1;
    set_connect(&config.llm, 150);
    model_ask(&config, &got);
    CU_ASSERT_EQUAL(got.st, CQ_MODEL_TIMEOUT);
    ASSERT_TEXT(got.ctx->error, "m (openai): no connection within 150 ms");
    CU_ASSERT(got.took_ms >= 150 && got.took_ms < 150 + STALL_MS);
    for (size_t i = 0; i < LEN(full); i++)
        close(full[i]);
    close(fd);
    buf_release(&got.text);
}

static void test_connection_refused(void)
{
    uint16_t port;
    char base_url[BASE_URL_BYTES], want[100];
    struct outcome got = model_outcome();
    int fd = model_bind(&port, false);

    struct config config = model_config(base_url, port);
    config.llm.retry_ms = 40;
    model_ask(&config, &got);
    CU_ASSERT_EQUAL(got.st, CQ_MODEL_UNAVAILABLE);
    snprintf(want, sizeof(want), "m (openai): nobody listens at 127.0.0.1:%u (connection refused)", port);
    ASSERT_TEXT(got.ctx->error, want);
    CU_ASSERT(got.took_ms >= 20 + 40); /* two waits, each at least half of its back-off */
    close(fd);
    buf_release(&got.text);
}

/* Without a descriptor nobody can be asked: that is not the model's fault, and its breaker stays closed. */
static void test_no_descriptor(void)
{
    char base_url[BASE_URL_BYTES], want[100];
    struct rlimit before, none;
    uint16_t port;
    struct outcome got = model_outcome();
    int fd = model_bind(&port, true);
    struct config config = model_config(base_url, port);

    config.llm.tries = 1;
    config.llm.breaker_failures = 1;
    config.llm.breaker_open_s = 60;
    struct llm_loop *loop = llm_loop_create(&config, NULL);
    CU_ASSERT_FATAL(loop && getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = (struct rlimit){0, before.rlim_max};
    snprintf(want, sizeof(want), "m (openai): no file descriptor is left here to reach 127.0.0.1:%u", port);
    for (int i = 0; i < 2; i++) { /* the second is not refused by the breaker */
        CU_ASSERT_EQUAL(llm_start(loop, got.ctx, &MODEL_ASK, model_on_text, model_on_done, &got, NULL), CQ_OK);
        CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &none), 0);
        for (int k = 0; k < 100 && llm_loop_calls(loop); k++)
            llm_loop_run(loop);
        CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_NOFILE, &before), 0);
        CU_ASSERT_EQUAL(got.st, CQ_MODEL_UNAVAILABLE);
        ASSERT_TEXT(got.ctx->error, want);
    }
    CU_ASSERT_EQUAL(got.n_done, 2);
    llm_loop_destroy(loop);
    close(fd);
    buf_release(&got.text);
}

/* The ask's own bound holds when it is the narrower one; the config's always does. */
static void test_reply_max_bytes(void)
{
    static const struct {
        const char *name;
        uint32_t ask, config;
        const char *error; /* NULL: the reply is taken */
    } rows[] = {
        // clang-format off
        {"the ask says nothing",     0, 5,    NULL},
        {"as long as the ask takes", 5, 1000, NULL},
        {"too long for the ask",     4, 1000, "m (openai): a reply of more than 4 bytes"},
        {"too long for the config",  0, 4,    "m (openai): a reply of more than 4 bytes"},
        {"the config is narrower",   5, 4,    "m (openai): a reply of more than 4 bytes"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        static const struct answer answers[] = {SAY(GOOD), {0}};
        char base_url[BASE_URL_BYTES];
        struct server server;
        struct outcome got = model_outcome();
        struct llm_ask ask = MODEL_ASK;

        model_start(&server, answers);
        struct config config = model_config(base_url, server.port);
        config.llm.reply_max_bytes = rows[i].config;
        ask.reply_max_bytes = rows[i].ask;
        got.ask = &ask;
        model_ask(&config, &got);
        model_stop(&server);
        ROW_ASSERT(rows[i].name, got.st == (rows[i].error ? CQ_MODEL_TOO_LONG : CQ_OK));
        ROW_ASSERT(rows[i].name, !rows[i].error || str_eq(got.ctx->error, rows[i].error));
        buf_release(&got.text);
    }
}

/* An answer that is kept as a whole has no more room than its reply may need. */
static void test_whole_is_bounded(void)
{
    static const struct {
        const char *name;
        uint32_t ask;
        const char *error; /* NULL: the reply is taken */
    } rows[] = {
        {"by the ask", 1000, "m (openai): an answer without end"},
        {"by the config", 0, NULL},
    };
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
    enum { BLANKS = (1 << 20) + 5000 };
    struct buf body;

    buf_init(&body, 2 << 20);
    buf_str(&body, head);
    for (size_t i = 0; i < BLANKS; i++)
        buf_char(&body, ' ');
    buf_str(&body, "{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}");
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer answers[] = {{.text = body.data, .n_bytes = body.len}, {0}};
        char base_url[BASE_URL_BYTES];
        struct server server;
        struct outcome got = model_outcome();
        struct llm_ask ask = MODEL_ASK;

        model_start(&server, answers);
        struct config config = model_config(base_url, server.port);
        config.llm.reply_max_bytes = 1 << 20;
        ask.reply_max_bytes = rows[i].ask;
        got.ask = &ask;
        model_ask(&config, &got);
        model_stop(&server);
        ROW_ASSERT(rows[i].name, got.st == (rows[i].error ? CQ_MODEL_TOO_LONG : CQ_OK));
        ROW_ASSERT(rows[i].name, !rows[i].error || str_eq(got.ctx->error, rows[i].error));
        buf_release(&got.text);
    }
    buf_release(&body);
}

static void test_builtin(void)
{
    const struct config config = model_config_of(
        (struct config_llm){.provider = "builtin", .total_timeout_ms = 10000, .tries = 1, .reply_max_bytes = 10000});
    struct outcome got = model_outcome();

    model_ask(&config, &got);
    CU_ASSERT(got.st == CQ_OK && got.same_text && got.all.tries == 1);
    CU_ASSERT(got.n_text > 5 && got.took_ms < STALL_MS);
    CU_ASSERT_PTR_NOT_NULL(strstr(got.text.data, llm_notice(&config)));
    buf_release(&got.text);
}

static void test_builtin_refused(void)
{
    const struct config config = model_config_of(
        (struct config_llm){.provider = "builtin", .total_timeout_ms = 1000, .tries = 3, .reply_max_bytes = 10000});
    struct outcome got = model_outcome();

    got.refuse_with = CQ_LOST;
    model_ask(&config, &got);
    CU_ASSERT(got.st == CQ_LOST && got.n_text == 1);
    buf_release(&got.text);
}

SUITE(call, {"limits", test_limits}, {"connecting hangs", test_connect_hangs},
      {"connection refused", test_connection_refused}, {"no descriptor", test_no_descriptor},
      {"the longest reply", test_reply_max_bytes}, {"a whole answer is bounded", test_whole_is_bounded},
      {"builtin", test_builtin}, {"builtin, refused", test_builtin_refused});
