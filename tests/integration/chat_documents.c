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

static bool is_about(struct json_object *json, const char *pointer, double want)
{
    struct json_object *number = json_at(json, pointer);

    return json_object_is_type(number, json_type_double) && fabs(json_object_get_double(number) - want) < 0.00006;
}

/* ---- both ways of giving ---- */

static void test_both_ways(void)
{
    use();
    const char *bot = chat_new_id();
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
    body = textf(
        "{\"knowledge\":{\"added_filenames\":[\"%s\"],\"deleted_filenames\":[],\"unchanged_filenames\":[\"%s\"]}}",
        second.name, first.name);
    expect_status("changed", CALL("PATCH", bot_path(bot, ""), token_of(TEACHER), .body = body), 200);
    expect_status("our way", upload_file(bot, TEACHER, &third), 201);
    struct json_object *json = wait_for_sync(bot, TEACHER);

    expect_json("read", json, "/sync_status", "\"SUCCEEDED\"");
    expect_json("read", json, "/knowledge/filenames",
                textf("[\"%s\",\"%s\",\"%s\"]", first.name, second.name, third.name));
    const struct {
        const char *text, *source;
    } rows[] = {{"Where does the grey heron nest?", first.name},
                {"What do geese graze on?", second.name},
                {"When do owls hunt?", third.name}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct json_object *said = ASK(.chat = chat_new_id(), .bot = bot, .text = rows[i].text)->json;

        ROW_ASSERT(rows[i].text, str_eq(text_at(said, "/message/used_chunks/0/source"), rows[i].source));
    }
    body = textf("{\"knowledge\":{\"added_filenames\":[],\"deleted_filenames\":[\"%s\"]}}", second.name);
    expect_status("taken away", CALL("PATCH", bot_path(bot, ""), token_of(TEACHER), .body = body), 200);
    ROW_ASSERT("it is not drawn from",
               !json_at(ASK(.chat = chat_new_id(), .bot = bot, .text = "What do geese graze on?")->json,
                        "/message/used_chunks"));
}

/* The process that reads is told, also of what a PATCH names: else each would wait for its next look, every 1.5 s. */
static void test_read_at_once(void)
{
    enum { ROUNDS = 4, SOON_MS = 1000 };
    unsigned n_soon = 0;

    use();
    const char *bot = make_bot(TEACHER, true);

    for (unsigned i = 0; i < ROUNDS; i++) {
        const struct file file = {.name = textf("%u.txt", i), .data = "Otters hold hands.\n"};
        const char *body = textf("{\"knowledge\":{\"added_filenames\":[\"%s\"]}}", file.name);
        int64_t began_ms = clock_mono_ms();

        expect_body("put", put_file(bot, TEACHER, &file), 200, "null");
        expect_status("named", CALL("PATCH", bot_path(bot, ""), token_of(TEACHER), .body = body), 200);
        expect_json("read", wait_for_sync(bot, TEACHER), "/sync_status", "\"SUCCEEDED\"");
        n_soon += clock_mono_ms() - began_ms < SOON_MS;
    }
    ROW_ASSERT(textf("%u of %d soon", n_soon, ROUNDS), n_soon >= ROUNDS / 2); /* a machine may be busy now and then */
}

/* ---- what a reply was given ---- */

