/*
 * What all processes of a host have counted together since their master started, in the scoreboard's shared memory.
 *
 * Every number is atomic by itself and only ever grows; a worker that dies takes nothing with it. What a reader sees
 * may be torn between numbers, never within one.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include <stdatomic.h>

#include "colloquy/api.h"

enum {
    METRICS_MAX_ROUTES = 128,  /* rows of the route table that are told apart */
    METRICS_MAX_STATUSES = 40, /* kinds of HTTP status, the last one for all that are not listed */
    METRICS_BOUNDS = 17,
};

struct histogram {
    _Atomic uint64_t buckets[METRICS_BOUNDS + 1]; /* the last one is beyond all bounds */
    _Atomic uint64_t sum_us;
};

/* Why a worker had to be followed by another. */
enum end_cause { END_KILLED, END_FAILED, END_RECYCLED, END_RELOADED, END_CAUSE_COUNT };

struct metrics {
    _Atomic uint64_t requests[METRICS_MAX_ROUTES + 1][METRICS_MAX_STATUSES];
    struct histogram request_time[POOL_COUNT];
    _Atomic uint64_t turns[CQ_STATUS_COUNT]; /* by what became of them; CQ_OK: complete */
    _Atomic uint64_t turns_orphaned;         /* settled after their worker had died */
    _Atomic uint64_t model_calls[CQ_STATUS_COUNT];
    struct histogram model_time, first_text_time;
    _Atomic uint64_t model_retries, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, price_nano;
    _Atomic uint64_t retrievals[2]; /* that have failed, and that were answered */
    _Atomic uint64_t documents[2];  /* whose extraction has failed, and that can be retrieved from */
    _Atomic uint64_t round_trips, database_wait_us, database_connects, database_reruns;
    _Atomic uint64_t respawns[POOL_COUNT][END_CAUSE_COUNT];
    _Atomic uint64_t reloads, reloads_refused;
};

void metrics_note_request(struct metrics *metrics, enum pool pool, const struct request *req, int64_t took_us);
void metrics_note_retrieval(struct metrics *metrics, bool is_answered); /* as the turn sees it that waited */
void metrics_note_search(struct metrics *metrics, int64_t took_us);     /* as the documents' process sees it */
void metrics_note_document(struct metrics *metrics, bool is_searchable);
void metrics_note_model(struct metrics *metrics, const struct llm_effort *effort);

/* Moves what the connection has cost since the last time. */
void metrics_note_db(struct metrics *metrics, struct db *db);

/* ---- for whoever writes them out ---- */

/* The HTTP status of a column of requests[]; 0: any other. Columns below metrics_status_count() are in use. */
unsigned metrics_status(size_t column);
size_t metrics_status_count(void);

extern const uint32_t metrics_bounds_us[METRICS_BOUNDS];

#endif
