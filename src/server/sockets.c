/* The sockets of the pools, made below run_dir. Those that somebody else made for us are inherit.c's. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/master.h"

/* A burst waits here until a worker can answer it, if only to refuse; the kernel would refuse without a word. */
enum { BACKLOG = 4096 };

static bool address_of(const struct config *config, enum pool pool, struct sockaddr_un *out)
{
    int n = snprintf(out->sun_path, sizeof(out->sun_path), "%s/%s.sock", config->server.run_dir, pool_name(pool));

    out->sun_family = AF_UNIX;
    if (n > 0 && (size_t)n < sizeof(out->sun_path))
        return true;
    log_error("server.run_dir: %s/%s.sock is longer than a socket's name may be (%zu bytes)", config->server.run_dir,
              pool_name(pool), sizeof(out->sun_path) - 1);
    return false;
}

static int make_socket(const struct config *config, enum pool pool)
{
    struct sockaddr_un address;

    if (!address_of(config, pool, &address))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    unlink(address.sun_path);
    if (fd >= 0 && !bind(fd, (const struct sockaddr *)&address, sizeof(address)) && !chmod(address.sun_path, 0660) &&
        !listen(fd, BACKLOG))
        return fd;
    log_error("cannot listen on %s: %s", address.sun_path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

bool sockets_make(const struct config *config, int fds[POOL_OF_REQUESTS])
{
    for (enum pool p = 0; p < POOL_OF_REQUESTS; p++) {
        fds[p] = make_socket(config, p);
        if (fds[p] < 0)
            return false;
    }
    return true;
}

bool sockets_open(const struct config *config, int fds[POOL_COUNT])
{
    bool is_open =
        sockets_inherited(fds) || (pid_file_is_free(config, PID_FILE_SUPERVISOR) && sockets_make(config, fds));

    if (is_open)
        fds[POOL_DOCUMENTS] = make_socket(config, POOL_DOCUMENTS);
    return is_open && fds[POOL_DOCUMENTS] >= 0;
}

void sockets_remove(const struct config *config)
{
    struct sockaddr_un address;
    int fds[POOL_OF_REQUESTS];

    /* What we were passed outlives us. */
    for (enum pool p = sockets_inherited(fds) ? POOL_OF_REQUESTS : 0; p < POOL_COUNT; p++)
        if (address_of(config, p, &address))
            unlink(address.sun_path);
}
