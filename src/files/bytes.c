/* Writing whole and mapping. */
#include "files/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool bytes_write(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

struct mapping {
    void *data;
    size_t len;
};

static void unmap(void *arg)
{
    const struct mapping *mapping = arg;

    munmap(mapping->data, mapping->len);
}

enum cq_status bytes_map(struct cq_ctx *ctx, int fd, size_t len, const void **data)
{
    struct mapping *mapping = arena_alloc(ctx->arena, sizeof(*mapping));

    if (!mapping)
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for a mapping");
    *mapping = (struct mapping){mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0), len};
    if (mapping->data == MAP_FAILED)
        return cq_fail(ctx, CQ_BUSY, "files: a file cannot be mapped: %s", strerror(errno));
    if (arena_cleanup(ctx->arena, unmap, mapping)) {
        unmap(mapping);
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for a mapping");
    }
    *data = mapping->data;
    return CQ_OK;
}
