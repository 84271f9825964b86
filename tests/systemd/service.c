/*
 * The server, started as systemd starts it: with sockets that others made and nginx's group may reach, and a place to
 * say how it is. No database answers; the workers are ready all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "records.h"
#include "unit.h"

enum { FIRST_PASSED = 3, ABOVE = 20, N_SOCKETS = 3, WAIT_MS = 10000, MAX_SEEN = 64 };

static const char *const names[N_SOCKETS] = {"api", "llm", "ops"};
static char folder[64];
static int sockets[N_SOCKETS], manager;

/* ---- the scene: what systemd would have made ---- */

static const char *file(const char *name)
{
    static char paths[2][128];
    static unsigned turn;
    char *path = paths[turn++ % 2];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static struct sockaddr_un address_of(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", file(name));
    return address;
}

static int make_socket(const char *name, int type)
{
    struct sockaddr_un address = address_of(name);
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    int high = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE);

    close(fd);
    CU_ASSERT_EQUAL_FATAL(bind(high, (struct sockaddr *)&address, sizeof(address)), 0);
    if (type == SOCK_STREAM)
        CU_ASSERT_EQUAL_FATAL(listen(high, 16), 0);
    return high;
}

static void write_config(const char *last_line)
{
    FILE *out = fopen(file("colloquy.conf"), "we");

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fprintf(out,
            "[server]\nstate_dir = %s\nrun_dir = %s\napi_workers = 2\nllm_workers = 1\nturns_per_worker = 5\n"
            "[database]\nsocket = %s/none.sock\n%s\n",
            folder, folder, folder, last_line);
    fclose(out);
}

