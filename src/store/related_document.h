/* Passages that a reply was given, stored with it. Within a transaction. */
#ifndef STORE_RELATED_DOCUMENT_H
#define STORE_RELATED_DOCUMENT_H

#include "store/db.h"

/* Of the reply at seq; storing the same again changes nothing. */
enum cq_status related_store(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint32_t seq,
                             const struct related_list *related) MUST_USE;

#endif
