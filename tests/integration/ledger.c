/*
 * A ledger: every message that was acknowledged is there once, with one reply, in order, whatever is killed meanwhile.
 *
 * Thirty conversations say ten things each, one after the other, each with a key, and send again with the same key
 * until it is answered.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

enum {
    N_TALKS = 30,
    N_ROUNDS = 10,
    MAX_WORKERS = 64,
    KILL_WORKER_EVERY_MS = 500,
    KILL_CONNECTIONS_EVERY_MS = 40, /* often enough to meet them within a transaction */
    KILL_FOR_MS = 10000,
    LIMIT_MS = 90000,
    AGAIN_MS = 200,
};

struct speaker {
    struct talk talk;
    struct transfer *transfer;
    size_t round;
    int64_t not_before_ms;
    unsigned n_again;
};

static struct instance *use_ledger(void)
{
    static struct instance *instance;
    static const char *const extra[] = {"COLLOQUY_LLM_LEASE_S=3", NULL};

    if (!instance)
        instance = instance_create("ledger", textf("http://127.0.0.1:%d", main_model().port), extra);
    instance_use(instance);
    return instance;
}

static char *text_of(const struct speaker *speaker)
{
    return textf("[[delay 700]]round %zu of %lu", speaker->round, speaker->talk.id);
}

static void kill_a_worker(unsigned nth)
{
    pid_t workers[MAX_WORKERS];
    size_t n = instance_workers(instance_used(), nth % 2 ? "api" : "llm", workers, MAX_WORKERS);

    if (n > 0)
        kill(workers[(size_t)rand() % n], SIGKILL);
}

/* Every connection of the server to its database; ours goes on. */
static void kill_connections(unsigned nth)
{
    (void)nth;
    for (int i = 0; i < MAX_WORKERS; i++) {
        uint64_t id = database_number("SELECT COALESCE(MIN(id), 0) FROM information_schema.processlist"
                                      " WHERE user = 'colloquy' AND id <> CONNECTION_ID() AND command <> 'Killed'");

        if (!id)
            return;
        database_try(textf("KILL %lu", id));
    }
}

/* A refusal must be JSON that says it may be repeated. */
static void expect_repeatable(const struct answer *answer)
{
    const char *row = textf("%ld %.200s", answer->status, answer->body);

    ROW_ASSERT(row, answer->status == 409 || answer->status == 502 || answer->status == 503);
    ROW_ASSERT(row, *text_at(answer->json, "/error") && *header(answer, "Retry-After"));
    ROW_ASSERT(row, json_object_get_boolean(json_at(answer->json, "/retryable")));
}

/* Moves one speaker on; says whether it has more to say. */
static bool go_on(struct speaker *speaker, unsigned *n_broken)
{
    int64_t now_ms = clock_mono_ms();

    if (speaker->transfer && call_is_done(speaker->transfer)) {
        const struct answer *answer = call_finish(speaker->transfer);

        if (answer->status == 200) {
            speaker->round++;
        } else {
            expect_repeatable(answer);
            *n_broken += answer->status != 409;
            speaker->n_again++;
            speaker->not_before_ms = now_ms + AGAIN_MS;
        }
        speaker->transfer = NULL;
    }
    if (!speaker->transfer && speaker->round < N_ROUNDS && now_ms >= speaker->not_before_ms)
        speaker->transfer =
            say_start(&speaker->talk, text_of(speaker), textf("%lu-%zu", speaker->talk.id, speaker->round), false);
    return speaker->round < N_ROUNDS;
}

