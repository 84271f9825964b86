/* Models of the chat API: the names that clients may use, and the keys that stand for them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

#include "colloquy/engine.h"

static struct config *load(const char *text)
{
    char path[] = "/tmp/colloquy-config-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    struct buf problems;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    buf_init(&problems, 1 << 16);
    struct config *config = config_load(path, &problems);
    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    remove(path);
    buf_release(&problems);
    return config;
}

static const char OWN[] = "[llm]\nprovider = openai\nmodel = gpt\napi_key = k\n"
                          "[chat]\nmodels = small=s-1, claude-v3-opus=c-1\n";

static void test_names(void)
{
    static const struct {
        const char *requested, *own, *with_upstream;
    } rows[] = {
        {"small", "small", "small"},
        {"claude-v3-opus", "claude-v3-opus", "claude-v3-opus"}, /* configured: itself */
        {"claude-v3.5-sonnet", NULL, "small"},
        {"gpt-oss-120b", NULL, "small"},
        {"gpt", NULL, NULL}, /* not among chat.models */
        {"s-1", NULL, NULL},
        {"Small", NULL, NULL},
        {"", NULL, NULL},
        {"small,gpt", NULL, NULL},
    };
    char text[512];

    for (int on = 0; on <= 1; on++) {
        snprintf(text, sizeof(text), "%supstream_names = %s\n", OWN, on ? "on" : "off");
        struct config *config = load(text);

        for (size_t i = 0; i < LEN(rows); i++)
            ROW_ASSERT(rows[i].requested,
                       str_eq(engine_chat_model(config, rows[i].requested), on ? rows[i].with_upstream : rows[i].own));
        ASSERT_TEXT(engine_chat_default_model(config), "small");
        ASSERT_TEXT(engine_chat_title_model(config), "small");
        config_destroy(config);
    }
}

/* Whatever is offered is taken, and stands there once. */
static void test_all_that_are_offered(void)
{
    static const struct {
        const char *text;
        size_t n;
    } rows[] = {{"", 2},
                {"upstream_names = on\n", 2 + 30 - 1},
                {"keys = camel\n", 2 + 30 - 1},
                {"keys = camel\nupstream_names = off\n", 2}};

    for (size_t i = 0; i < LEN(rows); i++) {
        char text[512];
        size_t n = 0;

        snprintf(text, sizeof(text), "%s%s", OWN, rows[i].text);
        struct config *config = load(text);

        for (const char *name; (name = engine_chat_model_at(config, n)); n++) {
            ROW_ASSERT(name, engine_chat_model(config, name) != NULL);
            for (size_t k = 0; k < n; k++)
                ROW_ASSERT(name, !str_eq(name, engine_chat_model_at(config, k)));
        }
        ROW_ASSERT(rows[i].text, n == rows[i].n);
        ASSERT_TEXT(engine_chat_model_at(config, 0), "small");
        config_destroy(config);
    }
}

static void test_a_fresh_install(void)
{
    struct config *config = load("");

    ASSERT_TEXT(engine_chat_default_model(config), "builtin");
    ASSERT_TEXT(engine_chat_model(config, "builtin"), "builtin");
    CU_ASSERT_PTR_NULL(engine_chat_model_at(config, 1));
    config_destroy(config);
}

static void test_what_they_can(void)
{
    static const char text[] = "[llm]\nprovider = openai\nmodel = gpt\napi_key = k\n"
                               "[chat]\nmodels = plain, thinks, blind, told\nreasoning_models = thinks, told\n"
                               "upstream_names = on\ntitle_model = blind\n"
                               "[model blind]\nabilities = reasoning\n[model told]\nabilities = images\n";
    static const struct {
        const char *name;
        bool reasons, sees;
    } rows[] = {
        {"plain", false, true},   {"thinks", true, true},          {"blind", true, false},
        {"told", false, true},    {"claude-v3-opus", false, true}, /* as plain */
        {"nobody", false, false},
    };
    struct config *config = load(text);

    for (size_t i = 0; i < LEN(rows); i++) {
        ROW_ASSERT(rows[i].name, engine_chat_model_reasons(config, rows[i].name) == rows[i].reasons);
        ROW_ASSERT(rows[i].name, engine_chat_model_sees(config, rows[i].name) == rows[i].sees);
    }
    ASSERT_TEXT(engine_chat_title_model(config), "blind");
    config_destroy(config);
}

static void test_keys(void)
{
    static const struct {
        const char *name, *snake, *camel;
    } rows[] = {
        {"claude-v3.5-sonnet", "claude_v3_5_sonnet", "claudeV35Sonnet"},
        {"llama3-2-11b-instruct", "llama3_2_11b_instruct", "llama3211bInstruct"},
        {"gpt-oss-20b", "gpt_oss_20b", "gptOss20b"},
        {"plain", "plain", "plain"},
        {"a--b..c", "a_b_c", "aBC"},
        {"vendor/Model:1", "vendor_Model_1", "vendorModel1"},
        {"m\xc3\xa9me", "m_me", "mMe"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char key[ENGINE_MODEL_KEY_BYTES];

        engine_chat_model_key(rows[i].name, false, key);
        ASSERT_TEXT(key, rows[i].snake);
        engine_chat_model_key(rows[i].name, true, key);
        ASSERT_TEXT(key, rows[i].camel);
        ROW_ASSERT(rows[i].name, engine_chat_model_has_key(rows[i].name, rows[i].snake));
        ROW_ASSERT(rows[i].name, engine_chat_model_has_key(rows[i].name, rows[i].camel));
        ROW_ASSERT(rows[i].name, engine_chat_model_has_key(rows[i].name, rows[i].name));
        ROW_ASSERT(rows[i].name, !engine_chat_model_has_key(rows[i].name, "other"));
    }
}

/* A name that is longer than any key is cut, not written past its end. */
static void test_a_long_name(void)
{
    char name[400], key[ENGINE_MODEL_KEY_BYTES];

    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    engine_chat_model_key(name, true, key);
    CU_ASSERT_EQUAL(strlen(key), ENGINE_MODEL_KEY_BYTES - 1);
}

SUITE(chat_models, {"names", test_names}, {"all that are offered", test_all_that_are_offered},
      {"a fresh install", test_a_fresh_install}, {"what they can", test_what_they_can}, {"keys", test_keys},
      {"a long name", test_a_long_name});
