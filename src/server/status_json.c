/* The scoreboard as `colloquy status` shows it: the master, the pools, each worker, and what has been counted. */
#include "server/scoreboard.h"

static void put_u64(struct json_out *out, const char *key, uint64_t value)
{
    json_key(out, key);
    json_u64(out, value);
}

static void put_text(struct json_out *out, const char *key, const char *text)
{
    json_key(out, key);
    json_text(out, text);
}

static void put_worker(struct json_out *out, const struct slot *slot, int64_t now_ms)
{
    static const char *const states[] = {
        [SLOT_FREE] = "free", [SLOT_STARTING] = "starting", [SLOT_READY] = "ready", [SLOT_DRAINING] = "draining"};

    json_open_object(out);
    put_u64(out, "pid", (uint64_t)slot->pid);
    put_text(out, "pool", pool_name((enum pool)slot->pool));
    put_text(out, "state", states[slot->state]);
    put_u64(out, "generation", (uint64_t)slot->generation);
    put_u64(out, "places", slot->places);
    put_u64(out, "busy", slot->busy);
    put_u64(out, "requests", slot->requests);
    put_u64(out, "age_s", now_ms > slot->taken_ms ? (uint64_t)(now_ms - slot->taken_ms) / 1000 : 0);
    json_close_object(out);
}

static void put_workers(struct json_out *out, const struct scoreboard *board)
{
    int64_t now_ms = clock_mono_ms();

    json_key(out, "workers");
    json_open_array(out);
    for (enum pool p = 0; p < POOL_COUNT; p++)
        for (size_t i = 0; i < board->n_slots; i++)
            if (board->slots[i].state != SLOT_FREE && board->slots[i].pool == (int)p)
                put_worker(out, &board->slots[i], now_ms);
    json_close_array(out);
}

static void put_pools(struct json_out *out, struct scoreboard *board)
{
    struct health health;

    scoreboard_health(board, &health);
    json_key(out, "pools");
    json_open_object(out);
    for (enum pool p = 0; p < POOL_COUNT; p++)
        api_write_pool(out, &health, p);
    json_close_object(out);
}

static void put_models(struct json_out *out, const struct llm_breakers *breakers)
{
    json_key(out, "models");
    json_open_array(out);
    for (size_t i = 0; i < LLM_MAX_BREAKERS; i++) {
        const struct llm_breaker *breaker = &breakers->rows[i];

        if (!breaker->is_listed)
            continue;
        json_open_object(out);
        put_text(out, "name", breaker->name);
        put_text(out, "state", llm_breaker_is_open(breaker) ? "failing" : "ok");
        put_u64(out, "failures_in_a_row", breaker->failures);
        put_u64(out, "breaker_opened", breaker->times_opened);
        json_close_object(out);
    }
    json_close_array(out);
}

static uint64_t sum_requests(const struct metrics *m, unsigned least)
{
    uint64_t n = 0;

    for (size_t route = 0; route <= METRICS_MAX_ROUTES; route++)
        for (size_t column = 0; column < metrics_status_count(); column++)
            n += metrics_status(column) >= least ? m->requests[route][column] : 0;
    return n;
}

static void put_counts(struct json_out *out, const struct metrics *m)
{
    uint64_t n_failed = m->turns_orphaned, n_respawns = 0;

    for (enum cq_status st = CQ_OK + 1; st < CQ_STATUS_COUNT; st++)
        n_failed += m->turns[st];
    for (enum pool p = 0; p < POOL_COUNT; p++)
        n_respawns += m->respawns[p][END_KILLED] + m->respawns[p][END_FAILED];
    json_key(out, "totals");
    json_open_object(out);
    put_u64(out, "requests", sum_requests(m, 0));
    put_u64(out, "server_errors", sum_requests(m, 500));
    put_u64(out, "turns_complete", m->turns[CQ_OK]);
    put_u64(out, "turns_failed", n_failed);
    put_u64(out, "model_retries", m->model_retries);
    put_u64(out, "round_trips", m->round_trips);
    put_u64(out, "workers_died", n_respawns);
    put_u64(out, "reloads", m->reloads);
    json_close_object(out);
}

void scoreboard_write_status(struct scoreboard *board, struct json_out *out)
{
    json_open_object(out);
    put_text(out, "version", COLLOQUY_VERSION);
    put_u64(out, "pid", (uint64_t)board->master_pid);
    put_u64(out, "generation", (uint64_t)board->generation);
    put_u64(out, "uptime_s", (uint64_t)(clock_mono_ms() - board->started_mono_ms) / 1000);
    put_text(out, "database", scoreboard_is_db_up(board) ? "ok" : "unavailable");
    put_pools(out, board);
    put_workers(out, board);
    put_models(out, &board->breakers);
    put_counts(out, &board->metrics);
    json_close_object(out);
}
