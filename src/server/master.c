/*
 * The master: keeps as many workers of each pool as are configured, whatever happens to them.
 *
 * Its signals arrive through a descriptor; after each, and whenever a time has come, one look at the children decides
 * what is missing or too many (tend_pool). Reloading is no state of its own: it is a new generation, and workers of
 * an older one are replaced one by one, each only when its successor is ready.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "colloquy/server.h"
#include "server/master.h"
#include "server/owner.h"

enum {
    MAX_CHILDREN = SCOREBOARD_SLOTS,
    TICK_MS = 10, /* while something is under way */
    IDLE_MS = 1000,
    BACKOFF_FIRST_MS = 100,     /* after a worker that died at birth */
    BACKOFF_MAX_MS = 1500,      /* the trouble may end at any time, and service is to be back soon after */
    BACKOFF_FORK_MAX_MS = 1000, /* after a fork that failed */
    BIRTH_MS = 250,             /* a worker that was killed younger than this died at birth */
    BIRTHS_TO_TELL = 3,         /* so many in a row are no accident any more */
    SOUND_MS = 1000,            /* a worker that lived so long shows that others can */
    CHECK_MAX_MS = 10000,       /* for a new config to be read */
};

struct child {
    pid_t pid; /* 0: free */
    enum pool pool;
    int generation;
    struct slot *slot;
    int64_t born_ms;
    bool is_told; /* to stop */
};

struct pool_state {
    unsigned wanted;
    unsigned n_died_at_birth; /* in a row */
    int64_t backoff_ms, not_before_ms;
};

struct master {
    const struct config *config, *first; /* in force; at the start, when sockets and pid file got their places */
    struct config *reloaded;             /* owns config after a reload */
    const char *config_path;
    struct scoreboard *board;
    int listen_fds[POOL_COUNT];
    int signal_fd, pid_fd;
    struct owner_master name; /* in the names of its workers, who own leases */
    int generation;
    struct pool_state pools[POOL_COUNT];
    struct child children[MAX_CHILDREN];
    pid_t checker; /* the process that tries a new config; 0: none */
    int64_t checker_until_ms;
    bool is_reload_wanted, is_reloading, is_stopping;
    int64_t stop_by_ms;
};

/* ---- children ---- */

static void back_off(struct pool_state *pool, int64_t max_ms)
{
    pool->backoff_ms = pool->backoff_ms ? 2 * pool->backoff_ms : BACKOFF_FIRST_MS;
    if (pool->backoff_ms > max_ms)
        pool->backoff_ms = max_ms;
    pool->not_before_ms = clock_mono_ms() + pool->backoff_ms;
}

static struct child *free_child(struct master *m)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++)
        if (!m->children[i].pid)
            return &m->children[i];
    return NULL;
}

static int slot_number(const struct master *m, const struct slot *slot)
{
    return (int)(slot - m->board->slots);
}

static void spawn(struct master *m, enum pool pool)
{
    struct child *child = free_child(m);
    struct slot *slot = child ? scoreboard_take(m->board, pool, m->generation) : NULL;

    if (!slot) {
        log_error("no slot is free for another worker of pool %s", pool_name(pool));
        back_off(&m->pools[pool], BACKOFF_FORK_MAX_MS);
        return;
    }
    pid_t master_pid = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        static char owner[OWNER_BYTES];

        owner_name(&m->name, slot_number(m, slot), slot->generation, getpid(), owner);
        struct worker worker = {.config = m->config,
                                .board = m->board,
                                .slot = slot,
                                .pool = pool,
                                .listen_fd = m->listen_fds[pool],
                                .owner = owner};

        close(m->signal_fd);
        close(m->pid_fd);
        child_main(&worker, master_pid);
    }
    if (pid < 0) {
        log_error("cannot fork a worker: %s", strerror(errno));
        slot->state = SLOT_FREE;
        back_off(&m->pools[pool], BACKOFF_FORK_MAX_MS);
        return;
    }
    *child =
        (struct child){.pid = pid, .pool = pool, .generation = m->generation, .slot = slot, .born_ms = clock_mono_ms()};
}

static void tell(struct child *child, int signal_number)
{
    child->is_told = true;
    kill(child->pid, signal_number);
}

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

/* What a worker leaves that did not end by itself: turns, and what it was settling. */
static void note_orphans(struct master *m, const struct child *child)
{
    char owner[OWNER_BYTES];

    orphans_release(&m->board->orphans, (int)child->pid);
    if (child->pool != POOL_LLM)
        return;
    owner_name(&m->name, slot_number(m, child->slot), child->generation, child->pid, owner);
    orphans_add(&m->board->orphans, owner, "");
}

