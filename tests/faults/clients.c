/* Clients that leave, that are slow, that do nothing, and that are too many. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faults.h"

enum {
    N_LEAVERS = 20,
    LEAVE_AFTER_MS = 250,
    CYCLE_MS = 2000, /* twenty of them, every two seconds: ten a second */
    FREE_MS = 1000,
    MAX_SOCKETS = 10000,
    N_ROUNDS = 3,
    ROUND_MS = 1000,
    NGINX_GROWTH_KIB = 80 * 1024,
    BIG_MESSAGES = 80,
    REFUSAL_MS = 50,
    OVERLOADED_TURN_MS = 500,
};

/* ---- those who leave ---- */

struct leaver {
    struct talk talk;
    struct transfer *transfer;
    char *text;
    size_t n_left;
    int64_t begin_ms;
};

/* Whoever leaves before there is a turn has said nothing. */
static bool has_started(const struct leaver *l)
{
    return l->transfer && clock_mono_ms() >= l->begin_ms + LEAVE_AFTER_MS &&
           call_wait_event(l->transfer, "message.start", 1, 0);
}

static bool has_completed(void *arg)
{
    const struct leaver *l = arg;

    return count_at(read_talk(&l->talk), "/messages") == 2 + 2 * l->n_left;
}

/* What was left last time is there on reload. */
static void expect_completed(struct leaver *l)
{
    wait_until(has_completed, l, PATIENCE_MS);
    struct json_object *now = read_talk(&l->talk);
    const char *row = textf("conversation %lu, left %zu times", l->talk.id, l->n_left);

    ROW_ASSERT(textf("%s: %zu messages", row, count_at(now, "/messages")),
               count_at(now, "/messages") == 2 + 2 * l->n_left);
    ROW_ASSERT(row, str_eq(text_at(last_message(now), "/text"), textf("You said: %s", l->text)));
}

static void move_leaver(struct leaver *l, bool is_ending)
{
    static unsigned n;

    if (has_started(l)) {
        call_leave(l->transfer);
        l->transfer = NULL;
        l->n_left++;
    } else if (!l->transfer && clock_mono_ms() >= l->begin_ms + CYCLE_MS && !is_ending) {
        if (l->n_left)
            expect_completed(l);
        l->text = textf("%s leaving %u", ledger_word(), n++);
        l->begin_ms = clock_mono_ms();
        l->transfer = say_start(&l->talk, textf("[[delay 150]][[gap 60]][[chunk 5]]%s", l->text), NULL, true);
    }
}

static bool is_somebody_there(const struct leaver *leavers)
{
    for (size_t i = 0; i < N_LEAVERS; i++)
        if (leavers[i].transfer)
            return true;
    return false;
}

static bool is_none_pending(void *unused)
{
    (void)unused;
    return admin_number("SELECT COUNT(*) FROM turn WHERE state = 'pending'", 1) == 0;
}

static bool is_none_busy(void *unused)
{
    (void)unused;
    return health_number("llm", "busy") == 0;
}

static void run_leavers(const struct fault *fault, int64_t for_ms)
{
    struct leaver leavers[N_LEAVERS] = {0};
    size_t n_left = 0;

    load_start(&fault->load);
    for (size_t i = 0; i < N_LEAVERS; i++) {
        leavers[i].talk = open_talk_on(main_course(), crowd_experience(6 * i), token_of(OTHER_STUDENT));
        leavers[i].begin_ms = clock_mono_ms() - CYCLE_MS + CYCLE_MS / N_LEAVERS * (int64_t)i;
    }
    int64_t end_ms = clock_mono_ms() + for_ms;
    for (bool is_ending = false; !is_ending || is_somebody_there(leavers); load_step(5)) {
        is_ending = clock_mono_ms() >= end_ms;
        for (size_t i = 0; i < N_LEAVERS; i++)
            move_leaver(&leavers[i], is_ending);
    }
    load_finish();
    ROW_ASSERT("all turns end", wait_until(is_none_pending, NULL, PATIENCE_MS));
    int64_t ended_ms = clock_mono_ms();
    ROW_ASSERT("their places are free", wait_until(is_none_busy, NULL, FREE_MS + SLACK_MS));
    for (size_t i = 0; i < N_LEAVERS; i++) {
        expect_completed(&leavers[i]);
        n_left += leavers[i].n_left;
    }
    figure("left %zu times; places free after %ld ms", n_left, clock_mono_ms() - ended_ms);
    load_check(fault->may);
}

