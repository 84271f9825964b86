/* What teachers read of students' conversations: the roster, and each with its messages. */
#include <stdio.h>

#include "harness.h"

#define NO_RESOURCE "{\"error\":\"Resource Not Found\",\"errors\":[{\"message\":\"Resource Not Found\"}]}"
#define NO_TALK     "{\"error\":\"Conversation not found\",\"errors\":[{\"message\":\"Conversation not found\"}]}"
#define NO_PATH     "{\"errors\":[{\"message\":\"The specified resource does not exist.\"}]}"
#define PROGRESS                                                                                                       \
    "{\"current\":0,\"total\":2,\"percentage\":0,\"objectives\":[{\"objective\":\"Name it\",\"status\":\"\","          \
    "\"met_at_turn\":null},{\"objective\":\"Explain it\",\"status\":\"\",\"met_at_turn\":null}]}"

static const char STRING_IDS[] = "application/json+canvas-string-ids";

/* A course with the two students of make_course(), Olga Other and Sam Student, and a published experience. */
struct class
{
    uint64_t course, experience;
    const char *path;
};

static struct class make_class(void)
{
    struct class c;

    main_course(); /* brings the people */
    c.course = make_course();
    c.experience = make_experience_in(c.course, "published", "Boiling");
    c.path = textf("%s/ai_conversations", experience_path(c.course, c.experience));
    return c;
}

static const struct answer *roster(const struct class *c, const char *query)
{
    return CALL("GET", textf("%s%s", c->path, query), token_of(TEACHER));
}

static const struct answer *one(const struct class *c, uint64_t id)
{
    return CALL("GET", textf("%s/%lu", c->path, id), token_of(TEACHER));
}

static void must_run(const char *sql)
{
    if (!database_try(sql))
        harness_die("this statement failed: %s", sql);
}

/* A student of that name, enrolled by the command line; gives the id. */
static uint64_t add_student(const struct class *c, const char *login, const char *name)
{
    struct json_object *user = COMMAND("user", "add", "--login", login, "--name", name);

    if (!user)
        harness_die("cannot add %s", login);
    enroll(c->course, login, "student", "active");
    return json_get_u64(user, "id");
}

/* ---- a row ---- */

static const char *student_text(enum person who, const char *sortable_name, const char *name, bool with_string_id,
                                const char *created_at)
{
    const char *quote = with_string_id ? "\"" : "";

    return textf("{\"id\":%s%lu%s,\"name\":\"%s\",\"sortable_name\":\"%s\",\"short_name\":\"%s\",\"avatar_url\":null,"
                 "\"created_at\":\"%s\"}",
                 quote, id_of(who), quote, name, sortable_name, name, created_at);
}

/* With whatever times and UUID the answer has, the row is this to the byte. */
static const char *row_text(const struct class *c, const struct talk *talk, struct json_object *row,
                            bool with_string_ids)
{
    const char *q = with_string_ids ? "\"" : "";

    return textf(
        "{\"id\":%s%lu%s,\"user_id\":%s%lu%s,\"course_id\":%s%lu%s,\"ai_experience_id\":%s%lu%s,"
        "\"llm_conversation_id\":\"%s\",\"workflow_state\":\"active\",\"all_objectives_met\":false,"
        "\"created_at\":\"%s\",\"updated_at\":\"%s\",\"has_conversation\":true,\"student\":%s",
        q, talk->id, q, q, id_of(STUDENT), q, q, c->course, q, q, c->experience, q,
        text_at(row, "/llm_conversation_id"), text_at(row, "/created_at"), text_at(row, "/updated_at"),
        student_text(STUDENT, "Student, Sam", "Sam Student", with_string_ids, text_at(row, "/student/created_at")));
}

static bool is_time(const char *text)
{
    return strlen(text) == 20 && text[10] == 'T' && text[19] == 'Z';
}

