/* The model server of the tests, and asking it. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model.h"

static void send_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
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

static void drip(int fd, const char *text, size_t len, unsigned pause_ms)
{
    int at_once = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
    for (size_t i = 0; i < len && client_stays(fd, (int)pause_ms); i++)
        send_all(fd, text + i, 1);
}

static void repeat(int fd, const struct answer *answer)
{
    size_t len = answer->n_repeat_bytes ? answer->n_repeat_bytes : strlen(answer->repeat);

    for (int i = 0; i < 100000 && client_stays(fd, (int)answer->pause_ms); i++)
        send_all(fd, answer->repeat, len);
}

static void play(int fd, const struct answer *answer)
{
    size_t len = answer->n_bytes ? answer->n_bytes : strlen(answer->text);
    const struct linger none = {.l_onoff = 1};

    read_request(fd);
    if (answer->drips)
        drip(fd, answer->text, len, answer->pause_ms);
    else
        send_all(fd, answer->text, len);
    if (answer->repeat)
        repeat(fd, answer);
    if (answer->hold)
        client_stays(fd, 20000); /* longer than any limit */
    if (answer->resets)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
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

int model_bind(uint16_t *port, bool listening)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0);
    CU_ASSERT_FATAL(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    CU_ASSERT_FATAL(!listening || listen(fd, 128) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

void model_start(struct server *server, const struct answer *answers)
{
    *server = (struct server){.answers = answers};
    server->listener = model_bind(&server->port, true);
    CU_ASSERT_FATAL(pthread_create(&server->thread, NULL, serve, server) == 0);
}

void model_stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

/* ---- asking ---- */

enum cq_status model_on_text(void *user, enum llm_part_kind kind, const char *text, size_t len)
{
    struct outcome *outcome = user;

    CU_ASSERT((kind == LLM_TEXT || kind == LLM_REASONING) && len > 0 && utf8_valid(text, len));
    if (kind == LLM_REASONING) {
        size_t before = strlen(outcome->reasoning);

        snprintf(outcome->reasoning + before, sizeof(outcome->reasoning) - before, "%.*s", (int)len, text);
        return outcome->refuse_with;
    }
    outcome->n_text++;
    buf_append(&outcome->text, text, len);
    return outcome->refuse_with;
}

void model_on_done(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost)
{
    struct outcome *outcome = user;

    outcome->n_done++;
    outcome->st = st;
    outcome->cost = *cost;
    outcome->all = llm_cost_sum(cost);
    CU_ASSERT((st == CQ_OK) == (reply != NULL));
    if (!reply)
        return;
    outcome->reply = *reply;
    for (size_t i = 0, at = 0; i < reply->n_tool_calls && at < sizeof(outcome->tools); i++) {
        const struct llm_tool_call *call = &reply->tool_calls[i];

        at += (size_t)snprintf(outcome->tools + at, sizeof(outcome->tools) - at, "%s %s %s;", call->id, call->name,
                               call->input);
    }
    for (size_t i = 0; reply->vectors && i < outcome->ask->n_texts * reply->n_dimensions && i < LEN(outcome->vectors);
         i++)
        outcome->vectors[i] = reply->vectors[i];
    snprintf(outcome->signature, sizeof(outcome->signature), "%s", reply->signature);
    outcome->same_text = str_eq(reply->text, outcome->text.data) && reply->len == outcome->text.len &&
                         str_eq(reply->reasoning, outcome->reasoning);
}

static const struct llm_message HELLO[] = {{LLM_USER, "Hello", NULL, 0}};
const struct llm_ask MODEL_ASK = {.system = "Be kind.", .messages = HELLO, .n_messages = 1};

struct config model_config_of(struct config_llm llm)
{
    static struct config_model models[8];
    static unsigned turn;
    struct config_model *model = &models[turn++ % LEN(models)];

    *model = (struct config_model){.name = llm.model ? llm.model : llm.provider,
                                   .provider = llm.provider,
                                   .base_url = llm.base_url,
                                   .api_key = llm.api_key,
                                   .organization = llm.organization,
                                   .api_version = llm.api_version,
                                   .id = llm.model,
                                   .allow_http = llm.allow_http,
                                   .context_tokens = llm.context_tokens,
                                   .max_tokens = llm.max_tokens};
    return (struct config){.llm = llm, .models = model, .n_models = 1};
}

struct config model_config(char base_url[BASE_URL_BYTES], uint16_t port)
{
    snprintf(base_url, BASE_URL_BYTES, "http://127.0.0.1:%u/v1", port);
    return model_config_of((struct config_llm){.provider = "openai",
                                               .base_url = base_url,
                                               .api_key = "sk-secret",
                                               .model = "m",
                                               .connect_timeout_ms = 3000, /* beyond any stall of a busy machine */
                                               .first_byte_timeout_ms = 3000,
                                               .idle_timeout_ms = 3000,
                                               .total_timeout_ms = 9000,
                                               .tries = 3,
                                               .retry_ms = 4,
                                               .retry_wait_max_ms = 2000,
                                               .reply_max_bytes = 10000,
                                               .max_tokens = 10});
}

void model_run(struct llm_loop *loop)
{
    int64_t limit = clock_mono_ms() + 20000;

    while (llm_loop_calls(loop) > 0 && clock_mono_ms() < limit) {
        llm_loop_wait(loop, NULL, 0, 1000);
        llm_loop_run(loop);
    }
    CU_ASSERT_EQUAL(llm_loop_calls(loop), 0);
}

struct outcome model_outcome(void)
{
    struct outcome outcome = {.ctx = unit_ctx(), .ask = &MODEL_ASK};

    buf_init(&outcome.text, 1 << 20);
    return outcome;
}

void model_ask(const struct config *config, struct outcome *outcome)
{
    int64_t start = clock_mono_ms();
    struct llm_loop *loop = llm_loop_create(config, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    CU_ASSERT_EQUAL(llm_start(loop, outcome->ctx, outcome->ask, model_on_text, model_on_done, outcome, NULL), CQ_OK);
    CU_ASSERT_EQUAL(outcome->n_done, 0);
    model_run(loop);
    outcome->took_ms = clock_mono_ms() - start;
    CU_ASSERT_EQUAL(outcome->n_done, 1);
    llm_loop_destroy(loop);
}

__attribute__((constructor)) static void prepare(void)
{
    log_set_level(LOG_ERROR);
    if (llm_global_init())
        abort();
}
