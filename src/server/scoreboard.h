/*
 * The scoreboard: what the processes know of each other, in memory that they share.
 *
 * A slot is written by the process that holds it and read by all; each field is atomic by itself, so that a process
 * that dies in the middle never blocks another. Times are on clock_mono_ms(), which all processes of a host share.
 */
#ifndef SERVER_SCOREBOARD_H
#define SERVER_SCOREBOARD_H

#include <sys/types.h>

#include "server/metrics.h"
#include "server/orphans.h"

enum { SCOREBOARD_SLOTS = 1024 }; /* fixed: pages never touched cost nothing */

enum slot_state { SLOT_FREE, SLOT_STARTING, SLOT_READY, SLOT_DRAINING };

struct slot {
    _Atomic int state; /* enum slot_state */
    _Atomic int pid, pool, generation;
    _Atomic unsigned places, busy;
    _Atomic uint64_t requests;
    _Atomic int64_t taken_ms; /* when its worker was about to be forked */
};

struct scoreboard {
    _Atomic int master_pid, generation;
    int64_t started_ms, started_mono_ms;  /* the master's start, since 1970 and on clock_mono_ms() */
    _Atomic int64_t db_answered_ms;       /* when the database last answered anybody */
    _Atomic int64_t db_lost_ms;           /* since when it does not; 0: it does */
    _Atomic int64_t db_check_ms;          /* when a worker last began to look whether it answers */
    _Atomic bool is_db_checked;           /* that look has ended */
    _Atomic unsigned workers[POOL_COUNT]; /* as configured */
    _Atomic size_t n_slots;               /* slots that have ever been taken: the rest need no look */
    struct orphans orphans;
    struct metrics metrics;
    struct llm_breakers breakers;
    struct slot slots[SCOREBOARD_SLOTS];
};

/* Shared with every process forked later. NULL when memory is short. */
struct scoreboard *scoreboard_create(void);

/* A free slot taken for a worker about to be forked; NULL when all are taken. Only the master calls it. */
struct slot *scoreboard_take(struct scoreboard *board, enum pool pool, int generation);

/* Places that ready workers of the pool have free. */
unsigned scoreboard_free_places(struct scoreboard *board, enum pool pool);

/* Have the llm workers of this host look for turns that are to be stopped. */
void scoreboard_tell_of_stops(struct scoreboard *board);

/* Have the documents' process of this host look for those that wait. */
void scoreboard_tell_of_documents(struct scoreboard *board);

/* After whatever used the connection: when the database answered, and what it cost. */
void scoreboard_note_db(struct scoreboard *board, struct db *db);

/* Whether the database has answered lately. */
bool scoreboard_is_db_up(const struct scoreboard *board);

/*
 * Whether it is this worker's turn to ask the database for a sign of life: nobody heard from it, or asked, for a
 * second.
 */
bool scoreboard_claim_db_check(struct scoreboard *board);

/* error: why it did not answer; NULL: it did. That it goes is said in the log once, and once that it is back. */
void scoreboard_end_db_check(struct scoreboard *board, const char *error);

/* The three things that the ops pool shows. */
void scoreboard_health(struct scoreboard *board, struct health *out);
void scoreboard_write_metrics(struct scoreboard *board, struct buf *out);     /* metrics_text.c */
void scoreboard_write_status(struct scoreboard *board, struct json_out *out); /* status_json.c */

#endif
