/* A chat is a tree: where a message goes, and that the model is told its branch and nothing beside it. */
#include <json-c/json.h>

#include "chat.h"

/* A name of a reply, by which the next message is sent. */
static const char *reply_of(struct json_object *said)
{
    return text_at(said, "/message_id");
}

static void expect_told(const char *row, const char *want)
{
    ROW_ASSERT(textf("%s: told\n%s\ninstead of\n%s", row, chat_told(), want), str_eq(chat_told(), want));
}

static void test_branches(void)
{
    chat_use();
    const char *id = chat_new_id();
    struct json_object *first = SAID(.id = id, .text = "[[text A1]]one", .message_id = "u1");
    const char *a1 = reply_of(first);

    expect_told("the first", "user:[[text A1]]one");
    SAID(.id = id, .text = "[[text A2]]two", .message_id = "u2");
    expect_told("absent: below the last", "user:[[text A1]]one\nassistant:A1\nuser:[[text A2]]two");
    struct json_object *beside = SAID(.id = id, .text = "[[text A3]]edited", .message_id = "u3", .parent = a1);

    expect_told("edited", "user:[[text A1]]one\nassistant:A1\nuser:[[text A3]]edited");
    SAID(.id = id, .text = "[[text A2]]two", .message_id = "u2b", .parent = a1);
    expect_told("regenerated", "user:[[text A1]]one\nassistant:A1\nuser:[[text A2]]two");
    SAID(.id = id, .text = "deeper", .message_id = "u4", .parent = reply_of(beside));
    expect_told("down a branch that was left",
                "user:[[text A1]]one\nassistant:A1\nuser:[[text A3]]edited\nassistant:A3\nuser:deeper");
    struct json_object *last = SAID(.id = id, .text = "[[text A5]]anew", .message_id = "u5", .parent = "system");

    expect_told("from the root", "user:[[text A5]]anew");
    SAID(.id = id, .text = "joined", .message_id = "u6", .parent = "u5");
    expect_told("two in a row are one", "user:[[text A5]]anew\n\njoined");
    struct json_object *read = chat_read(id);
    const struct expected want[] = {
        {"/message_map/system/children", "[\"u1\",\"u5\"]"},
        {textf("/message_map/%s/children", a1), "[\"u2\",\"u3\",\"u2b\"]"},
        {"/message_map/u5/children", textf("[\"%s\",\"u6\"]", reply_of(last))},
        {"/message_map/u6/parent", "\"u5\""},
        {textf("/message_map/%s/parent", a1), "\"u1\""},
        {"/message_map/u1/parent", "\"system\""},
        {"/message_map/system/parent", "null"},
        {"/message_map/system/role", "\"system\""},
    };

    expect_fields("the tree", read, want, LEN(want));
    ROW_ASSERT("all are there", json_object_object_length(json_at(read, "/message_map")) == 15);
    expect_json("the last turn's reply", read, textf("/message_map/%s/parent", text_at(read, "/last_message_id")),
                "\"u6\"");
}

static void test_parents(void)
{
    chat_use();
    const char *id = chat_new_id(), *other = chat_new_id();
    const char *theirs = reply_of(SAID(.id = other, .text = "hi"));
    struct json_object *said = SAID(.id = id, .text = "hi");
    const char *const unknown[] = {theirs, "nobody", "instruction", "SYSTEM"};
    uint64_t asked = model_requests();

    for (size_t i = 0; i < LEN(unknown); i++)
        expect_chat_error(unknown[i], SAY(.id = id, .text = "x", .parent = unknown[i]), 400, "unknown_parent",
                          "parent");
    const char *gone = chat_new_id();

    expect_chat_error("a conversation that is gone", SAY(.id = gone, .text = "x", .parent = theirs), 404, "not_found",
                      NULL);
    expect_chat_error("the same, streamed", SAY(.id = gone, .text = "x", .parent = theirs, .accept = SSE), 404,
                      "not_found", NULL);
    expect_chat_error("another's conversation",
                      SAY(.id = id, .text = "x", .parent = reply_of(said), .token = token_of(OTHER_STUDENT)), 404,
                      "not_found", NULL);
    ROW_ASSERT("nothing was asked", model_requests() == asked);
    ROW_ASSERT("nothing was stored", json_object_object_length(json_at(chat_read(id), "/message_map")) == 3);
    expect_json("the root of a new one", SAID(.id = gone, .text = "x", .parent = "system", .message_id = "u"),
                "/message/parent", "\"u\"");
}

