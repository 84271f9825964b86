/*
 * Models that fail.
 *
 * Some students of their own meet the fault while the crowd goes on talking to the same model, half of them as JSON,
 * half as a stream. Each must be told within its time, find a failed turn and nothing of a reply, and have a reply
 * after the same key was sent again: [[times N]] makes just the first N requests of a message fail, so that both too
 * few tries and too many would be seen.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faults.h"

enum { N_PROBES = 6, GROWTH_KIB = 16 * 1024, MAX_WAITING = 64, MAX_ROUNDS = 3 /* until one is in time */ };

struct illness {
    const char *says;    /* directives of the first message */
    unsigned times;      /* requests that get them */
    const char *code;    /* that the client is told; NULL: the reply comes at once */
    const char *failure; /* that the turn keeps */
    int64_t min_ms, max_ms;
};

struct probe {
    struct talk talk;
    char *text, *key;
    struct transfer *transfer;
};

/* ---- one probe ---- */

static struct probe make_probe(size_t i, const struct illness *ill)
{
    static unsigned n;
    struct probe probe = {.talk = open_talk_on(main_course(), crowd_experience(6 * i), token_of(OTHER_STUDENT)),
                          .key = textf("probe-%u", n)};

    probe.text = textf("%s[[times %u]]%s probe %u", ill->says, ill->times, ledger_word(), n++);
    return probe;
}

static void make_probes(struct probe *probes, const struct illness *ill)
{
    for (size_t i = 0; i < N_PROBES; i++)
        probes[i] = make_probe(i, ill);
}

static void send_probes(struct probe *probes)
{
    for (size_t i = 0; i < N_PROBES; i++)
        probes[i].transfer = say_start(&probes[i].talk, probes[i].text, probes[i].key, i % 2);
}

static const char *code_of(const struct answer *answer)
{
    return answer->n_events ? text_at(answer->events[answer->n_events - 1].data, "/code")
                            : text_at(answer->json, "/code");
}

static const char *failure_of(const struct talk *talk, const char *failure)
{
    uint64_t is_it = admin_number(textf("SELECT failure = '%s' FROM turn WHERE conversation_id = %lu"
                                        " ORDER BY id DESC LIMIT 1",
                                        failure, talk->id),
                                  0);

    return is_it ? failure : "another";
}

static void expect_failed(const char *row, const struct probe *probe, const struct illness *ill,
                          const struct answer *answer)
{
    struct json_object *after = read_talk(&probe->talk);

    ROW_ASSERT(textf("%s: refused fairly", row), post_end(answer) == POST_REFUSED);
    ROW_ASSERT(textf("%s: code %s", row, code_of(answer)), str_eq(code_of(answer), ill->code));
    ROW_ASSERT(textf("%s: kept as %s", row, ill->failure),
               str_eq(failure_of(&probe->talk, ill->failure), ill->failure));
    ROW_ASSERT(textf("%s: %zu messages", row, count_at(after, "/messages")), count_at(after, "/messages") == 3);
    expect_json(row, last_message(after), "/status", "\"failed\"");
}

/* Gives how long it took. */
static int64_t judge_probe(const struct probe *probe, const struct illness *ill)
{
    const struct answer *answer = call_finish(probe->transfer);
    int64_t took_ms = answer->took_us / 1000;

    if (ill->code)
        expect_failed(probe->key, probe, ill, answer);
    else
        ROW_ASSERT(textf("%s: answered", probe->key), post_end(answer) == POST_DONE);
    ROW_ASSERT(textf("%s took %ld ms", probe->key, took_ms),
               took_ms >= ill->min_ms && (!ill->max_ms || took_ms <= ill->max_ms + SLACK_MS));
    return took_ms;
}

static void repeat_probe(const struct probe *probe)
{
    expect_status(probe->key, say_with_key(&probe->talk, probe->text, probe->key), 200);
    struct json_object *after = read_talk(&probe->talk);

    ROW_ASSERT(textf("%s: %zu messages in the end", probe->key, count_at(after, "/messages")),
               count_at(after, "/messages") == 4);
    expect_json(probe->key, after, "/messages/2/status", "\"complete\"");
}

