/* AI experiences: created, changed, deleted. */
#include "store/ai_experience.h"

#include "store/context_file.h"

enum state_fault store_state_fault(const struct ai_experience_row *row, const char *workflow_state)
{
    if (str_eq(row->workflow_state, workflow_state))
        return STATE_IS_FINE;
    if (row->context_files.n && store_context_status(&row->context_files) != CONTEXT_COMPLETED)
        return STATE_FILES_PROCESSING;
    return row->is_started && str_eq(workflow_state, "unpublished") ? STATE_IS_STARTED : STATE_IS_FINE;
}

static const char SELECT_AI_EXPERIENCE_FOR_UPDATE[] =
    "SELECT " AI_EXPERIENCE_COLUMNS ", " AI_EXPERIENCE_IS_STARTED
    " FROM ai_experience x WHERE x.id = ? AND x.workflow_state <> 'deleted' FOR UPDATE";

static const char SELECT_AI_EXPERIENCE[] =
    "SELECT " AI_EXPERIENCE_COLUMNS ", " AI_EXPERIENCE_IS_STARTED " FROM ai_experience x WHERE x.id = ?";

static const char INSERT_AI_EXPERIENCE[] =
    "INSERT INTO ai_experience (course_id, workflow_state, title, description, facts, learning_objective,"
    " pedagogical_guidance, evaluation_metrics, created_at, updated_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))";

static const char UPDATE_AI_EXPERIENCE[] =
    "UPDATE ai_experience SET workflow_state = IF(?, ?, workflow_state), title = IF(?, ?, title),"
    " description = IF(?, ?, description), facts = IF(?, ?, facts),"
    " learning_objective = IF(?, ?, learning_objective), pedagogical_guidance = IF(?, ?, pedagogical_guidance),"
    " evaluation_metrics = IF(?, ?, evaluation_metrics), updated_at = UTC_TIMESTAMP(3) WHERE id = ?";

static const char DELETE_AI_EXPERIENCE[] =
    "UPDATE ai_experience SET workflow_state = 'deleted', updated_at = UTC_TIMESTAMP(3)"
    " WHERE id = ? AND workflow_state <> 'deleted'";

static enum cq_status select_ai_experience(struct cq_ctx *ctx, struct db *db, const char *sql, uint64_t id,
                                           struct ai_experience_row *row)
{
    struct ai_experience_row x = {0};
    const struct db_in in[] = {IN_U64(id)};
    const struct db_out out[] = {AI_EXPERIENCE_OUT(x), OUT_BOOL(x.is_started)};

    enum cq_status st = db_query_one(ctx, db, sql, in, LEN(in), out, LEN(out));
    if (!st)
        *row = x;
    return st;
}

struct write_args {
    const struct ai_experience_origin *origin; /* of a new one */
    uint64_t id;                               /* of the others */
    const struct ai_experience_change *change;
    struct ai_experience_row *row;
};

/* row: locked, or just made. Its files are read. */
static enum cq_status set_files(struct cq_ctx *ctx, struct db *db, const struct ai_experience_change *change,
                                struct ai_experience_row *row)
{
    enum cq_status st = CQ_OK;

    if (change->set_context_file_ids)
        st = context_files_set(ctx, db, row->course_id, row->id, change->context_file_ids, change->n_context_file_ids);
    return st ? st : store_documents_of_experience(ctx, db, row->id, false, &row->context_files);
}

static enum cq_status check_state(struct cq_ctx *ctx, const struct write_args *args,
                                  const struct ai_experience_row *now)
{
    const struct ai_experience_change *c = args->change;

    if (!c->set_workflow_state || !store_state_fault(now, c->workflow_state))
        return CQ_OK;
    *args->row = *now;
    return cq_fail(ctx, CQ_INVALID_FIELDS, "it is not to become %s now", c->workflow_state);
}

/* ---- creating ---- */

static const char SELECT_CREATED[] =
    "SELECT ai_experience_id, body_hash = ? FROM ai_experience_key WHERE user_id = ? AND request_hash = ?";

static const char INSERT_CREATED[] =
    "INSERT INTO ai_experience_key (user_id, request_hash, body_hash, ai_experience_id, created_at)"
    " VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))";

enum cq_status store_ai_experience_created(struct cq_ctx *ctx, struct db *db, const struct ai_experience_origin *origin,
                                           struct ai_experience_row *row)
{
    uint64_t id = 0;
    bool is_same_body = false;
    const struct db_in in[] = {IN_BYTES(origin->key.body_hash, SHA256_BYTES), IN_U64(origin->user_id),
                               IN_BYTES(origin->key.hash, SHA256_BYTES)};
    const struct db_out cols[] = {OUT_U64(id), OUT_BOOL(is_same_body)};

    if (!origin->key.hash)
        return CQ_RESOURCE_NOT_FOUND;
    enum cq_status st = db_query_one(ctx, db, SELECT_CREATED, in, LEN(in), cols, LEN(cols));
    if (st)
        return st;
    if (!is_same_body)
        return CQ_IDEMPOTENCY_CONFLICT;
    st = select_ai_experience(ctx, db, SELECT_AI_EXPERIENCE, id, row);
    row->is_replay = true;
    return st ? st : store_context_files_read(ctx, db, row, 1);
}

