/*
 * Documents whose text is to be extracted. The row itself is the place in the queue: queued, or running under a lease of
 * whoever extracts it, on the database's clock, so that what a dead one held is taken by the next.
 */
#include "store/document.h"
#include "store/usage.h"

enum {
    TRIES_MAX = 3, /* one that has ended so many processes, or hung in them, is to blame itself */
    LOOKS = 8,     /* others may be faster each time */
};

#define IS_WAITING "(state = 'queued' OR (state = 'running' AND lease_until <= UTC_TIMESTAMP(3)))"

/* By the index of the queue: what waits, oldest first, then what was left. */
static const char FIND_WAITING[] =
    "SELECT id, tries FROM document WHERE " IS_WAITING " ORDER BY state, lease_until, id LIMIT 1";

static const char TAKE_DOCUMENT[] =
    "UPDATE document SET state = 'running', owner = ?, lease_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND,"
    " tries = tries + 1 WHERE id = ? AND " IS_WAITING;

static const char FAIL_ENDLESS[] = "UPDATE document SET state = 'failed', failure = 'too_complex', owner = NULL,"
                                   " lease_until = NULL, tries = 0 WHERE id = ? AND tries >= ? AND " IS_WAITING;

/* It may have got another content between finding and taking it. */
static const char SELECT_TAKEN[] =
    "SELECT " DOCUMENT_COLUMNS " FROM document d WHERE d.id = ? AND d.owner = ? AND d.state = 'running'";

/* ---- taking ---- */

struct take_args {
    uint64_t id;
    uint32_t tries; /* before */
    const char *owner;
    uint32_t lease_s;
    struct document_row row;
};

static enum cq_status select_taken(struct cq_ctx *ctx, struct db *db, struct take_args *args)
{
    struct document_columns c = {.hash = NULL};
    const struct db_in in[] = {IN_U64(args->id), IN_TEXT(args->owner)};
    const struct db_out cols[] = {DOCUMENT_OUT(c)};

    enum cq_status st = db_query_one(ctx, db, SELECT_TAKEN, in, LEN(in), cols, LEN(cols));
    if (!st)
        args->row = document_read(&c);
    return st;
}

/* CQ_RESOURCE_NOT_FOUND: somebody else was faster, or it is failed now. */
static enum cq_status take_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct take_args *args = arg;
    const struct db_in take[] = {IN_TEXT(args->owner), IN_U64(args->lease_s), IN_U64(args->id)};
    const struct db_in fail[] = {IN_U64(args->id), IN_U64(TRIES_MAX)};

    (void)is_rerun; /* one that is taken is found as ours, whether it was by this run or by an earlier one */
    if (args->tries >= TRIES_MAX) {
        enum cq_status st = db_execute(ctx, db, FAIL_ENDLESS, fail, LEN(fail), NULL);
        return st ? st : CQ_OK;
    }
    enum cq_status st = db_execute(ctx, db, TAKE_DOCUMENT, take, LEN(take), NULL);
    return st ? st : select_taken(ctx, db, args);
}

enum cq_status store_document_take(struct cq_ctx *ctx, struct db *db, const char *owner, uint32_t lease_s,
                                   struct document_row *out)
{
    struct take_args args = {.owner = owner, .lease_s = lease_s};
    const struct db_out cols[] = {OUT_U64(args.id), OUT_U32(args.tries)};

    for (int i = 0; i < LOOKS; i++) {
        enum cq_status st = db_query_one(ctx, db, FIND_WAITING, NULL, 0, cols, LEN(cols));
        if (!st)
            st = db_tx(ctx, db, take_tx, &args);
        else
            return st;
        if (st && st != CQ_RESOURCE_NOT_FOUND)
            return st;
        if (!st && args.row.id) {
            *out = args.row;
            return CQ_OK;
        }
    }
    return CQ_RESOURCE_NOT_FOUND;
}

/* ---- while it is ours ---- */

#define IS_OURS " WHERE id = ? AND state = 'running' AND owner = ?"

static const char RENEW_DOCUMENT[] = "UPDATE document SET lease_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND" IS_OURS;

static const char END_DOCUMENT[] = "UPDATE document SET state = IF(? IS NULL, 'succeeded', 'failed'), failure = ?,"
                                   " page_count = NULLIF(?, 0), owner = NULL, lease_until = NULL, tries = 0" IS_OURS;

/* Taking it does not count. */
static const char PUT_BACK[] =
    "UPDATE document SET state = 'queued', owner = NULL, lease_until = NULL, tries = tries - 1" IS_OURS;

struct ours_args {
    const char *sql;
    const struct db_in *in;
    size_t n;
    bool is_end; /* afterwards it is ours no more */
};

