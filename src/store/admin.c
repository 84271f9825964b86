/* People, courses, enrollments and access tokens, as the command line writes them. */
#include "store/db.h"

/* ---- users ---- */

static const char INSERT_USER[] =
    "INSERT INTO user (login, name, sortable_name, short_name, email, password_hash, is_admin, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))";

static const char SELECT_USER_BY_LOGIN[] = "SELECT id FROM user WHERE login = ?";

struct user_args {
    const struct new_user *user;
    uint64_t id;
};

static enum cq_status user_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct user_args *args = arg;
    const struct new_user *u = args->user;
    const struct db_in in[] = {IN_TEXT(u->login),      IN_TEXT(u->name),  IN_TEXT(u->sortable_name),
                               IN_TEXT(u->short_name), IN_TEXT(u->email), IN_TEXT(u->password_hash),
                               IN_U64(u->is_admin)};

    (void)is_rerun; /* a second one meets the unique login */
    enum cq_status st = db_execute(ctx, db, INSERT_USER, in, LEN(in), NULL);
    args->id = db_insert_id(db);
    return st;
}

enum cq_status store_user_add(struct cq_ctx *ctx, struct db *db, const struct new_user *user, uint64_t *id)
{
    struct user_args args = {.user = user};

    enum cq_status st = db_tx(ctx, db, user_tx, &args);
    if (!st)
        *id = args.id;
    return st;
}

enum cq_status store_user_by_login(struct cq_ctx *ctx, struct db *db, const char *login, uint64_t *id)
{
    const struct db_in in[] = {IN_TEXT(login)};
    const struct db_out out[] = {OUT_U64(*id)};

    return db_query_one(ctx, db, SELECT_USER_BY_LOGIN, in, LEN(in), out, LEN(out));
}

/* ---- courses and enrollments ---- */

static const char INSERT_COURSE[] = "INSERT INTO course (code, name, created_at) VALUES (?, ?, UTC_TIMESTAMP(3))";

struct course_args {
    const char *code, *name;
    uint64_t id;
};

static enum cq_status course_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct course_args *args = arg;
    const struct db_in in[] = {IN_TEXT(args->code), IN_TEXT(args->name)};

    if (is_rerun)
        return cq_fail(ctx, CQ_BUSY, "database: connection lost while committing; see whether the course is there");
    enum cq_status st = db_execute(ctx, db, INSERT_COURSE, in, LEN(in), NULL);
    args->id = db_insert_id(db);
    return st;
}

enum cq_status store_course_add(struct cq_ctx *ctx, struct db *db, const char *code, const char *name, uint64_t *id)
{
    struct course_args args = {code, name, 0};

    enum cq_status st = db_tx(ctx, db, course_tx, &args);
    if (!st)
        *id = args.id;
    return st;
}

static const char SELECT_COURSE[] = "SELECT id FROM course WHERE id = ?";

enum cq_status store_course_find(struct cq_ctx *ctx, struct db *db, uint64_t id)
{
    uint64_t found = 0;
    const struct db_in in[] = {IN_U64(id)};
    const struct db_out out[] = {OUT_U64(found)};

    return db_query_one(ctx, db, SELECT_COURSE, in, LEN(in), out, LEN(out));
}

/* The member's row first: whoever else enrolls the same user in the same course waits for it. */
static const char LOCK_MEMBER[] = "INSERT INTO course_member (course_id, user_id, roles) VALUES (?, ?, 0)"
                                  " ON DUPLICATE KEY UPDATE roles = roles";

static const char UPSERT_ENROLLMENT[] =
    "INSERT INTO enrollment (course_id, user_id, role, state, created_at) VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))"
    " ON DUPLICATE KEY UPDATE state = ?";

static const char UPDATE_MEMBER[] =
    "UPDATE course_member SET roles = (SELECT BIT_OR(1 << e.role) FROM enrollment e"
    " WHERE e.course_id = ? AND e.user_id = ? AND e.state = 'active') WHERE course_id = ? AND user_id = ?";

static const char SELECT_ENROLLMENT[] = "SELECT id FROM enrollment WHERE course_id = ? AND user_id = ? AND role = ?";

struct enroll_args {
    uint64_t course_id, user_id;
    enum role role;
    const char *state;
    uint64_t id;
};

static enum cq_status enroll_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct enroll_args *args = arg;
    const struct db_in in[] = {IN_U64(args->course_id), IN_U64(args->user_id), IN_U64(args->role), IN_TEXT(args->state),
                               IN_TEXT(args->state)};
    const struct db_in member[] = {in[0], in[1], in[0], in[1]};
    const struct db_out out[] = {OUT_U64(args->id)};

    (void)is_rerun;
    enum cq_status st = db_execute(ctx, db, LOCK_MEMBER, member, 2, NULL);
    if (!st)
        st = db_execute(ctx, db, UPSERT_ENROLLMENT, in, LEN(in), NULL);
    if (!st)
        st = db_execute(ctx, db, UPDATE_MEMBER, member, LEN(member), NULL);
    if (!st)
        st = db_query_one(ctx, db, SELECT_ENROLLMENT, in, 3, out, LEN(out));
    return st;
}

