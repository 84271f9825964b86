/* A first model that is away, and the one behind it: how soon turns move on, and when they come back. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

enum { CONNECT_MS = 3000, OPEN_S = 2, N_AT_ONCE = 60, STALL_MS = 4000 /* of a busy machine */ };

/* The first model, over TLS, and the spare one, each at a server of its own. */
static struct model_server first, spare;
static struct instance *instance;

static void start(void)
{
    if (instance) {
        instance_use(instance);
        return;
    }
    make_certificate("first");
    first = model_server_start(file_in_run("first.pem"), file_in_run("first.key"));
    spare = model_server_start(NULL, NULL);
    const char *extra[] = {lastingf("SSL_CERT_FILE=%s", file_in_run("first.pem")),
                           lastingf("COLLOQUY_LLM_CONNECT_TIMEOUT_MS=%d", CONNECT_MS),
                           lastingf("COLLOQUY_LLM_FIRST_BYTE_TIMEOUT_MS=%d", CONNECT_MS),
                           lastingf("COLLOQUY_LLM_BREAKER_OPEN_S=%d", OPEN_S),
                           "COLLOQUY_LLM_FALLBACK=spare",
                           NULL};

    instance = instance_create("fallback", textf("https://127.0.0.1:%d", first.port), extra);
    instance_configure(instance, textf("[model spare]\nbase_url = http://127.0.0.1:%d/v1\nid = spare-1\n", spare.port));
    instance_use(instance);
}

/* Which model the last turn's reply is of. */
static bool is_by(const struct talk *talk, const char *model)
{
    return database_number(textf("SELECT JSON_VALUE(calls, '$[last].status') IS NOT NULL AND calls LIKE"
                                 " '%%\"task\":\"reply\",\"model\":\"%s\",\"status\":\"complete\"%%' FROM turn WHERE"
                                 " conversation_id = %lu ORDER BY id DESC LIMIT 1",
                                 model, talk->id)) == 1;
}

static bool wait_until_back(const struct talk *talk)
{
    int64_t limit = clock_mono_ms() + PATIENCE_MS;

    do {
        say(talk, "are you back?");
        if (is_by(talk, "test"))
            return true;
        calls_run(100);
    } while (clock_mono_ms() < limit);
    return false;
}

/* In the status of the instance: "ok" or "failing". */
static bool is_said_to_be(const char *model, const char *state)
{
    struct json_object *status = COMMAND("status", "--json");

    for (size_t i = 0; i < count_at(status, "/models"); i++)
        if (str_eq(text_at(status, textf("/models/%zu/name", i)), model))
            return str_eq(text_at(status, textf("/models/%zu/state", i)), state);
    return false;
}

/* All at once, each in a conversation of its own: every one is answered. The longest of them, in ms. */
static int64_t say_all(const char *row, const struct talk *talks)
{
    struct transfer *transfers[N_AT_ONCE];
    int64_t longest_us = 0;

    for (size_t i = 0; i < N_AT_ONCE; i++)
        transfers[i] = say_start(&talks[i], textf("turn %zu", i), NULL, i % 2);
    for (size_t i = 0; i < N_AT_ONCE; i++) {
        const struct answer *answer = call_finish(transfers[i]);
        struct json_object *done = i % 2 ? event_at(answer, "message.done") : answer->json;

        ROW_ASSERT(row, answer->status == 200 && done);
        longest_us = answer->took_us > longest_us ? answer->took_us : longest_us;
    }
    return longest_us / 1000;
}

/*
 * Whether a turn passes the first model by: at once, and without a try. It is asked again every OPEN_S, and finds that it is
 * away still: so one of a few turns tells.
 */
static bool is_passed_by(const struct talk *talk)
{
    bool is_so = false;

    for (int i = 0; i < 5 && !is_so; i++)
        is_so = say(talk, "again")->took_us < 250000 &&
                database_number(textf("SELECT tries FROM turn WHERE conversation_id = %lu ORDER BY id DESC LIMIT 1",
                                      talk->id)) == 1;
    return is_so;
}

/* The same of what is said of it. */
static bool is_known_to_fail(const struct talk *talk)
{
    bool is_so = is_said_to_be("test", "failing");

    for (int i = 0; i < 5 && !is_so; i++) {
        say(talk, "once more");
        is_so = is_said_to_be("test", "failing");
    }
    return is_so;
}

/*
 * Nobody listens: turns under way and new ones are answered by the spare model within a second, and once the breaker is
 * open, in all workers at once. When the first one is back, so are the turns.
 */
