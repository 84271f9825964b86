/* Documents of bots, as changes of the bots touch them too. Within a transaction. */
#ifndef STORE_DOCUMENT_H
#define STORE_DOCUMENT_H

#include "store/db.h"

/* The columns of document d, as several statements read them, and what becomes of them. */
struct document_columns {
    struct document_row row; /* but for its hash and state */
    const char *hash, *state;
};

#define DOCUMENT_COLUMNS                                                                                               \
    "d.id, d.name, d.bot_id, d.course_id, d.hash, d.filename, d.description, d.kind, d.mime_type, d.size,"             \
    " d.page_count, d.state, d.failure, d.created_at"

#define DOCUMENT_OUT(c)                                                                                                \
    OUT_U64((c).row.id), OUT_TEXT((c).row.name), OUT_U64((c).row.bot_id), OUT_U64((c).row.course_id),                  \
        OUT_TEXT((c).hash), OUT_TEXT((c).row.filename), OUT_TEXT((c).row.description), OUT_TEXT((c).row.kind),         \
        OUT_TEXT((c).row.mime_type), OUT_U64((c).row.size), OUT_U32((c).row.page_count), OUT_TEXT((c).state),          \
        OUT_TEXT((c).row.failure), OUT_TIME((c).row.created_at_ms)

struct document_row document_read(const struct document_columns *columns);

/* A db_row_fn of struct document_rows: add the row to the list. */
struct document_rows {
    struct document_columns columns; /* being fetched */
    struct document_list list;
    size_t cap;
};
enum cq_status document_take(struct cq_ctx *ctx, void *rows);

/*
 * Make a document of what was uploaded under that name for the bot, in the place of one of the same name; user_id: who did.
 * owner_id, bot_name: see the table upload. CQ_RESOURCE_NOT_FOUND: nothing was, or an earlier run of the transaction has made it.
 * CQ_INVALID_REQUEST: the bot has as many as it may have. dropped: contents that may have lost their last reference are added.
 */
enum cq_status document_from_upload(struct cq_ctx *ctx, struct db *db, uint64_t owner_id, const char *bot_name,
                                    uint64_t bot_id, uint64_t user_id, const char *filename,
                                    struct hash_list *dropped) MUST_USE;

/* CQ_RESOURCE_NOT_FOUND: the bot has none of that name. */
enum cq_status document_remove_named(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, const char *filename,
                                     struct hash_list *dropped) MUST_USE;
/* With what was uploaded for the bot and waits for being named. */
enum cq_status document_remove_all(struct cq_ctx *ctx, struct db *db, uint64_t bot_id,
                                   struct hash_list *dropped) MUST_USE;

#endif
