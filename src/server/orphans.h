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
    _Atomic unsigned n; /* entries in use */
    struct {
        _Atomic bool is_used;
        _Atomic int claimed_by; /* process; 0: nobody */
        char owners[OWNER_BYTES], but[OWNER_BYTES];
    } entries[ORPHANS_MAX];
};

/* By the master alone. Patterns as store_turns_settle() takes them. */
void orphans_add(struct orphans *orphans, const char *owners, const char *but);

/* By the master alone: a process is dead, and whatever it had claimed is anybody's again. */
void orphans_release(struct orphans *orphans, int pid);

/* Settle what nobody has claimed yet. Gives the number of turns that were settled; costs one look when there are none. */
uint64_t orphans_settle(struct orphans *orphans, struct cq_ctx *ctx, struct db *db);

#endif
