/* One FastCGI connection: what arrives, whole or broken, and what the client gets. */
#include "server/fastcgi.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "records.h"
#include "unit.h"

enum { BODY_MAX_BYTES = 1024, HANG_MS = 3000 };

static const struct config small = {.limits = {.request_body_max_bytes = BODY_MAX_BYTES}};
static const struct config large = {.limits = {.request_body_max_bytes = 32 << 20}};

/* Both sides of one connection. */
struct scene {
    int listener, client; /* client: -1 once it is closed */
    int fd;               /* accepted */
    int next_fd;          /* before anything was opened: nothing may be left open */
    struct fastcgi conn;
    struct request req;
    struct buf sent, got;
};

/* The number that the next descriptor would have. */
static int next_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    close(fd);
    return fd;
}

/* libfcgi keeps pointers to conn: a scene stays where it is. */
static void start(struct scene *s, const struct config *config)
{
    *s = (struct scene){.next_fd = next_fd()};

    CU_ASSERT_EQUAL_FATAL(fastcgi_init(), CQ_OK);
    s->listener = listen_here();
    CU_ASSERT_TRUE_FATAL(s->listener >= 0);
    s->client = connect_here(s->listener);
    s->fd = fastcgi_accept(s->listener);
    CU_ASSERT_TRUE_FATAL(s->client >= 0 && s->fd >= 0);
    s->req = (struct request){.ctx = *unit_ctx(), .config = config};
    buf_init(&s->sent, 8 << 20);
    buf_init(&s->got, 16 << 20);
}

static void close_client(struct scene *s)
{
    if (s->client >= 0)
        close(s->client);
    s->client = -1;
}

/* To be called when the server's side is closed. */
static void finish(struct scene *s)
{
    CU_ASSERT_FALSE(s->conn.is_open);
    close_client(s);
    close(s->listener);
    buf_release(&s->sent);
    buf_release(&s->got);
    CU_ASSERT_EQUAL(next_fd(), s->next_fd);
}

/* ---- reading ---- */

static const struct pair POST_PAIRS[] = {
    {"REQUEST_METHOD", "POST"},
    {"DOCUMENT_URI", "/api/v1/courses/7/ai_experiences"},
    {"QUERY_STRING", "a=%20b&c[]=1"},
    {"REQUEST_SCHEME", "http"},
    {"HTTP_HOST", "canvas.example.edu:8443"},
    {"REMOTE_ADDR", "192.0.2.7"},
    {"CONTENT_TYPE", "application/json"},
    {"CONTENT_LENGTH", "7"},
    {"HTTP_ACCEPT", "text/event-stream"},
    {"HTTP_AUTHORIZATION", "Bearer abc"},
    {"HTTP_COOKIE", "a=b"},
    {"HTTP_X_CSRF_TOKEN", "csrf"},
    {"HTTP_IDEMPOTENCY_KEY", "key"},
    {"REQUEST_ID", "0123456789abcdef"},
};

static void test_a_request(void)
{
    struct scene s;

    start(&s, &small);
    struct request *req = &s.req;

    put_request(&s.sent, POST_PAIRS, LEN(POST_PAIRS), "{\"a\":1}", 7, 7);
    CU_ASSERT_TRUE(send_bytes(s.client, &s.sent));
    CU_ASSERT_EQUAL(fastcgi_read(&s.conn, s.fd, req), CQ_OK);
    CU_ASSERT_EQUAL(req->method, HTTP_POST);
    ASSERT_TEXT(req->path, "/api/v1/courses/7/ai_experiences");
    ASSERT_TEXT(req->query, "a=%20b&c[]=1");
    ASSERT_TEXT(req->scheme, "http");
    ASSERT_TEXT(req->host, "canvas.example.edu:8443");
    ASSERT_TEXT(req->remote_addr, "192.0.2.7");
    ASSERT_TEXT(req->content_type, "application/json");
    ASSERT_TEXT(req->accept, "text/event-stream");
    ASSERT_TEXT(req->authorization, "Bearer abc");
    ASSERT_TEXT(req->cookie, "a=b");
    ASSERT_TEXT(req->csrf_token, "csrf");
    ASSERT_TEXT(req->idempotency_key, "key");
    ASSERT_TEXT(req->ctx.request_id, "0123456789abcdef");
    ASSERT_TEXT(req->body, "{\"a\":1}");
    CU_ASSERT_TRUE(req->body_len == 7 && !req->body_too_large);
    fastcgi_finish(&s.conn);
    ASSERT_TEXT(req->path, "/api/v1/courses/7/ai_experiences"); /* the request outlives its connection */
    finish(&s);
}

