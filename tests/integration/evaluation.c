/* Evaluations: made when they are needed, kept while they hold, and what is left when making one fails. */
#include <stdio.h>

#include "harness.h"

/* ---- making and looking ---- */

struct case_of { /* a conversation, and its evaluation as the teacher asks for it */
    struct talk talk;
    char *path;
};

static struct case_of begin_case(const char *said)
{
    struct case_of c = {.talk = open_talk(STUDENT)};

    c.path = textf("%s/evaluation", c.talk.path);
    if (said)
        expect_status(said, say(&c.talk, said), 200);
    return c;
}

static const struct answer *get(const struct case_of *c)
{
    return CALL("GET", c->path, token_of(TEACHER));
}

static const struct answer *post(const struct case_of *c)
{
    return CALL("POST", c->path, token_of(TEACHER));
}

static void edit(const struct case_of *c, const char *body)
{
    expect_status(
        body, CALL("PUT", experience_path(c->talk.course, c->talk.experience), token_of(TEACHER), .body = body), 200);
}

/* Time of the stored one, moved back: what is made now is told from it. */
static void make_older(const struct case_of *c)
{
    CU_ASSERT_TRUE_FATAL(database_try(
        textf("UPDATE evaluation SET evaluated_at = '2024-01-01' WHERE conversation_id = %lu", c->talk.id)));
}

static const char OLD[] = "\"2024-01-01T00:00:00Z\"";

/* An answer with an evaluation, for which the model was asked so often. */
static void expect_evaluation(const char *row, const struct answer *answer, uint64_t asked_before, uint64_t asked,
                              bool is_stale, bool is_old)
{
    uint64_t n = model_structured() - asked_before;

    expect_status(row, answer, 200);
    ROW_ASSERT(textf("%s: asked %lu times", row, n), n == asked);
    expect_json(row, answer->json, "/stale", is_stale ? "true" : "false");
    ROW_ASSERT(row, str_eq(text_at(answer->json, "/evaluated_at"), "2024-01-01T00:00:00Z") == is_old);
    ROW_ASSERT(row, *text_at(answer->json, "/evaluation/summary"));
}

/* ---- its form ---- */

static void test_form(void)
{
    const struct case_of c = begin_case("[[covers 2]]Water boils at 100 degrees.");
    const struct answer *answer = get(&c);
    static const struct expected fields[] = {
        {"/stale", "false"},
        {"/evaluation/overall_assessment", "\"Scripted.\""},
        {"/evaluation/summary", "\"Scripted.\""},
        {"/evaluation/key_moments",
         "[{\"learning_objective\":\"Name it\",\"evidence\":\"[[covers 2]]Water boils at 100 degrees.\","
         "\"message_number\":3}]"},
        {"/evaluation/learning_objectives_evaluation/0",
         "{\"objective\":\"Name "
         "it\",\"met\":false,\"score\":50,\"explanation\":\"Scripted.\",\"met_at_turn\":null,\"override\":null}"},
        {"/evaluation/learning_objectives_evaluation/1",
         "{\"objective\":\"Explain "
         "it\",\"met\":true,\"score\":50,\"explanation\":\"Scripted.\",\"met_at_turn\":2,\"override\":null}"},
        {"/evaluation/learning_objectives_evaluation/2", "null"},
        {"/evaluation/strengths", "[\"Scripted.\"]"},
        {"/evaluation/areas_for_improvement", "[\"Scripted.\"]"},
        {"/evaluation/overall_score", "50"},
        {"/evaluation/custom_metrics", "[]"},
    };

    expect_status("form", answer, 200);
    expect_api_headers("form", answer);
    expect_json("id", answer->json, "/id", textf("%lu", c.talk.id));
    expect_fields("form", answer->json, fields, LEN(fields));
    ROW_ASSERT("time", strlen(text_at(answer->json, "/evaluated_at")) == 20);
    ROW_ASSERT("nothing more", json_object_object_length(answer->json) == 4 &&
                                   json_object_object_length(json_at(answer->json, "/evaluation")) == 8);
    expect_json("ids as strings",
                CALL("GET", c.path, token_of(TEACHER), .accept = "application/json+canvas-string-ids")->json, "/id",
                textf("\"%lu\"", c.talk.id));
}

