/*
 * Faults: workers killed, the database away, reloads and stops while turns run.
 *
 * They have an instance of their own, whose leases are short, so that a turn that outlives one does not take long, but
 * longer than it takes to settle what a dead worker left.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"

enum { MAX_WORKERS = 64, LEASE_MS = 6000, SETTLED_MS = 5000, N_LLM = 4, N_API = 8, LEAST_READS = 100 };

static bool is_healthy(void *arg)
{
    (void)arg;
    return CALL("GET", "/health", NULL)->status == 200;
}

static bool is_unhealthy(void *arg)
{
    (void)arg;
    return CALL("GET", "/health", NULL)->status == 503;
}

/* The instance of this suite, well and in use. */
static struct instance *use_faults(void)
{
    static struct instance *instance;
    static const char *const extra[] = {"COLLOQUY_LLM_LEASE_S=6", NULL};

    if (!instance)
        instance = instance_create("faults", textf("http://127.0.0.1:%d", main_model().port), extra);
    instance_use(instance);
    if (!wait_until(is_healthy, NULL, PATIENCE_MS))
        harness_die("the instance did not recover");
    return instance;
}

static void kill_workers(const char *kind)
{
    pid_t workers[MAX_WORKERS];
    size_t n = instance_workers(instance_used(), kind, workers, MAX_WORKERS);

    for (size_t i = 0; i < n; i++)
        kill(workers[i], SIGKILL);
    ROW_ASSERT(textf("%zu workers of %s", n, kind), n > 0);
}

static bool ends_with(const struct answer *answer, const char *event)
{
    return answer->n_events && str_eq(answer->events[answer->n_events - 1].name, event);
}

/* ---- workers ---- */

/* What a student does whose turn was broken: sees it, waits, sends the same again. */
static void expect_recovery(const char *row, const struct talk *talk, const char *text, const char *key)
{
    struct json_object *left = read_talk(talk);
    const char *id = text_at(last_message(left), "/id");

    ROW_ASSERT(row, count_at(left, "/messages") == 3 && str_eq(text_at(last_message(left), "/text"), text));
    ROW_ASSERT(row, wait_for_status(talk, "failed", SETTLED_MS) != NULL);
    const struct answer *again = say_with_key(talk, text, key);
    expect_status(row, again, 200);
    ROW_ASSERT(row, count_at(again->json, "/messages") == 4 && str_eq(text_at(again->json, "/messages/2/id"), id));
    expect_json(row, last_message(again->json), "/text", "\"You said: x\"");
    ROW_ASSERT(row, str_eq(header(say_with_key(talk, text, key), "Idempotent-Replayed"), "true"));
    ROW_ASSERT(row, count_at(read_talk(talk), "/messages") == 4);
}

static void test_llm_worker_killed(void)
{
    static const struct {
        const char *name, *text;
        bool streaming;
    } rows[] = {{"a stream", "[[delay 20000]][[times 1]]x", true}, {"JSON", "[[delay 20001]][[times 1]]x", false}};

    use_faults();
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct talk talk = open_talk(STUDENT);
        const char *key = textf("kill-%zu", i);
        uint64_t asked = model_requests();
        struct transfer *transfer = say_start(&talk, rows[i].text, key, rows[i].streaming);

        CU_ASSERT_FATAL(wait_for_requests(asked + 1));
        kill_workers("llm");
        const struct answer *broken = call_finish(transfer);
        if (rows[i].streaming)
            ROW_ASSERT(rows[i].name, !ends_with(broken, "message.done"));
        else
            expect_refusal(rows[i].name, broken, 502, "service_unavailable", true);
        expect_recovery(rows[i].name, &talk, rows[i].text, key);
    }
}

/* As long as its worker lives, a turn is renewed: nobody takes it for dead. */
static void test_turn_longer_than_its_lease(void)
{
    use_faults();
    const struct talk talk = open_talk(STUDENT);
    const char *text = "[[delay 50000]]x";
    struct transfer *transfer = say_start(&talk, text, "long", true);

    CU_ASSERT_FATAL(call_wait_event(transfer, "message.start", 1, PATIENCE_MS));
    int64_t end_ms = clock_mono_ms() + LEASE_MS + 1000;
    while (clock_mono_ms() < end_ms)
        calls_run(50);
    expect_json("it still runs", last_message(read_talk(&talk)), "/status", "\"pending\"");
    expect_refusal("nobody else begins", say_with_key(&talk, text, "long"), 409, "turn_in_progress", true);
    ROW_ASSERT("its own end", ends_with(call_finish_hurried(transfer), "message.done"));
    ROW_ASSERT("said once", count_at(read_talk(&talk), "/messages") == 4);
}

