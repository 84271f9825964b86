/* Conversations of the chat API as their owner reads, lists, names, rates, stops and deletes them. */
#include <stdio.h>

#include "harness.h"

#define CHAT   "/api/chat"
#define CAMEL  "application/json; keys=camel"
#define NOBODY "01HQ4V8JFBK9PZXQ8YJKMND8GA" /* a name that no conversation has */

/* ---- talking ---- */

static const char *new_id(void)
{
    char id[ULID_TEXT_BYTES];

    ulid_new(id);
    return textf("%s", id);
}

static char *chat_path(const char *id, const char *what)
{
    return textf(CHAT "/conversation/%s%s", id, what);
}

/* parent: JSON. */
static const char *say_body(const char *id, const char *parent, const char *text)
{
    return textf("{\"conversation_id\":\"%s\",\"message\":{\"role\":\"user\",\"content\":[{\"content_type\":\"text\","
                 "\"body\":\"%s\"}],\"parent_message_id\":%s}}",
                 id, text, parent);
}

static struct json_object *chat_say(enum person who, const char *id, const char *parent, const char *text)
{
    const struct answer *answer = CALL("POST", CHAT "/conversation", token_of(who), .body = say_body(id, parent, text));

    if (!expect_status("say", answer, 200))
        harness_die("cannot say anything: %s", answer->body);
    return answer->json;
}

/* A conversation with one turn. */
static const char *make_chat(enum person who)
{
    const char *id = new_id();

    chat_say(who, id, "null", "hi");
    return id;
}

static const struct answer *show(enum person who, const char *id)
{
    return CALL("GET", chat_path(id, ""), token_of(who));
}

static const struct answer *list(enum person who, const char *query)
{
    return CALL("GET", textf(CHAT "/conversations%s", query), token_of(who));
}

static void forget_all(enum person who)
{
    expect_body("delete all", CALL("DELETE", CHAT "/conversations", token_of(who)), 200, "null");
}

/* An error in the chat API's form; word: in what is told of it, NULL: anything. */
static void expect_error(const char *row, const struct answer *answer, long status, const char *code, const char *word)
{
    expect_status(row, answer, status);
    expect_json(row, answer->json, "/code", textf("\"%s\"", code));
    ROW_ASSERT(row, *text_at(answer->json, "/detail"));
    ROW_ASSERT(row, str_eq(text_at(answer->json, "/detail"), text_at(answer->json, "/errors/0")));
    ROW_ASSERT(textf("%s: %s", row, answer->body), !word || strstr(answer->body, word));
    expect_api_headers(row, answer);
}

static bool has_keys(struct json_object *json, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!json_object_object_get_ex(json, keys[i], NULL))
            return false;
    return (size_t)json_object_object_length(json) == n;
}

/* ---- one ---- */

static void test_show(void)
{
    static const char *const keys[] = {
        "id",         "title",           "create_time", "message_map",       "last_message_id",
        "bot_id",     "should_continue", "model",       "last_updated_time", "total_price",
        "token_count"};
    static const char *const message_keys[] = {"role",     "content",     "model",        "children",    "parent",
                                               "feedback", "used_chunks", "thinking_log", "create_time", "status"};
    const char *id = new_id();
    struct json_object *said = chat_say(STUDENT, id, "null", "What is \\\"it\\\"?");
    const char *reply = text_at(said, "/message_id"), *question = text_at(said, "/message/parent");
    const struct answer *answer = show(STUDENT, id);
    struct json_object *json = answer->json;

    expect_status("show", answer, 200);
    expect_api_headers("show", answer);
    ROW_ASSERT(answer->body, has_keys(json, keys, LEN(keys)));
    const struct expected want[] = {
        {"/id", textf("\"%s\"", id)},
        {"/title", "\"New conversation\""},
        {"/last_message_id", textf("\"%s\"", reply)},
        {"/should_continue", "false"},
        {"/message_map/system/role", "\"system\""},
        {"/message_map/system/content", "[{\"content_type\":\"text\",\"body\":\"\"}]"},
        {"/message_map/system/children", textf("[\"%s\"]", question)},
        {"/message_map/system/status", "\"complete\""},
        {textf("/message_map/%s/role", question), "\"user\""},
        {textf("/message_map/%s/content", question), "[{\"content_type\":\"text\",\"body\":\"What is \\\"it\\\"?\"}]"},
        {textf("/message_map/%s/parent", question), "\"system\""},
        {textf("/message_map/%s/children", question), textf("[\"%s\"]", reply)},
        {textf("/message_map/%s/status", question), "\"complete\""},
        {textf("/message_map/%s/role", reply), "\"bot\""},
        {textf("/message_map/%s/parent", reply), textf("\"%s\"", question)},
        {textf("/message_map/%s/children", reply), "[]"},
        {textf("/message_map/%s/status", reply), "\"complete\""},
    };
    expect_fields("show", json, want, LEN(want));
    ROW_ASSERT("three messages", json_object_object_length(json_at(json, "/message_map")) == 3);
    json_object_object_foreach(json_at(json, "/message_map"), name, message)
        ROW_ASSERT(name, has_keys(message, message_keys, LEN(message_keys)));
    ROW_ASSERT("the reply as it was answered",
               json_object_equal(json_at(CALL("GET", chat_path(id, "?html=true"), token_of(STUDENT))->json,
                                         textf("/message_map/%s", reply)),
                                 json_at(said, "/message")));
    ROW_ASSERT("its text", *text_at(json, textf("/message_map/%s/content/0/body", reply)));
    ROW_ASSERT("tokens", int_at(json, "/token_count/input") > 0 && int_at(json, "/token_count/output") > 0);
    ROW_ASSERT("a float", strstr(answer->body, "\"total_price\":0.") != NULL);
    ROW_ASSERT("seconds", json_object_is_type(json_at(json, "/create_time"), json_type_double));
}

