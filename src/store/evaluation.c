/* Evaluations: the newest of each conversation, and those that are being made. */
#include "store/evaluation_override.h"
#include "store/usage.h"
#include "store/user_day.h"

/* A row for each verdict of a person, and one where there is none: most have none or few, and a statement costs more. */
static const char SELECT_EVALUATION[] =
    "SELECT v.next_seq, e.answer, e.n_messages, e.basis_hash = ?, e.evaluated_at, v.summary, " OVERRIDE_COLUMNS
    " FROM conversation v LEFT JOIN evaluation e ON e.conversation_id = v.id"
    " LEFT JOIN evaluation_override o ON o.conversation_id = v.id LEFT JOIN user u ON u.id = o.user_id WHERE v.id = ?";

static const char INSERT_RUN[] = "INSERT INTO evaluation_run (user_id, conversation_id, owner, lease_until)"
                                 " VALUES (?, ?, ?, UTC_TIMESTAMP(3) + INTERVAL ? SECOND)";

static const char DELETE_RUN[] = "DELETE FROM evaluation_run WHERE id = ?";

/* One that covers more is left: it was begun later, and has ended before. Assignments are made from left to right. */
static const char UPSERT_EVALUATION[] =
    "INSERT INTO evaluation (conversation_id, n_messages, basis_hash, answer, calls, evaluated_at)"
    " VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE basis_hash = IF(n_messages <= ?, ?, basis_hash),"
    " answer = IF(n_messages <= ?, ?, answer), calls = IF(n_messages <= ?, ?, calls),"
    " evaluated_at = IF(n_messages <= ?, UTC_TIMESTAMP(3), evaluated_at), n_messages = GREATEST(n_messages, ?)";

struct evaluation_rows {
    struct evaluation_row row;
    struct override_columns override; /* being fetched */
    bool is_found;
};

static enum cq_status take_row(struct cq_ctx *ctx, void *arg)
{
    struct evaluation_rows *rows = arg;
    struct evaluation_override_list *list = &rows->row.overrides;

    rows->is_found = true;
    if (!rows->override.hash)
        return CQ_OK;
    struct evaluation_override *more = arena_zalloc(ctx->arena, list->n + 1, sizeof(*more));

    if (!more)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    if (list->n)
        memcpy(more, list->rows, list->n * sizeof(*more));
    more[list->n] = override_fetched(&rows->override);
    *list = (struct evaluation_override_list){more, list->n + 1};
    return CQ_OK;
}

enum cq_status store_evaluation_read(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id,
                                     const uint8_t basis_hash[SHA256_BYTES], struct evaluation_row *out)
{
    struct evaluation_rows rows = {.is_found = false};
    struct evaluation_row *row = &rows.row;
    const struct db_in in[] = {IN_BYTES(basis_hash, SHA256_BYTES), IN_U64(conversation_id)};
    const struct db_out cols[] = {OUT_U32(row->n_messages),     OUT_TEXT(row->answer),          OUT_U32(row->covers),
                                  OUT_BOOL(row->is_same_basis), OUT_TIME(row->evaluated_at_ms), OUT_TEXT(row->summary),
                                  OVERRIDE_OUT(rows.override)};

    enum cq_status st = db_query(ctx, db, SELECT_EVALUATION, in, LEN(in), cols, LEN(cols), take_row, &rows);
    if (!st && !rows.is_found)
        st = CQ_RESOURCE_NOT_FOUND;
    if (!st)
        *out = *row;
    return st;
}

/* ---- one that is being made ---- */

/* A run whose commit was lost is left to its lease: it counts once too much among what is running until then. */
static enum cq_status begin_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct evaluation_run *run = arg;
    const struct db_in in[] = {IN_U64(run->user_id), IN_U64(run->conversation_id), IN_TEXT(run->owner),
                               IN_U64(run->lease_s)};

    (void)is_rerun;
    struct user_day day;
    enum cq_status st = user_day_lock(ctx, db, run->user_id, &day);
    if (!st)
        st = user_day_admit(ctx, db, &day, DAY_EVALUATION, run->course_id, run->limits);
    if (!st)
        st = db_execute(ctx, db, INSERT_RUN, in, LEN(in), NULL);
    if (!st)
        run->id = db_insert_id(db);
    return st;
}

enum cq_status store_evaluation_begin(struct cq_ctx *ctx, struct db *db, struct evaluation_run *run)
{
    return db_tx(ctx, db, begin_tx, run);
}

struct end_args {
    const struct evaluation_run *run;
    bool was_tried; /* before: it may have been committed after all */
    const uint8_t *basis_hash;
    const char *answer; /* NULL: there is none */
    uint32_t covers;
    struct evaluation_row *row;
};

/* In the order in which locks are taken: the conversation's before the evaluation's, whose foreign key shares it. */
static enum cq_status store_made(struct cq_ctx *ctx, struct db *db, const struct end_args *args)
{
    const struct evaluation_run *run = args->run;
    const struct db_in covers = IN_U64(args->covers), basis = IN_BYTES(args->basis_hash, SHA256_BYTES),
                       answer = IN_TEXT(args->answer), calls = IN_TEXT(run->calls ? run->calls->json : NULL);
    const struct db_in evaluation[] = {IN_U64(run->conversation_id),
                                       covers,
                                       basis,
                                       answer,
                                       calls,
                                       covers,
                                       basis,
                                       covers,
                                       answer,
                                       covers,
                                       calls,
                                       covers,
                                       covers};
    enum cq_status st = CQ_OK;

    if (args->answer)
        st = user_day_count(ctx, db, run->user_id, DAY_EVALUATION);
    if (!st)
        st = usage_count_conversation(ctx, db, run->conversation_id, run->calls);
    if (!st && args->answer)
        st = db_execute(ctx, db, UPSERT_EVALUATION, evaluation, LEN(evaluation), NULL);
    return st ? st : usage_count(ctx, db, run->course_id, run->user_id, run->calls);
}

static enum cq_status end_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct end_args *args = arg;
    const struct db_in run[] = {IN_U64(args->run->id)};
    bool may_be_done = !args->answer || is_rerun || args->was_tried;
    uint64_t matched = 0;

    enum cq_status st = db_execute(ctx, db, DELETE_RUN, run, LEN(run), &matched);
    if (!st && (matched || !may_be_done))
        st = store_made(ctx, db, args);
    if (!st && args->answer)
        st = store_evaluation_read(ctx, db, args->run->conversation_id, args->basis_hash, args->row);
    if (!st && args->answer && !args->row->answer)
        st = cq_fail(ctx, CQ_LOST, "the evaluation was given up");
    return st;
}

enum cq_status store_evaluation_end(struct cq_ctx *ctx, struct db *db, struct evaluation_run *run,
                                    const uint8_t basis_hash[SHA256_BYTES], const char *answer, uint32_t covers,
                                    struct evaluation_row *row)
{
    struct end_args args = {run, run->is_end_tried, basis_hash, answer, covers, row};

    run->is_end_tried = true;
    return db_tx(ctx, db, end_tx, &args);
}

enum cq_status store_evaluation_fail(struct cq_ctx *ctx, struct db *db, const struct evaluation_run *run)
{
    static const uint8_t none[SHA256_BYTES];
    struct end_args args = {.run = run, .basis_hash = none};

    return db_tx(ctx, db, end_tx, &args);
}
