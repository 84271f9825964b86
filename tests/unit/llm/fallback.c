/* From one model to the next: when, how soon, and when not; and what breakers, which loops share, spare. */
#include <unistd.h>

#include "llm/call.h"
#include "model.h"

/* Two models, at two servers; the second one has a price. */
struct pair {
    struct config config;
    struct config_model models[2];
    char urls[2][BASE_URL_BYTES];
};

static void set_pair(struct pair *pair, uint16_t first, uint16_t second)
{
    *pair = (struct pair){0};
    pair->config = model_config(pair->urls[0], first);
    pair->models[0] = pair->config.models[0];
    pair->models[0].name = "first";
    pair->models[1] = model_config(pair->urls[1], second).models[0];
    pair->models[1].name = "second";
    pair->models[1].prices = "2/3";
    pair->config.models = pair->models;
    pair->config.n_models = 2;
    pair->config.llm.fallback = "second";
    pair->config.llm.tries = 2;
    pair->config.llm.breaker_open_s = 60;
}

#define FINE STREAM TEXT("fine") STOP("stop") USAGE DONE

static void test_moves_on(void)
{
    static const struct {
        const char *name;
        struct answer first;
        unsigned want_first; /* requests */
        enum cq_status want;
        const char *text;
    } rows[] = {
        // clang-format off
        {"503, each time",           SAY(STATUS("503 Down", "")),                      2, CQ_OK, "fine"},
        {"limited for long",         SAY(STATUS("429 Slow", "Retry-After: 60\r\n")),   1, CQ_OK, "fine"},
        {"the key refused",          SAY(STATUS("401 No", "")),                        1, CQ_OK, "fine"},
        {"no such model",            SAY(STATUS("404 No", "")),                        1, CQ_OK, "fine"},
        {"silent",                   {.text = "", .hold = true},                       1, CQ_OK, "fine"},
        {"cut off before a token",   SAY(STREAM),                                      2, CQ_OK, "fine"},
        {"empty",                    SAY(STREAM STOP("stop") DONE),                    2, CQ_OK, "fine"},
        {"a page, not the protocol", SAY("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<p>"),
                                                                                       1, CQ_OK, "fine"},
        {"too long", SAY(STREAM TEXT("0123456789a")),             1, CQ_MODEL_TOO_LONG, ""},
        {"cut off after a token",    SAY(STREAM TEXT("fi")),                           1, CQ_MODEL_INVALID_RESPONSE, "fi"},
        {"filtered",                 SAY(STREAM STOP("content_filter") DONE),          1, CQ_CONTENT_FILTERED, ""},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer firsts[] = {rows[i].first, {0}};
        static const struct answer seconds[] = {SAY(FINE), {0}};
        struct server first, second;
        struct pair pair;
        struct outcome got = model_outcome();

        model_start(&first, firsts);
        model_start(&second, seconds);
        set_pair(&pair, first.port, second.port);
        pair.config.llm.reply_max_bytes = 10;
        model_ask(&pair.config, &got);
        model_stop(&first);
        model_stop(&second);
        ROW_ASSERT(rows[i].name, got.st == rows[i].want && str_eq(got.text.data, rows[i].text));
        ROW_ASSERT(rows[i].name, first.n_requests == rows[i].want_first && second.n_requests == !rows[i].want);
        ROW_ASSERT(rows[i].name, str_eq(got.all.model, rows[i].want ? "first" : "second"));
        ROW_ASSERT(rows[i].name, got.all.tries == first.n_requests + second.n_requests);
        ROW_ASSERT(rows[i].name, got.st || got.all.price_nano == 5 * 2000 + 2 * 3000); /* as USAGE says */
        buf_release(&got.text);
    }
}

/* Nobody listens at the first one: the breaker opens, and from then on no call is kept waiting by it. */
static void test_refused(void)
{
    enum { MAX_FAILURES = 3, N = 6 };
    static const struct answer seconds[] = {SAY(FINE), {0}};
    static struct llm_breakers breakers;
    struct server second;
    struct pair pair;
    uint16_t port;
    int fd = model_bind(&port, false);

    breakers = (struct llm_breakers){0};
    model_start(&second, seconds);
    set_pair(&pair, port, second.port);
    pair.config.llm.retry_ms = 100;
    pair.config.llm.breaker_failures = MAX_FAILURES;
    for (unsigned i = 0; i < N; i++) { /* each in a loop of its own, as in a process of its own */
        struct outcome got = model_outcome();
        struct llm_loop *loop = llm_loop_create(&pair.config, &breakers);
        int64_t start = clock_mono_ms();

        CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
        CU_ASSERT_EQUAL(llm_start(loop, got.ctx, &MODEL_ASK, model_on_text, model_on_done, &got, NULL), CQ_OK);
        model_run(loop);
        CU_ASSERT(got.st == CQ_OK && str_eq(got.text.data, "fine"));
        CU_ASSERT_EQUAL(got.all.tries, i < MAX_FAILURES ? 3 : 1);
        CU_ASSERT(i < MAX_FAILURES || clock_mono_ms() - start < 4000);
        llm_loop_destroy(loop);
        buf_release(&got.text);
    }
    model_stop(&second);
    close(fd);
}

