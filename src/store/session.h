/* Sessions, for whoever ends them within a transaction of their own. */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H

#include "store/db.h"

/* End all of the user's but that one (0: none is spared); n_ended: those that were not over. */
enum cq_status session_end_others(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t kept_id,
                                  uint64_t *n_ended) MUST_USE;

#endif
