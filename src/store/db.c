/* Running prepared statements: binding, fetching, transactions that run again. */
#include "store/db.h"

#include <time.h>

#include "store/connection.h"

enum {
    MAX_RERUNS = 3,      /* after a lost deadlock, lock wait or certification */
    MAX_LOST_RERUNS = 8, /* after a lost connection that could be made again at once */
    RERUN_PAUSE_MS = 5,
};

static MYSQL_TIME time_parts(int64_t unix_ms)
{
    time_t s = (time_t)(unix_ms / 1000);
    struct tm tm;

    gmtime_r(&s, &tm);
    return (MYSQL_TIME){.year = (unsigned)tm.tm_year + 1900,
                        .month = (unsigned)tm.tm_mon + 1,
                        .day = (unsigned)tm.tm_mday,
                        .hour = (unsigned)tm.tm_hour,
                        .minute = (unsigned)tm.tm_min,
                        .second = (unsigned)tm.tm_sec,
                        .second_part = (unsigned long)(unix_ms % 1000) * 1000,
                        .time_type = MYSQL_TIMESTAMP_DATETIME};
}

/* time: room that lives as long as the binding. */
static void bind_in(MYSQL_BIND *bind, const struct db_in *in, MYSQL_TIME *time)
{
    *bind = (MYSQL_BIND){0};
    switch (in->type) {
    case DB_TEXT:
    case DB_BYTES:
        if (!in->data) {
            bind->buffer_type = MYSQL_TYPE_NULL;
            break;
        }
        bind->buffer_type = in->type == DB_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
        bind->buffer = (void *)(uintptr_t)in->data; /* the library's pointer is not const; it only reads */
        bind->buffer_length = (unsigned long)in->len;
        break;
    case DB_TIME:
        *time = time_parts((int64_t)in->number);
        bind->buffer_type = MYSQL_TYPE_DATETIME;
        bind->buffer = time;
        break;
    case DB_DOUBLE:
        bind->buffer_type = MYSQL_TYPE_DOUBLE;
        bind->buffer = (void *)(uintptr_t)&in->real;
        break;
    default:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->is_unsigned = 1;
        bind->buffer = (void *)(uintptr_t)&in->number;
        break;
    }
}

enum { SHORT_TEXT_BYTES = 256 };

/* What one column is fetched into before it is moved to where the caller wants it. A longer text is fetched again. */
struct cell {
    uint64_t number;
    double real;
    MYSQL_TIME time;
    unsigned long len;
    my_bool is_null;
    my_bool error;
    char text[SHORT_TEXT_BYTES];
};

static void bind_out(MYSQL_BIND *bind, const struct db_out *out, struct cell *cell)
{
    *bind = (MYSQL_BIND){.length = &cell->len, .is_null = &cell->is_null, .error = &cell->error};
    switch (out->type) {
    case DB_TEXT:
    case DB_BYTES:
        bind->buffer_type = MYSQL_TYPE_STRING;
        bind->buffer = cell->text;
        bind->buffer_length = sizeof(cell->text);
        break;
    case DB_TIME:
        bind->buffer_type = MYSQL_TYPE_DATETIME;
        bind->buffer = &cell->time;
        bind->buffer_length = sizeof(cell->time);
        break;
    case DB_DOUBLE:
        bind->buffer_type = MYSQL_TYPE_DOUBLE;
        bind->buffer = &cell->real;
        bind->buffer_length = sizeof(cell->real);
        break;
    default:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->is_unsigned = 1;
        bind->buffer = &cell->number;
        bind->buffer_length = sizeof(cell->number);
        break;
    }
}

static int64_t time_ms(const MYSQL_TIME *t)
{
    int64_t s = clock_days((int)t->year, t->month, t->day) * 86400 + t->hour * 3600 + t->minute * 60 + t->second;

    return s * 1000 + (int64_t)(t->second_part / 1000);
}

static enum cq_status fetch_text(struct cq_ctx *ctx, MYSQL_STMT *stmt, unsigned column, const struct cell *cell,
                                 const char **to)
{
    char *text = arena_alloc(ctx->arena, cell->len + 1);
    MYSQL_BIND bind = {.buffer_type = MYSQL_TYPE_STRING, .buffer = text, .buffer_length = cell->len};

    if (!text)
        return cq_fail(ctx, CQ_INTERNAL, "database: a row is larger than the request's memory");
    if (cell->len <= sizeof(cell->text))
        memcpy(text, cell->text, cell->len);
    else if (mysql_stmt_fetch_column(stmt, &bind, column, 0))
        return cq_fail(ctx, CQ_INTERNAL, "database: column %u cannot be read", column);
    text[cell->len] = '\0';
    *to = text;
    return CQ_OK;
}

