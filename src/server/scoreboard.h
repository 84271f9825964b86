/*
 * The scoreboard: what the processes know of each other, in memory that they share.
 *
 * A slot is written by the process that holds it and read by all; each field is atomic by itself, so that a process
 * that dies in the middle never blocks another. Times are on clock_mono_ms(), which all processes of a host share.
 */
#ifndef SERVER_SCOREBOARD_H
#define SERVER_SCOREBOARD_H

#include <stdatomic.h>
#include <sys/types.h>

#include "colloquy/api.h"

enum { SCOREBOARD_SLOTS = 1024 }; /* fixed: pages never touched cost nothing */

enum slot_state { SLOT_FREE, SLOT_STARTING, SLOT_READY, SLOT_DRAINING };

struct slot {
    _Atomic int state; /* enum slot_state */
    _Atomic int pid, pool, generation;
    _Atomic unsigned places, busy;
    _Atomic uint64_t requests;
};

struct scoreboard {
    _Atomic int64_t db_answered_ms;       /* when the database last answered anybody */
    _Atomic int64_t db_check_ms;          /* when a worker last began to look whether it answers */
    _Atomic bool is_db_checked;           /* that look has ended */
    _Atomic unsigned workers[POOL_COUNT]; /* as configured */
    struct slot slots[SCOREBOARD_SLOTS];
};

/* Shared with every process forked later. NULL when memory is short. */
struct scoreboard *scoreboard_create(void);

/* A free slot taken for a worker about to be forked; NULL when all are taken. Only the master calls it. */
struct slot *scoreboard_take(struct scoreboard *board, enum pool pool, int generation);

/* Places that ready workers of the pool have free. */
unsigned scoreboard_free_places(struct scoreboard *board, enum pool pool);

void scoreboard_note_db(struct scoreboard *board, const struct db *db);

/*
 * Whether it is this worker's turn to ask the database for a sign of life: nobody heard from it, or asked, for a
 * second.
 */
bool scoreboard_claim_db_check(struct scoreboard *board);
void scoreboard_end_db_check(struct scoreboard *board);

void scoreboard_health(struct scoreboard *board, struct health *out);

#endif
