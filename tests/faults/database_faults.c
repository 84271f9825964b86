/* The database away, slow, full, read-only, or contended for. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "faults.h"
#include "shim.h"

enum {
    GOOD_AGAIN_MS = 500,
    TIMEOUT_MS = 2000, /* database.timeout_ms in SHORT_TIMEOUT */
    HEALTH_MS = 100,
    REFUSED_MS = 1000, /* and not at database.timeout_ms, 10 s */
    FILLER_MAX = 20000,
    N_API = 8,
    N_STORE_THREADS = 4 * 2,
    AT_ONCE = 16,
    STATEMENTS_OF_A_TURN = 16, /* with a key; see tests/integration/figures.c */
    MAX_RERUNS = 3,
};

static const char LONGER[] = "[[delay 400]][[gap 60]][[chunk 4]]"; /* begun before a fault, ended after it */

/* ---- away ---- */

static int64_t accepted_ms;

static void note_accepted(void)
{
    accepted_ms = clock_mono_ms();
    load_mark();
}

/* Somebody who begins just now is refused at once, nobody asks the model, and the same key does it later. */
static void probe_while_away(const struct talk *talk, const char *key)
{
    int64_t began_ms = clock_mono_ms();
    const struct answer *answer = say_with_key(talk, "probe", key);
    int64_t took_ms = clock_mono_ms() - began_ms;

    ROW_ASSERT(textf("refused: %ld after %ld ms", answer->status, took_ms),
               answer->status == 503 && refusal_is_fair(answer) && took_ms <= REFUSED_MS + SLACK_MS);
}

/* Streams that run go on, and are stored when it is back. */
static void take_away(int signo)
{
    static unsigned n;
    const struct talk talk = open_talk_on(main_course(), crowd_experience(0), token_of(OTHER_STUDENT));
    const char *key = textf("away-%u", n++);

    load_must_finish();
    database_stop(signo);
    uint64_t asked = model_requests();
    probe_while_away(&talk, key);
    load_for(700, 0, NULL);
    ROW_ASSERT("the model was not asked for anything new", model_requests() == asked);
    database_start();
    note_accepted();
    load_for(1500, 0, NULL);
    wait_under_load(load_is_good, NULL, PATIENCE_MS);
    expect_status("later", say_with_key(&talk, "probe", key), 200);
}

static void restart_database(unsigned nth)
{
    (void)nth;
    take_away(SIGTERM);
}

static void kill_database(unsigned nth)
{
    (void)nth;
    take_away(SIGKILL);
}

/* Nothing that was begun later than that after its return failed. */
static void check_back(void)
{
    const struct load_figures *f = load_figures();
    int64_t after_ms = f->last_bad_ms > accepted_ms ? f->last_bad_ms - accepted_ms : 0;

    figure("good again after %ld ms, first read after %ld, first turn after %ld", after_ms,
           f->first_read_ms - accepted_ms, f->first_post_ms - accepted_ms);
    ROW_ASSERT(textf("good again after %ld ms", after_ms), after_ms <= GOOD_AGAIN_MS + BUSY_MS);
    ROW_ASSERT("reads and turns are answered", f->first_read_ms && f->first_post_ms);
    ROW_ASSERT("reads were refused, else this shows nothing", f->n_reads_failed > 0);
}

/* ---- connections ---- */

static size_t n_connections_killed;

static void kill_connections(unsigned nth)
{
    (void)nth;
    for (size_t i = 0; i < MAX_PIDS; i++) {
        uint64_t id = admin_number("SELECT COALESCE(MIN(id), 0) FROM information_schema.processlist"
                                   " WHERE user = 'colloquy' AND command <> 'Killed'",
                                   0);

        if (!id)
            return;
        n_connections_killed += admin(textf("KILL %lu", id));
    }
}

static void begin_connections(void)
{
    n_connections_killed = 0;
}

static void check_connections(void)
{
    figure("%zu connections killed", n_connections_killed);
    ROW_ASSERT("connections were killed", n_connections_killed > 0);
}

/* ---- frozen ---- */

static struct {
    int64_t began_ms, worst_health_ms, refused_first_ms, refused_last_ms;
    size_t n_before, n_looks, n_late;
} freeze;

static void look_at_health(unsigned nth)
{
    int64_t took_ms = CALL("GET", "/health", NULL, .limit_ms = 5000)->took_us / 1000;

    (void)nth;
    freeze.n_looks++;
    freeze.n_late += took_ms > HEALTH_MS + BUSY_MS;
    freeze.worst_health_ms = took_ms > freeze.worst_health_ms ? took_ms : freeze.worst_health_ms;
}

/* Whoever asks while it is frozen is told after the limit, not later. Gives when, in ms. */
static int64_t probe_freeze(void)
{
    struct transfer *probe = START("GET", experiences_path(main_course()), student_token(0), .limit_ms = 30000);

    while (!call_is_done(probe)) {
        look_at_health(0);
        load_for(20, 0, NULL);
    }
    const struct answer *answer = call_finish(probe);
    int64_t took_ms = answer->took_us / 1000;

    figure("a read is refused after %ld ms", took_ms);
    ROW_ASSERT("refused fairly", answer->status == 503 && refusal_is_fair(answer));
    return took_ms;
}

