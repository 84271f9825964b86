/*
 * Deaths of the master and of its supervisor, and what quickstart makes of them.
 *
 * They have an instance of their own. Nothing is ever refused while a supervisor lives: the sockets are its own, and
 * requests wait in them.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"

enum {
    MAX_WORKERS = 64,
    N_KILLS = 3,
    KILL_EVERY_MS = 1500,
    BACK_MS = 1000,    /* reads go on; after one kill it may have been the machine that did not */
    LOG_MAX = 1 << 20, /* bytes of the server's log, from its end */
};

static bool is_healthy(void *arg)
{
    (void)arg;
    return CALL("GET", "/health", NULL)->status == 200;
}

/* Whom a mistake must not turn into 0, which is everybody. */
static void send_signal(pid_t pid, int signal_number)
{
    CU_ASSERT_FATAL(pid > 0);
    kill(pid, signal_number);
}

static struct instance *use_supervised(void)
{
    static struct instance *instance;
    static const char *const extra[] = {"COLLOQUY_SERVER_API_WORKERS=4", "COLLOQUY_SERVER_LLM_WORKERS=2", NULL};

    if (!instance)
        instance = instance_create("supervision", textf("http://127.0.0.1:%d", main_model().port), extra);
    instance_use(instance);
    if (!wait_until(is_healthy, NULL, PATIENCE_MS))
        harness_die("the instance did not recover");
    return instance;
}

static pid_t master(void)
{
    return instance_pid(instance_used(), "colloquy");
}

static pid_t supervisor(void)
{
    return instance_pid(instance_used(), "supervisor");
}

/* A process that has ended and that nobody has waited for yet is none any more. */
static bool is_alive(pid_t pid)
{
    char state = 'Z';
    FILE *in = fopen(textf("/proc/%d/stat", (int)pid), "re");

    if (in && fscanf(in, "%*d (%*[^)]) %c", &state) != 1)
        state = 'Z';
    if (in)
        fclose(in);
    return state != 'Z' && state != 'X';
}

static bool are_gone(void *arg)
{
    for (const pid_t *pid = arg; *pid; pid++)
        if (is_alive(*pid))
            return false;
    return true;
}

static bool has_another_master(void *arg)
{
    pid_t now = master();

    return now && now != *(pid_t *)arg;
}

/* What the server has logged since the offset. */
static const char *log_since(long offset)
{
    FILE *in = fopen(textf("%s/log/colloquy.log", instance_used()->dir), "re");
    char *text = arena_zalloc(test_arena(), LOG_MAX, 1);

    if (!in || !text || fseek(in, offset, SEEK_SET))
        harness_die("the log cannot be read");
    text[fread(text, 1, LOG_MAX - 1, in)] = '\0';
    fclose(in);
    return text;
}

static long log_end(void)
{
    FILE *in = fopen(textf("%s/log/colloquy.log", instance_used()->dir), "re");

    if (!in || fseek(in, 0, SEEK_END))
        harness_die("the log cannot be read");
    long end = ftell(in);
    fclose(in);
    return end;
}

/* ---- the master killed ---- */

struct reading {
    const struct talk *talk;
    struct transfer *all[8];
    size_t n_done, n_failed;
    int64_t last_ms, longest_ms; /* without any answer */
};

static void read_on(struct reading *r, int64_t for_ms)
{
    int64_t end_ms = clock_mono_ms() + for_ms;

    while (clock_mono_ms() < end_ms) {
        for (size_t i = 0; i < LEN(r->all); i++) {
            if (r->all[i] && !call_is_done(r->all[i]))
                continue;
            if (r->all[i]) {
                const struct answer *answer = call_finish(r->all[i]);

                r->n_done++;
                if (answer->status != 200 && r->n_failed++ < 3)
                    fprintf(stderr, "\n    read: %ld %.200s", answer->status, answer->body);
                if (clock_mono_ms() - r->last_ms > r->longest_ms)
                    r->longest_ms = clock_mono_ms() - r->last_ms;
                r->last_ms = clock_mono_ms();
            }
            r->all[i] = START("GET", r->talk->list_path, r->talk->token);
        }
        calls_run(5);
    }
}

