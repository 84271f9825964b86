/* Courses, as their members see them. */
#include "store/db.h"

/* One statement counts and pages: the count stands in a row of its own, so that a page past the end still knows it. */
#define COURSE_COLUMNS   "SELECT total.n, c.id, c.name, c.code, e.roles FROM"
#define COURSES_IN_ORDER " ORDER BY c.name, c.id"

static const char LIST_OWN_COURSES[] =
    COURSE_COLUMNS " (SELECT COUNT(*) AS n FROM course_member WHERE user_id = ? AND roles <> 0) total"
                   " LEFT JOIN (SELECT m.course_id, m.user_id FROM course_member m JOIN course k ON k.id = m.course_id"
                   " WHERE m.user_id = ? AND m.roles <> 0 ORDER BY k.name, k.id LIMIT ? OFFSET ?) page ON TRUE"
                   " LEFT JOIN course c ON c.id = page.course_id"
                   " LEFT JOIN course_member e ON e.course_id = c.id AND e.user_id = page.user_id" COURSES_IN_ORDER;

static const char LIST_ALL_COURSES[] =
    COURSE_COLUMNS " (SELECT COUNT(*) AS n FROM course) total"
                   " LEFT JOIN (SELECT k.id FROM course k ORDER BY k.name, k.id LIMIT ? OFFSET ?) page ON TRUE"
                   " LEFT JOIN course c ON c.id = page.id"
                   " LEFT JOIN course_member e ON e.course_id = c.id AND e.user_id = ?" COURSES_IN_ORDER;

static const char SELECT_COURSE[] = "SELECT id, name, code FROM course WHERE id = ?";

struct course_rows {
    struct course_row row; /* being fetched */
    struct course_list list;
    uint64_t max;
};

static enum cq_status take_course(struct cq_ctx *ctx, void *arg)
{
    struct course_rows *rows = arg;

    (void)ctx;
    if (rows->row.id && rows->list.n < rows->max)
        rows->list.rows[rows->list.n++] = rows->row;
    return CQ_OK;
}

enum cq_status store_course_list(struct cq_ctx *ctx, struct db *db, uint64_t user_id, bool is_admin, uint64_t limit,
                                 uint64_t offset, struct course_list *out)
{
    struct course_rows rows = {.max = limit};
    const struct db_in all[] = {IN_U64(limit), IN_U64(offset), IN_U64(user_id)};
    const struct db_in own[] = {IN_U64(user_id), IN_U64(user_id), IN_U64(limit), IN_U64(offset)};
    const struct db_out cols[] = {OUT_U64(rows.list.total), OUT_U64(rows.row.id), OUT_TEXT(rows.row.name),
                                  OUT_TEXT(rows.row.code), OUT_U32(rows.row.roles)};

    rows.list.rows = arena_zalloc(ctx->arena, limit, sizeof(*rows.list.rows));
    if (!rows.list.rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = is_admin
                            ? db_query(ctx, db, LIST_ALL_COURSES, all, LEN(all), cols, LEN(cols), take_course, &rows)
                            : db_query(ctx, db, LIST_OWN_COURSES, own, LEN(own), cols, LEN(cols), take_course, &rows);
    if (!st)
        *out = rows.list;
    return st;
}

enum cq_status store_course(struct cq_ctx *ctx, struct db *db, uint64_t id, struct course_row *out)
{
    struct course_row row = {0};
    const struct db_in in[] = {IN_U64(id)};
    const struct db_out cols[] = {OUT_U64(row.id), OUT_TEXT(row.name), OUT_TEXT(row.code)};

    enum cq_status st = db_query_one(ctx, db, SELECT_COURSE, in, LEN(in), cols, LEN(cols));
    if (!st)
        *out = row;
    return st;
}