/* Replies as HTML, for those who ask for it. */
static void test_html(void)
{
    const char *id = new_id();
    struct json_object *said = chat_say(STUDENT, id, "null", "[[text **so** \\\\(x_1\\\\) <b>]]");
    const char *question = text_at(said, "/message/parent"), *reply = text_at(said, "/message_id"),
               *at = textf("/message_map/%s/html", reply);
    static const char want[] = "\"<p><strong>so</strong> <span class=\\\"math\\\">x_1</span> &lt;b&gt;</p>\\n\"";
    const struct expected messages[] = {
        {at, want}, {textf("/message_map/%s/html", question), "null"}, {"/message_map/system/html", "null"}};

    expect_json("answered", said, "/message/html", want);
    expect_fields("read", CALL("GET", chat_path(id, "?html=true"), token_of(STUDENT))->json, messages, LEN(messages));
    expect_json("in the other form", CALL("GET", chat_path(id, "?html=true"), token_of(STUDENT), .accept = CAMEL)->json,
                textf("/messageMap/%s/html", reply), want);
    ROW_ASSERT("not asked for", !strstr(show(STUDENT, id)->body, "\"html\""));
    ROW_ASSERT("nor like this", !strstr(CALL("GET", chat_path(id, "?html=0"), token_of(STUDENT))->body, "\"html\""));
    expect_error("neither", CALL("GET", chat_path(id, "?html=yes+please"), token_of(STUDENT)), 400, "invalid_request",
                 "html");
    expect_error("nobody else's", CALL("GET", chat_path(id, "?html=true"), token_of(TEACHER)), 404, "not_found", NULL);
}

/* The other form changes keys, the model's role and times, and nothing else. */
static void test_camel(void)
{
    const char *id = make_chat(STUDENT);
    struct json_object *snake = show(STUDENT, id)->json,
                       *camel = CALL("GET", chat_path(id, ""), token_of(STUDENT), .accept = CAMEL)->json;
    const char *reply = text_at(snake, "/last_message_id");

    const struct expected want[] = {
        {"/id", textf("\"%s\"", id)},
        {"/lastMessageId", textf("\"%s\"", reply)},
        {"/shouldContinue", "false"},
        {textf("/messageMap/%s/role", reply), "\"assistant\""},
        {textf("/messageMap/%s/content/0/contentType", reply), "\"text\""},
        {"/messageMap/system/role", "\"system\""},
    };
    expect_fields("camel", camel, want, LEN(want));
    ROW_ASSERT("milliseconds", int_at(camel, "/createTime") > 1700000000000);
    double seconds = json_object_get_double(json_at(snake, "/create_time"));
    ROW_ASSERT("the same time", int_at(camel, "/createTime") == (int64_t)(seconds * 1000 + 0.5));
    ROW_ASSERT("no other keys", !json_at(camel, "/last_message_id") && !json_at(camel, "/create_time"));
    struct json_object *row =
        json_at(CALL("GET", CHAT "/conversations?limit=1", token_of(STUDENT), .accept = CAMEL)->json, "/0");
    ROW_ASSERT("a list too", int_at(row, "/createTime") > 1700000000000 && *text_at(row, "/lastMessageId"));
}

/* What is said anew stands beside what was said before, and nothing is lost. */
static void test_branches(void)
{
    const char *id = new_id();
    struct json_object *first = chat_say(STUDENT, id, "null", "one");
    const char *question = text_at(first, "/message/parent"), *reply = text_at(first, "/message_id");
    const char *below = text_at(chat_say(STUDENT, id, textf("\"%s\"", reply), "two"), "/message/parent");
    const char *beside = text_at(chat_say(STUDENT, id, textf("\"%s\"", reply), "three"), "/message/parent");
    struct json_object *last = chat_say(STUDENT, id, "\"system\"", "four");
    const char *root = text_at(last, "/message/parent");
    struct json_object *json = show(STUDENT, id)->json;
    const struct expected want[] = {
        {"/message_map/system/children", textf("[\"%s\",\"%s\"]", question, root)},
        {textf("/message_map/%s/children", reply), textf("[\"%s\",\"%s\"]", below, beside)},
        {textf("/message_map/%s/parent", beside), textf("\"%s\"", reply)},
        {"/last_message_id", textf("\"%s\"", text_at(last, "/message_id"))},
    };

    expect_fields("branches", json, want, LEN(want));
    ROW_ASSERT("nine", json_object_object_length(json_at(json, "/message_map")) == 9);
}

