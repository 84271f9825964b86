/* A user as they see themselves, and the change of their password. */
#include "store/session.h"

static const char SELECT_USER[] = "SELECT id, login, name, sortable_name, short_name, avatar_url, is_admin,"
                                  " password_hash IS NOT NULL, created_at FROM user WHERE id = ?";

enum cq_status store_user(struct cq_ctx *ctx, struct db *db, uint64_t id, struct user_row *out)
{
    struct user_row u = {0};
    const struct db_in in[] = {IN_U64(id)};
    const struct db_out cols[] = {OUT_U64(u.id),
                                  OUT_TEXT(u.login),
                                  OUT_TEXT(u.name),
                                  OUT_TEXT(u.sortable_name),
                                  OUT_TEXT(u.short_name),
                                  OUT_TEXT(u.avatar_url),
                                  OUT_BOOL(u.is_admin),
                                  OUT_BOOL(u.has_password),
                                  OUT_TIME(u.created_at_ms)};

    enum cq_status st = db_query_one(ctx, db, SELECT_USER, in, LEN(in), cols, LEN(cols));
    if (!st)
        *out = u;
    return st;
}

/* ---- the password ---- */

/* It finds what an earlier run has made of it, too. */
static const char UPDATE_PASSWORD[] = "UPDATE user SET password_hash = ? WHERE id = ? AND password_hash IN (?, ?)";

struct change_args {
    const struct password_change *change;
    uint64_t n_ended;
};

/* The user's row first: who signs in with the old password just now waits for it, or is found among the sessions. */
static enum cq_status change_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct change_args *args = arg;
    const struct password_change *c = args->change;
    const struct db_in in[] = {IN_TEXT(c->to), IN_U64(c->user_id), IN_TEXT(c->from), IN_TEXT(c->to)};
    uint64_t n_found = 0, n_ended = 0;

    enum cq_status st = db_execute(ctx, db, UPDATE_PASSWORD, in, LEN(in), &n_found);
    if (!st && !n_found)
        return CQ_RESOURCE_NOT_FOUND;
    if (!st)
        st = session_end_others(ctx, db, c->user_id, c->kept_session_id, &n_ended);
    if (!is_rerun || n_ended) /* else the first run has ended them */
        args->n_ended = n_ended;
    return st;
}

enum cq_status store_password_change(struct cq_ctx *ctx, struct db *db, const struct password_change *change,
                                     uint64_t *n_ended)
{
    struct change_args args = {.change = change};

    enum cq_status st = db_tx(ctx, db, change_tx, &args);
    if (!st)
        *n_ended = args.n_ended;
    return st;
}
