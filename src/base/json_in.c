/*
 * JSON in: UTF-8 first, then every token by a scan of ours, then json-c for the way they are put together.
 *
 * json-c 0.16, strict or not, takes NaN, 'single quotes', raw control characters, "1." and lone surrogate escapes,
 * cuts a key at \u0000, and builds a tree of whatever size is sent. The scan refuses all of these before a byte is
 * allocated, in one pass, and counts what must be in the tree afterwards.
 */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#include "colloquy/base/json.h"
#include "colloquy/base/text.h"

enum { NUMBER_MAX_CHARS = 1024 }; /* json-c copies a number before it converts it */

struct scan {
    const char *text;
    size_t len, at;
    size_t depth, values, max_values;
    const char *fault;     /* why it was refused, for a log */
    enum cq_status status; /* with fault */
};

static bool refuse(struct scan *s, enum cq_status st, const char *fault)
{
    s->status = st;
    s->fault = fault;
    return false;
}

/* The byte at this place, 0 at the end of the text and beyond. */
static char peek(const struct scan *s, size_t ahead)
{
    return ahead < s->len - s->at ? s->text[s->at + ahead] : '\0';
}

static void skip_space(struct scan *s)
{
    while (s->at < s->len && memchr(" \t\r\n", s->text[s->at], 4))
        s->at++;
}

static bool skip_digits(struct scan *s)
{
    size_t start = s->at;

    while (peek(s, 0) >= '0' && peek(s, 0) <= '9')
        s->at++;
    return s->at > start;
}

/* RFC 8259 section 6. */
static bool scan_number(struct scan *s)
{
    size_t start = s->at;
    bool good;

    s->at += peek(s, 0) == '-';
    if (peek(s, 0) == '0') {
        s->at++;
        good = true;
    } else {
        good = skip_digits(s);
    }
    if (good && peek(s, 0) == '.') {
        s->at++;
        good = skip_digits(s);
    }
    if (good && (peek(s, 0) == 'e' || peek(s, 0) == 'E')) {
        s->at++;
        s->at += peek(s, 0) == '+' || peek(s, 0) == '-';
        good = skip_digits(s);
    }
    if (!good || !strchr(" \t\r\n,]}", peek(s, 0))) /* the end of the text reads as NUL, which strchr() finds too */
        return refuse(s, CQ_INVALID_JSON, "a number of a wrong form");
    if (s->at - start > NUMBER_MAX_CHARS)
        return refuse(s, CQ_INVALID_JSON, "a number that is too long");
    return true;
}

static bool scan_literal(struct scan *s)
{
    static const char *const literals[] = {"true", "false", "null"};

    for (size_t i = 0; i < LEN(literals); i++) {
        size_t n = strlen(literals[i]);

        if (n <= s->len - s->at && memcmp(s->text + s->at, literals[i], n) == 0) {
            s->at += n;
            return true;
        }
    }
    return refuse(s, CQ_INVALID_JSON, "a word that is no value");
}

