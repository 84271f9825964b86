/* Who is dead, and who looks after what he left. */
#include "server/orphans.h"

#include <stdio.h>
#include <unistd.h>

enum { IS_FREE = 0, IS_WAITING = -1 };

void orphans_add(struct orphans *orphans, const char *owners, const char *but)
{
    for (size_t i = 0; i < ORPHANS_MAX; i++) {
        if (orphans->entries[i].state != IS_FREE)
            continue;
        snprintf(orphans->entries[i].owners, OWNER_BYTES, "%s", owners);
        snprintf(orphans->entries[i].but, OWNER_BYTES, "%s", but);
        orphans->entries[i].state = IS_WAITING; /* last: now it is seen */
        if (i >= orphans->n)
            orphans->n = i + 1;
        return;
    }
    log_warn("too many workers died at once: the turns of %s wait for their leases", owners);
}

void orphans_release(struct orphans *orphans, int pid)
{
    for (size_t i = 0; i < ORPHANS_MAX; i++) {
        int claimed_by = pid;

        atomic_compare_exchange_strong(&orphans->entries[i].state, &claimed_by, IS_WAITING);
    }
}

static uint64_t settle(struct orphans *orphans, size_t i, struct cq_ctx *ctx, struct db *db)
{
    uint64_t n = 0;
    enum cq_status st = store_turns_settle(ctx, db, orphans->entries[i].owners, orphans->entries[i].but, &n);

    if (st && st != CQ_BUSY)
        log_error("the turns of %s wait for their leases: %s", orphans->entries[i].owners, ctx->error);
    else if (n)
        log_info("settled %llu turns of %s, which is dead", (unsigned long long)n, orphans->entries[i].owners);
    orphans->entries[i].state = st == CQ_BUSY ? IS_WAITING : IS_FREE; /* the database is away: another time */
    return n;
}

uint64_t orphans_settle(struct orphans *orphans, struct cq_ctx *ctx, struct db *db)
{
    uint64_t n = 0;

    for (size_t i = 0; i < orphans->n; i++) {
        int waiting = IS_WAITING;

        if (atomic_compare_exchange_strong(&orphans->entries[i].state, &waiting, getpid()))
            n += settle(orphans, i, ctx, db);
    }
    return n;
}

bool orphans_are_waiting(const struct orphans *orphans)
{
    for (size_t i = 0; i < orphans->n; i++)
        if (orphans->entries[i].state == IS_WAITING)
            return true;
    return false;
}
