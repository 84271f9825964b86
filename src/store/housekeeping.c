/* What nobody has come for: uploads that no bot has named, and holds of those who died while they wrote a file. */
#include "store/file.h"

enum { AT_A_TIME = 100 };

/* Locked in the order of the index, a few at a time, so that no upload waits long. */
static const char LOCK_FORGOTTEN[] = "SELECT user_id, bot_name, filename, hash FROM upload"
                                     " WHERE created_at <= UTC_TIMESTAMP(3) - INTERVAL 1 DAY"
                                     " ORDER BY created_at LIMIT ? FOR UPDATE";

static const char DELETE_FORGOTTEN[] = "DELETE FROM upload WHERE user_id = ? AND bot_name = ? AND filename = ?";

static const char LIST_DEAD_HOLDS[] = "SELECT id, hash FROM file_hold"
                                      " WHERE created_at <= UTC_TIMESTAMP(3) - INTERVAL 1 HOUR ORDER BY id LIMIT ?";

struct forgotten {
    struct {
        uint64_t id; /* of a user, or of a hold */
        const char *bot_name, *filename, *hash;
    } row, rows[AT_A_TIME]; /* row: being fetched */
    size_t n;
    struct hash_list *dropped;
};

static enum cq_status take(struct cq_ctx *ctx, void *arg)
{
    struct forgotten *f = arg;

    f->rows[f->n++] = f->row;
    return hash_list_add(ctx, f->dropped, (const uint8_t *)f->row.hash);
}

static enum cq_status forget_uploads(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct forgotten *f = arg;
    const struct db_in in[] = {IN_U64(AT_A_TIME)};
    const struct db_out out[] = {OUT_U64(f->row.id), OUT_TEXT(f->row.bot_name), OUT_TEXT(f->row.filename),
                                 OUT_TEXT(f->row.hash)};

    (void)is_rerun; /* what an earlier run has found stays in the list, and is looked at once more */
    f->n = 0;
    enum cq_status st = db_query(ctx, db, LOCK_FORGOTTEN, in, LEN(in), out, LEN(out), take, f);
    for (size_t i = 0; !st && i < f->n; i++) {
        const struct db_in key[] = {IN_U64(f->rows[i].id), IN_TEXT(f->rows[i].bot_name), IN_TEXT(f->rows[i].filename)};

        st = db_execute(ctx, db, DELETE_FORGOTTEN, key, LEN(key), NULL);
    }
    return st;
}

static enum cq_status forget_holds(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct forgotten *f = arg;
    const struct db_in in[] = {IN_U64(AT_A_TIME)};
    const struct db_out out[] = {OUT_U64(f->row.id), OUT_TEXT(f->row.hash)};

    (void)is_rerun;
    f->n = 0;
    enum cq_status st = db_query(ctx, db, LIST_DEAD_HOLDS, in, LEN(in), out, LEN(out), take, f);
    for (size_t i = 0; !st && i < f->n; i++)
        st = file_release(ctx, db, f->rows[i].id);
    return st;
}

enum cq_status store_files_forget(struct cq_ctx *ctx, struct db *db, struct hash_list *dropped, bool *has_more)
{
    struct forgotten f = {.dropped = dropped};

    enum cq_status st = db_tx(ctx, db, forget_uploads, &f);
    if (st)
        return st;
    *has_more = f.n == AT_A_TIME;
    st = db_tx(ctx, db, forget_holds, &f);
    *has_more |= f.n == AT_A_TIME;
    return st;
}
