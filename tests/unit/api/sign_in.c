/* /login and /logout as far as they need no database: the form, what is not believed, and errors as pages. */
#include "api/route.h"
#include "http/make_request.h"

#define HTML "text/html,*/*;q=0.8"

static const struct config off, on = {.session = {.remote_user = true}};

static struct request make(enum http_method method, const char *path, const char *accept)
{
    struct request req = make_request();

    req.method = method;
    req.path = path;
    req.accept = accept;
    req.config = &off;
    return req;
}

static bool is_page(const struct request *req, int status, const char *piece)
{
    const struct response *r = &req->response;

    return r->status == status && str_eq(r->content_type, "text/html; charset=utf-8") &&
           sent_header(req, "Content-Security-Policy") && strstr(r->body->data, piece);
}

static bool is_json(const struct request *req, int status, const char *piece)
{
    const struct response *r = &req->response;

    return r->status == status && !r->content_type && strstr(r->body->data, piece);
}

static void test_form(void)
{
    static const struct {
        const char *name, *remote_user;
        enum http_method method;
        bool is_on;
    } rows[] = {
        {"nobody", NULL, HTTP_GET, true},
        {"somebody, while it is off", "ada", HTTP_GET, false},
        {"only asked about", "ada", HTTP_HEAD, true},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make(rows[i].method, "/login", HTML);

        req.config = rows[i].is_on ? &on : &off;
        req.remote_user = rows[i].remote_user;
        api_answer(&req);
        ROW_ASSERT(rows[i].name, is_page(&req, 200, "<form method=\"post\" action=\"/login\">"));
        ROW_ASSERT(rows[i].name, req.ctx.statements == 0);
    }
}

static void test_remote_user_that_is_no_login(void)
{
    struct request req = make(HTTP_GET, "/login", HTML);

    req.config = &on;
    req.remote_user = "\xff";
    api_answer(&req);
    CU_ASSERT_TRUE(is_page(&req, 403, "has no account here"));
}

static void test_errors(void)
{
    static const struct {
        const char *name, *path, *type, *body, *origin;
        int status;
        const char *page, *json;
    } rows[] = {
        {"not UTF-8", "/login", "application/x-www-form-urlencoded", "login=%ff", NULL, 400, "could not be understood",
         "invalid_encoding"},
        {"text", "/login", "text/plain", "hello", NULL, 415, "could not be understood", "unsupported_media_type"},
        {"from elsewhere", "/login", "application/x-www-form-urlencoded", "login=a", "https://evil.example", 403,
         "This form is out of date", "invalid_authenticity_token"},
        {"out from elsewhere", "/logout", "", "", "null", 403, "This form is out of date",
         "invalid_authenticity_token"},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        for (int as_page = 0; as_page < 2; as_page++) {
            struct request req = make(HTTP_POST, rows[i].path, as_page ? HTML : "");

            req.content_type = rows[i].type;
            req.body = rows[i].body;
            req.body_len = strlen(rows[i].body);
            req.origin = rows[i].origin;
            api_answer(&req);
            ROW_ASSERT(rows[i].name, as_page ? is_page(&req, rows[i].status, rows[i].page)
                                             : is_json(&req, rows[i].status, rows[i].json));
            ROW_ASSERT(rows[i].name, req.ctx.statements == 0);
        }
}

static void test_other_methods(void)
{
    struct request page = make(HTTP_GET, "/logout", HTML), json = make(HTTP_PUT, "/login", "");

    api_answer(&page);
    CU_ASSERT_TRUE(is_page(&page, 405, "cannot be asked for"));
    ASSERT_TEXT(sent_header(&page, "Allow"), "POST");
    api_answer(&json);
    CU_ASSERT_TRUE(is_json(&json, 405, "method_not_allowed"));
    ASSERT_TEXT(sent_header(&json, "Allow"), "GET, HEAD, POST");
}

/* The database is away: a page that says when to try again, for a browser. */
static void test_unavailable(void)
{
    struct request page = make(HTTP_POST, "/login", HTML), json = make(HTTP_POST, "/login", "");

    log_set_level(LOG_ERROR);
    api_refuse(&page, CQ_BUSY);
    CU_ASSERT_TRUE(is_page(&page, 503, "Not available just now"));
    ASSERT_TEXT(sent_header(&page, "Retry-After"), "1");
    api_refuse(&json, CQ_BUSY);
    CU_ASSERT_TRUE(is_json(&json, 503, "service_unavailable"));
    log_set_level(LOG_INFO);
}

/* Without a session there is nothing to end, and no statement to send. */
static void test_sign_out_without_a_session(void)
{
    struct request req = make(HTTP_POST, "/logout", HTML);

    api_answer(&req);
    CU_ASSERT_EQUAL(req.response.status, 303);
    ASSERT_TEXT(sent_header(&req, "Location"), "/login");
    CU_ASSERT_PTR_NULL(sent_header(&req, "Set-Cookie"));
    CU_ASSERT_EQUAL(req.ctx.statements, 0);
}

SUITE(sign_in, {"form", test_form}, {"remote user that is no login", test_remote_user_that_is_no_login},
      {"errors", test_errors}, {"other methods", test_other_methods}, {"unavailable", test_unavailable},
      {"sign out without a session", test_sign_out_without_a_session});
