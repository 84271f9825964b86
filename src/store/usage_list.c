/* What was used in a while, summed up for whoever has to pay it: a course at a time, so that few rows are held. */
#include "store/usage.h"

enum { BLOCK_BYTES = 4096, ROW_MAX_BYTES = 64 << 10 };

static const char SELECT_NEXT_COURSE[] = "SELECT MIN(course_id) FROM usage_day WHERE course_id > ?";

#define SUMS                                                                                                           \
    " d.model, CAST(SUM(d.calls) AS UNSIGNED), CAST(SUM(d.input_tokens) AS UNSIGNED),"                                 \
    " CAST(SUM(d.output_tokens) AS UNSIGNED), CAST(SUM(d.cache_read_tokens) AS UNSIGNED),"                             \
    " CAST(SUM(d.cache_write_tokens) AS UNSIGNED), CAST(SUM(d.price_nano) AS UNSIGNED) FROM usage_day d"
#define IN_THESE_DAYS " WHERE d.course_id = ? AND d.day BETWEEN CAST(? AS DATE) AND CAST(? AS DATE)"

static const char LIST_BY_DAY[] =
    "SELECT CAST(d.day AS CHAR), NULL," SUMS IN_THESE_DAYS " GROUP BY d.day, d.model ORDER BY d.day, d.model";

static const char LIST_BY_USER[] = "SELECT NULL, u.login," SUMS " LEFT JOIN user u ON u.id = d.user_id" IN_THESE_DAYS
                                   " GROUP BY d.user_id, u.login, d.model ORDER BY u.login, d.user_id, d.model";

static const char LIST_BY_MODEL[] = "SELECT NULL, NULL," SUMS IN_THESE_DAYS " GROUP BY d.model ORDER BY d.model";

struct list_args {
    struct usage_row row; /* being fetched */
    store_usage_fn *fn;
    void *arg;
};

static enum cq_status take_row(struct cq_ctx *ctx, void *arg)
{
    struct list_args *args = arg;
    enum cq_status st = args->fn(args->arg, &args->row);

    arena_reset(ctx->arena);
    return st;
}

static enum cq_status list_course(struct cq_ctx *ctx, struct db *db, const struct usage_query *query,
                                  struct list_args *args)
{
    struct usage_row *row = &args->row;
    struct usage *sum = &row->used.sum;
    const struct db_in in[] = {IN_U64(row->course_id), IN_TEXT(query->since), IN_TEXT(query->until)};
    const struct db_out out[] = {OUT_TEXT(row->day),
                                 OUT_TEXT(row->user),
                                 OUT_TEXT(row->used.model),
                                 OUT_U64(row->used.calls),
                                 OUT_U64(sum->input_tokens),
                                 OUT_U64(sum->output_tokens),
                                 OUT_U64(sum->cache_read_tokens),
                                 OUT_U64(sum->cache_write_tokens),
                                 OUT_U64(sum->price_nano)};

    switch (query->by) {
    case USAGE_BY_DAY:
        return db_query(ctx, db, LIST_BY_DAY, in, LEN(in), out, LEN(out), take_row, args);
    case USAGE_BY_USER:
        return db_query(ctx, db, LIST_BY_USER, in, LEN(in), out, LEN(out), take_row, args);
    case USAGE_BY_MODEL:
        return db_query(ctx, db, LIST_BY_MODEL, in, LEN(in), out, LEN(out), take_row, args);
    }
    return CQ_INTERNAL;
}

/* course_id: the one before, and then the next; 0 when there is none more. */
static enum cq_status find_next(struct cq_ctx *ctx, struct db *db, uint64_t *course_id)
{
    const struct db_in in[] = {IN_U64(*course_id)};
    const struct db_out out[] = {OUT_U64(*course_id)};

    return db_query_one(ctx, db, SELECT_NEXT_COURSE, in, LEN(in), out, LEN(out));
}

static enum cq_status list_courses(struct cq_ctx *ctx, struct db *db, const struct usage_query *query,
                                   struct list_args *args)
{
    uint64_t course_id = 0;
    enum cq_status st = find_next(ctx, db, &course_id);

    while (!st && course_id) {
        args->row = (struct usage_row){.course_id = course_id};
        st = list_course(ctx, db, query, args);
        if (!st)
            st = find_next(ctx, db, &course_id);
    }
    return st;
}

enum cq_status store_usage_list(struct cq_ctx *ctx, struct db *db, const struct usage_query *query, store_usage_fn *fn,
                                void *arg)
{
    struct list_args args = {.row = {.course_id = query->course_id}, .fn = fn, .arg = arg};
    struct arena *arena = ctx->arena;

    ctx->arena = arena_create(BLOCK_BYTES, ROW_MAX_BYTES); /* of one row */
    enum cq_status st = !ctx->arena        ? cq_fail(ctx, CQ_INTERNAL, "out of memory")
                        : query->course_id ? list_course(ctx, db, query, &args)
                                           : list_courses(ctx, db, query, &args);
    arena_destroy(ctx->arena);
    ctx->arena = arena;
    return st;
}
