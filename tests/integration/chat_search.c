/* Searching chats, as clients of the chat API see it: what is asked, what is answered, and in which form. */
#include <stdio.h>

#include "harness.h"

#define SEARCH "/api/chat/conversations/search"

static const struct answer *search(enum person who, const char *query)
{
    return CALL("GET", textf(SEARCH "%s", query), token_of(who));
}

static void run(const char *sql)
{
    if (!database_try(sql))
        harness_die("cannot make a chat: %s", sql);
}

/*
 * A chat about photosynthesis with a question and its reply, last changed at that time. Whoever sends messages writes their words;
 * here they are written as the store does.
 */
static void make_chat(enum person who, const char *name, const char *updated_at)
{
    static const char *const words[][3] = {{"photosynthesis", "0", "~0:1"},
                                           {"basics", "0", "~0:2"},
                                           {"photosynthesis", "1", "~1:3~2:1"},
                                           {"plants", "1", "~2:3"}};

    run(textf(
        "INSERT INTO conversation (uuid, user_id, workflow_state, learning_objective, met_at, next_seq, created_at,"
        " updated_at) VALUES (UUID(), %lu, 'active', '', '', 3, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
        id_of(who)));
    run(textf("INSERT INTO chat (conversation_id, user_id, name, title, model, last_seq, created_at, updated_at)"
              " SELECT MAX(id), %lu, '%s', 'Photosynthesis basics', 'm', 2, '2024-01-01', '%s' FROM conversation",
              id_of(who), name, updated_at));
    for (int seq = 1; seq <= 2; seq++)
        run(textf("INSERT INTO message (conversation_id, seq, uuid, role, text, created_at)"
                  " SELECT MAX(id), %d, UUID(), %d, '%s', UTC_TIMESTAMP(3) FROM conversation",
                  seq, seq - 1, seq == 1 ? "how does <photosynthesis> work?" : "Photosynthesis feeds plants & us"));
    for (size_t i = 0; i < LEN(words); i++)
        run(textf("INSERT INTO chat_word (user_id, word, conversation_id, part, places)"
                  " SELECT %lu, '%s', MAX(id), %s, '%s' FROM conversation",
                  id_of(who), words[i][0], words[i][1], words[i][2]));
}

static void test_answer(void)
{
    static const struct expected snake[] = {
        {"/0/id", "\"found-new\""},
        {"/1/id", "\"found-old\""},
        {"/0/title", "\"Photosynthesis basics\""},
        {"/0/create_time", "1704067200.0"},
        {"/0/last_updated_time", "1704153600.5"},
        {"/0/highlights/0/field_name", "\"Title\""},
        {"/0/highlights/0/fragments", "[\"<em>Photosynthesis</em> basics\"]"},
        {"/0/highlights/1/field_name", "\"MessageBody\""},
        {"/0/highlights/1/fragments", "[\"how does &lt;<em>photosynthesis</em>&gt; work?\","
                                      "\"<em>Photosynthesis</em> feeds plants &amp; us\"]"},
    };
    static const struct expected camel[] = {
        {"/0/id", "\"found-new\""},
        {"/0/createTime", "1704067200000"},
        {"/0/lastUpdatedTime", "1704153600500"},
        {"/0/highlights/0/fieldName", "\"Title\""},
    };

    make_chat(OTHER_STUDENT, "found-old", "2024-01-01");
    make_chat(OTHER_STUDENT, "found-new", "2024-01-02 00:00:00.500");
    const struct answer *answer = search(OTHER_STUDENT, "?query=%20Photo%20");

    expect_status("snake", answer, 200);
    expect_api_headers("snake", answer);
    expect_fields("snake", answer->json, snake, LEN(snake));
    ROW_ASSERT("two chats, of six members",
               count_at(answer->json, "") == 2 && json_object_object_length(json_at(answer->json, "/0")) == 6);
    ROW_ASSERT("no bot", strstr(answer->body, "\"bot_id\":null") != NULL);
    answer = CALL("GET", SEARCH "?query=photo", token_of(OTHER_STUDENT), .accept = "application/json; keys=camel");
    expect_fields("camel", answer->json, camel, LEN(camel));
    ROW_ASSERT("limit", count_at(search(OTHER_STUDENT, "?query=plants&limit=1")->json, "") == 1);
    answer = search(OTHER_STUDENT, "?query=plants");
    ROW_ASSERT("a field without a hit is left out", count_at(answer->json, "/0/highlights") == 1);
    expect_body("another's", search(STUDENT, "?query=photosynthesis"), 200, "[]");
    expect_body("an administrator's", search(ADMIN, "?query=photosynthesis"), 200, "[]");
}

