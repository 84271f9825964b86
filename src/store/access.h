/*
 * The part that every load shares: the caller by access token, the course, the roles in it.
 *
 * A load is SELECT ACCESS_COLUMNS, <columns of the thing> ACCESS_TABLES <joins of the thing> ACCESS_WHERE: one
 * statement, because round trips are the cost of a read. Each table is found by a whole unique key, and such rows are
 * read while the statement is planned: there is nothing left to plan. What few callers need costs those a statement of
 * their own: the scopes of a token that has some, and whether there is such a course for one who is no member of it.
 */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include "store/db.h"

#define ACCESS_COLUMNS        ACCESS_COLUMNS_AS(ACCESS_COLUMN)
#define ACCESS_COLUMN(column) column

/* For a load of many rows: each column is as(it). */
#define ACCESS_COLUMNS_AS(as) CALLER_COLUMNS_AS(as) ", " TOKEN_COLUMNS_AS(as) ", " MEMBER_COLUMNS_AS(as)
#define CALLER_COLUMNS_AS(as) as("t.user_id") ", " as("u.is_admin") ", " as("t.id") ", " as("t.is_scoped")
#define TOKEN_COLUMNS_AS(as)                                                                                           \
    as("t.expires_at") ", " as("t.expires_at <= UTC_TIMESTAMP(3)") ", " as("t.revoked_at IS NOT NULL") ", " as(        \
        "t.is_session") ", " as("t.touch_at <= UTC_TIMESTAMP(3)")
#define MEMBER_COLUMNS_AS(as) as("e.course_id") ", " as("e.roles")

/* The course is the statement's first parameter. */
#define ACCESS_TABLES                                                                                                  \
    " FROM access_token t JOIN user u ON u.id = t.user_id"                                                             \
    " LEFT JOIN course_member e ON e.course_id = ? AND e.user_id = t.user_id"

/* The token's hash is its last. */
#define ACCESS_WHERE " WHERE t.token_hash = ?"

struct access_columns {
    struct access_row row; /* course_id: until access_complete(), as a member */
    bool is_scoped, is_session, is_touch_due;
};

#define ACCESS_OUT(a)                                                                                                  \
    OUT_U64((a).row.user_id), OUT_BOOL((a).row.is_admin), OUT_U64((a).row.token_id), OUT_BOOL((a).is_scoped),          \
        OUT_TIME((a).row.expires_at_ms), OUT_BOOL((a).row.is_expired), OUT_BOOL((a).row.is_revoked),                   \
        OUT_BOOL((a).is_session), OUT_BOOL((a).is_touch_due), OUT_U64((a).row.course_id), OUT_U32((a).row.roles)

/* Run a load of key, of one row, whose outputs begin with ACCESS_OUT(*access). CQ_TOKEN_UNKNOWN: no row. */
enum cq_status access_query(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                            const struct db_out *out, size_t n_out, const struct load_key *key,
                            struct access_columns *access) MUST_USE;

/* What is left to do after a load of many rows: access as they told it. CQ_TOKEN_UNKNOWN: there was none. */
enum cq_status access_complete(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                               struct access_columns *access) MUST_USE;

#endif