/* Strings that are absent are "", or NULL where the header says so; nginx sends an absent header as an empty one. */
static void test_what_is_absent(void)
{
    static const struct pair get[] = {{"REQUEST_METHOD", "GET"}, {"DOCUMENT_URI", "/health"}};
    static const struct pair empty[] = {
        {"REQUEST_METHOD", "GET"}, {"DOCUMENT_URI", "/health"}, {"QUERY_STRING", ""}, {"CONTENT_TYPE", ""},
        {"CONTENT_LENGTH", ""},    {"HTTP_AUTHORIZATION", ""},  {"HTTP_COOKIE", ""},  {"REQUEST_ID", ""}};
    static const struct {
        const char *name;
        const struct pair *pairs;
        size_t n;
    } rows[] = {{"absent", get, LEN(get)}, {"empty", empty, LEN(empty)}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        start(&s, &small);

        put_request(&s.sent, rows[i].pairs, rows[i].n, "", 0, 1);
        CU_ASSERT_TRUE(send_bytes(s.client, &s.sent));
        ROW_ASSERT(rows[i].name, fastcgi_read(&s.conn, s.fd, &s.req) == CQ_OK);
        ROW_ASSERT(rows[i].name, str_eq(s.req.query, "") && str_eq(s.req.content_type, "") && str_eq(s.req.accept, ""));
        ROW_ASSERT(rows[i].name, str_eq(s.req.scheme, "https") && str_eq(s.req.ctx.request_id, "-"));
        ROW_ASSERT(rows[i].name, !s.req.authorization && !s.req.cookie && !s.req.csrf_token && !s.req.idempotency_key);
        ROW_ASSERT(rows[i].name, str_eq(s.req.body, "") && s.req.body_len == 0 && !s.req.body_too_large);
        fastcgi_finish(&s.conn);
        finish(&s);
    }
}

/* A value of more than 127 bytes has a longer length; one of more than libfcgi's buffer comes in pieces. */
static void test_long_params(void)
{
    static const size_t lens[] = {126, 127, 128, 129, 255, 256, 8000, 8192, 8193, 40000};

    for (size_t i = 0; i < LEN(lens); i++) {
        struct scene s;

        start(&s, &small);
        char *query = malloc(lens[i] + 1);

        CU_ASSERT_PTR_NOT_NULL_FATAL(query);
        memset(query, 'q', lens[i]);
        query[lens[i]] = '\0';
        const struct pair pairs[] = {{"REQUEST_METHOD", "GET"}, {"QUERY_STRING", query}, {"DOCUMENT_URI", "/a"}};

        put_request(&s.sent, pairs, LEN(pairs), "", 0, 1);
        CU_ASSERT_TRUE(send_bytes(s.client, &s.sent));
        CU_ASSERT_EQUAL(fastcgi_read(&s.conn, s.fd, &s.req), CQ_OK);
        CU_ASSERT_TRUE(str_eq(s.req.query, query) && str_eq(s.req.path, "/a"));
        fastcgi_finish(&s.conn);
        finish(&s);
        free(query);
    }
}

struct body_case {
    const char *name;
    const struct config *config;
    const char *content_length;
    size_t len, piece_bytes;
    bool too_large;
};

/* Sends from a thread: a body may be larger than the socket's buffer. */
static void *send_all(void *arg)
{
    struct scene *s = arg;

    return send_bytes(s->client, &s->sent) ? s : NULL;
}

