/* Replies of the chat API that go on, that are stopped, and that were thought about. */
#include <json-c/json.h>

#include "chat.h"

static int64_t tokens_of(struct json_object *json, const char *kind)
{
    return int_at(json, textf("/token_count/%s", kind));
}

/* ---- continuing ---- */

/* Asked to go on, the model says what it was told then: that has no directives. */
static struct json_object *say_half(const char *id, const char *text)
{
    struct json_object *said = SAID(.id = id, .text = text, .message_id = "u");

    expect_json("half", said, "/stop_reason", "\"max_tokens\"");
    expect_json("half", chat_read(id), "/should_continue", "true");
    return said;
}

static bool is_found(const char *id, const char *query)
{
    const struct answer *answer =
        CALL("GET", textf(CHAT "/conversations/search?limit=100&query=%s", query), token_of(STUDENT));

    return strstr(answer->body, textf("\"id\":\"%s\"", id)) != NULL;
}

static void test_continue(void)
{
    chat_use();
    const char *id = chat_new_id();
    struct json_object *half = say_half(id, "[[finish length]][[text one and ]]");
    const char *reply = text_at(half, "/message_id"), *rating = chat_path(id, textf("/%s/feedback", reply));

    expect_status("rate", CALL("PUT", rating, token_of(STUDENT), .body = "{\"thumbs_up\":true}"), 200);
    const struct answer *answer = SAY(.id = id, .goes_on = true, .parent = reply, .accept = SSE);
    struct json_object *end = event_at(answer, "STREAMING_END");

    ROW_ASSERT("it ends", end != NULL);
    expect_json("the same message", answer->events[0].data, "/message_id", textf("\"%s\"", reply));
    expect_json("the same question", answer->events[0].data, "/user_message_id", "\"u\"");
    expect_json("the same message", end, "/message_id", textf("\"%s\"", reply));
    const char *more = chat_joined(answer, "STREAMING"), *whole = text_at(end, "/message/content/0/body");

    ROW_ASSERT("something new", *more && !strstr(more, "one and"));
    ROW_ASSERT(textf("%s + %s", whole, more), str_starts(whole, "one and") && strstr(whole, more));
    ROW_ASSERT("no separator", str_eq(whole, textf("one and%s", more)));
    ROW_ASSERT("tokens are summed", tokens_of(end, "input") > tokens_of(half, "input") &&
                                        tokens_of(end, "output") > tokens_of(half, "output"));
    ROW_ASSERT("so is the price", number_at(end, "/price") > number_at(half, "/price"));
    struct json_object *read = chat_read(id);

    ROW_ASSERT("no new node", json_object_object_length(json_at(read, "/message_map")) == 3);
    ROW_ASSERT("as it is read", json_object_equal(chat_last(read), json_at(end, "/message")));
    expect_json("its feedback stays", end, "/message/feedback/thumbs_up", "true");
    ROW_ASSERT("found by what is new", is_found(id, "limit%20of%20length"));
    ROW_ASSERT("and by what was there", is_found(id, "one%20and"));
    expect_json("it has ended", read, "/should_continue", "false");
    ROW_ASSERT("what it was told",
               str_starts(chat_told(), "user:[[finish length]][[text one and ]]\nassistant:one and\nuser:"));
    expect_chat_error("once more", SAY(.id = id, .goes_on = true), 409, "nothing_to_continue", NULL);
}

static void test_nothing_to_continue(void)
{
    chat_use();
    const char *id = chat_new_id();
    uint64_t asked;

    expect_chat_error("no conversation", SAY(.id = id, .goes_on = true), 404, "not_found", NULL);
    SAID(.id = id, .text = "whole", .message_id = "w");
    expect_chat_error("a whole one", SAY(.id = id, .goes_on = true), 409, "nothing_to_continue", NULL);
    const char *reply = text_at(SAID(.id = id, .text = "[[finish length]]half", .message_id = "h"), "/message_id");

    asked = model_requests();
    expect_chat_error("its question", SAY(.id = id, .goes_on = true, .parent = "h"), 400, "invalid_request",
                      "parent_message_id");
    expect_chat_error("the root", SAY(.id = id, .goes_on = true, .parent = "system"), 400, "invalid_request",
                      "parent_message_id");
    expect_chat_error("nobody", SAY(.id = id, .goes_on = true, .parent = "nobody"), 400, "invalid_request",
                      "parent_message_id");
    ROW_ASSERT("nothing was asked", model_requests() == asked);
    SAID(.id = id, .text = "something else", .parent = "w");
    expect_json("it was left", chat_read(id), "/should_continue", "false");
    expect_chat_error("it is not the last", SAY(.id = id, .goes_on = true), 409, "nothing_to_continue", NULL);
    expect_chat_error("it is not the last", SAY(.id = id, .goes_on = true, .parent = reply), 400, "invalid_request",
                      "parent_message_id");
}

