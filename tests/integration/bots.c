/* Bots, as clients of the chat API see them: every operation, in both forms of the keys, within and beyond its bounds. */
#include <stdio.h>

#include "harness.h"

#define BOTS "/api/chat/bot"

/* ---- asking ---- */

static const char *new_id(void)
{
    char id[ULID_TEXT_BYTES];

    ulid_new(id);
    return textf("%s", id);
}

/* The body of a new bot, and what more it says: ",\"k\":v". */
static const char *body_of(const char *id, const char *more)
{
    return textf("{\"id\":\"%s\",\"title\":\"A bot\",\"instruction\":\"Be kind.\",\"display_retrieved_chunks\":true%s}",
                 id, more);
}

static const struct answer *create(enum person who, const char *body)
{
    return CALL("POST", BOTS, token_of(who), .body = body);
}

static const char *make_bot(enum person who, const char *more)
{
    const char *id = new_id();

    if (!expect_status("make a bot", create(who, body_of(id, more)), 200))
        harness_die("cannot make a bot");
    return id;
}

static const struct answer *get(enum person who, const char *path)
{
    return CALL("GET", textf("/api/chat%s", path), token_of(who));
}

static const struct answer *patch(enum person who, const char *id, const char *what, const char *body)
{
    return CALL("PATCH", textf(BOTS "/%s%s", id, what), token_of(who), .body = body);
}

static void share(enum person owner, const char *id, const char *body)
{
    expect_body("share", patch(owner, id, "/visibility", body), 200, "null");
}

static const char *with_user(enum person who)
{
    return textf("{\"target_shared_scope\":\"partial\",\"target_allowed_user_ids\":[\"%lu\"],"
                 "\"target_allowed_group_ids\":[]}",
                 id_of(who));
}

static void use_bot(enum person who, const char *id, unsigned turns)
{
    if (!database_try(textf("INSERT INTO bot_use (user_id, bot_id, is_recent, turns, used_at) SELECT %lu, id, 1, %u,"
                            " UTC_TIMESTAMP(3) FROM bot WHERE name = '%s' AND is_live = 1 ON DUPLICATE KEY UPDATE"
                            " is_recent = 1, turns = turns + %u, used_at = UTC_TIMESTAMP(3)",
                            id_of(who), turns, id, turns)))
        harness_die("cannot use a bot");
}

/* The item of that id in a list; NULL: there is none. */
static struct json_object *item_of(const struct answer *answer, const char *id)
{
    for (size_t i = 0; i < count_at(answer->json, ""); i++)
        if (str_eq(text_at(answer->json, textf("/%zu/id", i)), id))
            return json_at(answer->json, textf("/%zu", i));
    return NULL;
}

static bool expect_error(const char *row, const struct answer *answer, long status, const char *code, const char *word)
{
    bool is_right =
        expect_status(row, answer, status) && expect_json(row, answer->json, "/code", textf("\"%s\"", code));

    ROW_ASSERT(textf("%s: %s", row, answer->body), !word || strstr(text_at(answer->json, "/detail"), word));
    return is_right;
}

/* ---- one bot ---- */

static void test_standard(void)
{
    const char *id = new_id();
    const struct answer *made = create(STUDENT, body_of(id, ""));
    static const struct expected want[] = {
        {"/title", "\"A bot\""},
        {"/description", "\"\""},
        {"/instruction", "\"Be kind.\""},
        {"/shared_scope", "\"private\""},
        {"/shared_status", "\"unshared\""},
        {"/allowed_cognito_groups", "[]"},
        {"/allowed_cognito_users", "[]"},
        {"/is_publication", "false"},
        {"/generation_params",
         "{\"max_tokens\":4096,\"top_k\":250,\"top_p\":0.999,\"temperature\":1,\"stop_sequences\":[],"
         "\"reasoning_params\":{\"budget_tokens\":1024}}"},
        {"/agent", "{\"tools\":[]}"},
        {"/knowledge", "{\"source_urls\":[],\"sitemap_urls\":[],\"filenames\":[],\"s3_urls\":[]}"},
        {"/prompt_caching_enabled", "false"},
        {"/sync_status", "\"SUCCEEDED\""},
        {"/sync_status_reason", "\"\""},
        {"/sync_last_exec_id", "\"\""},
        {"/display_retrieved_chunks", "true"},
        {"/conversation_quick_starters", "[]"},
    };

    expect_status("made", made, 200);
    expect_api_headers("made", made);
    expect_fields("made", made->json, want, LEN(want));
    expect_json("id", made->json, "/id", textf("\"%s\"", id));
    expect_json("owner", made->json, "/owner_user_id", textf("\"%lu\"", id_of(STUDENT)));
    ROW_ASSERT("seconds", strstr(made->body, "\"create_time\":1") && strstr(made->body, "."));
    ROW_ASSERT("nulls", NULL != strstr(made->body, "\"bedrock_knowledge_base\":null,\"bedrock_guardrails\":null"));
    ROW_ASSERT("models", json_object_object_length(json_at(made->json, "/active_models")) > 0);
    const struct answer *shown = get(STUDENT, textf("/bot/private/%s", id));
    ROW_ASSERT("the same again", str_eq(shown->body, made->body));
}

