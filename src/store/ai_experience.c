/* AI experiences: loading and listing. */
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