static void set_up(void)
{
    const struct group *group = getgrnam("www-data");

    snprintf(folder, sizeof(folder), "/tmp/colloquy-systemd-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    chmod(folder, 0755);
    for (size_t i = 0; i < N_SOCKETS; i++) {
        char name[16];

        snprintf(name, sizeof(name), "%s.sock", names[i]);
        sockets[i] = make_socket(name, SOCK_STREAM);
        CU_ASSERT(chmod(file(name), 0660) == 0);
        if (geteuid() == 0)
            CU_ASSERT_FATAL(group && chown(file(name), 0, group->gr_gid) == 0);
    }
    manager = make_socket("notify", SOCK_DGRAM);
    write_config("");
}

static void tear_down(void)
{
    static const char *const left[] = {"api.sock", "llm.sock", "ops.sock", "notify", "colloquy.conf", "log"};

    for (size_t i = 0; i < LEN(left); i++)
        ROW_ASSERT(left[i], unlink(file(left[i])) == 0);
    ROW_ASSERT("nothing else is left", rmdir(folder) == 0);
    for (size_t i = 0; i < N_SOCKETS; i++)
        close(sockets[i]);
    close(manager);
}

/* The first n sockets are passed. */
static pid_t start(size_t n)
{
    pid_t pid = fork();
    char number[32];

    if (pid)
        return pid;
    int log = open(file("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(log, STDERR_FILENO);
    for (size_t i = 0; i < n; i++)
        dup2(sockets[i], FIRST_PASSED + (int)i);
    snprintf(number, sizeof(number), "%d", (int)getpid());
    setenv("LISTEN_PID", number, 1);
    snprintf(number, sizeof(number), "%zu", n);
    setenv("LISTEN_FDS", number, 1);
    setenv("LISTEN_FDNAMES", n == N_SOCKETS ? "api:llm:ops" : "api:llm", 1);
    setenv("NOTIFY_SOCKET", file("notify"), 1);
    execl(TEST_PROGRAM, TEST_PROGRAM, "--config", file("colloquy.conf"), "serve", (char *)NULL);
    _exit(127);
}

static int wait_exit(pid_t pid)
{
    struct pollfd fd = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    int status = 0;

    if (poll(&fd, 1, WAIT_MS) <= 0)
        kill(pid, SIGKILL);
    close(fd.fd);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* ---- what it says ---- */

/* The next message that holds these words, others being passed over; NULL when none came in time. */
static const char *wait_told(const char *words)
{
    static char text[1024];
    struct pollfd fd = {.fd = manager, .events = POLLIN};

    while (poll(&fd, 1, WAIT_MS) > 0) {
        ssize_t len = recv(manager, text, sizeof(text) - 1, 0);

        text[len > 0 ? len : 0] = '\0';
        if (strstr(text, words))
            return text;
    }
    return NULL;
}

static bool says(const char *words, const char *also)
{
    const char *text = wait_told(words);

    return text && strstr(text, also);
}

static unsigned long long mono_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
}

static void expect_reload(pid_t master, const char *row, const char *status)
{
    unsigned long long asked = mono_usec(), said = 0;

    kill(master, SIGHUP);
    const char *text = wait_told("RELOADING=1");
    const char *time = text ? strstr(text, "MONOTONIC_USEC=") : NULL;
    ROW_ASSERT(row, time && sscanf(time, "MONOTONIC_USEC=%llu", &said) == 1 && said >= asked && said <= mono_usec());
    ROW_ASSERT(row, says("READY=1", status));
}

/* ---- who reaches it ---- */

/* GET /health over the socket of ops: whether the API answered. */
static bool ask(void)
{
    static const struct pair pairs[] = {{"REQUEST_METHOD", "GET"}, {"DOCUMENT_URI", "/health"}, {"REQUEST_ID", "t"}};
    struct sockaddr_un address = address_of("ops.sock");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct buf bytes;
    bool is_closed = false;

    buf_init(&bytes, 1 << 16);
    put_request(&bytes, pairs, LEN(pairs), "", 0, 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && send_bytes(fd, &bytes)) {
        buf_clear(&bytes);
        receive_all(fd, &bytes, &is_closed);
    }
    struct answer answer = read_records(&bytes);
    bool is_good = is_closed && answer.is_ended && strstr(answer.text.data, "\"database\"");

    buf_release(&answer.text);
    buf_release(&bytes);
    close(fd);
    return is_good;
}

/* ask() in a process of its own, maybe as another user. */
static pid_t start_asking(const char *user)
{
    const struct passwd *who = user ? getpwnam(user) : NULL;
    pid_t pid = fork();

    if (pid)
        return pid;
    if (user && (!who || setgroups(0, NULL) || setgid(who->pw_gid) || setuid(who->pw_uid)))
        _exit(2);
    _exit(ask() ? 0 : errno == EACCES ? 13 : 1);
}

static void test_who_may_connect(void)
{
    static const struct {
        const char *user;
        int want;
    } rows[] = {{"www-data", 0}, {"nobody", 13}};

    set_up();
    pid_t master = start(N_SOCKETS);
    CU_ASSERT_TRUE(says("READY=1", "2 of 2 api workers, 1 of 1 llm workers, 0 of 5 turns"));
    CU_ASSERT_EQUAL(wait_exit(start_asking(NULL)), 0);
    if (geteuid() != 0)
        printf("(not root: other users are not tried) ");
    for (size_t i = 0; geteuid() == 0 && i < LEN(rows); i++)
        ROW_ASSERT(rows[i].user, wait_exit(start_asking(rows[i].user)) == rows[i].want);
    kill(master, SIGTERM);
    CU_ASSERT_TRUE(says("STOPPING=1", "EXTEND_TIMEOUT_USEC=75000000"));
    CU_ASSERT_EQUAL(wait_exit(master), 0);
    tear_down(); /* the sockets are there still */
}

static void test_reload(void)
{
    set_up();
    pid_t master = start(N_SOCKETS);
    CU_ASSERT_TRUE(says("READY=1", "STATUS="));
    expect_reload(master, "the same", "STATUS=2 of 2 api workers");
    write_config("[server]\napi_workers = 3");
    expect_reload(master, "another", "STATUS=3 of 3 api workers");
    write_config("port = many");
    expect_reload(master, "a bad one", "STATUS=The last reload was refused");
    kill(master, SIGTERM);
    CU_ASSERT_EQUAL(wait_exit(master), 0);
    tear_down();
}

/* ---- deaths ---- */

/* Children of the master. */
static size_t children(pid_t master, pid_t *out)
{
    char path[64], line[1024];
    size_t n = 0;

    for (pid_t pid = master + 1; pid < master + MAX_SEEN && n < MAX_SEEN; pid++) {
        int parent = 0;
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        FILE *in = fopen(path, "re");

        if (in && fgets(line, sizeof(line), in) && strrchr(line, ')') &&
            sscanf(strrchr(line, ')'), ") %*c %d", &parent) == 1 && parent == master)
            out[n++] = pid;
        if (in)
            fclose(in);
    }
    return n;
}

/*
 * What a process was started with, and its fork shows still; n_seen counts those that show anything: the child that
 * looks at the schema ends in between.
 */
static bool environment_holds(pid_t pid, const char *text, size_t *n_seen)
{
    static char all[1 << 17];
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, all, sizeof(all));

    close(fd);
    *n_seen += len > 0;
    return len > 0 && memmem(all, (size_t)len, text, strlen(text));
}

static void test_killed(void)
{
    pid_t workers[MAX_SEEN];

    set_up();
    pid_t master = start(N_SOCKETS);
    CU_ASSERT_TRUE(says("READY=1", "STATUS="));
    size_t n = children(master, workers), n_seen = 0;
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT_FALSE(environment_holds(workers[i], file("notify"), &n_seen));
        CU_ASSERT_FALSE(environment_holds(workers[i], "api:llm:ops", &n_seen));
    }
    CU_ASSERT(n_seen >= 2 * 4);
    kill(master, SIGKILL);
    CU_ASSERT_EQUAL(wait_exit(master), -SIGKILL);
    pid_t client = start_asking(NULL); /* waits in the socket */
    usleep(100000);
    CU_ASSERT_EQUAL(waitpid(client, NULL, WNOHANG), 0);
    master = start(N_SOCKETS);
    CU_ASSERT_EQUAL(wait_exit(client), 0);

    /* Another beside it is refused, and takes nothing away. */
    CU_ASSERT_EQUAL(wait_exit(start(N_SOCKETS)), 1);
    CU_ASSERT_EQUAL(wait_exit(start_asking(NULL)), 0);
    kill(master, SIGTERM);
    CU_ASSERT_EQUAL(wait_exit(master), 0);
    tear_down();
}

/* Started again, it would fail again: the exit code that keeps systemd from trying. */
static void test_not_worth_another_start(void)
{
    set_up();
    CU_ASSERT_EQUAL(wait_exit(start(N_SOCKETS - 1)), 3);
    write_config("port = many");
    CU_ASSERT_EQUAL(wait_exit(start(N_SOCKETS)), 3);
    tear_down();
}

SUITE(service, {"who may connect", test_who_may_connect}, {"reloads", test_reload}, {"killed", test_killed},
      {"not worth another start", test_not_worth_another_start});
