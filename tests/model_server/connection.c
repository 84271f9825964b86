/*
 * A connection: HTTP/1.1 requests in, answers out, over TLS or not, never blocking.
 *
 * Bytes are read as they come, into in. When a request is whole it is answered or its reply begins; pump() then
 * alternates between writing out and asking the reply for its next piece, until the socket or the script says to
 * wait.
 */
#include "model_server.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILL_BYTES = 32 << 10, READ_BYTES = 16 << 10 };

/* ---- life ---- */

void connection_create(struct server *server, int fd, bool is_control)
{
    struct connection *c = calloc(1, sizeof(*c));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    if (!c) {
        close(fd);
        return;
    }
    *c = (struct connection){.server = server,
                             .fd = fd,
                             .is_control = is_control,
                             .state = READING,
                             .watched = EPOLLIN,
                             .next = server->connections};
    buf_init(&c->in, MAX_HEAD_BYTES + MAX_BODY_BYTES);
    buf_init(&c->out, 2 * MAX_BODY_BYTES);
    if (c->next)
        c->next->prev = c;
    server->connections = c;
    server->figures.accepted += !is_control;
    bool is_tls = server->tls && !is_control;

    if (is_tls) {
        c->ssl = SSL_new(server->tls);
        c->state = HANDSHAKE;
    }
    if ((is_tls && (!c->ssl || !SSL_set_fd(c->ssl, fd))) || epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event))
        connection_destroy(c);
}

/* The reply is over, told to its end or not. */
static void reply_done(struct connection *c, bool whole)
{
    if (!c->replying)
        return;
    c->replying = false;
    c->server->in_flight -= c->reply.kind == REPLY_TEXT;
    if (c->reply.kind != REPLY_VECTORS) {
        c->server->figures.completed += whole;
        c->server->figures.aborted += !whole;
    }
    reply_release(&c->reply);
}

void connection_destroy(struct connection *c)
{
    reply_done(c, false);
    timer_stop(c->server, c);
    if (c->next)
        c->next->prev = c->prev;
    if (c->prev)
        c->prev->next = c->next;
    else
        c->server->connections = c->next;
    SSL_free(c->ssl);
    close(c->fd);
    buf_release(&c->in);
    buf_release(&c->out);
    free(c);
}

/* What is closed from now on is reset. */
static void linger_not(const struct connection *c)
{
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
}

void connection_reset(struct connection *c)
{
    linger_not(c);
    connection_destroy(c);
}

void connection_mute(struct connection *c, bool is_silent)
{
    struct epoll_event event = {.events = c->watched, .data.ptr = c};

    epoll_ctl(c->server->epoll, is_silent ? EPOLL_CTL_DEL : EPOLL_CTL_ADD, c->fd, &event);
}

static void watch_output(struct connection *c, bool output)
{
    struct epoll_event event = {.events = EPOLLIN | (output ? EPOLLOUT : 0), .data.ptr = c};

    if (event.events != c->watched)
        epoll_ctl(c->server->epoll, EPOLL_CTL_MOD, c->fd, &event);
    c->watched = event.events;
}

/* ---- bytes ---- */

enum io { IO_DONE, IO_WAIT, IO_GONE };

/* Why TLS or the socket did not do it. */
static enum io io_status(struct connection *c, int n)
{
    int why = c->ssl ? SSL_get_error(c->ssl, n) : SSL_ERROR_SYSCALL;

    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return IO_WAIT;
    return !c->ssl && n < 0 && (errno == EAGAIN || errno == EINTR) ? IO_WAIT : IO_GONE;
}

static enum io read_some(struct connection *c)
{
    char bytes[READ_BYTES];
    int n = c->ssl ? SSL_read(c->ssl, bytes, sizeof(bytes)) : (int)recv(c->fd, bytes, sizeof(bytes), 0);

    if (n <= 0)
        return io_status(c, n);
    buf_append(&c->in, bytes, (size_t)n);
    return c->in.failed ? IO_GONE : IO_DONE;
}

/* Write out what there is of out; one byte of it when the script says so. */
static enum io flush(struct connection *c)
{
    bool bytewise = c->replying && c->reply.script.has[D_BYTEWISE];

    while (c->out_done < c->out.len) {
        size_t len = bytewise ? 1 : c->out.len - c->out_done;
        const char *from = c->out.data + c->out_done;
        int n = c->ssl ? SSL_write(c->ssl, from, (int)len) : (int)send(c->fd, from, len, 0);

        if (n <= 0)
            return io_status(c, n);
        c->out_done += (size_t)n;
        if (bytewise && c->out_done < c->out.len)
            return IO_WAIT;
    }
    c->out_done = 0;
    buf_clear(&c->out);
    return IO_DONE;
}

/* ---- a request ---- */

static void answer_error(struct connection *c, unsigned status, const char *message)
{
    wire_openai.error(&c->out, status, "invalid_request_error", message, "");
    c->state = FINISHING;
}

