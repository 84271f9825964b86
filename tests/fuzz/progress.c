/*
 * Progress: any objectives and any entries give counts that fit each other.
 *
 * Objectives up to a NUL, then the entries.
 */
#include <string.h>

#include "colloquy/engine.h"
#include "fuzz.h"

static void check_counts(const struct progress *p, const char *objectives)
{
    size_t n_met = 0;

    CHECK(p->n <= ENGINE_MAX_OBJECTIVES && (p->n > 0) == (*objectives != '\0'));
    for (size_t i = 0; i < p->n; i++) {
        const char *text = p->objectives[i].text;
        size_t len = strlen(text);

        CHECK(strncmp(objectives, text, len) == 0 && (objectives[len] == '\n' || !objectives[len]));
        CHECK(p->objectives[i].is_met || p->objectives[i].met_at == 0);
        objectives += len + (objectives[len] == '\n');
        n_met += p->objectives[i].is_met;
    }
    CHECK(p->n_met == n_met && p->percentage <= 100);
    CHECK((p->percentage == 100) == (p->n > 0 && n_met == p->n));
    CHECK((p->percentage == 0) == (n_met == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    const char *objectives = input_until(&in, ctx, '\0'), *entries = input_until(&in, ctx, '\0'), *none = NULL;
    struct progress p;

    CHECK(engine_progress_read(ctx, objectives, entries, &p) == CQ_OK);
    check_counts(&p, objectives);
    CHECK(engine_progress_none(ctx, objectives, &none) == CQ_OK);
    CHECK(strspn(none, ",") == strlen(none) && strlen(none) == (p.n ? p.n - 1 : 0));
    CHECK(engine_progress_read(ctx, objectives, none, &p) == CQ_OK && p.n_met == 0);
    check_counts(&p, objectives);
    return 0;
}