/* The four digits behind \u, or -1. */
static int scan_hex4(struct scan *s)
{
    int unit = 0;

    for (int i = 0; i < 4; i++, s->at++) {
        int digit = hex_digit(peek(s, 0));

        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* Behind "\u". The two halves of a surrogate pair must come together. */
static bool scan_unicode(struct scan *s, bool *nul)
{
    int unit = scan_hex4(s);

    if (unit < 0)
        return refuse(s, CQ_INVALID_JSON, "\\u without four digits");
    *nul |= unit == 0;
    if (unit < 0xD800 || unit > 0xDFFF)
        return true;
    bool paired = unit < 0xDC00 && peek(s, 0) == '\\' && peek(s, 1) == 'u';

    if (paired) {
        s->at += 2;
        unit = scan_hex4(s);
        paired = unit >= 0xDC00 && unit <= 0xDFFF;
    }
    return paired || refuse(s, CQ_INVALID_ENCODING, "a lone surrogate escape");
}

static bool scan_escape(struct scan *s, bool *nul)
{
    char c = peek(s, 1);

    s->at += 2;
    if (c == 'u')
        return scan_unicode(s, nul);
    return (c && strchr("\"\\/bfnrt", c)) || refuse(s, CQ_INVALID_JSON, "an unknown escape");
}

static bool scan_string(struct scan *s)
{
    bool nul = false;

    for (s->at++; peek(s, 0) != '"';) {
        if ((unsigned char)peek(s, 0) < 0x20)
            return refuse(s, CQ_INVALID_JSON, s->at < s->len ? "a raw control character" : "a string without an end");
        if (peek(s, 0) == '\\') {
            if (!scan_escape(s, &nul))
                return false;
        } else {
            s->at++;
        }
    }
    s->at++;
    skip_space(s);
    if (nul && peek(s, 0) == ':')
        return refuse(s, CQ_INVALID_JSON, "a key that holds U+0000");
    return true;
}

static bool scan_token(struct scan *s)
{
    char c = peek(s, 0);

    if (c == '}' || c == ']' || c == ',' || c == ':') {
        s->depth -= (c == '}' || c == ']') && s->depth > 0;
        s->at++;
        return true;
    }
    if (++s->values > s->max_values)
        return refuse(s, CQ_INVALID_JSON, "too many values");
    if (c == '{' || c == '[') {
        s->at++;
        return ++s->depth <= JSON_MAX_DEPTH || refuse(s, CQ_INVALID_JSON, "nested too deep");
    }
    if (c == '"')
        return scan_string(s);
    if (c == '-' || (c >= '0' && c <= '9'))
        return scan_number(s);
    return scan_literal(s);
}

static bool scan(struct scan *s)
{
    skip_space(s);
    while (s->at < s->len) {
        if (!scan_token(s))
            return false;
        skip_space(s);
    }
    return true;
}

/* json-c knows that a number is over only when something follows it: hence the blank behind the text. */
static struct json_object *parse(struct json_tokener *tok, const char *text, size_t len, enum json_tokener_error *error)
{
    struct json_object *object = json_tokener_parse_ex(tok, text, (int)len);

    *error = json_tokener_get_error(tok);
    if (*error == json_tokener_continue) {
        object = json_tokener_parse_ex(tok, " ", 1);
        *error = json_tokener_get_error(tok);
    }
    return object;
}

/* Keys and values, as the scan counts them. */
static size_t count_values(struct json_object *object)
{
    size_t n = 1;

    if (json_object_is_type(object, json_type_array))
        for (size_t i = 0; i < json_object_array_length(object); i++)
            n += count_values(json_object_array_get_idx(object, i));
    if (json_object_is_type(object, json_type_object)) {
        json_object_object_foreach(object, key, value)
        {
            (void)key;
            n += 1 + count_values(value);
        }
    }
    return n;
}

static void put_object(void *object)
{
    json_object_put(object);
}

/*
 * What the scan has let pass json-c refuses only when memory is short; when it runs out within an object, json-c leaves
 * the member out and goes on. A key that comes twice makes a member less too.
 */
static enum cq_status check_whole(struct cq_ctx *ctx, struct json_object *object, enum json_tokener_error error,
                                  size_t n_values, bool is_memory_short)
{
    if (is_memory_short)
        return cq_fail(ctx, CQ_INTERNAL, "no memory to read JSON");
    if (error != json_tokener_success)
        return cq_fail(ctx, CQ_INVALID_JSON, "invalid JSON: %s", json_tokener_error_desc(error));
    if (count_values(object) != n_values)
        return cq_fail(ctx, CQ_INVALID_JSON, "invalid JSON: a key that comes twice");
    return CQ_OK;
}

static enum cq_status build(struct cq_ctx *ctx, const char *text, size_t len, size_t n_values, struct json_object **out)
{
    struct json_tokener *tok = json_tokener_new_ex(JSON_MAX_DEPTH + 1); /* the scalar within counts too */
    enum json_tokener_error error;

    if (!tok)
        return cq_fail(ctx, CQ_INTERNAL, "no memory to read JSON");
    json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
    errno = 0;
    struct json_object *object = parse(tok, text, len, &error);
    enum cq_status st = check_whole(ctx, object, error, n_values, errno == ENOMEM);

    json_tokener_free(tok);
    if (st) {
        json_object_put(object);
        return st;
    }
    if (object && arena_cleanup(ctx->arena, put_object, object)) {
        json_object_put(object);
        return cq_fail(ctx, CQ_INTERNAL, "no memory to keep JSON");
    }
    *out = object;
    return CQ_OK;
}

enum cq_status json_read(struct cq_ctx *ctx, const char *text, size_t len, struct json_object **out)
{
    return json_read_within(ctx, text, len, JSON_MAX_VALUES, out);
}

enum cq_status json_read_within(struct cq_ctx *ctx, const char *text, size_t len, size_t max_values,
                                struct json_object **out)
{
    struct scan s = {.text = text, .len = len, .max_values = max_values};

    if (len == 0) {
        *out = NULL;
        return CQ_OK;
    }
    if (len > INT_MAX)
        return cq_fail(ctx, CQ_INVALID_JSON, "invalid JSON: longer than 2 GiB");
    if (!utf8_valid(text, len))
        return cq_fail(ctx, CQ_INVALID_ENCODING, "invalid JSON: not UTF-8");
    if (!scan(&s))
        return cq_fail(ctx, s.status, "invalid JSON at byte %zu: %s", s.at < len ? s.at : len, s.fault);
    while (memchr(" \t\r\n", text[len - 1], 4) && len > 1)
        len--;
    return build(ctx, text, len, s.values, out);
}

struct json_object *json_get(struct json_object *object, const char *key)
{
    struct json_object *member = NULL;

    json_object_object_get_ex(object, key, &member);
    return member;
}

const char *json_get_text(struct json_object *object, const char *key, size_t *len)
{
    struct json_object *member = json_get(object, key);

    if (!json_object_is_type(member, json_type_string))
        return NULL;
    if (len)
        *len = (size_t)json_object_get_string_len(member);
    return json_object_get_string(member);
}

uint64_t json_get_u64(struct json_object *object, const char *key)
{
    struct json_object *member = json_get(object, key);

    if (!json_object_is_type(member, json_type_int) || json_object_get_int64(member) < 0)
        return 0;
    return json_object_get_uint64(member);
}
