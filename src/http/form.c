/* Forms: urlencoded text, and names with brackets that nest into objects and arrays. */
#include "http/form.h"

#include <json-c/json.h>
#include <limits.h>
#include <string.h>

/* A name cut at its brackets: "a[b][]" is "a", "b" and "". An empty piece, never the first, is the end of an array. */
struct pieces {
    const char *at[JSON_MAX_DEPTH];
    size_t n;
};

enum cq_status form_count(struct form *form)
{
    if (form->n_names == HTTP_MAX_PARAMS)
        return cq_fail(form->ctx, CQ_INVALID_REQUEST, "more than %d parameters", HTTP_MAX_PARAMS);
    form->n_names++;
    return CQ_OK;
}

static enum cq_status no_memory(struct form *form)
{
    return cq_fail(form->ctx, CQ_INTERNAL, "no memory for parameters");
}

/* Whether what follows the first piece is a row of "[…]" and nothing else. */
static bool brackets_whole(const char *at, const char *end)
{
    while (at < end) {
        if (*at != '[')
            return false;
        size_t inside = strcspn(at + 1, "[]");

        at += 1 + inside;
        if (*at != ']')
            return false;
        at++;
    }
    return true;
}

/* CQ_INVALID_REQUEST: deeper than JSON_MAX_DEPTH, where the tree itself is the first level. */
static enum cq_status cut_name(struct form *form, char *name, size_t len, struct pieces *pieces)
{
    char *end = name + len, *at = name + strcspn(name, "[]");

    pieces->at[0] = name;
    pieces->n = 1;
    if (at == name || !brackets_whole(at, end))
        return CQ_OK;
    while (at < end) {
        if (pieces->n == JSON_MAX_DEPTH)
            return cq_fail(form->ctx, CQ_INVALID_REQUEST, "parameter nested deeper than %d", JSON_MAX_DEPTH);
        *at++ = '\0';
        pieces->at[pieces->n++] = at;
        at = strchr(at, ']');
        *at++ = '\0';
    }
    return CQ_OK;
}

static bool ends_array(const char *piece)
{
    return !*piece;
}

/* Add to an object under a key or to the end of an array. Takes the value, also when it fails. */
static bool add(struct json_object *parent, const char *piece, struct json_object *value)
{
    int failed = json_object_is_type(parent, json_type_array) ? json_object_array_add(parent, value)
                                                              : json_object_object_add(parent, piece, value);

    if (failed)
        json_object_put(value);
    return !failed;
}

/*
 * Whether an object of a list has what these pieces name, so that the next object begins. An array in it never does:
 * it only grows (a[][tags][]=x twice is one object with two tags).
 */
static bool has_pieces(struct json_object *object, const struct pieces *pieces, size_t from)
{
    for (size_t i = from; i < pieces->n; i++) {
        if (ends_array(pieces->at[i]))
            return false;
        if (!json_object_is_type(object, json_type_object) ||
            !json_object_object_get_ex(object, pieces->at[i], &object))
            return false;
    }
    return true;
}

/* What stands already where piece i leads, if it can take the pieces behind it; else NULL. */
static struct json_object *present_child(struct json_object *parent, const struct pieces *pieces, size_t i)
{
    enum json_type want = ends_array(pieces->at[i + 1]) ? json_type_array : json_type_object;
    struct json_object *child = NULL;

    if (json_object_is_type(parent, json_type_object)) {
        json_object_object_get_ex(parent, pieces->at[i], &child);
    } else if (want == json_type_object && json_object_array_length(parent)) {
        child = json_object_array_get_idx(parent, json_object_array_length(parent) - 1);
        if (has_pieces(child, pieces, i + 1))
            return NULL;
    }
    return child && json_object_is_type(child, want) ? child : NULL;
}

static enum cq_status make_child(struct form *form, struct json_object **parent, const struct pieces *pieces, size_t i)
{
    struct json_object *child;

