/* The table of providers, and what their settings, requests and answers have in common. */
#include <arpa/inet.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "llm/provider.h"

enum { MIN_REASONING_TOKENS = 1024 };

static const struct llm_provider *const providers[] = {
    &llm_provider_openai,
    &llm_provider_anthropic,
    &llm_provider_bedrock,
    &llm_provider_builtin,
};

const struct llm_provider *llm_provider_find(const char *name)
{
    for (size_t i = 0; i < LEN(providers); i++)
        if (str_eq(providers[i]->name, name))
            return providers[i];
    return NULL;
}

void llm_provider_list(struct buf *out)
{
    for (size_t i = 0; i < LEN(providers); i++)
        buf_printf(out, "%s%s", !i ? "" : i + 1 < LEN(providers) ? ", " : " or ", providers[i]->name);
}

/* ---- settings ---- */

bool llm_token_valid(const char *text, const char *section, const char *key, struct buf *problems)
{
    for (const char *c = text ? text : ""; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f) {
            buf_printf(problems, "%s.%s: holds white space or a control character\n", section, key);
            return false;
        }
    return true;
}

bool llm_id_valid(const struct config_model *model, const char *section, struct buf *problems)
{
    if (model->id && *model->id)
        return true;
    buf_printf(problems, "%s.%s: is required with provider %s\n", section, str_eq(section, "llm") ? "model" : "id",
               model->provider);
    return false;
}

/* ---- addresses ---- */

bool llm_host_is_loopback(const char *host)
{
    struct in_addr v4;

    if (strcasecmp(host, "localhost") == 0 || str_eq(host, "[::1]"))
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return has;
}

/* NULL, or what is wrong with it. */
static const char *url_fault(CURLU *url, const char *text, bool allow_http)
{
    char *scheme = NULL, *host = NULL;
    const char *fault = NULL;

    if (curl_url_set(url, CURLUPART_URL, text, 0) || curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) || (!str_eq(scheme, "https") && !str_eq(scheme, "http")))
        fault = "must be an https URL";
    else if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD) || has_part(url, CURLUPART_QUERY) ||
             has_part(url, CURLUPART_FRAGMENT))
        fault = "must have neither user, password, query nor fragment";
    else if (str_eq(scheme, "http") && !llm_host_is_loopback(host) && !allow_http)
        fault = "http is taken on loopback only, unless llm.allow_http is on";
    curl_free(scheme);
    curl_free(host);
    return fault;
}

bool llm_base_url_valid(const char *text, bool allow_http, const char *section, struct buf *problems)
{
    CURLU *url = curl_url();
    const char *fault = "memory is short";

    if (strlen(text) > LLM_URL_MAX_BYTES / 2)
        fault = "is too long";
    else if (url)
        fault = url_fault(url, text, allow_http);
    curl_url_cleanup(url);
    if (fault)
        buf_printf(problems, "%s.base_url: %s\n", section, fault);
    return !fault;
}

/* ---- requests ---- */

void llm_request_init(struct llm_request *request)
{
    request->headers = NULL;
    buf_init(&request->url, LLM_URL_MAX_BYTES);
    buf_init(&request->body, LLM_REQUEST_MAX_BYTES);
}

void llm_request_release(struct llm_request *request)
{
    buf_release(&request->url);
    buf_release(&request->body);
    curl_slist_free_all(request->headers);
    request->headers = NULL;
}

/* A line break within would begin a header of its own. */
static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

bool llm_request_header(struct llm_request *request, const char *fmt, ...)
{
    struct curl_slist *longer = NULL;
    char *line = NULL;
    va_list ap;

    va_start(ap, fmt);
    int len = vasprintf(&line, fmt, ap);
    va_end(ap);
    if (len < 0)
        return false;
    if (!has_control(line))
        longer = curl_slist_append(request->headers, line);
    explicit_bzero(line, (size_t)len); /* it may hold a key */
    free(line);
    if (longer)
        request->headers = longer;
    return longer != NULL;
}

void llm_request_base(struct llm_request *request, const struct llm_model *model, const char *standard)
{
    const char *base = model->config->base_url && *model->config->base_url ? model->config->base_url : standard;
    size_t len = strlen(base);

    while (len > 0 && base[len - 1] == '/')
        len--;
    buf_append(&request->url, base, len);
}

uint32_t llm_max_tokens(const struct llm_model *model, const struct llm_ask *ask)
{
    return ask->max_tokens && ask->max_tokens < model->config->max_tokens ? ask->max_tokens : model->config->max_tokens;
}

uint32_t llm_reasoning_tokens(const struct llm_model *model, const struct llm_ask *ask)
{
    uint32_t most = model->config->context_tokens / 4;
    uint32_t n = ask->reasoning_tokens;

    if (!n || !(model->abilities & LLM_CAN_REASON))
        return 0;
    if (n > most)
        n = most;
    return n > MIN_REASONING_TOKENS ? n : MIN_REASONING_TOKENS;
}

