/* Stopping a reply: what had come of it stays, and whoever waits for it is answered. */
#include <stdio.h>

#include "harness.h"

#define NO_RESOURCE "{\"error\":\"Resource Not Found\",\"errors\":[{\"message\":\"Resource Not Found\"}]}"

/* As soon as its worker is told: not when that looks for itself, every 10 s, nor when the model has said it all. */
enum { SOON_US = 6000000, WHOLE_BYTES = 19000 };

static const char LONG[] = "[[words 4000]][[gap 20]][[covers 1]]tell me"; /* some 50 s */
static const char STOPPED[] = "{\"stopped\":true}", NOTHING[] = "{\"stopped\":false}";

static const struct answer *stop(const struct talk *talk)
{
    return CALL("POST", textf("%s/stop", talk->path), talk->token);
}

/* A long reply of which something has come. */
static struct transfer *begin_long(const struct talk *talk)
{
    struct transfer *transfer = say_start(talk, LONG, NULL, true);

    CU_ASSERT_TRUE_FATAL(call_wait_event(transfer, "message.delta", 5, PATIENCE_MS));
    return transfer;
}

/* The last message of the conversation as everybody reads it is a stopped reply with this text. */
static void expect_stopped_reply(const char *row, const struct talk *talk, const char *text)
{
    const char *students = textf("%s/ai_conversations/%lu", experience_path(talk->course, talk->experience), talk->id);
    struct json_object *const views[] = {read_talk(talk), CALL("GET", talk->path, token_of(TEACHER))->json,
                                         CALL("GET", students, token_of(TEACHER))->json};

    for (size_t i = 0; i < LEN(views); i++) {
        struct json_object *reply = last_message(views[i]);
        size_t n = count_at(views[i], "/messages");

        expect_json(row, reply, "/role", "\"Assistant\"");
        expect_json(row, reply, "/status", "\"complete\"");
        expect_json(row, reply, "/stopped", "true");
        ROW_ASSERT(row, str_eq(text_at(reply, "/text"), text));
        ROW_ASSERT(row, *text_at(reply, "/html"));
        expect_json(row, views[i], textf("/messages/%zu/status", n - 2), "\"complete\"");
        expect_json(row, views[i], textf("/messages/%zu/stopped", n - 2), "null");
    }
}

/* ---- something has come ---- */

static void test_stream(void)
{
    const struct talk talk = open_talk(STUDENT);
    struct transfer *transfer = begin_long(&talk);
    int64_t began_us = clock_mono_us();
    const struct answer *stopped = stop(&talk);

    expect_body("stop", stopped, 200, STOPPED);
    expect_api_headers("stop", stopped);
    const struct answer *stream = call_finish(transfer);
    int64_t took_us = clock_mono_us() - began_us;
    struct json_object *done = event_at(stream, "message.done");
    const char *text = joined_deltas(stream);

    ROW_ASSERT(textf("ended after %ld us", took_us), took_us < SOON_US);
    ROW_ASSERT("done comes last, alone", count_events(stream, "message.done") == 1 && !count_events(stream, "error") &&
                                             str_eq(stream->events[stream->n_events - 1].name, "message.done"));
    ROW_ASSERT("a part of it", strlen(text) >= 40 && strlen(text) < WHOLE_BYTES);
    ROW_ASSERT("the deltas joined", str_eq(text_at(done, "/message/text"), text));
    expect_json("done", done, "/message/stopped", "true");
    expect_json("done", done, "/message/status", "\"complete\"");
    expect_stopped_reply("read", &talk, text);
}

static void test_plain(void)
{
    const struct talk talk = open_talk(STUDENT);
    uint64_t asked = model_requests();
    struct transfer *transfer = say_start(&talk, LONG, NULL, false);

    CU_ASSERT_FATAL(wait_for_requests(asked + 1));
    pause_ms(400); /* for something to come */
    int64_t began_us = clock_mono_us();
    expect_body("stop", stop(&talk), 200, STOPPED);
    const struct answer *answer = call_finish(transfer);
    ROW_ASSERT("soon", clock_mono_us() - began_us < SOON_US);
    expect_status("answer", answer, 200);
    expect_json("answer", answer->json, "/messages/3/stopped", "true");
    ROW_ASSERT("a part of it", strlen(text_at(answer->json, "/messages/3/text")) < WHOLE_BYTES);
    expect_stopped_reply("read", &talk, text_at(answer->json, "/messages/3/text"));
}

