/* One question to the documents' process, which is played here: a listening socket, and what it does with who comes. */
#include "server/retrieval_call.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

enum { LISTEN_BACKLOG = 4, SHORT_MS = 10000 };

enum { LIMIT_MS = 5000 };

static const char ask[] = "{\"query\":\"where?\"}";
static char folder[64];

static void begin(void)
{
    snprintf(folder, sizeof(folder), "/tmp/colloquy-call-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static struct sockaddr_un address(void)
{
    struct sockaddr_un out = {.sun_family = AF_UNIX};

    snprintf(out.sun_path, sizeof(out.sun_path), "%s/documents.sock", folder);
    return out;
}

static int listen_there(int backlog)
{
    struct sockaddr_un at = address();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CU_ASSERT_TRUE_FATAL(fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)) && !listen(fd, backlog));
    return fd;
}

static void finish(int listener)
{
    struct sockaddr_un at = address();

    if (listener >= 0)
        close(listener);
    unlink(at.sun_path);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static struct retrieval_call call_begun(void)
{
    struct retrieval_call call;

    retrieval_call_start(&call, unit_ctx()->arena, folder, ask, strlen(ask), LIMIT_MS, clock_mono_ms());
    return call;
}

/* As the loop of a worker does, until it has ended or so much time has passed. */
static bool tend(struct retrieval_call *call, int64_t for_ms)
{
    int64_t until_ms = clock_mono_ms() + for_ms;

    while (!retrieval_call_tend(call, clock_mono_ms())) {
        struct pollfd fd = {.fd = call->fd, .events = retrieval_call_events(call)};
        int64_t now_ms = clock_mono_ms(), next_ms = retrieval_call_next_ms(call);

        if (now_ms >= until_ms)
            return false;
        next_ms = next_ms < until_ms ? next_ms : until_ms;
        poll(&fd, fd.events ? 1 : 0, next_ms > now_ms ? (int)(next_ms - now_ms) : 0);
    }
    return true;
}

/* Take who has come, and read his question; -1: nobody has, or it is another one. */
static int take_ask(int listener)
{
    uint8_t head[RETRIEVAL_HEAD_BYTES];
    char text[sizeof(ask)] = "";
    struct pollfd somebody = {.fd = listener, .events = POLLIN};
    int fd = poll(&somebody, 1, SHORT_MS) == 1 ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;

    if (fd >= 0 && recv(fd, head, sizeof(head), MSG_WAITALL) == sizeof(head) &&
        retrieval_get_len(head) == strlen(ask) && recv(fd, text, strlen(ask), MSG_WAITALL) == (ssize_t)strlen(ask) &&
        str_eq(text, ask))
        return fd;
    return -1;
}

static void give(int fd, const void *bytes, size_t len)
{
    CU_ASSERT_EQUAL(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* ---- what is answered ---- */

static void test_lengths(void)
{
    static const size_t lengths[] = {0, 1, 255, 256, 65537, RETRIEVAL_ANSWER_MAX_BYTES, 0xffffffff};
    uint8_t head[RETRIEVAL_HEAD_BYTES];

    for (size_t i = 0; i < LEN(lengths); i++) {
        retrieval_put_len(head, lengths[i]);
        CU_ASSERT_EQUAL(retrieval_get_len(head), lengths[i]);
    }
    retrieval_put_len(head, 258);
    CU_ASSERT_TRUE(head[0] == 0 && head[1] == 0 && head[2] == 1 && head[3] == 2);
}

/* However it is cut on its way. */
static void test_split(void)
{
    static const char answer[] = "\0\0\0\x0f{\"passages\":[]}";
    const size_t len = sizeof(answer) - 1;

    for (size_t at = 1; at < len; at++) {
        begin();
        int listener = listen_there(LISTEN_BACKLOG);
        struct retrieval_call call = call_begun();

        CU_ASSERT_FALSE(tend(&call, 1));
        int fd = take_ask(listener);
        CU_ASSERT_TRUE_FATAL(fd >= 0);
        give(fd, answer, at);
        CU_ASSERT_FALSE(tend(&call, 1));
        give(fd, answer + at, len - at);
        CU_ASSERT_TRUE(tend(&call, SHORT_MS));
        CU_ASSERT_TRUE(call.answer_len == len - RETRIEVAL_HEAD_BYTES && call.fd < 0);
        ASSERT_TEXT(call.answer, "{\"passages\":[]}");
        CU_ASSERT_EQUAL(retrieval_call_next_ms(&call), INT64_MAX);
        close(fd);
        finish(listener);
    }
}

/* Neither is waited for nor believed. */
static void test_impossible(void)
{
    static const struct {
        const char *name, *bytes;
        size_t len;
    } rows[] = {
        {"nothing", "\0\0\0\0", 4},
        {"too large", "\0\x40\0\x01", 4},
        {"another protocol", "HTTP/1.1 200 OK", 15},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        begin();
        int listener = listen_there(LISTEN_BACKLOG);
        struct retrieval_call call = call_begun();

        CU_ASSERT_FALSE(tend(&call, 1));
        int fd = take_ask(listener);
        give(fd, rows[i].bytes, rows[i].len);
        ROW_ASSERT(rows[i].name, tend(&call, SHORT_MS) && !call.answer && call.failure && call.fd < 0);
        close(fd);
        finish(listener);
    }
}

static void test_too_large_a_question(void)
{
    static char large[RETRIEVAL_ASK_MAX_BYTES + 1];
    struct retrieval_call call;

    retrieval_call_start(&call, unit_ctx()->arena, "/nonexistent", large, sizeof(large), LIMIT_MS, clock_mono_ms());
    CU_ASSERT_TRUE(retrieval_call_tend(&call, clock_mono_ms()) && call.failure);
}

/* ---- what is not ---- */

/* The clock is ours: five seconds are over at once. */
static void test_silence(void)
{
    begin();
    int listener = listen_there(LISTEN_BACKLOG);
    struct retrieval_call call = call_begun();
    int64_t began_ms = clock_mono_ms();

    CU_ASSERT_FALSE(tend(&call, 1));
    int fd = take_ask(listener);
    CU_ASSERT_TRUE(retrieval_call_next_ms(&call) <= began_ms + LIMIT_MS);
    CU_ASSERT_FALSE(retrieval_call_tend(&call, began_ms + LIMIT_MS - 100));
    CU_ASSERT_TRUE(retrieval_call_tend(&call, began_ms + LIMIT_MS));
    CU_ASSERT_TRUE(!call.answer && call.failure && call.fd < 0);
    close(fd);
    finish(listener);
}

/* Nobody is there for a second, which is how long a master takes at most; or somebody is, soon. */
static void test_refused(void)
{
    begin();
    struct retrieval_call given_up = call_begun();
    int64_t began_ms = clock_mono_ms();

    CU_ASSERT_FALSE(tend(&given_up, 100));
    CU_ASSERT_FALSE(retrieval_call_tend(&given_up, began_ms + 900));
    CU_ASSERT_TRUE(retrieval_call_tend(&given_up, began_ms + 1100) && given_up.failure);
    struct retrieval_call answered = call_begun();
    int listener = listen_there(LISTEN_BACKLOG);

    CU_ASSERT_FALSE(tend(&answered, 100));
    int fd = take_ask(listener);
    give(fd, "\0\0\0\x02{}", 6);
    CU_ASSERT_TRUE(tend(&answered, SHORT_MS));
    ASSERT_TEXT(answered.answer, "{}");
    close(fd);
    finish(listener);
}

/* The process is killed with the question: the next one gets it too, but no third. */
static void test_broken_off(void)
{
    static const struct {
        const char *name, *second; /* what the second one answers before it goes as well */
        bool is_answered;
    } rows[] = {{"answered by the next", "\0\0\0\x02{}", true}, {"broken off again", "\0\0\0\x02{", false}};

    for (size_t i = 0; i < LEN(rows); i++) {
        begin();
        int listener = listen_there(LISTEN_BACKLOG);
        struct retrieval_call call = call_begun();

        CU_ASSERT_FALSE(tend(&call, 1));
        int fd = take_ask(listener);
        give(fd, "\0\0\0\x09{\"passa", 11);
        close(fd);
        CU_ASSERT_FALSE(tend(&call, 20));
        fd = take_ask(listener);
        ROW_ASSERT(rows[i].name, fd >= 0);
        give(fd, rows[i].second, rows[i].is_answered ? 6 : 5);
        close(fd);
        ROW_ASSERT(rows[i].name, tend(&call, SHORT_MS) && (call.answer != NULL) == rows[i].is_answered);
        finish(listener);
    }
}

/* So many wait there that the kernel takes no more: as if nobody listened. */
static void test_crowded(void)
{
    struct retrieval_call calls[4];

    begin();
    int listener = listen_there(0), fd;

    for (size_t i = 0; i < LEN(calls); i++) {
        calls[i] = call_begun();
        CU_ASSERT_FALSE(tend(&calls[i], 1));
    }
    for (size_t i = 0; i < LEN(calls); i++) {
        fd = take_ask(listener);
        for (size_t k = i; k < LEN(calls); k++)
            (void)tend(&calls[k], 40);
        give(fd, "\0\0\0\x02{}", 6);
        close(fd);
        CU_ASSERT_TRUE(tend(&calls[i], SHORT_MS) && calls[i].answer);
    }
    finish(listener);
}

static void test_dropped(void)
{
    begin();
    int listener = listen_there(LISTEN_BACKLOG);
    struct retrieval_call call = call_begun();

    CU_ASSERT_FALSE(tend(&call, 1));
    retrieval_call_drop(&call);
    CU_ASSERT_TRUE(call.fd < 0 && !retrieval_call_events(&call) && retrieval_call_tend(&call, clock_mono_ms()));
    finish(listener);
}

SUITE(retrieval_call, {"lengths", test_lengths}, {"split answers", test_split}, {"impossible answers", test_impossible},
      {"too large a question", test_too_large_a_question}, {"silence", test_silence}, {"refused", test_refused},
      {"broken off", test_broken_off}, {"crowded", test_crowded}, {"dropped", test_dropped});
