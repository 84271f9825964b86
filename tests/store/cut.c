/*
 * A go-between that listens on a socket of its own and passes bytes to the server and back. A client's COMMIT is one
 * packet that it can recognise; it can drop the client there, so that the client cannot know what became of its
 * transaction. Source: packets and COM_QUERY, MariaDB "Client/Server Protocol", https://mariadb.com/kb/en/0-packet/
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "database.h"

enum { MAX_PAIRS = 16, PIECE_BYTES = 16384, LATE_MS = 150 };

struct pair {
    int client, server; /* -1: free */
};

static int listener = -1;
static _Atomic int next_cut, unwelcome;

void cut_next_commit(enum cut cut)
{
    atomic_store(&next_cut, cut);
}

void cut_next_connections(int n)
{
    atomic_store(&unwelcome, n);
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        give_up("too long for a socket: %s", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    return address;
}

static void pair_accept(struct pair *pairs)
{
    struct sockaddr_un address = address_of(server_socket());
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client >= 0 && atomic_load(&unwelcome) > 0) {
        atomic_fetch_sub(&unwelcome, 1);
        close(client);
        return;
    }
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (client < 0 || server < 0 || connect(server, (struct sockaddr *)&address, sizeof(address)) != 0)
        give_up("go-between: %s", strerror(errno));
    for (size_t i = 0; i < MAX_PAIRS; i++)
        if (pairs[i].client < 0) {
            pairs[i] = (struct pair){client, server};
            return;
        }
    give_up("go-between: more than %d connections", MAX_PAIRS);
}

static void pair_close(struct pair *pair)
{
    if (pair->client >= 0)
        close(pair->client);
    if (pair->server >= 0)
        close(pair->server);
    *pair = (struct pair){-1, -1};
}

/* False when either end is gone. */
static bool pass(int from, int to, char *piece, ssize_t *len)
{
    *len = read(from, piece, PIECE_BYTES);
    for (ssize_t sent = 0; *len > 0 && sent < *len;) {
        ssize_t n = send(to, piece + sent, (size_t)(*len - sent), MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        sent += n;
    }
    return *len > 0;
}

static bool is_commit(const char *piece, ssize_t len)
{
    static const char commit[] = "\x07\0\0\0\x03"
                                 "COMMIT";

    return len == sizeof(commit) - 1 && memcmp(piece, commit, sizeof(commit) - 1) == 0;
}

/* The client has sent a COMMIT, which still waits to be read. */
static void pair_cut(struct pair *pair, enum cut cut)
{
    char piece[PIECE_BYTES];
    ssize_t len;

    if (cut == CUT_LATE_COMMIT) {
        len = read(pair->client, piece, sizeof(piece));
        close(pair->client);
        pair->client = -1;
        usleep(LATE_MS * 1000);
        if (len > 0 && send(pair->server, piece, (size_t)len, MSG_NOSIGNAL) != len)
            give_up("go-between: the server is gone");
    }
    if (cut == CUT_AFTER_COMMIT && !pass(pair->client, pair->server, piece, &len))
        give_up("go-between: the server is gone");
    if (cut != CUT_BEFORE_COMMIT && read(pair->server, piece, sizeof(piece)) <= 0) /* its answer: it is done */
        give_up("go-between: the server does not answer");
    pair_close(pair);
}

/* A late commit needs a while, in which the client's next connection must get through: it has a thread of its own. */
struct cutting {
    struct pair pair;
    enum cut cut;
};

static void *run_cut(void *arg)
{
    struct cutting *cutting = arg;

    pair_cut(&cutting->pair, cutting->cut);
    free(cutting);
    return NULL;
}

static void begin_cut(struct pair *pair, enum cut cut)
{
    struct cutting *cutting = malloc(sizeof(*cutting));
    pthread_t thread;

    if (!cutting)
        give_up("out of memory");
    *cutting = (struct cutting){*pair, cut};
    *pair = (struct pair){-1, -1};
    if (pthread_create(&thread, NULL, run_cut, cutting))
        give_up("no thread");
    pthread_detach(thread);
}

static void pair_from_client(struct pair *pair)
{
    char piece[PIECE_BYTES];
    ssize_t len = recv(pair->client, piece, sizeof(piece), MSG_PEEK);

    if (is_commit(piece, len)) {
        enum cut cut = (enum cut)atomic_exchange(&next_cut, CUT_NOTHING);

        if (cut != CUT_NOTHING) {
            begin_cut(pair, cut);
            return;
        }
    }
    if (!pass(pair->client, pair->server, piece, &len))
        pair_close(pair);
}

static void *run_go_between(void *arg)
{
    struct pair pairs[MAX_PAIRS];
    struct pollfd fds[2 * MAX_PAIRS + 1];
    char piece[PIECE_BYTES];
    ssize_t len;

    (void)arg;
    memset(pairs, -1, sizeof(pairs));
    for (;;) {
        for (size_t i = 0; i < MAX_PAIRS; i++) {
            fds[2 * i] = (struct pollfd){.fd = pairs[i].client, .events = POLLIN};
            fds[2 * i + 1] = (struct pollfd){.fd = pairs[i].server, .events = POLLIN};
        }
        fds[2 * MAX_PAIRS] = (struct pollfd){.fd = listener, .events = POLLIN};
        if (poll(fds, LEN(fds), -1) <= 0)
            continue;
        for (size_t i = 0; i < MAX_PAIRS; i++) {
            if (fds[2 * i].revents)
                pair_from_client(&pairs[i]);
            if (fds[2 * i + 1].revents && pairs[i].server >= 0 && !pass(pairs[i].server, pairs[i].client, piece, &len))
                pair_close(&pairs[i]);
        }
        if (fds[2 * MAX_PAIRS].revents)
            pair_accept(pairs);
    }
    return NULL;
}

const struct config *cut_config(void)
{
    static struct config config;
    static char path[600];
    pthread_t thread;

    if (listener >= 0)
        return &config;
    snprintf(path, sizeof(path), "%s/cut.sock", server_folder());
    struct sockaddr_un address = address_of(path);
    config = *shared_config();
    config.database.socket = path;
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 8) != 0 ||
        pthread_create(&thread, NULL, run_go_between, NULL))
        give_up("go-between: %s", strerror(errno));
    pthread_detach(thread);
    return &config;
}
