/* Who may call what: credentials, scopes, roles, and paths that do not exist. */
#include <stdio.h>

#include "harness.h"

#define UNAUTHENTICATED "{\"status\":\"unauthenticated\",\"errors\":[{\"message\":\"user authorization required\"}]}"
#define INVALID_TOKEN   "{\"errors\":[{\"message\":\"Invalid access token.\"}]}"
#define REVOKED_TOKEN   "{\"errors\":[{\"message\":\"Revoked access token.\"}]}"
#define NO_SCOPE        "{\"errors\":[{\"message\":\"Insufficient scopes on access token.\"}]}"
#define FORBIDDEN                                                                                                      \
    "{\"status\":\"unauthorized\",\"errors\":[{\"message\":\"user not authorized to perform that action\"}]}"
#define NO_PATH     "{\"errors\":[{\"message\":\"The specified resource does not exist.\"}]}"
#define NO_RESOURCE "{\"error\":\"Resource Not Found\",\"errors\":[{\"message\":\"Resource Not Found\"}]}"
#define REALM       "Bearer realm=\"canvas-lms\""

#define LIST_SCOPE  "url:GET|/api/v1/courses/:course_id/ai_experiences"

/* ---- credentials ---- */

static const char *revoked_token(void)
{
    const char *token = make_token(login_of(TEACHER), NULL);

    if (!COMMAND("token", "revoke", "--token", token))
        harness_die("colloquy token revoke failed");
    return token;
}

static void test_credentials(void)
{
    const char *list = experiences_path(main_course()), *good = token_of(TEACHER);
    const struct {
        const char *name, *authorization, *query;
        long status;
        const char *body, *challenge;
    } rows[] = {
        // clang-format off
        {"none",                         NULL,                                             "",                                      401, UNAUTHENTICATED, REALM},
        {"another scheme",               "Authorization: Basic dTpw",                      "",                                      401, UNAUTHENTICATED, REALM},
        {"unknown token",                "Authorization: Bearer nothing",                  "",                                      401, INVALID_TOKEN,   REALM},
        {"token and more",               textf("Authorization: Bearer %sx", good),         "",                                      401, INVALID_TOKEN,   REALM},
        {"revoked token",                textf("Authorization: Bearer %s", revoked_token()), "",                                    401, REVOKED_TOKEN,   REALM},
        {"unknown token in the query",   NULL,                                             "?access_token=nothing",                 401, INVALID_TOKEN,   REALM},
        {"header wins over the query",   "Authorization: Bearer nothing",                  textf("?access_token=%s", good),         401, INVALID_TOKEN,   REALM},
        {"token without a listed scope", textf("Authorization: Bearer %s", make_token(login_of(TEACHER),
                                               "url:POST|/api/v1/courses/:course_id/ai_experiences")), "",                          401, NO_SCOPE,        ""},
        {"good token",                   textf("Authorization: Bearer %s", good),          "",                                      200, NULL,            ""},
        {"scheme in small letters",      textf("Authorization: bearer %s", good),          "",                                      200, NULL,            ""},
        {"token in the query",           NULL,                                             textf("?access_token=%s", good),         200, NULL,            ""},
        {"scoped token",                 textf("Authorization: Bearer %s", make_token(login_of(TEACHER), LIST_SCOPE)), "",          200, NULL,            ""},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer =
            CALL("GET", textf("%s%s", list, rows[i].query), NULL, .headers = {rows[i].authorization});

        expect_status(rows[i].name, answer, rows[i].status);
        if (rows[i].body)
            expect_body(rows[i].name, answer, rows[i].status, rows[i].body);
        ROW_ASSERT(rows[i].name, str_eq(header(answer, "WWW-Authenticate"), rows[i].challenge));
        expect_api_headers(rows[i].name, answer);
    }
}

static void test_token_in_form(void)
{
    const struct answer *answer = CALL(
        "POST", experiences_path(main_course()), NULL, .type = "application/x-www-form-urlencoded",
        .body = textf("access_token=%s&title=Form&learning_objective=a&pedagogical_guidance=b", token_of(TEACHER)));

    expect_status("create", answer, 201);
}