/* Each that is enabled, in order; what the other fields answer is not asked for. */
static void test_metrics(void)
{
    struct case_of c = begin_case("hi");

    edit(&c, "{\"evaluation_metrics\":[{\"name\":\"Clarity\",\"description\":\"How clear?\"},"
             "{\"name\":\"summary\"},{\"name\":\"Learning Targets Met\"},{\"name\":\"Off\",\"enabled\":false},"
             "{\"name\":\"Courage\",\"visible_to_learners\":true}]}");
    expect_json(
        "made", get(&c)->json, "/evaluation/custom_metrics",
        "[{\"metric\":\"Clarity\",\"response\":\"Scripted.\"},{\"metric\":\"Courage\",\"response\":\"Scripted.\"}]");
    struct json_object *asked = json_of(text_at(model_stats(), "/last_structured"));
    struct json_object *data = json_of(text_at(asked, "/messages/1/content"));
    expect_json(
        "asked for", data, "/metrics",
        "[{\"number\":1,\"name\":\"Clarity\",\"description\":\"How clear?\"},{\"number\":2,\"name\":\"Courage\"}]");
    expect_json("guidance", data, "/guidance", "\"Ask.\"");
    expect_json("numbered", asked,
                "/response_format/json_schema/schema/properties/custom_metrics/items/properties/number/enum", "[1,2]");
}

/* ---- whose words ---- */

#define FINDINGS                                                                                                       \
    "\"learning_objectives_evaluation\":[{\"number\":2,\"met\":true,\"score\":100,\"explanation\":\"b\"},"             \
    "{\"number\":1,\"met\":false,\"score\":0,\"explanation\":\"a\"}]"
#define REST          "\"strengths\":[],\"areas_for_improvement\":[\"x\",\"y\"],\"overall_score\":7"
#define MADE(moments) "{\"overall_assessment\":\"o\",\"key_moments\":[" moments "]," FINDINGS "," REST "}"
#define MOMENT(number, evidence, message)                                                                              \
    "{\"number\":" number ",\"evidence\":\"" evidence "\",\"message_number\":" message "}"

/* Quotations that do not stand in the message that they name are left out; the rest of the evaluation stands. */
static void test_evidence(void)
{
    struct case_of c = begin_case("Water boils when it is hot enough.");
    // clang-format off
    static const char script[] = "[[evaluate:text " MADE(
        MOMENT("1", "Water boils when it is hot", "3") ","
        MOMENT("1", "Water boils when it is hot", "2") ","
        MOMENT("2", "You said", "4") ","
        MOMENT("2", "Hello", "1") ","
        MOMENT("2", "I understand it all", "3") ","
        MOMENT("2", "x", "99") ","
        MOMENT("2", "x", "-1") ","
        MOMENT("2", "\\\"boils ... hot ENOUGH\\\"", "3")) "]]";
    // clang-format on
    static const struct expected fields[] = {
        {"/evaluation/key_moments",
         "[{\"learning_objective\":\"Name it\",\"evidence\":\"Water boils when it is hot\",\"message_number\":3},"
         "{\"learning_objective\":\"Explain it\",\"evidence\":\"You said\",\"message_number\":4},"
         "{\"learning_objective\":\"Explain it\",\"evidence\":\"\\\"boils ... hot ENOUGH\\\"\",\"message_number\":3}]"},
        {"/evaluation/learning_objectives_evaluation/0/objective", "\"Name it\""},
        {"/evaluation/learning_objectives_evaluation/0/score", "0"},
        {"/evaluation/learning_objectives_evaluation/1/score", "100"},
        {"/evaluation/strengths", "[]"},
        {"/evaluation/areas_for_improvement", "[\"x\",\"y\"]"},
        {"/evaluation/overall_score", "7"},
    };

    expect_status("script", say(&c.talk, script), 200);
    const struct answer *answer = get(&c);
    expect_status("made", answer, 200);
    expect_fields("made", answer->json, fields, LEN(fields));
}

/* ---- how long it holds ---- */

static void test_kept(void)
{
    const struct case_of c = begin_case("hi");
    uint64_t asked = model_structured();

    expect_evaluation("the first", get(&c), asked, 1, false, false);
    make_older(&c);
    asked = model_structured();
    expect_evaluation("again", get(&c), asked, 0, false, true);
    expect_evaluation("by another manager", CALL("GET", c.path, token_of(ADMIN)), asked, 0, false, true);
    expect_status("HEAD", CALL("HEAD", c.path, token_of(TEACHER)), 200);
    ROW_ASSERT("HEAD", model_structured() == asked);
    say(&c.talk, "more");
    asked = model_structured();
    expect_evaluation("after a message", get(&c), asked, 1, false, false);
    make_older(&c);
    asked = model_structured();
    expect_evaluation("another one", post(&c), asked, 1, false, false);
}

