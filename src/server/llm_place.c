/* The life of one place: a request, its turn, its answer. */
#include "server/llm_worker.h"

enum {
    MAX_UNSENT_BYTES = 1 << 20, /* of a stream whose client has read nothing for UNREAD_MS: it is let go */
    UNREAD_MS = 5000,
    HEARTBEAT_MS = 10000,     /* the contract says 15 s at most */
    REST_MS = 20000,          /* what else was asked, once the reply is there */
    OPTIONAL_REST_MS = 15000, /* as long as the slowest model takes for a few hundred words */
    SAY_UNRETRIEVED_EVERY_MS = 1000,
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

    p->read = fastcgi_read(&p->conn, p->fd, &p->req);
    if (p->read)
        return;
    p->req.db = db;
    p->asking = api_begin(&p->req, p->worker->worker->owner);
    p->req.db = NULL;
}

static void run_end(struct job *job, struct db *db)
{
    struct place *p = (struct place *)job;

    p->req.db = db;
    p->end = api_end(&p->req, &p->outcome);
    p->req.db = NULL;
}

/* The request may be in use by the loop: a context of its own. */
static void run_renew(struct job *job, struct db *db)
{
    struct place *p = (struct place *)job;
    struct cq_ctx ctx = {.arena = arena_create(1024, 1 << 20), .request_id = p->req.ctx.request_id};

    if (ctx.arena && api_renew(&ctx, db, &p->req))
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
                        .retrieval = {.fd = -1},
                        .req = {.ctx = {.arena = arena, .request_id = "-"}, .config = w->worker->config},
                        .began_us = clock_mono_us()};
    w->worker->slot->busy = (unsigned)++w->n_busy;
    add_job(p, run_begin);
    return true;
}

/* ---- the model: in the loop ---- */

static enum cq_status take_text(void *user, enum llm_part_kind kind, const char *text, size_t len)
{
    struct place_call *c = user;
    struct place *p = c->place;