/* What is wrong with a body hides no token that stands in the query. */
static void test_token_beside_a_broken_body(void)
{
    const char *query = textf("?access_token=%s", token_of(TEACHER));
    const char *list = textf("%s%s", experiences_path(main_course()), query);
    const char *talks =
        textf("%s/conversations%s", experience_path(main_course(), make_experience("published")), query);

    expect_status("another type", CALL("POST", list, NULL, .type = "text/plain", .body = "x"), 415);
    expect_status("broken JSON", CALL("POST", list, NULL, .body = "{"), 400);
    expect_status("a body that is ignored", CALL("POST", talks, NULL, .body = "{"), 201);
}

struct expiring {
    const char *token;
    const struct answer *answer;
};

static bool is_refused(void *arg)
{
    struct expiring *expiring = arg;

    expiring->answer = CALL("GET", experiences_path(main_course()), expiring->token);
    return expiring->answer->status == 401;
}

static void test_expired_token(void)
{
    struct json_object *issued = COMMAND("token", "issue", "--user", login_of(TEACHER), "--expires-in", "1");
    struct expiring expiring = {textf("%s", text_at(issued, "/token")), NULL};

    CU_ASSERT_FATAL(wait_until(is_refused, &expiring, 5000));
    const struct answer *answer = expiring.answer;
    expect_json("expired", answer->json, "/errors/0/message", "\"Expired access token.\"");
    ROW_ASSERT("expired_at", str_eq(text_at(answer->json, "/errors/0/expired_at"), text_at(issued, "/expires_at")));
    ROW_ASSERT("expired_at", *text_at(issued, "/expires_at"));
    ROW_ASSERT("challenge", str_eq(header(answer, "WWW-Authenticate"), REALM));
}

/* ---- paths ---- */

static void test_head_and_suffix(void)
{
    const char *path = experience_path(main_course(), make_experience("published"));
    const struct answer *get = CALL("GET", path, token_of(STUDENT));
    const struct answer *head = CALL("HEAD", path, token_of(STUDENT));
    const struct answer *suffix = CALL("GET", textf("%s.json", path), token_of(STUDENT));
    const struct answer *list =
        CALL("GET", textf("%s.json?per_page=1", experiences_path(main_course())), token_of(STUDENT));

    expect_status("GET", get, 200);
    expect_status("HEAD", head, 200);
    ROW_ASSERT("HEAD has no body", head->len == 0);
    ROW_ASSERT("HEAD has the type", str_eq(header(head, "Content-Type"), header(get, "Content-Type")));
    expect_body("suffix", suffix, 200, get->body);
    expect_status("suffix of a list", list, 200);
    expect_status("HEAD without a token", CALL("HEAD", path, NULL), 401);
    const char *scoped = make_token(login_of(STUDENT), "url:GET|/api/v1/courses/:course_id/ai_experiences/:id");
    expect_status("HEAD with GET's scope", CALL("HEAD", path, scoped), 200);
}

static void test_unknown_paths_and_methods(void)
{
    static const struct {
        const char *name, *method, *path;
        long status;
        const char *allow[4];
    } rows[] = {
        // clang-format off
        {"nothing there",            "GET",    "/api/v1/nothing",                                          404, {NULL}},
        {"the root of the API",      "GET",    "/api/v1",                                                  404, {NULL}},
        {"something behind",         "GET",    "/api/v1/courses/1/ai_experiences/1/more",                  404, {NULL}},
        {"delete a list",            "DELETE", "/api/v1/courses/1/ai_experiences",                         405, {"GET", "HEAD", "POST"}},
        {"patch an experience",      "PATCH",  "/api/v1/courses/1/ai_experiences/1",                       405, {"GET", "PUT", "DELETE"}},
        {"put conversations",        "PUT",    "/api/v1/courses/1/ai_experiences/1/conversations",         405, {"GET", "POST"}},
        {"get messages",             "GET",    "/api/v1/courses/1/ai_experiences/1/conversations/1/messages", 405, {"POST"}},
        {"put a conversation",       "PUT",    "/api/v1/courses/1/ai_experiences/1/conversations/1",       405, {"GET", "HEAD", "DELETE"}},
        {"post to the roster",       "POST",   "/api/v1/courses/1/ai_experiences/1/ai_conversations",      405, {"GET", "HEAD"}},
        {"get votes",                "GET",    "/api/v1/courses/1/ai_experiences/1/conversations/1/messages/1/feedback", 405, {"POST"}},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++)
        for (int signed_in = 0; signed_in < 2; signed_in++) {
            const struct answer *answer = CALL(rows[i].method, rows[i].path, signed_in ? token_of(TEACHER) : NULL);

            expect_status(rows[i].name, answer, rows[i].status);
            expect_api_headers(rows[i].name, answer);
            if (rows[i].status == 404)
                expect_body(rows[i].name, answer, 404, NO_PATH);
            else
                ROW_ASSERT(rows[i].name, *text_at(answer->json, "/errors/0/message") &&
                                             *text_at(answer->json, "/errors/0/error_code"));
            for (size_t k = 0; k < LEN(rows[i].allow) && rows[i].allow[k]; k++)
                ROW_ASSERT(rows[i].name, header_list_has(header(answer, "Allow"), rows[i].allow[k]));
        }
}

