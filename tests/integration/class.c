/*
 * What teachers read of a whole class (in an order of their choice, as a table, in numbers), and what is kept of a
 * conversation.
 */
#include <stdio.h>

#include "harness.h"

#define NO_RESOURCE "{\"error\":\"Resource Not Found\",\"errors\":[{\"message\":\"Resource Not Found\"}]}"
#define FORBIDDEN                                                                                                      \
    "{\"status\":\"unauthorized\",\"errors\":[{\"message\":\"user not authorized to perform that action\"}]}"

static void must_run(const char *sql)
{
    if (!database_try(sql))
        harness_die("this statement failed: %s", sql);
}

/* ---- a class ---- */

/* A course in which nobody is a student yet, and a published experience of the objectives One, Two and Three. */
struct class
{
    uint64_t course, experience;
    const char *path;
};

static uint64_t make_three(uint64_t course, const char *title)
{
    const struct answer *answer =
        CALL("POST", experiences_path(course), token_of(TEACHER),
             .body = textf("{\"title\":\"%s\",\"learning_objectives\":[\"One\",\"Two\",\"Three\"],"
                           "\"pedagogical_guidance\":\"Ask.\",\"workflow_state\":\"published\"}",
                           title));

    if (answer->status != 201)
        harness_die("cannot make an experience: %ld %s", answer->status, answer->body);
    return json_get_u64(answer->json, "id");
}

static struct class make_class(void)
{
    struct class c;

    main_course(); /* brings the people */
    c.course = make_course();
    c.experience = make_three(c.course, "Boiling");
    c.path = experience_path(c.course, c.experience);
    enroll(c.course, login_of(STUDENT), "student", "completed");
    enroll(c.course, login_of(OTHER_STUDENT), "student", "completed");
    return c;
}

/* Names as they stand in SQL. */
struct pupil {
    const char *name, *sortable_name;
    const char *state; /* of the latest conversation; NULL: none */
    bool is_completed;
    const char *objectives, *met_at;
    unsigned n_messages; /* without the opening one */
    const char *active_at;
};

static uint64_t add_pupil(const struct class *c, const struct pupil *p)
{
    static unsigned n;
    const char *login = textf("it-class-%u", ++n);

    must_run(textf("INSERT INTO user (login, name, sortable_name, short_name, created_at)"
                   " VALUES ('%s', '%s', '%s', 'x', UTC_TIMESTAMP(3))",
                   login, p->name, p->sortable_name));
    must_run(textf("INSERT INTO course_member SELECT %lu, id, 1 FROM user WHERE login = '%s'", c->course, login));
    uint64_t id = database_number(textf("SELECT id FROM user WHERE login = '%s'", login));

    if (!p->state)
        return id;
    must_run(textf("INSERT INTO conversation (uuid, ai_experience_id, user_id, workflow_state, is_active,"
                   " learning_objective, met_at, all_objectives_met, next_seq, created_at, updated_at)"
                   " VALUES (UUID(), %lu, %lu, '%s', IF('%s' = 'active', 1, NULL), '%s', '%s', %d, %u,"
                   " '2026-01-02 03:04:05', '%s')",
                   c->experience, id, p->state, p->state, p->objectives, p->met_at, p->is_completed, p->n_messages + 1,
                   p->active_at));
    must_run(textf("INSERT INTO latest_conversation SELECT ai_experience_id, user_id, id, workflow_state,"
                   " all_objectives_met, updated_at FROM conversation WHERE user_id = %lu",
                   id));
    return id;
}

#define THREE "One\\nTwo\\nThree"

static const struct pupil pupils[] = {
    {.name = "Fay Foe", .sortable_name = "F"},
    {.name = "Amy Foe", .sortable_name = "A"},
    {"Bob Bee", "B", "active", false, THREE, ",,", 1, "2026-03-05 00:00:00"},
    {"Cyd Foe", "C", "active", false, THREE, "2,,", 9, "2026-03-04 00:00:00"},
    {"Dan Foe", "D", "completed", false, THREE, "2,4,", 5, "2026-03-03 00:00:00"},
    {"Eve Foe", "E", "active", true, THREE, "4,4,2", 5, "2026-03-02 00:00:00"},
};

/* Six students: two who have not begun, two who are at it, one who has ended, one who has completed. */
static struct class make_six(void)
{
    const struct class c = make_class();

    for (size_t i = 0; i < LEN(pupils); i++)
        add_pupil(&c, &pupils[i]);
    return c;
}

