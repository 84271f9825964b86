/* What nobody has come for: uploads that no bot has named, and holds of those who died while they wrote a file. */
#include "store/file.h"

enum { AT_A_TIME = 100 };

/* The same rows twice, under their locks; a few at a time, so that no upload waits long. */
#define FORGOTTEN                                                                                                      \
    " FROM upload WHERE created_at <= UTC_TIMESTAMP(3) - INTERVAL 1 DAY"                                               \
    " ORDER BY created_at, user_id, bot_name, filename LIMIT ?"

static const char LOCK_FORGOTTEN[] = "SELECT hash" FORGOTTEN " FOR UPDATE";
static const char DELETE_FORGOTTEN[] = "DELETE" FORGOTTEN;

static const char LIST_DEAD_HOLDS[] = "SELECT id, hash FROM file_hold"
                                      " WHERE created_at <= UTC_TIMESTAMP(3) - INTERVAL 1 HOUR ORDER BY id LIMIT ?";

struct forgotten {
    uint64_t id; /* of a hold; being fetched, as the hash is */
    const char *hash;
    uint64_t ids[AT_A_TIME];
    size_t n;
    struct hash_list *dropped;
};

static enum cq_status take(struct cq_ctx *ctx, void *arg)
{
    struct forgotten *f = arg;

    f->ids[f->n++] = f->id;
    return hash_list_add(ctx, f->dropped, (const uint8_t *)f->hash);
}

static enum cq_status forget_uploads(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct forgotten *f = arg;
    const struct db_in in[] = {IN_U64(AT_A_TIME)};
    const struct db_out out[] = {OUT_TEXT(f->hash)};

    (void)is_rerun; /* what an earlier run has found stays in the list, and is looked at once more */
    f->n = 0;
    enum cq_status st = db_query(ctx, db, LOCK_FORGOTTEN, in, LEN(in), out, LEN(out), take, f);
    const struct db_in found[] = {IN_U64(f->n)};

    return st ? st : db_execute(ctx, db, DELETE_FORGOTTEN, found, LEN(found), NULL);
}

static enum cq_status forget_holds(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct forgotten *f = arg;
    const struct db_in in[] = {IN_U64(AT_A_TIME)};
    const struct db_out out[] = {OUT_U64(f->id), OUT_TEXT(f->hash)};

    (void)is_rerun;
    f->n = 0;
    enum cq_status st = db_query(ctx, db, LIST_DEAD_HOLDS, in, LEN(in), out, LEN(out), take, f);
    for (size_t i = 0; !st && i < f->n; i++)
        st = file_release(ctx, db, f->ids[i]);
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