static void test_opening_worker_killed(void)
{
    use_faults();
    const struct talk old = open_talk(STUDENT);
    struct transfer *opens[8];
    size_t n_opened = 0;

    for (size_t i = 0; i < LEN(opens); i++)
        opens[i] = START("POST", old.list_path, old.token);
    calls_run(5);
    kill_workers("llm");
    for (size_t i = 0; i < LEN(opens); i++)
        n_opened += call_finish(opens[i])->status == 201;
    CU_ASSERT_FATAL(wait_until(is_healthy, NULL, PATIENCE_MS));
    ROW_ASSERT("one is active, whatever was broken", count_at(read_talk(&old), "/messages") == 2);
    const struct talk fresh = open_talk_on(old.course, old.experience, old.token);
    ROW_ASSERT("another can be opened", json_get_u64(read_talk(&fresh), "id") == fresh.id);
    ROW_ASSERT("nothing is left half open",
               database_number(
                   textf("SELECT COUNT(*) FROM conversation WHERE ai_experience_id = %lu AND workflow_state = 'active'",
                         old.experience)) == 1);
    printf("(%zu of %zu opened) ", n_opened, LEN(opens));
}

struct count {
    const char *kind;
    size_t n;
};

static bool has_workers(void *arg)
{
    const struct count *count = arg;
    pid_t workers[MAX_WORKERS];

    return instance_workers(instance_used(), count->kind, workers, MAX_WORKERS) == count->n;
}

/* Reads, many at a time, for so long, and until there were enough; every so often disturb() is called. Gives how many failed. */
static size_t read_under(const char *path, const char *token, int64_t for_ms, unsigned every_ms, void (*disturb)(void),
                         size_t *n_done)
{
    enum { AT_ONCE = 12 };
    struct transfer *all[AT_ONCE] = {NULL};
    int64_t end_ms = clock_mono_ms() + for_ms, next_ms = clock_mono_ms() + every_ms;
    size_t n_failed = 0, n_running = AT_ONCE;

    *n_done = 0;
    while (n_running > 0) {
        n_running = 0;
        for (size_t i = 0; i < AT_ONCE; i++) {
            if (all[i] && call_is_done(all[i])) {
                const struct answer *answer = call_finish(all[i]);

                if (answer->status != 200 && n_failed++ < 3)
                    fprintf(stderr, "\n    read: %ld %.200s", answer->status, answer->body);
                ++*n_done;
                all[i] = NULL;
            }
            if (!all[i] && (clock_mono_ms() < end_ms || *n_done < LEAST_READS))
                all[i] = START("GET", path, token);
            n_running += all[i] != NULL;
        }
        if (clock_mono_ms() >= next_ms && clock_mono_ms() < end_ms) {
            disturb();
            next_ms = clock_mono_ms() + every_ms;
        }
        calls_run(5);
    }
    return n_failed;
}

static void kill_one(const char *kind)
{
    pid_t workers[MAX_WORKERS];
    size_t n = instance_workers(instance_used(), kind, workers, MAX_WORKERS);

    if (n > 0)
        kill(workers[(size_t)rand() % n], SIGKILL);
}

static void kill_one_api_worker(void)
{
    kill_one("api");
}

static void test_api_workers_killed_under_reads(void)
{
    struct instance *instance = use_faults();
    const struct talk talk = open_talk(STUDENT);
    pid_t master = instance_pid(instance, "colloquy");
    size_t n_done;
    size_t n_failed = read_under(talk.list_path, talk.token, 4000, 100, kill_one_api_worker, &n_done);

    ROW_ASSERT(textf("%zu of %zu reads failed", n_failed, n_done), n_failed == 0);
    ROW_ASSERT("all workers are back", wait_until(has_workers, &(struct count){"api", N_API}, PATIENCE_MS));
    ROW_ASSERT("the master lives", instance_pid(instance, "colloquy") == master);
    printf("(%zu reads) ", n_done);
}

/* ---- the database ---- */

static bool is_database_gone(void *arg)
{
    return instance_pid(arg, "mariadb") == 0;
}

enum { AT_ONCE_MS = 7000 }; /* database.timeout_ms is 10 s */