static enum cq_status move_cell(struct cq_ctx *ctx, MYSQL_STMT *stmt, unsigned column, const struct db_out *out,
                                const struct cell *cell)
{
    uint64_t number = cell->is_null ? 0 : cell->number;

    switch (out->type) {
    case DB_U64:
        *(uint64_t *)out->to = number;
        return CQ_OK;
    case DB_U32:
        *(uint32_t *)out->to = (uint32_t)number;
        return CQ_OK;
    case DB_BOOL:
        *(bool *)out->to = number != 0;
        return CQ_OK;
    case DB_DOUBLE:
        *(double *)out->to = cell->is_null ? 0 : cell->real;
        return CQ_OK;
    case DB_TIME:
        *(int64_t *)out->to = cell->is_null ? 0 : time_ms(&cell->time);
        return CQ_OK;
    default:
        *(const char **)out->to = NULL;
        return cell->is_null ? CQ_OK : fetch_text(ctx, stmt, column, cell, out->to);
    }
}

static enum cq_status statement_error(struct cq_ctx *ctx, struct db *db, MYSQL_STMT *stmt)
{
    unsigned number = mysql_stmt_errno(stmt);

    /* What goes wrong on the wire while rows are fetched is known to the connection alone. */
    return number ? connection_error(ctx, db, number, mysql_stmt_error(stmt))
                  : connection_error(ctx, db, mysql_errno(db->mysql), mysql_error(db->mysql));
}

static enum cq_status execute(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                              size_t n_out, MYSQL_STMT **out)
{
    MYSQL_BIND binds[DB_MAX_IN];
    MYSQL_TIME times[DB_MAX_IN];
    MYSQL_STMT *stmt = NULL;
    enum cq_status st =
        n_in > DB_MAX_IN ? cq_fail(ctx, CQ_INTERNAL, "statement with %zu values", n_in) : connection_open(ctx, db);

    if (!st)
        st = connection_statement(ctx, db, sql, n_in, n_out, &stmt);
    if (st)
        return st;
    for (size_t i = 0; i < n_in; i++)
        bind_in(&binds[i], &in[i], &times[i]);
    int64_t sent_us = clock_mono_us();

    ctx->statements++;
    db->effort.round_trips++;
    db->has_begun = db->is_autocommit_off;
    bool is_failed = (n_in && mysql_stmt_bind_param(stmt, binds)) || mysql_stmt_execute(stmt);

    connection_note_wait(db, sent_us, !is_failed);
    if (is_failed)
        return statement_error(ctx, db, stmt);
    *out = stmt;
    return CQ_OK;
}

static enum cq_status fetch_rows(struct cq_ctx *ctx, struct db *db, MYSQL_STMT *stmt, const struct db_out *out,
                                 size_t n_out, db_row_fn *row, void *arg, size_t *n_rows)
{
    MYSQL_BIND binds[DB_MAX_OUT];
    struct cell cells[DB_MAX_OUT];
    enum cq_status st = CQ_OK;

    for (size_t i = 0; i < n_out; i++)
        bind_out(&binds[i], &out[i], &cells[i]);
    /* All rows are here before the first is looked at: what a lost connection cut short can still be run again. */
    if (mysql_stmt_bind_result(stmt, binds) || mysql_stmt_store_result(stmt))
        st = statement_error(ctx, db, stmt);
    while (!st) {
        int got = mysql_stmt_fetch(stmt);

        if (got == MYSQL_NO_DATA)
            break;
        if (got == 1) {
            st = statement_error(ctx, db, stmt);
            break;
        }
        for (unsigned i = 0; !st && i < n_out; i++)
            st = move_cell(ctx, stmt, i, &out[i], &cells[i]);
        (*n_rows)++;
        if (!st)
            st = row(ctx, arg);
    }
    mysql_stmt_free_result(stmt);
    return st;
}

/* After a failure that lost the connection: forget it, and say whether it is worth trying again. */
static bool forget_lost(struct db *db)
{
    if (!db->is_lost)
        return false;
    db->is_lost = false;
    connection_close(db);
    return true;
}

/*
 * Whether a failure is worth another run, outside a transaction; a lost connection is forgotten. One that died while idle
 * fails at once, one that timed out would only time out again.
 */
static bool may_run_again(struct db *db, enum cq_status st, int n_runs, int64_t began_ms)
{
    bool was_lost = forget_lost(db), is_quick = clock_mono_ms() - began_ms < db->config->database.timeout_ms / 2;

    return was_lost ? is_quick && n_runs < MAX_LOST_RERUNS : st == CQ_AGAIN && n_runs < MAX_RERUNS;
}

enum cq_status db_query(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                        const struct db_out *out, size_t n_out, db_row_fn *row, void *arg)
{
    for (int attempt = 0;; attempt++) {
        MYSQL_STMT *stmt;
        size_t n_rows = 0;
        int64_t began_ms = clock_mono_ms();
        enum cq_status st = n_out > DB_MAX_OUT ? CQ_INTERNAL : execute(ctx, db, sql, in, n_in, n_out, &stmt);

        if (!st)
            st = fetch_rows(ctx, db, stmt, out, n_out, row, arg, &n_rows);
        if (!st || db->in_tx)
            return st;
        if (!may_run_again(db, st, attempt, began_ms) || n_rows > 0)
            return st == CQ_AGAIN ? CQ_BUSY : st;
        db->effort.reruns++;
    }
}

