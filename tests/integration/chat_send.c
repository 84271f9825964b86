/* Sending a message to the chat API: the forms of the keys, the shapes of the answers, and what is refused. */
#include "chat.h"

#include <stdio.h>

#include "scene.h"

#define TURN_KEYS  "conversation_id message bot_id create_time message_id stop_reason token_count price"
#define COUNT_KEYS "input output cache_read_input cache_write_input"

/* ---- shapes ---- */

static void expect_message(const char *row, struct json_object *message, const char *role)
{
    expect_keys(row, message, CHAT_MESSAGE_KEYS);
    expect_json(row, message, "/role", textf("\"%s\"", role));
    expect_json(row, message, "/model", "\"test\"");
    ROW_ASSERT(row, number_at(message, "/create_time") > 1.7e9);
    ROW_ASSERT(row, json_object_is_type(json_at(message, "/children"), json_type_array));
    ROW_ASSERT(row, !json_at(message, "/feedback") && !json_at(message, "/used_chunks"));
    ROW_ASSERT(row, !json_at(message, "/thinking_log"));
}

static void test_answer(void)
{
    chat_use();
    const char *id = chat_new_id();
    const struct answer *answer = SAY(.id = id, .text = "What is it?");
    struct json_object *json = answer->json;
    const struct expected want[] = {
        {"/conversation_id", textf("\"%s\"", id)},
        {"/bot_id", "null"},
        {"/stop_reason", "\"end_turn\""},
        {"/message/content", "[{\"content_type\":\"text\",\"body\":\"You said: What is it?\"}]"},
        {"/message/children", "[]"},
        {"/message/status", "\"complete\""},
    };

    expect_status("an answer", answer, 200);
    expect_api_headers("an answer", answer);
    expect_keys("an answer", json, TURN_KEYS);
    expect_keys("tokens", json_at(json, "/token_count"), COUNT_KEYS);
    expect_message("the reply", json_at(json, "/message"), "bot");
    expect_fields("an answer", json, want, LEN(want));
    ROW_ASSERT("times are floats", number_at(json, "/create_time") > 1.7e9);
    ROW_ASSERT("a price is a float", number_at(json, "/price") > 0);
    ROW_ASSERT("ids are ULIDs",
               strlen(text_at(json, "/message_id")) == 26 && strlen(text_at(json, "/message/parent")) == 26);
    ROW_ASSERT("it is no replay", !is_replayed(answer));
    struct json_object *read = chat_read(id);

    expect_message("the question", chat_message(read, text_at(json, "/message/parent")), "user");
    ROW_ASSERT("the conversation's time", number_at(read, "/create_time") == number_at(json, "/create_time"));
    ROW_ASSERT("it was changed later", number_at(read, "/last_updated_time") >= number_at(read, "/create_time"));
}

/* What upstream's client sends, whole display objects included. */
static const char *camel_body(const char *id, const char *text)
{
    return textf("{\"conversationId\":\"%s\",\"message\":{\"role\":\"user\",\"content\":[{\"contentType\":\"text\","
                 "\"body\":\"%s\",\"id\":7}],\"model\":\"test\",\"parentMessageId\":null,\"messageId\":null,"
                 "\"children\":[],\"feedback\":null,\"usedChunks\":null,\"thinkingLog\":null},\"stream\":true,"
                 "\"botId\":null,\"continueGenerate\":false,\"enableReasoning\":false}",
                 id, text);
}

static void test_camel(void)
{
    chat_use();
    const char *id = chat_new_id();
    const struct answer *answer = SAY(.body = camel_body(id, "hi"));
    const struct expected want[] = {
        {"/conversationId", textf("\"%s\"", id)},
        {"/botId", "null"},
        {"/stopReason", "\"end_turn\""},
        {"/message/role", "\"assistant\""},
        {"/message/content", "[{\"contentType\":\"text\",\"body\":\"You said: hi\"}]"},
    };

    expect_status("camel", answer, 200);
    expect_fields("camel", answer->json, want, LEN(want));
    expect_keys("camel", answer->json, "conversationId message botId createTime messageId stopReason tokenCount price");
    expect_keys("camel", json_at(answer->json, "/message"),
                "role content html model children parent feedback usedChunks thinkingLog createTime status");
    expect_keys("camel", json_at(answer->json, "/tokenCount"), "input output cacheReadInput cacheWriteInput");
    ROW_ASSERT("milliseconds", int_at(answer->json, "/createTime") > 1700000000000 &&
                                   int_at(answer->json, "/message/createTime") > 1700000000000);
}

