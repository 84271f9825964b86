/* Files by content, within a transaction that stores what refers to them. */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include "store/db.h"

/* What is stored in this transaction refers to the content now: its hold is not needed any more. */
enum cq_status file_release(struct cq_ctx *ctx, struct db *db, uint64_t hold_id) MUST_USE;

#endif
