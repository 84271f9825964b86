/* Experiences: what is made, shown, changed and deleted, and who sees which of it. */
#include <stdio.h>

#include "harness.h"

#define NO_RESOURCE "{\"error\":\"Resource Not Found\",\"errors\":[{\"message\":\"Resource Not Found\"}]}"
#define MISSING     "{\"errors\":[{\"message\":\"ai_experience is missing\"}]}"
#define STARTED     "{\"workflow_state\":[\"Cannot unpublish if students have started conversations\"]}"

static const char *create_path(void)
{
    return experiences_path(main_course());
}

static bool is_time(const char *text)
{
    int year, month, day, hour, minute, second, used = 0;

    return sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &year, &month, &day, &hour, &minute, &second, &used) == 6 &&
           used == 20 && strlen(text) == 20;
}

/* ---- what it looks like ---- */

#define WHOLE                                                                                                          \
    "{\"title\":\"Heat \\ud83d\\udd25 & <b>\",\"description\":\"  kept as typed \\n\",\"facts\":\"\\u00c9t\\u00e9\","  \
    "\"learning_objectives\":[\" Name it \",\"\",\"Explain\\nit\"],\"pedagogical_guidance\":\"Ask, don't tell\","      \
    "\"workflow_state\":\"published\",\"evaluation_metrics\":[{\"name\":\"Depth\",\"description\":\"How deep\","       \
    "\"enabled\":false,\"visible_to_learners\":true},{\"name\":\"Tone\"}],\"id\":1,\"course_id\":1,\"unknown\":[1]}"

static const struct expected whole_for_all[] = {
    {"/title", "\"Heat \xf0\x9f\x94\xa5 & <b>\""},
    {"/description", "\"  kept as typed \\n\""},
    {"/learning_objective", "\"Name it\\nExplain it\""},
    {"/learning_objectives", "[\"Name it\",\"Explain it\"]"},
    {"/workflow_state", "\"published\""},
    {"/context_index_status", "\"not_started\""},
};

static const struct expected whole_for_managers[] = {
    {"/facts", "\"\xc3\x89t\xc3\xa9\""},
    {"/pedagogical_guidance", "\"Ask, don't tell\""},
    {"/can_manage", "true"},
    {"/can_unpublish", "true"},
    {"/context_ready", "true"},
    {"/context_files", "[]"},
    {"/evaluation_metrics",
     "[{\"name\":\"Depth\",\"description\":\"How deep\",\"enabled\":false,\"visible_to_learners\":true},"
     "{\"name\":\"Tone\",\"description\":null,\"enabled\":true,\"visible_to_learners\":false}]"},
};

static const char *const only_managers[] = {"facts",         "pedagogical_guidance", "can_unpublish",
                                            "context_ready", "context_files",        "evaluation_metrics"};

static void expect_whole(const char *row, struct json_object *json, bool for_manager)
{
    expect_fields(row, json, whole_for_all, LEN(whole_for_all));
    expect_json(row, json, "/course_id", textf("%lu", main_course()));
    ROW_ASSERT(row, is_time(text_at(json, "/created_at")) && is_time(text_at(json, "/updated_at")));
    if (for_manager) {
        expect_fields(row, json, whole_for_managers, LEN(whole_for_managers));
        ROW_ASSERT(row, !json_object_object_get_ex(json, "submission_status", NULL));
        return;
    }
    expect_json(row, json, "/can_manage", "false");
    expect_json(row, json, "/submission_status", "\"not_started\"");
    for (size_t i = 0; i < LEN(only_managers); i++)
        ROW_ASSERT(only_managers[i], !json_object_object_get_ex(json, only_managers[i], NULL));
}

static void test_every_field(void)
{
    const struct answer *created = CALL("POST", create_path(), token_of(TEACHER), .body = WHOLE);

    expect_status("create", created, 201);
    expect_whole("create", created->json, true);
    const char *path = experience_path(main_course(), json_get_u64(created->json, "id"));
    expect_whole("a manager's view", CALL("GET", path, token_of(TA))->json, true);
    expect_whole("a student's view", CALL("GET", path, token_of(STUDENT))->json, false);
    expect_whole("an observer's view", CALL("GET", path, token_of(OBSERVER))->json, false);
}