static void check_body(const struct body_case *row)
{
    const struct pair pairs[] = {{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", row->content_length}};
    struct scene s;

    start(&s, row->config);
    char *body = malloc(row->len + 1);
    void *is_sent = NULL;
    pthread_t thread;

    CU_ASSERT_PTR_NOT_NULL_FATAL(body);
    for (size_t i = 0; i < row->len; i++)
        body[i] = (char)(i * 31 % 251);
    put_request(&s.sent, pairs, LEN(pairs), body, row->len, row->piece_bytes);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, send_all, &s), 0);
    ROW_ASSERT(row->name, fastcgi_read(&s.conn, s.fd, &s.req) == CQ_OK);
    pthread_join(thread, &is_sent);
    ROW_ASSERT(row->name, is_sent != NULL);
    ROW_ASSERT(row->name, s.req.body_too_large == row->too_large);
    ROW_ASSERT(row->name, s.req.body_len == (row->too_large ? 0 : row->len));
    ROW_ASSERT(row->name, memcmp(s.req.body, body, s.req.body_len) == 0 && !s.req.body[s.req.body_len]);
    fastcgi_finish(&s.conn);
    finish(&s);
    free(body);
}

static void test_bodies(void)
{
    // clang-format off
    static const struct body_case rows[] = {
        {"one byte",                    &small, "1",       1,       65535, false},
        {"in pieces of one byte",       &small, "1000",    1000,    1,     false},
        {"as long as allowed",          &small, "1024",    1024,    65535, false},
        {"one byte longer",             &small, "1025",    1025,    65535, true},
        {"longer than allowed",         &small, "300000",  300000,  65535, true},
        {"a length that is none",       &small, "seven",   7,       65535, true},
        {"a negative length",           &small, "-7",      7,       65535, true},
        {"a length beyond 64 bits",     &small, "99999999999999999999", 7, 65535, true},
        {"libfcgi's buffer",            &large, "8192",    8192,    65535, false},
        {"a record",                    &large, "65535",   65535,   65535, false},
        {"a record and a byte",         &large, "65536",   65536,   65535, false},
        {"5 MB as nginx sends it",      &large, "5000000", 5000000, 32768, false},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(rows); i++)
        check_body(&rows[i]);
}

