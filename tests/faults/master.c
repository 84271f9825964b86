/* The master killed, stopped and told to reload; nginx told to reload. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "faults.h"

enum { UP_MS = 1000, SETTLED_MS = 2000, DRAIN_LIMIT_MS = 60000 };

static struct {
    pid_t master, workers[MAX_PIDS];
    size_t n_workers;
} old;

static void note_old(void)
{
    old.master = master_pid();
    old.n_workers = workers(NULL, old.workers);
}

static bool is_old_gone(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < old.n_workers; i++)
        if (is_alive(old.workers[i]))
            return false;
    return true;
}

/* ---- killed ---- */

static struct {
    size_t n, n_held;
    int64_t best_ms, worst_ms;
} kills;

static bool is_new_up(void *unused)
{
    (void)unused;
    return master_pid() && master_pid() != old.master && load_figures()->first_read_ms;
}

/* Its workers stopped first, so that what they hold is known. */
static void kill_master(unsigned nth)
{
    int64_t began_ms;

    (void)nth;
    note_old();
    for (size_t i = 0; i < old.n_workers; i++) {
        kill(old.workers[i], SIGSTOP);
        kills.n_held += held_by(old.workers[i], "llm");
        watch_killed(old.workers[i]);
        settle_add(old.workers[i]);
    }
    began_ms = clock_mono_ms();
    kill(old.master, SIGKILL);
    kills.n++;
    load_mark();
    ROW_ASSERT("no worker outlives its master", wait_under_load(is_old_gone, NULL, PATIENCE_MS));
    ROW_ASSERT("a new master serves", wait_under_load(is_new_up, NULL, PATIENCE_MS));
    int64_t took_ms = clock_mono_ms() - began_ms;
    kills.best_ms = took_ms < kills.best_ms ? took_ms : kills.best_ms;
    kills.worst_ms = took_ms > kills.worst_ms ? took_ms : kills.worst_ms;
    settle_finish(PATIENCE_MS);
}

static void begin_kills(void)
{
    memset(&kills, 0, sizeof(kills));
    kills.best_ms = INT64_MAX;
    settle_clear();
}

static void check_kills(void)
{
    const struct load_figures *f = load_figures();

    figure("%zu killed with %zu requests; serves again after %ld ms at most", kills.n, kills.n_held, kills.worst_ms);
    settle_check(UP_MS + SETTLED_MS + SLACK_MS);
    ROW_ASSERT(textf("up after %ld ms at best", kills.best_ms), kills.best_ms <= UP_MS + BUSY_MS);
    ROW_ASSERT(textf("up after %ld ms", kills.worst_ms), kills.worst_ms <= UP_MS + SLACK_MS);
    ROW_ASSERT(textf("%zu broken, %zu were held", f->n_broken, kills.n_held), f->n_broken <= kills.n_held);
}

/* ---- stopped ---- */

static bool is_master_gone(void *unused)
{
    (void)unused;
    return !is_alive(old.master);
}

static bool is_somebody_refused(void *unused)
{
    const struct load_figures *f = load_figures();

    (void)unused;
    return f->n_broken + f->n_refused + f->n_reads_failed > 0;
}

static void run_stop(const struct fault *fault, int64_t for_ms)
{
    load_start(&fault->load);
    load_for(for_ms, 0, NULL);
    note_old();
    load_must_finish();
    int64_t began_ms = clock_mono_ms();

    kill(old.master, SIGTERM);
    ROW_ASSERT("it stops", wait_under_load(is_master_gone, NULL, DRAIN_LIMIT_MS));
    figure("stopped in %ld ms", clock_mono_ms() - began_ms);
    ROW_ASSERT("and so do its workers", is_old_gone(NULL));
    load_for(300, 0, NULL);
    ROW_ASSERT("nobody serves meanwhile", wait_under_load(is_somebody_refused, NULL, PATIENCE_MS));
    restart_with(fault->settings);
    load_for(500, 0, NULL);
    load_finish();
    load_check(fault->may);
}

/* ---- reloads ---- */

static void begin_reload(void)
{
    note_old();
}

static void reload(unsigned nth)
{
    (void)nth;
    kill(old.master, SIGHUP);
}

static void storm(unsigned nth)
{
    for (unsigned ms = 0; ms < 25; ms++) {
        load_step(0);
        pause_ms(ms);
        reload(nth);
    }
}

static bool is_one_generation(void *unused)
{
    return is_old_gone(unused) && has_full_strength(unused);
}

static void check_reload(void)
{
    ROW_ASSERT("it is the same master", master_pid() == old.master);
    ROW_ASSERT("every worker was replaced", wait_until(is_one_generation, NULL, PATIENCE_MS));
    size_t n_reloads = log_count("reloaded: generation");
    figure("%zu generations", n_reloads);
    ROW_ASSERT("reloads took place", n_reloads > 0);
    pid_t pids[MAX_PIDS];
    ROW_ASSERT(textf("%zu workers instead of %zu", workers(NULL, pids), old.n_workers),
               workers(NULL, pids) == old.n_workers);
}