static void test_what_is_looked_at_first(void)
{
    uint64_t mine = make_experience("published");
    uint64_t theirs = make_experience_in(other_course(), "published", "Theirs");
    uint64_t course = main_course();
    const struct {
        const char *name, *path, *token;
        long status;
        const char *body;
    } rows[] = {
        // clang-format off
        {"anonymous, no such experience",    experience_path(course, 999999999),         NULL,                  401, UNAUTHENTICATED},
        {"anonymous, no such course",        experience_path(999999999, mine),           NULL,                  401, UNAUTHENTICATED},
        {"no such course",                   experience_path(999999999, mine),           token_of(STUDENT),     404, NO_PATH},
        {"admin, no such course",            experience_path(999999999, mine),           token_of(ADMIN),       404, NO_PATH},
        {"not a member",                     experience_path(course, mine),              token_of(STRANGER),    403, FORBIDDEN},
        {"not a member, no such experience", experience_path(course, 999999999),         token_of(STRANGER),    403, FORBIDDEN},
        {"no such experience",               experience_path(course, 999999999),         token_of(STUDENT),     404, NO_RESOURCE},
        {"another course's experience",      experience_path(course, theirs),            token_of(STUDENT),     404, NO_RESOURCE},
        {"teacher, another course's",        experience_path(course, theirs),            token_of(TEACHER),     404, NO_RESOURCE},
        {"admin, another course's",          experience_path(course, theirs),            token_of(ADMIN),       404, NO_RESOURCE},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++)
        expect_body(rows[i].name, CALL("GET", rows[i].path, rows[i].token), rows[i].status, rows[i].body);
}

/* ---- roles ---- */

enum place {
    LIST,
    ONE,
    DRAFT,
    TALKS,
    DRAFT_TALKS,
    TALK,
    MESSAGES,
    STUDENTS,
    DRAFT_STUDENTS,
    STUDENTS_TALK,
    VOTES,
    VOTE
};

#define API "/api/v1/courses/:course_id/ai_experiences"
#define BODY                                                                                                           \
    "{\"title\":\"T\",\"learning_objective\":\"O\",\"pedagogical_guidance\":\"G\",\"workflow_state\":\"published\"}"

/*
 * One line of the contract's table of roles. STUDENT owns the conversation; it comes first, since ending takes it
 * from its owner.
 */
