/* Models of the chat API: what the config offers, and the names that Bedrock Chat's own page knows. */
#include "colloquy/engine/chat_models.h"

#include <string.h>

#include "colloquy/llm.h"

/* Source: doc/api-chat.md 8. That page posts one of these, whatever is offered. */
static const char *const upstream_names[] = {
    "claude-v4-opus",        "claude-v4.1-opus",     "claude-v4.5-opus",      "claude-v4.6-opus",
    "claude-v4.7-opus",      "claude-v4-sonnet",     "claude-v4.5-sonnet",    "claude-v4.6-sonnet",
    "claude-v4.5-haiku",     "claude-v3.5-sonnet",   "claude-v3.5-sonnet-v2", "claude-v3.7-sonnet",
    "claude-v3.5-haiku",     "claude-v3-haiku",      "claude-v3-opus",        "mistral-7b-instruct",
    "mixtral-8x7b-instruct", "mistral-large",        "mistral-large-2",       "amazon-nova-pro",
    "amazon-nova-lite",      "amazon-nova-micro",    "deepseek-r1",           "llama3-3-70b-instruct",
    "llama3-2-1b-instruct",  "llama3-2-3b-instruct", "llama3-2-11b-instruct", "llama3-2-90b-instruct",
    "gpt-oss-20b",           "gpt-oss-120b",
};

/* ---- names ---- */

static bool is_configured(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->chat.n_names; i++)
        if (str_eq(config->chat.names[i], name))
            return true;
    return false;
}

const char *engine_chat_default_model(const struct config *config)
{
    return config->chat.names[0];
}

const char *engine_chat_title_model(const struct config *config)
{
    return config->chat.title_model ? config->chat.title_model : engine_chat_default_model(config);
}

const char *engine_chat_model_at(const struct config *config, size_t i)
{
    if (i < config->chat.n_names)
        return config->chat.names[i];
    i -= config->chat.n_names;
    for (size_t k = 0; config->chat.upstream_names && k < LEN(upstream_names); k++)
        if (!is_configured(config, upstream_names[k]) && !i--)
            return upstream_names[k];
    return NULL;
}

const char *engine_chat_model(const struct config *config, const char *requested)
{
    for (size_t i = 0; i < config->chat.n_names; i++)
        if (str_eq(config->chat.names[i], requested))
            return config->chat.names[i];
    for (size_t i = 0; config->chat.upstream_names && i < LEN(upstream_names); i++)
        if (str_eq(upstream_names[i], requested))
            return engine_chat_default_model(config);
    return NULL;
}

/* ---- what they can do ---- */

bool engine_chat_model_reasons(const struct config *config, const char *name)
{
    const char *own = engine_chat_model(config, name);
    const struct config_model *model = own ? config_model(config, own) : NULL;

    if (!model)
        return false;
    return model->abilities ? header_list_has(model->abilities, "reasoning") : model->is_reasoning;
}

bool engine_chat_model_sees(const struct config *config, const char *name)
{
    const char *own = engine_chat_model(config, name);

    return own && llm_can_see(config, own);
}

/* ---- keys ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_plain(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

static char raised(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

void engine_chat_model_key(const char *name, bool is_camel, char out[ENGINE_MODEL_KEY_BYTES])
{
    size_t n = 0;

    while (*name && n + 1 < ENGINE_MODEL_KEY_BYTES) {
        if (is_plain(*name)) {
            out[n++] = *name++;
            continue;
        }
        while (*name && !is_plain(*name))
            name++;
        if (!is_camel)
            out[n++] = '_';
        else if (*name)
            out[n++] = raised(*name++);
    }
    out[n] = '\0';
}

bool engine_chat_model_has_key(const char *name, const char *key)
{
    char made[ENGINE_MODEL_KEY_BYTES];

    if (str_eq(name, key))
        return true;
    engine_chat_model_key(name, false, made);
    if (str_eq(made, key))
        return true;
    engine_chat_model_key(name, true, made);
    return str_eq(made, key);
}
