/* Forms of an experience, for browsers and for programs, and the pages to which they lead. */
#include "harness.h"

#define BROWSER "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
#define FORM    "application/x-www-form-urlencoded"
#define FORBIDDEN                                                                                                      \
    "{\"status\":\"unauthorized\",\"errors\":[{\"message\":\"user not authorized to perform that action\"}]}"
#define UNAUTHENTICATED "{\"status\":\"unauthenticated\",\"errors\":[{\"message\":\"user authorization required\"}]}"
#define NO_SCOPE        "{\"errors\":[{\"message\":\"Insufficient scopes on access token.\"}]}"
#define NO_RESOURCE     "{\"error\":\"Resource Not Found\",\"errors\":[{\"message\":\"Resource Not Found\"}]}"
#define NO_COURSE       "{\"errors\":[{\"message\":\"The specified resource does not exist.\"}]}"
#define API             "/api/v1/courses/:course_id/ai_experiences"

#define HOSTILE         "</title><script>alert(1)</script>\" onfocus=\"x & <b>"
#define HOSTILE_ESCAPED "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot; onfocus=&quot;x &amp; &lt;b&gt;"

static const char *new_path(void)
{
    return textf("%s/new", experiences_path(main_course()));
}

static const char *edit_path(uint64_t id)
{
    return textf("%s/edit", experience_path(main_course(), id));
}

static const char *list_page(uint64_t course)
{
    return textf("/courses/%lu/ai_experiences", course);
}

static const char *page_path(uint64_t id)
{
    return textf("%s/%lu", list_page(main_course()), id);
}

static bool has(const struct answer *answer, const char *piece)
{
    return strstr(answer->body, piece) != NULL;
}

static size_t count(const struct answer *answer, const char *piece)
{
    size_t n = 0;

    for (const char *at = answer->body; (at = strstr(at, piece)); at++)
        n++;
    return n;
}

/* A page as every one must be: no scripts but ours, of forms none, told so to the browser, and kept by nobody. */
static bool expect_page(const char *row, const struct answer *answer, long status)
{
    const char *csp = header(answer, "Content-Security-Policy");

    ROW_ASSERT(row, str_eq(header(answer, "Content-Type"), "text/html; charset=utf-8"));
    ROW_ASSERT(row, str_eq(header(answer, "Cache-Control"), "no-store"));
    bool has_script = has(answer, "<script type=\"module\" src=\"/js/");

    ROW_ASSERT(row, strstr(csp, "default-src 'none'") != NULL && !strstr(csp, "unsafe"));
    ROW_ASSERT(row, (strstr(csp, "script-src 'self'") != NULL) == has_script);
    ROW_ASSERT(row, !has_script || !has(answer, "name=\"ai_experience["));
    ROW_ASSERT(row, str_starts(answer->body, "<!doctype html>") && has(answer, "<html lang=\"en\">"));
    ROW_ASSERT(row, count(answer, "<script") == has_script && count(answer, "<h1>") == 1 && has(answer, "</html>"));
    return expect_status(row, answer, status);
}

static const struct answer *browse(const char *path, enum person who)
{
    return CALL("GET", path, token_of(who), .accept = BROWSER, .is_plain = true);
}

/* As a browser sends a form. */
static const struct answer *post(const char *path, enum person who, const char *body)
{
    return CALL("POST", path, token_of(who), .accept = BROWSER, .is_plain = true, .type = FORM, .body = body);
}

static struct json_object *shown(uint64_t id)
{
    return CALL("GET", experience_path(main_course(), id), token_of(TEACHER))->json;
}

/* ---- for programs ---- */