/* ---- plain sockets ---- */

static int sockets[MAX_SOCKETS];
static size_t n_sockets;

static void allow_sockets(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* small: room for a few bytes only, so that the other side has to wait. */
static bool open_socket(int port, bool is_small)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), bytes = 1024;

    if (fd < 0)
        return false;
    if (is_small)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) && errno != EINPROGRESS) {
        close(fd);
        return false;
    }
    sockets[n_sockets++] = fd;
    return true;
}

static void close_sockets(void)
{
    while (n_sockets)
        close(sockets[--n_sockets]);
}

/* ---- others' times, with and without ---- */

struct rounds {
    int64_t p50_us[N_ROUNDS], p99_us[N_ROUNDS];
};

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int64_t median(int64_t *values)
{
    qsort(values, N_ROUNDS, sizeof(*values), by_time);
    return values[N_ROUNDS / 2];
}

static void measure_round(struct rounds *rounds, size_t i, int64_t for_ms, void (*disturb)(unsigned nth))
{
    load_for(200, 50, disturb);
    times_clear();
    load_for(for_ms, 50, disturb);
    rounds->p50_us[i] = times_percentile(TIME_READ, 50);
    rounds->p99_us[i] = times_percentile(TIME_READ, 99);
}

/* A fifth more is promised; what this machine does besides is not ours. */
static void compare_rounds(struct rounds *without, struct rounds *with)
{
    int64_t p50_us[2] = {median(without->p50_us), median(with->p50_us)};
    int64_t p99_us[2] = {median(without->p99_us), median(with->p99_us)};

    figure("others' reads without and with: p50 %.1f and %.1f ms, p99 %.1f and %.1f ms", (double)p50_us[0] / 1000,
           (double)p50_us[1] / 1000, (double)p99_us[0] / 1000, (double)p99_us[1] / 1000);
    ROW_ASSERT("others are hardly slower", p50_us[1] <= p50_us[0] * 12 / 10 + BUSY_MS * 1000 / 10 &&
                                               p99_us[1] <= p99_us[0] * 12 / 10 + BUSY_MS * 1000 / 2);
}

/* ---- slow ones ---- */

static const char *slow_path;

/* Half send a message byte by byte, half read a long conversation so. */
static void open_slow(size_t n)
{
    const char *up = textf("POST %s/1/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                           "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n",
                           slow_path, token_of(OTHER_STUDENT));
    const char *down = textf("GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", slow_path,
                             token_of(OTHER_STUDENT));

    while (n_sockets < n)
        if (!open_socket(faults_instance()->http_port, n_sockets % 2))
            harness_die("cannot connect %zu times", n);
    pause_ms(50);
    for (size_t i = 0; i < n; i++)
        if (write(sockets[i], i % 2 ? down : up, strlen(i % 2 ? down : up)) < 0)
            ROW_ASSERT("a request can be sent", false);
}

/* Every tenth of a second a tenth of them moves by a byte. */
static void move_slow(unsigned nth)
{
    char byte = 'x';
    ssize_t n;

    for (size_t i = nth % 20; i < n_sockets; i += 20) {
        n = i % 2 ? read(sockets[i], &byte, 1) : write(sockets[i], &byte, 1);
        (void)n; /* nothing there yet, or let go by nginx's own limits */
    }
}

/* More than sockets hold, in one conversation. */
static void make_long_talk(void)
{
    const struct talk talk = open_talk(OTHER_STUDENT);

    slow_path = lastingf("%s", talk.list_path);
    admin(textf("INSERT INTO message (conversation_id, seq, uuid, role, text, created_at)"
                " SELECT %lu, 2 + seq, UUID(), seq %% 2, REPEAT('slow ', 1000), UTC_TIMESTAMP(3) FROM seq_0_to_%d",
                talk.id, BIG_MESSAGES));
}

