/* With whom a bot is shared, and what a user keeps of one: stars, and those recently used. */
#include "store/bot.h"

/* ---- sharing ---- */

/* Ids are an array of JSON, so that a list of them is one value. */
#define IDS "JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$')) j"

static const char FIND_UNKNOWN_USER[] =
    "SELECT MIN(j.id) FROM " IDS " LEFT JOIN user u ON u.id = j.id WHERE u.id IS NULL";

static const char FIND_FOREIGN_COURSE[] =
    "SELECT MIN(j.id) FROM " IDS " LEFT JOIN course_member m ON m.course_id = j.id AND m.user_id = ? AND m.roles > 0"
    " WHERE m.course_id IS NULL";

static const char SET_SCOPE[] = "UPDATE bot SET scope = ? WHERE id = ?";
static const char CLEAR_USERS[] = "DELETE FROM bot_user WHERE bot_id = ?";
static const char CLEAR_COURSES[] = "DELETE FROM bot_course WHERE bot_id = ?";
static const char INSERT_USERS[] = "INSERT INTO bot_user (bot_id, user_id) SELECT DISTINCT ?, j.id FROM " IDS;
static const char INSERT_COURSES[] = "INSERT INTO bot_course (bot_id, course_id) SELECT DISTINCT ?, j.id FROM " IDS;

struct share_args {
    uint64_t id;
    const char *scope;
    const char *user_ids, *course_ids; /* JSON */
    struct bot_unshareable fault;
};

static enum cq_status find_fault(struct cq_ctx *ctx, struct db *db, struct share_args *args, uint64_t owner_id)
{
    struct bot_unshareable *fault = &args->fault;
    const struct db_in users[] = {IN_TEXT(args->user_ids)}, courses[] = {IN_TEXT(args->course_ids), IN_U64(owner_id)};
    const struct db_out user[] = {OUT_U64(fault->user_id)}, course[] = {OUT_U64(fault->course_id)};

    enum cq_status st = db_query_one(ctx, db, FIND_UNKNOWN_USER, users, LEN(users), user, LEN(user));
    if (!st && !fault->user_id)
        st = db_query_one(ctx, db, FIND_FOREIGN_COURSE, courses, LEN(courses), course, LEN(course));
    return !st && (fault->user_id || fault->course_id) ? CQ_INVALID_FIELDS : st;
}

static enum cq_status write_share(struct cq_ctx *ctx, struct db *db, const struct share_args *args)
{
    const struct db_in scope[] = {IN_TEXT(args->scope), IN_U64(args->id)}, bot[] = {IN_U64(args->id)};
    const struct db_in users[] = {IN_U64(args->id), IN_TEXT(args->user_ids)};
    const struct db_in courses[] = {IN_U64(args->id), IN_TEXT(args->course_ids)};

    enum cq_status st = db_execute(ctx, db, SET_SCOPE, scope, LEN(scope), NULL);
    if (!st)
        st = db_execute(ctx, db, CLEAR_USERS, bot, LEN(bot), NULL);
    if (!st)
        st = db_execute(ctx, db, CLEAR_COURSES, bot, LEN(bot), NULL);
    if (!st)
        st = db_execute(ctx, db, INSERT_USERS, users, LEN(users), NULL);
    if (!st)
        st = db_execute(ctx, db, INSERT_COURSES, courses, LEN(courses), NULL);
    return st;
}

static enum cq_status share_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct share_args *args = arg;
    struct bot_row b;

    (void)is_rerun; /* the same again is the same rows */
    args->fault = (struct bot_unshareable){0};
    enum cq_status st = bot_lock(ctx, db, args->id, &b);
    if (!st)
        st = find_fault(ctx, db, args, b.owner_id);
    return st ? st : write_share(ctx, db, args);
}

/* In ctx->arena; NULL: memory. */
static const char *ids_json(struct cq_ctx *ctx, const uint64_t *ids, size_t n)
{
    struct buf *buf = buf_in_arena(ctx->arena, 2 + 21 * n);
    struct json_out out;

    if (!buf)
        return NULL;
    json_out_init(&out, buf);
    json_open_array(&out);
    for (size_t i = 0; i < n; i++)
        json_u64(&out, ids[i]);
    json_close_array(&out);
    return buf->failed ? NULL : buf->data;
}

enum cq_status store_bot_share(struct cq_ctx *ctx, struct db *db, uint64_t id, const struct bot_share *share,
                               struct bot_unshareable *fault)
{
    struct share_args args = {.id = id,
                              .scope = share->scope,
                              .user_ids = ids_json(ctx, share->user_ids, share->n_users),
                              .course_ids = ids_json(ctx, share->course_ids, share->n_courses)};

    if (!args.user_ids || !args.course_ids)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = db_tx(ctx, db, share_tx, &args);
    *fault = args.fault;
    return st;
}

/* ---- what a user keeps ---- */

static const char STAR_BOT[] = "INSERT INTO bot_use (user_id, bot_id, is_starred) VALUES (?, ?, 1)"
                               " ON DUPLICATE KEY UPDATE is_starred = 1";

#define LEAVE_OUT(list)                                                                                                \
    "UPDATE bot_use w JOIN bot b ON b.id = w.bot_id SET " list " = 0 WHERE w.user_id = ? AND b.name = ? AND " list     \
    " = 1"

static const char UNSTAR_BOTS[] = LEAVE_OUT("w.is_starred");
static const char FORGET_BOTS[] = LEAVE_OUT("w.is_recent");

struct keep_args {
    const char *sql;
    const struct db_in *in;
    size_t n_in;
    uint64_t n_found;
};

static enum cq_status keep_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct keep_args *args = arg;
    const char *sql = args->sql;

    (void)is_rerun; /* the same again is the same row */
    return db_execute(ctx, db, sql, args->in, args->n_in, &args->n_found);
}

enum cq_status store_bot_star(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t id)
{
    const struct db_in in[] = {IN_U64(user_id), IN_U64(id)};
    struct keep_args args = {STAR_BOT, in, LEN(in), 0};

    return db_tx(ctx, db, keep_tx, &args);
}

static enum cq_status leave_out(struct cq_ctx *ctx, struct db *db, const char *sql, uint64_t user_id, const char *name,
                                bool *is_found)
{
    const struct db_in in[] = {IN_U64(user_id), IN_TEXT(name)};
    struct keep_args args = {sql, in, LEN(in), 0};

    enum cq_status st = db_tx(ctx, db, keep_tx, &args);
    if (!st)
        *is_found = args.n_found > 0;
    return st;
}

enum cq_status store_bot_unstar(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *name, bool *is_found)
{
    return leave_out(ctx, db, UNSTAR_BOTS, user_id, name, is_found);
}

enum cq_status store_bot_forget_use(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *name,
                                    bool *is_found)
{
    return leave_out(ctx, db, FORGET_BOTS, user_id, name, is_found);
}

/* ---- roles ---- */

static const char HAS_ROLE[] = "SELECT EXISTS (SELECT 1 FROM course_member WHERE user_id = ? AND roles & ? > 0)";

enum cq_status store_has_role(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint32_t roles, bool *out)
{
    const struct db_in in[] = {IN_U64(user_id), IN_U64(roles)};
    const struct db_out cols[] = {OUT_BOOL(*out)};

    return db_query_one(ctx, db, HAS_ROLE, in, LEN(in), cols, LEN(cols));
}