static void test_new_as_json(void)
{
    const struct answer *answer = CALL("GET", new_path(), token_of(TEACHER));
    static const struct expected fields[] = {
        {"/method", "\"POST\""},
        {"/ai_experience/title", "\"\""},
        {"/ai_experience/description", "\"\""},
        {"/ai_experience/facts", "\"\""},
        {"/ai_experience/learning_objective", "\"\""},
        {"/ai_experience/learning_objectives", "[]"},
        {"/ai_experience/pedagogical_guidance", "\"\""},
        {"/ai_experience/workflow_state", "\"unpublished\""},
        {"/ai_experience/evaluation_metrics", "[]"},
        {"/constraints/title", "{\"required\":true,\"max_length\":255}"},
        {"/constraints/learning_objectives",
         "{\"required\":true,\"min_items\":1,\"max_items\":10,\"item_max_length\":10000}"},
        {"/constraints/workflow_state/values", "[\"unpublished\",\"published\"]"},
        {"/constraints/evaluation_metrics/max_items", "5"},
        {"/constraints/context_files/max_files", "20"},
        {"/constraints/context_files/max_bytes", "314572800"},
        {"/constraints/context_files/content_types",
         "[\"application/pdf\",\"text/plain\",\"text/markdown\",\"text/csv\"]"},
        {"/constraints/message/max_length", "4000"},
    };

    expect_status("new", answer, 200);
    expect_api_headers("new", answer);
    expect_fields("new", answer->json, fields, LEN(fields));
    expect_json("new", answer->json, "/course_id", textf("%lu", main_course()));
    expect_json("new", answer->json, "/action", textf("\"%s\"", experiences_path(main_course())));
    expect_body("with .json", CALL("GET", textf("%s.json", new_path()), token_of(TEACHER)), 200, answer->body);
    answer = CALL("GET", new_path(), token_of(TEACHER), .accept = "application/json+canvas-string-ids");
    expect_json("string ids", answer->json, "/course_id", textf("\"%lu\"", main_course()));
}

static void test_edit_as_json(void)
{
    uint64_t id = make_experience("published");
    const struct answer *answer = CALL("GET", edit_path(id), token_of(TA));

    expect_status("edit", answer, 200);
    expect_json("edit", answer->json, "/method", "\"PUT\"");
    expect_json("edit", answer->json, "/action", textf("\"%s\"", experience_path(main_course(), id)));
    expect_json("edit", answer->json, "/course_id", textf("%lu", main_course()));
    expect_json("edit", answer->json, "/ai_experience", json_object_to_json_string(shown(id)));
    expect_json("edit", answer->json, "/constraints",
                json_object_to_json_string(json_at(CALL("GET", new_path(), token_of(TEACHER))->json, "/constraints")));
    answer = CALL("GET", edit_path(id), token_of(TEACHER), .accept = "application/json+canvas-string-ids");
    expect_json("string ids", answer->json, "/ai_experience/id", textf("\"%lu\"", id));
    open_talk_on(main_course(), id, token_of(STUDENT));
    expect_json("once begun", CALL("GET", edit_path(id), token_of(TEACHER))->json, "/ai_experience/can_unpublish",
                "false");
}

/* The whole of the row 3.3, 3.4 of the table of roles, for programs and for browsers. */
static void test_roles(void)
{
    const char *draft = edit_path(make_experience("unpublished"));
    const char *const paths[] = {new_path(), draft};
    static const char *const scopes[] = {"url:GET|" API "/new", "url:GET|" API "/:id/edit"};
    static const bool may[N_PEOPLE] = {[TEACHER] = true, [TA] = true, [DESIGNER] = true, [ADMIN] = true};

    for (size_t i = 0; i < LEN(paths); i++) {
        for (size_t who = 0; who < N_PEOPLE; who++) {
            const char *row = textf("%s as %s", paths[i], login_of((enum person)who));
            const struct answer *answer = CALL("GET", paths[i], token_of((enum person)who));

            expect_api_headers(row, answer);
            if (may[who])
                expect_status(row, answer, 200);
            else
                expect_body(row, answer, 403, FORBIDDEN);
            expect_page(row, browse(paths[i], (enum person)who), may[who] ? 200 : 403);
        }
        expect_body("anonymous", CALL("GET", paths[i], NULL), 401, UNAUTHENTICATED);
        expect_status("its scope", CALL("GET", paths[i], make_token(login_of(TEACHER), scopes[i])), 200);
        expect_body("another scope", CALL("GET", paths[i], make_token(login_of(TEACHER), scopes[1 - i])), 401,
                    NO_SCOPE);
    }
}

