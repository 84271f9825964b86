/*
 * Routes: the row that is found is one that the path spells, and what is not found has no such row.
 *
 * Two lines, a method and a path.
 */
#include <string.h>

#include "colloquy/http.h"
#include "fuzz.h"

static const struct route_key rows[] = {
    {HTTP_GET, "/"},
    {HTTP_GET, "/things"},
    {HTTP_POST, "/things"},
    {HTTP_GET, "/things/new"},
    {HTTP_GET, "/things/:id"},
    {HTTP_PUT, "/things/:id"},
    {HTTP_PATCH, "/things/:id"},
    {HTTP_DELETE, "/things/:id"},
    {HTTP_POST, "/things/:id/parts/:part_id"},
    {HTTP_GET, "/:a/:b/:c/:d/:e/:f"},
    {HTTP_OPTIONS, "/:a/:b/:c/:d/:e/:f/:g"}, /* one parameter more than there is room for: never found */
};

/* The path that this row and the request's parameters spell. */
static const char *spell(const struct request *req, const char *pattern)
{
    struct buf *path = buf_in_arena(req->ctx.arena, 1 << 20);

    CHECK(path);
    while (*pattern) {
        size_t n = strcspn(pattern + 1, "/") + 1;
        const char *name = arena_strndup(req->ctx.arena, pattern + 1, n - 1);

        CHECK(name);
        buf_char(path, '/');
        if (*name == ':')
            CHECK(*path_param(req, name + 1));
        buf_str(path, *name == ':' ? path_param(req, name + 1) : name);
        pattern += n;
    }
    return path->data;
}

static void check_ids(const struct request *req)
{
    for (size_t i = 0; i < req->n_path_params; i++) {
        uint64_t id = path_param_id(req, req->path_params[i].name);

        CHECK(id <= INT64_MAX);
        CHECK(!id || strspn(req->path_params[i].value, "0123456789") == strlen(req->path_params[i].value));
    }
}

static void check_found(const struct request *req, size_t i)
{
    CHECK(i < LEN(rows));
    CHECK(rows[i].method == (req->method == HTTP_HEAD ? HTTP_GET : req->method));

    const char *path = spell(req, rows[i].pattern);
    size_t len = strlen(path);

    CHECK(strncmp(req->path, path, len) == 0);
    CHECK(!req->path[len] || strcmp(req->path + len, ".json") == 0);
    check_ids(req);
}

/* Each method that is said to be allowed finds a row, and no other does. */
static void check_allow(const struct request *refused)
{
    CHECK(refused->response.n_headers == 1 && str_eq(refused->response.headers[0].name, "Allow"));
    for (enum http_method method = HTTP_GET; method <= HTTP_OPTIONS; method++) {
        struct request req = {.ctx = refused->ctx, .method = method, .path = refused->path};
        bool is_allowed = header_list_has(refused->response.headers[0].value, http_method_name(method));
        size_t i;

        CHECK((route_find(&req, rows, LEN(rows), sizeof(rows[0]), &i) == CQ_OK) == is_allowed);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    struct request req = {.ctx = *ctx, .method = http_method_parse(input_line(&in, ctx)), .path = input_line(&in, ctx)};
    size_t i = LEN(rows);

    enum cq_status st = route_find(&req, rows, LEN(rows), sizeof(rows[0]), &i);
    CHECK(st == CQ_OK || st == CQ_NOT_FOUND || st == CQ_METHOD_NOT_ALLOWED);
    if (!st)
        check_found(&req, i);
    else
        CHECK(i == LEN(rows) && !req.n_path_params);
    if (st == CQ_METHOD_NOT_ALLOWED)
        check_allow(&req);
    return 0;
}