/* A message without a reply says why there is none. */
static void test_a_failed_turn(void)
{
    const char *id = new_id();

    expect_status(
        "failed",
        CALL("POST", CHAT "/conversation", token_of(STUDENT), .body = say_body(id, "null", "[[status 400]]hi")), 502);
    struct json_object *json = show(STUDENT, id)->json;
    const char *last = text_at(json, "/last_message_id");

    expect_json("failed", json, textf("/message_map/%s/status", last), "\"failed\"");
    expect_json("failed", json, textf("/message_map/%s/role", last), "\"user\"");
    expect_json("failed", json, "/title", "\"New conversation\"");
}

#define PNG "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

static const char *say_with_files(enum person who, const char *id)
{
    const struct answer *answer =
        CALL("POST", CHAT "/conversation", token_of(who),
             .body = textf(
                 "{\"conversation_id\":\"%s\",\"message\":{\"content\":[{\"content_type\":\"text\",\"body\":\"see\"},"
                 "{\"content_type\":\"image\",\"media_type\":\"image/png\",\"body\":\"" PNG "\"},"
                 "{\"content_type\":\"attachment\",\"file_name\":\"%s.txt\",\"body\":\"QSB0ZXh0Lgo=\"}]}}",
                 id, id));

    if (!expect_status("files", answer, 200))
        harness_die("cannot send files: %s", answer->body);
    return text_at(answer->json, "/message/parent");
}

static void test_files(void)
{
    const char *id = new_id(), *message = say_with_files(STUDENT, id);
    struct json_object *json = show(STUDENT, id)->json;
    const struct expected want[] = {
        {"/content/0/body", "\"see\""},
        {"/content/1/content_type", "\"image\""},
        {"/content/1/media_type", "\"image/png\""},
        {"/content/1/body", "\"" PNG "\""},
        {"/content/2/content_type", "\"attachment\""},
        {"/content/2/file_name", textf("\"%s.txt\"", id)},
        {"/content/2/body", "\"QSB0ZXh0Lgo=\""},
    };

    expect_fields("files", json_at(json, textf("/message_map/%s", message)), want, LEN(want));
}

/* ---- what is not the caller's ---- */

static const struct {
    const char *name, *method, *what, *body;
} operations[] = {
    {"show", "GET", "", NULL},
    {"name", "PATCH", "/title", "{\"new_title\":\"x\"}"},
    {"rate", "PUT", "/m/feedback", "{\"thumbs_up\":true}"},
    {"stop", "POST", "/stop", NULL},
    {"documents", "GET", "/related-documents", NULL},
    {"document", "GET", "/related-documents/m@1", NULL},
    {"delete", "DELETE", "", NULL},
};