static bool has_its_workers(void *unused)
{
    pid_t pids[MAX_WORKERS];

    (void)unused;
    return instance_workers(instance_used(), NULL, pids, MAX_WORKERS) >= 7;
}

static void test_master_killed_under_reads(void)
{
    struct instance *instance = use_supervised();
    const struct talk talk = open_talk(STUDENT);
    struct reading reading = {.talk = &talk, .last_ms = clock_mono_ms()};
    pid_t held = supervisor(), old[MAX_WORKERS + 1] = {0};
    int64_t longest_ms = 0;
    size_t n_late = 0;

    read_on(&reading, 300);
    for (int i = 0; i < N_KILLS; i++) {
        pid_t killed = master();

        ROW_ASSERT("it has its workers", wait_until(has_its_workers, NULL, PATIENCE_MS));
        size_t n = instance_workers(instance, NULL, old, MAX_WORKERS);

        old[n] = 0;
        reading.last_ms = clock_mono_ms();
        reading.longest_ms = 0;
        send_signal(killed, SIGKILL);
        read_on(&reading, KILL_EVERY_MS);
        n_late += reading.longest_ms > BACK_MS;
        longest_ms = reading.longest_ms > longest_ms ? reading.longest_ms : longest_ms;
        ROW_ASSERT("another master", wait_until(has_another_master, &killed, PATIENCE_MS));
        ROW_ASSERT("no orphan", wait_until(are_gone, old, PATIENCE_MS));
    }
    for (size_t i = 0; i < LEN(reading.all); i++)
        expect_status("the last ones", call_finish(reading.all[i]), 200);
    ROW_ASSERT(textf("%zu of %zu reads failed", reading.n_failed, reading.n_done),
               reading.n_failed == 0 && reading.n_done > 30);
    ROW_ASSERT(textf("%zu times too late, up to %ld ms without an answer", n_late, (long)longest_ms), n_late <= 1);
    ROW_ASSERT("the same supervisor", supervisor() == held);
    printf("(%zu reads, at most %ld ms without) ", reading.n_done, (long)longest_ms);
}

/* Requests sent while no master runs wait for the next one, also those that nginx sends only once. */
static void test_nothing_is_refused(void)
{
    use_supervised();
    const struct talk talk = open_talk(STUDENT);
    pid_t held = supervisor(), killed = master();

    send_signal(held, SIGSTOP);
    send_signal(killed, SIGKILL);
    ROW_ASSERT("no master runs", wait_until(are_gone, (pid_t[]){killed, 0}, PATIENCE_MS));
    struct transfer *read = START("GET", talk.list_path, talk.token);
    struct transfer *turn = say_start(&talk, "hi", NULL, false);
    struct transfer *health = START("GET", "/health", NULL);
    for (int i = 0; i < 20; i++)
        calls_run(20);
    ROW_ASSERT("they wait", !call_is_done(read) && !call_is_done(turn) && !call_is_done(health));
    send_signal(held, SIGCONT);
    expect_status("a read", call_finish(read), 200);
    expect_status("a turn", call_finish(turn), 200);
    ROW_ASSERT("health is asked too", call_finish(health)->status != 502);
}

/* ---- a broken config ---- */

static char *read_config(void)
{
    FILE *in = fopen(textf("%s/colloquy.conf", instance_used()->dir), "re");
    char *text = arena_zalloc(test_arena(), 65536, 1);

    if (!in || !text)
        harness_die("the config cannot be read");
    text[fread(text, 1, 65535, in)] = '\0';
    fclose(in);
    return text;
}

static void write_config(const char *text, const char *more)
{
    FILE *out = fopen(textf("%s/colloquy.conf", instance_used()->dir), "we");

    if (!out || fprintf(out, "%s%s", text, more) < 0 || fclose(out))
        harness_die("the config cannot be written");
}

struct mention {
    long offset;
    const char *words;
};

static bool is_mentioned(void *arg)
{
    const struct mention *mention = arg;

    return strstr(log_since(mention->offset), mention->words) != NULL;
}

static bool is_logged(long offset, const char *words)
{
    return wait_until(is_mentioned, &(struct mention){offset, words}, PATIENCE_MS);
}