static void expect_503_while_away(const struct talk *talk)
{
    const struct {
        const char *name, *method, *path, *body;
        bool is_conversation_call;
    } rows[] = {
        {"show", "GET", experience_path(talk->course, talk->experience), NULL, false},
        {"list", "GET", experiences_path(talk->course), NULL, false},
        {"update", "PUT", experience_path(talk->course, talk->experience), "{\"title\":\"x\"}", false},
        {"active conversation", "GET", talk->list_path, NULL, true},
        {"open", "POST", talk->list_path, NULL, true},
        {"message", "POST", talk->messages_path, "{\"message\":\"m\"}", true},
        {"end", "DELETE", talk->path, NULL, true},
    };
    uint64_t asked = model_requests();

    for (size_t i = 0; i < LEN(rows); i++) {
        int64_t began_ms = clock_mono_ms();
        const struct answer *answer = CALL(rows[i].method, rows[i].path, talk->token, .body = rows[i].body);

        ROW_ASSERT(textf("%s took %ld ms", rows[i].name, clock_mono_ms() - began_ms),
                   clock_mono_ms() - began_ms < AT_ONCE_MS);
        if (rows[i].is_conversation_call) {
            expect_refusal(rows[i].name, answer, 503, "service_unavailable", true);
            continue;
        }
        expect_api_headers(rows[i].name, answer);
        expect_status(rows[i].name, answer, 503);
        expect_json(rows[i].name, answer->json, "/errors/0/error_code", "\"service_unavailable\"");
        ROW_ASSERT(rows[i].name, *header(answer, "Retry-After") && *text_at(answer->json, "/errors/0/message"));
    }
    ROW_ASSERT("the model was not asked", model_requests() == asked);
}

/* A browser's form comes back with all that was typed. */
static void expect_form_while_away(const struct talk *talk)
{
    static const char typed[] = "ai_experience[title]=%3CTyped%3E&ai_experience[description]=&ai_experience[facts]=f&"
                                "ai_experience[learning_objective]=o&ai_experience[pedagogical_guidance]=g&"
                                "ai_experience[workflow_state]=unpublished";
    const struct {
        const char *path, *body;
    } rows[] = {{experiences_path(talk->course), typed},
                {experience_path(talk->course, talk->experience), textf("_method=put&%s", typed)}};

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct answer *answer = CALL("POST", rows[i].path, talk->token, .body = rows[i].body, .is_plain = true,
                                           .accept = "text/html", .type = "application/x-www-form-urlencoded");

        expect_status(rows[i].path, answer, 503);
        ROW_ASSERT(rows[i].path, *header(answer, "Retry-After"));
        ROW_ASSERT(rows[i].path, strstr(answer->body, textf("action=\"%s\"", rows[i].path)) != NULL);
        ROW_ASSERT(rows[i].path, strstr(answer->body, " value=\"&lt;Typed&gt;\">") != NULL);
        ROW_ASSERT(rows[i].path, strstr(answer->body, ">\nf</textarea>") != NULL);
    }
}

static size_t count_in(const char *text, const char *piece)
{
    size_t n = 0;

    for (; (text = strstr(text, piece)); text += strlen(piece))
        n++;
    return n;
}

/* Of ten: what asked the database would be as slow each time. */
static int64_t fastest_health_ms(void)
{
    int64_t fastest_us = INT64_MAX;

    for (int i = 0; i < 10; i++) {
        int64_t took_us = CALL("GET", "/health", NULL)->took_us;

        fastest_us = took_us < fastest_us ? took_us : fastest_us;
    }
    return fastest_us / 1000;
}

