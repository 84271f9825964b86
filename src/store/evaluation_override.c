/* Verdicts of people on objectives of a conversation, beside those of its evaluation. They are read with that. */
#include "store/evaluation_override.h"

#include <string.h>

/* First: whoever deletes the conversation waits. */
static const char LOCK_CONVERSATION[] = "SELECT id FROM conversation WHERE id = ? FOR UPDATE";

static const char PUT_OVERRIDE[] =
    "INSERT INTO evaluation_override (conversation_id, objective_hash, met, reason, user_id, created_at, updated_at)"
    " VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))"
    " ON DUPLICATE KEY UPDATE met = ?, reason = ?, user_id = ?, updated_at = UTC_TIMESTAMP(3)";

static const char SELECT_OVERRIDE[] =
    "SELECT " OVERRIDE_COLUMNS " FROM evaluation_override o JOIN user u ON u.id = o.user_id"
    " WHERE o.conversation_id = ? AND o.objective_hash = ?";

static const char REMOVE_OVERRIDE[] =
    "DELETE FROM evaluation_override WHERE conversation_id = ? AND objective_hash = ?";

struct evaluation_override override_fetched(const struct override_columns *columns)
{
    struct evaluation_override row = columns->row;

    memcpy(row.objective_hash, columns->hash, SHA256_BYTES);
    return row;
}

struct put_args {
    const struct new_override *override;
    struct override_columns found;
};

static enum cq_status put_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct put_args *args = arg;
    const struct new_override *o = args->override;
    uint64_t id;
    const struct db_in conversation = IN_U64(o->conversation_id), hash = IN_BYTES(o->objective_hash, SHA256_BYTES),
                       met = IN_U64(o->is_met), reason = IN_TEXT(o->reason), user = IN_U64(o->user_id);
    const struct db_in put[] = {conversation, hash, met, reason, user, met, reason, user};
    const struct db_in key[] = {conversation, hash};
    const struct db_out locked[] = {OUT_U64(id)}, out[] = {OVERRIDE_OUT(args->found)};

    (void)is_rerun; /* the same again is the same row */
    enum cq_status st = db_query_one(ctx, db, LOCK_CONVERSATION, key, 1, locked, LEN(locked));
    if (!st)
        st = db_execute(ctx, db, PUT_OVERRIDE, put, LEN(put), NULL);
    return st ? st : db_query_one(ctx, db, SELECT_OVERRIDE, key, LEN(key), out, LEN(out));
}

enum cq_status store_override_put(struct cq_ctx *ctx, struct db *db, const struct new_override *override,
                                  struct evaluation_override *row)
{
    struct put_args args = {.override = override};

    enum cq_status st = db_tx(ctx, db, put_tx, &args);
    if (!st)
        *row = override_fetched(&args.found);
    return st;
}

enum cq_status store_override_remove(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id,
                                     const uint8_t objective_hash[SHA256_BYTES])
{
    const struct db_in in[] = {IN_U64(conversation_id), IN_BYTES(objective_hash, SHA256_BYTES)};

    return db_execute(ctx, db, REMOVE_OVERRIDE, in, LEN(in), NULL);
}