static const struct endpoint {
    const char *name, *method;
    enum place place;
    bool takes_it_away; /* so that each caller needs one of his own */
    const char *body, *scope;
    long student, other, observer, manager, stranger, admin;
} endpoints[] = {
    // clang-format off
    /*
     * method    place        away   body               scope                                                  owner
     * other obsrv mangr strgr admin
     */
    {"3.1 list",                  "GET",    LIST,        false, NULL,              "url:GET|" API,                                        200,  200,  200,  200,  403,  200},
    {"3.2 show published",        "GET",    ONE,         false, NULL,              "url:GET|" API "/:id",                                 200,  200,  200,  200,  403,  200},
    {"3.2 show unpublished",      "GET",    DRAFT,       false, NULL,              "url:GET|" API "/:id",                                 403,  403,  403,  200,  403,  200},
    {"3.5 create",                "POST",   LIST,        false, BODY,              "url:POST|" API,                                       403,  403,  403,  201,  403,  201},
    {"3.6 update",                "PUT",    ONE,         false, "{\"title\":\"N\"}", "url:PUT|" API "/:id",                               403,  403,  403,  200,  403,  200},
    {"3.6 update unpublished",    "PUT",    DRAFT,       false, "{\"title\":\"N\"}", "url:PUT|" API "/:id",                               403,  403,  403,  200,  403,  200},
    {"3.7 delete",                "DELETE", ONE,         true,  NULL,              "url:DELETE|" API "/:id",                              403,  403,  403,  200,  403,  200},
    {"3.8 students' conversations", "GET",  STUDENTS,    false, NULL,              "url:GET|" API "/:id/ai_conversations",                403,  403,  403,  200,  403,  200},
    {"3.8 of an unpublished one", "GET",    DRAFT_STUDENTS, false, NULL,           "url:GET|" API "/:id/ai_conversations",                403,  403,  403,  200,  403,  200},
    {"3.9 one of them",           "GET",    STUDENTS_TALK, false, NULL,            "url:GET|" API "/:id/ai_conversations/:conversation_id", 403, 403, 403,  200,  403,  200},
    {"4.1 active conversation",   "GET",    TALKS,       false, NULL,              "url:GET|" API "/:ai_experience_id/conversations",     200,  200,  200,  200,  403,  200},
    {"4.1 of an unpublished one", "GET",    DRAFT_TALKS, false, NULL,              "url:GET|" API "/:ai_experience_id/conversations",     403,  403,  403,  200,  403,  200},
    {"4.2 open",                  "POST",   TALKS,       true,  NULL,              "url:POST|" API "/:ai_experience_id/conversations",    201,  201,  201,  201,  403,  201},
    {"4.2 open, unpublished",     "POST",   DRAFT_TALKS, false, NULL,              "url:POST|" API "/:ai_experience_id/conversations",    403,  403,  403,  201,  403,  201},
    {"4.3 show",                  "GET",    TALK,        false, NULL,              "url:GET|" API "/:ai_experience_id/conversations/:id", 403,  404,  404,  200,  403,  200},
    {"4.7 vote",                  "POST",   VOTES,       false, "{\"vote\":\"liked\"}",
                                                                                   "url:POST|" API "/:ai_experience_id/conversations/:id/messages/:message_id/feedback", 200, 404, 404, 200, 403, 200},
    {"4.8 remove the owner's vote", "DELETE", VOTE,      true,  NULL,
                                                                                   "url:DELETE|" API "/:ai_experience_id/conversations/:id/messages/:message_id/feedback/:feedback_id", 200, 404, 404, 404, 403, 404},
    {"4.4 message",               "POST",   MESSAGES,    false, "{\"message\":\"m\"}",
                                                                                   "url:POST|" API "/:ai_experience_id/conversations/:id/messages", 200, 404, 404, 403, 403, 403},
    {"4.5 end",                   "DELETE", TALK,        true,  NULL,              "url:DELETE|" API "/:ai_experience_id/conversations/:id", 200, 404, 404, 200,  403,  200},
    // clang-format on
};

static long wanted_status(const struct endpoint *endpoint, enum person who)
{
    const long by_person[N_PEOPLE] = {
        [TEACHER] = endpoint->manager,         [TA] = endpoint->manager,        [DESIGNER] = endpoint->manager,
        [STUDENT] = endpoint->student,         [OBSERVER] = endpoint->observer, [OTHER_STUDENT] = endpoint->other,
        [FORMER_STUDENT] = endpoint->stranger, [STRANGER] = endpoint->stranger, [ADMIN] = endpoint->admin,
    };

    return by_person[who];
}

struct places {
    uint64_t draft;
    struct talk talk;
    const char *votes, *vote; /* on the greeting; the owner's own */
};

static struct places make_places(enum person owner)
{
    struct places p = {.draft = make_experience("unpublished"), .talk = open_talk(owner)};

    p.votes = textf("%s/%s/feedback", p.talk.messages_path, text_at(p.talk.opened, "/messages/1/id"));
    const struct answer *voted = CALL("POST", p.votes, p.talk.token, .body = "{\"vote\":\"liked\"}");
    p.vote = textf("%s/%s", p.votes, text_at(voted->json, "/feedback/id"));
    return p;
}

static const char *path_of(const struct places *places, enum place place)
{
    uint64_t course = main_course();

    switch (place) {
    case LIST:
        return experiences_path(course);
    case ONE:
        return experience_path(course, places->talk.experience);
    case DRAFT:
        return experience_path(course, places->draft);
    case TALKS:
        return places->talk.list_path;
    case DRAFT_TALKS:
        return textf("%s/conversations", experience_path(course, places->draft));
    case TALK:
        return places->talk.path;
    case MESSAGES:
        return places->talk.messages_path;
    case STUDENTS:
        return textf("%s/ai_conversations", experience_path(course, places->talk.experience));
    case DRAFT_STUDENTS:
        return textf("%s/ai_conversations", experience_path(course, places->draft));
    case STUDENTS_TALK:
        return textf("%s/ai_conversations/%lu", experience_path(course, places->talk.experience), places->talk.id);
    case VOTES:
        return places->votes;
    case VOTE:
        return places->vote;
    }
    return "";
}

