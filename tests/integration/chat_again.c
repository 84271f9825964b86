/* Messages of the chat API that come again or at once: each is stored once and has one reply. */
#include <json-c/json.h>

#include "chat.h"

static const char *new_key(void)
{
    static unsigned n;

    return textf("chat-key-%u", ++n);
}

static size_t count_stored(const char *id)
{
    return (size_t)json_object_object_length(json_at(chat_read(id), "/message_map"));
}

static void test_message_id(void)
{
    chat_use();
    const char *id = chat_new_id();
    const struct answer *first = SAY(.id = id, .text = "one", .message_id = "u");

    expect_status("first", first, 200);
    SAID(.id = id, .text = "in between");
    uint64_t asked = model_requests();

    for (int i = 0; i < 2; i++) {
        const struct answer *again = SAY(.id = id, .text = "one", .message_id = "u");

        ROW_ASSERT("it says so", is_replayed(again));
        expect_status("again", again, 200);
        expect_json("the same reply", again->json, "/message_id", textf("\"%s\"", text_at(first->json, "/message_id")));
        expect_json("the same text", again->json, "/message/content/0/body", "\"You said: one\"");
        ROW_ASSERT("the same price", json_object_equal(json_at(again->json, "/price"), json_at(first->json, "/price")));
        ROW_ASSERT("the same tokens",
                   json_object_equal(json_at(again->json, "/token_count"), json_at(first->json, "/token_count")));
    }
    expect_status("with its parent", SAY(.id = id, .text = "one", .message_id = "u", .parent = "system"), 200);
    static const struct {
        const char *name, *text, *parent;
    } others[] = {{"another text", "two", NULL}, {"another parent", "one", "u"}, {"both", "two", "u"}};

    for (size_t i = 0; i < LEN(others); i++)
        expect_chat_error(others[i].name,
                          SAY(.id = id, .text = others[i].text, .message_id = "u", .parent = others[i].parent), 409,
                          "message_id_conflict", NULL);
    expect_chat_error(
        "another content",
        SAY(.id = id, .message_id = "u",
            .content = "[{\"content_type\":\"text\",\"body\":\"one\"},{\"content_type\":\"text\",\"body\":\"\"}]"),
        409, "message_id_conflict", NULL);
    ROW_ASSERT("the model was asked no more", model_requests() == asked);
    ROW_ASSERT("nothing was stored", count_stored(id) == 5);
}

