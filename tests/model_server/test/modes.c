/* The server's figures, and the ways in which it is out of reach. */
#include <arpa/inet.h>
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tongues.h"

static const char HI[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

static struct answer ask_model(long limit_ms)
{
    return ASK(.path = "/v1/chat/completions", .body = HI, .limit_ms = limit_ms);
}

/* A connection of our own that has sent what was given. */
static int connect_and_send(const char *text)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)model_port()), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CU_ASSERT_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    CU_ASSERT_FATAL(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
    return fd;
}

static bool comes_within(int fd, int ms)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, ms) > 0;
}

static const char REQUEST[] = "GET /stats HTTP/1.1\r\nHost: x\r\n\r\n";

/* Its answer, to the last byte of it that there is. */
static void read_answer(int fd)
{
    char bytes[65536];

    CU_ASSERT(comes_within(fd, 5000) && recv(fd, bytes, sizeof(bytes), 0) > 0);
    while (comes_within(fd, 50) && recv(fd, bytes, sizeof(bytes), 0) > 0)
        ;
}

static void test_refuse(void)
{
    char byte;
    int kept = connect_and_send(REQUEST);

    read_answer(kept);
    set_mode("{\"refuse\":true}");
    CU_ASSERT(ask_model(1000).is_refused);
    CU_ASSERT(comes_within(kept, 1000) && recv(kept, &byte, 1, 0) == -1 && errno == ECONNRESET);
    CU_ASSERT(stats() != NULL);
    set_mode("{\"refuse\":false}");
    CU_ASSERT_EQUAL(ask_model(0).status, 200);
    close(kept);
}

static void test_silent(void)
{
    int kept = connect_and_send(REQUEST);

    read_answer(kept);
    set_mode("{\"silent\":true}");
    CU_ASSERT_EQUAL(send(kept, REQUEST, strlen(REQUEST), MSG_NOSIGNAL), (ssize_t)strlen(REQUEST));
    int fresh = connect_and_send(REQUEST);

    CU_ASSERT(!comes_within(kept, 200) && !comes_within(fresh, 100));
    set_mode("{\"silent\":false}");
    read_answer(kept);
    read_answer(fresh);
    close(kept);
    close(fresh);
}

/* A stream that is under way when the server falls silent goes on afterwards; when it refuses, it is reset. */
static void test_within_a_stream(void)
{
    static const char body[] =
        "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"[[gap 50]][[words 8]]\"}]}";
    const char *request =
        textf("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
    int fd = connect_and_send(request);
    char bytes[65536];

    CU_ASSERT(comes_within(fd, 1000));
    set_mode("{\"silent\":true}");
    CU_ASSERT(recv(fd, bytes, sizeof(bytes), 0) > 0);
    CU_ASSERT(!comes_within(fd, 100));
    CU_ASSERT(stats() && !comes_within(fd, 100)); /* nor because something else woke the server */
    set_mode("{\"silent\":false}");
    CU_ASSERT(comes_within(fd, 1000) && recv(fd, bytes, sizeof(bytes), 0) > 0);
    set_mode("{\"refuse\":true}");
    while (comes_within(fd, 1000) && recv(fd, bytes, sizeof(bytes), 0) > 0)
        ;
    CU_ASSERT_EQUAL(errno, ECONNRESET);
    set_mode("{\"refuse\":false}");
    CU_ASSERT_EQUAL(int_at(stats(), "/in_flight"), 0);
    close(fd);
}

/* Both at once, and one after the other. */
static void test_both(void)
{
    set_mode("{\"silent\":true,\"refuse\":true}");
    CU_ASSERT(ask_model(300).is_refused);
    set_mode("{\"refuse\":false}");
    CU_ASSERT(ask_model(300).is_late);
    set_mode("{\"silent\":false}");
    CU_ASSERT_EQUAL(ask_model(0).status, 200);
    CU_ASSERT_EQUAL(ASK(.path = "/mode", .body = "{}").status, 404);
}

/* What waits is told at once, and waits again when nobody is hurried any more. */
static void test_hurried(void)
{
    static const char slow[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"[[delay 50000]][[gap 50000]][[words "
                               "20]]\"}]}";
    const char *request =
        textf("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s", strlen(slow), slow);
    int fd = connect_and_send(request);

    CU_ASSERT(!comes_within(fd, 100));
    set_mode("{\"hurried\":true}");
    CU_ASSERT(comes_within(fd, 5000));
    CU_ASSERT_EQUAL(ASK(.path = "/v1/chat/completions", .body = slow, .limit_ms = 20000).status, 200);
    set_mode("{\"hurried\":false}");
    CU_ASSERT(ASK(.path = "/v1/chat/completions", .body = slow, .limit_ms = 300).is_late);
    close(fd);
}

/* ---- figures ---- */

static void test_figures(void)
{
    ASK(.path = "/reset", .body = "", .is_control = true);
    for (size_t k = 0; k < N_TONGUES; k++) {
        say_all(&tongues[k], k % 2, "down-b", fill(tongues[k].said, "hi", "", ""), "");
        say(&tongues[k], true, "hi");
        say_all(&tongues[k], true, "m", fill(tongues[k].said, "hi", "", ""),
                fill(tongues[k].must_fit, "assessment", "{\"type\":\"object\"}", ""));
    }
    ASK(.path = "/v1/embeddings", .body = "{\"input\":\"x\",\"model\":\"e\"}");
    static const struct {
        const char *pointer;
        int64_t want;
    } rows[] = {{"/requests", 6},          {"/structured", 3},       {"/embeddings", 1},
                {"/completed", 9},         {"/aborted", 0},          {"/in_flight", 0},
                {"/max_in_flight", 1},     {"/protocols/openai", 4}, {"/protocols/anthropic", 3},
                {"/protocols/bedrock", 3}, {"/models/0/calls", 3},   {"/models/1/calls", 6},
                {"/models/2/calls", 1}};
    struct json_object *figures = stats();

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].pointer, int_at(figures, rows[i].pointer) == rows[i].want);
    ASSERT_TEXT(text_at(figures, "/models/0/name"), "down-b");
    ASSERT_TEXT(text_at(figures, "/models/2/name"), "e");
    ASSERT_TEXT(text_at(figures, "/last_path"), "/v1/embeddings");
    ASSERT_TEXT(text_at(figures, "/last_embeddings"), "{\"input\":\"x\",\"model\":\"e\"}");
}

