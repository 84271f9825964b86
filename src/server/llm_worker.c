/*
 * The worker that holds many turns at once: one loop, in which nothing blocks.
 *
 * Each accepted request has a place. What must wait for the database is a job of the place, run by a store thread;
 * what waits for the model or for the client is the loop's. While a job has the place, the loop leaves its request
 * alone.
 *
 *   BEGIN   a job reads the request, checks it and stores the turn     → ASK, or ANSWER when it is answered already
 *   ASK     the model replies; pieces are passed on; the lease renewed → END
 *   END     a job stores the reply; again later while the database is away → ANSWER
 *   ANSWER  what is left is sent, and the place is free
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/fastcgi.h"
#include "server/jobs.h"
#include "server/worker.h"

enum {
    ARENA_BLOCK_BYTES = 8 * 1024,
    ARENA_MAX_BYTES = 512 << 20,
    MAX_UNSENT_BYTES = 1 << 20, /* of a stream whose client has read nothing for UNREAD_MS: it is let go */
    UNREAD_MS = 5000,
    ACCEPTS_A_ROUND = 32,
    OWN_DESCRIPTORS = 38, /* of a worker without turns and store threads, and some to spare */
    SHORT_PAUSE_MS = 50,  /* no descriptor for another connection */
    SAY_FULL_EVERY_MS = 1000,
    REFUSE_FOR_MS = 100,  /* nginx sends a request at once; whoever does not cannot hold the loop up */
    FULL_RECHECK_MS = 20, /* all places taken: how often to see whether other workers have some */
    WAIT_MS = 1000,
    HEARTBEAT_MS = 10000, /* the contract says 15 s at most */
    STORE_AGAIN_MS = 200,
    STORE_FOR_MS = 30000,  /* how long a reply waits for a database that is away */
    ANSWER_FOR_MS = 60000, /* how long a client may take to read the rest */
};

enum stage { STAGE_FREE, STAGE_BEGIN, STAGE_ASK, STAGE_END, STAGE_ANSWER };

struct place {
    struct job job; /* first: a job that comes back is its place */
    struct llm_worker *worker;
    enum stage stage;
    bool has_job;
    bool is_drained; /* all output had gone out when the job was added: the loop may send a comment of its own */
    int fd;          /* accepted, until it is read */
    struct fastcgi conn;
    struct request req;
    struct turn *turn;
    int64_t began_us;                                /* on clock_mono_us() */
    int64_t sent_ms, renew_ms, give_up_ms, again_ms; /* on clock_mono_ms(); again_ms 0: no job is due */
    enum cq_status asked, ended;                     /* what the model gave, and what storing it gave */
    enum cq_status outcome;                          /* of the turn, once stored */
    struct llm_reply reply;
};

struct llm_worker {
    struct worker *worker;
    struct llm_loop *loop;
    struct jobs *jobs;
    size_t n_places, n_busy;
    size_t n_usable; /* places that there are descriptors for, at most n_places */
    struct place *places;
    bool is_stopping;
    int64_t accept_ms; /* not before */
    int64_t said_full_ms;
};

static void note_db(void *board, struct db *db)
{
    scoreboard_note_db(board, db);
}

static void note_model(void *board, const struct llm_effort *effort)
{
    metrics_note_model(&((struct scoreboard *)board)->metrics, effort);
}

static bool is_stream(const struct place *p)
{
    return p->req.response.is_stream;
}

/* ---- places ---- */

static struct place *take_place(struct llm_worker *w)
{
    for (size_t i = 0; i < w->n_places; i++)
        if (w->places[i].stage == STAGE_FREE) {
            struct place *p = &w->places[i];

            *p = (struct place){.worker = w, .began_us = clock_mono_us()};
            p->req =
                (struct request){.ctx = {.arena = arena_create(ARENA_BLOCK_BYTES, ARENA_MAX_BYTES), .request_id = "-"},
                                 .config = w->worker->config};
            return p->req.ctx.arena ? p : NULL;
        }
    return NULL;
}

static void free_place(struct place *p)
{
    fastcgi_abort(&p->conn);
    arena_destroy(p->req.ctx.arena);
    p->stage = STAGE_FREE;
    p->worker->n_busy--;
    p->worker->worker->slot->busy = (unsigned)p->worker->n_busy;
}

static void add_job(struct place *p, void (*run)(struct job *job, struct db *db))
{
    p->job.run = run;
    p->has_job = true;
    p->is_drained = !fastcgi_has_output(&p->conn, &p->req);
    jobs_add(p->worker->jobs, &p->job);
}

/* ---- the jobs: in a store thread ---- */

static void run_begin(struct job *job, struct db *db)
{
    struct place *p = (struct place *)job;

    p->ended = fastcgi_read(&p->conn, p->fd, &p->req);
    if (p->ended)
        return;
    p->req.db = db;
    p->turn = api_begin(&p->req, p->worker->worker->owner);
    p->req.db = NULL;
}

