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

/* Nobody comes for it any more. A few at a time, so that no upload waits long. */
static const char LIST_OLD_UPLOADS[] =
    "SELECT user_id, bot_name, filename, hash FROM upload"
    " WHERE created_at <= UTC_TIMESTAMP(3) - INTERVAL 7 DAY ORDER BY created_at LIMIT 10";

/* As long as it has not come anew. */
static const char DELETE_OLD_UPLOAD[] = "DELETE FROM upload WHERE user_id = ? AND bot_name = ? AND filename = ?"
                                        " AND created_at <= UTC_TIMESTAMP(3) - INTERVAL 7 DAY";

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

/* ---- giving up what is old ---- */

struct old_rows {
    struct upload_key key; /* being fetched */
    const char *hash;
    struct upload_key keys[10];
    size_t n;
    struct hash_list *dropped;
};

static enum cq_status take_old(struct cq_ctx *ctx, void *arg)
{
    struct old_rows *rows = arg;

    if (rows->n == LEN(rows->keys))
        return CQ_OK;
    rows->keys[rows->n++] = rows->key;
    return hash_list_add(ctx, rows->dropped, (const uint8_t *)rows->hash);
}

static enum cq_status give_up_old(struct cq_ctx *ctx, struct db *db, struct hash_list *dropped)
{
    struct old_rows rows = {.dropped = dropped};
    const struct db_out out[] = {OUT_U64(rows.key.owner_id), OUT_TEXT(rows.key.bot_name), OUT_TEXT(rows.key.filename),
                                 OUT_TEXT(rows.hash)};

    enum cq_status st = db_query(ctx, db, LIST_OLD_UPLOADS, NULL, 0, out, LEN(out), take_old, &rows);
    for (size_t i = 0; !st && i < rows.n; i++) {
        const struct upload_key *k = &rows.keys[i];
        const struct db_in in[] = {IN_U64(k->owner_id), IN_TEXT(k->bot_name), IN_TEXT(k->filename)};

        st = db_execute(ctx, db, DELETE_OLD_UPLOAD, in, LEN(in), NULL);
    }
    return st;
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
    enum cq_status st = give_up_old(ctx, db, args->dropped);
    if (!st)
        st = find_waiting(ctx, db, key, &waiting);
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
