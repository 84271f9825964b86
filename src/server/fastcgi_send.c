/* Sending an answer: its head, its body in records, its end. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "server/fastcgi.h"
#include "server/fastcgi_record.h"

enum {
    PIECE_BYTES = 32 * 1024, /* a unix socket that polls writable takes so much without blocking */
    HEAD_MAX_BYTES = 60 * 1024,
    MAX_PARTS = 64,       /* of one write: a record is two */
    NEVER_LONG_MS = 1000, /* for what is sent only when it fits */
};

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {{200, "OK"},
                   {201, "Created"},
                   {302, "Found"},
                   {303, "See Other"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {409, "Conflict"},
                   {410, "Gone"},
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

static void put_header(struct buf *out, const char *name, const char *value)
{
    buf_str(out, name);
    buf_str(out, ": ");
    buf_str(out, value);
    buf_str(out, "\r\n");
}

/* In the arena; NULL when that is full. */
static struct buf *make_head(const struct request *req)
{
    const struct response *r = &req->response;
    struct buf *out = buf_in_arena(req->ctx.arena, HEAD_MAX_BYTES);

    if (!out)
        return NULL;
    buf_printf(out, "Status: %d %s\r\n", r->status, reason(r->status));
    put_header(out, "Content-Type", r->content_type ? r->content_type : "application/json; charset=utf-8");
    if (!r->is_stream)
        buf_printf(out, "Content-Length: %zu\r\n", r->body ? r->body->len : (size_t)0);
    put_header(out, "Cache-Control", "no-store");
    put_header(out, "X-Request-Id", req->ctx.request_id);
    put_header(out, "X-Request-Context-Id", req->ctx.request_id);
    for (size_t i = 0; i < r->n_headers; i++)
        put_header(out, r->headers[i].name, r->headers[i].value);
    buf_str(out, "\r\n");
    return out->failed ? NULL : out;
}

/* ---- records in one write ---- */

struct message {
    const struct fastcgi *conn;
    struct iovec parts[MAX_PARTS];
    size_t n;
    uint8_t heads[MAX_PARTS / 2][RECORD_HEAD_BYTES];
};

static bool has_room(const struct message *m, size_t records)
{
    return m->n + 2 * records <= MAX_PARTS;
}

static void add(struct message *m, int type, const void *content, size_t len)
{
    uint8_t *head = m->heads[m->n / 2];

    record_write(head, type, m->conn->request_id, len);
    m->parts[m->n++] = (struct iovec){head, RECORD_HEAD_BYTES};
    m->parts[m->n++] = (struct iovec){(void *)(uintptr_t)content, len};
}

/* As many records as there is room for, two left free; how many bytes they hold. */
static size_t add_output(struct message *m, const char *content, size_t len)
{
    size_t done = 0;

    while (done < len && has_room(m, 3)) {
        size_t n = len - done < RECORD_MAX_BYTES ? len - done : RECORD_MAX_BYTES;

        add(m, RECORD_STDOUT, content + done, n);
        done += n;
    }
    return done;
}

static void add_end(struct message *m)
{
    static const uint8_t ordinary[END_BYTES];

    add(m, RECORD_STDOUT, "", 0);
    add(m, RECORD_END_REQUEST, ordinary, sizeof(ordinary));
}

/* Drop the first len bytes of what is to be sent. */
static void advance(struct message *m, size_t *first, size_t len)
{
    while (*first < m->n && len >= m->parts[*first].iov_len)
        len -= m->parts[(*first)++].iov_len;
    if (*first < m->n) {
        m->parts[*first].iov_base = (char *)m->parts[*first].iov_base + len;
        m->parts[*first].iov_len -= len;
    }
}

static bool transmit(struct message *m, int timeout_ms)
{
    size_t first = 0;

    while (first < m->n) {
        const struct msghdr all = {.msg_iov = m->parts + first, .msg_iovlen = m->n - first};
        ssize_t n = sendmsg(m->conn->fd, &all, MSG_NOSIGNAL | MSG_DONTWAIT);
        struct pollfd fd = {.fd = m->conn->fd, .events = POLLOUT};

        if (n >= 0)
            advance(m, &first, (size_t)n);
        else if (errno == EAGAIN ? poll(&fd, 1, timeout_ms) == 0 : errno != EINTR)
            return false;
    }
    return true;
}

/* ---- what the workers ask for ---- */

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

static bool add_head(struct message *m, struct fastcgi *conn, const struct request *req)
{
    const struct buf *head = conn->is_head_sent ? NULL : make_head(req);

    if (head)
        add_output(m, head->data, head->len);
    return head || conn->is_head_sent;
}

bool fastcgi_send_some(struct fastcgi *conn, struct request *req)
{
    struct message m = {.conn = conn};
    struct buf *body = req->response.body;
    bool is_good = add_head(&m, conn, req);
    size_t n = body ? body->len - conn->sent : 0;

    n = n ? add_output(&m, body->data + conn->sent, n < PIECE_BYTES ? n : PIECE_BYTES) : 0;
    if (!is_good || !transmit(&m, NEVER_LONG_MS)) {
        fastcgi_abort(conn);
        return false;
    }
    conn->is_head_sent = true;
    if (n)
        note_sent(conn, body, n);
    return true;
}

bool fastcgi_send_text(struct fastcgi *conn, const char *text)
{
    struct message m = {.conn = conn};

    add_output(&m, text, strlen(text));
    if (transmit(&m, NEVER_LONG_MS))
        return true;
    fastcgi_abort(conn);
    return false;
}

void fastcgi_finish(struct fastcgi *conn)
{
    struct message m = {.conn = conn};

    if (!conn->is_open)
        return;
    add_end(&m);
    (void)transmit(&m, 0); /* who does not take it is told by the closing */
    fastcgi_abort(conn);
}

bool fastcgi_answer(struct fastcgi *conn, struct request *req, int timeout_ms)
{
    const struct buf *body = req->response.body;
    const char *rest = body ? body->data : "";
    size_t left = body ? body->len : 0;
    bool is_good = conn->is_open, is_ended = false;

    while (is_good && !is_ended) {
        struct message m = {.conn = conn};

        is_good = add_head(&m, conn, req);
        conn->is_head_sent = true;
        size_t n = add_output(&m, rest, left);

        rest += n;
        left -= n;
        is_ended = !left;
        if (is_ended)
            add_end(&m);
        is_good = is_good && transmit(&m, timeout_ms);
    }
    fastcgi_abort(conn);
    return is_good;
}