/* ---- all of them ---- */

static bool are_done(const struct probe *probes)
{
    for (size_t i = 0; i < N_PROBES; i++)
        if (!call_is_done(probes[i].transfer))
            return false;
    return true;
}

static uint64_t most_kib;

static void look_at_memory(unsigned nth)
{
    uint64_t kib = pss_most_kib("llm");

    (void)nth;
    most_kib = kib > most_kib ? kib : most_kib;
}

/* Gives the longest time. */
static int64_t judge_probes(const struct probe *probes, const struct illness *ill)
{
    int64_t least_ms = INT64_MAX, longest_ms = 0;

    while (!are_done(probes))
        load_for(100, 100, look_at_memory);
    for (size_t i = 0; i < N_PROBES; i++) {
        int64_t took_ms = judge_probe(&probes[i], ill);

        least_ms = took_ms < least_ms ? took_ms : least_ms;
        longest_ms = took_ms > longest_ms ? took_ms : longest_ms;
    }
    figure("told after %ld to %ld ms", least_ms, longest_ms);
    return longest_ms;
}

static void repeat_probes(const struct probe *probes)
{
    for (size_t i = 0; i < N_PROBES; i++)
        repeat_probe(&probes[i]);
}

static void run_illness(const struct fault *fault, int64_t for_ms)
{
    int64_t end_ms = clock_mono_ms() + for_ms;
    uint64_t before_kib = pss_most_kib("llm");
    struct probe probes[N_PROBES];
    const struct illness *ill = fault->detail;
    int64_t best_ms = INT64_MAX;
    bool is_late = ill->max_ms > 0;

    most_kib = 0;
    load_start(&fault->load);
    load_for(300, 0, NULL);
    for (int n = 0; n == 0 || clock_mono_ms() < end_ms || (is_late && n < MAX_ROUNDS); n++) {
        make_probes(probes, ill);
        send_probes(probes);
        int64_t longest_ms = judge_probes(probes, ill);

        best_ms = longest_ms < best_ms ? longest_ms : best_ms;
        is_late &= best_ms > ill->max_ms + 2 * BUSY_MS;
        repeat_probes(probes);
    }
    ROW_ASSERT(textf("told after %ld ms at best", best_ms), !is_late);
    load_finish();
    load_check(fault->may);
    int64_t growth_kib = (int64_t)most_kib - (int64_t)before_kib;

    figure("PSS + %ld KiB", growth_kib);
    ROW_ASSERT(textf("a worker grew by %ld KiB", growth_kib), growth_kib <= GROWTH_KIB);
}

/* ---- nobody there ---- */

static int model_port;
static struct model_server own_model;
static int hole = -1, waiting[MAX_WAITING];

/* A socket that takes no connection: its queue is full, and the kernel lets the next ones wait. */
static void open_hole(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)model_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;

    hole = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(hole, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(hole, (struct sockaddr *)&address, sizeof(address)) || listen(hole, 0))
        harness_die("cannot listen where the model was");
    for (size_t i = 0; i < LEN(waiting); i++) {
        waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        connect(waiting[i], (struct sockaddr *)&address, sizeof(address));
    }
}

static void close_hole(void)
{
    for (size_t i = 0; i < LEN(waiting); i++)
        close(waiting[i]);
    close(hole);
}

/* The crowd talks to a model that goes away and comes back, at the same address. */
static void restart_with_own_model(const char *const *settings)
{
    const char *all[INSTANCE_MAX_ENV + 1] = {0};
    size_t n = 0;

    own_model = model_server_start(NULL, NULL);
    model_port = own_model.port;
    all[n++] = lastingf("COLLOQUY_LLM_BASE_URL=http://127.0.0.1:%d/v1", model_port);
    while (*settings)
        all[n++] = *settings++;
    restart_with(all);
}

