/* The loop itself: many calls, calls from callbacks, its end, and waiting. */
#include <unistd.h>

#include "model.h"

/* on_done may start the next call; it is made by a later run. */
struct chain {
    struct llm_loop *loop;
    struct cq_ctx *ctx;
    unsigned left, done;
};

static enum cq_status ignore_text(void *user, enum llm_part_kind kind, const char *text, size_t len)
{
    (void)kind, (void)user, (void)text, (void)len;
    return CQ_OK;
}

static void start_next(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost)
{
    struct chain *chain = user;

    (void)reply, (void)cost;
    CU_ASSERT_EQUAL(st, CQ_OK);
    chain->done++;
    if (chain->left > 0) {
        chain->left--;
        CU_ASSERT_EQUAL(llm_start(chain->loop, chain->ctx, &MODEL_ASK, ignore_text, start_next, chain, NULL), CQ_OK);
    }
}

static void test_start_from_callback(void)
{
    static const struct answer answers[] = {SAY(GOOD), {0}};
    char base_url[BASE_URL_BYTES];
    struct server server;

    model_start(&server, answers);
    const struct config config = model_config(base_url, server.port);
    struct chain chain = {.loop = llm_loop_create(&config, NULL), .ctx = unit_ctx(), .left = 5};
    start_next(&chain, CQ_OK, NULL, NULL);
    model_run(chain.loop);
    CU_ASSERT_EQUAL(chain.done, 6);
    llm_loop_destroy(chain.loop);
    model_stop(&server);
}

static void test_many_at_once(void)
{
    static const struct answer answers[] = {SAY(GOOD), {0}};
    char base_url[BASE_URL_BYTES];
    struct server server;

    model_start(&server, answers);
    const struct config config = model_config(base_url, server.port);
    struct chain chain = {.loop = llm_loop_create(&config, NULL), .ctx = unit_ctx()};
    for (int i = 0; i < 100; i++)
        CU_ASSERT_EQUAL(llm_start(chain.loop, chain.ctx, &MODEL_ASK, ignore_text, start_next, &chain, NULL), CQ_OK);
    CU_ASSERT_EQUAL(llm_loop_calls(chain.loop), 100);
    model_run(chain.loop);
    CU_ASSERT_EQUAL(chain.done, 100);
    llm_loop_destroy(chain.loop);
    model_stop(&server);
}

static void test_destroy_makes_no_callback(void)
{
    static const struct answer answers[] = {HOLD(STREAM TEXT("a")), {0}};
    char base_url[BASE_URL_BYTES];
    struct server server;
    struct outcome got = model_outcome();

    model_start(&server, answers);
    const struct config config = model_config(base_url, server.port);
    struct llm_loop *loop = llm_loop_create(&config, NULL);
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL(llm_start(loop, got.ctx, &MODEL_ASK, model_on_text, model_on_done, &got, NULL), CQ_OK);
    for (int i = 0; i < 100 && got.n_text == 0; i++) {
        llm_loop_wait(loop, NULL, 0, 10);
        llm_loop_run(loop);
    }
    CU_ASSERT(llm_loop_calls(loop) == 2 && got.n_text == 1);
    llm_loop_destroy(loop);
    CU_ASSERT_EQUAL(got.n_done, 0);
    model_stop(&server);
    buf_release(&got.text);
}

/* What the owner wants no more of: stopped, it ends with what has come; dropped, it is never heard of again. */
static void test_stop(void)
{
    // clang-format off
    static const struct {
        const char *name;
        struct answer answers[2];
        enum cq_status want;
        const char *text;
        uint32_t want_output; /* tokens, by estimate */
    } rows[] = {
        {"in the middle",        {HOLD(STREAM TEXT("a b"))}, CQ_OK,                "a b", 1},
        {"nothing has come",     {HOLD(STREAM)},             CQ_MODEL_NO_RESPONSE, "",    0},
        {"not even a response",  {HOLD("")},                 CQ_MODEL_NO_RESPONSE, "",    0},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(rows); i++) {
        char base_url[BASE_URL_BYTES];
        struct server server;
        struct outcome got = model_outcome();
        struct llm_call *call;

        model_start(&server, rows[i].answers);
        const struct config config = model_config(base_url, server.port);
        struct llm_loop *loop = llm_loop_create(&config, NULL);
        CU_ASSERT_EQUAL(llm_start(loop, got.ctx, &MODEL_ASK, model_on_text, model_on_done, &got, &call), CQ_OK);
        for (int k = 0; k < 100 && (*rows[i].text ? got.text.len < strlen(rows[i].text) : k < 10); k++) {
            llm_loop_wait(loop, NULL, 0, 10);
            llm_loop_run(loop);
        }
        CU_ASSERT_EQUAL(got.n_done, 0);
        llm_stop(call);
        llm_loop_run(loop);
        ROW_ASSERT(rows[i].name, llm_loop_calls(loop) == 0 && got.n_done == 1);
        ROW_ASSERT(rows[i].name, got.st == rows[i].want && str_eq(got.text.data, rows[i].text));
        ROW_ASSERT(rows[i].name, got.st || (got.reply.stop == LLM_STOP_ASKED && got.same_text));
        /* The provider did not come to say it; that it was asked has cost in any case. */
        ROW_ASSERT(rows[i].name, got.all.usage.input > 0 && got.all.usage.output == rows[i].want_output);
        model_run(loop);
        llm_loop_destroy(loop);
        model_stop(&server);
        buf_release(&got.text);
    }
}

