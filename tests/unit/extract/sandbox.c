#include "extract/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static int try_open(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int try_fork(void)
{
    return fork();
}

static int try_exec(void)
{
    char *const argv[] = {(char *)"true", NULL};

    return execv("/bin/true", argv);
}

static int try_kill(void)
{
    return kill(getppid(), 0);
}

/* Each in a process that gives up all the rest: its exit code is the error, 0 when it succeeded. */
static void test_what_is_denied(void)
{
    static const struct {
        const char *name;
        int (*try)(void);
    } rows[] = {{"open", try_open}, {"socket", try_socket}, {"fork", try_fork}, {"exec", try_exec}, {"kill", try_kill}};

    for (size_t i = 0; i < LEN(rows); i++) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
            if (!sandbox_limit(5) || !sandbox_close())
                _exit(255);
            _exit(rows[i].try() < 0 ? errno : 0);
        }
        CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
        ROW_ASSERT(rows[i].name, WIFEXITED(status) && WEXITSTATUS(status) == EPERM);
    }
}

SUITE(sandbox, {"what is denied", test_what_is_denied});
