/* Progress: which objectives of a conversation are met, and where. */
#include <stdlib.h>
#include <string.h>

#include "colloquy/engine.h"

static size_t count_lines(const char *text)
{
    size_t n = *text ? 1 : 0;

    for (; (text = strchr(text, '\n')); text++)
        n++;
    return n < ENGINE_MAX_OBJECTIVES ? n : ENGINE_MAX_OBJECTIVES;
}

enum cq_status engine_progress_none(struct cq_ctx *ctx, const char *learning_objective, const char **met_at)
{
    size_t n = count_lines(learning_objective);
    char *commas = arena_alloc(ctx->arena, n + 1);

    if (!commas)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    memset(commas, ',', n);
    commas[n ? n - 1 : 0] = '\0';
    *met_at = commas;
    return CQ_OK;
}

/* The next comma-separated entry: whether it is filled, and with what. */
static bool next_place(const char **met_at, uint32_t *place)
{
    char *end;
    unsigned long n = strtoul(*met_at, &end, 10);
    bool is_filled = end != *met_at;

    *met_at = *end == ',' ? end + 1 : end;
    *place = is_filled ? (uint32_t)n : 0;
    return is_filled;
}

static unsigned percentage(size_t n_met, size_t n)
{
    return n ? (unsigned)((200 * n_met + n) / (2 * n)) : 0;
}

enum cq_status engine_progress_read(struct cq_ctx *ctx, const char *learning_objective, const char *met_at,
                                    struct progress *out)
{
    struct progress p = {.n = count_lines(learning_objective)};

    for (size_t i = 0; i < p.n; i++) {
        size_t len = strcspn(learning_objective, "\n");
        struct objective *o = &p.objectives[i];

        o->text = arena_strndup(ctx->arena, learning_objective, len);
        if (!o->text)
            return cq_fail(ctx, CQ_INTERNAL, "out of memory");
        o->is_met = next_place(&met_at, &o->met_at);
        p.n_met += o->is_met;
        learning_objective += len + (learning_objective[len] == '\n');
    }
    p.percentage = percentage(p.n_met, p.n);
    *out = p;
    return CQ_OK;
}

struct progress_count engine_progress_count(const char *met_at)
{
    struct progress_count count = {.n = 1};
    uint32_t place;

    for (const char *p = met_at; (p = strchr(p, ',')); p++)
        count.n++;
    for (unsigned i = 0; i < count.n; i++)
        count.n_met += next_place(&met_at, &place);
    count.percentage = percentage(count.n_met, count.n);
    return count;
}

enum cq_status engine_progress_meet(struct cq_ctx *ctx, struct progress *progress, const bool *is_covered,
                                    uint32_t place, const char **met_at)
{
    struct buf *places = buf_in_arena(ctx->arena, 255); /* as long as the column */

    if (!places)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = 0; i < progress->n; i++) {
        struct objective *o = &progress->objectives[i];

        if (is_covered[i] && !o->is_met) {
            o->is_met = true;
            o->met_at = place;
            progress->n_met++;
        }
        if (i)
            buf_char(places, ',');
        if (o->is_met)
            buf_u64(places, o->met_at);
    }
    progress->percentage = percentage(progress->n_met, progress->n);
    if (places->failed)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    *met_at = places->data;
    return CQ_OK;
}
