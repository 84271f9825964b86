/* Chats that are changed, deleted or continued by several clients at once, and requests that nobody would write. */
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>

#include "chat.h"

#define LONG "[[gap 20]][[words 4000]]tell me of quaggas"

static struct transfer *begin_long(const char *id)
{
    struct transfer *transfer = SAY_START(.id = id, .text = LONG, .message_id = "u", .accept = SSE);

    CU_ASSERT_FATAL(call_wait_event(transfer, "STREAMING", 2, PATIENCE_MS));
    return transfer;
}

/* ---- deleting what runs ---- */

static const struct {
    const char *name, *method, *path, *body;
} deletions[] = {
    {"one", "DELETE", CHAT "/conversation/run", NULL},
    {"all", "DELETE", CHAT "/conversations", NULL},
    {"some", "POST", CHAT "/conversations/bulk-delete", "{\"conversation_ids\":[\"run\",\"other\"]}"},
};

/* The name is free at once; what was being written for the old one never gets into the new one. */
static void test_deleting_what_runs(void)
{
    chat_use();
    for (size_t i = 0; i < LEN(deletions); i++) {
        struct transfer *transfer = begin_long("run");

        expect_status(deletions[i].name,
                      CALL(deletions[i].method, deletions[i].path, token_of(STUDENT), .body = deletions[i].body), 200);
        SAID(.id = "run", .text = "anew", .message_id = "u");
        const struct answer *answer = call_finish_hurried(transfer);

        ROW_ASSERT(deletions[i].name, count_events(answer, "ERROR") == 1 && count_events(answer, "STREAMING_END") == 0);
        struct json_object *read = chat_read("run");

        ROW_ASSERT(deletions[i].name, json_object_object_length(json_at(read, "/message_map")) == 3);
        expect_json(deletions[i].name, chat_last(read), "/content/0/body", "\"You said: anew\"");
        expect_status(deletions[i].name, CALL("DELETE", chat_path("run", ""), token_of(STUDENT)), 200);
        ROW_ASSERT("nothing is left",
                   count_at(CALL("GET", CHAT "/conversations/search?query=quaggas", token_of(STUDENT))->json, "") == 0);
    }
}

/* ---- continuing and stopping at once ---- */

static void test_continuing_at_once(void)
{
    enum { N = 5 };
    struct transfer *all[N];
    size_t n_good = 0, n_refused = 0;

    chat_use();
    const char *id = chat_new_id();

    SAID(.id = id, .text = "[[finish length]][[text half]]", .message_id = "u");
    for (size_t i = 0; i < N; i++)
        all[i] = SAY_START(.id = id, .goes_on = true);
    for (size_t i = 0; i < N; i++) {
        const struct answer *answer = call_finish(all[i]);

        n_good += answer->status == 200;
        n_refused += answer->status == 409;
    }
    ROW_ASSERT(textf("%zu, %zu", n_good, n_refused), n_good == 1 && n_refused == N - 1);
    const char *text = chat_text_of(chat_last(chat_read(id)));

    ROW_ASSERT(text, str_starts(text, "halfYou said") && !strstr(text + 5, "You said"));
}

/* A model that goes on with the whole of what it was told: what is said first is told again, so the script is slow twice. */
static void test_continue_is_a_turn(void)
{
    chat_use();
    const char *id = chat_new_id();
    struct model_server model = main_model();

    SAID(.id = id, .text = "[[finish length]][[text half]]", .message_id = "u");
    struct json_object *before = chat_last(chat_read(id));

    model_mode(&model, false, true);
    struct transfer *longer = SAY_START(.id = id, .goes_on = true, .accept = SSE);

    CU_ASSERT(call_wait_event(longer, "START", 1, PATIENCE_MS));
    expect_chat_error("a message meanwhile", SAY(.id = id, .text = "x"), 409, "turn_in_progress", NULL);
    ROW_ASSERT("the reply is there", json_object_equal(chat_last(chat_read(id)), before));
    expect_json("its question has one", chat_read(id), "/message_map/u/status", "\"complete\"");
    expect_body("stop", CALL("POST", chat_path(id, "/stop"), token_of(STUDENT)), 200, "null");
    const struct answer *answer = call_finish(longer);

    model_mode(&model, false, false);
    ROW_ASSERT(answer->body, count_events(answer, "ERROR") == 1);
    ROW_ASSERT("it stays", json_object_equal(chat_last(chat_read(id)), before));
    expect_json("it can go on", chat_read(id), "/should_continue", "true");
    expect_status("it goes on", SAY(.id = id, .goes_on = true), 200);
}

/* ---- workers that die ---- */

