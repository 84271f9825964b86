/* Back-off, its jitter, and the Retry-After header. */
#include <string.h>

#include "llm/retry.h"

bool retry_status(long http_status)
{
    return http_status == 408 || http_status == 429 || (http_status >= 500 && http_status <= 599);
}

/* retry_ms * 2^(tried-1), never above the longest wait. */
static uint32_t backoff(const struct retry_policy *policy, uint32_t tried)
{
    uint64_t wait_ms = policy->retry_ms;

    for (uint32_t i = 1; i < tried && wait_ms < policy->wait_max_ms; i++)
        wait_ms *= 2;
    return wait_ms < policy->wait_max_ms ? (uint32_t)wait_ms : policy->wait_max_ms;
}

bool retry_wait(const struct retry_policy *policy, const struct retry_case *failed, uint32_t *wait_ms)
{
    uint64_t after_ms = (uint64_t)failed->retry_after_s * 1000;

    if (failed->tried >= policy->tries || after_ms > policy->wait_max_ms)
        return false;

    uint32_t whole = backoff(policy, failed->tried);
    uint32_t half = whole / 2;
    uint64_t wait = half + failed->random % ((uint64_t)(whole - half) + 1);

    if (wait < after_ms)
        wait = after_ms;
    if (failed->left_ms <= (int64_t)wait)
        return false;
    *wait_ms = (uint32_t)wait;
    return true;
}

/* A date and time as it is read; only what the sum needs. */
struct date {
    uint32_t year, month, day, hour, minute, second;
};

/* Exactly n digits as a number. */
static bool read_digits(const char **at, unsigned n, uint32_t *out)
{
    uint32_t value = 0;

    for (; n > 0; n--, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        value = value * 10 + (uint32_t)(**at - '0');
    }
    *out = value;
    return true;
}

static bool read_month(const char **at, uint32_t *out)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (uint32_t i = 0; i < 12; i++)
        if (strncmp(*at, names + 3 * i, 3) == 0) {
            *at += 3;
            *out = i + 1;
            return true;
        }
    return false;
}

static bool read_time(const char **at, struct date *date)
{
    return read_digits(at, 2, &date->hour) && *(*at)++ == ':' && read_digits(at, 2, &date->minute) && *(*at)++ == ':' &&
           read_digits(at, 2, &date->second);
}

/* One part of a form: w weekday, d day, p day padded by a space, m month, y year, s short year, t time, else itself. */
static bool read_part(char part, const char **at, struct date *date)
{
    switch (part) {
    case 'w':
        *at += strspn(*at, "abcdefghijklmnopqrstuvwxyzFMSTW");
        return true;
    case 'p':
        if (**at == ' ') {
            (*at)++;
            return read_digits(at, 1, &date->day);
        }
        /* fall through */
    case 'd':
        return read_digits(at, 2, &date->day);
    case 'm':
        return read_month(at, &date->month);
    case 'y':
        return read_digits(at, 4, &date->year);
    case 's':
        return read_digits(at, 2, &date->year);
    case 't':
        return read_time(at, date);
    default:
        return *(*at)++ == part;
    }
}

static bool read_form(const char *form, const char *text, struct date *date)
{
    for (; *form; form++)
        if (!read_part(*form, &text, date))
            return false;
    return *text == '\0' && date->day >= 1 && date->day <= 31 && date->hour < 24 && date->minute < 60 &&
           date->second <= 60;
}

static int64_t date_s(const struct date *date)
{
    return clock_days((int)date->year, date->month, date->day) * 86400 + date->hour * 3600 + date->minute * 60 +
           date->second;
}

/* A year of two digits is the one at most 50 years ahead, or else in the past. */
static uint32_t full_year(uint32_t two_digits, int64_t now_s)
{
    uint32_t this_year = 1970 + (uint32_t)(now_s / 31556952);
    uint32_t year = this_year - this_year % 100 + two_digits;

    if (year > this_year + 50)
        return year - 100;
    return year + 100 <= this_year + 50 ? year + 100 : year;
}

static bool read_date(const char *text, int64_t now_s, int64_t *out_s)
{
    static const char *const forms[] = {"w, d m y t GMT", "w, d-m-s t GMT", "w m p t y"};

    for (size_t i = 0; i < LEN(forms); i++) {
        struct date date = {0};

        if (!read_form(forms[i], text, &date))
            continue;
        if (i == 1)
            date.year = full_year(date.year, now_s);
        *out_s = date_s(&date);
        return true;
    }
    return false;
}

bool retry_after_parse(const char *text, int64_t now_s, uint32_t *out_s)
{
    size_t len = strlen(text);
    int64_t wait_s;

    if (len > 0 && strspn(text, "0123456789") == len) {
        uint64_t seconds;

        wait_s = parse_u64(text, len, RETRY_AFTER_MAX_S, &seconds) ? (int64_t)seconds : RETRY_AFTER_MAX_S;
    } else if (read_date(text, now_s, &wait_s)) {
        wait_s -= now_s;
    } else {
        return false;
    }
    if (wait_s < 0)
        wait_s = 0;
    *out_s = wait_s < RETRY_AFTER_MAX_S ? (uint32_t)wait_s : RETRY_AFTER_MAX_S;
    return true;
}
