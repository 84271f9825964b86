/* Verdicts of people: they stand beside the model's, and go with the objective. */
#include <stdio.h>

#include "harness.h"

#define NO_RESOURCE "{\"error\":\"Resource Not Found\",\"errors\":[{\"message\":\"Resource Not Found\"}]}"
#define MET         "{\"met\":true,\"reason\":\"Said so in class.\"}"
#define STRING_IDS  "application/json+canvas-string-ids"
#define ENTRY       "/evaluation/learning_objectives_evaluation"

/* A conversation with an evaluation of two objectives. */
struct review {
    struct talk talk;
    char *path;
};

static const struct answer *evaluate(const struct review *r, const char *method)
{
    const struct answer *answer = CALL(method, r->path, token_of(TEACHER));

    expect_status(method, answer, 200);
    return answer;
}

static struct review begin_review(void)
{
    struct review r = {.talk = open_talk(STUDENT)};

    r.path = textf("%s/evaluation", r.talk.path);
    expect_status("hi", say(&r.talk, "hi"), 200);
    evaluate(&r, "GET");
    return r;
}

static const char *verdict(const struct review *r, const char *number)
{
    return textf("%s/verdicts/%s", r->path, number);
}

static const struct answer *put(const struct review *r, enum person who, const char *number, const char *body)
{
    return CALL("PUT", verdict(r, number), token_of(who), .body = body);
}

static const struct answer *take_back(const struct review *r, enum person who, const char *number)
{
    return CALL("DELETE", verdict(r, number), token_of(who));
}

static uint64_t count_overrides(const struct review *r)
{
    return database_number(textf("SELECT COUNT(*) FROM evaluation_override WHERE conversation_id = %lu", r->talk.id));
}

/* ---- saying otherwise ---- */

static void test_said(void)
{
    const struct review r = begin_review();
    const struct answer *said = put(&r, TEACHER, "2", MET);
    const struct expected entry[] = {
        {"/objective", "\"Explain it\""},
        {"/met", "false"},
        {"/score", "50"},
        {"/explanation", "\"Scripted.\""},
        {"/met_at_turn", "null"},
        {"/override/met", "true"},
        {"/override/reason", "\"Said so in class.\""},
        {"/override/user_id", textf("%lu", id_of(TEACHER))},
    };

    expect_status("said", said, 200);
    expect_api_headers("said", said);
    expect_fields("said", said->json, entry, LEN(entry));
    ROW_ASSERT("who", *text_at(said->json, "/override/user_name"));
    ROW_ASSERT("when", strlen(text_at(said->json, "/override/created_at")) == 20);
    ROW_ASSERT("nothing more", json_object_object_length(said->json) == 6 &&
                                   json_object_object_length(json_at(said->json, "/override")) == 6);

    struct json_object *read = evaluate(&r, "GET")->json;

    ROW_ASSERT("in the evaluation", json_object_equal(json_at(read, ENTRY "/1"), said->json));
    expect_json("of the other", read, ENTRY "/0/override", "null");
    expect_json("not of the model", read, "/evaluation/overall_score", "50");
    expect_json("ids as strings", CALL("GET", r.path, token_of(TEACHER), .accept = STRING_IDS)->json,
                ENTRY "/1/override/user_id", textf("\"%lu\"", id_of(TEACHER)));
}

static void test_replaced(void)
{
    const struct review r = begin_review();

    expect_status("said", put(&r, TEACHER, "1", MET), 200);
    CU_ASSERT_TRUE_FATAL(
        database_try(textf("UPDATE evaluation_override SET created_at = '2024-01-01', updated_at = '2024-01-01'"
                           " WHERE conversation_id = %lu",
                           r.talk.id)));
    const struct answer *again = put(&r, TA, "1", "{\"met\":false,\"reason\":\"No.\"}");
    const struct expected want[] = {
        {"/override/met", "false"},
        {"/override/reason", "\"No.\""},
        {"/override/user_id", textf("%lu", id_of(TA))},
        {"/override/created_at", "\"2024-01-01T00:00:00Z\""},
    };

    expect_status("again", again, 200);
    expect_fields("again", again->json, want, LEN(want));
    ROW_ASSERT("changed now", !str_eq(text_at(again->json, "/override/updated_at"), "2024-01-01T00:00:00Z"));
    ROW_ASSERT("one of it", count_overrides(&r) == 1);
}

