/* Sessions of browsers: access tokens that a cookie carries, and whose limit moves with their use. */
#include "store/session.h"

/* When a session's limit is moved next; the parameter is how long it lives unused. */
#define TOUCH_NEXT "UTC_TIMESTAMP(3) + INTERVAL LEAST(60, ? DIV 10) SECOND"

/* What is over is of no use to anybody; a few at a time, so that no sign-in waits long. */
static const char DELETE_OLD_SESSIONS[] =
    "DELETE FROM access_token WHERE user_id = ? AND is_session = 1"
    " AND (expires_at <= UTC_TIMESTAMP(3) OR revoked_at IS NOT NULL) ORDER BY id LIMIT 100";

/* Who changes the password just now holds that row, and is waited for. */
static const char LOCK_USER[] = "SELECT id, password_hash FROM user WHERE id = ? LOCK IN SHARE MODE";

static const char INSERT_SESSION[] =
    "INSERT INTO access_token (user_id, token_hash, purpose, is_session, expires_at, touch_at, created_at, user_agent,"
    " address) VALUES (?, ?, 'session', 1, UTC_TIMESTAMP(3) + INTERVAL ? SECOND, " TOUCH_NEXT
    ", UTC_TIMESTAMP(3), ?, ?)";

static const char END_SESSION[] = "UPDATE access_token SET revoked_at = UTC_TIMESTAMP(3)"
                                  " WHERE token_hash = ? AND is_session = 1 AND revoked_at IS NULL";

#define IS_LIVE " is_session = 1 AND revoked_at IS NULL AND expires_at > UTC_TIMESTAMP(3)"

static const char SELECT_LIVE_SESSION[] = "SELECT COUNT(*) FROM access_token WHERE token_hash = ? AND" IS_LIVE;

/* Of several requests that find it due only the first changes it. */
static const char TOUCH_SESSION[] =
    "UPDATE access_token SET expires_at = LEAST(created_at + INTERVAL ? SECOND, UTC_TIMESTAMP(3) + INTERVAL ? SECOND),"
    " touch_at = " TOUCH_NEXT " WHERE id = ? AND touch_at <= UTC_TIMESTAMP(3) AND expires_at > UTC_TIMESTAMP(3)";

/* That there is such a user, whose password is still the one that was verified. */
static enum cq_status lock_user(struct cq_ctx *ctx, struct db *db, const struct new_session *s)
{
    const char *hash = NULL;
    uint64_t id;
    const struct db_in in[] = {IN_U64(s->user_id)};
    const struct db_out cols[] = {OUT_U64(id), OUT_TEXT(hash)};

    enum cq_status st = db_query_one(ctx, db, LOCK_USER, in, LEN(in), cols, LEN(cols));
    return !st && s->password_hash && !str_eq(hash, s->password_hash) ? CQ_RESOURCE_NOT_FOUND : st;
}

static enum cq_status insert(struct cq_ctx *ctx, struct db *db, const struct new_session *s)
{
    uint32_t life_s = s->idle_s < s->absolute_s ? s->idle_s : s->absolute_s;
    const struct db_in in[] = {IN_U64(s->user_id), IN_BYTES(s->hash, SHA256_BYTES), IN_U64(life_s),
                               IN_U64(s->idle_s),  IN_TEXT(s->user_agent),          IN_TEXT(s->address)};

    return db_execute(ctx, db, INSERT_SESSION, in, LEN(in), NULL);
}

/* The user's row first, as whoever changes the password has it. */
static enum cq_status begin_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct new_session *s = arg;
    const struct db_in user[] = {IN_U64(s->user_id)};
    const struct db_in ended[] = {IN_BYTES(s->ended_hash, SHA256_BYTES)};

    enum cq_status st = lock_user(ctx, db, s);
    if (!st)
        st = db_execute(ctx, db, DELETE_OLD_SESSIONS, user, LEN(user), NULL);
    if (!st && s->ended_hash)
        st = db_execute(ctx, db, END_SESSION, ended, LEN(ended), NULL);
    if (!st)
        st = insert(ctx, db, s);
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

/* ---- as their user sees them ---- */

/* The last use that was noted is when the limit was moved: so long before it is to be moved next. */
#define SESSION_COLUMNS                                                                                                \
    "SELECT id, created_at, touch_at - INTERVAL LEAST(60, ? DIV 10) SECOND, expires_at, user_agent, address"           \
    " FROM access_token WHERE user_id = ? AND" IS_LIVE

