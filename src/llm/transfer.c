/* One try over HTTP: curl's options, its callbacks, and what an ended transfer means. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "llm/call.h"
#include "llm/explain.h"
#include "llm/retry.h"
#include "llm/transfer.h"

enum {
    RECEIVE_BUFFER_BYTES = 4096, /* small: there is one for each transfer */
    UPLOAD_BUFFER_BYTES = 16384, /* the least that curl takes */
    HEADERS_MAX_BYTES = 64 << 10,
    ERROR_BODY_MAX_BYTES = 16 << 10,
    BODY_SLACK_BYTES = 1 << 20,
    AFTER_DONE_MS = 200,   /* for the end of the response, when the stream has said that it is over */
    AFTER_STOP_MS = 2000,  /* for usage and the stream's last event, when the model has stopped */
    AFTER_ERROR_MS = 1000, /* for the body of an error */
    KEEPALIVE_AFTER_S = 15,
    KEEPALIVE_EVERY_S = 5,
};

void llm_try_release(struct llm_call *call)
{
    sse_release(&call->try.sse);
    event_stream_release(&call->try.event_stream);
    buf_release(&call->try.raw);
}

/* ---- what comes ---- */

/* A body that is kept may be as long as the call's reply makes it. */
static size_t raw_max_bytes(const struct llm_call *call)
{
    return call->answer.text.max * 4 + BODY_SLACK_BYTES;
}

/* Of a stream nothing is kept, and what frames each of its words may be many times as long as the word. */
static size_t body_max_bytes(const struct llm_call *call)
{
    if (call->try.body != BODY_SSE && call->try.body != BODY_EVENT_STREAM)
        return raw_max_bytes(call);
    return (size_t)call->config->reply_max_bytes * 4 + BODY_SLACK_BYTES;
}

static bool type_is(const char *type, const char *name)
{
    size_t len = strlen(name);

    return strncasecmp(type, name, len) == 0 && (!type[len] || strchr("; \t", type[len]));
}

/* The body's kind by status and headers. We ask for no compression: an answer that is compressed is none. */
static enum llm_body find_body(struct llm_call *call)
{
    struct curl_header *encoding;
    const char *type = NULL;

    if (call->try.http_status != 200)
        return BODY_ERROR;
    if (curl_easy_header(call->easy, "Content-Encoding", 0, CURLH_HEADER, -1, &encoding) == CURLHE_OK &&
        strcasecmp(encoding->value, "identity") != 0) {
        llm_call_fail(call, CQ_MODEL_INVALID_RESPONSE, false, "a compressed answer");
        return BODY_ERROR;
    }
    curl_easy_getinfo(call->easy, CURLINFO_CONTENT_TYPE, &type);
    if (type && type_is(type, "text/event-stream"))
        return BODY_SSE;
    if (type && type_is(type, "application/vnd.amazon.eventstream"))
        return BODY_EVENT_STREAM;
    if (type && type_is(type, "application/json"))
        return BODY_WHOLE;
    llm_call_fail(call, CQ_MODEL_INVALID_RESPONSE, false, "%s",
                  type && type_is(type, "text/html") ? "a web page instead of a reply: is base_url right?"
                                                     : "an answer that is neither an event stream nor JSON");
    return BODY_ERROR;
}

/* An answer that cannot be read, or that reports an error. What is refused once would be refused again. */
static void fail_event(struct llm_call *call, enum cq_status st)
{
    bool is_final = st == CQ_MODEL_REFUSED || st == CQ_CONTENT_FILTERED || st == CQ_INTERNAL;

    llm_call_fail(call, st, !is_final, "%s",
                  st == CQ_MODEL_INVALID_RESPONSE ? "a malformed answer"
                  : st == CQ_INTERNAL             ? "memory is short"
                                                  : "an error within the answer");
}

static enum cq_status on_event(void *user, const struct llm_event *event)
{
    struct llm_call *call = user;
    struct llm_delta delta = {0};
    bool was_stopped = call->answer.is_stopped;

    if (call->answer.is_done)
        return CQ_OK;
    enum cq_status st = call->model->provider->event(call->scratch, event, &delta);
    if (st)
        fail_event(call, st);
    else
        llm_call_delta(call, &delta);
    if (delta.done)
        llm_call_enter(call, CALL_ENDING, AFTER_DONE_MS);
    else if (call->answer.is_stopped && !was_stopped)
        llm_call_enter(call, CALL_ENDING, AFTER_STOP_MS);
    arena_reset(call->scratch->arena);
    return call->try.failure;
}