static const struct answer *roster(const struct class *c, const char *query)
{
    return CALL("GET", textf("%s/ai_conversations%s", c->path, query), token_of(TEACHER));
}

/* The sortable names of a page, one after the other. */
static const char *names_of(const struct answer *answer)
{
    const char *names = "";

    for (size_t i = 0; i < count_at(answer->json, "/conversations"); i++)
        names = textf("%s%s", names, text_at(answer->json, textf("/conversations/%zu/student/sortable_name", i)));
    return names;
}

/* ---- the roster ---- */

static void test_orders(void)
{
    static const struct {
        const char *query, *names;
    } rows[] = {
        {"", "ABCDEF"},
        {"?sort=name", "ABCDEF"},
        {"?order=asc", "ABCDEF"},
        {"?sort=&order=&state=&search_term=", "ABCDEF"},
        {"?order=desc", "FEDCBA"},
        {"?sort=name&order=desc", "FEDCBA"},
        {"?sort=state", "AFBCDE"},
        {"?sort=state&order=desc", "EDBCAF"},
        {"?sort=progress", "AFBCDE"},
        {"?sort=progress&order=desc", "EDCBAF"},
        {"?sort=messages", "AFBDEC"},
        {"?sort=messages&order=desc", "CDEBAF"},
        {"?sort=last_activity", "AFEDCB"},
        {"?sort=last_activity&order=desc", "BCDEAF"},
        {"?sort=messages&per_page=2", "AF"},
        {"?sort=messages&per_page=4&page=2", "EC"},
        {"?sort=messages&per_page=4&page=3", ""},
        {"?sort=messages&search_term=foe", "AFDEC"},
        {"?state=not_started", "AF"},
        {"?state=in_progress", "BC"},
        {"?state=ended", "D"},
        {"?state=completed", "E"},
        {"?state=not_started&order=desc", "FA"},
        {"?state=in_progress&sort=progress&order=desc", "CB"},
        {"?state=in_progress&search_term=foe", "C"},
        {"?state=not_started&search_term=foe&per_page=1&page=2", "F"},
        {"?state=ended&search_term=bee", ""},
    };
    const struct class c = make_six();

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = roster(&c, rows[i].query);

        expect_status(rows[i].query, answer, 200);
        ROW_ASSERT(textf("%s: %s", rows[i].query, names_of(answer)), str_eq(names_of(answer), rows[i].names));
    }
}

/* Who is read of a class comes with the one before and the one after, as the list was read. */
static void test_neighbours(void)
{
    static const struct {
        const char *who, *query, *previous, *next, *total;
    } rows[] = {
        {"A", "", "", "B", "6"},
        {"C", "", "B", "D", "6"},
        {"F", "", "E", "", "6"},
        {"C", "&order=desc", "D", "B", "6"},
        {"C", "&sort=messages&order=desc", "", "D", "6"},
        {"D", "&sort=messages&page=7&per_page=1", "B", "E", "6"},
        {"C", "&search_term=foe", "A", "D", "5"},
        {"B", "&state=in_progress", "", "C", "2"},
        {"E", "&state=in_progress", "C", "", "3"}, /* has come further since the list was read */
        {"B", "&state=ended", "", "D", "2"},
        {"A", "&search_term=amy", "", "", "1"},
    };
    const struct class c = make_six();

    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t id = database_number(textf("SELECT u.id FROM user u JOIN course_member e ON e.user_id = u.id"
                                            " WHERE e.course_id = %lu AND u.sortable_name = '%s'",
                                            c.course, rows[i].who));
        const struct answer *answer = roster(&c, textf("?around=%lu%s", id, rows[i].query));
        const char *row = textf("%s%s: %s", rows[i].who, rows[i].query, answer->body);

        expect_status(row, answer, 200);
        ROW_ASSERT(row, str_eq(names_of(answer), rows[i].who));
        ROW_ASSERT(row, str_eq(text_at(answer->json, "/previous/sortable_name"), rows[i].previous));
        ROW_ASSERT(row, str_eq(text_at(answer->json, "/next/sortable_name"), rows[i].next));
        expect_json(row, answer->json, "/total", rows[i].total);
        expect_json(row, answer->json, "/snapshot", "null");
    }
}

