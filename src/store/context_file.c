/* Context files: the documents of its course that an AI experience draws from. */
#include "store/document.h"

static const char LIST_CONTEXT_FILES[] =
    "SELECT " DOCUMENT_COLUMNS " FROM context_file f JOIN document d ON d.id = f.document_id"
    " WHERE f.ai_experience_id = ? AND (? = 0 OR d.state = 'succeeded') ORDER BY f.position, f.document_id";

enum cq_status store_documents_of_experience(struct cq_ctx *ctx, struct db *db, uint64_t ai_experience_id,
                                             bool is_ready_only, struct document_list *out)
{
    struct document_rows rows = {.cap = 0};
    const struct db_in in[] = {IN_U64(ai_experience_id), IN_U64(is_ready_only)};
    const struct db_out cols[] = {DOCUMENT_OUT(rows.columns)};

    enum cq_status st = db_query(ctx, db, LIST_CONTEXT_FILES, in, LEN(in), cols, LEN(cols), document_take, &rows);
    if (!st)
        *out = rows.list;
    return st;
}
