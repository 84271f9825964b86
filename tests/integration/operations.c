/* What operators see: metrics, status, and the log. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

/* The value of a sample of /metrics; 0 when it is not there yet. */
static double metric(const char *name)
{
    const struct answer *answer = CALL("GET", "/metrics", NULL);
    const char *at = strstr(answer->body, textf("\ncolloquy_%s ", name));

    expect_status("metrics", answer, 200);
    return at ? strtod(at + strlen(name) + strlen("\ncolloquy_ "), NULL) : 0;
}

#define MESSAGES "/api/v1/courses/:course_id/ai_experiences/:ai_experience_id/conversations/:id/messages"

static void test_metrics(void)
{
    static const char *const grow[] = {
        "requests_total{method=\"POST\",route=\"" MESSAGES "\",status=\"200\"}",
        "request_duration_seconds_count{pool=\"llm\"}",
        "turns_total{outcome=\"complete\"}",
        "model_calls_total{outcome=\"complete\"}",
        "model_duration_seconds_count",
        "model_first_token_seconds_count",
        "model_tokens_total{direction=\"output\"}",
        "database_round_trips_total",
        "database_wait_seconds_total",
    };
    const struct talk talk = open_talk(STUDENT);
    double before[LEN(grow)];

    for (size_t i = 0; i < LEN(grow); i++)
        before[i] = metric(grow[i]);
    expect_status("a turn", say(&talk, "hello"), 200);
    for (size_t i = 0; i < LEN(grow); i++)
        ROW_ASSERT(grow[i], metric(grow[i]) > before[i]);
    CU_ASSERT_EQUAL(metric("workers_configured{pool=\"api\"}"), 8);
    CU_ASSERT_EQUAL(metric("workers_ready{pool=\"llm\"}"), 4);
    CU_ASSERT_EQUAL(metric("database_up"), 1);
    const char *type = header(CALL("GET", "/metrics", NULL), "Content-Type");
    ROW_ASSERT(type, str_starts(type, "text/plain; version=0.0.4"));
}

/* A turn that fails and its tries are told apart from one that works. */
static void test_metrics_of_failures(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *const failed = "turns_total{outcome=\"model_refused\"}";
    double before = metric(failed), calls = metric("model_calls_total{outcome=\"model_refused\"}");

    expect_status("a turn", say(&talk, "[[status 400]]x"), 503);
    CU_ASSERT_EQUAL(metric(failed), before + 1);
    CU_ASSERT_EQUAL(metric("model_calls_total{outcome=\"model_refused\"}"), calls + 1);
}

/* What was asked beside a reply that failed is given up: that is no fault of its own. */
static void test_a_fault_is_told_once(void)
{
    const struct talk talk = open_talk(STUDENT);
    const struct answer *answer = say(&talk, "[[status 400]][[assess:delay 2000]]x");
    const char *id = textf("request_id=%s ", header(answer, "X-Request-Id"));
    size_t n = 0;

    expect_status("a turn", answer, 503);
    for (const char *at = read_log(); (at = strstr(at, id)); at++)
        n++;
    ROW_ASSERT(textf("its cause, and the request's own line: %zu", n), n == 2);
}

/* ---- status ---- */

static void test_status(void)
{
    struct json_object *status = COMMAND("status", "--json");

    CU_ASSERT_PTR_NOT_NULL_FATAL(status);
    expect_json("database", status, "/database", "\"ok\"");
    expect_json("api", status, "/pools/api/workers", "8");
    expect_json("llm", status, "/pools/llm/ready", "4");
    expect_json("documents", status, "/pools/documents/ready", "1");
    CU_ASSERT_EQUAL(count_at(status, "/workers"), 14);
    expect_json("the first", status, "/workers/0/pool", "\"api\"");
    CU_ASSERT_TRUE(int_at(status, "/totals/requests") > 0 && int_at(status, "/workers/0/pid") > 1);
    CU_ASSERT_EQUAL(int_at(status, "/pid"), instance_pid(instance_used(), "colloquy"));
    expect_status("not for the world", CALL("GET", "/status", NULL), 404);
}

/* ---- the log ---- */

