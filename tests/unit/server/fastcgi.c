/* What arrives on a FastCGI connection: whole requests, broken ones, and what is none. */
#include "server/fastcgi.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scene.h"

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
    {"HTTP_ORIGIN", "https://canvas.example.edu"},
    {"HTTP_SEC_FETCH_SITE", "same-origin"},
    {"REMOTE_USER", "ada"},
    {"HTTP_USER_AGENT", "Browser/1.0"},
    {"HTTP_REMOTE_USER", "a client's header of that name would come as this, and is not looked at"},
    {"REQUEST_ID", "0123456789abcdef"},
};

static void test_a_request(void)
{
    struct scene s;

    scene_start(&s, &scene_small);
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
    ASSERT_TEXT(req->origin, "https://canvas.example.edu");
    ASSERT_TEXT(req->sec_fetch_site, "same-origin");
    ASSERT_TEXT(req->remote_user, "ada");
    ASSERT_TEXT(req->user_agent, "Browser/1.0");
    ASSERT_TEXT(req->ctx.request_id, "0123456789abcdef");
    ASSERT_TEXT(req->body, "{\"a\":1}");
    CU_ASSERT_TRUE(req->body_len == 7 && !req->body_too_large);
    fastcgi_finish(&s.conn);
    ASSERT_TEXT(req->path, "/api/v1/courses/7/ai_experiences"); /* the request outlives its connection */
    scene_finish(&s);
}

/* Strings that are absent are "", or NULL where the header says so; nginx sends an absent header as an empty one. */
static void test_what_is_absent(void)
{
    static const struct pair get[] = {{"REQUEST_METHOD", "GET"}, {"DOCUMENT_URI", "/health"}};
    static const struct pair empty[] = {
        {"REQUEST_METHOD", "GET"}, {"DOCUMENT_URI", "/health"}, {"QUERY_STRING", ""},
        {"CONTENT_TYPE", ""},      {"CONTENT_LENGTH", ""},      {"HTTP_AUTHORIZATION", ""},
        {"HTTP_COOKIE", ""},       {"REQUEST_ID", ""},          {"REMOTE_USER", ""}};
    static const struct {
        const char *name;
        const struct pair *pairs;
        size_t n;
    } rows[] = {{"absent", get, LEN(get)}, {"empty", empty, LEN(empty)}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        scene_start(&s, &scene_small);

        put_request(&s.sent, rows[i].pairs, rows[i].n, "", 0, 1);
        CU_ASSERT_TRUE(send_bytes(s.client, &s.sent));
        ROW_ASSERT(rows[i].name, fastcgi_read(&s.conn, s.fd, &s.req) == CQ_OK);
        ROW_ASSERT(rows[i].name, str_eq(s.req.query, "") && str_eq(s.req.content_type, "") && str_eq(s.req.accept, ""));
        ROW_ASSERT(rows[i].name, str_eq(s.req.scheme, "https") && str_eq(s.req.ctx.request_id, "-"));
        ROW_ASSERT(rows[i].name, !s.req.authorization && !s.req.cookie && !s.req.csrf_token && !s.req.idempotency_key);
        ROW_ASSERT(rows[i].name, !s.req.origin && !s.req.sec_fetch_site && !s.req.remote_user);
        ROW_ASSERT(rows[i].name, str_eq(s.req.body, "") && s.req.body_len == 0 && !s.req.body_too_large);
        fastcgi_finish(&s.conn);
        scene_finish(&s);
    }
}

/* A value of more than 127 bytes has a longer length; one of more than the reader's buffer comes in pieces. */
static void test_long_params(void)
{
    static const size_t lens[] = {126, 127, 128, 129, 255, 256, 8000, 8192, 8193, 40000};

    for (size_t i = 0; i < LEN(lens); i++) {
        struct scene s;

        scene_start(&s, &scene_small);
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
        scene_finish(&s);
        free(query);
    }
}

struct body_case {
    const char *name;
    const struct config *config;
    const char *content_length;
    size_t len, piece_bytes;
    bool too_large, is_lost;
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

    scene_start(&s, row->config);
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
    ROW_ASSERT(row->name, s.req.body_is_lost == row->is_lost);
    ROW_ASSERT(row->name, s.req.body_len == (row->too_large || row->is_lost ? 0 : row->len));
    ROW_ASSERT(row->name, memcmp(s.req.body, body, s.req.body_len) == 0 && !s.req.body[s.req.body_len]);
    fastcgi_finish(&s.conn);
    scene_finish(&s);
    free(body);
}

static void test_bodies(void)
{
    // clang-format off
    static const struct body_case rows[] = {
        {"one byte",                    &scene_small, "1",       1,       65535, false, false},
        {"in pieces of one byte",       &scene_small, "1000",    1000,    1,     false, false},
        {"as long as allowed",          &scene_small, "1024",    1024,    65535, false, false},
        {"one byte longer",             &scene_small, "1025",    1025,    65535, true, false},
        {"longer than allowed",         &scene_small, "300000",  300000,  65535, true, false},
        {"a length that is none",       &scene_small, "seven",   7,       65535, true, false},
        {"a negative length",           &scene_small, "-7",      7,       65535, true, false},
        {"a length beyond 64 bits",     &scene_small, "99999999999999999999", 7, 65535, true, false},
        {"the reader's buffer",         &scene_large, "8192",    8192,    65535, false, false},
        {"a record",                    &scene_large, "65535",   65535,   65535, false, false},
        {"a record and a byte",         &scene_large, "65536",   65536,   65535, false, false},
        {"as large as memory takes",    &scene_large, "1048576", 1048576, 32768, false, false},
        {"one byte larger",             &scene_large, "1048577", 1048577, 32768, false, false},
        {"whole pages",                 &scene_large, "1052672", 1052672, 65535, false, false},
        {"5 MB as nginx sends it",      &scene_large, "5000000", 5000000, 32768, false, false},
        {"no disk, none needed",        &scene_full,  "1048576", 1048576, 32768, false, false},
        {"no disk",                     &scene_full,  "5000000", 5000000, 32768, false, true},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(rows); i++)
        check_body(&rows[i]);
}

