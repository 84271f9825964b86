/* Chats as turns leave them, written past the store. */
#ifndef TESTS_STORE_CHAT_SEED_H
#define TESTS_STORE_CHAT_SEED_H

#include "attempt.h"

/* An empty one, created at that time of 2024 ("01-31 12:00:00"). */
uint64_t chat_seed(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *name, const char *created_at);

struct seed_message {
    uint32_t seq, parent;
    const char *name, *text;
};

/* A user's message, and a complete turn of it: its reply stands behind it, and has "-reply" behind its name. */
void chat_seed_turn(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, const struct seed_message *message);

/* A user's message whose turn has failed; or runs, until lease_s from now. */
void chat_seed_question(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, const struct seed_message *message,
                        bool is_running, int lease_s);

/* A file of the chat, whose hash is 32 times that byte. */
void chat_seed_file(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint8_t byte);

#endif
