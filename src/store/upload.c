/* What was put at a signed address and waits for a bot to name it; document_from_upload() makes a document of it. */
#include "store/document.h"
#include "store/file.h"

/* How many of the user's wait, and what waits under that name. Locked: what takes its place knows what it has dropped. */
static const char SELECT_WAITING[] =
    "SELECT COUNT(*), MAX(IF(bot_name = ? AND filename = ?, hash, NULL)) FROM upload WHERE user_id = ? FOR UPDATE";

static const char PUT_UPLOAD[] =
    "INSERT INTO upload (user_id, bot_name, filename, hash, size, kind, mime_type, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))"
    " ON DUPLICATE KEY UPDATE hash = ?, size = ?, kind = ?, mime_type = ?, created_at = UTC_TIMESTAMP(3)";

static const char DELETE_UPLOAD[] = "DELETE FROM upload WHERE user_id = ? AND bot_name = ? AND filename = ?";

struct waiting {
    uint32_t n;       /* of the user's */
    const char *hash; /* of the one that is asked for; NULL: there is none */
};

static enum cq_status find_waiting(struct cq_ctx *ctx, struct db *db, const struct upload_key *key, struct waiting *out)
{
    const struct db_in in[] = {IN_TEXT(key->bot_name), IN_TEXT(key->filename), IN_U64(key->owner_id)};
    const struct db_out cols[] = {OUT_U32(out->n), OUT_TEXT(out->hash)};

    return db_query_one(ctx, db, SELECT_WAITING, in, LEN(in), cols, LEN(cols));
}

/* ---- putting ---- */

struct upload_args {
    const struct upload_key *key;
    const struct new_document *document;
    struct hash_list *dropped;
};

static enum cq_status put_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct upload_args *args = arg;
    const struct new_document *d = args->document;
    const struct upload_key *key = args->key;
    struct waiting waiting;
    const struct db_in hash = IN_BYTES(d->hash, SHA256_BYTES), size = IN_U64(d->size), kind = IN_TEXT(d->kind),
                       mime_type = IN_TEXT(d->mime_type);
    const struct db_in in[] = {IN_U64(key->owner_id),
                               IN_TEXT(key->bot_name),
                               IN_TEXT(key->filename),
                               hash,
                               size,
                               kind,
                               mime_type,
                               hash,
                               size,
                               kind,
                               mime_type};

    (void)is_rerun; /* the same again takes its own place */
    enum cq_status st = find_waiting(ctx, db, key, &waiting);
    if (st)
        return st;
    if (!waiting.hash && waiting.n >= UPLOADS_PER_USER)
        return cq_fail(ctx, CQ_INVALID_REQUEST, "more than %d uploads that no bot has named", UPLOADS_PER_USER);
    if (waiting.hash)
        st = hash_list_add(ctx, args->dropped, (const uint8_t *)waiting.hash);
    if (!st)
        st = db_execute(ctx, db, PUT_UPLOAD, in, LEN(in), NULL);
    return st ? st : file_release(ctx, db, d->hold_id);
}

enum cq_status store_upload_put(struct cq_ctx *ctx, struct db *db, const struct upload_key *key,
                                const struct new_document *document, struct hash_list *dropped)
{
    struct upload_args args = {key, document, dropped};

    return db_tx(ctx, db, put_tx, &args);
}

/* ---- removing ---- */

static enum cq_status remove_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct upload_args *args = arg;
    struct waiting waiting;
    const struct db_in in[] = {IN_U64(args->key->owner_id), IN_TEXT(args->key->bot_name), IN_TEXT(args->key->filename)};

    (void)is_rerun;
    enum cq_status st = find_waiting(ctx, db, args->key, &waiting);
    if (st || !waiting.hash)
        return st;
    st = hash_list_add(ctx, args->dropped, (const uint8_t *)waiting.hash);
    return st ? st : db_execute(ctx, db, DELETE_UPLOAD, in, LEN(in), NULL);
}

enum cq_status store_upload_remove(struct cq_ctx *ctx, struct db *db, const struct upload_key *key,
                                   struct hash_list *dropped)
{
    struct upload_args args = {.key = key, .dropped = dropped};

    return db_tx(ctx, db, remove_tx, &args);
}