static void test_what_is_not_there(void)
{
    uint64_t id = make_experience("published");
    uint64_t theirs = make_experience_in(other_course(), "published", "Theirs");
    const char *nowhere = "/api/v1/courses/999999999/ai_experiences/new";

    CALL("DELETE", experience_path(main_course(), id), token_of(TEACHER));
    const char *const paths[] = {edit_path(id), edit_path(999999999), edit_path(theirs)};
    for (size_t i = 0; i < LEN(paths); i++) {
        expect_body(paths[i], CALL("GET", paths[i], token_of(TEACHER)), 404, NO_RESOURCE);
        expect_page(paths[i], browse(paths[i], TEACHER), 404);
    }
    expect_body("no course", CALL("GET", nowhere, token_of(TEACHER)), 404, NO_COURSE);
    expect_page("no course", browse(nowhere, TEACHER), 404);
    expect_body("new is no id", CALL("PUT", new_path(), token_of(TEACHER), .body = "{\"title\":\"t\"}"), 404,
                NO_RESOURCE);
}

/* Which of the two a client gets. */
static void test_what_accept_prefers(void)
{
    static const struct {
        const char *accept;
        bool is_page;
    } rows[] = {
        {NULL, false},
        {"Accept:", false},
        {"*/*", false},
        {"application/json", false},
        {"text/html", true},
        {BROWSER, true},
        {"text/html, application/json", false},
        {"application/json, text/html;q=0.9", false},
        {"application/json;q=0.5, text/html", true},
        {"text/html, application/json+canvas-string-ids", true},
        {"text/html;q=0", false},
        {"text/*", false},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *row = rows[i].accept ? rows[i].accept : "none", *accept = rows[i].accept;
        const struct answer *answer = str_eq(accept, "Accept:")
                                          ? CALL("GET", new_path(), token_of(TEACHER), .headers = {accept})
                                          : CALL("GET", new_path(), token_of(TEACHER), .accept = accept);

        if (rows[i].is_page)
            expect_page(row, answer, 200);
        else
            expect_api_headers(row, answer);
    }
}

/* ---- the rules that are told are the rules that hold ---- */

static struct json_object *constraints(void)
{
    return json_at(CALL("GET", new_path(), token_of(TEACHER))->json, "/constraints");
}

static const char *body_with(const char *field, const char *value)
{
    static const char *const required[] = {"title", "learning_objective", "pedagogical_guidance"};
    bool is_objectives = str_starts(field, "learning_objective");
    const char *body = textf("{\"%s\":%s", field, value);

    for (size_t i = 0; i < LEN(required); i++)
        if (!str_eq(required[i], field) && !(is_objectives && i == 1))
            body = textf("%s,\"%s\":\"x\"", body, required[i]);
    return textf("%s}", body);
}

static void expect_bound(const char *row, const char *field, const char *fits, const char *too_much)
{
    const char *list = experiences_path(main_course());

    expect_status(textf("%s, at the bound", row), CALL("POST", list, token_of(TEACHER), .body = body_with(field, fits)),
                  201);
    const struct answer *answer = CALL("POST", list, token_of(TEACHER), .body = body_with(field, too_much));

    expect_status(textf("%s, one more", row), answer, 400);
    ROW_ASSERT(row, count_at(answer->json, textf("/%s", field)) == 1);
}

static const char *text_of(int64_t n)
{
    return textf("\"%s\"", repeated("\xf0\x9f\x94\xa5", (size_t)n));
}

static const char *items(const char *before, int64_t n, const char *after)
{
    const char *list = "";

    for (int64_t i = 0; i < n; i++)
        list = textf("%s%s%s%ld%s", list, i ? "," : "", before, i, after);
    return textf("[%s]", list);
}