static unsigned talk_under(struct speaker *speakers, unsigned every_ms, void (*disturb)(unsigned nth))
{
    int64_t began_ms = clock_mono_ms(), kill_at_ms = began_ms + every_ms;
    unsigned n_kills = 0, n_broken = 0;
    bool is_more = true;

    while (is_more && clock_mono_ms() < began_ms + LIMIT_MS) {
        is_more = false;
        for (size_t i = 0; i < N_TALKS; i++)
            is_more |= go_on(&speakers[i], &n_broken);
        if (clock_mono_ms() >= kill_at_ms && clock_mono_ms() < began_ms + KILL_FOR_MS) {
            disturb(n_kills++);
            kill_at_ms = clock_mono_ms() + every_ms;
        }
        calls_run(10);
    }
    ROW_ASSERT("all was said", !is_more);
    printf("(%u kills, %u broken, %.1f s) ", n_kills, n_broken, (double)(clock_mono_ms() - began_ms) / 1000);
    return n_broken;
}

/* The opening, the greeting, then each round once with its reply. */
static void read_back(struct speaker *speaker)
{
    struct json_object *talk = read_talk(&speaker->talk);
    const char *row = textf("conversation %lu", speaker->talk.id);

    ROW_ASSERT(row, count_at(talk, "/messages") == 2 + 2 * N_ROUNDS);
    for (speaker->round = 0; speaker->round < N_ROUNDS; speaker->round++) {
        size_t at = 2 + 2 * speaker->round;
        const char *reply = textf("You said: round %zu of %lu", speaker->round, speaker->talk.id);

        ROW_ASSERT(row, str_eq(text_at(talk, textf("/messages/%zu/role", at)), "User"));
        ROW_ASSERT(row, str_eq(text_at(talk, textf("/messages/%zu/text", at)), text_of(speaker)));
        ROW_ASSERT(row, str_eq(text_at(talk, textf("/messages/%zu/status", at)), "complete"));
        ROW_ASSERT(row, str_eq(text_at(talk, textf("/messages/%zu/role", at + 1)), "Assistant"));
        ROW_ASSERT(row, str_eq(text_at(talk, textf("/messages/%zu/text", at + 1)), reply));
    }
}

static struct speaker *make_speakers(void)
{
    struct speaker *speakers = arena_zalloc(test_arena(), N_TALKS, sizeof(*speakers));

    if (!speakers)
        harness_die("out of memory");
    for (size_t i = 0; i < N_TALKS; i++)
        speakers[i].talk = open_talk(STUDENT);
    return speakers;
}

static void test_under_killed_workers(void)
{
    struct instance *instance = use_ledger();
    struct speaker *speakers = make_speakers();
    pid_t master = instance_pid(instance, "colloquy");

    ROW_ASSERT("some turns were broken, else this shows nothing",
               talk_under(speakers, KILL_WORKER_EVERY_MS, kill_a_worker) > 0);
    for (size_t i = 0; i < N_TALKS; i++)
        read_back(&speakers[i]);
    ROW_ASSERT("the master lives", instance_pid(instance, "colloquy") == master);
    ROW_ASSERT("no turn is left pending", database_number("SELECT COUNT(*) FROM turn WHERE state = 'pending'") == 0);
}

/* Whoever loses only a connection never hears of it. */
static void test_under_killed_connections(void)
{
    struct instance *instance = use_ledger();
    struct speaker *speakers = make_speakers();
    pid_t before[MAX_WORKERS], after[MAX_WORKERS];
    size_t n = instance_workers(instance, NULL, before, MAX_WORKERS);
    uint64_t made = database_status("Connections");
    unsigned n_broken = talk_under(speakers, KILL_CONNECTIONS_EVERY_MS, kill_connections);

    ROW_ASSERT(textf("%u requests broken", n_broken), n_broken == 0);
    ROW_ASSERT("connections were made again", database_status("Connections") > made + N_TALKS);
    for (size_t i = 0; i < N_TALKS; i++)
        read_back(&speakers[i]);
    ROW_ASSERT("no worker died of it", instance_workers(instance, NULL, after, MAX_WORKERS) == n &&
                                           memcmp(before, after, n * sizeof(*after)) == 0);
}

SUITE(ledger, {"under killed workers", test_under_killed_workers},
      {"under killed connections", test_under_killed_connections});