_Static_assert(SESSIONS_MAX == 100, "as LIST_SESSIONS has it");

static const char LIST_SESSIONS[] = SESSION_COLUMNS " ORDER BY touch_at DESC, id DESC LIMIT 100";
static const char LOCK_SESSION[] = SESSION_COLUMNS " AND id = ? FOR UPDATE";
static const char END_SESSION_OF_ID[] = "UPDATE access_token SET revoked_at = UTC_TIMESTAMP(3) WHERE id = ?";
static const char END_OTHER_SESSIONS[] =
    "UPDATE access_token SET revoked_at = UTC_TIMESTAMP(3) WHERE user_id = ? AND id <> ? AND" IS_LIVE;

#define SESSION_OUT(s)                                                                                                 \
    OUT_U64((s).id), OUT_TIME((s).created_at_ms), OUT_TIME((s).used_at_ms), OUT_TIME((s).expires_at_ms),               \
        OUT_TEXT((s).user_agent), OUT_TEXT((s).address)

/* Where idle_s was changed since, what is reckoned from it may lie before the sign-in. */
static struct session_row corrected(struct session_row row)
{
    if (row.used_at_ms < row.created_at_ms)
        row.used_at_ms = row.created_at_ms;
    return row;
}

struct session_rows {
    struct session_row row; /* being fetched */
    struct session_list list;
};

static enum cq_status take_session(struct cq_ctx *ctx, void *arg)
{
    struct session_rows *rows = arg;

    (void)ctx;
    if (rows->list.n < SESSIONS_MAX)
        rows->list.rows[rows->list.n++] = corrected(rows->row);
    return CQ_OK;
}

enum cq_status store_session_list(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint32_t idle_s,
                                  struct session_list *out)
{
    struct session_rows rows = {.list = {.rows = arena_zalloc(ctx->arena, SESSIONS_MAX, sizeof(*rows.list.rows))}};
    const struct db_in in[] = {IN_U64(idle_s), IN_U64(user_id)};
    const struct db_out cols[] = {SESSION_OUT(rows.row)};

    if (!rows.list.rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = db_query(ctx, db, LIST_SESSIONS, in, LEN(in), cols, LEN(cols), take_session, &rows);
    if (!st)
        *out = rows.list;
    return st;
}

struct end_args {
    uint64_t user_id, id; /* of the session to be ended; of others: to be spared */
    uint32_t idle_s;
    struct session_row row; /* once it was found */
    uint64_t n_ended;
};

static enum cq_status end_by_id_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct end_args *args = arg;
    struct session_row row = {0};
    const struct db_in in[] = {IN_U64(args->idle_s), IN_U64(args->user_id), IN_U64(args->id)};
    const struct db_out cols[] = {SESSION_OUT(row)};

    enum cq_status st = db_query_one(ctx, db, LOCK_SESSION, in, LEN(in), cols, LEN(cols));
    if (st == CQ_RESOURCE_NOT_FOUND && is_rerun && args->row.id)
        return CQ_OK; /* the first run was committed after all */
    if (st)
        return st;
    args->row = corrected(row);
    return db_execute(ctx, db, END_SESSION_OF_ID, &in[2], 1, NULL);
}

enum cq_status store_session_end_by_id(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t id,
                                       uint32_t idle_s, struct session_row *out)
{
    struct end_args args = {.user_id = user_id, .id = id, .idle_s = idle_s};

    enum cq_status st = db_tx(ctx, db, end_by_id_tx, &args);
    if (!st)
        *out = args.row;
    return st;
}

enum cq_status session_end_others(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t kept_id,
                                  uint64_t *n_ended)
{
    const struct db_in in[] = {IN_U64(user_id), IN_U64(kept_id)};

    return db_execute(ctx, db, END_OTHER_SESSIONS, in, LEN(in), n_ended);
}

static enum cq_status end_others_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct end_args *args = arg;
    uint64_t n_ended = 0;

    enum cq_status st = session_end_others(ctx, db, args->user_id, args->id, &n_ended);
    if (!is_rerun || n_ended) /* else the first run has ended them */
        args->n_ended = n_ended;
    return st;
}

enum cq_status store_session_end_others(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t kept_id,
                                        uint64_t *n_ended)
{
    struct end_args args = {.user_id = user_id, .id = kept_id};

    enum cq_status st = db_tx(ctx, db, end_others_tx, &args);
    if (!st)
        *n_ended = args.n_ended;
    return st;
}