static void test_no_neighbours(void)
{
    const struct class c = make_six();
    uint64_t bob = database_number(textf("SELECT u.id FROM user u JOIN course_member e ON e.user_id = u.id"
                                         " WHERE e.course_id = %lu AND u.sortable_name = 'B'",
                                         c.course));
    const char *queries[] = {textf("?around=%lu", id_of(TEACHER)),
                             textf("?around=%lu&search_term=foe", bob),
                             "?around=0",
                             "?around=-1",
                             "?around=Bob",
                             "?around="};

    for (size_t i = 0; i < LEN(queries); i++)
        expect_body(queries[i], roster(&c, queries[i]), 404, NO_RESOURCE);
}

static void test_numbers_of_rows(void)
{
    static const struct expected want[] = {
        {"/conversations/0/messages_count", "0"},
        {"/conversations/0/progress", "null"},
        {"/conversations/1/messages_count", "1"},
        {"/conversations/1/progress", "{\"current\":0,\"total\":3,\"percentage\":0}"},
        {"/conversations/2/messages_count", "9"},
        {"/conversations/2/progress", "{\"current\":1,\"total\":3,\"percentage\":33}"},
        {"/conversations/3/progress", "{\"current\":2,\"total\":3,\"percentage\":67}"},
        {"/conversations/4/progress", "{\"current\":3,\"total\":3,\"percentage\":100}"},
    };
    const struct class c = make_six();

    expect_fields("in their order", roster(&c, "")->json, want, LEN(want));
    expect_json("in another", roster(&c, "?sort=messages&order=desc")->json, "/conversations/0/progress/percentage",
                "33");
}

/* It is of the whole class, whichever part is shown. */
static void test_snapshot_of_a_part(void)
{
    const struct class c = make_six();
    static const char *const queries[] = {"", "?state=ended", "?sort=progress", "?state=completed&per_page=1"};

    for (size_t i = 0; i < LEN(queries); i++)
        expect_json(queries[i], roster(&c, queries[i])->json, "/snapshot",
                    "{\"completed\":1,\"in_progress\":2,\"ended\":1,\"not_started\":2,\"total_objectives\":3,"
                    "\"evaluation_metrics\":[]}");
    ROW_ASSERT("page 2", !json_at(roster(&c, "?state=in_progress&per_page=1&page=2")->json, "/snapshot"));
    ROW_ASSERT("a search", !json_at(roster(&c, "?state=in_progress&search_term=foe")->json, "/snapshot"));
}

static void test_links(void)
{
    const struct class c = make_six();
    static const char kept[] = "sort=progress&order=desc&search_term=foe&state=not_started";
    const struct answer *answer = roster(&c, textf("?%s&page=1&per_page=1", kept));
    const char *url = textf("<%s%s/ai_conversations?%s&page=", instance_used()->base, c.path, kept);
    const char *want = textf("%s1&per_page=1>; rel=\"current\",%s2&per_page=1>; rel=\"next\",%s1&per_page=1>; "
                             "rel=\"first\",%s2&per_page=1>; rel=\"last\"",
                             url, url, url, url);

    ROW_ASSERT(textf("%s instead of %s", header(answer, "Link"), want), str_eq(header(answer, "Link"), want));
    ROW_ASSERT("the first", str_eq(names_of(answer), "A"));
}

static void test_what_cannot_be_asked(void)
{
    static const struct {
        const char *query, *want;
    } rows[] = {
        {"sort=age", "{\"sort\":[\"is not included in the list\"]}"},
        {"sort=NAME", "{\"sort\":[\"is not included in the list\"]}"},
        {"sort[]=name", "{\"sort\":[\"is invalid\"]}"},
        {"sort=na%00me", "{\"sort\":[\"is invalid\"]}"},
        {"order=up", "{\"order\":[\"is not included in the list\"]}"},
        {"state=active", "{\"state\":[\"is not included in the list\"]}"},
        {"sort=x&order=y&state=z&search_term[]=w",
         "{\"search_term\":[\"is invalid\"],\"sort\":[\"is not included in the list\"],"
         "\"order\":[\"is not included in the list\"],\"state\":[\"is not included in the list\"]}"},
    };
    const struct class c = make_class();

    for (size_t i = 0; i < LEN(rows); i++) {
        struct json_object *want = json_of(rows[i].want);
        const struct answer *list = roster(&c, textf("?%s", rows[i].query)),
                            *table = CALL("GET", textf("%s/ai_conversations.csv?%s", c.path, rows[i].query),
                                          token_of(TEACHER));

        ROW_ASSERT(rows[i].query, list->status == 400 && json_object_equal(list->json, want));
        ROW_ASSERT(rows[i].query, table->status == 400 && json_object_equal(table->json, want));
        expect_api_headers(rows[i].query, table);
    }
}

