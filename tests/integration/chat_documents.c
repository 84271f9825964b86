/* Documents of bots, from the upload to what a reply was given, and to nothing being left of them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "documents.h"
#include "files/pdf.h"

static const char HERONS[] = "The grey heron nests in tall trees near water, and eats fish, frogs and voles.\n";

static void use(void)
{
    documents_use_instance();
}

static void give(const char *bot, const char *filename, const char *text)
{
    expect_status(filename, upload_file(bot, TEACHER, &(struct file){.name = filename, .data = text}), 201);
}

/* "float", with so many decimals at most. */
static bool is_score(const struct answer *answer, const char *key)
{
    const char *at = strstr(answer->body, textf("\"%s\":", key));
    size_t n = 0;

    if (!at)
        return false;
    at += strlen(key) + 3;
    at += strspn(at, "0123456789");
    if (*at == '.')
        n = strspn(at + 1, "0123456789");
    return n >= 1 && n <= 4;
}

__attribute__((unused)) static bool is_about(struct json_object *json, const char *pointer, double want)
{
    struct json_object *number = json_at(json, pointer);

    return json_object_is_type(number, json_type_double) && fabs(json_object_get_double(number) - want) < 0.00006;
}

/* ---- both ways of giving ---- */

static void test_both_ways(void)
{
    use();
    const char *bot = new_name();
    const struct file first = {.name = "herons.md", .data = HERONS},
                      second = {.name = "g\xc3\xa4nse & co.txt", .data = "Geese graze on grass.\n"},
                      third = {.name = "owls.txt", .data = "Owls hunt at night.\n"};

    expect_body("put", put_file(bot, TEACHER, &first), 200, "null");
    const char *body = textf("{\"id\":\"%s\",\"title\":\"t\",\"instruction\":\"i\",\"display_retrieved_chunks\":true,"
                             "\"knowledge\":{\"filenames\":[\"%s\"]}}",
                             bot, first.name);
    const struct answer *made = CALL("POST", CHAT "/bot", token_of(TEACHER), .body = body);

    expect_status("a bot", made, 200);
    ROW_ASSERT("it is not read yet, or is", *text_at(made->json, "/sync_status"));
    expect_body("put", put_file(bot, TEACHER, &second), 200, "null");
    body = textf("{\"knowledge\":{\"added_filenames\":[\"%s\"],\"deleted_filenames\":[],\"unchanged_filenames\":[\"%s\"]}}",
                 second.name, first.name);
    expect_status("changed", CALL("PATCH", bot_path(bot, ""), token_of(TEACHER), .body = body), 200);
    expect_status("our way", upload_file(bot, TEACHER, &third), 201);
    struct json_object *json = wait_for_sync(bot, TEACHER);

    expect_json("read", json, "/sync_status", "\"SUCCEEDED\"");
    expect_json("read", json, "/knowledge/filenames", textf("[\"%s\",\"%s\",\"%s\"]", first.name, second.name, third.name));
    const struct {
        const char *text, *source;
    } rows[] = {{"Where does the grey heron nest?", first.name},
                {"What do geese graze on?", second.name},
                {"When do owls hunt?", third.name}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct json_object *said = ASK(.chat = new_name(), .bot = bot, .text = rows[i].text)->json;

        ROW_ASSERT(rows[i].text, str_eq(text_at(said, "/message/used_chunks/0/source"), rows[i].source));
    }
    body = textf("{\"knowledge\":{\"added_filenames\":[],\"deleted_filenames\":[\"%s\"]}}", second.name);
    expect_status("taken away", CALL("PATCH", bot_path(bot, ""), token_of(TEACHER), .body = body), 200);
    ROW_ASSERT("it is not drawn from",
               !json_at(ASK(.chat = new_name(), .bot = bot, .text = "What do geese graze on?")->json,
                        "/message/used_chunks"));
}

/* ---- what a reply was given ---- */

