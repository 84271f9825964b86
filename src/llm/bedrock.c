/*
 * Provider bedrock: Amazon Bedrock's models, by ConverseStream, Converse and, for vectors, InvokeModel.
 *
 * Requests are signed, or carry a bearer key. A stream is always asked for; one JSON body instead is understood too.
 * Source: Amazon Bedrock API reference, "ConverseStream", "ConverseStreamOutput", "Converse", "Common Errors"; user
 * guide, "Use an Amazon Bedrock API key".
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "llm/bedrock.h"
#include "llm/sigv4.h"

enum { REGION_MAX_BYTES = 32, BASE_URL_BYTES = 128 };

#define SERVICE "bedrock" /* as signatures name it */

/* ---- settings ---- */

/* NULL: neither is set, or to nothing. */
static const char *env(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static const char *region_of(const struct config_model *config)
{
    const char *region = config->region && *config->region ? config->region : env("AWS_REGION");

    if (!region)
        region = env("AWS_DEFAULT_REGION");
    return region ? region : "us-east-1";
}

/*
 * What is configured for the model goes before what the environment has for all, which an address of a section's own is
 * not given. NULL: requests are signed.
 */
static const char *bearer_of(const struct config_model *config)
{
    if (config->api_key && *config->api_key)
        return config->api_key;
    return config->access_key_id || config->has_own_address ? NULL : env("AWS_BEARER_TOKEN_BEDROCK");
}

/* Whether it is signed with the environment's, the container's or the instance's keys. */
static bool needs_found_keys(const struct config_model *config)
{
    return !bearer_of(config) && !config->access_key_id;
}

/* It becomes part of a host's name. */
static bool region_valid(const char *region)
{
    size_t len = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return len > 0 && len <= REGION_MAX_BYTES && !region[len];
}

static bool access_valid(const struct config_model *config, const char *section, struct buf *problems)
{
    if (!config->has_own_address || !needs_found_keys(config))
        return true;
    buf_printf(problems,
               "%s.api_key: a section with a base_url of its own needs this or access_key_id: the environment's and the"
               " instance's keys are not sent there\n",
               section);
    return false;
}

/* Both or neither; a session token only with them. */
static bool keys_valid(const struct config_model *config, const char *section, struct buf *problems)
{
    const struct aws_keys keys = {config->access_key_id, config->secret_access_key, config->session_token};

    if (!keys.access_key_id && !keys.secret_access_key && !keys.session_token)
        return true;
    if (aws_keys_valid(&keys))
        return true;
    buf_printf(problems,
               "%s.access_key_id: needs its secret_access_key, and neither they nor session_token may hold"
               " white space\n",
               section);
    return false;
}

static bool config_valid(const struct config_model *config, const char *section, struct buf *problems)
{
    bool is_valid = llm_id_valid(config, section, problems);

    if (config->base_url && *config->base_url)
        is_valid &= llm_base_url_valid(config->base_url, config->allow_http, section, problems);
    if (!region_valid(region_of(config))) {
        buf_printf(problems, "%s.region: must be of lower-case letters, digits and hyphens, as us-east-1\n", section);
        is_valid = false;
    }
    is_valid &= llm_token_valid(bearer_of(config), section, "api_key", problems);
    is_valid &= access_valid(config, section, problems);
    return keys_valid(config, section, problems) && is_valid;
}

/* ---- the request ---- */

/* An id may hold ':' and, as the name of a resource, '/'. */
static void write_encoded(struct buf *out, const char *text)
{
    for (; *text; text++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", *text))
            buf_char(out, *text);
        else
            buf_printf(out, "%%%02X", (unsigned char)*text);
}

static enum cq_status request(const struct llm_model *model, const struct llm_ask *ask, struct llm_request *out)
{
    char base[BASE_URL_BYTES];

    snprintf(base, sizeof(base), "https://bedrock-runtime.%s.amazonaws.com", region_of(model->config));
    llm_request_base(out, model, base);
    buf_str(&out->url, "/model/");
    write_encoded(&out->url, model->config->id);
    buf_str(&out->url, ask->task == LLM_EMBED ? "/invoke" : "/converse-stream");
    if (ask->task == LLM_EMBED)
        bedrock_write_texts(model, ask, &out->body);
    else
        bedrock_write_ask(model, ask, &out->body);
    return out->url.failed || out->body.failed ? CQ_INTERNAL : CQ_OK;
}

/* ---- its signature ---- */

static const char CONTENT_TYPE[] = "application/json";

static bool add_part(CURLU *url, CURLUPart part, unsigned flags, const char *before, struct buf *out)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, flags) == CURLUE_OK;

    if (has)
        buf_printf(out, "%s%s", before, text);
    curl_free(text);
    return has;
}