/* What it was made from has changed: that is said, and nothing is asked; changed back, it holds again. */
static void test_stale(void)
{
    static const struct {
        const char *name, *body, *back;
    } rows[] = {
        {"facts", "{\"facts\":\"Ice melts.\"}", "{\"facts\":\"Water boils.\"}"},
        {"facts cleared", "{\"facts\":null}", "{\"facts\":\"Water boils.\"}"},
        {"guidance", "{\"pedagogical_guidance\":\"Tell.\"}", "{\"pedagogical_guidance\":\"Ask.\"}"},
        {"objectives", "{\"learning_objectives\":[\"Name it\"]}",
         "{\"learning_objectives\":[\"Name it\",\"Explain it\"]}"},
        {"their order", "{\"learning_objectives\":[\"Explain it\",\"Name it\"]}",
         "{\"learning_objectives\":[\"Name it\",\"Explain it\"]}"},
        {"metrics", "{\"evaluation_metrics\":[{\"name\":\"Clarity\"}]}", "{\"evaluation_metrics\":[]}"},
    };
    const struct case_of c = begin_case("hi");

    edit(&c, "{\"evaluation_metrics\":[]}");
    expect_status("made", get(&c), 200);
    make_older(&c);
    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t asked = model_structured();

        edit(&c, rows[i].body);
        expect_evaluation(rows[i].name, get(&c), asked, 0, true, true);
        edit(&c, rows[i].back);
        expect_evaluation(rows[i].name, get(&c), asked, 0, false, true);
    }
    uint64_t asked = model_structured();
    edit(&c, "{\"title\":\"Another\",\"description\":\"Another\"}");
    expect_evaluation("a title", get(&c), asked, 0, false, true);
    edit(&c, "{\"facts\":\"Ice melts.\"}");
    expect_evaluation("a new one", post(&c), asked, 1, false, false);
    expect_evaluation("it holds", get(&c), asked, 1, false, false);
}

/* An objective that the conversation does not know was met at no turn of it. */
static void test_objectives_of_now(void)
{
    const struct case_of c = begin_case("[[covers 1 2]]a");

    edit(&c, "{\"learning_objectives\":[\"Explain it\",\"New\"]}");
    struct json_object *made = get(&c)->json;
    expect_json("known", made, "/evaluation/learning_objectives_evaluation/0/objective", "\"Explain it\"");
    expect_json("known", made, "/evaluation/learning_objectives_evaluation/0/met_at_turn", "2");
    expect_json("new", made, "/evaluation/learning_objectives_evaluation/1/objective", "\"New\"");
    expect_json("new", made, "/evaluation/learning_objectives_evaluation/1/met_at_turn", "null");
}

/* ---- failing ---- */

static const struct failure {
    const char *name, *message, *code;
    bool retryable;
    uint64_t asked; /* 0: as often as transport likes */
} failures[] = {
    // clang-format off
    {"500",             "[[evaluate:status 500]]",                               "service_unavailable",     true,  3},
    {"429",             "[[evaluate:status 429]]",                               "rate_limited",            true,  3},
    {"400",             "[[evaluate:status 400]]",                               "llm_upstream_error",      false, 1},
    {"HTML",            "[[evaluate:html]]",                                     "llm_invalid_response",    true,  0},
    {"empty",           "[[evaluate:empty]]",                                    "llm_no_response",         true,  0},
    {"filtered",        "[[evaluate:finish content_filter]]",                    "content_filtered",        false, 1},
    {"no JSON",         "[[evaluate:text The student did well.]]",               "evaluation_parse_failed", true,  2},
    {"another form",    "[[evaluate:text {\"overall_score\":50}]]",              "evaluation_parse_failed", true,  2},
    {"a score of 101",  "[[evaluate:text {\"overall_assessment\":\"o\",\"key_moments\":[]," FINDINGS
                        ",\"strengths\":[],\"areas_for_improvement\":[],\"overall_score\":101}]]", "evaluation_parse_failed", true, 2},
    {"an objective missing", "[[evaluate:text {\"overall_assessment\":\"o\",\"key_moments\":[],\"learning_objectives_evaluation\":"
                        "[{\"number\":1,\"met\":true,\"score\":1,\"explanation\":\"\"}]," REST "}]]", "evaluation_parse_failed", true, 2},
    {"another member",  "[[evaluate:text {\"overall_assessment\":\"o\",\"key_moments\":[],\"grade\":1," FINDINGS "," REST "}]]",
                        "evaluation_parse_failed", true, 2},
    // clang-format on
};

