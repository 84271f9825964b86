/* Signing in with a name: whose it is, and how often that failed of late. */
#include "store/db.h"

/* ---- people ---- */

static const char SELECT_USER_OF_LOGIN[] = "SELECT id, login, password_hash FROM user WHERE login = ?";
static const char SELECT_USER_OF_ID[] = "SELECT id, login, password_hash FROM user WHERE id = ?";

static enum cq_status find_user(struct cq_ctx *ctx, struct db *db, const char *sql, struct db_in by,
                                struct sign_in_user *out)
{
    struct sign_in_user u = {0};
    const struct db_out cols[] = {OUT_U64(u.id), OUT_TEXT(u.login), OUT_TEXT(u.password_hash)};

    enum cq_status st = db_query_one(ctx, db, sql, &by, 1, cols, LEN(cols));
    if (!st)
        *out = u;
    return st;
}

enum cq_status store_sign_in_user(struct cq_ctx *ctx, struct db *db, const char *login, struct sign_in_user *out)
{
    return find_user(ctx, db, SELECT_USER_OF_LOGIN, IN_TEXT(login), out);
}

enum cq_status store_sign_in_user_by_id(struct cq_ctx *ctx, struct db *db, uint64_t id, struct sign_in_user *out)
{
    return find_user(ctx, db, SELECT_USER_OF_ID, IN_U64(id), out);
}

/* ---- failures ---- */

static const char SELECT_FAILURES[] =
    "SELECT COALESCE(MAX(60 - TIMESTAMPDIFF(SECOND, began_at, UTC_TIMESTAMP(3))), 0) FROM sign_in_failure"
    " WHERE subject IN (?, ?) AND n >= ? AND began_at > UTC_TIMESTAMP(3) - INTERVAL 60 SECOND";

/* n is set first, by the old began_at: assignments are made from left to right. */
static const char COUNT_FAILURE[] =
    "INSERT INTO sign_in_failure (subject, began_at, n) VALUES (?, UTC_TIMESTAMP(3), 1), (?, UTC_TIMESTAMP(3), 1)"
    " ON DUPLICATE KEY UPDATE n = IF(began_at > UTC_TIMESTAMP(3) - INTERVAL 60 SECOND, n + 1, 1),"
    " began_at = IF(began_at > UTC_TIMESTAMP(3) - INTERVAL 60 SECOND, began_at, UTC_TIMESTAMP(3))";

static const char DELETE_OLD_FAILURES[] =
    "DELETE FROM sign_in_failure WHERE began_at <= UTC_TIMESTAMP(3) - INTERVAL 60 SECOND ORDER BY began_at LIMIT 100";

#define IN_SUBJECT(hash) IN_BYTES(hash, SHA256_BYTES)

enum cq_status store_sign_in_wait(struct cq_ctx *ctx, struct db *db, const struct sign_in_subjects *subjects,
                                  uint32_t limit, uint32_t *wait_s)
{
    const struct db_in in[] = {IN_SUBJECT(subjects->pair), IN_SUBJECT(subjects->address), IN_U64(limit)};
    const struct db_out out[] = {OUT_U32(*wait_s)};

    return db_query_one(ctx, db, SELECT_FAILURES, in, LEN(in), out, LEN(out));
}

static enum cq_status failed_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct sign_in_subjects *subjects = arg;
    const struct db_in in[] = {IN_SUBJECT(subjects->pair), IN_SUBJECT(subjects->address)};

    (void)is_rerun; /* one failure counted twice is no harm */
    return db_execute(ctx, db, COUNT_FAILURE, in, LEN(in), NULL);
}

enum cq_status store_sign_in_failed(struct cq_ctx *ctx, struct db *db, struct sign_in_subjects *subjects)
{
    enum cq_status st = db_tx(ctx, db, failed_tx, subjects);

    /* What nobody would look at again goes too. Another worker may do so at this moment: then it is done. */
    if (!st)
        (void)!db_execute_once(ctx, db, DELETE_OLD_FAILURES, NULL, 0);
    return st;
}
