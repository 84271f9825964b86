/* Processes that wait for FastCGI requests on one socket. */
#include "prefork.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { BACKLOG = 511 };

static void serve(int listen_fd, void *arg, prefork_answer_fn *answer)
{
    FCGX_Request request;

    FCGX_InitRequest(&request, listen_fd, 0);
    while (FCGX_Accept_r(&request) == 0) {
        answer(&request, arg);
        FCGX_Finish_r(&request);
    }
}

int prefork_run(const char *socket_path, unsigned n, void *(*start)(void), prefork_answer_fn *answer)
{
    int listen_fd = FCGX_Init() ? -1 : FCGX_OpenSocket(socket_path, BACKLOG);

    if (listen_fd < 0) {
        fprintf(stderr, "cannot listen on %s\n", socket_path);
        return 1;
    }
    signal(SIGTERM, SIG_DFL); /* libfcgi would only make a note of it */
    for (unsigned i = 0; i < n; i++) {
        if (fork() != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        void *arg = start();

        if (arg)
            serve(listen_fd, arg, answer);
        _exit(1);
    }
    for (;;)
        pause();
}
