/*
 * The workers as their master keeps them: as many of each pool as are wanted, whatever happens to them.
 *
 * After each signal, and whenever a time has come, children_tend() looks at what is missing or too many. Reloading is no
 * state of its own: it is a new generation, and workers of an older one are replaced one by one, each only when its
 * successor is ready.
 */
#ifndef SERVER_CHILDREN_H
#define SERVER_CHILDREN_H

#include "server/owner.h"
#include "server/worker.h"

enum { MAX_CHILDREN = SCOREBOARD_SLOTS };

struct child {
    pid_t pid; /* 0: free */
    enum pool pool;
    int generation;
    struct slot *slot;
    int64_t born_ms;
    int64_t leave_ms;    /* how long it may take to leave */
    bool is_told;        /* to stop */
    int64_t leave_by_ms; /* 0: it is to stay */
};

struct pool_state {
    unsigned wanted;
    unsigned n_died_at_birth; /* in a row */
    int64_t backoff_ms, not_before_ms;
};

struct children {
    const struct config *config; /* in force, borrowed */
    struct scoreboard *board;
    int generation;
    int listen_fds[POOL_COUNT];
    const char *run_dir;      /* where they are: of the config at the start, whatever a reload says */
    int signal_fd, pid_fd;    /* the master's own, which no worker keeps */
    struct owner_master name; /* in the names of the workers, who own leases */
    struct pool_state pools[POOL_COUNT];
    struct child list[MAX_CHILDREN];
};

/* Take the numbers of the config in force, with which what was wrong with births may be over. */
void children_want(struct children *children);

/* Fork what is missing, tell what is too many, kill what does not leave. */
void children_tend(struct children *children);

/* Whether as many as are wanted serve, none of them of an older generation. */
bool children_are_settled(struct children *children);

/* Send the signal to all. */
void children_stop(struct children *children, int signal_number);
bool children_any(const struct children *children);

/* One of the master's children has ended; status as of wait(2). Another than a worker is ignored. */
void children_bury(struct children *children, pid_t pid, int status);

#endif