static void test_constraints_hold(void)
{
    static const char *const texts[] = {"title", "description", "facts", "pedagogical_guidance"};
    static const char *const metric_texts[] = {"name", "description"};
    struct json_object *told = constraints();
    int64_t n;

    for (size_t i = 0; i < LEN(texts); i++) {
        n = int_at(told, textf("/%s/max_length", texts[i]));
        CU_ASSERT_FATAL(n > 0);
        expect_bound(texts[i], texts[i], text_of(n), text_of(n + 1));
    }
    for (size_t i = 0; i < LEN(metric_texts); i++) {
        const char *before = i ? "[{\"name\":\"n\",\"description\":" : "[{\"name\":";

        n = int_at(told, textf("/evaluation_metrics/%s/max_length", metric_texts[i]));
        CU_ASSERT_FATAL(n > 0);
        expect_bound(textf("metric's %s", metric_texts[i]), "evaluation_metrics", textf("%s%s}]", before, text_of(n)),
                     textf("%s%s}]", before, text_of(n + 1)));
    }
    n = int_at(told, "/evaluation_metrics/max_items");
    expect_bound("metrics", "evaluation_metrics", items("{\"name\":\"", n, "\"}"), items("{\"name\":\"", n + 1, "\"}"));
    n = int_at(told, "/learning_objectives/max_items");
    expect_bound("objectives", "learning_objectives", items("\"", n, "\""), items("\"", n + 1, "\""));
    n = int_at(told, "/learning_objectives/item_max_length");
    expect_bound("objective", "learning_objectives", textf("[%s]", text_of(n)), textf("[%s]", text_of(n + 1)));
    expect_bound("objective as text", "learning_objective", text_of(n), text_of(n + 1));
}

static void test_required_and_values(void)
{
    struct json_object *told = constraints();
    const char *list = experiences_path(main_course());

    json_object_object_foreach(told, name, rule)
    {
        struct json_object *values = json_get(rule, "values");

        if (str_eq(name, "message") || str_eq(name, "context_files"))
            continue;
        bool required = json_object_get_boolean(json_get(rule, "required"));
        const struct answer *answer =
            CALL("POST", list, token_of(TEACHER), .body = "{\"description\":\"nothing that is required\"}");

        ROW_ASSERT(name, (count_at(answer->json, textf("/%s", name)) > 0) == required);
        for (size_t i = 0; values && i < json_object_array_length(values); i++)
            expect_status(
                name,
                CALL("POST", list, token_of(TEACHER),
                     .body = body_with(name, json_object_to_json_string(json_object_array_get_idx(values, i)))),
                201);
    }
}

/* ---- for browsers ---- */

static void test_new_form(void)
{
    const struct answer *answer = browse(new_path(), TEACHER);

    expect_page("new", answer, 200);
    ROW_ASSERT("posts to create", has(answer, textf("<form method=\"post\" accept-charset=\"utf-8\" action=\"%s\">",
                                                    experiences_path(main_course()))));
    ROW_ASSERT("token", has(answer, "<input type=\"hidden\" name=\"authenticity_token\" value=\"") &&
                            !has(answer, "name=\"authenticity_token\" value=\"\""));
    ROW_ASSERT("no method", !has(answer, "_method"));
    ROW_ASSERT("the way back", has(answer, textf("href=\"%s\"", list_page(main_course()))));
    expect_status("HEAD", CALL("HEAD", new_path(), token_of(TEACHER), .accept = BROWSER), 200);
}

static void test_edit_form_escapes(void)
{
    struct json_object *hostile = json_object_new_string(HOSTILE);
    const char *quoted = textf("%s", json_object_to_json_string(hostile));

    json_object_put(hostile);
    const struct answer *created =
        CALL("POST", experiences_path(main_course()), token_of(TEACHER),
             .body = textf("{\"title\":%s,\"description\":%s,\"facts\":%s,\"learning_objectives\":[%s],"
                           "\"pedagogical_guidance\":%s}",
                           quoted, quoted, quoted, quoted, quoted));
    uint64_t id = json_get_u64(created->json, "id");
    const struct answer *form = browse(edit_path(id), TEACHER), *page = browse(page_path(id), TEACHER);

    expect_page("form", form, 200);
    ROW_ASSERT("every value", count(form, HOSTILE_ESCAPED) == 6);
    ROW_ASSERT("put", has(form, "<input type=\"hidden\" name=\"_method\" value=\"put\">"));
    expect_page("page", page, 200);
    ROW_ASSERT("every text", count(page, HOSTILE_ESCAPED) == 7); /* the title thrice */
    page = browse(textf("%s?per_page=100", list_page(main_course())), TEACHER);
    expect_page("list", page, 200);
}

static uint64_t id_at_end(const char *location)
{
    const char *slash = strrchr(location, '/');
    uint64_t id = 0;

    return slash && parse_id(slash + 1, strlen(slash + 1), &id) ? id : 0;
}

