/* Who asks: the access token, its scopes, and the roles in the course. */
#include "store/access.h"

static const char SELECT_COURSE[] = "SELECT " ACCESS_COLUMNS ACCESS_TABLES ACCESS_WHERE;

enum cq_status access_query(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                            const struct db_out *out, size_t n_out)
{
    enum cq_status st = db_query_one(ctx, db, sql, in, n_in, out, n_out);

    return st == CQ_RESOURCE_NOT_FOUND ? CQ_TOKEN_UNKNOWN : st;
}

enum cq_status store_load_course(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                 struct access_row *access)
{
    struct access_row row = {0};
    const struct db_in in[] = {IN_TEXT(key->scope), IN_U64(key->course_id), IN_BYTES(key->token_hash, SHA256_BYTES)};
    const struct db_out out[] = {ACCESS_OUT(row)};

    enum cq_status st = access_query(ctx, db, SELECT_COURSE, in, LEN(in), out, LEN(out));
    if (!st)
        *access = row;
    return st;
}
