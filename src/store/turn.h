/* What beginning and ending a turn share. */
#ifndef STORE_TURN_H
#define STORE_TURN_H

#include "store/db.h"

/* Remove a conversation that never became active, with all that belongs to it. Within a transaction. */
enum cq_status turn_delete_opening(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id) MUST_USE;

#endif
