/*
 * The words by which a user's chats are found: written with what they are the words of, within the same transaction.
 * Place 0 is the title's.
 */
#ifndef STORE_CHAT_WORD_H
#define STORE_CHAT_WORD_H

#include "store/db.h"

/*
 * Of a text so many words are found, the first ones, and so many different ones: all of a text of 100,000 characters that is
 * written with spaces. What is longer is found by its beginning, and costs no more than a fraction of a second.
 */
enum { CHAT_MAX_WORDS = 50000, CHAT_MAX_DISTINCT_WORDS = 10000 };

/* Those of a new text. Adding again what is there changes nothing. */
enum cq_status chat_words_add(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t conversation_id,
                              uint32_t seq, const char *text) MUST_USE;

/* The text has changed from one to the other. */
enum cq_status chat_words_replace(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t conversation_id,
                                  uint32_t seq, const char *from, const char *to) MUST_USE;

/* All of a conversation; all of a user. */
enum cq_status chat_words_remove(struct cq_ctx *ctx, struct db *db, uint64_t user_id,
                                 uint64_t conversation_id) MUST_USE;
enum cq_status chat_words_remove_all(struct cq_ctx *ctx, struct db *db, uint64_t user_id) MUST_USE;

#endif
