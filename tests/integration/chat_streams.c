/* Replies of the chat API as they are written: their events, and what becomes of a reply whose client leaves. */
#include <stdio.h>

#include <json-c/json.h>

#include "chat.h"

static bool is_last(const struct answer *answer, const char *name)
{
    return answer->n_events && str_eq(answer->events[answer->n_events - 1].name, name);
}

static void expect_stream(const char *row, const struct answer *answer, const char *last)
{
    expect_status(row, answer, 200);
    ROW_ASSERT(row, str_starts(header(answer, "Content-Type"), "text/event-stream"));
    ROW_ASSERT(row, str_eq(header(answer, "Cache-Control"), "no-store"));
    ROW_ASSERT(row, *header(answer, "X-Request-Id"));
    ROW_ASSERT(row, answer->n_events > 1 && str_eq(answer->events[0].name, "START"));
    ROW_ASSERT(row, count_events(answer, "START") == 1);
    ROW_ASSERT(textf("%s: %s", row, answer->body), is_last(answer, last));
    ROW_ASSERT(row, count_events(answer, "STREAMING_END") + count_events(answer, "ERROR") == 1);
    for (size_t i = 0; i < answer->n_events; i++)
        ROW_ASSERT(row, str_eq(answer->events[i].name, text_at(answer->events[i].data, "/status")));
}

#define END_KEYS "status completion conversation_id message bot_id create_time message_id stop_reason token_count price"

static void test_events(void)
{
    chat_use();
    const char *id = chat_new_id();
    const struct answer *answer =
        SAY(.id = id, .message_id = "u", .text = "[[chunk 1]][[text h\\u00e9\\ud83d\\ude00 you  ]]", .accept = SSE);

    expect_stream("events", answer, "STREAMING_END");
    struct json_object *start = answer->events[0].data, *end = event_at(answer, "STREAMING_END"), *read = chat_read(id);

    expect_keys("START", start, "status conversation_id user_message_id message_id");
    expect_keys("STREAMING", event_at(answer, "STREAMING"), "status completion");
    expect_keys("STREAMING_END", end, END_KEYS);
    const struct expected want[] = {
        {"/completion", "\"\""},
        {"/conversation_id", textf("\"%s\"", id)},
        {"/message_id", textf("\"%s\"", text_at(start, "/message_id"))},
        {"/message/content", "[{\"content_type\":\"text\",\"body\":\"h\\u00e9\\ud83d\\ude00 you\"}]"},
        {"/stop_reason", "\"end_turn\""},
    };

    expect_fields("STREAMING_END", end, want, LEN(want));
    expect_json("START", start, "/user_message_id", "\"u\"");
    ROW_ASSERT("pieces", count_events(answer, "STREAMING") > 2);
    ROW_ASSERT(chat_joined(answer, "STREAMING"),
               str_starts(chat_joined(answer, "STREAMING"), "h\xc3\xa9\xf0\x9f\x98\x80 you"));
    ROW_ASSERT("as it is read", json_object_equal(json_at(end, "/message"), chat_last(read)));
    ROW_ASSERT("it was stored", str_eq(text_at(read, "/last_message_id"), text_at(start, "/message_id")));
}

static void test_camel(void)
{
    chat_use();
    const char *id = chat_new_id();
    const struct answer *answer = SAY(.id = id, .text = "hi", .accept = SSE "; keys=camel");
    struct json_object *end = event_at(answer, "STREAMING_END");

    expect_stream("camel", answer, "STREAMING_END");
    expect_keys("START", answer->events[0].data, "status conversationId userMessageId messageId");
    expect_keys("STREAMING_END", end,
                "status completion conversationId message botId createTime messageId stopReason tokenCount price");
    expect_json("role", end, "/message/role", "\"assistant\"");
    ROW_ASSERT("milliseconds", int_at(end, "/createTime") > 1700000000000);
}

/* START says that the message is safe: it can be read before the model has said anything. */
static void test_start(void)
{
    chat_use();
    const char *id = chat_new_id();
    struct transfer *transfer = SAY_START(.id = id, .text = "[[delay 10000]]wait", .accept = SSE);

    CU_ASSERT_FATAL(call_wait_event(transfer, "START", 1, PATIENCE_MS));
    struct json_object *read = chat_read(id), *last = chat_last(read);

    expect_json("the message", last, "/role", "\"user\"");
    expect_json("waits", last, "/status", "\"pending\"");
    const struct answer *answer = call_finish_hurried(transfer);

    expect_stream("start", answer, "STREAMING_END");
    expect_json("its id", answer->events[0].data, "/user_message_id",
                textf("\"%s\"", text_at(read, "/last_message_id")));
}

