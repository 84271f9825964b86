/* Conversations: opened, talked in as JSON and as a stream, and ended. */
#include <stdio.h>
#include <time.h>

#include "harness.h"

#define NO_RESOURCE "{\"error\":\"Resource Not Found\",\"errors\":[{\"message\":\"Resource Not Found\"}]}"
#define PROGRESS                                                                                                       \
    "{\"current\":0,\"total\":2,\"percentage\":0,\"objectives\":[{\"objective\":\"Name it\",\"status\":\"\","          \
    "\"met_at_turn\":null},{\"objective\":\"Explain it\",\"status\":\"\",\"met_at_turn\":null}]}"

static bool is_uuid(const char *text)
{
    char lower[UUID_TEXT_BYTES];

    return uuid_parse(text, strlen(text), lower) && str_eq(text, lower);
}

/* A message as the contract has it, with this text. */
static void expect_message(const char *row, struct json_object *message, bool is_assistant, const char *text,
                           const char *status, bool is_initial)
{
    ROW_ASSERT(row, is_uuid(text_at(message, "/id")));
    ROW_ASSERT(row, strlen(text_at(message, "/created_at")) == 20);
    ROW_ASSERT(row, str_eq(text_at(message, "/role"), is_assistant ? "Assistant" : "User"));
    if (text)
        ROW_ASSERT(row, str_eq(text_at(message, "/text"), text));
    ROW_ASSERT(row, str_eq(text_at(message, "/status"), status));
    expect_json(row, message, "/initial", is_initial ? "true" : "false");
    expect_json(row, message, "/feedback", "[]");
    ROW_ASSERT(row, json_object_object_get_ex(message, "html", NULL) == is_assistant);
    ROW_ASSERT(row, json_object_object_get_ex(message, "citations", NULL) == is_assistant);
    if (is_assistant)
        expect_json(row, message, "/citations", "[]");
}

static struct json_object *message_of(struct json_object *conversation, size_t i)
{
    return json_at(conversation, textf("/messages/%zu", i));
}

/* ---- opening ---- */

static void expect_opened(const char *row, struct json_object *conversation)
{
    ROW_ASSERT(row, int_at(conversation, "/id") > 0);
    ROW_ASSERT(row, count_at(conversation, "/messages") == 2);
    expect_message(row, message_of(conversation, 0), false, "Hello", "complete", true);
    expect_message(row, message_of(conversation, 1), true, "You said: Hello", "complete", false);
    expect_json(row, conversation, "/progress", PROGRESS);
}

static void test_open(void)
{
    uint64_t experience = make_experience("published");
    const char *path = textf("%s/conversations", experience_path(main_course(), experience));
    static const struct expected added[] = {{"/workflow_state", "\"active\""}, {"/all_objectives_met", "false"}};

    expect_body("before", CALL("GET", path, token_of(STUDENT)), 200, "{}");
    const struct answer *opened = CALL("POST", path, token_of(STUDENT));
    expect_status("open", opened, 201);
    expect_opened("open", opened->json);
    const struct answer *active = CALL("GET", path, token_of(STUDENT));
    expect_status("active", active, 200);
    expect_opened("active", active->json);
    expect_fields("active", active->json, added, LEN(added));
    ROW_ASSERT("times", strlen(text_at(active->json, "/created_at")) == 20 &&
                            strlen(text_at(active->json, "/updated_at")) == 20);
    ROW_ASSERT("the same messages",
               json_object_equal(json_at(active->json, "/messages"), json_at(opened->json, "/messages")));
    expect_body("another's", CALL("GET", path, token_of(OTHER_STUDENT)), 200, "{}");
}

static void test_open_takes_no_parameters(void)
{
    static const struct {
        const char *name, *type, *body;
    } rows[] = {{"JSON", NULL, "{\"id\":5,\"workflow_state\":\"completed\"}"},
                {"broken JSON", NULL, "{\"id\":"},
                {"text", "text/plain", "hi"}};
    uint64_t experience = make_experience("published");
    const char *path = textf("%s/conversations", experience_path(main_course(), experience));

    for (size_t i = 0; i < LEN(rows); i++)
        expect_status(rows[i].name, CALL("POST", path, token_of(STUDENT), .type = rows[i].type, .body = rows[i].body),
                      201);
}

