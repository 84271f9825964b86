/*
 * Provider anthropic: the Messages API.
 *
 * A stream is always asked for; one JSON body is understood too. Prompt caching is not asked for. Source: Anthropic API
 * reference, "Messages", "Streaming messages" and "Errors"; guides "Tool use",
 * "Structured outputs", "Extended thinking", "Adaptive thinking", "Effort" and "Stop reasons".
 */
#include "llm/anthropic.h"

static bool config_valid(const struct config_model *config, const char *section, struct buf *problems)
{
    bool is_valid = !config->base_url || llm_base_url_valid(config->base_url, config->allow_http, section, problems);

    is_valid &= llm_id_valid(config, section, problems);
    return llm_token_valid(config->api_key, section, "api_key", problems) && is_valid;
}

/* A filtered reply is no refusal: it is an answer that says so. */
static enum cq_status refusal(struct cq_ctx *ctx, long http_status, const char *body, size_t len)
{
    (void)ctx, (void)http_status, (void)body, (void)len;
    return CQ_MODEL_REFUSED;
}

/*
 * Models newer than Claude Opus 4.6 refuse temperature, top_p and top_k, as well as other things that older ones need
 * (anthropic_request.c): who has an older one gives it the ability "sampling".
 */
const struct llm_provider llm_provider_anthropic = {
    .name = "anthropic",
    .abilities = LLM_CAN_SEE | LLM_CAN_READ | LLM_CAN_CALL | LLM_CAN_FOLLOW | LLM_CAN_REASON,
    .is_keyed = true,
    .says_why = true,
    .config_valid = config_valid,
    .request = anthropic_request,
    .event = anthropic_event,
    .whole = anthropic_whole,
    .refusal = refusal,
};