static void read_body(struct llm_call *call, const char *data, size_t len)
{
    struct llm_try *try = &call->try;

    switch (try->body) {
    case BODY_SSE:
        if (sse_feed(&try->sse, data, len))
            fail_event(call, CQ_MODEL_INVALID_RESPONSE);
        break;
    case BODY_EVENT_STREAM:
        if (event_stream_feed(&try->event_stream, data, len))
            fail_event(call, CQ_MODEL_INVALID_RESPONSE);
        break;
    case BODY_WHOLE:
        buf_append(&try->raw, data, len);
        if (try->raw.failed)
            llm_call_fail(call, CQ_INTERNAL, false, "memory is short");
        break;
    case BODY_ERROR:
    case BODY_UNSEEN:
        buf_append(&try->raw, data,
                   len < ERROR_BODY_MAX_BYTES - try->raw.len ? len : ERROR_BODY_MAX_BYTES - try->raw.len);
        break;
    }
}

/* Returning less than len ends the transfer. */
static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    struct llm_call *call = user;
    struct llm_try *try = &call->try;
    size_t len = size * n;

    if (try->body == BODY_UNSEEN)
        try->body = find_body(call);
    try->body_bytes += len;
    if (try->body_bytes > body_max_bytes(call))
        llm_call_fail(call, CQ_MODEL_TOO_LONG, false, "an answer without end");
    if (try->failure)
        return 0;
    if (call->state != CALL_ENDING)
        llm_call_enter(call, CALL_READING, call->config->idle_timeout_ms);
    read_body(call, data, len);
    return try->failure || (try->body == BODY_ERROR && try->body_bytes > ERROR_BODY_MAX_BYTES) ? 0 : len;
}

/*
 * The blank line behind the headers. Of an error nothing but the beginning of its body is of interest, and not for
 * long.
 */
static void end_headers(struct llm_call *call)
{
    long http_status = 0;

    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &http_status);
    if (http_status < 200 || call->try.http_status)
        return;
    call->try.http_status = http_status;
    if (http_status != 200)
        llm_call_enter(call, CALL_ENDING, AFTER_ERROR_MS);
}

static size_t on_header(char *line, size_t size, size_t n, void *user)
{
    struct llm_call *call = user;
    size_t len = size * n;

    call->try.header_bytes += len;
    if (call->try.header_bytes > HEADERS_MAX_BYTES) {
        llm_call_fail(call, CQ_MODEL_INVALID_RESPONSE, false, "headers without end");
        return 0;
    }
    if (len > 0 && (line[0] == '\r' || line[0] == '\n'))
        end_headers(call);
    return len;
}

static int on_connected(void *user, char *to, char *from, int to_port, int from_port)
{
    struct llm_call *call = user;

    (void)to, (void)from, (void)to_port, (void)from_port;
    /* On kept connections that the server closes curl asks again by itself, as long as it has some: once is enough. */
    if (call->try.n_sent++ == 2)
        return CURL_PREREQFUNC_ABORT;
    llm_call_enter(call, CALL_SENT, call->config->first_byte_timeout_ms);
    return CURL_PREREQFUNC_OK;
}

void llm_try_init(struct llm_call *call)
{
    call->try = (struct llm_try){0};
    sse_init(&call->try.sse, on_event, call);
    event_stream_init(&call->try.event_stream, on_event, call);
    buf_init(&call->try.raw, raw_max_bytes(call));
}

/* ---- what it came to ---- */

/* No response: what each of curl's codes means; any other one is a server that is away. */
static const struct {
    CURLcode code;
    enum cq_status status;
    bool again, certificate;
} no_response[] = {
    // clang-format off
    {CURLE_PEER_FAILED_VERIFICATION, CQ_MODEL_UNAVAILABLE,      false, true},
    {CURLE_SSL_CACERT_BADFILE,       CQ_MODEL_UNAVAILABLE,      false, true},
    {CURLE_SSL_ISSUER_ERROR,         CQ_MODEL_UNAVAILABLE,      false, true},
    {CURLE_SSL_CERTPROBLEM,          CQ_MODEL_UNAVAILABLE,      false, true},
    {CURLE_URL_MALFORMAT,            CQ_MODEL_UNAVAILABLE,      false, false},
    {CURLE_OPERATION_TIMEDOUT,       CQ_MODEL_TIMEOUT,          true,  false},
    {CURLE_WEIRD_SERVER_REPLY,       CQ_MODEL_INVALID_RESPONSE, true,  false},
    {CURLE_UNSUPPORTED_PROTOCOL,     CQ_MODEL_INVALID_RESPONSE, true,  false},
    {CURLE_OUT_OF_MEMORY,            CQ_INTERNAL,               false, false},
    {CURLE_FAILED_INIT,              CQ_INTERNAL,               false, false},
    {CURLE_OK,                       CQ_MODEL_INVALID_RESPONSE, true,  false},
    // clang-format on
};

