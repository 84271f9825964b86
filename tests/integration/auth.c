/* Credentials, paths that do not exist, and what is looked at first. Who may call which row: roles.c. */
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

    CU_ASSERT_FATAL(wait_until(is_refused, &expiring, PATIENCE_MS));
    const struct answer *answer = expiring.answer;
    expect_json("expired", answer->json, "/errors/0/message", "\"Expired access token.\"");
    ROW_ASSERT("expired_at", str_eq(text_at(answer->json, "/errors/0/expired_at"), text_at(issued, "/expires_at")));
    ROW_ASSERT("expired_at", *text_at(issued, "/expires_at"));
    ROW_ASSERT("challenge", str_eq(header(answer, "WWW-Authenticate"), REALM));
}

/* ---- paths ---- */

static void test_unknown_paths(void)
{
    static const char *const paths[] = {
        "/api/v1/nothing", "/api/v1", "/api/v1/courses/1/ai_experiences/1/more",
        "/api/v1/courses/1/ai_experiences/1/conversations/1/messages/1/feedback/1/more"};

    for (size_t i = 0; i < LEN(paths); i++)
        for (int signed_in = 0; signed_in < 2; signed_in++) {
            const struct answer *answer = CALL("GET", paths[i], signed_in ? token_of(TEACHER) : NULL);

            expect_body(paths[i], answer, 404, NO_PATH);
            expect_api_headers(paths[i], answer);
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
      {"unknown paths", test_unknown_paths}, {"what is looked at first", test_what_is_looked_at_first},
      {"an enrollment that ends", test_enrollment_that_ends});