static void test_not_there(void)
{
    const char *theirs = make_chat(OTHER_STUDENT), *lower = make_chat(STUDENT);
    char *upper = textf("%s", lower);

    for (char *c = upper; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    const char *const ids[] = {theirs, NOBODY, "x", upper, "%C3%A9", "a%00b", "'", "system", repeated("a", 65)};

    for (size_t i = 0; i < LEN(operations); i++)
        for (size_t k = 0; k < LEN(ids); k++) {
            const char *row = textf("%s %s", operations[i].name, ids[k]);
            const struct answer *answer = CALL(operations[i].method, chat_path(ids[k], operations[i].what),
                                               token_of(STUDENT), .body = operations[i].body);

            if (str_eq(ids[k], "a%00b") && answer->status == 400) /* nginx's own */
                continue;
            expect_error(row, answer, 404, "not_found", NULL);
        }
    for (size_t k = 0; k < LEN(ids); k++)
        if (!str_eq(ids[k], "a%00b") && !str_eq(ids[k], "system")) /* nginx's own, and what is there but no reply */
            expect_error(textf("a message %s", ids[k]),
                         CALL("PUT", chat_path(lower, textf("/%s/feedback", ids[k])), token_of(STUDENT),
                              .body = "{\"thumbs_up\":true}"),
                         404, "not_found", NULL);
    expect_status("it is still there", show(OTHER_STUDENT, theirs), 200);
    expect_error("an administrator", show(ADMIN, theirs), 404, "not_found", NULL);
}

/* A client that sends its type with everything, and one that sends a form. */
static void test_types(void)
{
    const char *id = make_chat(STUDENT);

    expect_status("a type and no body",
                  CALL("GET", chat_path(id, ""), token_of(STUDENT), .headers = {"Content-Type: application/json"}),
                  200);
    expect_error("a form",
                 CALL("PATCH", chat_path(id, "/title"), token_of(STUDENT), .body = "new_title=x",
                      .type = "application/x-www-form-urlencoded"),
                 415, "unsupported_type", NULL);
    expect_error("no type",
                 CALL("PATCH", chat_path(id, "/title"), token_of(STUDENT), .body = "{\"new_title\":\"x\"}",
                      .type = "text/plain"),
                 415, "unsupported_type", NULL);
    expect_error("no JSON", CALL("PATCH", chat_path(id, "/title"), token_of(STUDENT), .body = "{\"new_title\":"), 400,
                 "invalid_request", NULL);
    expect_error("an array", CALL("PATCH", chat_path(id, "/title"), token_of(STUDENT), .body = "[]"), 400,
                 "invalid_request", NULL);
    expect_error("a method", CALL("PUT", chat_path(id, ""), token_of(STUDENT), .body = "{}"), 405, "method_not_allowed",
                 NULL);
}

/* ---- all ---- */

static void test_list(void)
{
    static const char *const keys[] = {
        "id", "title", "create_time", "model", "bot_id", "last_updated_time", "last_message_id"};
    const char *ids[5];

    forget_all(OTHER_STUDENT);
    expect_body("none", list(OTHER_STUDENT, ""), 200, "[]");
    for (size_t i = 0; i < LEN(ids); i++)
        ids[i] = make_chat(OTHER_STUDENT);
    const struct answer *all = list(OTHER_STUDENT, "");

    expect_status("all", all, 200);
    ROW_ASSERT("no page is behind it", !*header(all, "Link"));
    ROW_ASSERT("five", count_at(all->json, "") == LEN(ids));
    for (size_t i = 0; i < LEN(ids); i++)
        expect_json("newest first", all->json, textf("/%zu/id", i), textf("\"%s\"", ids[LEN(ids) - 1 - i]));
    ROW_ASSERT(all->body, has_keys(json_at(all->json, "/0"), keys, LEN(keys)));
    struct json_object *shown = show(OTHER_STUDENT, ids[4])->json;

    for (size_t i = 0; i < LEN(keys); i++)
        ROW_ASSERT(keys[i], json_object_equal(json_at(all->json, textf("/0/%s", keys[i])),
                                              json_at(shown, textf("/%s", keys[i]))));
    chat_say(OTHER_STUDENT, ids[0], "null", "more"); /* the order is that of their beginning */
    expect_json("still the last", list(OTHER_STUDENT, "")->json, "/4/id", textf("\"%s\"", ids[0]));
}

/* The path and query of a link; NULL: there is none. */
static const char *next_of(const struct answer *answer)
{
    const char *link = header(answer, "Link"), *path = strstr(link, CHAT);

    if (!*link)
        return NULL;
    ROW_ASSERT(link, str_starts(link, "<https://") && strstr(link, ">; rel=\"next\"") && path);
    return path ? textf("%.*s", (int)strcspn(path, ">"), path) : NULL;
}

static void test_pages(void)
{
    enum { N = 5 };
    const char *ids[N];
    size_t n = 0;

    forget_all(OTHER_STUDENT);
    for (size_t i = 0; i < N; i++)
        ids[i] = make_chat(OTHER_STUDENT);
    if (!database_try(textf("UPDATE chat SET created_at = '2024-01-01' WHERE user_id = %lu", id_of(OTHER_STUDENT))))
        harness_die("cannot make them as old as each other");
    for (const char *path = CHAT "/conversations?limit=2"; path; n += 2) {
        const struct answer *page = CALL("GET", path, token_of(OTHER_STUDENT));

        expect_status(path, page, 200);
        ROW_ASSERT(path, count_at(page->json, "") == (n < 4 ? 2 : 1));
        for (size_t i = 0; i < count_at(page->json, ""); i++)
            expect_json(path, page->json, textf("/%zu/id", i), textf("\"%s\"", ids[N - 1 - n - i]));
        path = next_of(page);
    }
    ROW_ASSERT("three pages", n == 6);
    ROW_ASSERT("a page that is full and the last", !*header(list(OTHER_STUDENT, "?limit=5"), "Link"));
    static const char *const wrong[] = {"limit=0",    "limit=1001", "limit=x",      "limit=-1",
                                        "limit=",     "cursor=x",   "cursor=1-",    "cursor=-1",
                                        "cursor=1-0", "cursor=",    "cursor=1-2-3", "cursor=99999999999999999999-1",
                                        "cursor[]=1", "limit[]=1"};
    for (size_t i = 0; i < LEN(wrong); i++)
        expect_error(wrong[i], list(OTHER_STUDENT, textf("?%s", wrong[i])), 400, "invalid_request",
                     str_starts(wrong[i], "limit") ? "limit" : "cursor");
    expect_error("both", list(OTHER_STUDENT, "?limit=0&cursor=x"), 400, "invalid_request", "cursor");
}

/* ---- the title ---- */

static void test_title(void)
{
    static const struct {
        const char *body, *want; /* NULL: it is refused */
    } rows[] = {
        {"{\"new_title\":\"Photosynthesis\"}", "\"Photosynthesis\""},
        {"{\"newTitle\":\" \\u2003\\u00e9\\ud83d\\ude00 \"}", "\"\\u00e9\\ud83d\\ude00\""},
        {"{\"new_title\":\"a\\nb\\tc\\u0000d\\u007fe\\u0085f\"}", "\"a b c d e f\""},
        {"{\"new_title\":\"\\u0001a\\u0001\"}", "\"a\""},
        {"{\"new_title\":\"<b>&\\\"%_'\"}", "\"<b>&\\\"%_'\""},
        {"{\"new_title\":\"x\",\"unknown\":[1,{}]}", "\"x\""},
        {"{}", NULL},
        {"{\"new_title\":null}", NULL},
        {"{\"new_title\":\"\"}", NULL},
        {"{\"new_title\":\" \\n\\u0000 \"}", NULL},
        {"{\"new_title\":7}", NULL},
        {"{\"new_title\":[\"x\"]}", NULL},
        {"{\"new_title\":true}", NULL},
    };
    const char *id = make_chat(STUDENT), *before = "\"New conversation\"";

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("PATCH", chat_path(id, "/title"), token_of(STUDENT), .body = rows[i].body);

        if (rows[i].want)
            expect_body(rows[i].body, answer, 200, "null");
        else
            expect_error(rows[i].body, answer, 400, "invalid_request", "new_title");
        before = rows[i].want ? rows[i].want : before;
        expect_json(rows[i].body, show(STUDENT, id)->json, "/title", before);
    }
    for (size_t n = 255; n <= 256; n++)
        expect_status("bounds",
                      CALL("PATCH", chat_path(id, "/title"), token_of(STUDENT),
                           .body = textf("{\"new_title\":\"%s\"}", repeated("\xc3\xa9", n))),
                      n == 255 ? 200 : 400);
    expect_json("a list shows it", list(STUDENT, "?limit=1")->json, "/0/title",
                textf("\"%s\"", repeated("\xc3\xa9", 255)));
}