    if (form->n_nested == FORM_MAX_NESTED)
        return cq_fail(form->ctx, CQ_INVALID_REQUEST, "more than %d nested parameters", FORM_MAX_NESTED);
    form->n_nested++;
    child = ends_array(pieces->at[i + 1]) ? json_object_new_array_ext(4) : json_object_new_object();
    if (!child || !add(*parent, pieces->at[i], child))
        return no_memory(form);
    *parent = child;
    return CQ_OK;
}

/* Takes the value. */
static enum cq_status put_at(struct form *form, const struct pieces *pieces, struct json_object *value)
{
    struct json_object *parent = form->root;

    for (size_t i = 0; i + 1 < pieces->n; i++) {
        struct json_object *child = present_child(parent, pieces, i);
        enum cq_status st = CQ_OK;

        if (child)
            parent = child;
        else
            st = make_child(form, &parent, pieces, i);
        if (st) {
            json_object_put(value);
            return st;
        }
    }
    return add(parent, pieces->at[pieces->n - 1], value) ? CQ_OK : no_memory(form);
}

enum cq_status form_put(struct form *form, char *name, size_t name_len, const char *value, size_t value_len)
{
    struct pieces pieces;

    if (!utf8_valid(name, name_len) || !utf8_valid(value, value_len) || memchr(name, '\0', name_len))
        return cq_fail(form->ctx, CQ_INVALID_ENCODING, "parameter %zu is not UTF-8", form->n_names);
    if (!name_len)
        return CQ_OK;
    if (value_len > INT_MAX)
        return cq_fail(form->ctx, CQ_PAYLOAD_TOO_LARGE, "a parameter of %zu bytes", value_len);

    enum cq_status st = cut_name(form, name, name_len, &pieces);
    if (st)
        return st;
    struct json_object *json = json_object_new_string_len(value, (int)value_len);
    return json ? put_at(form, &pieces, json) : no_memory(form);
}

size_t form_decode(const char *text, size_t len, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        int high = -1, low = -1;

        if (text[i] == '%' && len - i > 2) {
            high = hex_digit(text[i + 1]);
            low = hex_digit(text[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            out[n++] = (char)(unsigned char)(high << 4 | low);
            i += 2;
        } else {
            out[n++] = text[i];
            if (text[i] == '+')
                out[n - 1] = ' ';
        }
    }
    return n;
}

/* Whether each percent sign begins an escape of two hexadecimal digits. */
static bool escapes_whole(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == '%' && (len - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0))
            return false;
    return true;
}

/* One "name=value"; scratch has room for len + 1 bytes, into which the value is decoded behind the name and its NUL. */
static enum cq_status put_pair(struct form *form, const char *pair, size_t len, char *scratch)
{
    const char *equals = memchr(pair, '=', len);
    size_t raw_name_len = equals ? (size_t)(equals - pair) : len;
    size_t name_len = form_decode(pair, raw_name_len, scratch), value_len = 0;
    char *value = scratch + name_len + 1;

    scratch[name_len] = '\0';
    if (equals)
        value_len = form_decode(equals + 1, len - raw_name_len - 1, value);
    return form_put(form, scratch, name_len, equals ? value : "", value_len);
}

enum cq_status form_read(struct form *form, const char *text, size_t len)
{
    const char *end = text + len;
    struct buf scratch;
    enum cq_status st = CQ_OK;

    buf_init(&scratch, len + 1);
    while (!st && text < end) {
        const char *amp = memchr(text, '&', (size_t)(end - text));
        size_t pair_len = (size_t)((amp ? amp : end) - text);

        if (pair_len) {
            char *room = buf_room(&scratch, pair_len + 1);

            st = room ? form_count(form) : no_memory(form);
            if (!st && !escapes_whole(text, pair_len))
                st = cq_fail(form->ctx, CQ_INVALID_ENCODING, "parameter %zu has a broken escape", form->n_names);
            if (!st)
                st = put_pair(form, text, pair_len, room);
        }
        text += pair_len + (amp ? 1 : 0);
    }
    buf_release(&scratch);
    return st;
}
