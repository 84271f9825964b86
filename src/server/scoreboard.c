/* The scoreboard, and what is read off it. */
#include "server/scoreboard.h"

#include <signal.h>
#include <sys/mman.h>

enum {
    DB_CHECK_EVERY_MS = 1000,
    DB_CHECK_GIVEN_UP_MS = 15000, /* a check that never came back: its worker is gone */
    DB_AWAY_AFTER_MS = 3000,      /* no answer to anybody for so long */
};

struct scoreboard *scoreboard_create(void)
{
    void *memory = mmap(NULL, sizeof(struct scoreboard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

struct slot *scoreboard_take(struct scoreboard *board, enum pool pool, int generation)
{
    for (size_t i = 0; i < SCOREBOARD_SLOTS; i++) {
        struct slot *slot = &board->slots[i];

        if (slot->state != SLOT_FREE)
            continue;
        slot->pid = 0;
        slot->pool = (int)pool;
        slot->generation = generation;
        slot->places = slot->busy = 0;
        slot->requests = 0;
        slot->taken_ms = clock_mono_ms();
        slot->state = SLOT_STARTING;
        if (i >= board->n_slots)
            board->n_slots = i + 1;
        return slot;
    }
    return NULL;
}

unsigned scoreboard_free_places(struct scoreboard *board, enum pool pool)
{
    unsigned n = 0;

    for (size_t i = 0; i < board->n_slots; i++) {
        const struct slot *slot = &board->slots[i];

        if (slot->state == SLOT_READY && slot->pool == (int)pool && slot->busy < slot->places)
            n += slot->places - slot->busy;
    }
    return n;
}

/* Blocked in every worker from its first moment on: one that is not listening yet finds it waiting. */
static void tell(struct scoreboard *board, enum pool pool)
{
    for (size_t i = 0; i < board->n_slots; i++) {
        const struct slot *slot = &board->slots[i];
        int pid = slot->pid;

        if (slot->pool == (int)pool && (slot->state == SLOT_READY || slot->state == SLOT_DRAINING) && pid > 1)
            kill(pid, SIGUSR1);
    }
}

void scoreboard_tell_of_stops(struct scoreboard *board)
{
    tell(board, POOL_LLM);
}

void scoreboard_tell_of_documents(struct scoreboard *board)
{
    tell(board, POOL_DOCUMENTS);
}

void scoreboard_note_db(struct scoreboard *board, struct db *db)
{
    int64_t answered_ms = db_answered_ms(db), known_ms = board->db_answered_ms;

    while (answered_ms > known_ms && !atomic_compare_exchange_weak(&board->db_answered_ms, &known_ms, answered_ms))
        ;
    metrics_note_db(&board->metrics, db);
    int64_t lost_ms = board->db_lost_ms;

    if (answered_ms > lost_ms && lost_ms && atomic_compare_exchange_strong(&board->db_lost_ms, &lost_ms, 0))
        log_info("the database is back after %lld.%lld s", (long long)(answered_ms - lost_ms) / 1000,
                 (long long)(answered_ms - lost_ms) % 1000 / 100);
}

bool scoreboard_is_db_up(const struct scoreboard *board)
{
    return clock_mono_ms() - board->db_answered_ms < DB_AWAY_AFTER_MS;
}

bool scoreboard_claim_db_check(struct scoreboard *board)
{
    int64_t now_ms = clock_mono_ms(), began_ms = board->db_check_ms;
    int64_t wait_ms = board->is_db_checked || !began_ms ? DB_CHECK_EVERY_MS : DB_CHECK_GIVEN_UP_MS;

    if (now_ms - board->db_answered_ms < DB_CHECK_EVERY_MS || now_ms - began_ms < wait_ms)
        return false;
    if (!atomic_compare_exchange_strong(&board->db_check_ms, &began_ms, now_ms))
        return false;
    board->is_db_checked = false;
    return true;
}

void scoreboard_end_db_check(struct scoreboard *board, const char *error)
{
    int64_t none = 0;

    board->is_db_checked = true;
    if (error && atomic_compare_exchange_strong(&board->db_lost_ms, &none, clock_mono_ms()))
        log_error("the database is away: %s", error);
}

void scoreboard_health(struct scoreboard *board, struct health *out)
{
    *out = (struct health){.is_database_up = scoreboard_is_db_up(board)};
    for (enum pool p = 0; p < POOL_COUNT; p++)
        out->pools[p].workers = board->workers[p];
    for (size_t i = 0; i < board->n_slots; i++) {
        const struct slot *slot = &board->slots[i];
        int pool = slot->pool;

        if (slot->state != SLOT_READY || pool < 0 || pool >= POOL_COUNT)
            continue;
        unsigned busy = slot->busy, places = slot->places;

        out->pools[pool].ready++;
        out->pools[pool].places += places > busy ? places : busy; /* some may have been taken away while in use */
        out->pools[pool].busy += busy;
    }
}
