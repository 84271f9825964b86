/* The roster: the students of a course, each with the latest conversation of an AI experience. */
#include "store/like.h"
#include "store/student.h"

enum { NAME_MAX_CHARS = 255 };

/* Bit 1 << ROLE_STUDENT: there is an active enrollment as one. */
#define IS_STUDENT "e.course_id = ? AND e.roles & 1"

/* Whatever is asked for, case and accents are the collation's business. */
#define IS_SEARCHED IS_STUDENT " AND u.name LIKE ? ESCAPE '|'"

/*
 * One statement counts and pages: the counts stand in a row of their own, to which the page is joined, so that a page
 * past the end still knows them. Who is on the page is decided on names alone; conversations are read for that page
 * only, and the snapshot is counted in latest_conversation.
 */
#define ROSTER_COLUMNS STUDENT_COLUMNS ", " LATEST_COLUMNS
#define STUDENT_COLUMNS                                                                                                \
    "student.id, student.name, student.sortable_name, student.short_name, student.avatar_url, student.created_at"
#define LATEST_COLUMNS                                                                                                 \
    "v.id, v.ai_experience_id, v.user_id, v.uuid, v.workflow_state, v.all_objectives_met, v.met_at, v.next_seq,"       \
    " v.created_at, v.updated_at"

#define ROSTER_PAGE(condition)                                                                                         \
    " LEFT JOIN (SELECT u.id FROM course_member e STRAIGHT_JOIN user u ON u.id = e.user_id WHERE " condition           \
    " ORDER BY u.sortable_name, u.id LIMIT ? OFFSET ?) page ON TRUE"                                                   \
    " LEFT JOIN user student ON student.id = page.id"                                                                  \
    " LEFT JOIN latest_conversation l ON l.ai_experience_id = ? AND l.user_id = page.id"                               \
    " LEFT JOIN conversation v ON v.id = l.conversation_id AND v.workflow_state <> 'deleted'"                          \
    " ORDER BY student.sortable_name, student.id"

static const char LIST_ROSTER[] =
    "SELECT total.n, total.n_completed, total.n_in_progress, total.n_ended, total.n_not_started, " ROSTER_COLUMNS
    " FROM (SELECT COUNT(*) AS n, COUNT(IF(s.all_objectives_met, 1, NULL)) AS n_completed,"
    " COUNT(IF(s.workflow_state = 'active' AND NOT s.all_objectives_met, 1, NULL)) AS n_in_progress,"
    " COUNT(IF(s.workflow_state = 'completed' AND NOT s.all_objectives_met, 1, NULL)) AS n_ended,"
    " COUNT(IF(s.user_id IS NULL, 1, NULL)) AS n_not_started"
    " FROM course_member e LEFT JOIN latest_conversation s ON s.ai_experience_id = ? AND s.user_id = e.user_id"
    " AND s.workflow_state <> 'deleted' WHERE " IS_STUDENT ") total" ROSTER_PAGE(IS_STUDENT);

static const char SEARCH_ROSTER[] =
    "SELECT total.n, " ROSTER_COLUMNS
    " FROM (SELECT COUNT(*) AS n FROM course_member e STRAIGHT_JOIN user u ON u.id = e.user_id"
    " WHERE " IS_SEARCHED ") total" ROSTER_PAGE(IS_SEARCHED);

struct roster_rows {
    struct roster_row row; /* being fetched */
    struct roster roster;
    uint64_t max;
};

/* Room is made by the first row, which knows how many there can be. */
static enum cq_status take_student(struct cq_ctx *ctx, void *arg)
{
    struct roster_rows *rows = arg;
    struct roster *r = &rows->roster;
    uint64_t max = r->total < rows->max ? r->total : rows->max;

    if (!rows->row.student.id || r->n == max)
        return CQ_OK;
    if (!r->rows)
        r->rows = arena_zalloc(ctx->arena, max, sizeof(*r->rows));
    if (!r->rows)
        return cq_fail(ctx, CQ_INTERNAL, "a roster is larger than the request's memory");
    if (rows->row.conversation.id)
        rows->row.conversation.n_messages--; /* the opening one */
    r->rows[r->n++] = rows->row;
    return CQ_OK;
}

#define ROSTER_OUT(r)                                                                                                  \
    STUDENT_OUT((r).student), OUT_U64((r).conversation.id), OUT_U64((r).conversation.ai_experience_id),                \
        OUT_U64((r).conversation.user_id), OUT_TEXT((r).conversation.uuid), OUT_TEXT((r).conversation.workflow_state), \
        OUT_BOOL((r).conversation.all_objectives_met), OUT_TEXT((r).conversation.met_at),                              \
        OUT_U32((r).conversation.n_messages), OUT_TIME((r).conversation.created_at_ms),                                \
        OUT_TIME((r).conversation.updated_at_ms)

static enum cq_status search(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t ai_experience_id,
                             const char *term, uint64_t limit, uint64_t offset, struct roster_rows *rows)
{
    const char *pattern = like_containing(ctx, term, strlen(term), NAME_MAX_CHARS);
    const struct db_in in[] = {IN_U64(course_id), IN_TEXT(pattern), IN_U64(course_id),       IN_TEXT(pattern),
                               IN_U64(limit),     IN_U64(offset),   IN_U64(ai_experience_id)};
    const struct db_out out[] = {OUT_U64(rows->roster.total), ROSTER_OUT(rows->row)};

    if (!pattern)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    return db_query(ctx, db, SEARCH_ROSTER, in, LEN(in), out, LEN(out), take_student, rows);
}

static enum cq_status list(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t ai_experience_id,
                           uint64_t limit, uint64_t offset, struct roster_rows *rows)
{
    struct roster *r = &rows->roster;
    const struct db_in in[] = {IN_U64(ai_experience_id), IN_U64(course_id),       IN_U64(course_id), IN_U64(limit),
                               IN_U64(offset),           IN_U64(ai_experience_id)};
    const struct db_out out[] = {OUT_U64(r->total),   OUT_U64(r->n_completed),   OUT_U64(r->n_in_progress),
                                 OUT_U64(r->n_ended), OUT_U64(r->n_not_started), ROSTER_OUT(rows->row)};

    return db_query(ctx, db, LIST_ROSTER, in, LEN(in), out, LEN(out), take_student, rows);
}

enum cq_status store_roster(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t ai_experience_id,
                            const char *search_term, uint64_t limit, uint64_t offset, struct roster *out)
{
    struct roster_rows rows = {.max = limit};

    enum cq_status st = search_term ? search(ctx, db, course_id, ai_experience_id, search_term, limit, offset, &rows)
                                    : list(ctx, db, course_id, ai_experience_id, limit, offset, &rows);
    if (!st)
        *out = rows.roster;
    return st;
}
