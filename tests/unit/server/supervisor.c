/* The supervisor, with shell scripts for masters. */
#include <fcntl.h>
#include <signal.h>
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

static char folder[64];
static long n_started; /* by a supervisor that has ended */
static struct config config;

/* For two seconds at most, whatever becomes of the supervisor. */
#define LOOP ": >$1/ready; for i in $(seq 100); do sleep 0.02; done; exit 2"

/* $1 is the folder; each start adds a line to "starts", of which $n is the number. */
#define BEGIN "echo x >>$1/starts; n=$(wc -l <$1/starts); "

static void begin(void)
{
    snprintf(folder, sizeof(folder), "/tmp/colloquy-supervisor-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    config = (struct config){.server = {.run_dir = folder, .log_level = LOG_ERROR}};
}

static bool exists(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static long n_starts(void)
{
    char path[128];
    struct stat st;

    snprintf(path, sizeof(path), "%s/starts", folder);
    return stat(path, &st) ? 0 : st.st_size / 2;
}

static pid_t start(const char *script)
{
    char text[512];
    pid_t pid = fork();

    if (pid == 0) {
        alarm(30); /* whatever it waits for */
        snprintf(text, sizeof(text), BEGIN "%s", script);
        const char *argv[] = {"sh", "-c", text, "sh", folder, NULL};

        _exit(server_supervise(&config, (char *const *)(uintptr_t)argv));
    }
    return pid;
}

static void wait_starts(long n)
{
    for (int i = 0; i < 2000 && n_starts() < n; i++)
        usleep(10000);
    CU_ASSERT_EQUAL(n_starts(), n);
}

/* The exit code; and that nothing is left behind. */
static int wait_end(pid_t pid)
{
    char path[128];
    int status = -1;

    waitpid(pid, &status, 0);
    CU_ASSERT_FALSE(exists("api.sock") || exists("llm.sock") || exists("ops.sock") || exists("documents.sock") ||
                    exists("supervisor.pid"));
    n_started = n_starts();
    snprintf(path, sizeof(path), "%s/starts", folder);
    unlink(path);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_ends(void)
{
    static const struct {
        const char *name, *script;
        int code;
        long n_starts;
    } rows[] = {
        {"it was told to stop", "exit 0", 0, 1},
        {"usage", "exit 2", 2, 1},
        {"configuration", "exit 3", 3, 1},
        {"it failed", "[ $n -eq 3 ] || exit 1", 0, 3},
        {"it was killed", "[ $n -eq 2 ] || kill -KILL $$", 0, 2},
        {"a config broken after one has served", "[ $n -ne 1 ] || { sleep 1.1; exit 1; }; [ $n -eq 4 ] || exit 3", 0,
         4},
        {"the sockets are passed",
         "[ $LISTEN_PID = $$ ] && [ $LISTEN_FDS = 3 ] && [ $LISTEN_FDNAMES = api:llm:ops ] && [ -S /dev/fd/3 ] &&"
         "[ -S /dev/fd/4 ] && [ -S /dev/fd/5 ] && ! [ -e /dev/fd/6 ] && exit 3",
         3, 1},
    };

    begin();
    for (size_t i = 0; i < LEN(rows); i++) {
        pid_t pid = start(rows[i].script);

        ROW_ASSERT(rows[i].name, wait_end(pid) == rows[i].code);
        ROW_ASSERT(rows[i].name, n_started == rows[i].n_starts);
    }
    rmdir(folder);
}

/* At once first, then later and later: 50, 100, 200, 400 ms. */
static void test_backs_off(void)
{
    int64_t second_after_ms = INT64_MAX;

    for (int i = 0; i < 3 && second_after_ms >= 700; i++) { /* far less, on a machine that is not busy just now */
        begin();
        int64_t began_ms = clock_mono_ms();
        pid_t pid = start("[ $n -eq 6 ] || exit 1");

        wait_starts(2);
        second_after_ms = clock_mono_ms() - began_ms;
        CU_ASSERT_EQUAL(wait_end(pid), 0);
        CU_ASSERT(clock_mono_ms() - began_ms >= 750);
        rmdir(folder);
    }
    CU_ASSERT(second_after_ms < 700);
}

static void wait_ready(void)
{
    char path[128];

    for (int i = 0; i < 2000 && !exists("ready"); i++)
        usleep(10000);
    snprintf(path, sizeof(path), "%s/ready", folder);
    CU_ASSERT_EQUAL(unlink(path), 0);
}

static void test_signals(void)
{
    static const struct {
        const char *name, *script;
        int signal_number, code;
    } rows[] = {
        {"stop", "trap 'exit 0' TERM; " LOOP, SIGTERM, 0},
        {"interrupt", "trap 'exit 0' INT; " LOOP, SIGINT, 0},
        {"reload", "trap 'exit 3' HUP; " LOOP, SIGHUP, 3},
        {"a master that fails as it stops", "trap 'exit 1' TERM; " LOOP, SIGTERM, 1},
    };

    begin();
    for (size_t i = 0; i < LEN(rows); i++) {
        pid_t pid = start(rows[i].script);

        wait_starts(1);
        wait_ready(); /* the trap is set */
        kill(pid, rows[i].signal_number);
        ROW_ASSERT(rows[i].name, wait_end(pid) == rows[i].code);
    }
    /* Told to stop while no master runs. */
    pid_t pid = start("exit 1");
    wait_starts(5);
    kill(pid, SIGTERM);
    int code = wait_end(pid);
    CU_ASSERT(code == 0 || code == 1);
    rmdir(folder);
}

static bool can_connect(const char *pool)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", folder, pool);
    bool is_connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    close(fd);
    return is_connected;
}

static void leave_behind(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

/* With no master at all, connections wait; and nobody takes the sockets away. */
static void test_holds_sockets(void)
{
    int fds[POOL_COUNT];

    begin();
    pid_t pid = start("exit 1");

    wait_starts(4);
    for (int i = 0; i < 1000; i++)
        CU_ASSERT_TRUE(can_connect("api"));
    CU_ASSERT_EQUAL(server_supervise(&config, NULL), 1);
    CU_ASSERT_FALSE(sockets_open(&config, fds));
    CU_ASSERT_TRUE(can_connect("api"));
    kill(pid, SIGTERM);
    wait_end(pid);

    /* A master without a supervisor keeps its own, in the place of what a dead one left. */
    int pid_fd = pid_file_open(&config, PID_FILE_MASTER);
    leave_behind("documents.sock");
    CU_ASSERT_TRUE_FATAL(pid_fd >= 0 && sockets_open(&config, fds));
    CU_ASSERT_TRUE(can_connect("documents"));
    CU_ASSERT_EQUAL(server_supervise(&config, NULL), 1);
    CU_ASSERT_TRUE(can_connect("api"));
    sockets_remove(&config);
    pid_file_remove(&config, PID_FILE_MASTER);
    for (enum pool p = 0; p < POOL_COUNT; p++)
        close(fds[p]);
    close(pid_fd);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

SUITE(supervisor, {"how a master ends", test_ends}, {"backs off", test_backs_off}, {"signals", test_signals},
      {"holds the sockets", test_holds_sockets});
