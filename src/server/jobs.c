/* Store threads and their two queues. */
#include "server/jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { THREAD_STACK_BYTES = 1 << 20, MAX_THREADS = 64 };

struct queue {
    struct job *first, **last;
};

struct jobs {
    const struct config *config;
    pthread_mutex_t mutex;
    struct queue todo, done;
    struct store_thread *idle; /* the one that worked last first: what it needs is still in the caches */
    bool is_ending;
    int fd;
    void (*heard)(void *arg, struct db *db);
    void *arg;
    size_t n_threads;
    struct store_thread {
        struct jobs *jobs;
        struct db *db;
        pthread_t thread;
        pthread_cond_t is_wanted;
        struct store_thread *next_idle;
        bool is_idle;
    } threads[MAX_THREADS];
};

static void push(struct queue *queue, struct job *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

static struct job *pop(struct queue *queue)
{
    struct job *job = queue->first;

    queue->first = job->next;
    if (!queue->first)
        queue->last = &queue->first;
    return job;
}

static void enter_idle(struct jobs *jobs, struct store_thread *thread)
{
    if (thread->is_idle)
        return;
    thread->is_idle = true;
    thread->next_idle = jobs->idle;
    jobs->idle = thread;
}

static void leave_idle(struct jobs *jobs, struct store_thread *thread)
{
    struct store_thread **at = &jobs->idle;

    if (!thread->is_idle)
        return;
    while (*at != thread)
        at = &(*at)->next_idle;
    *at = thread->next_idle;
    thread->is_idle = false;
}

static struct job *wait_for_job(struct jobs *jobs, struct store_thread *self)
{
    struct job *job = NULL;

    pthread_mutex_lock(&jobs->mutex);
    while (!jobs->todo.first && !jobs->is_ending) {
        enter_idle(jobs, self);
        pthread_cond_wait(&self->is_wanted, &jobs->mutex);
    }
    leave_idle(jobs, self); /* unless it was called: a wait may end of itself */
    if (!jobs->is_ending)
        job = pop(&jobs->todo);
    pthread_mutex_unlock(&jobs->mutex);
    return job;
}

static void give_back(struct jobs *jobs, struct job *job)
{
    pthread_mutex_lock(&jobs->mutex);
    push(&jobs->done, job);
    pthread_mutex_unlock(&jobs->mutex);
    eventfd_write(jobs->fd, 1);
}

static void *thread_main(void *arg)
{
    struct store_thread *self = arg;
    struct jobs *jobs = self->jobs;
    struct job *job;

    while ((job = wait_for_job(jobs, self))) {
        job->run(job, self->db);
        jobs->heard(jobs->arg, self->db);
        give_back(jobs, job);
        db_rest(self->db); /* whose job it was does not wait for that */
    }
    db_thread_end();
    return NULL;
}

static bool start_thread(struct jobs *jobs, const pthread_attr_t *attr)
{
    struct store_thread *thread = &jobs->threads[jobs->n_threads];

    thread->jobs = jobs;
    thread->db = db_create(jobs->config);
    pthread_cond_init(&thread->is_wanted, NULL);
    if (thread->db)
        db_set_autocommit_off(thread->db);
    if (thread->db && !pthread_create(&thread->thread, attr, thread_main, thread)) {
        jobs->n_threads++;
        return true;
    }
    pthread_cond_destroy(&thread->is_wanted);
    db_destroy(thread->db);
    return false;
}

static bool start_threads(struct jobs *jobs, size_t n)
{
    pthread_attr_t attr;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
    while (jobs->n_threads < n && jobs->n_threads < MAX_THREADS && start_thread(jobs, &attr))
        ;
    pthread_attr_destroy(&attr);
    return jobs->n_threads > 0;
}

struct jobs *jobs_create(const struct config *config, size_t n, void (*heard)(void *arg, struct db *db), void *arg)
{
    struct jobs *jobs = calloc(1, sizeof(*jobs));

    if (!jobs)
        return NULL;
    jobs->config = config;
    jobs->heard = heard;
    jobs->arg = arg;
    jobs->todo.last = &jobs->todo.first;
    jobs->done.last = &jobs->done.first;
    jobs->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&jobs->mutex, NULL);
    if (jobs->fd >= 0 && start_threads(jobs, n))
        return jobs;
    jobs_destroy(jobs);
    return NULL;
}

void jobs_destroy(struct jobs *jobs)
{
    if (!jobs)
        return;
    pthread_mutex_lock(&jobs->mutex);
    jobs->is_ending = true;
    for (size_t i = 0; i < jobs->n_threads; i++)
        pthread_cond_signal(&jobs->threads[i].is_wanted);
    pthread_mutex_unlock(&jobs->mutex);
    for (size_t i = 0; i < jobs->n_threads; i++) {
        pthread_join(jobs->threads[i].thread, NULL);
        pthread_cond_destroy(&jobs->threads[i].is_wanted);
        db_destroy(jobs->threads[i].db);
    }
    pthread_mutex_destroy(&jobs->mutex);
    if (jobs->fd >= 0)
        close(jobs->fd);
    free(jobs);
}

void jobs_add(struct jobs *jobs, struct job *job)
{
    pthread_mutex_lock(&jobs->mutex);
    struct store_thread *thread = jobs->idle;

    push(&jobs->todo, job);
    if (thread) {
        leave_idle(jobs, thread);
        pthread_cond_signal(&thread->is_wanted);
    }
    pthread_mutex_unlock(&jobs->mutex);
}

int jobs_fd(const struct jobs *jobs)
{
    return jobs->fd;
}

struct job *jobs_done(struct jobs *jobs)
{
    eventfd_t n;
    struct job *first;

    (void)!eventfd_read(jobs->fd, &n);
    pthread_mutex_lock(&jobs->mutex);
    first = jobs->done.first;
    jobs->done = (struct queue){NULL, NULL};
    jobs->done.last = &jobs->done.first;
    pthread_mutex_unlock(&jobs->mutex);
    return first;
}
