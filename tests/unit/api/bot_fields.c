/* What a body says of a bot: what is taken of it, and what is refused in which words. */
#include "api/bot_fields.h"

#include "http/make_request.h"

static const char *names[] = {"one-v1.5", "two"};
static const struct config config = {.chat = {.names = names, .n_names = LEN(names)}};

struct reading {
    struct request req;
    struct loaded loaded;
    struct bot_change change;
    enum cq_status st;
};

static void start(struct reading *r, const char *body)
{
    r->req = make_post("", "application/json", body);
    r->req.config = &config;
    r->req.loaded = &r->loaded;
    r->loaded = (struct loaded){.n_problems = 0};
    r->change = (struct bot_change){.title = "untouched"};
    CU_ASSERT_EQUAL_FATAL(params_read(&r->req), CQ_OK);
}

/* before NULL: of a new bot. */
static void read_body(struct reading *r, const struct bot_row *before, const char *body)
{
    start(r, body);
    r->st = bot_fields_read(&r->req, before, &r->change);
}

/* The first thing that was wrong. */
static const char *problem(const struct reading *r)
{
    return r->loaded.n_problems ? r->loaded.problems[0] : "";
}

#define NEW "\"title\":\"T\",\"instruction\":\"I\",\"display_retrieved_chunks\":false"

static void test_new(void)
{
    struct reading r;

    read_body(&r, NULL, "{" NEW "}");
    CU_ASSERT_EQUAL_FATAL(r.st, CQ_OK);
    ASSERT_TEXT(r.change.title, "T");
    ASSERT_TEXT(r.change.instruction, "I");
    CU_ASSERT_TRUE(r.change.display_retrieved_chunks && !*r.change.display_retrieved_chunks);
    CU_ASSERT_TRUE(!r.change.description && !r.change.generation_params && !r.change.active_models);
    CU_ASSERT_TRUE(!r.change.quick_starters && !r.change.prompt_caching_enabled && !r.change.n_added);
}

