/* What is one's own: who one is, where one is signed in, the password, the courses; and what the site is. */
#include <stdio.h>

#include "harness.h"

#define SELF        "/api/v1/users/self"
#define SESSIONS    SELF "/sessions"
#define FORM        "application/x-www-form-urlencoded"
#define SESSION     "__Host-colloquy_session"
#define CSRF        "_csrf_token"
#define PASSWORD    "correct horse"
#define ANONYMOUS   "{\"status\":\"unauthenticated\",\"errors\":[{\"message\":\"user authorization required\"}]}"
#define NO_RESOURCE "{\"error\":\"Resource Not Found\",\"errors\":[{\"message\":\"Resource Not Found\"}]}"
#define FORBIDDEN                                                                                                      \
    "{\"status\":\"unauthorized\",\"errors\":[{\"message\":\"user not authorized to perform that action\"}]}"

/* ---- people and their browsers ---- */

/* A new user with a password, in no course. */
static const char *person_new(void)
{
    static unsigned n;
    const char *login = textf("it-account-%u", ++n);

    make_user(login);
    give_password(login, PASSWORD);
    return login;
}

static void forget_failures(void)
{
    CU_ASSERT_TRUE_FATAL(database_try("DELETE FROM sign_in_failure"));
}

static const char *cookie_value(const struct answer *answer, const char *name)
{
    const char *start = textf("Set-Cookie: %s=", name), *line = strstr(answer->header_lines, start);

    return line ? textf("%.*s", (int)strcspn(line + strlen(start), ";\r\n"), line + strlen(start)) : "";
}

struct browser {
    char *cookie, *csrf; /* lines of headers */
};

static const struct answer *post_login(const char *login, const char *password, const char *agent)
{
    return CALL("POST", "/login", NULL, .type = FORM, .is_plain = true,
                .body = textf("login=%s&password=%s", login, password), .headers = {agent});
}

/* agent: the line of a header; NULL: none. */
static struct browser sign_in(const char *login, const char *password, const char *agent)
{
    const struct answer *answer = post_login(login, password, agent);

    expect_status("sign in", answer, 303);
    return (struct browser){textf("Cookie: " SESSION "=%s", cookie_value(answer, SESSION)),
                            textf("X-CSRF-Token: %s", cookie_value(answer, CSRF))};
}

static const struct answer *call_by(const struct browser *b, const char *method, const char *path, const char *body)
{
    return CALL(method, path, NULL, .body = body, .headers = {b->cookie, b->csrf});
}

static struct json_object *sessions_of(const struct browser *b)
{
    const struct answer *answer = call_by(b, "GET", SESSIONS, NULL);

    expect_status("sessions", answer, 200);
    return answer->json;
}

/* On every worker, whoever answers: 24 requests at once. */
static void expect_everywhere(const char *row, const struct browser *b, long status)
{
    struct transfer *all[24];

    for (size_t i = 0; i < LEN(all); i++)
        all[i] = START("GET", SELF, NULL, .headers = {b->cookie});
    for (size_t i = 0; i < LEN(all); i++)
        expect_status(row, call_finish(all[i]), status);
}

/* ---- who one is ---- */

static void test_self(void)
{
    const char *login = person_new();
    const struct expected fields[] = {
        {"/name", textf("\"User %s\"", login)},
        {"/login_id", textf("\"%s\"", login)},
        {"/avatar_url", "null"},
        {"/is_admin", "false"},
        {"/has_password", "true"},
        {"/permissions/create_bot", "true"},
    };
    const struct browser b = sign_in(login, PASSWORD, NULL);
    const struct answer *answer = call_by(&b, "GET", SELF, NULL);
    const struct answer *with_text = CALL("GET", SELF, token_of(ADMIN), .accept = "application/json+canvas-string-ids");

    expect_status("self", answer, 200);
    expect_api_headers("self", answer);
    expect_fields("self", answer->json, fields, LEN(fields));
    ROW_ASSERT("names and time", *text_at(answer->json, "/sortable_name") && *text_at(answer->json, "/short_name") &&
                                     strlen(text_at(answer->json, "/created_at")) == strlen("2026-01-01T00:00:00Z"));
    ROW_ASSERT("nothing of the password", !strstr(answer->body, "$y$"));
    expect_json("an administrator", with_text->json, "/is_admin", "true");
    expect_json("an administrator", with_text->json, "/id", textf("\"%lu\"", id_of(ADMIN)));
    database_try(textf("UPDATE user SET password_hash = NULL WHERE login = '%s'", login));
    expect_json("without a password", call_by(&b, "GET", SELF, NULL)->json, "/has_password", "false");
    expect_status("no other", CALL("GET", "/api/v1/users/1", token_of(ADMIN)), 404);
}

