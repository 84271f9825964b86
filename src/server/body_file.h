/*
 * A body that is too large to be kept in memory: in a file without a name, which is gone with its last descriptor, whatever
 * becomes of the process.
 */
#ifndef SERVER_BODY_FILE_H
#define SERVER_BODY_FILE_H

#include "colloquy/base.h"

/* What is larger goes to a file. */
enum { BODY_IN_MEMORY_MAX_BYTES = 1 << 20 };

/* In files.directory, or in server.state_dir while that is not there. -1: there is no place for one, which is logged. */
int body_file_open(const struct config *config);

/* False: no room, or the disk does not work; logged. */
bool body_file_write(int fd, const void *data, size_t len);

/*
 * The len bytes that were written, with a NUL behind them, mapped until the arena is reset. Closes fd in any case. NULL: they
 * cannot be.
 */
const char *body_file_map(struct arena *arena, int fd, size_t len);

#endif