struct first_row {
    bool is_found;
};

static enum cq_status take_first(struct cq_ctx *ctx, void *arg)
{
    struct first_row *first = arg;

    if (first->is_found)
        return cq_fail(ctx, CQ_INTERNAL, "database: one row was expected, more came");
    first->is_found = true;
    return CQ_OK;
}

enum cq_status db_query_one(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                            const struct db_out *out, size_t n_out)
{
    struct first_row first = {false};
    enum cq_status st = db_query(ctx, db, sql, in, n_in, out, n_out, take_first, &first);

    if (!st && !first.is_found)
        st = CQ_RESOURCE_NOT_FOUND;
    return st;
}

enum cq_status db_execute(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                          uint64_t *matched)
{
    MYSQL_STMT *stmt;
    enum cq_status st = execute(ctx, db, sql, in, n_in, 0, &stmt);

    if (st)
        return st;
    db->insert_id = mysql_stmt_insert_id(stmt);
    if (matched)
        *matched = mysql_stmt_affected_rows(stmt);
    return CQ_OK;
}

enum cq_status db_execute_once(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in)
{
    enum cq_status st = db_execute(ctx, db, sql, in, n_in, NULL);

    if (st)
        forget_lost(db);
    return st == CQ_AGAIN ? CQ_BUSY : st;
}

uint64_t db_insert_id(const struct db *db)
{
    return db->insert_id;
}

enum cq_status db_run_text(struct cq_ctx *ctx, struct db *db, const char *sql, unsigned *error_number)
{
    enum cq_status st = connection_open(ctx, db);

    if (st)
        return st;
    int64_t sent_us = clock_mono_us();

    ctx->statements++;
    db->effort.round_trips++;
    bool is_failed = mysql_real_query(db->mysql, sql, (unsigned long)strlen(sql)) != 0;

    connection_note_wait(db, sent_us, !is_failed);
    if (is_failed) {
        if (error_number)
            *error_number = mysql_errno(db->mysql);
        return connection_error(ctx, db, mysql_errno(db->mysql), mysql_error(db->mysql));
    }
    return CQ_OK;
}

static enum cq_status ping_once(struct cq_ctx *ctx, struct db *db)
{
    enum cq_status st = connection_open(ctx, db);

    if (!st && mysql_ping(db->mysql))
        st = connection_error(ctx, db, mysql_errno(db->mysql), mysql_error(db->mysql));
    if (!st)
        db->answered_ms = clock_mono_ms();
    return st;
}

enum cq_status db_ping(struct cq_ctx *ctx, struct db *db)
{
    bool was_connected = db->mysql != NULL;
    enum cq_status st = ping_once(ctx, db);

    if (st && forget_lost(db) && was_connected) /* lost while idle: the database may be back long since */
        st = ping_once(ctx, db);
    return st;
}

static enum cq_status run_tx(struct cq_ctx *ctx, struct db *db, db_tx_fn *fn, void *arg, bool is_rerun,
                             bool *is_commit_sent)
{
    enum cq_status st = db->is_autocommit_off ? CQ_OK : db_run_text(ctx, db, "START TRANSACTION", NULL);

    if (st)
        return st;
    db->in_tx = true;
    st = fn(ctx, db, arg, is_rerun);
    if (!st) {
        *is_commit_sent = true;
        st = db_run_text(ctx, db, "COMMIT", NULL);
    }
    /* A failed COMMIT (a certification conflict) has rolled back by itself; a ROLLBACK then changes nothing. */
    if (st && !db->is_lost) {
        char error[sizeof(ctx->error)];

        memcpy(error, ctx->error, sizeof(error));
        if (db_run_text(ctx, db, "ROLLBACK", NULL))
            db->is_lost = true;
        memcpy(ctx->error, error, sizeof(error));
    }
    db->in_tx = db->has_begun = false;
    return st;
}

void db_rest(struct db *db)
{
    struct cq_ctx ctx = {.request_id = "-"};

    if (db->has_begun && db_run_text(&ctx, db, "COMMIT", NULL))
        forget_lost(db);
    db->has_begun = false;
}

enum cq_status db_tx(struct cq_ctx *ctx, struct db *db, db_tx_fn *fn, void *arg)
{
    bool is_rerun = false;

    for (int run = 0;; run++) {
        bool is_commit_sent = false;
        int64_t began_ms = clock_mono_ms();
        enum cq_status st = run_tx(ctx, db, fn, arg, is_rerun, &is_commit_sent);

        if (!st)
            return CQ_OK;
        is_rerun |= db->is_lost && is_commit_sent;
        if (!may_run_again(db, st, run, began_ms))
            return st == CQ_AGAIN ? CQ_BUSY : st;
        db->effort.reruns++;
        struct timespec pause = {.tv_nsec = (long)(run + 1) * RERUN_PAUSE_MS * 1000000L};

        nanosleep(&pause, NULL);
    }
}