static void test_refused(void)
{
    struct talk talks[N_AT_ONCE];

    start();
    for (size_t i = 0; i < N_AT_ONCE; i++)
        talks[i] = open_talk(STUDENT);
    ROW_ASSERT("the first one at first", is_by(&talks[0], "test"));
    model_mode(&first, true, false);
    int64_t longest_ms = say_all("refused", talks);

    ROW_ASSERT(textf("within a second: %ld ms", (long)longest_ms), longest_ms < 1000 + STALL_MS);
    ROW_ASSERT("by the spare one", is_by(&talks[1], "spare"));
    ROW_ASSERT("known to all", is_known_to_fail(&talks[0]) && is_said_to_be("spare", "ok"));
    ROW_ASSERT("at once, and nobody else was asked", is_passed_by(&talks[0]));
    model_mode(&first, false, false);
    ROW_ASSERT("back", wait_until_back(&talks[0]) && is_said_to_be("test", "ok"));
    const char *away = strstr(read_log(), "model test is not asked for ");

    ROW_ASSERT("the log tells the end of it too", away && strstr(away, "model test is asked again"));
}

/* Silence costs the turns of that moment one time-out; those after it nothing. */
static void test_silent(void)
{
    struct talk talks[N_AT_ONCE];

    start();
    for (size_t i = 0; i < N_AT_ONCE; i++)
        talks[i] = open_talk(STUDENT);
    model_mode(&first, false, true);
    int64_t longest_ms = say_all("silent", talks);

    ROW_ASSERT(textf("one time-out: %ld ms", (long)longest_ms),
               longest_ms >= CONNECT_MS && longest_ms < CONNECT_MS + STALL_MS);
    ROW_ASSERT("at once", is_passed_by(&talks[0]));
    model_mode(&first, false, false);
    ROW_ASSERT("back", wait_until_back(&talks[0]));
}

/* Whether the turn's assessment was begun by the model, which has used something for it. */
static bool has_assessed(const struct talk *talk, const char *model)
{
    return database_number(textf("SELECT calls REGEXP '\"task\":\"assessment\",\"model\":\"%s\",\"status\":"
                                 "\"model_[a-z_]+\",\"input\":[1-9][0-9]*,\"output\":[1-9]' FROM turn"
                                 " WHERE conversation_id = %lu ORDER BY id DESC LIMIT 1",
                                 model, talk->id)) == 1;
}

static uint64_t used_by(const struct talk *talk, const char *model)
{
    return database_number(textf("SELECT COALESCE(SUM(input_tokens), 0) FROM usage_day WHERE course_id = %lu"
                                 " AND model = '%s'",
                                 talk->course, model));
}

/* Both break off in the middle of an assessment: each is booked what it has used. */
static void test_each_has_its_own_cost(void)
{
    start();
    struct talk talk = open_talk(STUDENT);
    uint64_t by_first = used_by(&talk, "test"), by_spare = used_by(&talk, "spare");

    expect_status("a turn", say(&talk, "[[assess:cut 3]]hello"), 200);
    ROW_ASSERT("the reply is the first one's", is_by(&talk, "test"));
    ROW_ASSERT("the assessment was of both", has_assessed(&talk, "test") && has_assessed(&talk, "spare"));
    by_first = used_by(&talk, "test") - by_first;
    by_spare = used_by(&talk, "spare") - by_spare;
    ROW_ASSERT("so is the cost", by_spare > 0 && by_first > by_spare); /* which has replied as well */
    ROW_ASSERT("all of it", database_number(textf(
                                "SELECT input_tokens FROM turn WHERE conversation_id = %lu ORDER BY id DESC LIMIT 1",
                                talk.id)) == by_first + by_spare);
}

/* Both are away: a clear refusal with a time to come again, at once; the message is kept, and may be said again. */
static void test_all_away(void)
{
    start();
    struct talk talk = open_talk(STUDENT);

    model_mode(&first, true, false);
    model_mode(&spare, true, false);
    for (int i = 0; i < 6; i++)
        expect_status("away", say(&talk, "hello?"), 503);
    const struct answer *answer = say(&talk, "hello?");

    for (int i = 0; i < 5 && answer->took_us >= 250000; i++)
        answer = say(&talk, "hello?");
    expect_refusal("both away", answer, 503, "service_unavailable", true);
    ROW_ASSERT(textf("when to come again: %s", header(answer, "Retry-After")),
               strtol(header(answer, "Retry-After"), NULL, 10) >= 1 &&
                   strtol(header(answer, "Retry-After"), NULL, 10) <= 5);
    ROW_ASSERT(textf("at once: %ld ms", (long)(answer->took_us / 1000)), answer->took_us < 250000);
    expect_json("it is kept", last_message(read_talk(&talk)), "/status", "\"failed\"");
    ROW_ASSERT("once", count_at(read_talk(&talk), "/messages") == 3);
    model_mode(&first, false, false);
    model_mode(&spare, false, false);
    ROW_ASSERT("back", wait_until_back(&talk));
    instance_use(instance);
}

SUITE(fallback, {"each has its own cost", test_each_has_its_own_cost}, {"connections refused", test_refused},
      {"silence", test_silent}, {"all are away", test_all_away});