static void test_key(void)
{
    chat_use();
    const char *id = chat_new_id(), *key = new_key();
    const struct answer *first = SAY(.id = id, .text = "one", .key = key);
    const struct answer *again = SAY(.id = id, .text = "one", .key = key);

    expect_status("first", first, 200);
    expect_body("again", again, 200, first->body);
    ROW_ASSERT("it says so", is_replayed(again) && !is_replayed(first));
    expect_chat_error("another body", SAY(.id = id, .text = "two", .key = key), 409, "idempotency_conflict", NULL);
    expect_chat_error("another conversation", SAY(.id = chat_new_id(), .text = "one", .key = key), 409,
                      "idempotency_conflict", NULL);
    const struct answer *others = SAY(.id = id, .text = "one", .key = key, .token = token_of(OTHER_STUDENT));

    ROW_ASSERT("another user's key", others->status == 200 && !is_replayed(others));
    expect_chat_error("it comes before the id", SAY(.id = id, .text = "two", .key = key, .message_id = "u"), 409,
                      "idempotency_conflict", NULL);
    ROW_ASSERT("said once", count_stored(id) == 3);
    const struct {
        const char *name, *key;
        long status;
    } keys[] = {{"as long as may be", repeated("k", 128), 200},
                {"too long", repeated("k", 129), 400},
                {"all that can be printed", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ x", 200},
                {"not ASCII", "k\xc3\xa9", 400}};

    for (size_t i = 0; i < LEN(keys); i++)
        expect_status(keys[i].name, SAY(.id = chat_new_id(), .text = "x", .key = keys[i].key), keys[i].status);
    expect_status("delete", CALL("DELETE", chat_path(id, ""), token_of(STUDENT)), 200);
    const struct answer *anew = SAY(.id = id, .text = "one", .key = key);

    ROW_ASSERT("gone with its conversation", anew->status == 200 && !is_replayed(anew));
}

static void expect_running(const char *row, const struct answer *answer)
{
    expect_chat_error(row, answer, 409, "turn_in_progress", NULL);
}

static void test_while_running(void)
{
    chat_use();
    const char *id = chat_new_id(), *key = new_key(), *text = "[[delay 10000]]wait";

    SAID(.id = id, .text = "before", .message_id = "b");
    struct transfer *first = SAY_START(.id = id, .text = text, .message_id = "u", .key = key, .accept = SSE);

    CU_ASSERT_FATAL(call_wait_event(first, "START", 1, PATIENCE_MS));
    expect_running("the same id", SAY(.id = id, .text = text, .message_id = "u"));
    expect_running("the same key", SAY(.id = id, .text = text, .message_id = "u", .key = key));
    expect_running("another message", SAY(.id = id, .text = "other"));
    expect_running("beside it", SAY(.id = id, .text = "other", .parent = "system"));
    expect_running("as a stream", SAY(.id = id, .text = "other", .accept = SSE));
    expect_running("continuing", SAY(.id = id, .goes_on = true));
    const struct answer *replay = SAY(.id = id, .text = "before", .message_id = "b");

    ROW_ASSERT("what was replied before is replayed", replay->status == 200 && is_replayed(replay));
    expect_status("another conversation", SAY(.id = chat_new_id(), .text = "x"), 200);
    ROW_ASSERT("it goes on", event_at(call_finish_hurried(first), "STREAMING_END") != NULL);
    ROW_ASSERT("afterwards a replay", is_replayed(SAY(.id = id, .text = text, .message_id = "u")));
    ROW_ASSERT("one was said", count_stored(id) == 5);
}

static void test_many_at_once(void)
{
    enum { N = 6 };
    static const struct {
        const char *name, *message_id;
        bool has_key, is_new;
    } rows[] = {{"one id, a new conversation", "u1", false, true},
                {"one key, a new conversation", NULL, true, true},
                {"one id", "u2", false, false},
                {"nothing in common", NULL, false, false}};
    const char *id = NULL;

    chat_use();
    for (size_t row = 0; row < LEN(rows); row++) {
        struct transfer *all[N];
        const char *key = rows[row].has_key ? new_key() : NULL;
        size_t n_good = 0, n_refused = 0, before;

        id = rows[row].is_new ? chat_new_id() : id;
        before = rows[row].is_new ? 1 : count_stored(id);
        for (size_t i = 0; i < N; i++)
            all[i] = SAY_START(.id = id, .text = "[[delay 10000]]x", .message_id = rows[row].message_id, .key = key);
        ROW_ASSERT(rows[row].name, wait_for_calls(all, N, 1));
        model_hurry(true);
        for (size_t i = 0; i < N; i++) {
            const struct answer *answer = call_finish(all[i]);

            n_good += answer->status == 200 && !is_replayed(answer);
            n_refused += answer->status == 409 || is_replayed(answer);
        }
        model_hurry(false);
        ROW_ASSERT(textf("%s: %zu, %zu", rows[row].name, n_good, n_refused), n_good == 1 && n_refused == N - 1);
        ROW_ASSERT(rows[row].name, count_stored(id) == before + 2);
    }
}

/* ---- after a failure ---- */

static void test_retry(void)
{
    static const struct {
        const char *name, *message_id;
        bool has_key;
    } rows[] = {{"by its id", "u", false}, {"by its key", NULL, true}};

    chat_use();
    for (size_t i = 0; i < LEN(rows); i++) {
        const char *id = chat_new_id(), *key = rows[i].has_key ? new_key() : NULL;
        const char *text = textf("[[status 500]][[times 1]]again %zu", i);
        const char *a = text_at(SAID(.id = id, .text = "before"), "/message_id");
        struct saying saying = {.id = id, .text = text, .message_id = rows[i].message_id, .key = key, .parent = a};

        expect_chat_error(rows[i].name, chat_send(&saying), 502, "model_error", NULL);
        struct json_object *read = chat_read(id);
        const char *failed = text_at(read, "/last_message_id");

        expect_json(rows[i].name, chat_last(read), "/status", "\"failed\"");
        expect_json(rows[i].name, chat_last(read), "/role", "\"user\"");
        expect_json(rows[i].name, read, "/should_continue", "false");
        const struct answer *again = chat_send(&saying);

        expect_status(rows[i].name, again, 200);
        ROW_ASSERT("it was tried", !is_replayed(again));
        expect_json("the same node", again->json, "/message/parent", textf("\"%s\"", failed));
        read = chat_read(id);
        expect_json("the same parent", chat_message(read, failed), "/parent", textf("\"%s\"", a));
        expect_json("complete", chat_message(read, failed), "/status", "\"complete\"");
        ROW_ASSERT("no other node", count_stored(id) == 5);
        ROW_ASSERT("now a replay", is_replayed(chat_send(&saying)));
    }
}

/* The one that failed stays where it is; what is sent beside it is another message. */
static void test_after_a_failure(void)
{
    chat_use();
    const char *id = chat_new_id();

    expect_status("failed", SAY(.id = id, .text = "[[status 500]]bad", .message_id = "u1"), 502);
    expect_chat_error("another content", SAY(.id = id, .text = "good", .message_id = "u1"), 409, "message_id_conflict",
                      NULL);
    SAID(.id = id, .text = "good", .message_id = "u2", .parent = "system");
    expect_status("as a stream", SAY(.id = id, .text = "[[status 500]]bad", .message_id = "u1", .accept = SSE), 200);
    struct json_object *read = chat_read(id);

    expect_json("it failed once more", read, "/message_map/u1/status", "\"failed\"");
    expect_json("both are there", read, "/message_map/system/children", "[\"u1\",\"u2\"]");
    expect_json("the latest turn's", read, "/last_message_id", "\"u1\"");
}

SUITE(chat_again, {"message_id", test_message_id}, {"Idempotency-Key", test_key}, {"while it runs", test_while_running},
      {"many at once", test_many_at_once}, {"retry", test_retry}, {"after a failure", test_after_a_failure});
