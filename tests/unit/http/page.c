/* Pages: what is asked for, and the text of the links. */
#include "make_request.h"

static void test_which_page(void)
{
    // clang-format off
    static const struct {
        const char *query;
        enum cq_status status;
        uint64_t number, per_page;
    } cases[] = {
        {"",                          CQ_OK,        1,  10},
        {"page=3&per_page=5",         CQ_OK,        3,   5},
        {"page=003",                  CQ_OK,        3,  10},
        {"per_page=100",              CQ_OK,        1, 100},
        {"per_page=101",              CQ_OK,        1, 100},
        {"per_page=1000000000000000000000000000000", CQ_OK, 1, 100},
        {"per_page=0",                CQ_OK,        1,   1},
        {"per_page=-1",               CQ_OK,        1,   1},
        {"per_page=abc",              CQ_OK,        1,   1},
        {"per_page=",                 CQ_OK,        1,   1},
        {"per_page=5x",               CQ_OK,        1,   1},
        {"per_page=%00",              CQ_OK,        1,   1},
        {"per_page[]=5",              CQ_OK,        1,   1},
        {"page=0",                    CQ_NOT_FOUND, 7,   7},
        {"page=-1",                   CQ_NOT_FOUND, 7,   7},
        {"page=abc",                  CQ_NOT_FOUND, 7,   7},
        {"page=",                     CQ_NOT_FOUND, 7,   7},
        {"page=1.5",                  CQ_NOT_FOUND, 7,   7},
        {"page=+1",                   CQ_NOT_FOUND, 7,   7},
        {"page=1%00",                 CQ_NOT_FOUND, 7,   7},
        {"page[]=1",                  CQ_NOT_FOUND, 7,   7},
        {"page=1000000000000000000000000000000&per_page=100", CQ_OK, INT64_MAX / 100, 100},
        {"page=18446744073709551616", CQ_OK,        INT64_MAX / 10, 10},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_get(cases[i].query);
        struct page page = {7, 7}; /* 7: a failure leaves the output alone */

        ROW_ASSERT(cases[i].query, params_read(&req) == CQ_OK);
        ROW_ASSERT(cases[i].query, page_read(&req, 10, 100, &page) == cases[i].status);
        ROW_ASSERT(cases[i].query, page.number == cases[i].number && page.per_page == cases[i].per_page);
    }
}

static void test_pages_from_json(void)
{
    static const struct {
        const char *body;
        enum cq_status status;
        uint64_t number, per_page;
    } cases[] = {
        {"{\"page\":2,\"per_page\":5}", CQ_OK, 2, 5}, {"{\"page\":null,\"per_page\":null}", CQ_OK, 1, 10},
        {"{\"per_page\":-5}", CQ_OK, 1, 1},           {"{\"per_page\":500}", CQ_OK, 1, 100},
        {"{\"per_page\":true}", CQ_OK, 1, 1},         {"{\"page\":-1}", CQ_NOT_FOUND, 7, 7},
        {"{\"page\":1.5}", CQ_NOT_FOUND, 7, 7},
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_post("", "application/json", cases[i].body);
        struct page page = {7, 7};

        ROW_ASSERT(cases[i].body, params_read(&req) == CQ_OK);
        ROW_ASSERT(cases[i].body, page_read(&req, 10, 100, &page) == cases[i].status);
        ROW_ASSERT(cases[i].body, page.number == cases[i].number && page.per_page == cases[i].per_page);
    }
}

#define URL          "<https://canvas.example.edu/api/v1/things?"
#define LINK(n, rel) URL "page=" n "&per_page=10>; rel=\"" rel "\""

static void test_which_links(void)
{
    // clang-format off
    static const struct {
        const char *name;
        uint64_t number, total;
        const char *want;
    } cases[] = {
        {"empty",      1, 0,  LINK("1", "current") "," LINK("1", "first") "," LINK("1", "last")},
        {"only one",   1, 10, LINK("1", "current") "," LINK("1", "first") "," LINK("1", "last")},
        {"first",      1, 25, LINK("1", "current") "," LINK("2", "next") "," LINK("1", "first") "," LINK("3", "last")},
        {"middle",     2, 25, LINK("2", "current") "," LINK("3", "next") "," LINK("1", "prev") ","
                              LINK("1", "first") "," LINK("3", "last")},
        {"last",       3, 30, LINK("3", "current") "," LINK("2", "prev") "," LINK("1", "first") "," LINK("3", "last")},
        {"past",       5, 30, LINK("5", "current") "," LINK("4", "prev") "," LINK("1", "first") "," LINK("3", "last")},
        {"past empty", 5, 0,  LINK("5", "current") "," LINK("1", "first") "," LINK("1", "last")},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_request();
        struct page page = {cases[i].number, 10};

        page_link(&req, &page, cases[i].total);
        ROW_ASSERT(cases[i].name, str_eq(sent_header(&req, "Link"), cases[i].want));
    }
}