#define MADE_SNAKE                                                                                                     \
    ",\"description\":\"D\",\"prompt_caching_enabled\":true,\"generation_params\":{\"max_tokens\":7,\"top_k\":0,"      \
    "\"top_p\":0,\"temperature\":0.25,\"stop_sequences\":[\"END\",\"\"],\"reasoning_params\":{\"budget_tokens\":2048}" \
    "},"                                                                                                               \
    "\"knowledge\":{\"source_urls\":[],\"sitemap_urls\":[],\"filenames\":[],\"s3_urls\":[]},\"agent\":{\"tools\":[]}," \
    "\"conversation_quick_starters\":[{\"title\":\"Q\",\"example\":\"What is \\\"it\\\"?\"}],"                         \
    "\"bedrock_knowledge_base\":{\"type\":\"dedicated\"},\"bedrock_guardrails\":{}"

#define MADE_CAMEL                                                                                                     \
    "{\"id\":\"%s\",\"title\":\"A bot\",\"instruction\":\"Be kind.\",\"displayRetrievedChunks\":true,"                 \
    "\"description\":\"D\",\"promptCachingEnabled\":true,\"generationParams\":{\"maxTokens\":7,\"topK\":0,"            \
    "\"topP\":0,\"temperature\":0.25,\"stopSequences\":[\"END\",\"\"],\"reasoningParams\":{\"budgetTokens\":2048}},"   \
    "\"knowledge\":{\"sourceUrls\":[],\"sitemapUrls\":[],\"filenames\":[],\"s3Urls\":[]},\"agent\":{\"tools\":[]},"    \
    "\"conversationQuickStarters\":[{\"title\":\"Q\",\"example\":\"What is \\\"it\\\"?\"}],"                           \
    "\"bedrockKnowledgeBase\":{\"type\":\"dedicated\"},\"bedrockGuardrails\":{}}"

/* Both forms say the same; an answer is in the form of its request. */
static void test_forms(void)
{
    static const struct expected snake[] = {
        {"/description", "\"D\""},
        {"/prompt_caching_enabled", "true"},
        {"/generation_params",
         "{\"max_tokens\":7,\"top_k\":0,\"top_p\":0,\"temperature\":0.25,\"stop_sequences\":[\"END\"],"
         "\"reasoning_params\":{\"budget_tokens\":2048}}"},
        {"/conversation_quick_starters", "[{\"title\":\"Q\",\"example\":\"What is \\\"it\\\"?\"}]"},
    };
    static const struct expected camel[] = {
        {"/description", "\"D\""},
        {"/promptCachingEnabled", "true"},
        {"/displayRetrievedChunks", "true"},
        {"/generationParams", "{\"maxTokens\":7,\"topK\":0,\"topP\":0,\"temperature\":0.25,\"stopSequences\":[\"END\"],"
                              "\"reasoningParams\":{\"budgetTokens\":2048}}"},
        {"/conversationQuickStarters", "[{\"title\":\"Q\",\"example\":\"What is \\\"it\\\"?\"}]"},
        {"/knowledge", "{\"sourceUrls\":[],\"sitemapUrls\":[],\"filenames\":[],\"s3Urls\":[]}"},
        {"/sharedScope", "\"private\""},
        {"/allowedCognitoGroups", "[]"},
    };
    const char *id = new_id();
    const struct answer *one = create(STUDENT, body_of(new_id(), MADE_SNAKE)),
                        *other = create(STUDENT, textf(MADE_CAMEL, id));

    expect_status("snake", one, 200);
    expect_fields("snake", one->json, snake, LEN(snake));
    expect_status("camel", other, 200);
    expect_fields("camel", other->json, camel, LEN(camel));
    ROW_ASSERT("milliseconds", int_at(other->json, "/createTime") > 1000000000000);
    expect_fields("stored alike", get(STUDENT, textf("/bot/private/%s", id))->json, snake, LEN(snake));
    const struct answer *asked =
        CALL("GET", textf(BOTS "/private/%s", id), token_of(STUDENT), .accept = "application/json; keys=camel");
    expect_fields("asked for", asked->json, camel, LEN(camel));
}