static void run_absent(const struct fault *fault, int64_t for_ms)
{
    const struct illness *ill = fault->detail;
    bool is_hole = ill->min_ms > 0;
    struct probe probes[N_PROBES];

    restart_with_own_model(fault->settings);
    load_start(&fault->load);
    load_for(300, 0, NULL);
    make_probes(probes, ill);
    stop_program(own_model.pid, SIGKILL);
    if (is_hole)
        open_hole();
    send_probes(probes);
    judge_probes(probes, ill);
    load_for(for_ms, 0, NULL);
    if (is_hole)
        close_hole();
    own_model = model_server_start_at(model_port, NULL, NULL);
    repeat_probes(probes);
    load_finish();
    load_check(fault->may);
    restart_with(fault->settings);
    stop_program(own_model.pid, SIGTERM);
}

/* ---- the table ---- */

static const char *const ONE_TRY[] = {"COLLOQUY_LLM_TRIES=1",
                                      "COLLOQUY_LLM_CONNECT_TIMEOUT_MS=2500",
                                      "COLLOQUY_LLM_FIRST_BYTE_TIMEOUT_MS=2500",
                                      "COLLOQUY_LLM_IDLE_TIMEOUT_MS=2500",
                                      "COLLOQUY_LLM_TOTAL_TIMEOUT_MS=4500",
                                      "COLLOQUY_LLM_BREAKER_FAILURES=0",
                                      NULL};

static const char *const THREE_TRIES[] = {"COLLOQUY_LLM_TRIES=3", "COLLOQUY_LLM_RETRY_MS=100",
                                          "COLLOQUY_LLM_REPLY_MAX_BYTES=262144", "COLLOQUY_LLM_BREAKER_FAILURES=0",
                                          NULL};

#define CROWD                                                                                                          \
    {                                                                                                                  \
        .speakers = 12                                                                                                 \
    }
#define ILL(...)                                                                                                       \
    &(const struct illness)                                                                                            \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define AWAY     "service_unavailable"
#define INVALID  "llm_invalid_response", "model_invalid_response"
#define TOO_LONG "llm_invalid_response", "model_too_long"

