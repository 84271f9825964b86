/*
 * The scoreboard and its counts in Prometheus' text format, version 0.0.4 (prometheus.io, "Exposition formats"): base
 * units, _total for what only grows, and labels with few values, all of them ours.
 */
#include "server/scoreboard.h"

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP colloquy_%s %s\n# TYPE colloquy_%s %s\n", name, help, name, type);
}

static void number(struct buf *out, const char *name, uint64_t value)
{
    buf_printf(out, "colloquy_%s %llu\n", name, (unsigned long long)value);
}

static void counter(struct buf *out, const char *name, const char *help, uint64_t value)
{
    family(out, name, "counter", help);
    number(out, name, value);
}

static void labelled(struct buf *out, const char *name, const char *label, const char *label_value, uint64_t value)
{
    buf_printf(out, "colloquy_%s{%s=\"%s\"} %llu\n", name, label, label_value, (unsigned long long)value);
}

static void seconds(struct buf *out, uint64_t us)
{
    buf_printf(out, "%llu.%06llu", (unsigned long long)(us / 1000000), (unsigned long long)(us % 1000000));
}

/* labels: "" or "pool=\"api\"". */
static void histogram(struct buf *out, const char *name, const char *labels, const struct histogram *h)
{
    const char *comma = *labels ? "," : "";
    uint64_t n = 0;

    for (size_t i = 0; i < METRICS_BOUNDS; i++) {
        n += h->buckets[i];
        buf_printf(out, "colloquy_%s_bucket{%s%sle=\"%g\"} %llu\n", name, labels, comma, metrics_bounds_us[i] / 1e6,
                   (unsigned long long)n);
    }
    n += h->buckets[METRICS_BOUNDS];
    buf_printf(out, "colloquy_%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma, (unsigned long long)n);
    buf_printf(out, *labels ? "colloquy_%s_sum{%s} " : "colloquy_%s_sum%s ", name, labels);
    seconds(out, h->sum_us);
    buf_printf(out, *labels ? "\ncolloquy_%s_count{%s} %llu\n" : "\ncolloquy_%s_count%s %llu\n", name, labels,
               (unsigned long long)n);
}

/* ---- requests ---- */

static void write_requests_of(struct buf *out, const struct metrics *m, size_t route, const char *method,
                              const char *pattern)
{
    for (size_t column = 0; column < metrics_status_count(); column++) {
        uint64_t n = m->requests[route][column];
        char status[16] = "other";

        if (!n)
            continue;
        if (metrics_status(column))
            snprintf(status, sizeof(status), "%u", metrics_status(column));
        buf_printf(out, "colloquy_requests_total{method=\"%s\",route=\"%s\",status=\"%s\"} %llu\n", method, pattern,
                   status, (unsigned long long)n);
    }
}

static void write_requests(struct buf *out, const struct metrics *m)
{
    size_t n_routes = api_route_count();

    family(out, "requests_total", "counter", "Requests answered, by the route table's rows; - is for no row.");
    for (size_t i = 0; i < n_routes && i < METRICS_MAX_ROUTES; i++)
        write_requests_of(out, m, i, api_route_info(i).method, api_route_info(i).pattern);
    write_requests_of(out, m, n_routes < METRICS_MAX_ROUTES ? n_routes : METRICS_MAX_ROUTES, "-", "-");
    family(out, "request_duration_seconds", "histogram", "From accepting a request until its answer is complete.");
    for (enum pool p = 0; p < POOL_COUNT; p++) {
        char labels[32];

        snprintf(labels, sizeof(labels), "pool=\"%s\"", pool_name(p));
        histogram(out, "request_duration_seconds", labels, &m->request_time[p]);
    }
}

/* ---- workers ---- */

static void write_workers(struct buf *out, struct scoreboard *board)
{
    static const char *const causes[END_CAUSE_COUNT] = {
        [END_KILLED] = "killed", [END_FAILED] = "failed", [END_RECYCLED] = "recycled", [END_RELOADED] = "reloaded"};
    struct health health;

    scoreboard_health(board, &health);
    family(out, "workers_configured", "gauge", "Workers that a pool should have.");
    for (enum pool p = 0; p < POOL_COUNT; p++)
        labelled(out, "workers_configured", "pool", pool_name(p), health.pools[p].workers);
    family(out, "workers_ready", "gauge", "Workers that take requests now.");
    for (enum pool p = 0; p < POOL_COUNT; p++)
        labelled(out, "workers_ready", "pool", pool_name(p), health.pools[p].ready);
    family(out, "places", "gauge",
           "Places for requests, of which llm workers have many, in the workers that are ready.");
    for (enum pool p = 0; p < POOL_COUNT; p++) {
        buf_printf(out, "colloquy_places{pool=\"%s\",state=\"busy\"} %u\n", pool_name(p), health.pools[p].busy);
        buf_printf(out, "colloquy_places{pool=\"%s\",state=\"idle\"} %u\n", pool_name(p),
                   health.pools[p].places - health.pools[p].busy);
    }
    family(out, "worker_respawns_total", "counter", "Workers that ended and were replaced, by the cause.");
    for (enum pool p = 0; p < POOL_COUNT; p++)
        for (enum end_cause c = 0; c < END_CAUSE_COUNT; c++)
            buf_printf(out, "colloquy_worker_respawns_total{pool=\"%s\",cause=\"%s\"} %llu\n", pool_name(p), causes[c],
                       (unsigned long long)board->metrics.respawns[p][c]);
    family(out, "reloads_total", "counter", "Reloads of the config, by what became of them.");
    labelled(out, "reloads_total", "result", "done", board->metrics.reloads);
    labelled(out, "reloads_total", "result", "refused", board->metrics.reloads_refused);
}

/* ---- turns and models ---- */

static void write_by_status(struct buf *out, const char *name, const char *label, const _Atomic uint64_t *numbers)
{
    for (enum cq_status st = 0; st < CQ_STATUS_COUNT; st++)
        if (numbers[st] || st == CQ_OK)
            labelled(out, name, label, st == CQ_OK ? "complete" : cq_status_info(st)->name, numbers[st]);
}

static void write_turns(struct buf *out, const struct metrics *m)
{
    family(out, "turns_total", "counter", "Turns that have ended, by what became of them.");
    write_by_status(out, "turns_total", "outcome", m->turns);
    labelled(out, "turns_total", "outcome", "worker_died", m->turns_orphaned);
    family(out, "model_calls_total", "counter", "Calls of a language model, by what became of them.");
    write_by_status(out, "model_calls_total", "outcome", m->model_calls);
    counter(out, "model_retries_total", "Tries after the first of a call.", m->model_retries);
    family(out, "model_duration_seconds", "histogram", "Calls of a model over all tries.");
    histogram(out, "model_duration_seconds", "", &m->model_time);
    family(out, "model_first_token_seconds", "histogram", "From a call to the first text of its reply.");
    histogram(out, "model_first_token_seconds", "", &m->first_text_time);
    family(out, "model_tokens_total", "counter", "Tokens as counted by the provider, or estimated where it does not.");
    labelled(out, "model_tokens_total", "direction", "input", m->input_tokens);
    labelled(out, "model_tokens_total", "direction", "output", m->output_tokens);
    labelled(out, "model_tokens_total", "direction", "cache_read", m->cache_read_tokens);
    labelled(out, "model_tokens_total", "direction", "cache_write", m->cache_write_tokens);
    family(out, "model_cost_total", "counter", "What calls have cost, in the currency of the config's prices.");
    buf_printf(out, "colloquy_model_cost_total %.9f\n", (double)m->price_nano / 1e9);
}

/* ---- documents ---- */

static void write_documents(struct buf *out, const struct metrics *m)
{
    family(out, "retrievals_total", "counter", "Turns that waited for what documents say, by whether it came.");
    labelled(out, "retrievals_total", "outcome", "answered", m->retrievals[true]);
    labelled(out, "retrievals_total", "outcome", "failed", m->retrievals[false]);
    family(out, "documents_total", "counter", "Documents whose text was to be extracted, by what became of it.");
    labelled(out, "documents_total", "outcome", "succeeded", m->documents[true]);
    labelled(out, "documents_total", "outcome", "failed", m->documents[false]);
}

/* ---- breakers ---- */

/* A name of the config as the value of a label. */
static void write_model(struct buf *out, const char *name, const char *model, uint64_t value)
{
    buf_printf(out, "colloquy_%s{model=\"", name);
    for (const char *c = model; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_char(out, '\\');
        buf_char(out, *c);
    }
    buf_printf(out, "\"} %llu\n", (unsigned long long)value);
}

static void write_breakers(struct buf *out, const struct llm_breakers *breakers)
{
    family(out, "model_up", "gauge", "Whether a model is asked: 0 while its breaker is open.");
    for (size_t i = 0; i < LLM_MAX_BREAKERS; i++)
        if (breakers->rows[i].is_listed)
            write_model(out, "model_up", breakers->rows[i].name, !llm_breaker_is_open(&breakers->rows[i]));
    family(out, "model_breaker_opened_total", "counter", "Times that a model had failed too often to be asked.");
    for (size_t i = 0; i < LLM_MAX_BREAKERS; i++)
        if (breakers->rows[i].is_listed)
            write_model(out, "model_breaker_opened_total", breakers->rows[i].name, breakers->rows[i].times_opened);
}

/* ---- the database ---- */

static void write_database(struct buf *out, struct scoreboard *board)
{
    const struct metrics *m = &board->metrics;

    family(out, "database_up", "gauge", "Whether the database has answered lately.");
    number(out, "database_up", scoreboard_is_db_up(board));
    counter(out, "database_round_trips_total", "Statements sent, transaction control included.", m->round_trips);
    family(out, "database_wait_seconds_total", "counter", "Time spent waiting for the database.");
    buf_str(out, "colloquy_database_wait_seconds_total ");
    seconds(out, m->database_wait_us);
    buf_str(out, "\n");
    counter(out, "database_connections_total", "Connections made.", m->database_connects);
    counter(out, "database_reruns_total", "Reads and transactions run again, after a deadlock or a lost connection.",
            m->database_reruns);
}

void scoreboard_write_metrics(struct scoreboard *board, struct buf *out)
{
    family(out, "build_info", "gauge", "Always 1; the label says what runs.");
    labelled(out, "build_info", "version", COLLOQUY_VERSION, 1);
    family(out, "start_time_seconds", "gauge", "When the master started, in seconds since 1970.");
    number(out, "start_time_seconds", (uint64_t)(board->started_ms / 1000));
    write_requests(out, &board->metrics);
    write_workers(out, board);
    write_turns(out, &board->metrics);
    write_documents(out, &board->metrics);
    write_breakers(out, &board->breakers);
    write_database(out, board);
}