static void expect_failure(const struct failure *f, const struct answer *answer)
{
    expect_refusal(f->name, answer, 503, f->code, f->retryable);
    expect_json(f->name, answer->json, "/error", "\"The AI service is temporarily unavailable.\"");
}

static void test_failing_without_one(void)
{
    for (size_t i = 0; i < LEN(failures); i++) {
        const struct failure *f = &failures[i];
        const struct case_of c = begin_case(f->message);
        uint64_t asked = model_structured();

        expect_failure(f, get(&c));
        asked = model_structured() - asked;
        ROW_ASSERT(textf("%s: asked %lu times", f->name, asked),
                   f->asked ? asked == f->asked : asked >= 1 && asked <= 4);
        ROW_ASSERT(f->name, database_number(
                                textf("SELECT COUNT(*) FROM evaluation WHERE conversation_id = %lu", c.talk.id)) == 0);
        ROW_ASSERT(f->name, database_number(textf("SELECT COUNT(*) FROM evaluation_run WHERE conversation_id = %lu",
                                                  c.talk.id)) == 0);
    }
}

/* The older one is better than nothing, unless a new one was asked for. */
static void test_failing_with_one(void)
{
    const struct case_of c = begin_case("hi");

    expect_status("made", get(&c), 200);
    make_older(&c);
    struct json_object *old = json_at(get(&c)->json, "/evaluation");
    for (size_t i = 0; i < LEN(failures); i++) {
        const struct failure *f = &failures[i];

        expect_status(f->name, say(&c.talk, f->message), 200);
        const struct answer *answer = get(&c);
        expect_status(f->name, answer, 200);
        expect_json(f->name, answer->json, "/stale", "true");
        expect_json(f->name, answer->json, "/evaluated_at", OLD);
        ROW_ASSERT(f->name, json_object_equal(json_at(answer->json, "/evaluation"), old));
        expect_failure(f, post(&c));
        expect_json(f->name, get(&c)->json, "/evaluated_at", OLD);
    }
    say(&c.talk, "well again");
    expect_json("a new one", get(&c)->json, "/stale", "false");
}

/* One that covers everything is kept when making another fails, and is not stale. */
static void test_failed_replacement(void)
{
    const struct case_of c = begin_case("[[evaluate:status 400]]x");
    const struct case_of other = begin_case("[[evaluate:bigline 3]][[evaluate:times 1]]x");
    uint64_t asked;

    CU_ASSERT_TRUE_FATAL(database_try(
        textf("INSERT INTO evaluation (conversation_id, n_messages, basis_hash, answer, evaluated_at) SELECT %lu, 4,"
              " REPEAT('x', 32), '{\"summary\":\"old\"}', '2024-01-01'",
              c.talk.id)));
    expect_failure(&failures[2], post(&c));
    asked = model_structured();
    expect_evaluation("the old one", get(&c), asked, 0, true, true);
    expect_json("the old one", get(&c)->json, "/evaluation", "{\"summary\":\"old\"}");
    asked = model_structured();
    expect_evaluation("the second answer is good", get(&other), asked, 2, false, false);
}

/* ---- of which conversations, by whom ---- */

static void test_nothing_said(void)
{
    const struct case_of c = begin_case(NULL);
    uint64_t asked = model_structured();

    expect_refusal("GET", get(&c), 409, "evaluation_no_messages", false);
    expect_refusal("POST", post(&c), 409, "evaluation_no_messages", false);
    ROW_ASSERT("not asked", model_structured() == asked);
}

