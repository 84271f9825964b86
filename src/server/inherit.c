/*
 * The sockets that a service manager made for us and passed on (sd_listen_fds(3)).
 *
 * They come with names, one for each pool. What told us of them is taken out of the environment, so that no worker
 * and nothing that a worker runs takes it for its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "colloquy/server.h"
#include "server/master.h"

static bool is_passed;
static int passed[POOL_OF_REQUESTS];

void environment_forget(const char *name)
{
    char *value = getenv(name);

    if (value)
        explicit_bzero(value, strlen(value)); /* /proc shows it to the end of this process and of its forks */
    unsetenv(name);
}

static bool take(int fd, const char *name)
{
    enum pool pool = 0;

    while (pool < POOL_OF_REQUESTS && !str_eq(name, pool_name(pool)))
        pool++;
    if (pool == POOL_OF_REQUESTS)
        log_error("a socket was passed as \"%s\": it must be called api, llm or ops", name);
    else if (passed[pool] >= 0)
        log_error("two sockets were passed as %s", name);
    else if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
        log_error("what was passed as %s is no unix stream socket that listens", name);
    else if (fcntl(fd, F_SETFL, O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC))
        log_error("the socket passed as %s: %s", name, strerror(errno));
    else
        passed[pool] = fd;
    return pool < POOL_OF_REQUESTS && passed[pool] == fd;
}

static bool take_all(int n, char **names)
{
    bool is_good = true;

    for (enum pool p = 0; p < POOL_OF_REQUESTS; p++)
        passed[p] = -1;
    for (int i = 0; i < n; i++)
        is_good &= take(SD_LISTEN_FDS_START + i, names[i]);
    for (enum pool p = 0; is_good && p < POOL_OF_REQUESTS; p++)
        if (passed[p] < 0) {
            log_error("sockets were passed, but none as %s", pool_name(p));
            is_good = false;
        }
    return is_good;
}

bool server_inherit(void)
{
    char **names = NULL;
    int n = sd_listen_fds_with_names(0, &names);
    bool is_good = n == 0;

    if (n < 0)
        log_error("LISTEN_FDS in the environment: %s", strerror(-n));
    else if (n > 0)
        is_passed = is_good = take_all(n, names);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    environment_forget("LISTEN_PID");
    environment_forget("LISTEN_FDS");
    environment_forget("LISTEN_FDNAMES");
    notify_take();
    return is_good;
}

bool sockets_inherited(int fds[POOL_OF_REQUESTS])
{
    for (enum pool p = 0; is_passed && p < POOL_OF_REQUESTS; p++)
        fds[p] = passed[p];
    return is_passed;
}
