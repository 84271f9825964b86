/* The latest conversation of each student of a course, for whoever counts them. */
#include "store/db.h"

enum { BLOCK_BYTES = 16 << 10, ROW_MAX_BYTES = 4 << 20 };

/* Objectives are sent only where they are others than the experience has now: of a large course they would be megabytes. */
static const char LIST_LATEST[] =
    "SELECT v.id, v.workflow_state, v.all_objectives_met, v.met_at,"
    " IF(v.learning_objective = ?, NULL, v.learning_objective)"
    " FROM course_member e LEFT JOIN latest_conversation l ON l.ai_experience_id = ? AND l.user_id = e.user_id"
    " LEFT JOIN conversation v ON v.id = l.conversation_id AND v.workflow_state <> 'deleted'"
    " WHERE e.course_id = ? AND e.roles & 1"; /* bit 1 << ROLE_STUDENT: as one */

struct latest_rows {
    struct conversation_row row; /* being fetched */
    const char *learning_objective;
    store_latest_fn *fn;
    void *arg;
};

static enum cq_status take_latest(struct cq_ctx *ctx, void *arg)
{
    struct latest_rows *rows = arg;

    if (rows->row.id && !rows->row.learning_objective)
        rows->row.learning_objective = rows->learning_objective;
    enum cq_status st = rows->fn(ctx, rows->arg, &rows->row);

    arena_reset(ctx->arena);
    return st;
}

static enum cq_status list_latest(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t ai_experience_id,
                                  struct latest_rows *rows)
{
    struct conversation_row *v = &rows->row;
    const struct db_in in[] = {IN_TEXT(rows->learning_objective), IN_U64(ai_experience_id), IN_U64(course_id)};
    const struct db_out out[] = {OUT_U64(v->id), OUT_TEXT(v->workflow_state), OUT_BOOL(v->all_objectives_met),
                                 OUT_TEXT(v->met_at), OUT_TEXT(v->learning_objective)};

    return db_query(ctx, db, LIST_LATEST, in, LEN(in), out, LEN(out), take_latest, rows);
}

enum cq_status store_latest_each(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t ai_experience_id,
                                 const char *learning_objective, store_latest_fn *fn, void *arg)
{
    struct latest_rows rows = {.learning_objective = learning_objective, .fn = fn, .arg = arg};
    struct arena *arena = ctx->arena;

    ctx->arena = arena_create(BLOCK_BYTES, ROW_MAX_BYTES); /* of one row */
    enum cq_status st = ctx->arena ? list_latest(ctx, db, course_id, ai_experience_id, &rows)
                                   : cq_fail(ctx, CQ_INTERNAL, "out of memory");
    arena_destroy(ctx->arena);
    ctx->arena = arena;
    return st;
}