static void run_end(struct job *job, struct db *db)
{
    struct place *p = (struct place *)job;

    p->req.db = db;
    p->ended = api_turn_end(&p->req, p->asked, p->asked ? NULL : &p->reply, &p->outcome);
    p->req.db = NULL;
}

/* The request may be in use by the loop: a context of its own. */
static void run_renew(struct job *job, struct db *db)
{
    struct place *p = (struct place *)job;
    struct cq_ctx ctx = {.arena = arena_create(1024, 1 << 20), .request_id = p->req.ctx.request_id};

    if (ctx.arena && engine_turn_renew(&ctx, db, p->turn))
        log_warn("request_id=%s lease not renewed: %s", ctx.request_id, ctx.error);
    arena_destroy(ctx.arena);
}

/* ---- the model: in the loop ---- */

static enum cq_status take_text(void *user, const char *text, size_t len)
{
    struct place *p = user;

    if (p->conn.is_open)
        api_turn_text(&p->req, text, len);
    return CQ_OK;
}

static void begin_end(struct place *p)
{
    p->stage = STAGE_END;
    p->give_up_ms = clock_mono_ms() + STORE_FOR_MS;
    if (p->has_job) /* the lease is being renewed just now */
        p->again_ms = clock_mono_ms();
    else
        add_job(p, run_end);
}

static void take_reply(void *user, enum cq_status st, const struct llm_reply *reply)
{
    struct place *p = user;

    p->asked = st;
    if (!st) {
        char *text = arena_strndup(p->req.ctx.arena, reply->text, reply->len);

        p->reply = *reply;
        p->reply.text = text; /* it lives as long as the request: storing it may take a while */
        if (!text)
            p->asked = cq_fail(&p->req.ctx, CQ_INTERNAL, "the reply is larger than the request's memory");
    }
    begin_end(p);
}

static void set_renewal(struct place *p)
{
    p->renew_ms = clock_mono_ms() + (int64_t)p->worker->worker->config->llm.lease_s * 1000 / 3;
}

static void begin_ask(struct place *p)
{
    struct llm_call *call;

    p->stage = STAGE_ASK;
    set_renewal(p);
    enum cq_status st = llm_start(p->worker->loop, &p->req.ctx, &p->turn->ask, take_text, take_reply, p, &call);

    if (st)
        take_reply(p, st, NULL);
}

/* ---- what follows a job ---- */

static void begin_answer(struct place *p)
{
    p->stage = STAGE_ANSWER;
    p->give_up_ms = clock_mono_ms() + ANSWER_FOR_MS;
    worker_note_request(p->worker->worker, &p->req, p->began_us);
}

static void after_begin(struct place *p)
{
    p->sent_ms = clock_mono_ms();
    if (p->ended) {
        worker_note_unread(&p->req);
        free_place(p);
    } else if (p->turn) {
        begin_ask(p);
    } else {
        begin_answer(p);
    }
}

static void note_turn(struct place *p, enum cq_status outcome)
{
    p->worker->worker->board->metrics.turns[outcome]++;
}

static void after_end(struct place *p)
{
    if (p->ended != CQ_BUSY) {
        note_turn(p, p->outcome);
        begin_answer(p);
    } else if (clock_mono_ms() < p->give_up_ms) {
        p->again_ms = clock_mono_ms() + STORE_AGAIN_MS;
    } else {
        api_refuse(&p->req, CQ_BUSY);
        note_turn(p, CQ_BUSY);
        begin_answer(p);
    }
}

static void take_back(struct llm_worker *w)
{
    struct job *next;

    for (struct job *job = jobs_done(w->jobs); job; job = next) {
        struct place *p = (struct place *)job;

        next = job->next;
        p->has_job = false;
        if (p->stage == STAGE_BEGIN)
            after_begin(p);
        else if (p->stage == STAGE_END && job->run == run_end)
            after_end(p);
    }
}

/* ---- accepting ---- */

static bool is_full(const struct llm_worker *w)
{
    return w->n_busy >= w->n_usable;
}

/*
 * A turn has two descriptors, nginx's and the model's. Without one for the model it would only fail later, and the limit may be
 * changed while we run (prlimit(1)): looked at whenever somebody comes.
 */
static void count_usable(struct llm_worker *w)
{
    struct rlimit limit;
    size_t n = w->n_places, own = OWN_DESCRIPTORS + w->worker->config->llm.store_threads;

    if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < own + 2 * n)
        n = limit.rlim_cur > own ? (limit.rlim_cur - own) / 2 : 0;
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
    struct request req = {.ctx = {.arena = arena_create(ARENA_BLOCK_BYTES, ARENA_MAX_BYTES), .request_id = "-"},
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
        struct place *p = is_full(w) ? NULL : take_place(w);
        if (!p) {
            refuse(w, fd);
            continue;
        }
        p->stage = STAGE_BEGIN;
        p->fd = fd;
        w->worker->slot->busy = (unsigned)++w->n_busy;
        add_job(p, run_begin);
        if (worker_count_request(w->worker))
            w->is_stopping = true;
    }
}

