/*
 * The client: requests through one curl multi handle, so that a test may have one under way or a thousand; and looks
 * at what came.
 */
#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "harness.h"

enum { ANSWER_MAX_BYTES = 64 << 20, HEADERS_MAX_BYTES = 1 << 20, DEFAULT_LIMIT_MS = 30000, RAW_LIMIT_MS = 5000 };

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    struct buf *head, *body;
    bool is_done, is_plain;
    struct answer answer;
};

static CURLM *multi;

/* ---- sending ---- */

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    struct transfer *transfer = user;

    buf_append(transfer->body, data, size * n);
    return transfer->body->failed ? 0 : size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *user)
{
    struct transfer *transfer = user;

    if (size * n > 5 && memcmp(data, "HTTP/", 5) == 0)
        buf_clear(transfer->head); /* an interim answer stood before */
    buf_append(transfer->head, data, size * n);
    return size * n;
}

static void release(void *arg)
{
    struct transfer *transfer = arg;

    if (transfer->easy) {
        curl_multi_remove_handle(multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
        curl_slist_free_all(transfer->headers);
    }
    transfer->easy = NULL;
    transfer->headers = NULL;
    transfer->is_done = true;
}

static void add_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *list = curl_slist_append(transfer->headers, line);

    if (!list)
        harness_die("out of memory");
    transfer->headers = list;
}

static void set_headers(struct transfer *transfer, const struct call *call)
{
    add_header(transfer, "Expect:");
    add_header(transfer,
               call->body ? textf("Content-Type: %s", call->type ? call->type : "application/json") : "Content-Type:");
    if (call->token)
        add_header(transfer, textf("Authorization: Bearer %s", call->token));
    if (call->accept)
        add_header(transfer, textf("Accept: %s", call->accept));
    for (size_t i = 0; i < CALL_MAX_HEADERS && call->headers[i]; i++)
        add_header(transfer, call->headers[i]);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void set_method(CURL *easy, const struct call *call)
{
    bool has_body = call->body || str_eq(call->method, "POST") || str_eq(call->method, "PUT");
    size_t len = call->len ? call->len : strlen(call->body ? call->body : "");

    if (has_body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body ? call->body : "");
    }
    if (str_eq(call->method, "HEAD"))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
}

static CURL *easy_to(const char *path)
{
    const struct instance *instance = instance_used();
    CURL *easy = curl_easy_init();

    if (!multi)
        multi = curl_multi_init();
    if (!easy || !multi)
        harness_die("out of memory");
    curl_easy_setopt(easy, CURLOPT_URL, textf("%s%s", instance->base, path));
    curl_easy_setopt(easy, CURLOPT_CAINFO, textf("%s/tls/cert.pem", instance->dir));
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return easy;
}

struct transfer *call_start(const struct call *call)
{
    struct transfer *transfer = arena_zalloc(test_arena(), 1, sizeof(*transfer));

    if (!transfer)
        harness_die("out of memory");
    transfer->easy = easy_to(call->path);
    transfer->is_plain = call->is_plain;
    transfer->head = buf_in_arena(test_arena(), HEADERS_MAX_BYTES);
    transfer->body = buf_in_arena(test_arena(), ANSWER_MAX_BYTES);
    if (!transfer->head || !transfer->body || arena_cleanup(test_arena(), release, transfer))
        harness_die("out of memory");
    set_method(transfer->easy, call);
    set_headers(transfer, call);
    /* Not 2: libcurl 7.88 confuses requests that share a connection when there are many. */
    curl_easy_setopt(transfer->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, call->limit_ms ? call->limit_ms : DEFAULT_LIMIT_MS);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(transfer->easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
    curl_multi_add_handle(multi, transfer->easy);
    return transfer;
}

void call_leave(struct transfer *transfer)
{
    release(transfer);
}

/* ---- receiving ---- */

static struct json_object *parse(const char *text, size_t len)
{
    struct cq_ctx ctx = {.arena = test_arena(), .request_id = "-"};
    struct json_object *json = NULL;