/*
 * What a level comes to is said nowhere. Of all that a reply may take, a fifth, a half and four fifths are commonly taken
 * for the three: ours is the nearest one.
 */
const char *llm_reasoning_level(const struct llm_model *model, const struct llm_ask *ask)
{
    uint64_t n = llm_reasoning_tokens(model, ask);
    uint64_t percent = n ? n * 100 / (n + llm_max_tokens(model, ask)) : 0;

    return percent < 35 ? "low" : percent < 65 ? "medium" : "high";
}

bool llm_follows_schema(const struct llm_model *model, const struct llm_ask *ask)
{
    return ask->schema && model->abilities & LLM_CAN_FOLLOW;
}

void llm_put_system(struct buf *out, const struct llm_model *model, const struct llm_ask *ask)
{
    if (ask->system)
        buf_str(out, ask->system);
    if (!ask->schema || llm_follows_schema(model, ask))
        return;
    buf_str(out, out->len ? "\n\n" : "");
    buf_str(out, "Answer with one JSON object that follows this JSON Schema, and with nothing else: no Markdown, no "
                 "explanation.\n\n");
    buf_str(out, ask->schema);
}

const char *llm_schema_name(const struct llm_ask *ask)
{
    static const char *const names[LLM_TASK_COUNT] = {
        [LLM_REPLY] = "reply",       [LLM_ASSESS] = "assessment", [LLM_EVALUATE] = "evaluation",
        [LLM_SUMMARIZE] = "summary", [LLM_TITLE] = "title",       [LLM_EMBED] = "embeddings"};

    return names[ask->task];
}

size_t llm_n_parts(const struct llm_message *message)
{
    return (message->text != NULL) + message->n_parts;
}

struct llm_part llm_part_at(const struct llm_message *message, size_t i)
{
    if (!message->text)
        return message->parts[i];
    return i ? message->parts[i - 1] : (struct llm_part){.kind = LLM_TEXT, .text = message->text};
}

bool llm_calls_are_thought_out(const struct llm_ask *ask)
{
    for (size_t i = 0; i < ask->n_messages; i++) {
        const struct llm_message *message = &ask->messages[i];
        bool has_thought = false, has_call = false;

        for (size_t k = 0; k < message->n_parts; k++) {
            has_thought |=
                message->parts[k].kind == LLM_REASONING && message->parts[k].signature && *message->parts[k].signature;
            has_call |= message->parts[k].kind == LLM_TOOL_CALL;
        }
        if (has_call && !has_thought)
            return false;
    }
    return true;
}

bool llm_takes_part(const struct llm_model *model, const struct llm_part *part)
{
    switch (part->kind) {
    case LLM_IMAGE:
        return model->abilities & LLM_CAN_SEE;
    case LLM_DOCUMENT:
        return model->abilities & LLM_CAN_READ;
    case LLM_REASONING:
        return model->abilities & LLM_CAN_REASON;
    case LLM_TOOL_CALL:
    case LLM_TOOL_RESULT:
        return model->abilities & LLM_CAN_CALL;
    case LLM_TEXT:
        return true;
    }
    return false;
}

/* ---- answers ---- */

struct llm_piece *llm_delta_add(struct cq_ctx *ctx, struct llm_delta *delta, enum llm_part_kind kind)
{
    struct llm_piece *piece = arena_zalloc(ctx->arena, 1, sizeof(*piece));

    if (!piece)
        return NULL;
    piece->kind = kind;
    piece->text = "";
    if (delta->last)
        delta->last->next = piece;
    else
        delta->first = piece;
    delta->last = piece;
    return piece;
}

bool llm_delta_add_text(struct cq_ctx *ctx, struct llm_delta *delta, enum llm_part_kind kind,
                        struct json_object *object, const char *key)
{
    size_t len = 0;
    const char *text = json_get_text(object, key, &len);

    if (!text || !len)
        return true;
    struct llm_piece *piece = llm_delta_add(ctx, delta, kind);

    if (!piece)
        return false;
    piece->text = text;
    piece->len = len;
    return true;
}

uint32_t llm_count(struct json_object *usage, const char *key)
{
    uint64_t n = json_get_u64(usage, key);

    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

bool llm_read_vector(struct json_object *array, float **at, size_t *n_dimensions)
{
    size_t n = json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;

    if (!n || (*n_dimensions && n != *n_dimensions))
        return false;
    *n_dimensions = n;
    for (size_t i = 0; i < n; i++) {
        struct json_object *number = json_object_array_get_idx(array, i);

        if (!json_object_is_type(number, json_type_double) && !json_object_is_type(number, json_type_int))
            return false;
        float value = (float)json_object_get_double(number);

        if (!isfinite(value))
            return false;
        *(*at)++ = value;
    }
    return true;
}
