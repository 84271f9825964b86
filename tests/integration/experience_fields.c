/* The fields of an experience at their limits and one beyond, and lists of experiences page by page. */
#include "harness.h"

#define LONG_255   "is too long (maximum is 255 characters)"
#define LONG_10000 "is too long (maximum is 10000 characters)"
#define FIRE       "\xf0\x9f\x94\xa5" /* one code point of four bytes */

/* ---- limits ---- */

/* A body with the required fields, except that one field is value (JSON). */
static const char *body_with(const char *field, const char *value)
{
    static const struct {
        const char *field, *value;
    } required[] = {{"title", "\"t\""}, {"learning_objectives", "[\"o\"]"}, {"pedagogical_guidance", "\"g\""}};
    const char *body = textf("{\"%s\":%s", field, value);

    for (size_t i = 0; i < LEN(required); i++)
        if (!str_eq(required[i].field, field))
            body = textf("%s,\"%s\":%s", body, required[i].field, required[i].value);
    return textf("%s}", body);
}

static const char *text_of(const char *piece, size_t n)
{
    return textf("\"%s\"", repeated(piece, n));
}

static const char *array_of(const char *item, size_t n)
{
    const char *items = repeated(textf("%s,", item), n);

    return textf("[%.*s]", (int)strlen(items) - 1, items);
}

/* An array of n metrics with names of their own. */
static const char *metrics(size_t n)
{
    const char *list = "";

    for (size_t i = 0; i < n; i++)
        list = textf("%s%s{\"name\":\"m%zu\"}", list, i ? "," : "", i);
    return textf("[%s]", list);
}

static void test_limits(void)
{
    const struct {
        const char *name, *field, *value, *message; /* message NULL: it is good */
    } rows[] = {
        // clang-format off
        {"title 255",                "title",                text_of("a", 255),                NULL},
        {"title 255 of four bytes",  "title",                text_of(FIRE, 255),               NULL},
        {"title 256",                "title",                text_of("a", 256),                LONG_255},
        {"title 256 of four bytes",  "title",                text_of(FIRE, 256),               LONG_255},
        {"title blank",              "title",                "\" \\u00a0\\u2003\"",            "can't be blank"},
        {"description 10000",        "description",          text_of(FIRE, 10000),             NULL},
        {"description 10001",        "description",          text_of("a", 10001),              LONG_10000},
        {"facts 10000",              "facts",                text_of(FIRE, 10000),             NULL},
        {"facts 10001",              "facts",                text_of(FIRE, 10001),             LONG_10000},
        {"guidance 10000",           "pedagogical_guidance", text_of("a", 10000),              NULL},
        {"guidance 10001",           "pedagogical_guidance", text_of("a", 10001),              LONG_10000},
        {"10 objectives",            "learning_objectives",  array_of("\"o\"", 10),            NULL},
        {"10 objectives and blanks", "learning_objectives",  "[\"1\",\" \",\"2\",\"3\",\"4\",\"\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\"]", NULL},
        {"11 objectives",            "learning_objectives",  array_of("\"o\"", 11),            "cannot exceed 10 items"},
        {"objective 10000",          "learning_objectives",  array_of(text_of(FIRE, 10000), 10), NULL},
        {"objective 10001",          "learning_objectives",  array_of(text_of("a", 10001), 1), "each item must be 10000 characters or less"},
        {"no objectives",            "learning_objectives",  "[]",                             "can't be blank"},
        {"objective no text",        "learning_objectives",  "[5]",                            "is invalid"},
        {"objectives no array",      "learning_objectives",  "\"o\"",                          "is invalid"},
        {"objective with NUL",       "learning_objectives",  "[\"a\\u0000\"]",                 "is invalid"},
        {"5 metrics",                "evaluation_metrics",   metrics(5),                       NULL},
        {"6 metrics",                "evaluation_metrics",   metrics(6),                       "cannot exceed 5"},
        {"metric name 255",          "evaluation_metrics",   textf("[{\"name\":%s}]", text_of(FIRE, 255)), NULL},
        {"metric name 256",          "evaluation_metrics",   textf("[{\"name\":%s}]", text_of("a", 256)), ""},
        {"metric name blank",        "evaluation_metrics",   "[{\"name\":\" \"}]",             ""},
        {"metric without a name",    "evaluation_metrics",   "[{\"description\":\"d\"}]",      ""},
        {"metric name with CR",      "evaluation_metrics",   "[{\"name\":\"a\\rb\"}]",         ""},
        {"metric name with LF",      "evaluation_metrics",   "[{\"name\":\"a\\nb\"}]",         ""},
        {"metric name with TAB",     "evaluation_metrics",   "[{\"name\":\"a\\tb\"}]",         ""},
        {"metric name repeated",     "evaluation_metrics",   "[{\"name\":\"a\"},{\"name\":\"a\"}]", ""},
        {"metric description 1000",  "evaluation_metrics",   textf("[{\"name\":\"a\",\"description\":%s}]", text_of(FIRE, 1000)), NULL},
        {"metric description 1001",  "evaluation_metrics",   textf("[{\"name\":\"a\",\"description\":%s}]", text_of("a", 1001)), ""},
        {"metric no object",         "evaluation_metrics",   "[\"a\"]",                        ""},
        {"metrics no array",         "evaluation_metrics",   "{\"name\":\"a\"}",               "is invalid"},
        {"state unknown",            "workflow_state",       "\"draft\"",                      "is not included in the list"},
        {"state deleted",            "workflow_state",       "\"deleted\"",                    "is not included in the list"},
        {"state published",          "workflow_state",       "\"published\"",                  NULL},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("POST", experiences_path(main_course()), token_of(TEACHER),
                                           .body = body_with(rows[i].field, rows[i].value));
        const char *pointer = textf("/%s/0", rows[i].field);

        if (!expect_status(rows[i].name, answer, rows[i].message ? 400 : 201))
            continue;
        if (!rows[i].message)
            continue;
        if (*rows[i].message)
            ROW_ASSERT(rows[i].name, str_eq(text_at(answer->json, pointer), rows[i].message));
        ROW_ASSERT(rows[i].name, *text_at(answer->json, pointer) != '\0');
        ROW_ASSERT(rows[i].name, count_at(answer->json, textf("/%s", rows[i].field)) == 1);
    }
}