static void test_reply(void)
{
    use();
    const char *bot = bot_with(TEACHER, "herons.md", HERONS), *chat = chat_new_id();
    const struct answer *answer = ASK(.chat = chat, .bot = bot, .text = "Where does the grey heron nest?");
    struct json_object *message = json_at(answer->json, "/message");
    const char *reply = text_at(answer->json, "/message_id"), *source = textf("%s@1", reply);
    const char *passage = "The grey heron nests in tall trees near water, and eats fish, frogs and voles.";
    const char *use_id = text_at(message, "/thinking_log/0/content/0/body/tool_use_id");
    const struct expected fields[] = {
        {"/used_chunks",
         textf("[{\"content\":\"%s\",\"content_type\":\"s3\",\"source\":\"herons.md\",\"rank\":1}]", passage)},
        {"/thinking_log",
         textf(
             "[{\"role\":\"bot\",\"content\":[{\"content_type\":\"toolUse\",\"body\":{\"tool_use_id\":\"%s\",\"name\":"
             "\"knowledge_base_tool\",\"input\":{\"query\":\"Where does the grey heron nest?\"}}}]},{\"role\":\"user\","
             "\"content\":[{\"content_type\":\"toolResult\",\"body\":{\"tool_use_id\":\"%s\",\"content\":[{\"json\":"
             "{\"source_id\":\"%s\",\"content\":\"%s\"}}],\"status\":\"success\"}}]}]",
             use_id, use_id, source, passage)},
    };

    ROW_ASSERT("an id", *use_id);
    expect_fields("the reply", message, fields, LEN(fields));
    struct json_object *shown = CALL("GET", textf(CHAT "/conversation/%s?html=1", chat), token_of(TEACHER))->json;
    ROW_ASSERT("read again", json_object_equal(json_at(shown, textf("/message_map/%s", reply)), message));

    const struct answer *camel =
        CALL("GET", textf(CHAT "/conversation/%s", chat), token_of(TEACHER), .accept = CHAT_CAMEL);
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
    static const char *const snake[] = {"content",      "source_id",       "source_name", "source_link",
                                        "page_number",  "citation_number", "excerpt",     "relevance_score",
                                        "last_updated", "quality_score"};
    static const char *const camel[] = {"content",        "sourceId", "sourceName",     "sourceLink",  "pageNumber",
                                        "citationNumber", "excerpt",  "relevanceScore", "lastUpdated", "qualityScore"};
    const char *bot = bot_with(TEACHER, "herons.md", HERONS), *chat = chat_new_id();
    const char *source = textf(
        "%s@1", text_at(ASK(.chat = chat, .bot = bot, .text = "Where does the grey heron nest?")->json, "/message_id"));
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

    const char *paths[] = {textf("/%s", source),
                           textf("/%s%%401", text_at(one, "/source_id") ? textf("%.26s", source) : "")};
    for (size_t i = 0; i < LEN(paths); i++) {
        const struct answer *shown = CALL("GET", related_path(chat, paths[i]), token_of(TEACHER));

        expect_status(paths[i], shown, 200);
        expect_fields(paths[i], shown->json, fields, LEN(fields));
    }
    expect_status("no such", CALL("GET", related_path(chat, textf("/%.26s@2", source)), token_of(TEACHER)), 404);
    struct json_object *other =
        json_at(CALL("GET", related_path(chat, ""), token_of(TEACHER), .accept = CHAT_CAMEL)->json, "/0");
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
    } letters[] = {
        {"START", 'S'},     {"AGENT_THINKING", 'T'}, {"AGENT_TOOL_RESULT", 'R'}, {"AGENT_RELATED_DOCUMENT", 'D'},
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
    const char *chat = chat_new_id();
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

    expect_json(
        row, thinking, "/log",
        textf("{\"%s\":{\"name\":\"knowledge_base_tool\",\"input\":{\"query\":\"Where does the grey heron nest?\"}}}",
              use_id));
    expect_json(row, thinking, "/status", "\"AGENT_THINKING\"");
    expect_json(row, result, "/result", textf("{\"%s\":\"%s\",\"status\":\"success\"}", id_key, use_id));
    for (size_t i = 0; i < 2; i++) {
        struct json_object *listed = json_at(
            CALL("GET", related_path(chat, ""), token_of(TEACHER), .accept = is_camel ? CHAT_CAMEL : NULL)->json,
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
    const char *order =
        order_of(ASK(.chat = chat_new_id(), .bot = bot, .text = "Nothing of the kind", .is_streaming = true));

    ROW_ASSERT(order, str_eq(order, "STR.E"));
    order = order_of(ASK(.chat = chat_new_id(), .text = "Where does the grey heron nest?", .is_streaming = true));
    ROW_ASSERT(order, str_eq(order, "S.E"));
}

/* ---- scores ---- */

/* Three passages, of which one holds "heron", two hold "nest", and none holds "glacier". Worked out by hand:
 * ln(1 + 4/1.5) = 1.29928, ln(1 + 4/2.5) = 0.95551, ln(1 + 4/0.5) = 2.19722, and 4.45201 in all. */
static void test_relevance(void)
{
    use();
    const char *bot = make_bot(TEACHER, true), *chat = chat_new_id();

    give(bot, "1.txt", "The gannet nests on rocks.\n");
    give(bot, "2.txt", "The heron nests in tall trees.\n");
    give(bot, "3.txt", "The osprey dives.\n");
    wait_for_sync(bot, TEACHER);
    ASK(.chat = chat, .bot = bot, .text = "Where does the h\xc3\xa9ron NEST on glaciers?");
    const struct answer *all = CALL("GET", related_path(chat, ""), token_of(TEACHER));

    ROW_ASSERT(all->body, count_at(all->json, "") == 2);
    expect_json("the best", all->json, "/0/source_name", "\"2.txt\"");
    ROW_ASSERT(all->body, is_about(all->json, "/0/relevance_score", 0.5065));
    ROW_ASSERT(all->body, is_about(all->json, "/0/quality_score", 0.6052));
    ROW_ASSERT(all->body, is_about(all->json, "/1/relevance_score", 0.2146));
    ROW_ASSERT(all->body, is_about(all->json, "/1/quality_score", 0.3717));
    ROW_ASSERT("decimals", is_score(all, "relevance_score") && is_score(all, "quality_score"));

    const struct {
        unsigned days;
        double quality;
    } rows[] = {{29, 0.6052}, {400, 0.4052 + 0.2 * (1095.0 - 400) / 1065}, {1096, 0.4052}};

    for (size_t i = 0; i < LEN(rows); i++) {
        CU_ASSERT_TRUE(database_try(textf("UPDATE document SET created_at = UTC_TIMESTAMP(3) - INTERVAL %u DAY WHERE"
                                          " filename = '2.txt' AND bot_id = (SELECT id FROM bot WHERE name = '%s')",
                                          rows[i].days, bot)));
        char day[CLOCK_TEXT_BYTES];
        struct json_object *one = json_at(related_of(chat, TEACHER), "/0");

        clock_text(clock_unix_ms() - (int64_t)rows[i].days * 86400000, day);
        ROW_ASSERT(textf("%u days", rows[i].days), is_about(one, "/quality_score", rows[i].quality));
        expect_json("its day", one, "/last_updated", textf("\"%.10s\"", day));
    }
}

/* Passages of one relevance: by BM25, then by upload; five of them. */
static void test_order(void)
{
    use();
    const char *bot = make_bot(TEACHER, true);

    for (int i = 0; i < 7; i++)
        give(bot, textf("%c.txt", 'g' - i),
             textf("The bittern booms%s in the reeds, and this is file %d.",
                   i == 6 ? ", and the bittern booms, and the bittern" : "", i));
    wait_for_sync(bot, TEACHER);
    struct json_object *said = ASK(.chat = chat_new_id(), .bot = bot, .text = "Which bittern is it?")->json;

    ROW_ASSERT("five", count_at(said, "/message/used_chunks") == 5);
    for (size_t i = 0; i < 5; i++) {
        const char *at = textf("/message/used_chunks/%zu", i), *source = text_at(said, textf("%s/source", at));

        ROW_ASSERT(source, *source == (i ? (char)('h' - (char)i) : 'a'));
        ROW_ASSERT("its rank", int_at(said, textf("%s/rank", at)) == (int64_t)i + 1);
    }
}

/* ---- pages ---- */

static struct pdf *make_pdf(unsigned n, const char *const *texts)
{
    static struct cq_ctx ctx;

    ctx = (struct cq_ctx){.arena = test_arena(), .request_id = "-"};
    return pdf_of_pages(&ctx, n, texts, n);
}

static void test_pages(void)
{
    use();
    static const char *const texts[] = {"The first page is about the dipper.", "The second page is about the merlin.",
                                        "The third page is about the siskin."};
    const struct pdf *pdf = make_pdf(3, texts);
    const char *bot = make_bot(TEACHER, true), *chat = chat_new_id();
    const struct file file = {.name = "birds of a feather.pdf", .data = pdf->out.data, .len = pdf->out.len};

    expect_status("a PDF", upload_file(bot, TEACHER, &file), 201);
    wait_for_sync(bot, TEACHER);
    expect_json("its pages", document_of(bot, TEACHER, file.name), "/page_count", "3");
    ASK(.chat = chat, .bot = bot, .text = "What is said of the merlin?");
    struct json_object *one = json_at(related_of(chat, TEACHER), "/0");
    const char *link = text_at(one, "/source_link"), *page = strchr(link, '#');

    expect_json("the page", one, "/page_number", "2");
    ROW_ASSERT(link, str_eq(page, "#page=2"));
    ROW_ASSERT("told to the model", strstr(told_system(), "\"page\":2") != NULL);
    const struct answer *got = CALL("GET", link_path(link), NULL, .is_plain = true);
    ROW_ASSERT("the PDF", got->status == 200 && got->len == file.len && !memcmp(got->body, file.data, file.len));
    ROW_ASSERT("as a PDF", str_eq(header(got, "Content-Type"), "application/pdf"));
    struct json_object *preview = CALL("GET", preview_path(chat, text_at(one, "/source_id")), token_of(TEACHER))->json;
    const struct expected fields[] = {{"/content_type", "\"pdf\""},
                                      {"/page_count", "3"},
                                      {"/text_content", "null"},
                                      {"/file_size", textf("%zu", file.len)},
                                      {"/source_name", "\"birds of a feather.pdf\""}};
    expect_fields("preview", preview, fields, LEN(fields));
    expect_status("its link", CALL("GET", link_path(text_at(preview, "/presigned_url")), NULL, .is_plain = true), 200);
}

/* An excerpt is the part of a long passage that matters; characters of more than a byte, quotes and lines are kept. */
static void test_text_as_it_is(void)
{
    use();
    static const char passage[] = "\xf0\x9f\x90\xa6 \"Quoted\" \\back\\ <b>&amp;</b> \xe2\x80\x9e"
                                  "Fu\xc3\x9f\xe2\x80\x9c\ttab and {\"json\":[1]}"
                                  " \\u0041 %s ' of the wryneck.";
    const char *filler = repeated("A long row of words that matter less. ", 18);
    const char *name = "\xf0\x9f\xa6\x86 'a' & <b>.txt", *chat = chat_new_id();
    const char *bot = bot_with(TEACHER, name, textf("%s\n%s", passage, filler));
    struct json_object *said = ASK(.chat = chat, .bot = bot, .text = "What of the wryneck?")->json;
    const char *reply = text_at(said, "/message_id");
    struct json_object *shown = CALL("GET", textf(CHAT "/conversation/%s", chat), token_of(TEACHER))->json;
    const char *content = text_at(shown, textf("/message_map/%s/used_chunks/0/content", reply));
    struct json_object *one = json_at(related_of(chat, TEACHER), "/0");

    ROW_ASSERT(content, str_starts(content, passage));
    ROW_ASSERT("as answered", str_eq(content, text_at(said, "/message/used_chunks/0/content")));
    ROW_ASSERT(name, str_eq(text_at(one, "/source_name"), name));
    ROW_ASSERT("the log too",
               str_eq(content, text_at(shown, textf("/message_map/%s/thinking_log/1/content/0/body/content"
                                                    "/0/json/content",
                                                    reply))));
    const char *excerpt = text_at(one, "/excerpt");

    ROW_ASSERT(excerpt, utf8_count(excerpt, strlen(excerpt)) <= 200 && strstr(excerpt, "wryneck"));
    ROW_ASSERT(excerpt, str_starts(excerpt + strlen(excerpt) - 3, "\xe2\x80\xa6") && !strpbrk(excerpt, "\t\n"));
}

/* ---- what the model is told ---- */

static void test_citations(void)
{
    use();
    const char *bot = make_two_documents();
    struct json_object *said =
        ASK(.chat = chat_new_id(), .bot = bot, .text = "Where does the heron nest?[[text In trees [^1].]]")->json;
    const char *system = told_system(), *document = strstr(system, "\n{\"passages\":");

    expect_json("marks stay", said, "/message/content/0/body", "\"In trees [^1].\"");
    ROW_ASSERT("behind the instruction", str_starts(system, "Speak of birds.") && document);
    struct json_object *told = json_of(document ? document : "{}");

    ROW_ASSERT("as many", count_at(told, "/passages") == count_at(said, "/message/used_chunks"));
    for (size_t i = 0; i < count_at(told, "/passages"); i++) {
        const char *passage = textf("/passages/%zu", i), *chunk = textf("/message/used_chunks/%zu", i);

        ROW_ASSERT("number", int_at(told, textf("%s/number", passage)) == int_at(said, textf("%s/rank", chunk)));
        ROW_ASSERT("text", str_eq(text_at(told, textf("%s/text", passage)), text_at(said, textf("%s/content", chunk))));
        ROW_ASSERT("file",
                   str_eq(text_at(told, textf("%s/document", passage)), text_at(said, textf("%s/source", chunk))));
    }
    ROW_ASSERT("marks are asked for", strstr(system, "such as [^1]. Use no other") != NULL);
}

static void set_shown(const char *bot, bool is_shown)
{
    const char *body = textf("{\"display_retrieved_chunks\":%s}", is_shown ? "true" : "false");

    expect_status("changed", CALL("PATCH", bot_path(bot, ""), token_of(TEACHER), .body = body), 200);
}

static void test_hidden(void)
{
    use();
    const char *bot = make_two_documents(), *chat = chat_new_id();

    set_shown(bot, false);
    const struct answer *answer =
        ASK(.chat = chat, .bot = bot, .text = "Where does the heron nest?", .is_streaming = true);
    struct json_object *end = event_at(answer, "STREAMING_END");

    ROW_ASSERT(order_of(answer), str_eq(order_of(answer), "S.E"));
    ROW_ASSERT("nothing of it is told", !strstr(answer->body, "tall trees") && !strstr(answer->body, "herons.md"));
    ROW_ASSERT("but the model is", was_told("tall trees") && strstr(told_system(), "write no marks"));
    set_shown(bot, true);
    const struct answer *shown = CALL("GET", textf(CHAT "/conversation/%s", chat), token_of(TEACHER));
    ROW_ASSERT("nor later", end && !strstr(shown->body, "tall trees"));
    ROW_ASSERT("nor beside it", count_at(related_of(chat, TEACHER), "") == 0);
    expect_status("nor one",
                  CALL("GET", related_path(chat, textf("/%s@1", text_at(end, "/message_id"))), token_of(TEACHER)), 404);
    struct json_object *said = ASK(.chat = chat, .text = "Where does the grey heron nest?")->json;
    ROW_ASSERT("the next one is", count_at(said, "/message/used_chunks") == 2);
    ROW_ASSERT("its own alone", count_at(related_of(chat, TEACHER), "") == 2);
}

static void test_nothing_found(void)
{
    use();
    const char *bot = make_two_documents(), *chat = chat_new_id();
    struct json_object *said = ASK(.chat = chat, .bot = bot, .text = "Photosynthesis?")->json;

    ROW_ASSERT("no passages", !json_at(said, "/message/used_chunks"));
    expect_json("searched", said, "/message/thinking_log/1/content/0/body/content", "[]");
    expect_json("well", said, "/message/thinking_log/1/content/0/body/status", "\"success\"");
    expect_json("an answer", said, "/message/content/0/body", "\"You said: Photosynthesis?\"");
    ROW_ASSERT("as without", str_eq(told_system(), "Speak of birds."));
    ROW_ASSERT("none", count_at(related_of(chat, TEACHER), "") == 0);
    const char *empty = make_bot(TEACHER, true);
    said = ASK(.chat = chat_new_id(), .bot = empty, .text = "Photosynthesis?")->json;
    ROW_ASSERT("no search", !json_at(said, "/message/thinking_log"));
}

/* ---- turns after one another, and beside ---- */

static const char *query_of(struct json_object *said)
{
    return text_at(said, "/message/thinking_log/0/content/0/body/input/query");
}

static void test_follow_up(void)
{
    use();
    const char *bot = make_two_documents(), *chat = chat_new_id();
    struct json_object *first = ASK(.chat = chat, .bot = bot, .text = "Where does the grey heron nest?")->json;
    struct json_object *second = ASK(.chat = chat, .text = "And why?")->json;

    ROW_ASSERT(query_of(second), str_eq(query_of(second), "Where does the grey heron nest?\nAnd why?"));
    expect_json("found", second, "/message/used_chunks/0/source", "\"herons.md\"");
    struct json_object *long_one = ASK(.chat = chat, .text = "Compare beaches, rivers and lakes.")->json;
    ROW_ASSERT(query_of(long_one), str_eq(query_of(long_one), "Compare beaches, rivers and lakes."));
    /* In a branch of its own: what was said before is what stands above it there. */
    ASK(.chat = chat, .parent = "system", .text = "Tell of terns on beaches, please.");
    struct json_object *beside = ASK(.chat = chat, .text = "Why?")->json;
    ROW_ASSERT(query_of(beside), str_eq(query_of(beside), "Tell of terns on beaches, please.\nWhy?"));
    beside = ASK(.chat = chat, .parent = text_at(first, "/message_id"), .text = "Why?")->json;
    ROW_ASSERT(query_of(beside), str_eq(query_of(beside), "Where does the grey heron nest?\nWhy?"));
}

static void test_regenerated(void)
{
    use();
    const char *bot = make_two_documents(), *chat = chat_new_id();
    static const char text[] = "Where does the grey heron nest?";
    struct json_object *first = ASK(.chat = chat, .bot = bot, .text = text)->json;

    remove_document(bot, TEACHER, "terns.txt");
    struct json_object *second = ASK(.chat = chat, .parent = "system", .text = text)->json,
                       *all = related_of(chat, TEACHER);
    const char *replies[] = {text_at(first, "/message_id"), text_at(second, "/message_id")};

    ROW_ASSERT("each its own", count_at(all, "") == 3 && count_at(second, "/message/used_chunks") == 1);
    expect_json("the first", all, "/0/source_id", textf("\"%s@1\"", replies[0]));
    expect_json("the first", all, "/1/source_id", textf("\"%s@2\"", replies[0]));
    expect_json("the second", all, "/2/source_id", textf("\"%s@1\"", replies[1]));
    struct json_object *shown = CALL("GET", textf(CHAT "/conversation/%s", chat), token_of(TEACHER))->json;
    ROW_ASSERT("the first one's stay", count_at(shown, textf("/message_map/%s/used_chunks", replies[0])) == 2);
}

static void test_continued(void)
{
    use();
    const char *bot = make_two_documents(), *chat = chat_new_id();
    struct json_object *first =
        ASK(.chat = chat, .bot = bot, .text = "Where does the heron nest?[[text In ]][[finish length]]")->json;
    const struct answer *answer = ASK(.chat = chat, .is_continuing = true, .is_streaming = true);
    struct json_object *end = event_at(answer, "STREAMING_END");

    ROW_ASSERT(order_of(answer), str_eq(order_of(answer), "S.E"));
    ROW_ASSERT("the same reply", str_eq(text_at(first, "/message_id"), text_at(end, "/message_id")));
    ROW_ASSERT("with what it was given",
               json_object_equal(json_at(first, "/message/used_chunks"), json_at(end, "/message/used_chunks")));
    ROW_ASSERT("and what was done",
               json_object_equal(json_at(first, "/message/thinking_log"), json_at(end, "/message/thinking_log")));
    ROW_ASSERT("not searched again", count_at(related_of(chat, TEACHER), "") == 2);
}

/* ---- whose documents ---- */

static void test_lent(void)
{
    use();
    const char *bot = make_two_documents(), *chat = chat_new_id(), *own = make_bot(TEACHER, true);

    ROW_ASSERT("none of its own",
               !json_at(ASK(.chat = chat, .bot = own, .text = "Where do herons nest?")->json, "/message/used_chunks"));
    struct json_object *lent = ASK(.chat = chat, .bot = bot, .text = "Where does the grey heron nest?")->json;
    ROW_ASSERT("lent", count_at(lent, "/message/used_chunks") == 2);
    expect_json("the conversation's stays", lent, "/bot_id", textf("\"%s\"", own));
    ROW_ASSERT("once",
               !json_at(ASK(.chat = chat, .text = "Where do grey herons nest?")->json, "/message/thinking_log"));
    ROW_ASSERT("told no more", !was_told("tall trees"));
}

static const char *source_of(const char *chat, enum person who, size_t i)
{
    return text_at(related_of(chat, who), textf("/%zu/source_id", i));
}

static void expect_gone(const char *row, const char *chat, enum person who, size_t i)
{
    struct json_object *one = json_at(related_of(chat, who), textf("/%zu", i));

    ROW_ASSERT(row, one && !json_at(one, "/source_link"));
    ROW_ASSERT(row, strstr(text_at(one, "/content/text"), "tall trees") != NULL);
    const struct answer *preview = CALL("GET", preview_path(chat, text_at(one, "/source_id")), token_of(who));
    expect_status(row, preview, 404);
    expect_json(row, preview->json, "/code", "\"source_gone\"");
}

static void test_deleted(void)
{
    use();
    const char *bot = make_two_documents(), *chat = chat_new_id();

    ASK(.chat = chat, .bot = bot, .text = "Where does the grey heron nest?");
    const char *link = link_path(text_at(related_of(chat, TEACHER), "/0/source_link"));
    expect_status("its link", CALL("GET", link, NULL, .is_plain = true), 200);
    remove_document(bot, TEACHER, "herons.md");
    expect_gone("deleted", chat, TEACHER, 0);
    expect_status("the link", CALL("GET", link, NULL, .is_plain = true), 404);
    struct json_object *said = ASK(.chat = chat, .text = "Where does the grey heron nest, again?")->json;
    ROW_ASSERT("quoted no more", count_at(said, "/message/used_chunks") == 1 && !was_told("tall trees"));
    ROW_ASSERT("the first one's stay", count_at(related_of(chat, TEACHER), "") == 3);
    ROW_ASSERT("the other one has its link", json_at(related_of(chat, TEACHER), "/1/source_link") != NULL);

    expect_status("the bot goes", CALL("DELETE", bot_path(bot, ""), token_of(TEACHER)), 200);
    expect_gone("with the bot", chat, TEACHER, 0);
    ROW_ASSERT("answered without",
               !json_at(ASK(.chat = chat, .text = "Where do terns nest on beaches?")->json, "/message/used_chunks"));
}

static void test_unshared(void)
{
    use();
    const char *bot = make_two_documents(), *chat = chat_new_id();

    share_bot(bot, TEACHER, STUDENT);
    ASK(.who = STUDENT, .chat = chat, .bot = bot, .text = "Where does the grey heron nest?");
    const char *source = source_of(chat, STUDENT, 0);
    expect_status("shared", CALL("GET", preview_path(chat, source), token_of(STUDENT)), 200);
    expect_status("another's", CALL("GET", related_path(chat, ""), token_of(TEACHER)), 404);
    share_bot(bot, TEACHER, N_PEOPLE);
    expect_gone("unshared", chat, STUDENT, 0);
    ROW_ASSERT("answered without",
               !json_at(ASK(.who = STUDENT, .chat = chat, .text = "Where does the grey heron nest?")->json,
                        "/message/used_chunks"));
    ROW_ASSERT("told no more", !was_told("tall trees"));
}

/* ---- images and other files ---- */

static char *base64_of(const char *data, size_t len)
{
    char *whole = image(data, len), *body = strstr(whole, "\"body\":\"") + strlen("\"body\":\"");

    return textf("%.*s", (int)strcspn(body, "\""), body);
}

static void test_images(void)
{
    use();
    enum { LARGE = (1 << 20) + 1 };
    static const char docx[] = "PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml"
                               "PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5\0\0\0word/";
    char *large = arena_zalloc(test_arena(), LARGE, 1);
    const char *bot = make_bot(TEACHER, true), *chat = chat_new_id();

    memcpy(large, PNG_BYTES, PNG_LEN);
    const struct file files[] = {{"kestrel.png", PNG_BYTES, PNG_LEN, "A falcon"},
                                 {"harrier.png", large, LARGE, "A falcon"},
                                 {"skylark.docx", docx, sizeof(docx) - 1, "A falcon"}};
    for (size_t i = 0; i < LEN(files); i++)
        expect_status(files[i].name, upload_file(bot, TEACHER, &files[i]), 201);
    expect_json("read", wait_for_sync(bot, TEACHER), "/sync_status", "\"SUCCEEDED\"");
    struct json_object *said = ASK(.chat = chat, .bot = bot, .text = "Show me a falcon", .is_streaming = true)->json;
    struct json_object *all = related_of(chat, TEACHER);

    (void)said;
    ROW_ASSERT("three", count_at(all, "") == 3);
    const struct expected fields[] = {
        {"/0/content", textf("{\"format\":\"png\",\"image\":\"%s\"}", base64_of(PNG_BYTES, PNG_LEN))},
        {"/0/excerpt", "\"kestrel.png A falcon\""},
        {"/1/content", "{\"text\":\"harrier.png\\nA falcon\"}"},
        {"/2/content", "{\"text\":\"skylark.docx\\nA falcon\"}"},
        {"/2/page_number", "null"}};
    expect_fields("images", all, fields, LEN(fields));
    static const char *const kinds[] = {"\"image\"", "\"image\"", "\"binary\""};
    for (size_t i = 0; i < LEN(files); i++) {
        struct json_object *preview =
            CALL("GET", preview_path(chat, text_at(all, textf("/%zu/source_id", i))), token_of(TEACHER))->json;
        const struct answer *file = CALL("GET", link_path(text_at(preview, "/presigned_url")), NULL, .is_plain = true);

        expect_json(files[i].name, preview, "/content_type", kinds[i]);
        expect_json(files[i].name, preview, "/text_content", "null");
        ROW_ASSERT(files[i].name, file->len == files[i].len && !memcmp(file->body, files[i].data, file->len));
    }
    ASK(.chat = chat, .text = "And the skylark file?");
    ROW_ASSERT("by name", strstr(text_at(related_of(chat, TEACHER), "/3/source_name"), "skylark") != NULL);
}

/* As many as fit are shown as what they are; a conversation that was given very many can be read all the same. */
static void test_many_images(void)
{
    enum { BYTES = 1 << 20, IMAGES = 5, TURNS = 12 };
    use();
    char *bytes = arena_zalloc(test_arena(), BYTES, 1);
    const char *bot = make_bot(TEACHER, true), *chat = chat_new_id();

    memcpy(bytes, PNG_BYTES, PNG_LEN);
    for (int i = 0; i < IMAGES; i++) {
        const struct file file = {.name = textf("falcon-%d.png", i), .data = bytes, .len = BYTES};

        bytes[BYTES - 1] = (char)i;
        expect_status(file.name, upload_file(bot, TEACHER, &file), 201);
    }
    wait_for_sync(bot, TEACHER);
    const struct answer *answer = ASK(.chat = chat, .bot = bot, .text = "Show me a falcon", .is_streaming = true);

    ROW_ASSERT(order_of(answer), str_eq(order_of(answer), "STRDDDDD.E"));
    for (size_t i = 0; i < IMAGES; i++)
        ROW_ASSERT("an image",
                   strlen(text_at(answer->events[3 + i].data, "/result/related_document/content/image")) > BYTES);
    for (int i = 1; i < TURNS; i++)
        ASK(.chat = chat, .text = "Show me a falcon");
    const struct answer *all = CALL("GET", related_path(chat, ""), token_of(TEACHER));

    expect_status("all", all, 200);
    ROW_ASSERT("all", count_at(all->json, "") == IMAGES * TURNS);
    ROW_ASSERT("the first", *text_at(all->json, "/0/content/image"));
    const char *last = textf("/%d", IMAGES * TURNS - 1), *source = text_at(all->json, textf("%s/source_id", last));
    ROW_ASSERT("the last, by its name", str_starts(text_at(all->json, textf("%s/content/text", last)), "falcon-"));
    struct json_object *one = CALL("GET", related_path(chat, textf("/%s", source)), token_of(TEACHER))->json;
    ROW_ASSERT("alone, the last too", *text_at(one, "/content/image"));
}

/* ---- attachments ---- */

static void test_attachments(void)
{
    use();
    static const char *const pages[] = {"The PDF is about puffins."};
    static const char html[] = "<!doctype html><html><head><script>alert(1)</script></head><body><p>The page is about "
                               "razorbills.</p></body></html>";
    const struct pdf *pdf = make_pdf(1, pages);
    const char *chat = chat_new_id();
    uint64_t n_before = rows_of("chat_file");
    const char *more =
        textf("%s%s%s%s", attachment("a.txt", "The text is about guillemots.\n", 30),
              attachment("b.md", "# Auks\n\nThe list is about dovekies.\n", 36),
              attachment("c.pdf", pdf->out.data, pdf->out.len), attachment("d.html", html, sizeof(html) - 1));
    static const char *const words[] = {"guillemots", "dovekies", "puffins", "razorbills", "\"file_name\":\"c.pdf\""};

    struct json_object *first = ASK(.chat = chat, .text = "What are these?", .more = more)->json;
    for (size_t i = 0; i < LEN(words); i++)
        ROW_ASSERT(words[i], strstr(told_message(0), words[i]) != NULL);
    ROW_ASSERT("no markup", !was_told("alert(1)") && !was_told("<p>"));
    ROW_ASSERT("no search", !json_at(first, "/message/thinking_log"));
    ASK(.chat = chat, .text = "And again?");
    for (size_t i = 0; i < LEN(words); i++)
        ROW_ASSERT(textf("%s, the next turn", words[i]), strstr(told_message(0), words[i]) != NULL);
    ROW_ASSERT("in its place", count_told() == 3 && !strstr(told_message(2), "puffins"));
    ASK(.chat = chat, .parent = "system", .text = "Beside it");
    ROW_ASSERT("not beside", !was_told("puffins") && count_told() == 1);
    ROW_ASSERT("one row a file", rows_of("chat_file") == n_before + 4);
    expect_status("deleted", CALL("DELETE", textf(CHAT "/conversation/%s", chat), token_of(TEACHER)), 200);
}

static struct pdf *encrypted_pdf(void)
{
    static struct cq_ctx ctx;

    ctx = (struct cq_ctx){.arena = test_arena(), .request_id = "-"};
    struct pdf *pdf = pdf_begin(&ctx);

    pdf_object(pdf, 1, "<< /Type /Catalog /Pages 2 0 R >>");
    pdf_object(pdf, 2, "<< /Type /Pages /Count 0 /Kids [] >>");
    pdf_object(pdf, 3, "<< /Filter /Standard /V 1 /R 2 /P -4 /O (%032d) /U (%032d) >>", 1, 2);
    pdf_end(pdf, "/Encrypt 3 0 R /ID [(0123456789abcdef) (0123456789abcdef)]");
    return pdf;
}

/* It does not fail the turn; nor does what is searched for beside it. */
static void test_unreadable_attachment(void)
{
    use();
    const struct pdf *pdf = encrypted_pdf();
    const char *bot = make_two_documents(), *chat = chat_new_id();
    const char *more = textf("%s%s", attachment("secret.pdf", pdf->out.data, pdf->out.len),
                             attachment("open.txt", "An open letter.\n", 16));
    struct json_object *said =
        ASK(.chat = chat, .bot = bot, .text = "Where does the grey heron nest?", .more = more)->json;

    ROW_ASSERT("searched", count_at(said, "/message/used_chunks") == 2);
    ROW_ASSERT("it has no text", strstr(told_message(0), "{\"file_name\":\"secret.pdf\",\"text\":null}") != NULL);
    ROW_ASSERT("the other one has", strstr(told_message(0), "An open letter.") != NULL);
    said = ASK(.chat = chat, .text = "And where do terns nest?")->json;
    ROW_ASSERT("nor does it later", count_at(said, "/message/used_chunks") == 2 && was_told("An open letter."));
}

/* ---- odd questions, and nobody to ask ---- */

static void test_odd_questions(void)
{
    enum { MOST_CHARS = 100000 };
    use();
    const char *bot = make_two_documents(), *chat = chat_new_id();
    struct json_object *said = ASK(.chat = chat, .bot = bot, .text = "", .more = image(PNG_BYTES, PNG_LEN))->json;

    ROW_ASSERT("an image alone", !json_at(said, "/message/used_chunks") && *text_at(said, "/message/content/0/body"));
    said = ASK(.chat = chat, .text = "?? \xe2\x80\xa6 \xf0\x9f\xa6\x86")->json;
    ROW_ASSERT("no words", !json_at(said, "/message/used_chunks"));
    struct buf *words = buf_in_arena(test_arena(), MOST_CHARS + 64);

    buf_str(words, "Where does the grey heron nest? ");
    for (unsigned i = 0; words->len < MOST_CHARS - 12; i++)
        buf_printf(words, "w%x ", i * 2654435761u);
    const char *longest[] = {words->data, repeated("\xf0\x9f\xa6\x86", MOST_CHARS), repeated("\x01", MOST_CHARS)};

    for (size_t i = 0; i < LEN(longest); i++) {
        const struct answer *answer = ASK(.chat = chat, .parent = "system", .text = longest[i]);

        ROW_ASSERT(textf("the longest, %zu: %ld ms", i, answer->took_us / 1000), answer->took_us < 6000000);
        expect_json("searched", answer->json, "/message/thinking_log/1/content/0/body/status", "\"success\"");
        answer = ASK(.chat = chat, .text = "Why?");
        ROW_ASSERT(textf("behind it, %zu: %ld ms", i, answer->took_us / 1000), answer->took_us < 6000000);
        expect_json("searched", answer->json, "/message/thinking_log/1/content/0/body/status", "\"success\"");
    }
}

/* A search that fails leaves the reply without passages, and says so. */
static void test_nobody_to_ask(void)
{
    use();
    const char *bot = make_two_documents(), *socket = textf("%s/run/documents.sock", instance_used()->dir);
    const char *away = textf("%s.away", socket);

    CU_ASSERT_EQUAL_FATAL(rename(socket, away), 0);
    const struct answer *answer =
        ASK(.chat = chat_new_id(), .bot = bot, .text = "Where does the grey heron nest?", .is_streaming = true);
    CU_ASSERT_EQUAL_FATAL(rename(away, socket), 0);
    struct json_object *end = event_at(answer, "STREAMING_END");

    ROW_ASSERT(order_of(answer), str_eq(order_of(answer), "STR.E"));
    expect_json("failed", event_at(answer, "AGENT_TOOL_RESULT"), "/result/status", "\"error\"");
    expect_json("failed", end, "/message/thinking_log/1/content/0/body/status", "\"error\"");
    ROW_ASSERT("an answer all the same", end && !json_at(end, "/message/used_chunks") && !was_told("tall trees"));
}

SUITE(chat_documents, {"both ways", test_both_ways}, {"read at once", test_read_at_once}, {"a reply", test_reply},
      {"related", test_related}, {"a stream", test_stream}, {"relevance", test_relevance}, {"order", test_order},
      {"pages", test_pages}, {"text as it is", test_text_as_it_is}, {"citations", test_citations},
      {"hidden", test_hidden}, {"nothing found", test_nothing_found}, {"follow-up", test_follow_up},
      {"regenerated", test_regenerated}, {"continued", test_continued}, {"lent", test_lent}, {"deleted", test_deleted},
      {"unshared", test_unshared}, {"odd questions", test_odd_questions}, {"nobody to ask", test_nobody_to_ask},
      {"images", test_images}, {"many images", test_many_images}, {"attachments", test_attachments},
      {"an unreadable attachment", test_unreadable_attachment});
