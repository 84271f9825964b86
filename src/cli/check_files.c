/*
 * check --files: uploaded files as they lie on disk, compared with what the database knows of them. However many there
 * are, a page of rows is held at a time, and one entry of a folder.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "colloquy/engine.h"

enum { BLOCK_BYTES = 16 << 10, PAGE_MAX_BYTES = 4 << 20 };

struct check {
    struct cli *cli;
    struct cq_ctx ctx; /* its arena is emptied after each page and each entry */
    bool is_repairing;
    uint64_t n_left; /* differences that are left */
};

/* One line; mended: what has been done about it, NULL: nothing. */
static void tell(struct check *check, const uint8_t hash[SHA256_BYTES], const char *suffix, const char *what,
                 const char *mended)
{
    char path[FILE_PATH_BYTES];

    file_path(hash, path);
    printf("%s%s: %s%s%s\n", path, suffix, what, mended ? "; " : "", mended ? mended : "");
    check->n_left += !mended;
}

/* ---- mending ---- */

static enum cq_status remove_file(struct cq_ctx *ctx, void *config, const uint8_t hash[SHA256_BYTES])
{
    return file_remove(ctx, config, hash);
}

/* A row is made for what has none: the lock under which it is seen that nobody has begun to need it since. */
static enum cq_status put_row(struct check *check, const uint8_t hash[SHA256_BYTES], uint64_t size)
{
    uint64_t hold_id;
    enum cq_status st = store_file_hold(&check->ctx, check->cli->db, hash, size, &hold_id);

    return st ? st : store_file_release(&check->ctx, check->cli->db, hold_id);
}

static enum cq_status drop(struct check *check, const uint8_t hash[SHA256_BYTES])
{
    return store_file_drop(&check->ctx, check->cli->db, hash, remove_file, check->cli->config);
}

/* What is to be mended is mended, then told. */
static enum cq_status mend_unneeded(struct check *check, const struct file_row *row)
{
    enum cq_status st = check->is_repairing ? drop(check, row->hash) : CQ_OK;

    if (!st)
        tell(check, row->hash, "", "nothing refers to it", check->is_repairing ? "removed" : NULL);
    return st;
}

static enum cq_status mend_passages(struct check *check, const struct file_row *row)
{
    enum cq_status st = check->is_repairing ? store_document_requeue(&check->ctx, check->cli->db, row->hash) : CQ_OK;

    if (!st)
        tell(check, row->hash, "", "its passages are missing", check->is_repairing ? "to be extracted again" : NULL);
    return st;
}

static enum cq_status mend_row(struct check *check, const uint8_t hash[SHA256_BYTES], uint64_t size)
{
    enum cq_status st = check->is_repairing ? put_row(check, hash, size) : CQ_OK;

    if (!st)
        tell(check, hash, "", "the database does not know it, though something refers to it",
             check->is_repairing ? "made known" : NULL);
    return st;
}

static enum cq_status mend_orphan(struct check *check, const struct file_entry *entry)
{
    enum cq_status st = check->is_repairing ? put_row(check, entry->hash, entry->size) : CQ_OK;

    if (!st && check->is_repairing)
        st = drop(check, entry->hash);
    if (!st)
        tell(check, entry->hash, entry->suffix, "the database does not know it",
             check->is_repairing ? "removed" : NULL);
    return st;
}

static enum cq_status mend_unfinished(struct check *check, const struct file_entry *entry)
{
    enum cq_status st = check->is_repairing ? file_entry_remove(&check->ctx, check->cli->config, entry) : CQ_OK;

    if (!st)
        tell(check, entry->hash, entry->suffix, "it was never finished", check->is_repairing ? "removed" : NULL);
    return st;
}

/* ---- comparing ---- */

typedef enum cq_status row_fn(struct check *check, const struct file_row *row);

/* What is new may still be on its way. */
static enum cq_status check_row(struct check *check, const struct file_row *row)
{
    const struct config *config = check->cli->config;
    const void *data;
    size_t len = 0;
    enum cq_status st = file_map(&check->ctx, config, row->hash, &data, &len);