/* ---- feedback ---- */

static void test_feedback(void)
{
    static const struct {
        const char *body, *want; /* NULL: it is refused, and the word is what it is about */
        const char *word;
    } rows[] = {
        {"{\"thumbs_up\":true}", "{\"thumbs_up\":true,\"category\":\"\",\"comment\":\"\"}", NULL},
        {"{\"thumbs_up\":false,\"category\":\"notCreative\",\"comment\":\"No\\n\\ud83d\\ude00\"}",
         "{\"thumbs_up\":false,\"category\":\"notCreative\",\"comment\":\"No\\n\\ud83d\\ude00\"}", NULL},
        {"{\"thumbs_up\":true,\"category\":null,\"comment\":null}",
         "{\"thumbs_up\":true,\"category\":\"\",\"comment\":\"\"}", NULL},
        {"{\"thumbs_up\":true,\"category\":\"  \"}", "{\"thumbs_up\":true,\"category\":\"  \",\"comment\":\"\"}", NULL},
        {"{\"thumbs_up\":false}", NULL, "category"},
        {"{\"thumbs_up\":false,\"category\":null}", NULL, "category"},
        {"{\"thumbs_up\":false,\"category\":\" \\u2003\"}", NULL, "category"},
        {"{\"thumbs_up\":\"true\"}", NULL, "thumbs_up"},
        {"{\"thumbs_up\":1}", NULL, "thumbs_up"},
        {"{\"thumbs_up\":null}", NULL, "thumbs_up"},
        {"{}", NULL, "thumbs_up"},
        {"{\"thumbs_up\":true,\"category\":7}", NULL, "category"},
        {"{\"thumbs_up\":true,\"comment\":{}}", NULL, "comment"},
        {"{\"thumbs_up\":true,\"comment\":\"a\\u0000b\"}", NULL, "comment"},
    };
    const char *id = make_chat(STUDENT), *before = "null";
    struct json_object *shown = show(STUDENT, id)->json;
    const char *reply = text_at(shown, "/last_message_id"),
               *question = text_at(shown, textf("/message_map/%s/parent", reply)),
               *path = chat_path(id, textf("/%s/feedback", reply));

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("PUT", path, token_of(STUDENT), .body = rows[i].body);

        if (rows[i].want)
            expect_body(rows[i].body, answer, 200, rows[i].want);
        else
            expect_error(rows[i].body, answer, 400, "invalid_request", rows[i].word);
        before = rows[i].want ? rows[i].want : before;
        expect_json(rows[i].body, show(STUDENT, id)->json, textf("/message_map/%s/feedback", reply), before);
    }
    expect_json("camel", CALL("PUT", path, token_of(STUDENT), .body = "{\"thumbsUp\":true}")->json, "/thumbsUp",
                "true");
    for (size_t n = 100; n <= 101; n++)
        expect_status("category",
                      CALL("PUT", path, token_of(STUDENT),
                           .body = textf("{\"thumbs_up\":true,\"category\":\"%s\"}", repeated("\xc3\xa9", n))),
                      n == 100 ? 200 : 400);
    for (size_t n = 2000; n <= 2001; n++)
        expect_status("comment",
                      CALL("PUT", path, token_of(STUDENT),
                           .body = textf("{\"thumbs_up\":true,\"comment\":\"%s\"}", repeated("\xc3\xa9", n))),
                      n == 2000 ? 200 : 400);
    static const struct {
        const char *message;
        long status;
        const char *code;
    } others[] = {{NULL, 400, "not_a_reply"},
                  {"system", 400, "not_a_reply"},
                  {"instruction", 404, "not_found"},
                  {NOBODY, 404, "not_found"}};

    for (size_t i = 0; i < LEN(others); i++)
        expect_error(others[i].code,
                     CALL("PUT", chat_path(id, textf("/%s/feedback", others[i].message ? others[i].message : question)),
                          token_of(STUDENT), .body = "{\"thumbs_up\":true}"),
                     others[i].status, others[i].code, NULL);
}

