/* Documents of bots: what was uploaded for answers to be drawn from. */
#include "store/document.h"

#include "store/file.h"

/* ---- reading ---- */

static const char *const states[DOCUMENT_STATE_COUNT] = {"queued", "running", "succeeded", "failed"};

struct document_row document_read(const struct document_columns *columns)
{
    struct document_row row = columns->row;

    memcpy(row.hash, columns->hash, SHA256_BYTES);
    for (size_t i = 0; i < LEN(states); i++)
        if (str_eq(columns->state, states[i]))
            row.state = (enum document_state)i;
    return row;
}

enum cq_status document_take(struct cq_ctx *ctx, void *arg)
{
    struct document_rows *rows = arg;

    if (rows->list.n == rows->cap) {
        size_t cap = rows->cap ? 2 * rows->cap : 16;
        struct document_row *more = arena_zalloc(ctx->arena, cap, sizeof(*more));

        if (!more)
            return cq_fail(ctx, CQ_INTERNAL, "documents are larger than the request's memory");
        if (rows->list.n)
            memcpy(more, rows->list.rows, rows->list.n * sizeof(*more));
        rows->list.rows = more;
        rows->cap = cap;
    }
    rows->list.rows[rows->list.n++] = document_read(&rows->columns);
    return CQ_OK;
}

#define SELECT_OF_BOT "SELECT " DOCUMENT_COLUMNS " FROM document d WHERE d.bot_id = ?"
#define BY_UPLOAD     " ORDER BY d.created_at, d.id"

static const char LIST_OF_BOT[] = SELECT_OF_BOT BY_UPLOAD;
static const char LIST_READY_OF_BOT[] = SELECT_OF_BOT " AND d.state = 'succeeded'" BY_UPLOAD;
static const char SELECT_DOCUMENT[] = "SELECT " DOCUMENT_COLUMNS " FROM document d WHERE d.id = ?";

enum cq_status store_documents_of_bot(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, bool is_ready_only,
                                      struct document_list *out)
{
    struct document_rows rows = {.cap = 0};
    const struct db_in in[] = {IN_U64(bot_id)};
    const struct db_out cols[] = {DOCUMENT_OUT(rows.columns)};

    enum cq_status st = db_query(ctx, db, is_ready_only ? LIST_READY_OF_BOT : LIST_OF_BOT, in, LEN(in), cols, LEN(cols),
                                 document_take, &rows);
    if (!st)
        *out = rows.list;
    return st;
}

enum cq_status store_document_find(struct cq_ctx *ctx, struct db *db, uint64_t id, struct document_row *out)
{
    struct document_columns c = {.hash = NULL};
    const struct db_in in[] = {IN_U64(id)};
    const struct db_out cols[] = {DOCUMENT_OUT(c)};

    enum cq_status st = db_query_one(ctx, db, SELECT_DOCUMENT, in, LEN(in), cols, LEN(cols));
    if (!st)
        *out = document_read(&c);
    return st;
}

/* ---- adding ---- */

/* Whoever adds documents to a bot waits for whoever does so now: there are never more than it may have, nor two of a name. */
static const char LOCK_BOT[] = "SELECT id FROM bot WHERE id = ? AND is_live = 1 FOR UPDATE";

/* How many there are, and the one of that file name. */
static const char SELECT_PRESENT[] = "SELECT COUNT(*), MAX(IF(filename = ?, id, 0)), MAX(IF(filename = ?, hash, NULL)) "
                                     "FROM document WHERE bot_id = ? FOR UPDATE";

static const char INSERT_DOCUMENT[] =
    "INSERT INTO document (name, bot_id, user_id, hash, filename, description, kind, mime_type, size, state,"
    " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', UTC_TIMESTAMP(3))";

/* Whoever extracts the former content loses it. */
static const char REPLACE_DOCUMENT[] =
    "UPDATE document SET user_id = ?, hash = ?, filename = ?, description = ?, kind = ?, mime_type = ?, size = ?,"
    " page_count = NULL, state = 'queued', failure = NULL, owner = NULL, lease_until = NULL, tries = 0,"
    " created_at = UTC_TIMESTAMP(3) WHERE id = ?";

static enum cq_status lock_bot(struct cq_ctx *ctx, struct db *db, uint64_t bot_id)
{
    uint64_t id;
    const struct db_in in[] = {IN_U64(bot_id)};
    const struct db_out out[] = {OUT_U64(id)};

    enum cq_status st = db_query_one(ctx, db, LOCK_BOT, in, LEN(in), out, LEN(out));
    return st == CQ_RESOURCE_NOT_FOUND ? CQ_BOT_NOT_FOUND : st;
}

