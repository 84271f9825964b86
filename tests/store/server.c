/*
 * A MariaDB of our own, in a new folder below TMPDIR, that only a socket in that folder leads to.
 *
 * The keeper is a process that waits for the end of a pipe. When the program that holds the other end is gone,
 * however it went, the keeper kills the server and removes the folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <mysql.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "database.h"

enum { UP_LIMIT_MS = 60000, DOWN_LIMIT_MS = 30000, LOOK_EVERY_US = 20000, MAX_PATH = 512, MAX_ARGS = 20 };

static char folder[MAX_PATH], socket_path[MAX_PATH + 16];
static int keeper_pipe = -1;
static pid_t keeper_pid, server_pid;

/* ---- the keeper ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    remove(path);
    return 0;
}

/* Gets the process id of each server that is started. */
_Noreturn static void keep(int fd)
{
    struct pollfd server = {.fd = -1, .events = POLLIN};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t pid;

    setsid();
    for (int signo = 1; signo < NSIG; signo++)
        signal(signo, SIG_IGN);
    for (int std = 0; std < 3; std++)
        dup2(null, std);
    while (read(fd, &pid, sizeof(pid)) == sizeof(pid)) {
        if (server.fd >= 0)
            close(server.fd);
        server.fd = pidfd_open(pid, 0);
    }
    if (server.fd >= 0 && pidfd_send_signal(server.fd, SIGKILL, NULL, 0) == 0)
        poll(&server, 1, 5000);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    _exit(0);
}