/* What there is of the reply stays, and can be gone on with. */
static void test_failure_of_more(void)
{
    chat_use();
    const char *id = chat_new_id();
    struct json_object *half = say_half(id, "[[finish length]][[text half]]");
    struct model_server model = main_model();

    model_mode(&model, true, false);
    expect_chat_error("away", SAY(.id = id, .goes_on = true), 502, "model_error", NULL);
    const struct answer *stream = SAY(.id = id, .goes_on = true, .accept = SSE);

    model_mode(&model, false, false);
    ROW_ASSERT("streamed", count_events(stream, "ERROR") == 1);
    struct json_object *read = chat_read(id);

    ROW_ASSERT("the reply is as it was", json_object_equal(chat_last(read), json_at(half, "/message")));
    expect_json("it can still be continued", read, "/should_continue", "true");
    expect_json("its question has a reply", read, "/message_map/u/status", "\"complete\"");
    const char *key = "chat-continue-key";
    struct json_object *whole = SAID(.id = id, .goes_on = true, .key = key);
    const struct answer *again = SAY(.id = id, .goes_on = true, .key = key);

    ROW_ASSERT("it went on", strlen(text_at(whole, "/message/content/0/body")) > 4);
    ROW_ASSERT("with a key it goes on once", again->status == 200 && is_replayed(again));
    ROW_ASSERT("the whole again", json_object_equal(json_at(again->json, "/message"), json_at(whole, "/message")));
}

/* ---- stopping ---- */

static const struct answer *stop(const char *id)
{
    return CALL("POST", chat_path(id, "/stop"), token_of(STUDENT));
}

#define LONG "[[gap 20]][[words 4000]]tell me" /* some 50 s */

static void test_stop(void)
{
    chat_use();
    for (int is_stream = 0; is_stream <= 1; is_stream++) {
        const char *id = chat_new_id(), *name = is_stream ? "streamed" : "plain";
        uint64_t asked = model_requests();
        struct transfer *transfer =
            SAY_START(.id = id, .text = LONG, .message_id = "u", .accept = is_stream ? SSE : NULL);

        if (is_stream) {
            CU_ASSERT_FATAL(call_wait_event(transfer, "STREAMING", 5, PATIENCE_MS));
        } else {
            CU_ASSERT_FATAL(wait_for_requests(asked + 1));
            pause_ms(400); /* for something to come */
        }
        expect_body(name, stop(id), 200, "null");
        const struct answer *answer = call_finish(transfer);
        struct json_object *end = is_stream ? event_at(answer, "STREAMING_END") : answer->json, *read = chat_read(id);

        expect_json(name, end, "/stop_reason", "\"stopped\"");
        ROW_ASSERT(name, json_object_equal(json_at(end, "/message"), chat_last(read)));
        ROW_ASSERT(name, str_starts(chat_text_of(chat_last(read)), "so what") && answer->took_us < 20000000);
        if (is_stream)
            ROW_ASSERT("what was shown is what is kept",
                       str_starts(chat_joined(answer, "STREAMING"), chat_text_of(chat_last(read))));
        expect_json(name, read, "/message_map/u/status", "\"complete\"");
        expect_json(name, chat_last(read), "/stopped", "true");
        expect_json(name, read, "/should_continue", "false");
        ROW_ASSERT(name, is_replayed(SAY(.id = id, .text = LONG, .message_id = "u")));
        expect_body("nothing runs", stop(id), 200, "null");
    }
}

/* START comes before the model is asked, and only one that was asked has used up the cue that hangs. */
static void test_stop_before_the_first_word(void)
{
    chat_use();
    uint64_t asked = model_requests();
    const char *id = chat_new_id(), *text = "[[times 1]][[hang 0]]stop me early";
    struct transfer *transfer = SAY_START(.id = id, .text = text, .message_id = "u", .accept = SSE);

    CU_ASSERT_FATAL(call_wait_event(transfer, "START", 1, PATIENCE_MS));
    CU_ASSERT_FATAL(wait_for_requests(asked + 1));
    expect_body("stop", stop(id), 200, "null");
    const struct answer *answer = call_finish(transfer);

    ROW_ASSERT(answer->body, count_events(answer, "ERROR") == 1 && !event_at(answer, "STREAMING_END"));
    expect_json("failed", chat_read(id), "/message_map/u/status", "\"failed\"");
    expect_json("the message", chat_read(id), "/last_message_id", "\"u\"");
    expect_status("again", SAY(.id = id, .text = text, .message_id = "u"), 200);
}

