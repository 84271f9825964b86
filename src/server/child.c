/* From a fork of the master to a worker. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "server/master.h"

/*
 * SIGTERM asks to drain, SIGUSR1 to look at the database for what concerns the worker; each is read from a descriptor, so
 * that it cannot fall between a test and a wait. The rest is the master's.
 */
static int open_signals(void)
{
    sigset_t all, told;

    signal(SIGPIPE, SIG_IGN);
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&told);
    sigaddset(&told, SIGTERM);
    sigaddset(&told, SIGUSR1);
    return signalfd(-1, &told, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run(struct worker *worker)
{
    switch (worker->pool) {
    case POOL_LLM:
        return llm_worker_run(worker);
    case POOL_DOCUMENTS:
        return documents_worker_run(worker);
    default:
        return sync_worker_run(worker);
    }
}

_Noreturn void child_main(struct worker *worker, pid_t master_pid)
{
    char name[32];

    /*
     * A worker never outlives its master: the kernel kills it then, and this one looked in case it was too late to
     * ask.
     */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != master_pid)
        _exit(1);
    snprintf(name, sizeof(name), "colloquy: %s", pool_name(worker->pool));
    prctl(PR_SET_NAME, name);
    log_set_name(pool_name(worker->pool));
    worker->slot->pid = getpid();
    worker->signal_fd = open_signals();
    _exit(worker->signal_fd < 0 ? 1 : run(worker));
}