/* Said once in a process: it stays so until somebody puts it right, and each call would say it again. */
static void log_certificate(const char *words)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;

    if (!atomic_flag_test_and_set(&said))
        log_error("the model server's certificate is refused: %s", words);
}

/* curl knows of connections; of a socket that there is none for only we do. */
static long os_error_of(const struct llm_call *call)
{
    long os_error = 0;

    curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os_error);
    return os_error ? os_error : call->try.socket_error;
}

static void explain_silence(const struct llm_call *call, CURLcode code, char words[LLM_WORDS_BYTES])
{
    struct llm_silence silence = {.code = code, .os_error = os_error_of(call), .url = call->request.url.data};

    curl_easy_getinfo(call->easy, CURLINFO_SSL_VERIFYRESULT, &silence.verify_result);
    llm_explain_silence(&silence, words);
}

/* Whether there is no connection because this machine has no room for one. */
static bool is_short_here(const struct llm_call *call, CURLcode code)
{
    static const int shortages[] = {EMFILE, ENFILE, EADDRNOTAVAIL, ENOBUFS, ENOMEM};
    long os_error = os_error_of(call);

    for (size_t i = 0; code == CURLE_COULDNT_CONNECT && i < LEN(shortages); i++)
        if (shortages[i] == os_error)
            return true;
    return false;
}

static void judge_no_response(struct llm_call *call, CURLcode code)
{
    char words[LLM_WORDS_BYTES];

    call->try.is_short = is_short_here(call, code);
    explain_silence(call, code, words);
    for (size_t i = 0; i < LEN(no_response); i++)
        if (no_response[i].code == code) {
            if (no_response[i].certificate)
                log_certificate(words);
            llm_call_fail(call, no_response[i].status, no_response[i].again, "%s", words);
            return;
        }
    llm_call_fail(call, CQ_MODEL_UNAVAILABLE, true, "%s", words);
}

static enum cq_status status_meaning(struct llm_call *call, long http_status)
{
    if (http_status == 408)
        return CQ_MODEL_TIMEOUT;
    if (http_status == 429)
        return CQ_MODEL_RATE_LIMITED;
    if (http_status >= 500)
        return CQ_MODEL_UNAVAILABLE;
    if (http_status < 400)
        return CQ_MODEL_INVALID_RESPONSE; /* a redirect, or a success that holds no reply */
    return call->model->provider->refusal(call->scratch, http_status, call->try.raw.data, call->try.raw.len);
}

static void explain_refusal(struct llm_call *call, long http_status, char words[LLM_WORDS_BYTES])
{
    const struct llm_try *try = &call->try;
    struct llm_refusal refusal = {
        .http_status = http_status, .body = try->raw.data, .len = try->raw.len, .retry_after_s = try->retry_after_s};
    struct curl_header *header;

    if (curl_easy_header(call->easy, "x-amzn-ErrorType", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        refusal.type = header->value;
    llm_explain_refusal(call->scratch, call->model->config, &refusal, words);
}

static void judge_status(struct llm_call *call, long http_status)
{
    struct curl_header *header;
    char words[LLM_WORDS_BYTES];
    enum cq_status st = status_meaning(call, http_status);

    if (curl_easy_header(call->easy, "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
        !retry_after_parse(header->value, clock_unix_ms() / 1000, &call->try.retry_after_s))
        call->try.retry_after_s = 0;
    explain_refusal(call, http_status, words);
    arena_reset(call->scratch->arena);
    llm_call_fail(call, st, retry_status(http_status), "%s", words);
}

static void judge_whole(struct llm_call *call)
{
    struct llm_delta delta = {0};

    const struct llm_provider *provider = call->model->provider;
    enum cq_status (*read)(struct cq_ctx *, const char *, size_t, struct llm_delta *) =
        call->ask->task == LLM_EMBED ? provider->vectors : provider->whole;

    enum cq_status st = read(call->scratch, call->try.raw.data, call->try.raw.len, &delta);
    if (st)
        fail_event(call, st);
    else
        llm_call_delta(call, &delta);
    arena_reset(call->scratch->arena);
}

enum cq_status llm_try_judge(struct llm_call *call, CURLcode code)
{
    struct llm_try *try = &call->try;

    if (!try->failure && !call->answer.is_stopped) {
        if (!try->http_status)
            judge_no_response(call, code);
        else if (try->http_status != 200)
            judge_status(call, try->http_status);
        else if (!code && try->body == BODY_WHOLE)
            judge_whole(call);
        else if (code || try->body == BODY_SSE || try->body == BODY_EVENT_STREAM)
            llm_call_fail(call, CQ_MODEL_INVALID_RESPONSE, true, "the reply broke off");
    }
    return llm_call_judge_reply(call);
}

/* ---- options ---- */

static CURLcode set_request(struct llm_call *call)
{
    const struct llm_request *request = &call->request;
    CURL *easy = call->easy;
    CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, request->url.data);

    if (!code)
        code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
    if (!code)
        code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    if (!code)
        code = curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.data);
    if (!code)
        code = curl_easy_setopt(easy, CURLOPT_USERAGENT, "Colloquy/" COLLOQUY_VERSION);
    return code;
}

/* Only the configured host, over nothing but HTTP, and never by way of a proxy that the environment names. */
static CURLcode set_bounds(CURL *easy)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");

    if (!code)
        code = curl_easy_setopt(easy, CURLOPT_PROXY, "");
    if (!code)
        code = curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER_BYTES);
    /* A name that is still looked up when its call ends is left to its thread: joining it would block the loop. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    return code;
}

/* Whether curl was built to know where the system's bundle is. */
static bool knows_bundle(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

    return info->age >= CURLVERSION_TENTH && info->cainfo;
}