static void make_bot(const char *id, const char *instruction)
{
    const struct answer *answer =
        CALL("POST", CHAT "/bot", token_of(STUDENT),
             .body = textf("{\"id\":\"%s\",\"title\":\"T\",\"instruction\":\"%s\",\"display_retrieved_chunks\":true}",
                           id, instruction));

    expect_status("a bot", answer, 200);
}

/* The instruction is the model's to know; the tree begins at the root. */
static void test_instruction(void)
{
    chat_use();
    const char *id = chat_new_id(), *bot = chat_new_id(), *other = chat_new_id();

    make_bot(bot, "Speak like a pirate.");
    make_bot(other, "Speak like a poet.");
    struct json_object *said = SAID(.id = id, .text = "hi", .bot_id = bot, .message_id = "u1");

    expect_json("its bot", said, "/bot_id", textf("\"%s\"", bot));
    ROW_ASSERT("told", strstr(chat_request(), "Speak like a pirate.") != NULL);
    SAID(.id = id, .text = "more");
    ROW_ASSERT("told again", strstr(chat_request(), "Speak like a pirate.") != NULL);
    expect_json("another's parameters only", SAID(.id = id, .text = "more", .bot_id = other), "/bot_id",
                textf("\"%s\"", bot));
    ROW_ASSERT("its own instruction stays", strstr(chat_request(), "Speak like a pirate.") != NULL &&
                                                strstr(chat_request(), "Speak like a poet.") == NULL);
    const struct answer *answer = CALL("GET", chat_path(id, ""), token_of(STUDENT));

    ROW_ASSERT("hidden", !strstr(answer->body, "instruction") && !strstr(answer->body, "pirate"));
    expect_json("below the root", answer->json, "/message_map/u1/parent", "\"system\"");
    expect_json("its child", answer->json, "/message_map/system/children", "[\"u1\"]");
    expect_chat_error("a bot that is not there", SAY(.id = id, .text = "x", .bot_id = "nobody"), 404, "bot_not_found",
                      NULL);
    expect_chat_error("another's bot", SAY(.id = id, .text = "x", .bot_id = bot, .token = token_of(OTHER_STUDENT)), 404,
                      "bot_not_found", NULL);
    expect_status("delete", CALL("DELETE", textf(CHAT "/bot/%s", bot), token_of(STUDENT)), 200);
    expect_status("without its bot", SAY(.id = id, .text = "still here"), 200);
    ROW_ASSERT("the instruction goes on", strstr(chat_request(), "Speak like a pirate.") != NULL);
    expect_chat_error("a bot that is gone", SAY(.id = id, .text = "x", .bot_id = bot), 404, "bot_not_found", NULL);
}

/* A long branch and texts of every kind come to the model as they were sent. */
static void test_texts(void)
{
    static const char text[] =
        "\\\"quoted\\\" \\\\ \\n\\ttab \\u00e9\\ud83d\\ude00 <b>&amp; \\u0001 {\\\"a\\\":1} %s %n";

    chat_use();
    const char *id = chat_new_id();

    SAID(.id = id, .text = text, .message_id = "u");
    struct json_object *want = json_of(textf("\"%s\"", text));

    ROW_ASSERT("to the model", str_eq(chat_told(), textf("user:%s", json_object_get_string(want))));
    ROW_ASSERT("and back", json_object_equal(json_at(chat_read(id), "/message_map/u/content/0/body"), want));
    SAID(.id = id,
         .content = "[{\"content_type\":\"text\",\"body\":\"one\"},{\"content_type\":\"text\",\"body\":\"two\"}]",
         .parent = "system");
    expect_told("two texts", "user:one\n\ntwo");
    struct json_object *said = SAID(.id = id, .text = "[[text  a reply \\n\\n ]]", .parent = "system");

    expect_json("cut at its end alone", said, "/message/content/0/body", "\" a reply\"");
}

SUITE(chat_tree, {"branches", test_branches}, {"parents", test_parents}, {"instruction", test_instruction},
      {"texts", test_texts});
