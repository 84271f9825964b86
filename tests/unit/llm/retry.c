/* Back-off and Retry-After. */
#include "unit.h"

#include "llm/retry.h"

static void test_status(void)
{
    static const struct {
        const char *name;
        long http_status;
        bool want;
    } rows[] = {
        // clang-format off
        {"200", 200, false}, {"302", 302, false}, {"400", 400, false}, {"401", 401, false}, {"404", 404, false},
        {"408", 408, true},  {"422", 422, false}, {"429", 429, true},  {"499", 499, false}, {"500", 500, true},
        {"503", 503, true},  {"529", 529, true},  {"599", 599, true},  {"600", 600, false},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, retry_status(rows[i].http_status) == rows[i].want);
}

/* want_ms 0: no further try. The policy is 4 tries, 250 ms at first, 1000 ms at most. */
static void test_wait(void)
{
    static const struct {
        const char *name;
        struct retry_case failed;
        uint32_t want_ms;
    } rows[] = {
        // clang-format off
        {"first, least jitter",          {1, 0, 60000, 0},   125},
        {"first, most jitter",           {1, 0, 60000, 125}, 250},
        {"jitter wraps",                 {1, 0, 60000, 126}, 125},
        {"second doubles",               {2, 0, 60000, 250}, 500},
        {"third doubles again",          {3, 0, 60000, 500}, 1000},
        {"tries used up",                {4, 0, 60000, 0},   0},
        {"more than used up",            {9, 0, 60000, 0},   0},
        {"Retry-After is the least",     {1, 1, 60000, 0},   1000},
        {"Retry-After above the most",   {1, 2, 60000, 0},   0},
        {"would reach the total limit",  {1, 0, 125, 0},     0},
        {"just within the total limit",  {1, 0, 126, 0},     125},
        {"total limit has passed",       {1, 0, -5, 0},      0},
        {"largest random number",        {1, 0, 60000, UINT32_MAX}, 125 + UINT32_MAX % 126},
        // clang-format on
    };
    const struct retry_policy policy = {.tries = 4, .retry_ms = 250, .wait_max_ms = 1000};

    for (size_t i = 0; i < LEN(rows); i++) {
        uint32_t got_ms = 7;
        bool got = retry_wait(&policy, &rows[i].failed, &got_ms);

        ROW_ASSERT(rows[i].name, got == (rows[i].want_ms > 0) && got_ms == (got ? rows[i].want_ms : 7));
    }
}

static void test_wait_is_capped(void)
{
    const struct retry_policy policy = {.tries = 100, .retry_ms = 400, .wait_max_ms = 1000};

    for (uint32_t tried = 1; tried < 100; tried++) {
        const struct retry_case failed = {.tried = tried, .left_ms = 60000, .random = tried * 7919};
        uint32_t wait_ms;

        CU_ASSERT(retry_wait(&policy, &failed, &wait_ms) && wait_ms >= 200 && wait_ms <= 1000);
    }
}

static void test_wait_without_backoff(void)
{
    const struct retry_policy policy = {.tries = 2, .retry_ms = 0, .wait_max_ms = 0};
    uint32_t wait_ms = 7;

    CU_ASSERT(retry_wait(&policy, &(struct retry_case){.tried = 1, .left_ms = 1, .random = 99}, &wait_ms));
    CU_ASSERT_EQUAL(wait_ms, 0);
}

/* RFC 9110 section 10.2.3: seconds, or a date in one of three forms. We cap at one hour. */
static void test_retry_after(void)
{
    static const struct {
        const char *name, *text;
        bool valid;
        uint32_t want_s;
    } rows[] = {
        // clang-format off
        {"seconds",                  "120",                              true,  120},
        {"none to wait",             "0",                                true,  0},
        {"an hour",                  "3600",                             true,  3600},
        {"capped",                   "3601",                             true,  3600},
        {"capped beyond 64 bits",    "99999999999999999999999999",       true,  3600},
        {"date ahead",               "Sun, 06 Nov 1994 08:49:37 GMT",    true,  60},
        {"date passed",              "Sun, 06 Nov 1994 08:48:36 GMT",    true,  0},
        {"date far ahead",           "Mon, 06 Nov 2094 08:49:37 GMT",    true,  3600},
        {"across midnight and year", "Sun, 01 Jan 1995 00:00:00 GMT",    true,  3600},
        {"the form of RFC 850",      "Sunday, 06-Nov-94 08:49:37 GMT",   true,  60},
        {"two digits of long ago",   "Sunday, 06-Nov-45 08:49:37 GMT",   true,  0},
        {"two digits yet to come",   "Sunday, 06-Nov-40 08:49:37 GMT",   true,  3600},
        {"the form of asctime",      "Sun Nov  6 08:49:37 1994",         true,  60},
        {"negative",                 "-1",                               false, 7},
        {"fraction",                 "1.5",                              false, 7},
        {"empty",                    "",                                 false, 7},
        {"words",                    "soon",                             false, 7},
        {"date cut off",             "Sun, 06 Nov 1994 08:49",           false, 7},
        {"another zone",             "Sun, 06 Nov 1994 08:49:37 CET",    false, 7},
        {"no such month",            "Sun, 06 Foo 1994 08:49:37 GMT",    false, 7},
        {"no such day",              "Sun, 00 Nov 1994 08:49:37 GMT",    false, 7},
        {"no such hour",             "Sun, 06 Nov 1994 24:49:37 GMT",    false, 7},
        {"more behind it",           "Sun, 06 Nov 1994 08:49:37 GMT, 5", false, 7},
        // clang-format on
    };
    const int64_t now_s = 784111717; /* one minute before that date */

    for (size_t i = 0; i < LEN(rows); i++) {
        uint32_t got_s = 7; /* a failure leaves it alone */
        bool valid = retry_after_parse(rows[i].text, now_s, &got_s);

        ROW_ASSERT(rows[i].name, valid == rows[i].valid && got_s == rows[i].want_s);
    }
}

SUITE(retry, {"which statuses are worth another try", test_status}, {"the wait", test_wait},
      {"the wait is capped", test_wait_is_capped}, {"no back-off", test_wait_without_backoff},
      {"Retry-After", test_retry_after});
