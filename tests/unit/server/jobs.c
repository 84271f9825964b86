/*
 * Store threads: every job comes back once, in order where there is one thread, and an end in the middle loses
 * nothing it runs.
 */
#include "server/jobs.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "unit.h"

enum { MANY = 1000, WAIT_MS = 5000 };

struct task {
    struct job job; /* first: a job that comes back is its task */
    size_t number;
    unsigned n_runs, n_back;
    bool had_db;
};

static const struct config config; /* of a database that nobody asks for anything */
static struct task tasks[MANY];
static atomic_size_t n_run, n_heard;

static void run(struct job *job, struct db *db)
{
    struct task *task = (struct task *)job;

    task->n_runs++;
    task->had_db = db;
    n_run++;
}

static void heard(void *arg, struct db *db)
{
    n_heard += arg == tasks && db;
}

static struct jobs *start(size_t n_threads)
{
    n_run = n_heard = 0;
    for (size_t i = 0; i < MANY; i++)
        tasks[i] = (struct task){.job = {.run = run}, .number = i};
    struct jobs *jobs = jobs_create(&config, n_threads, heard, tasks);

    CU_ASSERT_PTR_NOT_NULL_FATAL(jobs);
    return jobs;
}

/* Take what has come back until there are n, or nothing comes for long. In order: each is the one after the last. */
static size_t take_back(struct jobs *jobs, size_t n, bool in_order)
{
    size_t got = 0;
    struct pollfd fd = {.fd = jobs_fd(jobs), .events = POLLIN};

    while (got < n && poll(&fd, 1, WAIT_MS) > 0)
        for (struct job *job = jobs_done(jobs); job; job = job->next) {
            struct task *task = (struct task *)job;

            CU_ASSERT_TRUE(!in_order || task->number == got);
            CU_ASSERT_TRUE(task->n_runs == 1 && task->had_db);
            task->n_back++;
            got++;
        }
    return got;
}

static bool all_back_once(size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tasks[i].n_back != 1)
            return false;
    return true;
}

static bool is_readable(struct jobs *jobs)
{
    struct pollfd fd = {.fd = jobs_fd(jobs), .events = POLLIN};

    return poll(&fd, 1, 0) > 0;
}

static void test_jobs_come_back(void)
{
    static const struct {
        const char *name;
        size_t n_threads, n;
    } rows[] = {{"one", 1, 1}, {"many, one thread", 1, MANY}, {"many, two threads", 2, MANY}, {"many, many", 8, MANY}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct jobs *jobs = start(rows[i].n_threads);

        for (size_t k = 0; k < rows[i].n; k++)
            jobs_add(jobs, &tasks[k].job);
        ROW_ASSERT(rows[i].name, take_back(jobs, rows[i].n, rows[i].n_threads == 1) == rows[i].n);
        ROW_ASSERT(rows[i].name, all_back_once(rows[i].n));
        ROW_ASSERT(rows[i].name, n_heard == rows[i].n);
        ROW_ASSERT(rows[i].name, !jobs_done(jobs));
        jobs_destroy(jobs);
    }
}

/* As the loop does it: one that came back is queued again. */
static void test_the_same_job_again(void)
{
    struct jobs *jobs = start(2);

    for (int round = 0; round < 20; round++) {
        tasks[0].n_runs = tasks[0].n_back = 0;
        jobs_add(jobs, &tasks[0].job);
        CU_ASSERT_EQUAL(take_back(jobs, 1, true), 1);
        CU_ASSERT_TRUE(all_back_once(1));
    }
    jobs_destroy(jobs);
}

static void test_nothing_has_come_back(void)
{
    struct jobs *jobs = start(1);

    CU_ASSERT_FALSE(is_readable(jobs));
    CU_ASSERT_PTR_NULL(jobs_done(jobs));
    jobs_destroy(jobs);
    jobs_destroy(NULL);
}

/* ---- the end in the middle ---- */

static int gate[2], begun[2]; /* pipes */

static void open_pipes(void)
{
    CU_ASSERT_EQUAL_FATAL(pipe(gate), 0);
    CU_ASSERT_EQUAL_FATAL(pipe(begun), 0);
}

static void close_pipes(void)
{
    for (size_t i = 0; i < 2; i++) {
        close(gate[i]);
        close(begun[i]);
    }
}

static bool put_byte(const int pipe[2])
{
    return write(pipe[1], "x", 1) == 1;
}

static bool take_byte(const int pipe[2])
{
    char byte;

    return read(pipe[0], &byte, 1) == 1;
}

static void run_until_let_go(struct job *job, struct db *db)
{
    if (put_byte(begun) && take_byte(gate))
        run(job, db);
}

static void let_go(struct job *job, struct db *db)
{
    if (put_byte(gate))
        run(job, db);
}

static void *let_go_later(void *arg)
{
    usleep(20000);
    (void)!put_byte(gate);
    return arg;
}

/*
 * The one thread is in a job when the end begins: that job is finished, and those behind it are not begun out of
 * turn.
 */
static void test_destroy_with_queued_jobs(void)
{
    struct jobs *jobs = start(1);
    pthread_t thread;

    open_pipes();
    tasks[0].job.run = run_until_let_go;
    for (size_t i = 0; i < MANY; i++)
        jobs_add(jobs, &tasks[i].job);
    CU_ASSERT_TRUE(take_byte(begun));
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, let_go_later, NULL), 0);
    jobs_destroy(jobs);
    pthread_join(thread, NULL);
    CU_ASSERT_TRUE(n_run >= 1);
    for (size_t i = 0; i < MANY; i++)
        CU_ASSERT_EQUAL(tasks[i].n_runs, i < n_run);
    close_pipes();
}

/* Two jobs that wait for each other end only if two threads run them at the same time. */
static void test_threads_work_at_the_same_time(void)
{
    struct jobs *jobs = start(2);

    open_pipes();
    tasks[0].job.run = run_until_let_go;
    tasks[1].job.run = let_go;
    jobs_add(jobs, &tasks[0].job);
    jobs_add(jobs, &tasks[1].job);
    CU_ASSERT_EQUAL(take_back(jobs, 2, false), 2);
    jobs_destroy(jobs);
    close_pipes();
}

SUITE(jobs, {"jobs come back", test_jobs_come_back}, {"the same job again", test_the_same_job_again},
      {"nothing has come back", test_nothing_has_come_back},
      {"destroyed with queued jobs", test_destroy_with_queued_jobs},
      {"threads work at the same time", test_threads_work_at_the_same_time});
