/* Documents of bots, as changes of the bots touch them too. Within a transaction. */
#ifndef STORE_DOCUMENT_H
#define STORE_DOCUMENT_H

#include "store/db.h"

/*
 * Make a document of what was uploaded under that name for the bot, in the place of one of the same name; user_id: who did.
 * owner_id, bot_name: see the table upload. CQ_RESOURCE_NOT_FOUND: nothing was. dropped: contents that may have lost their
 * last reference are added.
 */
enum cq_status document_from_upload(struct cq_ctx *ctx, struct db *db, uint64_t owner_id, const char *bot_name,
                                    uint64_t bot_id, uint64_t user_id, const char *filename,
                                    struct hash_list *dropped) MUST_USE;

/* CQ_RESOURCE_NOT_FOUND: the bot has none of that name. */
enum cq_status document_remove_named(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, const char *filename,
                                     struct hash_list *dropped) MUST_USE;
enum cq_status document_remove_all(struct cq_ctx *ctx, struct db *db, uint64_t bot_id,
                                   struct hash_list *dropped) MUST_USE;

#endif