static void test_second_open_completes_the_first(void)
{
    const struct talk first = open_talk(STUDENT);
    const struct talk others = open_talk_on(first.course, first.experience, token_of(OTHER_STUDENT));
    const struct talk second = open_talk_on(first.course, first.experience, token_of(STUDENT));

    ROW_ASSERT("another conversation", first.id != second.id);
    ROW_ASSERT("the second is active", json_get_u64(read_talk(&second), "id") == second.id);
    expect_body("the first is closed", say(&first, "hi"), 404, NO_RESOURCE);
    ROW_ASSERT(
        "the first is completed",
        database_number(
            textf("SELECT COUNT(*) FROM conversation WHERE id = %lu AND workflow_state = 'completed'", first.id)) == 1);
    expect_status("the other student's goes on", say(&others, "hi"), 200);
}

static void test_opening_at_once(void)
{
    enum { N = 8 };
    uint64_t experience = make_experience("published");
    const char *path = textf("%s/conversations", experience_path(main_course(), experience));
    struct transfer *opens[N];
    size_t n_opened = 0;

    for (size_t i = 0; i < N; i++)
        opens[i] = START("POST", path, token_of(STUDENT));
    for (size_t i = 0; i < N; i++)
        n_opened += call_finish(opens[i])->status == 201;
    ROW_ASSERT("all were opened", n_opened == N);
    ROW_ASSERT("one is active",
               database_number(
                   textf("SELECT COUNT(*) FROM conversation WHERE ai_experience_id = %lu AND workflow_state = 'active'",
                         experience)) == 1);
    ROW_ASSERT("the others are completed",
               database_number(textf(
                   "SELECT COUNT(*) FROM conversation WHERE ai_experience_id = %lu AND workflow_state = 'completed'",
                   experience)) == N - 1);
    ROW_ASSERT("it is shown", count_at(CALL("GET", path, token_of(STUDENT))->json, "/messages") == 2);
}

/* ---- talking ---- */

static time_t seconds_of(const char *time)
{
    struct tm tm = {0};

    return strptime(time, "%Y-%m-%dT%H:%M:%SZ", &tm) ? timegm(&tm) : 0;
}

static void test_say(void)
{
    const struct talk talk = open_talk(STUDENT);
    const struct answer *answer = say(&talk, "Water boils at 100 degrees.");

    expect_status("say", answer, 200);
    expect_api_headers("say", answer);
    ROW_ASSERT("id", json_get_u64(answer->json, "id") == talk.id);
    expect_json("progress", answer->json, "/progress", PROGRESS);
    expect_json("all met", answer->json, "/all_objectives_met", "false");
    ROW_ASSERT("all messages", count_at(answer->json, "/messages") == 4);
    expect_message("user", message_of(answer->json, 2), false, "Water boils at 100 degrees.", "complete", false);
    expect_message("assistant", message_of(answer->json, 3), true, "You said: Water boils at 100 degrees.", "complete",
                   false);
    ROW_ASSERT("those before", json_object_equal(message_of(answer->json, 0), message_of(talk.opened, 0)) &&
                                   json_object_equal(message_of(answer->json, 1), message_of(talk.opened, 1)));
    ROW_ASSERT("read again",
               json_object_equal(json_at(read_talk(&talk), "/messages"), json_at(answer->json, "/messages")));
}

/* A reply is as late as it was, by the clock that its message has its time from. */
static void test_times(void)
{
    const struct talk talk = open_talk(STUDENT);
    time_t before = time(NULL);
    const struct answer *answer = say(&talk, "[[delay 2000]] hello");
    time_t after = time(NULL);
    const char *said = text_at(message_of(answer->json, 2), "/created_at");
    const char *replied = text_at(message_of(answer->json, 3), "/created_at");

    ROW_ASSERT(textf("said at %s", said), seconds_of(said) >= before && seconds_of(said) <= after);
    ROW_ASSERT(textf("answered at %s", replied),
               seconds_of(replied) >= seconds_of(said) + 1 && seconds_of(replied) <= after + 1);
}

static void test_say_in_other_forms(void)
{
    static const struct {
        const char *name, *type, *body;
    } rows[] = {
        {"a form", "application/x-www-form-urlencoded", "message=one+%26+two"},
        {"multipart", "multipart/form-data; boundary=X",
         "--X\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\none & two\r\n--X--\r\n"},
        {"more than is known", NULL,
         "{\"message\":\"one & two\",\"role\":\"Assistant\",\"user_id\":1,\"initial\":true}"},
    };
    const struct talk talk = open_talk(STUDENT);

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer =
            CALL("POST", talk.messages_path, talk.token, .type = rows[i].type, .body = rows[i].body);

        expect_status(rows[i].name, answer, 200);
        expect_message(rows[i].name, message_of(answer->json, 2 + 2 * i), false, "one & two", "complete", false);
        expect_message(rows[i].name, message_of(answer->json, 3 + 2 * i), true, "You said: one & two", "complete",
                       false);
    }
}

