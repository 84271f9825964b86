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
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_HEAD_BYTES = 64 << 10, FILL_BYTES = 32 << 10, READ_BYTES = 16 << 10 };

/* ---- life ---- */

void connection_create(struct server *server, int fd)
{
    struct connection *c = calloc(1, sizeof(*c));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    if (!c) {
        close(fd);
        return;
    }
    *c = (struct connection){
        .server = server, .fd = fd, .state = READING, .watched = EPOLLIN, .next = server->connections};
    buf_init(&c->in, MAX_HEAD_BYTES + MAX_BODY_BYTES);
    buf_init(&c->out, 2 * MAX_BODY_BYTES);
    if (c->next)
        c->next->prev = c;
    server->connections = c;
    server->accepted++;
    if (server->tls) {
        c->ssl = SSL_new(server->tls);
        c->state = HANDSHAKE;
    }
    if ((server->tls && (!c->ssl || !SSL_set_fd(c->ssl, fd))) || epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event))
        connection_destroy(c);
}

/* The reply is over, told to its end or not. */
static void reply_done(struct connection *c, bool whole)
{
    if (!c->replying)
        return;
    c->replying = false;
    c->server->in_flight -= !c->reply.is_structured;
    c->server->completed += whole;
    c->server->aborted += !whole;
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

struct request_head {
    char method[16], path[256], authorization[256];
    size_t head_bytes, body_bytes;
    bool expects_continue, keep_alive, chunked;
};

/* The value of a header, cut at its line's end, into out; "" when it is not there. */
static void read_header(const char *head, const char *name, char *out, size_t size)
{
    size_t name_len = strlen(name);

    *out = '\0';
    for (const char *line = head; (line = strstr(line, "\r\n")) && line[2] != '\r';) {
        line += 2;
        if (strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
            continue;
        line += name_len + 1;
        line += strspn(line, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(line, "\r"), line);
        return;
    }
}

/* False: the head is not whole yet. */
static bool read_head(struct connection *c, struct request_head *head)
{
    const char *end = memmem(c->in.data, c->in.len, "\r\n\r\n", 4);
    char value[64];
    uint64_t length = 0;

    if (!end)
        return false;
    *head = (struct request_head){.head_bytes = (size_t)(end - c->in.data) + 4};
    if (sscanf(c->in.data, "%15s %255s", head->method, head->path) != 2)
        *head->method = '\0';
    read_header(c->in.data, "Authorization", head->authorization, sizeof(head->authorization));
    read_header(c->in.data, "Content-Length", value, sizeof(value));
    if (*value && !parse_u64(value, strlen(value), MAX_BODY_BYTES, &length))
        length = (uint64_t)MAX_BODY_BYTES + 1;
    head->body_bytes = (size_t)length;
    read_header(c->in.data, "Expect", value, sizeof(value));
    head->expects_continue = !strcasecmp(value, "100-continue");
    read_header(c->in.data, "Connection", value, sizeof(value));
    head->keep_alive = strcasecmp(value, "close") != 0;
    read_header(c->in.data, "Transfer-Encoding", value, sizeof(value));
    head->chunked = *value != '\0';
    return true;
}

static void answer(struct connection *c, unsigned status, const char *json)
{
    answer_write(&c->out, status, "application/json", "", json, strlen(json));
    c->state = FINISHING;
}

static void answer_error(struct connection *c, unsigned status, const char *message)
{
    char json[256];

    snprintf(json, sizeof(json),
             "{\"error\":{\"message\":\"%s\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}\n",
             message);
    answer(c, status, json);
}

static void answer_stats(struct connection *c)
{
    const struct server *server = c->server;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"requests", server->requests},   {"structured", server->structured},
                {"completed", server->completed}, {"aborted", server->aborted},
                {"in_flight", server->in_flight}, {"max_in_flight", server->max_in_flight},
                {"connections", server->accepted}};
    struct buf body;
    struct json_out json;

    buf_init(&body, 8 * (size_t)MAX_BODY_BYTES);
    json_out_init(&json, &body);
    json_open_object(&json);
    for (size_t i = 0; i < LEN(rows); i++) {
        json_key(&json, rows[i].name);
        json_u64(&json, rows[i].value);
    }
    json_key(&json, "last_authorization");
    json_text(&json, *server->last_authorization ? server->last_authorization : NULL);
    for (int k = 0; k < 2; k++) {
        const struct kept *kept = k ? &server->last_structured : &server->last_body;

        json_key(&json, k ? "last_structured" : "last_body");
        if (kept->data)
            json_text_n(&json, kept->data, kept->len);
        else
            json_null(&json);
    }
    json_close_object(&json);
    answer_write(&c->out, 200, "application/json", "", body.data, body.len);
    buf_release(&body);
    c->state = FINISHING;
}

