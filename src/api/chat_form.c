/* Keys, times and fields of the chat API. */
#include "api/chat_form.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { KEY_BYTES = 64, NAME_MAX_BYTES = 64, MAX_FORM_DEPTH = 4 };

/* ---- the form of the answer ---- */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* "message_map" as "messageMap". A key without an underscore is the same in both forms. */
static void to_camel(const char *key, char out[KEY_BYTES])
{
    size_t n = 0;

    for (; *key && n + 1 < KEY_BYTES; key++) {
        bool is_raised = *key == '_' && is_lower(key[1]);

        out[n++] = is_raised ? (char)(*++key - 'a' + 'A') : *key;
    }
    out[n] = '\0';
}

/* Keys that clients send and that differ between the forms, by their snake form. */
static const char *const hints[] = {
    "active_models",
    "added_filenames",
    "bedrock_guardrails",
    "bedrock_knowledge_base",
    "bot_id",
    "budget_tokens",
    "content_type",
    "continue_generate",
    "conversation_id",
    "conversation_ids",
    "conversation_quick_starters",
    "deleted_filenames",
    "display_retrieved_chunks",
    "enable_reasoning",
    "file_name",
    "generation_params",
    "max_tokens",
    "media_type",
    "message_id",
    "new_title",
    "parent_message_id",
    "prompt_caching_enabled",
    "reasoning_params",
    "s3_urls",
    "sitemap_urls",
    "source_urls",
    "stop_sequences",
    "target_allowed_group_ids",
    "target_allowed_user_ids",
    "target_shared_scope",
    "thumbs_up",
    "top_k",
    "top_p",
    "unchanged_filenames",
};

/* What a key tells of its client; false: nothing. */
static bool key_form(const char *key, enum chat_form *out)
{
    char camel[KEY_BYTES];

    for (size_t i = 0; i < LEN(hints); i++) {
        to_camel(hints[i], camel);
        if (strcmp(key, hints[i]) == 0 || strcmp(key, camel) == 0) {
            *out = strcmp(key, camel) == 0 ? CHAT_CAMEL : CHAT_SNAKE;
            return true;
        }
    }
    return false;
}

/* Any key in camel case decides; one in snake case only if there is none. What models are called is no key of ours. */
static bool body_form(struct json_object *json, int depth, enum chat_form *out)
{
    bool is_told = false;

    if (depth > MAX_FORM_DEPTH)
        return false;
    if (json_object_is_type(json, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(json); i++) {
            is_told |= body_form(json_object_array_get_idx(json, i), depth + 1, out);
            if (is_told && *out == CHAT_CAMEL)
                return true;
        }
    }
    if (!json_object_is_type(json, json_type_object))
        return is_told;
    json_object_object_foreach(json, key, value)
    {
        is_told |= key_form(key, out);
        if (!(is_told && *out == CHAT_CAMEL) && strcmp(key, "active_models") != 0 && strcmp(key, "activeModels") != 0)
            is_told |= body_form(value, depth + 1, out);
        if (is_told && *out == CHAT_CAMEL)
            return true;
    }
    return is_told;
}

/* The parameter keys of any range of Accept. */
static bool accept_form(const char *accept, enum chat_form *out)
{
    for (const char *at = strchr(accept, ';'); at; at = strchr(at, ';')) {
        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, "keys=", 5) != 0)
            continue;
        at += 5 + (at[5] == '"');
        size_t len = strcspn(at, "\";, \t");

        if (len != 5)
            continue;
        if (strncasecmp(at, "camel", len) == 0 || strncasecmp(at, "snake", len) == 0) {
            *out = strncasecmp(at, "camel", len) == 0 ? CHAT_CAMEL : CHAT_SNAKE;
            return true;
        }
    }
    return false;
}

static enum chat_form find_form(const struct request *req)
{
    enum chat_form form = req->config->chat.keys == CONFIG_CAMEL ? CHAT_CAMEL : CHAT_SNAKE;
    bool has_body = req->params && req->body_len && !req->params_from_form;

    if (!accept_form(req->accept, &form) && has_body)
        (void)body_form(req->params, 0, &form);
    return form;
}

/* Once: a body may have very many keys, and a stream many events. */
enum chat_form chat_form(const struct request *req)
{
    struct loaded *l = req->loaded;

    if (!l->has_form) {
        l->form = find_form(req);
        l->has_form = true;
    }
    return (enum chat_form)l->form;
}

/* ---- writing ---- */

void chat_key(struct json_out *out, enum chat_form form, const char *key)
{
    char camel[KEY_BYTES];

    if (form == CHAT_CAMEL) {
        to_camel(key, camel);
        key = camel;
    }
    json_key(out, key);
}

void chat_time(struct json_out *out, enum chat_form form, int64_t unix_ms)
{
    char text[32];

    if (form == CHAT_CAMEL) {
        json_int(out, unix_ms);
        return;
    }
    int len = snprintf(text, sizeof(text), "%lld.%03lld", (long long)(unix_ms / 1000), (long long)(unix_ms % 1000));

    while (text[len - 1] == '0' && text[len - 2] != '.')
        text[--len] = '\0';
    json_raw(out, text);
}

