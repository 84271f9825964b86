/* Workers that are killed, and workers that cannot be born. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "faults.h"
#include "shim.h"

enum {
    SETTLED_MS = 2000,
    BACK_MS = 50,
    MAX_BIRTHS = 256,
    CPU_PERCENT = 10,
};

/* ---- llm workers ---- */

static size_t n_killed, n_held;

/* Stopped, counted, killed: what it held is known, and nothing of it is answered meanwhile. */
static void kill_llm_worker(void)
{
    pid_t pids[MAX_PIDS];
    size_t n = workers("llm", pids);

    if (!n)
        return;
    pid_t pid = pids[(size_t)rand() % n];

    kill(pid, SIGSTOP);
    n_held += held_by(pid, "llm");
    n_killed++;
    watch_killed(pid);
    kill(pid, SIGKILL);
    settle_add(pid);
}

/* Each tenth time it kills; between, it looks. */
static void disturb_llm(unsigned nth)
{
    if (nth % 10 == 0)
        kill_llm_worker();
    settle_look();
}

static void begin_llm(void)
{
    settle_clear();
    n_killed = n_held = 0;
}

static void heal_llm(void)
{
    settle_finish(PATIENCE_MS);
}

static void check_llm(void)
{
    const struct load_figures *f = load_figures();

    figure("%zu killed with %zu requests", n_killed, n_held);
    settle_check(SETTLED_MS + SLACK_MS);
    ROW_ASSERT("requests were broken, else this shows nothing", f->n_broken > 0);
    ROW_ASSERT(textf("%zu broken, %zu were held", f->n_broken, n_held), f->n_broken <= n_held);
}

/* ---- api workers ---- */

static struct {
    int64_t times_ms[MAX_BIRTHS];
    size_t n;
} births;

static bool is_new(pid_t pid, const pid_t *before, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (before[i] == pid)
            return false;
    return true;
}

static bool has_successor(const pid_t *before, size_t n)
{
    pid_t now[MAX_PIDS];
    size_t n_now = workers("api", now);

    for (size_t i = 0; i < n_now; i++)
        if (is_new(now[i], before, n))
            return true;
    return false;
}

/* A successor has its name when it begins, and is ready when /health counts it. */
static void kill_api_worker(unsigned nth)
{
    pid_t before[MAX_PIDS];
    size_t n = workers("api", before);
    int64_t began_ms = clock_mono_ms();

    (void)nth;
    if (!n || births.n == MAX_BIRTHS)
        return;
    pid_t pid = before[(size_t)rand() % n];

    watch_killed(pid);
    kill(pid, SIGKILL);
    while (!has_successor(before, n) && clock_mono_ms() < began_ms + PATIENCE_MS)
        load_step(1);
    while (health_number("api", "ready") < (int64_t)n && clock_mono_ms() < began_ms + PATIENCE_MS)
        load_step(0);
    births.times_ms[births.n++] = clock_mono_ms() - began_ms;
}

static void begin_api(void)
{
    births.n = 0;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void check_api(void)
{
    ROW_ASSERT("workers were killed", births.n >= 3);
    if (!births.n)
        return;
    qsort(births.times_ms, births.n, sizeof(*births.times_ms), by_time);
    int64_t least_ms = births.times_ms[0], median_ms = births.times_ms[births.n / 2];
    int64_t most_ms = births.times_ms[births.n - 1];

    figure("%zu killed, a new one in %ld ms (median), %ld ms (most)", births.n, median_ms, most_ms);
    ROW_ASSERT(textf("each took %ld ms or more", least_ms), least_ms <= BACK_MS);
    ROW_ASSERT(textf("half of them took %ld ms or more", median_ms), median_ms <= BACK_MS + BUSY_MS);
    ROW_ASSERT(textf("one took %ld ms", most_ms), most_ms <= BACK_MS + SLACK_MS);
}

/* ---- births that fail ---- */

static struct {
    int64_t began_ms;
    uint64_t cpu_ms, n_births;
} dying;

static void begin_dying(void)
{
    pid_t pids[MAX_PIDS];

    shim()->births_fail = 1;
    for (size_t n = workers(NULL, pids), i = 0; i < n; i++)
        kill(pids[i], SIGKILL);
    pause_ms(200);
    dying.began_ms = clock_mono_ms();
    dying.cpu_ms = cpu_ms(master_pid(), true);
    dying.n_births = shim()->n_births_failed;
}

static void heal_dying(void)
{
    int64_t for_ms = clock_mono_ms() - dying.began_ms;
    uint64_t used_ms = cpu_ms(master_pid(), true) - dying.cpu_ms, n = shim()->n_births_failed - dying.n_births;

    shim()->births_fail = 0;
    figure("%lu births in %.1f s, %lu ms of CPU", n, (double)for_ms / 1000, used_ms);
    ROW_ASSERT("it goes on trying", n > 0);
    ROW_ASSERT(textf("%lu ms of CPU in %ld ms", used_ms, for_ms), (int64_t)used_ms * 100 <= for_ms * CPU_PERCENT);
    load_mark();
}

static void check_dying(void)
{
    int64_t began_ms = clock_mono_ms();

    ROW_ASSERT("it was said in the log", log_count("was killed by signal 9") > 0);
    ROW_ASSERT("service is back", wait_under_load(load_is_good, NULL, PATIENCE_MS));
    figure("good again after %ld ms", clock_mono_ms() - began_ms);
}

/* Every process that died at birth is one of those that were to die. */
static void run_dying(const struct fault *fault, int64_t for_ms)
{
    load_start(&fault->load);
    load_for(700, 0, NULL);
    begin_dying();
    load_for(for_ms, 0, NULL);
    heal_dying();
    check_dying();
    load_finish();
    load_check(fault->may);
    watch_begin(); /* whom the shim killed is not known here: from now on */
}

static const struct fault rows[] = {
    // clang-format off
    {.name = "llm-worker-killed",
     .promise = "llm worker SIGKILL, 2/s: only what it held is broken; its turns are settled in 2 s",
     .full_s = 60, .suite_ms = 8000, .may = MAY_BREAK | MAY_GROW, .every_ms = 50,
     .begin = begin_llm, .disturb = disturb_llm, .heal = heal_llm, .check = check_llm},
    {.name = "api-worker-killed",
     .promise = "api worker SIGKILL, 5/s: no read fails, a new worker in 50 ms",
     .full_s = 60, .suite_ms = 5000, .may = MAY_GROW, .every_ms = 200, .load = {.readers = 12, .read_pause_ms = 5},
     .begin = begin_api, .disturb = kill_api_worker, .check = check_api},
    {.name = "workers-die-at-birth",
     .promise = "every worker dies at birth: 10 % of CPU at most",
     .full_s = 60, .suite_ms = 4000, .may = MAY_BREAK | MAY_REFUSE | MAY_FAIL_READS | MAY_GROW, .run = run_dying},
    // clang-format on
};

const struct fault_table worker_faults = {rows, LEN(rows)};
