/* Signing in and out, sessions, CSRF. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "harness.h"

#define FORM          "application/x-www-form-urlencoded"
#define HTML          "text/html,application/xhtml+xml,*/*;q=0.8"
#define SESSION       "__Host-colloquy_session"
#define CSRF          "_csrf_token"
#define PASSWORD      "correct horse"
#define WRONG         "User name or password is wrong."
#define ANONYMOUS     "{\"status\":\"unauthenticated\",\"errors\":[{\"message\":\"user authorization required\"}]}"
#define UNKNOWN_TOKEN "{\"errors\":[{\"message\":\"Invalid access token.\"}]}"
#define NOT_AUTHENTIC                                                                                                  \
    "{\"errors\":[{\"message\":\"The authenticity token is missing or wrong.\","                                       \
    "\"error_code\":\"invalid_authenticity_token\"}]}"

/* ---- people with passwords, and their browsers ---- */

static void forget_failures(void)
{
    CU_ASSERT_TRUE_FATAL(database_try("DELETE FROM sign_in_failure"));
}

/* The same user for the whole program, in the main course as a teacher. */
static const char *member(void)
{
    static const char login[] = "it-Browser";
    static bool is_made;

    if (!is_made) {
        make_user(login);
        enroll(main_course(), login, "teacher", "active");
        give_password(login, PASSWORD);
        is_made = true;
    }
    return login;
}

/* A line of Set-Cookie for that cookie, without the name of the header; "" when there is none. */
static const char *set_cookie(const struct answer *answer, const char *name)
{
    const char *line = strstr(answer->header_lines, textf("Set-Cookie: %s=", name));

    if (!line)
        return "";
    line += strlen("Set-Cookie: ");
    return textf("%.*s", (int)strcspn(line, "\r\n"), line);
}

static const char *cookie_value(const struct answer *answer, const char *name)
{
    const char *line = set_cookie(answer, name);

    if (!*line)
        return "";
    line += strlen(name) + 1;
    return textf("%.*s", (int)strcspn(line, ";"), line);
}

/* Percent-encoded, as a form sends it. */
static const char *encoded(const char *text)
{
    struct buf *out = buf_in_arena(test_arena(), 1 << 20);

    for (; out && *text; text++)
        buf_printf(out, "%%%02X", (unsigned char)*text);
    return out ? out->data : "";
}

static const struct answer *post_login(const char *login, const char *password, const char *more)
{
    return CALL("POST", "/login", NULL, .type = FORM, .accept = HTML, .is_plain = true,
                .body = textf("login=%s&password=%s%s", encoded(login), encoded(password), more));
}

struct browser {
    const char *session, *csrf_token;
    char *cookie, *csrf_header; /* lines of headers */
};

static struct browser browser_of(const struct answer *answer)
{
    struct browser b = {cookie_value(answer, SESSION), cookie_value(answer, CSRF), NULL, NULL};

    b.cookie = textf("Cookie: a=b; " SESSION "=%s; " CSRF "=%s", b.session, b.csrf_token);
    b.csrf_header = textf("X-CSRF-Token: %s", b.csrf_token);
    return b;
}

static struct browser sign_in(void)
{
    const struct answer *answer = post_login(member(), PASSWORD, "");

    expect_status("sign in", answer, 303);
    return browser_of(answer);
}

static const struct answer *read_list(const struct browser *b)
{
    return CALL("GET", experiences_path(main_course()), NULL, .headers = {b->cookie});
}

/* On every worker, whoever answers: 40 requests of 8 workers, all at once. */
static void expect_everywhere(const char *row, const struct browser *b, long status)
{
    struct transfer *all[40];

    for (size_t i = 0; i < LEN(all); i++)
        all[i] = START("GET", experiences_path(main_course()), NULL, .headers = {b->cookie});
    for (size_t i = 0; i < LEN(all); i++)
        expect_status(row, call_finish(all[i]), status);
}

/* ---- the form and what follows ---- */

static void expect_page(const char *row, const struct answer *answer, long status)
{
    expect_status(row, answer, status);
    ROW_ASSERT(row, str_eq(header(answer, "Content-Type"), "text/html; charset=utf-8"));
    ROW_ASSERT(row, str_eq(header(answer, "Cache-Control"), "no-store"));
    ROW_ASSERT(row, strstr(header(answer, "Content-Security-Policy"), "default-src 'none'") != NULL);
    ROW_ASSERT(row, *header(answer, "X-Request-Context-Id") != '\0');
}