static void test_active_models(void)
{
    const char *id = make_bot(STUDENT, ""), *name = NULL;
    struct json_object *models = json_at(get(STUDENT, textf("/bot/private/%s", id))->json, "/active_models");

    json_object_object_foreach(models, key, value)
    {
        name = key;
        ROW_ASSERT(key, json_object_get_boolean(value));
    }
    const struct answer *off = patch(STUDENT, id, "", textf("{\"active_models\":{\"%s\":false,\"x\":false}}", name));
    expect_json("off", off->json, textf("/active_models/%s", name), "false");
    ROW_ASSERT("unknown ones are ignored", !json_at(off->json, "/active_models/x"));
    const struct answer *summary = get(STUDENT, textf("/bot/summary/%s", id));
    expect_json("in the summary", summary->json, textf("/active_models/%s", name), "false");
    const struct answer *on = patch(STUDENT, id, "", "{\"active_models\":{}}");
    expect_json("missing is active", on->json, textf("/active_models/%s", name), "true");
    expect_error("no boolean", patch(STUDENT, id, "", textf("{\"active_models\":{\"%s\":1}}", name)), 400,
                 "invalid_request", "active_models");
}

/* ---- bounds ---- */

static void test_bodies(void)
{
    const char *const a100 = repeated("a", 100), *const a500 = repeated("\xC3\xA4", 500),
                      *const a20000 = repeated("\xE2\x98\x83", 20000),
                      *const starter = "{\"title\":\"q\",\"example\":\"e\"}";
    const char *starters = starter;

    for (int i = 0; i < 9; i++)
        starters = textf("%s,%s", starters, starter);
    const struct {
        const char *name, *member; /* in the place of one that is right, or besides */
        const char *word;          /* in the error; NULL: it is right */
    } rows[] = {
        {"title of 100", textf("\"title\":\"  %s  \"", a100), NULL},
        {"title of 101", textf("\"title\":\"%sa\"", a100), "title"},
        {"title of blanks", "\"title\":\" \\t \"", "title"},
        {"title of a number", "\"title\":1", "title"},
        {"title of null", "\"title\":null", "title"},
        {"title with U+0000", "\"title\":\"a\\u0000\"", "title"},
        {"description of 500", textf("\"description\":\"%s\"", a500), NULL},
        {"description of 501", textf("\"description\":\"%sa\"", a500), "description"},
        {"instruction of 20000", textf("\"instruction\":\"%s\"", a20000), NULL},
        {"instruction of 20001", textf("\"instruction\":\"%sa\"", a20000), "instruction"},
        {"empty instruction", "\"instruction\":\"\"", NULL},
        {"no instruction", "\"instruction\":null", "instruction"},
        {"chunks as text", "\"display_retrieved_chunks\":\"true\"", "display_retrieved_chunks"},
        {"chunks as null", "\"display_retrieved_chunks\":null", "display_retrieved_chunks"},
        {"caching as a number", "\"prompt_caching_enabled\":1", "prompt_caching_enabled"},
        {"params of null", "\"generation_params\":null", NULL},
        {"params as a list", "\"generation_params\":[]", "generation_params"},
        {"max_tokens 1", "\"generation_params\":{\"max_tokens\":1}", NULL},
        {"max_tokens 0", "\"generation_params\":{\"max_tokens\":0}", "max_tokens"},
        {"max_tokens 64000", "\"generation_params\":{\"max_tokens\":64000}", NULL},
        {"max_tokens 64001", "\"generation_params\":{\"max_tokens\":64001}", "max_tokens"},
        {"max_tokens 1.5", "\"generation_params\":{\"max_tokens\":1.5}", "max_tokens"},
        {"top_k 500", "\"generation_params\":{\"top_k\":500}", NULL},
        {"top_k 501", "\"generation_params\":{\"top_k\":501}", "top_k"},
        {"top_k -1", "\"generation_params\":{\"top_k\":-1}", "top_k"},
        {"top_p 1", "\"generation_params\":{\"top_p\":1}", NULL},
        {"top_p 1.01", "\"generation_params\":{\"top_p\":1.01}", "top_p"},
        {"temperature -0.1", "\"generation_params\":{\"temperature\":-0.1}", "temperature"},
        {"temperature as text", "\"generation_params\":{\"temperature\":\"1\"}", "temperature"},
        {"ten stop sequences",
         "\"generation_params\":{\"stop_sequences\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\","
         "\"9\",\"10\"]}",
         NULL},
        {"eleven",
         "\"generation_params\":{\"stop_sequences\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\","
         "\"11\"]}",
         "stop_sequences"},
        {"one is a number", "\"generation_params\":{\"stop_sequences\":[1]}", "stop_sequences"},
        {"budget 1023", "\"generation_params\":{\"reasoning_params\":{\"budget_tokens\":1023}}", "budget_tokens"},
        {"budget 1024", "\"generation_params\":{\"reasoning_params\":{\"budget_tokens\":1024}}", NULL},
        {"ten starters", textf("\"conversation_quick_starters\":[%s]", starters), NULL},
        {"eleven starters", textf("\"conversation_quick_starters\":[%s,%s]", starters, starter),
         "conversation_quick_starters"},
        {"a starter without example", "\"conversation_quick_starters\":[{\"title\":\"t\"}]", "example"},
        {"a starter as text", "\"conversation_quick_starters\":[\"t\"]", "conversation_quick_starters"},
        {"a starter's title of 101",
         textf("\"conversation_quick_starters\":[{\"title\":\"a%s\",\"example\":\"\"}]", a100), "title"},
        {"active_models as a list", "\"active_models\":[]", "active_models"},
        {"knowledge as text", "\"knowledge\":\"x\"", "knowledge"},
        {"a file that never came", "\"knowledge\":{\"filenames\":[\"notes.txt\"]}", "notes.txt"},
        {"too many files", textf("\"knowledge\":{\"filenames\":[%s\"a\"]}", repeated("\"a\",", 100)), "filenames"},
        {"unknown keys", "\"sync_status\":\"RUNNING\",\"x\":{\"y\":[1]}", NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *id = new_id();
        struct json_object *body = json_of(body_of(id, "")), *more = json_of(textf("{%s}", rows[i].member));

        json_object_object_foreach(more, key, value)
        {
            json_object_object_add(body, key, json_object_get(value));
        }
        const struct answer *answer = create(STUDENT, json_object_to_json_string(body));
        if (!rows[i].word)
            expect_status(rows[i].name, answer, 200);
        else if (expect_error(rows[i].name, answer, 400, "invalid_request", rows[i].word))
            expect_status(rows[i].name, get(STUDENT, textf("/bot/private/%s", id)), 404); /* nothing was made */
    }
}

static void test_ids(void)
{
    const char *id64 = textf("%.38s%s", repeated("a_-9", 10), new_id());
    const struct {
        const char *id;
        bool is_good;
    } rows[] = {{id64, true},   {textf("%sa", id64), false}, {"", false},        {"a b", false},
                {"a.b", false}, {"\xC3\xA4", false},         {"a\\u0000", false}};

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = create(STUDENT, body_of(rows[i].id, ""));

        if (rows[i].is_good)
            expect_status(rows[i].id, answer, 200);
        else
            expect_error(rows[i].id, answer, 400, "invalid_request", "id");
    }
    expect_error("taken", create(OTHER_STUDENT, body_of(id64, "")), 409, "bot_exists", NULL);
    expect_error("by oneself", create(STUDENT, body_of(id64, "")), 409, "bot_exists", NULL);
    expect_error("an id that is none", get(STUDENT, "/bot/private/%C3%A4"), 404, "bot_not_found", NULL);
    expect_error("several faults", create(STUDENT, "{\"title\":1}"), 400, "invalid_request", "id");
    ROW_ASSERT("all of them", count_at(create(STUDENT, "{\"title\":1}")->json, "/errors") == 4);
    expect_status("no JSON", create(STUDENT, "{"), 400);
    expect_error("a form",
                 CALL("POST", BOTS, token_of(STUDENT), .type = "application/x-www-form-urlencoded", .body = "id=x"),
                 415, "unsupported_type", NULL);
}