static void test_defaults(void)
{
    static const struct expected defaults[] = {
        {"/description", "null"},
        {"/facts", "null"},
        {"/workflow_state", "\"unpublished\""},
        {"/evaluation_metrics", "[]"},
    };
    const struct answer *created =
        CALL("POST", create_path(), token_of(TEACHER),
             .body = "{\"title\":\"t\",\"learning_objective\":\"o\",\"pedagogical_guidance\":\"g\"}");

    expect_status("create", created, 201);
    expect_fields("defaults", created->json, defaults, LEN(defaults));
}

/* The same experience, in every form that a request may have. */
static void test_forms(void)
{
    static const char FORM[] = "application/x-www-form-urlencoded", MULTIPART[] = "multipart/form-data; boundary=XX";
    static const struct {
        const char *name, *type, *query, *body;
    } rows[] = {
        // clang-format off
        {"flat JSON",          "application/json",                "", "{\"title\":\"T t\",\"learning_objectives\":[\"a\",\"b\"],\"pedagogical_guidance\":\"g&h\"}"},
        {"nested JSON",        "application/json; charset=utf-8", "", "{\"ai_experience\":{\"title\":\"T t\",\"learning_objectives\":[\"a\",\"b\"],\"pedagogical_guidance\":\"g&h\"}}"},
        {"nested wins",        "application/json",                "", "{\"title\":\"flat\",\"ai_experience\":{\"title\":\"T t\",\"learning_objectives\":[\"a\",\"b\"],\"pedagogical_guidance\":\"g&h\"}}"},
        {"objectives as text", "application/json",                "", "{\"title\":\"T t\",\"learning_objective\":\"a\\r\\n \\n b \",\"pedagogical_guidance\":\"g&h\"}"},
        {"the array wins",     "application/json",                "", "{\"title\":\"T t\",\"learning_objective\":\"x\",\"learning_objectives\":[\"a\",\"b\"],\"pedagogical_guidance\":\"g&h\"}"},
        {"flat form",          FORM,                              "", "title=T+t&learning_objectives[]=a&learning_objectives[]=b&pedagogical_guidance=g%26h"},
        {"nested form",        FORM,                              "", "ai_experience[title]=T%20t&ai_experience%5Blearning_objectives%5D%5B%5D=a&ai_experience[learning_objectives][]=b&ai_experience[pedagogical_guidance]=g%26h"},
        {"form, lines",        FORM,                              "", "title=T+t&learning_objective=a%0D%0Ab&pedagogical_guidance=g%26h"},
        {"the query is read",  FORM,                              "?title=T+t&pedagogical_guidance=other", "learning_objective=a%0Ab&pedagogical_guidance=g%26h"},
        {"multipart",          MULTIPART,                         "",
            "--XX\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nT t\r\n"
            "--XX\r\nContent-Disposition: form-data; name=\"ai_experience[learning_objective]\"\r\n\r\na\r\nb\r\n"
            "--XX\r\nContent-Disposition: form-data; name=\"pedagogical_guidance\"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\ng&h\r\n--XX--\r\n"},
        {"multipart, list",    MULTIPART,                         "",
            "--XX\r\nContent-Disposition: form-data; name=\"ai_experience[title]\"\r\n\r\nT t\r\n"
            "--XX\r\nContent-Disposition: form-data; name=\"ai_experience[learning_objectives][]\"\r\n\r\na\r\n"
            "--XX\r\nContent-Disposition: form-data; name=\"ai_experience[learning_objectives][]\"\r\n\r\nb\r\n"
            "--XX\r\nContent-Disposition: form-data; name=\"ai_experience[pedagogical_guidance]\"\r\n\r\ng&h\r\n--XX--\r\n"},
        {"the body wins",      "application/json",                "?title=query&pedagogical_guidance=query", "{\"title\":\"T t\",\"learning_objectives\":[\"a\",\"b\"],\"pedagogical_guidance\":\"g&h\"}"},
        {"nested in the query", FORM,                             "?ai_experience[title]=T+t&ai_experience%5Bpedagogical_guidance%5D=g%26h", "learning_objective=a%0Ab"},
        // clang-format on
    };
    static const struct expected same[] = {
        {"/title", "\"T t\""}, {"/learning_objectives", "[\"a\",\"b\"]"}, {"/pedagogical_guidance", "\"g&h\""}};

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("POST", textf("%s%s", create_path(), rows[i].query), token_of(TEACHER),
                                           .type = rows[i].type, .body = rows[i].body);

        if (expect_status(rows[i].name, answer, 201))
            expect_fields(rows[i].name, answer->json, same, LEN(same));
    }
}