static void test_form(void)
{
    static const char *const pieces[] = {
        "<form method=\"post\" action=\"/login\">",
        "<label for=\"login\">User name</label>",
        "<input id=\"login\" name=\"login\" required autocomplete=\"username\"",
        "<label for=\"password\">Password</label>",
        "type=\"password\" autocomplete=\"current-password\" value=\"\">",
        "<button type=\"submit\">Sign in</button>",
        "name=\"return_to\" value=\"/courses/1/ai_experiences?a=&quot;b&amp;c\"",
    };
    const struct answer *answer =
        CALL("GET", "/login?return_to=/courses/1/ai_experiences?a%3D%22b%26c", NULL, .accept = HTML, .is_plain = true);

    expect_page("form", answer, 200);
    for (size_t i = 0; i < LEN(pieces); i++)
        ROW_ASSERT(pieces[i], strstr(answer->body, pieces[i]) != NULL);
    ROW_ASSERT("one script, of ours",
               strstr(answer->body, "<script") == strstr(answer->body, "<script type=\"module\" src=\"/js/"));
    ROW_ASSERT("no fault", !strstr(answer->body, "role=\"alert\""));
    expect_status("HEAD", CALL("HEAD", "/login", NULL), 200);
    expect_status("by no other method", CALL("DELETE", "/login", NULL), 405);
    struct browser b = sign_in();
    expect_page("signed in already", CALL("GET", "/login", NULL, .is_plain = true, .headers = {b.cookie}), 200);
}

static void test_sign_in(void)
{
    const struct answer *answer = post_login(member(), PASSWORD, "");
    struct browser b = browser_of(answer);

    expect_status("sign in", answer, 303);
    ROW_ASSERT("location", str_eq(header(answer, "Location"), "/"));
    ROW_ASSERT("43 characters", strlen(b.session) == 43 && strlen(b.csrf_token) == 43);
    ASSERT_TEXT(set_cookie(answer, SESSION), textf(SESSION "=%s; Path=/; Secure; SameSite=Lax; HttpOnly", b.session));
    ASSERT_TEXT(set_cookie(answer, CSRF), textf(CSRF "=%s; Path=/; Secure; SameSite=Lax", b.csrf_token));
    expect_everywhere("signed in", &b, 200);
    expect_status("in another case", post_login("IT-BROWSER", PASSWORD, ""), 303);
    ROW_ASSERT("only a hash is kept",
               database_number(textf("SELECT COUNT(*) FROM access_token WHERE purpose LIKE '%%%s%%' OR"
                                     " token_hash = UNHEX(SHA2('%s', 256))",
                                     b.session, b.session)) == 0);
}

/* As quickstart prints them. */
static void test_demo(void)
{
    const char *const argv[] = {
        "sh", "-c", textf(". %s/demo.env; echo \"$STUDENT_LOGIN:$STUDENT_PASSWORD:\"", instance_used()->dir), NULL};
    struct buf *out = buf_in_arena(test_arena(), 4096);

    CU_ASSERT_FATAL(out && run_program(argv, NULL, out, 5000) == 0);
    char *colon = strchr(out->data, ':'), *end = colon ? strchr(colon + 1, ':') : NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    *colon = *end = '\0';
    expect_status("demo", post_login(out->data, colon + 1, ""), 303);
}

/* A session costs no statement more than a token; only when its limit is to be moved, one. */
static void test_statements(void)
{
    const struct browser b = sign_in();
    uint64_t least[2] = {UINT64_MAX, UINT64_MAX};

    for (int k = 0; k < 40; k++) {
        bool is_due = k % 2;
        uint64_t own = database_status("Questions"), before;

        if (is_due)
            database_try("UPDATE access_token SET touch_at = UTC_TIMESTAMP(3) WHERE is_session = 1");
        own = database_status("Questions");
        own = database_status("Questions") - own;
        before = database_status("Questions");
        expect_status("read", read_list(&b), 200);
        uint64_t n = database_status("Questions") - before - own;

        least[is_due] = n < least[is_due] ? n : least[is_due];
    }
    ROW_ASSERT(textf("%lu statements", least[0]), least[0] == 2); /* access, and the list */
    ROW_ASSERT(textf("%lu statements when due", least[1]), least[1] == 3);
}

/* ---- wrong ---- */

/* The body without what was typed, which it repeats. */
static const char *without(const char *body, const char *login)
{
    const char *value = textf("value=\"%s\"", login), *at = strstr(body, value);

    return at ? textf("%.*s%s", (int)(at - body), body, at + strlen(value)) : "";
}