static bool is_answered(void *unused)
{
    (void)unused;
    return held("api") <= 1;
}

static void run_slow(const struct fault *fault, int64_t for_ms)
{
    struct rounds without, with;
    size_t n = is_full() ? 1000 : 200, most_api = 0, most_llm = 0;

    allow_sockets();
    make_long_talk();
    load_start(&fault->load);
    load_for(500, 0, NULL);
    for (size_t i = 0; i < N_ROUNDS; i++) {
        measure_round(&without, i, for_ms / N_ROUNDS / 2, NULL);
        open_slow(n);
        wait_under_load(is_answered, NULL, 5000); /* so many long conversations are work, but not what is meant here */
        measure_round(&with, i, for_ms / N_ROUNDS / 2, move_slow);
        size_t api = held("api"), llm = (size_t)health_number("llm", "busy");
        most_api = api > most_api ? api : most_api;
        most_llm = llm > most_llm ? llm : most_llm;
        close_sockets();
    }
    load_finish();
    load_check(fault->may);
    compare_rounds(&without, &with);
    figure("%zu slow clients; workers held %zu and %zu connections", n, most_api, most_llm);
    ROW_ASSERT("no worker waits for them", most_api < 8 && most_llm <= 24);
}

/* ---- idle ones ---- */

static uint64_t nginx_kib(void)
{
    pid_t pids[MAX_PIDS];
    pid_t nginx = instance_pid(faults_instance(), "nginx");
    size_t n = children(nginx, NULL, pids, MAX_PIDS);
    uint64_t kib = pss_kib(nginx);

    for (size_t i = 0; i < n; i++)
        kib += pss_kib(pids[i]);
    return kib;
}

/* Of its workers together. */
static size_t nginx_fds(void)
{
    pid_t pids[MAX_PIDS];
    size_t n = children(instance_pid(faults_instance(), "nginx"), NULL, pids, MAX_PIDS), fds = 0;

    for (size_t i = 0; i < n; i++)
        fds += n_fds(pids[i]);
    return fds;
}