/* A name that comes again begins the next metric. */
static void test_metrics_in_a_form(void)
{
    static const char FORM[] = "application/x-www-form-urlencoded", MULTIPART[] = "multipart/form-data; boundary=XX";
    static const struct {
        const char *name, *type, *body;
    } rows[] = {
        {"flat", FORM,
         "title=t&learning_objective=o&pedagogical_guidance=g&evaluation_metrics[][name]=A&evaluation_metrics[]["
         "enabled]=no&evaluation_metrics[][name]=B&evaluation_metrics[][visible_to_learners]=1"},
        {"nested", FORM,
         "ai_experience[title]=t&ai_experience[learning_objective]=o&ai_experience[pedagogical_guidance]=g&ai_"
         "experience[evaluation_metrics][][name]=A&ai_experience[evaluation_metrics][][enabled]=0&ai_experience%5B"
         "evaluation_metrics%5D%5B%5D%5Bname%5D=B&ai_experience[evaluation_metrics][][visible_to_learners]=on"},
        {"multipart", MULTIPART,
         "--XX\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nt\r\n"
         "--XX\r\nContent-Disposition: form-data; name=\"learning_objective\"\r\n\r\no\r\n"
         "--XX\r\nContent-Disposition: form-data; name=\"pedagogical_guidance\"\r\n\r\ng\r\n"
         "--XX\r\nContent-Disposition: form-data; name=\"evaluation_metrics[][name]\"\r\n\r\nA\r\n"
         "--XX\r\nContent-Disposition: form-data; name=\"evaluation_metrics[][enabled]\"\r\n\r\nf\r\n"
         "--XX\r\nContent-Disposition: form-data; name=\"evaluation_metrics[][name]\"\r\n\r\nB\r\n"
         "--XX\r\nContent-Disposition: form-data; "
         "name=\"evaluation_metrics[][visible_to_learners]\"\r\n\r\nyes\r\n--XX--\r\n"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer =
            CALL("POST", create_path(), token_of(TEACHER), .type = rows[i].type, .body = rows[i].body);

        expect_status(rows[i].name, answer, 201);
        expect_json(rows[i].name, answer->json, "/evaluation_metrics",
                    "[{\"name\":\"A\",\"description\":null,\"enabled\":false,\"visible_to_learners\":false},"
                    "{\"name\":\"B\",\"description\":null,\"enabled\":true,\"visible_to_learners\":true}]");
    }
}

/* Whether each id, *_id and member of *_ids, however deep, is of that type. */
static bool ids_are(struct json_object *json, const char *key, enum json_type type)
{
    size_t len = strlen(key);
    bool is_id =
        str_eq(key, "id") || (len > 3 && str_eq(key + len - 3, "_id")) || (len > 4 && str_eq(key + len - 4, "_ids"));
    bool hold = true;

    if (json_object_is_type(json, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(json); i++)
            hold &= ids_are(json_object_array_get_idx(json, i), key, type);
        return hold;
    }
    if (!json_object_is_type(json, json_type_object))
        return !is_id || json_object_is_type(json, type);
    json_object_object_foreach(json, name, member) hold &=
        str_eq(name, "context_files") ? ids_are(member, name, json_type_string)
                                      : ids_are(member, str_eq(key, "constraints") ? "" : name, type);
    return hold;
}

/* In every answer that there is. */
static void test_every_id_as_string(void)
{
    const char *path = experience_path(main_course(), make_experience("published"));
    const struct {
        const char *name, *method, *path, *body;
    } rows[] = {
        {"list", "GET", create_path(), NULL},
        {"show", "GET", path, NULL},
        {"new", "GET", textf("%s/new", create_path()), NULL},
        {"edit", "GET", textf("%s/edit", path), NULL},
        {"create", "POST", create_path(),
         "{\"title\":\"t\",\"learning_objective\":\"o\",\"pedagogical_guidance\":\"g\"}"},
        {"update", "PUT", path, "{\"title\":\"t\"}"},
        {"delete", "DELETE", path, NULL},
    };

    for (size_t i = 0; i + 1 < LEN(rows); i++) /* numbers while it is there */
        ROW_ASSERT(rows[i].name,
                   ids_are(CALL(rows[i].method, rows[i].path, token_of(TEACHER), .body = rows[i].body)->json, "",
                           json_type_int));
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL(rows[i].method, rows[i].path, token_of(TEACHER), .body = rows[i].body,
                                           .accept = "application/json+canvas-string-ids");

        ROW_ASSERT(rows[i].name, answer->status / 100 == 2 && ids_are(answer->json, "", json_type_string));
    }
}