static void test_html_of_a_reply(void)
{
    static const struct {
        const char *name, *text, *has, *lacks;
    } rows[] = {
        // clang-format off
        {"strong",             "A **bold** claim",                          "<strong>bold</strong>", "**"},
        {"a list",             "- one\n- two",                              "<li>",                  NULL},
        {"code",               "`a < b`",                                   "<code>a &lt; b</code>", "a < b"},
        {"raw HTML",           "<script>alert(1)</script> <b>x</b>",        "&lt;script&gt;",        "<script"},
        {"an event",           "<img src=x onerror=alert(1)>",              "&lt;img",               "<img"},
        {"a script link",      "[a](javascript:alert(1))",                  "a",                     "href=\"javascript"},
        {"a hidden script",    "[a](JaVaScRiPt:alert(1)) [b](data:text/html,x)", "a",                "href="},
        {"a link",             "[a](https://example.org/x)",                "https://example.org/x", NULL},
        {"quotes in a link",   "[a](https://example.org/\"onclick=alert)",  "a",                     "\"onclick"},
        // clang-format on
    };
    const struct talk talk = open_talk(STUDENT);

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = say(&talk, textf("[[text %s]]", rows[i].text));
        struct json_object *reply = last_message(answer->json);

        ROW_ASSERT(rows[i].name, str_eq(text_at(reply, "/text"), rows[i].text));
        ROW_ASSERT(rows[i].name, strstr(text_at(reply, "/html"), rows[i].has) != NULL);
        ROW_ASSERT(rows[i].name, !rows[i].lacks || !strstr(text_at(reply, "/html"), rows[i].lacks));
    }
}

/* ---- streaming ---- */

/* The events in their order; gives the joined deltas. */
static const char *expect_stream(const char *row, const struct answer *answer)
{
    size_t i = 1, last = answer->n_events - 1;
    struct buf *text = buf_in_arena(test_arena(), 1 << 22);
    const char *id;

    if (!expect_status(row, answer, 200) || !text || answer->n_events < 3) {
        ROW_ASSERT(row, answer->n_events >= 3);
        return "";
    }
    ROW_ASSERT(row, str_eq(header(answer, "Content-Type"), "text/event-stream; charset=utf-8"));
    ROW_ASSERT(row, str_eq(header(answer, "Cache-Control"), "no-store"));
    ROW_ASSERT(row, str_eq(answer->events[0].name, "message.start"));
    id = text_at(answer->events[0].data, "/message/id");
    expect_json(row, answer->events[0].data, "/message", textf("{\"id\":\"%s\",\"role\":\"Assistant\"}", id));
    for (; i < answer->n_events && str_eq(answer->events[i].name, "message.delta"); i++) {
        ROW_ASSERT(row,
                   str_eq(text_at(answer->events[i].data, "/id"), id) && *text_at(answer->events[i].data, "/text"));
        buf_str(text, text_at(answer->events[i].data, "/text"));
    }
    ROW_ASSERT(row, i > 1);
    if (str_eq(answer->events[i].name, "progress"))
        expect_json(row, answer->events[i++].data, "", PROGRESS);
    ROW_ASSERT(row, i == last && str_eq(answer->events[last].name, "message.done"));
    ROW_ASSERT(row, str_eq(text_at(answer->events[last].data, "/message/id"), id));
    return text->data;
}

static void test_stream(void)
{
    const struct talk talk = open_talk(STUDENT);
    static const struct {
        const char *name, *message, *text;
    } rows[] = {
        // clang-format off
        {"an echo",           "tell me",                                              "You said: tell me"},
        {"a piece at a time", "[[chunk 1]][[text abc d\nef]]",                        "abc d\nef"},
        {"four-byte letters", "[[chunk 1]][[text a\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5z]]", "a\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5z"},
        {"byte by byte",      "[[bytewise]][[text \xe6\xb0\xb4 boils, \xc3\xa9]]",    "\xe6\xb0\xb4 boils, \xc3\xa9"},
        {"with line ends",    "[[text a\n\nb\r\ndata: x\n]]",                         "a\n\nb\r\ndata: x\n"},
        {"comments before",   "[[comments 50]][[text c]]",                            "c"},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = call_finish(say_start(&talk, rows[i].message, NULL, true));
        const char *joined = expect_stream(rows[i].name, answer);
        struct json_object *start = answer->events[0].data, *done = answer->events[answer->n_events - 1].data;

        ROW_ASSERT(rows[i].name, str_eq(joined, rows[i].text));
        ROW_ASSERT(rows[i].name, str_eq(header(answer, "X-Accel-Buffering"), "no"));
        ROW_ASSERT(rows[i].name,
                   json_get_u64(start, "conversation_id") == talk.id && json_get_u64(done, "id") == talk.id);
        expect_message(rows[i].name, json_at(start, "/user_message"), false, rows[i].message, "pending", false);
        expect_message(rows[i].name, json_at(done, "/message"), true, rows[i].text, "complete", false);
        expect_json(rows[i].name, done, "/progress", PROGRESS);
        expect_json(rows[i].name, done, "/all_objectives_met", "false");
        struct json_object *stored = read_talk(&talk);
        ROW_ASSERT(rows[i].name, json_object_equal(last_message(stored), json_at(done, "/message")));
        ROW_ASSERT(rows[i].name,
                   str_eq(text_at(message_of(stored, 2 + 2 * i), "/id"), text_at(start, "/user_message/id")));
    }
}

