/*
 * What systemd is told: when we are ready, reload and stop, and how we are (sd_notify(3)).
 *
 * All of it is read off the scoreboard and off what the master is about; nothing here decides anything.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "server/master.h"

enum { STATUS_BYTES = 256, STATUS_EVERY_MS = 5000, STOP_EXTRA_S = 15, USEC = 1000000 };

static struct {
    char address[256]; /* "": nobody wants to know */
    enum { STARTING, READY, RELOADING, STOPPING } state;
    int generation; /* when the reload was asked for */
    bool is_refused;
    char status[STATUS_BYTES];
    int64_t status_ms; /* when it was told */
} manager;

/* Kept here, not in the environment, which workers share. */
void notify_take(void)
{
    const char *address = getenv("NOTIFY_SOCKET");

    memset(&manager, 0, sizeof(manager));
    manager.status_ms = INT64_MIN / 2;
    if (address && strlen(address) < sizeof(manager.address))
        memcpy(manager.address, address, strlen(address) + 1);
    environment_forget("NOTIFY_SOCKET");
}

PRINTF_LIKE(1, 2) static void tell(const char *fmt, ...)
{
    char text[STATUS_BYTES + 128];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (!setenv("NOTIFY_SOCKET", manager.address, 1))
        sd_notify(1, text); /* takes it out again */
}

/* In microseconds, as systemd compares it with the time at which it asked. */
static unsigned long long mono_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * USEC + (unsigned long long)now.tv_nsec / 1000;
}

void notify_reloading(int generation)
{
    if (!manager.address[0] || (manager.state != READY && manager.state != RELOADING))
        return;
    manager.state = RELOADING;
    manager.generation = generation;
    manager.is_refused = false;
    tell("RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=Reloading", mono_usec());
}

void notify_stopping(unsigned drain_s)
{
    if (!manager.address[0])
        return;
    manager.state = STOPPING;
    tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=%llu\nSTATUS=Stopping: running turns have at most %u s",
         (unsigned long long)(drain_s + STOP_EXTRA_S) * USEC, drain_s);
}

/* Requests are served without the documents' process too. */
static bool is_complete(const struct health *health)
{
    for (enum pool p = 0; p < POOL_OF_REQUESTS; p++)
        if (health->pools[p].ready < health->pools[p].workers)
            return false;
    return true;
}

/* While one leaves and its successor serves already, there is one more than there should be. */
static unsigned serving(const struct health *health, enum pool pool)
{
    unsigned ready = health->pools[pool].ready, workers = health->pools[pool].workers;

    return ready < workers ? ready : workers;
}

static void describe(const struct health *health, char out[STATUS_BYTES])
{
    snprintf(out, STATUS_BYTES, "%s%u of %u api workers, %u of %u llm workers, %u of %u turns%s",
             manager.is_refused ? "The last reload was refused, the old config goes on; see the log. " : "",
             serving(health, POOL_API), health->pools[POOL_API].workers, serving(health, POOL_LLM),
             health->pools[POOL_LLM].workers, health->pools[POOL_LLM].busy, health->pools[POOL_LLM].places,
             health->is_database_up ? "" : "; the database does not answer");
}

void notify_tend(struct scoreboard *board, bool is_reloading, int generation, int64_t now_ms)
{
    struct health health;
    char status[STATUS_BYTES];

    if (!manager.address[0] || manager.state == STOPPING)
        return;
    scoreboard_health(board, &health);
    bool is_reloaded = manager.state == RELOADING && !is_reloading;
    bool is_ready = is_reloaded || (manager.state == STARTING && is_complete(&health));

    if (is_reloaded)
        manager.is_refused = generation == manager.generation;
    describe(&health, status);
    if (!is_ready && (str_eq(status, manager.status) || now_ms - manager.status_ms < STATUS_EVERY_MS))
        return;
    memcpy(manager.status, status, sizeof(status));
    manager.status_ms = now_ms;
    if (is_ready)
        manager.state = READY;
    tell("%sSTATUS=%s", is_ready ? "READY=1\n" : "", status);
}