/* Only one that was stopped says anything of it. */
static void test_others_are_not_stopped(void)
{
    const struct talk talk = open_talk(STUDENT);

    expect_json("greeting", talk.opened, "/messages/1/stopped", "null");
    expect_json("reply", say(&talk, "hi")->json, "/messages/3/stopped", "null");
}

/* The model goes on from what the student has read. */
static void test_goes_on(void)
{
    const struct talk talk = open_talk(STUDENT);
    struct transfer *transfer = begin_long(&talk);

    expect_body("stop", stop(&talk), 200, STOPPED);
    const char *text = joined_deltas(call_finish(transfer));
    expect_json("the next one", say(&talk, "and now?")->json, "/messages/5/text", "\"You said: and now?\"");
    struct json_object *told = json_of(text_at(model_stats(), "/last_body"));
    ROW_ASSERT("the model is told what came", str_eq(text_at(told, "/messages/4/content"), text));
    expect_json("and no more", told, "/messages/5/content", "\"and now?\"");
    expect_body("nothing runs", stop(&talk), 200, NOTHING);
    expect_json("it stays as it was", read_talk(&talk), "/messages/5/stopped", "null");
}

static void test_stopped_again_with_its_key(void)
{
    const struct talk talk = open_talk(STUDENT);
    struct transfer *transfer = say_start(&talk, LONG, "stopping", true);

    CU_ASSERT_TRUE_FATAL(call_wait_event(transfer, "message.delta", 3, PATIENCE_MS));
    expect_body("stop", stop(&talk), 200, STOPPED);
    const char *text = joined_deltas(call_finish(transfer));
    uint64_t asked = model_requests();
    const struct answer *again = say_with_key(&talk, LONG, "stopping");
    expect_json("the first answer again", again->json, "/messages/3/stopped", "true");
    ROW_ASSERT("the first answer again", str_eq(text_at(again->json, "/messages/3/text"), text));
    ROW_ASSERT("not asked", model_requests() == asked);
}

/* ---- nothing has come ---- */

static void test_before_anything_came(void)
{
    static const char *const names[] = {"plain", "streamed"};

    for (size_t i = 0; i < LEN(names); i++) {
        const struct talk talk = open_talk(STUDENT);
        struct transfer *transfer = say_start(&talk, "[[delay 30000]][[times 1]]hi", NULL, i == 1);

        model_reset();
        CU_ASSERT_FATAL(wait_for_requests(1));
        int64_t began_us = clock_mono_us();
        expect_body(names[i], stop(&talk), 200, STOPPED);
        const struct answer *answer = call_finish(transfer);
        ROW_ASSERT(names[i], clock_mono_us() - began_us < SOON_US);
        if (i == 0)
            expect_refusal(names[i], answer, 503, "llm_no_response", true);
        else
            expect_json(names[i], event_at(answer, "error"), "/code", "\"llm_no_response\"");
        ROW_ASSERT(names[i], !count_events(answer, "message.done"));
        struct json_object *after = read_talk(&talk);
        ROW_ASSERT(names[i], count_at(after, "/messages") == 3);
        expect_json(names[i], after, "/messages/2/status", "\"failed\"");
        model_reset();
        expect_body(names[i], stop(&talk), 200, NOTHING);
        const struct answer *next = say(&talk, "hi again");
        expect_json(names[i], next->json, "/messages/4/text", "\"You said: hi again\"");
    }
}

