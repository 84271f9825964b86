/*
 * FastCGI: whatever is written to the socket, a request is read or refused, at once, and nothing stays open.
 *
 * Bytes that begin with FastCGI's version, 1, are records. Others are lines of NAME=value, an empty line and a body,
 * sent as nginx would: the request must then say just that.
 */
#include "server/fastcgi.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "records.h"

enum { BODY_MAX_BYTES = 1000, PAIRS_MAX = 64, INPUT_MAX_BYTES = 32 << 10, HANG_MS = 900, SEND_MS = 1000 };

static const struct config config = {.limits = {.request_body_max_bytes = BODY_MAX_BYTES}};

struct sent {
    struct pair pairs[PAIRS_MAX];
    size_t n;
    const char *body;
    size_t body_len;
};

static int next_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    close(fd);
    return fd;
}

/* ---- a request as nginx sends it ---- */

static void read_sent(struct input *in, struct cq_ctx *ctx, struct sent *out)
{
    const char *line;

    out->n = 0;
    while (in->at < in->end && *(line = input_line(in, ctx))) {
        const char *equals = strchr(line, '=');
        size_t len = equals ? (size_t)(equals - line) : strlen(line);

        if (out->n == PAIRS_MAX)
            continue;
        out->pairs[out->n].name = arena_strndup(ctx->arena, line, len);
        out->pairs[out->n++].value = equals ? equals + 1 : "";
    }
    out->body = input_rest(in, ctx, &out->body_len);
}

/* What the request should say: the first of that name that says anything. */
static const char *value_of(const struct sent *sent, const char *name, const char *absent)
{
    for (size_t i = 0; i < sent->n; i++)
        if (str_eq(sent->pairs[i].name, name) && *sent->pairs[i].value)
            return sent->pairs[i].value;
    return absent;
}

static void check_strings(const struct sent *sent, const struct request *req)
{
    CHECK(str_eq(req->path, value_of(sent, "DOCUMENT_URI", "")));
    CHECK(str_eq(req->query, value_of(sent, "QUERY_STRING", "")));
    CHECK(str_eq(req->scheme, value_of(sent, "REQUEST_SCHEME", "https")));
    CHECK(str_eq(req->host, value_of(sent, "HTTP_HOST", "")));
    CHECK(str_eq(req->remote_addr, value_of(sent, "REMOTE_ADDR", "")));
    CHECK(str_eq(req->content_type, value_of(sent, "CONTENT_TYPE", "")));
    CHECK(str_eq(req->accept, value_of(sent, "HTTP_ACCEPT", "")));
    CHECK(str_eq(req->authorization, value_of(sent, "HTTP_AUTHORIZATION", NULL)));
    CHECK(str_eq(req->cookie, value_of(sent, "HTTP_COOKIE", NULL)));
    CHECK(str_eq(req->csrf_token, value_of(sent, "HTTP_X_CSRF_TOKEN", NULL)));
    CHECK(str_eq(req->idempotency_key, value_of(sent, "HTTP_IDEMPOTENCY_KEY", NULL)));
    CHECK(str_eq(req->origin, value_of(sent, "HTTP_ORIGIN", NULL)));
    CHECK(str_eq(req->sec_fetch_site, value_of(sent, "HTTP_SEC_FETCH_SITE", NULL)));
    CHECK(str_eq(req->remote_user, value_of(sent, "REMOTE_USER", NULL)));
    CHECK(str_eq(req->user_agent, value_of(sent, "HTTP_USER_AGENT", NULL)));
    CHECK(str_eq(req->ctx.request_id, value_of(sent, "REQUEST_ID", "-")));
    CHECK(req->method == http_method_parse(value_of(sent, "REQUEST_METHOD", "")));
}

static void check_sent(const struct sent *sent, enum cq_status st, const struct request *req)
{
    const char *length = value_of(sent, "CONTENT_LENGTH", "0");
    uint64_t len = 0;
    bool fits = parse_u64(length, strlen(length), BODY_MAX_BYTES, &len);

    CHECK(st == (fits && len > sent->body_len ? CQ_INVALID_REQUEST : CQ_OK));
    if (st)
        return;
    check_strings(sent, req);
    CHECK(req->body_too_large == !fits && req->body_len == (fits ? len : 0));
    CHECK(memcmp(req->body, sent->body, req->body_len) == 0);
}

/* ---- any request ---- */

