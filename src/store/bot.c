/* Bots: finding them, who may use them, and that they were used. */
#include "store/bot.h"

#include "store/access.h"

static const char LOAD_BOT[] =
    "SELECT " ACCESS_COLUMNS ", " BOT_COLUMNS
    ", " BOT_IS_USABLE("t.user_id", "u.is_admin") ", " BOT_IS_EDITABLE("t.user_id", "u.is_admin") ACCESS_TABLES
    " LEFT JOIN bot b ON b.name = ? AND b.is_live = 1" ACCESS_WHERE;

enum cq_status store_load_bot(struct cq_ctx *ctx, struct db *db, const struct load_key *key, struct access_row *access,
                              struct bot_row *row)
{
    struct access_columns a = {.is_scoped = false};
    struct bot_row b = {0};
    const struct db_in in[] = {IN_U64(key->course_id), IN_TEXT(key->bot_name), IN_BYTES(key->token_hash, SHA256_BYTES)};
    const struct db_out out[] = {ACCESS_OUT(a), BOT_OUT(b), OUT_BOOL(b.is_usable), OUT_BOOL(b.is_editable)};

    enum cq_status st = access_query(ctx, db, LOAD_BOT, in, LEN(in), out, LEN(out), key, &a);
    if (st)
        return st;
    *access = a.row;
    *row = b;
    return CQ_OK;
}

#define SELECT_USABLE                                                                                                  \
    "SELECT " BOT_COLUMNS ", " BOT_IS_EDITABLE("u.id", "u.is_admin") " FROM user u JOIN bot b ON b.is_live = 1 AND "
#define WHERE_USABLE " WHERE u.id = ? AND " BOT_IS_USABLE("u.id", "u.is_admin")

static const char SELECT_USABLE_BOT[] = SELECT_USABLE "b.name = ?" WHERE_USABLE;
static const char SELECT_USABLE_BOT_BY_ID[] = SELECT_USABLE "b.id = ?" WHERE_USABLE;

static enum cq_status find_usable(struct cq_ctx *ctx, struct db *db, const char *sql, struct db_in bot,
                                  uint64_t user_id, struct bot_row *row)
{
    struct bot_row b = {0};
    const struct db_in in[] = {bot, IN_U64(user_id)};
    const struct db_out out[] = {BOT_OUT(b), OUT_BOOL(b.is_editable)};

    enum cq_status st = db_query_one(ctx, db, sql, in, LEN(in), out, LEN(out));
    if (st)
        return st == CQ_RESOURCE_NOT_FOUND ? CQ_BOT_NOT_FOUND : st;
    b.is_usable = true;
    *row = b;
    return CQ_OK;
}

enum cq_status store_bot_usable(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *name,
                                struct bot_row *out)
{
    return find_usable(ctx, db, SELECT_USABLE_BOT, IN_TEXT(name), user_id, out);
}

enum cq_status store_bot_usable_by_id(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t id,
                                      struct bot_row *out)
{
    return find_usable(ctx, db, SELECT_USABLE_BOT_BY_ID, IN_U64(id), user_id, out);
}

/* ---- being used ---- */

static const char NOTE_USE[] =
    "INSERT INTO bot_use (user_id, bot_id, is_recent, turns, used_at) VALUES (?, ?, 1, 1, UTC_TIMESTAMP(3))"
    " ON DUPLICATE KEY UPDATE is_recent = 1, turns = turns + 1, used_at = UTC_TIMESTAMP(3)";

enum cq_status bot_note_use(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t bot_id)
{
    const struct db_in in[] = {IN_U64(user_id), IN_U64(bot_id)};

    return db_execute(ctx, db, NOTE_USE, in, LEN(in), NULL);
}
