/* Contexts, inputs taken apart, and checks that several targets share. */
#include "fuzz.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

struct cq_ctx *fuzz_ctx(void)
{
    static struct arena *arena;
    static struct cq_ctx ctx;

    if (!arena)
        arena = arena_create(4096, 16 << 20);
    CHECK(arena);
    arena_reset(arena);
    ctx = (struct cq_ctx){.arena = arena, .request_id = "fuzz"};
    return &ctx;
}

struct input input_of(const uint8_t *data, size_t size)
{
    const char *at = size ? (const char *)data : "";

    return (struct input){.at = at, .end = at + size};
}

static const char *keep(struct cq_ctx *ctx, const char *text, size_t len)
{
    const char *copy = arena_strndup(ctx->arena, text, len);

    CHECK(copy);
    return copy;
}

const char *input_until(struct input *in, struct cq_ctx *ctx, char separator)
{
    const char *at = in->at;
    const char *stop = memchr(at, separator, (size_t)(in->end - at));
    size_t len = (size_t)((stop ? stop : in->end) - at);

    in->at += len + (stop ? 1 : 0);
    return keep(ctx, at, len);
}

const char *input_line(struct input *in, struct cq_ctx *ctx)
{
    return input_until(in, ctx, '\n');
}

const char *input_rest(struct input *in, struct cq_ctx *ctx, size_t *len)
{
    const char *rest = keep(ctx, in->at, (size_t)(in->end - in->at));

    *len = (size_t)(in->end - in->at);
    in->at = in->end;
    return rest;
}

void check_text(const char *text, size_t len)
{
    CHECK(utf8_valid(text, len));
    CHECK(text[len] == '\0');
}

static void check_value(struct json_object *value, unsigned depth)
{
    if (json_object_is_type(value, json_type_string)) {
        check_text(json_object_get_string(value), (size_t)json_object_get_string_len(value));
    } else if (json_object_is_type(value, json_type_array)) {
        CHECK(depth < JSON_MAX_DEPTH);
        for (size_t i = 0; i < json_object_array_length(value); i++)
            check_value(json_object_array_get_idx(value, i), depth + 1);
    } else if (json_object_is_type(value, json_type_object)) {
        CHECK(depth < JSON_MAX_DEPTH);
        json_object_object_foreach(value, key, member)
        {
            check_text(key, strlen(key));
            check_value(member, depth + 1);
        }
    }
}

void check_tree(struct json_object *tree)
{
    check_value(tree, 0);
}
