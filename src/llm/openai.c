/*
 * Provider openai: any server of the Chat Completions protocol.
 *
 * A stream is always asked for; a server that answers with one JSON body instead is understood too. Source: OpenAI API
 * reference, "Create chat completion", "The chat completion chunk object" and "Create embeddings"; guides "Structured
 * outputs" and "Reasoning". Of other servers: Azure OpenAI REST API reference (api-version, api-key, the error code
 * content_filter); the reasoning of vLLM, DeepSeek and OpenRouter; OpenRouter, "Errors and debugging".
 */
#include "llm/openai.h"

/* It becomes part of an address as it is. */
static bool version_valid(const char *version, const char *section, struct buf *problems)
{
    for (const char *c = version ? version : ""; *c; c++)
        if (!(*c >= '0' && *c <= '9') && !(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') && *c != '-' &&
            *c != '.') {
            buf_printf(problems, "%s.api_version: must be letters, digits, hyphens and full stops\n", section);
            return false;
        }
    return true;
}

static bool config_valid(const struct config_model *config, const char *section, struct buf *problems)
{
    bool is_valid = !config->base_url || llm_base_url_valid(config->base_url, config->allow_http, section, problems);

    is_valid &= llm_id_valid(config, section, problems);
    is_valid &= llm_token_valid(config->api_key, section, "api_key", problems);
    is_valid &= llm_token_valid(config->organization, section, "organization", problems);
    return version_valid(config->api_version, section, problems) && is_valid;
}

const struct llm_provider llm_provider_openai = {
    .name = "openai",
    .abilities = LLM_CAN_SEE | LLM_CAN_CALL | LLM_CAN_FOLLOW | LLM_CAN_BE_DRAWN,
    .is_keyed = true,
    .max_texts = OPENAI_MAX_TEXTS,
    .config_valid = config_valid,
    .request = openai_request,
    .event = openai_event,
    .whole = openai_whole,
    .vectors = openai_vectors,
    .refusal = openai_refusal,
};