static void test_reply(void)
{
    use();
    const char *bot = bot_with(TEACHER, "herons.md", HERONS), *chat = new_name();
    const struct answer *answer = ASK(.chat = chat, .bot = bot, .text = "Where does the grey heron nest?");
    struct json_object *message = json_at(answer->json, "/message");
    const char *reply = text_at(answer->json, "/message_id"), *source = textf("%s@1", reply);
    const char *passage = "The grey heron nests in tall trees near water, and eats fish, frogs and voles.";
    const char *use_id = text_at(message, "/thinking_log/0/content/0/body/tool_use_id");
    const struct expected fields[] = {
        {"/used_chunks",
         textf("[{\"content\":\"%s\",\"content_type\":\"s3\",\"source\":\"herons.md\",\"rank\":1}]", passage)},
        {"/thinking_log",
         textf("[{\"role\":\"bot\",\"content\":[{\"content_type\":\"toolUse\",\"body\":{\"tool_use_id\":\"%s\",\"name\":"
               "\"knowledge_base_tool\",\"input\":{\"query\":\"Where does the grey heron nest?\"}}}]},{\"role\":\"user\","
               "\"content\":[{\"content_type\":\"toolResult\",\"body\":{\"tool_use_id\":\"%s\",\"content\":[{\"json\":"
               "{\"source_id\":\"%s\",\"content\":\"%s\"}}],\"status\":\"success\"}}]}]",
               use_id, use_id, source, passage)},
    };

    ROW_ASSERT("an id", *use_id);
    expect_fields("the reply", message, fields, LEN(fields));
    struct json_object *shown = CALL("GET", textf(CHAT "/conversation/%s", chat), token_of(TEACHER))->json;
    ROW_ASSERT("read again", json_object_equal(json_at(shown, textf("/message_map/%s", reply)), message));

    const struct answer *camel = CALL("GET", textf(CHAT "/conversation/%s", chat), token_of(TEACHER), .accept = CAMEL);
    const char *at = textf("/messageMap/%s", reply);

    expect_json("camel", camel->json, textf("%s/usedChunks/0/contentType", at), "\"s3\"");
    expect_json("camel", camel->json, textf("%s/thinkingLog/0/role", at), "\"assistant\"");
    expect_json("camel", camel->json, textf("%s/thinkingLog/0/content/0/contentType", at), "\"toolUse\"");
    expect_json("camel", camel->json, textf("%s/thinkingLog/0/content/0/body/input/query", at),
                "\"Where does the grey heron nest?\"");
    expect_json("camel", camel->json, textf("%s/thinkingLog/1/content/0/body/toolUseId", at), textf("\"%s\"", use_id));
    expect_json("as it was written", camel->json, textf("%s/thinkingLog/1/content/0/body/content/0/json/source_id", at),
                textf("\"%s\"", source));
}

static void test_related(void)
{
    use();
    static const char *const snake[] = {"content",         "source_id", "source_name",     "source_link",  "page_number",
                                        "citation_number", "excerpt",   "relevance_score", "last_updated", "quality_score"};
    static const char *const camel[] = {"content",        "sourceId", "sourceName",     "sourceLink",  "pageNumber",
                                        "citationNumber", "excerpt",  "relevanceScore", "lastUpdated", "qualityScore"};
    const char *bot = bot_with(TEACHER, "herons.md", HERONS), *chat = new_name();
    const char *source = textf("%s@1", text_at(ASK(.chat = chat, .bot = bot, .text = "Where does the grey heron nest?")->json,
                                               "/message_id"));
    const struct answer *all = CALL("GET", related_path(chat, ""), token_of(TEACHER));
    struct json_object *one = json_at(all->json, "/0");

    ROW_ASSERT("one", count_at(all->json, "") == 1 && json_object_object_length(one) == LEN(snake));
    for (size_t i = 0; i < LEN(snake); i++)
        ROW_ASSERT(snake[i], json_object_object_get_ex(one, snake[i], NULL));
    char today[CLOCK_TEXT_BYTES];
    clock_text(clock_unix_ms(), today);
    const struct expected fields[] = {
        {"/content", "{\"text\":\"The grey heron nests in tall trees near water, and eats fish, frogs and voles.\"}"},
        {"/source_id", textf("\"%s\"", source)},
        {"/source_name", "\"herons.md\""},
        {"/page_number", "null"},
        {"/citation_number", "1"},
        {"/excerpt", "\"The grey heron nests in tall trees near water, and eats fish, frogs and voles.\""},
        {"/relevance_score", "1.0"},
        {"/last_updated", textf("\"%.10s\"", today)},
        {"/quality_score", "1.0"}};
    expect_fields("related", one, fields, LEN(fields));
    ROW_ASSERT("scores", is_score(all, "relevance_score") && is_score(all, "quality_score"));
    const struct answer *file = CALL("GET", link_path(text_at(one, "/source_link")), NULL, .is_plain = true);
    ROW_ASSERT("its link", file->status == 200 && str_eq(file->body, HERONS));

    const char *paths[] = {textf("/%s", source), textf("/%s%%401", text_at(one, "/source_id") ? textf("%.26s", source) : "")};
    for (size_t i = 0; i < LEN(paths); i++) {
        const struct answer *shown = CALL("GET", related_path(chat, paths[i]), token_of(TEACHER));

        expect_status(paths[i], shown, 200);
        expect_fields(paths[i], shown->json, fields, LEN(fields));
    }
    expect_status("no such", CALL("GET", related_path(chat, textf("/%.26s@2", source)), token_of(TEACHER)), 404);
    struct json_object *other =
        json_at(CALL("GET", related_path(chat, ""), token_of(TEACHER), .accept = CAMEL)->json, "/0");
    for (size_t i = 0; i < LEN(camel); i++)
        ROW_ASSERT(camel[i], json_object_object_get_ex(other, camel[i], NULL));
    expect_json("its preview", CALL("GET", preview_path(chat, source), token_of(TEACHER))->json, "/text_content",
                "\"The grey heron nests in tall trees near water, and eats fish, frogs and voles.\\n\"");
}