/* ---- the table ---- */

#define MARK "\xEF\xBB\xBF"
#define COLUMNS                                                                                                        \
    "student_id,name,sortable_name,conversation_id,state,objectives_met,objectives_total,messages,started_at,"         \
    "last_activity_at\r\n"

static const struct answer *table_of(const struct class *c, const char *query)
{
    return CALL("GET", textf("%s/ai_conversations.csv%s", c->path, query), token_of(TEACHER), .is_plain = true);
}

static uint64_t talk_of(uint64_t user_id)
{
    return database_number(textf("SELECT id FROM conversation WHERE user_id = %lu", user_id));
}

static void test_table(void)
{
    static const struct pupil odd[] = {
        {"=HYPERLINK(\"http://x\",\"y\")", "A", "completed", false, THREE, "2,4,", 5, "2026-03-03 10:11:12"},
        {.name = "@sum, Bo", .sortable_name = "-1"},
        {"Two\\r\\nlines", "Zoë", "active", true, THREE, "4,4,2", 0, "2026-03-02 00:00:00.999"},
    };
    const struct class c = make_class();
    const char *today = textf("%.10s", text_at(CALL("GET", c.path, token_of(TEACHER))->json, "/created_at"));
    uint64_t ids[LEN(odd)];

    for (size_t i = 0; i < LEN(odd); i++)
        ids[i] = add_pupil(&c, &odd[i]);
    const struct answer *answer = table_of(&c, "?sort=name&per_page=1&page=7");
    const char *want =
        textf(MARK COLUMNS "%lu,\"'@sum, Bo\",'-1,,not_started,,,0,,\r\n"
                           "%lu,\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",A,%lu,ended,2,3,5,2026-01-02T03:04:05Z,"
                           "2026-03-03T10:11:12Z\r\n"
                           "%lu,\"Two\r\nlines\",Zo\xC3\xAB,%lu,completed,3,3,0,2026-01-02T03:04:05Z,"
                           "2026-03-02T00:00:00Z\r\n",
              ids[1], ids[0], talk_of(ids[0]), ids[2], talk_of(ids[2]));

    expect_status("a table", answer, 200);
    ROW_ASSERT(textf("%s instead of %s", answer->body, want), str_eq(answer->body, want));
    ROW_ASSERT("type", str_eq(header(answer, "Content-Type"), "text/csv; charset=utf-8"));
    ROW_ASSERT(
        header(answer, "Content-Disposition"),
        str_eq(header(answer, "Content-Disposition"),
               textf("attachment; filename=\"Boiling %s.csv\"; filename*=UTF-8''Boiling%%20%s.csv", today, today)));
}

static size_t count_lines(const struct answer *answer)
{
    size_t n = 0;

    for (const char *p = answer->body; (p = strstr(p, "\r\n")); p += 2)
        n++;
    return n;
}

static void test_parts_of_the_table(void)
{
    static const struct {
        const char *query;
        size_t n;
        const char *first; /* what its first row says */
    } rows[] = {
        {"", 6, "Amy Foe,A,,not_started,,,0,,\r\n"},
        {"?sort=progress&order=desc", 6, "Eve Foe,E,"},
        {"?state=in_progress", 2, "Bob Bee,B,"},
        {"?state=in_progress&search_term=foe", 1, "Cyd Foe,C,"},
        {"?search_term=nobody", 0, ""},
    };
    const struct class c = make_six();

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = table_of(&c, rows[i].query);
        const char *row = strstr(answer->body, "\r\n");

        expect_status(rows[i].query, answer, 200);
        ROW_ASSERT(rows[i].query, str_starts(answer->body, MARK COLUMNS) && count_lines(answer) == rows[i].n + 1);
        row = row && rows[i].n ? strchr(row, ',') + 1 : "";
        ROW_ASSERT(textf("%s: %s", rows[i].query, row), str_starts(row, rows[i].first));
    }
}

/* All rows, where a list has a hundred at most. */
static void test_a_long_table(void)
{
    const struct class c = make_class();

    must_run(textf("INSERT INTO user (login, name, sortable_name, short_name, created_at) SELECT"
                   " CONCAT('it-table-', seq), 'Many', LPAD(seq, 4, '0'), 'M', UTC_TIMESTAMP(3) FROM seq_1_to_250"));
    must_run(textf("INSERT INTO course_member SELECT %lu, id, 1 FROM user WHERE login LIKE 'it-table-%%'", c.course));
    ROW_ASSERT("by name", count_lines(table_of(&c, "")) == 251);
    ROW_ASSERT("by messages", count_lines(table_of(&c, "?sort=messages")) == 251);
}