static enum cq_status insert(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, uint64_t user_id,
                             const struct new_document *d)
{
    const struct db_in in[] = {
        IN_TEXT(d->name),     IN_U64(bot_id),          IN_U64(user_id),  IN_BYTES(d->hash, SHA256_BYTES),
        IN_TEXT(d->filename), IN_TEXT(d->description), IN_TEXT(d->kind), IN_TEXT(d->mime_type),
        IN_U64(d->size)};

    return db_execute(ctx, db, INSERT_DOCUMENT, in, LEN(in), NULL);
}

static enum cq_status replace(struct cq_ctx *ctx, struct db *db, uint64_t id, uint64_t user_id,
                              const struct new_document *d)
{
    const struct db_in in[] = {
        IN_U64(user_id),  IN_BYTES(d->hash, SHA256_BYTES), IN_TEXT(d->filename), IN_TEXT(d->description),
        IN_TEXT(d->kind), IN_TEXT(d->mime_type),           IN_U64(d->size),      IN_U64(id)};

    return db_execute(ctx, db, REPLACE_DOCUMENT, in, LEN(in), NULL);
}

/* Into a bot that is locked. */
static enum cq_status put(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, uint64_t user_id,
                          const struct new_document *d, struct hash_list *dropped)
{
    uint32_t n;
    uint64_t id;
    const char *hash;
    const struct db_in in[] = {IN_TEXT(d->filename), IN_TEXT(d->filename), IN_U64(bot_id)};
    const struct db_out out[] = {OUT_U32(n), OUT_U64(id), OUT_TEXT(hash)};

    enum cq_status st = db_query_one(ctx, db, SELECT_PRESENT, in, LEN(in), out, LEN(out));
    if (st)
        return st;
    if (!id && n >= DOCUMENTS_PER_BOT)
        return cq_fail(ctx, CQ_INVALID_REQUEST, "more than %d documents", DOCUMENTS_PER_BOT);
    if (!id)
        return insert(ctx, db, bot_id, user_id, d);
    st = hash_list_add(ctx, dropped, (const uint8_t *)hash);
    return st ? st : replace(ctx, db, id, user_id, d);
}

struct add_args {
    uint64_t bot_id, user_id;
    const struct new_document *documents;
    size_t n;
    struct hash_list *dropped; /* grows with each run: what one has replaced, the next one finds replaced */
};

static enum cq_status add_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct add_args *args = arg;

    (void)is_rerun; /* the same documents again take their own places */
    enum cq_status st = lock_bot(ctx, db, args->bot_id);
    for (size_t i = 0; !st && i < args->n; i++) {
        const struct new_document *d = &args->documents[i];

        st = put(ctx, db, args->bot_id, args->user_id, d, args->dropped);
        if (!st)
            st = file_release(ctx, db, d->hold_id);
    }
    return st;
}

/* Of the documents of a bot those that were added, in the order in which they were given. */
static enum cq_status pick(struct cq_ctx *ctx, const struct document_list *all, const struct new_document *documents,
                           size_t n, struct document_list *out)
{
    struct document_list picked = {.rows = arena_zalloc(ctx->arena, n, sizeof(*picked.rows))};

    if (!picked.rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < all->n; k++)
            if (str_eq(all->rows[k].filename, documents[i].filename))
                picked.rows[picked.n++] = all->rows[k];
    *out = picked;
    return CQ_OK;
}

enum cq_status store_documents_add(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, uint64_t user_id,
                                   const struct new_document *documents, size_t n, struct document_list *added,
                                   struct hash_list *dropped)
{
    struct add_args args = {bot_id, user_id, documents, n, dropped};
    struct document_list all;

    enum cq_status st = db_tx(ctx, db, add_tx, &args);
    if (!st)
        st = store_documents_of_bot(ctx, db, bot_id, false, &all);
    return st ? st : pick(ctx, &all, documents, n, added);
}

static const char SELECT_UPLOADED[] = "SELECT hash, size, kind, mime_type FROM upload"
                                      " WHERE user_id = ? AND bot_name = ? AND filename = ? FOR UPDATE";
static const char DELETE_UPLOADED[] = "DELETE FROM upload WHERE user_id = ? AND bot_name = ? AND filename = ?";

