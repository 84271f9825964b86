/*
 * The provider's replies as they come over the wire: curl, our callbacks, events, protocol, and the reply they make.
 *
 * The bytes are all that a server sends, status line included, on a socket that is connected already; then it closes.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "llm/call.h"
#include "llm/retry.h"

enum { REPLY_MAX_BYTES = 2000, HANG_MS = 5000, INPUT_MAX_BYTES = 48 << 10 };

static const char KEY[] = "sk-fuzzed";

static const struct config_model of_model = {
    .name = "m", .id = "m", .base_url = "http://127.0.0.1:9/v1", .api_key = KEY, .max_tokens = 9};
static const struct llm_model model = {.config = &of_model, .provider = &llm_provider_openai};

static const struct config_llm config = {
    .connect_timeout_ms = HANG_MS,
    .first_byte_timeout_ms = HANG_MS,
    .idle_timeout_ms = HANG_MS,
    .total_timeout_ms = 2 * HANG_MS,
    .tries = 1,
    .reply_max_bytes = REPLY_MAX_BYTES,
};

static const struct llm_message message = {LLM_USER, "a prompt", NULL, 0};
static const struct llm_ask ask = {.messages = &message, .n_messages = 1};

struct outcome {
    int fd; /* for curl; -1 once it has it */
    struct buf text;
    unsigned n_done;
};

/* ---- the connection ---- */

static curl_socket_t hand_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct outcome *outcome = user;
    int fd = outcome->fd;

    CHECK(purpose == CURLSOCKTYPE_IPCXN && address);
    outcome->fd = -1;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* In the place of the C library's: what curl is handed is connected. */
__attribute__((visibility("default"))) int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    CHECK(fd >= 0 && address && len);
    return 0;
}

static void set_connection(CURL *easy, struct outcome *outcome)
{
    CHECK(!curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, hand_socket));
    CHECK(!curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, outcome));
    CHECK(!curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)HANG_MS));
}

/* The server's side, all of whose answer is on its way. */
static int open_server(const uint8_t *data, size_t size, int *client)
{
    int pair[2];

    CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    for (size_t at = 0; at < size;) {
        ssize_t n = send(pair[0], data + at, size - at, MSG_NOSIGNAL | MSG_DONTWAIT);

        CHECK(n > 0);
        at += (size_t)n;
    }
    CHECK(!shutdown(pair[0], SHUT_WR));
    *client = pair[1];
    return pair[0];
}

/* ---- what comes of it ---- */

/* Pieces of text, never cut inside a character. */
static enum cq_status on_text(void *user, enum llm_part_kind kind, const char *text, size_t len)
{
    struct outcome *outcome = user;

    CHECK(kind == LLM_TEXT && len > 0 && !memchr(text, '\0', len) && utf8_valid(text, len));
    buf_append(&outcome->text, text, len);
    CHECK(!outcome->text.failed);
    return CQ_OK;
}

static void on_done(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost)
{
    struct outcome *outcome = user;

    outcome->n_done++;
    CHECK((st == CQ_OK) == (reply != NULL) && llm_cost_sum(cost).tries == 1);
    if (!reply)
        return;
    CHECK(reply->len == outcome->text.len && strcmp(reply->text, outcome->text.data) == 0);
    CHECK(reply->len <= REPLY_MAX_BYTES && !utf8_blank(reply->text, reply->len));
    CHECK(reply->stop != LLM_STOP_FILTERED);
}

static bool is_expected(enum cq_status st)
{
    static const enum cq_status expected[] = {
        CQ_OK,
        CQ_MODEL_RATE_LIMITED,
        CQ_MODEL_UNAVAILABLE,
        CQ_MODEL_TIMEOUT,
        CQ_MODEL_NO_RESPONSE,
        CQ_MODEL_INVALID_RESPONSE,
        CQ_MODEL_TOO_LONG,
        CQ_MODEL_REFUSED,
        CQ_CONTENT_FILTERED,
    };

    for (size_t i = 0; i < LEN(expected); i++)
        if (expected[i] == st)
            return true;
    return false;
}

static enum cq_status run_call(struct llm_call *call, struct outcome *outcome)
{
    call->on_text = on_text;
    call->on_done = on_done;
    call->user = outcome;
    CHECK(!llm_transfer_create(call));
    set_connection(call->easy, outcome);
    CHECK(llm_call_begin(call));

    CURLcode code = curl_easy_perform(call->easy);
    CHECK(code != CURLE_OPERATION_TIMEDOUT);
    enum cq_status st = llm_try_judge(call, code);

    CHECK(is_expected(st));
    CHECK(st || call->answer.is_stopped); /* what is cut off is no reply */
    CHECK(call->try.retry_after_s <= RETRY_AFTER_MAX_S);
    CHECK(!st || (strstr(call->ctx->error, "m (openai): ") == call->ctx->error && !strstr(call->ctx->error, KEY)));
    CHECK(!llm_call_retry(call, st, clock_mono_ms()));
    llm_call_finish(call, st);
    CHECK(outcome->n_done == 1);
    return st;
}

static enum cq_status run_input(const uint8_t *data, size_t size, struct cq_ctx *scratch)
{
    struct outcome outcome = {.fd = -1};
    int server = open_server(data, size, &outcome.fd);
    struct llm_call *call = llm_call_create(&config, fuzz_ctx(), &ask);

    CHECK(call);
    buf_init(&outcome.text, REPLY_MAX_BYTES);
    call->scratch = scratch;
    call->chain = (struct llm_chain){{&model}, 1};
    call->model = &model;
    enum cq_status st = run_call(call, &outcome);

    llm_call_free(call);
    close(server);
    if (outcome.fd >= 0)
        close(outcome.fd);
    buf_release(&outcome.text);
    return st;
}

/* A good answer is understood: that much is known before anything is said about bad ones. */
static void start(struct cq_ctx *scratch)
{
    static const char good[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                               "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\ndata: [DONE]\n\n";

    CHECK(llm_global_init() == CQ_OK);
    *scratch = (struct cq_ctx){.arena = arena_create(4096, 1 << 20), .request_id = "-"};
    CHECK(run_input((const uint8_t *)good, sizeof(good) - 1, scratch) == CQ_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cq_ctx scratch;

    if (!scratch.arena)
        start(&scratch);
    if (size <= INPUT_MAX_BYTES)
        run_input(data, size, &scratch);
    return 0;
}