/* ---- sessions ---- */

static void test_two_browsers(void)
{
    const char *login = person_new();
    const struct browser one = sign_in(login, PASSWORD, "User-Agent: One/1.0 (it)");
    const struct browser two = sign_in(login, PASSWORD, "User-Agent: Two/2.0");
    struct json_object *seen_by_one = sessions_of(&one), *seen_by_two = sessions_of(&two);
    struct json_object *seen_by_token = CALL("GET", SESSIONS, make_token(login, NULL))->json;

    CU_ASSERT_EQUAL_FATAL(count_at(seen_by_one, ""), 2);
    CU_ASSERT_EQUAL(count_at(seen_by_token, ""), 2); /* the token is none */
    expect_json("the latest first", seen_by_one, "/0/user_agent", "\"Two/2.0\"");
    expect_json("the other", seen_by_one, "/1/user_agent", "\"One/1.0 (it)\"");
    expect_json("one's own", seen_by_one, "/1/current", "true");
    expect_json("the other's", seen_by_one, "/0/current", "false");
    expect_json("one's own", seen_by_two, "/0/current", "true");
    expect_json("a token's", seen_by_token, "/0/current", "false");
    expect_json("a token's", seen_by_token, "/1/current", "false");
    expect_json("address", seen_by_one, "/0/address", "\"127.0.0.1\"");
    ROW_ASSERT("used when it began", str_eq(text_at(seen_by_one, "/1/used_at"), text_at(seen_by_one, "/1/created_at")));
    ROW_ASSERT("an end", strcmp(text_at(seen_by_one, "/1/expires_at"), text_at(seen_by_one, "/1/used_at")) > 0);
}

static const char *path_of(struct json_object *sessions, size_t i)
{
    return textf(SESSIONS "/%ld", int_at(sessions, textf("/%zu/id", i)));
}

static void test_end_one(void)
{
    const char *login = person_new(), *other = person_new();
    const struct browser one = sign_in(login, PASSWORD, NULL), two = sign_in(login, PASSWORD, "User-Agent: Two/2.0");
    const struct browser stranger = sign_in(other, PASSWORD, NULL);
    struct json_object *sessions = sessions_of(&one);
    const char *path = path_of(sessions, 0);

    expect_body("another user's", call_by(&stranger, "DELETE", path, NULL), 404, NO_RESOURCE);
    expect_body("an administrator's not either", CALL("DELETE", path, token_of(ADMIN)), 404, NO_RESOURCE);
    expect_status("without the CSRF token", CALL("DELETE", path, NULL, .headers = {one.cookie}), 403);
    expect_everywhere("still there", &two, 200);
    const struct answer *ended = call_by(&one, "DELETE", path, NULL);

    expect_status("ended", ended, 200);
    expect_json("as it was", ended->json, "/user_agent", "\"Two/2.0\"");
    expect_json("as it was", ended->json, "/current", "false");
    ROW_ASSERT("cookies stay", !strstr(ended->header_lines, "Set-Cookie"));
    expect_everywhere("over at once", &two, 401);
    expect_body("like one that never was", call_by(&two, "GET", SELF, NULL), 401, ANONYMOUS);
    expect_everywhere("the other goes on", &one, 200);
    expect_body("again", call_by(&one, "DELETE", path, NULL), 404, NO_RESOURCE);
    ROW_ASSERT("no more listed", count_at(sessions_of(&one), "") == 1);

    const struct answer *own = call_by(&one, "DELETE", path_of(sessions, 1), NULL);

    expect_status("one's own", own, 200);
    expect_json("one's own", own->json, "/current", "true");
    ROW_ASSERT("cookies are forgotten",
               strstr(own->header_lines, SESSION "=;") && strstr(own->header_lines, CSRF "=;"));
    expect_everywhere("and over", &one, 401);
    expect_everywhere("others' go on", &stranger, 200);
}