static enum cq_status remember_created(struct cq_ctx *ctx, struct db *db, const struct ai_experience_origin *origin,
                                       uint64_t id)
{
    const struct db_in in[] = {IN_U64(origin->user_id), IN_BYTES(origin->key.hash, SHA256_BYTES),
                               IN_BYTES(origin->key.body_hash, SHA256_BYTES), IN_U64(id)};

    if (!origin->key.hash)
        return CQ_OK;
    enum cq_status st = db_execute(ctx, db, INSERT_CREATED, in, LEN(in), NULL);
    return st == CQ_DUPLICATE ? CQ_AGAIN : st; /* the same request, at the same time: take what it made */
}

static enum cq_status create_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct write_args *args = arg;
    const struct ai_experience_change *c = args->change;
    const struct db_in in[] = {IN_U64(args->origin->course_id),
                               IN_TEXT(c->set_workflow_state ? c->workflow_state : "unpublished"),
                               IN_TEXT(c->title),
                               IN_TEXT(c->description),
                               IN_TEXT(c->facts),
                               IN_TEXT(c->learning_objective),
                               IN_TEXT(c->pedagogical_guidance),
                               IN_TEXT(c->evaluation_metrics)};

    enum cq_status st = store_ai_experience_created(ctx, db, args->origin, args->row);
    if (st != CQ_RESOURCE_NOT_FOUND) {
        args->row->is_replay = !is_rerun; /* else it is the first run's own */
        return st;
    }
    /* Without a key it cannot be told whether the first run was committed: better none than two, and the client may look. */
    if (is_rerun && !args->origin->key.hash)
        return cq_fail(ctx, CQ_BUSY, "database: connection lost while committing");
    st = db_execute(ctx, db, INSERT_AI_EXPERIENCE, in, LEN(in), NULL);
    uint64_t id = db_insert_id(db);
    struct ai_experience_row files = {.id = id, .course_id = args->origin->course_id, .workflow_state = "unpublished"};

    if (!st)
        st = remember_created(ctx, db, args->origin, id);
    if (!st && c->n_context_file_ids)
        st = set_files(ctx, db, c, &files);
    if (!st)
        st = check_state(ctx, args, &files);
    if (st)
        return st;
    st = select_ai_experience(ctx, db, SELECT_AI_EXPERIENCE, id, args->row);
    args->row->context_files = files.context_files;
    return st;
}

enum cq_status store_ai_experience_create(struct cq_ctx *ctx, struct db *db, const struct ai_experience_origin *origin,
                                          const struct ai_experience_change *change, struct ai_experience_row *row)
{
    struct write_args args = {.origin = origin, .change = change, .row = row};

    return db_tx(ctx, db, create_tx, &args);
}

/* ---- changing ---- */

static enum cq_status update_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct write_args *args = arg;
    const struct ai_experience_change *c = args->change;
    const struct db_in in[] = {IN_U64(c->set_workflow_state),
                               IN_TEXT(c->workflow_state),
                               IN_U64(c->set_title),
                               IN_TEXT(c->title),
                               IN_U64(c->set_description),
                               IN_TEXT(c->description),
                               IN_U64(c->set_facts),
                               IN_TEXT(c->facts),
                               IN_U64(c->set_learning_objective),
                               IN_TEXT(c->learning_objective),
                               IN_U64(c->set_pedagogical_guidance),
                               IN_TEXT(c->pedagogical_guidance),
                               IN_U64(c->set_evaluation_metrics),
                               IN_TEXT(c->evaluation_metrics),
                               IN_U64(args->id)};
    struct ai_experience_row now;

    (void)is_rerun; /* the same values again are the same row */
    enum cq_status st = select_ai_experience(ctx, db, SELECT_AI_EXPERIENCE_FOR_UPDATE, args->id, &now);
    if (!st && (now.context_key || c->set_context_file_ids))
        st = set_files(ctx, db, c, &now);
    if (!st)
        st = check_state(ctx, args, &now);
    if (!st)
        st = db_execute(ctx, db, UPDATE_AI_EXPERIENCE, in, LEN(in), NULL);
    if (st)
        return st;
    st = select_ai_experience(ctx, db, SELECT_AI_EXPERIENCE, args->id, args->row);
    args->row->context_files = now.context_files;
    return st;
}

enum cq_status store_ai_experience_update(struct cq_ctx *ctx, struct db *db, uint64_t id,
                                          const struct ai_experience_change *change, struct ai_experience_row *row)
{
    struct write_args args = {.id = id, .change = change, .row = row};

    return db_tx(ctx, db, update_tx, &args);
}

static enum cq_status delete_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct write_args *args = arg;
    const struct db_in in[] = {IN_U64(args->id)};
    uint64_t matched = 0;

    enum cq_status st = db_execute(ctx, db, DELETE_AI_EXPERIENCE, in, LEN(in), &matched);
    if (!st && !matched && !is_rerun)
        st = CQ_RESOURCE_NOT_FOUND;
    if (!st)
        st = select_ai_experience(ctx, db, SELECT_AI_EXPERIENCE, args->id, args->row);
    if (!st && args->row->context_key)
        st = context_files_set(ctx, db, args->row->course_id, args->id, NULL, 0);
    return st;
}

enum cq_status store_ai_experience_delete(struct cq_ctx *ctx, struct db *db, uint64_t id, struct ai_experience_row *row)
{
    struct write_args args = {.id = id, .row = row};

    return db_tx(ctx, db, delete_tx, &args);
}
