/*
 * The workers that answer one request at a time: api, from the database, and ops, from the scoreboard.
 *
 * They wait on an epoll set in which the listening socket is exclusive: one connection wakes one worker, not the
 * whole pool.
 */
#include <sys/epoll.h>
#include <unistd.h>

#include "server/fastcgi.h"
#include "server/worker.h"

enum {
    ARENA_BLOCK_BYTES = 64 * 1024,
    ARENA_MAX_BYTES = 512 << 20, /* a body of the largest size, read and answered */
    IDLE_MS = 1000,
    SEND_TIMEOUT_MS = 10000,
    SHORT_PAUSE_US = 20000,
    LAST_CONNECTIONS = 16,
};

struct sync_worker {
    struct worker *worker;
    struct arena *arena;
    struct db *db;
    int epoll_fd;
};

static bool watch(int epoll_fd, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool start(struct sync_worker *w)
{
    w->arena = arena_create(ARENA_BLOCK_BYTES, ARENA_MAX_BYTES);
    w->db = db_create(w->worker->config);
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return w->arena && w->db && w->epoll_fd >= 0 && !db_library_init() &&
           watch(w->epoll_fd, w->worker->signal_fd, EPOLLIN) &&
           watch(w->epoll_fd, w->worker->listen_fd, EPOLLIN | EPOLLEXCLUSIVE);
}

static void give_health(void *board, struct health *out)
{
    scoreboard_health(board, out);
}

static void give_metrics(void *board, struct buf *out)
{
    scoreboard_write_metrics(board, out);
}

static void give_status(void *board, struct json_out *out)
{
    scoreboard_write_status(board, out);
}

static void answer(struct sync_worker *w, struct request *req)
{
    if (w->worker->pool == POOL_OPS) {
        const struct ops_source source = {w->worker->board, give_health, give_metrics, give_status};

        api_answer_ops(req, &source);
        return;
    }
    req->db = w->db;
    api_answer(req);
    if (api_has_stopped(req))
        scoreboard_tell_of_stops(w->worker->board);
    if (api_has_queued_document(req))
        scoreboard_tell_of_documents(w->worker->board);
    scoreboard_note_db(w->worker->board, w->db);
}

static void serve(struct sync_worker *w, int fd)
{
    int64_t began_us = clock_mono_us();
    struct request req = {.ctx = {.arena = w->arena, .request_id = "-"}, .config = w->worker->config};
    struct fastcgi conn;

    w->worker->slot->busy = 1;
    if (fastcgi_read(&conn, fd, &req)) {
        worker_note_unread(&req);
    } else {
        answer(w, &req);
        (void)fastcgi_answer(&conn, &req, SEND_TIMEOUT_MS);
        worker_note_request(w->worker, &req, began_us);
    }
    arena_reset(w->arena);
    w->worker->slot->busy = 0;
}

/* /health must know whether the database answers even when nobody asks for anything. */
static void look_after_db(struct sync_worker *w)
{
    struct cq_ctx ctx = {.arena = w->arena, .request_id = "-"};

    if (w->worker->pool != POOL_API || !scoreboard_claim_db_check(w->worker->board))
        return;
    enum cq_status st = db_ping(&ctx, w->db);

    scoreboard_note_db(w->worker->board, w->db);
    scoreboard_end_db_check(w->worker->board, st ? ctx.error : NULL);
}

/* Turns that a dead worker held are settled by any that has a moment, while the database is there. */
static void look_after_orphans(struct sync_worker *w)
{
    struct scoreboard *board = w->worker->board;
    struct cq_ctx ctx = {.arena = w->arena, .request_id = "-"};

    if (w->worker->pool != POOL_API || !orphans_are_waiting(&board->orphans) || !scoreboard_is_db_up(board))
        return;
    atomic_fetch_add(&board->metrics.turns_orphaned, orphans_settle(&board->orphans, &ctx, w->db));
    scoreboard_tell_of_documents(board); /* one of them may be a document that waits again */
    scoreboard_note_db(board, w->db);
    arena_reset(w->arena);
}

/* Take one connection, if one waits. Short of descriptors, wait a little: the connection would only wake us again. */
static bool serve_next(struct sync_worker *w)
{
    int fd = fastcgi_accept(w->worker->listen_fd);

    if (fd >= 0)
        serve(w, fd);
    else if (fastcgi_is_short())
        usleep(SHORT_PAUSE_US);
    return fd >= 0;
}

int sync_worker_run(struct worker *worker)
{
    struct sync_worker w = {.worker = worker};
    bool is_done = false;

    if (!start(&w))
        return 1;
    worker_is_ready(worker, 1);
    look_after_db(&w);
    while (!is_done) {
        struct epoll_event event;
        int n = epoll_wait(w.epoll_fd, &event, 1, IDLE_MS);

        if (n > 0 && serve_next(&w))
            is_done = worker_count_request(worker);
        else if (n <= 0)
            look_after_db(&w);
        look_after_orphans(&w);
        is_done |= (worker_told(worker) & TOLD_TO_LEAVE) != 0;
    }
    worker_is_leaving(worker);
    /* A connection wakes one worker only. What woke this one is served, or it would wait for the next to come. */
    for (int i = 0; i < LAST_CONNECTIONS && serve_next(&w); i++)
        ;
    db_destroy(w.db);
    arena_destroy(w.arena);
    close(w.epoll_fd);
    return 0;
}
