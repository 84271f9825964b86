/* The table of endpoints: one row for each request, each in the documents, in nginx's map, and with a scope. */
#include <regex.h>
#include <stdio.h>

#include "api/route.h"
#include "http/make_request.h"

/* A file of the repository, to be released. */
static struct buf read_file(const char *name)
{
    struct buf text;
    char path[512], piece[4096];
    size_t n;

    snprintf(path, sizeof(path), "%s/%s", TEST_SOURCE_DIR, name);
    FILE *in = fopen(path, "r");

    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    buf_init(&text, 4 << 20);
    while ((n = fread(piece, 1, sizeof(piece), in)) > 0)
        buf_append(&text, piece, n);
    fclose(in);
    CU_ASSERT_TRUE(text.len > 0 && !text.failed);
    return text;
}

/* A path that the pattern means: each parameter is 17. */
static const char *sample_path(struct request *req, const char *pattern)
{
    struct buf *out = buf_in_arena(req->ctx.arena, 1024);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    while (*pattern) {
        if (*pattern == ':') {
            buf_str(out, "17");
            pattern += strcspn(pattern, "/");
        } else {
            buf_char(out, *pattern++);
        }
    }
    return out->data;
}

static struct request sample_request(const struct route *route)
{
    struct request req = make_request();

    req.method = route->key.method;
    req.path = sample_path(&req, route->key.pattern);
    return req;
}

/* A second row of the same path and method would never be reached, nor one behind a wider pattern. */
static void test_each_row_is_reached(void)
{
    for (size_t i = 0; i < n_routes; i++) {
        struct request req = sample_request(&routes[i]);
        size_t found = n_routes;

        ROW_ASSERT(routes[i].key.pattern, route_find(&req, routes, n_routes, sizeof(routes[0]), &found) == CQ_OK);
        ROW_ASSERT(routes[i].key.pattern, found == i);
    }
}

static void test_rows_are_whole(void)
{
    for (size_t i = 0; i < n_routes; i++) {
        const struct route *r = &routes[i];

        ROW_ASSERT(r->key.pattern, r->key.method <= HTTP_DELETE && r->key.pattern[0] == '/');
        ROW_ASSERT(r->key.pattern, r->handler != NULL);
        ROW_ASSERT(r->key.pattern, (r->reply != NULL) == (r->pool == POOL_LLM));
        ROW_ASSERT(r->key.pattern, r->may != MAY_ANYONE || r->load == LOAD_NOTHING);
        ROW_ASSERT(r->key.pattern, str_eq(api_route_info(i).pattern, r->key.pattern));
        ROW_ASSERT(r->key.pattern, str_eq(api_route_info(i).method, http_method_name(r->key.method)));
    }
    CU_ASSERT_EQUAL(api_route_count(), n_routes);
}

/* What a token's scope must say; access_token_scope.scope takes 255 ASCII characters. */
static void test_scopes(void)
{
    for (size_t i = 0; i < n_routes; i++) {
        struct request req = make_request();
        const struct route_key *key = &routes[i].key;
        const char *want = arena_printf(req.ctx.arena, "url:%s|%s", http_method_name(key->method), key->pattern);
        const char *scope = route_scope(req.ctx.arena, &routes[i]);
        const char *told = api_route_scope(req.ctx.arena, i);

        ROW_ASSERT(key->pattern, str_eq(scope, want) && strlen(scope) <= 255);
        ROW_ASSERT(key->pattern, str_eq(told, routes[i].may == MAY_ANYONE ? NULL : want));
    }
}

static struct route_info info_of(const char *method, const char *pattern)
{
    for (size_t i = 0; i < api_route_count(); i++)
        if (str_eq(api_route_info(i).method, method) && str_eq(api_route_info(i).pattern, pattern))
            return api_route_info(i);
    return (struct route_info){.role = NULL};
}

/* As the contract says it beside each of them. */
static void test_roles(void)
{
#define API   "/api/v1/courses/:course_id/ai_experiences"
#define TALKS API "/:ai_experience_id/conversations"
    static const struct {
        const char *method, *pattern, *role;
    } rows[] = {
        {"GET", "/health", "anyone"},
        {"POST", "/login", "anyone"},
        {"PUT", "/api/v1/users/self/password", "signed in"},
        {"GET", "/api/v1/courses/:course_id", "members"},
        {"GET", API, "members"},
        {"POST", API, "managers"},
        {"GET", API "/:id/ai_conversations", "managers"},
        {"POST", TALKS, "members"},
        {"GET", TALKS "/:id", "managers"},
        {"GET", TALKS "/:id/transcript", "owner, managers"},
        {"POST", TALKS "/:id/messages", "owner"},
        {"DELETE", TALKS "/:id", "owner, managers"},
        {"POST", TALKS "/:id/messages/:message_id/feedback", "owner, managers"},
        {"GET", TALKS "/:id/evaluation", "managers"},
    };
#undef API
#undef TALKS

    for (size_t i = 0; i < LEN(rows); i++)
        ASSERT_TEXT(info_of(rows[i].method, rows[i].pattern).role, rows[i].role);
    for (size_t i = 0; i < n_routes; i++)
        ROW_ASSERT(routes[i].key.pattern, api_route_info(i).role != NULL);
}

/* ---- the documents ---- */

/* Whether the text names it in code: `METHOD /path` up to a query, a blank or the end. */
static bool is_named(const char *text, const char *method, const char *path)
{
    char want[256];
    int len = snprintf(want, sizeof(want), "`%s %s", method, path);

    for (const char *p = strstr(text, want); p; p = strstr(p + 1, want))
        if (strchr("`? ", p[len]))
            return true;
    return false;
}