static void test_taken_back(void)
{
    const struct review r = begin_review();

    expect_status("said", put(&r, TEACHER, "1", MET), 200);
    expect_status("said", put(&r, TEACHER, "2", MET), 200);
    const struct answer *back = take_back(&r, ADMIN, "1");

    expect_status("taken back", back, 200);
    expect_json("its verdict", back->json, "/objective", "\"Name it\"");
    expect_json("nothing beside it", back->json, "/override", "null");
    struct json_object *read = evaluate(&r, "GET")->json;
    expect_json("gone", read, ENTRY "/0/override", "null");
    expect_json("the other stays", read, ENTRY "/1/override/met", "true");
    expect_status("what is not there", take_back(&r, TEACHER, "1"), 200);
}

/* ---- how long it holds ---- */

/* It goes with the objective's text, wherever that stands in the next evaluation. */
static void test_survives(void)
{
    const struct review r = begin_review();
    const char *experience = experience_path(r.talk.course, r.talk.experience);

    expect_status("said", put(&r, TEACHER, "1", MET), 200);
    struct json_object *before = json_at(evaluate(&r, "GET")->json, ENTRY "/0/override");

    ROW_ASSERT("a new one", json_object_equal(json_at(evaluate(&r, "POST")->json, ENTRY "/0/override"), before));
    expect_status("more", say(&r.talk, "more"), 200);
    ROW_ASSERT("after a message", json_object_equal(json_at(evaluate(&r, "GET")->json, ENTRY "/0/override"), before));
    expect_status("edit",
                  CALL("PUT", experience, token_of(TEACHER),
                       .body = "{\"learning_objectives\":[\"Explain it\",\"Name it!\",\"Name it\"]}"),
                  200);
    struct json_object *moved = evaluate(&r, "POST")->json;

    expect_json("another objective", moved, ENTRY "/0/override", "null");
    expect_json("another text", moved, ENTRY "/1/override", "null");
    ROW_ASSERT("where it stands now", json_object_equal(json_at(moved, ENTRY "/2/override"), before));
    CU_ASSERT_TRUE_FATAL(database_try(textf("DELETE FROM conversation WHERE id = %lu", r.talk.id)));
    ROW_ASSERT("gone with the conversation", count_overrides(&r) == 0);
}

/* One that is being made shows what was said meanwhile. */
static void test_said_meanwhile(void)
{
    struct review r = begin_review();

    expect_status("slow", say(&r.talk, "[[evaluate:delay 30000]]more"), 200);
    uint64_t asked = model_structured();
    struct transfer *made = START("POST", r.path, token_of(TEACHER));

    CU_ASSERT_FATAL(wait_for_structured(asked + 1));
    expect_status("meanwhile", put(&r, TA, "1", MET), 200);
    expect_json("it is there", call_finish_hurried(made)->json, ENTRY "/0/override/met", "true");
}

/* Beside an older evaluation, which comes back when making a new one fails. */
static void test_of_an_older_one(void)
{
    const struct review r = begin_review();

    expect_status("broken", say(&r.talk, "[[evaluate:status 500]]more"), 200);
    expect_status("said", put(&r, TEACHER, "1", MET), 200);
    struct json_object *read = evaluate(&r, "GET")->json;

    expect_json("an older one", read, "/stale", "true");
    expect_json("with it", read, ENTRY "/0/override/met", "true");
}

/* ---- who, and of what ---- */

