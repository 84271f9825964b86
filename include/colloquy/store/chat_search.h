/* Finding chats by their words. Part of store.h. */
#ifndef COLLOQUY_STORE_CHAT_SEARCH_H
#define COLLOQUY_STORE_CHAT_SEARCH_H

#include "colloquy/base.h"

struct db;

/*
 * Where a word stands in some messages of a conversation. The words of a text have places, from 0; a character of a script that is
 * written without spaces is one word. Such a one is kept together with the one behind it if they are joined, else by itself.
 */
struct chat_word_row {
    uint64_t conversation_id;
    uint32_t part;      /* 0: the title; messages of one part come in one row, those of another in another */
    bool is_equal;      /* the word itself; else one that begins with it */
    const char *places; /* for chat_place_next() */
};

struct chat_word_list {
    struct chat_word_row *rows;
    size_t n;
};

struct chat_place {
    const char *at;      /* what is left of the places */
    uint32_t seq, place; /* the message, 0: the title; where in it */
};

/* The next of at, in the order of messages and places; false: there is none. Zeroed but for at before the first. */
bool chat_place_next(struct chat_place *place);

/* The user's words that equal a folded one or, is_beginning, begin with it, in ctx->arena. */
enum cq_status store_chat_words(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *word,
                                bool is_beginning, struct chat_word_list *out) MUST_USE;

struct chat_found_row {
    uint64_t id;
    const char *name, *title;
    const char *bot_name; /* NULL: none */
    int64_t created_at_ms, updated_at_ms;
};

/* Those of n conversations that are the user's, in any order, into rows, which has room for n. */
enum cq_status store_chat_found(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const uint64_t *ids, size_t n,
                                struct chat_found_row *rows, size_t *n_rows) MUST_USE;

struct chat_message_key {
    uint64_t conversation_id;
    uint32_t seq;
};

/* The text lives until the function returns; what it keeps it puts into ctx->arena. */
typedef enum cq_status chat_text_fn(struct cq_ctx *ctx, void *arg, const struct chat_message_key *key,
                                    const char *text);

/* The texts of those of n messages that are in chats of the user, in any order. */
enum cq_status store_chat_texts(struct cq_ctx *ctx, struct db *db, uint64_t user_id,
                                const struct chat_message_key *keys, size_t n, chat_text_fn *fn, void *arg) MUST_USE;

#endif
