/* Workers: forked, counted, told to stop, buried; and what their pools lack. */
#include "server/children.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/master.h"

enum {
    BACKOFF_FIRST_MS = 100,     /* after a worker that died at birth */
    BACKOFF_MAX_MS = 1500,      /* the trouble may end at any time, and service is to be back soon after */
    BACKOFF_FORK_MAX_MS = 1000, /* after a fork that failed */
    BIRTH_MS = 250,             /* a worker that was killed younger than this died at birth */
    BIRTHS_TO_TELL = 3,         /* so many in a row are no accident any more */
    SOUND_MS = 1000,            /* a worker that lived so long shows that others can */
    LEAVE_EXTRA_MS = 120000,    /* for a reply to be stored once the database is back, and for its client to read it */
    LEAVE_DATABASE_WAITS = 3,   /* of a turn, at their longest */
};

/* ---- birth ---- */

static void back_off(struct pool_state *pool, int64_t max_ms)
{
    pool->backoff_ms = pool->backoff_ms ? 2 * pool->backoff_ms : BACKOFF_FIRST_MS;
    if (pool->backoff_ms > max_ms)
        pool->backoff_ms = max_ms;
    pool->not_before_ms = clock_mono_ms() + pool->backoff_ms;
}

static struct child *free_child(struct children *children)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++)
        if (!children->list[i].pid)
            return &children->list[i];
    return NULL;
}

static int slot_number(const struct children *children, const struct slot *slot)
{
    return (int)(slot - children->board->slots);
}

/* Longer than any turn that it may hold. */
static int64_t leave_ms(const struct config *config)
{
    return config->llm.total_timeout_ms + LEAVE_DATABASE_WAITS * (int64_t)config->database.timeout_ms + LEAVE_EXTRA_MS;
}

static void spawn(struct children *children, enum pool pool)
{
    struct child *child = free_child(children);
    struct slot *slot = child ? scoreboard_take(children->board, pool, children->generation) : NULL;

    if (!slot) {
        log_error("no slot is free for another worker of pool %s", pool_name(pool));
        back_off(&children->pools[pool], BACKOFF_FORK_MAX_MS);
        return;
    }
    pid_t master_pid = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        static char owner[OWNER_BYTES];

        owner_name(&children->name, slot_number(children, slot), slot->generation, getpid(), owner);
        struct worker worker = {.config = children->config,
                                .board = children->board,
                                .slot = slot,
                                .pool = pool,
                                .listen_fd = children->listen_fds[pool],
                                .run_dir = children->run_dir,
                                .owner = owner};

        close(children->signal_fd);
        close(children->pid_fd);
        child_main(&worker, master_pid);
    }
    if (pid < 0) {
        log_error("cannot fork a worker: %s", strerror(errno));
        slot->state = SLOT_FREE;
        back_off(&children->pools[pool], BACKOFF_FORK_MAX_MS);
        return;
    }
    *child = (struct child){.pid = pid,
                            .pool = pool,
                            .generation = children->generation,
                            .slot = slot,
                            .born_ms = clock_mono_ms(),
                            .leave_ms = leave_ms(children->config)};
}

/* ---- leaving ---- */

static void begin_leaving(struct child *child)
{
    if (!child->leave_by_ms)
        child->leave_by_ms = clock_mono_ms() + child->leave_ms;
}

/* Nobody is to count on it any more, even if it hangs and cannot say so itself. */
static void tell(struct child *child, int signal_number)
{
    int ready = SLOT_READY;

    child->is_told = true;
    begin_leaving(child);
    atomic_compare_exchange_strong(&child->slot->state, &ready, SLOT_DRAINING);
    kill(child->pid, signal_number);
}

/* It hangs: what it holds is lost anyhow. */
static void kill_overdue(struct children *children)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++) {
        struct child *child = &children->list[i];

        if (!child->pid)
            continue;
        if (child->slot->state == SLOT_DRAINING)
            begin_leaving(child);
        if (!child->leave_by_ms || clock_mono_ms() < child->leave_by_ms)
            continue;
        log_warn("worker pid=%d pool=%s does not leave: killing it", (int)child->pid, pool_name(child->pool));
        child->leave_by_ms = INT64_MAX;
        kill(child->pid, SIGKILL);
    }
}

void children_stop(struct children *children, int signal_number)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++)
        if (children->list[i].pid)
            tell(&children->list[i], signal_number);
}

bool children_any(const struct children *children)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++)
        if (children->list[i].pid)
            return true;
    return false;
}

/* ---- burial ---- */

static enum end_cause cause_of(const struct child *child, int status)
{
    return WIFSIGNALED(status)   ? END_KILLED
           : WEXITSTATUS(status) ? END_FAILED
           : child->is_told      ? END_RELOADED
                                 : END_RECYCLED;
}