/* Of the query: all but page, per_page and access_token, in order and as they were written. */
static void test_kept_parameters(void)
{
    // clang-format off
    static const struct {
        const char *query, *kept;
    } cases[] = {
        {"",                                           ""},
        {"page=2&per_page=5",                          ""},
        {"access_token=secret",                        ""},
        {"a=1&access_token=secret&b=2&page=9",         "a=1&b=2&"},
        {"acc%65ss_token=secret&%70age=2",             ""},
        {"%61%63%63%65%73%73%5f%74%6f%6b%65%6e=s",     ""},
        {"a[]=x%20y+z&a%5B%5D=%C3%A9",                 "a[]=x%20y+z&a%5B%5D=%C3%A9&"},
        {"b&&a=&",                                     "b&a=&"},
        {"pages=1&my_page=2&per_pages=3",              "pages=1&my_page=2&per_pages=3&"},
        {"a=<b>\"c\"",                                 "a=%3Cb%3E%22c%22&"},
        {"a=\r\nX: y\x7f",                             "a=%0D%0AX:%20y%7F&"},
        {"a=\xc3\xa9#f",                               "a=%C3%A9%23f&"},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_get(cases[i].query);
        struct page page = {1, 10};

        page_link(&req, &page, 1);
        const char *want = arena_printf(req.ctx.arena, URL "%spage=1&per_page=10>; rel=\"current\",", cases[i].kept);
        ROW_ASSERT(cases[i].query, str_starts(sent_header(&req, "Link"), want));
    }
}

static void test_origin_of_links(void)
{
    // clang-format off
    static const struct {
        const char *scheme, *host, *path, *want; /* how the header begins; NULL: there is none */
    } cases[] = {
        {"http",  "127.0.0.1:8080", "/a",             "<http://127.0.0.1:8080/a?page=1&"},
        {"https", "[::1]:8443",     "/a.json",        "<https://[::1]:8443/a.json?page=1&"},
        {"https", "Ex-1.edu",       "/a b>?%41#\xe9", "<https://Ex-1.edu/a%20b%3E%3F%2541%23%E9?page=1&"},
        {"https", "",               "/a",             NULL},
        {"https", "e.edu/x",        "/a",             NULL},
        {"https", "e.edu>; rel=x",  "/a",             NULL},
        {"https", "me@e.edu",       "/a",             NULL},
        {"https", "e.edu\r\nX:y",   "/a",             NULL},
        {"https", "\xc3\xa9.edu",   "/a",             NULL},
        {"ftp",   "e.edu",          "/a",             NULL},
        {"",      "e.edu",          "/a",             NULL},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_request();
        struct page page = {1, 10};

        req.scheme = cases[i].scheme;
        req.host = cases[i].host;
        req.path = cases[i].path;
        page_link(&req, &page, 1);
        const char *got = sent_header(&req, "Link");
        ROW_ASSERT(cases[i].host, cases[i].want ? got && str_starts(got, cases[i].want) : !got);
    }
}

/* A header that nginx could not take would cost the whole answer. */
static void test_a_long_query_has_no_links(void)
{
    struct request req = make_request();
    struct page page = {2, 10};
    char query[3000];

    memset(query, 'a', sizeof(query) - 1);
    query[sizeof(query) - 1] = '\0';
    req.query = query;
    page_link(&req, &page, 100);
    CU_ASSERT_PTR_NULL(sent_header(&req, "Link"));
}

/* A list that is paged by key says where it goes on, and nothing else of its pages. */
static void test_the_next_by_key(void)
{
    // clang-format off
    static const struct {
        const char *query, *want;
    } cases[] = {
        {"",                              "<https://canvas.example.edu/api/v1/things?cursor=17-4>; rel=\"next\""},
        {"limit=2",                       "<https://canvas.example.edu/api/v1/things?limit=2&cursor=17-4>; rel=\"next\""},
        {"cursor=9-9&limit=2",            "<https://canvas.example.edu/api/v1/things?limit=2&cursor=17-4>; rel=\"next\""},
        {"%63ursor=9&access_token=x&a=>", "<https://canvas.example.edu/api/v1/things?a=%3E&cursor=17-4>; rel=\"next\""},
        {"page=3",                        "<https://canvas.example.edu/api/v1/things?page=3&cursor=17-4>; rel=\"next\""},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(cases); i++) {
        struct request req = make_get(cases[i].query);

        page_link_next(&req, "17-4");
        ASSERT_TEXT(sent_header(&req, "Link"), cases[i].want);
    }
    struct request req = make_get("");

    req.host = "e.edu>; rel=x";
    page_link_next(&req, "17-4");
    CU_ASSERT_PTR_NULL(sent_header(&req, "Link"));
}

SUITE(page, {"which page", test_which_page}, {"pages from JSON", test_pages_from_json},
      {"which links", test_which_links}, {"kept parameters", test_kept_parameters},
      {"origin of links", test_origin_of_links}, {"a long query has no links", test_a_long_query_has_no_links},
      {"the next by key", test_the_next_by_key});
