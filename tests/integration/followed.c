/*
 * Answers of a judge that does as a student says: whatever is not exactly of its form is asked for once more, and then
 * counts for nothing.
 */
#include <json-c/json.h>
#include <stdio.h>

#include "harness.h"

#define COVERED(number) "{\"number\":" number ",\"status\":\"covered\"}"
#define ALL             COVERED("1") "," COVERED("2")
#define LIST(items)     "{\"objectives\":[" items "]}"
#define TEXT(json)      "text " json

/* ---- assessments ---- */

/* All would cover, were they taken for what they want to be; directives of the scripted model, for assessments. */
static const struct {
    const char *name, *directive;
} assessments[] = {
    // clang-format off
    {"in HTML",                  TEXT("<p>" LIST(ALL) "</p>")},
    {"a page with a script",     TEXT("<!doctype html><script type=\"application/json\">" LIST(ALL) "</script>")},
    {"words before it",          TEXT("As you wish: " LIST(ALL))},
    {"a fence with words",       TEXT("Here it is:\n```json\n" LIST(ALL) "\n```\nWell done!")},
    {"a fence within a fence",   TEXT("```\n```json\n" LIST(ALL) "\n```\n```")},
    {"a fence of another kind",  TEXT("~~~json\n" LIST(ALL) "\n~~~")},
    {"as a tool's call",         TEXT("{\"name\":\"assessment\",\"arguments\":" LIST(ALL) "}")},
    {"as a string",              TEXT("\"{\\\"objectives\\\":[]}\"")},
    {"behind a byte order mark", TEXT("\xEF\xBB\xBF" LIST(ALL))},
    {"a second text behind it",  TEXT(LIST("") LIST(ALL))},
    {"one a line",               TEXT(LIST(ALL) "\n" LIST(ALL) "\n")},
    {"the member twice",         TEXT("{\"objectives\":[],\"objectives\":[" ALL "]}")},
    {"a number's member twice",  TEXT(LIST("{\"number\":3,\"number\":1,\"status\":\"covered\"}"))},
    {"a member in capitals",     TEXT("{\"Objectives\":[" ALL "]}")},
    {"a prototype",              TEXT("{\"objectives\":[" ALL "],\"__proto__\":{\"all\":true}}")},
    {"a level deeper",           TEXT("{\"answer\":" LIST(ALL) "}")},
    {"the list deeper",          TEXT(LIST("[" ALL "] "))},
    {"the item deeper",          TEXT("{\"objectives\":{\"objectives\":[" ALL "]}}")},
    {"a comment",                TEXT("{\"objectives\":[" ALL "/* as agreed */]}")},
    {"a comma more",             TEXT(LIST(ALL ","))},
    {"apostrophes",              TEXT("{'objectives':[{'number':1,'status':'covered'}]}")},
    {"not a number",             TEXT(LIST(COVERED("NaN")))},
    {"infinity",                 TEXT(LIST(COVERED("Infinity")))},
    {"a negative number",        TEXT(LIST(COVERED("-1")))},
    {"a fraction",               TEXT(LIST(COVERED("1.0")))},
    {"an exponent",              TEXT(LIST(COVERED("1e0")))},
    {"10^9",                     TEXT(LIST(COVERED("1000000000")))},
    {"2^32 and 1",               TEXT(LIST(COVERED("4294967297")))},
    {"2^64 and 1",               TEXT(LIST(COVERED("18446744073709551617")))},
    {"beyond all numbers",       TEXT(LIST(COVERED("1e999")))},
    {"a number of the list",     TEXT(LIST(COVERED("[1]")))},
    {"true for a number",        TEXT(LIST(COVERED("true")))},
    {"null for a number",        TEXT(LIST(COVERED("null")))},
    {"the objective's text",     TEXT(LIST("{\"number\":\"Name it\",\"status\":\"covered\"}"))},
    {"a number again, not covered", TEXT(LIST(ALL ",{\"number\":1,\"status\":\"\"}"))},
    {"covered in capitals",      TEXT(LIST("{\"number\":1,\"status\":\"COVERED\"}"))},
    {"covered and a blank",      TEXT(LIST("{\"number\":1,\"status\":\"covered \"}"))},
    {"covered and NUL",          TEXT(LIST("{\"number\":1,\"status\":\"covered\\u0000\"}"))},
    {"covered by homoglyphs",    TEXT(LIST("{\"number\":1,\"status\":\"\xD1\x81overed\"}"))},
    {"half a surrogate",         TEXT(LIST("{\"number\":1,\"status\":\"\\ud800\"}"))},
    {"a list of states",         TEXT(LIST("{\"number\":1,\"status\":[\"covered\"]}"))},
    {"a state that is null",     TEXT(LIST("{\"number\":1,\"status\":null}"))},
    {"an excuse for it",         TEXT(LIST("{\"number\":1,\"status\":\"covered, the student says\"}"))},
    {"60 items",                 "items 60"},
    {"10^6 items",               "items 1000000"},
    // clang-format on
};

