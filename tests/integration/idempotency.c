/* Requests that come again, come at once, or lose their client: each message is stored once and has one reply. */
#include <stdio.h>

#include "harness.h"

static const char UUID[] = "0192f0c1-7f3a-7cc1-8a3b-2f6f5f0a1b2c";

static const char *new_key(void)
{
    static unsigned n;

    return textf("key-%u", ++n);
}

static bool is_replayed(const struct answer *answer)
{
    return str_eq(header(answer, "Idempotent-Replayed"), "true");
}

static size_t count_said(const struct talk *talk)
{
    return count_at(read_talk(talk), "/messages");
}

/* ---- the same again ---- */

static void test_same_key_same_body(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *key = new_key();
    const struct answer *first = say_with_key(&talk, "once", key);
    uint64_t asked = model_requests();

    ROW_ASSERT("the first is no replay", !is_replayed(first));
    say(&talk, "something in between");
    for (int i = 0; i < 3; i++) {
        const struct answer *again = say_with_key(&talk, "once", key);

        expect_body("again", again, 200, first->body);
        ROW_ASSERT("it says so", is_replayed(again));
    }
    ROW_ASSERT("the model was asked no more", model_requests() == asked + 1);
    ROW_ASSERT("nothing was stored", count_said(&talk) == 6);
}

static void test_opening_again(void)
{
    uint64_t experience = make_experience("published");
    const char *path = textf("%s/conversations", experience_path(main_course(), experience));
    const char *header_line = textf("Idempotency-Key: %s", new_key());
    const struct answer *first = CALL("POST", path, token_of(STUDENT), .headers = {header_line});
    const struct answer *again = CALL("POST", path, token_of(STUDENT), .headers = {header_line});

    expect_status("open", first, 201);
    expect_body("again", again, 201, first->body);
    ROW_ASSERT("it says so", is_replayed(again) && !is_replayed(first));
    const struct answer *others = CALL("POST", path, token_of(OTHER_STUDENT), .headers = {header_line});
    ROW_ASSERT("another user's key", others->status == 201 && !is_replayed(others));
    ROW_ASSERT("one for each", database_number(textf("SELECT COUNT(*) FROM conversation WHERE ai_experience_id = %lu",
                                                     experience)) == 2);
}

/* The first answer again, whatever the teacher has made of the experience since. */
static void test_opening_again_after_an_edit(void)
{
    uint64_t experience = make_experience("published");
    const char *path = experience_path(main_course(), experience);
    const char *header_line = textf("Idempotency-Key: %s", new_key());
    const char *talks = textf("%s/conversations", path);
    const struct answer *first = CALL("POST", talks, token_of(STUDENT), .headers = {header_line});

    expect_status("edit", CALL("PUT", path, token_of(TEACHER), .body = "{\"learning_objectives\":[\"new\",\"ones\"]}"),
                  200);
    expect_body("again", CALL("POST", talks, token_of(STUDENT), .headers = {header_line}), 201, first->body);
}

/* A manager finds an own conversation after its end, and so does a request that comes again. */
static void test_same_key_after_the_end(void)
{
    const struct talk talk = open_talk(TEACHER);
    const char *key = new_key();
    const struct answer *first = say_with_key(&talk, "once", key);

    expect_status("end", CALL("DELETE", talk.path, talk.token), 200);
    expect_body("again", say_with_key(&talk, "once", key), 200, first->body);
    expect_refusal("something new", say(&talk, "more"), 409, "conversation_completed", false);
}

static void test_same_key_other_body(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *key = new_key();

    expect_status("first", say_with_key(&talk, "one", key), 200);
    expect_refusal("other body", say_with_key(&talk, "two", key), 409, "idempotency_conflict", false);
    ROW_ASSERT("nothing was said", count_said(&talk) == 4);
}

static const struct answer *say_with_id(const struct talk *talk, const char *text, const char *id, const char *key)
{
    return CALL("POST", talk->messages_path, talk->token,
                .body = textf("{\"message\":\"%s\",\"message_id\":\"%s\"}", text, id),
                .headers = {key ? textf("Idempotency-Key: %s", key) : NULL});
}