static void test_create_by_form(void)
{
    const struct answer *answer =
        post(experiences_path(main_course()), TEACHER,
             "authenticity_token=x&ai_experience[title]=By+form+%26+more&ai_experience[description]=&ai_experience["
             "facts]=a%0D%0Ab&ai_experience[learning_objective]=one%0D%0Atwo&ai_experience[pedagogical_guidance]=%C3%"
             "A9&ai_experience[workflow_state]=published");
    const char *location = header(answer, "Location");
    uint64_t id = id_at_end(location);
    static const struct expected fields[] = {{"/title", "\"By form & more\""},
                                             {"/facts", "\"a\\r\\nb\""},
                                             {"/learning_objectives", "[\"one\",\"two\"]"},
                                             {"/pedagogical_guidance", "\"\xc3\xa9\""},
                                             {"/workflow_state", "\"published\""},
                                             {"/evaluation_metrics", "[]"}};

    expect_status("create", answer, 303);
    ROW_ASSERT("its page", str_eq(location, page_path(id)));
    expect_fields("stored", shown(id), fields, LEN(fields));
    expect_page("the page", browse(location, TEACHER), 200);
}

static void test_update_by_form(void)
{
    uint64_t id = make_experience("published");
    const char *path = experience_path(main_course(), id);

    CALL("PUT", path, token_of(TEACHER), .body = "{\"evaluation_metrics\":[{\"name\":\"Kept\"}]}");
    const struct answer *answer = post(
        path, TEACHER,
        "_method=put&ai_experience[title]=Changed&ai_experience[description]=D&ai_experience[facts]=&ai_experience["
        "learning_objective]=one&ai_experience[pedagogical_guidance]=G&ai_experience[workflow_state]=published");
    static const struct expected fields[] = {{"/title", "\"Changed\""},
                                             {"/facts", "\"\""},
                                             {"/learning_objectives", "[\"one\"]"},
                                             {"/evaluation_metrics/0/name", "\"Kept\""}};

    expect_status("update", answer, 303);
    ROW_ASSERT("its page", str_eq(header(answer, "Location"), page_path(id)));
    expect_fields("stored", shown(id), fields, LEN(fields));
    answer = CALL("POST", path, token_of(TEACHER), .accept = BROWSER, .is_plain = true,
                  .type = "multipart/form-data; boundary=XX",
                  .body = "--XX\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\nPUT\r\n"
                          "--XX\r\nContent-Disposition: form-data; name=\"ai_experience[title]\"\r\n\r\nAgain\r\n--XX--"
                          "\r\n");
    expect_status("multipart", answer, 303);
    expect_json("multipart", shown(id), "/title", "\"Again\"");
}

static void test_delete_by_form(void)
{
    uint64_t id = make_experience("published");
    const char *path = experience_path(main_course(), id);
    const struct answer *answer = post(path, TEACHER, "_method=delete&confirmed=1");

    expect_status("delete", answer, 303);
    ROW_ASSERT("the list", str_eq(header(answer, "Location"), list_page(main_course())));
    expect_body("gone", CALL("GET", path, token_of(TEACHER)), 404, NO_RESOURCE);
    expect_page("its page", browse(page_path(id), TEACHER), 404);
    expect_page("again", post(path, TEACHER, "_method=delete"), 404);
}

/* Whoever sends it and whatever is accepted; _method of anything but a form is nothing. */
static void test_method_of_a_form(void)
{
    const char *path = experience_path(main_course(), make_experience("published"));
    const struct {
        const char *name, *method, *type, *body;
        long status;
    } rows[] = {
        {"put", "POST", FORM, "_method=put&title=A", 200},
        {"capitals", "POST", FORM, "_method=PUT&title=A", 200},
        {"of JSON", "POST", "application/json", "{\"_method\":\"put\",\"title\":\"A\"}", 405},
        {"of a GET's query", "GET", NULL, NULL, 200},
        {"none", "POST", FORM, "title=A", 405},
        {"get", "POST", FORM, "_method=get&title=A", 405},
        {"patch", "POST", FORM, "_method=patch&title=A", 405},
        {"delete", "POST", FORM, "_method=delete", 200},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *to = str_eq(rows[i].method, "GET") ? textf("%s?_method=delete", path) : path;

        expect_status(rows[i].name,
                      CALL(rows[i].method, to, token_of(TEACHER), .type = rows[i].type, .body = rows[i].body),
                      rows[i].status);
    }
}

