/* Models: who is asked, in which order; abilities, prices and what they cost; how much they can read. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

#include "llm/models.h"

static const char FILE_TEXT[] =
    "[llm]\nprovider = openai\nmodel = main\napi_key = k\nfallback = spare, ids-own ,builtin\n"
    "context_tokens = 50000\nmax_tokens = 1000\n"
    "[model spare]\nid = s-1\nprices = 2.5/10.075\nabilities = tools, images\ncontext_tokens = 9000\n"
    "[model judge]\nprovider = builtin\n"
    "[roles]\nassessment = judge, main\n";

/* A config of that file, which is removed again. */
static struct config *config_of(const char *text, struct buf *problems)
{
    char path[] = "/tmp/colloquy-models-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    struct config *config = config_load(path, problems);
    remove(path);
    return config;
}

/* "a b c" */
static const char *names_of(const struct llm_models *models, const struct llm_ask *ask)
{
    struct buf *names = buf_in_arena(unit_ctx()->arena, 1000);
    struct llm_chain chain;

    llm_chain_find(models, ask, &chain);
    for (size_t i = 0; i < chain.n; i++)
        buf_printf(names, "%s%s", i ? " " : "", chain.models[i]->config->name);
    return names->data;
}

static void test_chains(void)
{
    static const struct {
        const char *name;
        struct llm_ask ask;
        const char *want;
    } rows[] = {
        {"a reply", {.task = LLM_REPLY}, "main spare ids-own builtin"},
        {"an assessment", {.task = LLM_ASSESS}, "judge main spare ids-own builtin"},
        {"an evaluation", {.task = LLM_EVALUATE}, "main spare ids-own builtin"},
        {"a summary, which takes a model", {.task = LLM_SUMMARIZE}, "main spare ids-own"},
        {"one's own", {.model = "spare"}, "spare ids-own builtin"},
        {"nobody of that name", {.model = "nobody"}, "spare ids-own builtin"},
        {"no model for vectors", {.task = LLM_EMBED}, ""},
        {"alone", {.task = LLM_REPLY, .is_alone = true}, "main"},
        {"the first of the task's, alone", {.task = LLM_ASSESS, .is_alone = true}, "judge"},
        {"one's own, alone", {.model = "spare", .is_alone = true}, "spare"},
        {"nobody of that name, alone", {.model = "nobody", .is_alone = true}, ""},
    };
    struct buf *problems = buf_in_arena(unit_ctx()->arena, 4096);
    struct config *config = config_of(FILE_TEXT, problems);
    struct llm_models models;

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_TRUE(llm_models_read(&models, config, problems));
    ASSERT_TEXT(problems->data, "");
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, str_eq(names_of(&models, &rows[i].ask), rows[i].want));
    llm_models_release(&models);
    config_destroy(config);
}

static void test_models(void)
{
    struct buf *problems = buf_in_arena(unit_ctx()->arena, 4096);
    struct config *config = config_of(FILE_TEXT, problems);
    struct llm_models models;

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_TRUE(llm_models_read(&models, config, problems));
    const struct llm_model *main = &models.all[0], *spare = &models.all[1], *own = &models.all[3];

    CU_ASSERT(main->abilities == llm_provider_openai.abilities && !main->prices.input);
    CU_ASSERT_EQUAL(spare->abilities, LLM_CAN_CALL | LLM_CAN_SEE);
    CU_ASSERT(spare->prices.input == 2500000000 && spare->prices.output == 10075000000);
    CU_ASSERT(spare->prices.cache_read == spare->prices.input && spare->prices.cache_write == spare->prices.input);
    CU_ASSERT(str_eq(own->config->id, "ids-own") && str_eq(own->config->api_key, "k"));
    CU_ASSERT(own->config->context_tokens == 50000 && own->config->max_tokens == 1000);
    llm_models_release(&models);
    CU_ASSERT_EQUAL(llm_context_tokens(config, LLM_REPLY), 8000); /* of the least of them, without its reply */
    config_destroy(config);
}