enum cq_status store_enroll(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t user_id, enum role role,
                            bool is_active, uint64_t *id)
{
    struct enroll_args args = {course_id, user_id, role, is_active ? "active" : "completed", 0};

    enum cq_status st = db_tx(ctx, db, enroll_tx, &args);
    if (!st)
        *id = args.id;
    return st;
}

/* ---- access tokens ---- */

static const char INSERT_ACCESS_TOKEN[] =
    "INSERT INTO access_token (user_id, token_hash, purpose, is_scoped, expires_at, created_at)"
    " VALUES (?, ?, ?, ?, IF(?, UTC_TIMESTAMP(3) + INTERVAL ? SECOND, NULL), UTC_TIMESTAMP(3))";

static const char INSERT_SCOPE[] = "INSERT INTO access_token_scope (access_token_id, scope) VALUES (?, ?)"
                                   " ON DUPLICATE KEY UPDATE scope = scope";

static const char SELECT_ACCESS_TOKEN[] = "SELECT id, expires_at FROM access_token WHERE token_hash = ?";

static const char REVOKE_BY_ID[] =
    "UPDATE access_token SET revoked_at = COALESCE(revoked_at, UTC_TIMESTAMP(3)) WHERE id = ?";

static const char REVOKE_BY_HASH[] =
    "UPDATE access_token SET revoked_at = COALESCE(revoked_at, UTC_TIMESTAMP(3)) WHERE token_hash = ?";

struct token_args {
    const struct new_access_token *token;
    uint64_t id;
    int64_t expires_at_ms;
};

static enum cq_status token_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct token_args *args = arg;
    const struct new_access_token *t = args->token;
    const struct db_in in[] = {IN_U64(t->user_id),       IN_BYTES(t->hash, SHA256_BYTES), IN_TEXT(t->purpose),
                               IN_U64(t->n_scopes != 0), IN_U64(t->expires_in_s != 0),    IN_U64(t->expires_in_s)};
    const struct db_in by_hash[] = {IN_BYTES(t->hash, SHA256_BYTES)};
    const struct db_out out[] = {OUT_U64(args->id), OUT_TIME(args->expires_at_ms)};

    if (is_rerun && !db_query_one(ctx, db, SELECT_ACCESS_TOKEN, by_hash, 1, out, LEN(out)))
        return CQ_OK; /* the first run was committed after all */
    enum cq_status st = db_execute(ctx, db, INSERT_ACCESS_TOKEN, in, LEN(in), NULL);
    if (!st)
        st = db_query_one(ctx, db, SELECT_ACCESS_TOKEN, by_hash, 1, out, LEN(out));
    for (size_t i = 0; !st && i < t->n_scopes; i++) {
        const struct db_in scope[] = {IN_U64(args->id), IN_TEXT(t->scopes[i])};

        st = db_execute(ctx, db, INSERT_SCOPE, scope, LEN(scope), NULL);
    }
    return st;
}

enum cq_status store_access_token_add(struct cq_ctx *ctx, struct db *db, const struct new_access_token *token,
                                      uint64_t *id, int64_t *expires_at_ms)
{
    struct token_args args = {.token = token};

    enum cq_status st = db_tx(ctx, db, token_tx, &args);
    if (st)
        return st;
    *id = args.id;
    *expires_at_ms = args.expires_at_ms;
    return CQ_OK;
}

struct revoke_args {
    uint64_t id;
    const uint8_t *hash;
};

static enum cq_status revoke_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct revoke_args *args = arg;
    const struct db_in by_id[] = {IN_U64(args->id)};
    const struct db_in by_hash[] = {IN_BYTES(args->hash, SHA256_BYTES)};
    uint64_t matched = 0;

    (void)is_rerun;
    enum cq_status st = args->id ? db_execute(ctx, db, REVOKE_BY_ID, by_id, 1, &matched)
                                 : db_execute(ctx, db, REVOKE_BY_HASH, by_hash, 1, &matched);
    return !st && !matched ? CQ_RESOURCE_NOT_FOUND : st;
}

enum cq_status store_access_token_revoke(struct cq_ctx *ctx, struct db *db, uint64_t id,
                                         const uint8_t hash[SHA256_BYTES])
{
    struct revoke_args args = {id, hash};

    return db_tx(ctx, db, revoke_tx, &args);
}