/*
 * The certificate and its name are always verified. Without a folder of certificates curl keeps the parsed bundle
 * for all connections of the multi handle; with one it would read the bundle again for each.
 */
static CURLcode set_tls(CURL *easy, const char *ca_file)
{
    CURLcode code = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);

    if (!code)
        code = curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!code)
        code = curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (!code && (ca_file || knows_bundle()))
        code = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    if (!code && ca_file)
        code = curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    return code;
}

bool llm_transfer_bind(CURL *easy, const char *ca_file)
{
    return !set_bounds(easy) && !set_tls(easy, ca_file);
}

/* Nothing but what curl does itself, which does not say why it fails. */
static curl_socket_t on_open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct llm_call *call = user;

    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
    if (fd >= 0)
        return fd;
    call->try.socket_error = errno;
    return CURL_SOCKET_BAD;
}

/*
 * A network that has gone dark is as good as no connection: what nobody acknowledges fails within the time that a
 * connection may take, and a silent peer is asked for a sign of life. curl takes 0 for success.
 */
static int on_socket(void *user, curl_socket_t fd, curlsocktype purpose)
{
    const struct llm_call *call = user;
    unsigned unacknowledged_ms = call->config->connect_timeout_ms;

    (void)purpose;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof(unacknowledged_ms));
    return CURL_SOCKOPT_OK;
}

static void set_callbacks(struct llm_call *call)
{
    CURL *easy = call->easy;
    /* Our limit on connecting is exact and comes first; curl's is there for what it does on its own. */
    long connect_ms = (long)call->config->connect_timeout_ms + 1000;

    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, call);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_AFTER_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_EVERY_S);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
}

/* It would cost a large request a wait of a second at a server that does not know it. */
static const char NO_EXPECT[] = "Expect:";

enum cq_status llm_transfer_create(struct llm_call *call)
{
    struct llm_request *request = &call->request;

    if (call->model->provider->request(call->model, call->ask, request))
        return CQ_INTERNAL;
    if (!llm_request_header(request, NO_EXPECT))
        return CQ_INTERNAL;
    call->easy = curl_easy_init();
    if (!call->easy || set_request(call) || !llm_transfer_bind(call->easy, call->ca_file))
        return CQ_INTERNAL;
    set_callbacks(call);
    return CQ_OK;
}

enum aws_state llm_transfer_sign(struct llm_call *call)
{
    const char *problem = "memory is short";
    struct llm_request *request = &call->request;

    curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(request->headers);
    request->headers = NULL;
    enum aws_state state =
        call->model->provider->sign(call->model, call->credentials, clock_unix_ms(), request, &problem);
    if (state == AWS_READY &&
        (!llm_request_header(request, NO_EXPECT) || curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, request->headers)))
        state = AWS_FAILED;
    if (state == AWS_FAILED)
        llm_call_fail(call, CQ_MODEL_UNAVAILABLE, false, "%s", problem);
    return state;
}

void llm_transfer_release(struct llm_call *call)
{
    curl_easy_cleanup(call->easy); /* before what it points to */
    call->easy = NULL;
    llm_request_release(&call->request);
}
