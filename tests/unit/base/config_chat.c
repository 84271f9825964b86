/* Models of the chat API: what the short settings make of them, and what is wrong with such settings. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

static struct buf problems;

static struct config *load(const char *text)
{
    char path[] = "/tmp/colloquy-config-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    buf_init(&problems, 1 << 16);
    struct config *config = config_load(path, &problems);
    remove(path);
    return config;
}

static void unload(struct config *config)
{
    config_destroy(config);
    buf_release(&problems);
}

/* "a b c" */
static const char *names_of(const struct config *config)
{
    struct buf *names = buf_in_arena(unit_ctx()->arena, 4096);

    for (size_t i = 0; i < config->chat.n_names; i++)
        buf_printf(names, "%s%s", i ? " " : "", config->chat.names[i]);
    return names->data;
}

#define LLM "[llm]\nprovider = openai\nmodel = main\napi_key = k\ncontext_tokens = 50000\n"

static void test_names(void)
{
    static const struct {
        const char *text, *want;
        size_t n_models;
    } rows[] = {
        {"", "builtin", 1},
        {LLM, "main", 1},
        {LLM "[chat]\nmodels = small, big=vendor.big:0\n", "small big", 3},
        {LLM "[chat]\nmodels = ,main , small,,\n", "main small", 2},
        {LLM "[chat]\nmodels = small\n[model small]\nid = s-1\n", "small", 2},
        {"[chat]\nmodels = builtin\n", "builtin", 1},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct config *config = load(rows[i].text);

        ROW_ASSERT(rows[i].text, config && !problems.len);
        if (config) {
            ASSERT_TEXT(names_of(config), rows[i].want);
            ROW_ASSERT(rows[i].text, config->n_models == rows[i].n_models);
        }
        unload(config);
    }
}

/* A name without a section is as [llm] has it; what a section says counts more. */
static void test_what_they_are(void)
{
    static const char text[] = LLM "[chat]\nmodels = small=s-1, main, own=o-1, other\nreasoning_models = small,own\n"
                                   "prices = small:0.0025/0.01, main:1/2/0.5/1.25, own:9/9, other:3/4\n"
                                   "[model own]\nprices = 1/2\nabilities = images\n[model other]\nid = o-2\n";
    static const struct {
        const char *name, *id, *prices;
        bool is_reasoning, has_section;
    } rows[] = {
        {"small", "s-1", "0002.5/0010", true, false},
        {"main", "main", "1000/2000/0500/1250", false, false},
        {"own", "o-1", "1/2", true, true},
        {"other", "o-2", "3000/4000", false, true},
    };
    struct config *config = load(text);

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    ASSERT_TEXT(problems.data, "");
    ASSERT_TEXT(config->models[0].name, "main"); /* the default model stays what it was */
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct config_model *m = config_model(config, rows[i].name);

        CU_ASSERT_PTR_NOT_NULL_FATAL(m);
        ASSERT_TEXT(m->id, rows[i].id);
        ASSERT_TEXT(m->prices, rows[i].prices);
        ROW_ASSERT(rows[i].name, m->is_reasoning == rows[i].is_reasoning && m->has_section == rows[i].has_section);
        ASSERT_TEXT(m->api_key, "k");
        ASSERT_TEXT(m->provider, "openai");
        ROW_ASSERT(rows[i].name, m->context_tokens == 50000);
    }
    unload(config);
}

/* A thousandth of a price loses nothing. */
static void test_prices(void)
{
    static const struct {
        const char *given, *want; /* NULL: refused */
    } rows[] = {
        {"0/0", "0000/0000"},
        {"1/2", "1000/2000"},
        {"0.003/0.015", "0003/0015"},
        {"0.00025/0.00125", "0000.25/0001.25"},
        {"1.5/1.55", "1500/1550"},
        {"0.000000000001/9999", "0000.000000001/9999000"},
        {"1/2/3/4", "1000/2000/3000/4000"},
        {" 1/2", "1000/2000"},
        {"1", NULL},
        {"1/2/3", NULL},
        {"1/2/3/4/5", NULL},
        {"1/2/", NULL},
        {"/1/2", NULL},
        {"-1/2", NULL},
        {"1./2", NULL},
        {".5/2", NULL},
        {"1e3/2", NULL},
        {"10000/2", NULL},
        {"0.0000000000001/2", NULL},
        {"1/2 USD", NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char text[256];

        snprintf(text, sizeof(text), LLM "[chat]\nmodels = a:b\nprices = a:b:%s\n", rows[i].given);
        struct config *config = load(text);

        ROW_ASSERT(rows[i].given, (config != NULL) == (rows[i].want != NULL));
        if (config)
            ASSERT_TEXT(config_model(config, "a:b")->prices, rows[i].want);
        else
            ROW_ASSERT(rows[i].given, str_starts(problems.data, "chat.prices: must be "));
        unload(config);
    }
}

static void test_faults(void)
{
    static const struct {
        const char *text, *want;
        bool is_fault;
    } rows[] = {
        {"models = =x\n", "chat.models: must be ", true},
        {"models = a=\n", "chat.models: must be ", true},
        {"models = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "chat.models: must be ", true},
        {"models = a, b, a=x\n", "chat.models: names the same model twice", true},
        {"models = a\nprices = a\n", "chat.prices: must be ", true},
        {"models = a\ntitle_model = b\n", "chat.title_model: must be ", true},
        {"title_model = main\n", "", false},
        {"models = a\ntitle_model = s\n[model s]\nid = x\n", "", false},
        {"models = a\nreasoning_models = b\n", "chat.reasoning_models: b is none of chat.models, ignored", false},
        {"models = a\nprices = b:1/2\n", "chat.prices: b is none of chat.models, ignored", false},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char text[512];

        snprintf(text, sizeof(text), LLM "[chat]\n%s", rows[i].text);
        struct config *config = load(text);

        ROW_ASSERT(rows[i].text, (config == NULL) == rows[i].is_fault);
        ROW_ASSERT(rows[i].text, str_starts(problems.data, rows[i].want) && !*rows[i].want == !problems.len);
        unload(config);
    }
}

static void test_many(void)
{
    struct buf text;

    for (int n = 64; n <= 65; n++) {
        buf_init(&text, 4096);
        buf_str(&text, LLM "[chat]\nmodels = ");
        for (int i = 0; i < n; i++)
            buf_printf(&text, "m%d,", i);
        buf_char(&text, '\n');
        struct config *config = load(text.data);

        CU_ASSERT_EQUAL(config != NULL, n == 64);
        unload(config);
        buf_release(&text);
    }
}

SUITE(config_chat, {"names", test_names}, {"what they are", test_what_they_are}, {"prices", test_prices},
      {"faults", test_faults}, {"many", test_many});