static void test_rows(void)
{
    const struct class c = make_class();
    const struct talk talk = open_talk_on(c.course, c.experience, token_of(STUDENT));

    for (int string_ids = 0; string_ids <= 1; string_ids++) {
        const struct answer *answer = CALL("GET", c.path, token_of(TEACHER), .accept = string_ids ? STRING_IDS : NULL);
        struct json_object *with = json_at(answer->json, "/conversations/1");
        char uuid[UUID_TEXT_BYTES];
        const char *want = textf(
            "{\"conversations\":[{\"id\":null,\"user_id\":\"%lu\",\"has_conversation\":false,\"student\":%s,"
            "\"messages_count\":0,\"progress\":null,\"state\":\"not_started\"},%s,\"messages_count\":1,"
            "\"progress\":{\"current\":0,\"total\":2,\"percentage\":0},\"state\":\"in_progress\"}],"
            "\"snapshot\":{\"completed\":0,\"in_progress\":1,\"not_started\":1,\"ended\":0,\"total_objectives\":2,"
            "\"evaluation_metrics\":[]},\"total\":2}",
            id_of(OTHER_STUDENT),
            student_text(OTHER_STUDENT, "Other, Olga", "Olga Other", true,
                         text_at(answer->json, "/conversations/0/student/created_at")),
            row_text(&c, &talk, with, string_ids));

        expect_status("roster", answer, 200);
        expect_api_headers("roster", answer);
        ROW_ASSERT(textf("%s instead of %s", answer->body, want), str_eq(answer->body, want));
        ROW_ASSERT("uuid", uuid_parse(text_at(with, "/llm_conversation_id"), 36, uuid));
        ROW_ASSERT("times", is_time(text_at(with, "/created_at")) && is_time(text_at(with, "/updated_at")) &&
                                is_time(text_at(with, "/student/created_at")));
    }
}

/* The latest counts, and what is no student's is on no roster. */
static void test_who_is_on_it(void)
{
    const struct class c = make_class();
    static const enum person others[] = {TEACHER, TA, OBSERVER, ADMIN};

    open_talk_on(c.course, c.experience, token_of(STUDENT));
    const struct talk second = open_talk_on(c.course, c.experience, token_of(STUDENT));
    for (size_t i = 0; i < LEN(others); i++)
        open_talk_on(c.course, c.experience, token_of(others[i]));
    struct json_object *json = roster(&c, "")->json;
    ROW_ASSERT("two students", count_at(json, "/conversations") == 2);
    expect_json("the latest", json, "/conversations/1/id", textf("%lu", second.id));
    expect_json("one is at it", json, "/snapshot/in_progress", "1");

    expect_status("end", CALL("DELETE", second.path, second.token), 200);
    json = roster(&c, "")->json;
    expect_json("an ended one is shown", json, "/conversations/1/workflow_state", "\"completed\"");
    expect_json("it is over", json, "/snapshot/ended", "1");
    expect_json("it counts nowhere else", json, "/snapshot/in_progress", "0");
    expect_json("it counts nowhere else", json, "/snapshot/completed", "0");
    expect_json("it counts nowhere else", json, "/snapshot/not_started", "1");

    enroll(c.course, login_of(STUDENT), "student", "completed");
    json = roster(&c, "")->json;
    ROW_ASSERT("who has left is gone", count_at(json, "/conversations") == 1);
    expect_json("who has left is gone", json, "/conversations/0/has_conversation", "false");
}

/* ---- the snapshot ---- */

/* The latest conversation as a turn, or a person's erasure, would have left it. */
static void set_latest(const struct talk *talk, const char *state, bool has_met)
{
    must_run(textf("UPDATE conversation v JOIN latest_conversation l ON l.conversation_id = v.id"
                   " SET v.workflow_state = '%s', l.workflow_state = '%s', v.is_active = IF('%s' = 'active', 1, NULL),"
                   " v.all_objectives_met = %d, l.all_objectives_met = %d WHERE v.id = %lu",
                   state, state, state, has_met, has_met, talk->id));
}