enum cq_status document_from_upload(struct cq_ctx *ctx, struct db *db, uint64_t owner_id, const char *bot_name,
                                    uint64_t bot_id, uint64_t user_id, const char *filename, struct hash_list *dropped)
{
    struct new_document d = {.filename = filename, .description = ""};
    const char *hash;
    const struct db_in in[] = {IN_U64(owner_id), IN_TEXT(bot_name), IN_TEXT(filename)};
    const struct db_out out[] = {OUT_TEXT(hash), OUT_U64(d.size), OUT_TEXT(d.kind), OUT_TEXT(d.mime_type)};

    enum cq_status st = lock_bot(ctx, db, bot_id);
    if (!st)
        st = db_query_one(ctx, db, SELECT_UPLOADED, in, LEN(in), out, LEN(out));
    if (st)
        return st;
    ulid_new(d.name);
    memcpy(d.hash, hash, SHA256_BYTES);
    st = put(ctx, db, bot_id, user_id, &d, dropped);
    return st ? st : db_execute(ctx, db, DELETE_UPLOADED, in, LEN(in), NULL);
}

/* ---- removing ---- */

static const char SELECT_NAMED[] = "SELECT id, hash FROM document WHERE bot_id = ? AND filename = ? FOR UPDATE";
static const char SELECT_BY_NAME[] = "SELECT id, hash FROM document WHERE bot_id = ? AND name = ? FOR UPDATE";
static const char DELETE_DOCUMENT[] = "DELETE FROM document WHERE id = ?";
static const char LIST_HASHES[] = "SELECT hash FROM document WHERE bot_id = ? FOR UPDATE";
static const char DELETE_OF_BOT[] = "DELETE FROM document WHERE bot_id = ?";

#define UPLOADED_FOR_BOT "FROM upload u JOIN bot b ON b.owner_id = u.user_id AND b.name = u.bot_name WHERE b.id = ?"

static const char LIST_UPLOADED[] = "SELECT u.hash " UPLOADED_FOR_BOT " FOR UPDATE";
static const char DELETE_ALL_UPLOADED[] = "DELETE u " UPLOADED_FOR_BOT;

/* The one that sql finds for a bot and a name of whichever kind. */
static enum cq_status remove_one(struct cq_ctx *ctx, struct db *db, const char *sql, uint64_t bot_id, const char *name,
                                 struct hash_list *dropped)
{
    uint64_t id;
    const char *hash;
    const struct db_in in[] = {IN_U64(bot_id), IN_TEXT(name)};
    const struct db_out out[] = {OUT_U64(id), OUT_TEXT(hash)};

    enum cq_status st = db_query_one(ctx, db, sql, in, LEN(in), out, LEN(out));
    if (!st)
        st = hash_list_add(ctx, dropped, (const uint8_t *)hash);
    return st ? st : db_execute(ctx, db, DELETE_DOCUMENT, (const struct db_in[]){IN_U64(id)}, 1, NULL);
}

enum cq_status document_remove_named(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, const char *filename,
                                     struct hash_list *dropped)
{
    return remove_one(ctx, db, SELECT_NAMED, bot_id, filename, dropped);
}

struct hash_rows {
    const char *hash; /* being fetched */
    struct hash_list *list;
};

static enum cq_status take_hash(struct cq_ctx *ctx, void *arg)
{
    const struct hash_rows *rows = arg;

    return hash_list_add(ctx, rows->list, (const uint8_t *)rows->hash);
}

static enum cq_status remove_those(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, bool is_waiting,
                                   struct hash_list *dropped)
{
    struct hash_rows rows = {.list = dropped};
    const struct db_in in[] = {IN_U64(bot_id)};
    const struct db_out out[] = {OUT_TEXT(rows.hash)};

    enum cq_status st =
        db_query(ctx, db, is_waiting ? LIST_UPLOADED : LIST_HASHES, in, LEN(in), out, LEN(out), take_hash, &rows);
    return st ? st : db_execute(ctx, db, is_waiting ? DELETE_ALL_UPLOADED : DELETE_OF_BOT, in, LEN(in), NULL);
}

enum cq_status document_remove_all(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, struct hash_list *dropped)
{
    enum cq_status st = remove_those(ctx, db, bot_id, false, dropped);

    return st ? st : remove_those(ctx, db, bot_id, true, dropped);
}

struct remove_args {
    uint64_t bot_id;
    const char *name;
    struct hash_list *dropped;
};

static enum cq_status remove_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct remove_args *args = arg;

    enum cq_status st = remove_one(ctx, db, SELECT_BY_NAME, args->bot_id, args->name, args->dropped);
    return st == CQ_RESOURCE_NOT_FOUND && is_rerun ? CQ_OK : st; /* the first run was committed after all */
}

enum cq_status store_document_remove(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, const char *name,
                                     struct hash_list *dropped)
{
    struct remove_args args = {bot_id, name, dropped};

    return db_tx(ctx, db, remove_tx, &args);
}
