/*
 * Orphans: turns whose worker died while it held them.
 *
 * The master, which sees the death but never touches the database, notes here whose turns they are; whichever worker
 * comes by first settles them. A worker that dies over it gives its claim back through the master. Leases are the net
 * below all this: what finds no room here waits for them.
 */
#ifndef SERVER_ORPHANS_H
#define SERVER_ORPHANS_H

#include <stdatomic.h>

#include "colloquy/store.h"

enum { ORPHANS_MAX = 64, OWNER_BYTES = 128 };

struct orphans {
    _Atomic size_t n; /* entries that have ever been used: the rest need no look */
    struct {
        _Atomic int state; /* 0: free; -1: waiting for somebody; else the process that has claimed it */
        char owners[OWNER_BYTES], but[OWNER_BYTES];
    } entries[ORPHANS_MAX];
};

/* By the master alone. Patterns as store_turns_settle() takes them. */
void orphans_add(struct orphans *orphans, const char *owners, const char *but);

/* By the master alone: a process is dead, and whatever it had claimed is anybody's again. */
void orphans_release(struct orphans *orphans, int pid);

/* Whether there is anything to settle. */
bool orphans_are_waiting(const struct orphans *orphans);

/* Settle what nobody has claimed yet. Gives the number of turns that were settled. */
uint64_t orphans_settle(struct orphans *orphans, struct cq_ctx *ctx, struct db *db);

#endif