static void check_request(const struct request *req)
{
    const char *const strings[] = {req->path,        req->query,        req->scheme, req->host,
                                   req->remote_addr, req->content_type, req->accept, req->ctx.request_id};

    for (size_t i = 0; i < LEN(strings); i++)
        CHECK(strings[i]);
    CHECK(req->body_len <= BODY_MAX_BYTES && req->body[req->body_len] == '\0');
    CHECK(!req->body_too_large || req->body_len == 0);
}

/* The answer goes out, and whole. */
static void check_answer(struct fastcgi *conn, struct request *req, int client)
{
    struct json_out out = response_json(req, 200);
    struct buf got;
    bool is_closed;

    json_text(&out, req->query);
    CHECK(fastcgi_answer(conn, req, SEND_MS));
    fastcgi_finish(conn);
    buf_init(&got, 1 << 20);
    receive_all(client, &got, &is_closed);
    CHECK(is_closed && !got.failed);

    struct answer answer = read_records(&got);

    CHECK(answer.is_whole && answer.is_ended);
    CHECK(str_starts(answer.text.data, "Status: 200 OK\r\n"));
    CHECK(strstr(answer.text.data, "\r\n\r\n\"") || strpbrk(req->ctx.request_id, "\r\n"));
    buf_release(&answer.text);
    buf_release(&got);
}

/* What a client sends before it goes away, and how that is read. */
static enum cq_status read_bytes(const char *bytes, size_t len, struct fastcgi *conn, struct request *req, int *client)
{
    struct buf copy;
    int pair[2];

    buf_init(&copy, 1 << 20);
    buf_append(&copy, bytes, len);
    CHECK(!copy.failed && !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    CHECK(send_bytes(pair[0], &copy) && !shutdown(pair[0], SHUT_WR));
    buf_release(&copy);
    *client = pair[0];

    int64_t start_ms = clock_mono_ms();
    enum cq_status st = fastcgi_read(conn, pair[1], req);

    CHECK(clock_mono_ms() - start_ms < HANG_MS);
    CHECK(st == CQ_OK || st == CQ_INVALID_REQUEST);
    CHECK(conn->is_open == (st == CQ_OK));
    return st;
}

/* sent: what the bytes say; NULL when they are any records. */
static void run(const struct buf *bytes, const struct sent *sent, struct cq_ctx *ctx)
{
    struct request req = {.ctx = *ctx, .config = &config};
    struct fastcgi conn;
    int client;
    enum cq_status st = read_bytes(bytes->data, bytes->len, &conn, &req, &client);

    if (sent)
        check_sent(sent, st, &req);
    if (!st) {
        check_request(&req);
        check_answer(&conn, &req, client);
    }
    CHECK(!conn.is_open);
    close(client);
}

/* A request of which the end is missing is none. */
static void run_cut(const struct buf *bytes, size_t len, struct cq_ctx *ctx)
{
    struct request req = {.ctx = *ctx, .config = &config};
    struct fastcgi conn;
    int client;

    CHECK(read_bytes(bytes->data, len, &conn, &req, &client) == CQ_INVALID_REQUEST);
    close(client);
}

/* Lines as nginx would send them, whole and cut somewhere. */
static void run_sent(struct input in, struct cq_ctx *ctx)
{
    struct sent sent;
    struct buf bytes;
    size_t sum = 0;

    for (const char *c = in.at; c < in.end; c++)
        sum = sum * 31 + (unsigned char)*c;
    read_sent(&in, ctx, &sent);
    if (!sent.n) /* nginx always sends some */
        return;
    buf_init(&bytes, 1 << 20);
    put_request(&bytes, sent.pairs, sent.n, sent.body, sent.body_len, 700);
    CHECK(!bytes.failed);
    run(&bytes, &sent, ctx);
    run_cut(&bytes, sum % bytes.len, ctx);
    buf_release(&bytes);
}

/* Any records. */
static void run_raw(const uint8_t *data, size_t size, struct cq_ctx *ctx)
{
    struct buf bytes;

    buf_init(&bytes, 1 << 20);
    buf_append(&bytes, data, size);
    run(&bytes, NULL, ctx);
    buf_release(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    int fd = next_fd();

    if (size > INPUT_MAX_BYTES)
        return 0;
    if (size && data[0] == 1)
        run_raw(data, size, ctx);
    else
        run_sent(input_of(data, size), ctx);
    CHECK(next_fd() == fd);
    return 0;
}