static void test_ids_that_are_none(void)
{
    static const char *const ids[] = {"0", "-1", "1x", "9223372036854775808", "99999999999999999999", "%20", "self"};
    const struct browser b = sign_in(person_new(), PASSWORD, NULL);

    for (size_t i = 0; i < LEN(ids); i++)
        expect_body(ids[i], call_by(&b, "DELETE", textf(SESSIONS "/%s", ids[i]), NULL), 404, NO_RESOURCE);
    expect_everywhere("nothing ended", &b, 200);
}

static void test_end_others(void)
{
    const char *login = person_new(), *token = make_token(login, NULL);
    const struct browser one = sign_in(login, PASSWORD, NULL), two = sign_in(login, PASSWORD, NULL),
                         three = sign_in(login, PASSWORD, NULL), stranger = sign_in(person_new(), PASSWORD, NULL);

    expect_body("others", call_by(&two, "DELETE", SESSIONS, NULL), 200, "{\"ended\":2}");
    expect_everywhere("first", &one, 401);
    expect_everywhere("third", &three, 401);
    expect_everywhere("one's own", &two, 200);
    expect_body("none is left", call_by(&two, "DELETE", SESSIONS, NULL), 200, "{\"ended\":0}");
    expect_body("by a token", CALL("DELETE", SESSIONS, token), 200, "{\"ended\":1}");
    expect_everywhere("all of them", &two, 401);
    expect_everywhere("another user's", &stranger, 200);
    expect_status("the token stays", CALL("GET", SELF, token), 200);
}

/* What a browser says of itself may be anything. */
static void test_hostile_browsers(void)
{
    const struct {
        const char *name, *header, *want; /* JSON */
    } rows[] = {
        {"none", "User-Agent:", "null"},
        {"not UTF-8", "User-Agent: caf\xe9", "null"},
        {"UTF-8", "User-Agent: caf\xc3\xa9", "\"caf\u00e9\""},
        {"markup", "User-Agent: <script>\"\\", "\"<script>\\\"\\\\\""},
        {"255 characters", textf("User-Agent: %s", repeated("\xc3\xa9", 255)),
         textf("\"%s\"", repeated("\xc3\xa9", 255))},
        {"more", textf("User-Agent: %s", repeated("\xf0\x9f\x94\xa5", 2000)),
         textf("\"%s\"", repeated("\xf0\x9f\x94\xa5", 255))},
        {"SQL", "User-Agent: '); DROP TABLE user; --", "\"'); DROP TABLE user; --\""},
    };
    const char *login = person_new();

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct browser b = sign_in(login, PASSWORD, rows[i].header);

        expect_json(rows[i].name, sessions_of(&b), "/0/user_agent", rows[i].want);
    }
}

/* ---- the password ---- */

static const char *change_body(const char *from, const char *to)
{
    return textf("{\"current_password\":\"%s\",\"password\":\"%s\"}", from, to);
}

static void test_password(void)
{
    const char *login = person_new(), *token = make_token(login, NULL);
    const struct browser one = sign_in(login, PASSWORD, NULL), two = sign_in(login, PASSWORD, NULL),
                         stranger = sign_in(person_new(), PASSWORD, NULL);
    const char *body = change_body(PASSWORD, "battery st\u00e4ple");

    forget_failures();
    expect_status("without the CSRF token", CALL("PUT", SELF "/password", NULL, .body = body, .headers = {one.cookie}),
                  403);
    const struct answer *changed = call_by(&one, "PUT", SELF "/password", body);

    expect_body("changed", changed, 200, "{\"ended\":1}");
    ROW_ASSERT("cookies stay", !strstr(changed->header_lines, "Set-Cookie"));
    expect_everywhere("one's own goes on", &one, 200);
    expect_everywhere("the other is over", &two, 401);
    expect_everywhere("another user's", &stranger, 200);
    expect_status("the token stays", CALL("GET", SELF, token), 200);
    expect_status("the old one", post_login(login, PASSWORD, NULL), 401);
    expect_status("the new one", post_login(login, "battery%20st%C3%A4ple", NULL), 303);
    expect_body("by a form and a token",
                CALL("PUT", SELF "/password", token, .type = FORM,
                     .body = "current_password=battery+st%C3%A4ple&password=correct+horse"),
                200, "{\"ended\":2}");
    expect_status("and back", post_login(login, PASSWORD, NULL), 303);
    ROW_ASSERT("no password in a log", !strstr(read_log(), "battery") && !strstr(read_log(), "horse"));
    forget_failures();
}

