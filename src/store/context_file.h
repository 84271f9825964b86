/* Context files, as changes of their AI experience touch them too. Within a transaction, the experience locked. */
#ifndef STORE_CONTEXT_FILE_H
#define STORE_CONTEXT_FILE_H

#include "store/db.h"

/*
 * Have the experience draw from these documents of its course, in this order, and from no others. CQ_SOURCE_GONE: one of them is none of
 * the course's. No id stands there twice.
 */
enum cq_status context_files_set(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t ai_experience_id,
                                 const uint64_t *document_ids, size_t n) MUST_USE;

#endif