/* Both are away: said at once when that is known, and for how long. */
static void test_all_away(void)
{
    static struct llm_breakers breakers;
    struct pair pair;
    uint16_t ports[2];
    int fds[] = {model_bind(&ports[0], false), model_bind(&ports[1], false)};

    breakers = (struct llm_breakers){0};
    set_pair(&pair, ports[0], ports[1]);
    pair.config.llm.breaker_failures = 1;
    for (unsigned i = 0; i < 2; i++) {
        struct outcome got = model_outcome();
        struct llm_loop *loop = llm_loop_create(&pair.config, &breakers);

        CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
        CU_ASSERT_EQUAL(llm_start(loop, got.ctx, &MODEL_ASK, model_on_text, model_on_done, &got, NULL), CQ_OK);
        model_run(loop);
        CU_ASSERT(got.st == CQ_MODEL_UNAVAILABLE && got.all.tries == (i ? 0 : 4));
        CU_ASSERT(i ? got.ctx->retry_after_s >= 50 && got.ctx->retry_after_s <= 60 : !got.ctx->retry_after_s);
        llm_loop_destroy(loop);
        buf_release(&got.text);
    }
    close(fds[0]);
    close(fds[1]);
}

/* After its time one call looks; what it finds is known to all as soon as the first token has come. */
static void test_comes_back(void)
{
    static const struct answer firsts[] = {{.text = STREAM TEXT("slow"), .hold = true}, SAY(FINE), {0}};
    static const struct answer seconds[] = {SAY(FINE), {0}};
    static struct llm_breakers breakers;
    struct server first, second;
    struct pair pair;
    struct outcome probe = model_outcome(), other = model_outcome();
    struct cq_ctx other_ctx = *probe.ctx;
    struct llm_call *call;

    breakers = (struct llm_breakers){0};
    model_start(&first, firsts);
    model_start(&second, seconds);
    set_pair(&pair, first.port, second.port);
    pair.config.llm.breaker_failures = 1;
    struct llm_loop *loop = llm_loop_create(&pair.config, &breakers);

    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    struct llm_breaker *breaker = &breakers.rows[0];
    breaker->failures = 1;
    breaker->open_until_ms = clock_mono_ms() - 1;
    CU_ASSERT_EQUAL(llm_start(loop, probe.ctx, &MODEL_ASK, model_on_text, model_on_done, &probe, &call), CQ_OK);
    for (int k = 0; k < 2000 && !probe.text.len; k++) {
        llm_loop_wait(loop, NULL, 0, 10);
        llm_loop_run(loop);
    }
    CU_ASSERT(str_eq(probe.text.data, "slow") && !llm_breaker_is_open(breaker));
    other.ctx = &other_ctx;
    CU_ASSERT_EQUAL(llm_start(loop, other.ctx, &MODEL_ASK, model_on_text, model_on_done, &other, NULL), CQ_OK);
    llm_stop(call);
    model_run(loop);
    CU_ASSERT(other.st == CQ_OK && str_eq(other.all.model, "first") && second.n_requests == 0);
    llm_loop_destroy(loop);
    model_stop(&first);
    model_stop(&second);
    buf_release(&probe.text);
    buf_release(&other.text);
}

/* Nothing of a structured answer has reached anybody before it is whole: it may be asked for again. */
static void test_unseen_is_asked_again(void)
{
    static const struct answer answers[] = {SAY(STREAM TEXT("{")), SAY(GOOD), {0}};
    char base_url[BASE_URL_BYTES];
    struct server server;
    struct outcome got = model_outcome();

    model_start(&server, answers);
    const struct config config = model_config(base_url, server.port);
    struct llm_loop *loop = llm_loop_create(&config, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    CU_ASSERT_EQUAL(llm_start(loop, got.ctx, &MODEL_ASK, NULL, model_on_done, &got, NULL), CQ_OK);
    model_run(loop);
    CU_ASSERT(got.st == CQ_OK && got.all.tries == 2 && got.reply.len == 5);
    llm_loop_destroy(loop);
    model_stop(&server);
    buf_release(&got.text);
}

/* A model is charged what it has used itself: what the first one had said when it broke off is none of the next one's. */
static void test_each_has_its_own_cost(void)
{
    static const struct answer firsts[] = {SAY(STREAM TEXT("{") USAGE), {0}}, seconds[] = {SAY(FINE), {0}};
    struct server first, second;
    struct pair pair;
    struct outcome got = model_outcome();

    model_start(&first, firsts);
    model_start(&second, seconds);
    set_pair(&pair, first.port, second.port);
    pair.models[0].prices = "10/20";
    struct llm_loop *loop = llm_loop_create(&pair.config, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    CU_ASSERT_EQUAL(llm_start(loop, got.ctx, &MODEL_ASK, NULL, model_on_done, &got, NULL), CQ_OK);
    model_run(loop);
    CU_ASSERT_FATAL(got.st == CQ_OK && got.cost.n == 2);
    const struct llm_spent *dear = &got.cost.spent[0], *cheap = &got.cost.spent[1];

    CU_ASSERT(str_eq(dear->model, "first") && dear->st == CQ_MODEL_INVALID_RESPONSE && dear->tries == 2);
    CU_ASSERT(dear->usage.input == 10 && dear->usage.output == 4 && dear->price_nano == 10 * 10000 + 4 * 20000);
    CU_ASSERT(str_eq(cheap->model, "second") && cheap->st == CQ_OK && cheap->tries == 1);
    CU_ASSERT(cheap->usage.input == 5 && cheap->usage.output == 2 && cheap->price_nano == 5 * 2000 + 2 * 3000);
    CU_ASSERT(str_eq(got.all.model, "second") && got.all.tries == 3 && got.all.usage.input == 15);
    CU_ASSERT_EQUAL(got.all.price_nano, dear->price_nano + cheap->price_nano);
    llm_loop_destroy(loop);
    model_stop(&first);
    model_stop(&second);
    buf_release(&got.text);
}

SUITE(fallback, {"from one to the next", test_moves_on}, {"connections refused", test_refused},
      {"all are away", test_all_away}, {"one comes back", test_comes_back},
      {"what nobody saw is asked for again", test_unseen_is_asked_again},
      {"each has its own cost", test_each_has_its_own_cost});
