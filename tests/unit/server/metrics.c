/* Counting, and what Prometheus reads. */
#include "server/metrics.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "server/scoreboard.h"
#include "store/connection.h"
#include "unit.h"

static struct scoreboard *board;
static struct buf text;

static void start(void)
{
    board = scoreboard_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(board);
    buf_init(&text, 1 << 20);
}

static void finish(void)
{
    munmap(board, sizeof(*board));
    buf_release(&text);
}

/* The value of a line "colloquy_NAME VALUE"; -1 when there is none. */
static double value_of(const char *name)
{
    char want[256];
    int len = snprintf(want, sizeof(want), "\ncolloquy_%s ", name);

    buf_clear(&text);
    scoreboard_write_metrics(board, &text);
    const char *at = strstr(text.data, want);

    return at ? strtod(at + len, NULL) : -1;
}

static void test_requests(void)
{
    // clang-format off
    static const struct {
        int status;
        int64_t took_us;
        const char *line;
    } rows[] = {
        {200, 400,      "requests_total{method=\"-\",route=\"-\",status=\"200\"}"},
        {404, 600,      "requests_total{method=\"-\",route=\"-\",status=\"404\"}"},
        {503, 20000000, "requests_total{method=\"-\",route=\"-\",status=\"503\"}"},
        {299, 500000000, "requests_total{method=\"-\",route=\"-\",status=\"other\"}"},
    };
    // clang-format on
    struct request req = {.ctx = {.request_id = "-"}};

    start();
    for (size_t i = 0; i < LEN(rows); i++) {
        req.response.status = rows[i].status;
        metrics_note_request(&board->metrics, POOL_LLM, &req, rows[i].took_us);
        ROW_ASSERT(rows[i].line, value_of(rows[i].line) == 1);
    }
    CU_ASSERT_EQUAL(value_of("request_duration_seconds_bucket{pool=\"llm\",le=\"0.0005\"}"), 1);
    CU_ASSERT_EQUAL(value_of("request_duration_seconds_bucket{pool=\"llm\",le=\"0.001\"}"), 2);
    CU_ASSERT_EQUAL(value_of("request_duration_seconds_bucket{pool=\"llm\",le=\"10\"}"), 2);
    CU_ASSERT_EQUAL(value_of("request_duration_seconds_bucket{pool=\"llm\",le=\"30\"}"), 3);
    CU_ASSERT_EQUAL(value_of("request_duration_seconds_bucket{pool=\"llm\",le=\"+Inf\"}"), 4);
    CU_ASSERT_EQUAL(value_of("request_duration_seconds_count{pool=\"llm\"}"), 4);
    CU_ASSERT_EQUAL(value_of("request_duration_seconds_sum{pool=\"llm\"}"), 520.001);
    CU_ASSERT_EQUAL(value_of("request_duration_seconds_count{pool=\"api\"}"), 0);
    finish();
}

static void test_model(void)
{
    static const struct llm_cost costs[] = {{.spent = {{.usage = {.input = 120, .output = 40}, .tries = 1}}, .n = 1},
                                            {.spent = {{.usage = {.input = 50, .output = 5}, .tries = 2},
                                                       {.usage = {.input = 10, .output = 15}, .tries = 1}},
                                             .n = 2},
                                            {.spent = {{.tries = 2}}, .n = 1}};
    static const struct llm_effort efforts[] = {
        {CQ_OK, 2000, 300, &costs[0]}, {CQ_OK, 900, 800, &costs[1]}, {CQ_MODEL_TIMEOUT, 60000, 0, &costs[2]}};

    start();
    for (size_t i = 0; i < LEN(efforts); i++)
        metrics_note_model(&board->metrics, &efforts[i]);
    CU_ASSERT_EQUAL(value_of("model_calls_total{outcome=\"complete\"}"), 2);
    CU_ASSERT_EQUAL(value_of("model_calls_total{outcome=\"model_timeout\"}"), 1);
    CU_ASSERT_EQUAL(value_of("model_retries_total"), 3);
    CU_ASSERT_EQUAL(value_of("model_tokens_total{direction=\"input\"}"), 180);
    CU_ASSERT_EQUAL(value_of("model_tokens_total{direction=\"output\"}"), 60);
    CU_ASSERT_EQUAL(value_of("model_duration_seconds_sum"), 62.9);
    CU_ASSERT_EQUAL(value_of("model_first_token_seconds_count"), 2);
    finish();
}