static const struct answer *try(const struct endpoint *endpoint, const struct places *places, const char *token)
{
    return CALL(endpoint->method, path_of(places, endpoint->place), token, .body = endpoint->body);
}

static void test_roles(void)
{
    const struct places shared = make_places(STUDENT);

    for (size_t i = 0; i < LEN(endpoints); i++) {
        const struct endpoint *endpoint = &endpoints[i];

        for (size_t who = 0; who < N_PEOPLE; who++) {
            const struct places places = endpoint->takes_it_away ? make_places(STUDENT) : shared;
            const char *row = textf("%s as %s", endpoint->name, login_of((enum person)who));
            const struct answer *answer = try(endpoint, &places, token_of((enum person)who));
            long status = wanted_status(endpoint, (enum person)who);

            if (status == 403)
                expect_body(row, answer, 403, FORBIDDEN);
            else
                expect_status(row, answer, status);
            expect_api_headers(row, answer);
        }
        expect_body(textf("%s as nobody", endpoint->name), try(endpoint, &shared, NULL), 401, UNAUTHENTICATED);
    }
}

/* A teacher's token with the scope of one row calls that row and no other. */
static void test_scopes(void)
{
    const struct places places = make_places(TEACHER);

    for (size_t i = 0; i < LEN(endpoints); i++) {
        const char *token = make_token(login_of(TEACHER), endpoints[i].scope);

        for (size_t k = 0; k < LEN(endpoints); k++) {
            const char *row = textf("%s with the scope of %s", endpoints[k].name, endpoints[i].name);

            if (!str_eq(endpoints[i].scope, endpoints[k].scope))
                expect_body(row, try(&endpoints[k], &places, token), 401, NO_SCOPE);
            else if (!endpoints[k].takes_it_away)
                ROW_ASSERT(row, try(&endpoints[k], &places, token)->status / 100 == 2);
        }
    }
}

static void test_nobody_sees_anothers_conversation(void)
{
    const struct talk talk = open_talk(STUDENT);
    const enum person others[] = {OTHER_STUDENT, OBSERVER, TEACHER, TA, ADMIN};

    for (size_t i = 0; i < LEN(others); i++)
        expect_body(login_of(others[i]), CALL("GET", talk.list_path, token_of(others[i])), 200, "{}");
    const struct answer *theirs = CALL("POST", talk.messages_path, token_of(OTHER_STUDENT), .body = message_body("hi"));
    const struct answer *missing = CALL("POST", textf("%s/999999999/messages", talk.list_path), token_of(OTHER_STUDENT),
                                        .body = message_body("hi"));
    expect_body("another's", theirs, 404, NO_RESOURCE);
    expect_body("a missing one looks the same", missing, 404, NO_RESOURCE);
    ROW_ASSERT("nothing was said", count_at(read_talk(&talk), "/messages") == 2);
}

static void test_enrollment_that_ends(void)
{
    const char *login = "it-leaver", *token;
    uint64_t experience = make_experience("published");

    make_user(login);
    token = make_token(login, NULL);
    const char *path = experience_path(main_course(), experience);
    expect_body("before it begins", CALL("GET", path, token), 403, FORBIDDEN);
    enroll(main_course(), login, "student", "active");
    expect_status("while it lasts", CALL("GET", path, token), 200);
    enroll(main_course(), login, "student", "completed");
    expect_body("when it has ended", CALL("GET", path, token), 403, FORBIDDEN);
}

SUITE(auth, {"credentials", test_credentials}, {"token in a form", test_token_in_form},
      {"token beside a broken body", test_token_beside_a_broken_body}, {"expired token", test_expired_token},
      {"HEAD and .json", test_head_and_suffix}, {"unknown paths and methods", test_unknown_paths_and_methods},
      {"what is looked at first", test_what_is_looked_at_first}, {"roles", test_roles}, {"scopes", test_scopes},
      {"nobody sees another's conversation", test_nobody_sees_anothers_conversation},
      {"an enrollment that ends", test_enrollment_that_ends});
