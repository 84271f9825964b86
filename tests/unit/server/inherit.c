/* Sockets that were passed: each row is a process of its own, with the descriptors that systemd would give it. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "colloquy/server.h"
#include "server/master.h"
#include "unit.h"

enum { FIRST = 3, ABOVE = 20, MAX_PASSED = 5 };

/* u: a unix stream that listens; c: one that does not; d: datagrams; t: TCP. Given back above those to be passed. */
static int make(char kind)
{
    int family = kind == 't' ? AF_INET : AF_UNIX;
    int fd = socket(family, kind == 'd' ? SOCK_DGRAM : SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX}; /* without a name: the kernel finds one */

    if (family == AF_UNIX)
        bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t));
    if (kind == 'u' || kind == 't')
        listen(fd, 1);
    int high = fcntl(fd, F_DUPFD, ABOVE);

    close(fd);
    return high;
}

static ino_t inode(int fd)
{
    struct stat st;

    return fstat(fd, &st) ? 0 : st.st_ino;
}

/* Whether the sockets are where their names say, made ready for workers, and nobody else can take them for his. */
static bool is_taken_over(const char *const *names, const ino_t *inodes)
{
    int fds[POOL_OF_REQUESTS];
    bool is_good = sockets_inherited(fds);

    for (enum pool p = 0; p < POOL_OF_REQUESTS && is_good; p++)
        for (size_t i = 0; i < POOL_OF_REQUESTS; i++)
            if (str_eq(names[i], pool_name(p)))
                is_good &= inode(fds[p]) == inodes[i] && fcntl(fds[p], F_GETFL) & O_NONBLOCK &&
                           fcntl(fds[p], F_GETFD) & FD_CLOEXEC;
    return is_good && !getenv("LISTEN_PID") && !getenv("LISTEN_FDS") && !getenv("LISTEN_FDNAMES") &&
           !getenv("NOTIFY_SOCKET");
}

_Noreturn static void be_started(const char *kinds, const char *const *names, int log_fd)
{
    char all[128] = "", number[32];
    int high[MAX_PASSED];
    ino_t inodes[MAX_PASSED];
    size_t n = strlen(kinds);

    dup2(log_fd, STDERR_FILENO);
    for (size_t i = 0; i < n; i++) {
        high[i] = make(kinds[i]);
        inodes[i] = inode(high[i]);
        size_t len = strlen(all);
        snprintf(all + len, sizeof(all) - len, "%s%s", i ? ":" : "", names[0] ? names[i] : "");
    }
    for (size_t i = 0; i < n; i++)
        dup2(high[i], FIRST + (int)i);
    snprintf(number, sizeof(number), "%d", (int)getpid());
    setenv("LISTEN_PID", number, 1);
    snprintf(number, sizeof(number), "%zu", n);
    setenv("LISTEN_FDS", number, 1);
    if (names[0])
        setenv("LISTEN_FDNAMES", all, 1);
    setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
    _exit(!server_inherit() ? 1 : is_taken_over(names, inodes) ? 0 : 2);
}

static void test_passed(void)
{
    static const struct {
        const char *row, *kinds, *names[MAX_PASSED];
        const char *fault; /* NULL: good */
    } rows[] = {
        {"all three", "uuu", {"api", "llm", "ops"}, NULL},
        {"in another order", "uuu", {"ops", "api", "llm"}, NULL},
        {"one is missing", "uu", {"api", "ops"}, "none as llm"},
        {"a pool of ours alone", "uuuu", {"api", "llm", "ops", "documents"}, "as \"documents\""},
        {"a name of no pool", "uuuu", {"api", "llm", "ops", "web"}, "as \"web\""},
        {"without names", "uuu", {NULL}, "as \"unknown\""},
        {"a name twice", "uuu", {"api", "llm", "api"}, "two sockets were passed as api"},
        {"datagrams", "udu", {"api", "llm", "ops"}, "as llm is no unix stream socket that listens"},
        {"not listening", "uuc", {"api", "llm", "ops"}, "as ops is no unix stream socket that listens"},
        {"TCP", "tuu", {"api", "llm", "ops"}, "as api is no unix stream socket that listens"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char said[1024] = "";
        int log_fds[2], status;

        CU_ASSERT_EQUAL_FATAL(pipe(log_fds), 0);
        pid_t pid = fork();

        if (pid == 0)
            be_started(rows[i].kinds, rows[i].names, log_fds[1]);
        close(log_fds[1]);
        size_t len = 0;
        for (ssize_t more = 1; more > 0; len += (size_t)more)
            more = read(log_fds[0], said + len, sizeof(said) - 1 - len);
        close(log_fds[0]);
        waitpid(pid, &status, 0);
        ROW_ASSERT(rows[i].row, WIFEXITED(status) && WEXITSTATUS(status) == (rows[i].fault ? 1 : 0));
        ROW_ASSERT(rows[i].row, rows[i].fault ? len > 0 && strstr(said, rows[i].fault) : len == 0);
    }
}

/* Meant for another process, or nothing at all: we make our own. */
static void test_nothing_passed(void)
{
    int fds[POOL_OF_REQUESTS];

    setenv("LISTEN_PID", "1", 1);
    setenv("LISTEN_FDS", "3", 1);
    CU_ASSERT_TRUE(server_inherit());
    CU_ASSERT_FALSE(sockets_inherited(fds));
    CU_ASSERT_PTR_NULL(getenv("LISTEN_FDS"));
    CU_ASSERT_TRUE(server_inherit());
    CU_ASSERT_FALSE(sockets_inherited(fds));
}

static void test_wiped(void)
{
    setenv("COLLOQUY_UNIT", "tell-tale", 1);
    const char *value = getenv("COLLOQUY_UNIT");

    environment_forget("COLLOQUY_UNIT");
    CU_ASSERT_PTR_NULL(getenv("COLLOQUY_UNIT"));
    CU_ASSERT_EQUAL(value[0], '\0');
    environment_forget("COLLOQUY_UNIT");
}

SUITE(inherit, {"sockets that were passed", test_passed}, {"nothing for us", test_nothing_passed},
      {"a variable is wiped", test_wiped});