#define BLANK "[\"can't be blank\"]"
#define SHORT "[\"is too short (minimum is 12 characters)\"]"
#define LONG  "[\"is too long (maximum is 511 bytes)\"]"

static void test_password_faults(void)
{
    const struct {
        const char *name, *body, *want;
        long status;
    } rows[] = {
        {"nothing", "{}", "{\"current_password\":" BLANK ",\"password\":" BLANK "}", 400},
        {"blank", change_body(" ", "\u2003 \u00a0         "), "{\"current_password\":" BLANK ",\"password\":" BLANK "}",
         400},
        {"null", "{\"current_password\":null,\"password\":null}",
         "{\"current_password\":" BLANK ",\"password\":" BLANK "}", 400},
        {"short", change_body(PASSWORD, "elevenchars"), "{\"password\":" SHORT "}", 400},
        {"short, in many bytes", change_body(PASSWORD, repeated("\xf0\x9f\x94\xa5", 11)), "{\"password\":" SHORT "}",
         400},
        {"long", change_body(PASSWORD, repeated("x", 512)), "{\"password\":" LONG "}", 400},
        {"very long", change_body(PASSWORD, repeated("x", 1 << 20)), "{\"password\":" LONG "}", 400},
        {"the same", change_body(PASSWORD, PASSWORD), "{\"password\":[\"is the same as before\"]}", 400},
        {"a tab", change_body(PASSWORD, "battery\\tstaple"), "{\"password\":[\"is invalid\"]}", 400},
        {"DEL", change_body(PASSWORD, "battery\\u007fstaple"), "{\"password\":[\"is invalid\"]}", 400},
        {"C1", change_body(PASSWORD, "battery\\u0085staple"), "{\"password\":[\"is invalid\"]}", 400},
        {"NUL", change_body(PASSWORD, "battery\\u0000staple"), "{\"password\":[\"is invalid\"]}", 400},
        {"NUL in the old one", change_body("correct\\u0000horse", "battery staple"),
         "{\"current_password\":[\"is invalid\"]}", 400},
        {"a number", "{\"current_password\":\"" PASSWORD "\",\"password\":123456789012}",
         "{\"password\":[\"is invalid\"]}", 400},
        {"a list", "{\"current_password\":[\"" PASSWORD "\"],\"password\":\"battery staple\"}",
         "{\"current_password\":[\"is invalid\"]}", 400},
        {"wrong", change_body("battery staple", "battery staple 2"), "{\"current_password\":[\"is wrong\"]}", 400},
        {"wrong, and too long", change_body(repeated("y", 600), "battery staple 2"),
         "{\"current_password\":[\"is wrong\"]}", 400},
        {"wrong, and the same", change_body("battery staple", "battery staple"),
         "{\"current_password\":[\"is wrong\"]}", 400},
        {"not UTF-8", change_body(PASSWORD, "battery staple\xff"), NULL, 400},
        {"no JSON", "{", NULL, 400},
    };
    const char *login = person_new();
    const struct browser b = sign_in(login, PASSWORD, NULL), other = sign_in(login, PASSWORD, NULL);

    forget_failures();
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = call_by(&b, "PUT", SELF "/password", rows[i].body);

        if (rows[i].want)
            expect_body(rows[i].name, answer, rows[i].status, rows[i].want);
        else
            expect_status(rows[i].name, answer, rows[i].status);
    }
    ROW_ASSERT("only what was looked at counts", database_number("SELECT MAX(n) FROM sign_in_failure") == 3);
    expect_everywhere("nothing was ended", &other, 200);
    expect_status("nothing was changed", post_login(login, PASSWORD, NULL), 303);
    expect_body("511 bytes, which are one word",
                call_by(&b, "PUT", SELF "/password", change_body(PASSWORD, repeated("x", 511))), 200, "{\"ended\":2}");
    expect_status("and are known whole", post_login(login, repeated("x", 511), NULL), 303);
    expect_status("and are known whole", post_login(login, repeated("x", 510), NULL), 401);
    forget_failures();
}

