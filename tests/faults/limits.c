/* What runs out in the server's own processes: memory, descriptors, processes, the log's disk; and a wrong clock. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "faults.h"
#include "shim.h"

enum {
    RECOVER_MS = 1000,
    STRENGTH_MS = 2000,
    CPU_PERCENT = 10,
    FEW_FDS = 32,
    FEW_TURNS_FDS = 52, /* an llm worker keeps 40 to itself, and each turn takes two */
    DAY_S = 86400,
};

/* ---- limits of running processes ---- */

static void limit_one(pid_t pid, int resource, rlim_t soft)
{
    struct rlimit limit;

    if (prlimit(pid, (__rlimit_resource_t)resource, NULL, &limit))
        return;
    limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
    prlimit(pid, (__rlimit_resource_t)resource, &limit, NULL);
}

static void lift(const char *kind, int resource)
{
    pid_t pids[MAX_PIDS];

    for (size_t n = workers(kind, pids), i = 0; i < n; i++)
        limit_one(pids[i], resource, RLIM_INFINITY);
}

static uint64_t cpu_of(const char *kind)
{
    pid_t pids[MAX_PIDS];
    uint64_t ms = 0;

    for (size_t n = workers(kind, pids), i = 0; i < n; i++)
        ms += cpu_ms(pids[i], false);
    return ms;
}

/* Whoever comes now, in a conversation of its own: those of the crowd may wait for turns that the fault has lost. */
static bool is_served(void *unused)
{
    const char *path = experience_path(main_course(), crowd_experience(0)), *token = token_of(OTHER_STUDENT);

    (void)unused;
    return CALL("GET", path, token, .limit_ms = 2000)->status == 200 &&
           CALL("POST", textf("%s/conversations", path), token, .limit_ms = 2000)->status == 201;
}

static void expect_good_again(int64_t limit_ms)
{
    int64_t began_ms = clock_mono_ms();

    ROW_ASSERT("service is back", wait_under_load(is_served, NULL, PATIENCE_MS));
    int64_t took_ms = clock_mono_ms() - began_ms;

    figure("good again after %ld ms", took_ms);
    ROW_ASSERT(textf("good again after %ld ms", took_ms), took_ms <= limit_ms + SLACK_MS);
}

/* ---- memory ---- */

static pid_t former[MAX_PIDS];
static size_t n_former;

static bool are_replaced(void *unused)
{
    for (size_t i = 0; i < n_former; i++)
        if (is_alive(former[i]))
            return false;
    return has_full_strength(unused);
}

/* Workers whose heaps have not grown yet. */
static void renew_workers(void)
{
    n_former = workers(NULL, former);
    kill(master_pid(), SIGHUP);
    ROW_ASSERT("workers are renewed", wait_under_load(are_replaced, NULL, PATIENCE_MS));
}

/*
 * Half of the workers may not grow any more: what is free in their heaps is all that they have. They may die of it, as
 * json-c does when it cannot copy a key.
 */
static void begin_memory(void)
{
    static const char *const kinds[] = {"api", "llm"};
    pid_t pids[MAX_PIDS];

    renew_workers();
    for (size_t i = 0; i < LEN(kinds); i++)
        for (size_t n = workers(kinds[i], pids), k = 0; k < n / 2; k++) {
            watch_killed(pids[k]);
            limit_one(pids[k], RLIMIT_AS, 0);
        }
}

static void heal_memory(void)
{
    const struct load_figures *f = load_figures();

    ROW_ASSERT("something failed, else this shows nothing", f->n_failed + f->n_refused + f->n_broken > 0);
    lift("api", RLIMIT_AS);
    lift("llm", RLIMIT_AS);
    expect_good_again(RECOVER_MS);
}

static void begin_mallocs(void)
{
    shim()->n_mallocs_failed = 0;
    shim()->malloc_every = 503; /* a prime: it meets each place in time */
}

static void heal_mallocs(void)
{
    shim()->malloc_every = 0;
    figure("%lu allocations failed", (uint64_t)shim()->n_mallocs_failed);
    ROW_ASSERT("allocations failed, else this shows nothing", shim()->n_mallocs_failed > 0);
    expect_good_again(RECOVER_MS);
}

/* ---- descriptors ---- */

static struct {
    int64_t began_ms;
    uint64_t cpu_ms;
} spin;

static void note_cpu(const char *kind)
{
    spin.began_ms = clock_mono_ms();
    spin.cpu_ms = cpu_of(kind);
}

