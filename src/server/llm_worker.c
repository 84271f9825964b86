/* The loop of an llm worker: accepting, waiting, and taking its places round by round. */
#include "server/llm_worker.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    ACCEPTS_A_ROUND = 32,
    /* nginx's, the reply's and the assessment's, or before them the documents'; few turns have a summary made beside */
    TURN_DESCRIPTORS = 3,
    OWN_DESCRIPTORS = 38, /* of a worker without turns and store threads, and some to spare */
    SHORT_PAUSE_MS = 50,  /* no descriptor for another connection */
    SAY_FULL_EVERY_MS = 1000,
    REFUSE_FOR_MS = 100,  /* nginx sends a request at once; whoever does not cannot hold the loop up */
    FULL_RECHECK_MS = 20, /* all places taken: how often to see whether other workers have some */
    WAIT_MS = 1000,
};

static void note_db(void *board, struct db *db)
{
    scoreboard_note_db(board, db);
}

static void note_model(void *board, const struct llm_effort *effort)
{
    metrics_note_model(&((struct scoreboard *)board)->metrics, effort);
}

/* ---- accepting ---- */

static bool is_full(const struct llm_worker *w)
{
    return w->n_busy >= w->n_usable;
}

/*
 * Without a descriptor for the model a turn would only fail later, and the limit may be changed while we run
 * (prlimit(1)): looked at whenever somebody comes.
 */
static void count_usable(struct llm_worker *w)
{
    struct rlimit limit;
    size_t n = w->n_places, own = OWN_DESCRIPTORS + w->worker->config->llm.store_threads;

    if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < own + TURN_DESCRIPTORS * n)
        n = limit.rlim_cur > own ? (limit.rlim_cur - own) / TURN_DESCRIPTORS : 0;
    if (n < w->n_usable)
        log_warn("%zu places for turns instead of %zu: RLIMIT_NOFILE is %llu", n, w->n_places,
                 (unsigned long long)limit.rlim_cur);
    w->n_usable = n;
    w->worker->slot->places = (unsigned)n;
}

/* Many are refused at once: the log says it once in a while, and each in its own line. */
static void log_refusal(struct llm_worker *w)
{
    int64_t now_ms = clock_mono_ms();

    if (now_ms - w->said_full_ms < SAY_FULL_EVERY_MS)
        return;
    w->said_full_ms = now_ms;
    log_warn("all places for turns are taken, %zu of them here: refusing", w->n_usable);
}

/* No worker of the pool has a place: say so at once. */
static void refuse(struct llm_worker *w, int fd)
{
    struct fastcgi conn;
    struct request req = {
        .ctx = {.arena = arena_create(PLACE_ARENA_BLOCK_BYTES, PLACE_ARENA_MAX_BYTES), .request_id = "-"},
        .config = w->worker->config};
    int64_t began_us = clock_mono_us();

    if (!req.ctx.arena) {
        close(fd);
        return;
    }
    if (!fastcgi_skim(&conn, fd, &req, REFUSE_FOR_MS)) {
        log_refusal(w);
        api_refuse(&req, CQ_BUSY);
        (void)fastcgi_answer(&conn, &req, 0);
        worker_note_request(w->worker, &req, began_us);
    }
    arena_destroy(req.ctx.arena);
}

static void accept_requests(struct llm_worker *w)
{
    count_usable(w);
    for (int i = 0; i < ACCEPTS_A_ROUND && !w->is_stopping; i++) {
        if (is_full(w) && scoreboard_free_places(w->worker->board, POOL_LLM))
            return; /* another worker takes it */
        int fd = fastcgi_accept(w->worker->listen_fd);

        if (fd < 0) {
            w->accept_ms = fastcgi_is_short() ? clock_mono_ms() + SHORT_PAUSE_MS : 0;
            return;
        }
        if (is_full(w) || !place_open(w, fd)) {
            refuse(w, fd);
            continue;
        }
        if (worker_count_request(w->worker))
            w->is_stopping = true;
    }
}

/* ---- the loop ---- */