static void test_faults_keep_what_was_typed(void)
{
    uint64_t id = make_experience("published");
    struct json_object *before = shown(id);
    static const char typed[] =
        "ai_experience[title]=+&ai_experience[description]=%3Cb%3Etyped%3C%2Fb%3E&ai_experience[facts]=line%0D%0Atwo&"
        "ai_experience[learning_objective]=%0D%0A&ai_experience[pedagogical_guidance]=guide&ai_experience[workflow_"
        "state]=unpublished";
    const struct {
        const char *name, *path, *body;
    } rows[] = {
        {"create", experiences_path(main_course()), typed},
        {"update", experience_path(main_course(), id), textf("_method=put&%s", typed)},
    };
    static const char *const pieces[] = {
        "role=\"alert\"",
        "<li><a href=\"#title\">Title</a>: can't be blank</li>",
        "<li><a href=\"#learning_objective\">Learning objectives</a>: can't be blank</li>",
        "aria-describedby=\"title-help title-fault\" aria-invalid=\"true\"",
        "id=\"title-fault\">\n<p>can't be blank</p>",
        " value=\" \">",
        ">\n&lt;b&gt;typed&lt;/b&gt;</textarea>",
        ">\nline\r\ntwo</textarea>",
        ">\nguide</textarea>",
        "<option value=\"unpublished\" selected>",
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = post(rows[i].path, TEACHER, rows[i].body);

        expect_page(rows[i].name, answer, 400);
        for (size_t k = 0; k < LEN(pieces); k++)
            ROW_ASSERT(textf("%s: %s", rows[i].name, pieces[k]), has(answer, pieces[k]));
        ROW_ASSERT(rows[i].name, has(answer, textf("action=\"%s\"", rows[i].path)));
        ROW_ASSERT(rows[i].name, count(answer, "aria-invalid") == 2);
    }
    ROW_ASSERT("nothing was changed", json_object_equal(shown(id), before));
    expect_page("nothing at all", post(experiences_path(main_course()), TEACHER, "commit=Save"), 400);
}

static void test_unpublishing_by_form(void)
{
    const struct talk talk = open_talk(STUDENT);
    const struct answer *answer =
        post(experience_path(talk.course, talk.experience), TEACHER,
             "_method=put&ai_experience[title]=Typed&ai_experience[workflow_state]=unpublished");

    expect_page("refused", answer, 400);
    ROW_ASSERT("beside the field", has(answer, "id=\"workflow_state-fault\">\n<p>Cannot unpublish if students have "
                                               "started conversations</p>"));
    ROW_ASSERT("kept", has(answer, " value=\"Typed\">") && has(answer, "<option value=\"unpublished\" selected>"));
}

static void test_who_may_send_a_form(void)
{
    const char *path = experience_path(main_course(), make_experience("published"));
    static const enum person others[] = {STUDENT, OBSERVER, STRANGER, FORMER_STUDENT};

    for (size_t i = 0; i < LEN(others); i++) {
        const char *row = login_of(others[i]);

        expect_page(row, post(experiences_path(main_course()), others[i], "title=t"), 403);
        expect_page(row, post(path, others[i], "_method=put&title=t"), 403);
        expect_page(row, post(path, others[i], "_method=delete"), 403);
    }
    const struct answer *anonymous =
        CALL("POST", path, NULL, .accept = BROWSER, .is_plain = true, .type = FORM, .body = "_method=put&title=t");

    expect_page("anonymous", anonymous, 401);
    ROW_ASSERT("anonymous", *header(anonymous, "WWW-Authenticate") && has(anonymous, "/login?return_to="));
}

/* ---- pages ---- */

static void test_anonymous_is_sent_to_sign_in(void)
{
    uint64_t id = make_experience("published");
    const struct {
        const char *path, *accept;
    } rows[] = {
        {new_path(), BROWSER},    {edit_path(id), BROWSER}, {list_page(main_course()), BROWSER},
        {page_path(id), BROWSER}, {page_path(id), NULL},    {page_path(999999999), BROWSER},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("GET", rows[i].path, NULL, .accept = rows[i].accept, .is_plain = true);

        expect_status(rows[i].path, answer, 302);
        ROW_ASSERT(rows[i].path, str_eq(header(answer, "Location"), textf("/login?return_to=%s", rows[i].path)));
        ROW_ASSERT(rows[i].path, CALL("HEAD", rows[i].path, NULL, .accept = rows[i].accept)->status == 302);
    }
    expect_page("a bad token", CALL("GET", page_path(id), "nothing", .accept = BROWSER, .is_plain = true), 401);
}