static void test_queries(void)
{
    const struct {
        const char *query, *word; /* word: of the error; NULL: it is right, and finds nothing */
    } rows[] = {
        // clang-format off
        {"", "query"},
        {"?query=", "query"},
        {"?query=%20%09%E2%80%83", "query"},
        {"?query[]=a", "query"},
        {textf("?query=%s", repeated("a", 201)), "query"},
        {textf("?query=%%20%s%%20", repeated("%F0%9F%98%80", 200)), NULL},
        {"?query=%25", NULL},
        {"?query=_%22%2B*%5C", NULL},
        {"?query='%20OR%201%3D1%20--", NULL},
        {"?query=%3Cscript%3E", NULL},
        {"?query=xyz&limit=1", NULL},
        {"?query=xyz&limit=100", NULL},
        {"?query=xyz&limit=0", "limit"},
        {"?query=xyz&limit=101", "limit"},
        {"?query=xyz&limit=x", "limit"},
        {"?query=xyz&limit=-1", "limit"},
        {"?query=xyz&access_token=", NULL},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = search(STUDENT, rows[i].query);

        if (!rows[i].word) {
            expect_body(rows[i].query, answer, 200, "[]");
            continue;
        }
        expect_status(rows[i].query, answer, 400);
        expect_json(rows[i].query, answer->json, "/code", "\"invalid_request\"");
        ROW_ASSERT(answer->body, str_starts(text_at(answer->json, "/detail"), rows[i].word));
    }
    const struct answer *answer = search(STUDENT, "?limit=0");

    ROW_ASSERT("both are told", count_at(answer->json, "/errors") == 2);
}

static size_t count_found(const char *query)
{
    return count_at(search(STUDENT, textf("?query=%s", query))->json, "");
}

/* What is said, renamed and deleted is found, or is not, by the next request. */
static void test_at_once(void)
{
    expect_status("nothing yet", CALL("DELETE", "/api/chat/conversations", token_of(STUDENT)), 200);
    static const char id[] = "01HQ4V8JFBK9PZXQ8YJKMND8GA";
    const char *path = textf("/api/chat/conversation/%s", id);
    const struct answer *said =
        CALL("POST", "/api/chat/conversation", token_of(STUDENT),
             .body = textf(
                 "{\"conversation_id\":\"%s\",\"message\":{\"role\":\"user\",\"content\":[{\"content_type\":\"text\","
                 "\"body\":\"[[text A mitochondrion]] What are riboso\u0301mes?\"}]}}",
                 id));

    expect_status("say", said, 200);
    ROW_ASSERT("what was said", count_found("ribos%C3%B3mes") == 1);
    ROW_ASSERT("what was replied",
               count_at(search(STUDENT, "?query=mitochondrion")->json, "/0/highlights/0/fragments") == 2);
    expect_json("with its title", search(STUDENT, "?query=ribosomes")->json, "/0/title", "\"New conversation\"");
    expect_status("rename",
                  CALL("PATCH", textf("%s/title", path), token_of(STUDENT), .body = "{\"new_title\":\"Organelles\"}"),
                  200);
    ROW_ASSERT("the new title, not the old one", count_found("organelle") == 1 && count_found("conversation") == 0);
    expect_status("delete", CALL("DELETE", path, token_of(STUDENT)), 200);
    ROW_ASSERT("nothing any more", count_found("organelle") + count_found("ribosomes") == 0);
}

SUITE(chat_search, {"an answer", test_answer}, {"queries", test_queries}, {"at once", test_at_once});