/* Nothing of the request is left unread, wherever libfcgi's buffer ends: a client would see a reset instead of the end. */
static void test_no_reset(void)
{
    enum { FIRST = 8000, LAST = 8200 };
    char *body = calloc(1, LAST);

    CU_ASSERT_PTR_NOT_NULL_FATAL(body);
    for (size_t len = FIRST; len < LAST; len++) {
        char length[16];
        struct scene s;
        bool is_closed;

        snprintf(length, sizeof(length), "%zu", len);
        const struct pair pairs[] = {{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", length}};

        start(&s, &large);
        put_request(&s.sent, pairs, LEN(pairs), body, len, len);
        CU_ASSERT_TRUE(send_bytes(s.client, &s.sent));
        CU_ASSERT_EQUAL(fastcgi_read(&s.conn, s.fd, &s.req), CQ_OK);
        fastcgi_abort(&s.conn);
        receive_all(s.client, &s.got, &is_closed);
        CU_ASSERT_TRUE(is_closed);
        finish(&s);
    }
    free(body);
}

/* ---- what is no request ---- */

static enum cq_status read_these(struct scene *s, const char *bytes, size_t len)
{
    buf_append(&s->sent, bytes, len);
    CU_ASSERT_TRUE(send_bytes(s->client, &s->sent));
    return fastcgi_read(&s->conn, s->fd, &s->req);
}

/* A client that goes away, after each number of bytes: what it asked for is not done. */
static void test_cut_short_anywhere(void)
{
    static const struct pair pairs[] = {{"REQUEST_METHOD", "POST"}, {"DOCUMENT_URI", "/a"}, {"CONTENT_LENGTH", "10"}};
    struct buf whole;

    buf_init(&whole, 4096);
    put_request(&whole, pairs, LEN(pairs), "0123456789", 10, 6);
    for (size_t len = 0; len <= whole.len; len++) {
        struct scene s;
        bool is_whole = len == whole.len;

        start(&s, &small);
        buf_append(&s.sent, whole.data, len);
        CU_ASSERT_TRUE(send_bytes(s.client, &s.sent));
        close_client(&s);
        CU_ASSERT_EQUAL(fastcgi_read(&s.conn, s.fd, &s.req), is_whole ? CQ_OK : CQ_INVALID_REQUEST);
        CU_ASSERT_EQUAL(s.conn.is_open, is_whole);
        fastcgi_abort(&s.conn);
        finish(&s);
    }
    buf_release(&whole);
}

/* The same from a client that stays and says nothing more: it is waited for, but not for long. */
static void test_silence(void)
{
    static const struct pair pairs[] = {{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", "10"}};
    struct buf whole;

    buf_init(&whole, 4096);
    put_request(&whole, pairs, LEN(pairs), "0123456789", 10, 10);
    const size_t lens[] = {0, 20, whole.len - 12};

    for (size_t i = 0; i < LEN(lens); i++) {
        struct scene s;

        start(&s, &small);
        int64_t began_ms = clock_mono_ms();
        bool is_closed;

        CU_ASSERT_EQUAL(read_these(&s, whole.data, lens[i]), CQ_INVALID_REQUEST);
        CU_ASSERT_TRUE(clock_mono_ms() - began_ms < HANG_MS);
        receive_all(s.client, &s.got, &is_closed);
        CU_ASSERT_TRUE(is_closed);
        finish(&s);
    }
    buf_release(&whole);
}

static void test_garbage(void)
{
    // clang-format off
    static const struct {
        const char *name, *bytes;
        size_t len;
    } rows[] = {
#define BYTES(text) text, sizeof(text) - 1
        {"HTTP",               BYTES("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")},
        {"zeros",              BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")},
        {"ones",               BYTES("\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377")},
        {"another version",    BYTES("\2\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0")},
        {"params first",       BYTES("\1\4\0\1\0\4\0\0\1\1ab")},
        {"an unknown role",    BYTES("\1\1\0\1\0\10\0\0\0\77\0\0\0\0\0\0")},
        {"an unknown type",    BYTES("\1\77\0\1\0\10\0\0\0\1\0\0\0\0\0\0")},
        {"a begin too short",  BYTES("\1\1\0\1\0\2\0\0\0\1")},
        {"stdin for params",   BYTES("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0" "\1\5\0\1\0\4\0\0\1\1ab")},
        {"an abort",           BYTES("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0" "\1\2\0\1\0\0\0\0")},
        {"another request's",  BYTES("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0" "\1\4\0\2\0\4\0\0\1\1ab" "\1\4\0\2\0\0\0\0")},
        {"a name of 2 GB",     BYTES("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0" "\1\4\0\1\0\6\0\0\377\377\377\377\1a" "\1\4\0\1\0\0\0\0")},
        {"a value cut off",    BYTES("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0" "\1\4\0\1\0\4\0\0\1\11ab" "\1\4\0\1\0\0\0\0")},
#undef BYTES
    };
    // clang-format on
    const struct timeval soon = {.tv_usec = 50000}; /* the client stays: this ends the waiting for more */

    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        start(&s, &small);
        setsockopt(s.fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
        int64_t began_ms = clock_mono_ms();

        ROW_ASSERT(rows[i].name, read_these(&s, rows[i].bytes, rows[i].len) == CQ_INVALID_REQUEST);
        ROW_ASSERT(rows[i].name, clock_mono_ms() - began_ms < HANG_MS);
        finish(&s);
    }
}

/* A good request with a few bytes changed: read or refused, but never a crash, a hang or a descriptor left open. */
static void test_changed_bytes(void)
{
    struct buf whole;
    uint32_t seed = 1;

    buf_init(&whole, 4096);
    put_request(&whole, POST_PAIRS, LEN(POST_PAIRS), "{\"a\":1}", 7, 3);
    for (int i = 0; i < 300; i++) {
        struct scene s;

        start(&s, &small);

        buf_append(&s.sent, whole.data, whole.len);
        for (int k = 0; k < 3; k++) {
            seed = seed * 1664525 + 1013904223;
            s.sent.data[(seed >> 8) % s.sent.len] = (char)(seed >> 24);
        }
        CU_ASSERT_TRUE(send_bytes(s.client, &s.sent));
        shutdown(s.client, SHUT_WR);
        enum cq_status st = fastcgi_read(&s.conn, s.fd, &s.req);

        CU_ASSERT_TRUE(st == CQ_OK || st == CQ_INVALID_REQUEST);
        CU_ASSERT_EQUAL(s.conn.is_open, st == CQ_OK);
        fastcgi_abort(&s.conn);
        finish(&s);
    }
    buf_release(&whole);
}

static void test_nobody_is_there(void)
{
    int listener = listen_here();

    CU_ASSERT_TRUE_FATAL(listener >= 0);
    CU_ASSERT_EQUAL(fastcgi_accept(listener), -1);
    close(listener);
}

/* ---- answering ---- */

static void start_answer(struct scene *s)
{
    static const struct pair pairs[] = {
        {"REQUEST_METHOD", "GET"}, {"DOCUMENT_URI", "/a"}, {"REQUEST_ID", "0123456789abcdef"}};

    start(s, &small);

    put_request(&s->sent, pairs, LEN(pairs), "", 0, 1);
    CU_ASSERT_TRUE(send_bytes(s->client, &s->sent));
    CU_ASSERT_EQUAL_FATAL(fastcgi_read(&s->conn, s->fd, &s->req), CQ_OK);
}

/* A body of len bytes for an answer of status 200. */
static void make_body(struct request *req, size_t len)
{
    struct json_out out = response_json(req, 200);

    for (size_t i = 0; i < len; i++)
        buf_char(out.buf, (char)('a' + i % 26));
}

static struct answer receive(struct scene *s)
{
    bool is_closed;

    receive_all(s->client, &s->got, &is_closed);
    CU_ASSERT_TRUE(is_closed);
    return read_records(&s->got);
}

static void test_an_answer(void)
{
    struct scene s;

    start_answer(&s);
    struct json_out out = response_json(&s.req, 201);

    json_text(&out, "hello");
    response_header(&s.req, "Link", "<https://a.example/>; rel=\"next\"");
    CU_ASSERT_TRUE(fastcgi_has_output(&s.conn, &s.req));
    CU_ASSERT_TRUE(fastcgi_send_all(&s.conn, &s.req, HANG_MS));
    CU_ASSERT_FALSE(fastcgi_has_output(&s.conn, &s.req));
    fastcgi_finish(&s.conn);

    struct answer answer = receive(&s);
    CU_ASSERT_TRUE(answer.is_whole && answer.is_ended);
    ASSERT_TEXT(answer.text.data, "Status: 201 Created\r\n"
                                  "Content-Type: application/json; charset=utf-8\r\n"
                                  "Content-Length: 7\r\n"
                                  "Cache-Control: no-store\r\n"
                                  "X-Request-Id: 0123456789abcdef\r\n"
                                  "X-Request-Context-Id: 0123456789abcdef\r\n"
                                  "Link: <https://a.example/>; rel=\"next\"\r\n"
                                  "\r\n"
                                  "\"hello\"");
    buf_release(&answer.text);
    finish(&s);
}

/* Each piece is there for the client at once, before the next one is made; no length is told. */
static void test_a_stream(void)
{
    struct scene s;

    start_answer(&s);
    char piece[4096];

    CU_ASSERT_FALSE(fastcgi_has_output(&s.conn, &s.req)); /* not answered yet */
    response_json(&s.req, 200);
    s.req.response.content_type = "text/event-stream; charset=utf-8";
    s.req.response.is_stream = true;
    CU_ASSERT_TRUE(fastcgi_has_output(&s.conn, &s.req)); /* the head */
    CU_ASSERT_TRUE(fastcgi_send_some(&s.conn, &s.req));
    CU_ASSERT_FALSE(fastcgi_has_output(&s.conn, &s.req));
    CU_ASSERT_TRUE(recv(s.client, piece, sizeof(piece), MSG_DONTWAIT) > 0);
    for (int i = 0; i < 3; i++) {
        buf_str(s.req.response.body, "data: 1\n\n");
        CU_ASSERT_TRUE(fastcgi_send_some(&s.conn, &s.req));
        ssize_t n = recv(s.client, piece, sizeof(piece), MSG_DONTWAIT);

        CU_ASSERT_TRUE(n > 0 && memmem(piece, (size_t)n, "data: 1\n\n", 9));
        CU_ASSERT_EQUAL(s.req.response.body->len, 0);
    }
    fastcgi_finish(&s.conn);
    struct answer rest = receive(&s);

    CU_ASSERT_TRUE(rest.is_ended && rest.text.len == 0);
    buf_release(&rest.text);
    finish(&s);
}

static void test_the_head_of_a_stream(void)
{
    struct scene s;

    start_answer(&s);

    response_json(&s.req, 200);
    s.req.response.content_type = "text/event-stream; charset=utf-8";
    s.req.response.is_stream = true;
    CU_ASSERT_TRUE(fastcgi_send_all(&s.conn, &s.req, HANG_MS));
    fastcgi_finish(&s.conn);
    struct answer answer = receive(&s);

    CU_ASSERT_PTR_NOT_NULL(strstr(answer.text.data, "Content-Type: text/event-stream; charset=utf-8\r\n"));
    CU_ASSERT_PTR_NULL(strstr(answer.text.data, "Content-Length"));
    buf_release(&answer.text);
    finish(&s);
}

static void *receive_in_thread(void *arg)
{
    struct scene *s = arg;
    bool is_closed;

    receive_all(s->client, &s->got, &is_closed);
    return is_closed ? s : NULL;
}

static void test_a_large_answer(void)
{
    enum { LARGE_BYTES = 3 << 20 };
    struct scene s;

    start_answer(&s);
    void *is_closed = NULL;
    pthread_t thread;

    make_body(&s.req, LARGE_BYTES);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, receive_in_thread, &s), 0);
    CU_ASSERT_TRUE(fastcgi_send_all(&s.conn, &s.req, HANG_MS));
    fastcgi_finish(&s.conn);
    pthread_join(thread, &is_closed);

    struct answer answer = read_records(&s.got);
    const char *body = strstr(answer.text.data, "\r\n\r\n");

    CU_ASSERT_TRUE(is_closed && answer.is_whole && answer.is_ended);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer.text.data, "Content-Length: 3145728\r\n"));
    CU_ASSERT_TRUE(body && strlen(body + 4) == LARGE_BYTES);
    for (size_t i = 0; body && i < LARGE_BYTES; i += 4093)
        CU_ASSERT_EQUAL(body[4 + i], (char)('a' + i % 26));
    buf_release(&answer.text);
    finish(&s);
}

/* Closed without an end: nginx must not take what came for the whole answer. */
static void test_an_abort(void)
{
    struct scene s;

    start_answer(&s);

    make_body(&s.req, 10);
    CU_ASSERT_TRUE(fastcgi_send_all(&s.conn, &s.req, HANG_MS));
    fastcgi_abort(&s.conn);
    fastcgi_abort(&s.conn); /* again, or after the end, it does nothing */
    fastcgi_finish(&s.conn);
    struct answer answer = receive(&s);

    CU_ASSERT_FALSE(answer.is_ended);
    buf_release(&answer.text);
    finish(&s);
}

/* ---- clients that do not want it ---- */

static void test_a_client_that_is_gone(void)
{
    struct scene s;

    start_answer(&s);

    close_client(&s);
    make_body(&s.req, 100000);
    CU_ASSERT_FALSE(fastcgi_send_all(&s.conn, &s.req, HANG_MS));
    CU_ASSERT_FALSE(s.conn.is_open || fastcgi_has_output(&s.conn, &s.req));
    fastcgi_finish(&s.conn);
    finish(&s);
}

/* It is waited for as long as the caller says, whatever went on before. */
static void test_a_client_that_does_not_read(void)
{
    static const struct {
        const char *name;
        int errno_before;
    } rows[] = {{"nothing before", 0}, {"a signal before", EINTR}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        start_answer(&s);
        int64_t began_ms = clock_mono_ms();

        make_body(&s.req, 2 << 20);
        errno = rows[i].errno_before;
        ROW_ASSERT(rows[i].name, !fastcgi_send_all(&s.conn, &s.req, 50));
        ROW_ASSERT(rows[i].name, clock_mono_ms() - began_ms < HANG_MS);
        fastcgi_abort(&s.conn);
        finish(&s);
    }
}

SUITE(fastcgi, {"a request", test_a_request}, {"what is absent", test_what_is_absent},
      {"long params", test_long_params}, {"bodies", test_bodies}, {"no reset", test_no_reset},
      {"cut short anywhere", test_cut_short_anywhere}, {"silence", test_silence}, {"garbage", test_garbage},
      {"changed bytes", test_changed_bytes}, {"nobody is there", test_nobody_is_there}, {"an answer", test_an_answer},
      {"a stream", test_a_stream}, {"the head of a stream", test_the_head_of_a_stream},
      {"a large answer", test_a_large_answer}, {"an abort", test_an_abort},
      {"a client that is gone", test_a_client_that_is_gone},
      {"a client that does not read", test_a_client_that_does_not_read});