/* The host as curl would send it, and the path. */
static bool split_url(const char *text, struct buf *host, struct buf *path)
{
    CURLU *url = curl_url();
    bool done = url && !curl_url_set(url, CURLUPART_URL, text, 0) && add_part(url, CURLUPART_HOST, 0, "", host) &&
                add_part(url, CURLUPART_PATH, 0, "", path);

    if (done)
        add_part(url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT, ":", host);
    curl_url_cleanup(url);
    return done && !host->failed && !path->failed;
}

static bool add_signed(struct llm_request *request, const struct aws_keys *keys, const struct sigv4_signed *sig,
                       const char *host)
{
    return llm_request_header(request, "Host: %s", host) && llm_request_header(request, "X-Amz-Date: %s", sig->date) &&
           (!keys->session_token || llm_request_header(request, "X-Amz-Security-Token: %s", keys->session_token)) &&
           llm_request_header(request, "Authorization: %s", sig->authorization);
}

static bool sign_with(const struct config_model *config, const struct aws_keys *keys, int64_t now_ms,
                      struct llm_request *request)
{
    struct buf host, path;
    struct sigv4_signed sig;

    buf_init(&host, LLM_URL_MAX_BYTES);
    buf_init(&path, LLM_URL_MAX_BYTES);
    bool done = split_url(request->url.data, &host, &path);
    const struct sigv4_header headers[] = {{"content-type", CONTENT_TYPE}, {"host", host.data}};
    const struct sigv4_request to_sign = {.method = "POST",
                                          .path = path.data,
                                          .query = "",
                                          .headers = headers,
                                          .n_headers = LEN(headers),
                                          .body = request->body.data,
                                          .body_len = request->body.len,
                                          .region = region_of(config),
                                          .service = SERVICE};

    done = done && sigv4_sign(&to_sign, keys, now_ms, &sig) && add_signed(request, keys, &sig, host.data);
    buf_release(&host);
    buf_release(&path);
    return done;
}

static enum aws_state sign(const struct llm_model *model, struct aws_credentials *credentials, int64_t now_ms,
                           struct llm_request *request, const char **problem)
{
    const struct config_model *config = model->config;
    const struct aws_keys of_config = {config->access_key_id, config->secret_access_key, config->session_token};
    const struct aws_keys *keys = &of_config;
    const char *bearer = bearer_of(config);
    enum aws_state state = AWS_READY;

    if (needs_found_keys(config)) {
        if (config->has_own_address) { /* config_valid() has said so */
            *problem = "an address of its own, and no keys for it";
            return AWS_FAILED;
        }
        state = aws_credentials_get(credentials, now_ms, &keys);
    }
    if (state) {
        *problem = aws_credentials_problem(credentials);
        return state;
    }
    bool done = llm_request_header(request, "Content-Type: %s", CONTENT_TYPE) &&
                (bearer ? llm_request_header(request, "Authorization: Bearer %s", bearer)
                        : sign_with(config, keys, now_ms, request));
    return done ? AWS_READY : AWS_FAILED;
}

/* ---- the answer ---- */

/* False: it is of no use as it is. */
static bool stop_parse(const char *reason, enum llm_stop *out)
{
    static const struct {
        const char *reason;
        enum llm_stop stop;
    } stops[] = {
        {"max_tokens", LLM_STOP_LENGTH},
        {"model_context_window_exceeded", LLM_STOP_LENGTH},
        {"stop_sequence", LLM_STOP_SEQUENCE},
        {"tool_use", LLM_STOP_TOOL},
        {"guardrail_intervened", LLM_STOP_FILTERED},
        {"content_filtered", LLM_STOP_FILTERED},
    };

    *out = LLM_STOP_END;
    for (size_t i = 0; i < LEN(stops); i++)
        if (str_eq(stops[i].reason, reason))
            *out = stops[i].stop;
    return !reason || !str_starts(reason, "malformed_");
}

