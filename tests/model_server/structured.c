/*
 * Structured answers: what a request with a JSON schema is answered with, unless its script says otherwise.
 *
 * The answer is made from the schema alone, as any model's would have to be: where items are numbered, one for each number.
 * Of the data that came with the request only what the student said last is used: it holds the script, and is quoted.
 */
#include "model_server.h"

#include <json-c/json.h>

/* ---- the request ---- */

/* A student, or the user of a chat. */
static bool is_by_person(struct json_object *said)
{
    const char *role = json_object_get_string(json_get(said, "role"));

    return str_eq(role, "student") || str_eq(role, "user");
}

/* What the person said last, in the data that the request holds as a message. */
static void find_said(struct structured *s, const char *message)
{
    struct json_object *data = json_tokener_parse(message), *messages = json_get(data, "messages");

    s->n_messages = json_object_is_type(messages, json_type_array) ? json_object_array_length(messages) : 0;
    for (size_t i = s->n_messages; i-- > 0;) {
        struct json_object *said = json_object_array_get_idx(messages, i), *text = json_get(said, "text");

        if (!is_by_person(said) || !text)
            continue;
        buf_str(&s->said, json_object_get_string(text));
        s->number = json_object_get_int64(json_get(said, "number"));
        break;
    }
    json_object_put(data);
}

/* By how it begins, so that a document that is broken further on is known all the same. */
static bool is_to_be_summarised(const struct asked *asked)
{
    const char *text = asked->message.data;

    return asked->is_alone && (str_starts(text, "{\"summary\":") || str_starts(text, "{\"messages\":"));
}

bool structured_read(struct structured *s, const struct asked *asked)
{
    *s = (struct structured){.schema = asked->schema};
    buf_init(&s->said, MAX_BODY_BYTES);
    if (!s->schema && !is_to_be_summarised(asked))
        return false;
    s->task = !s->schema ? "summarize" : str_eq(asked->form, "assessment") ? "assess" : "evaluate";
    find_said(s, asked->message.data);
    return true;
}

void structured_release(struct structured *s)
{
    buf_release(&s->said);
}

/* ---- the answer ---- */

static void write_value(struct json_out *out, const struct structured *s, struct json_object *schema, const char *key,
                        int64_t number);

static bool is_covered(const struct structured *s, int64_t number)
{
    const char *at = s->covers;

    while (at && *at) {
        char *end;

        if (strtoll(at, &end, 10) == number && end != at)
            return true;
        at = end != at ? end : at + 1;
    }
    return false;
}

static void write_members(struct json_out *out, const struct structured *s, struct json_object *schema, int64_t number)
{
    struct json_object *properties = json_get(schema, "properties");

    json_open_object(out);
    if (json_object_is_type(properties, json_type_object)) {
        json_object_object_foreach(properties, key, property)
        {
            json_key(out, key);
            write_value(out, s, property, key, number);
        }
    }
    if (schema == s->schema && *s->orders->add) {
        json_key(out, s->orders->add);
        json_boolean(out, true);
    }
    json_close_object(out);
}

static void write_items(struct json_out *out, const struct structured *s, struct json_object *items, const char *key)
{
    struct json_object *numbers = json_get(json_get(json_get(items, "properties"), "number"), "enum");
    size_t n_numbers = numbers ? json_object_array_length(numbers) : 0;
    size_t n = n_numbers && !str_eq(key, "key_moments") ? n_numbers : 1;

    if (s->n_items)
        n = s->n_items;
    json_open_array(out);
    for (size_t i = 0; i < n && !out->buf->failed; i++)
        write_value(out, s, items, key,
                    n_numbers ? json_object_get_int64(json_object_array_get_idx(numbers, i % n_numbers)) : (int64_t)i);
    json_close_array(out);
}

static void write_string(struct json_out *out, const struct structured *s, const char *key, int64_t number)
{
    if (str_eq(key, "status"))
        json_text(out, is_covered(s, number) ? "covered" : "");
    else if (str_eq(key, "evidence"))
        json_text(out, s->said.data);
    else
        json_text(out, "Scripted.");
}

static int64_t score(const struct structured *s)
{
    return *s->orders->covers ? 100 : 50;
}

static void write_value(struct json_out *out, const struct structured *s, struct json_object *schema, const char *key,
                        int64_t number)
{
    const char *type = json_object_get_string(json_get(schema, "type"));

    if (str_eq(type, "object"))
        write_members(out, s, schema, number);
    else if (str_eq(type, "array"))
        write_items(out, s, json_get(schema, "items"), key);
    else if (str_eq(type, "boolean"))
        json_boolean(out, is_covered(s, number));
    else if (str_eq(type, "integer") || str_eq(type, "number"))
        json_int(out, str_eq(key, "number") ? number : str_eq(key, "message_number") ? s->number : score(s));
    else
        write_string(out, s, key, number);
}

void structured_write(const struct structured *s, struct buf *text)
{
    struct json_out out;

    if (*s->orders->say) {
        buf_str(text, s->orders->say);
        return;
    }
    json_out_init(&out, text);
    if (s->schema)
        write_value(&out, s, s->schema, "", 0);
    else
        buf_printf(text, "Summary of %zu messages.", s->n_messages);
}