static void test_of_which(void)
{
    static const char *const numbers[] = {"0", "3", "-1", "01x", "one", "99999999999999999999"};
    const struct review r = begin_review();
    const struct talk other = open_talk(TEACHER);

    for (size_t i = 0; i < LEN(numbers); i++) {
        expect_body(numbers[i], put(&r, TEACHER, numbers[i], MET), 404, NO_RESOURCE);
        expect_body(numbers[i], take_back(&r, TEACHER, numbers[i]), 404, NO_RESOURCE);
    }
    expect_status("the student", put(&r, STUDENT, "1", MET), 403);
    expect_status("the student", take_back(&r, STUDENT, "1"), 403);
    expect_status("another student", put(&r, OTHER_STUDENT, "1", MET), 404);
    expect_status("of another course", put(&r, STRANGER, "1", MET), 403);
    expect_status(
        "of another experience",
        CALL("PUT", textf("%s/%lu/evaluation/verdicts/1", other.list_path, r.talk.id), token_of(TEACHER), .body = MET),
        404);
    expect_status("not evaluated",
                  CALL("PUT", textf("%s/evaluation/verdicts/1", other.path), token_of(TEACHER), .body = MET), 404);
    ROW_ASSERT("nothing is changed", count_overrides(&r) == 0);
}

static const char *reason_of(size_t n, const char *character)
{
    struct buf *out = buf_in_arena(test_arena(), 1 << 20);

    CU_ASSERT_FATAL(out != NULL);
    buf_str(out, "{\"met\":true,\"reason\":\"");
    for (size_t i = 0; i < n; i++)
        buf_str(out, character);
    buf_str(out, "\"}");
    return out->data;
}

static void test_refused(void)
{
#define BLANK "can't be blank"
    const struct {
        const char *name, *body, *want;
    } rows[] = {
        {"nothing", "{}", "{\"met\":[\"" BLANK "\"],\"reason\":[\"" BLANK "\"]}"},
        {"nulls", "{\"met\":null,\"reason\":null}", "{\"met\":[\"" BLANK "\"],\"reason\":[\"" BLANK "\"]}"},
        {"no reason", "{\"met\":false}", "{\"reason\":[\"" BLANK "\"]}"},
        {"blank reason", "{\"met\":false,\"reason\":\" \\n\\u00a0\"}", "{\"reason\":[\"" BLANK "\"]}"},
        {"too long", reason_of(2001, "\u00e4"), "{\"reason\":[\"is too long (maximum is 2000 characters)\"]}"},
        {"U+0000", "{\"met\":true,\"reason\":\"a\\u0000b\"}", "{\"reason\":[\"is invalid\"]}"},
        {"no text", "{\"met\":true,\"reason\":5}", "{\"reason\":[\"is invalid\"]}"},
        {"no met", "{\"reason\":\"a\"}", "{\"met\":[\"" BLANK "\"]}"},
        {"a number", "{\"met\":1,\"reason\":\"a\"}", "{\"met\":[\"is invalid\"]}"},
        {"a word", "{\"met\":\"maybe\",\"reason\":\"a\"}", "{\"met\":[\"is invalid\"]}"},
        {"U+0000 in met", "{\"met\":\"\\u0000\",\"reason\":\"a\"}", "{\"met\":[\"is invalid\"]}"},
        {"a list", "{\"met\":[true],\"reason\":[\"a\"]}", "{\"met\":[\"is invalid\"],\"reason\":[\"is invalid\"]}"},
    };
    const struct review r = begin_review();

    expect_status("said", put(&r, TEACHER, "1", MET), 200);
    for (size_t i = 0; i < LEN(rows); i++)
        expect_body(rows[i].name, put(&r, TEACHER, "1", rows[i].body), 400, rows[i].want);
    expect_json("nothing is changed", evaluate(&r, "GET")->json, ENTRY "/0/override/reason", "\"Said so in class.\"");
    expect_status("the longest", put(&r, TEACHER, "1", reason_of(2000, "\U0001F600")), 200);
    const struct answer *form = CALL("PUT", verdict(&r, "1"), token_of(TEACHER),
                                     .type = "application/x-www-form-urlencoded", .body = "met=no&reason=A+form.");
    expect_status("a form", form, 200);
    expect_json("a form", form->json, "/override/met", "false");
}

SUITE(verdicts, {"said", test_said}, {"replaced", test_replaced}, {"taken back", test_taken_back},
      {"survives", test_survives}, {"said meanwhile", test_said_meanwhile}, {"of an older one", test_of_an_older_one},
      {"of which", test_of_which}, {"refused", test_refused});
