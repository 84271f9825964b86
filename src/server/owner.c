/* Naming owners of leases. */
#include "server/owner.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Appends the beginning of a small file, if it can be read. */
static void append_file(struct buf *out, const char *path)
{
    char text[64];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));

    if (n > 0)
        buf_append(out, text, (size_t)n);
    if (fd >= 0)
        close(fd);
}

/*
 * The host by its name, for people; and a hash of the run folder and of what tells it from another of that path on a host
 * of that name: the machine's id for clones, the folder's own for containers. What has a meaning in a pattern of LIKE
 * is left out.
 */
void owner_init(struct owner_master *master, const char *run_dir)
{
    char host[65] = "";
    uint8_t hash[SHA256_BYTES];
    struct buf rest;
    struct stat folder;

    gethostname(host, sizeof(host) - 1);
    for (char *c = host; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '.')
            *c = '-';
    buf_init(&rest, 8192);
    buf_str(&rest, run_dir);
    append_file(&rest, "/etc/machine-id");
    if (stat(run_dir, &folder) == 0)
        buf_printf(&rest, ":%llu:%llu", (unsigned long long)folder.st_dev, (unsigned long long)folder.st_ino);
    if (!sha256(rest.data, rest.len, hash))
        random_bytes(hash, sizeof(hash));
    buf_release(&rest);
    master->started_ms = clock_unix_ms();
    snprintf(master->place, sizeof(master->place), "%s-%02x%02x%02x%02x", host, hash[0], hash[1], hash[2], hash[3]);
}

void owner_name(const struct owner_master *master, int slot, int generation, int pid, char out[OWNER_BYTES])
{
    snprintf(out, OWNER_BYTES, "%s:%lld:%d:%d:%d", master->place, (long long)master->started_ms, slot, generation, pid);
}

void owner_predecessors(const struct owner_master *master, char owners[OWNER_BYTES], char but[OWNER_BYTES])
{
    snprintf(owners, OWNER_BYTES, "%s:%%", master->place);
    snprintf(but, OWNER_BYTES, "%s:%lld:%%", master->place, (long long)master->started_ms);
}