static void test_snapshot(void)
{
    static const struct {
        const char *name, *state;
        bool has_met;
        const char *completed, *in_progress, *ended, *not_started, *shown;
    } rows[] = {
        {"active", "active", false, "0", "1", "0", "1", "true"},
        {"active and met", "active", true, "1", "0", "0", "1", "true"},
        {"completed and met", "completed", true, "1", "0", "0", "1", "true"},
        {"completed and not met", "completed", false, "0", "0", "1", "1", "true"},
        {"deleted", "deleted", false, "0", "0", "0", "2", "false"},
    };

    const struct class c = make_class();
    expect_json("none", roster(&c, "")->json, "/snapshot",
                "{\"completed\":0,\"in_progress\":0,\"not_started\":2,\"ended\":0,\"total_objectives\":2,\"evaluation_"
                "metrics\":[]}");
    const struct talk talk = open_talk_on(c.course, c.experience, token_of(STUDENT));
    for (size_t i = 0; i < LEN(rows); i++) {
        set_latest(&talk, rows[i].state, rows[i].has_met);
        struct json_object *json = roster(&c, "")->json;
        const struct expected want[] = {{"/snapshot/completed", rows[i].completed},
                                        {"/snapshot/in_progress", rows[i].in_progress},
                                        {"/snapshot/ended", rows[i].ended},
                                        {"/snapshot/not_started", rows[i].not_started},
                                        {"/conversations/1/has_conversation", rows[i].shown}};

        expect_fields(rows[i].name, json, want, LEN(want));
        if (str_eq(rows[i].shown, "true"))
            expect_json(rows[i].name, json, "/conversations/1/all_objectives_met", rows[i].has_met ? "true" : "false");
    }
}

static void test_snapshot_metrics(void)
{
    const struct class c = make_class();
    static const char body[] =
        "{\"learning_objectives\":[\"a\",\"b\",\"c\"],\"evaluation_metrics\":[{\"name\":\"Tone\","
        "\"description\":\"How\",\"enabled\":false,\"visible_to_learners\":true},{\"name\":\"Depth\"}]}";

    expect_status("edit", CALL("PUT", experience_path(c.course, c.experience), token_of(TEACHER), .body = body), 200);
    struct json_object *json = roster(&c, "?per_page=1")->json;
    expect_json("objectives", json, "/snapshot/total_objectives", "3");
    expect_json("metrics", json, "/snapshot/evaluation_metrics",
                "[{\"name\":\"Tone\",\"enabled\":false,\"visible_to_learners\":true},"
                "{\"name\":\"Depth\",\"enabled\":true,\"visible_to_learners\":false}]");
}

static void test_when_there_is_a_snapshot(void)
{
    static const struct {
        const char *query;
        bool has_snapshot;
    } rows[] = {
        {"", true},
        {"?page=1", true},
        {"?page=1&per_page=1", true},
        {"?page=2&per_page=1", false},
        {"?page=9", false},
        {"?search_term=", true},
        {"?search_term=s", true},
        {"?search_term=sam", false},
        {"?search_term=%E7%8E%8B", true},
    };
    const struct class c = make_class();

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = roster(&c, rows[i].query);

        expect_status(rows[i].query, answer, 200);
        ROW_ASSERT(rows[i].query, json_object_object_get_ex(answer->json, "snapshot", NULL) == rows[i].has_snapshot);
    }
}

/* ---- pages ---- */

/* "rel page per_page; …" of a Link header. */
static const char *links_of(const struct answer *answer)
{
    struct buf *out = buf_in_arena(test_arena(), 4096);
    const char *at = header(answer, "Link");
    unsigned page, per_page;
    char rel[16];

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (; (at = strstr(at, "page=")); at++)
        if (sscanf(at, "page=%u&per_page=%u>; rel=\"%15[a-z]\"", &page, &per_page, rel) == 3)
            buf_printf(out, "%s %u %u; ", rel, page, per_page);
    return out->data;
}

