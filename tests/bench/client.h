/*
 * Clients that ask again as soon as they are answered, many in one thread, each request timed: curl's multi handle on
 * an epoll set, so that a thousand that wait cost nothing.
 */
#ifndef TESTS_BENCH_CLIENT_H
#define TESTS_BENCH_CLIENT_H

#include <curl/curl.h>

#include "colloquy/base.h"

/* One client, with its own connection. next() sets its URL and what it sends. */
struct client {
    CURL *easy;
    struct buf body;
    size_t number; /* next()'s: which of its things the request is about */
    long status;   /* 0: no answer came */
    double ms;
};

struct crowd {
    CURLM *multi;
    int epoll_fd;
    int64_t timer_ms; /* on clock_mono_ms(); -1: none */
    struct client *clients;
    size_t n, n_running;
    bool (*next)(struct client *client, void *arg); /* prepare a request; false: this client is done */
    void (*done)(struct client *client, void *arg); /* its answer is there */
    void *arg;
};

/* cacert may be NULL. headers: sent with every request unless next() sets its own. Exits when there is no memory. */
void crowd_create(struct crowd *crowd, size_t n, const char *cacert);

/* Until next() has said false to every client. */
void crowd_run(struct crowd *crowd);

/* ---- what was measured ---- */

struct samples {
    double *ms;
    size_t n, cap;
    size_t n_failed; /* answers with another status than was wanted; their times count all the same */
};

void samples_add(struct samples *samples, double ms, bool is_good);

/* The time that this share of them took at most; sorts. 0 of none. */
double samples_at(struct samples *samples, double share);

/* Prints "what n=… failed=… p50_ms=… p99_ms=… max_ms=… per_s=…". */
void samples_print(struct samples *samples, const char *what, double seconds);

#endif