static void test_list_page(void)
{
    uint64_t course = make_course();
    const char *list = list_page(course);
    const struct answer *answer = browse(list, TEACHER);

    expect_page("empty", answer, 200);
    ROW_ASSERT("whose it is", has(answer, "<h1><bdi>"));
    ROW_ASSERT("a way to make one", has(answer, textf("href=\"%s/new\"", experiences_path(course))));
    ROW_ASSERT("empty, a student", has(browse(list, STUDENT), "Nothing has been published yet."));
    uint64_t first = make_experience_in(course, "published", "First <one>");

    make_experience_in(course, "unpublished", "Draft");
    open_talk_on(course, first, token_of(STUDENT));
    answer = browse(list, TEACHER);
    ROW_ASSERT("a link", has(answer, textf("<a href=\"%s/%lu\" dir=\"auto\">First &lt;one&gt;</a>", list, first)));
    ROW_ASSERT("states", has(answer, ">Published</span> · <span") && has(answer, ">0 of 2 students completed<") &&
                             has(answer, ">Not published</span>"));
    ROW_ASSERT("what may be done", has(answer, "value=\"published\">Publish<") && !has(answer, ">Unpublish<") &&
                                       has(answer, "Students have begun, so it stays published."));
    ROW_ASSERT("the ways on", has(answer, textf("href=\"%s/%lu/students\"", list, first)) &&
                                  has(answer, textf("href=\"%s/%lu/edit\"", list, first)) &&
                                  has(answer, textf("href=\"%s/new\"", list)));
    answer = browse(list, STUDENT);
    expect_page("a student", answer, 200);
    ROW_ASSERT("no drafts", !has(answer, "Draft") && !has(answer, "/new"));
    ROW_ASSERT("how far",
               has(answer, "In progress") && !has(answer, "students completed") && !has(answer, "<form class"));
}

static void test_pages_of_the_list(void)
{
    uint64_t course = make_course();
    const char *list = list_page(course);

    for (int i = 0; i < 5; i++)
        make_experience_in(course, "published", textf("E%d", i));
    const struct answer *answer = browse(textf("%s?per_page=2&page=2&workflow_state=published", list), TEACHER);

    expect_page("the middle", answer, 200);
    ROW_ASSERT("its rows", !has(answer, "E1<") && has(answer, "E2<") && has(answer, "E3<") && !has(answer, "E4<"));
    ROW_ASSERT("where it is", has(answer, "Page 2 of 3"));
    ROW_ASSERT("next", has(answer, "rel=\"next\" href=\"?page=3&amp;per_page=2&amp;workflow_state=published\""));
    ROW_ASSERT("previous", has(answer, "rel=\"prev\" href=\"?page=1&amp;per_page=2&amp;workflow_state=published\""));
    answer = browse(textf("%s?per_page=2&page=3", list), STUDENT);
    ROW_ASSERT("the last", has(answer, "rel=\"prev\"") && !has(answer, "rel=\"next\""));
    answer = browse(textf("%s?per_page=2&page=99", list), STUDENT);
    ROW_ASSERT("past the end", has(answer, "href=\"?page=3&amp;per_page=2\"") && has(answer, "nothing on this page"));
    ROW_ASSERT("all on one", !has(browse(list, STUDENT), "class=\"pager\""));
    ROW_ASSERT("any state", !has(browse(textf("%s?workflow_state=%%22%%3E%%3Cscript%%3E", list), TEACHER), "<li>"));
    expect_page("no page", browse(textf("%s?page=0", list), TEACHER), 404);
}

