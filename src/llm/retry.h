/*
 * When a failed call may be tried again, and after how long.
 *
 * Pure functions: the time, the random number and what is left of the total limit are passed in, so that tests need
 * not sleep. Source: Retry-After, RFC 9110 section 10.2.3; its dates, section 5.6.7.
 */
#ifndef COLLOQUY_LLM_RETRY_H
#define COLLOQUY_LLM_RETRY_H

#include "colloquy/base.h"

enum { RETRY_AFTER_MAX_S = 3600 };

struct retry_policy {
    uint32_t tries;       /* in all, the first one included */
    uint32_t retry_ms;    /* first back-off; doubles with each try */
    uint32_t wait_max_ms; /* longest wait */
};

/* What is known when a try has failed. */
struct retry_case {
    uint32_t tried;         /* tries so far, at least 1 */
    uint32_t retry_after_s; /* what the server asked for; 0 when nothing */
    int64_t left_ms;        /* of the total limit */
    uint32_t random;        /* any number: the jitter */
};

/* Whether a response of this status is worth another try: 408, 429 and 5xx. */
bool retry_status(long http_status);

/*
 * The wait before the next try: the back-off with jitter between its half and its whole, at least Retry-After. False,
 * and *wait_ms left alone, when there is to be none: the tries are used up, Retry-After is above the longest wait, or
 * the wait would reach the total limit.
 */
bool retry_wait(const struct retry_policy *policy, const struct retry_case *failed, uint32_t *wait_ms) MUST_USE;

/*
 * A Retry-After header: seconds, or a date in any of the three forms of HTTP, as seconds from now_s (since 1970 UTC;
 * 0 when it has passed). At most RETRY_AFTER_MAX_S. False when it is neither: *out_s is left alone.
 */
bool retry_after_parse(const char *text, int64_t now_s, uint32_t *out_s) MUST_USE;

#endif
