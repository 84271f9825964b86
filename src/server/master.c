/*
 * The master: reads its signals from a descriptor, tries new configs, and sees to its children; how it keeps them is in
 * children.h.
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
#include "server/children.h"
#include "server/master.h"

enum {
    TICK_MS = 10, /* while something is under way */
    IDLE_MS = 1000,
    CHECK_MAX_MS = 10000, /* for a new config to be read */
};

struct master {
    const struct config *first; /* at the start, when sockets and pid file got their places */
    struct config *reloaded;    /* owns the config in force after a reload */
    const char *config_path;
    struct children children;
    pid_t checker; /* the process that tries a new config; 0: none */
    int64_t checker_until_ms;
    bool is_reload_wanted, is_reloading, is_stopping;
    int64_t stop_by_ms;
};

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

        close(m->children.pid_fd); /* its lock is the master's: it must not outlive him here */
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
        m->children.board->metrics.reloads_refused++;
        log_error("reload refused: cannot fork: %s", strerror(errno));
    }
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
        m->children.board->metrics.reloads_refused++;
        return;
    }
    m->children.board->metrics.reloads++;
    config_destroy(m->reloaded);
    m->children.config = m->reloaded = config;
    m->children.board->generation = ++m->children.generation;
    log_set_level(config->server.log_level);
    llm_breakers_unlist(&m->children.board->breakers);
    children_want(&m->children);
    m->is_reloading = true;
    log_info("reloading: generation %d", m->children.generation);
}

/* ---- signals ---- */

static void reap(struct master *m)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == m->checker)
            finish_reload(m, status);
        children_bury(&m->children, pid, status);
    }
}

static void begin_stop(struct master *m)
{
    if (m->is_stopping) { /* asked twice: at once */
        children_stop(&m->children, SIGKILL);
        return;
    }
    log_info("stopping: draining for at most %u s", m->children.config->server.drain_s);
    m->is_stopping = true;
    m->stop_by_ms = clock_mono_ms() + (int64_t)m->children.config->server.drain_s * 1000;
    notify_stopping(m->children.config->server.drain_s);
    children_stop(&m->children, SIGTERM);
}

static void take_signals(struct master *m)
{
    struct signalfd_siginfo info;

    while (read(m->children.signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            begin_stop(m);
        else if (info.ssi_signo == SIGHUP) {
            m->is_reload_wanted = true;
            notify_reloading(m->children.generation);
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
    if (!children_are_settled(&m->children))
        return;
    m->is_reloading = false;
    log_info("reloaded: generation %d serves", m->children.generation);
}

/* Something is under way that no signal will announce: a worker becoming ready, a pause ending, a drain running out. */
static int wait_ms(struct master *m)
{
    return m->is_stopping || !children_are_settled(&m->children) ? TICK_MS : IDLE_MS;
}

static void run(struct master *m)
{
    while (!m->is_stopping || children_any(&m->children)) {
        struct pollfd fd = {.fd = m->children.signal_fd, .events = POLLIN};

        if (!m->is_stopping) {
            if (m->is_reload_wanted && !m->checker)
                start_reload(m);
            if (m->checker && clock_mono_ms() >= m->checker_until_ms)
                kill(m->checker, SIGKILL);
            children_tend(&m->children);
            if (m->is_reloading)
                note_reloaded(m);
            notify_tend(m->children.board, m->is_reload_wanted || m->checker || m->is_reloading, m->children.generation,
                        clock_mono_ms());
        } else if (clock_mono_ms() >= m->stop_by_ms) {
            log_warn("the drain took longer than %u s: killing what is left", m->children.config->server.drain_s);
            m->stop_by_ms = INT64_MAX;
            children_stop(&m->children, SIGKILL);
        }
        if (poll(&fd, 1, wait_ms(m)) > 0)
            take_signals(m);
    }
}

/* A worker holds three descriptors a turn; what the system allows at most is what it may have. */
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

    owner_predecessors(&m->children.name, owners, but);
    orphans_add(&m->children.board->orphans, owners, but);
}

static bool open_board(struct master *m)
{
    m->children.board = scoreboard_create();
    if (!m->children.board)
        return false;
    m->children.board->master_pid = getpid();
    m->children.board->generation = m->children.generation;
    m->children.board->started_ms = m->children.name.started_ms;
    m->children.board->started_mono_ms = clock_mono_ms();
    note_predecessors(m);
    return true;
}

int server_run(const struct config *config, const char *config_path)
{
    static struct master master; /* large, and there is only one */
    struct master *m = &master;

    *m = (struct master){.first = config,
                         .config_path = config_path,
                         .children = {.config = config, .run_dir = config->server.run_dir, .generation = 1}};
    owner_init(&m->children.name, config->server.run_dir);
    log_set_name("master");
    log_set_level(config->server.log_level);
    umask(0077);
    raise_file_limit();
    m->children.pid_fd = pid_file_open(config, PID_FILE_MASTER);
    if (m->children.pid_fd < 0)
        return 1;
    m->children.signal_fd = open_signals();
    if (!open_board(m) || m->children.signal_fd < 0 || !sockets_open(config, m->children.listen_fds))
        return 1;
    children_want(&m->children);
    const struct config_model *model = &config->models[0];

    log_info("version %s: %u api workers, %u llm workers of %u turns, provider %s, model %s", COLLOQUY_VERSION,
             config->server.api_workers, config->server.llm_workers, config->server.turns_per_worker, model->provider,
             model->id ? model->name : "-");
    run(m);
    sockets_remove(m->first);
    pid_file_remove(m->first, PID_FILE_MASTER);
    config_destroy(m->reloaded);
    log_info("stopped");
    return 0;
}
