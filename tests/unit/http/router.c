/* Routes: which row a path finds, what is in its segments, and what is said when there is none. */
#include "make_request.h"

struct row {
    struct route_key key;
    const char *name;
};

// clang-format off
static const struct row rows[] = {
    {{HTTP_GET,    "/"},                                       "root"},
    {{HTTP_GET,    "/api/v1/courses/:course_id/things"},       "index"},
    {{HTTP_POST,   "/api/v1/courses/:course_id/things"},       "create"},
    {{HTTP_GET,    "/api/v1/courses/:course_id/things/new"},   "new"},
    {{HTTP_GET,    "/api/v1/courses/:course_id/things/:id"},   "show"},
    {{HTTP_PUT,    "/api/v1/courses/:course_id/things/:id"},   "update"},
    {{HTTP_PATCH,  "/api/v1/courses/:course_id/things/:id"},   "patch"},
    {{HTTP_DELETE, "/api/v1/courses/:course_id/things/:id"},   "destroy"},
    {{HTTP_POST,   "/api/v1/only_post"},                       "only_post"},
};
// clang-format on

static const char *find(struct request *req, enum cq_status *st)
{
    size_t i = LEN(rows);

    *st = route_find(req, rows, LEN(rows), sizeof(rows[0]), &i);
    return i < LEN(rows) ? rows[i].name : NULL;
}

static void test_finds_a_row(void)
{
    // clang-format off
    static const struct {
        enum http_method method;
        const char *path, *want, *course_id, *id;
    } cases[] = {
        {HTTP_GET,    "/",                                 "root",    "",    ""},
        {HTTP_GET,    "/api/v1/courses/7/things",          "index",   "7",   ""},
        {HTTP_GET,    "/api/v1/courses/7/things.json",     "index",   "7",   ""},
        {HTTP_POST,   "/api/v1/courses/7/things",          "create",  "7",   ""},
        {HTTP_GET,    "/api/v1/courses/7/things/new",      "new",     "7",   ""},
        {HTTP_GET,    "/api/v1/courses/7/things/new.json", "new",     "7",   ""},
        {HTTP_GET,    "/api/v1/courses/7/things/news",     "show",    "7",   "news"},
        {HTTP_GET,    "/api/v1/courses/7/things/12",       "show",    "7",   "12"},
        {HTTP_HEAD,   "/api/v1/courses/7/things/12",       "show",    "7",   "12"},
        {HTTP_GET,    "/api/v1/courses/7/things/12.json",  "show",    "7",   "12"},
        {HTTP_GET,    "/api/v1/courses/a b/things/:id",    "show",    "a b", ":id"},
        {HTTP_PUT,    "/api/v1/courses/7/things/new",      "update",  "7",   "new"},
        {HTTP_DELETE, "/api/v1/courses/7/things/12",       "destroy", "7",   "12"},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_request();
        enum cq_status st;

        req.method = cases[i].method;
        req.path = cases[i].path;
        const char *got = find(&req, &st);
        ROW_ASSERT(cases[i].path, st == CQ_OK && str_eq(got, cases[i].want));
        ROW_ASSERT(cases[i].path, str_eq(path_param(&req, "course_id"), cases[i].course_id));
        ROW_ASSERT(cases[i].path, str_eq(path_param(&req, "id"), cases[i].id));
        ROW_ASSERT(cases[i].path, sent_header(&req, "Allow") == NULL);
    }
}

static void test_unknown_paths(void)
{
    static const char *const paths[] = {
        "",
        ".json",
        "/.json/",
        "//",
        "/api/v1/courses/7/things/",
        "/api/v1/courses/7/things/12/",
        "/api/v1/courses/7/things/12/13",
        "/api/v1/courses//things",
        "/api/v1/courses/7/things/.json",
        "/api/v1/courses/7/thing",
        "/api/v1/courses/7",
        "/API/v1/courses/7/things",
        "api/v1/courses/7/things",
        "x/api/v1/courses/7/things",
    };
    for (size_t i = 0; i < LEN(paths); i++) {
        struct request req = make_request();
        enum cq_status st;

        req.path = paths[i];
        ROW_ASSERT(paths[i], find(&req, &st) == NULL && st == CQ_NOT_FOUND);
        ROW_ASSERT(paths[i], sent_header(&req, "Allow") == NULL);
    }
}

static void test_methods_allowed(void)
{
    // clang-format off
    static const struct {
        enum http_method method;
        const char *path, *allow;
    } cases[] = {
        {HTTP_PUT,    "/api/v1/courses/7/things",     "GET, HEAD, POST"},
        {HTTP_POST,   "/api/v1/courses/7/things/12",  "GET, HEAD, PUT, PATCH, DELETE"},
        {HTTP_POST,   "/api/v1/courses/7/things/new", "GET, HEAD, PUT, PATCH, DELETE"},
        {HTTP_HEAD,   "/api/v1/only_post",            "POST"},
        {HTTP_OTHER,  "/api/v1/only_post.json",       "POST"},
        {HTTP_DELETE, "/",                            "GET, HEAD"},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_request();
        enum cq_status st;

        req.method = cases[i].method;
        req.path = cases[i].path;
        ROW_ASSERT(cases[i].path, find(&req, &st) == NULL && st == CQ_METHOD_NOT_ALLOWED);
        ROW_ASSERT(cases[i].path, str_eq(sent_header(&req, "Allow"), cases[i].allow));
    }
}

static void test_ids_in_a_path(void)
{
    static const struct {
        const char *path;
        uint64_t want;
    } cases[] = {
        {"/api/v1/courses/7/things/12", 12},
        {"/api/v1/courses/7/things/9223372036854775807", INT64_MAX},
        {"/api/v1/courses/7/things/9223372036854775808", 0},
        {"/api/v1/courses/7/things/0", 0},
        {"/api/v1/courses/7/things/-1", 0},
        {"/api/v1/courses/7/things/12x", 0},
        {"/api/v1/courses/7/things/1e3", 0},
        {"/api/v1/courses/7/things/self", 0},
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_request();
        enum cq_status st;

        req.path = cases[i].path;
        find(&req, &st);
        ROW_ASSERT(cases[i].path, !st && path_param_id(&req, "id") == cases[i].want);
        ROW_ASSERT(cases[i].path, path_param_id(&req, "nobody") == 0);
    }
}

SUITE(router, {"finds a row", test_finds_a_row}, {"unknown paths", test_unknown_paths},
      {"methods allowed", test_methods_allowed}, {"ids in a path", test_ids_in_a_path});
