/*
 * Names of those who own leases: place:start of the master:slot:generation:process.
 *
 * A place is where one master at a time can be: a host and a run folder, whose pid file is locked. So whoever has
 * another start in the same place is dead.
 */
#ifndef SERVER_OWNER_H
#define SERVER_OWNER_H

#include "server/orphans.h"

enum { PLACE_BYTES = 80 };

struct owner_master {
    char place[PLACE_BYTES];
    int64_t started_ms; /* since 1970 */
};

/* A master that starts now. */
void owner_init(struct owner_master *master, const char *run_dir);

/* A worker. The process tells it from the one before it in the same slot. */
void owner_name(const struct owner_master *master, int slot, int generation, int pid, char out[OWNER_BYTES]);

/* Patterns of LIKE for all owners of the same place but the master's own. */
void owner_predecessors(const struct owner_master *master, char owners[OWNER_BYTES], char but[OWNER_BYTES]);

#endif