static void test_password_limit(void)
{
    const char *login = person_new(), *body = change_body("wrong", "battery staple");
    const struct browser b = sign_in(login, PASSWORD, NULL);

    forget_failures();
    for (int i = 0; i < 5; i++)
        expect_status("wrong at the door", post_login(login, "wrong", NULL), 401);
    for (int i = 0; i < 5; i++)
        expect_status("wrong here", call_by(&b, "PUT", SELF "/password", body), 400);
    const struct answer *limited = call_by(&b, "PUT", SELF "/password", change_body(PASSWORD, "battery staple"));
    long wait_s = strtol(header(limited, "Retry-After"), NULL, 10);

    expect_status("limited, though it is right", limited, 429);
    expect_api_headers("limited", limited);
    ROW_ASSERT("how long", wait_s > 0 && wait_s <= 60);
    ROW_ASSERT("in words", strstr(text_at(limited->json, "/errors/0/message"), "Too many attempts") != NULL);
    expect_json("and a code", limited->json, "/errors/0/error_code", "\"rate_limited\"");
    expect_status("at the door, too", post_login(login, PASSWORD, NULL), 429);
    ROW_ASSERT("one count for both", database_number("SELECT COUNT(*) FROM sign_in_failure WHERE n = 10") == 2);
    expect_status("reading goes on", call_by(&b, "GET", SELF, NULL), 200);
    forget_failures();
    expect_status("then", call_by(&b, "PUT", SELF "/password", change_body(PASSWORD, "battery staple")), 200);
    forget_failures();
}

static void test_without_a_password(void)
{
    const char *login = person_new(), *token = make_token(login, NULL);

    database_try(textf("UPDATE user SET password_hash = NULL WHERE login = '%s'", login));
    expect_body("none", CALL("PUT", SELF "/password", token, .body = change_body(PASSWORD, "battery staple")), 403,
                FORBIDDEN);
    expect_body("whatever is said", CALL("PUT", SELF "/password", token, .body = "{}"), 403, FORBIDDEN);
}

/* ---- the site ---- */

static void test_site(void)
{
    static const struct expected fields[] = {
        {"/model/is_builtin", "false"},        {"/model/notice", "null"},
        {"/features/ai_experiences", "true"},  {"/features/evaluation", "true"},
        {"/features/context_files", "true"},   {"/features/streaming", "true"},
        {"/limits/message_max_chars", "4000"}, {"/limits/context_files_max", "20"},
    };
    const struct answer *answer = CALL("GET", "/api/v1/site", token_of(STRANGER));

    expect_status("site", answer, 200);
    expect_fields("site", answer->json, fields, LEN(fields));
    ROW_ASSERT("a model", *text_at(answer->json, "/model/name") != '\0');
    ROW_ASSERT("sizes", int_at(answer->json, "/limits/context_file_max_bytes") > 1 << 20);
    expect_body("nobody", CALL("GET", "/api/v1/site", NULL), 401, ANONYMOUS);
}

/* One whose settings are not the usual ones. */
static void use_plain_instance(void)
{
    static const char *const env[] = {"COLLOQUY_LLM_PROVIDER=builtin",
                                      "COLLOQUY_LLM_MODEL=",
                                      "COLLOQUY_FEATURES_AI_EXPERIENCES=off",
                                      "COLLOQUY_FEATURES_STREAMING=off",
                                      "COLLOQUY_LIMITS_MESSAGE_MAX_CHARS=1234",
                                      "COLLOQUY_SERVER_API_WORKERS=2",
                                      "COLLOQUY_BOTS_CREATE=teachers",
                                      "COLLOQUY_BOTS_SHARE_ALL=admins",
                                      NULL};
    static struct instance *plain;

    if (!plain)
        plain = instance_create("account", textf("http://127.0.0.1:%d", main_model().port), env);
    instance_use(plain);
}