/* ---- the picture ---- */

static struct json_object *picture(const struct class *c)
{
    const struct answer *answer = CALL("GET", textf("%s/class_picture", c->path), token_of(TEACHER));

    expect_status("picture", answer, 200);
    expect_api_headers("picture", answer);
    return answer->json;
}

static void test_picture(void)
{
    static const struct pupil late = {"Gil", "G", "active", false, "Two\\nFour\\nOne", ",2,", 3, "2026-03-06 00:00:00"};
    static const struct pupil gone = {"Hal", "H", "active", true, THREE, "2,2,2", 3, "2026-03-06 00:00:00"};
    const struct class c = make_class();

    expect_json(
        "of nobody", picture(&c), "",
        "{\"total_students\":0,\"not_started\":0,\"in_progress\":0,\"ended\":0,\"completed\":0,\"objectives\":["
        "{\"objective\":\"One\",\"met_count\":0,\"count\":0},{\"objective\":\"Two\",\"met_count\":0,\"count\":0},"
        "{\"objective\":\"Three\",\"met_count\":0,\"count\":0}],\"progress\":[{\"met\":0,\"students\":0},"
        "{\"met\":1,\"students\":0},{\"met\":2,\"students\":0},{\"met\":3,\"students\":0}]}");
    for (size_t i = 0; i < LEN(pupils); i++)
        add_pupil(&c, &pupils[i]);
    uint64_t left = add_pupil(&c, &gone);
    must_run(textf("UPDATE course_member SET roles = 2 WHERE user_id = %lu", left)); /* an observer now */
    expect_json(
        "of six", picture(&c), "",
        "{\"total_students\":6,\"not_started\":2,\"in_progress\":2,\"ended\":1,\"completed\":1,\"objectives\":["
        "{\"objective\":\"One\",\"met_count\":3,\"count\":4},{\"objective\":\"Two\",\"met_count\":2,\"count\":4},"
        "{\"objective\":\"Three\",\"met_count\":1,\"count\":4}],\"progress\":[{\"met\":0,\"students\":1},"
        "{\"met\":1,\"students\":1},{\"met\":2,\"students\":1},{\"met\":3,\"students\":1}]}");

    expect_status(
        "other objectives",
        CALL("PUT", c.path, token_of(TEACHER), .body = "{\"learning_objectives\":[\"Two\",\"Four\",\"One\"]}"), 200);
    add_pupil(&c, &late);
    expect_json(
        "with other objectives", picture(&c), "",
        "{\"total_students\":7,\"not_started\":2,\"in_progress\":3,\"ended\":1,\"completed\":1,\"objectives\":["
        "{\"objective\":\"Two\",\"met_count\":2,\"count\":5},{\"objective\":\"Four\",\"met_count\":1,\"count\":1},"
        "{\"objective\":\"One\",\"met_count\":3,\"count\":5}],\"progress\":[{\"met\":0,\"students\":1},"
        "{\"met\":1,\"students\":2},{\"met\":2,\"students\":2},{\"met\":3,\"students\":0}]}");
}

/* What is counted is the latest, and whatever a turn has changed is in it at once. */
static void test_picture_of_turns(void)
{
    const struct class c = make_class();

    enroll(c.course, login_of(STUDENT), "student", "active");
    struct talk talk = open_talk_on(c.course, c.experience, token_of(STUDENT));
    expect_status("a turn", say(&talk, "[[covers 1 2]]a"), 200);
    struct json_object *row = roster(&c, "")->json;
    expect_json("messages", row, "/conversations/0/messages_count", "3");
    expect_json("progress", row, "/conversations/0/progress/percentage", "67");
    expect_json("met", picture(&c), "/progress/2/students", "1");
    expect_json("second", picture(&c), "/objectives/1/met_count", "1");

    open_talk_on(c.course, c.experience, token_of(STUDENT));
    expect_json("anew", picture(&c), "/progress/0/students", "1");
    expect_json("anew", picture(&c), "/in_progress", "1");
    expect_json("anew", picture(&c), "/objectives/1/met_count", "0");
}

/* ---- one's own ---- */

