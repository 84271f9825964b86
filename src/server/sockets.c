/* The master's sockets and its pid file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/master.h"

enum { BACKLOG = 511 }; /* a burst waits here rather than being refused while places are free */

static bool run_path(const struct config *config, const char *name, char *out, size_t size)
{
    int n = snprintf(out, size, "%s/%s", config->server.run_dir, name);

    if (n > 0 && (size_t)n < size)
        return true;
    log_error("server.run_dir: %s/%s is longer than a socket's name may be (%zu bytes)", config->server.run_dir, name,
              size - 1);
    return false;
}

static int open_socket(const struct config *config, enum pool pool)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[16];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    snprintf(name, sizeof(name), "%s.sock", pool_name(pool));
    if (fd < 0 || !run_path(config, name, address.sun_path, sizeof(address.sun_path)))
        return -1;
    unlink(address.sun_path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) || chmod(address.sun_path, 0660) ||
        listen(fd, BACKLOG)) {
        log_error("cannot listen on %s: %s", address.sun_path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

bool sockets_open(const struct config *config, int fds[POOL_COUNT])
{
    for (enum pool p = 0; p < POOL_COUNT; p++) {
        fds[p] = open_socket(config, p);
        if (fds[p] < 0)
            return false;
    }
    return true;
}

void sockets_remove(const struct config *config)
{
    char name[16], path[sizeof(((struct sockaddr_un *)0)->sun_path)];

    for (enum pool p = 0; p < POOL_COUNT; p++) {
        snprintf(name, sizeof(name), "%s.sock", pool_name(p));
        if (run_path(config, name, path, sizeof(path)))
            unlink(path);
    }
}

int pid_file_open(const struct config *config)
{
    char path[4096], text[32];

    if (!run_path(config, "colloquy.pid", path, sizeof(path)))
        return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

    if (fd < 0) {
        log_error("cannot write %s: %s", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB)) {
        log_error("another master runs: it holds %s", path);
        close(fd);
        return -1;
    }
    int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

    if (ftruncate(fd, 0) || write(fd, text, (size_t)n) != n) {
        log_error("cannot write %s: %s", path, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

void pid_file_remove(const struct config *config)
{
    char path[4096];

    if (run_path(config, "colloquy.pid", path, sizeof(path)))
        unlink(path);
}
