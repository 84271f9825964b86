#include <time.h>

#include "unit.h"

static void test_text(void)
{
    static const struct {
        int64_t unix_ms;
        const char *want;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {999, "1970-01-01T00:00:00Z"},
        {1000, "1970-01-01T00:00:01Z"},
        {86399999, "1970-01-01T23:59:59Z"},
        {784111777000, "1994-11-06T08:49:37Z"},
        {951782400000, "2000-02-29T00:00:00Z"},
        {951868800000, "2000-03-01T00:00:00Z"},
        {1735689599000, "2024-12-31T23:59:59Z"},
        {4107542400000, "2100-03-01T00:00:00Z"},
        {253402300799999, "9999-12-31T23:59:59Z"},
        {253402300800000, "9999-12-31T23:59:59Z"},
        {INT64_MAX, "9999-12-31T23:59:59Z"},
        {-1, "1970-01-01T00:00:00Z"},
        {INT64_MIN, "1970-01-01T00:00:00Z"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char text[CLOCK_TEXT_BYTES];

        clock_text(rows[i].unix_ms, text);
        ROW_ASSERT(rows[i].want, str_eq(text, rows[i].want));
    }
}

static void test_as_libc(void)
{
    for (int64_t s = 0; s < 253402300800; s += 86400 * 17 + 12345) {
        char ours[CLOCK_TEXT_BYTES], theirs[64];
        time_t t = (time_t)s;
        struct tm tm;

        clock_text(s * 1000, ours);
        gmtime_r(&t, &tm);
        strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", &tm);
        if (!str_eq(ours, theirs))
            CU_FAIL_FATAL("not the libc's date");
    }
}

static void test_days(void)
{
    static const struct {
        const char *name;
        int year;
        unsigned month, day;
        int64_t want;
    } rows[] = {
        {"epoch", 1970, 1, 1, 0},
        {"before", 1969, 12, 31, -1},
        {"leap day", 2000, 2, 29, 11016},
        {"no leap year", 1900, 3, 1, -25508},
        {"1900-02-28", 1900, 2, 28, -25509},
        {"year 0", 0, 3, 1, -719468},
        {"year -1", -1, 3, 1, -719834},
        {"far", 9999, 12, 31, 2932896},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, clock_days(rows[i].year, rows[i].month, rows[i].day) == rows[i].want);
}

static void test_clocks(void)
{
    int64_t before = clock_mono_ms();

    CU_ASSERT(clock_mono_ms() >= before);
    CU_ASSERT(clock_unix_ms() > 1700000000000);
    CU_ASSERT(clock_unix_ms() / 1000 - (int64_t)time(NULL) <= 1);
}

SUITE(clock, {"writes UTC", test_text}, {"agrees with the C library", test_as_libc}, {"counts days", test_days},
      {"clocks run", test_clocks});
