/* What users are told of themselves: who they are, their signed-in browsers, their courses. Part of store.h. */
#ifndef COLLOQUY_STORE_ACCOUNT_H
#define COLLOQUY_STORE_ACCOUNT_H

#include "colloquy/base.h"

struct db;

/* ---- who one is (user.c) ---- */

struct user_row {
    uint64_t id;
    const char *login, *name, *sortable_name, *short_name;
    const char *avatar_url; /* NULL: none */
    bool is_admin, has_password;
    int64_t created_at_ms;
};

enum cq_status store_user(struct cq_ctx *ctx, struct db *db, uint64_t id, struct user_row *out) MUST_USE;

struct password_change {
    uint64_t user_id;
    const char *from, *to;    /* hashes: the one that was verified, and the new one */
    uint64_t kept_session_id; /* 0: none */
};

/*
 * Change it, and end all the user's sessions but the one that is kept: n_ended of them. CQ_RESOURCE_NOT_FOUND: the password is
 * no more that which was verified.
 */
enum cq_status store_password_change(struct cq_ctx *ctx, struct db *db, const struct password_change *change,
                                     uint64_t *n_ended) MUST_USE;

/* ---- signed-in browsers (session.c) ---- */

enum { SESSIONS_MAX = 100 };

struct session_row {
    uint64_t id;
    int64_t created_at_ms, expires_at_ms;
    int64_t used_at_ms;               /* to a minute */
    const char *user_agent, *address; /* of the sign-in; NULL: not known */
};

struct session_list {
    struct session_row *rows; /* latest use first */
    size_t n;                 /* at most SESSIONS_MAX: of more, the latest */
};

/* Those of the user that are not over. idle_s: as the config has it. */
enum cq_status store_session_list(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint32_t idle_s,
                                  struct session_list *out) MUST_USE;

/* End one of the user's: out gets it as it was. CQ_RESOURCE_NOT_FOUND: it is not there, over, or another user's. */
enum cq_status store_session_end_by_id(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t id,
                                       uint32_t idle_s, struct session_row *out) MUST_USE;

/* End all of the user's but that one (0: none is spared). */
enum cq_status store_session_end_others(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t kept_id,
                                        uint64_t *n_ended) MUST_USE;

/* ---- courses (course.c) ---- */

struct course_row {
    uint64_t id;
    const char *name, *code;
    uint32_t roles; /* the user's: bit 1 << enum role for each active enrollment */
};

struct course_list {
    struct course_row *rows; /* by name, then id */
    size_t n;
    uint64_t total; /* in all pages */
};

/* One page of those in which the user has an active enrollment; with is_admin of all there are. */
enum cq_status store_course_list(struct cq_ctx *ctx, struct db *db, uint64_t user_id, bool is_admin, uint64_t limit,
                                 uint64_t offset, struct course_list *out) MUST_USE;

/* Without roles, which a load brings. */
enum cq_status store_course(struct cq_ctx *ctx, struct db *db, uint64_t id, struct course_row *out) MUST_USE;

#endif
