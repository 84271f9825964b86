/* Chats as turns leave them. */
#include "chat_seed.h"

#include <stdio.h>

#include "store/db.h"

struct seed {
    const char *sql;
    const struct db_in *in;
    size_t n_in;
    uint64_t id;
};

static enum cq_status seed_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct seed *seed = arg;

    (void)is_rerun;
    enum cq_status st = db_execute(ctx, db, seed->sql, seed->in, seed->n_in, NULL);
    seed->id = db_insert_id(db);
    return st;
}

static uint64_t insert(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in)
{
    struct seed seed = {.sql = sql, .in = in, .n_in = n_in};

    MUST(db_tx(ctx, db, seed_tx, &seed));
    return seed.id;
}

static const char INSERT_CONVERSATION[] = "INSERT INTO conversation (uuid, user_id, workflow_state, "
                                          "learning_objective, met_at, next_seq, created_at, updated_at)"
                                          " VALUES (?, ?, 'active', '', '', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))";
static const char INSERT_CHAT[] =
    "INSERT INTO chat (conversation_id, user_id, name, title, model, last_seq, created_at, updated_at)"
    " VALUES (?, ?, ?, 'New conversation', 'model', 0, CONCAT('2024-', ?), UTC_TIMESTAMP(3))";
static const char INSERT_MESSAGE[] = "INSERT INTO message (conversation_id, seq, uuid, role, text, created_at)"
                                     " VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(3))";
static const char INSERT_CHAT_MESSAGE[] =
    "INSERT INTO chat_message (conversation_id, seq, name, parent, model) VALUES (?, ?, ?, ?, 'model')";
static const char INSERT_TURN[] =
    "INSERT INTO turn (conversation_id, user_seq, reply_seq, reply_uuid, state, is_running, owner, lease_until,"
    " created_at, is_chat) VALUES (?, ?, ?, ?, ?, ?, 'worker', UTC_TIMESTAMP(3) + INTERVAL ? SECOND,"
    " UTC_TIMESTAMP(3), 1)";
static const char NOTE_LAST[] = "UPDATE chat SET last_seq = ? WHERE conversation_id = ?";
static const char INSERT_FILE[] = "INSERT INTO chat_file (conversation_id, hash) VALUES (?, ?)";

uint64_t chat_seed(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *name, const char *created_at)
{
    const struct db_in conversation[] = {IN_TEXT(new_uuid(ctx)), IN_U64(user_id)};
    uint64_t id = insert(ctx, db, INSERT_CONVERSATION, conversation, LEN(conversation));
    const struct db_in chat[] = {IN_U64(id), IN_U64(user_id), IN_TEXT(name), IN_TEXT(created_at)};

    insert(ctx, db, INSERT_CHAT, chat, LEN(chat));
    return id;
}

static void seed_message(struct cq_ctx *ctx, struct db *db, uint64_t id, const struct seed_message *m, bool is_reply)
{
    const struct db_in message[] = {IN_U64(id), IN_U64(m->seq), IN_TEXT(new_uuid(ctx)), IN_U64(is_reply),
                                    IN_TEXT(m->text)};
    const struct db_in own[] = {IN_U64(id), IN_U64(m->seq), IN_TEXT(m->name), IN_U64(m->parent)};
    const struct db_in last[] = {IN_U64(m->seq), IN_U64(id)};

    insert(ctx, db, INSERT_MESSAGE, message, LEN(message));
    insert(ctx, db, INSERT_CHAT_MESSAGE, own, LEN(own));
    insert(ctx, db, NOTE_LAST, last, LEN(last));
}

void chat_seed_turn(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, const struct seed_message *message)
{
    char name[80], seq[16];
    const struct seed_message reply = {message->seq + 1, message->seq, name, "reply"};

    snprintf(name, sizeof(name), "%s-reply", message->name);
    snprintf(seq, sizeof(seq), "%u", reply.seq);
    seed_message(ctx, db, conversation_id, message, false);
    seed_message(ctx, db, conversation_id, &reply, true);
    const struct db_in turn[] = {IN_U64(conversation_id), IN_U64(message->seq), IN_TEXT(seq), IN_TEXT(new_uuid(ctx)),
                                 IN_TEXT("complete"),     IN_TEXT(NULL),        IN_U64(0)};

    insert(ctx, db, INSERT_TURN, turn, LEN(turn));
}

void chat_seed_question(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, const struct seed_message *message,
                        bool is_running, int lease_s)
{
    char lease[16];

    snprintf(lease, sizeof(lease), "%d", lease_s);
    seed_message(ctx, db, conversation_id, message, false);
    const struct db_in turn[] = {IN_U64(conversation_id),
                                 IN_U64(message->seq),
                                 IN_TEXT(NULL),
                                 IN_TEXT(new_uuid(ctx)),
                                 IN_TEXT(is_running ? "pending" : "failed"),
                                 IN_TEXT(is_running ? "1" : NULL),
                                 IN_TEXT(lease)};

    insert(ctx, db, INSERT_TURN, turn, LEN(turn));
}

void chat_seed_file(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint8_t byte)
{
    uint8_t hash[SHA256_BYTES];
    const struct db_in file[] = {IN_U64(conversation_id), IN_BYTES(hash, sizeof(hash))};

    memset(hash, byte, sizeof(hash));
    insert(ctx, db, INSERT_FILE, file, LEN(file));
}