static void test_wait(void)
{
    const struct config config = model_config_of((struct config_llm){.provider = "builtin"});
    struct llm_loop *loop = llm_loop_create(&config, NULL);
    int pair[2];

    CU_ASSERT_EQUAL_FATAL(pipe(pair), 0);
    struct pollfd fds[] = {{.fd = pair[0], .events = POLLIN}, {.fd = -1, .events = POLLIN, .revents = POLLIN}};

    int64_t start = clock_mono_ms();
    llm_loop_wait(loop, fds, 2, 60);
    CU_ASSERT(clock_mono_ms() - start >= 60 && fds[0].revents == 0 && fds[1].revents == 0);

    CU_ASSERT_EQUAL(write(pair[1], "x", 1), 1);
    llm_loop_wait(loop, fds, 2, 20000);
    CU_ASSERT(fds[0].revents == POLLIN);

    close(pair[1]);
    llm_loop_wait(loop, fds, 2, -1);
    CU_ASSERT(fds[0].revents & POLLHUP);
    CU_ASSERT(clock_mono_ms() - start < 10000);
    close(pair[0]);
    llm_loop_destroy(loop);
}

static void test_create_refuses(void)
{
    CU_ASSERT_PTR_NULL(
        llm_loop_create(&(const struct config[]){model_config_of((struct config_llm){.provider = "oracle"})}[0], NULL));
    CU_ASSERT_PTR_NULL(llm_loop_create(&(const struct config[]){model_config_of((struct config_llm){
                                           .provider = "openai", .model = "m", .base_url = "http://x.org"})}[0],
                                       NULL));
}

static void test_start_refuses(void)
{
    const struct config config = model_config_of((struct config_llm){.provider = "builtin"});
    struct llm_loop *loop = llm_loop_create(&config, NULL);
    struct cq_ctx *ctx = unit_ctx();

    CU_ASSERT_EQUAL(llm_start(loop, ctx, &(struct llm_ask){0}, model_on_text, model_on_done, NULL, NULL), CQ_INTERNAL);
    CU_ASSERT_EQUAL(llm_loop_calls(loop), 0);
    llm_loop_destroy(loop);
}

static void test_number_of_texts(void)
{
    static const char *const texts[17] = {"a"};
    static const size_t bad[] = {0, 17};
    char base_url[BASE_URL_BYTES];
    const struct config config = model_config(base_url, 1);
    struct llm_loop *loop = llm_loop_create(&config, NULL);

    for (size_t i = 0; i < LEN(bad); i++) {
        const struct llm_ask ask = {.task = LLM_EMBED, .model = "m", .texts = texts, .n_texts = bad[i]};

        CU_ASSERT_EQUAL(llm_start(loop, unit_ctx(), &ask, NULL, model_on_done, NULL, NULL), CQ_INTERNAL);
    }
    CU_ASSERT_EQUAL(llm_loop_calls(loop), 0);
    llm_loop_destroy(loop);
}

SUITE(loop, {"a callback may start a call", test_start_from_callback}, {"a hundred at once", test_many_at_once},
      {"destroying makes no callback", test_destroy_makes_no_callback}, {"stopping", test_stop}, {"waiting", test_wait},
      {"settings that do not work", test_create_refuses}, {"no messages", test_start_refuses},
      {"none or too many texts", test_number_of_texts});