static void test_message_id(void)
{
    const struct talk talk = open_talk(STUDENT);
    const struct answer *first = say_with_id(&talk, "one", UUID, NULL);
    const struct answer *again = say_with_id(&talk, "one", UUID, NULL);

    expect_status("first", first, 200);
    expect_body("again", again, 200, first->body);
    ROW_ASSERT("it says so", is_replayed(again));
    ROW_ASSERT("it is not the message's id", !str_eq(text_at(first->json, "/messages/2/id"), UUID));
    expect_refusal("other body", say_with_id(&talk, "two", UUID, NULL), 409, "message_id_conflict", false);
    const struct answer *with_header = say_with_id(&talk, "two", UUID, new_key());
    ROW_ASSERT("the header counts when both come", with_header->status == 200 && !is_replayed(with_header));
    ROW_ASSERT("two were said", count_said(&talk) == 6);
}

static void test_reach_of_a_key(void)
{
    const struct talk one = open_talk(STUDENT), two = open_talk(STUDENT);
    const struct talk others = open_talk_on(one.course, one.experience, token_of(OTHER_STUDENT));
    const char *key = new_key();

    expect_status("first", say_with_key(&one, "hi", key), 200);
    ROW_ASSERT("another conversation", !is_replayed(say_with_key(&two, "hi there", key)));
    ROW_ASSERT("another user", !is_replayed(say_with_key(&others, "hello", key)));
    ROW_ASSERT("each was said", count_said(&one) == 4 && count_said(&two) == 4 && count_said(&others) == 4);
}

static void test_replay_as_a_stream(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *key = new_key();
    const struct answer *first = call_finish(say_start(&talk, "[[chunk 3]][[text abcdefghi]]", key, true));
    const struct answer *again = call_finish(say_start(&talk, "[[chunk 3]][[text abcdefghi]]", key, true));
    static const char *const names[] = {"message.start", "message.delta", "progress", "message.done"};

    CU_ASSERT_FATAL(first->n_events > 3 && again->n_events == LEN(names));
    for (size_t i = 0; i < LEN(names); i++)
        ROW_ASSERT(names[i], str_eq(again->events[i].name, names[i]));
    expect_json("one delta", again->events[1].data, "/text", "\"abcdefghi\"");
    ROW_ASSERT("the same end", json_object_equal(again->events[3].data, first->events[first->n_events - 1].data));
    ROW_ASSERT("it says so", is_replayed(again));
    const struct answer *json = say_with_key(&talk, "[[chunk 3]][[text abcdefghi]]", key);
    ROW_ASSERT("also as JSON", json->status == 200 && is_replayed(json) && count_at(json->json, "/messages") == 4);
}

/* ---- at once ---- */

static void test_same_key_while_running(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *key = new_key(), *text = "[[delay 30000]]wait";
    struct transfer *first = say_start(&talk, text, key, true);

    CU_ASSERT_FATAL(call_wait_event(first, "message.start", 1, PATIENCE_MS));
    expect_refusal("same key", say_with_key(&talk, text, key), 409, "turn_in_progress", true);
    expect_refusal("another key", say_with_key(&talk, "other", new_key()), 409, "turn_in_progress", true);
    expect_refusal("no key", say(&talk, "other"), 409, "turn_in_progress", true);
    expect_refusal("as a stream", call_finish(say_start(&talk, "other", NULL, true)), 409, "turn_in_progress", true);
    expect_json("it is shown as pending", last_message(read_talk(&talk)), "/status", "\"pending\"");
    const struct answer *answer = call_finish_hurried(first);
    ROW_ASSERT("the first goes on", str_eq(answer->events[answer->n_events - 1].name, "message.done"));
    ROW_ASSERT("afterwards it is a replay", is_replayed(say_with_key(&talk, text, key)));
    ROW_ASSERT("one was said", count_said(&talk) == 4);
}

static void test_many_at_once(void)
{
    enum { N = 6 };
    static const struct {
        const char *name;
        bool with_key;
    } rows[] = {{"the same key", true}, {"no key", false}};
    const struct talk talk = open_talk(STUDENT);

    for (size_t row = 0; row < LEN(rows); row++) {
        const char *key = rows[row].with_key ? new_key() : NULL;
        struct transfer *all[N];
        size_t n_good = 0, n_refused = 0, before = count_said(&talk);

        for (size_t i = 0; i < N; i++)
            all[i] = say_start(&talk, "[[delay 30000]]all", key, false);
        ROW_ASSERT(rows[row].name, wait_for_calls(all, N, 1));
        model_hurry(true);
        for (size_t i = 0; i < N; i++) {
            const struct answer *answer = call_finish(all[i]);

            n_good += answer->status == 200;
            n_refused += answer->status == 409 && str_eq(text_at(answer->json, "/code"), "turn_in_progress");
        }
        model_hurry(false);
        ROW_ASSERT(rows[row].name, n_good == 1 && n_refused == N - 1);
        ROW_ASSERT(rows[row].name, count_said(&talk) == before + 2);
    }
}