/* ---- clients ---- */

/* Whether a job writes the answer just now; one that renews the lease leaves it alone. */
static bool is_jobs(const struct place *p)
{
    return p->has_job && p->job.run != run_renew;
}

static bool has_output(const struct place *p)
{
    return p->stage != STAGE_FREE && !is_jobs(p) && (p->stage == STAGE_ANSWER || is_stream(p)) &&
           fastcgi_has_output(&p->conn, &p->req);
}

/* A client that went away or does not read loses its connection; the turn goes on without it. */
static void let_go(struct place *p)
{
    fastcgi_abort(&p->conn);
    if (p->req.response.body && !is_jobs(p))
        buf_clear(p->req.response.body);
}

static void send_output(struct place *p)
{
    while (has_output(p)) {
        struct pollfd fd = {.fd = p->conn.fd, .events = POLLOUT};

        if (poll(&fd, 1, 0) <= 0) {
            if (is_stream(p) && p->req.response.body->len > MAX_UNSENT_BYTES && p->stage != STAGE_ANSWER &&
                clock_mono_ms() - p->sent_ms > UNREAD_MS)
                let_go(p);
            return;
        }
        if (!fastcgi_send_some(&p->conn, &p->req)) {
            let_go(p);
            return;
        }
        p->sent_ms = clock_mono_ms();
    }
}

/* Silence for a while. The body is the job's while one is out, and then the comment goes around it. */
static void keep_alive(struct place *p, int64_t now_ms)
{
    struct pollfd fd = {.fd = p->conn.fd, .events = POLLOUT};

    if (p->stage == STAGE_BEGIN || !p->conn.is_open || !is_stream(p) || now_ms - p->sent_ms < HEARTBEAT_MS)
        return;
    p->sent_ms = now_ms;
    if (!is_jobs(p)) {
        api_turn_wait(&p->req);
        send_output(p);
    } else if (p->is_drained && poll(&fd, 1, 0) > 0 && !fastcgi_send_text(&p->conn, ": waiting\n\n")) {
        let_go(p);
    }
}

static void finish_answer(struct place *p, int64_t now_ms)
{
    if (!fastcgi_has_output(&p->conn, &p->req))
        fastcgi_finish(&p->conn);
    else if (now_ms < p->give_up_ms)
        return;
    free_place(p);
}

static void look_after(struct place *p, int64_t now_ms)
{
    send_output(p);
    if (p->stage == STAGE_ANSWER) {
        finish_answer(p, now_ms);
        return;
    }
    keep_alive(p, now_ms);
    if (p->has_job)
        return;
    if (p->stage == STAGE_END && p->again_ms && now_ms >= p->again_ms) {
        p->again_ms = 0;
        add_job(p, run_end);
        return;
    }
    if (p->stage == STAGE_ASK && now_ms >= p->renew_ms) {
        set_renewal(p);
        add_job(p, run_renew);
    }
}

/* ---- the loop ---- */

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
        if (has_output(&w->places[i]))
            fds[n++] = (struct pollfd){.fd = w->places[i].conn.fd, .events = POLLOUT};
    return n;
}

static int wait_ms(const struct llm_worker *w)
{
    int64_t now_ms = clock_mono_ms(), next_ms = now_ms + (is_full(w) ? FULL_RECHECK_MS : WAIT_MS);

    if (w->accept_ms > now_ms)
        next_ms = w->accept_ms;

    for (size_t i = 0; i < w->n_places; i++) {
        const struct place *p = &w->places[i];

        if (p->stage == STAGE_END && !p->has_job && p->again_ms && p->again_ms < next_ms)
            next_ms = p->again_ms;
        if (p->stage == STAGE_ASK && !p->has_job && p->renew_ms < next_ms)
            next_ms = p->renew_ms;
    }
    return next_ms > now_ms ? (int)(next_ms - now_ms) : 0;
}

static void run_round(struct llm_worker *w, struct pollfd *fds)
{
    llm_loop_wait(w->loop, fds, list_fds(w, fds), wait_ms(w));
    w->is_stopping |= worker_is_told_to_stop(w->worker);
    if (w->is_stopping)
        worker_is_leaving(w->worker);
    take_back(w);
    if (fds[FD_LISTEN].revents)
        accept_requests(w);
    llm_loop_run(w->loop);

    int64_t now_ms = clock_mono_ms();

    for (size_t i = 0; i < w->n_places; i++)
        if (w->places[i].stage != STAGE_FREE)
            look_after(&w->places[i], now_ms);
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
    w->loop = llm_loop_create(config);
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