/* The chat API's page leaves the base out and has {name} for :name. */
static const char *as_chat_page(const char *pattern)
{
    static const char base[] = "/api/chat";
    static char out[256];
    bool is_name = false;
    size_t n = 0;

    if (!str_starts(pattern, base))
        return pattern;
    for (const char *p = pattern + strlen(base); n < sizeof(out) - 2; p++) {
        if (is_name && (*p == '/' || !*p)) {
            out[n++] = '}';
            is_name = false;
        }
        is_name |= *p == ':';
        out[n++] = *p == ':' ? '{' : *p;
        if (!*p)
            break;
    }
    return out;
}

static void test_each_row_is_documented(void)
{
    struct buf canvas = read_file("doc/api-canvas.md"), chat = read_file("doc/api-chat.md");
    struct buf operations = read_file("doc/operations.md"), pages = read_file("doc/pages.md");
    struct buf of_pages = read_file("doc/api-pages.md");

    for (size_t i = 0; i < n_routes; i++) {
        const char *pattern = routes[i].key.pattern, *method = http_method_name(routes[i].key.method);
        const char *chat_path = as_chat_page(pattern);

        ROW_ASSERT(pattern, is_named(canvas.data, method, pattern) || is_named(chat.data, method, chat_path) ||
                                is_named(operations.data, method, pattern) || is_named(pages.data, method, pattern) ||
                                is_named(of_pages.data, method, pattern));
    }
    CU_ASSERT_FALSE(is_named(canvas.data, "PATCH", "/api/v1/courses/:course_id/ai_experiences"));
    buf_release(&canvas);
    buf_release(&chat);
    buf_release(&operations);
    buf_release(&pages);
    buf_release(&of_pages);
}

/* ---- nginx's map ---- */

static void test_the_committed_map(void)
{
    struct buf committed = read_file("nginx/pools.conf"), made;

    buf_init(&made, 1 << 20);
    api_write_nginx_map(&made);
    CU_ASSERT_STRING_EQUAL(committed.data, made.data);
    buf_release(&committed);
    buf_release(&made);
}

/* The map's answer: of the lines `"~REGEX" UPSTREAM;` the first that fits, else the default. */
static const char *map_pool(const char *map, const char *request, char pool[32])
{
    char regex[512];

    snprintf(pool, 32, "colloquy_api");
    for (const char *line = strchr(map, '\n'); line; line = strchr(line + 1, '\n')) {
        regex_t compiled;

        if (sscanf(line, "\n \"~%511[^\"]\" %31[a-z_];", regex, pool) != 2)
            continue;
        CU_ASSERT_EQUAL_FATAL(regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB), 0);
        bool fits = regexec(&compiled, request, 0, NULL, 0) == 0;

        regfree(&compiled);
        if (fits)
            return pool;
    }
    return "colloquy_api";
}

static void check_pool(const char *map, const char *method, const char *path, const char *want)
{
    char request[512], pool[32];

    snprintf(request, sizeof(request), "%s %s", method, path);
    ROW_ASSERT(request, str_eq(map_pool(map, request, pool), want));
}

/* nginx sends each request to the pool that its row names: another pool would refuse it. */
static void test_the_map_sends_to_the_right_pool(void)
{
    struct buf map;

    buf_init(&map, 1 << 20);
    api_write_nginx_map(&map);
    for (size_t i = 0; i < n_routes; i++) {
        struct request req = sample_request(&routes[i]);
        const char *method = http_method_name(req.method);
        bool is_read = req.method == HTTP_GET;
        const char *want = routes[i].pool == POOL_LLM   ? "colloquy_llm"
                           : routes[i].pool == POOL_OPS ? "colloquy_ops"
                           : is_read                    ? "colloquy_read"
                                                        : "colloquy_api";

        check_pool(map.data, method, req.path, want);
        check_pool(map.data, method, arena_printf(req.ctx.arena, "%s.json", req.path), want);
        if (is_read)
            check_pool(map.data, "HEAD", req.path, want);
    }
    buf_release(&map);
}

/* What no row has is the api pool's, which says 404 or 405. */
static void test_the_map_and_unknown_requests(void)
{
    static const struct {
        const char *method, *path, *want;
    } rows[] = {
        {"GET", "/nothing", "colloquy_read"},
        {"HEAD", "/", "colloquy_read"},
        {"POST", "/health", "colloquy_api"},
        {"DELETE", "/api/v1/courses/1/ai_experiences/2/conversations", "colloquy_api"},
        {"POST", "/api/v1/courses/1/ai_experiences/2/conversations/", "colloquy_api"},
        {"POST", "/api/v1/courses/1/ai_experiences/2/conversations/3/messages/4", "colloquy_api"},
        {"GET", "/healthy", "colloquy_read"},
        {"GETS", "/health", "colloquy_api"},
    };
    struct buf map;

    buf_init(&map, 1 << 20);
    api_write_nginx_map(&map);
    for (size_t i = 0; i < LEN(rows); i++)
        check_pool(map.data, rows[i].method, rows[i].path, rows[i].want);
    buf_release(&map);
}

SUITE(routes, {"each row is reached", test_each_row_is_reached}, {"rows are whole", test_rows_are_whole},
      {"scopes", test_scopes}, {"roles", test_roles}, {"each row is documented", test_each_row_is_documented},
      {"the committed map", test_the_committed_map},
      {"the map sends to the right pool", test_the_map_sends_to_the_right_pool},
      {"the map and unknown requests", test_the_map_and_unknown_requests});