/* What runs goes on; what died waits for the file to be mended, and so do the requests. */
static void test_broken_config(void)
{
    use_supervised();
    const struct talk talk = open_talk(STUDENT);
    const char *good = read_config();
    pid_t old = master();
    long offset = log_end();

    write_config(good, "\n[database]\nport = many\n");
    send_signal(old, SIGHUP);
    ROW_ASSERT("the key is named", is_logged(offset, "reload refused, the old config goes on: database.port"));
    expect_status("it goes on", CALL("GET", talk.list_path, talk.token), 200);
    ROW_ASSERT("as it was", master() == old);

    offset = log_end();
    send_signal(old, SIGKILL);
    ROW_ASSERT("it says why", is_logged(offset, "database.port: must be a number"));
    ROW_ASSERT("it will try again", is_logged(offset, "exited with 3: starting another"));
    struct transfer *read = START("GET", talk.list_path, talk.token);
    for (int i = 0; i < 20; i++)
        calls_run(20);
    ROW_ASSERT("a read waits", !call_is_done(read));
    write_config(good, "");
    expect_status("and is answered", call_finish(read), 200);
}

/* ---- the supervisor killed, and quickstart ---- */

static void test_supervisor_killed(void)
{
    struct instance *instance = use_supervised();
    const struct talk talk = open_talk(STUDENT);
    pid_t old = master(), killed = supervisor();

    send_signal(killed, SIGKILL);
    ROW_ASSERT("it is dead", wait_until(are_gone, (pid_t[]){killed, 0}, PATIENCE_MS));
    expect_status("the master goes on", CALL("GET", talk.list_path, talk.token), 200);
    CU_ASSERT_FATAL(instance_up(instance));
    ROW_ASSERT("up brings it back", supervisor() && supervisor() != killed && master() != old);
    expect_status("and all is well", CALL("GET", talk.list_path, talk.token), 200);
    killed = supervisor(), old = master();
    CU_ASSERT_FATAL(instance_up(instance));
    ROW_ASSERT("up again changes nothing", supervisor() == killed && master() == old);

    send_signal(killed, SIGKILL);
    send_signal(old, SIGKILL);
    CU_ASSERT_FATAL(instance_up(instance));
    expect_status("after both were killed", CALL("GET", talk.list_path, talk.token), 200);
}

static void test_stops(void)
{
    static const struct {
        const char *name, *part; /* told to stop; NULL: quickstart does it */
        bool is_lost, is_broken; /* the pid files; the config, and the master is dead */
    } rows[] = {
        {"the supervisor is told", "supervisor", false, false},
        {"the master is told", "colloquy", false, false},
        {"down", NULL, false, false},
        {"down without pid files", NULL, true, false},
        {"down while the supervisor tries to start a master", NULL, false, true},
    };
    struct instance *instance = use_supervised();
    const char *good = read_config();

    for (size_t i = 0; i < LEN(rows); i++) {
        pid_t pids[] = {master(), supervisor(), 0};

        ROW_ASSERT(rows[i].name, pids[0] && pids[1]);
        if (rows[i].is_broken) {
            write_config(good, "\n[database]\nport = many\n");
            pause_ms(1200); /* until it has served */
            long offset = log_end();
            send_signal(pids[0], SIGKILL);
            ROW_ASSERT(rows[i].name, is_logged(offset, "exited with 3: starting another"));
        }
        if (rows[i].is_lost) {
            unlink(textf("%s/run/colloquy.pid", instance->dir));
            unlink(textf("%s/run/supervisor.pid", instance->dir));
        }
        if (rows[i].part)
            send_signal(instance_pid(instance, rows[i].part), SIGTERM);
        else
            ROW_ASSERT(rows[i].name, instance_down(instance));
        ROW_ASSERT(rows[i].name, wait_until(are_gone, pids, PATIENCE_MS));
        ROW_ASSERT(rows[i].name, access(textf("%s/run/api.sock", instance->dir), F_OK) != 0);
        pause_ms(200);
        ROW_ASSERT("nothing is revived", !master() && !supervisor());
        write_config(good, "");
        CU_ASSERT_FATAL(instance_up(instance));
    }
}

SUITE(supervision, {"the master killed under reads", test_master_killed_under_reads},
      {"nothing is refused", test_nothing_is_refused}, {"a broken config", test_broken_config},
      {"the supervisor killed", test_supervisor_killed}, {"stops", test_stops});
