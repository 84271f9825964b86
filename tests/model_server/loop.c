/*
 * The one thread: an epoll loop, a heap of timers, and the two ways in which it can be out of reach.
 */
#include "model_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

_Noreturn void die(const char *what)
{
    fprintf(stderr, "model_server: %s: %s\n", what, errno ? strerror(errno) : "failed");
    exit(1);
}

int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- timers: a binary heap, the earliest first; a connection knows its place in it ---- */

static void heap_put(struct server *server, size_t at, struct connection *c)
{
    server->heap[at] = c;
    c->heap_at = at;
}

/* Let c, whose place is at, rise or sink to where it belongs. */
static void heap_settle(struct server *server, size_t at, struct connection *c)
{
    for (; at > 1 && server->heap[at / 2]->wake_at_ms > c->wake_at_ms; at /= 2)
        heap_put(server, at, server->heap[at / 2]);
    for (size_t child; (child = 2 * at) <= server->n_heap; at = child) {
        if (child < server->n_heap && server->heap[child + 1]->wake_at_ms < server->heap[child]->wake_at_ms)
            child++;
        if (server->heap[child]->wake_at_ms >= c->wake_at_ms)
            break;
        heap_put(server, at, server->heap[child]);
    }
    heap_put(server, at, c);
}

void timer_start(struct server *server, struct connection *c, uint64_t wait_ms)
{
    timer_stop(server, c);
    if (server->n_heap + 1 == MAX_CONNECTIONS)
        return;
    c->wake_at_ms = now_ms() + (int64_t)wait_ms;
    heap_settle(server, ++server->n_heap, c);
}

void timer_stop(struct server *server, struct connection *c)
{
    size_t at = c->heap_at;

    if (!at)
        return;
    c->heap_at = 0;

    struct connection *last = server->heap[server->n_heap--];

    if (last != c)
        heap_settle(server, at, last);
}

static bool is_due(const struct server *server, int64_t now)
{
    return server->n_heap && (server->is_hurried || server->heap[1]->wake_at_ms <= now);
}

static void run_timers(struct server *server)
{
    int64_t now = now_ms();

    while (!server->is_silent && is_due(server, now)) {
        struct connection *c = server->heap[1];

        timer_stop(server, c);
        connection_wake(c);
    }
}

/* ---- the loop ---- */

static void accept_all(struct server *server, bool is_control)
{
    int fd, one = 1, listener = is_control ? server->control : server->listener;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        connection_create(server, fd, is_control);
    }
}

static int wait_ms(const struct server *server)
{
    if (!server->n_heap || server->is_silent)
        return -1;

    int64_t left = server->is_hurried ? 0 : server->heap[1]->wake_at_ms - now_ms();

    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* One of the server's own descriptors, or a connection. */
static void handle(struct server *server, const struct epoll_event *event)
{
    if (event->data.ptr == &server->listener)
        accept_all(server, false);
    else if (event->data.ptr == &server->control)
        accept_all(server, true);
    else
        connection_ready(event->data.ptr, event->events);
}

static bool is_control_connection(const struct server *server, const struct epoll_event *event)
{
    const struct connection *c = event->data.ptr;

    return event->data.ptr != &server->listener && event->data.ptr != &server->control && c->is_control;
}

/* Control connections come last in each round: what they ask for may end others, whose events then are done with. */
void server_run(struct server *server)
{
    struct epoll_event events[256], later[256];

    for (;;) {
        int n = epoll_wait(server->epoll, events, LEN(events), wait_ms(server)), n_later = 0;

        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &server->signals)
                return;
            if (is_control_connection(server, &events[i]))
                later[n_later++] = events[i];
            else
                handle(server, &events[i]);
        }
        for (int i = 0; i < n_later; i++)
            handle(server, &later[i]);
        run_timers(server);
    }
}

/* ---- listening, and being out of reach ---- */

void server_watch(struct server *server, int *fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};

    if (*fd < 0 || epoll_ctl(server->epoll, EPOLL_CTL_ADD, *fd, &event))
        die("epoll");
}

/* A socket that has the port, and takes no connection yet. */
static int bind_port(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)))
        die("bind");
    return fd;
}

static void start_listening(int fd)
{
    if (listen(fd, BACKLOG))
        die("listen");
}

int server_listen(uint16_t port)
{
    int fd = bind_port(port);

    start_listening(fd);
    return fd;
}

/* For every connection but the control's. */
static void for_clients(struct server *server, void (*act)(struct connection *c, bool arg), bool arg)
{
    for (struct connection *next, *c = server->connections; c; c = next) {
        next = c->next;
        if (!c->is_control)
            act(c, arg);
    }
}

static void reset_client(struct connection *c, bool arg)
{
    (void)arg;
    connection_reset(c);
}

/* The port stays bound while it refuses, so that nobody else gets it. */
static void set_refusing(struct server *server, bool is_refusing)
{
    server->is_refusing = is_refusing;
    if (is_refusing) {
        close(server->listener);
        server->listener = bind_port(server->port);
        for_clients(server, reset_client, true);
    } else {
        start_listening(server->listener);
        if (!server->is_silent)
            server_watch(server, &server->listener);
    }
}

static void set_silent(struct server *server, bool is_silent)
{
    server->is_silent = is_silent;
    for_clients(server, connection_mute, is_silent);
    if (!server->is_refusing && is_silent)
        epoll_ctl(server->epoll, EPOLL_CTL_DEL, server->listener, NULL);
    if (!server->is_refusing && !is_silent)
        server_watch(server, &server->listener);
}

void server_mode(struct server *server, bool is_refusing, bool is_silent)
{
    if (is_refusing != server->is_refusing)
        set_refusing(server, is_refusing);
    if (is_silent != server->is_silent)
        set_silent(server, is_silent);
}