    if (p->conn.is_open)
        api_text(&p->req, kind, text, len);
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

static bool is_asking(const struct place *p)
{
    for (size_t i = 0; i < p->asking->n; i++)
        if (p->calls[i].call)
            return true;
    return false;
}

static bool is_asking_only_optional(const struct place *p)
{
    for (size_t i = 0; i < p->asking->n; i++)
        if (p->calls[i].call && !p->asking->asks[i].is_optional)
            return false;
    return is_asking(p);
}

/* What is still under way is waited for no longer than it takes to say what it has cost. */
static void stop_rest(struct place *p)
{
    for (size_t i = 0; i < p->asking->n; i++)
        if (p->calls[i].call)
            llm_stop(p->calls[i].call);
}

static void take_reply(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost)
{
    struct place_call *c = user;
    struct place *p = c->place;

    c->call = NULL;
    engine_ask_end(&p->req.ctx, p->asking, (size_t)(c - p->calls), st, reply, cost);
    if (c == p->calls && (st || reply->stop == LLM_STOP_ASKED))
        stop_rest(p);
    else if (c == p->calls)
        p->rest_ms = clock_mono_ms() + REST_MS;
    if (!is_asking(p))
        begin_end(p);
    else if (!p->optional_ms && is_asking_only_optional(p))
        p->optional_ms = clock_mono_ms() + OPTIONAL_REST_MS;
}

static void set_renewal(struct place *p)
{
    p->renew_ms = clock_mono_ms() + (int64_t)p->worker->worker->config->llm.lease_s * 1000 / 3;
}

/* All that has not ended yet: the first time everything. */
static void begin_ask(struct place *p)
{
    p->stage = STAGE_ASK;
    if (!p->asking->asks[0].is_ended) /* asked once more, with the limits of the first time */
        p->rest_ms = 0;
    p->optional_ms = 0;
    set_renewal(p);
    for (size_t i = 0; i < p->asking->n; i++) {
        struct ask *ask = &p->asking->asks[i];

        bool is_shown = i == 0 && !ask->ask.schema; /* as it comes; what is not may be asked for again */

        p->calls[i] = (struct place_call){.place = p};
        if (ask->is_ended)
            continue;
        enum cq_status st = llm_start(p->worker->loop, &ask->ctx, &ask->ask, is_shown ? take_text : NULL, take_reply,
                                      &p->calls[i], &p->calls[i].call);
        if (st)
            engine_ask_end(&p->req.ctx, p->asking, i, st, NULL, &(struct llm_cost){.n = 0});
    }
    if (p->asking->asks[0].is_ended && p->asking->asks[0].st)
        stop_rest(p);
    if (!is_asking(p))
        begin_end(p);
}

/* ---- the documents, before the model: in the loop ---- */

/* None of the asks is put: the turn ends as if the first one had been, and had come to that. */
static void ask_nothing(struct place *p, enum cq_status st)
{
    for (size_t i = 0; i < p->asking->n; i++)
        engine_ask_end(&p->req.ctx, p->asking, i, st, NULL, &(struct llm_cost){.n = 0});
    begin_end(p);
}

/* A reply that draws from no document is worth more than none. Many fail at once: the log says it once in a while. */
static void log_unretrieved(struct place *p, int64_t now_ms)
{
    if (now_ms - p->worker->said_unretrieved_ms < SAY_UNRETRIEVED_EVERY_MS)
        return;
    p->worker->said_unretrieved_ms = now_ms;
    log_warn("request_id=%s nothing from documents: %s", p->req.ctx.request_id, p->retrieval.failure);
}

static void tend_retrieval(struct place *p, int64_t now_ms)
{
    if (!retrieval_call_tend(&p->retrieval, now_ms))
        return;
    if (!p->retrieval.answer)
        log_unretrieved(p, now_ms);
    metrics_note_retrieval(&p->worker->worker->board->metrics, p->retrieval.answer != NULL);
    enum cq_status st = api_retrieved(&p->req, p->retrieval.answer, p->retrieval.answer ? p->retrieval.answer_len : 0);

    if (!st) {
        begin_ask(p);
        return;
    }
    memcpy(p->asking->asks[0].ctx.error, p->req.ctx.error, sizeof(p->req.ctx.error));
    ask_nothing(p, st);
}

static void begin_retrieve(struct place *p)
{
    int64_t now_ms = clock_mono_ms();

    p->stage = STAGE_RETRIEVE;
    set_renewal(p);
    retrieval_call_start(&p->retrieval, p->req.ctx.arena, p->worker->worker->run_dir, p->asking->retrieval,
                         p->asking->retrieval_len, p->asking->retrieval_ms, now_ms);
    tend_retrieval(p, now_ms);
}

/* As a reply of which nothing has come yet. */
static void stop_retrieval(struct place *p)
{
    retrieval_call_drop(&p->retrieval);
    ask_nothing(p, cq_fail(&p->asking->asks[0].ctx, CQ_MODEL_NO_RESPONSE, "stopped before anything came"));
}

void place_stop(struct place *p)
{
    if (p->stage == STAGE_RETRIEVE)
        stop_retrieval(p);
    if (p->stage != STAGE_ASK)
        return;
    if (p->calls[0].call) {
        llm_stop(p->calls[0].call);
        return;
    }
    p->asking->asks[0].reply.stop = LLM_STOP_ASKED; /* it is all there; what is still judged is waited for no longer */
    stop_rest(p);
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
    if (p->read) {
        worker_note_unread(&p->req);
        close_place(p);
    } else if (p->asking && p->asking->retrieval) {
        begin_retrieve(p);
    } else if (p->asking) {
        begin_ask(p);
    } else {
        begin_answer(p);
    }
}

static void note_turn(struct place *p, enum cq_status outcome)
{
    if (api_turn_id(&p->req))
        p->worker->worker->board->metrics.turns[outcome]++;
}

static void after_end(struct place *p)
{
    if (p->end == API_ANSWERED) {
        note_turn(p, p->outcome);
        begin_answer(p);
    } else if (p->end == API_AGAIN) {
        begin_ask(p);
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
    if (p->job.run == run_renew) /* a reader at another host can tell us by the database alone */
        stops_look(p->worker);
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

static bool has_output(const struct place *p)
{
    return p->stage != STAGE_FREE && !is_jobs(p) && (p->stage == STAGE_ANSWER || is_stream(p)) &&
           fastcgi_has_output(&p->conn, &p->req);
}

bool place_waits(const struct place *p, struct pollfd *out)
{
    short events = p->stage == STAGE_RETRIEVE ? retrieval_call_events(&p->retrieval) : 0;

    if (events)
        *out = (struct pollfd){.fd = p->retrieval.fd, .events = events};
    else if (has_output(p))
        *out = (struct pollfd){.fd = p->conn.fd, .events = POLLOUT};
    else
        return false;
    return true;
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
    if (p->stage == STAGE_BEGIN || !p->conn.is_open || !is_stream(p) || now_ms - p->sent_ms < HEARTBEAT_MS)
        return;
    struct pollfd fd = {.fd = p->conn.fd, .events = POLLOUT};

    p->sent_ms = now_ms;
    if (!is_jobs(p)) {
        api_wait(&p->req);
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

static bool is_rest_over(const struct place *p, int64_t now_ms)
{
    bool is_over = p->rest_ms && now_ms >= p->rest_ms, is_optional_over = p->optional_ms && now_ms >= p->optional_ms;

    if (is_optional_over)
        log_info("request_id=%s no summary within %d ms of all else", p->req.ctx.request_id, OPTIONAL_REST_MS);
    else if (is_over)
        log_warn("request_id=%s no assessment within %d ms of the reply", p->req.ctx.request_id, REST_MS);
    return is_over || is_optional_over;
}

void place_tend(struct place *p, int64_t now_ms)
{
    send_output(p);
    if (p->stage == STAGE_ANSWER) {
        finish_answer(p, now_ms);
        return;
    }
    keep_alive(p, now_ms);
    if (p->stage == STAGE_RETRIEVE) /* whatever the lease is doing */
        tend_retrieval(p, now_ms);
    if (p->has_job)
        return;
    if (p->stage == STAGE_END && p->again_ms && now_ms >= p->again_ms) {
        p->again_ms = 0;
        add_job(p, run_end);
        return;
    }
    if (p->stage == STAGE_ASK && is_rest_over(p, now_ms)) {
        p->rest_ms = p->optional_ms = 0;
        stop_rest(p);
        return;
    }
    if ((p->stage == STAGE_ASK || p->stage == STAGE_RETRIEVE) && now_ms >= p->renew_ms) {
        set_renewal(p);
        add_job(p, run_renew);
    }
}

static int64_t next_of_retrieval(const struct place *p)
{
    int64_t next_ms = retrieval_call_next_ms(&p->retrieval);

    return !p->has_job && p->renew_ms < next_ms ? p->renew_ms : next_ms;
}

int64_t place_next_ms(const struct place *p)
{
    if (p->stage == STAGE_RETRIEVE)
        return next_of_retrieval(p);
    if (p->has_job)
        return INT64_MAX;
    if (p->stage == STAGE_END && p->again_ms)
        return p->again_ms;
    if (p->stage != STAGE_ASK)
        return INT64_MAX;
    int64_t next_ms = p->renew_ms;

    if (p->rest_ms && p->rest_ms < next_ms)
        next_ms = p->rest_ms;
    if (p->optional_ms && p->optional_ms < next_ms)
        next_ms = p->optional_ms;
    return next_ms;
}
