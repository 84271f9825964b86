/* Answers of a given form: their schema, and reading them. */
#include <json-c/json.h>
#include <string.h>
#include <strings.h>

#include "engine/form.h"

/* ---- reading ---- */

static const char FENCE[] = "```";

/* Pass over a fence around the answer, and the name of its language. What is left must still be JSON. */
static void strip_fence(const char **text, size_t *len)
{
    static const char language[] = "json";
    size_t fence = strlen(FENCE), name = strlen(language);

    if (*len < 2 * fence || memcmp(*text, FENCE, fence) || memcmp(*text + *len - fence, FENCE, fence))
        return;
    *text += fence;
    *len -= 2 * fence;
    if (*len >= name && strncasecmp(*text, language, name) == 0) {
        *text += name;
        *len -= name;
    }
}

enum cq_status form_parse(struct cq_ctx *ctx, const char *text, size_t len, size_t max_bytes, struct json_object **out)
{
    struct json_object *object = NULL;

    if (len > max_bytes)
        return cq_fail(ctx, CQ_MODEL_INVALID_RESPONSE, "an answer of more than %zu bytes", max_bytes);
    utf8_trim(&text, &len);
    strip_fence(&text, &len);
    enum cq_status st = json_read(ctx, text, len, &object);
    if (st == CQ_INTERNAL)
        return st;
    if (st || !json_object_is_type(object, json_type_object))
        return cq_fail(ctx, CQ_MODEL_INVALID_RESPONSE, "an answer that is no JSON object");
    *out = object;
    return CQ_OK;
}

bool form_has_exactly(struct json_object *value, const char *const *names, size_t n)
{
    if (!json_object_is_type(value, json_type_object) || (size_t)json_object_object_length(value) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!json_object_object_get_ex(value, names[i], NULL))
            return false;
    return true;
}

bool form_integer(struct json_object *object, const char *name, int64_t min, int64_t max, int64_t *out)
{
    struct json_object *value = json_get(object, name);
    int64_t n = json_object_get_int64(value); /* at the ends of its range when it is beyond them */

    if (!json_object_is_type(value, json_type_int) || n < min || n > max)
        return false;
    *out = n;
    return true;
}

bool form_boolean(struct json_object *object, const char *name, bool *out)
{
    struct json_object *value = json_get(object, name);

    if (!json_object_is_type(value, json_type_boolean))
        return false;
    *out = json_object_get_boolean(value);
    return true;
}

bool form_text_value(struct json_object *value, const char **out)
{
    if (!json_object_is_type(value, json_type_string))
        return false;
    const char *text = json_object_get_string(value);
    size_t len = (size_t)json_object_get_string_len(value);

    if (strlen(text) != len || utf8_count(text, len) > FORM_TEXT_MAX_CHARS)
        return false;
    *out = text;
    return true;
}

bool form_text(struct json_object *object, const char *name, const char **out)
{
    return form_text_value(json_get(object, name), out);
}

bool form_list(struct json_object *object, const char *name, struct json_object **out, size_t *n)
{
    struct json_object *value = json_get(object, name);

    if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) > FORM_LIST_MAX_ITEMS)
        return false;
    *out = value;
    *n = json_object_array_length(value);
    return true;
}

/* ---- schemas: only keywords that servers of every kind take ---- */

static void write_type(struct json_out *out, const char *type)
{
    json_open_object(out);
    json_key(out, "type");
    json_text(out, type);
}

void form_open_object(struct json_out *out, const char *const *names, size_t n)
{
    write_type(out, "object");
    json_key(out, "additionalProperties");
    json_boolean(out, false);
    json_key(out, "required");
    json_open_array(out);
    for (size_t i = 0; i < n; i++)
        json_text(out, names[i]);
    json_close_array(out);
    json_key(out, "properties");
    json_open_object(out);
}

void form_close_object(struct json_out *out)
{
    json_close_object(out);
    json_close_object(out);
}

void form_open_list(struct json_out *out)
{
    write_type(out, "array");
    json_key(out, "items");
}

void form_close_list(struct json_out *out)
{
    json_close_object(out);
}

void form_type(struct json_out *out, const char *type, const char *description)
{
    write_type(out, type);
    if (description) {
        json_key(out, "description");
        json_text(out, description);
    }
    json_close_object(out);
}

void form_numbers(struct json_out *out, size_t n)
{
    write_type(out, "integer");
    json_key(out, "enum");
    json_open_array(out);
    for (size_t i = 1; i <= n; i++)
        json_u64(out, i);
    json_close_array(out);
    json_close_object(out);
}
