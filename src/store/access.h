/*
 * The part that every load shares: the caller by access token, the course, the roles in it.
 *
 * A load is SELECT ACCESS_COLUMNS, <columns of the thing> ACCESS_TABLES <joins of the thing> ACCESS_WHERE: one
 * statement, because round trips are the cost of a read. Each table is found by a whole unique key, and such rows are
 * read while the statement is planned: there is nothing left to plan. Only the roles may be several, each of them a row
 * of the result; as a subquery they would take longer to plan than all the rest. Few tokens have scopes: those pay for
 * them with a statement of their own.
 */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include "store/db.h"

#define ACCESS_COLUMNS                                                                                                 \
    "t.user_id, u.is_admin, t.expires_at, t.expires_at <= UTC_TIMESTAMP(3), t.revoked_at IS NOT NULL,"                 \
    " t.id, t.is_scoped, c.id, 1 << e.role"

#define ACCESS_TABLES " FROM access_token t JOIN user u ON u.id = t.user_id LEFT JOIN course c ON c.id = ?"

#define ACCESS_WHERE                                                                                                   \
    " LEFT JOIN enrollment e FORCE INDEX (enrollment_user)"                                                            \
    " ON e.course_id = c.id AND e.user_id = t.user_id AND e.state = 'active' WHERE t.token_hash = ?"

/* For a load of many rows: the roles all in one, which is worth its planning then. No ACCESS_WHERE, but a WHERE of its own. */
#define ACCESS_COLUMNS_OF_MANY                                                                                         \
    "t.user_id, u.is_admin, t.expires_at, t.expires_at <= UTC_TIMESTAMP(3), t.revoked_at IS NOT NULL,"                 \
    " t.id, t.is_scoped, c.id, (SELECT BIT_OR(1 << e.role) FROM enrollment e FORCE INDEX (enrollment_user)"            \
    " WHERE e.course_id = c.id AND e.user_id = t.user_id AND e.state = 'active')"

struct access_columns {
    struct access_row row; /* roles: of the rows so far */
    uint64_t access_token_id;
    uint32_t roles; /* of this row */
    bool is_scoped, is_found;
    db_row_fn *next; /* called for each row after that, unless NULL */
    void *next_arg;
};

#define ACCESS_OUT(a)                                                                                                  \
    OUT_U64((a).row.user_id), OUT_BOOL((a).row.is_admin), OUT_TIME((a).row.expires_at_ms),                             \
        OUT_BOOL((a).row.is_expired), OUT_BOOL((a).row.is_revoked), OUT_U64((a).access_token_id),                      \
        OUT_BOOL((a).is_scoped), OUT_U64((a).row.course_id), OUT_U32((a).roles)

/* Run a load of key whose outputs begin with ACCESS_OUT(*access). CQ_TOKEN_UNKNOWN: no row. */
enum cq_status access_query(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                            const struct db_out *out, size_t n_out, const struct load_key *key,
                            struct access_columns *access) MUST_USE;

#endif