static void test_ids_as_strings(void)
{
    uint64_t id = make_experience("published");
    const char *id_text = textf("\"%lu\"", id), *course_text = textf("\"%lu\"", main_course());
    static const char *const accepts[] = {"application/json+canvas-string-ids",
                                          "text/html, application/json+canvas-string-ids;q=0.9, */*"};

    for (size_t i = 0; i < LEN(accepts); i++) {
        struct json_object *one =
            CALL("GET", experience_path(main_course(), id), token_of(STUDENT), .accept = accepts[i])->json;
        struct json_object *list =
            CALL("GET", textf("%s?per_page=100", create_path()), token_of(STUDENT), .accept = accepts[i])->json;

        expect_json(accepts[i], one, "/id", id_text);
        expect_json(accepts[i], one, "/course_id", course_text);
        expect_json(accepts[i], list, "/0/course_id", course_text);
    }
    expect_json("without",
                CALL("GET", experience_path(main_course(), id), token_of(STUDENT), .accept = "application/json")->json,
                "/id", textf("%lu", id));
}

/* ---- changing it ---- */

static struct json_object *shown(const char *path)
{
    return CALL("GET", path, token_of(TEACHER))->json;
}

static void test_update_changes_what_is_sent(void)
{
    const char *path = experience_path(main_course(), make_experience("published"));
    static const struct {
        const char *name, *body;
        struct expected now[3];
    } rows[] = {
        // clang-format off
        {"title",             "{\"title\":\"New\"}",                            {{"/title", "\"New\""}, {"/description", "\"About it\""}, {"/facts", "\"Water boils.\""}}},
        {"nested",            "{\"ai_experience\":{\"facts\":\"F\"}}",          {{"/title", "\"New\""}, {"/facts", "\"F\""}, {"/workflow_state", "\"published\""}}},
        {"null clears",       "{\"description\":null,\"facts\":null}",          {{"/description", "null"}, {"/facts", "null"}, {"/pedagogical_guidance", "\"Ask.\""}}},
        {"objectives",        "{\"learning_objective\":\"one\\ntwo\\nthree\"}", {{"/learning_objectives", "[\"one\",\"two\",\"three\"]"}, {"/learning_objective", "\"one\\ntwo\\nthree\""}, {"/title", "\"New\""}}},
        {"metrics",           "{\"evaluation_metrics\":[{\"name\":\"M\"}]}",    {{"/evaluation_metrics/0/name", "\"M\""}, {"/title", "\"New\""}, {"/facts", "null"}}},
        {"metrics replaced",  "{\"evaluation_metrics\":[{\"name\":\"N\"}]}",    {{"/evaluation_metrics/0/name", "\"N\""}, {"/evaluation_metrics/1", "null"}, {"/facts", "null"}}},
        {"metrics cleared",   "{\"evaluation_metrics\":[]}",                    {{"/evaluation_metrics", "[]"}, {"/title", "\"New\""}, {"/facts", "null"}}},
        {"unpublish",         "{\"workflow_state\":\"unpublished\"}",           {{"/workflow_state", "\"unpublished\""}, {"/title", "\"New\""}, {"/can_unpublish", "true"}}},
        {"publish",           "{\"workflow_state\":\"published\"}",             {{"/workflow_state", "\"published\""}, {"/title", "\"New\""}, {"/can_unpublish", "true"}}},
        {"ids are ignored",   "{\"title\":\"New\",\"id\":5,\"course_id\":5,\"created_at\":\"2001-01-01T00:00:00Z\"}",
                                                                                {{"/title", "\"New\""}, {"/facts", "null"}, {"/workflow_state", "\"published\""}}},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("PUT", path, token_of(TEACHER), .body = rows[i].body);

        expect_status(rows[i].name, answer, 200);
        expect_fields(rows[i].name, answer->json, rows[i].now, LEN(rows[i].now));
        expect_body(rows[i].name, CALL("GET", path, token_of(TEACHER)), 200, answer->body);
    }
}