static void bury(struct master *m, struct child *child, int status)
{
    struct pool_state *pool = &m->pools[child->pool];
    enum end_cause cause = cause_of(child, status);
    int64_t lived_ms = clock_mono_ms() - child->born_ms;
    bool is_failed = child->slot->state == SLOT_STARTING;

    log_end(child, status);
    m->board->metrics.respawns[child->pool][cause]++;
    if (cause == END_KILLED || cause == END_FAILED)
        note_orphans(m, child);
    if (cause == END_KILLED && lived_ms < BIRTH_MS)
        is_failed |= ++pool->n_died_at_birth >= BIRTHS_TO_TELL;
    if (is_failed)
        back_off(pool, BACKOFF_MAX_MS);
    else if (lived_ms >= SOUND_MS)
        *pool = (struct pool_state){.wanted = pool->wanted};
    child->slot->state = SLOT_FREE;
    child->pid = 0;
}

/* ---- reloading ---- */

/* problems: a line each, the first of which names a key. */
static void log_refusal(const struct buf *problems)
{
    log_error("reload refused, the old config goes on: %.*s", (int)strcspn(problems->data, "\n"), problems->data);
}

/* A child tries the new config first, so that nothing in it can bring the master down. */
static void start_reload(struct master *m)
{
    m->is_reload_wanted = false;
    m->checker_until_ms = clock_mono_ms() + CHECK_MAX_MS;
    m->checker = fork();
    if (m->checker == 0) {
        struct buf problems;

        close(m->pid_fd); /* its lock is the master's: it must not outlive him here */
        buf_init(&problems, 64 * 1024);
        struct config *config = config_load(m->config_path, &problems);

        if (!config || !llm_config_valid(config, &problems)) {
            log_refusal(&problems);
            _exit(1);
        }
        _exit(0);
    }
    if (m->checker < 0) {
        m->checker = 0;
        m->board->metrics.reloads_refused++;
        log_error("reload refused: cannot fork: %s", strerror(errno));
    }
}

static void set_wanted(struct master *m)
{
    m->pools[POOL_API].wanted = m->config->server.api_workers;
    m->pools[POOL_LLM].wanted = m->config->server.llm_workers;
    m->pools[POOL_OPS].wanted = 1;
    for (enum pool p = 0; p < POOL_COUNT; p++)
        m->board->workers[p] = m->pools[p].wanted;
}

/* The config that the checker found good; NULL, logged why, when there is none or it is good no more. */
static struct config *load_checked(struct master *m, int status)
{
    struct buf problems;
    struct config *config = NULL;

    if (!WIFEXITED(status))
        log_error("reload refused, the old config goes on: reading the new one ended with signal %d", WTERMSIG(status));
    if (!WIFEXITED(status) || WEXITSTATUS(status)) /* the latter has said why */
        return NULL;
    buf_init(&problems, 64 * 1024);
    config = config_load(m->config_path, &problems);
    if (config && !llm_config_valid(config, &problems)) {
        config_destroy(config);
        config = NULL;
    }
    if (!config)
        log_refusal(&problems);
    buf_release(&problems);
    return config;
}

static void finish_reload(struct master *m, int status)
{
    struct config *config = load_checked(m, status);

    m->checker = 0;
    if (!config) {
        m->board->metrics.reloads_refused++;
        return;
    }
    m->board->metrics.reloads++;
    config_destroy(m->reloaded);
    m->config = m->reloaded = config;
    m->board->generation = ++m->generation;
    log_set_level(config->server.log_level);
    set_wanted(m);
    for (enum pool p = 0; p < POOL_COUNT; p++)
        m->pools[p] = (struct pool_state){.wanted = m->pools[p].wanted};
    m->is_reloading = true;
    log_info("reloading: generation %d", m->generation);
}

/* ---- what is missing, what is too many ---- */

struct census {
    unsigned n, n_starting, n_old; /* not told to stop; of these, not ready yet; of an older generation */
    struct child *oldest;          /* the one to go first */
};

static struct census count_pool(struct master *m, enum pool pool)
{
    struct census c = {0};

    for (size_t i = 0; i < MAX_CHILDREN; i++) {
        struct child *child = &m->children[i];

        /* One that leaves of itself serves nobody any more: its successor comes now, not when it has gone. */
        if (!child->pid || child->pool != pool || child->is_told || child->slot->state == SLOT_DRAINING)
            continue;
        c.n++;
        c.n_starting += child->slot->state == SLOT_STARTING;
        c.n_old += child->generation != m->generation;
        if (!c.oldest || child->generation < c.oldest->generation)
            c.oldest = child;
    }
    return c;
}

static void tend_pool(struct master *m, enum pool pool)
{
    struct pool_state *state = &m->pools[pool];

    for (;;) {
        struct census c = count_pool(m, pool);
        bool may_spawn = clock_mono_ms() >= state->not_before_ms;
        bool is_replacing = c.n_old && c.n == state->wanted && !c.n_starting;

        if (c.n > state->wanted && !c.n_starting)
            tell(c.oldest, SIGTERM);
        else if (may_spawn && (c.n < state->wanted || is_replacing))
            spawn(m, pool);
        else
            return;
    }
}

static void stop_all(struct master *m, int signal_number)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++)
        if (m->children[i].pid)
            tell(&m->children[i], signal_number);
}