static enum cq_status ours_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct ours_args *args = arg;
    uint64_t matched = 0;

    enum cq_status st = db_execute(ctx, db, args->sql, args->in, args->n, &matched);
    if (st || matched || (is_rerun && args->is_end)) /* of an end that was committed nothing more is to be seen */
        return st;
    return cq_fail(ctx, CQ_LOST, "the document was taken by another, replaced or removed");
}

enum cq_status store_document_renew(struct cq_ctx *ctx, struct db *db, uint64_t id, const char *owner, uint32_t lease_s)
{
    const struct db_in in[] = {IN_U64(lease_s), IN_U64(id), IN_TEXT(owner)};
    struct ours_args args = {RENEW_DOCUMENT, in, LEN(in), false};

    return db_tx(ctx, db, ours_tx, &args);
}

enum cq_status store_document_end(struct cq_ctx *ctx, struct db *db, uint64_t id, const char *owner,
                                  uint32_t page_count, const char *failure)
{
    const struct db_in in[] = {IN_TEXT(failure), IN_TEXT(failure), IN_U64(page_count), IN_U64(id), IN_TEXT(owner)};
    struct ours_args args = {END_DOCUMENT, in, LEN(in), true};

    return db_tx(ctx, db, ours_tx, &args);
}

enum cq_status store_document_put_back(struct cq_ctx *ctx, struct db *db, uint64_t id, const char *owner)
{
    const struct db_in in[] = {IN_U64(id), IN_TEXT(owner)};
    struct ours_args args = {PUT_BACK, in, LEN(in), true};

    return db_tx(ctx, db, ours_tx, &args);
}

/* ---- what was extracted before ---- */

static const char SELECT_PAGES[] = "SELECT MAX(page_count) FROM document WHERE hash = ?";

static const char REQUEUE[] = "UPDATE document SET state = 'queued', owner = NULL, lease_until = NULL, tries = 0"
                              " WHERE hash = ? AND state = 'succeeded'";

static const char LIST_TEXTS[] = "SELECT " DOCUMENT_COLUMNS " FROM document d WHERE d.id > ? AND d.state = 'succeeded'"
                                 " AND d.kind IN ('text', 'pdf') ORDER BY d.id LIMIT ?";

enum cq_status store_document_pages(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES], uint32_t *out)
{
    const struct db_in in[] = {IN_BYTES(hash, SHA256_BYTES)};
    const struct db_out cols[] = {OUT_U32(*out)};

    return db_query_one(ctx, db, SELECT_PAGES, in, LEN(in), cols, LEN(cols));
}

static enum cq_status requeue_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct db_in in[] = {IN_BYTES(arg, SHA256_BYTES)};

    (void)is_rerun;
    return db_execute(ctx, db, REQUEUE, in, LEN(in), NULL);
}

enum cq_status store_document_requeue(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES])
{
    uint8_t copy[SHA256_BYTES];

    memcpy(copy, hash, sizeof(copy));
    return db_tx(ctx, db, requeue_tx, copy);
}

enum cq_status store_documents_of_text(struct cq_ctx *ctx, struct db *db, uint64_t after_id, uint32_t limit,
                                       struct document_list *out)
{
    struct document_rows rows = {.cap = 0};
    const struct db_in in[] = {IN_U64(after_id), IN_U64(limit)};
    const struct db_out cols[] = {DOCUMENT_OUT(rows.columns)};

    enum cq_status st = db_query(ctx, db, LIST_TEXTS, in, LEN(in), cols, LEN(cols), document_take, &rows);
    if (!st)
        *out = rows.list;
    return st;
}

/* ---- what its vectors have cost ---- */

static const char SELECT_UPLOADER[] = "SELECT course_id, user_id FROM document WHERE id = ?";

struct usage_args {
    uint64_t id;
    const struct model_calls *calls;
};

/* Whether it was counted before is not to be seen: rather not at all than twice. */
static enum cq_status count_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct usage_args *args = arg;
    uint64_t course_id, user_id;
    const struct db_in in[] = {IN_U64(args->id)};
    const struct db_out out[] = {OUT_U64(course_id), OUT_U64(user_id)};

    if (is_rerun)
        return CQ_OK;
    enum cq_status st = db_query_one(ctx, db, SELECT_UPLOADER, in, LEN(in), out, LEN(out));
    if (st)
        return st == CQ_RESOURCE_NOT_FOUND ? CQ_OK : st;
    return usage_count(ctx, db, course_id, user_id, args->calls);
}

enum cq_status store_document_count(struct cq_ctx *ctx, struct db *db, uint64_t id, const struct model_calls *calls)
{
    struct usage_args args = {id, calls};

    return db_tx(ctx, db, count_tx, &args);
}