static void test_wrong(void)
{
    static const struct {
        const char *name, *login, *password;
        bool is_kept; /* the login comes back */
    } rows[] = {
        {"wrong password", "it-Browser", "wrong", true},
        {"unknown", "it-nobody", PASSWORD, true},
        {"no local password", "it-observer", PASSWORD, true},
        {"no password", "it-Browser", "", true},
        {"no login", "", PASSWORD, true},
        {"cut", "it-Browser", "correct hors", true},
        {"NUL in the login", "it\0", PASSWORD, false},
    };
    const char *first = NULL, *longest = repeated("x", 600);

    member();
    id_of(OBSERVER);
    for (size_t i = 0; i < LEN(rows); i++) {
        forget_failures();
        const struct answer *answer = post_login(rows[i].login, rows[i].password, "");
        const char *rest = without(answer->body, rows[i].login);

        expect_page(rows[i].name, answer, 401);
        ROW_ASSERT(rows[i].name, strstr(answer->body, "<p role=\"alert\">" WRONG "</p>") != NULL);
        ROW_ASSERT(rows[i].name, !*set_cookie(answer, SESSION) && !strstr(answer->body, PASSWORD));
        ROW_ASSERT(rows[i].name, !first || !rows[i].is_kept || str_eq(first, rest));
        first = first ? first : rest;
    }
    forget_failures();
    expect_status("a password too long", post_login(member(), longest, ""), 401);
    expect_status("a login too long", post_login(longest, PASSWORD, ""), 401);
    expect_status(
        "NUL", CALL("POST", "/login", NULL, .type = FORM, .body = "login=a%00&password=b%00", .is_plain = true), 401);
    expect_status("lists",
                  CALL("POST", "/login", NULL, .type = FORM, .body = "login[]=a&password[]=b", .is_plain = true), 401);
    expect_status("nothing", CALL("POST", "/login", NULL, .is_plain = true), 401);
    const struct answer *markup = post_login("\"><script>", "x", "");
    ROW_ASSERT("markup is text", strstr(markup->body, "value=\"&quot;&gt;&lt;script&gt;\"") != NULL);
    forget_failures();
}

/*
 * In turns, so that a busy machine is busy for all; the fastest of each tells most, and what it adds to that. What looked up no
 * hash, or made none, would take a tenth.
 */
static void test_time(void)
{
    const struct {
        const char *name, *login, *password;
    } rows[] = {{"wrong", member(), "wrong"},
                {"unknown", "it-nobody", "wrong"},
                {"no local password", login_of(OBSERVER), "wrong"},
                {"too long", member(), repeated("x", 600)}};
    int64_t least_us[] = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};

    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < LEN(rows); i++) {
            forget_failures();
            int64_t took_us = post_login(rows[i].login, rows[i].password, "")->took_us;

            least_us[i] = took_us < least_us[i] ? took_us : least_us[i];
        }
    for (size_t i = 1; i < LEN(rows); i++)
        ROW_ASSERT(textf("%s: %ld us, wrong: %ld us", rows[i].name, least_us[i], least_us[0]),
                   least_us[i] > least_us[0] / 4 && least_us[i] < least_us[0] * 4);
    forget_failures();
}

static void expect_limited(const char *row, const struct answer *answer)
{
    long wait_s = strtol(header(answer, "Retry-After"), NULL, 10);

    expect_page(row, answer, 429);
    ROW_ASSERT(row, wait_s > 0 && wait_s <= 60);
    ROW_ASSERT(row, strstr(answer->body, "role=\"alert\"") && !*set_cookie(answer, SESSION));
}

static void test_limits(void)
{
    forget_failures();
    for (int i = 0; i < 9; i++)
        expect_status("wrong", post_login(member(), "wrong", ""), 401);
    expect_status("a success", post_login(member(), PASSWORD, ""), 303);
    expect_status("clears nothing", post_login("IT-browser", "wrong", ""), 401);
    expect_limited("limited", post_login(member(), PASSWORD, ""));
    expect_limited("also in another case", post_login("it-BROWSER", PASSWORD, ""));
    expect_limited("another name, from the same address", post_login("it-nobody", "wrong", ""));
    ROW_ASSERT("the name in any case, and the address",
               database_number("SELECT COUNT(*) FROM sign_in_failure WHERE n = 10") == 2 &&
                   database_number("SELECT COUNT(*) FROM sign_in_failure") == 2);
    database_try("UPDATE sign_in_failure SET began_at = began_at - INTERVAL 61 SECOND");
    expect_status("a minute later", post_login(member(), PASSWORD, ""), 303);
    forget_failures();
}

/* All at once: no more are looked at than the limit and what is under way when it is reached. */
static void test_limits_at_once(void)
{
    enum { N = 60, WORKERS = 8 };
    struct transfer *all[N];
    size_t n_looked_at = 0;

    forget_failures();
    for (size_t i = 0; i < N; i++)
        all[i] = START("POST", "/login", NULL, .type = FORM, .is_plain = true,
                       .body = textf("login=%s&password=guess%zu", member(), i));
    for (size_t i = 0; i < N; i++)
        n_looked_at += call_finish(all[i])->status == 401;
    ROW_ASSERT(textf("%zu were looked at", n_looked_at), n_looked_at >= 10 && n_looked_at < 10 + WORKERS);
    forget_failures();
}

/* ---- the end of a session ---- */

static const struct answer *sign_out(const struct browser *b)
{
    return CALL("POST", "/logout", NULL, .accept = HTML, .is_plain = true, .headers = {b->cookie, b->csrf_header});
}