static void expect_no_spin(const char *kind, size_t n_processes)
{
    int64_t for_ms = clock_mono_ms() - spin.began_ms, used_ms = (int64_t)(cpu_of(kind) - spin.cpu_ms);

    figure("%ld ms of CPU in %ld ms", used_ms, for_ms);
    ROW_ASSERT(textf("%ld ms of CPU in %ld ms", used_ms, for_ms),
               used_ms * 100 <= for_ms * CPU_PERCENT * (int64_t)n_processes);
}

static void begin_few_fds(void)
{
    pid_t pids[MAX_PIDS];

    for (size_t n = workers("api", pids), i = 0; i < n; i++)
        limit_one(pids[i], RLIMIT_NOFILE, FEW_FDS);
}

static void heal_few_fds(void)
{
    lift("api", RLIMIT_NOFILE);
}

/* No api worker has one for another connection: they wait, and are answered later. */
static void begin_no_fds(void)
{
    pid_t pids[MAX_PIDS];

    for (size_t n = workers("api", pids), i = 0; i < n; i++)
        limit_one(pids[i], RLIMIT_NOFILE, 3);
    note_cpu("api");
}

static void heal_no_fds(void)
{
    expect_no_spin("api", 1);
    lift("api", RLIMIT_NOFILE);
    expect_good_again(RECOVER_MS);
}

static void begin_llm_fds(void)
{
    pid_t pids[MAX_PIDS];

    for (size_t n = workers("llm", pids), i = 0; i < n; i++)
        limit_one(pids[i], RLIMIT_NOFILE, FEW_TURNS_FDS);
    note_cpu("llm");
}

static void heal_llm_fds(void)
{
    expect_no_spin("llm", 4);
    ROW_ASSERT("some were refused, else this shows nothing", load_figures()->n_refused > 0);
    lift("llm", RLIMIT_NOFILE);
    expect_good_again(RECOVER_MS);
}

/* ---- a master that cannot do what it should ---- */

static struct {
    pid_t pid;
    uint64_t cpu_ms;
    int64_t began_ms;
} lame;

/*
 * Half of them die; none can be replaced. All are stopped before the first one dies: a read is tried twice, and must not come
 * from one to the next. What they have used in their lives counts as soon as they are buried.
 */
static void begin_lame(void)
{
    pid_t pids[MAX_PIDS];
    size_t n = workers("api", pids) / 2;

    lame.pid = master_pid();
    for (size_t i = 0; i < n; i++) {
        watch_killed(pids[i]);
        kill(pids[i], SIGSTOP);
    }
    for (size_t i = 0; i < n; i++)
        kill(pids[i], SIGKILL);
    load_for(200, 0, NULL);
    lame.began_ms = clock_mono_ms();
    lame.cpu_ms = cpu_ms(lame.pid, true);
}

static void heal_lame(void)
{
    int64_t for_ms = clock_mono_ms() - lame.began_ms;
    int64_t used_ms = (int64_t)(cpu_ms(lame.pid, true) - lame.cpu_ms);

    ROW_ASSERT("the master lives", master_pid() == lame.pid);
    ROW_ASSERT(textf("%ld ms of CPU in %ld ms", used_ms, for_ms), used_ms * 100 <= for_ms * CPU_PERCENT);
}

static void expect_strength(void)
{
    int64_t began_ms = clock_mono_ms();

    ROW_ASSERT("back to strength", wait_under_load(has_full_strength, NULL, PATIENCE_MS));
    int64_t took_ms = clock_mono_ms() - began_ms;

    figure("back to strength after %ld ms", took_ms);
    ROW_ASSERT(textf("back to strength after %ld ms", took_ms), took_ms <= STRENGTH_MS + SLACK_MS);
}

static void begin_forks(void)
{
    shim()->fork_fails = 1;
    begin_lame();
}

static void heal_forks(void)
{
    heal_lame();
    figure("%lu forks failed", (uint64_t)shim()->n_forks_failed);
    ROW_ASSERT("it went on trying", shim()->n_forks_failed > 1);
    ROW_ASSERT("and said so", log_count("cannot fork a worker") > 0);
    shim()->fork_fails = 0;
    expect_strength();
}

/* Nothing can be opened, neither by it nor by what it forks. */
static void begin_master_fds(void)
{
    limit_one(master_pid(), RLIMIT_NOFILE, 3);
    begin_lame();
    kill(master_pid(), SIGHUP);
}

static void heal_master_fds(void)
{
    heal_lame();
    ROW_ASSERT("a config that cannot be read is not taken", log_count("reload refused") == 1);
    limit_one(master_pid(), RLIMIT_NOFILE, RLIM_INFINITY);
    expect_strength();
}