static void test_database_restarted(void)
{
    struct instance *instance = use_faults();
    const struct talk talk = open_talk(TEACHER), streaming = open_talk(STUDENT);
    pid_t master = instance_pid(instance, "colloquy");
    struct transfer *stream = say_start(
        &streaming, "[[gap 2000]][[chunk 1]][[text abcdefghijklmno]][[assess:text no assessment]]", "away", true);

    CU_ASSERT_FATAL(call_wait_event(stream, "message.delta", 1, PATIENCE_MS));
    kill(instance_pid(instance, "mariadb"), SIGTERM);
    CU_ASSERT_FATAL(wait_until(is_database_gone, instance, PATIENCE_MS));
    expect_503_while_away(&talk);
    expect_form_while_away(&talk);
    ROW_ASSERT("health says so", wait_until(is_unhealthy, NULL, PATIENCE_MS));
    ROW_ASSERT("and at once", fastest_health_ms() < 100);
    model_hurry(true);
    ROW_ASSERT("the stream goes on", call_wait_event(stream, "message.delta", 15, PATIENCE_MS));
    model_hurry(false);

    CU_ASSERT_FATAL(instance_up(instance));
    ROW_ASSERT("health is good again", wait_until(is_healthy, NULL, PATIENCE_MS));
    const struct answer *answer = call_finish(stream);
    ROW_ASSERT("the stream ends well", ends_with(answer, "message.done"));
    /* However often storing it is tried, what the model said is read once: reading takes memory, and says what it finds. */
    const char *line = textf("request_id=%s assessment: ", header(answer, "X-Request-Id"));
    ROW_ASSERT("the assessment was read once", count_in(read_log(), line) == 1);
    expect_json("the reply is stored", last_message(read_talk(&streaming)), "/text", "\"abcdefghijklmno\"");
    expect_status("a message", say(&talk, "hi"), 200);
    ROW_ASSERT("the server was not restarted", instance_pid(instance, "colloquy") == master);
}

/* ---- signals ---- */

enum { N_RUNNING = 20 };

/* Until the model is hurried. */
static void start_turns(struct talk *talks, struct transfer **turns)
{
    static const char text[] = "[[delay 50000]][[gap 20]][[words 20]]";
    uint64_t course = main_course(), asked;

    for (size_t i = 0; i < N_RUNNING; i++)
        talks[i] = open_talk_on(course, make_experience("published"), token_of(STUDENT));
    asked = model_requests();
    for (size_t i = 0; i < N_RUNNING; i++)
        turns[i] = say_start(&talks[i], text, NULL, i % 2 == 0);
    ROW_ASSERT("all run", wait_for_requests(asked + N_RUNNING));
}

static size_t count_good(struct talk *talks, struct transfer **turns, bool read_back)
{
    size_t n = 0;

    model_hurry(true);
    for (size_t i = 0; i < N_RUNNING; i++) {
        const struct answer *answer = call_finish(turns[i]);
        bool is_good =
            answer->status == 200 && (answer->n_events ? ends_with(answer, "message.done") : answer->json != NULL);

        n += is_good && (!read_back || count_at(read_talk(&talks[i]), "/messages") == 4);
    }
    model_hurry(false);
    return n;
}

static void reload(void)
{
    kill(instance_pid(instance_used(), "colloquy"), SIGHUP);
}

static bool is_none_left(void *arg)
{
    const pid_t *old = arg;
    pid_t now[MAX_WORKERS];
    size_t n = instance_workers(instance_used(), NULL, now, MAX_WORKERS);

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; old[k]; k++)
            if (now[i] == old[k])
                return false;
    return n == N_API + N_LLM + 2;
}

static void test_reload_while_turns_run(void)
{
    struct instance *instance = use_faults();
    struct talk talks[N_RUNNING];
    struct transfer *turns[N_RUNNING];
    pid_t master = instance_pid(instance, "colloquy"), old[MAX_WORKERS + 1] = {0};
    size_t n_done;

    start_turns(talks, turns);
    instance_workers(instance, NULL, old, MAX_WORKERS);
    size_t n_failed = read_under(talks[0].list_path, talks[0].token, 1200, 100, reload, &n_done);
    ROW_ASSERT(textf("%zu of %zu reads failed", n_failed, n_done), n_failed == 0);
    size_t n_good = count_good(talks, turns, true);
    ROW_ASSERT(textf("%zu of %d turns", n_good, N_RUNNING), n_good == N_RUNNING);
    ROW_ASSERT("every worker was replaced", wait_until(is_none_left, old, PATIENCE_MS));
    ROW_ASSERT("the master lives", instance_pid(instance, "colloquy") == master);
    expect_status("afterwards", say(&talks[0], "hi"), 200);
}

