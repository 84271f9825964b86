/* The scoreboard: slots, free places, whose turn it is to look after the database, and what /health reads off it. */
#include "server/scoreboard.h"

#include <pthread.h>
#include <sys/mman.h>

#include "store/connection.h"
#include "unit.h"

static struct scoreboard *board;

static void start(void)
{
    board = scoreboard_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(board);
}

static void finish(void)
{
    munmap(board, sizeof(*board));
}

static void put(size_t i, enum pool pool, enum slot_state state, unsigned places, unsigned busy)
{
    board->slots[i].pool = (int)pool;
    board->slots[i].places = places;
    board->slots[i].busy = busy;
    board->slots[i].state = (int)state;
    if (i >= board->n_slots)
        board->n_slots = i + 1;
}

/* ---- slots ---- */

static void test_take(void)
{
    start();
    struct slot *first = scoreboard_take(board, POOL_LLM, 3);

    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_TRUE(first->state == SLOT_STARTING && first->pool == POOL_LLM && first->generation == 3);
    for (size_t i = 1; i < SCOREBOARD_SLOTS; i++)
        CU_ASSERT_PTR_NOT_NULL(scoreboard_take(board, POOL_API, 3));
    CU_ASSERT_PTR_NULL(scoreboard_take(board, POOL_API, 3));
    finish();
}

/* A slot of a worker that died with all its places taken begins anew. */
static void test_a_slot_taken_again(void)
{
    start();
    struct slot *slot = scoreboard_take(board, POOL_LLM, 1);

    slot->pid = 4711;
    slot->places = slot->busy = 300;
    slot->requests = 12;
    slot->state = SLOT_FREE;
    CU_ASSERT_PTR_EQUAL(scoreboard_take(board, POOL_API, 2), slot);
    CU_ASSERT_TRUE(slot->pid == 0 && slot->places == 0 && slot->busy == 0 && slot->requests == 0);
    CU_ASSERT_TRUE(slot->pool == POOL_API && slot->generation == 2 && slot->state == SLOT_STARTING);
    finish();
}

static void test_free_places(void)
{
    // clang-format off
    static const struct {
        const char *name;
        struct {
            enum pool pool;
            enum slot_state state;
            unsigned places, busy;
        } slots[3];
        unsigned want; /* in the llm pool */
    } rows[] = {
        {"nobody",               {{POOL_LLM, SLOT_FREE, 0, 0}},                                                         0},
        {"all idle",             {{POOL_LLM, SLOT_READY, 300, 0}, {POOL_LLM, SLOT_READY, 300, 0}},                    600},
        {"some taken",           {{POOL_LLM, SLOT_READY, 300, 299}, {POOL_LLM, SLOT_READY, 300, 100}},                201},
        {"all taken",            {{POOL_LLM, SLOT_READY, 300, 300}, {POOL_LLM, SLOT_READY, 300, 300}},                  0},
        {"one full, one not",    {{POOL_LLM, SLOT_READY, 2, 2}, {POOL_LLM, SLOT_READY, 2, 1}},                          1},
        {"of another pool",      {{POOL_API, SLOT_READY, 1, 0}, {POOL_OPS, SLOT_READY, 1, 0}},                          0},
        {"not ready yet",        {{POOL_LLM, SLOT_STARTING, 300, 0}},                                                   0},
        {"draining",             {{POOL_LLM, SLOT_DRAINING, 300, 10}},                                                  0},
        {"free, with old counts", {{POOL_LLM, SLOT_FREE, 300, 10}},                                                     0},
        {"more taken than there are", {{POOL_LLM, SLOT_READY, 2, 3}, {POOL_LLM, SLOT_READY, 2, 1}},                     1},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(rows); i++) {
        start();
        for (size_t k = 0; k < LEN(rows[i].slots); k++)
            put(k * 500, rows[i].slots[k].pool, rows[i].slots[k].state, rows[i].slots[k].places, rows[i].slots[k].busy);
        ROW_ASSERT(rows[i].name, scoreboard_free_places(board, POOL_LLM) == rows[i].want);
        finish();
    }
}

/* ---- who looks whether the database answers ---- */

enum { LONG_MS = 60000 };

static void test_claim(void)
{
    // clang-format off
    static const struct {
        const char *name;
        int64_t answered_ago_ms, began_ago_ms; /* 0: never */
        bool is_checked;
        bool want;
    } rows[] = {
        {"nobody ever asked",           0,       0,       false, true},
        {"it answered just now",        1,       0,       false, false},
        {"it answered half a second ago", 500,   LONG_MS, true,  false},
        {"it answered 1.1 s ago",       1100,    LONG_MS, true,  true},
        {"a check ended just now",      LONG_MS, 1,       true,  false},
        {"a check ended 1.1 s ago",     LONG_MS, 1100,    true,  true},
        {"a check is under way",        LONG_MS, 1100,    false, false},
        {"a check takes 10 s",          LONG_MS, 10000,   false, false},
        {"its worker is gone",          LONG_MS, 15100,   false, true},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(rows); i++) {
        int64_t now_ms = clock_mono_ms();

        start();
        board->db_answered_ms = rows[i].answered_ago_ms ? now_ms - rows[i].answered_ago_ms : 0;
        board->db_check_ms = rows[i].began_ago_ms ? now_ms - rows[i].began_ago_ms : 0;
        board->is_db_checked = rows[i].is_checked;
        ROW_ASSERT(rows[i].name, scoreboard_claim_db_check(board) == rows[i].want);
        ROW_ASSERT(rows[i].name, !scoreboard_claim_db_check(board)); /* not twice */
        finish();
    }
}

