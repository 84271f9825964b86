/*
 * The part that every load shares: the caller by access token, the scope, the course, the roles in it.
 *
 * A load is SELECT ACCESS_COLUMNS, <columns of the thing> ACCESS_TABLES <joins of the thing> ACCESS_WHERE: one
 * statement, because round trips are the cost of a read.
 */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include "store/db.h"

#define ACCESS_COLUMNS                                                                                                 \
    "t.user_id, u.is_admin, t.expires_at, t.expires_at <= UTC_TIMESTAMP(3), t.revoked_at IS NOT NULL,"                 \
    " t.is_scoped = 0 OR EXISTS (SELECT 1 FROM access_token_scope s WHERE s.access_token_id = t.id AND s.scope = ?),"  \
    " c.id, (SELECT COALESCE(BIT_OR(1 << e.role), 0) FROM enrollment e"                                                \
    " WHERE e.course_id = c.id AND e.user_id = t.user_id AND e.state = 'active')"

#define ACCESS_TABLES " FROM access_token t JOIN user u ON u.id = t.user_id LEFT JOIN course c ON c.id = ?"

#define ACCESS_WHERE  " WHERE t.token_hash = ?"

#define ACCESS_OUT(a)                                                                                                  \
    OUT_U64((a).user_id), OUT_BOOL((a).is_admin), OUT_TIME((a).expires_at_ms), OUT_BOOL((a).is_expired),               \
        OUT_BOOL((a).is_revoked), OUT_BOOL((a).has_scope), OUT_U64((a).course_id), OUT_U32((a).roles)

/* db_query_one(), where no row means an unknown token. */
enum cq_status access_query(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                            const struct db_out *out, size_t n_out) MUST_USE;

#endif
