/* Bodies on disk: written piece by piece as they come, mapped once they are whole. */
#include "server/body_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where the file system knows no files without a name, one whose name is removed at once. */
static int open_in(const char *folder)
{
    char path[PATH_MAX];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return fd;
    int n = snprintf(path, sizeof(path), "%s/.body-XXXXXX", folder);

    if (n < 0 || (size_t)n >= sizeof(path))
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int body_file_open(const struct config *config)
{
    const char *const folders[] = {config->files.directory, config->server.state_dir};
    int fd = -1;

    for (size_t i = 0; fd < 0 && i < LEN(folders); i++)
        if (folders[i])
            fd = open_in(folders[i]);
    if (fd < 0)
        log_warn("a request's body cannot be kept in %s: %s", config->files.directory, strerror(errno));
    return fd;
}

bool body_file_write(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            log_warn("a request's body cannot be kept: %s", strerror(errno));
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

struct mapping {
    void *at;
    size_t len;
};

static void unmap(void *arg)
{
    struct mapping *mapping = arg;

    munmap(mapping->at, mapping->len);
}

/* Owned by the arena from now on. */
static const char *keep(struct arena *arena, void *at, size_t len)
{
    struct mapping *mapping = arena_alloc(arena, sizeof(*mapping));

    if (mapping) {
        *mapping = (struct mapping){at, len};
        if (!arena_cleanup(arena, unmap, mapping))
            return at;
    }
    munmap(at, len);
    return NULL;
}

const char *body_file_map(struct arena *arena, int fd, size_t len)
{
    /* The file is made one byte longer, a NUL: behind its end there is nothing to be read. */
    bool is_ended = ftruncate(fd, (off_t)len + 1) == 0;
    void *at = is_ended ? mmap(NULL, len + 1, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (at == MAP_FAILED)
        log_warn("a request's body cannot be mapped: %s", strerror(errno));
    close(fd);
    return at == MAP_FAILED ? NULL : keep(arena, at, len + 1);
}