/* White space and thoughts are no reply: what the model is told next has no empty message in it. */
static void test_stop_before_it_said_anything(void)
{
    const char *longest = repeated("      ", 100); /* 24 s of it, a blank at a time */
    const struct {
        const char *name, *text, *event;
    } rows[] = {
        {"white space", textf("[[gap 40]][[chunk 1]][[text %s.]]", longest), "START"},
        {"a thought", textf("[[gap 40]][[chunk 1]][[reasoning Let me see.%s]]", longest), "REASONING"},
    };

    chat_use();
    for (size_t i = 0; i < LEN(rows); i++) {
        const char *id = chat_new_id();
        uint64_t asked = model_requests();
        struct transfer *transfer =
            SAY_START(.id = id, .text = rows[i].text, .model = THINKER, .reasons = true, .accept = SSE);

        CU_ASSERT(call_wait_event(transfer, rows[i].event, 1, PATIENCE_MS));
        CU_ASSERT(wait_for_requests(asked + 1));
        pause_ms(200); /* for some of it to come */
        expect_status(rows[i].name, stop(id), 200);
        ROW_ASSERT(rows[i].name, count_events(call_finish(transfer), "ERROR") == 1);
        expect_json(rows[i].name, chat_last(chat_read(id)), "/status", "\"failed\"");
        SAID(.id = id, .text = "[[gap 0]][[text Well]]");
        ROW_ASSERT(chat_told(), !strstr(chat_told(), "assistant:") && !strstr(chat_told(), "\nuser:"));
    }
}

/* ---- reasoning ---- */

#define THOUGHT "[[reasoning Let me see.]][[text So.]]"

static void test_reasoning(void)
{
    chat_use();
    const char *id = chat_new_id();
    const struct answer *answer = SAY(.id = id, .text = THOUGHT "q", .model = THINKER, .reasons = true, .accept = SSE);
    struct json_object *end = event_at(answer, "STREAMING_END");

    expect_json(
        "before the text", end, "/message/content",
        "[{\"content_type\":\"reasoning\",\"text\":\"Let me see.\",\"signature\":\"\",\"redacted_content\":\"\"},"
        "{\"content_type\":\"text\",\"body\":\"So.\"}]");
    ROW_ASSERT("pieces of it", str_eq(chat_joined(answer, "REASONING"), "Let me see.") &&
                                   str_eq(chat_joined(answer, "STREAMING"), "So."));
    expect_keys("REASONING", event_at(answer, "REASONING"), "status completion");
    ROW_ASSERT("as it is read", json_object_equal(json_at(end, "/message"), chat_last(chat_read(id))));
    SAID(.id = id, .text = "more", .reasons = true);
    ROW_ASSERT(chat_told(), str_eq(chat_told(), "user:" THOUGHT "q\nassistant:So.\nuser:more"));
    ROW_ASSERT("it is not sent again", !strstr(chat_request(), "reasoning_content"));
    struct json_object *camel =
        SAID(.id = chat_new_id(), .text = THOUGHT "q", .model = THINKER, .reasons = true, .accept = CHAT_CAMEL);

    expect_json("camel", camel, "/message/content/0",
                "{\"contentType\":\"reasoning\",\"text\":\"Let me see.\",\"signature\":\"\",\"redactedContent\":\"\"}");
}

static void test_no_reasoning(void)
{
    static const struct {
        const char *name, *text, *model;
        bool reasons;
    } rows[] = {
        {"a model that cannot", THOUGHT "q", "test", true},
        {"not asked for", THOUGHT "q", THINKER, false},
        {"unasked", "[[unasked_reasoning Hm.]][[text So.]]q", THINKER, false},
        {"unasked, of one that cannot", "[[unasked_reasoning Hm.]][[text So.]]q", "test", true},
    };

    chat_use();
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = SAY(.id = chat_new_id(), .text = rows[i].text, .model = rows[i].model,
                                          .reasons = rows[i].reasons, .accept = SSE);

        expect_json(rows[i].name, event_at(answer, "STREAMING_END"), "/message/content",
                    "[{\"content_type\":\"text\",\"body\":\"So.\"}]");
        ROW_ASSERT(rows[i].name, count_events(answer, "REASONING") == 0);
    }
    ROW_ASSERT("the site says who can",
               json_object_get_boolean(json_at(CALL("GET", CHAT "/config/global", token_of(STUDENT))->json,
                                               "/models/1/support_reasoning")));
}

/* The thought stays before the text when that goes on. */
static void test_reasoning_that_goes_on(void)
{
    chat_use();
    const char *id = chat_new_id();

    SAID(.id = id, .text = "[[finish length]]" THOUGHT, .model = THINKER, .reasons = true);
    struct json_object *whole = SAID(.id = id, .goes_on = true, .reasons = true);

    expect_json("once", whole, "/message/content/0/text", "\"Let me see.\"");
    ROW_ASSERT("and the text", count_at(whole, "/message/content") == 2 &&
                                   str_starts(text_at(whole, "/message/content/1/body"), "So."));
}

SUITE(chat_longer, {"continue", test_continue}, {"nothing to continue", test_nothing_to_continue},
      {"failure of more", test_failure_of_more}, {"stop", test_stop},
      {"stop before the first word", test_stop_before_the_first_word},
      {"stop before it said anything", test_stop_before_it_said_anything}, {"reasoning", test_reasoning},
      {"no reasoning", test_no_reasoning}, {"reasoning that goes on", test_reasoning_that_goes_on});
