/* What a user has done today and has running now: the limits of both. Within a transaction. */
#ifndef STORE_USER_DAY_H
#define STORE_USER_DAY_H

#include "store/db.h"

enum user_day_kind { DAY_CONVERSATION, DAY_MESSAGE, DAY_EVALUATION };

/*
 * Whether one more of the kind may begin now. The user's row of today stays locked until the transaction ends, so that
 * of several that ask at once each sees those before. CQ_RATE_LIMITED: ctx->retry_after_s says when the day is over,
 * unless too much is running just now.
 */
enum cq_status user_day_admit(struct cq_ctx *ctx, struct db *db, uint64_t user_id, enum user_day_kind kind,
                              const struct user_limits *limits) MUST_USE;

/* Count one that has been done. */
enum cq_status user_day_count(struct cq_ctx *ctx, struct db *db, uint64_t user_id, enum user_day_kind kind) MUST_USE;

#endif
