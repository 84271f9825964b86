/* Methods by name. */
#include "make_request.h"

static void test_names_go_both_ways(void)
{
    for (enum http_method method = HTTP_GET; method < HTTP_OTHER; method++)
        ROW_ASSERT(http_method_name(method), http_method_parse(http_method_name(method)) == method);
}

static void test_what_is_no_method_of_ours(void)
{
    static const char *const texts[] = {"", "get", "GETS", "GE", "TRACE", "OTHER", " GET"};

    for (size_t i = 0; i < LEN(texts); i++)
        ROW_ASSERT(texts[i], http_method_parse(texts[i]) == HTTP_OTHER);
}

SUITE(method, {"names go both ways", test_names_go_both_ways},
      {"what is no method of ours", test_what_is_no_method_of_ours});
