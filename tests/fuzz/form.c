/*
 * Forms: plain names are what a decoder of our own reads, and a tree in which nothing was replaced can be sent again.
 */
#include "http/form.h"

#include <json-c/json.h>
#include <string.h>

#include "fuzz.h"

static enum cq_status read_form(struct form *form, const char *text, size_t len)
{
    form->root = json_object_new_object();
    CHECK(form->root);
    return form_read(form, text, len);
}

static size_t count_leaves(struct json_object *value)
{
    size_t n = 0;

    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            n += count_leaves(json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            CHECK(key);
            n += count_leaves(member);
        }
    } else {
        CHECK(json_object_is_type(value, json_type_string));
        n = 1;
    }
    return n;
}

/* ---- sending a tree again ---- */

static void encode(struct buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_printf(out, "%%%02x", (unsigned char)text[i]);
}

/* name: so far, encoded; nothing for the tree itself. */
static void write_pairs(struct buf *out, const char *name, struct json_object *value)
{
    struct buf longer;

    buf_init(&longer, 1 << 20);
    if (json_object_is_type(value, json_type_array)) {
        buf_printf(&longer, "%s[]", name);
        for (size_t i = 0; i < json_object_array_length(value); i++)
            write_pairs(out, longer.data, json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            buf_clear(&longer);
            buf_printf(&longer, *name ? "%s[" : "%s", name);
            encode(&longer, key, strlen(key));
            buf_str(&longer, *name ? "]" : "");
            write_pairs(out, longer.data, member);
        }
    } else {
        buf_printf(out, "%s=", name);
        encode(out, json_object_get_string(value), (size_t)json_object_get_string_len(value));
        buf_char(out, '&');
    }
    CHECK(!longer.failed && !out->failed);
    buf_release(&longer);
}

static void check_round_trip(struct cq_ctx *ctx, struct json_object *tree)
{
    struct form again = {.ctx = ctx};
    struct buf text;

    buf_init(&text, 16 << 20);
    write_pairs(&text, "", tree);
    CHECK(read_form(&again, text.data, text.len) == CQ_OK);
    CHECK(json_object_equal(tree, again.root));
    json_object_put(again.root);
    buf_release(&text);
}

/* ---- pairs without brackets ---- */

/* Percent signs and plus signs undone, for an input whose escapes are whole. */
static size_t decode(const char *text, size_t len, char *out)
{
    size_t n = 0;

    while (len > 0) {
        bool escaped = *text == '%';

        if (escaped)
            out[n++] = (char)(hex_digit(text[1]) * 16 + hex_digit(text[2]));
        else
            out[n++] = *text == '+' ? ' ' : *text;
        text += escaped ? 3 : 1;
        len -= escaped ? 3 : 1;
    }
    out[n] = '\0';
    return n;
}

static void add_pair(struct cq_ctx *ctx, struct json_object *want, const char *pair, size_t len)
{
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals ? (size_t)(equals - pair) : len;
    char *name = arena_alloc(ctx->arena, len + 1), *value = arena_alloc(ctx->arena, len + 1);

    CHECK(name && value);
    size_t n = decode(pair, name_len, name), value_len = equals ? decode(equals + 1, len - name_len - 1, value) : 0;
    CHECK(utf8_valid(name, n) && strlen(name) == n && utf8_valid(value, value_len));
    if (n)
        json_object_object_add(want, name, json_object_new_string_len(value, (int)value_len));
}

/* Of a form that was taken: how many pairs have names, and the tree of all when none has a bracket. */
static size_t read_pairs(struct cq_ctx *ctx, const char *text, size_t len, struct json_object *want)
{
    const char *end = text + len;
    size_t named = 0;

    while (text < end) {
        const char *amp = memchr(text, '&', (size_t)(end - text));
        size_t n = (size_t)((amp ? amp : end) - text);

        named += n && *text != '=';
        if (n)
            add_pair(ctx, want, text, n);
        text += n + 1;
    }
    return named;
}

static bool has_brackets(struct json_object *want)
{
    json_object_object_foreach(want, name, value)
    {
        CHECK(value);
        if (strpbrk(name, "[]"))
            return true;
    }
    return false;
}

static void check_taken(struct cq_ctx *ctx, const struct form *form, const char *text, size_t len)
{
    struct json_object *want = json_object_new_object();
    size_t named = read_pairs(ctx, text, len, want), leaves = count_leaves(form->root);

    CHECK(leaves <= named && named <= form->n_names);
    CHECK(has_brackets(want) || json_object_equal(want, form->root));
    if (leaves == named)
        check_round_trip(ctx, form->root);
    json_object_put(want);
}

/* ---- lists ---- */

static bool has_array(struct json_object *value)
{
    while (json_object_is_type(value, json_type_object)) {
        struct json_object *first = NULL;

        json_object_object_foreach(value, key, member) first = key ? member : NULL;
        value = first;
    }
    return json_object_is_type(value, json_type_array);
}

/* A name that leads to a list may be given as often as one likes: none of its values is lost. */
static void check_list(struct cq_ctx *ctx, const char *text)
{
    int name_len = (int)strcspn(text, "=&");
    const char *once = arena_printf(ctx->arena, "%.*s=1", name_len, text);
    const char *thrice =
        arena_printf(ctx->arena, "%.*s=1&%.*s=2&%.*s=3", name_len, text, name_len, text, name_len, text);
    struct form one = {.ctx = ctx}, three = {.ctx = ctx};

    CHECK(once && thrice);
    CHECK(read_form(&one, once, strlen(once)) == CQ_OK && read_form(&three, thrice, strlen(thrice)) == CQ_OK);
    CHECK(count_leaves(three.root) == (has_array(one.root) ? 3 : name_len > 0));
    json_object_put(one.root);
    json_object_put(three.root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct form form = {.ctx = fuzz_ctx()};
    struct input in = input_of(data, size);

    enum cq_status st = read_form(&form, in.at, size);
    CHECK(st == CQ_OK || st == CQ_INVALID_ENCODING || st == CQ_INVALID_REQUEST);
    CHECK(form.n_names <= HTTP_MAX_PARAMS && form.n_nested <= FORM_MAX_NESTED);
    check_tree(form.root);
    if (!st) {
        check_taken(form.ctx, &form, in.at, size);
        check_list(form.ctx, input_line(&in, form.ctx));
    }
    json_object_put(form.root);
    return 0;
}
