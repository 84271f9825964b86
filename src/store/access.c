/* Who asks: the access token, its scopes, and the roles in the course. */
#include "store/access.h"

static const char LOAD_COURSE[] = "SELECT " ACCESS_COLUMNS ACCESS_TABLES ACCESS_WHERE;

static const char SELECT_COURSE[] = "SELECT id FROM course WHERE id = ?";

static const char SELECT_SCOPE[] = "SELECT COUNT(*) FROM access_token_scope WHERE access_token_id = ? AND scope = ?";

/* Of one who is no member: the site's administrator, or a stranger. */
static enum cq_status read_course(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                  struct access_columns *access)
{
    const struct db_in in[] = {IN_U64(key->course_id)};
    const struct db_out out[] = {OUT_U64(access->row.course_id)};

    enum cq_status st = db_query_one(ctx, db, SELECT_COURSE, in, LEN(in), out, LEN(out));
    return st == CQ_RESOURCE_NOT_FOUND ? CQ_OK : st;
}

static enum cq_status read_scope(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                 struct access_columns *access)
{
    const struct db_in in[] = {IN_U64(access->row.token_id), IN_TEXT(key->scope)};
    const struct db_out out[] = {OUT_BOOL(access->row.has_scope)};

    return db_query_one(ctx, db, SELECT_SCOPE, in, LEN(in), out, LEN(out));
}

enum cq_status access_complete(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                               struct access_columns *access)
{
    bool is_known = access->row.token_id && access->is_session == key->is_session;
    bool is_live = !access->row.is_expired && !access->row.is_revoked;
    enum cq_status st = is_known ? CQ_OK : CQ_TOKEN_UNKNOWN;

    access->row.has_scope = !access->is_scoped;
    access->row.touch_id = access->is_touch_due && is_live ? access->row.token_id : 0;
    if (!st && key->course_id && !access->row.course_id)
        st = read_course(ctx, db, key, access);
    if (!st && access->is_scoped)
        st = read_scope(ctx, db, key, access);
    return st;
}

enum cq_status access_query(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                            const struct db_out *out, size_t n_out, const struct load_key *key,
                            struct access_columns *access)
{
    enum cq_status st = db_query_one(ctx, db, sql, in, n_in, out, n_out);

    if (st)
        return st == CQ_RESOURCE_NOT_FOUND ? CQ_TOKEN_UNKNOWN : st;
    return access_complete(ctx, db, key, access);
}

enum cq_status store_load_course(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                 struct access_row *access)
{
    struct access_columns a = {.is_scoped = false};
    const struct db_in in[] = {IN_U64(key->course_id), IN_BYTES(key->token_hash, SHA256_BYTES)};
    const struct db_out out[] = {ACCESS_OUT(a)};

    enum cq_status st = access_query(ctx, db, LOAD_COURSE, in, LEN(in), out, LEN(out), key, &a);
    if (!st)
        *access = a.row;
    return st;
}
