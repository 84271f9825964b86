/* The installation's secret: made by whoever needs it first, read once by each holder of a connection. */
#include "store/connection.h"

static const char SELECT_SECRET[] = "SELECT secret FROM site_secret WHERE purpose = 'links'";

/* Somebody else may have made it at this moment: theirs stays. */
static const char INSERT_SECRET[] = "INSERT INTO site_secret (purpose, secret, created_at)"
                                    " VALUES ('links', ?, UTC_TIMESTAMP(3)) ON DUPLICATE KEY UPDATE purpose = 'links'";

static enum cq_status read_secret(struct cq_ctx *ctx, struct db *db)
{
    const char *secret;
    const struct db_out out[] = {OUT_TEXT(secret)};

    enum cq_status st = db_query_one(ctx, db, SELECT_SECRET, NULL, 0, out, LEN(out));
    if (st)
        return st;
    memcpy(db->link_secret, secret, SHA256_BYTES);
    db->has_link_secret = true;
    return CQ_OK;
}

static enum cq_status make_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct db_in in[] = {IN_BYTES(arg, SHA256_BYTES)};

    (void)is_rerun;
    return db_execute(ctx, db, INSERT_SECRET, in, LEN(in), NULL);
}

static enum cq_status make_secret(struct cq_ctx *ctx, struct db *db)
{
    uint8_t secret[SHA256_BYTES];

    random_bytes(secret, sizeof(secret));
    enum cq_status st = db_tx(ctx, db, make_tx, secret);
    return st ? st : read_secret(ctx, db);
}

enum cq_status store_link_secret(struct cq_ctx *ctx, struct db *db, uint8_t out[SHA256_BYTES])
{
    enum cq_status st = db->has_link_secret ? CQ_OK : read_secret(ctx, db);

    if (st == CQ_RESOURCE_NOT_FOUND)
        st = make_secret(ctx, db);
    if (!st)
        memcpy(out, db->link_secret, SHA256_BYTES);
    return st;
}