static void test_stream_comes_as_it_is_written(void)
{
    const struct talk talk = open_talk(STUDENT);
    const struct model_server model = main_model();
    const char *whole = repeated("abcdefgh", 15); /* 24 s of it */

    model_mode(&model, false, true);
    struct transfer *transfer = say_start(&talk, textf("[[gap 200]][[chunk 1]][[text %s]]", whole), NULL, true);

    ROW_ASSERT("start before the model says anything", call_wait_event(transfer, "message.start", 1, PATIENCE_MS));
    expect_json("no reply yet", last_message(read_talk(&talk)), "/status", "\"pending\"");
    model_mode(&model, false, false);
    ROW_ASSERT("a delta while the model still writes",
               call_wait_event(transfer, "message.delta", 1, PATIENCE_MS) && !call_is_done(transfer));
    ROW_ASSERT("another", call_wait_event(transfer, "message.delta", 3, PATIENCE_MS) && !call_is_done(transfer));
    ROW_ASSERT("nothing is stored by halves", count_at(read_talk(&talk), "/messages") == 3);
    ROW_ASSERT("the whole", str_eq(expect_stream("whole", call_finish_hurried(transfer)), whole));
}

static void test_accept_decides(void)
{
    static const struct {
        const char *accept;
        bool is_stream;
    } rows[] = {
        {NULL, false},
        {"*/*", false},
        {"application/json", false},
        {"text/event-stream", true},
        {"application/json, text/event-stream", true},
        {"text/event-stream;q=0", false},
    };
    const struct talk talk = open_talk(STUDENT);

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer =
            CALL("POST", talk.messages_path, talk.token, .body = message_body("hi"), .accept = rows[i].accept);

        ROW_ASSERT(rows[i].accept ? rows[i].accept : "none",
                   str_starts(header(answer, "Content-Type"), "text/event-stream") == rows[i].is_stream);
    }
}

static void test_ids_as_strings(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *id = textf("\"%lu\"", talk.id), *accept = "text/event-stream, application/json+canvas-string-ids";
    const struct answer *stream =
        CALL("POST", talk.messages_path, talk.token, .body = message_body("hi"), .accept = accept);

    expect_json("active", CALL("GET", talk.list_path, talk.token, .accept = "application/json+canvas-string-ids")->json,
                "/id", id);
    CU_ASSERT_FATAL(stream->n_events > 0);
    expect_json("start", stream->events[0].data, "/conversation_id", id);
    expect_json("done", stream->events[stream->n_events - 1].data, "/id", id);
}

/* ---- what the model is told ---- */

static struct json_object *asked(void)
{
    return json_of(text_at(model_stats(), "/last_body"));
}

static void test_what_the_model_is_told(void)
{
    const struct talk talk = open_talk(STUDENT);
    static const struct expected conversation[] = {
        {"/messages/0/role", "\"system\""},
        {"/messages/1", "{\"role\":\"user\",\"content\":\"Hello\"}"},
        {"/messages/2", "{\"role\":\"assistant\",\"content\":\"You said: Hello\"}"},
        {"/messages/3", "{\"role\":\"user\",\"content\":\" one \"}"},
        {"/messages/4", "null"},
        {"/model", "\"test\""}};
    static const char *const told[] = {"Water boils.", "Ask.", "Name it", "Explain it"};

    say(&talk, " one ");
    struct json_object *body = asked();
    expect_fields("asked", body, conversation, LEN(conversation));
    for (size_t i = 0; i < LEN(told); i++)
        ROW_ASSERT(told[i], strstr(text_at(body, "/messages/0/content"), told[i]) != NULL);
    expect_json("the key", model_stats(), "/last_authorization", "\"Bearer test-key\"");
}

