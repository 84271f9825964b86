/* Where the class stands: counted over the latest conversation of each student. */
#include "engine/class_picture.h"

enum cq_status class_picture_begin(struct cq_ctx *ctx, const char *learning_objective, struct class_picture *out)
{
    struct class_picture picture = {0};
    struct progress progress;

    enum cq_status st = engine_progress_read(ctx, learning_objective, "", &progress);
    if (st)
        return st;
    picture.n_objectives = progress.n;
    for (size_t i = 0; i < progress.n; i++)
        picture.objectives[i].text = progress.objectives[i].text;
    *out = picture;
    return CQ_OK;
}

/* The experience's objective of that text; NULL: it has none. One that it has twice is taken twice. */
static struct picture_objective *take_objective(struct class_picture *picture, const char *text, bool *is_taken)
{
    for (size_t i = 0; i < picture->n_objectives; i++)
        if (!is_taken[i] && str_eq(picture->objectives[i].text, text)) {
            is_taken[i] = true;
            return &picture->objectives[i];
        }
    return NULL;
}

/* Objectives that the experience has no more count nowhere. */
static void count_objectives(struct class_picture *picture, const struct progress *progress)
{
    bool is_taken[ENGINE_MAX_OBJECTIVES] = {false};
    size_t n_met = 0;

    for (size_t i = 0; i < progress->n; i++) {
        const struct objective *o = &progress->objectives[i];
        struct picture_objective *counted = take_objective(picture, o->text, is_taken);

        if (!counted)
            continue;
        counted->n++;
        counted->n_met += o->is_met;
        n_met += o->is_met;
    }
    picture->n_having_met[n_met]++;
}

enum cq_status class_picture_count(struct cq_ctx *ctx, struct class_picture *picture,
                                   const struct conversation_row *latest)
{
    struct progress progress;

    if (latest->id) {
        enum cq_status st = engine_progress_read(ctx, latest->learning_objective, latest->met_at, &progress);
        if (st)
            return st;
        count_objectives(picture, &progress);
    }
    picture->total_students++;
    picture->n_in_state[engine_student_state(latest)]++;
    return CQ_OK;
}

static enum cq_status count_latest(struct cq_ctx *ctx, void *arg, const struct conversation_row *latest)
{
    return class_picture_count(ctx, arg, latest);
}

enum cq_status engine_class_picture(struct cq_ctx *ctx, struct db *db, const struct ai_experience_row *experience,
                                    struct class_picture *out)
{
    struct class_picture picture;

    enum cq_status st = class_picture_begin(ctx, experience->learning_objective, &picture);
    if (!st)
        st = store_latest_each(ctx, db, experience->course_id, experience->id, experience->learning_objective,
                               count_latest, &picture);
    if (!st)
        *out = picture;
    return st;
}