static void test_own(void)
{
    const struct class c = make_class();
    const char *path = textf("%s/my_conversations", c.path);

    enroll(c.course, login_of(STUDENT), "student", "active");
    enroll(c.course, login_of(OTHER_STUDENT), "student", "active");
    expect_body("none", CALL("GET", path, token_of(STUDENT)), 200, "[]");
    struct talk first = open_talk_on(c.course, c.experience, token_of(STUDENT));
    expect_status("a turn", say(&first, "[[covers 2]]a"), 200);
    struct talk second = open_talk_on(c.course, c.experience, token_of(STUDENT));
    const struct answer *answer = CALL("GET", path, token_of(STUDENT));
    const char *want =
        textf("[{\"id\":%lu,\"workflow_state\":\"active\",\"all_objectives_met\":false,\"created_at\":\"%s\","
              "\"updated_at\":\"%s\",\"messages_count\":1,\"progress\":{\"current\":0,\"total\":3,\"percentage\":0}},"
              "{\"id\":%lu,\"workflow_state\":\"completed\",\"all_objectives_met\":false,\"created_at\":\"%s\","
              "\"updated_at\":\"%s\",\"messages_count\":3,\"progress\":{\"current\":1,\"total\":3,\"percentage\":33}}]",
              second.id, text_at(answer->json, "/0/created_at"), text_at(answer->json, "/0/updated_at"), first.id,
              text_at(answer->json, "/1/created_at"), text_at(answer->json, "/1/updated_at"));

    expect_body("two", answer, 200, want);
    expect_api_headers("two", answer);
    answer = CALL("GET", textf("%s?per_page=1&page=2", path), token_of(STUDENT));
    ROW_ASSERT("page 2", count_at(answer->json, "") == 1 && int_at(answer->json, "/0/id") == (int64_t)first.id);
    ROW_ASSERT("links", strstr(header(answer, "Link"), "page=1&per_page=1>; rel=\"prev\"") != NULL);
    expect_body("past the end", CALL("GET", textf("%s?page=2", path), token_of(STUDENT)), 200, "[]");
    expect_body("another's", CALL("GET", path, token_of(OTHER_STUDENT)), 200, "[]");
    expect_body("a teacher's", CALL("GET", path, token_of(TEACHER)), 200, "[]");
    expect_body("of another course", CALL("GET", path, token_of(STRANGER)), 403, FORBIDDEN);
    must_run(textf("UPDATE conversation SET workflow_state = 'deleted', is_active = NULL WHERE id = %lu", second.id));
    ROW_ASSERT("without the deleted", count_at(CALL("GET", path, token_of(STUDENT))->json, "") == 1);
    must_run(textf("UPDATE ai_experience SET workflow_state = 'unpublished' WHERE id = %lu", c.experience));
    expect_body("taken back", CALL("GET", path, token_of(STUDENT)), 403, FORBIDDEN);
}

/* ---- what is kept of a conversation ---- */

static const char *transcript_path(const struct talk *talk, const char *query)
{
    return textf("%s/transcript%s", talk->path, query);
}

static void expect_keepers(const char *name, const struct talk *talk, bool is_there)
{
    static const struct {
        enum person who;
        bool may;
    } people[] = {{STUDENT, true}, {OTHER_STUDENT, false}, {OBSERVER, false},
                  {TEACHER, true}, {DESIGNER, true},       {ADMIN, true}};

    for (size_t i = 0; i < LEN(people); i++) {
        const struct answer *answer = CALL("GET", transcript_path(talk, ""), token_of(people[i].who));
        const char *row = textf("%s, to %s", name, login_of(people[i].who));

        if (people[i].may && is_there)
            ROW_ASSERT(row, answer->status == 200 && int_at(answer->json, "/id") == (int64_t)talk->id);
        else
            expect_body(row, answer, 404, NO_RESOURCE);
    }
    expect_body(name, CALL("GET", transcript_path(talk, ""), token_of(STRANGER)), 403, FORBIDDEN);
    expect_body(name, CALL("GET", transcript_path(talk, ""), token_of(FORMER_STUDENT)), 403, FORBIDDEN);
}

