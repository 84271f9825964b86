/* Settings of a provider, and the headers of a request. */
#include "model.h"

#include "llm/provider.h"

static void test_config(void)
{
    static const struct {
        const char *name;
        struct config_llm llm;
        const char *want; /* the key that a line names; NULL: valid */
    } rows[] = {
        // clang-format off
        {"builtin needs nothing",  {.provider = "builtin"},                                            NULL},
        {"unknown provider",       {.provider = "oracle"},                                             "llm.provider:"},
        {"no provider",            {.provider = NULL},                                                 "llm.provider:"},
        {"openai of its own",      {.provider = "openai", .model = "m", .api_key = "k"},               NULL},
        {"openai without model",   {.provider = "openai"},                                             "llm.model:"},
        {"an empty model",         {.provider = "openai", .model = ""},                                "llm.model:"},
        {"a key with a line",      {.provider = "openai", .model = "m", .api_key = "a\r\nX: y"},       "llm.api_key:"},
        {"an organization with a line", {.provider = "openai", .model = "m", .organization = "a\nb"}, "llm.organization:"},
        {"a version of Azure",     {.provider = "openai", .model = "m", .api_key = "k", .api_version = "2024-10-21-preview"}, NULL},
        {"a version to escape",    {.provider = "openai", .model = "m", .api_version = "2024&a=b"},    "llm.api_version:"},
        {"anthropic of its own",   {.provider = "anthropic", .model = "m", .api_key = "k"},            NULL},
        {"anthropic, no model",    {.provider = "anthropic"},                                          "llm.model:"},
        {"anthropic, a key of two lines", {.provider = "anthropic", .model = "m", .api_key = "k\nl"},  "llm.api_key:"},
        {"anthropic over http",    {.provider = "anthropic", .model = "m", .base_url = "http://x.org"}, "llm.base_url:"},
        {"an address elsewhere",   {.provider = "openai", .model = "m", .base_url = "http://x.org/v1"}, "llm.base_url:"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct config config = model_config_of(rows[i].llm);
        struct buf *problems = buf_in_arena(unit_ctx()->arena, 4096);
        bool valid = llm_config_valid(&config, problems);

        ROW_ASSERT(rows[i].name, valid == !rows[i].want);
        ROW_ASSERT(rows[i].name, rows[i].want ? str_starts(problems->data, rows[i].want) : problems->len == 0);
    }
}

static void test_base_url(void)
{
    static const struct {
        const char *url;
        bool allow_http, want;
    } rows[] = {
        // clang-format off
        {"https://api.openai.com/v1",      false, true},
        {"https://10.0.0.7:8443/v1/",      false, true},
        {"HTTPS://model.example",          false, true},
        {"http://localhost:8000/v1",       false, true},
        {"http://LOCALHOST/v1",            false, true},
        {"http://127.0.0.1:11434/v1",      false, true},
        {"http://127.9.8.7/v1",            false, true},
        {"http://[::1]:8080/v1",           false, true},
        {"http://model.example/v1",        false, false},
        {"http://model.example/v1",        true,  true},
        {"http://10.0.0.7/v1",             false, false},
        {"http://[::2]/v1",                false, false},
        {"http://[::ffff:10.0.0.7]/v1",    false, false},
        {"http://0.0.0.0/v1",              false, false},
        {"http://127.0.0.1.example/v1",    false, false},
        {"http://localhost.example/v1",    false, false},
        {"http://127.0.0.1@model.example", false, false},
        {"https://me:secret@model.example", true, false},
        {"https://model.example/v1?a=b",   true,  false},
        {"https://model.example/v1#a",     true,  false},
        {"model.example/v1",               true,  false},
        {"ftp://model.example/v1",         true,  false},
        {"file:///etc/passwd",             true,  false},
        {"https://",                       true,  false},
        {"",                               true,  false},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct buf *problems = buf_in_arena(unit_ctx()->arena, 4096);
        bool valid = llm_base_url_valid(rows[i].url, rows[i].allow_http, "llm", problems);

        ROW_ASSERT(rows[i].url, valid == rows[i].want);
        ROW_ASSERT(rows[i].url, valid ? problems->len == 0 : str_starts(problems->data, "llm.base_url: "));
        ROW_ASSERT(rows[i].url, !strstr(problems->data, "secret"));
    }
}

static void test_notice(void)
{
    const struct config builtin = model_config_of((struct config_llm){.provider = "builtin"});
    const struct config openai = model_config_of((struct config_llm){.provider = "openai", .model = "m"});

    ASSERT_TEXT(llm_notice(&builtin), "No language model is configured: this is Colloquy's built-in tutor.");
    ASSERT_TEXT(llm_notice(&openai), NULL);
}

/* As the config names it, whoever it is that it asks. */
static void test_reply_model(void)
{
    struct config plain = model_config_of((struct config_llm){.provider = "openai", .model = "m"}), tutor = plain;
    struct arena *arena = unit_ctx()->arena;

    tutor.roles.tutor = "t, m";
    ASSERT_TEXT(llm_reply_model(arena, &plain), "m");
    ASSERT_TEXT(llm_reply_model(arena, &tutor), "t");
}

static void test_header(void)
{
    struct llm_request request;

    llm_request_init(&request);
    CU_ASSERT(llm_request_header(&request, "A: %d", 1));
    CU_ASSERT(!llm_request_header(&request, "B: %s", "x\r\nC: y"));
    ASSERT_TEXT(request.headers->data, "A: 1");
    CU_ASSERT_PTR_NULL(request.headers->next);
    llm_request_release(&request);
}

/* All calls wait while one event is read: it may not hold more than it can need. */
static void test_values_of_an_event(void)
{
    static const struct {
        const struct llm_provider *provider;
        const char *event;
    } rows[] = {{&llm_provider_openai, ""},
                {&llm_provider_anthropic, "content_block_delta"},
                {&llm_provider_bedrock, "contentBlockDelta"}};
    enum { AROUND = 3 }; /* the object, its key, the array */
    struct buf data;

    buf_init(&data, 1 << 16);
    for (size_t i = 0; i < LEN(rows); i++)
        for (size_t too_many = 0; too_many < 2; too_many++) {
            struct llm_delta got = {0};

            buf_clear(&data);
            buf_str(&data, "{\"a\":[0");
            for (size_t n = AROUND + 1; n < LLM_EVENT_MAX_VALUES + too_many; n++)
                buf_str(&data, ",0");
            buf_str(&data, "]}");
            const struct llm_event event = {.name = rows[i].event, .data = data.data, .len = data.len};
            ROW_ASSERT(rows[i].provider->name, rows[i].provider->event(unit_ctx(), &event, &got) ==
                                                   (too_many ? CQ_MODEL_INVALID_RESPONSE : CQ_OK));
        }
    buf_release(&data);
}

SUITE(provider, {"settings", test_config}, {"addresses", test_base_url}, {"the notice", test_notice},
      {"reply model", test_reply_model}, {"headers", test_header}, {"the values of an event", test_values_of_an_event});