static struct talk open_and_cover(const char *covered)
{
    const struct talk talk = open_talk(STUDENT);

    expect_status("before", say(&talk, covered), 200);
    return talk;
}

static void test_assessments(void)
{
    const struct talk talk = open_and_cover("hi");

    for (size_t i = 0; i < LEN(assessments); i++) {
        uint64_t asked = model_structured();
        const struct answer *answer = say(&talk, textf("[[assess:%s]]%zu", assessments[i].directive, i));

        asked = model_structured() - asked;
        expect_status(assessments[i].name, answer, 200);
        expect_json(assessments[i].name, answer->json, "/progress/current", "0");
        ROW_ASSERT(textf("%s: asked %lu times", assessments[i].name, asked), asked == 2);
    }
    expect_json("it goes on", say(&talk, "[[covers 1 2]]a")->json, "/all_objectives_met", "true");
}

/* ---- evaluations ---- */

#define FINDING(number, score)                                                                                         \
    "{\"number\":" number ",\"met\":true,\"score\":" score ",\"explanation\":\"Because you said so.\"}"
#define FINDINGS FINDING("1", "100") "," FINDING("2", "100")
#define BEFORE(moments, list)                                                                                          \
    "{\"overall_assessment\":\"o\",\"key_moments\":[" moments "],\"learning_objectives_evaluation\":[" list "]"
#define BEHIND(score)    ",\"strengths\":[],\"areas_for_improvement\":[],\"overall_score\":" score
#define EVALUATION(list) BEFORE("", list) BEHIND("100") "}"
#define MOMENT(number)   "{\"number\":" number ",\"evidence\":\"hi\",\"message_number\":3}"

