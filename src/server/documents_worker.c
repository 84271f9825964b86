/* The documents' process: what computes, so that no other worker ever does. */
#include <poll.h>
#include <unistd.h>

#include "server/fastcgi.h"
#include "server/worker.h"

enum { WAIT_MS = 1000, PLACES = 128 };

/* Nothing is searched yet: whoever asks goes on without. */
static void turn_away(const struct worker *worker)
{
    int fd = fastcgi_accept(worker->listen_fd);

    if (fd >= 0)
        close(fd);
}

int documents_worker_run(struct worker *worker)
{
    unsigned told = 0;

    worker_is_ready(worker, PLACES);
    while (!(told & TOLD_TO_LEAVE)) {
        struct pollfd fds[] = {{.fd = worker->signal_fd, .events = POLLIN},
                               {.fd = worker->listen_fd, .events = POLLIN}};

        poll(fds, LEN(fds), WAIT_MS);
        told = worker_told(worker);
        if (fds[1].revents)
            turn_away(worker);
    }
    worker_is_leaving(worker);
    return 0;
}