static void test_opening_with_one_key_at_once(void)
{
    enum { N = 5 };
    uint64_t experience = make_experience("published");
    const char *path = textf("%s/conversations", experience_path(main_course(), experience));
    const char *header_line = textf("Idempotency-Key: %s", new_key());
    struct transfer *all[N];
    size_t n_good = 0, n_refused = 0;

    for (size_t i = 0; i < N; i++)
        all[i] = START("POST", path, token_of(STUDENT), .headers = {header_line});
    for (size_t i = 0; i < N; i++) {
        const struct answer *answer = call_finish(all[i]);

        n_good += answer->status == 201;
        n_refused += answer->status == 409 && str_eq(text_at(answer->json, "/code"), "turn_in_progress");
    }
    ROW_ASSERT("each is answered", n_good >= 1 && n_good + n_refused == N);
    ROW_ASSERT("one was opened", database_number(textf("SELECT COUNT(*) FROM conversation WHERE ai_experience_id = %lu",
                                                       experience)) == 1);
}

/* Creating an experience: some of the requests at once, some later. */
static void test_creating_with_one_key(void)
{
    enum { N = 5 };
    const char *path = textf("/api/v1/courses/%lu/ai_experiences", main_course()), *key = new_key();
    const char *header_line = textf("Idempotency-Key: %s", key), *title = textf("once %s", key);
    const char *body =
        textf("{\"title\":\"%s\",\"pedagogical_guidance\":\"g\",\"learning_objectives\":[\"one\"]}", title);
    const char *other =
        textf("{\"title\":\"%s\",\"pedagogical_guidance\":\"g\",\"learning_objectives\":[\"two\"]}", title);
    struct transfer *all[N];
    size_t n_new = 0;

    for (size_t i = 0; i < N; i++)
        all[i] = START("POST", path, token_of(TEACHER), .body = body, .headers = {header_line});
    for (size_t i = 0; i < N; i++) {
        const struct answer *answer = call_finish(all[i]);

        expect_status("at once", answer, 201);
        n_new += !is_replayed(answer);
    }
    ROW_ASSERT("one made it", n_new == 1);
    const struct answer *again = CALL("POST", path, token_of(TEACHER), .body = body, .headers = {header_line});
    ROW_ASSERT("later", again->status == 201 && is_replayed(again));
    const struct answer *conflict = CALL("POST", path, token_of(TEACHER), .body = other, .headers = {header_line});
    expect_status("other body", conflict, 409);
    expect_json("other body", conflict->json, "/errors/0/error_code", "\"idempotency_conflict\"");
    expect_status("a key of a wrong form",
                  CALL("POST", path, token_of(TEACHER), .body = body, .headers = {"Idempotency-Key: \xc3\xa4"}), 400);
    const char *made = textf("%s/%ld", path, int_at(again->json, "/id"));
    expect_status("delete", CALL("DELETE", made, token_of(TEACHER)), 200);
    const struct answer *after = CALL("POST", path, token_of(TEACHER), .body = body, .headers = {header_line});
    ROW_ASSERT("deleted since", after->status == 201 && is_replayed(after));
    expect_json("deleted since", after->json, "/workflow_state", "\"deleted\"");
    ROW_ASSERT("one is there",
               database_number(textf("SELECT COUNT(*) FROM ai_experience WHERE title = '%s'", title)) == 1);
}

/* ---- after a failure ---- */

static void test_key_after_a_failure(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *key = new_key(), *text = "[[status 401]][[times 1]]again";
    const struct answer *first = say_with_key(&talk, text, key);

    expect_refusal("first", first, 503, "llm_upstream_error", false);
    struct json_object *failed = last_message(read_talk(&talk));
    expect_json("it is kept", failed, "/status", "\"failed\"");
    const struct answer *again = say_with_key(&talk, text, key);
    expect_status("again", again, 200);
    ROW_ASSERT("it was tried", !is_replayed(again));
    ROW_ASSERT("the same message", str_eq(text_at(again->json, "/messages/2/id"), text_at(failed, "/id")));
    ROW_ASSERT("stored once", count_at(again->json, "/messages") == 4);
    expect_json("now complete", again->json, "/messages/2/status", "\"complete\"");
    const struct answer *third = say_with_key(&talk, text, key);
    ROW_ASSERT("now a replay", third->status == 200 && is_replayed(third));
    expect_refusal("other body, still", say_with_key(&talk, "else", key), 409, "idempotency_conflict", false);
}