/* ---- stopping ---- */

static const char LONG[] = "[[words 4000]][[gap 20]]tell me"; /* some 50 s */

static struct transfer *begin_long(enum person who, const char *id)
{
    struct transfer *transfer = START("POST", CHAT "/conversation", token_of(who), .body = say_body(id, "null", LONG),
                                      .accept = "text/event-stream");

    CU_ASSERT_TRUE_FATAL(call_wait_event(transfer, "STREAMING", 5, PATIENCE_MS));
    return transfer;
}

static void test_stop(void)
{
    const char *id = new_id();
    struct transfer *transfer = begin_long(STUDENT, id);
    struct json_object *running = show(STUDENT, id)->json;

    expect_json("pending", running, textf("/message_map/%s/status", text_at(running, "/last_message_id")),
                "\"pending\"");
    expect_body("stop", CALL("POST", chat_path(id, "/stop"), token_of(STUDENT)), 200, "null");
    const struct answer *stream = call_finish(transfer);
    struct json_object *end = event_at(stream, "STREAMING_END"), *shown = show(STUDENT, id)->json;
    const char *reply = text_at(shown, "/last_message_id");

    expect_json("stopped", end, "/stop_reason", "\"stopped\"");
    expect_json("a reply", shown, textf("/message_map/%s/role", reply), "\"bot\"");
    ROW_ASSERT("a part of it", strlen(text_at(shown, textf("/message_map/%s/content/0/body", reply))) < 19000);
    expect_body("nothing runs", CALL("POST", chat_path(id, "/stop"), token_of(STUDENT)), 200, "null");
}

/* ---- deleting ---- */

static void test_delete(void)
{
    const char *id = new_id();

    say_with_files(STUDENT, id);
    uint64_t words = database_number(textf("SELECT COUNT(*) FROM chat_word WHERE user_id = %lu", id_of(STUDENT)));
    expect_body("delete", CALL("DELETE", chat_path(id, ""), token_of(STUDENT)), 200, "null");
    expect_error("gone", show(STUDENT, id), 404, "not_found", NULL);
    expect_error("gone already", CALL("DELETE", chat_path(id, ""), token_of(STUDENT)), 404, "not_found", NULL);
    ROW_ASSERT("its words are gone",
               database_number(textf("SELECT COUNT(*) FROM chat_word WHERE user_id = %lu", id_of(STUDENT))) < words);
    ROW_ASSERT("nothing is left", database_number(textf("SELECT COUNT(*) FROM chat WHERE name = '%s'", id)) == 0);
    chat_say(STUDENT, id, "null", "again"); /* the name is free */
    ROW_ASSERT("anew", json_object_object_length(json_at(show(STUDENT, id)->json, "/message_map")) == 3);
    expect_error("below what is gone",
                 CALL("POST", CHAT "/conversation", token_of(STUDENT), .body = say_body(NOBODY, "\"x\"", "hi")), 404,
                 "not_found", NULL);
}

static const struct answer *bulk(enum person who, const char *ids)
{
    return CALL("POST", CHAT "/conversations/bulk-delete", token_of(who),
                .body = textf("{\"conversation_ids\":%s}", ids));
}

/* A file goes with the last conversation that has it. */
static void test_files_of_two(void)
{
    static const char file[] = "SELECT COUNT(*) FROM file WHERE hash = UNHEX(SHA2('A text.\\n', 256))";
    const char *one = new_id(), *two = new_id();

    forget_all(STUDENT);
    forget_all(OTHER_STUDENT);
    ROW_ASSERT("nobody has it", database_number(file) == 0);
    say_with_files(STUDENT, one);
    const char *message = say_with_files(OTHER_STUDENT, two);
    ROW_ASSERT("both have it", database_number(file) == 1);
    expect_status("delete", CALL("DELETE", chat_path(one, ""), token_of(STUDENT)), 200);
    expect_json("the other one has it still", show(OTHER_STUDENT, two)->json,
                textf("/message_map/%s/content/2/body", message), "\"QSB0ZXh0Lgo=\"");
    expect_body("delete", bulk(OTHER_STUDENT, textf("[\"%s\"]", two)), 200, "{\"deleted_count\":1,\"failed_ids\":[]}");
    ROW_ASSERT("nobody has it any more", database_number(file) == 0);
}

