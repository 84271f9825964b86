/*
 * Files by content. The row of a content is the lock under which somebody begins to need it and under which it is removed:
 * whoever removes it asks, under that lock, whether anybody does.
 */
#include <string.h>

#include "store/file.h"

/* A change in any case: on a cluster it meets the removal of the same row elsewhere, and one of the two is run again. */
static const char PUT_FILE[] = "INSERT INTO file (hash, size, created_at) VALUES (?, ?, UTC_TIMESTAMP(3))"
                               " ON DUPLICATE KEY UPDATE created_at = UTC_TIMESTAMP(3)";

static const char INSERT_HOLD[] = "INSERT INTO file_hold (hash, created_at) VALUES (?, UTC_TIMESTAMP(3))";
static const char DELETE_HOLD[] = "DELETE FROM file_hold WHERE id = ?";

static const char LOCK_FILE[] = "SELECT size FROM file WHERE hash = ? FOR UPDATE";

/*
 * One statement, since between two of them a hold could become a reference. It sees what has been committed until it runs,
 * whatever its connection has read before.
 */
#define IS_NEEDED(hash)                                                                                                \
    "(EXISTS (SELECT 1 FROM document n WHERE n.hash = " hash                                                           \
    ") OR EXISTS (SELECT 1 FROM upload n WHERE n.hash = " hash                                                         \
    ") OR EXISTS (SELECT 1 FROM chat_file n WHERE n.hash = " hash                                                      \
    ") OR EXISTS (SELECT 1 FROM file_hold n WHERE n.hash = " hash                                                      \
    " AND n.created_at > UTC_TIMESTAMP(3) - INTERVAL 1 HOUR))"

static const char IS_FILE_NEEDED[] = "SELECT " IS_NEEDED("?");

static const char DELETE_OLD_HOLDS[] = "DELETE FROM file_hold WHERE hash = ?";
static const char DELETE_FILE[] = "DELETE FROM file WHERE hash = ?";

/* ---- holding ---- */

struct hold_args {
    const uint8_t *hash;
    uint64_t size, id;
};

static enum cq_status hold_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct hold_args *args = arg;
    const struct db_in file[] = {IN_BYTES(args->hash, SHA256_BYTES), IN_U64(args->size)};
    const struct db_in hold[] = {IN_BYTES(args->hash, SHA256_BYTES)};

    (void)is_rerun; /* a hold of a first run that was committed after all is one that is never released */
    enum cq_status st = db_execute(ctx, db, PUT_FILE, file, LEN(file), NULL);
    if (!st)
        st = db_execute(ctx, db, INSERT_HOLD, hold, LEN(hold), NULL);
    if (!st)
        args->id = db_insert_id(db);
    return st;
}

enum cq_status store_file_hold(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES], uint64_t size,
                               uint64_t *hold_id)
{
    struct hold_args args = {.hash = hash, .size = size};

    enum cq_status st = db_tx(ctx, db, hold_tx, &args);
    if (!st)
        *hold_id = args.id;
    return st;
}

enum cq_status file_release(struct cq_ctx *ctx, struct db *db, uint64_t hold_id)
{
    const struct db_in in[] = {IN_U64(hold_id)};

    return db_execute(ctx, db, DELETE_HOLD, in, LEN(in), NULL);
}

static enum cq_status release_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const uint64_t *hold_id = arg;

    (void)is_rerun;
    return file_release(ctx, db, *hold_id);
}

enum cq_status store_file_release(struct cq_ctx *ctx, struct db *db, uint64_t hold_id)
{
    return db_tx(ctx, db, release_tx, &hold_id);
}

/* ---- removing what nobody needs ---- */

struct drop_args {
    const uint8_t *hash;
    store_file_remove_fn *remove;
    void *arg;
};

/* To remove again what a first run has removed does no harm; should somebody need it by now, he has written it again. */
static enum cq_status drop_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct drop_args *args = arg;
    const struct db_in hash = IN_BYTES(args->hash, SHA256_BYTES), in[] = {hash, hash, hash, hash};
    uint64_t size;
    bool is_needed = true;
    const struct db_out locked[] = {OUT_U64(size)}, needed[] = {OUT_BOOL(is_needed)};

    (void)is_rerun;
    enum cq_status st = db_query_one(ctx, db, LOCK_FILE, in, 1, locked, LEN(locked));
    if (!st)
        st = db_query_one(ctx, db, IS_FILE_NEEDED, in, LEN(in), needed, LEN(needed));
    if (st || is_needed)
        return st == CQ_RESOURCE_NOT_FOUND ? CQ_OK : st;
    st = args->remove(ctx, args->arg, args->hash);
    if (!st)
        st = db_execute(ctx, db, DELETE_OLD_HOLDS, in, 1, NULL);
    if (!st)
        st = db_execute(ctx, db, DELETE_FILE, in, 1, NULL);
    return st;
}