static void end_keeper(void)
{
    if (keeper_pipe < 0)
        return;
    close(keeper_pipe);
    keeper_pipe = -1;
    while (waitpid(keeper_pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (server_pid)
        waitpid(server_pid, NULL, 0);
}

void give_up(const char *fmt, ...)
{
    va_list ap;

    fputs("\nstore_database: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    end_keeper();
    _exit(2);
}

const char *server_folder(void)
{
    const char *parent = getenv("TMPDIR");
    int ends[2];

    if (folder[0])
        return folder;
    int len = snprintf(folder, sizeof(folder), "%s/colloquy-store-XXXXXX", parent && *parent ? parent : "/tmp");
    if (len < 0 || (size_t)len >= sizeof(folder) || !mkdtemp(folder) || pipe2(ends, O_CLOEXEC) != 0)
        give_up("no folder %s: %s", folder, strerror(errno));
    keeper_pid = fork();
    if (keeper_pid < 0)
        give_up("fork: %s", strerror(errno));
    if (keeper_pid == 0) {
        close(ends[1]);
        keep(ends[0]);
    }
    close(ends[0]);
    keeper_pipe = ends[1];
    atexit(end_keeper);
    return folder;
}

/* ---- programs ---- */

/* In the folder, with nothing but PATH around it; what it says goes to server.log. */
_Noreturn static void exec_program(const char *const *argv, pid_t parent)
{
    const char *path = getenv("PATH");
    int log;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || chdir(folder) != 0)
        _exit(1);
    log = open("server.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    clearenv();
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    if (path) {
        setenv("PATH", path, 1);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        setenv("PATH", "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", 1); /* users' paths often lack the server's */
    }
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static pid_t start_program(const char *const *argv)
{
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        give_up("fork: %s", strerror(errno));
    if (pid == 0)
        exec_program(argv, parent);
    return pid;
}

_Noreturn static void give_up_with_log(const char *what)
{
    char path[MAX_PATH + 16], text[4096];

    snprintf(path, sizeof(path), "%s/server.log", folder);
    FILE *log = fopen(path, "re");
    long end = log && fseek(log, 0, SEEK_END) == 0 ? ftell(log) : 0, max = (long)sizeof(text) - 1;
    size_t len =
        log && fseek(log, end > max ? end - max : 0, SEEK_SET) == 0 ? fread(text, 1, sizeof(text) - 1, log) : 0;
    text[len] = '\0';
    give_up("%s:\n%s", what, text);
}

/* "--name=folder/rest", kept to the end of the program. */
static const char *option(const char *name, const char *rest)
{
    static char texts[8][MAX_PATH + 64];
    static size_t n;
    char *text = texts[n++ % LEN(texts)];

    snprintf(text, sizeof(texts[0]), "--%s=%s/%s", name, folder, rest);
    return text;
}

/* Both are run the same way: without any file of options, and as root only where we are root. */
static size_t common_args(const char **argv, const char *program)
{
    size_t n = 0;

    argv[n++] = program;
    argv[n++] = "--no-defaults";
    if (geteuid() == 0)
        argv[n++] = "--user=root";
    argv[n++] = option("datadir", "data");
    argv[n++] = option("tmpdir", "tmp"); /* its own: a MariaDB that starts deletes what others have in a shared one */
    return n;
}

static void install(void)
{
    const char *argv[MAX_ARGS] = {NULL};
    char tmp[MAX_PATH + 8];
    size_t n = common_args(argv, "mariadb-install-db");
    int exit_status = 0;

    snprintf(tmp, sizeof(tmp), "%s/tmp", folder);
    mkdir(tmp, 0700);
    argv[n++] = "--auth-root-authentication-method=normal";
    argv[n++] = "--skip-test-db";
    argv[n++] = "--skip-name-resolve";
    argv[n++] = "--force"; /* also where the machine's own name cannot be looked up */
    waitpid(start_program(argv), &exit_status, 0);
    if (exit_status != 0)
        give_up_with_log("mariadb-install-db failed");
}

/* ---- the server ---- */

static bool answers(void)
{
    MYSQL *mysql = mysql_init(NULL);
    bool yes = mysql && mysql_real_connect(mysql, NULL, "root", NULL, NULL, 0, socket_path, 0);

    if (mysql)
        mysql_close(mysql);
    return yes;
}

void server_start(void)
{
    const char *argv[MAX_ARGS] = {NULL};
    size_t n = common_args(argv, "mariadbd");
    int64_t end_ms = clock_mono_ms() + UP_LIMIT_MS;

    argv[n++] = option("socket", "mariadb.sock");
    argv[n++] = option("pid-file", "mariadb.pid");
    argv[n++] = "--skip-networking";
    argv[n++] = "--skip-log-bin";
    argv[n++] = "--innodb-flush-log-at-trx-commit=2"; /* nothing here has to outlive the machine */
    argv[n++] = "--innodb-buffer-pool-size=64M";
    server_pid = start_program(argv);
    if (write(keeper_pipe, &server_pid, sizeof(server_pid)) != sizeof(server_pid))
        give_up("cannot reach the keeper");
    while (!answers()) {
        if (waitpid(server_pid, NULL, WNOHANG) != 0) {
            server_pid = 0;
            give_up_with_log("mariadbd ended");
        }
        if (clock_mono_ms() > end_ms)
            give_up_with_log("mariadbd does not answer");
        usleep(LOOK_EVERY_US);
    }
}

void server_stop(void)
{
    int64_t end_ms = clock_mono_ms() + DOWN_LIMIT_MS;

    kill(server_pid, SIGTERM);
    while (waitpid(server_pid, NULL, WNOHANG) == 0) {
        if (clock_mono_ms() > end_ms)
            give_up_with_log("mariadbd does not stop");
        usleep(LOOK_EVERY_US);
    }
    server_pid = 0;
}

void server_freeze(bool is_frozen)
{
    int exit_status = 0;

    kill(server_pid, is_frozen ? SIGSTOP : SIGCONT);
    if (is_frozen && (waitpid(server_pid, &exit_status, WUNTRACED) != server_pid || !WIFSTOPPED(exit_status)))
        give_up_with_log("mariadbd cannot be frozen"); /* a signal takes a moment to stop every thread */
}

const char *server_socket(void)
{
    if (socket_path[0])
        return socket_path;
    snprintf(socket_path, sizeof(socket_path), "%s/mariadb.sock", server_folder());
    if (db_library_init())
        give_up("the client library cannot be used");
    install();
    server_start();
    return socket_path;
}
