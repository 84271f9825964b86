/* Sessions of browsers: access tokens that a cookie carries, and whose limit moves with their use. */
#include "store/db.h"

/* When a session's limit is moved next; the parameter is how long it lives unused. */
#define TOUCH_NEXT "UTC_TIMESTAMP(3) + INTERVAL LEAST(60, ? DIV 10) SECOND"

/* What is over is of no use to anybody; a few at a time, so that no sign-in waits long. */
static const char DELETE_OLD_SESSIONS[] =
    "DELETE FROM access_token WHERE user_id = ? AND is_session = 1"
    " AND (expires_at <= UTC_TIMESTAMP(3) OR revoked_at IS NOT NULL) ORDER BY id LIMIT 100";

static const char INSERT_SESSION[] =
    "INSERT INTO access_token (user_id, token_hash, purpose, is_session, expires_at, touch_at, created_at)"
    " VALUES (?, ?, 'session', 1, UTC_TIMESTAMP(3) + INTERVAL ? SECOND, " TOUCH_NEXT ", UTC_TIMESTAMP(3))";

static const char END_SESSION[] = "UPDATE access_token SET revoked_at = UTC_TIMESTAMP(3)"
                                  " WHERE token_hash = ? AND is_session = 1 AND revoked_at IS NULL";

static const char SELECT_LIVE_SESSION[] =
    "SELECT COUNT(*) FROM access_token WHERE token_hash = ? AND is_session = 1 AND revoked_at IS NULL"
    " AND expires_at > UTC_TIMESTAMP(3)";

/* Of several requests that find it due only the first changes it. */
static const char TOUCH_SESSION[] =
    "UPDATE access_token SET expires_at = LEAST(created_at + INTERVAL ? SECOND, UTC_TIMESTAMP(3) + INTERVAL ? SECOND),"
    " touch_at = " TOUCH_NEXT " WHERE id = ? AND touch_at <= UTC_TIMESTAMP(3)";

static enum cq_status begin_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct new_session *s = arg;
    const struct db_in user[] = {IN_U64(s->user_id)};
    const struct db_in ended[] = {IN_BYTES(s->ended_hash, SHA256_BYTES)};
    uint32_t life_s = s->idle_s < s->absolute_s ? s->idle_s : s->absolute_s;
    const struct db_in in[] = {IN_U64(s->user_id), IN_BYTES(s->hash, SHA256_BYTES), IN_U64(life_s), IN_U64(s->idle_s)};

    enum cq_status st = db_execute(ctx, db, DELETE_OLD_SESSIONS, user, LEN(user), NULL);
    if (!st && s->ended_hash)
        st = db_execute(ctx, db, END_SESSION, ended, LEN(ended), NULL);
    if (!st)
        st = db_execute(ctx, db, INSERT_SESSION, in, LEN(in), NULL);
    return st == CQ_DUPLICATE && is_rerun ? CQ_OK : st; /* the first run was committed after all */
}

enum cq_status store_session_begin(struct cq_ctx *ctx, struct db *db, const struct new_session *session)
{
    struct new_session args = *session;

    return db_tx(ctx, db, begin_tx, &args);
}

static enum cq_status end_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct db_in in[] = {IN_BYTES(arg, SHA256_BYTES)};

    (void)is_rerun;
    return db_execute(ctx, db, END_SESSION, in, LEN(in), NULL);
}

enum cq_status store_session_end(struct cq_ctx *ctx, struct db *db, uint8_t hash[SHA256_BYTES])
{
    return db_tx(ctx, db, end_tx, hash);
}

enum cq_status store_session_is_live(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES], bool *out)
{
    const struct db_in in[] = {IN_BYTES(hash, SHA256_BYTES)};
    const struct db_out cols[] = {OUT_BOOL(*out)};

    return db_query_one(ctx, db, SELECT_LIVE_SESSION, in, LEN(in), cols, LEN(cols));
}

enum cq_status store_session_touch(struct cq_ctx *ctx, struct db *db, uint64_t id, uint32_t idle_s, uint32_t absolute_s)
{
    const struct db_in in[] = {IN_U64(absolute_s), IN_U64(idle_s), IN_U64(idle_s), IN_U64(id)};

    return db_execute_once(ctx, db, TOUCH_SESSION, in, LEN(in));
}