static void test_names_of_files(void)
{
    static const char *const names[] = {"\"\"", "1", "null", "\"a/b\"", "\"..\"", "\"a\\u0000\""};
    const char *id = make_bot(STUDENT, "");

    for (size_t i = 0; i < LEN(names); i++) {
        const char *one = textf(",\"knowledge\":{\"filenames\":[%s]}", names[i]);

        expect_error(names[i], create(STUDENT, body_of(new_id(), one)), 400, "bad_filename", "filenames");
        one = textf("{\"knowledge\":{\"added_filenames\":[%s]}}", names[i]);
        expect_error(names[i], patch(STUDENT, id, "", one), 400, "bad_filename", "added_filenames");
    }
}

static void test_what_is_not_offered(void)
{
    static const char *const rows[] = {
        "\"agent\":{\"tools\":[{\"name\":\"internet_search\"}]}",
        "\"knowledge\":{\"source_urls\":[\"https://example.org/\"]}",
        "\"knowledge\":{\"sitemapUrls\":[\"https://example.org/\"]}",
        "\"knowledge\":{\"s3_urls\":[\"s3://bucket/\"]}",
    };
    const char *id = make_bot(STUDENT, "");

    for (size_t i = 0; i < LEN(rows); i++) {
        expect_error(rows[i], create(STUDENT, body_of(new_id(), textf(",%s", rows[i]))), 400, "not_supported",
                     "must be empty");
        expect_error(rows[i], patch(STUDENT, id, "", textf("{\"title\":\"N\",%s}", rows[i])), 400, "not_supported",
                     NULL);
        expect_error(rows[i], patch(STUDENT, id, "", textf("{\"title\":7,%s}", rows[i])), 400, "invalid_request", NULL);
    }
    expect_json("nothing changed", get(STUDENT, textf("/bot/private/%s", id))->json, "/title", "\"A bot\"");
    expect_body("pinned", get(STUDENT, "/bot/pinned"), 200, "[]");
    expect_body("tools", get(STUDENT, textf("/bot/%s/agent/available-tools", id)), 200, "[]");
    expect_body("tools of a new one", get(STUDENT, "/bot/new/agent/available-tools"), 200, "[]");
}

/* ---- changing ---- */