enum cq_status chat_answer_null(struct request *req)
{
    struct json_out out = response_json(req, 200);

    json_null(&out);
    return CQ_OK;
}

/* ---- what is wrong ---- */

void chat_problem(struct request *req, const char *fmt, ...)
{
    struct loaded *l = req->loaded;
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (l->n_problems == LEN(l->problems))
        return;
    l->problems[l->n_problems] = arena_strdup(req->ctx.arena, text);
    l->n_problems += l->problems[l->n_problems] != NULL;
}

enum cq_status chat_problems(const struct request *req)
{
    return req->loaded->n_problems ? CQ_INVALID_REQUEST : CQ_OK;
}

/* ---- reading ---- */

enum cq_status chat_needs_json(const struct request *req)
{
    return req->body_len && req->params_from_form ? CQ_UNSUPPORTED_TYPE : CQ_OK;
}

struct json_object *chat_get(struct json_object *object, const char *key)
{
    char camel[KEY_BYTES];
    struct json_object *value = json_get(object, key);

    if (value)
        return value;
    to_camel(key, camel);
    return json_get(object, camel);
}

static bool is_missing(struct request *req, struct json_object *value, const char *key, bool is_required)
{
    if (!value && is_required)
        chat_problem(req, "%s is required", key);
    return !value;
}

bool chat_text(struct request *req, struct json_object *object, const char *key, const struct chat_bounds *bounds,
               const char **out)
{
    struct json_object *value = chat_get(object, key);

    if (is_missing(req, value, key, bounds->is_required))
        return false;
    if (!json_object_is_type(value, json_type_string)) {
        chat_problem(req, "%s must be a string", key);
        return false;
    }
    const char *text = json_object_get_string(value);
    size_t len = (size_t)json_object_get_string_len(value);

    if (memchr(text, '\0', len)) {
        chat_problem(req, "%s must not hold U+0000", key);
        return false;
    }
    if (bounds->is_trimmed)
        utf8_trim(&text, &len);
    size_t n = utf8_count(text, len);

    if (n < bounds->min_chars || n > bounds->max_chars) {
        chat_problem(req, "%s must have %zu to %zu characters", key, bounds->min_chars, bounds->max_chars);
        return false;
    }
    const char *copy = arena_strndup(req->ctx.arena, text, len);

    if (!copy)
        chat_problem(req, "%s is too large", key);
    else
        *out = copy;
    return copy != NULL;
}

bool chat_bool(struct request *req, struct json_object *object, const char *key, bool is_required, bool *out)
{
    struct json_object *value = chat_get(object, key);

    if (is_missing(req, value, key, is_required))
        return false;
    if (!json_object_is_type(value, json_type_boolean)) {
        chat_problem(req, "%s must be true or false", key);
        return false;
    }
    *out = json_object_get_boolean(value);
    return true;
}

bool chat_list(struct request *req, struct json_object *object, const char *key, size_t min, size_t max,
               bool is_required, struct json_object **out)
{
    struct json_object *value = chat_get(object, key);

    if (is_missing(req, value, key, is_required))
        return false;
    bool is_list = json_object_is_type(value, json_type_array);
    size_t n = is_list ? json_object_array_length(value) : 0;

    if (!is_list)
        chat_problem(req, "%s must be an array", key);
    else if (n < min || n > max)
        chat_problem(req, "%s must have %zu to %zu items", key, min, max);
    else
        *out = value;
    return is_list && n >= min && n <= max;
}

bool chat_is_name(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_lower(text[i]) && !is_upper(text[i]) && !(text[i] >= '0' && text[i] <= '9') && text[i] != '_' &&
            text[i] != '-')
            return false;
    return len > 0 && len <= NAME_MAX_BYTES;
}

/* What is no ASCII does not even go with its column. */
const char *chat_name_param(const struct request *req, const char *name)
{
    const char *text = path_param(req, name);

    return chat_is_name(text, strlen(text)) ? text : "";
}

bool chat_name(struct request *req, struct json_object *object, const char *key, bool is_required, const char **out)
{
    const struct chat_bounds any = {.max_chars = SIZE_MAX, .is_required = is_required};
    const char *text;

    if (!chat_text(req, object, key, &any, &text))
        return false;
    if (!chat_is_name(text, strlen(text))) {
        chat_problem(req, "%s must be 1 to 64 letters, digits, _ and -", key);
        return false;
    }
    *out = text;
    return true;
}

bool chat_limit(struct request *req, const char *key, uint64_t standard, uint64_t max, uint64_t *out)
{
    struct param p = param_text(req, NULL, key);
    uint64_t n = 0;

    if (p.state == PARAM_ABSENT || p.state == PARAM_NULL) {
        *out = standard;
        return true;
    }
    if (p.state == PARAM_WRONG || !parse_u64(p.text, p.len, max, &n) || !n) {
        chat_problem(req, "%s must be a number from 1 to %llu", key, (unsigned long long)max);
        return false;
    }
    *out = n;
    return true;
}
