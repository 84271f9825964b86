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

#endif