static void test_patch(void)
{
    const char *id = make_bot(STUDENT, MADE_SNAKE);
    struct json_object *before = get(STUDENT, textf("/bot/private/%s", id))->json;
    const struct answer *same =
        patch(STUDENT, id, "", "{\"title\":null,\"knowledge\":{\"unchanged_filenames\":[\"x\"]}}");
    const char *kept[] = {"/title",
                          "/description",
                          "/instruction",
                          "/generation_params",
                          "/create_time",
                          "/prompt_caching_enabled",
                          "/conversation_quick_starters"};

    for (size_t i = 0; i < LEN(kept); i++)
        expect_json("absent is unchanged", same->json, kept[i], json_object_to_json_string(json_at(before, kept[i])));
    const struct answer *changed =
        patch(STUDENT, id, "", "{\"title\":\" New \",\"description\":\"\",\"generation_params\":{\"top_k\":9}}");
    static const struct expected want[] = {{"/title", "\"New\""},
                                           {"/description", "\"\""},
                                           {"/instruction", "\"Be kind.\""},
                                           {"/generation_params/top_k", "9"},
                                           {"/generation_params/max_tokens", "7"},
                                           {"/conversation_quick_starters/0/title", "\"Q\""}};
    expect_fields("changed", changed->json, want, LEN(want));
    ROW_ASSERT("the same again", str_eq(get(STUDENT, textf("/bot/private/%s", id))->body, changed->body));
    expect_error("one fault", patch(STUDENT, id, "", "{\"title\":\"Other\",\"instruction\":5}"), 400, "invalid_request",
                 "instruction");
    expect_json("nothing changed", get(STUDENT, textf("/bot/private/%s", id))->json, "/title", "\"New\"");
}

/* ---- documents, once they were uploaded ---- */

static void upload(enum person who, const char *id, const char *filename)
{
    if (!database_try(textf("INSERT INTO upload (user_id, bot_name, filename, hash, size, kind, mime_type, created_at)"
                            " VALUES (%lu, '%s', '%s', REPEAT('z', 32), 1, 'text', 'text/plain', UTC_TIMESTAMP(3))",
                            id_of(who), id, filename)))
        harness_die("cannot upload");
}

static void end_document(const char *id, const char *filename, const char *state, const char *failure)
{
    if (!database_try(
            textf("UPDATE document d JOIN bot b ON b.id = d.bot_id SET d.state = '%s', d.failure = '%s',"
                  " d.lease_until = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR WHERE b.name = '%s' AND d.filename = '%s'",
                  state, failure, id, filename)))
        harness_die("cannot change a document");
}

static void test_documents(void)
{
    const char *id = new_id(), *path = textf("/bot/private/%s", id);

    upload(STUDENT, id, "a.txt");
    upload(STUDENT, id, "b.txt");
    expect_error("another's uploads", create(OTHER_STUDENT, body_of(id, ",\"knowledge\":{\"filenames\":[\"a.txt\"]}")),
                 400, "invalid_request", "a.txt");
    const struct answer *made = create(STUDENT, body_of(id, ",\"knowledge\":{\"filenames\":[\"a.txt\",\"b.txt\"]}"));
    expect_json("made", made->json, "/knowledge/filenames", "[\"a.txt\",\"b.txt\"]");
    ROW_ASSERT("in the queue", !str_eq(text_at(made->json, "/sync_status"), "SUCCEEDED"));
    end_document(id, "a.txt", "succeeded", "");
    end_document(id, "b.txt", "failed", "encrypted");
    expect_json("failed", get(STUDENT, path)->json, "/sync_status", "\"FAILED\"");
    expect_json("which", get(STUDENT, path)->json, "/sync_status_reason", "\"b.txt: The file is encrypted.\"");
    expect_json("knows", get(STUDENT, textf("/bot/summary/%s", id))->json, "/has_knowledge", "true");
    expect_json("in a list", item_of(get(STUDENT, "/bot"), id), "/sync_status", "\"FAILED\"");

    expect_error(
        "never uploaded",
        patch(STUDENT, id, "", "{\"knowledge\":{\"added_filenames\":[\"c.txt\"],\"deleted_filenames\":[\"b.txt\"]}}"),
        400, "invalid_request", "c.txt");
    upload(STUDENT, id, "c.txt");
    const struct answer *changed =
        patch(STUDENT, id, "",
              "{\"knowledge\":{\"addedFilenames\":[\"c.txt\"],\"deletedFilenames\":[\"b.txt\"],"
              "\"unchangedFilenames\":[\"a.txt\"]}}");
    expect_json("changed", changed->json, "/knowledge/filenames", "[\"a.txt\",\"c.txt\"]");
    expect_body("deleted", CALL("DELETE", textf(BOTS "/%s", id), token_of(STUDENT)), 200, "null");
    ROW_ASSERT("with its documents",
               database_number(textf(
                   "SELECT COUNT(*) FROM document d JOIN bot b ON b.id = d.bot_id WHERE b.name = '%s'", id)) == 0);
}