enum cq_status store_file_drop(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES],
                               store_file_remove_fn *remove, void *arg)
{
    struct drop_args args = {.hash = hash, .remove = remove, .arg = arg};

    return db_tx(ctx, db, drop_tx, &args);
}

/* ---- comparing them with the disk ---- */

/* Passages are made of texts and PDF alone. */
static const char LIST_FILES[] = "SELECT f.hash, f.size, f.created_at < UTC_TIMESTAMP(3) - INTERVAL 1 HOUR, " IS_NEEDED(
    "f.hash") ","
              " EXISTS (SELECT 1 FROM document d WHERE d.hash = f.hash AND d.state = 'succeeded' AND d.kind IN "
              "('text', 'pdf'))"
              " FROM file f WHERE f.hash > ? ORDER BY f.hash LIMIT 500";

#define LOST_OF(table)                                                                                                 \
    "SELECT DISTINCT r.hash FROM " table " r WHERE r.hash > ? AND NOT EXISTS (SELECT 1 FROM file f WHERE f.hash ="     \
    " r.hash) ORDER BY r.hash LIMIT 500"

static const char LIST_LOST_DOCUMENTS[] = LOST_OF("document");
static const char LIST_LOST_UPLOADS[] = LOST_OF("upload");
static const char LIST_LOST_CHAT_FILES[] = LOST_OF("chat_file");

static const char IS_FILE_KNOWN[] = "SELECT EXISTS (SELECT 1 FROM file f WHERE f.hash = ?) OR " IS_NEEDED("?");

struct list_args {
    const char *hash; /* being fetched, with the row */
    struct file_row row;
    struct file_row *rows;
    size_t n;
};

static enum cq_status take_file(struct cq_ctx *ctx, void *arg)
{
    struct list_args *args = arg;

    (void)ctx;
    memcpy(args->row.hash, args->hash, SHA256_BYTES);
    args->rows[args->n++] = args->row;
    return CQ_OK;
}

enum cq_status store_files_after(struct cq_ctx *ctx, struct db *db, const uint8_t after[SHA256_BYTES],
                                 struct file_row rows[FILE_ROWS], size_t *n)
{
    struct list_args args = {.rows = rows};
    const struct db_in in[] = {IN_BYTES(after, SHA256_BYTES)};
    const struct db_out out[] = {OUT_TEXT(args.hash), OUT_U64(args.row.size), OUT_BOOL(args.row.is_old),
                                 OUT_BOOL(args.row.is_needed), OUT_BOOL(args.row.has_passages)};

    enum cq_status st = db_query(ctx, db, LIST_FILES, in, LEN(in), out, LEN(out), take_file, &args);
    if (!st)
        *n = args.n;
    return st;
}

enum cq_status store_files_lost(struct cq_ctx *ctx, struct db *db, enum file_use use, const uint8_t after[SHA256_BYTES],
                                struct file_row rows[FILE_ROWS], size_t *n)
{
    static const char *const lists[] = {LIST_LOST_DOCUMENTS, LIST_LOST_UPLOADS, LIST_LOST_CHAT_FILES};
    const char *sql = lists[use];
    struct list_args args = {.rows = rows, .row = {.is_needed = true}};
    const struct db_in in[] = {IN_BYTES(after, SHA256_BYTES)};
    const struct db_out out[] = {OUT_TEXT(args.hash)};

    enum cq_status st = db_query(ctx, db, sql, in, LEN(in), out, LEN(out), take_file, &args);
    if (!st)
        *n = args.n;
    return st;
}

enum cq_status store_file_is_known(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES], bool *out)
{
    const struct db_in one = IN_BYTES(hash, SHA256_BYTES), in[] = {one, one, one, one, one};
    const struct db_out cols[] = {OUT_BOOL(*out)};

    return db_query_one(ctx, db, IS_FILE_KNOWN, in, LEN(in), cols, LEN(cols));
}

/* ---- lists of them ---- */

/* Grows by doubling: room for 2^k stands behind a length of 2^k. */
enum cq_status hash_list_add(struct cq_ctx *ctx, struct hash_list *list, const uint8_t hash[SHA256_BYTES])
{
    if ((list->n & (list->n - 1)) == 0) {
        uint8_t(*more)[SHA256_BYTES] = arena_zalloc(ctx->arena, list->n ? list->n * 2 : 1, SHA256_BYTES);

        if (!more)
            return cq_fail(ctx, CQ_INTERNAL, "files: no memory for a list");
        if (list->n)
            memcpy(more, list->hashes, list->n * SHA256_BYTES);
        list->hashes = more;
    }
    memcpy(list->hashes[list->n++], hash, SHA256_BYTES);
    return CQ_OK;
}