/* Of a course without files: an empty list is what there is, any id is one that cannot be used. */
static void test_context_file_ids(void)
{
    const char *list = experiences_path(main_course());
    const char *path = experience_path(main_course(), make_experience("published"));
    static const char refused[] =
        "{\"errors\":{\"context_file_ids\":[\"One or more selected files cannot be accessed\"]}}";

    expect_status("cleared", CALL("PUT", path, token_of(TEACHER), .body = "{\"context_file_ids\":[]}"), 200);
    expect_body("updated", CALL("PUT", path, token_of(TEACHER), .body = "{\"context_file_ids\":[999999999]}"), 422,
                refused);
    expect_body("created",
                CALL("POST", list, token_of(TEACHER), .body = body_with("context_file_ids", "[\"999999999\"]")), 422,
                refused);
    expect_status("with a wrong field",
                  CALL("PUT", path, token_of(TEACHER), .body = "{\"context_file_ids\":[999999999],\"title\":5}"), 400);
}

static void test_long_text_comes_back(void)
{
    const char *facts = text_of(FIRE, 10000);
    const struct answer *answer =
        CALL("POST", experiences_path(main_course()), token_of(TEACHER), .body = body_with("facts", facts));

    expect_json("facts", answer->json, "/facts", facts);
    answer = CALL("GET", experience_path(main_course(), json_get_u64(answer->json, "id")), token_of(TEACHER));
    expect_json("facts, read again", answer->json, "/facts", facts);
}

static void test_all_faults_at_once(void)
{
    const char *body =
        textf("{\"title\":\"\",\"description\":%s,\"facts\":7,\"workflow_state\":\"x\",\"evaluation_metrics\":%s}",
              text_of("a", 10001), metrics(6));

    expect_body("create", CALL("POST", experiences_path(main_course()), token_of(TEACHER), .body = body), 400,
                "{\"title\":[\"can't be blank\"],\"description\":[\"" LONG_10000 "\"],\"facts\":[\"is invalid\"],"
                "\"pedagogical_guidance\":[\"can't be blank\"],\"learning_objective\":[\"can't be blank\"],"
                "\"learning_objectives\":[\"can't be blank\"],\"workflow_state\":[\"is not included in the list\"],"
                "\"evaluation_metrics\":[\"cannot exceed 5\"]}");
    expect_body("an empty object", CALL("POST", experiences_path(main_course()), token_of(TEACHER), .body = "{}"), 400,
                "{\"errors\":[{\"message\":\"ai_experience is missing\"}]}");
}

/* ---- lists ---- */

/* A course with 23 published experiences, then one unpublished, then one deleted; their ids ascend. */
static uint64_t make_full_course(void)
{
    uint64_t course = make_course();

    for (int i = 0; i < 23; i++)
        make_experience_in(course, "published", textf("E%02d", i));
    make_experience_in(course, "unpublished", "Draft");
    CALL("DELETE", experience_path(course, make_experience_in(course, "published", "Gone")), token_of(TEACHER));
    return course;
}

