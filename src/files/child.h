/* The program colloquy-extract, run on one file. */
#ifndef FILES_CHILD_H
#define FILES_CHILD_H

#include "colloquy/files.h"

struct child_ask {
    const char *command, *argument; /* see colloquy/extract.h */
    int fd;                         /* the file */
    uint32_t cpu_s, wall_ms;        /* limits */
};

enum child_end {
    CHILD_DONE,    /* it has said all it had to say, or no less than that */
    CHILD_LIMITED, /* it was killed at a limit */
    CHILD_CRASHED,
};

/*
 * Run it until it ends, or is killed since it takes or says too much. said: a buffer whose maximum is how much it may say. CQ_BUSY:
 * it could not be started, or could not begin.
 */
enum cq_status child_run(struct cq_ctx *ctx, const struct child_ask *ask, struct buf *said,
                         enum child_end *end) MUST_USE;

#endif