static void test_sign_out(void)
{
    const struct browser b = sign_in(), other = sign_in();
    const struct answer *refused = CALL("POST", "/logout", NULL, .headers = {b.cookie});
    const struct answer *foreign =
        CALL("POST", "/logout", NULL, .headers = {b.cookie, b.csrf_header, "Origin: https://evil.example"});

    expect_body("without the token", refused, 403, NOT_AUTHENTIC);
    expect_body("from another site", foreign, 403, NOT_AUTHENTIC);
    expect_body("the token of another session", CALL("POST", "/logout", NULL, .headers = {b.cookie, other.csrf_header}),
                403, NOT_AUTHENTIC);
    expect_everywhere("still signed in", &b, 200);

    const struct answer *answer = sign_out(&b);

    expect_status("signed out", answer, 303);
    ROW_ASSERT("to the form", str_eq(header(answer, "Location"), "/login"));
    ASSERT_TEXT(set_cookie(answer, SESSION), SESSION "=; Path=/; Secure; SameSite=Lax; HttpOnly; Max-Age=0");
    ASSERT_TEXT(set_cookie(answer, CSRF), CSRF "=; Path=/; Secure; SameSite=Lax; Max-Age=0");
    expect_everywhere("dead", &b, 401);
    expect_body("as nobody", read_list(&b), 401, ANONYMOUS);
    expect_status("the other one lives", read_list(&other), 200);
    expect_status("again", CALL("POST", "/logout", NULL, .is_plain = true, .headers = {b.cookie}), 303);
    expect_status("without a session", CALL("POST", "/logout", NULL, .is_plain = true), 303);
    const char *path = textf("/courses/%lu/ai_experiences", main_course());
    const struct answer *page = CALL("GET", path, NULL, .accept = HTML, .is_plain = true, .headers = {other.cookie});
    ROW_ASSERT("each page has the button",
               strstr(page->body,
                      textf("action=\"/logout\">\n<input type=\"hidden\" name=\"authenticity_token\" value=\"%s\">",
                            other.csrf_token)) != NULL);
    page = CALL("GET", path, token_of(STUDENT), .accept = HTML, .is_plain = true);
    ROW_ASSERT("but for sessions", !strstr(page->body, "/logout"));
    expect_status("by a form",
                  CALL("POST", "/logout", NULL, .type = FORM, .is_plain = true,
                       .body = textf("authenticity_token=%s", other.csrf_token), .headers = {other.cookie}),
                  303);
    expect_status("which worked", read_list(&other), 401);
    const struct answer *get = CALL("GET", "/logout", NULL, .headers = {b.cookie});
    expect_status("a link", get, 405);
    ROW_ASSERT("a link", str_eq(header(get, "Allow"), "POST"));
}