/* As their sections stand, then what lists name. */
static void test_models_of_loop(void)
{
    static const char *const names[] = {"main", "spare", "judge", "ids-own", "builtin"};
    static const bool follow[] = {true, false, false, true, false};
    struct config *config = config_of(FILE_TEXT, buf_in_arena(unit_ctx()->arena, 4096));
    struct llm_loop *loop = config ? llm_loop_create(config, NULL) : NULL;
    struct llm_model_info info;

    CU_ASSERT_PTR_NOT_NULL_FATAL(loop);
    for (size_t i = 0; i < LEN(names); i++)
        ROW_ASSERT(names[i], llm_loop_model(loop, i, &info) && str_eq(info.name, names[i]) &&
                                 info.can_follow == follow[i] &&
                                 str_eq(info.provider, i == 2 || i == 4 ? "builtin" : "openai"));
    CU_ASSERT_FALSE(llm_loop_model(loop, LEN(names), &info));
    llm_loop_destroy(loop);
    config_destroy(config);
}

/* One without a section is where [llm] is, with its key, wherever the default model is. */
static void test_names_without_a_section(void)
{
    struct buf *problems = buf_in_arena(unit_ctx()->arena, 4096);
    struct config *config = config_of("[llm]\nprovider = openai\nmodel = main\napi_key = k1\nfallback = mini\n"
                                      "[model main]\nprovider = openai\nbase_url = https://elsewhere.example/v1\n"
                                      "api_key = k2\n",
                                      problems);
    struct llm_models models;

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_TRUE(llm_models_read(&models, config, problems));
    const struct config_model *mini = models.all[1].config;

    CU_ASSERT(str_eq(mini->name, "mini") && str_eq(mini->id, "mini") && !mini->base_url);
    ASSERT_TEXT(mini->api_key, "k1");
    llm_models_release(&models);
    config_destroy(config);
}

static void test_context_of_builtin(void)
{
    struct config *config = config_of("", buf_in_arena(unit_ctx()->arena, 4096));

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(llm_context_tokens(config, LLM_REPLY), UINT32_MAX);
    CU_ASSERT_EQUAL(llm_embed_max(config), 0);
    config_destroy(config);
}

static void test_faults(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"[model a]\nprovider = oracle\n", "model.a.provider: must be one of "},
        {"[model a]\nprovider = openai\nbase_url = ftp://x\n", "model.a.base_url: must be an https URL"},
        {"[llm]\nprovider = bedrock\nmodel = m\n[model gw]\nbase_url = https://gateway.example\n",
         "model.gw.api_key: a section "},
        {"[model a]\nabilities = images, flying\n", "model.a.abilities: flying is not known; "},
        {"[model a]\nabilities = images,\n", "model.a.abilities: must be words of "},
        {"[model a]\nprices = 1\n", "model.a.prices: "},
        {"[model a]\nprices = 1/2/3\n", "model.a.prices: "},
        {"[model a]\nprices = 1/2/\n", "model.a.prices: "},
        {"[model a]\nprices = a/b\n", "model.a.prices: "},
        {"[model a]\nprices = 1/2 USD\n", "model.a.prices: "},
        {"[llm]\nfallback = a,b,c,d,e,f,g,h\n", "llm.fallback: names more than 7 models"},
        {"[embeddings]\nmodel = a, b\n", "embeddings.model: names more than 1 model"},
        {"[llm]\nmodel = a\n[model a]\nprovider = openai\napi_key = a b\n", "model.a.api_key: "},
        {"[llm]\nprovider = openai\nmodel = a\n[model a]\nprices = 1\n", "model.a.prices: "},
        {"[llm]\nprovider = openai\nmodel = a\napi_key = a b\n", "llm.api_key: "},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct buf *problems = buf_in_arena(unit_ctx()->arena, 4096);
        struct config *config = config_of(rows[i].text, problems);

        CU_ASSERT_PTR_NOT_NULL_FATAL(config);
        ROW_ASSERT(rows[i].text, !llm_config_valid(config, problems));
        ROW_ASSERT(rows[i].text, str_starts(problems->data, rows[i].want));
        config_destroy(config);
    }
}

/* A name that no section has is most likely an id, and may be a slip. */
static void test_advice(void)
{
    struct buf *problems = buf_in_arena(unit_ctx()->arena, 4096);
    struct config *config = config_of(FILE_TEXT, problems);

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_TRUE(llm_config_valid(config, problems));
    CU_ASSERT_PTR_NOT_NULL(strstr(problems->data, "ids-own: no section [model ids-own]"));
    CU_ASSERT_PTR_NULL(strstr(problems->data, "builtin"));
    config_destroy(config);
}

