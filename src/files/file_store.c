/* Files on disk, each named by its content: what lies under a name never changes, and is whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "colloquy/files.h"
#include "files/bytes.h"

enum {
    FOLDER_DIGITS = 2,
    NAME_BYTES = FILE_PATH_BYTES - FOLDER_DIGITS - 1, /* within that folder, with its NUL */
    NEW_NAME_BYTES = NAME_BYTES + 5 + 16,             /* ".new-" and a random number */
    FILE_MODE = 0640,                                 /* the folder's group is nginx's, which serves them */
    FOLDER_MODE = 0750,
};

/* The two folders that a file is in; -1: not open. */
struct place {
    int root, folder;
    char path[FILE_PATH_BYTES];
    const char *name; /* within the folder */
};

void file_path(const uint8_t hash[SHA256_BYTES], char out[FILE_PATH_BYTES])
{
    char hex[2 * SHA256_BYTES + 1];

    hex_encode(hash, SHA256_BYTES, hex);
    snprintf(out, FILE_PATH_BYTES, "%.*s/%s", FOLDER_DIGITS, hex, hex + FOLDER_DIGITS);
}

static enum cq_status fail(struct cq_ctx *ctx, const struct place *place, const char *doing)
{
    return cq_fail(ctx, CQ_BUSY, "files: %s %s: %s", doing, place->path, strerror(errno));
}

/* ---- folders ---- */

/*
 * Set the mode by the mask and not afterwards: whoever changes the mode of a folder of a group that is not his own loses its
 * set-group-id bit, by which the group of what is in it is nginx's. The mask is the whole process's.
 */
static int make_folder(int at, const char *name)
{
    static pthread_mutex_t mask_lock = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&mask_lock);
    mode_t mask = umask(0777 & ~FOLDER_MODE);
    int made = mkdirat(at, name, FOLDER_MODE), error = errno;

    umask(mask);
    pthread_mutex_unlock(&mask_lock);
    errno = error;
    return made && error != EEXIST ? -1 : 0;
}

static int open_folder(int at, const char *name, bool is_made)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT && is_made && !make_folder(at, name))
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd;
}

static void place_close(struct place *place)
{
    if (place->folder >= 0)
        close(place->folder);
    if (place->root >= 0)
        close(place->root);
}

/* is_made: make what is missing. False: errno says why not; nothing is open. */
static bool place_open(struct place *place, const struct config *config, const uint8_t hash[SHA256_BYTES], bool is_made)
{
    char folder[FOLDER_DIGITS + 1];

    file_path(hash, place->path);
    place->name = place->path + FOLDER_DIGITS + 1;
    snprintf(folder, sizeof(folder), "%.*s", FOLDER_DIGITS, place->path);
    place->folder = -1;
    place->root = open_folder(AT_FDCWD, config->files.directory, is_made);
    if (place->root >= 0)
        place->folder = open_folder(place->root, folder, is_made);
    if (place->folder >= 0)
        return true;
    int error = errno;

    place_close(place);
    errno = error;
    return false;
}

/* ---- writing ---- */

static bool is_whole(const struct place *place, size_t len)
{
    struct stat s;

    return !fstatat(place->folder, place->name, &s, AT_SYMLINK_NOFOLLOW) && S_ISREG(s.st_mode) &&
           (uint64_t)s.st_size == len;
}

/* The mode is set without the mask; the group that the folder gives stays. */
static bool write_synced(int fd, const void *data, size_t len)
{
    return !fchmod(fd, FILE_MODE) && bytes_write(fd, data, len) && !fsync(fd);
}

/* Under another name first, so that nobody ever finds the beginning of a file. */
static enum cq_status write_new(struct cq_ctx *ctx, const struct place *place, const void *data, size_t len)
{
    char name[NEW_NAME_BYTES];
    uint64_t random;

    random_bytes(&random, sizeof(random));
    snprintf(name, sizeof(name), "%s.new-%016llx", place->name, (unsigned long long)random);
    int fd = openat(place->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);

    if (fd < 0)
        return fail(ctx, place, "cannot make");
    enum cq_status st = write_synced(fd, data, len) ? CQ_OK : fail(ctx, place, "cannot write");

    if (close(fd) && !st)
        st = fail(ctx, place, "cannot write");
    if (!st && renameat(place->folder, name, place->folder, place->name))
        st = fail(ctx, place, "cannot name");
    if (st)
        unlinkat(place->folder, name, 0);
    return st;
}

/* The folders too are synced even if the file is there: whoever put it there may not have come so far. */
enum cq_status file_put(struct cq_ctx *ctx, const struct config *config, const void *data, size_t len,
                        uint8_t hash[SHA256_BYTES])
{
    struct place place;
    uint8_t got[SHA256_BYTES];

    if (!sha256(data, len, got))
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for a hash");
    if (!place_open(&place, config, got, true))
        return fail(ctx, &place, "no folder for");
    enum cq_status st = is_whole(&place, len) ? CQ_OK : write_new(ctx, &place, data, len);

    if (!st && (fsync(place.folder) || fsync(place.root)))
        st = fail(ctx, &place, "cannot sync");
    place_close(&place);
    if (!st)
        memcpy(hash, got, SHA256_BYTES);
    return st;
}

/* ---- reading ---- */

static enum cq_status map_whole(struct cq_ctx *ctx, int fd, const void **data, size_t *len)
{
    struct stat s;

    if (fstat(fd, &s))
        return cq_fail(ctx, CQ_BUSY, "files: a file cannot be looked at");
    *len = (size_t)s.st_size;
    *data = "";
    return *len ? bytes_map(ctx, fd, *len, data) : CQ_OK; /* nothing cannot be mapped */
}

enum cq_status file_map(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                        const void **data, size_t *len)
{
    struct place place;
    int fd = -1;

    if (place_open(&place, config, hash, false)) {
        fd = openat(place.folder, place.name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        int error = errno;

        place_close(&place);
        errno = error;
    }
    if (fd < 0)
        return errno == ENOENT ? cq_fail(ctx, CQ_SOURCE_GONE, "files: %s is not there", place.path)
                               : fail(ctx, &place, "cannot open");
    enum cq_status st = map_whole(ctx, fd, data, len);

    close(fd);
    return st;
}

bool file_is_there(const struct config *config, const uint8_t hash[SHA256_BYTES])
{
    struct place place;

    if (!place_open(&place, config, hash, false))
        return false;
    bool is_there = !faccessat(place.folder, place.name, F_OK, 0);

    place_close(&place);
    return is_there;
}

/* ---- removing ---- */

/* The file, and what is kept beside it: its name, a dot and more. */
static bool is_of(const char *entry, const char *name)
{
    return str_starts(entry, name) && (entry[NAME_BYTES - 1] == '\0' || entry[NAME_BYTES - 1] == '.');
}

static enum cq_status remove_all(struct cq_ctx *ctx, const struct place *place, DIR *dir)
{
    enum cq_status st = CQ_OK;
    struct dirent *entry;

    while ((entry = readdir(dir)))
        if (is_of(entry->d_name, place->name) && unlinkat(place->folder, entry->d_name, 0) && errno != ENOENT)
            st = fail(ctx, place, "cannot remove");
    return st;
}

enum cq_status file_remove(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES])
{
    struct place place;

    if (!place_open(&place, config, hash, false))
        return errno == ENOENT ? CQ_OK : fail(ctx, &place, "cannot open the folder of");
    int fd = openat(place.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    enum cq_status st = dir ? remove_all(ctx, &place, dir) : fail(ctx, &place, "cannot list the folder of");

    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    place_close(&place);
    return st;
}
