/* Bytes to and from descriptors, as several files of this room need them. */
#ifndef FILES_BYTES_H
#define FILES_BYTES_H

#include "colloquy/files.h"

/* False: not all of it could be written, as errno says. */
bool bytes_write(int fd, const void *data, size_t len);

/* The first len bytes (at least 1) of what fd is, mapped until the arena of ctx is reset. CQ_BUSY: it cannot be mapped. */
enum cq_status bytes_map(struct cq_ctx *ctx, int fd, size_t len, const void **data) MUST_USE;

#endif
