/* What a user has done today and has running now: the limits of both. Within a transaction. */
#ifndef STORE_USER_DAY_H
#define STORE_USER_DAY_H

#include "store/db.h"

enum user_day_kind { DAY_CONVERSATION, DAY_MESSAGE, DAY_EVALUATION, DAY_CHAT_MESSAGE, DAY_KIND_COUNT };

struct user_day {
    uint64_t user_id;
    uint32_t done[DAY_KIND_COUNT], running[DAY_KIND_COUNT];
    uint32_t left_s; /* of the day */
};

/*
 * Lock the user's row of today until the transaction ends, and read it: of several that begin at once each sees those
 * before. It is the first lock that a transaction takes, so that no two wait for each other.
 */
enum cq_status user_day_lock(struct cq_ctx *ctx, struct db *db, uint64_t user_id, struct user_day *day) MUST_USE;

/*
 * Whether one more of the kind may begin now, for the course. CQ_RATE_LIMITED: ctx->retry_after_s says when the day is
 * over, unless too much is running just now, and ctx->error which limit it is.
 */
enum cq_status user_day_admit(struct cq_ctx *ctx, struct db *db, const struct user_day *day, enum user_day_kind kind,
                              uint64_t course_id, const struct user_limits *limits) MUST_USE;

/* Count one that is being done, and lock the row as user_day_lock() does. */
enum cq_status user_day_count(struct cq_ctx *ctx, struct db *db, uint64_t user_id, enum user_day_kind kind) MUST_USE;

#endif
