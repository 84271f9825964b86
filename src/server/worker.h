/* What every kind of worker begins with and is told by its signals. */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "server/scoreboard.h"

struct worker {
    const struct config *config;
    struct scoreboard *board;
    struct slot *slot;
    enum pool pool;
    int listen_fd;                     /* non-blocking, shared by the pool */
    const char *run_dir;               /* where the sockets are */
    int signal_fd;                     /* readable when SIGTERM or SIGUSR1 came */
    const char *owner;                 /* of leases, see owner.h */
    uint64_t n_requests, max_requests; /* 0: no maximum */
};

/* Each runs until it is told to stop or has served max_requests, and returns the exit code. */
int sync_worker_run(struct worker *worker); /* api and ops: one request at a time */
int llm_worker_run(struct worker *worker);  /* many turns at once */
int documents_worker_run(struct worker *worker);

/* Begin to serve. */
void worker_is_ready(struct worker *worker, unsigned places);

/* Say that no further request is taken, so that the master starts a successor at once. */
void worker_is_leaving(struct worker *worker);

/* What the worker was told by signals since it last looked. */
enum { TOLD_TO_LEAVE = 1, TOLD_TO_LOOK = 2 /* a turn, maybe of its own, is to be stopped; or a document waits */ };
unsigned worker_told(const struct worker *worker);

/* Count a request that was accepted; true when the worker has served enough and is to be replaced. */
bool worker_count_request(struct worker *worker);

/* Say why a connection held no request that could be read. */
void worker_note_unread(const struct request *req);

/* Count a request that was answered, begun at began_us on clock_mono_us(), and log its line. */
void worker_note_request(const struct worker *worker, const struct request *req, int64_t began_us);

#endif