static void test_edits_while_talking(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *path = experience_path(talk.course, talk.experience);

    CALL("PUT", path, token_of(TEACHER),
         .body = "{\"facts\":\"Ice melts.\",\"pedagogical_guidance\":\"Tell.\",\"learning_objectives\":[\"New\"]}");
    const struct answer *answer = say(&talk, "hi");
    const char *system = text_at(asked(), "/messages/0/content");
    ROW_ASSERT("facts and guidance as they are now",
               strstr(system, "Ice melts.") && strstr(system, "Tell.") && !strstr(system, "Water boils."));
    ROW_ASSERT("objectives as they were", strstr(system, "Name it") != NULL);
    expect_json("objectives as they were", answer->json, "/progress", PROGRESS);
    const struct talk next = open_talk_on(talk.course, talk.experience, token_of(STUDENT));
    expect_json("a new conversation has the new ones", next.opened, "/progress/objectives/0/objective", "\"New\"");
}

/* ---- ending ---- */

static void test_end(void)
{
#define ENDED "{\"message\":\"Conversation completed successfully\"}"
    const struct talk talk = open_talk(STUDENT);

    expect_body("the owner", CALL("DELETE", talk.path, talk.token), 200, ENDED);
    expect_body("the owner again", CALL("DELETE", talk.path, talk.token), 404, NO_RESOURCE);
    expect_body("a manager, again", CALL("DELETE", talk.path, token_of(TEACHER)), 200, ENDED);
    expect_body("a message to it", say(&talk, "hi"), 404, NO_RESOURCE);
    expect_body("none is active", CALL("GET", talk.list_path, talk.token), 200, "{}");

    const struct talk other = open_talk(STUDENT);
    expect_body("a manager ends a student's", CALL("DELETE", other.path, token_of(TA)), 200, ENDED);
    expect_body("the student cannot go on", say(&other, "hi"), 404, NO_RESOURCE);

    const struct talk own = open_talk(TEACHER);
    expect_body("a manager's own", CALL("DELETE", own.path, own.token), 200, ENDED);
    expect_refusal("a message to it", say(&own, "hi"), 409, "conversation_completed", false);
    const struct talk elsewhere = open_talk(STUDENT);
    expect_body("of another experience",
                CALL("DELETE", textf("%s/%lu", own.list_path, elsewhere.id), token_of(TEACHER)), 404, NO_RESOURCE);
#undef ENDED
}

static void test_end_while_a_turn_runs(void)
{
    const struct talk talk = open_talk(STUDENT);
    struct transfer *transfer = say_start(&talk, "[[delay 30000]][[text still]]", NULL, true);

    CU_ASSERT_FATAL(call_wait_event(transfer, "message.start", 1, PATIENCE_MS));
    expect_status("end", CALL("DELETE", talk.path, talk.token), 200);
    ROW_ASSERT("the reply comes", str_eq(expect_stream("running", call_finish_hurried(transfer)), "still"));
    ROW_ASSERT("and is stored",
               database_number(textf("SELECT COUNT(*) FROM message WHERE conversation_id = %lu", talk.id)) == 4);
}

static void test_objectives_in_one_string(void)
{
    const struct answer *made = CALL("POST", experiences_path(main_course()), token_of(TEACHER),
                                     .body = "{\"title\":\"t\",\"learning_objective\":\"a\\nb\\nc\",\"pedagogical_"
                                             "guidance\":\"g\",\"workflow_state\":\"published\"}");
    const struct talk talk = open_talk_on(main_course(), json_get_u64(made->json, "id"), token_of(STUDENT));
    static const struct expected progress[] = {
        {"/progress/total", "3"},
        {"/progress/percentage", "0"},
        {"/progress/objectives/2", "{\"objective\":\"c\",\"status\":\"\",\"met_at_turn\":null}"}};

    expect_fields("progress", talk.opened, progress, LEN(progress));
}

SUITE(conversations, {"open", test_open}, {"open takes no parameters", test_open_takes_no_parameters},
      {"a second open completes the first", test_second_open_completes_the_first},
      {"opening at once", test_opening_at_once}, {"say", test_say}, {"times", test_times},
      {"say, in other forms", test_say_in_other_forms}, {"HTML of a reply", test_html_of_a_reply},
      {"stream", test_stream}, {"a stream comes as it is written", test_stream_comes_as_it_is_written},
      {"Accept decides", test_accept_decides}, {"ids as strings", test_ids_as_strings},
      {"what the model is told", test_what_the_model_is_told}, {"edits while talking", test_edits_while_talking},
      {"end", test_end}, {"end while a turn runs", test_end_while_a_turn_runs},
      {"objectives in one string", test_objectives_in_one_string});
