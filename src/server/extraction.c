/* Attachments: extracted when they are first needed, and their passages kept beside them. */
#include "server/extraction.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    JOBS_MAX = 4, /* children that compute at once */
    FAILED_MAX = 256,
    BLOCK_BYTES = 64 << 10,
    MAX_BYTES = 128 << 20, /* an extraction's text, and what is made of it */
    STACK_BYTES = 512 << 10,
};

struct extraction_job {
    const struct config *config;
    const struct retrieval_ask *ask;
    int wake_fd;
    _Atomic bool is_done;
};

static _Atomic int n_jobs;

/* Files without a text: looked into once, and not with each message of their branch. */
static pthread_mutex_t failed_lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t failed[FAILED_MAX][SHA256_BYTES];
static size_t n_failed;

static bool has_failed(const uint8_t hash[SHA256_BYTES])
{
    bool is_there = false;

    pthread_mutex_lock(&failed_lock);
    for (size_t i = 0; i < n_failed && i < FAILED_MAX && !is_there; i++)
        is_there = memcmp(failed[i], hash, SHA256_BYTES) == 0;
    pthread_mutex_unlock(&failed_lock);
    return is_there;
}

static void note_failed(const uint8_t hash[SHA256_BYTES])
{
    pthread_mutex_lock(&failed_lock);
    memcpy(failed[n_failed++ % FAILED_MAX], hash, SHA256_BYTES);
    pthread_mutex_unlock(&failed_lock);
}

static bool is_wanted(const struct config *config, const uint8_t hash[SHA256_BYTES])
{
    return !passages_are_there(config, hash) && !has_failed(hash);
}

bool extraction_is_needed(const struct config *config, const struct retrieval_ask *ask)
{
    for (size_t i = 0; i < ask->n_extract; i++)
        if (is_wanted(config, ask->extract[i]))
            return true;
    return false;
}

/* ---- in the thread ---- */

static enum cq_status extract(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                              const char **failure)
{
    struct extraction extraction = {.failure = NULL};
    struct file_type type;
    const void *data;
    size_t len;

    enum cq_status st = file_map(ctx, config, hash, &data, &len);
    if (!st)
        st = file_type_of(ctx, data, len, &type);
    if (!st)
        st = file_extract(ctx, config, hash, &type, &extraction);
    *failure = extraction.failure;
    return st || extraction.failure ? st : passages_write(ctx, config, hash, &extraction);
}

static void extract_one(const struct config *config, const uint8_t hash[SHA256_BYTES])
{
    struct cq_ctx ctx = {.arena = arena_create(BLOCK_BYTES, MAX_BYTES), .request_id = "-"};
    const char *failure = NULL;

    if (!ctx.arena)
        return;
    enum cq_status st = extract(&ctx, config, hash, &failure);

    if (failure || st == CQ_UNSUPPORTED_FILE)
        note_failed(hash);
    else if (st)
        log_warn("an attachment could not be read: %s: %s", cq_status_info(st)->name, ctx.error);
    arena_destroy(ctx.arena);
}

static void *run(void *arg)
{
    struct extraction_job *job = arg;
    int wake_fd = job->wake_fd;
    uint64_t one = 1;

    for (size_t i = 0; i < job->ask->n_extract; i++)
        if (is_wanted(job->config, job->ask->extract[i]))
            extract_one(job->config, job->ask->extract[i]);
    n_jobs--;
    job->is_done = true; /* from here on it may be gone */
    (void)!write(wake_fd, &one, sizeof(one));
    return NULL;
}

/* ---- in the loop ---- */

static bool start_thread(struct extraction_job *job)
{
    pthread_attr_t attr;
    pthread_t thread;

    if (pthread_attr_init(&attr))
        return false;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    bool is_started = pthread_create(&thread, &attr, run, job) == 0;

    pthread_attr_destroy(&attr);
    return is_started;
}

struct extraction_job *extraction_start(const struct config *config, const struct retrieval_ask *ask, int wake_fd)
{
    struct extraction_job *job = n_jobs < JOBS_MAX ? malloc(sizeof(*job)) : NULL;

    if (!job)
        return NULL;
    *job = (struct extraction_job){.config = config, .ask = ask, .wake_fd = wake_fd};
    n_jobs++;
    if (start_thread(job))
        return job;
    n_jobs--;
    free(job);
    return NULL;
}

bool extraction_take(struct extraction_job *job)
{
    if (!job->is_done)
        return false;
    free(job);
    return true;
}
