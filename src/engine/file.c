/* Files on disk and in the database: held before they are written, removed only when nothing refers to them. */
#include "colloquy/engine.h"

static enum cq_status remove_file(struct cq_ctx *ctx, void *arg, const uint8_t hash[SHA256_BYTES])
{
    return file_remove(ctx, arg, hash);
}

/* The failure that led here is what the caller reports, not one of ours. */
static void drop(struct cq_ctx *ctx, struct db *db, const struct config *config, const uint8_t hash[SHA256_BYTES])
{
    struct cq_ctx own = *ctx;
    char path[FILE_PATH_BYTES];

    file_path(hash, path);
    if (store_file_drop(&own, db, hash, remove_file, (void *)(uintptr_t)config))
        log_warn("%s: file %s stays for now: %s", ctx->request_id, path, own.error);
    ctx->statements = own.statements;
}

enum cq_status engine_file_keep(struct cq_ctx *ctx, struct db *db, const struct config *config, const void *data,
                                size_t len, struct kept_file *out)
{
    struct kept_file file = {.size = len};
    enum cq_status st = sha256(data, len, file.hash) ? CQ_OK : cq_fail(ctx, CQ_INTERNAL, "no memory for a hash");

    if (!st)
        st = store_file_hold(ctx, db, file.hash, len, &file.hold_id);
    if (st)
        return st;
    st = file_put(ctx, config, data, len, file.hash);
    if (st)
        engine_file_forget(ctx, db, config, &file);
    else
        *out = file;
    return st;
}

void engine_file_forget(struct cq_ctx *ctx, struct db *db, const struct config *config, const struct kept_file *file)
{
    struct cq_ctx own = *ctx;
    enum cq_status st = store_file_release(&own, db, file->hold_id);

    ctx->statements = own.statements;
    if (st)
        log_warn("%s: a file's hold stays for an hour: %s", ctx->request_id, own.error);
    else
        drop(ctx, db, config, file->hash);
}

void engine_files_drop(struct cq_ctx *ctx, struct db *db, const struct config *config, const struct hash_list *hashes)
{
    for (size_t i = 0; i < hashes->n; i++)
        drop(ctx, db, config, hashes->hashes[i]);
}
