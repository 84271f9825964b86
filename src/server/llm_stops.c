/* Replies that their readers want no more of. */
#include "server/llm_worker.h"

enum {
    LOOK_AGAIN_MS = 50, /* a turn that is just being begun has no call yet to be stopped */
    SCRATCH_BYTES = 4096,
};

static void run_look(struct job *job, struct db *db)
{
    struct stops *stops = (struct stops *)job;
    struct cq_ctx ctx = {.arena = arena_create(SCRATCH_BYTES, 1 << 20), .request_id = "-"};

    stops->n = 0;
    if (ctx.arena && store_turns_stopping(&ctx, db, stops->owner, stops->ids, STOPS_A_LOOK, &stops->n))
        log_warn("turns to be stopped could not be looked for: %s", ctx.error);
    arena_destroy(ctx.arena);
}

void stops_look(struct llm_worker *w)
{
    struct stops *stops = &w->stops;

    stops->is_wanted = stops->is_looking;
    if (stops->is_looking)
        return;
    stops->is_looking = true;
    stops->again_ms = 0;
    stops->owner = w->worker->owner;
    stops->job.run = run_look;
    jobs_add(w->jobs, &stops->job);
}

/* The place that holds the turn; NULL: none that is known by now. */
static struct place *find_place(struct llm_worker *w, uint64_t turn_id)
{
    for (size_t i = 0; i < w->n_places; i++) {
        struct place *p = &w->places[i];

        if (p->stage != STAGE_FREE && p->stage != STAGE_BEGIN && api_turn_id(&p->req) == turn_id)
            return p;
    }
    return NULL;
}

/* Whether a place has not come back yet from beginning its turn, which may be the one. */
static bool is_beginning(const struct llm_worker *w)
{
    for (size_t i = 0; i < w->n_places; i++)
        if (w->places[i].stage == STAGE_BEGIN)
            return true;
    return false;
}

bool stops_take_back(struct llm_worker *w, struct job *job)
{
    struct stops *stops = &w->stops;

    if (job != &stops->job)
        return false;
    stops->is_looking = false;
    for (size_t i = 0; i < stops->n; i++) {
        struct place *p = find_place(w, stops->ids[i]);

        if (p)
            place_stop(p);
        else if (is_beginning(w))
            stops->again_ms = clock_mono_ms() + LOOK_AGAIN_MS;
    }
    if (stops->is_wanted)
        stops_look(w);
    return true;
}

void stops_tend(struct llm_worker *w, int64_t now_ms)
{
    if (w->stops.again_ms && now_ms >= w->stops.again_ms)
        stops_look(w);
}