static void test_same_text_after_a_failure(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *text = "[[status 401]][[times 2]]same";

    expect_status("first", say(&talk, text), 503);
    const char *id = text_at(last_message(read_talk(&talk)), "/id");
    expect_status("second", say(&talk, text), 503);
    struct json_object *twice = read_talk(&talk);
    ROW_ASSERT("still one message",
               count_at(twice, "/messages") == 3 && str_eq(text_at(last_message(twice), "/id"), id));
    const struct answer *good = say(&talk, text);
    expect_status("third", good, 200);
    ROW_ASSERT("one message, one reply",
               count_at(good->json, "/messages") == 4 && str_eq(text_at(good->json, "/messages/2/id"), id));
    ROW_ASSERT("now it is another turn", count_at(say(&talk, text)->json, "/messages") == 6);
}

static void test_other_text_after_a_failure(void)
{
    const struct talk talk = open_talk(STUDENT);
    static const struct expected after[] = {
        {"/messages/2/status", "\"failed\""},   {"/messages/2/text", "\"[[status 401]]bad\""},
        {"/messages/3/status", "\"complete\""}, {"/messages/3/text", "\"good\""},
        {"/messages/4/role", "\"Assistant\""},  {"/messages/5", "null"},
    };

    expect_status("first", say(&talk, "[[status 401]]bad"), 503);
    const struct answer *good = say(&talk, "good");
    expect_status("second", good, 200);
    expect_fields("the failed one stays", good->json, after, LEN(after));
}

/* ---- clients that leave ---- */

static void test_client_that_leaves(void)
{
    static const struct {
        const char *name, *event;
        size_t n;
    } rows[] = {{"before the first word", "message.start", 1}, {"in the middle", "message.delta", 2}};

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct talk talk = open_talk(STUDENT);
        struct transfer *transfer = say_start(&talk, "[[delay 200]][[gap 50]][[chunk 1]][[text abcdef]]", NULL, true);

        CU_ASSERT_FATAL(call_wait_event(transfer, rows[i].event, rows[i].n, PATIENCE_MS));
        call_leave(transfer);
        struct json_object *after = wait_for_reply(&talk, PATIENCE_MS);
        expect_json(rows[i].name, last_message(after), "/text", "\"abcdef\"");
        ROW_ASSERT(rows[i].name, count_at(after, "/messages") == 4);
    }
}

static void test_client_that_leaves_without_streaming(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *key = new_key(), *text = "[[delay 300]]left";
    uint64_t asked = model_requests();
    struct transfer *transfer = say_start(&talk, text, key, false);

    CU_ASSERT_FATAL(wait_for_requests(asked + 1));
    call_leave(transfer);
    CU_ASSERT_FATAL(wait_for_reply(&talk, PATIENCE_MS) != NULL);
    const struct answer *again = say_with_key(&talk, text, key);
    ROW_ASSERT("the key gives the reply", again->status == 200 && is_replayed(again));
    ROW_ASSERT("said once", count_said(&talk) == 4);
}

SUITE(idempotency, {"same key, same body", test_same_key_same_body}, {"opening again", test_opening_again},
      {"opening again after an edit", test_opening_again_after_an_edit},
      {"same key after the end", test_same_key_after_the_end}, {"same key, other body", test_same_key_other_body},
      {"message_id", test_message_id}, {"reach of a key", test_reach_of_a_key},
      {"replay as a stream", test_replay_as_a_stream}, {"same key while running", test_same_key_while_running},
      {"many at once", test_many_at_once}, {"opening with one key at once", test_opening_with_one_key_at_once},
      {"creating with one key", test_creating_with_one_key}, {"key after a failure", test_key_after_a_failure},
      {"same text after a failure", test_same_text_after_a_failure},
      {"other text after a failure", test_other_text_after_a_failure},
      {"a client that leaves", test_client_that_leaves},
      {"a client that leaves without streaming", test_client_that_leaves_without_streaming});
