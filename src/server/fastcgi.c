/* FastCGI connections: accepted and closed. */
#include "server/fastcgi.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { READ_TIMEOUT_S = 1 };

int fastcgi_accept(int listen_fd)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    struct timeval read_timeout = {.tv_sec = READ_TIMEOUT_S};

    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &read_timeout, sizeof(read_timeout));
    return fd;
}

bool fastcgi_is_short(void)
{
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
}

void fastcgi_abort(struct fastcgi *conn)
{
    if (!conn->is_open)
        return;
    conn->is_open = false;
    close(conn->fd);
}