/* CPU time that a process has used, in ms. */
static uint64_t cpu_ms(pid_t pid)
{
    char text[1024] = "";
    unsigned long user = 0, system = 0;
    FILE *file = fopen(textf("/proc/%d/stat", (int)pid), "r");

    if (file && fread(text, 1, sizeof(text) - 1, file) > 0 && strrchr(text, ')'))
        sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    if (file)
        fclose(file);
    return (user + system) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* A worker that is told twice to stop, and holds a turn still, waits for it as quietly as before. */
static void test_draining_costs_nothing(void)
{
    struct instance *instance = use_faults();
    const struct talk talk = open_talk(STUDENT);
    struct transfer *turn = say_start(&talk, "[[delay 30000]]slow", NULL, true);
    pid_t workers[MAX_WORKERS];
    size_t n = instance_workers(instance, "llm", workers, MAX_WORKERS);
    uint64_t used_ms = 0;

    CU_ASSERT_FATAL(call_wait_event(turn, "message.start", 1, PATIENCE_MS));
    for (int i = 0; i < 2; i++, pause_ms(100))
        for (size_t k = 0; k < n; k++)
            kill(workers[k], SIGTERM);
    for (size_t k = 0; k < n; k++)
        used_ms -= cpu_ms(workers[k]);
    calls_run(1500);
    for (size_t k = 0; k < n; k++)
        used_ms += cpu_ms(workers[k]); /* those that are gone count as less than nothing, which is right too */
    ROW_ASSERT(textf("%ld ms of CPU", (long)used_ms), (int64_t)used_ms < 500);
    ROW_ASSERT("the turn ends well", ends_with(call_finish_hurried(turn), "message.done"));
}

/* Workers that have served their number are replaced while their last turns run: nobody waits for those. */
static void test_recycling_takes_no_place_away(void)
{
    static const char *const extra[] = {"COLLOQUY_SERVER_MAX_REQUESTS=4", "COLLOQUY_SERVER_LLM_WORKERS=2",
                                        "COLLOQUY_SERVER_API_WORKERS=2", NULL};

    instance_use(instance_create("recycling", textf("http://127.0.0.1:%d", main_model().port), extra));
    struct talk slow[3], quick = open_talk(STUDENT);
    struct transfer *turns[LEN(slow)];

    for (size_t i = 0; i < LEN(slow); i++)
        slow[i] = open_talk(STUDENT);
    for (size_t i = 0; i < LEN(slow); i++)
        turns[i] = say_start(&slow[i], "[[delay 50000]]slow", NULL, true);
    for (size_t i = 0; i < LEN(slow); i++)
        CU_ASSERT_FATAL(call_wait_event(turns[i], "message.start", 1, PATIENCE_MS));
    for (int i = 0; i < 30; i++) {
        int64_t began_ms = clock_mono_ms();
        const struct answer *answer = say(&quick, textf("quick %d", i));

        expect_status("quick", answer, 200);
        ROW_ASSERT(textf("quick %d", i), clock_mono_ms() - began_ms < 10000); /* the slow ones have not ended yet */
        expect_status("read", CALL("GET", quick.list_path, quick.token), 200);
    }
    for (size_t i = 0; i < LEN(slow); i++)
        ROW_ASSERT("a slow turn ends well", ends_with(call_finish_hurried(turns[i]), "message.done"));
}

static bool is_server_gone(void *arg)
{
    return instance_pid(arg, "colloquy") == 0;
}

static void test_stop_while_turns_run(void)
{
    struct instance *instance = use_faults();
    struct talk talks[N_RUNNING];
    struct transfer *turns[N_RUNNING];

    start_turns(talks, turns);
    kill(instance_pid(instance, "colloquy"), SIGTERM);
    pause_ms(500); /* for its workers to be told */
    size_t n_good = count_good(talks, turns, false);
    ROW_ASSERT(textf("%zu of %d turns", n_good, N_RUNNING), n_good == N_RUNNING);
    ROW_ASSERT("it stops", wait_until(is_server_gone, instance, PATIENCE_MS));
    const struct answer *answer = CALL("GET", talks[0].list_path, talks[0].token);
    expect_refusal("nobody answers", answer, 502, "service_unavailable", true);

    CU_ASSERT_FATAL(instance_up(instance));
    CU_ASSERT_FATAL(wait_until(is_healthy, NULL, PATIENCE_MS));
    for (size_t i = 0; i < N_RUNNING; i++)
        ROW_ASSERT("stored", count_at(read_talk(&talks[i]), "/messages") == 4);
}

SUITE(faults, {"llm workers killed", test_llm_worker_killed},
      {"a turn longer than its lease", test_turn_longer_than_its_lease},
      {"llm workers killed while opening", test_opening_worker_killed},
      {"api workers killed under reads", test_api_workers_killed_under_reads},
      {"database restarted", test_database_restarted}, {"reload while turns run", test_reload_while_turns_run},
      {"draining costs nothing", test_draining_costs_nothing},
      {"recycling takes no place away", test_recycling_takes_no_place_away},
      {"stop while turns run", test_stop_while_turns_run});
