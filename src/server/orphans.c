/* Who is dead, and who looks after what he left. */
#include "server/orphans.h"

#include <stdio.h>
#include <unistd.h>

void orphans_add(struct orphans *orphans, const char *owners, const char *but)
{
    for (size_t i = 0; i < ORPHANS_MAX; i++) {
        if (orphans->entries[i].is_used)
            continue;
        snprintf(orphans->entries[i].owners, OWNER_BYTES, "%s", owners);
        snprintf(orphans->entries[i].but, OWNER_BYTES, "%s", but);
        orphans->entries[i].claimed_by = 0;
        orphans->entries[i].is_used = true; /* last: now it is seen */
        orphans->n++;
        return;
    }
    log_warn("too many workers died at once: the turns of %s wait for their leases", owners);
}

void orphans_release(struct orphans *orphans, int pid)
{
    for (size_t i = 0; i < ORPHANS_MAX; i++) {
        int claimed_by = pid;

        atomic_compare_exchange_strong(&orphans->entries[i].claimed_by, &claimed_by, 0);
    }
}

static uint64_t settle(struct orphans *orphans, size_t i, struct cq_ctx *ctx, struct db *db)
{
    uint64_t n = 0;
    enum cq_status st = store_turns_settle(ctx, db, orphans->entries[i].owners, orphans->entries[i].but, &n);

    if (st == CQ_BUSY) { /* the database is away: another time */
        orphans->entries[i].claimed_by = 0;
        return 0;
    }
    if (st)
        log_error("the turns of %s wait for their leases: %s", orphans->entries[i].owners, ctx->error);
    else if (n)
        log_info("settled %llu turns of %s, which is dead", (unsigned long long)n, orphans->entries[i].owners);
    orphans->entries[i].is_used = false;
    orphans->n--;
    return n;
}

uint64_t orphans_settle(struct orphans *orphans, struct cq_ctx *ctx, struct db *db)
{
    uint64_t n = 0;

    for (size_t i = 0; orphans->n && i < ORPHANS_MAX; i++) {
        int nobody = 0;

        if (orphans->entries[i].is_used &&
            atomic_compare_exchange_strong(&orphans->entries[i].claimed_by, &nobody, getpid()))
            n += settle(orphans, i, ctx, db);
    }
    return n;
}
