/* AI experiences: loading, listing, writing. */
#include "store/ai_experience.h"

#include <stdlib.h>

#include "store/access.h"
#include "store/context_file.h"

static const char LOAD_AI_EXPERIENCE[] =
    "SELECT " ACCESS_COLUMNS ", " AI_EXPERIENCE_COLUMNS
    ", l.workflow_state, l.all_objectives_met" ACCESS_TABLES AI_EXPERIENCE_JOIN
    " LEFT JOIN latest_conversation l ON l.ai_experience_id = x.id AND l.user_id = t.user_id" ACCESS_WHERE;

enum cq_status store_load_ai_experience(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                        struct access_row *access, struct ai_experience_row *row)
{
    struct access_columns a = {.is_scoped = false};
    struct ai_experience_row x = {0};
    const struct db_in in[] = {IN_U64(key->course_id), IN_U64(key->ai_experience_id), IN_U64(key->course_id),
                               IN_BYTES(key->token_hash, SHA256_BYTES)};
    const struct db_out out[] = {ACCESS_OUT(a), AI_EXPERIENCE_OUT(x), OUT_TEXT(x.latest_state), OUT_BOOL(x.latest_met)};

    enum cq_status st = access_query(ctx, db, LOAD_AI_EXPERIENCE, in, LEN(in), out, LEN(out), key, &a);
    if (st)
        return st;
    *access = a.row;
    *row = x;
    return CQ_OK;
}

static const char SELECT_IS_STARTED[] = "SELECT " AI_EXPERIENCE_IS_STARTED " FROM ai_experience x WHERE x.id = ?";

enum cq_status store_ai_experience_is_started(struct cq_ctx *ctx, struct db *db, uint64_t id, bool *out)
{
    bool is_started = false;
    const struct db_in in[] = {IN_U64(id)};
    const struct db_out cols[] = {OUT_BOOL(is_started)};

    enum cq_status st = db_query_one(ctx, db, SELECT_IS_STARTED, in, LEN(in), cols, LEN(cols));
    if (!st)
        *out = is_started;
    return st;
}

/*
 * A manager's list counts and pages in one statement: the total stands in a row of its own, to which the page is joined, so
 * that a page past the end still knows the total. The page is found in the index alone, then its rows are read; they
 * are sorted here, since an outer ORDER BY would copy every text into a temporary table on disk. The states are two
 * parameters, the same one twice when only one is wanted.
 */
#define LIST_TOTAL                                                                                                     \
    " FROM (SELECT COUNT(*) AS n FROM ai_experience WHERE course_id = ? AND workflow_state IN (?, ?)) total"           \
    " LEFT JOIN (SELECT id FROM ai_experience WHERE course_id = ? AND workflow_state IN (?, ?)"                        \
    " ORDER BY id LIMIT ? OFFSET ?) page ON TRUE LEFT JOIN ai_experience x ON x.id = page.id"

static const char LIST_FOR_MANAGER[] =
    "SELECT total.n, (SELECT COUNT(DISTINCT e.user_id) FROM enrollment e"
    " WHERE e.course_id = ? AND e.role = 0 AND e.state = 'active'), " AI_EXPERIENCE_COLUMNS
    ", " AI_EXPERIENCE_IS_STARTED ", (SELECT COUNT(DISTINCT lc.user_id) FROM latest_conversation lc JOIN enrollment ec"
    " ON ec.course_id = x.course_id AND ec.user_id = lc.user_id AND ec.role = 0 AND ec.state = 'active'"
    " WHERE lc.ai_experience_id = x.id AND lc.all_objectives_met = 1)" LIST_TOTAL;

/*
 * A member sees one state, whose order is the index's own. Only a page past the end does not know the total: it is
 * counted then.
 */
#define COUNT_OF_STATE "SELECT COUNT(*) FROM ai_experience WHERE course_id = ? AND workflow_state = ?"

static const char COUNT_FOR_MEMBER[] = COUNT_OF_STATE;

static const char LIST_FOR_MEMBER[] =
    "SELECT (" COUNT_OF_STATE "), " AI_EXPERIENCE_SHOWN_COLUMNS ", l.workflow_state, l.all_objectives_met"
    " FROM ai_experience x LEFT JOIN latest_conversation l ON l.ai_experience_id = x.id AND l.user_id = ?"
    " WHERE x.course_id = ? AND x.workflow_state = ? ORDER BY x.id LIMIT ? OFFSET ?";

struct list_rows {
    struct ai_experience_row row; /* being fetched */
    struct ai_experience_list list;
    uint64_t max;
};

static enum cq_status take_listed(struct cq_ctx *ctx, void *arg)
{
    struct list_rows *rows = arg;

