/* What a FastCGI client is sent, at once or in pieces, whether it reads it or not. */
#include "server/fastcgi.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scene.h"

static void start_answer(struct scene *s)
{
    static const struct pair pairs[] = {
        {"REQUEST_METHOD", "GET"}, {"DOCUMENT_URI", "/a"}, {"REQUEST_ID", "0123456789abcdef"}};

    scene_start(s, &scene_small);

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
    CU_ASSERT_TRUE(fastcgi_answer(&s.conn, &s.req, HANG_MS));
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
    scene_finish(&s);
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
    scene_finish(&s);
}

static void test_the_head_of_a_stream(void)
{
    struct scene s;

    start_answer(&s);

    response_json(&s.req, 200);
    s.req.response.content_type = "text/event-stream; charset=utf-8";
    s.req.response.is_stream = true;
    CU_ASSERT_TRUE(fastcgi_answer(&s.conn, &s.req, HANG_MS));
    fastcgi_finish(&s.conn);
    struct answer answer = receive(&s);

    CU_ASSERT_PTR_NOT_NULL(strstr(answer.text.data, "Content-Type: text/event-stream; charset=utf-8\r\n"));
    CU_ASSERT_PTR_NULL(strstr(answer.text.data, "Content-Length"));
    buf_release(&answer.text);
    scene_finish(&s);
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
    CU_ASSERT_TRUE(fastcgi_answer(&s.conn, &s.req, HANG_MS));
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
    scene_finish(&s);
}

/* Closed without an end: nginx must not take what came for the whole answer. */
static void test_an_abort(void)
{
    struct scene s;

    start_answer(&s);

    make_body(&s.req, 10);
    CU_ASSERT_TRUE(fastcgi_send_some(&s.conn, &s.req));
    CU_ASSERT_FALSE(fastcgi_has_output(&s.conn, &s.req));
    fastcgi_abort(&s.conn);
    fastcgi_abort(&s.conn); /* again, or after the end, it does nothing */
    fastcgi_finish(&s.conn);
    struct answer answer = receive(&s);

    CU_ASSERT_FALSE(answer.is_ended);
    buf_release(&answer.text);
    scene_finish(&s);
}

/* ---- clients that do not want it ---- */

static void test_a_client_that_is_gone(void)
{
    struct scene s;

    start_answer(&s);

    scene_close_client(&s);
    make_body(&s.req, 100000);
    CU_ASSERT_FALSE(fastcgi_answer(&s.conn, &s.req, HANG_MS));
    CU_ASSERT_FALSE(s.conn.is_open || fastcgi_has_output(&s.conn, &s.req));
    fastcgi_finish(&s.conn);
    scene_finish(&s);
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
        ROW_ASSERT(rows[i].name, !fastcgi_answer(&s.conn, &s.req, 50));
        ROW_ASSERT(rows[i].name, clock_mono_ms() - began_ms < HANG_MS);
        fastcgi_abort(&s.conn);
        scene_finish(&s);
    }
}

SUITE(fastcgi_answer, {"an answer", test_an_answer}, {"a stream", test_a_stream},
      {"the head of a stream", test_the_head_of_a_stream}, {"a large answer", test_a_large_answer},
      {"an abort", test_an_abort}, {"a client that is gone", test_a_client_that_is_gone},
      {"a client that does not read", test_a_client_that_does_not_read});