static void test_site_without_a_model(void)
{
    static const struct expected fields[] = {
        {"/model/name", "null"},
        {"/model/is_builtin", "true"},
        {"/model/notice", "\"No language model is configured: this is Colloquy's built-in tutor.\""},
        {"/features/ai_experiences", "false"},
        {"/features/streaming", "false"},
        {"/limits/message_max_chars", "1234"},
    };
    use_plain_instance();
    const struct answer *answer = CALL("GET", "/api/v1/site", token_of(STUDENT));

    expect_status("site", answer, 200);
    expect_fields("site", answer->json, fields, LEN(fields));
    expect_status("a course is there without experiences",
                  CALL("GET", textf("/api/v1/courses/%lu", main_course()), token_of(STUDENT)), 200);
}

/* What is said of them, and what happens. */
static void test_permissions(void)
{
    static const struct {
        enum person who;
        bool may_create, may_share;
    } rows[] = {{TEACHER, true, false}, {TA, true, false}, {STUDENT, false, false}, {ADMIN, true, true}};
    static const char *const words[] = {"false", "true"};

    use_plain_instance();
    for (size_t i = 0; i < LEN(rows); i++) {
        const char *login = login_of(rows[i].who), *token = token_of(rows[i].who);
        struct json_object *self = CALL("GET", SELF, token)->json;
        const char *id = textf("it-account-%zu", i), *path = textf("/api/chat/bot/%s/visibility", id);
        const char *bot =
            textf("{\"id\":\"%s\",\"title\":\"T\",\"instruction\":\"I\",\"display_retrieved_chunks\":true}", id);

        expect_json(login, self, "/permissions/create_bot", words[rows[i].may_create]);
        expect_json(login, self, "/permissions/share_bot_with_all", words[rows[i].may_share]);
        expect_status(login, CALL("POST", "/api/chat/bot", token, .body = bot), rows[i].may_create ? 200 : 403);
        if (rows[i].may_create)
            expect_status(login, CALL("PATCH", path, token, .body = "{\"target_shared_scope\":\"all\"}"),
                          rows[i].may_share ? 200 : 403);
    }
}

/* ---- courses ---- */

#define ENROLLED(type) "{\"type\":\"" type "\",\"enrollment_state\":\"active\"}"

static uint64_t course_new(const char *name)
{
    return (uint64_t)int_at(COMMAND("course", "add", "--code", "IT", "--name", name), "/id");
}

static void test_courses_of_one(void)
{
    const char *login = person_new(), *token = make_token(login, NULL);
    uint64_t zoology = course_new("Zoology"), algebra = course_new("algebra");

    expect_body("in none", CALL("GET", "/api/v1/courses", token), 200, "[]");
    enroll(zoology, login, "teacher", "active");
    enroll(zoology, login, "student", "active");
    enroll(algebra, login, "observer", "active");
    enroll(course_new("Botany"), login, "teacher", "completed");
    struct json_object *list = CALL("GET", "/api/v1/courses", token)->json;
    const char *want = textf("{\"id\":%lu,\"name\":\"Zoology\",\"course_code\":\"IT\",\"can_manage\":true,"
                             "\"enrollments\":[" ENROLLED("teacher") "," ENROLLED("student") "]}",
                             zoology);

    CU_ASSERT_EQUAL(count_at(list, ""), 2);
    expect_json("by name", list, "/0/name", "\"algebra\"");
    expect_json("only looked at", list, "/0/can_manage", "false");
    expect_json("only looked at", list, "/0/enrollments", "[" ENROLLED("observer") "]");
    expect_json("taught", list, "/1", want);
    expect_body("one", CALL("GET", textf("/api/v1/courses/%lu", zoology), token), 200, want);
    expect_body("none of theirs", CALL("GET", textf("/api/v1/courses/%lu", main_course()), token), 403, FORBIDDEN);
    enroll(zoology, login, "teacher", "completed");
    expect_json("a student again", CALL("GET", textf("/api/v1/courses/%lu", zoology), token)->json, "/can_manage",
                "false");
    for (int i = 0; i < 2; i++)
        expect_body("none", CALL("GET", i ? "/api/v1/courses/x" : "/api/v1/courses/99999999", token), 404,
                    "{\"errors\":[{\"message\":\"The specified resource does not exist.\"}]}");
    expect_body("nobody", CALL("GET", "/api/v1/courses", NULL), 401, ANONYMOUS);
}