/* It took a place in the census of the old, and holds memory and connections: somebody has to end it. */
static void run_hang(const struct fault *fault, int64_t for_ms)
{
    pid_t hung[MAX_PIDS];

    note_old();
    if (!workers("llm", hung) || kill(hung[0], SIGSTOP))
        harness_die("no worker to stop");
    watch_killed(hung[0]);
    reload(0);
    load_start(&fault->load);
    load_for(2000, 0, NULL);
    load_finish();
    ROW_ASSERT("it hangs", is_alive(hung[0]));
    ROW_ASSERT("it is killed", log_has(textf("worker pid=%d pool=llm does not leave", (int)hung[0]), for_ms));
    ROW_ASSERT("and gone, like the others of its generation", wait_until(is_one_generation, NULL, PATIENCE_MS));
    load_check(fault->may);
}

static const char *const SHORT_TURNS[] = {"COLLOQUY_LLM_TOTAL_TIMEOUT_MS=5000", NULL};

static const char *conf_path(void)
{
    return textf("%s/colloquy.conf", faults_instance()->dir);
}

static long conf_size;

static void spoil_config(void)
{
    FILE *file = fopen(conf_path(), "ae");

    note_old();
    if (!file)
        harness_die("cannot write %s", conf_path());
    conf_size = ftell(file);
    fputs("\n[server]\napi_workers = many\n", file);
    fclose(file);
    reload(0);
}

static void mend_config(void)
{
    pid_t pids[MAX_PIDS];

    ROW_ASSERT("it is said which key is wrong", log_has("server.api_workers", PATIENCE_MS));
    ROW_ASSERT("the old config goes on", log_has("reload refused", PATIENCE_MS));
    ROW_ASSERT("with the same workers",
               workers(NULL, pids) == old.n_workers && memcmp(pids, old.workers, old.n_workers * sizeof(*pids)) == 0);
    ROW_ASSERT("nothing is begun with it", log_count("reloading: generation") == 0);
    if (truncate(conf_path(), conf_size))
        harness_die("cannot mend %s", conf_path());
    reload(0);
}

/* ---- nginx ---- */

static void reload_nginx(unsigned nth)
{
    (void)nth;
    kill(instance_pid(faults_instance(), "nginx"), SIGHUP);
}

static const char LONGER[] = "[[delay 300]][[gap 60]][[chunk 4]]";

static const struct fault rows[] = {
    // clang-format off
    {.name = "master-killed",
     .promise = "master SIGKILL: nothing is refused, up in 1 s, no worker left, its turns settled in 2 s",
     .full_s = 60, .suite_ms = 4000, .may = MAY_BREAK | MAY_GROW, .every_ms = 3000,
     .begin = begin_kills, .disturb = kill_master, .check = check_kills},
    {.name = "master-stopped",
     .promise = "master SIGTERM: running turns finish",
     .full_s = 5, .suite_ms = 1500, .may = MAY_BREAK | MAY_REFUSE | MAY_FAIL_READS | MAY_GROW,
     .load = {.says = LONGER}, .run = run_stop},
    {.name = "reload-each-second",
     .promise = "reload each second: nothing fails, no stream is cut",
     .full_s = 60, .suite_ms = 6000, .load = {.says = LONGER, .readers = 8, .read_pause_ms = 10}, .every_ms = 1000,
     .begin = begin_reload, .disturb = reload, .check = check_reload},
    {.name = "reload-storm",
     .promise = "25 reloads 0 to 24 ms apart: nothing fails, one generation is left",
     .full_s = 20, .suite_ms = 2000, .load = {.says = LONGER, .readers = 8, .read_pause_ms = 10}, .every_ms = 2000,
     .begin = begin_reload, .disturb = storm, .check = check_reload},
    {.name = "reload-bad-config",
     .promise = "reload with a bad config: the old one goes on, one line names the key",
     .full_s = 5, .suite_ms = 1000,
     .begin = spoil_config, .heal = mend_config, .check = check_reload},
    {.name = "worker-hangs",
     .promise = "a worker hangs when it is to leave: it is killed after its longest turn and some, others serve",
     .full_s = 180, .settings = SHORT_TURNS, .is_whole = true, .run = run_hang},
    {.name = "nginx-reload",
     .promise = "nginx reload each second: nothing fails, streams go on to their end",
     .full_s = 60, .suite_ms = 5000, .load = {.says = LONGER, .readers = 8, .read_pause_ms = 10}, .every_ms = 1000,
     .disturb = reload_nginx},
    // clang-format on
};

const struct fault_table master_faults = {rows, LEN(rows)};
