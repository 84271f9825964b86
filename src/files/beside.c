/* Files beside documents' files. */
#include "files/beside.h"
#include "files/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0600, NEW_NAME_BYTES = FILE_PATH_BYTES + BESIDE_WHAT_BYTES + 32 };

/* The name of what lies beside it, below the directory. */
static void name_of(const uint8_t hash[SHA256_BYTES], const char *what, char out[NEW_NAME_BYTES])
{
    char path[FILE_PATH_BYTES];

    file_path(hash, path);
    snprintf(out, NEW_NAME_BYTES, "%s.%s", path, what);
}

static int open_directory(const struct config *config)
{
    return open(config->files.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---- writing ---- */

static bool write_parts(int directory, const char *name, const struct part *parts, size_t n)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    bool is_written = fd >= 0;

    for (size_t i = 0; i < n && is_written; i++)
        is_written = bytes_write(fd, parts[i].data, parts[i].len);
    is_written = is_written && fsync(fd) == 0;
    if (fd >= 0 && close(fd))
        is_written = false;
    return is_written;
}

/* The folder too, so that the new name is there after a crash. */
static bool sync_folder(int directory, const char *name)
{
    char folder[3] = {name[0], name[1], '\0'};
    int fd = openat(directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return is_synced;
}

enum cq_status beside_write(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                            const char *what, const struct part *parts, size_t n)
{
    char name[NEW_NAME_BYTES], new_name[NEW_NAME_BYTES + 24];
    int directory = open_directory(config);
    enum cq_status st = CQ_OK;
    uint64_t random;

    if (directory < 0)
        return cq_fail(ctx, CQ_BUSY, "files: no directory: %s", strerror(errno));
    random_bytes(&random, sizeof(random));
    name_of(hash, what, name);
    snprintf(new_name, sizeof(new_name), "%s.new-%016llx", name, (unsigned long long)random);
    if (!write_parts(directory, new_name, parts, n) || renameat(directory, new_name, directory, name) ||
        !sync_folder(directory, name)) {
        st = cq_fail(ctx, CQ_BUSY, "files: cannot write %s: %s", name, strerror(errno));
        unlinkat(directory, new_name, 0);
    }
    if (!st && !file_is_there(config, hash)) /* removed meanwhile; what is beside it goes with it */
        unlinkat(directory, name, 0);
    close(directory);
    return st;
}

/* ---- reading ---- */

/* -1: it is not there. */
static int open_it(const struct config *config, const uint8_t hash[SHA256_BYTES], const char *what, uint64_t *bytes)
{
    char name[NEW_NAME_BYTES];
    int directory = open_directory(config), fd;
    struct stat stat;

    if (directory < 0)
        return -1;
    name_of(hash, what, name);
    fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    close(directory);
    if (fd >= 0 && (fstat(fd, &stat) || !S_ISREG(stat.st_mode))) {
        close(fd);
        return -1;
    }
    if (fd >= 0)
        *bytes = (uint64_t)stat.st_size;
    return fd;
}

enum cq_status beside_map(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                          const char *what, const void **data, size_t *len)
{
    uint64_t bytes = 0;
    int fd = open_it(config, hash, what, &bytes);

    if (fd < 0)
        return cq_fail(ctx, CQ_SOURCE_GONE, "files: no %s of a file", what);
    enum cq_status st = bytes ? bytes_map(ctx, fd, (size_t)bytes, data)
                              : cq_fail(ctx, CQ_SOURCE_GONE, "files: the %s of a file are empty", what);

    close(fd);
    if (!st)
        *len = (size_t)bytes;
    return st;
}

bool beside_head(const struct config *config, const uint8_t hash[SHA256_BYTES], const char *what, void *data,
                 size_t len, uint64_t *file_bytes)
{
    int fd = open_it(config, hash, what, file_bytes);
    bool is_read = fd >= 0 && pread(fd, data, len, 0) == (ssize_t)len;

    if (fd >= 0)
        close(fd);
    return is_read;
}