/* The turn is stored, and that is all there is of it. */
static void test_in_the_first_moments(void)
{
    enum { ROUNDS = 10 };

    for (int i = 0; i < ROUNDS; i++) {
        const struct talk talk = open_talk(STUDENT);
        struct transfer *transfer = say_start(&talk, "[[delay 30000]]hi", NULL, true);

        CU_ASSERT_TRUE_FATAL(call_wait_event(transfer, "message.start", 1, PATIENCE_MS));
        int64_t began_us = clock_mono_us();
        expect_body("stop", stop(&talk), 200, STOPPED);
        const struct answer *stream = call_finish(transfer);
        ROW_ASSERT("soon", clock_mono_us() - began_us < SOON_US);
        expect_json("stream", event_at(stream, "error"), "/code", "\"llm_no_response\"");
        expect_json("failed", last_message(read_talk(&talk)), "/status", "\"failed\"");
    }
}

/* As early as it can be: as soon as there is a turn. */
static void test_as_it_begins(void)
{
    enum { ROUNDS = 20 };
    const struct talk talk = open_talk(STUDENT);

    for (int i = 0; i < ROUNDS; i++) {
        struct transfer *transfer = say_start(&talk, textf("[[delay 30000]]hi %d", i), NULL, false);
        bool is_stopped = false;

        while (!is_stopped && !call_is_done(transfer))
            is_stopped = json_object_get_boolean(json_at(stop(&talk)->json, "/stopped"));
        int64_t began_us = clock_mono_us();
        expect_refusal("begun", call_finish(transfer), 503, "llm_no_response", true);
        ROW_ASSERT("soon", is_stopped && clock_mono_us() - began_us < SOON_US);
    }
}

/* Its worker forgot it: nobody goes on looking for it when its lease is over. */
static void test_one_that_nobody_holds(void)
{
    const struct talk lost = open_talk(STUDENT), talk = open_talk(STUDENT);
    struct transfer *transfer;

    CU_ASSERT_TRUE_FATAL(database_try(textf("UPDATE turn SET state = 'pending', is_running = 1, is_stopping = 1,"
                                            " lease_until = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND"
                                            " WHERE conversation_id = %lu",
                                            lost.id)));
    transfer = begin_long(&talk);
    expect_body("stop", stop(&talk), 200, STOPPED);
    call_finish(transfer);
    uint64_t before = database_status("Questions");
    int64_t began_ms = clock_mono_ms();
    pause_ms(1000);
    uint64_t n = database_status("Questions") - before;
    double seconds = (double)(clock_mono_ms() - began_ms) / 1000;
    ROW_ASSERT(textf("%lu statements in %.1f s", n, seconds), (double)n < 12 * seconds);
    expect_json("it is as any that failed", say(&lost, "hi")->json, "/messages/3/stopped", "null");
}

/* ---- the reply is there, and its assessment is not ---- */

static void test_while_it_is_assessed(void)
{
    const struct talk talk = open_talk(STUDENT);
    struct transfer *transfer = say_start(&talk, "[[assess:delay 30000]][[covers 1]]hi", NULL, true);

    CU_ASSERT_TRUE_FATAL(call_wait_event(transfer, "message.delta", 2, PATIENCE_MS));
    pause_ms(300);
    int64_t began_us = clock_mono_us();
    expect_body("stop", stop(&talk), 200, STOPPED);
    const struct answer *stream = call_finish(transfer);
    ROW_ASSERT("soon", clock_mono_us() - began_us < SOON_US);
    expect_json("all that came", event_at(stream, "message.done"), "/message/text", "\"You said: hi\"");
    expect_json("progress as it was", event_at(stream, "message.done"), "/progress/current", "0");
    expect_stopped_reply("read", &talk, "You said: hi");
}

/* ---- who, and how often ---- */