    return json_read(&ctx, text, len, &json) ? NULL : json;
}

static size_t count_text(const char *text, const char *piece)
{
    size_t n = 0;

    for (; (text = strstr(text, piece)); text += strlen(piece))
        n++;
    return n;
}

/* One line of a stream: a field of the event under way, or its end. */
static void read_line(struct answer *answer, const char *line, size_t len, struct event *now)
{
    if (len > 0 && line[len - 1] == '\r')
        len--;
    if (len == 0 && (now->name || now->data)) {
        answer->events[answer->n_events++] = *now;
        *now = (struct event){0};
    } else if (len > 6 && memcmp(line, "event:", 6) == 0) {
        size_t skip = line[6] == ' ' ? 7 : 6;
        now->name = textf("%.*s", (int)(len - skip), line + skip);
    } else if (len > 5 && memcmp(line, "data:", 5) == 0) {
        now->data = parse(line + 5, len - 5);
    }
}

/* Only whole events count: what stands behind the last empty line is still to come. */
static void read_events(const struct transfer *transfer, struct answer *answer)
{
    struct event now = {0};
    const char *text = transfer->body->data, *end;

    answer->n_events = 0;
    answer->events =
        arena_zalloc(test_arena(), count_text(text, "\n\n") + count_text(text, "\n\r\n") + 1, sizeof(*answer->events));
    if (!answer->events)
        harness_die("out of memory");
    for (; (end = strchr(text, '\n')); text = end + 1)
        read_line(answer, text, (size_t)(end - text), &now);
}

static bool is_stale(const struct transfer *transfer)
{
    long n_made = 1;

    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &n_made);
    return n_made == 0 && transfer->head->len == 0;
}

static void complete(struct transfer *transfer)
{
    struct answer *answer = &transfer->answer;

    curl_off_t took_us = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    answer->took_us = took_us;
    answer->body = transfer->body->data;
    answer->len = transfer->body->len;
    answer->header_lines = transfer->head->data;
    if (str_starts(header(answer, "Content-Type"), "text/event-stream"))
        read_events(transfer, answer);
    else if (!transfer->is_plain)
        answer->json = parse(answer->body, answer->len);
    release(transfer);
}

void calls_run(int wait_ms)
{
    CURLMsg *message;
    int n = 0;

    if (!multi)
        return;
    curl_multi_poll(multi, NULL, 0, wait_ms, NULL);
    curl_multi_perform(multi, &n);
    while ((message = curl_multi_info_read(multi, &n))) {
        struct transfer *transfer = NULL;
        CURLcode result = message->data.result;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        transfer->answer.is_stale = result != CURLE_OK && is_stale(transfer);
        complete(transfer);
        if (result != CURLE_OK)
            transfer->answer.header_lines =
                textf("%sX-Client-Error: %s\r\n", transfer->answer.header_lines, curl_easy_strerror(result));
        if (result != CURLE_OK && !str_starts(header(&transfer->answer, "Content-Type"), "text/event-stream"))
            transfer->answer.status = 0; /* not a whole answer */
    }
}

bool call_is_done(const struct transfer *transfer)
{
    return transfer->is_done;
}

const struct answer *call_finish(struct transfer *transfer)
{
    while (!transfer->is_done)
        calls_run(1000);
    return &transfer->answer;
}

const struct answer *call_finish_hurried(struct transfer *transfer)
{
    model_hurry(true);
    const struct answer *answer = call_finish(transfer);

    model_hurry(false);
    return answer;
}

bool wait_for_calls(struct transfer *const *transfers, size_t n, size_t most_running)
{
    int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

    for (;; calls_run(20)) {
        size_t n_running = 0;

        for (size_t i = 0; i < n; i++)
            n_running += !transfers[i]->is_done;
        if (n_running <= most_running || clock_mono_ms() >= end_ms)
            return n_running <= most_running;
    }
}

const struct answer *call_now(const struct call *call)
{
    return call_finish(call_start(call));
}

bool call_wait_event(struct transfer *transfer, const char *name, size_t n, int64_t limit_ms)
{
    int64_t end_ms = clock_mono_ms() + limit_ms;
    const char *line = textf("event: %s\n", name);

    while (count_text(transfer->body->data, line) < n) {
        if (transfer->is_done || clock_mono_ms() >= end_ms)
            return false;
        calls_run(50);
    }
    return true;
}