static void take_back(struct llm_worker *w)
{
    struct job *next;

    for (struct job *job = jobs_done(w->jobs); job; job = next) {
        next = job->next;
        if (!stops_take_back(w, job))
            place_take_back((struct place *)job);
    }
}

enum { FD_SIGNAL, FD_JOBS, FD_LISTEN, FD_FIRST_CLIENT };

static size_t list_fds(struct llm_worker *w, struct pollfd *fds)
{
    size_t n = FD_FIRST_CLIENT;

    fds[FD_SIGNAL] = (struct pollfd){.fd = w->worker->signal_fd, .events = POLLIN};
    fds[FD_JOBS] = (struct pollfd){.fd = jobs_fd(w->jobs), .events = POLLIN};
    fds[FD_LISTEN] = (struct pollfd){.fd = -1};
    if (!w->is_stopping && clock_mono_ms() >= w->accept_ms &&
        (!is_full(w) || !scoreboard_free_places(w->worker->board, POOL_LLM)))
        fds[FD_LISTEN] = (struct pollfd){.fd = w->worker->listen_fd, .events = POLLIN};
    for (size_t i = 0; i < w->n_places; i++)
        n += place_waits(&w->places[i], &fds[n]);
    return n;
}

static int wait_ms(const struct llm_worker *w)
{
    int64_t now_ms = clock_mono_ms(), next_ms = now_ms + (is_full(w) ? FULL_RECHECK_MS : WAIT_MS);

    int64_t stops_ms = w->stops.again_ms;

    if (w->accept_ms > now_ms)
        next_ms = w->accept_ms;
    if (stops_ms && stops_ms < next_ms)
        next_ms = stops_ms;
    for (size_t i = 0; i < w->n_places; i++) {
        int64_t place_ms = place_next_ms(&w->places[i]);

        next_ms = place_ms < next_ms ? place_ms : next_ms;
    }
    return next_ms > now_ms ? (int)(next_ms - now_ms) : 0;
}

static void run_round(struct llm_worker *w, struct pollfd *fds)
{
    llm_loop_wait(w->loop, fds, list_fds(w, fds), wait_ms(w));
    unsigned told = worker_told(w->worker);

    w->is_stopping |= (told & TOLD_TO_LEAVE) != 0;
    if (w->is_stopping)
        worker_is_leaving(w->worker);
    if (told & TOLD_TO_LOOK)
        stops_look(w);
    take_back(w);
    if (fds[FD_LISTEN].revents)
        accept_requests(w);
    llm_loop_run(w->loop);

    int64_t now_ms = clock_mono_ms();

    stops_tend(w, now_ms);
    for (size_t i = 0; i < w->n_places; i++)
        if (w->places[i].stage != STAGE_FREE)
            place_tend(&w->places[i], now_ms);
}

static bool start(struct llm_worker *w)
{
    const struct config *config = w->worker->config;

    /* One heap: a request's memory is taken in a store thread and given back in the loop. */
    mallopt(M_ARENA_MAX, 1);
    w->n_places = w->n_usable = config->server.turns_per_worker;
    w->places = calloc(w->n_places, sizeof(*w->places));
    if (!w->places || db_library_init() || llm_global_init())
        return false;
    w->loop = llm_loop_create(config, &w->worker->board->breakers);
    if (w->loop)
        llm_loop_watch(w->loop, note_model, w->worker->board);
    w->jobs = w->loop ? jobs_create(config, config->llm.store_threads, note_db, w->worker->board) : NULL;
    return w->jobs != NULL;
}

int llm_worker_run(struct worker *worker)
{
    struct llm_worker w = {.worker = worker};
    struct pollfd *fds = NULL;

    if (start(&w))
        fds = calloc(w.n_places + FD_FIRST_CLIENT, sizeof(*fds));
    if (!fds)
        return 1;
    worker_is_ready(worker, (unsigned)w.n_places);
    count_usable(&w);
    while (!w.is_stopping || w.n_busy)
        run_round(&w, fds);
    jobs_destroy(w.jobs);
    llm_loop_destroy(w.loop);
    free(fds);
    free(w.places);
    return 0;
}
