/*
 * Clocks, and the calendar in plain arithmetic: pages of a list write many times, and gmtime_r() takes a lock for
 * each.
 */
#include <time.h>

#include "colloquy/base/clock.h"

enum { DAY_S = 86400, LAST_YEAR = 9999 };

static int64_t now_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
    return now_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_unix_ms(void)
{
    return now_us(CLOCK_REALTIME) / 1000;
}

static int64_t floor_div(int64_t n, int64_t by)
{
    return n / by - (n % by < 0);
}

/* The year is taken to begin in March, so that a leap day is its last one. */
int64_t clock_days(int year, unsigned month, unsigned day)
{
    static const uint16_t before[] = {306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
    const int64_t march_1970 = 719468; /* days from 0000-03-01 to 1970-01-01 */
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;

    return y * 365 + floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400) + before[month - 1] + (int64_t)day - 1 -
           march_1970;
}

static void digits(char *out, unsigned n, unsigned width)
{
    while (width-- > 0) {
        out[width] = (char)('0' + n % 10);
        n /= 10;
    }
}

/*
 * The inverse of clock_days(), in whole eras of 400 years: of such a count every 4th year but not every 100th has one
 * day more, and five months from March on have 153 days.
 */
static void date_of(int64_t day, unsigned *year, unsigned *month, unsigned *day_of_month)
{
    const unsigned era_days = 146097, march_1970 = 719468;
    unsigned days = (unsigned)(day + march_1970), eras = days / era_days;

    days %= era_days;
    unsigned y = (days - days / 1460 + days / 36524 - days / 146096) / 365;

    days -= y * 365 + y / 4 - y / 100;
    unsigned m = (5 * days + 2) / 153; /* from March */

    *day_of_month = days - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = eras * 400 + y + (*month <= 2);
}

void clock_text(int64_t unix_ms, char out[CLOCK_TEXT_BYTES])
{
    const int64_t last_s = (clock_days(LAST_YEAR + 1, 1, 1) * DAY_S) - 1;
    int64_t s = unix_ms < 0 ? 0 : unix_ms / 1000;

    if (s > last_s)
        s = last_s;
    unsigned second = (unsigned)(s % DAY_S), year, month, day_of_month;

    date_of(s / DAY_S, &year, &month, &day_of_month);
    digits(out, year, 4);
    out[4] = '-';
    digits(out + 5, month, 2);
    out[7] = '-';
    digits(out + 8, day_of_month, 2);
    out[10] = 'T';
    digits(out + 11, second / 3600, 2);
    out[13] = ':';
    digits(out + 14, second / 60 % 60, 2);
    out[16] = ':';
    digits(out + 17, second % 60, 2);
    out[19] = 'Z';
    out[20] = '\0';
}