static void test_who_may_keep(void)
{
    const struct talk talk = open_talk(STUDENT);

    expect_keepers("active", &talk, true);
    expect_status("end", CALL("DELETE", talk.path, talk.token), 200);
    expect_keepers("ended", &talk, true);
    must_run(textf("UPDATE ai_experience SET workflow_state = 'unpublished' WHERE id = %lu", talk.experience));
    expect_keepers("taken back", &talk, true);
    must_run(textf("UPDATE conversation SET workflow_state = 'opening' WHERE id = %lu", talk.id));
    expect_keepers("opening", &talk, false);
    must_run(textf("UPDATE conversation SET workflow_state = 'deleted' WHERE id = %lu", talk.id));
    expect_keepers("deleted", &talk, false);
    must_run(textf("UPDATE conversation SET workflow_state = 'completed' WHERE id = %lu", talk.id));
    expect_status("delete", CALL("DELETE", experience_path(talk.course, talk.experience), token_of(TEACHER)), 200);
    expect_keepers("of a deleted experience", &talk, false);
}

static void test_transcript(void)
{
    const struct talk talk = open_talk(STUDENT);

    expect_status("a turn", say(&talk, "[[covers 1]]a"), 200);
    struct json_object *shown = read_talk(&talk);
    const struct answer *answer = CALL("GET", transcript_path(&talk, ""), talk.token);
    const char *want = textf(
        "{\"course\":{\"id\":%lu,\"name\":\"%s\",\"course_code\":\"%s\"},\"ai_experience\":{\"id\":%lu,\"title\":"
        "\"Boiling\",\"description\":\"About it\",\"learning_objectives\":[\"Name it\",\"Explain it\"]},\"student\":"
        "{\"id\":%lu,\"name\":\"Sam Student\",\"sortable_name\":\"Student, Sam\",\"short_name\":\"Sam Student\","
        "\"avatar_url\":null,\"created_at\":\"%s\"},\"id\":%lu,\"workflow_state\":\"active\",\"all_objectives_met\":"
        "false,\"created_at\":\"%s\",\"updated_at\":\"%s\",\"messages\":[",
        talk.course, text_at(answer->json, "/course/name"), text_at(answer->json, "/course/course_code"),
        talk.experience, id_of(STUDENT), text_at(answer->json, "/student/created_at"), talk.id,
        text_at(shown, "/created_at"), text_at(shown, "/updated_at"));

    expect_status("JSON", answer, 200);
    expect_api_headers("JSON", answer);
    ROW_ASSERT(textf("%s instead of %s", answer->body, want), str_starts(answer->body, want));
    ROW_ASSERT("course", str_starts(text_at(answer->json, "/course/name"), "Course IT-"));
    ROW_ASSERT("code", str_starts(text_at(answer->json, "/course/course_code"), "IT-"));
    ROW_ASSERT("messages", json_object_equal(json_at(answer->json, "/messages"), json_at(shown, "/messages")));
    ROW_ASSERT("progress", json_object_equal(json_at(answer->json, "/progress"), json_at(shown, "/progress")));
    ROW_ASSERT("to be shown", !*header(answer, "Content-Disposition"));
    const struct answer *same = CALL("GET", transcript_path(&talk, "?format=json&download=false"), talk.token);
    ROW_ASSERT("json", str_eq(same->body, answer->body) && !*header(same, "Content-Disposition"));
}

/* As the Markdown has it. */
static const char *time_of(struct json_object *json, const char *pointer)
{
    const char *text = text_at(json, pointer);

    return strlen(text) == 20 ? textf("%.10s %.8s UTC", text, text + 11) : "";
}

#define FORGED "### 3. Assistant, 2026-01-01 00:00:00 UTC"

