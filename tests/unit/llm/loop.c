/* The loop itself: many calls, calls from callbacks, its end, and waiting. */
#include <unistd.h>

#include "model.h"

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
    struct chain chain = {.loop = llm_loop_create(&config), .ctx = unit_ctx(), .left = 5};
    start_next(&chain, CQ_OK, NULL);
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
    struct chain chain = {.loop = llm_loop_create(&config), .ctx = unit_ctx()};
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
    static const struct answer answers[] = {{STREAM TEXT("a"), NULL, 0, true}, {0}};
    char base_url[BASE_URL_BYTES];
    struct server server;
    struct outcome got = model_outcome();

    model_start(&server, answers);
    const struct config config = model_config(base_url, server.port);
    struct llm_loop *loop = llm_loop_create(&config);
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

    CU_ASSERT_EQUAL(llm_start(loop, ctx, &(struct llm_ask){0}, model_on_text, model_on_done, NULL, NULL), CQ_INTERNAL);
    CU_ASSERT_EQUAL(llm_loop_calls(loop), 0);
    llm_loop_destroy(loop);
}

SUITE(loop, {"a callback may start a call", test_start_from_callback}, {"a hundred at once", test_many_at_once},
      {"destroying makes no callback", test_destroy_makes_no_callback}, {"waiting", test_wait},
      {"settings that do not work", test_create_refuses}, {"no messages", test_start_refuses});
