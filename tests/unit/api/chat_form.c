/* The two forms of the chat API: which one a request is answered in, keys, times, and fields that are what they should be. */
#include "api/chat_form.h"

#include <stdio.h>

#include "http/make_request.h"

/* A request that has been read. */
struct read {
    struct request req;
    struct loaded loaded;
    struct config config;
};

static void read_body(struct read *r, const char *body)
{
    *r = (struct read){.req = make_post("", "application/json", body)};
    r->req.config = &r->config;
    r->req.loaded = &r->loaded;
    ROW_ASSERT(body, params_read(&r->req) == CQ_OK);
}

/* ---- which form ---- */

static void test_form_of_accept(void)
{
    static const struct {
        const char *accept;
        enum chat_form want; /* camel is what the config says */
    } rows[] = {
        {"", CHAT_CAMEL},
        {"application/json", CHAT_CAMEL},
        {"application/json; keys=snake", CHAT_SNAKE},
        {"application/json;keys=snake", CHAT_SNAKE},
        {"application/json; q=0.5; KEYS=\"Snake\"", CHAT_SNAKE},
        {"text/html, text/event-stream; keys=snake, */*", CHAT_SNAKE},
        {"application/json; keys=snakes", CHAT_CAMEL},
        {"application/json; keys=", CHAT_CAMEL},
        {"application/json; monkeys=snake", CHAT_CAMEL},
        {"application/json; keys=kebab; keys=snake", CHAT_SNAKE},
        {";", CHAT_CAMEL},
        {"; keys", CHAT_CAMEL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct read r;

        read_body(&r, "{}");
        r.config.chat.keys = CONFIG_CAMEL;
        r.req.accept = rows[i].accept;
        ROW_ASSERT(rows[i].accept, chat_form(&r.req) == rows[i].want);
    }
}

static void test_form_of_a_body(void)
{
    static const struct {
        const char *body;
        bool is_told;
        enum chat_form want;
    } rows[] = {
        {"{}", false, CHAT_SNAKE},
        {"{\"title\":\"a_b\"}", false, CHAT_SNAKE},
        {"{\"some_key\":1,\"otherKey\":2}", false, CHAT_SNAKE}, /* none of ours */
        {"{\"new_title\":\"x\"}", true, CHAT_SNAKE},
        {"{\"newTitle\":\"x\"}", true, CHAT_CAMEL},
        {"{\"conversation_id\":\"a\",\"botId\":null}", true, CHAT_CAMEL},
        {"{\"message\":{\"content\":[{\"contentType\":\"text\"}]}}", true, CHAT_CAMEL},
        {"{\"message\":{\"content\":[{\"content_type\":\"text\"}]}}", true, CHAT_SNAKE},
        {"{\"conversation_ids\":[\"botId\"]}", true, CHAT_SNAKE},
        {"{\"active_models\":{\"maxTokens\":true}}", true, CHAT_SNAKE}, /* what models are called is no key */
        {"{\"generation_params\":{\"maxTokens\":1}}", true, CHAT_CAMEL},
        {"{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"botId\":1}}}}}}", false, CHAT_SNAKE},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        for (int keys = CONFIG_SNAKE; keys <= CONFIG_CAMEL; keys++) {
            struct read r;
            enum chat_form standard = keys == CONFIG_CAMEL ? CHAT_CAMEL : CHAT_SNAKE;

            read_body(&r, rows[i].body);
            r.config.chat.keys = (enum config_keys)keys;
            ROW_ASSERT(rows[i].body, chat_form(&r.req) == (rows[i].is_told ? rows[i].want : standard));
            r.loaded.has_form = false;
            r.req.accept = "application/json; keys=camel"; /* which comes first */
            ROW_ASSERT(rows[i].body, chat_form(&r.req) == CHAT_CAMEL);
        }
}

/* A query is no body. */
static void test_form_of_a_query(void)
{
    struct read r = {.req = make_get("botId=1")};

    r.req.config = &r.config;
    r.req.loaded = &r.loaded;
    CU_ASSERT_EQUAL(params_read(&r.req), CQ_OK);
    CU_ASSERT_EQUAL(chat_form(&r.req), CHAT_SNAKE);
}

/* ---- writing ---- */

static struct json_out begin(void)
{
    struct json_out out;

    json_out_init(&out, buf_in_arena(unit_ctx()->arena, 4096));
    return out;
}

static void test_keys(void)
{
    static const struct {
        const char *key, *camel;
    } rows[] = {
        {"id", "id"},      {"message_map", "messageMap"}, {"cache_read_input", "cacheReadInput"}, {"s3_urls", "s3Urls"},
        {"top_k", "topK"},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        for (enum chat_form form = CHAT_SNAKE; form <= CHAT_CAMEL; form++) {
            struct json_out out = begin();
            char want[64];

            json_open_object(&out);
            chat_key(&out, form, rows[i].key);
            json_null(&out);
            json_close_object(&out);
            snprintf(want, sizeof(want), "{\"%s\":null}", form == CHAT_CAMEL ? rows[i].camel : rows[i].key);
            ASSERT_TEXT(out.buf->data, want);
        }
}

static void test_times(void)
{
    static const struct {
        int64_t ms;
        const char *snake, *camel;
    } rows[] = {
        {1704067200000, "1704067200.0", "1704067200000"},
        {1704067201200, "1704067201.2", "1704067201200"},
        {1704067201020, "1704067201.02", "1704067201020"},
        {1704067201003, "1704067201.003", "1704067201003"},
        {0, "0.0", "0"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct json_out snake = begin();

        chat_time(&snake, CHAT_SNAKE, rows[i].ms);
        ASSERT_TEXT(snake.buf->data, rows[i].snake);
        struct json_out camel = begin();

        chat_time(&camel, CHAT_CAMEL, rows[i].ms);
        ASSERT_TEXT(camel.buf->data, rows[i].camel);
    }
}

/* ---- reading ---- */

/* The one line that tells what is wrong; NULL: nothing is. */
static const char *problem(const struct read *r)
{
    CU_ASSERT_TRUE(r->loaded.n_problems <= 1);
    CU_ASSERT_EQUAL(chat_problems(&r->req), r->loaded.n_problems ? CQ_INVALID_REQUEST : CQ_OK);
    return r->loaded.n_problems ? r->loaded.problems[0] : NULL;
}

static void test_texts(void)
{
    static const struct chat_bounds bounds = {.min_chars = 1, .max_chars = 4, .is_trimmed = true, .is_required = true};
    static const struct {
        const char *body, *want, *problem;
    } rows[] = {
        {"{\"new_title\":\"abcd\"}", "abcd", NULL},
        {"{\"newTitle\":\"abcd\"}", "abcd", NULL},
        {"{\"new_title\":\" \\u00e9\\u2003\"}", "\xc3\xa9", NULL},
        {"{\"new_title\":\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"}",
         "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", NULL},
        {"{}", NULL, "new_title is required"},
        {"{\"new_title\":null}", NULL, "new_title is required"},
        {"{\"new_title\":null,\"newTitle\":\"a\"}", "a", NULL},
        {"{\"new_title\":7}", NULL, "new_title must be a string"},
        {"{\"new_title\":true}", NULL, "new_title must be a string"},
        {"{\"new_title\":[\"a\"]}", NULL, "new_title must be a string"},
        {"{\"new_title\":\"a\\u0000b\"}", NULL, "new_title must not hold U+0000"},
        {"{\"new_title\":\" \\t\"}", NULL, "new_title must have 1 to 4 characters"},
        {"{\"new_title\":\"abcde\"}", NULL, "new_title must have 1 to 4 characters"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct read r;
        const char *got = NULL;

        read_body(&r, rows[i].body);
        ROW_ASSERT(rows[i].body, chat_text(&r.req, r.req.params, "new_title", &bounds, &got) == !rows[i].problem);
        ROW_ASSERT(rows[i].body, str_eq(got, rows[i].want));
        ROW_ASSERT(rows[i].body, str_eq(problem(&r), rows[i].problem));
    }
}

static void test_booleans(void)
{
    static const struct {
        const char *body;
        bool is_there, want;
        const char *problem, *problem_if_required;
    } rows[] = {
        {"{\"thumbs_up\":true}", true, true, NULL, NULL},
        {"{\"thumbsUp\":false}", true, false, NULL, NULL},
        {"{}", false, true, NULL, "thumbs_up is required"},
        {"{\"thumbs_up\":null}", false, true, NULL, "thumbs_up is required"},
        {"{\"thumbs_up\":\"true\"}", false, true, "thumbs_up must be true or false", "thumbs_up must be true or false"},
        {"{\"thumbs_up\":1}", false, true, "thumbs_up must be true or false", "thumbs_up must be true or false"},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        for (int is_required = 0; is_required <= 1; is_required++) {
            struct read r;
            bool got = true; /* a failure leaves the output alone */

            read_body(&r, rows[i].body);
            ROW_ASSERT(rows[i].body,
                       chat_bool(&r.req, r.req.params, "thumbs_up", is_required, &got) == rows[i].is_there);
            ROW_ASSERT(rows[i].body, got == rows[i].want);
            ROW_ASSERT(rows[i].body, str_eq(problem(&r), is_required ? rows[i].problem_if_required : rows[i].problem));
        }
}

static void test_lists(void)
{
    static const struct {
        const char *body;
        size_t n;
        const char *problem;
    } rows[] = {
        {"{\"conversation_ids\":[1]}", 1, NULL},
        {"{\"conversationIds\":[1,null]}", 2, NULL},
        {"{\"conversation_ids\":[]}", 0, "conversation_ids must have 1 to 2 items"},
        {"{\"conversation_ids\":[1,2,3]}", 0, "conversation_ids must have 1 to 2 items"},
        {"{\"conversation_ids\":{\"0\":1}}", 0, "conversation_ids must be an array"},
        {"{\"conversation_ids\":\"a\"}", 0, "conversation_ids must be an array"},
        {"{}", 0, "conversation_ids is required"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct read r;
        struct json_object *got = NULL;

        read_body(&r, rows[i].body);
        ROW_ASSERT(rows[i].body,
                   chat_list(&r.req, r.req.params, "conversation_ids", 1, 2, true, &got) == (rows[i].n > 0));
        ROW_ASSERT(rows[i].body, got ? json_object_array_length(got) == rows[i].n : !rows[i].n);
        ROW_ASSERT(rows[i].body, str_eq(problem(&r), rows[i].problem));
    }
}

#define SIXTY_FOUR "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static void test_names(void)
{
    static const struct {
        const char *name;
        bool is_one;
    } rows[] = {
        {SIXTY_FOUR, true},  {"a", true},
        {"-", true},         {"01HQ4V8JFBK9PZXQ8YJKMND8GA", true},
        {"", false},         {SIXTY_FOUR "a", false},
        {"a b", false},      {"a.b", false},
        {"\xc3\xa9", false}, {"a@1", false},
        {"a\n", false},      {"../a", false},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct read r;
        const char *got = NULL;

        ROW_ASSERT(rows[i].name, chat_is_name(rows[i].name, strlen(rows[i].name)) == rows[i].is_one);
        read_body(&r, "{}");
        json_object_object_add(r.req.params, "bot_id", json_object_new_string(rows[i].name));
        ROW_ASSERT(rows[i].name, chat_name(&r.req, r.req.params, "bot_id", false, &got) == rows[i].is_one);
        ROW_ASSERT(rows[i].name, str_eq(got, rows[i].is_one ? rows[i].name : NULL));
        ROW_ASSERT(rows[i].name, (problem(&r) == NULL) == rows[i].is_one);
    }
    CU_ASSERT_FALSE(chat_is_name("a\0b", 3));
}

static void test_limits(void)
{
    static const struct {
        const char *query;
        bool is_right;
        uint64_t want;
    } rows[] = {
        {"", true, 20},         {"limit=1", true, 1},    {"limit=100", true, 100},
        {"limit=007", true, 7}, {"limit=0", false, 9},   {"limit=101", false, 9},
        {"limit=-1", false, 9}, {"limit=1.5", false, 9}, {"limit=", false, 9},
        {"limit=x", false, 9},  {"limit[]=1", false, 9}, {"limit=99999999999999999999", false, 9},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct read r = {.req = make_get(rows[i].query)};
        uint64_t got = 9;

        r.req.loaded = &r.loaded;
        ROW_ASSERT(rows[i].query, params_read(&r.req) == CQ_OK);
        ROW_ASSERT(rows[i].query, chat_limit(&r.req, "limit", 20, 100, &got) == rows[i].is_right);
        ROW_ASSERT(rows[i].query, got == rows[i].want);
        ROW_ASSERT(rows[i].query,
                   str_eq(problem(&r), rows[i].is_right ? NULL : "limit must be a number from 1 to 100"));
    }
}

/* However many there are, an answer has room for twenty. */
static void test_many_problems(void)
{
    struct read r;

    read_body(&r, "{}");
    for (int i = 0; i < 100; i++)
        chat_problem(&r.req, "item %d is wrong", i);
    CU_ASSERT_EQUAL(r.loaded.n_problems, LEN(r.loaded.problems));
    ASSERT_TEXT(r.loaded.problems[19], "item 19 is wrong");
    CU_ASSERT_EQUAL(chat_problems(&r.req), CQ_INVALID_REQUEST);
}

static void test_forms_are_no_json(void)
{
    struct request json = make_post("a=1", "application/json", "{}"),
                   form = make_post("", "application/x-www-form-urlencoded", "thumbs_up=true"), none = make_get("a=1");

    CU_ASSERT_EQUAL(params_read(&json), CQ_OK);
    CU_ASSERT_EQUAL(chat_needs_json(&json), CQ_OK);
    CU_ASSERT_EQUAL(params_read(&form), CQ_OK);
    CU_ASSERT_EQUAL(chat_needs_json(&form), CQ_UNSUPPORTED_TYPE);
    CU_ASSERT_EQUAL(params_read(&none), CQ_OK);
    CU_ASSERT_EQUAL(chat_needs_json(&none), CQ_OK);
}

SUITE(chat_form, {"form of Accept", test_form_of_accept}, {"form of a body", test_form_of_a_body},
      {"form of a query", test_form_of_a_query}, {"keys", test_keys}, {"times", test_times}, {"texts", test_texts},
      {"booleans", test_booleans}, {"lists", test_lists}, {"names", test_names}, {"limits", test_limits},
      {"many problems", test_many_problems}, {"forms are no JSON", test_forms_are_no_json});
