/* Errors as pages: whose they are, and that they keep the status of the API. */
#include "api/page.h"
#include "api/route.h"

#include "http/make_request.h"

#define BROWSER "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

struct scene {
    struct request req;
    struct route route;
    struct loaded loaded;
};

static void start(struct scene *s, const char *path, enum answers answers, const char *accept)
{
    s->req = make_request();
    s->req.path = path;
    s->req.accept = accept;
    s->route = (struct route){.answers = answers};
    s->loaded = (struct loaded){.route = &s->route};
    s->req.loaded = &s->loaded;
}

static void test_whose_errors_are_pages(void)
{
    static const struct {
        enum answers answers;
        const char *accept;
        bool want;
    } rows[] = {
        {ANSWER_PLAIN, BROWSER, false}, {ANSWER_FORM, "", false},
        {ANSWER_FORM, "*/*", false},    {ANSWER_FORM, "application/json", false},
        {ANSWER_FORM, BROWSER, true},   {ANSWER_CONVERSATION, BROWSER, false},
        {ANSWER_PAGE, "", true},        {ANSWER_PAGE, "application/json", true},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        start(&s, "/api/v1/courses/7/ai_experiences", rows[i].answers, rows[i].accept);
        ROW_ASSERT(rows[i].accept, has_error_page(&s.req) == rows[i].want);
    }
}

/* Without a route, and before there is anything at all. */
static void test_paths_of_pages(void)
{
    struct request req = make_request();

    req.path = "/courses/7/nothing";
    CU_ASSERT_TRUE(has_error_page(&req));
    req.path = "/api/v1/nothing";
    req.accept = BROWSER;
    CU_ASSERT_FALSE(has_error_page(&req));
}

static void test_every_status_has_a_page(void)
{
    for (int st = CQ_OK + 1; st < CQ_STATUS_COUNT; st++) {
        struct scene s;
        const struct cq_status_info *info = cq_status_info((enum cq_status)st);

        start(&s, "/courses/7/ai_experiences", ANSWER_PAGE, BROWSER);
        s.req.method = HTTP_POST; /* a read would be sent to sign in */
        answer_error(&s.req, (enum cq_status)st);
        ROW_ASSERT(info->name, s.req.response.status == info->http);
        ROW_ASSERT(info->name, str_eq(s.req.response.content_type, "text/html; charset=utf-8"));
        ROW_ASSERT(info->name, strstr(s.req.response.body->data, "<h1>") != NULL);
        ROW_ASSERT(info->name, (sent_header(&s.req, "Retry-After") != NULL) == (info->retry_after_s > 0));
    }
}

static void test_sign_in(void)
{
    static const struct {
        const char *path, *query, *location;
    } rows[] = {
        {"/courses/7/ai_experiences", "", "/login?return_to=/courses/7/ai_experiences"},
        {"/courses/7/a b?c&d=\"<\xc3\xa4", "", "/login?return_to=/courses/7/a%20b%3Fc%26d%3D%22%3C%C3%A4"},
        {"/courses/\r\nX: y", "", "/login?return_to=/courses/%0D%0AX%3A%20y"},
        {"/courses/7", "page=2&q=%26", "/login?return_to=/courses/7%3Fpage%3D2%26q%3D%2526"},
        {"/courses/8", "page=2&access_token=x", "/login?return_to=/courses/8"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        start(&s, rows[i].path, ANSWER_PAGE, BROWSER);
        s.req.query = rows[i].query;
        answer_error(&s.req, CQ_UNAUTHENTICATED);
        ROW_ASSERT(rows[i].path, s.req.response.status == 302);
        ROW_ASSERT(rows[i].path, str_eq(sent_header(&s.req, "Location"), rows[i].location));
        ROW_ASSERT(rows[i].path, !sent_header(&s.req, "WWW-Authenticate"));
        start(&s, rows[i].path, ANSWER_PAGE, BROWSER);
        answer_error(&s.req, CQ_TOKEN_UNKNOWN);
        ROW_ASSERT(rows[i].path, s.req.response.status == 401);
        ROW_ASSERT(rows[i].path, sent_header(&s.req, "WWW-Authenticate") != NULL);
    }
}

SUITE(error_page, {"whose errors are pages", test_whose_errors_are_pages}, {"paths of pages", test_paths_of_pages},
      {"every status has a page", test_every_status_has_a_page}, {"sign in", test_sign_in});
