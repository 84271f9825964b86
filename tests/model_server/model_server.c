/*
 * A scripted stand-in for a Chat Completions server: for integration tests, faults and benchmarks.
 *
 *     model_server --port N [--tls CERT KEY] [--port-file F]
 *
 * It listens on 127.0.0.1 only. Port 0 takes a free one; --port-file gets the number once it listens. It ends on
 * SIGTERM.
 *
 *     POST /v1/chat/completions   the reply, streamed or not, as the request asks; 401 with "Authorization: Bearer bad"
 *     GET  /stats                 {"requests", "structured", "completed", "aborted", "in_flight", "max_in_flight", "connections",
 *                                 "last_authorization", "last_body", "last_structured"}; the last three as strings, null before
 *                                 the first request.
 *                                 completed: answers sent as scripted; aborted: the client left before the end. Requests for
 *                                 structured answers are counted by "structured" alone
 *     POST /reset                 clears these figures and what [[times]] has counted
 *
 * The last message of the user says how the reply goes, by directives anywhere in it. Without any, the reply is
 * "You said: " and the message (without its directives), in pieces of 8 bytes, at once.
 *
 *   What is said
 *     [[text T]]          T, up to the next "]]"; a "]" more belongs to T
 *     [[words N]]         N words, always the same ones
 *     [[chunk N]]         N bytes of text in each delta; cuts words, never characters
 *     [[finish R]]        finish_reason R instead of "stop"
 *   When
 *     [[delay MS]]        before the first byte
 *     [[gap MS]]          after each delta
 *     [[bytewise]]        one byte in each write
 *   Faults; N counts deltas from 1
 *     [[status N]]        that HTTP status and a JSON error
 *     [[retry-after N]]   with the header Retry-After: N
 *     [[refuse]]          close without an answer
 *     [[html]]            200 and an HTML page
 *     [[cut N]]           close the connection after N deltas
 *     [[reset N]]         the same, by a reset
 *     [[hang N]]          go silent after N deltas, until the client leaves
 *     [[badjson N]]       the Nth delta is broken JSON
 *     [[badutf8 N]]       the Nth delta begins with bytes that are not UTF-8
 *     [[empty]]           no text at all
 *     [[nodone]]          a clean end without finish_reason and without [DONE]
 *     [[endless]]         the text again and again, up to 200 MB
 *     [[bigline N]]       first a delta of N times "x", on one line
 *     [[gzip N]]          N megabytes of "x", compressed and without an end
 *     [[comments N]]      first N comments of Server-Sent Events
 *   Structured answers, to requests with a JSON schema: made from the schema, by what the student said last in the data
 *     [[covers 1 3]]      objectives 1 and 3 are covered, or met
 *     [[assess:D]], [[evaluate:D]]  any directive D, for the assessment or the evaluation instead of the reply
 *   Which requests
 *     [[times N]]         delay and faults are for the first N requests with this very message; the next ones get the reply
 *                         without them
 *
 * Not streamed, a delta is a piece of the one string "content", sent as a chunk of the body. One thread: an epoll
 * loop, a state machine for each connection, and a heap of timers; 1,000 replies at once are no matter. Source:
 * OpenAI API reference, "Chat completions" and its streaming events; WHATWG HTML, "Server-sent events".
 */
#include "model_server.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

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

static void run_timers(struct server *server)
{
    int64_t now = now_ms();

    while (server->n_heap && server->heap[1]->wake_at_ms <= now) {
        struct connection *c = server->heap[1];

        timer_stop(server, c);
        connection_wake(c);
    }
}

/* ---- the loop ---- */

static void accept_all(struct server *server)
{
    int fd, one = 1;

    while ((fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        connection_create(server, fd);
    }
}

static int wait_ms(const struct server *server)
{
    if (!server->n_heap)
        return -1;

    int64_t left = server->heap[1]->wake_at_ms - now_ms();

    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static void serve(struct server *server)
{
    struct epoll_event events[256];

    for (;;) {
        int n = epoll_wait(server->epoll, events, LEN(events), wait_ms(server));

        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &server->signals)
                return;
            if (events[i].data.ptr == &server->listener)
                accept_all(server);
            else
                connection_ready(events[i].data.ptr, events[i].events);
        }
        run_timers(server);
    }
}

/* ---- start ---- */

static void die(const char *what)
{
    fprintf(stderr, "model_server: %s: %s\n", what, errno ? strerror(errno) : "failed");
    exit(1);
}

static void watch(struct server *server, int *fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};

    if (*fd < 0 || epoll_ctl(server->epoll, EPOLL_CTL_ADD, *fd, &event))
        die("epoll");
}

static int open_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_listener(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) || listen(fd, 4096))
        die("listen");
    return fd;
}

/* Written beside and renamed, so that who waits for the file never reads half of it. */
static void write_port(int listener, const char *path)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    char beside[4096];

    if (getsockname(listener, (struct sockaddr *)&address, &len))
        die("getsockname");
    snprintf(beside, sizeof(beside), "%s.new", path);

    FILE *file = fopen(beside, "w");

    if (!file || fprintf(file, "%u\n", ntohs(address.sin_port)) < 0 || fclose(file) || rename(beside, path))
        die(path);
}

static SSL_CTX *open_tls(const char *cert, const char *key)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    if (!tls || SSL_CTX_use_certificate_chain_file(tls, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
        die(cert);
    SSL_CTX_set_mode(tls,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    return tls;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

struct arguments {
    uint64_t port;
    const char *port_file, *cert, *key;
};

static struct arguments read_arguments(int argc, char **argv)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"port-file", required_argument, NULL, 'f'},
        {"tls", required_argument, NULL, 't'},
        {0},
    };
    struct arguments args = {.port = UINT64_MAX};
    bool wrong = false;

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'p') {
            wrong |= !parse_u64(optarg, strlen(optarg), UINT16_MAX, &args.port);
        } else if (c == 'f') {
            args.port_file = optarg;
        } else if (c == 't' && optind < argc) {
            args.cert = optarg;
            args.key = argv[optind++];
        } else {
            wrong = true;
        }
    }
    if (wrong || args.port == UINT64_MAX || optind != argc) {
        fprintf(stderr, "usage: model_server --port N [--tls CERT KEY] [--port-file F]\n");
        exit(2);
    }
    return args;
}

int main(int argc, char **argv)
{
    struct arguments args = read_arguments(argc, argv);
    struct server *server = calloc(1, sizeof(*server));

    if (!server)
        die("memory");
    raise_descriptor_limit();
    server->tls = args.cert ? open_tls(args.cert, args.key) : NULL;
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->signals = open_signals();
    server->listener = open_listener((uint16_t)args.port);
    watch(server, &server->signals);
    watch(server, &server->listener);
    if (args.port_file)
        write_port(server->listener, args.port_file);
    serve(server);

    while (server->connections)
        connection_destroy(server->connections);
    SSL_CTX_free(server->tls);
    free(server->last_body.data);
    free(server->last_structured.data);
    free(server);
    return 0;
}