/* A new id at each sign-in; what the browser brought is dead, or never was alive. */
static void test_fixation(void)
{
    static const char made_up[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const struct browser first = sign_in(), fixed = {.cookie = textf("Cookie: " SESSION "=%s", made_up)};
    const char *body = textf("login=%s&password=%s", member(), encoded(PASSWORD));
    const struct answer *again =
        CALL("POST", "/login", NULL, .type = FORM, .body = body, .is_plain = true, .headers = {first.cookie});
    const struct browser second = browser_of(again);

    expect_status("again", again, 303);
    ROW_ASSERT("a new id", !str_eq(first.session, second.session) && !str_eq(first.csrf_token, second.csrf_token));
    expect_everywhere("the old one is dead", &first, 401);
    expect_everywhere("the new one lives", &second, 200);
    const struct answer *brought =
        CALL("POST", "/login", NULL, .type = FORM, .body = body, .is_plain = true, .headers = {fixed.cookie});
    expect_status("with a value of one's own", brought, 303);
    ROW_ASSERT("it is not taken", !str_eq(cookie_value(brought, SESSION), made_up));
    expect_body("it is none", read_list(&fixed), 401, ANONYMOUS);
}

/* Let s seconds pass for all sessions of the member. */
static void age(unsigned s)
{
    database_try(
        textf("UPDATE access_token t JOIN user u ON u.id = t.user_id SET t.created_at = t.created_at - INTERVAL"
              " %u SECOND, t.expires_at = t.expires_at - INTERVAL %u SECOND, t.touch_at = t.touch_at - INTERVAL"
              " %u SECOND WHERE u.login = '%s' AND t.is_session = 1",
              s, s, s, member()));
}

static void test_idle_and_absolute(void)
{
    const struct browser idle = sign_in();

    age(28000);
    expect_status("just in time", read_list(&idle), 200);
    age(28000);
    expect_status("since it was used", read_list(&idle), 200);
    age(28801);
    expect_body("idle too long", read_list(&idle), 401, ANONYMOUS);
    ROW_ASSERT("nothing wakes it", read_list(&idle)->status == 401);

    const struct browser used = sign_in();
    for (unsigned s = 0; s < 80000; s += 20000) {
        age(20000);
        expect_status("in use", read_list(&used), 200);
    }
    age(6401);
    expect_body("a day later", read_list(&used), 401, ANONYMOUS);
    expect_status("the rows of what is over", post_login(member(), PASSWORD, ""), 303);
    ROW_ASSERT("are gone", database_number(textf("SELECT COUNT(*) FROM access_token t JOIN user u ON u.id = t.user_id"
                                                 " WHERE u.login = '%s' AND t.expires_at <= UTC_TIMESTAMP(3)",
                                                 member())) == 0);
}

/* ---- which credential counts ---- */

static void test_credentials(void)
{
    const struct browser b = sign_in();
    const char *path = experiences_path(main_course()), *token = token_of(STUDENT);
    const struct {
        const char *name, *token, *cookie;
        long status;
        const char *body;
    } rows[] = {
        {"bad token, good cookie", "nonsense", b.cookie, 401, UNKNOWN_TOKEN},
        {"good token, bad cookie", token, "Cookie: " SESSION "=nonsense", 200, NULL},
        {"the cookie as a token", b.session, NULL, 401, UNKNOWN_TOKEN},
        {"what is hashed as a token", textf("session:%s", b.session), NULL, 401, UNKNOWN_TOKEN},
        {"a token as the cookie", NULL, textf("Cookie: " SESSION "=%s", token), 401, ANONYMOUS},
        {"nonsense as the cookie", NULL, "Cookie: " SESSION "=nonsense", 401, ANONYMOUS},
        {"another name", NULL, textf("Cookie: colloquy_session=%s", b.session), 401, ANONYMOUS},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("GET", path, rows[i].token, .headers = {rows[i].cookie});

        if (rows[i].body)
            expect_body(rows[i].name, answer, rows[i].status, rows[i].body);
        else
            expect_status(rows[i].name, answer, rows[i].status);
    }
    expect_body("bad token in the query", CALL("GET", textf("%s?access_token=x", path), NULL, .headers = {b.cookie}),
                401, UNKNOWN_TOKEN);
    expect_status("another scheme", CALL("GET", path, NULL, .headers = {b.cookie, "Authorization: Basic YTpi"}), 200);
    const struct answer *create =
        CALL("POST", path, token_of(TEACHER), .body = "{\"title\":\"T\"}", .headers = {b.cookie});
    expect_status("a call with a token needs no other", create, 400);
}

/* ---- CSRF ---- */

#define EXPERIENCE                                                                                                     \
    "{\"title\":\"T\",\"learning_objective\":\"O\",\"pedagogical_guidance\":\"G\",\"workflow_state\":\"published\"}"
#define EXPERIENCE_FORM "title=T&learning_objective=O&pedagogical_guidance=G&workflow_state=published"

static uint64_t n_experiences(void)
{
    return database_number("SELECT COUNT(*) FROM ai_experience WHERE workflow_state <> 'deleted'");
}

static void test_csrf(void)
{
    const struct browser b = sign_in(), other = sign_in();
    const char *path = experiences_path(main_course());
    const char *own = textf("Origin: %s", instance_used()->base), *good = b.csrf_header;
    const struct {
        const char *name, *type, *body, *headers[3];
        bool is_good;
    } rows[] = {
        // clang-format off
        {"no token",                 NULL, EXPERIENCE,      {NULL},                                            false},
        {"an empty one",             NULL, EXPERIENCE,      {"X-CSRF-Token: "},                                false},
        {"a wrong one",              NULL, EXPERIENCE,      {"X-CSRF-Token: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, false},
        {"of another session",       NULL, EXPERIENCE,      {other.csrf_header},                               false},
        {"the session itself",       NULL, EXPERIENCE,      {textf("X-CSRF-Token: %s", b.session)},            false},
        {"a foreign origin",         NULL, EXPERIENCE,      {good, "Origin: https://evil.example"},            false},
        {"a neighbour's origin",     NULL, EXPERIENCE,      {good, textf("Origin: %s.evil.example", instance_used()->base)}, false},
        {"another port's origin",    NULL, EXPERIENCE,      {good, textf("Origin: http://127.0.0.1:%d", instance_used()->http_port)}, false},
        {"no origin at all",         NULL, EXPERIENCE,      {good, "Origin: null"},                            false},
        {"cross-site",               NULL, EXPERIENCE,      {good, own, "Sec-Fetch-Site: cross-site"},         false},
        {"a form without",           FORM, EXPERIENCE_FORM, {own},                                             false},
        {"a form of text",           "text/plain", EXPERIENCE, {good},                                         false},
        {"nested in a form",         FORM, textf(EXPERIENCE_FORM "&ai_experience[authenticity_token]=%s", b.csrf_token), {own}, false},
        {"a list in a form",         FORM, textf(EXPERIENCE_FORM "&authenticity_token[]=%s", b.csrf_token), {own}, false},
        {"by header",                NULL, EXPERIENCE,      {good},                                            true},
        {"by header, own origin",    NULL, EXPERIENCE,      {good, own, "Sec-Fetch-Site: same-origin"},        true},
        {"by field",                 FORM, textf(EXPERIENCE_FORM "&authenticity_token=%s", b.csrf_token), {own}, true},
        {"by a field of JSON",       NULL, textf("{\"authenticity_token\":\"%s\",\"title\":\"T\",\"learning_objective\":\"O\","
                                                 "\"pedagogical_guidance\":\"G\"}", b.csrf_token), {own},      true},
        {"typed by the user",        NULL, EXPERIENCE,      {good, "Sec-Fetch-Site: none"},                    true},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t before = n_experiences();
        const struct answer *answer =
            CALL("POST", path, NULL, .type = rows[i].type, .body = rows[i].body,
                 .headers = {b.cookie, rows[i].headers[0], rows[i].headers[1], rows[i].headers[2]});

        if (rows[i].is_good)
            expect_status(rows[i].name, answer, 201);
        else if (str_eq(rows[i].type, "text/plain"))
            expect_status(rows[i].name, answer, 415);
        else
            expect_body(rows[i].name, answer, 403, NOT_AUTHENTIC);
        ROW_ASSERT(rows[i].name, n_experiences() == before + rows[i].is_good);
    }
    expect_status("a token needs none",
                  CALL("POST", path, token_of(TEACHER), .body = EXPERIENCE,
                       .headers = {b.cookie, "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}),
                  201);
    expect_status("a read from elsewhere", CALL("GET", path, NULL, .headers = {b.cookie, "Sec-Fetch-Site: cross-site"}),
                  200);
}

/* Each unsafe method, however it is asked for; and the refusal comes before scope and course, and after the session. */
static void test_csrf_of_methods(void)
{
    const struct browser b = sign_in();
    const char *path = experience_path(main_course(), make_experience("published"));
    const char *talks = textf("%s/conversations", path),
               *dead = "Cookie: " SESSION "=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const struct {
        const char *name, *method, *path, *type, *body, *cookie;
        long status; /* with the token */
    } rows[] = {
        {"PUT", "PUT", path, NULL, "{\"title\":\"N\"}", b.cookie, 200},
        {"PUT by _method", "POST", path, FORM, "_method=put&title=N", b.cookie, 200},
        {"opening", "POST", talks, NULL, NULL, b.cookie, 201},
        {"no such course", "DELETE", experience_path(999999999, 1), NULL, NULL, b.cookie, 404},
        {"no such experience", "DELETE", experience_path(main_course(), 999999999), NULL, NULL, b.cookie, 404},
        {"not a member", "DELETE", experience_path(other_course(), 1), NULL, NULL, b.cookie, 403},
        {"DELETE by _method", "POST", path, FORM, "_method=delete", b.cookie, 200},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *refused = CALL(rows[i].method, rows[i].path, NULL, .type = rows[i].type,
                                            .body = rows[i].body, .headers = {rows[i].cookie});
        const struct answer *done = CALL(rows[i].method, rows[i].path, NULL, .type = rows[i].type, .body = rows[i].body,
                                         .headers = {rows[i].cookie, b.csrf_header});

        expect_body(rows[i].name, refused, 403, NOT_AUTHENTIC);
        expect_status(rows[i].name, done, rows[i].status);
    }
    expect_body("a session that is none", CALL("DELETE", path, NULL, .headers = {dead}), 401, ANONYMOUS);
}

/* A turn as a browser has it, from first to last. */
static void test_a_talk(void)
{
    const struct browser b = sign_in();
    const char *talks = textf("%s/conversations", experience_path(main_course(), make_experience("published")));
    const struct answer *opened = CALL("POST", talks, NULL, .headers = {b.cookie, b.csrf_header});

    expect_status("opened", opened, 201);
    const char *messages = textf("%s/%lu/messages", talks, json_get_u64(opened->json, "id"));
    expect_body("without the token", CALL("POST", messages, NULL, .body = message_body("hi"), .headers = {b.cookie}),
                403, NOT_AUTHENTIC);
    const struct answer *said = CALL("POST", messages, NULL, .body = message_body("hello"),
                                     .accept = "text/event-stream", .headers = {b.cookie, b.csrf_header});
    database_try("UPDATE access_token SET touch_at = UTC_TIMESTAMP(3) WHERE is_session = 1");
    expect_status("and again",
                  CALL("POST", messages, NULL, .body = message_body("hello"), .headers = {b.cookie, b.csrf_header}),
                  200);
    ROW_ASSERT("which is use of the session",
               database_number("SELECT COUNT(*) FROM access_token WHERE touch_at > UTC_TIMESTAMP(3)") == 1);
    ROW_ASSERT("streamed", said->n_events && str_eq(said->events[said->n_events - 1].name, "message.done"));
    ROW_ASSERT("once each", count_at(CALL("GET", talks, NULL, .headers = {b.cookie})->json, "/messages") == 6);
}

static void test_login_from_elsewhere(void)
{
    static const char *const from[] = {"Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"};
    const char *body = textf("login=%s&password=%s", member(), encoded(PASSWORD));

    for (size_t i = 0; i < LEN(from); i++) {
        const struct answer *page = CALL("POST", "/login", NULL, .type = FORM, .body = body, .accept = HTML,
                                         .is_plain = true, .headers = {from[i]});

        expect_page(from[i], page, 403);
        ROW_ASSERT(from[i], !*set_cookie(page, SESSION));
        expect_body(from[i], CALL("POST", "/login", NULL, .type = FORM, .body = body, .headers = {from[i]}), 403,
                    NOT_AUTHENTIC);
    }
    expect_status("from here",
                  CALL("POST", "/login", NULL, .type = FORM, .body = body, .is_plain = true,
                       .headers = {textf("Origin: %s", instance_used()->base), "Sec-Fetch-Site: same-origin"}),
                  303);
}

/* ---- where to ---- */

static void test_return_to(void)
{
    static const struct {
        const char *name, *return_to, *want; /* want NULL: the start page */
    } rows[] = {
        {"a path", "/courses/7/ai_experiences", "/courses/7/ai_experiences"},
        {"with a query", "/a?b=c&d=%20e#f", "/a?b=c&d=%20e#f"},
        {"not ASCII", "/caf\xC3\xA9 x", "/caf%C3%A9%20x"},
        {"slashes in a query", "/a?next=%2F%2Fb", "/a?next=%2F%2Fb"},
        {"the start page", "/", "/"},
        {"nothing", "", NULL},
        {"another host", "https://evil.example/", NULL},
        {"two slashes", "//evil.example", NULL},
        {"three slashes", "///evil.example", NULL},
        {"a backslash", "/\\evil.example", NULL},
        {"backslashes", "\\\\evil.example", NULL},
        {"a tab between", "/\t/evil.example", NULL},
        {"a line end between", "/\n/evil.example", NULL},
        {"a header", "/a\r\nSet-Cookie: x=y", NULL},
        {"an encoded header", "/a%0d%0aSet-Cookie:%20x=y", NULL},
        {"encoded slash", "/%2Fevil.example", NULL},
        {"encoded backslash", "/%5cevil.example", NULL},
        {"encoded twice", "/%252Fevil.example", NULL},
        {"encoded first", "%2F%2Fevil.example", NULL},
        {"encoded tab", "/%09/evil.example", NULL},
        {"encoded NUL", "/a%00b", NULL},
        {"a scheme", "javascript:alert(1)", NULL},
        {"a blank first", " //evil.example", NULL},
        {"relative", "courses/7", NULL},
        {"dots", "../x", NULL},
        {"an at sign", "@evil.example", NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *field = textf("&return_to=%s", encoded(rows[i].return_to));
        const struct answer *answer = post_login(member(), PASSWORD, field);

        expect_status(rows[i].name, answer, 303);
        ROW_ASSERT(textf("%s: %s", rows[i].name, header(answer, "Location")),
                   str_eq(header(answer, "Location"), rows[i].want ? rows[i].want : "/"));
        ROW_ASSERT(rows[i].name, !*set_cookie(answer, "x"));
    }
    const struct answer *longest = post_login(member(), PASSWORD, textf("&return_to=/%s", repeated("x", 3000)));
    ROW_ASSERT("too long", str_eq(header(longest, "Location"), "/"));
    const struct answer *wrong = post_login(member(), "wrong", "&return_to=/a/b");
    ROW_ASSERT("kept", strstr(wrong->body, "name=\"return_to\" value=\"/a/b\"") != NULL);
    forget_failures();
}

/* ---- errors ---- */

static void test_errors(void)
{
    char *large = repeated("x", (32 << 20) + 1);
    const struct {
        const char *name, *type, *body;
        long status;
    } rows[] = {
        {"not UTF-8", FORM, "login=%ff&password=x", 400},
        {"broken JSON", NULL, "{", 400},
        {"text", "text/plain", "hello", 415},
        {"too large", FORM, large, 413},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *page =
            CALL("POST", "/login", NULL, .type = rows[i].type, .body = rows[i].body, .accept = HTML, .is_plain = true);

        expect_status(rows[i].name, page, rows[i].status);
        ROW_ASSERT(rows[i].name, str_starts(header(page, "Content-Type"), "text/html"));
        ROW_ASSERT(rows[i].name, strstr(page->body, "<h1>") != NULL);
        if (rows[i].status == 413)
            continue; /* nginx's own, which knows no Accept */
        const struct answer *json = CALL("POST", "/login", NULL, .type = rows[i].type, .body = rows[i].body);
        expect_status(rows[i].name, json, rows[i].status);
        ROW_ASSERT(rows[i].name, *text_at(json->json, "/errors/0/error_code"));
    }
    const struct answer *page = CALL("GET", "/logout", NULL, .accept = HTML, .is_plain = true);
    expect_page("a link to sign out", page, 405);
}

/* ---- the campus's own sign-on ---- */

static bool campus_answers(void *arg)
{
    return CALL("GET", arg, NULL, .is_plain = true)->status == 303;
}

/* nginx is told who it is by the query: a stand-in for a sign-on, which tells it by means of its own. */
static void write_sign_on(void)
{
    FILE *out = fopen(textf("%s/nginx/colloquy-sign-on.conf", instance_used()->dir), "we");

    if (!out || fputs("set $colloquy_remote_user $arg_as;\n", out) < 0 || fclose(out))
        harness_die("cannot write nginx's configuration");
    kill(instance_pid(instance_used(), "nginx"), SIGHUP);
}

static void test_remote_user(void)
{
    static const char *const on[] = {"COLLOQUY_SESSION_REMOTE_USER=on", "COLLOQUY_SERVER_API_WORKERS=2", NULL};
    static struct instance *campus;

    if (!campus)
        campus = instance_create("campus", textf("http://127.0.0.1:%d", main_model().port), on);
    instance_use(campus);
    make_user("it-campus");
    expect_status("before nginx says anything",
                  CALL("GET", "/login", NULL, .is_plain = true,
                       .headers = {"Remote-User: it-campus", "X-Remote-User: it-campus", "REMOTE_USER: it-campus",
                                   "Colloquy-Remote-User: it-campus"}),
                  200);
    write_sign_on();
    CU_ASSERT_TRUE_FATAL(wait_until(campus_answers, textf("/login?as=it-campus"), PATIENCE_MS));

    const struct answer *answer = CALL("GET", "/login?as=IT-Campus&return_to=/a", NULL, .is_plain = true);
    const struct browser b = browser_of(answer);

    expect_status("signed in", answer, 303);
    ROW_ASSERT("to where it began", str_eq(header(answer, "Location"), "/a"));
    expect_status("by name", CALL("GET", experiences_path(1), NULL, .headers = {b.cookie}), 403);
    const struct answer *unknown = CALL("GET", "/login?as=nobody<b>", NULL, .accept = HTML, .is_plain = true);
    expect_page("without an account", unknown, 403);
    ROW_ASSERT("without an account", strstr(unknown->body, "has no account here") && !*set_cookie(unknown, SESSION));
    ROW_ASSERT("a name is text", strstr(unknown->body, "nobody&lt;b&gt;") != NULL);
    expect_status("nobody", CALL("GET", "/login", NULL, .is_plain = true), 200);
    expect_status("a client's header",
                  CALL("GET", "/login", NULL, .is_plain = true,
                       .headers = {"Remote-User: it-campus", "X-Remote-User: it-campus", "REMOTE_USER: it-campus"}),
                  200);
    expect_status("HEAD", CALL("HEAD", "/login?as=it-campus", NULL), 200);
    expect_status("nowhere else", CALL("GET", textf("%s?as=it-campus", experiences_path(1)), NULL), 401);
}

/* The main instance has it off: nginx may say what it likes. */
static void test_remote_user_off(void)
{
    char *conf = textf("%s/nginx/colloquy-sign-on.conf", instance_used()->dir);

    member();
    write_sign_on();
    pause_ms(1000);
    expect_status("off", CALL("GET", textf("/login?as=%s", member()), NULL, .is_plain = true), 200);
    unlink(conf);
    kill(instance_pid(instance_used(), "nginx"), SIGHUP);
    pause_ms(500);
}

/* ---- logs ---- */

static bool file_holds(const char *path, const char *secret)
{
    FILE *in = fopen(path, "re");
    struct buf *text = buf_in_arena(test_arena(), 64 << 20);
    char piece[8192];

    if (!in || !text)
        return false;
    for (size_t n; (n = fread(piece, 1, sizeof(piece), in)) > 0;)
        buf_append(text, piece, n);
    fclose(in);
    return memmem(text->data, text->len, secret, strlen(secret)) != NULL;
}

static void test_no_secret_in_logs(void)
{
    static const char typed[] = "a-password-that-nobody-has", query[] = "a-place-to-return-to";
    const struct browser b = sign_in();
    const char *secrets[] = {b.session, b.csrf_token, typed, query, PASSWORD, "correct+horse", "correct%20horse"};
    const char *folder = textf("%s/log", instance_used()->dir);
    struct dirent *entry;
    size_t n = 0;

    post_login(member(), typed, "");
    forget_failures();
    CALL("GET", textf("/login?return_to=/%s&password=%s", query, typed), NULL, .is_plain = true);
    read_list(&b);
    CALL("POST", experiences_path(main_course()), NULL, .headers = {b.cookie});
    sign_out(&b);
    DIR *dir = opendir(folder);
    CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
    while ((entry = readdir(dir)))
        for (size_t i = 0; entry->d_name[0] != '.' && i < LEN(secrets); i++, n++)
            ROW_ASSERT(textf("%s in %s", secrets[i], entry->d_name),
                       !file_holds(textf("%s/%s", folder, entry->d_name), secrets[i]));
    closedir(dir);
    ROW_ASSERT("logs were read", n >= 3 * LEN(secrets));
}

SUITE(sign_in, {"form", test_form}, {"sign in", test_sign_in}, {"demo", test_demo}, {"statements", test_statements},
      {"wrong", test_wrong}, {"time", test_time}, {"limits", test_limits}, {"limits at once", test_limits_at_once},
      {"sign out", test_sign_out}, {"fixation", test_fixation}, {"idle and absolute", test_idle_and_absolute},
      {"credentials", test_credentials}, {"CSRF", test_csrf}, {"CSRF of methods", test_csrf_of_methods},
      {"a talk", test_a_talk}, {"login from elsewhere", test_login_from_elsewhere}, {"return_to", test_return_to},
      {"errors", test_errors}, {"remote user off", test_remote_user_off}, {"remote user", test_remote_user},
      {"no secret in logs", test_no_secret_in_logs});