static void test_advice_on_models(void)
{
    static const struct {
        const char *text, *want; /* "": nothing to say */
    } rows[] = {
        {"[llm]\nprovider = anthropic\nmodel = a\n", "llm.api_key: none is given"},
        {"[llm]\nprovider = openai\nmodel = a\n[model a]\nid = b\n", "model.a.api_key: none is given"},
        {"[llm]\nprovider = openai\nmodel = a\napi_key = k\n[model b]\nprovider = anthropic\n",
         "model.b.api_key: none is given"},
        {"[llm]\nprovider = openai\nmodel = a\napi_key = k\n[model b]\nid = c\n", ""},
        {"[llm]\nprovider = openai\nmodel = a\nbase_url = http://localhost/v1\n", ""},
        {"[llm]\nprovider = bedrock\nmodel = a\n", ""},
        {"[llm]\nprovider = bedrock\nmodel = a\nbase_url = https://gateway.example\n[model b]\nid = c\n", ""},
        {"", ""},
        {"[llm]\nprovider = bedrock\nmodel = a\ncontext_tokens = 4096\n", "llm.max_tokens: more than half "},
        {"[llm]\nprovider = bedrock\nmodel = a\n[model b]\ncontext_tokens = 8191\n", "model.b.max_tokens: "},
        {"[llm]\nprovider = bedrock\nmodel = a\n[model b]\ncontext_tokens = 8191\n[embeddings]\nmodel = b\n", ""},
        {"[llm]\nprovider = bedrock\nmodel = a\ncontext_tokens = 8192\n", ""},
        {"[llm]\ncontext_tokens = 4096\n", ""},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct buf *problems = buf_in_arena(unit_ctx()->arena, 4096);
        struct config *config = config_of(rows[i].text, problems);

        CU_ASSERT_PTR_NOT_NULL_FATAL(config);
        ROW_ASSERT(rows[i].text, llm_config_valid(config, problems));
        ROW_ASSERT(rows[i].text, *rows[i].want ? str_starts(problems->data, rows[i].want) : str_eq(problems->data, ""));
        config_destroy(config);
    }
}

/* Rather too high than too low: at least what real tokenizers make of these at most, and not much more of what people say. */
static void test_tokens(void)
{
    static const struct {
        const char *text;
        uint32_t at_least, at_most;
    } rows[] = {
        // clang-format off
        {"", 0, 0},
        {"The mitochondria is the powerhouse of the cell.", 10, 18},
        {"Water moves through the membrane because there is more salt on the other side, and the membrane lets only the "
         "water pass. That's called osmosis, isn't it? I would say that diffusion is the more general word: it means "
         "that particles spread out until there is as much of them here as there.", 64, 102},
        {"Donaudampfschifffahrtsgesellschaft", 10, 20},
        {"\xE6\xB0\xB4\xE3\x81\xAF\xE8\x86\x9C\xE3\x82\x92\xE9\x80\x9A\xE3\x82\x8B", 7, 15},
        {"{\"a\":[1,2,3]}", 9, 14},
        {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 2, 8},
        {"xkqzjvwpfhtgbnmyrlcdsoeaiuqpzmxnwkvjfhtybgrclodse", 27, 50},
        {"kQzXvJwPfHtGbNmYrLcDsOeAiUqPzMxNwKvJfHtYbGrClOdSe", 32, 50},
        {"ACGTTAGCCATGACGTTAGCCATGACGTTAGCCATGACGTTAGCCATGACGTTAGCCATG", 33, 60},
        {"31415926535897932384626433832795", 32, 33},
        {"1,000 2,000 3,000", 14, 18},
        {"\xE1\x88\xB0\xE1\x88\x8B\xE1\x88\x9D", 9, 9},       /* Amharic */
        {"\xE0\xAC\x93\xE0\xAC\xA1\xE0\xAC\xBC", 6, 9},       /* Odia */
        {"\xD0\xB2\xD0\xBE\xD0\xB4\xD0\xB0", 2, 6},          /* Russian */
        {"It\xE2\x80\x99s fine \xE2\x80\x93 really.", 7, 12},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        uint32_t n = llm_tokens(rows[i].text, strlen(rows[i].text));

        ROW_ASSERT(rows[i].text, n >= rows[i].at_least && n <= rows[i].at_most);
    }
}

SUITE(models, {"who is asked", test_chains}, {"what they are", test_models},
      {"names without a section", test_names_without_a_section}, {"what a loop knows", test_models_of_loop},
      {"builtin reads all", test_context_of_builtin}, {"faults", test_faults}, {"advice", test_advice},
      {"advice on models", test_advice_on_models}, {"tokens of a text", test_tokens});