/* ---- who may ---- */

/* Each operation on one bot, by a caller who is not its owner. */
static void expect_all(const char *row, enum person who, const char *id, long edit, long use)
{
    const struct {
        const char *method, *path, *body;
        long want;
    } rows[] = {
        {"GET", "private", NULL, edit},
        {"GET", "summary", NULL, use},
        {"PATCH", "", "{}", edit},
        {"PATCH", "/visibility", "{\"target_shared_scope\":\"bad\"}", edit == 200 ? 400 : edit},
        {"PATCH", "/starred", "{\"starred\":true}", use},
        {"PATCH", "/starred", "{\"starred\":false}", use},
        {"DELETE", "/recently-used", NULL, use},
        {"DELETE", "", NULL, edit == 200 ? 0 : edit}, /* by whom it would be gone */
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        bool is_get = str_eq(rows[i].method, "GET");
        const char *path = is_get ? textf(BOTS "/%s/%s", rows[i].path, id) : textf(BOTS "/%s%s", id, rows[i].path);
        const char *name = textf("%s: %s %s by %s", row, rows[i].method, path, login_of(who));

        if (!rows[i].want)
            continue;
        const struct answer *answer = CALL(rows[i].method, path, token_of(who), .body = rows[i].body);
        expect_status(name, answer, rows[i].want);
        if (rows[i].want == 404)
            expect_error(name, answer, 404, "bot_not_found", NULL);
        if (rows[i].want == 403)
            expect_error(name, answer, 403, "forbidden", NULL);
        expect_status("nobody", CALL(rows[i].method, path, NULL, .body = rows[i].body), 401);
    }
}

static void test_who_may(void)
{
    const char *id = make_bot(STUDENT, "");
    const uint64_t course = main_course();
    const char *const scope = make_token(login_of(STUDENT), "url:GET|/api/chat/bot");

    expect_all("private", OTHER_STUDENT, id, 404, 404);
    expect_all("private", ADMIN, id, 200, 200);
    share(STUDENT, id, with_user(OTHER_STUDENT));
    expect_all("with one", OTHER_STUDENT, id, 403, 200);
    expect_all("with one", OBSERVER, id, 404, 404);
    share(STUDENT, id, textf("{\"targetSharedScope\":\"partial\",\"targetAllowedGroupIds\":[%lu]}", course));
    expect_all("with a course", OTHER_STUDENT, id, 403, 200);
    expect_all("with a course", TEACHER, id, 403, 200);
    expect_all("with a course", FORMER_STUDENT, id, 404, 404);
    expect_all("with a course", STRANGER, id, 404, 404);
    expect_json("told", get(STUDENT, textf("/bot/private/%s", id))->json, "/allowed_cognito_groups",
                textf("[\"%lu\"]", course));
    share(STUDENT, id, "{\"target_shared_scope\":\"all\"}");
    expect_all("with all", STRANGER, id, 403, 200);
    expect_json("told", get(STUDENT, textf("/bot/private/%s", id))->json, "/shared_status", "\"shared\"");
    expect_json("no groups any more", get(STUDENT, textf("/bot/private/%s", id))->json, "/allowed_cognito_groups",
                "[]");
    share(ADMIN, id, "{\"target_shared_scope\":\"private\"}");
    expect_all("private again", STRANGER, id, 404, 404);
    expect_status("its scope", CALL("GET", BOTS, scope), 200);
    expect_error("another scope", CALL("POST", BOTS, scope, .body = body_of(new_id(), "")), 403, "insufficient_scope",
                 NULL);
}

static void test_visibility_bounds(void)
{
    const char *id = make_bot(STUDENT, "");
    const struct {
        const char *name, *body, *word;
    } rows[] = {
        {"no scope", "{}", "target_shared_scope"},
        {"another scope", "{\"target_shared_scope\":\"public\"}", "target_shared_scope"},
        {"an unknown user", "{\"target_shared_scope\":\"partial\",\"target_allowed_user_ids\":[\"999999999\"]}",
         "target_allowed_user_ids"},
        {"no id", "{\"target_shared_scope\":\"partial\",\"target_allowed_user_ids\":[\"x\"]}",
         "target_allowed_user_ids"},
        {"no list", "{\"target_shared_scope\":\"partial\",\"target_allowed_user_ids\":\"1\"}",
         "target_allowed_user_ids"},
        {"0", "{\"target_shared_scope\":\"partial\",\"target_allowed_group_ids\":[0]}", "target_allowed_group_ids"},
        {"a course of others",
         textf("{\"target_shared_scope\":\"partial\",\"target_allowed_group_ids\":[\"%lu\"]}", other_course()),
         "target_allowed_group_ids"},
        {"no course", "{\"target_shared_scope\":\"partial\",\"target_allowed_group_ids\":[\"999999999\"]}",
         "target_allowed_group_ids"},
    };

    share(STUDENT, id, with_user(OTHER_STUDENT));
    for (size_t i = 0; i < LEN(rows); i++)
        expect_error(rows[i].name, patch(STUDENT, id, "/visibility", rows[i].body), 400, "invalid_request",
                     rows[i].word);
    expect_json("nothing changed", get(STUDENT, textf("/bot/private/%s", id))->json, "/allowed_cognito_users",
                textf("[\"%lu\"]", id_of(OTHER_STUDENT)));
    share(STUDENT, id,
          textf("{\"target_shared_scope\":\"partial\",\"target_allowed_user_ids\":[%lu,\"%lu\"]}", id_of(OTHER_STUDENT),
                id_of(OTHER_STUDENT)));
}