static void test_of_which(void)
{
    const struct case_of c = begin_case("hi");
    const struct talk own = open_talk(TEACHER);

    expect_status("the owner", CALL("GET", c.path, c.talk.token), 403);
    expect_status("the owner", CALL("POST", c.path, c.talk.token), 403);
    expect_status("another student", CALL("GET", c.path, token_of(OTHER_STUDENT)), 404);
    expect_status("of another experience",
                  CALL("GET", textf("%s/%lu/evaluation", own.list_path, c.talk.id), token_of(TEACHER)), 404);
    expect_status("end", CALL("DELETE", c.talk.path, c.talk.token), 200);
    expect_status("an ended one", CALL("GET", c.path, token_of(TA)), 200);
    expect_status("an ended one", CALL("POST", c.path, token_of(ADMIN)), 200);
    say(&own, "hi");
    expect_status("a manager's own, by another", CALL("GET", textf("%s/evaluation", own.path), token_of(DESIGNER)),
                  200);
    expect_status("a body is ignored", CALL("POST", c.path, token_of(TEACHER), .body = "{\"message\":5,\"id\":\"x\"}"),
                  200);
    expect_status("delete", CALL("DELETE", experience_path(own.course, own.experience), token_of(TEACHER)), 200);
    expect_status("of a deleted experience", CALL("GET", textf("%s/evaluation", own.path), token_of(TEACHER)), 404);
}

/* While a turn runs: what has been said is evaluated, and the reply makes it old. */
static void test_while_a_turn_runs(void)
{
    const struct case_of c = begin_case("hi");
    uint64_t asked = model_structured() + 1; /* once the turn's own assessment is */
    struct transfer *turn = say_start(&c.talk, "[[delay 30000]]more", NULL, false);

    CU_ASSERT_FATAL(wait_for_structured(asked));
    expect_evaluation("meanwhile", get(&c), asked, 1, false, false);
    expect_status("the turn", call_finish_hurried(turn), 200);
    make_older(&c);
    asked = model_structured();
    expect_evaluation("after it", get(&c), asked, 1, false, false);
}

static void test_at_once(void)
{
    enum { N = 6 };
    const struct case_of c = begin_case("[[evaluate:delay 200]]hi");
    struct transfer *all[N];

    for (size_t i = 0; i < N; i++)
        all[i] = START(i % 2 ? "POST" : "GET", c.path, token_of(i % 3 ? TEACHER : TA));
    for (size_t i = 0; i < N; i++)
        expect_status("at once", call_finish(all[i]), 200);
    ROW_ASSERT("one is stored",
               database_number(textf("SELECT COUNT(*) FROM evaluation WHERE conversation_id = %lu", c.talk.id)) == 1);
    expect_json("it holds", get(&c)->json, "/stale", "false");
}

/* What is there is shown without a model, also to one that nothing would be made for. */
static void test_stored(void)
{
    struct case_of c = begin_case(NULL);
    char *path = textf("%s?stored=true", c.path);
    const struct expected none[] = {
        {"/id", textf("%lu", c.talk.id)}, {"/evaluation", "null"}, {"/stale", "false"}, {"/evaluated_at", "null"}};
    uint64_t asked = model_structured();
    const struct answer *answer = CALL("GET", path, token_of(TEACHER));

    expect_status("nothing said", answer, 200);
    expect_fields("nothing said", answer->json, none, LEN(none));
    expect_status("say", say(&c.talk, "hi"), 200);
    asked = model_structured();
    expect_fields("none made", CALL("GET", path, token_of(TEACHER))->json, none, LEN(none));
    ROW_ASSERT("nobody was asked", model_structured() == asked);
    expect_status("make one", get(&c), 200);
    make_older(&c);
    asked = model_structured();
    expect_evaluation("stored", CALL("GET", path, token_of(TEACHER)), asked, 0, false, true);
    expect_status("say", say(&c.talk, "more"), 200);
    asked = model_structured();
    expect_evaluation("older than what was said", CALL("GET", path, token_of(TEACHER)), asked, 0, true, true);
    expect_evaluation("false", CALL("GET", textf("%s?stored=false", c.path), token_of(TEACHER)), asked, 1, false,
                      false);
    expect_refusal("GET", CALL("GET", textf("%s?stored=maybe", c.path), token_of(TEACHER)), 400, "validation_failed",
                   false);
}

SUITE(evaluation, {"form", test_form}, {"metrics", test_metrics}, {"evidence", test_evidence}, {"kept", test_kept},
      {"stale", test_stale}, {"objectives of now", test_objectives_of_now},
      {"failing without one", test_failing_without_one}, {"failing with one", test_failing_with_one},
      {"a failed replacement", test_failed_replacement}, {"nothing said", test_nothing_said},
      {"of which", test_of_which}, {"while a turn runs", test_while_a_turn_runs}, {"at once", test_at_once},
      {"stored", test_stored});