/* All there are, whatever they are themselves in them. */
static void test_courses_of_an_administrator(void)
{
    uint64_t course = main_course(), n = database_number("SELECT COUNT(*) FROM course"), seen = 0, found = 0;

    for (const char *path = "/api/v1/courses?per_page=100"; path;) {
        const struct answer *answer = CALL("GET", path, token_of(ADMIN));
        const char *next = strstr(header(answer, "Link"), ">; rel=\"next\""), *start = next;

        expect_status(path, answer, 200);
        for (size_t i = 0; i < count_at(answer->json, ""); i++, seen++)
            if ((uint64_t)int_at(answer->json, textf("/%zu/id", i)) == course) {
                found++;
                expect_json("theirs to manage", answer->json, textf("/%zu/can_manage", i), "true");
                expect_json("without a part in it", answer->json, textf("/%zu/enrollments", i), "[]");
            }
        while (start && *start != '<')
            start--;
        path = next ? textf("%.*s", (int)(next - start - 1), start + 1) + strlen(instance_used()->base) : NULL;
    }
    ROW_ASSERT(textf("%lu of %lu", seen, n), seen == n && found == 1);
    expect_json("one", CALL("GET", textf("/api/v1/courses/%lu", course), token_of(ADMIN))->json, "/can_manage", "true");
}

static void test_pages_of_courses(void)
{
    static const struct {
        const char *query, *first; /* NULL: the page is empty */
        size_t n;
    } rows[] = {
        {"per_page=2", "Page 1", 2},    {"per_page=2&page=3", "Page 5", 1}, {"per_page=2&page=4", NULL, 0},
        {"per_page=1000", "Page 1", 5}, {"per_page=x", "Page 1", 1},
    };
    const char *login = person_new(), *token = make_token(login, NULL);

    for (int i = 5; i > 0; i--)
        enroll(course_new(textf("Page %d", i)), login, "student", "active");
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("GET", textf("/api/v1/courses?%s", rows[i].query), token);

        expect_status(rows[i].query, answer, 200);
        ROW_ASSERT(rows[i].query, count_at(answer->json, "") == rows[i].n);
        ROW_ASSERT(rows[i].query, !rows[i].first || str_eq(text_at(answer->json, "/0/name"), rows[i].first));
        ROW_ASSERT(rows[i].query, strstr(header(answer, "Link"), "rel=\"first\"") != NULL);
    }
    const char *link = header(CALL("GET", "/api/v1/courses?per_page=2&page=2", token), "Link");

    ROW_ASSERT(link,
               strstr(link, "page=3&per_page=2>; rel=\"next\"") && strstr(link, "page=1&per_page=2>; rel=\"prev\""));
    expect_status("page 0", CALL("GET", "/api/v1/courses?page=0", token), 404);
    expect_status("no page", CALL("GET", "/api/v1/courses?page=x", token), 404);
}

/* ---- what it costs ---- */

static uint64_t statements_of(const char *path, const char *token)
{
    uint64_t least = UINT64_MAX;

    for (int k = 0; k < 10; k++) {
        uint64_t own = database_status("Questions");

        own = database_status("Questions") - own;
        uint64_t before = database_status("Questions");
        expect_status(path, CALL("GET", path, token), 200);
        uint64_t n = database_status("Questions") - before - own;

        least = n < least ? n : least;
    }
    return least;
}

static void test_statements(void)
{
    static const struct {
        const char *path;
        uint64_t most;
    } rows[] = {{SELF, 2}, {SESSIONS, 2}, {"/api/v1/site", 1}, {"/api/v1/courses", 2}};

    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t n = statements_of(rows[i].path, token_of(TEACHER));

        ROW_ASSERT(textf("%s: %lu statements", rows[i].path, n), n == rows[i].most);
    }
}

SUITE(account, {"self", test_self}, {"two browsers", test_two_browsers}, {"end one", test_end_one},
      {"ids that are none", test_ids_that_are_none}, {"end others", test_end_others},
      {"hostile browsers", test_hostile_browsers}, {"password", test_password},
      {"password faults", test_password_faults}, {"password limit", test_password_limit},
      {"without a password", test_without_a_password}, {"site", test_site},
      {"site without a model", test_site_without_a_model}, {"permissions", test_permissions},
      {"courses of one", test_courses_of_one}, {"courses of an administrator", test_courses_of_an_administrator},
      {"pages of courses", test_pages_of_courses}, {"statements", test_statements});