static enum cq_status read_stop(struct json_object *answer, struct llm_delta *out)
{
    out->stopped = true;
    return stop_parse(json_get_text(answer, "stopReason", NULL), &out->stop) ? CQ_OK : CQ_MODEL_INVALID_RESPONSE;
}

static void read_usage(struct json_object *answer, struct llm_usage *out)
{
    struct json_object *usage = json_get(answer, "usage");

    *out = (struct llm_usage){.input = llm_count(usage, "inputTokens"),
                              .output = llm_count(usage, "outputTokens"),
                              .cache_read = llm_count(usage, "cacheReadInputTokens"),
                              .cache_write = llm_count(usage, "cacheWriteInputTokens")};
}

/* A text that a NUL would cut, or that is none, counts as absent. */
static const char *plain_text(struct json_object *object, const char *key)
{
    size_t len;
    const char *text = json_get_text(object, key, &len);

    return text && strlen(text) == len ? text : NULL;
}

/* A tool call begins: its id and name are known. */
static enum cq_status read_tool_use(struct cq_ctx *ctx, struct json_object *use, size_t index, struct llm_delta *out)
{
    const char *id = plain_text(use, "toolUseId"), *name = plain_text(use, "name");

    if (!id || !name)
        return CQ_MODEL_INVALID_RESPONSE;
    struct llm_piece *piece = llm_delta_add(ctx, out, LLM_TOOL_CALL);
    if (!piece)
        return CQ_INTERNAL;
    piece->index = index;
    piece->id = id;
    piece->name = name;
    return CQ_OK;
}

static enum cq_status read_signature(struct cq_ctx *ctx, struct json_object *reasoning, struct llm_delta *out)
{
    const char *signature = plain_text(reasoning, "signature");

    if (!signature)
        return CQ_OK;
    struct llm_piece *piece = llm_delta_add(ctx, out, LLM_REASONING);
    if (!piece)
        return CQ_INTERNAL;
    piece->signature = signature;
    return CQ_OK;
}

/* Thoughts, and the proof that they are the model's. Such as it keeps to itself (redactedContent) tell us nothing. */
static enum cq_status read_reasoning(struct cq_ctx *ctx, struct json_object *reasoning, struct llm_delta *out)
{
    if (!llm_delta_add_text(ctx, out, LLM_REASONING, reasoning, "text"))
        return CQ_INTERNAL;
    return read_signature(ctx, reasoning, out);
}

/* ---- a stream ---- */

static enum cq_status read_block_start(struct cq_ctx *ctx, struct json_object *event, struct llm_delta *out)
{
    struct json_object *use = json_get(json_get(event, "start"), "toolUse");

    return use ? read_tool_use(ctx, use, json_get_u64(event, "contentBlockIndex"), out) : CQ_OK;
}

static enum cq_status read_block_delta(struct cq_ctx *ctx, struct json_object *event, struct llm_delta *out)
{
    struct json_object *delta = json_get(event, "delta"), *use = json_get(delta, "toolUse");

    if (use) {
        if (!llm_delta_add_text(ctx, out, LLM_TOOL_CALL, use, "input"))
            return CQ_INTERNAL;
        if (out->last)
            out->last->index = json_get_u64(event, "contentBlockIndex");
        return CQ_OK;
    }
    if (!llm_delta_add_text(ctx, out, LLM_TEXT, delta, "text"))
        return CQ_INTERNAL;
    return read_reasoning(ctx, json_get(delta, "reasoningContent"), out);
}

static enum cq_status read_message_stop(struct cq_ctx *ctx, struct json_object *event, struct llm_delta *out)
{
    (void)ctx;
    return read_stop(event, out);
}

static enum cq_status read_metadata(struct cq_ctx *ctx, struct json_object *event, struct llm_delta *out)
{
    (void)ctx;
    read_usage(event, &out->usage);
    out->done = true;
    return CQ_OK;
}

/* The others, and those that are yet to be thought of, say nothing to us. */
static const struct {
    const char *name;
    enum cq_status (*read)(struct cq_ctx *ctx, struct json_object *event, struct llm_delta *out);
} events[] = {
    {"contentBlockStart", read_block_start},
    {"contentBlockDelta", read_block_delta},
    {"messageStop", read_message_stop},
    {"metadata", read_metadata},
};

