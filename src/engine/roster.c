/* The roster in the order that its reader asks for. */
#include <stdlib.h>

#include "colloquy/engine.h"

enum { PARTS = 2520 }; /* what each number of objectives up to ENGINE_MAX_OBJECTIVES divides */

enum student_state engine_student_state(const struct conversation_row *latest)
{
    if (!latest->id)
        return STUDENT_NOT_STARTED;
    if (latest->all_objectives_met)
        return STUDENT_COMPLETED;
    return str_eq(latest->workflow_state, "active") ? STUDENT_IN_PROGRESS : STUDENT_ENDED;
}

const char *engine_student_state_name(enum student_state state)
{
    static const char *const names[STUDENT_STATE_COUNT] = {[STUDENT_NOT_STARTED] = "not_started",
                                                           [STUDENT_IN_PROGRESS] = "in_progress",
                                                           [STUDENT_ENDED] = "ended",
                                                           [STUDENT_COMPLETED] = "completed"};

    return names[state];
}

/* ---- the order ---- */

/* Where a row stands: by its key, and where that is equal by name, as the store has it. */
struct place {
    int64_t key;
    size_t by_name;
};

static int64_t progress_key(const struct conversation_row *latest)
{
    if (!latest->id)
        return -1;
    struct progress_count count = engine_progress_count(latest->met_at);

    return (int64_t)count.n_met * PARTS / count.n;
}

static int64_t key_of(const struct conversation_row *latest, enum roster_sort sort, size_t by_name)
{
    switch (sort) {
    case ROSTER_BY_STATE:
        return engine_student_state(latest);
    case ROSTER_BY_PROGRESS:
        return progress_key(latest);
    case ROSTER_BY_MESSAGES:
        return latest->id ? latest->n_messages : 0;
    case ROSTER_BY_LAST_ACTIVITY:
        return latest->id ? latest->updated_at_ms : -1;
    default:
        return (int64_t)by_name;
    }
}

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->by_name < y->by_name ? -1 : x->by_name > y->by_name;
}

/* Those that were asked for, in their order; gives how many. */
static size_t find_places(const struct roster_query *query, const struct roster *class, struct place *places)
{
    size_t n = 0;

    for (size_t i = 0; i < class->n; i++) {
        const struct conversation_row *latest = &class->rows[i].conversation;
        int64_t key = key_of(latest, query->sort, i);

        if (query->state == STUDENT_STATE_COUNT || query->state == engine_student_state(latest) ||
            query->around_id == class->rows[i].student.id)
            places[n++] = (struct place){query->is_descending ? -key : key, i};
    }
    if (n)
        qsort(places, n, sizeof(*places), compare_places);
    return n;
}

/* Makes it the page of the student who is asked for, with the ones before and after; false: there is no such student. */
static bool turn_to(struct roster_query *query, const struct roster *class, const struct place *places, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (class->rows[places[i].by_name].student.id == query->around_id) {
            query->offset = i ? i - 1 : 0;
            query->limit = i ? 3 : 2;
            return true;
        }
    return false;
}

static enum cq_status take_page(struct cq_ctx *ctx, struct roster_query *query, const struct roster *class,
                                struct roster *out)
{
    struct place *places = arena_zalloc(ctx->arena, class->n, sizeof(*places));
    struct roster page = *class;

    if (!places)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    page.total = find_places(query, class, places);
    if (query->around_id && !turn_to(query, class, places, page.total))
        return CQ_RESOURCE_NOT_FOUND;
    uint64_t left = query->offset < page.total ? page.total - query->offset : 0;

    page.n = left < query->limit ? left : query->limit;
    page.rows = arena_zalloc(ctx->arena, page.n, sizeof(*page.rows));
    if (!page.rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = 0; i < page.n; i++)
        page.rows[i] = class->rows[places[query->offset + i].by_name];
    *out = page;
    return CQ_OK;
}

enum cq_status engine_roster(struct cq_ctx *ctx, struct db *db, const struct roster_query *query, struct roster *out)
{
    bool is_by_name = query->sort == ROSTER_BY_NAME && !query->is_descending && query->state == STUDENT_STATE_COUNT &&
                      !query->around_id;
    struct roster_query wanted = *query;
    struct roster class;

    if (is_by_name)
        return store_roster(ctx, db, query->course_id, query->ai_experience_id, query->search_term, query->limit,
                            query->offset, out);
    enum cq_status st =
        store_roster(ctx, db, query->course_id, query->ai_experience_id, query->search_term, INT64_MAX, 0, &class);
    return st ? st : take_page(ctx, &wanted, &class, out);
}