/* Either form of a key; null is absent; a change says what it names and no more. */
static void test_what_is_taken(void)
{
    static const struct bot_row stored = {
        .generation_params =
            "{\"max_tokens\":9,\"top_k\":3,\"top_p\":0.5,\"temperature\":0.5,\"stop_sequences\":[\"x\"],"
            "\"reasoning_params\":{\"budget_tokens\":5000}}"};
    static const struct {
        const char *name, *body;
        const char *params, *models, *starters; /* NULL: unchanged */
    } rows[] = {
        {"nothing", "{}", NULL, NULL, NULL},
        {"nulls",
         "{\"title\":null,\"generation_params\":null,\"knowledge\":null,\"agent\":null,\"active_models\":null}", NULL,
         NULL, NULL},
        {"a part of the params", "{\"generationParams\":{\"topK\":4,\"max_tokens\":null}}",
         "{\"max_tokens\":9,\"top_k\":4,\"top_p\":0.5,\"temperature\":0.5,\"stop_sequences\":[\"x\"],"
         "\"reasoning_params\":{\"budget_tokens\":5000}}",
         NULL, NULL},
        {"all params",
         "{\"generation_params\":{\"max_tokens\":1,\"top_k\":0,\"top_p\":1,\"temperature\":0,\"stop_sequences\":[\"\","
         "\"a\"],"
         "\"reasoning_params\":{\"budget_tokens\":1024}}}",
         "{\"max_tokens\":1,\"top_k\":0,\"top_p\":1,\"temperature\":0,\"stop_sequences\":[\"a\"],"
         "\"reasoning_params\":{\"budget_tokens\":1024}}",
         NULL, NULL},
        {"a model by its name", "{\"active_models\":{\"one-v1.5\":false}}", NULL, "{\"one-v1.5\":false}", NULL},
        {"by its key", "{\"active_models\":{\"one_v1_5\":false,\"two\":true}}", NULL,
         "{\"one-v1.5\":false,\"two\":true}", NULL},
        {"by its other key", "{\"activeModels\":{\"oneV15\":false}}", NULL, "{\"one-v1.5\":false}", NULL},
        {"unknown models", "{\"active_models\":{\"three\":false,\"x\":7}}", NULL, "{}", NULL},
        {"starters", "{\"conversationQuickStarters\":[{\"title\":\"\",\"example\":\"e\",\"more\":1}]}", NULL, NULL,
         "[{\"title\":\"\",\"example\":\"e\"}]"},
        {"no starters", "{\"conversation_quick_starters\":[]}", NULL, NULL, "[]"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct reading r;

        read_body(&r, &stored, rows[i].body);
        ROW_ASSERT(rows[i].name, r.st == CQ_OK && !r.change.title && !r.change.instruction);
        ROW_ASSERT(rows[i].name, str_eq(r.change.generation_params, rows[i].params));
        ROW_ASSERT(rows[i].name, str_eq(r.change.active_models, rows[i].models));
        ROW_ASSERT(rows[i].name, str_eq(r.change.quick_starters, rows[i].starters));
    }
}

static void test_files(void)
{
    static const struct bot_row stored = {.name = "bot"};
    struct reading r;

    read_body(&r, &stored,
              "{\"knowledge\":{\"addedFilenames\":[\"a\",\"b\"],\"deleted_filenames\":[\"c\"],\"filenames\":[\"d\"],"
              "\"unchanged_filenames\":[7]}}");
    CU_ASSERT_TRUE_FATAL(r.st == CQ_OK && r.change.n_added == 2 && r.change.n_removed == 1);
    ASSERT_TEXT(r.change.added[1], "b");
    ASSERT_TEXT(r.change.removed[0], "c");
    read_body(&r, NULL, "{" NEW ",\"knowledge\":{\"filenames\":[\"d\"],\"added_filenames\":[\"a\",\"b\"]}}");
    CU_ASSERT_TRUE_FATAL(r.st == CQ_OK && r.change.n_added == 1 && !r.change.n_removed);
    ASSERT_TEXT(r.change.added[0], "d");
}

/* A refusal names the key and leaves the output alone. */
static void test_refusals(void)
{
    static const struct {
        const char *member, *word;
        enum cq_status st;
    } rows[] = {
        {"\"title\":\"\"", "title", CQ_INVALID_REQUEST},
        {"\"title\":[]", "title", CQ_INVALID_REQUEST},
        {"\"instruction\":5", "instruction", CQ_INVALID_REQUEST},
        {"\"prompt_caching_enabled\":\"yes\"", "prompt_caching_enabled", CQ_INVALID_REQUEST},
        {"\"generation_params\":\"x\"", "generation_params", CQ_INVALID_REQUEST},
        {"\"generation_params\":{\"max_tokens\":99999999999999999999}", "max_tokens", CQ_INVALID_REQUEST},
        {"\"generation_params\":{\"top_p\":1e300}", "top_p", CQ_INVALID_REQUEST},
        {"\"generation_params\":{\"reasoning_params\":7}", "reasoning_params", CQ_INVALID_REQUEST},
        {"\"generation_params\":{\"stop_sequences\":[\"a\\u0000\"]}", "stop_sequences", CQ_INVALID_REQUEST},
        {"\"active_models\":{\"two\":\"false\"}", "two", CQ_INVALID_REQUEST},
        {"\"agent\":[]", "agent", CQ_INVALID_REQUEST},
        {"\"agent\":{\"tools\":{}}", "tools", CQ_INVALID_REQUEST},
        {"\"agent\":{\"tools\":[1]}", "agent.tools", CQ_NOT_SUPPORTED},
        {"\"knowledge\":{\"s3Urls\":[\"x\"]}", "knowledge.s3_urls", CQ_NOT_SUPPORTED},
        {"\"knowledge\":{\"source_urls\":[\"x\"],\"filenames\":[\"a/b\"]}", "source_urls", CQ_INVALID_REQUEST},
        {"\"knowledge\":{\"filenames\":[\"a/b\",\"c\"]}", "filenames", CQ_BAD_FILENAME},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct reading r;
        struct json_object *more;

        start(&r, "{" NEW "}");
        more = json_tokener_parse(arena_printf(r.req.ctx.arena, "{%s}", rows[i].member));
        json_object_object_foreach(more, key, value)
        {
            json_object_object_add(r.req.params, key, json_object_get(value));
        }
        json_object_put(more);
        r.st = bot_fields_read(&r.req, NULL, &r.change);
        ROW_ASSERT(rows[i].member, r.st == rows[i].st);
        ROW_ASSERT(rows[i].member, strstr(problem(&r), rows[i].word) != NULL);
        ROW_ASSERT(rows[i].member, str_eq(r.change.title, "untouched"));
    }
}

static void test_all_at_once(void)
{
    struct reading r;

    read_body(&r, NULL, "{\"generation_params\":{\"top_k\":-1,\"temperature\":2}}");
    CU_ASSERT_EQUAL(r.st, CQ_INVALID_REQUEST);
    CU_ASSERT_EQUAL(r.loaded.n_problems, 5);
}

/* ---- visibility ---- */

static void test_share(void)
{
    static const struct {
        const char *name, *body, *scope;
        size_t n_users, n_courses;
        enum cq_status st;
    } rows[] = {
        {"private", "{\"target_shared_scope\":\"private\"}", "private", 0, 0, CQ_OK},
        {"all", "{\"targetSharedScope\":\"all\",\"targetAllowedUserIds\":[1]}", "all", 0, 0, CQ_OK},
        {"partial", "{\"target_shared_scope\":\"partial\"}", "partial", 0, 0, CQ_OK},
        {"both kinds of ids",
         "{\"target_shared_scope\":\"partial\",\"target_allowed_user_ids\":[1,\"2\"],\"targetAllowedGroupIds\":[\"3\"]"
         "}",
         "partial", 2, 1, CQ_OK},
        {"a negative one", "{\"target_shared_scope\":\"partial\",\"target_allowed_user_ids\":[-1]}", NULL, 0, 0,
         CQ_INVALID_REQUEST},
        {"half a one", "{\"target_shared_scope\":\"partial\",\"target_allowed_user_ids\":[1.5]}", NULL, 0, 0,
         CQ_INVALID_REQUEST},
        {"a long one", "{\"target_shared_scope\":\"partial\",\"target_allowed_user_ids\":[\"99999999999999999999\"]}",
         NULL, 0, 0, CQ_INVALID_REQUEST},
        {"a word", "{\"target_shared_scope\":\"partial\",\"target_allowed_group_ids\":[\"x\"]}", NULL, 0, 0,
         CQ_INVALID_REQUEST},
        {"null", "{\"target_shared_scope\":\"partial\",\"target_allowed_group_ids\":[null]}", NULL, 0, 0,
         CQ_INVALID_REQUEST},
        {"no scope", "{}", NULL, 0, 0, CQ_INVALID_REQUEST},
        {"another scope", "{\"target_shared_scope\":\"ALL\"}", NULL, 0, 0, CQ_INVALID_REQUEST},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct reading r;
        struct bot_share share = {.scope = NULL};

        start(&r, rows[i].body);
        ROW_ASSERT(rows[i].name, bot_share_read(&r.req, &share) == rows[i].st);
        ROW_ASSERT(rows[i].name, str_eq(share.scope, rows[i].scope));
        ROW_ASSERT(rows[i].name, share.n_users == rows[i].n_users && share.n_courses == rows[i].n_courses);
        for (size_t k = 0; k < share.n_users; k++)
            ROW_ASSERT(rows[i].name, share.user_ids[k] == k + 1);
    }
}

static void test_forms_are_refused(void)
{
    struct reading r;
    struct bot_share share;

    start(&r, "{}");
    r.req = make_post("", "application/x-www-form-urlencoded", "title=T");
    r.req.loaded = &r.loaded;
    CU_ASSERT_EQUAL_FATAL(params_read(&r.req), CQ_OK);
    CU_ASSERT_EQUAL(bot_fields_read(&r.req, NULL, &r.change), CQ_UNSUPPORTED_TYPE);
    CU_ASSERT_EQUAL(bot_share_read(&r.req, &share), CQ_UNSUPPORTED_TYPE);
}

SUITE(bot_fields, {"new", test_new}, {"what is taken", test_what_is_taken}, {"files", test_files},
      {"refusals", test_refusals}, {"all at once", test_all_at_once}, {"share", test_share},
      {"forms are refused", test_forms_are_refused});
