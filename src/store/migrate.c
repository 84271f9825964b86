/*
 * Bringing a database's schema up to what this program knows.
 *
 * A DDL statement commits by itself, so a migration cannot be one transaction. It is claimed by a committed row of
 * schema_migration; while it runs, the claimant holds that row locked on a second connection. Who finds a claim
 * waits for the lock: getting it while the claim still stands means that the claimant is dead, and the claim is taken
 * over. What a dead one had already done counts as done; a statement that fills a table is one that may be run again.
 */
#include "store/migrate.h"

#include <time.h>

#include "store/connection.h"

enum { ER_TABLE_EXISTS = 1050, ER_COLUMN_EXISTS = 1060, ER_KEY_EXISTS = 1061, ER_NOTHING_TO_DROP = 1091 };

enum { WAIT_MS = 200, MAX_WAITS = 3000 }; /* ten minutes for another host's migration */

static const char CREATE_TABLE[] = "CREATE TABLE IF NOT EXISTS schema_migration ("
                                   " version INT UNSIGNED NOT NULL PRIMARY KEY,"
                                   " name VARCHAR(255) NOT NULL,"
                                   " checksum BINARY(32) NOT NULL,"
                                   " state VARCHAR(16) NOT NULL,"
                                   " claimed_by VARCHAR(255) NOT NULL,"
                                   " applied_at DATETIME(3) NULL"
                                   ") ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

static const char CLAIM[] = "INSERT INTO schema_migration (version, name, checksum, state, claimed_by)"
                            " VALUES (?, ?, ?, 'running', CONCAT('connection ', CONNECTION_ID()))";

static const char SELECT_STATE[] = "SELECT state = 'applied', checksum = ? FROM schema_migration WHERE version = ?";

static const char LOCK_CLAIM[] =
    "SELECT state = 'applied', checksum = ? FROM schema_migration WHERE version = ? FOR UPDATE";

static const char FINISH[] =
    "UPDATE schema_migration SET state = 'applied', checksum = ?, applied_at = UTC_TIMESTAMP(3) WHERE version = ?";

struct step {
    const struct migration *migration;
    uint8_t checksum[SHA256_BYTES];
    struct db *lock; /* the second connection */
    bool is_applied, is_same;
    void (*said)(const char *line);
};

static enum cq_status select_state(struct cq_ctx *ctx, struct db *db, const char *sql, struct step *step)
{
    const struct db_in in[] = {IN_BYTES(step->checksum, SHA256_BYTES), IN_U64(step->migration->version)};
    const struct db_out out[] = {OUT_BOOL(step->is_applied), OUT_BOOL(step->is_same)};

    return db_query_one(ctx, db, sql, in, LEN(in), out, LEN(out));
}

static enum cq_status claim_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct step *step = arg;
    const struct db_in in[] = {IN_U64(step->migration->version), IN_TEXT(step->migration->name),
                               IN_BYTES(step->checksum, SHA256_BYTES)};

    (void)is_rerun;
    enum cq_status st = db_execute(ctx, db, CLAIM, in, LEN(in), NULL);
    return st == CQ_DUPLICATE ? CQ_OK : st; /* another host's claim: the lock tells whether it lives */
}

/* *has_run: false when all of it was there already, done by a claimant that died before it could say so. */
static enum cq_status run_ddl(struct cq_ctx *ctx, struct db *db, const struct step *step, bool *has_run)
{
    unsigned number = 0;
    enum cq_status st = db_run_text(ctx, db, step->migration->sql, &number);

    *has_run = !st;
    switch (number) {
    case ER_TABLE_EXISTS:
    case ER_COLUMN_EXISTS:
    case ER_KEY_EXISTS:
    case ER_NOTHING_TO_DROP:
        return CQ_OK;
    default:
        return st;
    }
}

/* Runs on the second connection, whose transaction holds the claim's row; the DDL runs on the first. */
struct apply_args {
    struct step *step;
    struct db *db;
};

static enum cq_status apply_tx(struct cq_ctx *ctx, struct db *lock, void *arg, bool is_rerun)
{
    struct apply_args *args = arg;
    struct step *step = args->step;
    const struct db_in in[] = {IN_BYTES(step->checksum, SHA256_BYTES), IN_U64(step->migration->version)};
    bool has_run;

    (void)is_rerun;
    enum cq_status st = select_state(ctx, lock, LOCK_CLAIM, step);
    if (st || step->is_applied)
        return st;
    step->said(step->migration->name);
    st = run_ddl(ctx, args->db, step, &has_run);
    /* A file that failed and was mended since is another one by right, but not when the first had been at work. */
    step->is_same |= has_run;
    if (!st && step->is_same)
        st = db_execute(ctx, lock, FINISH, in, LEN(in), NULL);
    return st;
}

/* A lock wait that times out comes back as CQ_BUSY after its reruns: the other host is still at it. */
static enum cq_status apply(struct cq_ctx *ctx, struct db *db, struct step *step)
{
    struct apply_args args = {step, db};
    enum cq_status st = CQ_OK;

    for (int i = 0; i < MAX_WAITS; i++) {
        st = db_tx(ctx, step->lock, apply_tx, &args);
        if (st != CQ_BUSY || db_ping(ctx, db))
            return st;
        struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};
        nanosleep(&pause, NULL);
    }
    return st;
}

static enum cq_status migrate_one(struct cq_ctx *ctx, struct db *db, struct step *step)
{
    const struct migration *m = step->migration;
    enum cq_status st = select_state(ctx, db, SELECT_STATE, step);

    if (st == CQ_RESOURCE_NOT_FOUND) {
        step->is_same = true;
        st = db_tx(ctx, db, claim_tx, step);
    }
    if (!st && !step->is_applied)
        st = apply(ctx, db, step);
    if (!st && !step->is_same)
        st = cq_fail(ctx, CQ_INVALID_REQUEST,
                     "schema/%s.sql was edited after it was applied: restore it, and put the change into a new file",
                     m->name);
    return st;
}

static const char COUNT_APPLIED[] = "SELECT COUNT(*) FROM schema_migration WHERE state = 'applied' AND version <= ?";

enum cq_status store_migrations_missing(struct cq_ctx *ctx, struct db *db, uint64_t *n)
{
    uint64_t applied = 0;
    const struct db_in in[] = {IN_U64(migrations[n_migrations - 1].version)};
    const struct db_out out[] = {OUT_U64(applied)};

    enum cq_status st = db_ping(ctx, db);
    if (st)
        return st;
    st = db_query_one(ctx, db, COUNT_APPLIED, in, LEN(in), out, LEN(out));
    if (st == CQ_BUSY)
        return st;
    *n = st ? n_migrations : n_migrations - (applied < n_migrations ? applied : n_migrations); /* no such table: none */
    return CQ_OK;
}

enum cq_status store_migrate(struct cq_ctx *ctx, struct db *db, const struct config *config,
                             void (*said)(const char *line))
{
    struct db *lock = db_create(config);

    if (!lock)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    /* A time-out would give the claim away while the server goes on with the change. */
    connection_close(db);
    db->is_patient = lock->is_patient = true;
    enum cq_status st = db_run_text(ctx, db, CREATE_TABLE, NULL);
    for (size_t i = 0; !st && i < n_migrations; i++) {
        struct step step = {.migration = &migrations[i], .lock = lock, .said = said};

        if (!sha256(migrations[i].sql, strlen(migrations[i].sql), step.checksum))
            st = cq_fail(ctx, CQ_INTERNAL, "out of memory");
        else
            st = migrate_one(ctx, db, &step);
    }
    db_destroy(lock);
    return st;
}