static void test_who(void)
{
    const struct talk talk = open_talk(STUDENT);
    struct transfer *transfer = begin_long(&talk);
    const char *path = textf("%s/stop", talk.path);
    const struct {
        const char *name, *path;
        enum person who;
        long status;
    } rows[] = {
        {"another student", path, OTHER_STUDENT, 404},
        {"an observer", path, OBSERVER, 404},
        {"a teacher", path, TEACHER, 403},
        {"an admin", path, ADMIN, 403},
        {"of another course", path, STRANGER, 403},
        {"an unknown one", textf("%s/999999999/stop", talk.list_path), STUDENT, 404},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        expect_status(rows[i].name, CALL("POST", rows[i].path, token_of(rows[i].who)), rows[i].status);
    expect_status("nobody", CALL("POST", path, NULL), 401);
    expect_status("GET", CALL("GET", path, talk.token), 405);
    ROW_ASSERT("it runs on", call_wait_event(transfer, "message.delta", 60, PATIENCE_MS) && !call_is_done(transfer));
    struct transfer *twice[] = {START("POST", path, talk.token), START("POST", path, talk.token)};
    bool was_running = false;
    for (size_t i = 0; i < LEN(twice); i++) {
        const struct answer *answer = call_finish(twice[i]);

        expect_status("twice", answer, 200);
        was_running |= json_object_get_boolean(json_at(answer->json, "/stopped"));
    }
    ROW_ASSERT("once at least", was_running);
    expect_json("stopped", event_at(call_finish(transfer), "message.done"), "/message/stopped", "true");
    expect_body("and then", stop(&talk), 200, NOTHING);
    expect_status("end", CALL("DELETE", talk.path, talk.token), 200);
    expect_body("of an ended one", stop(&talk), 404, NO_RESOURCE);
}

static void test_nothing_runs(void)
{
    const struct talk talk = open_talk(STUDENT);
    const struct talk own = open_talk(TEACHER);

    expect_body("opened", stop(&talk), 200, NOTHING);
    expect_status("say", say(&talk, "hi"), 200);
    expect_body("answered", stop(&talk), 200, NOTHING);
    expect_status("fails", say(&talk, "[[status 400]]x"), 503);
    expect_body("failed", stop(&talk), 200, NOTHING);
    expect_body("a manager's own", stop(&own), 200, NOTHING);
}

/* Every one of many, and none besides. */
static void test_many_at_once(void)
{
    enum { N = 20 };
    struct talk talks[N], other = open_talk(OTHER_STUDENT);
    struct transfer *turns[N], *stops[N], *another;

    for (size_t i = 0; i < N; i++)
        talks[i] = open_talk(STUDENT);
    another = say_start(&other, "[[words 100]][[gap 20]]x", NULL, true);
    for (size_t i = 0; i < N; i++)
        turns[i] = say_start(&talks[i], LONG, NULL, true);
    for (size_t i = 0; i < N; i++)
        CU_ASSERT_TRUE_FATAL(call_wait_event(turns[i], "message.delta", 1, PATIENCE_MS));
    int64_t began_us = clock_mono_us();
    for (size_t i = 0; i < N; i++)
        stops[i] = START("POST", textf("%s/stop", talks[i].path), talks[i].token);
    for (size_t i = 0; i < N; i++)
        expect_body("stop", call_finish(stops[i]), 200, STOPPED);
    for (size_t i = 0; i < N; i++) {
        const struct answer *stream = call_finish(turns[i]);

        expect_json("stopped", event_at(stream, "message.done"), "/message/stopped", "true");
        ROW_ASSERT("the deltas joined",
                   str_eq(text_at(event_at(stream, "message.done"), "/message/text"), joined_deltas(stream)));
    }
    int64_t took_us = clock_mono_us() - began_us;
    ROW_ASSERT(textf("all of them in %ld us", took_us), took_us < SOON_US);
    expect_json("another's is whole", event_at(call_finish(another), "message.done"), "/message/stopped", "null");
}

SUITE(stopping, {"stream", test_stream}, {"plain", test_plain}, {"others are not stopped", test_others_are_not_stopped},
      {"goes on", test_goes_on}, {"stopped, and again with its key", test_stopped_again_with_its_key},
      {"before anything came", test_before_anything_came}, {"in the first moments", test_in_the_first_moments},
      {"as it begins", test_as_it_begins}, {"one that nobody holds", test_one_that_nobody_holds},
      {"while it is assessed", test_while_it_is_assessed}, {"who", test_who}, {"nothing runs", test_nothing_runs},
      {"many at once", test_many_at_once});