static void log_end(const struct child *child, int status)
{
    const char *pool = pool_name(child->pool);
    unsigned long long n = child->slot->requests;

    if (WIFSIGNALED(status))
        log_warn("worker pid=%d pool=%s was killed by signal %d after %llu requests", (int)child->pid, pool,
                 WTERMSIG(status), n);
    else if (WEXITSTATUS(status))
        log_warn("worker pid=%d pool=%s exited with %d after %llu requests", (int)child->pid, pool, WEXITSTATUS(status),
                 n);
    else
        log_info("worker pid=%d pool=%s is done after %llu requests", (int)child->pid, pool, n);
}

/* What a worker leaves that did not end by itself: turns or a document, and what it was settling. */
static void note_orphans(struct children *children, const struct child *child)
{
    char owner[OWNER_BYTES];

    orphans_release(&children->board->orphans, (int)child->pid);
    if (child->pool != POOL_LLM && child->pool != POOL_DOCUMENTS)
        return;
    owner_name(&children->name, slot_number(children, child->slot), child->generation, child->pid, owner);
    orphans_add(&children->board->orphans, owner, "");
}

static void bury(struct children *children, struct child *child, int status)
{
    struct pool_state *pool = &children->pools[child->pool];
    enum end_cause cause = cause_of(child, status);
    int64_t lived_ms = clock_mono_ms() - child->born_ms;
    bool is_failed = child->slot->state == SLOT_STARTING;

    log_end(child, status);
    children->board->metrics.respawns[child->pool][cause]++;
    if (cause == END_KILLED || cause == END_FAILED)
        note_orphans(children, child);
    if (cause == END_KILLED && lived_ms < BIRTH_MS)
        is_failed |= ++pool->n_died_at_birth >= BIRTHS_TO_TELL;
    if (is_failed)
        back_off(pool, BACKOFF_MAX_MS);
    else if (lived_ms >= SOUND_MS)
        *pool = (struct pool_state){.wanted = pool->wanted};
    child->slot->state = SLOT_FREE;
    child->pid = 0;
}

void children_bury(struct children *children, pid_t pid, int status)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++)
        if (children->list[i].pid == pid)
            bury(children, &children->list[i], status);
}

/* ---- what is missing, what is too many ---- */

void children_want(struct children *children)
{
    const unsigned wanted[POOL_COUNT] = {[POOL_API] = children->config->server.api_workers,
                                         [POOL_LLM] = children->config->server.llm_workers,
                                         [POOL_OPS] = 1,
                                         [POOL_DOCUMENTS] = 1};

    for (enum pool p = 0; p < POOL_COUNT; p++) {
        children->pools[p] = (struct pool_state){.wanted = wanted[p]};
        children->board->workers[p] = wanted[p];
    }
}

struct census {
    unsigned n, n_starting, n_old; /* not told to stop; of these, not ready yet; of an older generation */
    struct child *oldest;          /* the one to go first */
};

static struct census count_pool(struct children *children, enum pool pool)
{
    struct census c = {0};

    for (size_t i = 0; i < MAX_CHILDREN; i++) {
        struct child *child = &children->list[i];

        /* One that leaves of itself serves nobody any more: its successor comes now, not when it has gone. */
        if (!child->pid || child->pool != pool || child->is_told || child->slot->state == SLOT_DRAINING)
            continue;
        c.n++;
        c.n_starting += child->slot->state == SLOT_STARTING;
        c.n_old += child->generation != children->generation;
        if (!c.oldest || child->generation < c.oldest->generation)
            c.oldest = child;
    }
    return c;
}

static void tend_pool(struct children *children, enum pool pool)
{
    struct pool_state *state = &children->pools[pool];

    for (;;) {
        struct census c = count_pool(children, pool);
        bool may_spawn = clock_mono_ms() >= state->not_before_ms;
        bool is_replacing = c.n_old && c.n == state->wanted && !c.n_starting;

        if (c.n > state->wanted && !c.n_starting)
            tell(c.oldest, SIGTERM);
        else if (may_spawn && (c.n < state->wanted || is_replacing))
            spawn(children, pool);
        else
            return;
    }
}

void children_tend(struct children *children)
{
    for (enum pool p = 0; p < POOL_COUNT; p++)
        tend_pool(children, p);
    kill_overdue(children);
}

bool children_are_settled(struct children *children)
{
    for (enum pool p = 0; p < POOL_COUNT; p++) {
        struct census c = count_pool(children, p);

        if (c.n_starting || c.n_old || c.n != children->pools[p].wanted)
            return false;
    }
    return true;
}
