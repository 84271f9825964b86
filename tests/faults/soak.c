/*
 * What takes long: many requests, and no worker that grows; many turns, while one thing or another breaks all the time.
 *
 * A soak goes in chapters, so that this program does not grow either. The slope is a line of least squares through the PSS of the
 * workers, the first chapters left out: heaps and caches find their size there.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "faults.h"

enum { CHAPTER_MS = 20000, SHORT_CHAPTER_MS = 1500, MAX_CHAPTERS = 512, MIN_CHAPTERS = 6 };

static const double SLOPE_KIB = 1.0;        /* a minute, of each worker */
static const double SHORT_GROWTH_KIB = 512; /* in a run too short for a slope */

struct sample {
    double minutes, pss_kib;
    size_t fds;
};

static struct sample take_sample(int64_t began_ms)
{
    pid_t pids[MAX_PIDS];
    size_t n = workers(NULL, pids);
    struct sample s = {.minutes = (double)(clock_mono_ms() - began_ms) / 60000};

    for (size_t i = 0; i < n; i++) {
        s.pss_kib += (double)pss_kib(pids[i]) / (double)n;
        s.fds += n_fds(pids[i]);
    }
    return s;
}

static double slope(const struct sample *samples, size_t n)
{
    double x = 0, y = 0, xx = 0, xy = 0, count = (double)n;

    for (size_t i = 0; i < n; i++) {
        x += samples[i].minutes;
        y += samples[i].pss_kib;
        xx += samples[i].minutes * samples[i].minutes;
        xy += samples[i].minutes * samples[i].pss_kib;
    }
    return (count * xy - x * y) / (count * xx - x * x);
}

static void judge(const struct sample *samples, size_t n)
{
    size_t from = n / 3;
    double grown_kib = samples[n - 1].pss_kib - samples[from].pss_kib;
    double kib_a_minute = slope(samples + from, n - from);

    figure("PSS of a worker %.0f, then %.0f KiB; descriptors %zu, then %zu", samples[from].pss_kib,
           samples[n - 1].pss_kib, samples[from].fds, samples[n - 1].fds);
    if (samples[n - 1].minutes >= 10) {
        figure("%.2f KiB a minute", kib_a_minute);
        ROW_ASSERT(textf("%.2f KiB a minute", kib_a_minute), kib_a_minute <= SLOPE_KIB);
    }
    ROW_ASSERT(textf("grown by %.0f KiB", grown_kib), grown_kib <= SHORT_GROWTH_KIB);
    ROW_ASSERT("descriptors are flat", samples[n - 1].fds <= samples[from].fds + 32);
}

static void run_soak(const struct fault *fault, int64_t for_ms)
{
    static struct sample samples[MAX_CHAPTERS];
    int64_t began_ms = clock_mono_ms(), chapter_ms = for_ms > 120000 ? CHAPTER_MS : SHORT_CHAPTER_MS;
    size_t n = 0, n_requests = 0;

    while ((clock_mono_ms() - began_ms < for_ms || n < MIN_CHAPTERS) && n < MAX_CHAPTERS) {
        load_start(&fault->load);
        load_for(chapter_ms, 0, NULL);
        load_finish();
        const struct load_figures *f = load_figures();

        n_requests += f->n_acknowledged + f->n_opened + f->n_reads;
        ROW_ASSERT("nothing failed", f->n_unfair + f->n_broken + f->n_refused + f->n_failed + f->n_reads_failed == 0);
        samples[n++] = take_sample(began_ms);
        arena_reset(test_arena());
    }
    figure("%zu requests", n_requests);
    judge(samples, n);
}

/* ---- everything at once ---- */

static void kill_somebody(const char *kind)
{
    pid_t pids[MAX_PIDS];
    size_t n = workers(kind, pids);

    if (!n)
        return;
    pid_t pid = pids[(size_t)rand() % n];

    watch_killed(pid);
    kill(pid, SIGKILL);
}

static void kill_a_connection(void)
{
    admin(textf("KILL %lu", admin_number("SELECT id FROM information_schema.processlist WHERE user = 'colloquy'"
                                         " ORDER BY RAND() LIMIT 1",
                                         0)));
}

/* Twice a second a worker; between, whatever else there is. */
static void break_something(unsigned nth)
{
    if (nth % 2 == 0) {
        kill_somebody(rand() % 3 ? "llm" : "api");
        return;
    }
    switch (rand() % 4) {
    case 0:
        kill(master_pid(), SIGHUP);
        break;
    case 1:
        kill(instance_pid(faults_instance(), "nginx"), SIGHUP);
        break;
    default:
        kill_a_connection();
        break;
    }
}

static void check_broken(void)
{
    ROW_ASSERT("requests were broken, else this shows nothing", load_figures()->n_broken > 0);
}

static const struct fault rows[] = {
    // clang-format off
    {.name = "anything-breaks",
     .promise = "a million turns, two kills a second, reloads and lost connections: 0 lost, doubled, out of order",
     .full_s = 3600, .suite_ms = 8000, .may = MAY_BREAK | MAY_GROW, .every_ms = 250,
     .load = {.says = "[[delay 20]]", .speakers = 48, .read_pause_ms = 10},
     .disturb = break_something, .check = check_broken},
    {.name = "soak",
     .promise = "a million requests: PSS + 1 KiB a minute at most, descriptors flat",
     .full_s = 3000, .suite_ms = 12000, .is_whole = true,
     .load = {.says = "[[delay 20]]", .readers = 16, .read_pause_ms = 1}, .run = run_soak},
    // clang-format on
};

const struct fault_table soak_faults = {rows, LEN(rows)};
