/* Chats: finding them. */
#include "store/chat.h"

#include "store/access.h"

static const char LOAD_CHAT[] =
    "SELECT " ACCESS_COLUMNS ", " CHAT_COLUMNS ACCESS_TABLES " LEFT JOIN chat c ON c.user_id = t.user_id AND c.name = ?"
    " LEFT JOIN conversation v ON v.id = c.conversation_id LEFT JOIN bot b ON b.id = c.bot_id" ACCESS_WHERE;

enum cq_status store_load_chat(struct cq_ctx *ctx, struct db *db, const struct load_key *key, struct access_row *access,
                               struct chat_row *row)
{
    struct access_columns a = {.is_scoped = false};
    struct chat_row c = {0};
    const struct db_in in[] = {IN_U64(key->course_id), IN_TEXT(key->chat_name),
                               IN_BYTES(key->token_hash, SHA256_BYTES)};
    const struct db_out out[] = {ACCESS_OUT(a), CHAT_OUT(c)};

    enum cq_status st = access_query(ctx, db, LOAD_CHAT, in, LEN(in), out, LEN(out), key, &a);
    if (st)
        return st;
    *access = a.row;
    *row = c;
    return CQ_OK;
}

static const char SELECT_CHAT[] =
    "SELECT " CHAT_COLUMNS ", m.model FROM chat c JOIN conversation v ON v.id = c.conversation_id"
    " LEFT JOIN bot b ON b.id = c.bot_id"
    " LEFT JOIN chat_message m ON m.conversation_id = c.conversation_id AND m.seq = c.last_seq"
    " WHERE c.user_id = ? AND c.name = ?";

enum cq_status store_chat_find(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *name,
                               struct chat_row *chat, const char **last_model)
{
    struct chat_row c = {0};
    const char *model = NULL;
    const struct db_in in[] = {IN_U64(user_id), IN_TEXT(name)};
    const struct db_out out[] = {CHAT_OUT(c), OUT_TEXT(model)};

    enum cq_status st = db_query_one(ctx, db, SELECT_CHAT, in, LEN(in), out, LEN(out));
    if (st)
        return st;
    *chat = c;
    *last_model = model;
    return CQ_OK;
}
