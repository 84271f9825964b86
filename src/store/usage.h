/* What calls of models used, as it is counted where a turn or an evaluation ends. Within a transaction. */
#ifndef STORE_USAGE_H
#define STORE_USAGE_H

#include "store/db.h"

/* Columns that sum up, as an UPDATE adds to them, and the values for it. */
#define USAGE_ADD                                                                                                      \
    "input_tokens = input_tokens + ?, output_tokens = output_tokens + ?, cache_read_tokens = cache_read_tokens + ?,"   \
    " cache_write_tokens = cache_write_tokens + ?, price_nano = price_nano + ?"
#define USAGE_IN(u)                                                                                                    \
    IN_U64((u).input_tokens), IN_U64((u).output_tokens), IN_U64((u).cache_read_tokens),                                \
        IN_U64((u).cache_write_tokens), IN_U64((u).price_nano)

/* Of all models; calls may be NULL. */
struct usage usage_sum(const struct model_calls *calls);

/* Add it to the conversation's. Its row is the second lock that a transaction takes, behind the user's day. */
enum cq_status usage_count_conversation(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id,
                                        const struct model_calls *calls) MUST_USE;

/*
 * Add it to what the user has used today in the course. These are the last locks that a transaction takes, and in the
 * order of the models' names, so that no two wait for each other.
 */
enum cq_status usage_count(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t user_id,
                           const struct model_calls *calls) MUST_USE;

/* The input and output tokens of today; of an id of 0 none. */
enum cq_status usage_today(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t course_id, uint64_t *of_user,
                           uint64_t *of_course) MUST_USE;

#endif