/* What a connection has cost is counted once. */
static void test_database(void)
{
    struct db db = {.effort = {.round_trips = 13, .wait_us = 2500000, .connects = 1, .reruns = 2}};

    start();
    scoreboard_note_db(board, &db);
    scoreboard_note_db(board, &db);
    CU_ASSERT_EQUAL(value_of("database_round_trips_total"), 13);
    CU_ASSERT_EQUAL(value_of("database_wait_seconds_total"), 2.5);
    CU_ASSERT_EQUAL(value_of("database_connections_total"), 1);
    CU_ASSERT_EQUAL(value_of("database_reruns_total"), 2);
    CU_ASSERT_EQUAL(value_of("database_up"), clock_mono_ms() < 3000);
    finish();
}

static void test_workers_and_turns(void)
{
    start();
    board->slots[0].pool = POOL_LLM;
    board->slots[0].places = 300;
    board->slots[0].busy = 7;
    board->slots[0].state = SLOT_READY;
    board->n_slots = 1;
    board->workers[POOL_LLM] = 4;
    board->metrics.respawns[POOL_API][END_KILLED] = 5;
    board->metrics.turns[CQ_OK] = 6;
    board->metrics.turns_orphaned = 8;
    metrics_note_retrieval(&board->metrics, true);
    metrics_note_search(&board->metrics, 2000);
    metrics_note_document(&board->metrics, false);
    CU_ASSERT_EQUAL(value_of("workers_configured{pool=\"llm\"}"), 4);
    CU_ASSERT_EQUAL(value_of("workers_ready{pool=\"llm\"}"), 1);
    CU_ASSERT_EQUAL(value_of("places{pool=\"llm\",state=\"busy\"}"), 7);
    CU_ASSERT_EQUAL(value_of("places{pool=\"llm\",state=\"idle\"}"), 293);
    CU_ASSERT_EQUAL(value_of("worker_respawns_total{pool=\"api\",cause=\"killed\"}"), 5);
    CU_ASSERT_EQUAL(value_of("turns_total{outcome=\"complete\"}"), 6);
    CU_ASSERT_EQUAL(value_of("turns_total{outcome=\"worker_died\"}"), 8);
    CU_ASSERT_EQUAL(value_of("retrievals_total{outcome=\"answered\"}"), 1);
    CU_ASSERT_EQUAL(value_of("retrievals_total{outcome=\"failed\"}"), 0);
    CU_ASSERT_EQUAL(value_of("request_duration_seconds_count{pool=\"documents\"}"), 1);
    CU_ASSERT_EQUAL(value_of("documents_total{outcome=\"succeeded\"}"), 0);
    CU_ASSERT_EQUAL(value_of("documents_total{outcome=\"failed\"}"), 1);
    finish();
}

/* Each family once, its samples behind it: TYPE, then lines that begin with its name. */
static void test_the_format(void)
{
    char family[128] = "";
    char *rest;

    start();
    value_of("build_info");
    rest = text.data;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        if (str_starts(line, "# HELP "))
            continue;
        if (str_starts(line, "# TYPE ")) {
            ROW_ASSERT(line, sscanf(line, "# TYPE %127s", family) == 1);
            continue;
        }
        ROW_ASSERT(line,
                   family[0] && str_starts(line, family) && strrchr(line, ' ') && strchr("{ _", line[strlen(family)]));
    }
    finish();
}

SUITE(metrics, {"requests", test_requests}, {"model", test_model}, {"database", test_database},
      {"workers and turns", test_workers_and_turns}, {"the format", test_the_format});