static void test_pages(void)
{
    enum { N = 118 }; /* beside the two */
    static const struct {
        const char *query;
        size_t n;
        const char *links;
    } rows[] = {
        // clang-format off
        {"",                      50,  "current 1 50; next 2 50; first 1 50; last 3 50; "},
        {"?page=2",               50,  "current 2 50; next 3 50; prev 1 50; first 1 50; last 3 50; "},
        {"?page=3",               20,  "current 3 50; prev 2 50; first 1 50; last 3 50; "},
        {"?page=4",               0,   "current 4 50; prev 3 50; first 1 50; last 3 50; "},
        {"?per_page=1000",        100, "current 1 100; next 2 100; first 1 100; last 2 100; "},
        {"?per_page=0",           1,   "current 1 1; next 2 1; first 1 1; last 120 1; "},
        {"?per_page=x&page=120",  1,   "current 120 1; prev 119 1; first 1 1; last 120 1; "},
        {"?search_term=Many",     50,  "current 1 50; next 2 50; first 1 50; last 3 50; "},
        {"?search_term=Many&page=3", 18, "current 3 50; prev 2 50; first 1 50; last 3 50; "},
        {"?search_term=nobody",   0,   "current 1 50; first 1 50; last 1 50; "},
        // clang-format on
    };
    const struct class c = make_class();

    must_run(textf("INSERT INTO user (login, name, sortable_name, short_name, created_at) SELECT"
                   " CONCAT('it-page-', seq), CONCAT('Many ', seq), CONCAT('Many ', LPAD(seq, 4, '0')), 'M',"
                   " UTC_TIMESTAMP(3) FROM seq_1_to_%d",
                   N));
    must_run(textf("INSERT INTO course_member (course_id, user_id, roles)"
                   " SELECT %lu, id, 1 FROM user WHERE login LIKE 'it-page-%%'",
                   c.course));
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = roster(&c, rows[i].query);

        expect_status(rows[i].query, answer, 200);
        ROW_ASSERT(rows[i].query, count_at(answer->json, "/conversations") == rows[i].n);
        ROW_ASSERT(textf("%s: %s", rows[i].query, links_of(answer)), str_eq(links_of(answer), rows[i].links));
    }
    expect_json("in order", roster(&c, "?page=2")->json, "/conversations/0/student/name", "\"Many 51\"");
    expect_json("the last", roster(&c, "?page=3")->json, "/conversations/19/student/name", "\"Sam Student\"");
    const char *link = header(roster(&c, "?search_term=Ma%20ny&access_token=x"), "Link");
    ROW_ASSERT(link, strstr(link, "search_term=") && !strstr(link, "access_token"));
    expect_body("page 0", roster(&c, "?page=0"), 404, NO_PATH);
    expect_body("no page", roster(&c, "?page=two"), 404, NO_PATH);
}

/* ---- searching ---- */

static void test_search(void)
{
    const struct class c = make_class();
    static const char *const names[] = {"Jos\xC3\xA9 \xC3\x81lvarez", "Percy 50% Off", "Under_score", "Back\\slash",
                                        "\xE7\x8E\x8B\xE5\xB0\x8F\xE6\x98\x8E"};
    static const struct {
        const char *term;
        size_t n;
        const char *first;
    } rows[] = {
        // clang-format off
        {"sam",                      1, "Sam Student"},
        {"SAM%20S",                  1, "Sam Student"},
        {"am+St",                    1, "Sam Student"},
        {"jose",                     1, "Jos\xC3\xA9 \xC3\x81lvarez"},
        {"%C3%A1LVAR%C3%89z",        1, "Jos\xC3\xA9 \xC3\x81lvarez"},
        {"s",                        7, NULL}, /* ignored */
        {"%25",                      7, NULL},
        {"%E7%8E%8B",                7, NULL},
        {"%E7%8E%8B%E5%B0%8F",       1, "\xE7\x8E\x8B\xE5\xB0\x8F\xE6\x98\x8E"},
        {"50%25",                    1, "Percy 50% Off"},
        {"%25%25",                   0, NULL},
        {"r_s",                      1, "Under_score"},
        {"__",                       0, NULL},
        {"k%5Cs",                    1, "Back\\slash"},
        {"%5C%5C",                   0, NULL},
        {"Student,",                 0, NULL}, /* stands in the sortable name only */
        {"'%20OR%201=1%20--%20",     0, NULL},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(names); i++)
        add_student(&c, textf("it-search-%zu", i), names[i]);
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = roster(&c, textf("?search_term=%s", rows[i].term));

        expect_status(rows[i].term, answer, 200);
        ROW_ASSERT(rows[i].term, count_at(answer->json, "/conversations") == rows[i].n);
        if (rows[i].first)
            ROW_ASSERT(rows[i].term, str_eq(text_at(answer->json, "/conversations/0/student/name"), rows[i].first));
    }
    expect_body("NUL", roster(&c, "?search_term=a%00b"), 400, "{\"search_term\":[\"is invalid\"]}");
    expect_body("a list", roster(&c, "?search_term[]=sam"), 400, "{\"search_term\":[\"is invalid\"]}");
    expect_json("no UTF-8", roster(&c, "?search_term=%ff%fe")->json, "/errors/0/error_code", "\"invalid_encoding\"");
    expect_status("a long one", roster(&c, textf("?search_term=%s", repeated("%F0%9F%98%80", 500))), 200);
}