static bool has_children(const struct master *m)
{
    for (size_t i = 0; i < MAX_CHILDREN; i++)
        if (m->children[i].pid)
            return true;
    return false;
}

/* ---- signals ---- */

static void reap(struct master *m)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == m->checker)
            finish_reload(m, status);
        for (size_t i = 0; i < MAX_CHILDREN; i++)
            if (m->children[i].pid == pid)
                bury(m, &m->children[i], status);
    }
}

static void begin_stop(struct master *m)
{
    if (m->is_stopping) { /* asked twice: at once */
        stop_all(m, SIGKILL);
        return;
    }
    log_info("stopping: draining for at most %u s", m->config->server.drain_s);
    m->is_stopping = true;
    m->stop_by_ms = clock_mono_ms() + (int64_t)m->config->server.drain_s * 1000;
    notify_stopping(m->config->server.drain_s);
    stop_all(m, SIGTERM);
}

static void take_signals(struct master *m)
{
    struct signalfd_siginfo info;

    while (read(m->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            begin_stop(m);
        else if (info.ssi_signo == SIGHUP) {
            m->is_reload_wanted = true;
            notify_reloading(m->generation);
        }
    }
    reap(m); /* signals of children merge: look whenever there was any */
}

static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL))
        return -1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN); /* what reopens another server's log must not end this one */
    signal(SIGUSR2, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- life ---- */

/* Say once that nothing of an older generation serves any more. */
static void note_reloaded(struct master *m)
{
    for (enum pool p = 0; p < POOL_COUNT; p++) {
        struct census c = count_pool(m, p);

        if (c.n_old || c.n_starting || c.n != m->pools[p].wanted)
            return;
    }
    m->is_reloading = false;
    log_info("reloaded: generation %d serves", m->generation);
}

/* Something is under way that no signal will announce: a worker becoming ready, a pause ending, a drain running out. */
static int wait_ms(struct master *m)
{
    if (m->is_stopping)
        return TICK_MS;
    for (enum pool p = 0; p < POOL_COUNT; p++) {
        struct census c = count_pool(m, p);

        if (c.n_starting || c.n_old || c.n != m->pools[p].wanted)
            return TICK_MS;
    }
    return IDLE_MS;
}

static void run(struct master *m)
{
    while (!m->is_stopping || has_children(m)) {
        struct pollfd fd = {.fd = m->signal_fd, .events = POLLIN};

        if (!m->is_stopping) {
            if (m->is_reload_wanted && !m->checker)
                start_reload(m);
            if (m->checker && clock_mono_ms() >= m->checker_until_ms)
                kill(m->checker, SIGKILL);
            for (enum pool p = 0; p < POOL_COUNT; p++)
                tend_pool(m, p);
            if (m->is_reloading)
                note_reloaded(m);
            notify_tend(m->board, m->is_reload_wanted || m->checker || m->is_reloading, m->generation, clock_mono_ms());
        } else if (clock_mono_ms() >= m->stop_by_ms) {
            log_warn("the drain took longer than %u s: killing what is left", m->config->server.drain_s);
            m->stop_by_ms = INT64_MAX;
            stop_all(m, SIGKILL);
        }
        if (poll(&fd, 1, wait_ms(m)) > 0)
            take_signals(m);
    }
}

/* A worker holds two descriptors a turn; what the system allows at most is what it may have. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void note_predecessors(struct master *m)
{
    char owners[OWNER_BYTES], but[OWNER_BYTES];

    owner_predecessors(&m->name, owners, but);
    orphans_add(&m->board->orphans, owners, but);
}

static bool open_board(struct master *m)
{
    m->board = scoreboard_create();
    if (!m->board)
        return false;
    m->board->master_pid = getpid();
    m->board->generation = m->generation;
    m->board->started_ms = m->name.started_ms;
    m->board->started_mono_ms = clock_mono_ms();
    note_predecessors(m);
    return true;
}

int server_run(const struct config *config, const char *config_path)
{
    static struct master master; /* large, and there is only one */
    struct master *m = &master;

    *m = (struct master){.config = config, .first = config, .config_path = config_path, .generation = 1};
    owner_init(&m->name, config->server.run_dir);
    log_set_name("master");
    log_set_level(config->server.log_level);
    umask(0077);
    raise_file_limit();
    m->pid_fd = pid_file_open(config, PID_FILE_MASTER);
    if (m->pid_fd < 0)
        return 1;
    m->signal_fd = open_signals();
    if (!open_board(m) || m->signal_fd < 0 || !sockets_open(config, m->listen_fds))
        return 1;
    set_wanted(m);
    log_info("version %s: %u api workers, %u llm workers of %u turns, provider %s, model %s", COLLOQUY_VERSION,
             config->server.api_workers, config->server.llm_workers, config->server.turns_per_worker,
             config->llm.provider, config->llm.model ? config->llm.model : "-");
    run(m);
    sockets_remove(m->first);
    pid_file_remove(m->first, PID_FILE_MASTER);
    config_destroy(m->reloaded);
    log_info("stopped");
    return 0;
}