/* Which form the answer has: Accept before the body, one camel key before all others. */
static void test_forms(void)
{
    static const char both[] = "{\"conversation_id\":\"%s\",\"message\":{\"content\":[{\"contentType\":\"text\","
                               "\"body\":\"x\"}],\"messageId\":null}}";
    static const char snake[] = "{\"conversation_id\":\"%s\",\"message\":{\"content\":[{\"content_type\":\"text\","
                                "\"body\":\"messageId\"}],\"someOtherKey\":{\"deepKey\":1}}}";
    static const struct {
        const char *name, *body, *accept;
        bool is_camel;
    } rows[] = {
        {"mixed", both, NULL, true},
        {"mixed, snake asked for", both, "application/json; keys=snake", false},
        {"mixed, in capitals", both, "application/json;KEYS=\"Snake\"", false},
        {"mixed, nonsense asked for", both, "application/json; keys=kebab", true},
        {"snake", snake, NULL, false},
        {"snake, camel asked for", snake, CHAT_CAMEL, true},
        {"snake, camel asked for second", snake, "text/html, application/json;q=0.5;keys=camel", true},
    };

    chat_use();
    for (size_t i = 0; i < LEN(rows); i++) {
        const char *id = chat_new_id(), *at = strstr(rows[i].body, "%s");
        const char *body = textf("%.*s%s%s", (int)(at - rows[i].body), rows[i].body, id, at + 2);
        struct json_object *json = SAID(.body = body, .accept = rows[i].accept);

        expect_json(rows[i].name, json, rows[i].is_camel ? "/conversationId" : "/conversation_id", textf("\"%s\"", id));
        expect_json(rows[i].name, json, "/message/role", rows[i].is_camel ? "\"assistant\"" : "\"bot\"");
    }
}

/* ---- what is refused ---- */

#define OK_CONTENT          "[{\"content_type\":\"text\",\"body\":\"x\"}]"
#define SAYING(id, message) "{\"conversation_id\":" id ",\"message\":" message "}"
#define MESSAGE(more)       SAYING("\"refused\"", "{\"content\":" OK_CONTENT "," more "}")
#define CONTENT(content)    SAYING("\"refused\"", "{\"content\":" content "}")
#define TOP(more)           "{\"conversation_id\":\"refused\",\"message\":{\"content\":" OK_CONTENT "}," more "}"