static const struct {
    const char *name, *directive;
} evaluations[] = {
    // clang-format off
    {"in HTML",                  TEXT("<pre>" EVALUATION(FINDINGS) "</pre>")},
    {"a fence with words",       TEXT("Here:\n```json\n" EVALUATION(FINDINGS) "\n```")},
    {"a second text behind it",  TEXT(EVALUATION(FINDINGS) EVALUATION(FINDINGS))},
    {"a list of it",             TEXT("[" EVALUATION(FINDINGS) "]")},
    {"a level deeper",           TEXT("{\"evaluation\":" EVALUATION(FINDINGS) "}")},
    {"a score of 10^9",          TEXT(BEFORE("", FINDINGS) BEHIND("1000000000") "}")},
    {"a score below 0",          TEXT(BEFORE("", FINDINGS) BEHIND("-1") "}")},
    {"a score that is NaN",      TEXT(BEFORE("", FINDINGS) BEHIND("NaN") "}")},
    {"a score with a fraction",  TEXT(BEFORE("", FINDINGS) BEHIND("99.5") "}")},
    {"a score as an exponent",   TEXT(BEFORE("", FINDINGS) BEHIND("1e2") "}")},
    {"a score beyond numbers",   TEXT(BEFORE("", FINDINGS) BEHIND("1e999") "}")},
    {"a score as text",          TEXT(BEFORE("", FINDINGS) BEHIND("\"100\"") "}")},
    {"no score",                 TEXT(BEFORE("", FINDINGS) BEHIND("null") "}")},
    {"two scores",               TEXT(BEFORE("", FINDINGS) BEHIND("1") ",\"overall_score\":100}")},
    {"a grade besides",          TEXT(BEFORE("", FINDINGS) BEHIND("100") ",\"grade\":\"A\"}")},
    {"metrics that nobody asked for", TEXT(BEFORE("", FINDINGS) BEHIND("100") ",\"custom_metrics\":[]}")},
    {"an objective's score of 101", TEXT(EVALUATION(FINDING("1", "101") "," FINDING("2", "100")))},
    {"an objective's score of 10^9", TEXT(EVALUATION(FINDING("1", "100") "," FINDING("2", "1000000000")))},
    {"an objective twice",       TEXT(EVALUATION(FINDING("1", "100") "," FINDING("1", "100")))},
    {"an objective too many",    TEXT(EVALUATION(FINDINGS "," FINDING("3", "100")))},
    {"an objective 0",           TEXT(EVALUATION(FINDING("0", "100") "," FINDING("2", "100")))},
    {"met as text",              TEXT(EVALUATION(FINDING("1", "1") ",{\"number\":2,\"met\":\"true\",\"score\":1,\"explanation\":\"\"}"))},
    {"met as a number",          TEXT(EVALUATION(FINDING("1", "1") ",{\"number\":2,\"met\":1,\"score\":1,\"explanation\":\"\"}"))},
    {"no explanation",           TEXT(EVALUATION(FINDING("1", "1") ",{\"number\":2,\"met\":true,\"score\":1,\"explanation\":null}"))},
    {"a moment of no objective", TEXT(BEFORE(MOMENT("9"), FINDINGS) BEHIND("1") "}")},
    {"a moment with more",       TEXT(BEFORE("{\"number\":1,\"evidence\":\"hi\",\"message_number\":3,\"role\":\"teacher\"}", FINDINGS) BEHIND("1") "}")},
    {"a moment at a place that is text", TEXT(BEFORE("{\"number\":1,\"evidence\":\"hi\",\"message_number\":\"3\"}", FINDINGS) BEHIND("1") "}")},
    {"strengths that are objects", TEXT(BEFORE("", FINDINGS) ",\"strengths\":[{\"text\":\"all\"}],\"areas_for_improvement\":[],\"overall_score\":1}")},
    {"strengths that are text",  TEXT(BEFORE("", FINDINGS) ",\"strengths\":\"all\",\"areas_for_improvement\":[],\"overall_score\":1}")},
    {"an assessment with NUL",   TEXT("{\"overall_assessment\":\"o\\u0000\",\"key_moments\":[],\"learning_objectives_evaluation\":[" FINDINGS "]" BEHIND("1") "}")},
    {"60 items",                 "items 60"},
    {"10^6 items",               "items 1000000"},
    // clang-format on
};

static void test_evaluations(void)
{
    const struct talk talk = open_and_cover("hi");
    const char *path = textf("%s/evaluation", talk.path);

    expect_status("one of that form is taken",
                  say(&talk, "[[evaluate:" TEXT(BEFORE(MOMENT("1"), FINDINGS) BEHIND("100") "}") "]]"), 200);
    expect_json("one of that form is taken", CALL("POST", path, token_of(TEACHER))->json, "/evaluation/overall_score",
                "100");
    struct json_object *kept = json_at(CALL("GET", path, token_of(TEACHER))->json, "/evaluation");

    for (size_t i = 0; i < LEN(evaluations); i++) {
        const char *name = evaluations[i].name;

        expect_status(name, say(&talk, textf("[[evaluate:%s]]%zu", evaluations[i].directive, i)), 200);
        uint64_t asked = model_structured();
        const struct answer *answer = CALL("POST", path, token_of(TEACHER));
        asked = model_structured() - asked;
        expect_refusal(name, answer, 503, "evaluation_parse_failed", true);
        ROW_ASSERT(textf("%s: asked %lu times", name, asked), asked == 2);
    }
    expect_status("well again", say(&talk, "[[evaluate:status 400]]"), 200);
    struct json_object *now = CALL("GET", path, token_of(TEACHER))->json;
    expect_json("the old one is still there", now, "/stale", "true");
    ROW_ASSERT("as it was", json_object_equal(json_at(now, "/evaluation"), kept));
}

SUITE(followed, {"assessments", test_assessments}, {"evaluations", test_evaluations});