static void test_update_refused_changes_nothing(void)
{
    const char *path = experience_path(main_course(), make_experience("published"));
    static const struct {
        const char *name, *body, *want;
    } rows[] = {
        // clang-format off
        {"blank title",           "{\"title\":\" \",\"facts\":\"new\"}",                  "{\"title\":[\"can't be blank\"]}"},
        {"null title",            "{\"title\":null,\"facts\":\"new\"}",                   "{\"title\":[\"can't be blank\"]}"},
        {"blank guidance",        "{\"pedagogical_guidance\":\"\\u3000\",\"facts\":\"n\"}", "{\"pedagogical_guidance\":[\"can't be blank\"]}"},
        {"no objective",          "{\"learning_objectives\":[\" \"],\"facts\":\"new\"}",  "{\"learning_objective\":[\"can't be blank\"],\"learning_objectives\":[\"can't be blank\"]}"},
        {"null objective",        "{\"learning_objective\":null,\"facts\":\"new\"}",      "{\"learning_objective\":[\"can't be blank\"],\"learning_objectives\":[\"can't be blank\"]}"},
        {"unknown state",         "{\"workflow_state\":\"open\",\"facts\":\"new\"}",      "{\"workflow_state\":[\"is not included in the list\"]}"},
        {"deleted is no state to set", "{\"workflow_state\":\"deleted\",\"facts\":\"new\"}", "{\"workflow_state\":[\"is not included in the list\"]}"},
        {"a number for a text",   "{\"title\":5,\"facts\":\"new\"}",                      "{\"title\":[\"is invalid\"]}"},
        {"an object for a text",  "{\"facts\":{\"a\":1},\"title\":\"new\"}",              "{\"facts\":[\"is invalid\"]}"},
        {"NUL in a text",         "{\"facts\":\"a\\u0000b\",\"title\":\"new\"}",          "{\"facts\":[\"is invalid\"]}"},
        {"nothing",               "{}",                                                   MISSING},
        {"nothing known",         "{\"colour\":\"red\"}",                                 MISSING},
        {"empty body",            "",                                                     MISSING},
        // clang-format on
    };
    struct json_object *before = shown(path);

    for (size_t i = 0; i < LEN(rows); i++) {
        expect_body(rows[i].name, CALL("PUT", path, token_of(TEACHER), .body = rows[i].body), 400, rows[i].want);
        ROW_ASSERT(rows[i].name, json_object_equal(shown(path), before));
    }
}

static void test_unpublishing(void)
{
    struct talk talk = open_talk(TEACHER);
    const char *path = experience_path(talk.course, talk.experience);
    const char *unpublish = "{\"workflow_state\":\"unpublished\",\"title\":\"New\"}",
               *publish = "{\"workflow_state\":\"published\"}";

    expect_status("a manager's conversation does not count", CALL("PUT", path, token_of(TEACHER), .body = unpublish),
                  200);
    expect_status("publish again", CALL("PUT", path, token_of(TEACHER), .body = publish), 200);

    talk = open_talk_on(talk.course, talk.experience, token_of(STUDENT));
    expect_body("a student has begun", CALL("PUT", path, token_of(TEACHER), .body = unpublish), 400, STARTED);
    expect_json("it says so", shown(path), "/can_unpublish", "false");
    expect_status("publishing what is published", CALL("PUT", path, token_of(TEACHER), .body = publish), 200);
    expect_status("other changes", CALL("PUT", path, token_of(TEACHER), .body = "{\"title\":\"Other\"}"), 200);
    CALL("DELETE", talk.path, talk.token);
    expect_body("a student has ended", CALL("PUT", path, token_of(TEACHER), .body = unpublish), 400, STARTED);
}

