/*
 * A library that is loaded before all others into the server and its database, where it lets calls fail on command.
 *
 * quickstart passes LD_PRELOAD on to whatever it runs; only in these two programs does the shim do anything. What it is
 * told stands in a file that is mapped at the start (shim.h).
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

#define SHOWN __attribute__((visibility("default")))

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static struct shim_control nothing;
static struct shim_control *control = &nothing;
static bool is_server; /* not the database */
static bool is_forked; /* a worker, or one that tries a new config */
static _Atomic uint32_t n_mallocs;

/* ---- start ---- */

static void on_fork(void)
{
    is_forked = true;
    if (!is_server || !control->births_fail)
        return;
    control->n_births_failed++;
    kill(getpid(), SIGKILL);
}

__attribute__((constructor)) static void start(void)
{
    const char *name = program_invocation_short_name, *path = getenv("FAULTS_SHIM");

    if (!path || (strcmp(name, "colloquy") != 0 && strcmp(name, "mariadbd") != 0))
        return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (fd >= 0)
        close(fd);
    if (memory == MAP_FAILED)
        return;
    control = memory;
    is_server = strcmp(name, "colloquy") == 0;
    pthread_atfork(NULL, NULL, on_fork);
}

/* ---- the clock ---- */

SHOWN int clock_gettime(clockid_t clock, struct timespec *out)
{
    static int (*next)(clockid_t, struct timespec *);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    int result = next(clock, out);

    if (!result && is_server && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        out->tv_sec += control->clock_offset_s;
    return result;
}

SHOWN int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

SHOWN time_t time(time_t *out)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

/* ---- processes ---- */

SHOWN pid_t fork(void)
{
    static pid_t (*next)(void);

    if (control->fork_fails) {
        control->n_forks_failed++;
        errno = EAGAIN;
        return -1;
    }
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fork");
    return next();
}

/* ---- files ---- */

/*
 * InnoDB makes room for its pages by these before it writes them; what is there already is written as ever. Only tables
 * of ours find none: a server that cannot make room for its own undo log ends itself, which is another fault.
 */
static bool is_full(int fd)
{
    char link[64], path[PATH_MAX];

    if (!control->disk_full)
        return false;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof(path) - 1);

    path[len > 0 ? len : 0] = '\0';
    if (!strstr(path, "/colloquy/"))
        return false;
    control->n_disk_full++;
    return true;
}

SHOWN int posix_fallocate(int fd, off_t offset, off_t len)
{
    static int (*next)(int, off_t, off_t);

    if (is_full(fd))
        return ENOSPC;
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "posix_fallocate");
    return next(fd, offset, len);
}

SHOWN int posix_fallocate64(int fd, off64_t offset, off64_t len)
{
    return posix_fallocate(fd, offset, len);
}

SHOWN int fallocate(int fd, int mode, off_t offset, off_t len)
{
    static int (*next)(int, int, off_t, off_t);

    if (is_full(fd)) {
        errno = ENOSPC;
        return -1;
    }
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "fallocate");
    return next(fd, mode, offset, len);
}

SHOWN int fallocate64(int fd, int mode, off64_t offset, off64_t len)
{
    return fallocate(fd, mode, offset, len);
}

/* ---- memory ---- */

static bool is_refused(void)
{
    uint32_t every = is_server && is_forked ? control->malloc_every : 0;

    if (!every || ++n_mallocs % every)
        return false;
    control->n_mallocs_failed++;
    errno = ENOMEM;
    return true;
}

SHOWN void *malloc(size_t size)
{
    return is_refused() ? NULL : __libc_malloc(size);
}

SHOWN void *calloc(size_t n, size_t size)
{
    return is_refused() ? NULL : __libc_calloc(n, size);
}

SHOWN void *realloc(void *old, size_t size)
{
    return is_refused() ? NULL : __libc_realloc(old, size);
}

/* json-c looks into the copy of a key whether there is one or not. Nobody but it could mend that: it is let off. */
static bool is_json_c(const void *caller)
{
    Dl_info info;

    return control->malloc_every && dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libjson-c");
}

SHOWN char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = !is_json_c(__builtin_return_address(0)) && is_refused() ? NULL : __libc_malloc(size);

    return copy ? memcpy(copy, text, size) : NULL;
}