static void test_workflow_state_filter(void)
{
    const char *path = experiences_path(make_full_course());
    static const struct {
        const char *query;
        size_t manager, member;
    } rows[] = {
        {"", 24, 23},
        {"&workflow_state=published", 23, 23},
        {"&workflow_state=unpublished", 1, 0},
        {"&workflow_state=deleted", 1, 0},
        {"&workflow_state=nonsense", 0, 0},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *list = textf("%s?per_page=100%s", path, rows[i].query);

        ROW_ASSERT(textf("manager %s", rows[i].query),
                   count_at(CALL("GET", list, token_of(TEACHER))->json, "") == rows[i].manager);
        ROW_ASSERT(textf("student %s", rows[i].query),
                   count_at(CALL("GET", list, token_of(STUDENT))->json, "") == rows[i].member);
        ROW_ASSERT(textf("observer %s", rows[i].query),
                   count_at(CALL("GET", list, token_of(OBSERVER))->json, "") == rows[i].member);
    }
}

static void test_list_rows(void)
{
    uint64_t course = make_course(), first = make_experience_in(course, "published", "One");
    const char *list = experiences_path(course);

    make_experience_in(course, "published", "Two");
    open_talk_on(course, first, token_of(STUDENT));
    struct json_object *students = CALL("GET", list, token_of(STUDENT))->json;
    struct json_object *managers = CALL("GET", list, token_of(TEACHER))->json;
    static const struct expected for_students[] = {{"/0/title", "\"One\""},
                                                   {"/0/submission_status", "\"in_progress\""},
                                                   {"/0/facts", "null"},
                                                   {"/0/completed_count", "null"},
                                                   {"/1/title", "\"Two\""},
                                                   {"/1/submission_status", "\"not_started\""},
                                                   {"/0/evaluation_metrics", "null"}};
    static const struct expected for_managers[] = {{"/0/title", "\"One\""},         {"/0/facts", "\"Water boils.\""},
                                                   {"/0/completed_count", "0"},     {"/0/total_students", "2"},
                                                   {"/0/can_unpublish", "false"},   {"/1/can_unpublish", "true"},
                                                   {"/0/submission_status", "null"}};

    expect_fields("a student's list", students, for_students, LEN(for_students));
    expect_fields("a manager's list", managers, for_managers, LEN(for_managers));
}

/* The page number that a relation of Link points to; 0: it has none. per_page, kept and a foreign base are asserted. */
static uint64_t linked_page(const char *row, const struct answer *answer, const char *relation, uint64_t per_page,
                            const char *kept)
{
    const char *link = header(answer, "Link"), *end = strstr(link, textf(">; rel=\"%s\"", relation)), *start = end;
    uint64_t page = 0;

    if (!end)
        return 0;
    while (start > link && *start != '<')
        start--;
    const char *url = textf("%.*s&", (int)(end - start - 1), start + 1), *at = strstr(url, "?page=");
    at = at ? at : strstr(url, "&page=");
    if (at && strspn(at + 6, "0123456789") > 0)
        parse_u64(at + 6, strspn(at + 6, "0123456789"), 1000000, &page);
    ROW_ASSERT(row, str_starts(url, textf("%s/api/v1/courses/", instance_used()->base)));
    ROW_ASSERT(row, strstr(url, textf("per_page=%lu&", per_page)) != NULL);
    ROW_ASSERT(row, strstr(url, kept) != NULL && !strstr(url, "access_token"));
    return page;
}