static void test_refusals(void)
{
    static const struct {
        const char *body, *word;
    } rows[] = {
        {"", "conversation_id"},
        {"{", NULL},
        {"[]", NULL},
        {"null", NULL},
        {"\"x\"", NULL},
        {"{}", "conversation_id"},
        {"{\"conversation_id\":\"refused\"}", "message"},
        {SAYING("null", "{\"content\":" OK_CONTENT "}"), "conversation_id"},
        {SAYING("7", "{\"content\":" OK_CONTENT "}"), "conversation_id"},
        {SAYING("\"\"", "{\"content\":" OK_CONTENT "}"), "conversation_id"},
        {SAYING("\"a b\"", "{\"content\":" OK_CONTENT "}"), "conversation_id"},
        {SAYING("\"a/b\"", "{\"content\":" OK_CONTENT "}"), "conversation_id"},
        {SAYING("\"\\u00e9\"", "{\"content\":" OK_CONTENT "}"), "conversation_id"},
        {SAYING("\"a\\u0000\"", "{\"content\":" OK_CONTENT "}"), "conversation_id"},
        {SAYING("\"refused\"", "[]"), "message"},
        {SAYING("\"refused\"", "\"x\""), "message"},
        {SAYING("\"refused\"", "{}"), "content"},
        {MESSAGE("\"role\":\"bot\""), "role"},
        {MESSAGE("\"role\":\"system\""), "role"},
        {MESSAGE("\"role\":7"), "role"},
        {MESSAGE("\"model\":7"), "model"},
        {MESSAGE("\"model\":\"\""), "model"},
        {MESSAGE("\"parent_message_id\":7"), "parent_message_id"},
        {MESSAGE("\"parent_message_id\":\"\""), "parent_message_id"},
        {MESSAGE("\"parent_message_id\":\"a b\""), "parent_message_id"},
        {MESSAGE("\"message_id\":[]"), "message_id"},
        {MESSAGE("\"message_id\":\"system\""), "message_id"},
        {MESSAGE("\"messageId\":\"instruction\""), "message_id"},
        {MESSAGE("\"message_id\":\"a.b\""), "message_id"},
        {TOP("\"bot_id\":7"), "bot_id"},
        {TOP("\"bot_id\":\"a b\""), "bot_id"},
        {TOP("\"continue_generate\":\"true\""), "continue_generate"},
        {TOP("\"continue_generate\":1"), "continue_generate"},
        {TOP("\"enable_reasoning\":\"false\""), "enable_reasoning"},
        {CONTENT("null"), "content"},
        {CONTENT("\"x\""), "content"},
        {CONTENT("{}"), "content"},
        {CONTENT("[]"), "content"},
        {CONTENT("[7]"), "content[0]"},
        {CONTENT("[null]"), "content[0]"},
        {CONTENT("[{\"content_type\":\"text\",\"body\":\"x\"},\"y\"]"), "content[1]"},
        {CONTENT("[{\"body\":\"x\"}]"), "content_type"},
        {CONTENT("[{\"content_type\":\"text\"}]"), "body"},
        {CONTENT("[{\"content_type\":\"text\",\"body\":7}]"), "body"},
        {CONTENT("[{\"content_type\":\"text\",\"body\":\"a\\u0000b\"}]"), "body"},
        {CONTENT("[{\"content_type\":\"text\",\"body\":\"\\ud800\"}]"), NULL},
        {CONTENT("[{\"content_type\":\"text\",\"body\":\"\"}]"), "blank"},
        {CONTENT("[{\"content_type\":\"text\",\"body\":\" \\n\\u2003\"}]"), "blank"},
        {CONTENT("[{\"content_type\":\"toolUse\",\"body\":{}}]"), "content_type"},
        {CONTENT("[{\"content_type\":\"toolResult\",\"body\":{}}]"), "content_type"},
        {CONTENT("[{\"content_type\":\"reasoning\",\"text\":\"x\"}]"), "content_type"},
        {CONTENT("[{\"content_type\":\"TEXT\",\"body\":\"x\"}]"), "content_type"},
        {"{\"conversation_id\":\"refused\",\"message\":{\"content\":" OK_CONTENT "}}x", NULL},
    };

    chat_use();
    uint64_t asked = model_requests();

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *row = *rows[i].body ? rows[i].body : "no body";

        expect_chat_error(row, SAY(.body = rows[i].body), 400, "invalid_request", rows[i].word);
        expect_chat_error(row, SAY(.body = rows[i].body, .accept = SSE), 400, "invalid_request", rows[i].word);
    }
    ROW_ASSERT("each problem is told",
               count_at(SAY(.body = "{\"conversation_id\":7,\"message\":{\"role\":7}}")->json, "/errors") == 3);
    ROW_ASSERT("the model was not asked", model_requests() == asked);
    expect_chat_error("nothing was made", CALL("GET", chat_path("refused", ""), token_of(STUDENT)), 404, "not_found",
                      NULL);
}

/* ---- bounds ---- */

static const char *items(const char *item, size_t n)
{
    const char *all = repeated(textf("%s,", item), n);

    return textf("[%.*s]", (int)strlen(all) - 1, all);
}