/* ---- lists ---- */

static void test_own_list(void)
{
    const char *first = make_bot(OBSERVER, ",\"description\":\"D\""), *second = make_bot(OBSERVER, ""),
               *others = make_bot(STUDENT, "");
    const struct answer *own = get(OBSERVER, "/bot");

    share(STUDENT, others, "{\"target_shared_scope\":\"all\"}");
    ROW_ASSERT("own ones only", item_of(own, first) && item_of(own, second) && !item_of(own, others));
    ROW_ASSERT("the latest first", str_eq(text_at(own->json, "/0/id"), second));
    static const struct expected want[] = {{"/title", "\"A bot\""},          {"/description", "\"D\""},
                                           {"/is_starred", "false"},         {"/owned", "true"},
                                           {"/available", "true"},           {"/sync_status", "\"SUCCEEDED\""},
                                           {"/shared_scope", "\"private\""}, {"/shared_status", "\"unshared\""}};
    expect_fields("an item", item_of(own, first), want, LEN(want));
    ROW_ASSERT("and no more", json_object_object_length(item_of(own, first)) == 11);
    use_bot(OBSERVER, first, 1);
    ROW_ASSERT("used later", str_eq(text_at(get(OBSERVER, "/bot?kind=private")->json, "/0/id"), first));
    ROW_ASSERT("one", count_at(get(OBSERVER, "/bot?limit=1")->json, "") == 1);
    expect_body("star", patch(OBSERVER, second, "/starred", "{\"starred\":true}"), 200, "null");
    const struct answer *starred = get(OBSERVER, "/bot?kind=private&starred=true");
    ROW_ASSERT("starred", count_at(starred->json, "") == 1 && item_of(starred, second));
}

static void test_list_bounds(void)
{
    static const struct {
        const char *path;
        long want;
    } rows[] = {
        {"/bot?kind=mixed", 400},
        {"/bot?kind=mixed&starred=false", 400},
        {"/bot?kind=mixed&starred=true&limit=5", 400},
        {"/bot?kind=mixed&limit=0", 400},
        {"/bot?kind=mixed&limit=101", 400},
        {"/bot?kind=mixed&limit=x", 400},
        {"/bot?kind=mixed&limit=100", 200},
        {"/bot?kind=mixed&starred=false&limit=1", 200},
        {"/bot?kind=mixed&starred=true", 200},
        {"/bot?kind=other", 400},
        {"/bot?starred=maybe", 400},
        {"/store/search", 400},
        {"/store/search?query=", 400},
        {"/store/search?query=%20%09", 400},
        {"/store/search?query=x&limit=0", 400},
        {"/store/search?query=x&limit=101", 400},
        {"/store/search?query=x&limit=100", 200},
        {"/store/search?query=%ff", 400},
        {"/store/search?query=x%00", 400},
        {"/store/popular?limit=-1", 400},
        {"/store/popular", 200},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = get(STUDENT, rows[i].path);

        expect_status(rows[i].path, answer, rows[i].want);
        if (rows[i].want == 400)
            expect_json(rows[i].path, answer->json, "/code", "\"invalid_request\"");
    }
    expect_status("200 characters", get(STUDENT, textf("/store/search?query=%s", repeated("%C3%A4", 200))), 200);
    expect_status("201", get(STUDENT, textf("/store/search?query=%s", repeated("%C3%A4", 201))), 400);
}