/*
 * Nothing of the request is left unread, wherever the reader's buffer ends: a client would see a reset instead of the
 * end.
 */
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

        scene_start(&s, &scene_large);
        put_request(&s.sent, pairs, LEN(pairs), body, len, len);
        CU_ASSERT_TRUE(send_bytes(s.client, &s.sent));
        CU_ASSERT_EQUAL(fastcgi_read(&s.conn, s.fd, &s.req), CQ_OK);
        fastcgi_abort(&s.conn);
        receive_all(s.client, &s.got, &is_closed);
        CU_ASSERT_TRUE(is_closed);
        scene_finish(&s);
    }
    free(body);
}

/* What is refused anyway is read without its body, and waited for only as long as is said. */
static void test_skim(void)
{
    enum { LIMIT_MS = 500, BODY_BYTES = 100000 };
    static const struct pair pairs[] = {
        {"REQUEST_METHOD", "POST"}, {"DOCUMENT_URI", "/a"}, {"CONTENT_LENGTH", "100000"}};
    static const struct {
        const char *name;
        size_t missing;
        enum cq_status want;
    } rows[] = {
        {"whole", 0, CQ_OK}, {"its end is missing", 8, CQ_INVALID_REQUEST}, {"half", 50000, CQ_INVALID_REQUEST}};
    char *body = calloc(1, BODY_BYTES);

    CU_ASSERT_PTR_NOT_NULL_FATAL(body);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        scene_start(&s, &scene_large);
        put_request(&s.sent, pairs, LEN(pairs), body, BODY_BYTES, 32768);
        s.sent.len -= rows[i].missing;
        CU_ASSERT_TRUE(send_bytes(s.client, &s.sent));
        int64_t began_ms = clock_mono_ms();

        ROW_ASSERT(rows[i].name, fastcgi_skim(&s.conn, s.fd, &s.req, LIMIT_MS) == rows[i].want);
        ROW_ASSERT(rows[i].name, clock_mono_ms() - began_ms < HANG_MS);
        ROW_ASSERT(rows[i].name, str_eq(s.req.path, "/a") && s.req.body_len == 0);
        fastcgi_abort(&s.conn);
        scene_finish(&s);
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

        scene_start(&s, &scene_small);
        buf_append(&s.sent, whole.data, len);
        CU_ASSERT_TRUE(send_bytes(s.client, &s.sent));
        scene_close_client(&s);
        CU_ASSERT_EQUAL(fastcgi_read(&s.conn, s.fd, &s.req), is_whole ? CQ_OK : CQ_INVALID_REQUEST);
        CU_ASSERT_EQUAL(s.conn.is_open, is_whole);
        fastcgi_abort(&s.conn);
        scene_finish(&s);
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

        scene_start(&s, &scene_small);
        int64_t began_ms = clock_mono_ms();
        bool is_closed;

        CU_ASSERT_EQUAL(read_these(&s, whole.data, lens[i]), CQ_INVALID_REQUEST);
        CU_ASSERT_TRUE(clock_mono_ms() - began_ms < HANG_MS);
        receive_all(s.client, &s.got, &is_closed);
        CU_ASSERT_TRUE(is_closed);
        scene_finish(&s);
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
        {"two of 2 GB",        BYTES("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0" "\1\4\0\1\0\10\0\0\377\377\377\377\377\377\377\377" "\1\4\0\1\0\0\0\0")},
        {"no request's",       BYTES("\1\11\0\0\0\0\0\0" "\1\1\0\0\0\10\0\0\0\1\0\0\0\0\0\0")},
        {"a value cut off",    BYTES("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0" "\1\4\0\1\0\4\0\0\1\11ab" "\1\4\0\1\0\0\0\0")},
#undef BYTES
    };
    // clang-format on
    const struct timeval soon = {.tv_usec = 50000}; /* the client stays: this ends the waiting for more */

    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        scene_start(&s, &scene_small);
        setsockopt(s.fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
        int64_t began_ms = clock_mono_ms();

        ROW_ASSERT(rows[i].name, read_these(&s, rows[i].bytes, rows[i].len) == CQ_INVALID_REQUEST);
        ROW_ASSERT(rows[i].name, clock_mono_ms() - began_ms < HANG_MS);
        scene_finish(&s);
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

        scene_start(&s, &scene_small);

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
        scene_finish(&s);
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

SUITE(fastcgi, {"a request", test_a_request}, {"what is absent", test_what_is_absent},
      {"long params", test_long_params}, {"bodies", test_bodies}, {"skim", test_skim}, {"no reset", test_no_reset},
      {"cut short anywhere", test_cut_short_anywhere}, {"silence", test_silence}, {"garbage", test_garbage},
      {"changed bytes", test_changed_bytes}, {"nobody is there", test_nobody_is_there});
