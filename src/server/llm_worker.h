/*
 * The worker that holds many turns at once: one loop, in which nothing blocks.
 *
 * Each accepted request has a place. What must wait for the database is a job of the place, run by a store thread;
 * what waits for the model or for the client is the loop's. While a job has the place, the loop leaves its request
 * alone.
 *
 *   BEGIN   a job reads the request, checks it and stores the turn     → RETRIEVE or ASK, or ANSWER when it is answered already
 *   RETRIEVE  the documents' process looks for what documents say; it is waited for no longer than asking->retrieval_ms → ASK
 *   ASK     the model replies; pieces are passed on; the lease renewed → END
 *   END     a job stores what came; again later while the database is away → ANSWER, or ASK once more
 *   ANSWER  what is left is sent, and the place is free
 *
 * llm_worker.c is the loop, llm_place.c the life of one place, llm_stops.c what readers want no more of.
 */
#ifndef SERVER_LLM_WORKER_H
#define SERVER_LLM_WORKER_H

#include <poll.h>

#include "server/fastcgi.h"
#include "server/jobs.h"
#include "server/retrieval_call.h"
#include "server/worker.h"

enum stage { STAGE_FREE, STAGE_BEGIN, STAGE_RETRIEVE, STAGE_ASK, STAGE_END, STAGE_ANSWER };

struct place {
    struct job job; /* first: a job that comes back is its place */
    struct llm_worker *worker;
    enum stage stage;
    bool has_job;
    bool is_drained; /* all output had gone out when the job was added: the loop may send a comment of its own */
    int fd;          /* accepted, until it is read */
    struct fastcgi conn;
    struct request req;
    struct asking *asking; /* NULL: nothing is asked */
    struct retrieval_call retrieval;
    struct place_call {
        struct place *place;
        struct llm_call *call; /* NULL: not under way */
    } calls[ENGINE_MAX_ASKS];
    int64_t began_us;                                /* on clock_mono_us() */
    int64_t sent_ms, renew_ms, give_up_ms, again_ms; /* on clock_mono_ms(); again_ms 0: no job is due */
    int64_t rest_ms;                                 /* when what else was asked is waited for no longer; 0: not yet */
    int64_t optional_ms;                             /* the same of what is optional, once nothing else is asked */
    enum cq_status read;                             /* what reading the request gave */
    enum api_end end;                                /* what storing the end gave */
    enum cq_status outcome;                          /* of the request, once that is stored */
};

/* Turns that are to be stopped: what the database says of them, asked by a job. */
enum { STOPS_A_LOOK = 64 };
struct stops {
    struct job job; /* first */
    const char *owner;
    bool is_looking, is_wanted; /* a look is under way; another one is wanted */
    int64_t again_ms;           /* on clock_mono_ms(), when a turn that was found is not to be stopped yet; 0: none */
    uint64_t ids[STOPS_A_LOOK];
    size_t n;
};

struct llm_worker {
    struct worker *worker;
    struct llm_loop *loop;
    struct jobs *jobs;
    size_t n_places, n_busy;
    size_t n_usable; /* places that there are descriptors for, at most n_places */
    struct place *places;
    struct stops stops;
    bool is_stopping;
    int64_t accept_ms; /* not before */
    int64_t said_full_ms, said_unretrieved_ms;
};

/* Of the place's arena, and of one for a request that gets none. */
enum { PLACE_ARENA_BLOCK_BYTES = 8 * 1024, PLACE_ARENA_MAX_BYTES = 512 << 20 };

/* Take a free place for the request that fd was accepted for, and begin. False: no memory; fd is still the caller's. */
bool place_open(struct llm_worker *worker, int fd) MUST_USE;

/* The place's job has come back. */
void place_take_back(struct place *place);

/* Send what can be sent, and see whether a time has come; in each round of the loop. */
void place_tend(struct place *place, int64_t now_ms);

/*
 * What the loop is to wait for at a descriptor of the place: room for what there is to send, or the documents' process,
 * before which little is sent. False: nothing.
 */
bool place_waits(const struct place *place, struct pollfd *out);

/* On clock_mono_ms(): when it wants to be tended, besides when its descriptor is ready; INT64_MAX: whenever others do. */
int64_t place_next_ms(const struct place *place);

/* End the reply of the place's turn with what has come of it, unless it has ended. */
void place_stop(struct place *place);

/* ---- llm_stops.c ---- */

/* Somebody wants a turn stopped that may be one of ours: have a job look. */
void stops_look(struct llm_worker *worker);

/* Whether the job is that look, which has come back: stop what it found. */
bool stops_take_back(struct llm_worker *worker, struct job *job);

/* In each round of the loop: look again, if it is time. */
void stops_tend(struct llm_worker *worker, int64_t now_ms);

#endif