const char *header(const struct answer *answer, const char *name)
{
    size_t len = strlen(name);
    const char *line = answer->header_lines ? answer->header_lines : "";

    for (const char *next; (next = strchr(line, '\n')); line = next + 1) {
        if (strncasecmp(line, name, len) != 0 || line[len] != ':')
            continue;
        const char *value = line + len + 1;
        size_t n = (size_t)(next - value);

        while (n > 0 && (value[n - 1] == '\r' || value[n - 1] == ' '))
            n--;
        while (n > 0 && *value == ' ') {
            value++;
            n--;
        }
        return textf("%.*s", (int)n, value);
    }
    return "";
}

/* ---- the model server ---- */

static size_t on_stats(char *data, size_t size, size_t n, void *user)
{
    buf_append(user, data, size * n);
    return size * n;
}

/* What the model server itself answers at this path of its control port; fields: of a POST, NULL: a GET. */
static struct buf *ask_model_server(const struct model_server *model, const char *path, const char *fields)
{
    CURL *easy = curl_easy_init();
    struct buf *got = buf_in_arena(test_arena(), ANSWER_MAX_BYTES);

    curl_easy_setopt(easy, CURLOPT_URL, textf("http://127.0.0.1:%d%s", model->control, path));
    if (fields)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, fields);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)DEFAULT_LIMIT_MS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_stats);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, got);
    if (!got || curl_easy_perform(easy) != CURLE_OK)
        harness_die("the model server does not answer");
    curl_easy_cleanup(easy);
    return got;
}

struct json_object *model_stats(void)
{
    const struct model_server model = main_model();
    const struct buf *got = ask_model_server(&model, "/stats", NULL);

    return parse(got->data, got->len);
}

uint64_t model_requests(void)
{
    return json_get_u64(model_stats(), "requests");
}

uint64_t model_structured(void)
{
    return json_get_u64(model_stats(), "structured");
}

static bool has_requests(void *n)
{
    calls_run(0);
    return model_requests() >= *(const uint64_t *)n;
}

bool wait_for_requests(uint64_t n)
{
    return wait_until(has_requests, &n, PATIENCE_MS);
}

static bool has_structured(void *n)
{
    calls_run(0);
    return model_structured() >= *(const uint64_t *)n;
}

bool wait_for_structured(uint64_t n)
{
    return wait_until(has_structured, &n, PATIENCE_MS);
}

void model_reset(void)
{
    const struct model_server model = main_model();

    ask_model_server(&model, "/reset", "");
}

void model_mode(const struct model_server *model, bool is_refusing, bool is_silent)
{
    ask_model_server(
        model, "/mode",
        textf("{\"refuse\":%s,\"silent\":%s}", is_refusing ? "true" : "false", is_silent ? "true" : "false"));
}

void model_hurry(bool is_hurried)
{
    const struct model_server model = main_model();

    ask_model_server(&model, "/mode", is_hurried ? "{\"hurried\":true}" : "{\"hurried\":false}");
}

/* ---- bytes that no client would send ---- */

static bool wait_socket(CURL *easy, short events, int64_t end_ms)
{
    curl_socket_t fd;
    int64_t left_ms = end_ms - clock_mono_ms();

    if (left_ms <= 0 || curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK)
        return false;
    return poll(&(struct pollfd){.fd = fd, .events = events}, 1, (int)left_ms) > 0;
}

const char *raw_exchange(const char *bytes, size_t len)
{
    CURL *easy = easy_to("/");
    struct buf *got = buf_in_arena(test_arena(), ANSWER_MAX_BYTES);
    int64_t end_ms = clock_mono_ms() + RAW_LIMIT_MS;
    char piece[4096];
    size_t n = 0;
    CURLcode result = CURLE_OK;

    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    if (!got || curl_easy_perform(easy) != CURLE_OK)
        harness_die("no TLS connection");
    for (; len > 0 && (result == CURLE_OK || (result == CURLE_AGAIN && wait_socket(easy, POLLOUT, end_ms)));
         bytes += n, len -= n)
        if ((result = curl_easy_send(easy, bytes, len, &n)) != CURLE_OK)
            n = 0;
    for (;;) {
        result = curl_easy_recv(easy, piece, sizeof(piece), &n);
        if (result == CURLE_OK && n > 0)
            buf_append(got, piece, n);
        else if (result != CURLE_AGAIN || !wait_socket(easy, POLLIN, end_ms))
            break;
    }
    curl_easy_cleanup(easy);
    return got->data;
}
