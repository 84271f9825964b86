/* Pid files: who runs here, and a lock that ends with its holder, however that ends. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/master.h"

enum { PATH_BYTES = 4096 };

static const struct {
    const char *file, *who;
} names[] = {
    [PID_FILE_MASTER] = {"colloquy.pid", "master"},
    [PID_FILE_SUPERVISOR] = {"supervisor.pid", "supervisor"},
};

static bool path_of(const struct config *config, enum pid_file which, char path[PATH_BYTES])
{
    return snprintf(path, PATH_BYTES, "%s/%s", config->server.run_dir, names[which].file) < PATH_BYTES;
}

static int fail(const char *path, int fd)
{
    log_error("cannot write %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Whoever had it before may have removed it between our opening and our locking: what we hold is no file any more. */
static bool is_at(const char *path, int fd)
{
    struct stat ours, there;

    return !fstat(fd, &ours) && !stat(path, &there) && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

int pid_file_open(const struct config *config, enum pid_file which)
{
    char path[PATH_BYTES], text[32];
    int fd = -1;

    errno = ENAMETOOLONG;
    if (path_of(config, which, path))
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(path, fd);
    if (flock(fd, LOCK_EX | LOCK_NB) || !is_at(path, fd)) {
        log_error("another %s runs: it holds %s", names[which].who, path);
        close(fd);
        return -1;
    }
    int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

    return ftruncate(fd, 0) || write(fd, text, (size_t)n) != n ? fail(path, fd) : fd;
}

bool pid_file_is_free(const struct config *config, enum pid_file which)
{
    char path[PATH_BYTES];
    int fd = path_of(config, which, path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0)
        return true;
    bool is_held = flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK;

    if (is_held)
        log_error("a %s runs: it holds %s", names[which].who, path);
    close(fd);
    return !is_held;
}

void pid_file_remove(const struct config *config, enum pid_file which)
{
    char path[PATH_BYTES];

    if (path_of(config, which, path))
        unlink(path);
}
