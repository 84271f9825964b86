/*
 * Processes: run them, and be sure that none is left.
 *
 * The keeper is a process of its own that waits for the end of a pipe. When the program that holds the other end is
 * gone, however it went, the keeper brings down every instance and removes every folder that it was told of.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "harness.h"

enum { MAX_KEPT = 64, MAX_LINE = 4096, MAX_ENVIRONMENT = 500 };

static int keeper_pipe = -1;
static pid_t keeper_pid;
static char *folder;

/* ---- giving up ---- */

void harness_die(const char *fmt, ...)
{
    va_list ap;

    fputs("\nharness: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    keeper_finish();
    _exit(2);
}

/* ---- what a child does between fork and exec ---- */

static void child_log(int out_fd)
{
    char path[MAX_LINE];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    snprintf(path, sizeof(path), "%s/programs.log", folder ? folder : "/nonexistent");
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(null, STDIN_FILENO);
    dup2(out_fd >= 0 ? out_fd : (log >= 0 ? log : null), STDOUT_FILENO);
    dup2(log >= 0 ? log : null, STDERR_FILENO);
}

static void child_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int signo = 1; signo < NSIG; signo++)
        signal(signo, SIG_DFL);
}

/* Our environment without settings of Colloquy, so that what surrounds the tests does not change them; then env. */
static void child_exec(const char *const *argv, const char *const *env)
{
    const char *all[MAX_ENVIRONMENT + 1];
    size_t n = 0;

    for (char **e = environ; *e && n < MAX_ENVIRONMENT / 2; e++)
        if (!str_starts(*e, "COLLOQUY_") && !str_starts(*e, "AWS_"))
            all[n++] = *e;
    for (; env && *env && n < MAX_ENVIRONMENT; env++)
        all[n++] = *env;
    all[n] = NULL;
    execvpe(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)all);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

/* ---- the keeper ---- */

static void run_quietly(const char *const *argv)
{
    pid_t pid = fork();

    if (pid == 0) {
        child_signals();
        child_log(-1);
        child_exec(argv, NULL);
    }
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* A line is "kind TAB folder" or "kind TAB folder TAB quickstart". */
static void undo(char *line)
{
    char *dir = strchr(line, '\t');
    char *quickstart = dir ? strchr(dir + 1, '\t') : NULL;

    if (!dir)
        return;
    *dir++ = '\0';
    if (quickstart) {
        *quickstart++ = '\0';
        run_quietly((const char *const[]){quickstart, "down", "--state", dir, NULL});
    }
    if (!getenv("COLLOQUY_TEST_KEEP"))
        run_quietly((const char *const[]){"rm", "-rf", "--", dir, NULL});
}

_Noreturn static void keep(int fd)
{
    char lines[MAX_KEPT][MAX_LINE];
    size_t n = 0;
    FILE *in = fdopen(fd, "r");

    setsid();
    for (int signo = 1; signo < NSIG; signo++)
        if (signo != SIGCHLD)
            signal(signo, SIG_IGN);
    while (in && fgets(lines[n], MAX_LINE, in)) {
        lines[n][strcspn(lines[n], "\n")] = '\0';
        n += n + 1 < MAX_KEPT;
    }
    while (n > 0)
        undo(lines[--n]);
    _exit(0);
}

static void on_signal(int signo)
{
    close(keeper_pipe);
    while (waitpid(keeper_pid, NULL, 0) < 0 && errno == EINTR)
        ;
    _exit(128 + signo);
}

void keeper_start(void)
{
    const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGBUS, SIGABRT, SIGALRM};
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        harness_die("pipe2: %s", strerror(errno));
    folder = NULL;
    keeper_pid = fork();
    if (keeper_pid < 0)
        harness_die("fork: %s", strerror(errno));
    if (keeper_pid == 0) {
        close(ends[1]);
        keep(ends[0]);
    }
    close(ends[0]);
    keeper_pipe = ends[1];
    for (size_t i = 0; i < LEN(signals); i++)
        signal(signals[i], on_signal);
    signal(SIGPIPE, SIG_IGN);
}