static void test_bounds(void)
{
    static const char text[] = "{\"content_type\":\"text\",\"body\":\"x\"}";
    static const char blank[] = "{\"content_type\":\"text\",\"body\":\"\"}";

    chat_use();
    for (size_t more = 0; more <= 1; more++) {
        long status = more ? 400 : 200;
        const char *half = textf("{\"content_type\":\"text\",\"body\":\"%s\"}", repeated("\xc3\xa9", 50000));
        const char *id64 = repeated("a", 64 + more);

        expect_status("characters", SAY(.id = chat_new_id(), .text = repeated("\xf0\x9f\x98\x80", 100000 + more)),
                      status);
        expect_status(
            "characters, summed",
            SAY(.id = chat_new_id(), .content = textf("[%s,%s%s]", half, half, more ? textf(",%s", text) : "")),
            status);
        expect_status("items", SAY(.id = chat_new_id(), .content = items(text, 20 + more)), status);
        expect_status("an id", SAY(.id = id64, .text = "x", .message_id = id64), status);
    }
    expect_status("one of them says something", SAY(.id = chat_new_id(), .content = textf("[%s,%s]", blank, text)),
                  200);
    expect_status("every letter an id may have",
                  SAY(.id = "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", .text = "x"), 200);
    expect_chat_error("a body of more than 32 MiB",
                      SAY(.id = chat_new_id(), .text = repeated("0123456789abcdef", (33 << 20) / 16)), 413, "too_large",
                      NULL);
    const char *parts = "[{\"content_type\":\"text\",\"body\":\"one\"},{\"content_type\":\"text\",\"body\":\"two\"}]";
    const char *id = chat_new_id();

    SAID(.id = id, .content = parts);
    struct json_object *read = chat_read(id);

    expect_json("texts stay apart", chat_message(read, text_at(chat_last(read), "/parent")), "/content", parts);
}

static void test_ids(void)
{
    chat_use();
    SAID(.id = "Mine", .text = "hi", .message_id = "First_message-1");
    expect_json("the client's", chat_read("Mine"), "/message_map/system/children", "[\"First_message-1\"]");
    SAID(.id = "mine", .text = "other", .message_id = "First_message-1");
    SAID(.id = "Mine", .text = "theirs", .token = token_of(OTHER_STUDENT));
    expect_json("byte by byte", chat_read("mine"), "/message_map/First_message-1/content/0/body", "\"other\"");
    ROW_ASSERT("its owner's own", json_object_object_length(json_at(chat_read("Mine"), "/message_map")) == 3);
    expect_chat_error("a reply's id is no user's",
                      SAY(.id = "mine", .text = "x", .message_id = text_at(chat_read("mine"), "/last_message_id")), 409,
                      "message_id_conflict", NULL);
}

/* ---- models ---- */

static void test_models(void)
{
    chat_use();
    const char *id = chat_new_id();
    const struct answer *unknown = SAY(.id = id, .text = "x", .model = "gpt-7<b>");

    expect_chat_error("unknown", unknown, 400, "unknown_model", "gpt-7<b>");
    expect_json("those that work", unknown->json, "/models",
                "[\"test\",\"" THINKER "\",\"" DOWN "\",\"" SLOW "\",\"" LIMITED "\",\"pen\"]");
    expect_chat_error("nothing was made", CALL("GET", chat_path(id, ""), token_of(STUDENT)), 404, "not_found", NULL);
    expect_json("the default", SAID(.id = id, .text = "x"), "/message/model", "\"test\"");
    expect_json("another", SAID(.id = id, .text = "x", .model = THINKER), "/message/model", "\"" THINKER "\"");
    expect_json("the last message's", SAID(.id = id, .text = "x"), "/message/model", "\"" THINKER "\"");
    expect_json("of the first message", CALL("GET", CHAT "/conversations?limit=1", token_of(STUDENT))->json, "/0/model",
                "\"test\"");
    expect_json("as it was named", SAID(.id = id, .text = "x", .model = "pen"), "/message/model", "\"pen\"");
    ROW_ASSERT("the provider's name for it", strstr(chat_request(), "\"model\":\"scripted-pen\"") != NULL);
}

/* ---- who and how ---- */

