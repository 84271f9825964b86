/* Routes: which row of a table a path and method mean, and what stands in the path's variable segments. */
#include <string.h>

#include "colloquy/http.h"

struct span {
    const char *at;
    size_t len;
};

struct match {
    struct span name[HTTP_MAX_PATH_PARAMS], value[HTTP_MAX_PATH_PARAMS];
    size_t n;
};

static const struct route_key *row_key(const void *rows, size_t row_bytes, size_t i)
{
    return (const struct route_key *)(const void *)((const char *)rows + i * row_bytes);
}

static size_t segment_len(const char *at, const char *end)
{
    const char *slash = memchr(at, '/', (size_t)(end - at));

    return (size_t)((slash ? slash : end) - at);
}

/* One segment of the path against one of the pattern. */
static bool segment_matches(struct span pattern, struct span path, struct match *match)
{
    if (!pattern.len || pattern.at[0] != ':')
        return pattern.len == path.len && memcmp(pattern.at, path.at, path.len) == 0;
    if (!path.len || match->n == HTTP_MAX_PATH_PARAMS)
        return false;
    match->name[match->n] = (struct span){pattern.at + 1, pattern.len - 1};
    match->value[match->n++] = path;
    return true;
}

static bool path_matches(const char *pattern, struct span path, struct match *match)
{
    const char *pattern_end = pattern + strlen(pattern), *end = path.at + path.len;
    const char *at = path.at;

    match->n = 0;
    for (;;) {
        struct span want = {pattern, segment_len(pattern, pattern_end)};
        struct span got = {at, segment_len(at, end)};

        if (!segment_matches(want, got, match))
            return false;
        pattern += want.len;
        at += got.len;
        if (pattern == pattern_end || at == end)
            return pattern == pattern_end && at == end;
        pattern++;
        at++;
    }
}

static struct span path_without_suffix(const char *path)
{
    static const char suffix[] = ".json";
    size_t len = strlen(path), n = sizeof(suffix) - 1;

    if (len > n && memcmp(path + len - n, suffix, n) == 0)
        len -= n;
    return (struct span){path, len};
}

static enum cq_status keep_match(struct request *req, const struct match *match)
{
    for (size_t i = 0; i < match->n; i++) {
        const char *name = arena_strndup(req->ctx.arena, match->name[i].at, match->name[i].len);
        const char *value = arena_strndup(req->ctx.arena, match->value[i].at, match->value[i].len);

        if (!name || !value)
            return cq_fail(&req->ctx, CQ_INTERNAL, "no memory for path parameters");
        req->path_params[i] = (struct path_param){name, value};
    }
    req->n_path_params = match->n;
    return CQ_OK;
}

/* The methods that rows have for one path, in the order of the table; a known GET answers HEAD too. */
struct allow {
    char text[64]; /* holds all names of enum http_method */
    size_t len;
    unsigned seen;
};

static void allow_add(struct allow *allow, enum http_method method)
{
    const char *name = http_method_name(method);
    size_t len = strlen(name), separator = allow->len ? 2 : 0;

    if (allow->seen & 1u << method || allow->len + separator + len >= sizeof(allow->text))
        return;
    allow->seen |= 1u << method;
    memcpy(allow->text + allow->len, ", ", separator);
    memcpy(allow->text + allow->len + separator, name, len);
    allow->len += separator + len;
    if (method == HTTP_GET)
        allow_add(allow, HTTP_HEAD);
}

static enum cq_status not_allowed(struct request *req, const struct allow *allow)
{
    const char *value = arena_strndup(req->ctx.arena, allow->text, allow->len);

    if (!value)
        return cq_fail(&req->ctx, CQ_INTERNAL, "no memory for Allow");
    response_header(req, "Allow", value);
    return cq_fail(&req->ctx, CQ_METHOD_NOT_ALLOWED, "%s is not one of %s", http_method_name(req->method), value);
}

enum cq_status route_find(struct request *req, const void *rows, size_t n, size_t row_bytes, size_t *out)
{
    struct span path = path_without_suffix(req->path);
    enum http_method method = req->method == HTTP_HEAD ? HTTP_GET : req->method;
    struct match match;
    struct allow allow = {.len = 0};

    for (size_t i = 0; i < n; i++) {
        const struct route_key *key = row_key(rows, row_bytes, i);

        if (!path_matches(key->pattern, path, &match))
            continue;
        if (key->method != method) {
            allow_add(&allow, key->method);
            continue;
        }
        enum cq_status st = keep_match(req, &match);
        if (!st)
            *out = i;
        return st;
    }
    if (allow.len)
        return not_allowed(req, &allow);
    return cq_fail(&req->ctx, CQ_NOT_FOUND, "no such path");
}

const char *path_param(const struct request *req, const char *name)
{
    for (size_t i = 0; i < req->n_path_params; i++)
        if (str_eq(req->path_params[i].name, name))
            return req->path_params[i].value;
    return "";
}

uint64_t path_param_id(const struct request *req, const char *name)
{
    const char *text = path_param(req, name);
    uint64_t id = 0;

    return parse_id(text, strlen(text), &id) ? id : 0;
}