static const struct fault rows[] = {
    // clang-format off
    {.name = "model-refuses-connections", .promise = "model refuses connections: failed with its reason, retry works",
     .full_s = 10, .suite_ms = 300, .settings = ONE_TRY, .may = MAY_REFUSE, .load = CROWD, .run = run_absent,
     .detail = ILL("", 0, AWAY, "model_unavailable", 0, 1000)},
    {.name = "model-connect-hangs", .promise = "connecting to the model hangs: its own timeout",
     .full_s = 10, .suite_ms = 300, .settings = ONE_TRY, .may = MAY_REFUSE, .load = CROWD, .run = run_absent,
     .detail = ILL("", 0, AWAY, "model_timeout", 2400, 2600)},
    {.name = "model-no-first-byte", .promise = "no first byte: its own timeout",
     .full_s = 10, .suite_ms = 100, .settings = ONE_TRY, .load = CROWD, .run = run_illness,
     .detail = ILL("[[delay 60000]]", 1, AWAY, "model_timeout", 2400, 2600)},
    {.name = "model-idle", .promise = "silence within a reply: its own timeout",
     .full_s = 10, .suite_ms = 100, .settings = ONE_TRY, .load = CROWD, .run = run_illness,
     .detail = ILL("[[hang 2]]", 1, AWAY, "model_timeout", 2400, 2600)},
    {.name = "model-drips", .promise = "a slow drip: the total limit holds",
     .full_s = 10, .suite_ms = 100, .settings = ONE_TRY, .load = CROWD, .run = run_illness,
     .detail = ILL("[[endless]][[gap 100]]", 1, AWAY, "model_timeout", 4200, 4800)},
    {.name = "model-html", .promise = "HTML with 200: failed",
     .full_s = 10, .suite_ms = 100, .settings = ONE_TRY, .load = CROWD, .run = run_illness,
     .detail = ILL("[[html]]", 1, INVALID, 0, 1000)},
    {.name = "model-empty", .promise = "an empty reply: failed",
     .full_s = 10, .suite_ms = 100, .settings = ONE_TRY, .load = CROWD, .run = run_illness,
     .detail = ILL("[[empty]]", 1, "llm_no_response", "model_no_response", 0, 1000)},
    {.name = "model-no-done", .promise = "an end without an end: failed",
     .full_s = 10, .suite_ms = 100, .settings = ONE_TRY, .load = CROWD, .run = run_illness,
     .detail = ILL("[[nodone]]", 1, INVALID, 0, 1000)},
    {.name = "model-one-line", .promise = "one line of 1 GB: the same",
     .full_s = 10, .suite_ms = 100, .settings = ONE_TRY, .may = MAY_GROW, .load = CROWD, .run = run_illness,
     .detail = ILL("[[bigline 1000000000]]", 1, INVALID, 0, 5000)},
    {.name = "model-gzip-bomb", .promise = "a gzip bomb: the same",
     .full_s = 10, .suite_ms = 100, .settings = ONE_TRY, .may = MAY_GROW, .load = CROWD, .run = run_illness,
     .detail = ILL("[[gzip 1000]]", 1, INVALID, 0, 5000)},
    {.name = "model-cut", .promise = "reply cut: no half reply is stored, no try after the first token",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .load = CROWD, .run = run_illness,
     .detail = ILL("[[cut 3]]", 1, INVALID, 0, 1000)},
    {.name = "model-reset", .promise = "reply reset: the same",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .load = CROWD, .run = run_illness,
     .detail = ILL("[[reset 3]]", 1, INVALID, 0, 1000)},
    {.name = "model-429", .promise = "429 with Retry-After: not before that time",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .load = CROWD, .run = run_illness,
     .detail = ILL("[[status 429]][[retry-after 1]]", 1, NULL, NULL, 1000, 0)},
    {.name = "model-429-for-long", .promise = "429 for longer than is waited for: told at once",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .load = CROWD, .run = run_illness,
     .detail = ILL("[[status 429]][[retry-after 60]]", 1, "rate_limited", "model_rate_limited", 0, 1000)},
    {.name = "model-500", .promise = "500: three tries with a growing pause, not a fourth",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .load = CROWD, .run = run_illness,
     .detail = ILL("[[status 500]]", 3, AWAY, "model_unavailable", 100, 2000)},
    {.name = "model-503", .promise = "503: the same",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .load = CROWD, .run = run_illness,
     .detail = ILL("[[status 503]]", 3, AWAY, "model_unavailable", 100, 2000)},
    {.name = "model-529", .promise = "529: the same",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .load = CROWD, .run = run_illness,
     .detail = ILL("[[status 529]]", 3, AWAY, "model_unavailable", 100, 2000)},
    {.name = "model-bad-json", .promise = "bad JSON: no half reply is stored",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .load = CROWD, .run = run_illness,
     .detail = ILL("[[badjson 2]]", 1, INVALID, 0, 1000)},
    {.name = "model-bad-utf8", .promise = "bad UTF-8: no half reply is stored",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .load = CROWD, .run = run_illness,
     .detail = ILL("[[badutf8 2]]", 1, INVALID, 0, 1000)},
    {.name = "model-bytewise", .promise = "split at every byte: the same text",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .run = run_illness,
     .load = {.speakers = 12, .says = "[[bytewise]][[chunk 5]]"},
     .detail = ILL("[[bytewise]]", 0, NULL, NULL, 0, 0)},
    {.name = "model-100-megabytes", .promise = "a reply of 100 MB: stopped at the limit, PSS + 16 MiB at most",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .may = MAY_GROW, .load = CROWD, .run = run_illness,
     .detail = ILL("[[endless]][[chunk 4096]]", 1, TOO_LONG, 0, 5000)},
    {.name = "model-tiny-events", .promise = "a million tiny events: the same",
     .full_s = 10, .suite_ms = 100, .settings = THREE_TRIES, .may = MAY_GROW, .load = CROWD, .run = run_illness,
     .detail = ILL("[[endless]][[chunk 1]]", 1, TOO_LONG, 0, 0)},
    // clang-format on
};

const struct fault_table model_faults = {rows, LEN(rows)};