    (void)ctx;
    if (rows->row.id && rows->list.n < rows->max)
        rows->list.rows[rows->list.n++] = rows->row;
    return CQ_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct ai_experience_row *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

static enum cq_status list_for_manager(struct cq_ctx *ctx, struct db *db, uint64_t course_id, const char *states[2],
                                       uint64_t limit, uint64_t offset, struct list_rows *rows)
{
    struct ai_experience_row *x = &rows->row;
    const struct db_in in[] = {IN_U64(course_id),  IN_U64(course_id), IN_TEXT(states[0]),
                               IN_TEXT(states[1]), IN_U64(course_id), IN_TEXT(states[0]),
                               IN_TEXT(states[1]), IN_U64(limit),     IN_U64(offset)};
    const struct db_out out[] = {OUT_U64(rows->list.total), OUT_U64(rows->list.total_students), AI_EXPERIENCE_OUT(*x),
                                 OUT_BOOL(x->is_started), OUT_U64(x->completed_count)};

    return db_query(ctx, db, LIST_FOR_MANAGER, in, LEN(in), out, LEN(out), take_listed, rows);
}

static enum cq_status count_for_member(struct cq_ctx *ctx, struct db *db, uint64_t course_id, const char *state,
                                       uint64_t *total)
{
    const struct db_in in[] = {IN_U64(course_id), IN_TEXT(state)};
    const struct db_out out[] = {OUT_U64(*total)};

    return db_query_one(ctx, db, COUNT_FOR_MEMBER, in, LEN(in), out, LEN(out));
}

static enum cq_status list_for_member(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t user_id,
                                      const char *state, uint64_t limit, uint64_t offset, struct list_rows *rows)
{
    struct ai_experience_row *x = &rows->row;
    const struct db_in in[] = {IN_U64(course_id), IN_TEXT(state), IN_U64(user_id), IN_U64(course_id),
                               IN_TEXT(state),    IN_U64(limit),  IN_U64(offset)};
    const struct db_out out[] = {OUT_U64(rows->list.total), AI_EXPERIENCE_SHOWN_OUT(*x), OUT_TEXT(x->latest_state),
                                 OUT_BOOL(x->latest_met)};

    enum cq_status st = db_query(ctx, db, LIST_FOR_MEMBER, in, LEN(in), out, LEN(out), take_listed, rows);
    if (!st && !rows->list.n && offset)
        st = count_for_member(ctx, db, course_id, state, &rows->list.total);
    return st;
}

enum cq_status store_ai_experience_list(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t user_id,
                                        bool is_manager, const char *workflow_state, uint64_t limit, uint64_t offset,
                                        struct ai_experience_list *out)
{
    const char *states[2] = {workflow_state ? workflow_state : "published", workflow_state ? workflow_state
                                                                            : is_manager   ? "unpublished"
                                                                                           : "published"};
    struct list_rows rows = {.max = limit};

    rows.list.rows = arena_zalloc(ctx->arena, limit, sizeof(*rows.list.rows));
    if (!rows.list.rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = is_manager ? list_for_manager(ctx, db, course_id, states, limit, offset, &rows)
                                   : list_for_member(ctx, db, course_id, user_id, states[0], limit, offset, &rows);
    if (st)
        return st;
    qsort(rows.list.rows, rows.list.n, sizeof(*rows.list.rows), by_id);
    *out = rows.list;
    return CQ_OK;
}

/* ---- writing ---- */

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
    uint64_t course_id, id;
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

static enum cq_status create_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct write_args *args = arg;
    const struct ai_experience_change *c = args->change;
    const struct db_in in[] = {IN_U64(args->course_id),
                               IN_TEXT(c->set_workflow_state ? c->workflow_state : "unpublished"),
                               IN_TEXT(c->title),
                               IN_TEXT(c->description),
                               IN_TEXT(c->facts),
                               IN_TEXT(c->learning_objective),
                               IN_TEXT(c->pedagogical_guidance),
                               IN_TEXT(c->evaluation_metrics)};

    /* Whether the first run was committed cannot be told: better none than two, and the client may look. */
    if (is_rerun)
        return cq_fail(ctx, CQ_BUSY, "database: connection lost while committing");
    enum cq_status st = db_execute(ctx, db, INSERT_AI_EXPERIENCE, in, LEN(in), NULL);
    uint64_t id = db_insert_id(db);
    struct ai_experience_row files = {.id = id, .course_id = args->course_id, .workflow_state = "unpublished"};

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

enum cq_status store_ai_experience_create(struct cq_ctx *ctx, struct db *db, uint64_t course_id,
                                          const struct ai_experience_change *change, struct ai_experience_row *row)
{
    struct write_args args = {.course_id = course_id, .change = change, .row = row};

    return db_tx(ctx, db, create_tx, &args);
}

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