/* A worker that died for want of descriptors did so by this fault. */
static void run_master_fds(const struct fault *fault, int64_t for_ms)
{
    load_start(&fault->load);
    load_for(700, 0, NULL);
    begin_master_fds();
    load_for(for_ms, 0, NULL);
    heal_master_fds();
    load_finish();
    load_check(fault->may);
    watch_begin();
}

/* ---- the clock ---- */

static void jump_ahead(void)
{
    shim()->clock_offset_s = DAY_S;
}

static void jump_back(void)
{
    shim()->clock_offset_s = -DAY_S;
}

static void set_right(void)
{
    shim()->clock_offset_s = 0;
}

static void check_clock(void)
{
    ROW_ASSERT("no lease was taken from a worker that lives", log_count("lease") == 0);
}

/* ---- the log ---- */

static void run_log_full(const struct fault *fault, int64_t for_ms)
{
    static const char *const settings[] = {"COLLOQUY_SERVER_LOG_LEVEL=debug", NULL};
    const char *log = textf("%s/log/colloquy.log", faults_instance()->dir), *aside = textf("%s.aside", log);

    if (rename(log, aside) || symlink("/dev/full", log))
        harness_die("cannot replace %s", log);
    restart_with(settings);
    load_start(&fault->load);
    load_for(for_ms, 0, NULL);
    load_finish();
    load_check(fault->may);
    if (unlink(log) || rename(aside, log))
        harness_die("cannot bring %s back", log);
    restart_with(fault->settings);
}

static const char *const SHORT_LEASE[] = {"COLLOQUY_LLM_LEASE_S=3", NULL};
static const char LONG[] = "[[delay 4000]]"; /* longer than the lease */

static const struct fault rows[] = {
    // clang-format off
    {.name = "memory-short",
     .promise = "a worker reaches its memory limit: what it holds fails as JSON or broken, nothing else; master lives",
     .full_s = 20, .suite_ms = 3000, .may = MAY_BREAK | MAY_REFUSE | MAY_FAIL | MAY_FAIL_READS | MAY_GROW,
     .load = {.speakers = 48},
     .begin = begin_memory, .heal = heal_memory},
    {.name = "memory-random",
     .promise = "allocations fail at random: no crash, no half turn",
     .full_s = 60, .suite_ms = 4000, .may = MAY_BREAK | MAY_REFUSE | MAY_FAIL | MAY_FAIL_READS | MAY_GROW,
     .begin = begin_mallocs, .heal = heal_mallocs},
    {.name = "descriptors-few-in-api",
     .promise = "32 descriptors in api workers: enough",
     .full_s = 10, .suite_ms = 1500, .load = {.readers = 12, .read_pause_ms = 5},
     .begin = begin_few_fds, .heal = heal_few_fds},
    {.name = "descriptors-none-in-api",
     .promise = "no descriptor left in api workers: no spin, good again in 1 s",
     .full_s = 10, .suite_ms = 2000, .may = MAY_REFUSE | MAY_FAIL_READS,
     .begin = begin_no_fds, .heal = heal_no_fds},
    {.name = "descriptors-few-in-llm",
     .promise = "fewer descriptors in llm workers than places: 503, no spin, good again in 1 s",
     .full_s = 10, .suite_ms = 3000, .may = MAY_REFUSE, .load = {.speakers = 48},
     .begin = begin_llm_fds, .heal = heal_llm_fds},
    {.name = "descriptors-none-in-master",
     .promise = "no descriptor left in the master: it lives, backs off, and is back to strength in 2 s",
     .full_s = 20, .suite_ms = 2500, .may = MAY_GROW, .run = run_master_fds},
    {.name = "fork-fails",
     .promise = "fork fails: the master lives, backs off, goes on with those it has, back to strength in 2 s",
     .full_s = 20, .suite_ms = 2500, .may = MAY_GROW, .begin = begin_forks, .heal = heal_forks},
    {.name = "clock-ahead",
     .promise = "the server's clock + 1 day: no lease is taken early, nothing expires early, order is kept",
     .full_s = 20, .suite_ms = 4500, .settings = SHORT_LEASE, .load = {.others_say = LONG},
     .begin = jump_ahead, .heal = set_right, .check = check_clock},
    {.name = "clock-behind",
     .promise = "the server's clock - 1 day: the same",
     .full_s = 20, .suite_ms = 4500, .settings = SHORT_LEASE, .load = {.others_say = LONG},
     .begin = jump_back, .heal = set_right, .check = check_clock},
    {.name = "log-disk-full",
     .promise = "the log's disk is full: chat is unharmed",
     .full_s = 10, .suite_ms = 2000, .may = MAY_GROW, .run = run_log_full},
    // clang-format on
};

const struct fault_table limit_faults = {rows, LEN(rows)};
