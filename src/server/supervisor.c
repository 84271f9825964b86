/*
 * The supervisor: holds the sockets and keeps a master behind them, as systemd does where systemd runs.
 *
 * A master that dies is started again, at once unless the one before it died young too; connections wait in the sockets
 * meanwhile. The program is executed anew each time, so that one that was replaced is used from the next start on. When
 * the supervisor itself is killed, its master goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "colloquy/server.h"
#include "server/master.h"

enum {
    SOUND_MS = 1000, /* a master that lived so long shows that others can */
    PAUSE_FIRST_MS = 50,
    PAUSE_MAX_MS = 1000,
    FOREVER_MS = 1 << 30,
    GO_ON = -1,
};

struct supervisor {
    char *const *argv; /* of the master */
    int listen_fds[POOL_OF_REQUESTS];
    sigset_t watched;
    pid_t master;     /* 0: none runs just now */
    unsigned n_early; /* masters that died young, in a row */
    int64_t started_ms, start_ms, pause_ms;
    bool is_stopping;
    bool has_served; /* a master lived long enough to show that the config is good */
};

/* ---- starting ---- */

/* The sockets get the numbers at which sd_listen_fds(3) looks for them, by way of numbers that are none of those. */
static bool pass_sockets(const int fds[POOL_OF_REQUESTS])
{
    char names[64] = "", number[16];
    int above[POOL_OF_REQUESTS];

    for (enum pool p = 0; p < POOL_OF_REQUESTS; p++) {
        above[p] = fcntl(fds[p], F_DUPFD_CLOEXEC, SD_LISTEN_FDS_START + (int)POOL_OF_REQUESTS);
        size_t len = strlen(names);
        snprintf(names + len, sizeof(names) - len, "%s%s", p ? ":" : "", pool_name(p));
    }
    for (enum pool p = 0; p < POOL_OF_REQUESTS; p++)
        if (above[p] < 0 || dup2(above[p], SD_LISTEN_FDS_START + (int)p) < 0)
            return false;
    snprintf(number, sizeof(number), "%d", (int)getpid());
    if (setenv("LISTEN_PID", number, 1) || setenv("LISTEN_FDNAMES", names, 1))
        return false;
    snprintf(number, sizeof(number), "%d", (int)POOL_OF_REQUESTS);
    return setenv("LISTEN_FDS", number, 1) == 0;
}

_Noreturn static void become_master(const struct supervisor *s)
{
    setpgid(0, 0); /* what is typed at a terminal reaches it once, through us */
    if (pass_sockets(s->listen_fds))
        execvp(s->argv[0], s->argv); /* our signals stay blocked: what we pass on waits until it looks for them */
    log_error("cannot execute %s: %s", s->argv[0], strerror(errno));
    _exit(1);
}

/* None after the first: most deaths are accidents. */
static void set_pause(struct supervisor *s)
{
    s->n_early = clock_mono_ms() - s->started_ms < SOUND_MS ? s->n_early + 1 : 0;
    s->pause_ms = s->n_early < 2 ? 0 : s->pause_ms ? 2 * s->pause_ms : PAUSE_FIRST_MS;
    if (s->pause_ms > PAUSE_MAX_MS)
        s->pause_ms = PAUSE_MAX_MS;
    s->start_ms = clock_mono_ms() + s->pause_ms;
}

static void start_master(struct supervisor *s)
{
    s->started_ms = clock_mono_ms();
    s->master = fork();
    if (s->master == 0)
        become_master(s);
    if (s->master < 0) {
        s->master = 0;
        set_pause(s);
        log_error("cannot fork a master: %s; again in %d ms", strerror(errno), (int)s->pause_ms);
    }
}

/* ---- ends and signals ---- */

/* The exit code to end with, or GO_ON. */
static int after_end(struct supervisor *s, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    bool is_sound = clock_mono_ms() - s->started_ms >= SOUND_MS, is_refusal = code == 2 || code == 3;
    pid_t pid = s->master;

    s->master = 0;
    s->has_served |= is_sound;
    /*
     * It was told to stop; or it refuses the command line or the config, which is for whoever starts us to see. What
     * has served before waits for its config to be mended.
     */
    if (s->is_stopping || code == 0 || (is_refusal && !s->has_served))
        return code;
    set_pause(s);
    if (WIFSIGNALED(status))
        log_warn("the master pid=%d was killed by signal %d: starting another in %d ms", (int)pid, WTERMSIG(status),
                 (int)s->pause_ms);
    else
        log_warn("the master pid=%d exited with %d: starting another in %d ms", (int)pid, code, (int)s->pause_ms);
    return GO_ON;
}

static int reap(struct supervisor *s)
{
    int status, code = GO_ON;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == s->master)
            code = after_end(s, status);
    return code;
}

static int pass_on(struct supervisor *s, int signal_number)
{
    s->is_stopping |= signal_number != SIGHUP;
    if (s->master)
        kill(s->master, signal_number);
    return s->is_stopping && !s->master ? 0 : GO_ON;
}

static void watch_signals(struct supervisor *s)
{
    sigemptyset(&s->watched);
    sigaddset(&s->watched, SIGTERM);
    sigaddset(&s->watched, SIGINT);
    sigaddset(&s->watched, SIGHUP);
    sigaddset(&s->watched, SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &s->watched, NULL);
}

static int run(struct supervisor *s)
{
    int code = GO_ON;

    while (code == GO_ON) {
        if (!s->master && clock_mono_ms() >= s->start_ms)
            start_master(s);
        int64_t wait_ms = s->master ? FOREVER_MS : s->start_ms - clock_mono_ms();

        if (wait_ms < 0)
            wait_ms = 0;
        int signal_number = sigtimedwait(
            &s->watched, NULL, &(struct timespec){.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000});

        if (signal_number == SIGCHLD)
            code = reap(s);
        else if (signal_number > 0)
            code = pass_on(s, signal_number);
    }
    return code;
}

int server_supervise(const struct config *config, char *const *argv)
{
    struct supervisor s = {.argv = argv};

    log_set_name("supervisor");
    log_set_level(config->server.log_level);
    umask(0077);
    int pid_fd = pid_file_open(config, PID_FILE_SUPERVISOR);

    if (pid_fd < 0)
        return 1;
    int code = 1;

    if (pid_file_is_free(config, PID_FILE_MASTER) && sockets_make(config, s.listen_fds)) {
        watch_signals(&s);
        code = run(&s);
        sockets_remove(config);
    }
    pid_file_remove(config, PID_FILE_SUPERVISOR);
    close(pid_fd);
    return code;
}