static enum cq_status exception_meaning(const char *name)
{
    static const struct {
        const char *name;
        enum cq_status status;
    } exceptions[] = {
        {"throttlingException", CQ_MODEL_RATE_LIMITED},
        {"modelTimeoutException", CQ_MODEL_TIMEOUT},
        {"validationException", CQ_MODEL_REFUSED},
    };

    for (size_t i = 0; i < LEN(exceptions); i++)
        if (strcasecmp(exceptions[i].name, name) == 0)
            return exceptions[i].status;
    return CQ_MODEL_UNAVAILABLE;
}

static enum cq_status read_object(struct cq_ctx *ctx, const char *text, size_t len, size_t max_values,
                                  struct json_object **out)
{
    struct json_object *object = NULL;

    if (json_read_within(ctx, text, len, max_values, &object) || !json_object_is_type(object, json_type_object))
        return CQ_MODEL_INVALID_RESPONSE;
    *out = object;
    return CQ_OK;
}

static enum cq_status event(struct cq_ctx *ctx, const struct llm_event *event, struct llm_delta *out)
{
    struct llm_delta delta = {0};
    struct json_object *object;

    if (event->is_exception)
        return exception_meaning(event->name);
    enum cq_status st = read_object(ctx, event->data, event->len, LLM_EVENT_MAX_VALUES, &object);
    for (size_t i = 0; !st && i < LEN(events); i++)
        if (str_eq(events[i].name, event->name))
            st = events[i].read(ctx, object, &delta);
    if (!st)
        *out = delta;
    return st;
}

/* ---- a whole answer ---- */

/* A tool call with all of its input, which is written as JSON again. */
static enum cq_status read_whole_tool_use(struct cq_ctx *ctx, struct json_object *use, size_t index,
                                          struct llm_delta *out)
{
    struct json_object *input = json_get(use, "input");
    enum cq_status st = read_tool_use(ctx, use, index, out);

    if (st || !json_object_is_type(input, json_type_object))
        return st;
    out->last->text = json_object_to_json_string_length(input, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
                                                        &out->last->len);
    return out->last->text ? CQ_OK : CQ_INTERNAL;
}

static enum cq_status read_block(struct cq_ctx *ctx, struct json_object *block, size_t index, struct llm_delta *out)
{
    struct json_object *use = json_get(block, "toolUse");

    if (use)
        return read_whole_tool_use(ctx, use, index, out);
    if (!llm_delta_add_text(ctx, out, LLM_TEXT, block, "text"))
        return CQ_INTERNAL;
    return read_reasoning(ctx, json_get(json_get(block, "reasoningContent"), "reasoningText"), out);
}

static enum cq_status whole(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out)
{
    struct llm_delta delta = {.done = true};
    struct json_object *answer;

    enum cq_status st = read_object(ctx, body, len, JSON_MAX_VALUES, &answer);
    if (st)
        return st;
    struct json_object *content = json_get(json_get(json_get(answer, "output"), "message"), "content");
    if (!json_object_is_type(content, json_type_array))
        return CQ_MODEL_INVALID_RESPONSE;
    for (size_t i = 0; !st && i < json_object_array_length(content); i++)
        st = read_block(ctx, json_object_array_get_idx(content, i), i, &delta);
    if (!st)
        st = read_stop(answer, &delta);
    read_usage(answer, &delta.usage);
    if (!st)
        *out = delta;
    return st;
}

/* 424: the model behind the service has failed. */
static enum cq_status refusal(struct cq_ctx *ctx, long http_status, const char *body, size_t len)
{
    (void)ctx, (void)body, (void)len;
    return http_status == 424 ? CQ_MODEL_UNAVAILABLE : CQ_MODEL_REFUSED;
}

const struct llm_provider llm_provider_bedrock = {
    .name = "bedrock",
    .abilities = LLM_CAN_SEE | LLM_CAN_READ | LLM_CAN_CALL | LLM_CAN_FOLLOW | LLM_CAN_BE_DRAWN,
    .says_why = true,
    .max_texts_of = bedrock_max_texts,
    .config_valid = config_valid,
    .request = request,
    .sign = sign,
    .event = event,
    .whole = whole,
    .vectors = bedrock_read_vectors,
    .refusal = refusal,
};