/* ---- one, with its messages ---- */

static void test_one(void)
{
    const struct class c = make_class();
    const struct talk talk = open_talk_on(c.course, c.experience, token_of(STUDENT));
    const struct answer *said = say(&talk, "Water boils.");

    for (int string_ids = 0; string_ids <= 1; string_ids++) {
        const struct answer *answer =
            CALL("GET", textf("%s/%lu", c.path, talk.id), token_of(TA), .accept = string_ids ? STRING_IDS : NULL);
        const char *want = row_text(&c, &talk, answer->json, string_ids);

        expect_status("one", answer, 200);
        expect_api_headers("one", answer);
        ROW_ASSERT(textf("%s instead of %s", answer->body, want),
                   str_starts(answer->body, textf("%s,\"messages\":[", want)));
        ROW_ASSERT("messages", json_object_equal(json_at(answer->json, "/messages"), json_at(said->json, "/messages")));
        expect_json("progress", answer->json, "/progress", PROGRESS);
    }
}

/* Any owner, any state but deleted. */
static void test_any_owner_any_state(void)
{
    const struct class c = make_class();
    const struct talk first = open_talk_on(c.course, c.experience, token_of(STUDENT));
    const struct talk second = open_talk_on(c.course, c.experience, token_of(STUDENT));
    const struct talk own = open_talk_on(c.course, c.experience, token_of(TEACHER));
    const struct talk elsewhere = open_talk(STUDENT);
    const struct {
        const char *name, *id;
        const char *owner, *state; /* NULL: not there */
    } rows[] = {
        {"completed", textf("%lu", first.id), "Sam Student", "completed"},
        {"active", textf("%lu", second.id), "Sam Student", "active"},
        {"a teacher's own", textf("%lu", own.id), "Tessa Teacher", "active"},
        {"of another experience", textf("%lu", elsewhere.id), NULL, NULL},
        {"unknown", "999999999", NULL, NULL},
        {"no id", "abc", NULL, NULL},
        {"a negative one", "-1", NULL, NULL},
        {"too large", "99999999999999999999", NULL, NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("GET", textf("%s/%s", c.path, rows[i].id), token_of(TEACHER));

        if (!rows[i].owner) {
            expect_body(rows[i].name, answer, 404, NO_TALK);
            continue;
        }
        expect_status(rows[i].name, answer, 200);
        ROW_ASSERT(rows[i].name, str_eq(text_at(answer->json, "/student/name"), rows[i].owner));
        ROW_ASSERT(rows[i].name, str_eq(text_at(answer->json, "/workflow_state"), rows[i].state));
    }
    enroll(c.course, login_of(STUDENT), "student", "completed");
    expect_status("of one who has left", one(&c, second.id), 200);
    set_latest(&second, "deleted", false);
    expect_body("deleted", one(&c, second.id), 404, NO_TALK);
    set_latest(&second, "opening", false);
    expect_body("opening", one(&c, second.id), 404, NO_TALK);
    expect_body(
        "no such experience",
        CALL("GET", textf("%s/ai_conversations/%lu", experience_path(c.course, 999999999), own.id), token_of(TEACHER)),
        404, NO_RESOURCE);
    expect_body("no such course",
                CALL("GET", textf("%s/ai_conversations", experience_path(999999999, c.experience)), token_of(TEACHER)),
                404, NO_PATH);
}

/* A draft's, and those of an experience that was deleted. */
static void test_states_of_the_experience(void)
{
    const uint64_t course = main_course(), draft = make_experience_in(course, "unpublished", "Draft");
    const struct talk own = open_talk_on(course, draft, token_of(TEACHER));
    const char *path = textf("%s/ai_conversations", experience_path(course, draft));

    expect_status("a draft's roster", CALL("GET", path, token_of(TEACHER)), 200);
    expect_status("a draft's conversation", CALL("GET", textf("%s/%lu", path, own.id), token_of(TEACHER)), 200);
    expect_status("delete", CALL("DELETE", experience_path(course, draft), token_of(TEACHER)), 200);
    expect_body("a deleted one's roster", CALL("GET", path, token_of(TEACHER)), 404, NO_RESOURCE);
    expect_body("a deleted one's conversation", CALL("GET", textf("%s/%lu", path, own.id), token_of(TEACHER)), 404,
                NO_RESOURCE);
    expect_body("its show call", CALL("GET", own.path, token_of(TEACHER)), 404, NO_RESOURCE);
    ROW_ASSERT("its transcript stays in the database",
               database_number(textf("SELECT COUNT(*) FROM message WHERE conversation_id = %lu", own.id)) == 2);
}

/* ---- the show call ---- */

static void test_show(void)
{
    const struct class c = make_class();
    const struct talk talk = open_talk_on(c.course, c.experience, token_of(STUDENT));
    const struct answer *said = say(&talk, "Water boils.");

    for (int string_ids = 0; string_ids <= 1; string_ids++) {
        const struct answer *answer =
            CALL("GET", talk.path, token_of(DESIGNER), .accept = string_ids ? STRING_IDS : NULL);
        const char *q = string_ids ? "\"" : "";
        const char *want =
            textf("{\"id\":%s%lu%s,\"user_id\":\"%lu\",\"llm_conversation_id\":\"%s\",\"workflow_state\":\"active\","
                  "\"all_objectives_met\":false,\"created_at\":\"%s\",\"updated_at\":\"%s\",\"messages\":[",
                  q, talk.id, q, id_of(STUDENT), text_at(answer->json, "/llm_conversation_id"),
                  text_at(answer->json, "/created_at"), text_at(answer->json, "/updated_at"));

        expect_status("show", answer, 200);
        expect_api_headers("show", answer);
        ROW_ASSERT(textf("%s instead of %s", answer->body, want), str_starts(answer->body, want));
        ROW_ASSERT("messages", json_object_equal(json_at(answer->json, "/messages"), json_at(said->json, "/messages")));
        expect_json("progress", answer->json, "/progress", PROGRESS);
    }
    expect_status("end", CALL("DELETE", talk.path, talk.token), 200);
    expect_json("an ended one", CALL("GET", talk.path, token_of(TEACHER))->json, "/workflow_state", "\"completed\"");
    expect_body("to its owner then", CALL("GET", talk.path, talk.token), 404, NO_RESOURCE);
    expect_body("none", CALL("GET", textf("%s/999999999", talk.list_path), token_of(TEACHER)), 404, NO_RESOURCE);
    set_latest(&talk, "deleted", false);
    expect_body("deleted", CALL("GET", talk.path, token_of(TEACHER)), 404, NO_RESOURCE);
}

/* A turn that runs, and one that failed, as the teacher sees them. */
static void test_states_of_messages(void)
{
    const struct class c = make_class();
    const struct talk talk = open_talk_on(c.course, c.experience, token_of(STUDENT));
    struct transfer *transfer = say_start(&talk, "[[delay 30000]]hi", NULL, true);

    CU_ASSERT_FATAL(call_wait_event(transfer, "message.start", 1, PATIENCE_MS));
    expect_json("running", one(&c, talk.id)->json, "/messages/2/status", "\"pending\"");
    call_finish_hurried(transfer);
    expect_json("replied", one(&c, talk.id)->json, "/messages/2/status", "\"complete\"");
    expect_status("refused", say(&talk, "[[status 400]]no"), 503);
    expect_json("failed", one(&c, talk.id)->json, "/messages/4/status", "\"failed\"");
    expect_json("failed", CALL("GET", talk.path, token_of(TEACHER))->json, "/messages/4/status", "\"failed\"");
}

SUITE(roster, {"rows", test_rows}, {"who is on it", test_who_is_on_it}, {"snapshot", test_snapshot},
      {"metrics of the snapshot", test_snapshot_metrics}, {"when there is a snapshot", test_when_there_is_a_snapshot},
      {"pages", test_pages}, {"search", test_search}, {"one", test_one},
      {"any owner, any state", test_any_owner_any_state}, {"states of the experience", test_states_of_the_experience},
      {"show", test_show}, {"states of messages", test_states_of_messages});