/* In time once, or the machine was busy each time. */
static void probe_freezes(void)
{
    int64_t took_ms = 0;

    for (int i = 0; i < 3 && (took_ms < TIMEOUT_MS * 9 / 10 || took_ms > TIMEOUT_MS * 3 / 2); i++)
        took_ms = probe_freeze();
    ROW_ASSERT(textf("refused after %ld ms", took_ms), took_ms >= TIMEOUT_MS * 9 / 10 && took_ms <= TIMEOUT_MS * 3 / 2);
}

static void run_frozen(const struct fault *fault, int64_t for_ms)
{
    memset(&freeze, 0, sizeof(freeze));
    load_start(&fault->load);
    load_for(1000, 0, NULL);
    freeze.n_before = database_connections();
    int64_t end_ms = clock_mono_ms() + for_ms;

    kill(database_pid(), SIGSTOP);
    load_for(TIMEOUT_MS + 500, 200, look_at_health); /* who held a connection before is refused too by now */
    probe_freezes();
    if (clock_mono_ms() < end_ms)
        load_for(end_ms - clock_mono_ms(), 200, look_at_health);
    kill(database_pid(), SIGCONT);
    note_accepted();
    load_for(1500, 0, NULL);
    size_t n_after = database_connections();

    figure("/health in %ld ms at most; %zu connections, then %zu", freeze.worst_health_ms, freeze.n_before, n_after);
    ROW_ASSERT(textf("/health took longer %zu times of %zu, up to %ld ms", freeze.n_late, freeze.n_looks,
                     freeze.worst_health_ms),
               freeze.n_late * 4 <= freeze.n_looks); /* it would each time, if it asked the database */
    ROW_ASSERT(textf("%zu connections before, %zu after", freeze.n_before, n_after),
               n_after <= N_API + N_STORE_THREADS + 4);
    load_finish();
    load_check(fault->may);
}

/* ---- nothing can be written ---- */

static struct {
    struct talk talk; /* of somebody who begins a turn meanwhile */
    char *text, *key;
    uint64_t asked;
    size_t n_refused;
} unwritable;

static void begin_unwritable(void)
{
    static unsigned n;

    unwritable.talk = open_talk(OTHER_STUDENT);
    unwritable.key = textf("unwritable-%u", n++);
    unwritable.text = repeated("long ", 700);
}

/* What was begun before may still be in the middle of its turn. */
static void settle_down(void)
{
    load_for(1500, 0, NULL);
    unwritable.asked = model_requests();
    unwritable.n_refused = load_figures()->n_refused;
}

static void expect_refused(void)
{
    const struct answer *answer = say_with_key(&unwritable.talk, unwritable.text, unwritable.key);
    uint64_t asked = model_requests() - unwritable.asked;

    figure("%zu refused meanwhile", load_figures()->n_refused - unwritable.n_refused + 1);
    expect_refusal("a turn that cannot be stored", answer, 503, "service_unavailable", true);
    ROW_ASSERT(textf("the model was asked %lu times for what could not be stored", asked), asked == 0);
}

static void expect_later(void)
{
    expect_status("the same later", say_with_key(&unwritable.talk, unwritable.text, unwritable.key), 200);
}

static void begin_read_only(void)
{
    begin_unwritable();
    ROW_ASSERT("read-only", admin("SET GLOBAL read_only = 1"));
    settle_down();
}

static void heal_read_only(void)
{
    expect_refused();
    ROW_ASSERT("writable", admin("SET GLOBAL read_only = 0"));
    expect_later();
}

/* Fill what room the table of messages has left. */
static void fill_up(void)
{
    size_t n = 0;

    begin_unwritable();
    shim()->disk_full = 1;
    while (n < FILLER_MAX && admin(textf("INSERT INTO message (conversation_id, seq, uuid, role, text, created_at)"
                                         " VALUES (%lu, %zu, UUID(), 0, REPEAT('x', 3000), UTC_TIMESTAMP(3))",
                                         unwritable.talk.id, 1000 + n)))
        n++;
    ROW_ASSERT("the disk is full", n < FILLER_MAX && shim()->n_disk_full > 0);
}

/*
 * A server that finds no room to roll back ends itself ("Out of disk space in rollback"), and is started again as systemd
 * would: then nothing was promised of reads, but all else was. True: so it was.
 */
static bool heal_full(void)
{
    expect_refused();
    shim()->disk_full = 0;
    bool has_ended = database_has_ended();

    if (has_ended) {
        figure("the server had ended itself");
        database_start();
    }
    expect_later();
    return has_ended;
}

/* Messages so long that no page has room for another one. */
static void run_full(const struct fault *fault, int64_t for_ms)
{
    const struct load_plan plan = {.says = textf("[[finish %s]][[finish stop]]", repeated("x", 3000))};

    load_start(&plan);
    load_for(700, 0, NULL);
    fill_up();
    load_for(700, 0, NULL); /* until what room is left in pages is used up */
    settle_down();
    load_for(for_ms, 0, NULL);
    bool has_ended = heal_full();
    load_finish();
    load_check(fault->may | (has_ended ? MAY_FAIL_READS : 0));
}