static void test_a_check_ends(void)
{
    start();
    CU_ASSERT_TRUE(scoreboard_claim_db_check(board));
    board->db_check_ms -= 1100;
    CU_ASSERT_FALSE(scoreboard_claim_db_check(board));
    scoreboard_end_db_check(board, NULL);
    CU_ASSERT_TRUE(scoreboard_claim_db_check(board));
    CU_ASSERT_FALSE(board->is_db_checked);
    finish();
}

enum { CLAIMANTS = 2, ROUNDS = 3000 };

static pthread_barrier_t together;
static atomic_uint n_won, n_there;

/* The last steps to the claim are made without sleeping, so that both come to it at nearly the same time. */
static void *claim(void *arg)
{
    (void)arg;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        if (pthread_barrier_wait(&together) == PTHREAD_BARRIER_SERIAL_THREAD) {
            scoreboard_end_db_check(board, NULL);
            board->db_check_ms = clock_mono_ms() - LONG_MS;
        }
        pthread_barrier_wait(&together);
        n_there++;
        for (int i = 0; n_there < round * CLAIMANTS && i < 100000; i++)
            ;
        n_won += scoreboard_claim_db_check(board);
    }
    return NULL;
}

static void test_one_claim_of_many_wins(void)
{
    pthread_t threads[CLAIMANTS];

    start();
    n_won = n_there = 0;
    pthread_barrier_init(&together, NULL, CLAIMANTS);
    for (size_t i = 0; i < CLAIMANTS; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, claim, NULL), 0);
    for (size_t i = 0; i < CLAIMANTS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&together);
    CU_ASSERT_EQUAL(n_won, ROUNDS);
    finish();
}

/* The latest answer that anybody had; one who heard nothing, or earlier, does not take it back. */
static void test_note_db(void)
{
    struct db db = {.answered_ms = 0};

    start();
    board->db_answered_ms = 5000;
    scoreboard_note_db(board, &db);
    CU_ASSERT_EQUAL(board->db_answered_ms, 5000);
    db.answered_ms = 4999;
    scoreboard_note_db(board, &db);
    CU_ASSERT_EQUAL(board->db_answered_ms, 5000);
    db.answered_ms = 5001;
    scoreboard_note_db(board, &db);
    CU_ASSERT_EQUAL(board->db_answered_ms, 5001);
    finish();
}

/* It goes once, however often that is seen, and is back with the first answer to anybody after that. */
static void test_away_and_back(void)
{
    struct db db = {.answered_ms = 0};

    start();
    log_set_level(LOG_ERROR - 1);
    scoreboard_end_db_check(board, "gone");
    int64_t lost_ms = board->db_lost_ms;
    CU_ASSERT_TRUE(lost_ms > 0);
    board->db_lost_ms = lost_ms = lost_ms - 5000;
    scoreboard_end_db_check(board, "gone still");
    CU_ASSERT_EQUAL(board->db_lost_ms, lost_ms);
    db.answered_ms = lost_ms - 1;
    scoreboard_note_db(board, &db);
    CU_ASSERT_EQUAL(board->db_lost_ms, lost_ms);
    db.answered_ms = lost_ms + 1;
    scoreboard_note_db(board, &db);
    CU_ASSERT_EQUAL(board->db_lost_ms, 0);
    log_set_level(LOG_INFO);
    finish();
}

/* ---- health ---- */

static void test_health_of_the_database(void)
{
    static const struct {
        const char *name;
        int64_t ago_ms;
        bool want;
    } rows[] = {
        {"just now", 0, true}, {"2 s ago", 2000, true}, {"3.1 s ago", 3100, false}, {"a minute", LONG_MS, false}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct health health;

        start();
        board->db_answered_ms = clock_mono_ms() - rows[i].ago_ms;
        scoreboard_health(board, &health);
        ROW_ASSERT(rows[i].name, health.is_database_up == rows[i].want);
        finish();
    }
}

static void test_health_of_the_pools(void)
{
    struct health health;

    start();
    board->workers[POOL_API] = 8;
    board->workers[POOL_LLM] = 4;
    put(0, POOL_API, SLOT_READY, 1, 1);
    put(1, POOL_API, SLOT_STARTING, 1, 0);
    put(2, POOL_LLM, SLOT_READY, 300, 7);
    put(3, POOL_LLM, SLOT_READY, 300, 0);
    put(4, POOL_LLM, SLOT_DRAINING, 300, 50);
    put(5, POOL_COUNT, SLOT_READY, 100, 100); /* torn: a process died while it wrote */
    board->slots[6].pool = -1;
    board->slots[6].state = SLOT_READY;
    scoreboard_health(board, &health);
    CU_ASSERT_TRUE(health.pools[POOL_API].workers == 8 && health.pools[POOL_API].ready == 1);
    CU_ASSERT_TRUE(health.pools[POOL_API].places == 1 && health.pools[POOL_API].busy == 1);
    CU_ASSERT_TRUE(health.pools[POOL_LLM].workers == 4 && health.pools[POOL_LLM].ready == 2);
    CU_ASSERT_TRUE(health.pools[POOL_LLM].places == 600 && health.pools[POOL_LLM].busy == 7);
    CU_ASSERT_TRUE(health.pools[POOL_OPS].workers == 0 && health.pools[POOL_OPS].ready == 0);
    finish();
}

SUITE(scoreboard, {"taking slots", test_take}, {"a slot taken again", test_a_slot_taken_again},
      {"free places", test_free_places}, {"claiming a check", test_claim}, {"a check ends", test_a_check_ends},
      {"one claim of many wins", test_one_claim_of_many_wins}, {"the database's last answer", test_note_db},
      {"away and back", test_away_and_back}, {"health of the database", test_health_of_the_database},
      {"health of the pools", test_health_of_the_pools});
