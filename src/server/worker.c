/* What the kinds of worker have in common. */
#include "server/worker.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

unsigned worker_told(const struct worker *worker)
{
    struct signalfd_siginfo info;
    unsigned told = 0;

    while (read(worker->signal_fd, &info, sizeof(info)) == sizeof(info))
        told |= info.ssi_signo == SIGUSR1 ? TOLD_TO_LOOK : TOLD_TO_LEAVE;
    return told;
}

/* Workers that began together must not all leave together: each serves up to an eighth less. */
void worker_is_ready(struct worker *worker, unsigned places)
{
    uint32_t max = worker->config->server.max_requests, random;

    random_bytes(&random, sizeof(random));
    worker->max_requests = max ? max - random % (max / 8 + 1) : 0;
    worker->slot->places = places;
    worker->slot->state = SLOT_READY;
}

/* The master wakes for its children's signals; it is told with one of those that it listens to. */
void worker_is_leaving(struct worker *worker)
{
    if (worker->slot->state == SLOT_DRAINING)
        return;
    worker->slot->state = SLOT_DRAINING;
    kill(getppid(), SIGCHLD);
}

bool worker_count_request(struct worker *worker)
{
    worker->slot->requests++;
    return ++worker->n_requests == worker->max_requests;
}

void worker_note_unread(const struct request *req)
{
    log_warn("request_id=%s could not be read: %s", req->ctx.request_id, req->ctx.error);
}

/* What asks every few seconds and is told that all is well need not be read. */
static bool is_routine(const struct worker *worker, const struct request *req)
{
    return worker->pool == POOL_OPS && req->response.status == 200;
}

void worker_note_request(const struct worker *worker, const struct request *req, int64_t began_us)
{
    int64_t took_us = clock_mono_us() - began_us;

    metrics_note_request(&worker->board->metrics, worker->pool, req, took_us);
    log_line(is_routine(worker, req) ? LOG_DEBUG : LOG_INFO,
             "request_id=%s method=%s route=%s status=%d ms=%lld.%lld user=%llu statements=%u model_ms=%u",
             req->ctx.request_id, http_method_name(req->method), api_route_name(req), req->response.status,
             (long long)took_us / 1000, (long long)took_us % 1000 / 100, (unsigned long long)api_user_id(req),
             req->ctx.statements, req->ctx.model_ms);
}