/* ---- contended ---- */

static size_t n_contended, n_done, n_foreign;

static void judge_contender(const struct answer *answer)
{
    n_contended++;
    if (answer->status == 200 || answer->status == 201)
        n_done++;
    else if (answer->status != 409 || !refusal_is_fair(answer))
        n_foreign++;
}

/* Each writes to the same conversation with a key of its own, but every third opens another on the same experience. */
static void begin_contender(struct transfer **transfer, const struct talk *talk, size_t i)
{
    static unsigned n;
    const char *key = textf("contend-%u", n++);

    if (i % 3 == 0)
        *transfer = START("POST", textf("%s/conversations", experience_path(main_course(), crowd_experience(0))),
                          token_of(OTHER_STUDENT), .headers = {textf("Idempotency-Key: %s", key)});
    else
        *transfer = say_start(talk, textf("%s %s", ledger_word(), key), key, false);
}

static void run_contended(const struct fault *fault, int64_t for_ms)
{
    const struct talk talk = open_talk_on(main_course(), crowd_experience(6), token_of(STUDENT));
    struct transfer *all[AT_ONCE] = {NULL};
    int64_t end_ms = clock_mono_ms() + for_ms;
    uint64_t deadlocks = admin_number("SELECT variable_value FROM information_schema.global_status"
                                      " WHERE variable_name = 'INNODB_DEADLOCKS'",
                                      0);

    n_contended = n_done = n_foreign = 0;
    load_start(&fault->load);
    while (clock_mono_ms() < end_ms || n_contended < 100) {
        for (size_t i = 0; i < AT_ONCE; i++) {
            if (all[i] && call_is_done(all[i])) {
                judge_contender(call_finish(all[i]));
                all[i] = NULL;
            }
            if (!all[i])
                begin_contender(&all[i], &talk, i);
        }
        load_step(2);
    }
    for (size_t i = 0; i < AT_ONCE; i++)
        judge_contender(call_finish(all[i]));
    load_finish();
    load_check(fault->may);
    figure("%zu contended, %zu done, %lu deadlocks", n_contended, n_done,
           admin_number("SELECT variable_value FROM information_schema.global_status"
                        " WHERE variable_name = 'INNODB_DEADLOCKS'",
                        0) -
               deadlocks);
    ROW_ASSERT(textf("%zu saw something else than 409", n_foreign), n_foreign == 0);
    ROW_ASSERT("turns were done", n_done > 0);
    uint64_t most = log_most(" statements=");
    ROW_ASSERT(textf("one took %lu statements", most), most > 0 && most <= STATEMENTS_OF_A_TURN * (MAX_RERUNS + 1));
}

static const char *const SHORT_TIMEOUT[] = {"COLLOQUY_DATABASE_TIMEOUT_MS=2000", NULL};

enum { AWAY = MAY_REFUSE | MAY_FAIL_READS };

static const struct fault rows[] = {
    // clang-format off
    {.name = "database-restarted",
     .promise = "database restart: 503 JSON, no worker exits, good again 0.5 s after it accepts; running turns are stored",
     .full_s = 60, .suite_ms = 1000, .may = AWAY, .load = {.others_say = LONGER}, .every_ms = 4000,
     .disturb = restart_database, .check = check_back},
    {.name = "database-killed",
     .promise = "database SIGKILL: the same, nothing acknowledged is lost",
     .full_s = 60, .suite_ms = 1000, .may = AWAY, .load = {.others_say = LONGER}, .every_ms = 4000,
     .disturb = kill_database, .check = check_back},
    {.name = "database-connections-killed",
     .promise = "all database connections killed again and again: no client hears of it",
     .full_s = 60, .suite_ms = 6000, .every_ms = 40,
     .begin = begin_connections, .disturb = kill_connections, .check = check_connections},
    {.name = "database-frozen",
     .promise = "database frozen: 503 at database.timeout_ms, /health in 100 ms, connections do not pile up",
     .full_s = 20, .suite_ms = 6000, .settings = SHORT_TIMEOUT, .may = AWAY, .run = run_frozen},
    {.name = "database-read-only",
     .promise = "database read-only: reads work, turns are refused, the model is not asked",
     .full_s = 20, .suite_ms = 1500, .may = MAY_REFUSE, .begin = begin_read_only, .heal = heal_read_only},
    {.name = "database-disk-full",
     .promise = "database's disk full: reads work, turns are refused, the model is not asked",
     .full_s = 20, .suite_ms = 1500, .may = MAY_REFUSE, .run = run_full},
    {.name = "contended",
     .promise = "turns and openings that contend for the same rows: nobody sees a deadlock, 3 reruns at most",
     .full_s = 600, .suite_ms = 5000, .run = run_contended},
    // clang-format on
};

const struct fault_table database_faults = {rows, LEN(rows)};