static void test_errors(void)
{
    static const struct {
        const char *name, *text, *model, *code;
        size_t n_pieces;
    } rows[] = {
        {"before the first word", "[[status 500]]x", NULL, "model_error", 0},
        {"no text", "[[empty]]x", NULL, "model_error", 0},
        {"in the middle", "[[chunk 1]][[reset 3]][[text abcdef]]", NULL, "model_error", 3},
        {"an error event", "[[chunk 1]][[error_event]][[text abcdef]]", NULL, "model_error", 3},
        {"limited", "x", LIMITED, "model_error", 0},
    };

    chat_use();
    for (size_t i = 0; i < LEN(rows); i++) {
        const char *id = chat_new_id();
        const struct answer *answer = SAY(.id = id, .text = rows[i].text, .model = rows[i].model, .accept = SSE);
        struct json_object *error = event_at(answer, "ERROR");

        expect_stream(rows[i].name, answer, "ERROR");
        expect_keys(rows[i].name, error, "status reason code");
        expect_json(rows[i].name, error, "/code", textf("\"%s\"", rows[i].code));
        ROW_ASSERT(rows[i].name, *text_at(error, "/reason"));
        ROW_ASSERT(rows[i].name, count_events(answer, "STREAMING") == rows[i].n_pieces);
        struct json_object *read = chat_read(id);

        expect_json(rows[i].name, chat_last(read), "/status", "\"failed\"");
        expect_json(rows[i].name, chat_last(read), "/children", "[]");
    }
}

static void test_replay(void)
{
    chat_use();
    const char *id = chat_new_id(), *text = "[[chunk 1]][[text abcdef ]]";
    const struct answer *first = SAY(.id = id, .message_id = "u", .text = text, .accept = SSE);
    const struct answer *again = SAY(.id = id, .message_id = "u", .text = text, .accept = SSE);

    expect_stream("a replay", again, "STREAMING_END");
    ROW_ASSERT("it says so", is_replayed(again) && !is_replayed(first));
    ROW_ASSERT("three events", again->n_events == 3);
    expect_json("one piece", again->events[1].data, "/completion", "\"abcdef\"");
    for (int i = 0; i <= 1; i++)
        ROW_ASSERT("as before",
                   json_object_equal(again->events[i ? 2 : 0].data, first->events[i ? first->n_events - 1 : 0].data));
}

static void test_client_that_leaves(void)
{
    static const struct {
        const char *name, *event;
        size_t n;
    } rows[] = {{"before the first word", "START", 1}, {"in the middle", "STREAMING", 2}};

    chat_use();
    for (size_t i = 0; i < LEN(rows); i++) {
        const char *id = chat_new_id();
        struct transfer *transfer =
            SAY_START(.id = id, .text = "[[delay 200]][[gap 50]][[chunk 1]][[text abcdef]]", .accept = SSE);

        CU_ASSERT_FATAL(call_wait_event(transfer, rows[i].event, rows[i].n, PATIENCE_MS));
        call_leave(transfer);
        struct json_object *read = chat_wait(id, "complete", "bot");

        ROW_ASSERT(rows[i].name, str_eq(chat_text_of(chat_last(read)), "abcdef"));
    }
    const char *id = chat_new_id();
    uint64_t asked = model_requests();
    struct transfer *transfer = SAY_START(.id = id, .text = "[[delay 300]]plain");

    CU_ASSERT_FATAL(wait_for_requests(asked + 1));
    call_leave(transfer);
    ROW_ASSERT("without a stream",
               str_eq(chat_text_of(chat_last(chat_wait(id, "complete", "bot"))), "You said: plain"));
}

/* A proxy between sees a byte every 15 s; a model that is slow is given up, and the title is made without it. */
static void test_silence(void)
{
    chat_use();
    const char *quiet = chat_new_id(), *slow = chat_new_id(), *slow_title = chat_new_id();

    SAID(.id = slow_title, .text = "[[summarize:hang 0]]  A slow\\n title of so many words");
    struct transfer *silent = SAY_START(.id = quiet, .text = "[[gap 15500]][[text over]]", .accept = SSE);
    struct transfer *waiting = SAY_START(.id = slow, .text = "x", .model = SLOW);
    struct transfer *title = START("GET", chat_path(slow_title, "/proposed-title"), token_of(STUDENT));

    expect_chat_error("slow", call_finish(waiting), 504, "model_timeout", NULL);
    expect_json("slow", chat_last(chat_read(slow)), "/status", "\"failed\"");
    expect_body("a slow title", call_finish(title), 200,
                "{\"title\":\"[[summarize:hang 0]] A slow title of so many words\"}");
    ROW_ASSERT("after 10 s", call_finish(title)->took_us > 9 * 1000000 && call_finish(title)->took_us < 20 * 1000000);
    const struct answer *answer = call_finish(silent);

    expect_stream("silence", answer, "STREAMING_END");
    ROW_ASSERT("it is broken", strstr(answer->body, "\n\n:") != NULL);
    ROW_ASSERT("by no event", str_eq(chat_joined(answer, "STREAMING"), "over"));
}

SUITE(chat_streams, {"events", test_events}, {"camel", test_camel}, {"start", test_start}, {"errors", test_errors},
      {"a replay", test_replay}, {"a client that leaves", test_client_that_leaves}, {"silence", test_silence});