static void test_sign_in(void)
{
    chat_use();
    const char *body = "{\"conversation_id\":\"session\",\"message\":{\"content\":" OK_CONTENT "}}";
    const char *paths[] = {CHAT "/conversations", CHAT "/conversation/x", CHAT "/config/global"};
    const char *tokens[] = {NULL, "wrong", ""};

    for (size_t t = 0; t < LEN(tokens); t++) {
        for (size_t i = 0; i < LEN(paths); i++) {
            const struct answer *answer = CALL("GET", paths[i], tokens[t]);

            expect_chat_error(paths[i], answer, 401, "unauthenticated", NULL);
            ROW_ASSERT(paths[i], str_eq(header(answer, "WWW-Authenticate"), "Bearer"));
        }
        const struct answer *sent = CALL("POST", CHAT "/conversation", tokens[t], .body = body, .accept = SSE);

        expect_chat_error("send", sent, 401, "unauthenticated", NULL);
        ROW_ASSERT("send", str_eq(header(sent, "WWW-Authenticate"), "Bearer"));
    }
    const char *cookie = cookie_of(STUDENT);

    expect_status("a session reads", CALL("GET", CHAT "/conversations", NULL, .headers = {cookie}), 200);
    expect_chat_error("a session without its token",
                      CALL("POST", CHAT "/conversation", NULL, .body = body, .headers = {cookie}), 403, "csrf", NULL);
    expect_chat_error("a wrong one",
                      CALL("POST", CHAT "/conversation", NULL, .body = body, .headers = {cookie, "X-CSRF-Token: x"}),
                      403, "csrf", NULL);
    expect_chat_error("a session without its token deletes nothing",
                      CALL("DELETE", CHAT "/conversations", NULL, .headers = {cookie}), 403, "csrf", NULL);
    const char *other = make_token(login_of(STUDENT), "url:GET|/api/chat/conversations");

    expect_chat_error("another scope", CALL("POST", CHAT "/conversation", other, .body = body), 403,
                      "insufficient_scope", NULL);
    expect_status("its own", CALL("GET", CHAT "/conversations", other), 200);
}

static void test_paths(void)
{
    static const char *const unknown[] = {CHAT "/unknown", CHAT "/conversation/", CHAT "/conversation/x/y/z",
                                          CHAT "/conversations/x", CHAT "/"};
    static const struct {
        const char *method, *path, *allow;
    } rows[] = {{"GET", CHAT "/conversation", "POST"},
                {"PUT", CHAT "/conversations", "GET, HEAD, DELETE"},
                {"POST", CHAT "/conversation/x", "GET, HEAD, DELETE"},
                {"GET", CHAT "/conversation/x/stop", "POST"}};

    chat_use();
    for (size_t i = 0; i < LEN(unknown); i++)
        for (int is_known = 0; is_known <= 1; is_known++)
            expect_chat_error(unknown[i], CALL("GET", unknown[i], is_known ? token_of(STUDENT) : NULL), 404,
                              "not_found", NULL);
    expect_chat_error("bytes that are no address", CALL("GET", CHAT "/conversation/a%00b", NULL), 400,
                      "invalid_request", NULL);
    expect_chat_error("an address without end",
                      CALL("GET", textf(CHAT "/conversations?x=%s", repeated("a", 20000)), NULL), 414,
                      "invalid_request", NULL);
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL(rows[i].method, rows[i].path, token_of(STUDENT));

        expect_chat_error(rows[i].path, answer, 405, "method_not_allowed", NULL);
        ROW_ASSERT(textf("%s: %s", rows[i].path, header(answer, "Allow")),
                   str_eq(header(answer, "Allow"), rows[i].allow));
    }
    expect_chat_error("a form's word for a method",
                      CALL("POST", CHAT "/conversations", token_of(STUDENT), .body = "_method=DELETE",
                           .type = "application/x-www-form-urlencoded"),
                      405, "method_not_allowed", NULL);
    static const char *const types[] = {"text/plain", "application/x-www-form-urlencoded", "application/xml"};

    for (size_t i = 0; i < LEN(types); i++)
        expect_chat_error(types[i],
                          CALL("POST", CHAT "/conversation", token_of(STUDENT), .type = types[i],
                               .body = "{\"conversation_id\":\"x\",\"message\":{\"content\":" OK_CONTENT "}}"),
                          415, "unsupported_type", NULL);
}

SUITE(chat_send, {"an answer", test_answer}, {"camel", test_camel}, {"forms", test_forms}, {"refusals", test_refusals},
      {"bounds", test_bounds}, {"ids", test_ids}, {"models", test_models}, {"sign-in", test_sign_in},
      {"paths", test_paths});