    if (!row->is_needed)
        return row->is_old ? mend_unneeded(check, row) : CQ_OK;
    if (!row->is_old && st == CQ_SOURCE_GONE)
        return CQ_OK;
    if (st || len != row->size)
        tell(check, row->hash, "",
             st == CQ_SOURCE_GONE ? "it is missing"
             : st                 ? "it cannot be read"
                                  : "it is not whole",
             NULL);
    else if (row->has_passages && !passages_are_there(config, row->hash))
        return mend_passages(check, row);
    return CQ_OK;
}

static enum cq_status check_lost(struct check *check, const struct file_row *row)
{
    const void *data;
    size_t len;
    enum cq_status st = file_map(&check->ctx, check->cli->config, row->hash, &data, &len);

    if (!st)
        return mend_row(check, row->hash, len);
    tell(check, row->hash, "", st == CQ_SOURCE_GONE ? "it is missing" : "it cannot be read", NULL);
    return CQ_OK;
}

static enum cq_status check_entry(struct cq_ctx *ctx, void *arg, const struct file_entry *entry)
{
    struct check *check = arg;
    bool is_known = true;
    enum cq_status st = CQ_OK;

    if (entry->is_old && entry->is_unfinished)
        st = mend_unfinished(check, entry);
    else if (entry->is_old)
        st = store_file_is_known(ctx, check->cli->db, entry->hash, &is_known);
    if (!st && !is_known)
        st = mend_orphan(check, entry);
    arena_reset(ctx->arena);
    return st;
}

/* ---- all of them ---- */

enum list { LIST_ALL = FILE_USE_COUNT }; /* or those lost by one enum file_use */

static enum cq_status read_page(struct check *check, unsigned list, const uint8_t after[SHA256_BYTES],
                                struct file_row rows[FILE_ROWS], size_t *n)
{
    return list == LIST_ALL ? store_files_after(&check->ctx, check->cli->db, after, rows, n)
                            : store_files_lost(&check->ctx, check->cli->db, (enum file_use)list, after, rows, n);
}

static enum cq_status check_list(struct check *check, unsigned list, row_fn *fn)
{
    static struct file_row rows[FILE_ROWS];
    uint8_t after[SHA256_BYTES] = {0};
    size_t n = FILE_ROWS;
    enum cq_status st = CQ_OK;

    while (!st && n == FILE_ROWS) {
        st = read_page(check, list, after, rows, &n);
        for (size_t i = 0; !st && i < n; i++)
            st = fn(check, &rows[i]);
        if (!st && n)
            memcpy(after, rows[n - 1].hash, SHA256_BYTES);
        arena_reset(check->ctx.arena);
    }
    return st;
}

static enum cq_status check_all(struct check *check)
{
    enum cq_status st = check_list(check, LIST_ALL, check_row);

    for (unsigned use = 0; !st && use < FILE_USE_COUNT; use++)
        st = check_list(check, use, check_lost);
    return st ? st : file_walk(&check->ctx, check->cli->config, check_entry, check);
}

int cli_check_files(struct cli *cli, bool is_repairing)
{
    struct check check = {.cli = cli, .is_repairing = is_repairing};

    check.ctx = (struct cq_ctx){.arena = arena_create(BLOCK_BYTES, PAGE_MAX_BYTES), .request_id = "-"};
    if (!check.ctx.arena)
        return cli_fail(cli, EXIT_REFUSED, "out of memory");
    enum cq_status st = check_all(&check);

    memcpy(cli->ctx.error, check.ctx.error, sizeof(cli->ctx.error));
    arena_destroy(check.ctx.arena);
    if (fflush(stdout))
        return cli_fail(cli, EXIT_REFUSED, "standard output cannot be written");
    if (st)
        return cli_fail_store(cli, st);
    return check.n_left ? EXIT_REFUSED : EXIT_DONE;
}
