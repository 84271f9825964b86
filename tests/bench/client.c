/* The loop of the clients, and their times. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum { BODY_MAX_BYTES = 8 << 20, REQUEST_TIMEOUT_S = 120, EVENTS = 64, FIRST_SAMPLES = 1024 };

static void *must(void *memory)
{
    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    return memory;
}

static size_t keep(char *data, size_t size, size_t n, void *user)
{
    buf_append(user, data, size * n);
    return size * n;
}

static int watch(CURL *easy, curl_socket_t fd, int what, void *user, void *known)
{
    struct crowd *crowd = user;
    struct epoll_event event = {
        .data.fd = fd, .events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u)};

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(crowd->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    epoll_ctl(crowd->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    curl_multi_assign(crowd->multi, fd, crowd);
    return 0;
}

static int set_timer(CURLM *multi, long ms, void *user)
{
    struct crowd *crowd = user;

    (void)multi;
    crowd->timer_ms = ms < 0 ? -1 : clock_mono_ms() + ms;
    return 0;
}

void crowd_create(struct crowd *crowd, size_t n, const char *cacert)
{
    crowd->n = n;
    crowd->timer_ms = -1;
    crowd->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    crowd->multi = must(curl_multi_init());
    crowd->clients = must(calloc(n, sizeof(*crowd->clients)));
    curl_multi_setopt(crowd->multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(crowd->multi, CURLMOPT_SOCKETDATA, crowd);
    curl_multi_setopt(crowd->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(crowd->multi, CURLMOPT_TIMERDATA, crowd);
    curl_multi_setopt(crowd->multi, CURLMOPT_MAXCONNECTS, (long)n);
    for (size_t i = 0; i < n; i++) {
        struct client *c = &crowd->clients[i];

        c->easy = must(curl_easy_init());
        buf_init(&c->body, BODY_MAX_BYTES);
        curl_easy_setopt(c->easy, CURLOPT_CAINFO, cacert);
        curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, keep);
        curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, &c->body);
        curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
        curl_easy_setopt(c->easy, CURLOPT_TIMEOUT, (long)REQUEST_TIMEOUT_S);
    }
}

static void start(struct crowd *crowd, struct client *client)
{
    if (!crowd->next(client, crowd->arg))
        return;
    buf_clear(&client->body);
    curl_multi_add_handle(crowd->multi, client->easy);
    crowd->n_running++;
}

static void take_done(struct crowd *crowd)
{
    int left;

    for (CURLMsg *msg; (msg = curl_multi_info_read(crowd->multi, &left));) {
        struct client *client;
        curl_off_t us = 0;
        CURLcode code = msg->data.result;

        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &client);
        curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &client->status);
        curl_easy_getinfo(client->easy, CURLINFO_TOTAL_TIME_T, &us);
        client->ms = (double)us / 1000;
        if (code)
            client->status = 0;
        curl_multi_remove_handle(crowd->multi, client->easy);
        crowd->n_running--;
        crowd->done(client, crowd->arg);
        start(crowd, client);
    }
}

void crowd_run(struct crowd *crowd)
{
    struct epoll_event events[EVENTS];
    int running;

    for (size_t i = 0; i < crowd->n; i++)
        start(crowd, &crowd->clients[i]);
    while (crowd->n_running) {
        int64_t wait_ms = crowd->timer_ms < 0 ? 1000 : crowd->timer_ms - clock_mono_ms();
        int n = epoll_wait(crowd->epoll_fd, events, EVENTS, wait_ms > 0 ? (int)wait_ms : 0);

        for (int i = 0; i < n; i++) {
            int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                       (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                       (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

            curl_multi_socket_action(crowd->multi, events[i].data.fd, what, &running);
        }
        if (crowd->timer_ms >= 0 && crowd->timer_ms <= clock_mono_ms()) {
            crowd->timer_ms = -1;
            curl_multi_socket_action(crowd->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        take_done(crowd);
    }
}

/* ---- what was measured ---- */

void samples_add(struct samples *samples, double ms, bool is_good)
{
    if (samples->n == samples->cap) {
        samples->cap = samples->cap ? 2 * samples->cap : FIRST_SAMPLES;
        samples->ms = must(realloc(samples->ms, samples->cap * sizeof(*samples->ms)));
    }
    samples->ms[samples->n++] = ms;
    samples->n_failed += !is_good;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

double samples_at(struct samples *samples, double share)
{
    size_t at = (size_t)(share * (double)samples->n);

    if (!samples->n)
        return 0;
    qsort(samples->ms, samples->n, sizeof(*samples->ms), by_value);
    return samples->ms[at < samples->n ? at : samples->n - 1];
}

void samples_print(struct samples *samples, const char *what, double seconds)
{
    printf("%s n=%zu failed=%zu p50_ms=%.2f p99_ms=%.2f max_ms=%.2f per_s=%.0f\n", what, samples->n, samples->n_failed,
           samples_at(samples, 0.5), samples_at(samples, 0.99), samples_at(samples, 1),
           seconds > 0 ? (double)samples->n / seconds : 0);
    fflush(stdout);
}
