/* Turns of workers that were killed, until nobody is in doubt about them any more. */
#include "faults.h"

enum { MAX_ORPHANS = 1024 };

static struct {
    struct orphan {
        pid_t owner;
        int64_t since_ms;
    } orphans[MAX_ORPHANS];
    size_t n, n_left;
    int64_t worst_ms;
} settling;

void settle_clear(void)
{
    memset(&settling, 0, sizeof(settling));
}

void settle_add(pid_t owner)
{
    if (settling.n == MAX_ORPHANS)
        return;
    settling.orphans[settling.n++] = (struct orphan){owner, clock_mono_ms()};
    settling.n_left++;
}

static uint64_t count_pending(pid_t owner)
{
    return admin_number(textf("SELECT COUNT(*) FROM turn WHERE state = 'pending' AND owner LIKE '%%:%d'", (int)owner),
                        1);
}

size_t settle_look(void)
{
    for (size_t i = 0; i < settling.n; i++) {
        struct orphan *o = &settling.orphans[i];

        if (!o->since_ms || count_pending(o->owner))
            continue;
        int64_t took_ms = clock_mono_ms() - o->since_ms;

        settling.worst_ms = took_ms > settling.worst_ms ? took_ms : settling.worst_ms;
        settling.n_left--;
        o->since_ms = 0;
    }
    return settling.n_left;
}

void settle_finish(int64_t limit_ms)
{
    int64_t end_ms = clock_mono_ms() + limit_ms;

    while (settle_look() && clock_mono_ms() < end_ms)
        load_for(20, 0, NULL);
}

void settle_check(int64_t limit_ms)
{
    figure("turns of %zu workers settled in %ld ms at most", settling.n, settling.worst_ms);
    ROW_ASSERT(textf("%zu workers left turns that nobody settled", settling.n_left), settling.n_left == 0);
    ROW_ASSERT(textf("settled after %ld ms", settling.worst_ms), settling.worst_ms <= limit_ms);
}
