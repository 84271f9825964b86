/* Who asks: the access token, its scopes, and the roles in the course. */
#include "store/access.h"

static const char SELECT_COURSE[] = "SELECT " ACCESS_COLUMNS ACCESS_TABLES ACCESS_WHERE;

static const char SELECT_SCOPE[] = "SELECT COUNT(*) FROM access_token_scope WHERE access_token_id = ? AND scope = ?";

static enum cq_status take_role(struct cq_ctx *ctx, void *arg)
{
    struct access_columns *access = arg;

    access->is_found = true;
    access->row.roles |= access->roles;
    return access->next ? access->next(ctx, access->next_arg) : CQ_OK;
}

static enum cq_status read_scope(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                 struct access_columns *access)
{
    const struct db_in in[] = {IN_U64(access->access_token_id), IN_TEXT(key->scope)};
    const struct db_out out[] = {OUT_BOOL(access->row.has_scope)};

    return db_query_one(ctx, db, SELECT_SCOPE, in, LEN(in), out, LEN(out));
}

enum cq_status access_query(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                            const struct db_out *out, size_t n_out, const struct load_key *key,
                            struct access_columns *access)
{
    enum cq_status st = db_query(ctx, db, sql, in, n_in, out, n_out, take_role, access);

    if (!st && !access->is_found)
        st = CQ_TOKEN_UNKNOWN;
    access->row.has_scope = !access->is_scoped;
    return st || !access->is_scoped ? st : read_scope(ctx, db, key, access);
}

enum cq_status store_load_course(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                 struct access_row *access)
{
    struct access_columns a = {.is_found = false};
    const struct db_in in[] = {IN_U64(key->course_id), IN_BYTES(key->token_hash, SHA256_BYTES)};
    const struct db_out out[] = {ACCESS_OUT(a)};

    enum cq_status st = access_query(ctx, db, SELECT_COURSE, in, LEN(in), out, LEN(out), key, &a);
    if (!st)
        *access = a.row;
    return st;
}