static void test_unpublishing_when_the_student_has_left(void)
{
    const char *login = "it-passer-by";
    uint64_t course = make_course(), experience = make_experience_in(course, "published", "Left");
    const char *path = experience_path(course, experience), *body = "{\"workflow_state\":\"unpublished\"}";

    make_user(login);
    enroll(course, login, "student", "active");
    open_talk_on(course, experience, make_token(login, NULL));
    expect_body("while enrolled", CALL("PUT", path, token_of(TEACHER), .body = body), 400, STARTED);
    enroll(course, login, "student", "completed");
    expect_status("when no longer enrolled", CALL("PUT", path, token_of(TEACHER), .body = body), 200);
}

static void test_submission_status(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *path = experience_path(talk.course, talk.experience);

    expect_json("begun", CALL("GET", path, token_of(STUDENT))->json, "/submission_status", "\"in_progress\"");
    expect_json("another's", CALL("GET", path, token_of(OTHER_STUDENT))->json, "/submission_status", "\"not_started\"");
    expect_status("end", CALL("DELETE", talk.path, talk.token), 200);
    expect_json("ended before all was met", CALL("GET", path, token_of(STUDENT))->json, "/submission_status",
                "\"not_started\"");
}

/* ---- deleting it ---- */

static void test_delete(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *path = experience_path(talk.course, talk.experience);
    const struct {
        const char *name, *method, *path, *body;
        enum person who;
    } gone[] = {
        {"show", "GET", path, NULL, TEACHER},
        {"show to an admin", "GET", path, NULL, ADMIN},
        {"show to a student", "GET", path, NULL, STUDENT},
        {"update", "PUT", path, "{\"title\":\"x\"}", TEACHER},
        {"delete again", "DELETE", path, NULL, TEACHER},
        {"active conversation", "GET", talk.list_path, NULL, STUDENT},
        {"open", "POST", talk.list_path, NULL, STUDENT},
        {"message", "POST", talk.messages_path, "{\"message\":\"m\"}", STUDENT},
        {"end", "DELETE", talk.path, NULL, STUDENT},
        {"students' conversations", "GET", textf("%s/ai_conversations", path), NULL, TEACHER},
        {"one of them", "GET", textf("%s/ai_conversations/%lu", path, talk.id), NULL, TEACHER},
        {"show a conversation", "GET", talk.path, NULL, TEACHER},
        {"vote", "POST", textf("%s/%s/feedback", talk.messages_path, text_at(talk.opened, "/messages/1/id")),
         "{\"vote\":\"liked\"}", STUDENT},
    };
    const struct answer *deleted = CALL("DELETE", path, token_of(TEACHER));

    expect_status("delete", deleted, 200);
    expect_json("delete", deleted->json, "/workflow_state", "\"deleted\"");
    expect_json("delete", deleted->json, "/facts", "\"Water boils.\"");
    for (size_t i = 0; i < LEN(gone); i++)
        expect_body(gone[i].name, CALL(gone[i].method, gone[i].path, token_of(gone[i].who), .body = gone[i].body), 404,
                    NO_RESOURCE);
}

SUITE(experiences, {"every field", test_every_field}, {"defaults", test_defaults}, {"forms of a request", test_forms},
      {"metrics in a form", test_metrics_in_a_form}, {"ids as strings", test_ids_as_strings},
      {"every id as a string", test_every_id_as_string},
      {"an update changes what is sent", test_update_changes_what_is_sent},
      {"a refused update changes nothing", test_update_refused_changes_nothing}, {"unpublishing", test_unpublishing},
      {"unpublishing when the student has left", test_unpublishing_when_the_student_has_left},
      {"submission status", test_submission_status}, {"delete", test_delete});
