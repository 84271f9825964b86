/* A folder of files for a test, removed when the context is used for the next. */
#ifndef TESTS_FILES_FOLDER_H
#define TESTS_FILES_FOLDER_H

#include "colloquy/files.h"

/* One that is not made yet, below a folder of our own. */
struct config folder_config(struct cq_ctx *ctx);

/* The path of something below it; of a file, with what is put behind its name. In the context's arena. */
const char *folder_path(struct cq_ctx *ctx, const struct config *config, const char *name);
const char *folder_file(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                        const char *suffix);

/* What file_put() comes to in a process that cannot write more than so many bytes to a file. */
enum cq_status folder_write_within(const struct config *config, const void *data, size_t len, size_t max_bytes);

#endif
