/* One connection, seen from both sides: for the tests of fastcgi.c. */
#ifndef TESTS_SERVER_SCENE_H
#define TESTS_SERVER_SCENE_H

#include "records.h"
#include "server/fastcgi.h"
#include "unit.h"

enum { SMALL_BODY_MAX_BYTES = 1024, HANG_MS = 3000 };

/* Limits of a request's body: 1,024 bytes, and 32 MiB, without room on disk and with some. */
extern const struct config scene_small, scene_large, scene_full;

struct scene {
    int listener, client; /* client: -1 once it is closed */
    int fd;               /* accepted */
    int next_fd;          /* before anything was opened: nothing may be left open */
    struct fastcgi conn;
    struct request req;
    struct buf sent, got;
};

/* A connection that is accepted and not read yet. */
void scene_start(struct scene *s, const struct config *config);

void scene_close_client(struct scene *s);

/* The end, to be called when the server's side is closed: nothing may be left open. */
void scene_finish(struct scene *s);

#endif