static void test_last_headers(void)
{
    say(&tongues[ANTHROPIC_TONGUE], true, "hi");
    struct json_object *figures = stats();

    ASSERT_TEXT(text_at(figures, "/last_headers/anthropic-version"), "2023-06-01");
    CU_ASSERT(json_object_get_boolean(json_at(figures, "/last_headers/x-api-key")));
    CU_ASSERT(!json_object_get_boolean(json_at(figures, "/last_headers/x-amz-date")));
    CU_ASSERT(text_at(figures, "/last_authorization") == NULL);
    say(&tongues[BEDROCK_TONGUE], true, "hi");
    ASSERT_TEXT(text_at(stats(), "/last_authorization"), "Bearer good");
    ASSERT_TEXT(text_at(stats(), "/last_path"), "/model/m/converse-stream");
    ASK(.path = "/reset", .body = "", .is_control = true);
    CU_ASSERT(json_at(stats(), "/last_path") == NULL && json_at(stats(), "/last_body") == NULL);
    CU_ASSERT_EQUAL(int_at(stats(), "/requests"), 0);
}

/* What people would say, with a script behind it. */
static void test_cues(void)
{
    static const char DATA[] =
        "{\\\"messages\\\":[{\\\"number\\\":1,\\\"role\\\":\\\"user\\\",\\\"text\\\":\\\"Why?\\\"}]}";
    const struct {
        const char *message, *want;
    } rows[] = {{"Why?", "Because."},
                {"\\n Why? ", "Because."},
                {"Why? So?", "You said: Why? So?"},
                {"Wh", "You said: Wh"},
                {DATA, "A title"}};
    const struct question cue = {
        .path = "/script",
        .is_control = true,
        .body = "{\"message\":\"Why?\",\"script\":\"[[text Because.]][[summarize:text A title]]\"}"};
    struct question wrong = cue;

    CU_ASSERT_EQUAL(
        ask(&(struct question){.path = "/script", .is_control = true, .body = "{\"message\":\"x\"}"}).status, 400);
    wrong.is_control = false;
    CU_ASSERT_EQUAL(ask(&wrong).status, 404);
    CU_ASSERT_EQUAL(ask(&cue).status, 200);
    for (size_t i = 0; i < LEN(rows); i++)
        for (size_t t = 0; t < N_TONGUES; t++) {
            const struct answer answer = say(&tongues[t], true, rows[i].message);

            ROW_ASSERT(rows[i].message, str_eq(tongues[t].told(&answer).text->data, rows[i].want));
        }
    CU_ASSERT_EQUAL(ASK(.path = "/reset", .body = "{}", .is_control = true).status, 200);
    const struct answer after = say(&tongues[0], true, "Why?");
    CU_ASSERT_STRING_EQUAL(tongues[0].told(&after).text->data, "You said: Why?");
}

/* A reply that stops after its first delta until it is let go, whoever asks then; others do not wait for it. */
static void test_hold(void)
{
    static const char body[] = "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hold on.\"}]}";
    const struct question cue = {.path = "/script",
                                 .is_control = true,
                                 .body = "{\"message\":\"Hold on.\",\"script\":\"[[text One two three.]][[hold]]\"}"};
    const struct question held = {.path = "/v1/chat/completions", .body = body, .limit_ms = 300};
    struct question go = {.path = "/go", .is_control = true, .body = "{\"message\":\"Hold on.\"}"};
    char bytes[65536];

    CU_ASSERT_EQUAL(ask(&go).status, 400);
    CU_ASSERT_EQUAL(ask(&cue).status, 200);
    int fd = connect_and_send(
        textf("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body));

    CU_ASSERT(comes_within(fd, 5000));
    while (comes_within(fd, 200) && recv(fd, bytes, sizeof(bytes), 0) > 0)
        ;
    CU_ASSERT_EQUAL(ask_model(0).status, 200);
    CU_ASSERT_EQUAL(ask(&go).status, 200);
    CU_ASSERT(comes_within(fd, 5000) && recv(fd, bytes, sizeof(bytes), 0) > 0);
    close(fd);
    const struct answer after = say(&tongues[0], true, "Hold on.");
    CU_ASSERT_STRING_EQUAL(tongues[0].told(&after).text->data, "One two three.");
    CU_ASSERT_EQUAL(ask(&cue).status, 200);
    CU_ASSERT(ask(&held).is_late);
    go.is_control = false;
    CU_ASSERT_EQUAL(ask(&go).status, 404);
    CU_ASSERT_EQUAL(ASK(.path = "/reset", .body = "{}", .is_control = true).status, 200);
}

SUITE(modes, {"refusing", test_refuse}, {"silent", test_silent}, {"within a stream", test_within_a_stream},
      {"both", test_both}, {"hurried", test_hurried}, {"figures", test_figures}, {"last headers", test_last_headers},
      {"cues", test_cues}, {"held", test_hold});