static void tell(const char *first, const char *second)
{
    static size_t n_told;
    char line[MAX_LINE];
    int len = snprintf(line, sizeof(line), "undo\t%s%s%s\n", first, second ? "\t" : "", second ? second : "");

    if (++n_told == MAX_KEPT)
        harness_die("more to undo than the keeper can remember");
    if (len < 0 || (size_t)len >= sizeof(line) || write(keeper_pipe, line, (size_t)len) != len)
        harness_die("cannot reach the keeper");
}

void keeper_remember_state(const char *quickstart, const char *dir)
{
    tell(dir, quickstart);
}

void keeper_remember_folder(const char *dir)
{
    tell(dir, NULL);
}

void keeper_finish(void)
{
    if (keeper_pipe < 0)
        return;
    close(keeper_pipe);
    keeper_pipe = -1;
    while (waitpid(keeper_pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

const char *run_folder(void)
{
    const char *parent = getenv("TMPDIR");

    if (folder)
        return folder;
    folder = lastingf("%s/colloquy-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(folder))
        harness_die("mkdtemp: %s", strerror(errno));
    keeper_remember_folder(folder);
    return folder;
}

/* ---- programs ---- */

static bool wait_exit(pid_t pid, int64_t limit_ms, int *exit_status)
{
    struct pollfd fd = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    int64_t end_ms = clock_mono_ms() + limit_ms;
    int ready = 0;

    if (fd.fd < 0)
        harness_die("pidfd_open: %s", strerror(errno));
    while (ready <= 0 && clock_mono_ms() < end_ms)
        ready = poll(&fd, 1, (int)(end_ms - clock_mono_ms()));
    close(fd.fd);
    if (ready <= 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, exit_status, 0) < 0 && errno == EINTR)
        ;
    return ready > 0;
}

static void read_all(int fd, struct buf *out)
{
    char piece[4096];
    ssize_t n;

    if (lseek(fd, 0, SEEK_SET) != 0)
        harness_die("lseek: %s", strerror(errno));
    while ((n = read(fd, piece, sizeof(piece))) > 0)
        buf_append(out, piece, (size_t)n);
}

int run_program(const char *const *argv, const char *const *env, struct buf *out, int64_t limit_ms)
{
    int fd = out ? memfd_create("output", MFD_CLOEXEC) : -1;
    int exit_status = 0;
    pid_t pid = fork();

    if (pid < 0)
        harness_die("fork: %s", strerror(errno));
    if (pid == 0) {
        child_signals();
        child_log(fd);
        child_exec(argv, env);
    }
    bool is_done = wait_exit(pid, limit_ms, &exit_status);
    if (out) {
        read_all(fd, out);
        close(fd);
    }
    return is_done && WIFEXITED(exit_status) ? WEXITSTATUS(exit_status) : -1;
}

pid_t start_program(const char *const *argv, const char *const *env)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        harness_die("fork: %s", strerror(errno));
    if (pid == 0) {
        child_signals();
        child_log(-1);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        child_exec(argv, env);
    }
    return pid;
}

void stop_program(pid_t pid, int signo)
{
    int exit_status;

    kill(pid, signo);
    wait_exit(pid, PATIENCE_MS, &exit_status);
}

static bool is_free(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)port);
    bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    if (fd >= 0)
        close(fd);
    return is_bound;
}

/*
 * Somebody else may take it before it is used: hence none of those that the kernel gives to clients, and for each process
 * another stretch to begin with.
 */
int free_port(void)
{
    enum { FIRST = 10000, N_PORTS = 10000, STRETCH = 64 };
    static int n;

    while (n < N_PORTS) {
        int port = FIRST + (getpid() % N_PORTS * STRETCH + n++) % N_PORTS;

        if (is_free(port))
            return port;
    }
    harness_die("no free port");
}