static void test_delete_all(void)
{
    const char *mine = make_chat(STUDENT), *theirs = make_chat(OTHER_STUDENT);
    struct talk talk = open_talk(OTHER_STUDENT);

    forget_all(OTHER_STUDENT);
    expect_error("gone", show(OTHER_STUDENT, theirs), 404, "not_found", NULL);
    expect_body("none", list(OTHER_STUDENT, ""), 200, "[]");
    expect_status("another's", show(STUDENT, mine), 200);
    ROW_ASSERT("what is said in a course stays", count_at(read_talk(&talk), "/messages") == 2);
    forget_all(OTHER_STUDENT); /* there is none */
}

static void test_bulk(void)
{
    const char *one = make_chat(STUDENT), *two = make_chat(STUDENT), *kept = make_chat(STUDENT),
               *theirs = make_chat(OTHER_STUDENT);
    const char *ids =
        textf("[\"%s\",\"nobody\",\"%s\",\"%s\",\"a,b\",\"\",\"%s\",\"%s\",\"nobody\",\"\\u0000\",\"\\u00e9\"]", one,
              theirs, two, one, two);

    expect_body(
        "some", bulk(STUDENT, ids), 200,
        textf("{\"deleted_count\":2,\"failed_ids\":[\"nobody\",\"%s\",\"a,b\",\"\",\"\\u0000\",\"\\u00e9\"]}", theirs));
    expect_error("one", show(STUDENT, one), 404, "not_found", NULL);
    expect_error("two", show(STUDENT, two), 404, "not_found", NULL);
    expect_status("kept", show(STUDENT, kept), 200);
    expect_status("theirs", show(OTHER_STUDENT, theirs), 200);
    static const char *const wrong[] = {"[]", "null", "\"x\"", "{}", "[\"KEPT\",7]", "[\"KEPT\",null]", "[[\"KEPT\"]]"};

    for (size_t i = 0; i < LEN(wrong); i++) {
        const char *at = strstr(wrong[i], "KEPT");

        expect_error(wrong[i],
                     bulk(STUDENT, at ? textf("%.*s%s%s", (int)(at - wrong[i]), wrong[i], kept, at + 4) : wrong[i]),
                     400, "invalid_request", "conversation_ids");
    }
    for (size_t n = 100; n <= 101; n++) {
        const char *many = repeated(textf("\"%s\",", kept), n); /* counted as sent */

        expect_status("many", bulk(STUDENT, textf("[%.*s]", (int)strlen(many) - 1, many)), n == 100 ? 200 : 400);
        if (n == 100)
            kept = make_chat(STUDENT);
    }
    expect_status("nothing was deleted", show(STUDENT, kept), 200);
    const struct answer *camel = CALL("POST", CHAT "/conversations/bulk-delete", token_of(STUDENT),
                                      .body = textf("{\"conversationIds\":[\"%s\"]}", kept));

    expect_body("camel", camel, 200, "{\"deletedCount\":1,\"failedIds\":[]}");
}

/* A reply that is still being written has nowhere to be: its conversation stays gone, and whoever waits is told. */
static void test_delete_what_runs(void)
{
    const char *id = new_id();
    struct transfer *transfer = begin_long(STUDENT, id);

    expect_body("delete", CALL("DELETE", chat_path(id, ""), token_of(STUDENT)), 200, "null");
    const struct answer *stream = call_finish_hurried(transfer);

    ROW_ASSERT("an error ends it", count_events(stream, "ERROR") == 1 && !count_events(stream, "STREAMING_END"));
    expect_error("gone", show(STUDENT, id), 404, "not_found", NULL);
    ROW_ASSERT("nothing is left", database_number(textf("SELECT COUNT(*) FROM chat WHERE name = '%s'", id)) == 0);
    chat_say(STUDENT, id, "null", "hi");
    expect_status("anew", show(STUDENT, id), 200);
}

/* ---- related documents ---- */

/* As a turn with documents leaves them: two passages of a document that is gone. */
static const char *make_related(const char *id, bool is_hidden)
{
    const char *reply = text_at(show(STUDENT, id)->json, "/last_message_id");
    const char *where = textf("FROM chat_message m JOIN chat c ON c.conversation_id = m.conversation_id"
                              " WHERE c.name = '%s' AND m.name = '%s'",
                              id, reply);

    for (int i = 2; i >= 1; i--)
        if (!database_try(textf(
                "INSERT INTO related_document SELECT m.conversation_id, m.seq, %d, 4000000000, 'a.pdf', 'pdf', %d,"
                " 'passage %d', 'excerpt', 0.5, '2020-01-02' %s",
                i, i + 6, i, where)))
            harness_die("cannot give passages");
    if (!database_try(
            textf("UPDATE chat_message m JOIN chat c ON c.conversation_id = m.conversation_id SET m.hides_chunks = %d,"
                  " m.thinking_log = '[]' WHERE c.name = '%s' AND m.name = '%s'",
                  is_hidden, id, reply)))
        harness_die("cannot note a search");
    return reply;
}