static void test_pages(void)
{
    const char *path = experiences_path(make_full_course());
    static const char *const relations[] = {"current", "next", "prev", "first", "last"};
    static const struct {
        const char *query;
        long status;
        size_t rows;
        const char *first_title;
        uint64_t per_page, current, next, prev, first, last; /* 0: not there */
    } cases[] = {
        // clang-format off
        {"",                         200, 10, "E00", 10,  1, 2, 0, 1, 3},
        {"page=2",                   200, 10, "E10", 10,  2, 3, 1, 1, 3},
        {"page=3",                   200, 3,  "E20", 10,  3, 0, 2, 1, 3},
        {"page=99",                  200, 0,  NULL,  10,  99, 0, 98, 1, 3},
        {"per_page=0",               200, 1,  "E00", 1,   1, 2, 0, 1, 23},
        {"per_page=abc",             200, 1,  "E00", 1,   1, 2, 0, 1, 23},
        {"per_page=-5",              200, 1,  "E00", 1,   1, 2, 0, 1, 23},
        {"per_page=101",             200, 23, "E00", 100, 1, 0, 0, 1, 1},
        {"per_page=23",              200, 23, "E00", 23,  1, 0, 0, 1, 1},
        {"per_page=22&page=2",       200, 1,  "E22", 22,  2, 0, 1, 1, 2},
        {"page=0",                   404, 0,  NULL,  0,   0, 0, 0, 0, 0},
        {"page=-1",                  404, 0,  NULL,  0,   0, 0, 0, 0, 0},
        {"page=abc",                 404, 0,  NULL,  0,   0, 0, 0, 0, 0},
        {"page=1.5",                 404, 0,  NULL,  0,   0, 0, 0, 0, 0},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(cases); i++) {
        const struct answer *answer = CALL(
            "GET", textf("%s?%s&workflow_state=published&access_token=%s", path, cases[i].query, token_of(STUDENT)),
            NULL);
        const uint64_t wanted[] = {cases[i].current, cases[i].next, cases[i].prev, cases[i].first, cases[i].last};
        const char *name = textf("?%s", cases[i].query);

        if (!expect_status(name, answer, cases[i].status) || cases[i].status != 200)
            continue;
        ROW_ASSERT(name, count_at(answer->json, "") == cases[i].rows);
        if (cases[i].first_title)
            expect_json(name, answer->json, "/0/title", textf("\"%s\"", cases[i].first_title));
        for (size_t k = 0; k < LEN(relations); k++) {
            if (cases[i].rows == 0 && str_eq(relations[k], "prev"))
                continue; /* whether a page past the end has one before it is not said */
            ROW_ASSERT(textf("%s %s", name, relations[k]), linked_page(name, answer, relations[k], cases[i].per_page,
                                                                       "workflow_state=published") == wanted[k]);
        }
    }
}

/* A name with an underscore is nobody's on the internet, and common inside a campus. */
static void test_links_of_another_host(void)
{
    const struct answer *answer =
        CALL("GET", experiences_path(make_course()), token_of(STUDENT), .headers = {"Host: my_host:8443"});

    ROW_ASSERT("its own name", strstr(header(answer, "Link"), "<https://my_host:8443/api/v1/") != NULL);
}

static void test_empty_list(void)
{
    const struct answer *answer = CALL("GET", experiences_path(make_course()), token_of(STUDENT));
    const char *link = header(answer, "Link");

    expect_body("list", answer, 200, "[]");
    ROW_ASSERT("current, first, last",
               strstr(link, "rel=\"current\"") && strstr(link, "rel=\"first\"") && strstr(link, "rel=\"last\""));
    ROW_ASSERT("no next, no prev", !strstr(link, "rel=\"next\"") && !strstr(link, "rel=\"prev\""));
    ROW_ASSERT("in that order", strstr(link, "\"current\"") < strstr(link, "\"first\"") &&
                                    strstr(link, "\"first\"") < strstr(link, "\"last\""));
}

/* A client that follows next sees each experience once. */
static void test_following_the_links(void)
{
    uint64_t course = make_full_course(), last_id = 0;
    const char *path = textf("%s?per_page=7", experiences_path(course)), *base = instance_used()->base;
    size_t seen = 0, pages = 0;

    while (path && pages++ < 10) {
        const struct answer *answer = CALL("GET", path, token_of(TEACHER));
        const char *link = header(answer, "Link"), *end = strstr(link, ">; rel=\"next\""), *start = end;

        for (size_t i = 0; i < count_at(answer->json, ""); i++, seen++) {
            uint64_t id = json_get_u64(json_at(answer->json, textf("/%zu", i)), "id");

            ROW_ASSERT("by id", id > last_id);
            last_id = id;
        }
        while (start && start > link && *start != '<')
            start--;
        path = end && str_starts(start + 1, base)
                   ? textf("%.*s", (int)(end - start - 1) - (int)strlen(base), start + 1 + strlen(base))
                   : NULL;
    }
    ROW_ASSERT("each once", seen == 24 && pages == 4);
}

SUITE(experience_fields, {"limits", test_limits}, {"context_file_ids", test_context_file_ids},
      {"long text comes back", test_long_text_comes_back}, {"all faults at once", test_all_faults_at_once},
      {"filter by state", test_workflow_state_filter}, {"rows of a list", test_list_rows}, {"pages", test_pages},
      {"links of another host", test_links_of_another_host}, {"an empty list", test_empty_list},
      {"following the links", test_following_the_links});
