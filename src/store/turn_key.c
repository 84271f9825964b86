/* Requests that may be repeated, and turns that are begun again or given up: what both APIs' turns do alike. */
#include "store/turn.h"

static const char SELECT_TURN_BY_KEY[] =
    "SELECT t.id, t.conversation_id, t.user_seq, t.reply_seq, t.state, t.reply_uuid, t.met_at, v.learning_objective,"
    " v.has_feedback, t.lease_until <= UTC_TIMESTAMP(3), k.body_hash = ? FROM idempotency_key k JOIN turn t ON t.id = "
    "k.turn_id"
    " JOIN conversation v ON v.id = t.conversation_id WHERE k.user_id = ? AND k.request_hash = ?";

static const char INSERT_KEY[] = "INSERT INTO idempotency_key (user_id, request_hash, body_hash, turn_id, created_at)"
                                 " VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE turn_id = ?";

static const char INSERT_NEW_KEY[] =
    "INSERT INTO idempotency_key (user_id, request_hash, body_hash, turn_id, created_at)"
    " VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))";

static const char BEGIN_TURN_AGAIN[] =
    "UPDATE turn SET state = 'pending', is_running = 1, is_stopping = 0, failure = NULL, finished_at = NULL,"
    " reply_uuid = ?, owner = ?, lease_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND, is_continuing = ? WHERE id = ?";

static const char EXPIRE_TURN[] =
    "UPDATE turn SET state = 'failed', is_running = NULL, failure = 'lease_expired', finished_at = UTC_TIMESTAMP(3)"
    " WHERE id = ?";

bool turn_is_running(const struct found_turn *found)
{
    return str_eq(found->state, "pending") && !found->is_expired;
}

enum cq_status turn_by_key(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const struct request_key *key,
                           struct found_turn *out)
{
    struct found_turn f = {0};
    const struct db_in in[] = {IN_BYTES(key->body_hash, SHA256_BYTES), IN_U64(user_id),
                               IN_BYTES(key->hash, SHA256_BYTES)};
    const struct db_out cols[] = {OUT_U64(f.id),
                                  OUT_U64(f.conversation_id),
                                  OUT_U32(f.user_seq),
                                  OUT_U32(f.reply_seq),
                                  OUT_TEXT(f.state),
                                  OUT_TEXT(f.reply_uuid),
                                  OUT_TEXT(f.met_at),
                                  OUT_TEXT(f.learning_objective),
                                  OUT_BOOL(f.has_feedback),
                                  OUT_BOOL(f.is_expired),
                                  OUT_BOOL(f.is_same_body)};

    enum cq_status st = db_query_one(ctx, db, SELECT_TURN_BY_KEY, in, LEN(in), cols, LEN(cols));
    if (!st)
        *out = f;
    return st;
}

enum cq_status turn_remember_key(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const struct request_key *key,
                                 uint64_t turn_id, bool is_new)
{
    const struct db_in in[] = {IN_U64(user_id), IN_BYTES(key->hash, SHA256_BYTES),
                               IN_BYTES(key->body_hash, SHA256_BYTES), IN_U64(turn_id), IN_U64(turn_id)};

    if (!key->hash)
        return CQ_OK;
    if (!is_new)
        return db_execute(ctx, db, INSERT_KEY, in, LEN(in), NULL);
    enum cq_status st = db_execute(ctx, db, INSERT_NEW_KEY, in, LEN(in) - 1, NULL);
    return st == CQ_DUPLICATE ? CQ_AGAIN : st;
}

enum cq_status turn_begin_again(struct cq_ctx *ctx, struct db *db, uint64_t id, const char *reply_uuid,
                                const char *owner, uint32_t lease_s, bool is_continuing)
{
    const struct db_in in[] = {IN_TEXT(reply_uuid), IN_TEXT(owner), IN_U64(lease_s), IN_U64(is_continuing), IN_U64(id)};

    return db_execute(ctx, db, BEGIN_TURN_AGAIN, in, LEN(in), NULL);
}

enum cq_status turn_give_up(struct cq_ctx *ctx, struct db *db, uint64_t id)
{
    const struct db_in in[] = {IN_U64(id)};

    return db_execute(ctx, db, EXPIRE_TURN, in, LEN(in), NULL);
}