static void test_related(void)
{
    const char *id = make_chat(STUDENT);
    const char *path = chat_path(id, "/related-documents");

    expect_body("none", CALL("GET", path, token_of(STUDENT)), 200, "[]");
    const char *reply = make_related(id, false);
    const char *one = textf("{\"content\":{\"text\":\"passage 1\"},\"source_id\":\"%s@1\",\"source_name\":\"a.pdf\","
                            "\"source_link\":null,\"page_number\":7,\"citation_number\":1,\"excerpt\":\"excerpt\","
                            "\"relevance_score\":0.5,\"last_updated\":\"2020-01-02\",\"quality_score\":0.4}",
                            reply);
    const struct answer *all = CALL("GET", path, token_of(STUDENT));

    ROW_ASSERT("two", count_at(all->json, "") == 2);
    expect_json("by number", all->json, "/0", one);
    expect_json("by number", all->json, "/1/source_id", textf("\"%s@2\"", reply));
    expect_body("one", CALL("GET", textf("%s/%s@1", path, reply), token_of(STUDENT)), 200, one);
    expect_body("one, encoded", CALL("GET", textf("%s/%s%%401", path, reply), token_of(STUDENT)), 200, one);
    const char *const unknown[] = {textf("%s@3", reply),   textf("%s@0", reply),
                                   textf("%s@01", reply),  reply,
                                   textf("%s@", reply),    "@1",
                                   textf("%s@1@1", reply), "x@1"};

    for (size_t i = 0; i < LEN(unknown); i++)
        expect_error(unknown[i], CALL("GET", textf("%s/%s", path, unknown[i]), token_of(STUDENT)), 404, "not_found",
                     NULL);
    expect_json("chunks", show(STUDENT, id)->json, textf("/message_map/%s/used_chunks", reply),
                "[{\"content\":\"passage 1\",\"content_type\":\"s3\",\"source\":\"a.pdf\",\"rank\":1},"
                "{\"content\":\"passage 2\",\"content_type\":\"s3\",\"source\":\"a.pdf\",\"rank\":2}]");
}

static void test_hidden(void)
{
    const char *id = make_chat(STUDENT), *reply = make_related(id, true);

    expect_body("none", CALL("GET", chat_path(id, "/related-documents"), token_of(STUDENT)), 200, "[]");
    expect_error("one", CALL("GET", chat_path(id, textf("/related-documents/%s@1", reply)), token_of(STUDENT)), 404,
                 "not_found", NULL);
    struct json_object *shown = show(STUDENT, id)->json;

    ROW_ASSERT("no chunks", !json_at(shown, textf("/message_map/%s/used_chunks", reply)));
    ROW_ASSERT("no log", !json_at(shown, textf("/message_map/%s/thinking_log", reply)));
}

/* ---- models ---- */

static void test_config(void)
{
    static const char *const keys[] = {"global_available_models", "default_model", "logo_path", "models"};
    const struct answer *answer = CALL("GET", CHAT "/config/global", token_of(STUDENT));
    struct json_object *json = answer->json;
    const char *standard = text_at(json, "/default_model");

    expect_status("models", answer, 200);
    ROW_ASSERT(answer->body, has_keys(json, keys, LEN(keys)));
    const struct expected want[] = {
        {"/global_available_models/0", textf("\"%s\"", standard)},
        {"/logo_path", "\"\""},
        {"/models/0/model_id", textf("\"%s\"", standard)},
        {"/models/0/label", textf("\"%s\"", standard)},
        {"/models/0/support_reasoning", "false"},
    };

    expect_fields("models", json, want, LEN(want));
    ROW_ASSERT("one each", count_at(json, "/models") == count_at(json, "/global_available_models"));
    struct json_object *camel = CALL("GET", CHAT "/config/global", token_of(STUDENT), .accept = CAMEL)->json;

    ROW_ASSERT("camel",
               str_eq(text_at(camel, "/models/0/modelId"), standard) && count_at(camel, "/globalAvailableModels") > 0);
    expect_json("what a conversation says", show(STUDENT, make_chat(STUDENT))->json, "/model",
                textf("\"%s\"", standard));
}

SUITE(chat_reads, {"show", test_show}, {"html", test_html}, {"camel", test_camel}, {"branches", test_branches},
      {"a failed turn", test_a_failed_turn}, {"files", test_files}, {"not there", test_not_there},
      {"types", test_types}, {"list", test_list}, {"pages", test_pages}, {"title", test_title},
      {"feedback", test_feedback}, {"stop", test_stop}, {"delete", test_delete}, {"files of two", test_files_of_two},
      {"delete all", test_delete_all}, {"bulk", test_bulk}, {"delete what runs", test_delete_what_runs},
      {"related", test_related}, {"hidden", test_hidden}, {"config", test_config});
