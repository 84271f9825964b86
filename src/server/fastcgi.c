/* FastCGI by libfcgi: accepting, reading the request, sending the answer in pieces. */
#include "server/fastcgi.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    READ_TIMEOUT_S = 1,
    WRITE_TIMEOUT_S = 10,
    PIECE_BYTES = 32 * 1024, /* a unix socket that polls writable takes so much without blocking */
    MAX_DISCARD_BYTES = 64 << 20,
};

enum cq_status fastcgi_init(void)
{
    return FCGX_Init() ? CQ_INTERNAL : CQ_OK;
}

int fastcgi_accept(int listen_fd)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    struct timeval read_timeout = {.tv_sec = READ_TIMEOUT_S}, write_timeout = {.tv_sec = WRITE_TIMEOUT_S};

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &read_timeout, sizeof(read_timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &write_timeout, sizeof(write_timeout));
    return fd;
}

bool fastcgi_is_short(void)
{
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
}

int fastcgi_fd(const struct fastcgi *conn)
{
    return conn->fcgx.ipcFd;
}

/* ---- reading ---- */

static const char *get_param(const struct fastcgi *conn, const char *name)
{
    return FCGX_GetParam(name, conn->fcgx.envp);
}

/*
 * Params are libfcgi's until the connection ends; the request may outlive it. NULL stays NULL, and so does a full
 * arena.
 */
static const char *copy_param(const struct fastcgi *conn, struct request *req, const char *name, const char *absent)
{
    const char *value = get_param(conn, name);

    if (!value || !*value)
        return absent;
    const char *copy = arena_strdup(req->ctx.arena, value);

    return copy ? copy : absent;
}

static void read_params(const struct fastcgi *conn, struct request *req)
{
    req->method = http_method_parse(copy_param(conn, req, "REQUEST_METHOD", ""));
    req->path = copy_param(conn, req, "DOCUMENT_URI", "");
    req->query = copy_param(conn, req, "QUERY_STRING", "");
    req->scheme = copy_param(conn, req, "REQUEST_SCHEME", "https");
    req->host = copy_param(conn, req, "HTTP_HOST", "");
    req->remote_addr = copy_param(conn, req, "REMOTE_ADDR", "");
    req->content_type = copy_param(conn, req, "CONTENT_TYPE", "");
    req->accept = copy_param(conn, req, "HTTP_ACCEPT", "");
    req->authorization = copy_param(conn, req, "HTTP_AUTHORIZATION", NULL);
    req->cookie = copy_param(conn, req, "HTTP_COOKIE", NULL);
    req->csrf_token = copy_param(conn, req, "HTTP_X_CSRF_TOKEN", NULL);
    req->idempotency_key = copy_param(conn, req, "HTTP_IDEMPOTENCY_KEY", NULL);
    req->ctx.request_id = copy_param(conn, req, "REQUEST_ID", "-");
}

/*
 * Read the input to its end, which nginx marks with an empty record even where there is no body. Closing before nginx
 * has written that would fail its write, and it would answer 502 for an answer that it never read.
 */
static void read_to_end(struct fastcgi *conn)
{
    char trash[4096];
    size_t n = 0;
    int got;

    while (n < MAX_DISCARD_BYTES && (got = FCGX_GetStr(trash, sizeof(trash), conn->fcgx.in)) > 0)
        n += (size_t)got;
}

static enum cq_status read_body(struct fastcgi *conn, struct request *req)
{
    const char *length = get_param(conn, "CONTENT_LENGTH");
    uint64_t len = 0;

    req->body = "";
    if (!length || !*length)
        length = "0";
    if (!parse_u64(length, strlen(length), req->config->limits.request_body_max_bytes, &len)) {
        req->body_too_large = true;
        read_to_end(conn);
        return CQ_OK;
    }
    char *body = arena_alloc(req->ctx.arena, len + 1);

    if (!body)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    if (len && FCGX_GetStr(body, (int)len, conn->fcgx.in) != (int)len)
        return cq_fail(&req->ctx, CQ_INVALID_REQUEST, "the body is shorter than its Content-Length");
    read_to_end(conn);
    body[len] = '\0';
    req->body = body;
    req->body_len = len;
    return CQ_OK;
}

enum cq_status fastcgi_read(struct fastcgi *conn, int fd, struct request *req)
{
    *conn = (struct fastcgi){.is_open = true};
    if (FCGX_InitRequest(&conn->fcgx, -1, 0)) {
        close(fd);
        conn->is_open = false;
        return CQ_INTERNAL;
    }
    /*
     * With a descriptor of its own and "keep" set, FCGX_Accept_r() reads from it; with no socket to listen on it never
     * accepts. Detached, it closes a connection that makes no sense at once, without waiting for the other side.
     */
    conn->fcgx.ipcFd = fd;
    conn->fcgx.keepConnection = 1;
    conn->fcgx.detached = 1;
    if (FCGX_Accept_r(&conn->fcgx) < 0) {
        conn->is_open = false; /* libfcgi has closed it */
        return CQ_INVALID_REQUEST;
    }
    read_params(conn, req);
    enum cq_status st = read_body(conn, req);
    /* A connection that ends among the parameters looks like their end; only the stream's error tells. */
    if (!st && FCGX_GetError(conn->fcgx.in))
        st = cq_fail(&req->ctx, CQ_INVALID_REQUEST, "the request is cut short");
    if (st)
        fastcgi_abort(conn);
    return st;
}