static void kill_llm_workers(void)
{
    pid_t workers[16];
    size_t n = instance_workers(instance_used(), "llm", workers, LEN(workers));

    for (size_t i = 0; i < n; i++)
        kill(workers[i], SIGKILL);
    CU_ASSERT(n > 0);
}

/* What was said is kept as failed, and is tried again in its place. */
static void test_a_worker_that_dies(void)
{
    chat_use();
    const char *id = chat_new_id(), *text = "[[times 1]][[hang 1]][[text Whole]]";
    struct transfer *transfer = SAY_START(.id = id, .text = text, .message_id = "u", .accept = SSE);

    CU_ASSERT_FATAL(call_wait_event(transfer, "STREAMING", 1, PATIENCE_MS));
    kill_llm_workers();
    const struct answer *answer = call_finish(transfer);

    ROW_ASSERT(answer->body, !event_at(answer, "STREAMING_END"));
    CU_ASSERT(chat_wait(id, "failed", "user") != NULL);
    expect_json("tried again", SAID(.id = id, .text = text, .message_id = "u"), "/message/content/0/body", "\"Whole\"");
    ROW_ASSERT("in its place", json_object_object_length(json_at(chat_read(id), "/message_map")) == 3);
}

/* A reply that was to go on is as it was, and can. */
static void test_a_worker_that_dies_while_continuing(void)
{
    chat_use();
    const char *id = chat_new_id();
    struct model_server model = main_model();

    SAID(.id = id, .text = "[[finish length]][[text half]]", .message_id = "u");
    struct json_object *before = chat_last(chat_read(id));

    model_mode(&model, false, true);
    struct transfer *longer = SAY_START(.id = id, .goes_on = true, .accept = SSE);

    CU_ASSERT(call_wait_event(longer, "START", 1, PATIENCE_MS));
    kill_llm_workers();
    call_finish(longer);
    model_mode(&model, false, false);
    const struct answer *answer;
    int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

    while ((answer = SAY(.id = id, .goes_on = true))->status != 200 && clock_mono_ms() < end_ms)
        pause_ms(50);
    ROW_ASSERT("it was as it was", str_starts(text_at(answer->json, "/message/content/0/body"), "halfYou said"));
    ROW_ASSERT("and goes on", answer->status == 200 && !json_object_equal(chat_last(chat_read(id)), before));
    expect_json("no other node", chat_read(id), "/message_map/u/children",
                textf("[\"%s\"]", text_at(answer->json, "/message_id")));
}

/* ---- what nobody would write ---- */

static const char *nested(const char *open, const char *close, size_t n)
{
    return textf("{\"conversation_id\":\"deep\",\"message\":{\"content\":[{\"content_type\":\"text\",\"body\":\"x\"}]},"
                 "\"more\":%s%s}",
                 repeated(open, n), repeated(close, n));
}

static void test_strange_bodies(void)
{
    const struct {
        const char *name, *body;
        long status;
    } rows[] = {
        {"a little deep", nested("[", "]", 10), 200},
        {"deep", nested("[", "]", 5000), 400},
        {"deep objects", textf("{\"a\":%s1%s}", repeated("{\"a\":", 5000), repeated("}", 5000)), 400},
        {"no UTF-8",
         "{\"conversation_id\":\"x\",\"message\":{\"content\":[{\"content_type\":\"text\",\"body\":\"\xff\"}]}}", 400},
        {"overlong UTF-8",
         "{\"conversation_id\":\"x\",\"message\":{\"content\":[{\"content_type\":\"text\",\"body\":\"\xc0\xaf\"}]}}",
         400},
        {"two conversations",
         "{\"conversation_id\":7,\"conversationId\":\"x\",\"message\":{\"content\":[{\"content_type\":\"text\","
         "\"body\":"
         "\"x\"}]}}",
         400},
    };

    chat_use();
    for (size_t i = 0; i < LEN(rows); i++)
        expect_status(rows[i].name, SAY(.body = rows[i].body), rows[i].status);
    const struct answer *json =
        SAY(.id = chat_new_id(), .text = "x", .accept = "application/json, text/event-stream;q=0");

    ROW_ASSERT("a stream that is not wanted", str_starts(header(json, "Content-Type"), "application/json"));
}

SUITE(chat_races, {"deleting what runs", test_deleting_what_runs}, {"continuing at once", test_continuing_at_once},
      {"continue is a turn", test_continue_is_a_turn}, {"a worker that dies", test_a_worker_that_dies},
      {"a worker that dies while continuing", test_a_worker_that_dies_while_continuing},
      {"strange bodies", test_strange_bodies});
