/*
 * JSON: what json_read() takes is what the grammar allows, within the bounds of json.h, and is read back the same
 * after it was written.
 *
 * The grammar stands here once more, as a reader that descends (RFC 8259), since json-c's own is lenient.
 */
#include <json-c/json.h>
#include <string.h>

#include "fuzz.h"

struct reader {
    const char *at, *end;
    unsigned depth;
    size_t values;
};

static bool read_value(struct reader *r);

static void blanks(struct reader *r)
{
    while (r->at < r->end && memchr(" \t\r\n", *r->at, 4))
        r->at++;
}

static bool take(struct reader *r, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static bool digits(struct reader *r)
{
    const char *start = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > start;
}

static bool read_number(struct reader *r)
{
    const char *start = r->at;

    take(r, "-");
    if (!take(r, "0") && !digits(r))
        return false;
    if (take(r, ".") && !digits(r))
        return false;
    if (take(r, "e") || take(r, "E")) {
        if (!take(r, "+"))
            take(r, "-");
        if (!digits(r))
            return false;
    }
    return r->at - start <= 1024;
}

static bool hex4(struct reader *r, unsigned *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        if (r->at == r->end || hex_digit(*r->at) < 0)
            return false;
        *unit = *unit * 16 + (unsigned)hex_digit(*r->at++);
    }
    return true;
}

/* Behind a backslash. */
static bool read_escape(struct reader *r, bool *nul)
{
    unsigned high, low;

    if (!take(r, "u"))
        return r->at < r->end && memchr("\"\\/bfnrt", *r->at++, 8);
    if (!hex4(r, &high))
        return false;
    *nul |= high == 0;
    if (high >> 10 != 0xD800 >> 10)
        return high >> 10 != 0xDC00 >> 10;
    return take(r, "\\u") && hex4(r, &low) && low >> 10 == 0xDC00 >> 10;
}

static bool read_string(struct reader *r, bool *nul)
{
    *nul = false;
    if (!take(r, "\""))
        return false;
    while (r->at < r->end && *r->at != '"') {
        if ((unsigned char)*r->at < 0x20)
            return false;
        if (take(r, "\\")) {
            if (!read_escape(r, nul))
                return false;
        } else {
            r->at++;
        }
    }
    return take(r, "\"");
}

/* A key cannot hold U+0000: json-c would cut it there. */
static bool read_member(struct reader *r)
{
    bool nul;

    if (!read_string(r, &nul) || nul || ++r->values > JSON_MAX_VALUES)
        return false;
    blanks(r);
    return take(r, ":") && read_value(r);
}

static bool read_items(struct reader *r, bool (*read_item)(struct reader *), const char *close)
{
    if (++r->depth > JSON_MAX_DEPTH)
        return false;
    blanks(r);
    if (!take(r, close)) {
        do {
            blanks(r);
            if (!read_item(r))
                return false;
            blanks(r);
        } while (take(r, ","));
        if (!take(r, close))
            return false;
    }
    r->depth--;
    return true;
}

static bool read_value(struct reader *r)
{
    bool nul;

    blanks(r);
    if (r->at == r->end || ++r->values > JSON_MAX_VALUES)
        return false;
    if (take(r, "{"))
        return read_items(r, read_member, "}");
    if (take(r, "["))
        return read_items(r, read_value, "]");
    if (*r->at == '"')
        return read_string(r, &nul);
    return take(r, "true") || take(r, "false") || take(r, "null") || read_number(r);
}

/* n_values: keys and values. */
static bool is_json(const char *text, size_t len, size_t *n_values)
{
    struct reader r = {.at = text, .end = text + len};

    if (!utf8_valid(text, len) || !read_value(&r))
        return false;
    blanks(&r);
    *n_values = r.values;
    return r.at == r.end;
}

static size_t count_values(struct json_object *value)
{
    size_t n = 1;

    for (size_t i = 0; json_object_is_type(value, json_type_array) && i < json_object_array_length(value); i++)
        n += count_values(json_object_array_get_idx(value, i));
    if (!json_object_is_type(value, json_type_object))
        return n;
    json_object_object_foreach(value, key, member)
    {
        n += 1 + count_values(member);
        CHECK(key);
    }
    return n;
}

/* Whether a key stands twice in an object: json-c keeps the last, and its tree has less than was written. */
static bool has_key_twice(const char *text, size_t len, size_t n_values)
{
    struct json_tokener *tok = json_tokener_new_ex(JSON_MAX_DEPTH + 1);
    struct json_object *value = json_tokener_parse_ex(tok, text, (int)len);
    bool is_less = value && count_values(value) < n_values;

    json_object_put(value);
    json_tokener_free(tok);
    return is_less;
}

static void write_value(struct json_out *out, struct json_object *value);

static void write_object(struct json_out *out, struct json_object *object)
{
    json_open_object(out);
    json_object_object_foreach(object, key, member)
    {
        /* json_key() takes names of ours only; a text and a colon is the same thing. */
        json_text(out, key);
        buf_char(out->buf, ':');
        out->comma = false;
        write_value(out, member);
    }
    json_close_object(out);
}

static void write_array(struct json_out *out, struct json_object *array)
{
    json_open_array(out);
    for (size_t i = 0; i < json_object_array_length(array); i++)
        write_value(out, json_object_array_get_idx(array, i));
    json_close_array(out);
}

static void write_value(struct json_out *out, struct json_object *value)
{
    switch (json_object_get_type(value)) {
    case json_type_null:
        json_null(out);
        break;
    case json_type_boolean:
        json_boolean(out, json_object_get_boolean(value));
        break;
    case json_type_double:
        json_raw(out, json_object_to_json_string(value));
        break;
    case json_type_int:
        if (json_object_get_int64(value) < 0)
            json_int(out, json_object_get_int64(value));
        else
            json_u64(out, json_object_get_uint64(value));
        break;
    case json_type_object:
        write_object(out, value);
        break;
    case json_type_array:
        write_array(out, value);
        break;
    case json_type_string:
        json_text_n(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
        break;
    }
}

static void check_round_trip(struct cq_ctx *ctx, struct json_object *value, size_t len)
{
    struct json_object *again = NULL;
    struct json_out out;
    struct buf buf;
    size_t n_values;

    buf_init(&buf, 8 * len + 64);
    json_out_init(&out, &buf);
    write_value(&out, value);
    CHECK(!buf.failed && is_json(buf.data, buf.len, &n_values));
    CHECK(json_read(ctx, buf.data, buf.len, &again) == CQ_OK);
    CHECK(json_object_equal(value, again));
    buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    struct json_object *value = NULL;
    size_t n_values = 0;

    enum cq_status st = json_read(ctx, in.at, size, &value);
    CHECK(st == CQ_OK || st == CQ_INVALID_JSON || st == CQ_INVALID_ENCODING);
    CHECK(st != CQ_OK || size == 0 || is_json(in.at, size, &n_values));
    CHECK(st == CQ_OK || !is_json(in.at, size, &n_values) || has_key_twice(in.at, size, n_values));
    CHECK(st != CQ_OK || size == 0 || !has_key_twice(in.at, size, n_values));
    CHECK(utf8_valid(in.at, size) || st == CQ_INVALID_ENCODING);
    if (st || !size)
        return 0;
    check_tree(value);
    check_round_trip(ctx, value, size);
    return 0;
}