/* ---- sending ---- */

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {{200, "OK"},
                   {201, "Created"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {409, "Conflict"},
                   {413, "Content Too Large"},
                   {415, "Unsupported Media Type"},
                   {422, "Unprocessable Content"},
                   {429, "Too Many Requests"},
                   {500, "Internal Server Error"},
                   {503, "Service Unavailable"}};

    for (size_t i = 0; i < LEN(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Answer";
}

static void put(struct fastcgi *conn, const char *text)
{
    FCGX_PutS(text, conn->fcgx.out);
}

static void put_header(struct fastcgi *conn, const char *name, const char *value)
{
    put(conn, name);
    put(conn, ": ");
    put(conn, value);
    put(conn, "\r\n");
}

static void send_head(struct fastcgi *conn, struct request *req)
{
    const struct response *r = &req->response;
    char line[64];

    snprintf(line, sizeof(line), "%d %s", r->status, reason(r->status));
    put_header(conn, "Status", line);
    put_header(conn, "Content-Type", r->content_type ? r->content_type : "application/json; charset=utf-8");
    if (!r->is_stream) {
        snprintf(line, sizeof(line), "%zu", r->body ? r->body->len : (size_t)0);
        put_header(conn, "Content-Length", line);
    }
    put_header(conn, "Cache-Control", "no-store");
    put_header(conn, "X-Request-Id", req->ctx.request_id);
    put_header(conn, "X-Request-Context-Id", req->ctx.request_id);
    for (size_t i = 0; i < r->n_headers; i++)
        put_header(conn, r->headers[i].name, r->headers[i].value);
    put(conn, "\r\n");
    conn->is_head_sent = true;
}

bool fastcgi_has_output(const struct fastcgi *conn, const struct request *req)
{
    const struct buf *body = req->response.body;

    return conn->is_open && req->response.status && (!conn->is_head_sent || (body && body->len > conn->sent));
}

/* Sent bytes are dropped once they are the larger part, so that a long body is not moved at every piece. */
static void note_sent(struct fastcgi *conn, struct buf *body, size_t n)
{
    conn->sent += n;
    if (conn->sent < body->len / 2)
        return;
    buf_consume(body, conn->sent);
    conn->sent = 0;
}

static bool flush(struct fastcgi *conn)
{
    if (!FCGX_FFlush(conn->fcgx.out) && !FCGX_GetError(conn->fcgx.out))
        return true;
    fastcgi_abort(conn);
    return false;
}

bool fastcgi_send_some(struct fastcgi *conn, struct request *req)
{
    struct buf *body = req->response.body;
    size_t n = body ? body->len - conn->sent : 0;

    if (n > PIECE_BYTES)
        n = PIECE_BYTES;
    if (!conn->is_head_sent)
        send_head(conn, req);
    if (n)
        FCGX_PutStr(body->data + conn->sent, (int)n, conn->fcgx.out);
    if (!flush(conn))
        return false;
    if (n)
        note_sent(conn, body, n);
    return true;
}

bool fastcgi_send_text(struct fastcgi *conn, const char *text)
{
    put(conn, text);
    return flush(conn);
}

bool fastcgi_send_all(struct fastcgi *conn, struct request *req, int timeout_ms)
{
    while (fastcgi_has_output(conn, req)) {
        struct pollfd fd = {.fd = fastcgi_fd(conn), .events = POLLOUT};
        int n = poll(&fd, 1, timeout_ms);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            fastcgi_abort(conn);
            return false;
        }
        if (!fastcgi_send_some(conn, req))
            return false;
    }
    return true;
}

/* Detached, libfcgi closes at once; otherwise it would wait two seconds for a client that is slow to read. */
void fastcgi_finish(struct fastcgi *conn)
{
    if (!conn->is_open)
        return;
    conn->is_open = false;
    FCGX_Detach(&conn->fcgx);
    FCGX_Finish_r(&conn->fcgx);
    if (conn->fcgx.ipcFd >= 0)
        FCGX_Free(&conn->fcgx, 1);
}

void fastcgi_abort(struct fastcgi *conn)
{
    if (!conn->is_open)
        return;
    conn->is_open = false;
    FCGX_Detach(&conn->fcgx);
    FCGX_Free(&conn->fcgx, 1);
}