static void test_page_of_one(void)
{
    uint64_t id = make_experience("published"), draft = make_experience("unpublished");
    const struct answer *answer = browse(page_path(id), TEACHER);

    expect_page("a manager's", answer, 200);
    ROW_ASSERT("a manager's", has(answer, "Water boils.") && has(answer, "Ask.") && has(answer, "Published"));
    ROW_ASSERT("the way to its form", has(answer, textf("href=\"%s\"", edit_path(id))));
    ROW_ASSERT("the ways on", has(answer, textf("href=\"%s/students\"", page_path(id))) &&
                                  has(answer, textf("href=\"%s/edit\"", page_path(id))) &&
                                  has(answer, textf("href=\"%s?test\"", page_path(id))));
    answer = browse(textf("%s?test", page_path(id)), TEACHER);
    ROW_ASSERT("a test, as a student sees it", !has(answer, "Water boils.") && !has(answer, "/students") &&
                                                   has(answer, textf("href=\"%s\"", page_path(id))));
    answer = browse(page_path(id), STUDENT);
    expect_page("a student's", answer, 200);
    ROW_ASSERT("a student's", has(answer, "About it") && has(answer, "Not started"));
    ROW_ASSERT("not theirs", !has(answer, "Water boils.") && !has(answer, "Ask.") && !has(answer, "/edit"));
    expect_page("a draft", browse(page_path(draft), STUDENT), 403);
    expect_page("a manager's draft", browse(page_path(draft), TA), 200);
    expect_page("a stranger", browse(page_path(id), STRANGER), 403);
    expect_page("a stranger, the list", browse(list_page(main_course()), STRANGER), 403);
    expect_page("none", browse(page_path(999999999), STUDENT), 404);
    expect_page("no course", browse(list_page(999999999), TEACHER), 404);
    expect_page("no such path", browse(textf("%s/more", page_path(id)), TEACHER), 404);
    answer = post(page_path(id), TEACHER, "title=t");
    expect_page("another method", answer, 405);
    ROW_ASSERT("another method", header_list_has(header(answer, "Allow"), "GET"));
    expect_page("a program's", CALL("GET", page_path(id), token_of(TEACHER), .is_plain = true), 200);
}

/* By the form on its page, which works without scripts too. */
static void test_publishing_on_the_page(void)
{
    uint64_t id = make_experience("unpublished");
    const char *publish = "value=\"published\">Publish<", *unpublish = "value=\"unpublished\">Unpublish<";
    const char *started = "Students have begun, so it stays published.";
    const struct answer *answer = browse(page_path(id), TEACHER);

    ROW_ASSERT("a draft", has(answer, publish) && !has(answer, unpublish) && !has(answer, started));
    ROW_ASSERT("posts to update", has(answer, textf("action=\"%s\"", experience_path(main_course(), id))));
    answer = post(experience_path(main_course(), id), TEACHER, "_method=put&workflow_state=published");
    expect_status("published", answer, 303);
    ROW_ASSERT("its page", str_eq(header(answer, "Location"), page_path(id)));
    answer = browse(page_path(id), TEACHER);
    ROW_ASSERT("published", has(answer, unpublish) && !has(answer, publish) && !has(answer, started));
    open_talk_on(main_course(), id, token_of(STUDENT));
    answer = browse(page_path(id), TEACHER);
    ROW_ASSERT("begun", has(answer, started) && !has(answer, unpublish) && !has(answer, publish));
}

SUITE(forms, {"new, as JSON", test_new_as_json}, {"edit, as JSON", test_edit_as_json}, {"roles", test_roles},
      {"what is not there", test_what_is_not_there}, {"what Accept prefers", test_what_accept_prefers},
      {"constraints hold", test_constraints_hold}, {"required, and values", test_required_and_values},
      {"form of a new one", test_new_form}, {"values are escaped", test_edit_form_escapes},
      {"create by form", test_create_by_form}, {"update by form", test_update_by_form},
      {"delete by form", test_delete_by_form}, {"method of a form", test_method_of_a_form},
      {"faults keep what was typed", test_faults_keep_what_was_typed},
      {"unpublishing by form", test_unpublishing_by_form}, {"who may send a form", test_who_may_send_a_form},
      {"anonymous is sent to sign in", test_anonymous_is_sent_to_sign_in}, {"list", test_list_page},
      {"pages of the list", test_pages_of_the_list}, {"page of one", test_page_of_one},
      {"publishing on the page", test_publishing_on_the_page});