static void test_mixed_list(void)
{
    const char *id = make_bot(STUDENT, ",\"description\":\"Secret\"");
    static const struct expected gone[] = {{"/title", "\"A bot\""},
                                           {"/description", "\"\""},
                                           {"/available", "false"},
                                           {"/owned", "false"},
                                           {"/sync_status", "\"ORIGINAL_NOT_FOUND\""}};

    share(STUDENT, id, with_user(OTHER_STUDENT));
    expect_body("star", patch(OTHER_STUDENT, id, "/starred", "{\"starred\":true}"), 200, "null");
    ROW_ASSERT("not used", !item_of(get(OTHER_STUDENT, "/bot?kind=mixed&limit=100"), id));
    use_bot(OTHER_STUDENT, id, 1);
    struct json_object *used = item_of(get(OTHER_STUDENT, "/bot?kind=mixed&limit=100"), id);
    expect_json("used", used, "/available", "true");
    expect_json("used", used, "/is_starred", "true");
    expect_json("used", used, "/owned", "false");
    expect_json("starred", item_of(get(OTHER_STUDENT, "/bot?kind=mixed&starred=true"), id), "/available", "true");

    share(STUDENT, id, "{\"target_shared_scope\":\"private\"}");
    expect_fields("shared no more", item_of(get(OTHER_STUDENT, "/bot?kind=mixed&limit=100"), id), gone, LEN(gone));
    expect_body("a star can go", patch(OTHER_STUDENT, id, "/starred", "{\"starred\":false}"), 200, "null");
    expect_error("and not come", patch(OTHER_STUDENT, id, "/starred", "{\"starred\":true}"), 404, "bot_not_found",
                 NULL);
    expect_body("deleted", CALL("DELETE", textf(BOTS "/%s", id), token_of(STUDENT)), 200, "null");
    expect_fields("deleted", item_of(get(OTHER_STUDENT, "/bot?kind=mixed&limit=100"), id), gone, LEN(gone));
    ROW_ASSERT("not by its owner", !item_of(get(STUDENT, "/bot?kind=mixed&limit=100"), id));
    const struct answer *left = CALL("DELETE", textf(BOTS "/%s/recently-used", id), token_of(OTHER_STUDENT));
    ROW_ASSERT("told", left->status == 200 && *text_at(left->json, "/message"));
    ROW_ASSERT("left the list", !item_of(get(OTHER_STUDENT, "/bot?kind=mixed&limit=100"), id));
}

static void test_store(void)
{
    const char *word = textf("w%s", new_id()), *more = textf(",\"description\":\"\xC3\x89tude %s\"", word);
    const char *rare = make_bot(STUDENT, more), *often = make_bot(STUDENT, more), *own = make_bot(STUDENT, more);
    const char *query = textf("/store/search?query=ETUDE%%20%s", word);

    share(STUDENT, rare, "{\"target_shared_scope\":\"all\"}");
    share(STUDENT, often, "{\"target_shared_scope\":\"all\"}");
    use_bot(STUDENT, rare, 100000);
    use_bot(STUDENT, often, 60000);
    use_bot(OTHER_STUDENT, often, 60000);
    ROW_ASSERT("the owner's", count_at(get(STUDENT, query)->json, "") == 3);
    ROW_ASSERT("what is shared", count_at(get(OTHER_STUDENT, query)->json, "") == 2);
    ROW_ASSERT("an administrator's", count_at(get(ADMIN, query)->json, "") == 3);
    ROW_ASSERT("one", count_at(get(STUDENT, textf("%s&limit=1", query))->json, "") == 1);
    ROW_ASSERT("no operators", count_at(get(STUDENT, textf("/store/search?query=%%25%s", word))->json, "") == 0);
    const struct answer *popular = get(OTHER_STUDENT, "/store/popular?limit=2");
    ROW_ASSERT("the most used first", str_eq(text_at(popular->json, "/0/id"), often));
    ROW_ASSERT("the next", str_eq(text_at(popular->json, "/1/id"), rare));
    ROW_ASSERT("shared ones only", !item_of(get(STUDENT, "/store/popular?limit=100"), own));
    ROW_ASSERT("an administrator's, too", !item_of(get(ADMIN, "/store/popular?limit=100"), own));
}

/* ---- deleting ---- */

static void test_delete(void)
{
    const char *id = make_bot(STUDENT, "");

    expect_body("deleted", CALL("DELETE", textf(BOTS "/%s", id), token_of(STUDENT)), 200, "null");
    expect_error("gone", CALL("DELETE", textf(BOTS "/%s", id), token_of(STUDENT)), 404, "bot_not_found", NULL);
    expect_error("gone", get(ADMIN, textf("/bot/private/%s", id)), 404, "bot_not_found", NULL);
    ROW_ASSERT("from the list", !item_of(get(STUDENT, "/bot"), id));
    expect_status("its id is free", create(OTHER_STUDENT, body_of(id, "")), 200);
    expect_error("for another", get(STUDENT, textf("/bot/private/%s", id)), 404, "bot_not_found", NULL);
    ROW_ASSERT("its instruction is gone",
               database_number(textf("SELECT COUNT(*) FROM bot WHERE name = '%s' AND is_live IS NULL"
                                     " AND instruction = '' AND title = 'A bot'",
                                     id)) == 1);
}

SUITE(bots, {"standard", test_standard}, {"forms", test_forms}, {"active models", test_active_models},
      {"bodies", test_bodies}, {"ids", test_ids}, {"names of files", test_names_of_files},
      {"what is not offered", test_what_is_not_offered}, {"patch", test_patch}, {"documents", test_documents},
      {"who may", test_who_may}, {"visibility bounds", test_visibility_bounds}, {"own list", test_own_list},
      {"list bounds", test_list_bounds}, {"mixed list", test_mixed_list}, {"store", test_store},
      {"delete", test_delete});