static void begin_reply(struct connection *c, const struct http_request *request, const struct call *call)
{
    struct server *server = c->server;
    const char *wrong = reply_begin(&c->reply, server, ++server->next_id, call, request);

    c->state = FINISHING;
    admin_remember(server, request, &c->reply);
    bool is_allowed = call->wire->allow(request, &c->out);

    if (is_allowed && wrong)
        call->wire->error(&c->out, 400, call->wire->bad_request, wrong, "");
    if (!wrong && !is_allowed)
        reply_release(&c->reply);
    if (wrong || !is_allowed)
        return;
    c->replying = true;
    server->in_flight += c->reply.kind == REPLY_TEXT;
    if (server->in_flight > server->figures.max_in_flight)
        server->figures.max_in_flight = server->in_flight;
    c->state = REPLYING;
    if (c->reply.script.has[D_DELAY]) {
        c->state = PAUSED;
        timer_start(server, c, c->reply.script.n[D_DELAY]);
    }
}

static void dispatch(struct connection *c, const struct http_request *request)
{
    struct call call;

    if (route_find(request, &call)) {
        begin_reply(c, request, &call);
        return;
    }
    if (!admin_answer(c->server, request, c->is_control, &c->out) && !metadata_answer(c->server, request, &c->out))
        answer_error(c, 404, "Unknown request URL.");
    c->state = FINISHING;
}

/* Take one request out of in, if it is whole. */
static void take_request(struct connection *c)
{
    struct http_request request;

    if (!http_read(&request, &c->in)) {
        if (c->in.len > MAX_HEAD_BYTES)
            c->state = CLOSING;
        return;
    }
    c->keep_alive = request.keep_alive;
    if (request.is_chunked || request.body_bytes > MAX_BODY_BYTES) {
        answer_error(c, request.is_chunked ? 411 : 413, "A body of known and bounded length is needed.");
        c->keep_alive = false;
        return;
    }
    if (c->in.len < request.head_bytes + request.body_bytes) {
        if (request.expects_continue && !c->continued)
            buf_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
        c->continued = true;
        return;
    }
    c->continued = false;
    dispatch(c, &request);
    buf_consume(&c->in, request.head_bytes + request.body_bytes);
}

/* ---- the state machine ---- */

static void reply_stopped(struct connection *c, enum reply_step step)
{
    if (step == REPLY_PAUSE) {
        c->state = PAUSED;
        timer_start(c->server, c, c->reply.script.n[D_GAP]);
    } else if (step == REPLY_HANG) {
        c->state = HUNG;
    } else {
        if (step == REPLY_RESET)
            linger_not(c);
        c->state = step == REPLY_END ? FINISHING : CLOSING;
    }
}

/* What comes once out is written. False: the connection is to be closed. */
static bool advance(struct connection *c)
{
    enum reply_step step = REPLY_MORE;

    switch (c->state) {
    case READING:
        take_request(c);
        return true;
    case REPLYING:
        while (step == REPLY_MORE && c->out.len < FILL_BYTES)
            step = reply_next(&c->reply, &c->out);
        if (step != REPLY_MORE)
            reply_stopped(c, step);
        return true;
    case FINISHING:
        reply_done(c, true);
        c->state = c->keep_alive ? READING : CLOSING;
        return true;
    case CLOSING:
        reply_done(c, true);
        if (c->ssl && !c->keep_alive)
            SSL_shutdown(c->ssl);
        return false;
    default: /* the timer or the client moves it on */
        return true;
    }
}

/* Go on until something has to be waited for. */
static void pump(struct connection *c)
{
    for (;;) {
        enum io io = flush(c);

        if (io == IO_WAIT)
            watch_output(c, true);
        if (io == IO_GONE)
            connection_destroy(c);
        if (io != IO_DONE)
            return;

        enum connection_state was = c->state;

        if (!advance(c)) {
            connection_destroy(c);
            return;
        }
        if (c->state == was && !c->out.len)
            break;
    }
    watch_output(c, false);
}

static enum io handshake(struct connection *c)
{
    int n = SSL_accept(c->ssl);

    if (n == 1) {
        c->state = READING;
        return IO_DONE;
    }

    enum io io = io_status(c, n);

    watch_output(c, io == IO_WAIT && SSL_want_write(c->ssl));
    return io;
}

void connection_ready(struct connection *c, uint32_t events)
{
    enum io io = IO_DONE;

    ERR_clear_error();
    if (c->state == HANDSHAKE)
        io = handshake(c);
    if (io == IO_DONE && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        while ((io = read_some(c)) == IO_DONE)
            ;
    if (io == IO_GONE)
        connection_destroy(c);
    else if (c->state != HANDSHAKE)
        pump(c);
}

void connection_wake(struct connection *c)
{
    ERR_clear_error();
    if (c->state == PAUSED)
        c->state = REPLYING;
    pump(c);
}

/* By their timers: whoever lets them go has events of connections at hand, and this may be one's end. */
void connections_let_go(struct server *server, const struct cue *cue)
{
    for (struct connection *c = server->connections; c; c = c->next) {
        if (c->state != HUNG || c->reply.cue != cue)
            continue;
        c->state = PAUSED;
        timer_start(server, c, 0);
    }
}
