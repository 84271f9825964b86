/* What systemd is told, read as systemd reads it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "server/master.h"
#include "unit.h"

enum { N_API = 2, N_LLM = 1, PLACES = 10 };

#define WELL "STATUS=2 of 2 api workers, 1 of 1 llm workers, 0 of 10 turns"

static int manager;
static struct scoreboard *board;
static struct slot *slots[N_API + N_LLM + 1];

static void start(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(address);
    char name[128];

    manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    CU_ASSERT_EQUAL_FATAL(bind(manager, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
    getsockname(manager, (struct sockaddr *)&address, &len);
    snprintf(name, sizeof(name), "@%.*s", (int)(len - sizeof(sa_family_t) - 1), address.sun_path + 1);
    setenv("NOTIFY_SOCKET", name, 1);
    notify_take();

    board = scoreboard_create();
    CU_ASSERT_PTR_NOT_NULL_FATAL(board);
    board->db_answered_ms = clock_mono_ms();
    for (size_t i = 0; i < LEN(slots); i++) {
        enum pool pool = i < N_API ? POOL_API : i < N_API + N_LLM ? POOL_LLM : POOL_OPS;

        slots[i] = scoreboard_take(board, pool, 1);
        slots[i]->places = pool == POOL_LLM ? PLACES : 1;
        board->workers[pool]++;
    }
}

/* The next message; "" when there is none. */
static const char *told(void)
{
    static char text[1024];
    ssize_t len = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);

    text[len > 0 ? len : 0] = '\0';
    return text;
}

static const char *tend_at(int64_t now_ms, bool is_reloading, int generation)
{
    notify_tend(board, is_reloading, generation, now_ms);
    return told();
}

static void be_ready(void)
{
    for (size_t i = 0; i < LEN(slots); i++)
        slots[i]->state = SLOT_READY;
    ASSERT_TEXT(tend_at(1000, false, 1), "READY=1\n" WELL);
}

static void finish(void)
{
    ASSERT_TEXT(told(), "");
    close(manager);
    notify_take(); /* nobody */
}

static void test_ready(void)
{
    start();
    ASSERT_TEXT(tend_at(0, false, 1), "STATUS=0 of 2 api workers, 0 of 1 llm workers, 0 of 0 turns");
    for (size_t i = 0; i < LEN(slots); i++) {
        ASSERT_TEXT(tend_at(10, false, 1), "");
        slots[i]->state = SLOT_READY;
    }
    ASSERT_TEXT(tend_at(20, false, 1), "READY=1\n" WELL);
    ASSERT_TEXT(tend_at(30, false, 1), "");
    finish();
}

/* It can serve what needs none: the database that is away keeps nobody from being ready. */
static void test_ready_without_database(void)
{
    start();
    board->db_answered_ms = INT32_MIN;
    for (size_t i = 0; i < LEN(slots); i++)
        slots[i]->state = SLOT_READY;
    ASSERT_TEXT(tend_at(0, false, 1), "READY=1\n" WELL "; the database does not answer");
    finish();
}

static void test_status_seldom(void)
{
    start();
    be_ready();
    slots[N_API]->busy = 3;
    ASSERT_TEXT(tend_at(5900, false, 1), "");
    slots[0]->state = SLOT_DRAINING;
    ASSERT_TEXT(tend_at(6000, false, 1), "STATUS=1 of 2 api workers, 1 of 1 llm workers, 3 of 10 turns");
    slots[0]->state = SLOT_READY;
    slots[N_API]->busy = 0;
    ASSERT_TEXT(tend_at(10900, false, 1), "");
    ASSERT_TEXT(tend_at(11000, false, 1), WELL);
    ASSERT_TEXT(tend_at(99000, false, 1), ""); /* nothing new */
    finish();
}

static unsigned long long mono_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
}

/* systemd takes no answer to a reload that bears an earlier time than its signal. */
static void expect_reloading(void)
{
    unsigned long long before = mono_usec(), said = 0;

    notify_reloading(1);
    CU_ASSERT_EQUAL(sscanf(told(), "RELOADING=1\nMONOTONIC_USEC=%llu\n", &said), 1);
    CU_ASSERT(said >= before && said <= mono_usec());
}

static void test_reload(void)
{
    start();
    notify_reloading(1);
    ASSERT_TEXT(told(), ""); /* not before it was ready once */
    be_ready();
    expect_reloading();
    ASSERT_TEXT(tend_at(1100, true, 1), "");
    expect_reloading(); /* asked again meanwhile: told again, or the second would never end */
    ASSERT_TEXT(tend_at(1200, true, 2), "");
    slots[0]->state = SLOT_STARTING;
    ASSERT_TEXT(tend_at(1300, true, 2), "");
    slots[0]->state = SLOT_READY;
    ASSERT_TEXT(tend_at(1400, false, 2), "READY=1\n" WELL);
    finish();
}

static void test_reload_refused(void)
{
    start();
    be_ready();
    expect_reloading();
    ASSERT_TEXT(tend_at(1100, true, 1), "");
    CU_ASSERT(str_starts(tend_at(1200, false, 1), "READY=1\nSTATUS=The last reload was refused"));
    ASSERT_TEXT(tend_at(9000, false, 1), "");
    expect_reloading();
    ASSERT_TEXT(tend_at(9100, false, 2), "READY=1\n" WELL); /* and a good one takes that back */
    finish();
}

static void test_stop(void)
{
    start();
    be_ready();
    notify_stopping(60);
    ASSERT_TEXT(told(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=75000000\nSTATUS=Stopping: running turns have at most 60 s");
    slots[0]->state = SLOT_FREE;
    ASSERT_TEXT(tend_at(99000, false, 1), "");
    notify_reloading(1);
    finish();
}

static void test_nobody(void)
{
    start();
    unsetenv("NOTIFY_SOCKET");
    notify_take();
    for (size_t i = 0; i < LEN(slots); i++)
        slots[i]->state = SLOT_READY;
    ASSERT_TEXT(tend_at(0, false, 1), "");
    notify_reloading(1);
    notify_stopping(60);
    CU_ASSERT_PTR_NULL(getenv("NOTIFY_SOCKET"));
    finish();
}

SUITE(notify, {"ready when all workers are", test_ready}, {"ready without a database", test_ready_without_database},
      {"the status now and then", test_status_seldom}, {"a reload", test_reload},
      {"a reload refused", test_reload_refused}, {"the stop", test_stop}, {"nobody listens", test_nobody});