static void test_markdown(void)
{
    const struct talk talk = open_talk(STUDENT);

    expect_status("a turn", say(&talk, "[[covers 1]][[text So *be* it.\n\n# Good]]a\r\n\n" FORGED "\n</blockquote>\n"),
                  200);
    expect_status("a turn that fails", say(&talk, "[[status 400]]b"), 503);
    struct json_object *json = CALL("GET", transcript_path(&talk, ""), token_of(TEACHER))->json;
    const struct answer *answer =
        CALL("GET", transcript_path(&talk, "?format=markdown"), token_of(TEACHER), .is_plain = true);
    const char *want =
        textf("# Boiling\n\n- Course: %s (%s)\n- Student: Sam Student\n- Begun: %s\n- Last activity: %s\n"
              "- State: in progress\n\n## Learning objectives: 1 of 2 met\n\n1. (met in message 2) Name it\n"
              "2. (not met) Explain it\n\n## Messages\n\n### 1. Assistant, %s\n\n> %s\n\n### 2. Sam Student, %s\n\n"
              "> [[covers 1]][[text So *be* it.\n>\n> # Good]]a\n>\n> " FORGED "\n> &lt;/blockquote>\n\n"
              "### 3. Assistant, %s\n\n> So *be* it.\n>\n> # Good\n\n### 4. Sam Student, %s (not answered)\n\n"
              "> [[status 400]]b\n",
              text_at(json, "/course/name"), text_at(json, "/course/course_code"), time_of(json, "/created_at"),
              time_of(json, "/updated_at"), time_of(json, "/messages/1/created_at"), text_at(json, "/messages/1/text"),
              time_of(json, "/messages/2/created_at"), time_of(json, "/messages/3/created_at"),
              time_of(json, "/messages/4/created_at"));

    expect_status("Markdown", answer, 200);
    ROW_ASSERT(textf("%s instead of %s", answer->body, want), str_eq(answer->body, want));
    ROW_ASSERT("type", str_eq(header(answer, "Content-Type"), "text/markdown; charset=utf-8"));
    ROW_ASSERT("to be shown", !*header(answer, "Content-Disposition"));
    expect_status("end", CALL("DELETE", talk.path, talk.token), 200);
    ROW_ASSERT("ended",
               strstr(CALL("GET", transcript_path(&talk, "?format=markdown"), talk.token, .is_plain = true)->body,
                      "\n- State: ended\n") != NULL);
}

/* A title may hold anything: no header of its own, no path, no other ending. */
static void test_names_of_files(void)
{
    const uint64_t course = main_course();
    const struct talk talk = open_talk_on(
        course, make_three(course, "W\xC3\xA4rme: \\\"hei\xC3\x9F\\\"\\r\\nX-Evil: 1/..\\\\%"), token_of(STUDENT));
    const char *day = textf("%.10s", text_at(CALL("GET", transcript_path(&talk, ""), talk.token)->json, "/created_at"));
    static const struct {
        const char *query, *extension, *type;
    } rows[] = {
        {"?download=true", "json", "application/json; charset=utf-8"},
        {"?download=1&format=json", "json", "application/json; charset=utf-8"},
        {"?format=markdown&download=true", "md", "text/markdown; charset=utf-8"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("GET", transcript_path(&talk, rows[i].query), talk.token, .is_plain = true);
        const char *want = textf("attachment; filename=\"W_rme- -hei_---X-Evil- 1-..-_ %s.%s\"; filename*=UTF-8''"
                                 "W%%C3%%A4rme-%%20-hei%%C3%%9F---X-Evil-%%201-..-%%25%%20%s.%s",
                                 day, rows[i].extension, day, rows[i].extension);

        expect_status(rows[i].query, answer, 200);
        ROW_ASSERT(header(answer, "Content-Disposition"), str_eq(header(answer, "Content-Disposition"), want));
        ROW_ASSERT(rows[i].query, str_eq(header(answer, "Content-Type"), rows[i].type) && !*header(answer, "X-Evil"));
    }
}

static void test_other_formats(void)
{
    static const struct {
        const char *query, *want;
    } rows[] = {
        {"?format=pdf", "{\"format\":[\"is not included in the list\"]}"},
        {"?format=", "{\"format\":[\"is not included in the list\"]}"},
        {"?format[]=json", "{\"format\":[\"is not included in the list\"]}"},
        {"?format=Markdown&download=maybe",
         "{\"format\":[\"is not included in the list\"],\"download\":[\"is invalid\"]}"},
    };
    const struct talk talk = open_talk(STUDENT);

    for (size_t i = 0; i < LEN(rows); i++)
        expect_body(rows[i].query, CALL("GET", transcript_path(&talk, rows[i].query), talk.token), 400, rows[i].want);
}

SUITE(class, {"orders", test_orders}, {"neighbours", test_neighbours}, {"no neighbours", test_no_neighbours},
      {"numbers of rows", test_numbers_of_rows}, {"snapshot of a part", test_snapshot_of_a_part}, {"links", test_links},
      {"what cannot be asked", test_what_cannot_be_asked}, {"table", test_table},
      {"parts of the table", test_parts_of_the_table}, {"a long table", test_a_long_table}, {"picture", test_picture},
      {"picture of turns", test_picture_of_turns}, {"own", test_own}, {"who may keep", test_who_may_keep},
      {"transcript", test_transcript}, {"markdown", test_markdown}, {"names of files", test_names_of_files},
      {"other formats", test_other_formats});
