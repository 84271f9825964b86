/* Votes: cast, changed and taken back, and shown to whom they belong. */
#include <ctype.h>
#include <stdio.h>

#include "harness.h"

#define NO_RESOURCE "{\"error\":\"Resource Not Found\",\"errors\":[{\"message\":\"Resource Not Found\"}]}"
#define LIKED       "{\"vote\":\"liked\"}"
#define DISLIKED    "{\"vote\":\"disliked\"}"

static const char UUID[] = "0192f0c1-7f3a-7cc1-8a3b-2f6f5f0a1b2c";

static const char *message_id(struct json_object *conversation, size_t i)
{
    return textf("%s", text_at(conversation, textf("/messages/%zu/id", i)));
}

/* Where votes on the i-th message of a conversation go; 1 is the greeting. */
static const char *votes_path(const struct talk *talk, size_t i)
{
    return textf("%s/%s/feedback", talk->messages_path, message_id(read_talk(talk), i));
}

static const struct answer *vote(const char *path, const char *token, const char *body)
{
    return CALL("POST", path, token, .body = body);
}

static uint64_t count_votes(const struct talk *talk)
{
    return database_number(textf("SELECT COUNT(*) FROM feedback WHERE conversation_id = %lu", talk->id));
}

static const char *upper(const char *text)
{
    char *out = textf("%s", text);

    for (char *c = out; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return out;
}

/* ---- voting ---- */

static void test_vote(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *path = votes_path(&talk, 1), *message = message_id(talk.opened, 1);
    char uuid[UUID_TEXT_BYTES];

    for (int string_ids = 0; string_ids <= 1; string_ids++) {
        const struct answer *answer = CALL("POST", path, talk.token, .body = DISLIKED,
                                           .accept = string_ids ? "application/json+canvas-string-ids" : NULL);
        struct json_object *f = json_at(answer->json, "/feedback");
        const char *want =
            textf("{\"feedback\":{\"id\":\"%s\",\"message_id\":\"%s\",\"user_id\":\"%lu\",\"vote\":"
                  "\"disliked\",\"feedback_message\":null,\"created_at\":\"%s\",\"updated_at\":\"%s\"}}",
                  text_at(f, "/id"), message, id_of(STUDENT), text_at(f, "/created_at"), text_at(f, "/updated_at"));

        expect_status("vote", answer, 200);
        expect_api_headers("vote", answer);
        ROW_ASSERT(textf("%s instead of %s", answer->body, want), str_eq(answer->body, want));
        ROW_ASSERT("uuid", uuid_parse(text_at(f, "/id"), 36, uuid) && !str_eq(uuid, message));
        ROW_ASSERT("times", strlen(text_at(f, "/created_at")) == 20 && strlen(text_at(f, "/updated_at")) == 20);
    }
}

/* The same vote, changed: its id and its first time stay. */
static void test_vote_again(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *path = votes_path(&talk, 1);
    const struct answer *first = vote(path, talk.token, "{\"vote\":\"disliked\",\"feedback_message\":\"Dull\"}");

    if (!database_try(textf("UPDATE feedback SET created_at = '2024-01-01', updated_at = '2024-01-01'"
                            " WHERE conversation_id = %lu",
                            talk.id)))
        harness_die("cannot make a vote older");
    struct json_object *again = json_at(vote(path, talk.token, LIKED)->json, "/feedback");
    expect_json("first", first->json, "/feedback/feedback_message", "\"Dull\"");
    ROW_ASSERT("the same", str_eq(text_at(again, "/id"), text_at(first->json, "/feedback/id")));
    expect_json("now", again, "/vote", "\"liked\"");
    expect_json("no reason", again, "/feedback_message", "null");
    expect_json("made then", again, "/created_at", "\"2024-01-01T00:00:00Z\"");
    ROW_ASSERT("changed now", !str_eq(text_at(again, "/updated_at"), "2024-01-01T00:00:00Z"));
    ROW_ASSERT("one", count_votes(&talk) == 1);
}

static void test_what_is_kept(void)
{
    static const char FORM[] = "application/x-www-form-urlencoded";
    const char *long_reason = repeated("\xF0\x9F\x98\x80", 4000);
    const struct talk talk = open_talk(STUDENT);
    const char *path = votes_path(&talk, 1);
    const struct {
        const char *name, *type, *body, *vote, *reason;
    } rows[] = {
        // clang-format off
        {"a like",             NULL, LIKED,                                                        "\"liked\"",    "null"},
        {"a like's reason",    NULL, "{\"vote\":\"liked\",\"feedback_message\":\"x\"}",            "\"liked\"",    "null"},
        {"no reason",          NULL, DISLIKED,                                                     "\"disliked\"", "null"},
        {"null",               NULL, "{\"vote\":\"disliked\",\"feedback_message\":null}",          "\"disliked\"", "null"},
        {"empty",              NULL, "{\"vote\":\"disliked\",\"feedback_message\":\"\"}",          "\"disliked\"", "null"},
        {"blank",              NULL, "{\"vote\":\"disliked\",\"feedback_message\":\" \\u2003\\n\"}", "\"disliked\"", "null"},
        {"a reason, as typed", NULL, "{\"vote\":\"disliked\",\"feedback_message\":\" <b>no</b>\\n\"}", "\"disliked\"", "\" <b>no</b>\\n\""},
        {"4,000 characters",   NULL, textf("{\"vote\":\"disliked\",\"feedback_message\":\"%s\"}", long_reason), "\"disliked\"", textf("\"%s\"", long_reason)},
        {"a form",             FORM, "vote=disliked&feedback_message=too+long",                    "\"disliked\"", "\"too long\""},
        {"the body's message_id is ignored", NULL, textf("{\"vote\":\"liked\",\"message_id\":\"%s\"}", UUID), "\"liked\"", "null"},
        {"of whatever type",   NULL, "{\"vote\":\"liked\",\"message_id\":5,\"user_id\":1,\"id\":\"x\"}", "\"liked\"", "null"},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("POST", path, talk.token, .type = rows[i].type, .body = rows[i].body);

        expect_status(rows[i].name, answer, 200);
        expect_json(rows[i].name, answer->json, "/feedback/vote", rows[i].vote);
        expect_json(rows[i].name, answer->json, "/feedback/feedback_message", rows[i].reason);
    }
    expect_json("in the query", CALL("POST", textf("%s?vote=liked", path), talk.token)->json, "/feedback/vote",
                "\"liked\"");
}

static void test_wrong_votes(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *path = votes_path(&talk, 1);
    const struct {
        const char *name, *body;
    } rows[] = {
        {"none", "{}"},
        {"null", "{\"vote\":null}"},
        {"empty", "{\"vote\":\"\"}"},
        {"another word", "{\"vote\":\"loved\"}"},
        {"in capitals", "{\"vote\":\"Liked\"}"},
        {"a number", "{\"vote\":1}"},
        {"a list", "{\"vote\":[\"liked\"]}"},
        {"with a NUL", "{\"vote\":\"liked\\u0000\"}"},
        {"a reason that is a number", "{\"vote\":\"disliked\",\"feedback_message\":5}"},
        {"a reason that is a list", "{\"vote\":\"liked\",\"feedback_message\":[]}"},
        {"a reason with a NUL", "{\"vote\":\"disliked\",\"feedback_message\":\"a\\u0000\"}"},
        {"a reason of 4,001 characters",
         textf("{\"vote\":\"disliked\",\"feedback_message\":\"%s\"}", repeated("\xC3\xA9", 4001))},
        {"a like's reason of 4,001", textf("{\"vote\":\"liked\",\"feedback_message\":\"%s\"}", repeated("a", 4001))},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        expect_refusal(rows[i].name, vote(path, talk.token, rows[i].body), 400, "validation_failed", false);
    ROW_ASSERT("no vote", count_votes(&talk) == 0);
    expect_json("broken JSON", vote(path, talk.token, "{")->json, "/errors/0/error_code", "\"invalid_json\"");
}

static void test_which_messages(void)
{
    const struct talk talk = open_talk(STUDENT);
    const struct talk other = open_talk(STUDENT);
    struct json_object *said = say(&talk, "hi")->json;
    const struct {
        const char *name, *id;
        long status;
    } rows[] = {
        {"the greeting", message_id(said, 1), 200},
        {"a reply", message_id(said, 3), 200},
        {"in capitals", upper(message_id(said, 3)), 200},
        {"the opening", message_id(said, 0), 400},
        {"the student's", message_id(said, 2), 400},
        {"of another conversation", message_id(other.opened, 1), 404},
        {"unknown", UUID, 404},
        {"no UUID", "1", 404},
        {"a UUID and more", textf("%s0", UUID), 404},
        {"in braces", textf("%%7B%s%%7D", UUID), 404},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = vote(textf("%s/%s/feedback", talk.messages_path, rows[i].id), talk.token, LIKED);

        if (rows[i].status == 404)
            expect_body(rows[i].name, answer, 404, NO_RESOURCE);
        else if (rows[i].status == 400)
            expect_refusal(rows[i].name, answer, 400, "validation_failed", false);
        else
            expect_status(rows[i].name, answer, 200);
    }
    expect_body("before the parameters", vote(textf("%s/%s/feedback", talk.messages_path, UUID), talk.token, "{}"), 404,
                NO_RESOURCE);
    ROW_ASSERT("two", count_votes(&talk) == 2);
}

static void test_on_an_ended_conversation(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *path = votes_path(&talk, 1);
    const struct answer *mine = vote(path, talk.token, LIKED);
    const char *own = textf("%s/%s", path, text_at(mine->json, "/feedback/id"));

    expect_status("end", CALL("DELETE", talk.path, talk.token), 200);
    expect_body("the student", vote(path, talk.token, LIKED), 404, NO_RESOURCE);
    expect_body("the student takes it back", CALL("DELETE", own, talk.token), 404, NO_RESOURCE);
    const struct answer *theirs = vote(path, token_of(TA), DISLIKED);
    expect_status("a manager", theirs, 200);
    expect_status("a manager takes it back",
                  CALL("DELETE", textf("%s/%s", path, text_at(theirs->json, "/feedback/id")), token_of(TA)), 200);
}

static void test_at_once(void)
{
    enum { N = 8 };
    const struct talk talk = open_talk(STUDENT);
    const char *path = votes_path(&talk, 1);
    struct transfer *votes[N];
    const char *id = NULL;

    for (size_t i = 0; i < N; i++)
        votes[i] = START("POST", path, talk.token, .body = i % 2 ? LIKED : DISLIKED);
    for (size_t i = 0; i < N; i++) {
        const struct answer *answer = call_finish(votes[i]);

        expect_status("vote", answer, 200);
        id = id ? id : text_at(answer->json, "/feedback/id");
        ROW_ASSERT("the same", str_eq(text_at(answer->json, "/feedback/id"), id));
    }
    ROW_ASSERT("one", count_votes(&talk) == 1);
}

/* ---- taking it back ---- */

static void test_remove(void)
{
    const struct talk talk = open_talk(STUDENT);
    struct json_object *said = say(&talk, "hi")->json;
    const char *first = textf("%s/%s/feedback", talk.messages_path, message_id(said, 1));
    const char *second = textf("%s/%s/feedback", talk.messages_path, message_id(said, 3));
    const char *mine = textf("%s", text_at(vote(first, talk.token, LIKED)->json, "/feedback/id"));
    const char *theirs = textf("%s", text_at(vote(first, token_of(TEACHER), LIKED)->json, "/feedback/id"));
    const struct {
        const char *name, *path;
        enum person who;
        bool is_there;
    } rows[] = {
        {"another's", textf("%s/%s", first, theirs), STUDENT, false},
        {"a student's, by a manager", textf("%s/%s", first, mine), TEACHER, false},
        {"on another message", textf("%s/%s", second, mine), STUDENT, false},
        {"on no message", textf("%s/%s/feedback/%s", talk.messages_path, UUID, mine), STUDENT, false},
        {"on none at all", textf("%s/x/feedback/%s", talk.messages_path, mine), STUDENT, false},
        {"unknown", textf("%s/%s", first, UUID), STUDENT, false},
        {"no UUID", textf("%s/1", first), STUDENT, false},
        {"own", textf("%s/%s", first, mine), STUDENT, true},
        {"again", textf("%s/%s", first, mine), STUDENT, false},
        {"a manager's own, in capitals", textf("%s/%s", first, upper(theirs)), TEACHER, true},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("DELETE", rows[i].path, token_of(rows[i].who));

        if (rows[i].is_there)
            expect_body(rows[i].name, answer, 200, "{\"success\":true}");
        else
            expect_body(rows[i].name, answer, 404, NO_RESOURCE);
        expect_api_headers(rows[i].name, answer);
    }
    ROW_ASSERT("none", count_votes(&talk) == 0);
    expect_json("none is shown", read_talk(&talk), "/messages/1/feedback", "[]");
    ROW_ASSERT("a new one", !str_eq(text_at(vote(first, talk.token, LIKED)->json, "/feedback/id"), mine));
}

/* ---- who is shown what ---- */

/* That the i-th message has this vote and no other message has any; NULL: none has. */
static void expect_votes(const char *row, struct json_object *conversation, size_t i, struct json_object *vote)
{
    size_t n = count_at(conversation, "/messages");

    ROW_ASSERT(row, n > i);
    for (size_t k = 0; k < n; k++) {
        struct json_object *shown = json_at(conversation, textf("/messages/%zu/feedback", k));

        if (vote && k == i)
            ROW_ASSERT(textf("%s, message %zu", row, k),
                       json_object_array_length(shown) == 1 &&
                           json_object_equal(json_object_array_get_idx(shown, 0), vote));
        else
            expect_json(textf("%s, message %zu", row, k), shown, "", "[]");
    }
}

static void test_each_sees_their_own(void)
{
    const struct talk talk = open_talk(STUDENT);
    struct json_object *said = say(&talk, "hi")->json;
    const char *students = textf("%s/ai_conversations/%lu", experience_path(talk.course, talk.experience), talk.id);
    const char *first = textf("%s/%s/feedback", talk.messages_path, message_id(said, 1));
    const char *second = textf("%s/%s/feedback", talk.messages_path, message_id(said, 3));
    struct json_object *mine = json_at(vote(first, talk.token, LIKED)->json, "/feedback");
    struct json_object *teachers = json_at(
        vote(second, token_of(TEACHER), "{\"vote\":\"disliked\",\"feedback_message\":\"Vague\"}")->json, "/feedback");
    const struct {
        const char *name, *path;
        enum person who;
        size_t i;
        struct json_object *vote;
    } rows[] = {
        {"active, the student", talk.list_path, STUDENT, 1, mine},
        {"show, the teacher", talk.path, TEACHER, 3, teachers},
        {"show, another manager", talk.path, ADMIN, 3, NULL},
        {"one, the teacher", students, TEACHER, 3, teachers},
        {"one, another manager", students, TA, 3, NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        expect_votes(rows[i].name, CALL("GET", rows[i].path, token_of(rows[i].who))->json, rows[i].i, rows[i].vote);
}

static void test_answers_of_turns(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *key = "votes-of-turns";
    struct json_object *said = say_with_key(&talk, "hi", key)->json;
    const char *path = textf("%s/%s/feedback", talk.messages_path, message_id(said, 3));

    expect_votes("the first time", said, 3, NULL);
    struct json_object *mine = json_at(vote(path, talk.token, DISLIKED)->json, "/feedback");
    expect_votes("the next turn", say(&talk, "more")->json, 3, mine);
    expect_votes("the first again", say_with_key(&talk, "hi", key)->json, 3, mine);
    const struct answer *stream = call_finish(say_start(&talk, "hi", key, true));
    CU_ASSERT_FATAL(stream->n_events > 2);
    ROW_ASSERT("streamed again",
               json_object_equal(json_at(stream->events[stream->n_events - 1].data, "/message/feedback/0"), mine));
    mine = json_at(vote(path, talk.token, LIKED)->json, "/feedback");
    expect_votes("as it is now", say_with_key(&talk, "hi", key)->json, 3, mine);
    expect_status("remove", CALL("DELETE", textf("%s/%s", path, text_at(mine, "/id")), talk.token), 200);
    expect_votes("as it is now", say_with_key(&talk, "hi", key)->json, 3, NULL);
}

static void test_an_opening_again(void)
{
    uint64_t experience = make_experience("published");
    const char *path = textf("%s/conversations", experience_path(main_course(), experience));
    const char *header_line = "Idempotency-Key: votes-of-openings";
    const struct answer *opened = CALL("POST", path, token_of(STUDENT), .headers = {header_line});
    const char *votes =
        textf("%s/%lu/messages/%s/feedback", path, json_get_u64(opened->json, "id"), message_id(opened->json, 1));
    struct json_object *mine = json_at(vote(votes, token_of(STUDENT), LIKED)->json, "/feedback");

    expect_votes("the first time", opened->json, 1, NULL);
    expect_votes("again", CALL("POST", path, token_of(STUDENT), .headers = {header_line})->json, 1, mine);
}

/* The very first vote of a conversation, while the reply to the next message is being written. */
static void test_while_a_turn_runs(void)
{
    static const char *const names[] = {"plain", "streamed"};

    for (size_t i = 0; i < LEN(names); i++) {
        const struct talk talk = open_talk(STUDENT);
        const char *path = votes_path(&talk, 1);
        struct transfer *transfer = say_start(&talk, "[[delay 30000]]hi", NULL, i == 1);

        CU_ASSERT_FATAL(wait_for_status(&talk, "pending", PATIENCE_MS) != NULL);
        const struct answer *voted = vote(path, talk.token, LIKED);
        expect_status(names[i], voted, 200);
        const struct answer *answer = call_finish_hurried(transfer);
        expect_status(names[i], answer, 200);
        if (i == 0)
            expect_votes(names[i], answer->json, 1, json_at(voted->json, "/feedback"));
        else
            expect_json(names[i], answer->events[answer->n_events - 1].data, "/message/feedback", "[]");
        expect_votes(names[i], read_talk(&talk), 1, json_at(voted->json, "/feedback"));
    }
}

SUITE(feedback, {"vote", test_vote}, {"vote again", test_vote_again}, {"what is kept", test_what_is_kept},
      {"wrong votes", test_wrong_votes}, {"which messages", test_which_messages},
      {"on an ended conversation", test_on_an_ended_conversation}, {"at once", test_at_once}, {"remove", test_remove},
      {"each sees their own", test_each_sees_their_own}, {"answers of turns", test_answers_of_turns},
      {"an opening again", test_an_opening_again}, {"while a turn runs", test_while_a_turn_runs});