/* ---- while it streams ---- */

/* Events by their initials: S(tart), (agent) T(hinking), (tool) R(esult), (related) D(ocument), text (.), E(nd). */
static const char *order_of(const struct answer *answer)
{
    static const struct {
        const char *name;
        char letter;
    } letters[] = {{"START", 'S'},     {"AGENT_THINKING", 'T'}, {"AGENT_TOOL_RESULT", 'R'}, {"AGENT_RELATED_DOCUMENT", 'D'},
                   {"STREAMING", '.'}, {"STREAMING_END", 'E'},  {"REASONING", 'r'},         {"ERROR", '!'}};
    struct buf *out = buf_in_arena(test_arena(), 65536);

    for (size_t i = 0; out && i < answer->n_events; i++) {
        char letter = '?';

        for (size_t k = 0; k < LEN(letters); k++)
            if (str_eq(letters[k].name, answer->events[i].name))
                letter = letters[k].letter;
        if (letter != '.' || !out->len || out->data[out->len - 1] != '.')
            buf_char(out, letter);
    }
    return out ? out->data : "";
}

static const char *make_two_documents(void)
{
    const char *bot = make_bot(TEACHER, true);

    give(bot, "herons.md", HERONS);
    give(bot, "terns.txt", "Terns nest on beaches.\n");
    wait_for_sync(bot, TEACHER);
    return bot;
}

static void expect_stream(const char *row, const char *bot, bool is_camel)
{
    const char *chat = new_name();
    const struct answer *answer = ASK(.chat = chat, .bot = bot, .text = "Where does the grey heron nest?",
                                      .is_streaming = true, .is_camel = is_camel);

    ROW_ASSERT(textf("%s: %s", row, order_of(answer)), str_eq(order_of(answer), "STRDD.E"));
    if (answer->n_events < 6)
        return;
    struct json_object *thinking = answer->events[1].data, *result = answer->events[2].data,
                       *document = answer->events[3].data, *end = event_at(answer, "STREAMING_END");
    const char *id_key = is_camel ? "toolUseId" : "tool_use_id";
    const char *reply = text_at(end, is_camel ? "/messageId" : "/message_id");
    const char *use_id = text_at(result, textf("/result/%s", id_key));

    expect_json(row, thinking, "/log",
                textf("{\"%s\":{\"name\":\"knowledge_base_tool\",\"input\":{\"query\":\"Where does the grey heron nest?\"}}}",
                      use_id));
    expect_json(row, thinking, "/status", "\"AGENT_THINKING\"");
    expect_json(row, result, "/result", textf("{\"%s\":\"%s\",\"status\":\"success\"}", id_key, use_id));
    for (size_t i = 0; i < 2; i++) {
        struct json_object *listed =
            json_at(CALL("GET", related_path(chat, ""), token_of(TEACHER), .accept = is_camel ? CAMEL : NULL)->json,
                    textf("/%zu", i));
        const char *key = is_camel ? "relatedDocument" : "related_document";

        document = answer->events[3 + i].data;
        expect_json(row, document, textf("/result/%s", id_key), textf("\"%s\"", use_id));
        struct json_object *related = json_at(document, textf("/result/%s", key));
        expect_json(row, related, is_camel ? "/sourceId" : "/source_id", textf("\"%s@%zu\"", reply, i + 1));
        const char *link_key = is_camel ? "sourceLink" : "source_link";
        const char *link = text_at(related, textf("/%s", link_key));

        ROW_ASSERT(textf("%s: %s", row, answer->body),
                   CALL("GET", link_path(link), NULL, .is_plain = true)->status == 200);
        if (listed)
            json_object_object_del(listed, link_key); /* signed at another time */
        if (related)
            json_object_object_del(related, link_key);
        ROW_ASSERT(row, related && json_object_equal(related, listed));
    }
    expect_json(row, end, textf("/message/%s/0/content/0/body/%s", is_camel ? "thinkingLog" : "thinking_log", id_key),
                textf("\"%s\"", use_id));
    ROW_ASSERT(row, count_at(end, is_camel ? "/message/usedChunks" : "/message/used_chunks") == 2);
}

static void test_stream(void)
{
    use();
    const char *bot = make_two_documents();

    expect_stream("snake", bot, false);
    expect_stream("camel", bot, true);
    const char *order = order_of(ASK(.chat = new_name(), .bot = bot, .text = "Nothing of the kind", .is_streaming = true));

    ROW_ASSERT(order, str_eq(order, "STR.E"));
    order = order_of(ASK(.chat = new_name(), .text = "Where does the grey heron nest?", .is_streaming = true));
    ROW_ASSERT(order, str_eq(order, "S.E"));
}

SUITE(chat_documents, {"both ways", test_both_ways}, {"a reply", test_reply}, {"related", test_related},
      {"a stream", test_stream});