/* Those that nginx has not closed to make room for others. */
static size_t count_open(void)
{
    size_t n = 0;
    char byte;

    for (size_t i = 0; i < n_sockets; i++)
        n += recv(sockets[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
    return n;
}

/* Nobody waits for being accepted. */
static bool are_held(void *unused)
{
    (void)unused;
    return count_open() <= nginx_fds();
}

static void open_idle(size_t n)
{
    while (n_sockets < n) {
        bool is_tls = n_sockets % 2;

        if (!open_socket(is_tls ? faults_instance()->https_port : faults_instance()->http_port, false))
            break;
        if (n_sockets % 500 == 0)
            load_step(5);
    }
}

static void run_idle(const struct fault *fault, int64_t for_ms)
{
    struct rounds without, with;
    uint64_t before_kib = nginx_kib(), most_kib = 0;
    size_t n = 0, n_open = 0;

    allow_sockets();
    load_start(&fault->load);
    load_for(500, 0, NULL);
    for (size_t i = 0; i < N_ROUNDS; i++) {
        measure_round(&without, i, for_ms / N_ROUNDS / 2, NULL);
        open_idle(MAX_SOCKETS);
        n = n_sockets;
        wait_under_load(are_held, NULL, PATIENCE_MS);
        n_open = count_open();
        ROW_ASSERT(textf("nginx holds %zu, %zu are open", nginx_fds(), n_open), are_held(NULL));
        measure_round(&with, i, for_ms / N_ROUNDS / 2, NULL);
        uint64_t kib = nginx_kib();
        most_kib = kib > most_kib ? kib : most_kib;
        close_sockets();
        load_for(300, 0, NULL);
    }
    load_finish();
    load_check(fault->may);
    compare_rounds(&without, &with);
    figure("%zu idle connections, %zu held, the others closed; nginx + %ld KiB", n, n_open,
           (int64_t)(most_kib - before_kib));
    ROW_ASSERT(textf("only %zu connections", n), n == MAX_SOCKETS);
    ROW_ASSERT(textf("nginx: %lu KiB, then %lu KiB", before_kib, most_kib), most_kib <= before_kib + NGINX_GROWTH_KIB);
}

/* ---- too many ---- */

static void run_overload(const struct fault *fault, int64_t for_ms)
{
    const struct load_plan quiet = {.says = fault->load.says, .speakers = 12, .readers = fault->load.readers};
    int64_t p99_us;

    load_start(&quiet);
    load_for(1500, 0, NULL);
    load_finish();
    p99_us = times_percentile(TIME_READ, 99);
    load_start(&fault->load);
    load_for(2000, 0, NULL); /* two hundred TLS handshakes at once are work, but not what is meant here */
    times_clear();
    load_for(for_ms, 0, NULL);
    int64_t refusal_ms = times_percentile(TIME_REFUSAL, 99) / 1000, turn_ms = times_percentile(TIME_TURN, 99) / 1000;
    int64_t most_refusals_ms = times_percentile(TIME_REFUSAL, 90) / 1000;
    int64_t most_turns_ms = times_percentile(TIME_TURN, 90) / 1000;
    int64_t half_us = times_percentile(TIME_REFUSAL, 50), now_us = times_percentile(TIME_READ, 99);

    load_finish();
    load_check(fault->may);
    figure("refusals: p50 %.1f ms, p99 %ld ms; accepted turns: p99 %ld ms; reads: p99 %.1f ms, before %.1f ms",
           (double)half_us / 1000, refusal_ms, turn_ms, (double)now_us / 1000, (double)p99_us / 1000);
    ROW_ASSERT("some were refused, else this shows nothing", load_figures()->n_refused > 100);
    ROW_ASSERT(textf("refused after %ld ms", refusal_ms), refusal_ms <= REFUSAL_MS + SLACK_MS);
    ROW_ASSERT(textf("most refused after %ld ms", most_refusals_ms), most_refusals_ms <= REFUSAL_MS + BUSY_MS);
    ROW_ASSERT(textf("accepted turns took %ld ms", turn_ms), turn_ms <= OVERLOADED_TURN_MS + SLACK_MS);
    ROW_ASSERT(textf("most took %ld ms", most_turns_ms), most_turns_ms <= OVERLOADED_TURN_MS + 2 * BUSY_MS);
    ROW_ASSERT("reads are hardly slower", now_us <= p99_us * 12 / 10 + BUSY_MS * 1000 / 2);
}

static const char *const SMALL[] = {"COLLOQUY_SERVER_LLM_WORKERS=2", "COLLOQUY_SERVER_TURNS_PER_WORKER=10", NULL};

static const struct fault rows[] = {
    // clang-format off
    {.name = "clients-leave",
     .promise = "client leaves mid-stream, ten times a second: the turn completes, its place is free in 1 s",
     .full_s = 60, .suite_ms = 5000, .run = run_leavers},
    {.name = "clients-slow",
     .promise = "clients of 1 B/s up and down: no worker is held, others' p99 + 20 % at most",
     .full_s = 60, .suite_ms = 6 * ROUND_MS, .load = {.readers = 8, .read_pause_ms = 10}, .run = run_slow},
    {.name = "clients-idle",
     .promise = "10,000 idle connections: others' p99 + 20 % at most, nginx + 80 MiB, ours + 0",
     .full_s = 60, .suite_ms = 6 * ROUND_MS, .load = {.readers = 8, .read_pause_ms = 10}, .run = run_idle},
    {.name = "overload",
     .promise = "10 times the capacity: every refusal 503 JSON with Retry-After in 50 ms, accepted turns unharmed",
     .full_s = 60, .suite_ms = 6000, .settings = SMALL, .may = MAY_REFUSE | MAY_GROW,
     .load = {.says = "[[delay 500]]", .speakers = 200, .again_ms = 1000}, .run = run_overload},
    // clang-format on
};

const struct fault_table client_faults = {rows, LEN(rows)};