static void reset(struct server *server)
{
    server->requests = server->structured = server->completed = server->aborted = server->accepted = 0;
    server->max_in_flight = server->in_flight;
    memset(&server->times, 0, sizeof(server->times));
    *server->last_authorization = '\0';
    free(server->last_body.data);
    free(server->last_structured.data);
    server->last_body = server->last_structured = (struct kept){NULL, 0};
}

static void remember(struct server *server, const struct request_head *head, const char *body, bool is_structured)
{
    struct kept *kept = is_structured ? &server->last_structured : &server->last_body;
    char *copy = realloc(kept->data, head->body_bytes + 1);

    server->requests += !is_structured;
    server->structured += is_structured;
    memcpy(server->last_authorization, head->authorization, sizeof(head->authorization));
    if (!copy)
        return;
    memcpy(copy, body, head->body_bytes);
    *kept = (struct kept){copy, head->body_bytes};
}

static void begin_reply(struct connection *c, const struct request_head *head)
{
    struct server *server = c->server;
    const char *body = c->in.data + head->head_bytes;

    bool is_good = reply_begin(&c->reply, &server->times, ++server->next_id, body, head->body_bytes);

    remember(server, head, body, is_good && c->reply.is_structured);
    if (is_good && !strcmp(head->authorization, "Bearer bad")) {
        reply_release(&c->reply);
        answer_error(c, 401, "Incorrect API key provided.");
        return;
    }
    if (!is_good) {
        answer_error(c, 400, "The body is no chat completion request.");
        return;
    }
    c->replying = true;
    server->in_flight += !c->reply.is_structured;
    if (server->in_flight > server->max_in_flight)
        server->max_in_flight = server->in_flight;
    c->state = REPLYING;
    if (c->reply.script.has[D_DELAY]) {
        c->state = PAUSED;
        timer_start(server, c, c->reply.script.n[D_DELAY]);
    }
}

static void dispatch(struct connection *c, const struct request_head *head)
{
    bool post = !strcmp(head->method, "POST");

    if (post && !strcmp(head->path, "/v1/chat/completions")) {
        begin_reply(c, head);
    } else if (!strcmp(head->method, "GET") && !strcmp(head->path, "/stats")) {
        answer_stats(c);
    } else if (post && !strcmp(head->path, "/reset")) {
        reset(c->server);
        answer(c, 200, "{}\n");
    } else {
        answer_error(c, 404, "Unknown request URL.");
    }
}

/* Take one request out of in, if it is whole. */
static void take_request(struct connection *c)
{
    struct request_head head;

    if (!read_head(c, &head)) {
        if (c->in.len > MAX_HEAD_BYTES)
            c->state = CLOSING;
        return;
    }
    c->keep_alive = head.keep_alive;
    if (head.chunked || head.body_bytes > MAX_BODY_BYTES) {
        answer_error(c, head.chunked ? 411 : 413, "A body of known and bounded length is needed.");
        c->keep_alive = false;
        return;
    }
    if (c->in.len < head.head_bytes + head.body_bytes) {
        if (head.expects_continue && !c->continued)
            buf_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
        c->continued = true;
        return;
    }
    c->continued = false;
    dispatch(c, &head);
    buf_consume(&c->in, head.head_bytes + head.body_bytes);
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
            setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
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
