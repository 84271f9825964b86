/* A child that looks into files: started with nothing but the file, listened to with limits, and killed beyond them. */
#include "files/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "colloquy/extract.h"

enum { READ_BYTES = 64 << 10, REAP_PAUSE_NS = 1000000 };

/* ---- starting ---- */

/* Beside the program that runs, even if that has been replaced meanwhile; else where it is installed. */
static void find_program(char out[PATH_MAX])
{
    static const char name[] = "colloquy-extract";
    ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - sizeof(name) - 1);
    char *slash = len > 0 ? memrchr(out, '/', (size_t)len) : NULL;

    if (slash)
        memcpy(slash + 1, name, sizeof(name));
    if (!slash || access(out, X_OK))
        snprintf(out, PATH_MAX, "%s/%s", COLLOQUY_BINDIR, name);
}

/* Its descriptors: the file, the pipe, and nowhere for what libraries complain of. */
static int spawn(const struct child_ask *ask, int pipe, pid_t *pid)
{
    char program[PATH_MAX], cpu_s[16];
    const char *const argv[] = {program, ask->command, cpu_s, ask->argument, NULL};
    char *const env[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;

    find_program(program);
    snprintf(cpu_s, sizeof(cpu_s), "%u", ask->cpu_s);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int error = posix_spawn_file_actions_adddup2(&files, ask->fd, STDIN_FILENO);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&files, pipe, STDOUT_FILENO);
    if (!error)
        error = posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    if (!error)
        error = posix_spawn(pid, program, &files, &attributes, (char *const *)argv, env);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/* ---- listening ---- */

static bool is_left(int64_t until_ms, int *left_ms)
{
    int64_t left = until_ms - clock_mono_ms();

    *left_ms = left < INT_MAX ? (int)left : INT_MAX;
    return left > 0;
}

/* Until it closes the pipe. False: it said too much, or took too long. */
static bool listen_to(int pipe, int64_t until_ms, struct buf *said)
{
    struct pollfd wait = {.fd = pipe, .events = POLLIN};
    int left_ms;

    while (is_left(until_ms, &left_ms)) {
        char *room = buf_room(said, READ_BYTES);

        if (!room)
            return false;
        if (poll(&wait, 1, left_ms) <= 0)
            continue;
        ssize_t n = read(pipe, room, READ_BYTES);

        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
            return true;
        said->len += n > 0 ? (size_t)n : 0;
    }
    return false;
}

/* ---- its end ---- */

/* It may have closed the pipe and go on all the same. */
static int reap(pid_t pid, int64_t until_ms)
{
    const struct timespec pause = {.tv_nsec = REAP_PAUSE_NS};
    int status = 0, left_ms;
    pid_t got;

    while ((got = waitpid(pid, &status, WNOHANG)) == 0 && is_left(until_ms, &left_ms))
        nanosleep(&pause, NULL);
    if (got == 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    return status;
}

/* Out of memory, allocators abort; so do those who were told of it. */
static enum child_end end_of(int status)
{
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status) ? CHILD_CRASHED : CHILD_DONE;
    switch (WTERMSIG(status)) {
    case SIGXCPU:
    case SIGKILL:
    case SIGABRT:
    case SIGTRAP:
        return CHILD_LIMITED;
    default:
        return CHILD_CRASHED;
    }
}

static bool is_unable(int status)
{
    enum { EXIT_NO_LIBRARY = 127 };

    return WIFEXITED(status) && (WEXITSTATUS(status) == EXTRACT_EXIT_UNABLE || WEXITSTATUS(status) == EXIT_NO_LIBRARY);
}

enum cq_status child_run(struct cq_ctx *ctx, const struct child_ask *ask, struct buf *said, enum child_end *end)
{
    int64_t until_ms = clock_mono_ms() + ask->wall_ms;
    int ends[2];
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC))
        return cq_fail(ctx, CQ_BUSY, "colloquy-extract: no pipe: %s", strerror(errno));
    int error = spawn(ask, ends[1], &pid);

    close(ends[1]);
    bool is_heard = !error && listen_to(ends[0], until_ms, said);

    close(ends[0]);
    if (error)
        return cq_fail(ctx, CQ_BUSY, "colloquy-extract cannot be started: %s", strerror(error));
    int status = reap(pid, is_heard ? until_ms : 0);

    if (is_unable(status))
        return cq_fail(ctx, CQ_BUSY, "colloquy-extract cannot begin: exit code %d", WEXITSTATUS(status));
    *end = is_heard ? end_of(status) : CHILD_LIMITED;
    return CQ_OK;
}
