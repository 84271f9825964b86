/* Every file that lies on disk, and what is beside it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "colloquy/files.h"

enum { FOLDER_DIGITS = 2, NAME_DIGITS = 2 * SHA256_BYTES - FOLDER_DIGITS, OLD_MS = 60 * 60 * 1000 };

struct walk {
    file_entry_fn *fn;
    void *arg;
};

/* n lower-case digits. */
static bool are_digits(const char *text, size_t n)
{
    return strspn(text, "0123456789abcdef") >= n;
}

/* The hash that a folder and a name in it stand for. */
static bool read_hash(const char *folder, const char *name, uint8_t hash[SHA256_BYTES])
{
    char hex[2 * SHA256_BYTES + 1];

    if (!are_digits(name, NAME_DIGITS) || (name[NAME_DIGITS] && name[NAME_DIGITS] != '.'))
        return false;
    snprintf(hex, sizeof(hex), "%.*s%.*s", FOLDER_DIGITS, folder, NAME_DIGITS, name);
    for (size_t i = 0; i < SHA256_BYTES; i++)
        hash[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return true;
}

/* One that has gone meanwhile is none. */
static enum cq_status look_at(struct cq_ctx *ctx, const struct walk *walk, int dir, const char *folder,
                              const char *name)
{
    struct file_entry entry;
    struct stat s;

    if (!read_hash(folder, name, entry.hash) || fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) || !S_ISREG(s.st_mode))
        return CQ_OK;
    entry.suffix = name + NAME_DIGITS;
    entry.size = (uint64_t)s.st_size;
    entry.is_old = clock_unix_ms() - (int64_t)s.st_mtime * 1000 > OLD_MS;
    entry.is_unfinished = strstr(entry.suffix, ".new-") != NULL;
    return walk->fn(ctx, walk->arg, &entry);
}

typedef enum cq_status visit_fn(struct cq_ctx *ctx, const struct walk *walk, int dir, const char *folder,
                                const char *name);

/* Takes fd, whose folder is called folder. */
static enum cq_status visit_all(struct cq_ctx *ctx, const struct walk *walk, int fd, const char *folder,
                                visit_fn *visit)
{
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    enum cq_status st = CQ_OK;
    struct dirent *entry;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return cq_fail(ctx, CQ_BUSY, "files: the folder %s cannot be read: %s", folder, strerror(errno));
    }
    while (!st && (errno = 0, entry = readdir(dir)))
        st = visit(ctx, walk, dirfd(dir), folder, entry->d_name);
    if (!st && errno)
        st = cq_fail(ctx, CQ_BUSY, "files: the folder %s cannot be read: %s", folder, strerror(errno));
    closedir(dir);
    return st;
}

static enum cq_status visit_folder(struct cq_ctx *ctx, const struct walk *walk, int dir, const char *folder,
                                   const char *name)
{
    (void)folder;
    if (!are_digits(name, FOLDER_DIGITS) || name[FOLDER_DIGITS])
        return CQ_OK;
    return visit_all(ctx, walk, openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), name, look_at);
}

enum cq_status file_walk(struct cq_ctx *ctx, const struct config *config, file_entry_fn *fn, void *arg)
{
    const struct walk walk = {.fn = fn, .arg = arg};
    int fd = open(config->files.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT) /* nobody has uploaded anything yet */
        return CQ_OK;
    return visit_all(ctx, &walk, fd, config->files.directory, visit_folder);
}

enum cq_status file_entry_remove(struct cq_ctx *ctx, const struct config *config, const struct file_entry *entry)
{
    char path[FILE_PATH_BYTES];

    file_path(entry->hash, path);
    const char *full = arena_printf(ctx->arena, "%s/%s%s", config->files.directory, path, entry->suffix);

    if (!full)
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for a name");
    if (unlink(full) && errno != ENOENT)
        return cq_fail(ctx, CQ_BUSY, "files: cannot remove %s: %s", path, strerror(errno));
    return CQ_OK;
}
