/* The life of one place: a request, its turn, its answer. */
#include "server/llm_worker.h"

#include <poll.h>

enum {
    MAX_UNSENT_BYTES = 1 << 20, /* of a stream whose client has read nothing for UNREAD_MS: it is let go */
    UNREAD_MS = 5000,
    HEARTBEAT_MS = 10000, /* the contract says 15 s at most */
    STORE_AGAIN_MS = 200,
    STORE_FOR_MS = 30000,  /* how long a reply waits for a database that is away */
    ANSWER_FOR_MS = 60000, /* how long a client may take to read the rest */
};

static bool is_stream(const struct place *p)
{
    return p->req.response.is_stream;
}

static void close_place(struct place *p)
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

static struct place *find_free_place(struct llm_worker *w)
{
    for (size_t i = 0; i < w->n_places; i++)
        if (w->places[i].stage == STAGE_FREE)
            return &w->places[i];
    return NULL;
}

bool place_open(struct llm_worker *w, int fd)
{
    struct place *p = find_free_place(w);
    struct arena *arena = p ? arena_create(PLACE_ARENA_BLOCK_BYTES, PLACE_ARENA_MAX_BYTES) : NULL;

    if (!arena)
        return false;
    *p = (struct place){.worker = w,
                        .stage = STAGE_BEGIN,
                        .fd = fd,
                        .req = {.ctx = {.arena = arena, .request_id = "-"}, .config = w->worker->config},
                        .began_us = clock_mono_us()};
    w->worker->slot->busy = (unsigned)++w->n_busy;
    add_job(p, run_begin);
    return true;
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
        close_place(p);
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

void place_take_back(struct place *p)
{
    p->has_job = false;
    if (p->stage == STAGE_BEGIN)
        after_begin(p);
    else if (p->stage == STAGE_END && p->job.run == run_end)
        after_end(p);
}

/* ---- clients ---- */

/* Whether a job writes the answer just now; one that renews the lease leaves it alone. */
static bool is_jobs(const struct place *p)
{
    return p->has_job && p->job.run != run_renew;
}

bool place_has_output(const struct place *p)
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
    while (place_has_output(p)) {
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
    close_place(p);
}

void place_tend(struct place *p, int64_t now_ms)
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

int64_t place_next_ms(const struct place *p)
{
    if (p->has_job)
        return INT64_MAX;
    if (p->stage == STAGE_END && p->again_ms)
        return p->again_ms;
    return p->stage == STAGE_ASK ? p->renew_ms : INT64_MAX;
}