/* The line of the log that tells of this answer; "" when there is none. */
static char *log_line_of(const struct answer *answer)
{
    const char *start = textf("request_id=%s method=", header(answer, "X-Request-Id"));
    char *at = NULL;

    for (int i = 0; i < PATIENCE_MS / 20 && !at; i++) {
        if (i)
            pause_ms(20); /* an api worker writes it behind its answer */
        at = strstr(read_log(), start);
    }
    if (!at)
        return textf("%s", "");
    at[strcspn(at, "\n")] = '\0';
    return at;
}

static void test_a_line_for_each_request(void)
{
    const struct talk talk = open_talk(STUDENT);
    const struct {
        const char *name;
        const struct answer *answer;
        const char *wants[4];
    } rows[] = {
        {"a read",
         CALL("GET", talk.list_path, talk.token),
         {"method=GET", "route=/api/v1/courses/:course_id/ai_experiences/:ai_experience_id/conversations", "status=200",
          textf("user=%lu statements=1 model_ms=0", id_of(STUDENT))}},
        {"a turn",
         say(&talk, "[[delay 30]]secret words"),
         {"method=POST", "route=" MESSAGES, "status=200", "statements=13"}},
        {"a refusal", CALL("GET", talk.list_path, "no-such-token"), {"status=401", "user=0", "statements=1"}},
        {"no route", CALL("GET", "/api/v1/nowhere", NULL), {"route=-", "status=404", "statements=0"}},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char *line = log_line_of(rows[i].answer);

        for (size_t k = 0; k < LEN(rows[i].wants); k++)
            ROW_ASSERT(textf("%s: %s in: %s", rows[i].name, rows[i].wants[k], line),
                       !rows[i].wants[k] || strstr(line, rows[i].wants[k]));
    }
    ROW_ASSERT("no message", !strstr(read_log(), "secret words"));
    ROW_ASSERT("no token", !strstr(read_log(), token_of(STUDENT)) && !strstr(read_log(), "no-such-token"));
}

/* ---- reloads and deaths ---- */

struct wanted {
    const char *metric;
    double least;
};

static bool has_grown(void *arg)
{
    const struct wanted *wanted = arg;

    return metric(wanted->metric) >= wanted->least;
}

static void expect_growth(const char *name, double before)
{
    ROW_ASSERT(name, wait_until(has_grown, &(struct wanted){name, before + 1}, PATIENCE_MS));
}

static void test_deaths_and_reloads(void)
{
    static const char killed[] = "worker_respawns_total{pool=\"api\",cause=\"killed\"}";
    static const char done[] = "reloads_total{result=\"done\"}", refused[] = "reloads_total{result=\"refused\"}";
    double n_killed = metric(killed), n_done = metric(done), n_refused = metric(refused);
    char *conf = textf("%s/colloquy.conf", instance_used()->dir), *good = textf("%s.good", conf);
    pid_t worker, master = instance_pid(instance_used(), "colloquy");

    CU_ASSERT_EQUAL_FATAL(instance_workers(instance_used(), "api", &worker, 1), 1);
    kill(worker, SIGKILL);
    expect_growth(killed, n_killed);
    kill(master, SIGHUP);
    expect_growth(done, n_done);

    const char *const copy[] = {"cp", conf, good, NULL}, *const back[] = {"mv", good, conf, NULL};
    CU_ASSERT_EQUAL_FATAL(run_program(copy, NULL, NULL, 5000), 0);
    FILE *out = fopen(conf, "ae");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fputs("\n[llm]\ntries = many\n", out);
    fclose(out);
    kill(master, SIGHUP);
    expect_growth(refused, n_refused);
    ROW_ASSERT("the log names the key",
               strstr(read_log(), "reload refused, the old config goes on: llm.tries") != NULL);
    CU_ASSERT_EQUAL(run_program(back, NULL, NULL, 5000), 0);
    expect_status("it goes on", CALL("GET", "/health", NULL), 200);
}

SUITE(operations, {"metrics", test_metrics}, {"metrics of failures", test_metrics_of_failures},
      {"a fault is told once", test_a_fault_is_told_once}, {"status", test_status},
      {"a line for each request", test_a_line_for_each_request}, {"deaths and reloads", test_deaths_and_reloads});
