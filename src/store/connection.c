/* Connecting to the database, keeping its statements prepared, and telling its errors apart. */
#include "store/connection.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdlib.h>

enum cq_status db_library_init(void)
{
    return mysql_library_init(0, NULL, NULL) ? CQ_INTERNAL : CQ_OK;
}

void db_thread_end(void)
{
    mysql_thread_end();
}

struct db *db_create(const struct config *config)
{
    struct db *db = calloc(1, sizeof(*db));

    if (db)
        db->config = config;
    return db;
}

void db_set_autocommit_off(struct db *db)
{
    db->is_autocommit_off = true;
}

void db_destroy(struct db *db)
{
    if (db)
        connection_close(db);
    free(db);
}

int64_t db_answered_ms(const struct db *db)
{
    return db->answered_ms;
}

struct db_effort db_take_effort(struct db *db)
{
    struct db_effort effort = db->effort;

    db->effort = (struct db_effort){0};
    return effort;
}

void connection_note_wait(struct db *db, int64_t sent_us, bool is_answered)
{
    int64_t now_us = clock_mono_us();

    if (is_answered)
        db->answered_ms = now_us / 1000;
    db->effort.wait_us += (uint64_t)(now_us - sent_us);
}

void connection_close(struct db *db)
{
    db->has_begun = false;
    for (size_t i = 0; i < DB_CACHE_SLOTS; i++) {
        if (db->cache[i].stmt)
            mysql_stmt_close(db->cache[i].stmt);
        db->cache[i] = (struct cached_statement){0};
    }
    if (db->mysql)
        mysql_close(db->mysql);
    db->mysql = NULL;
}

static void set_options(MYSQL *mysql, const struct db *db)
{
    unsigned timeout_ms = db->config->database.timeout_ms;
    unsigned timeout_s = timeout_ms < 1000 ? 1 : (timeout_ms + 999) / 1000;

    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout_s);
    if (!db->is_patient) {
        mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &timeout_s);
        mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &timeout_s);
    }
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
}

static bool run(MYSQL *mysql, const char *sql)
{
    return mysql_real_query(mysql, sql, strlen(sql)) == 0;
}

/*
 * The session is made the same on every server: strict, UTC, and READ COMMITTED, under which concurrent turns
 * of different conversations lock no gaps that they share. Not by MYSQL_INIT_COMMAND: MariaDB's library crashes there when
 * memory is short.
 */
static bool set_session(MYSQL *mysql, const struct db *db)
{
    return run(mysql,
               "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
               "NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', innodb_lock_wait_timeout = 5") &&
           run(mysql, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED") &&
           (!db->is_autocommit_off || run(mysql, "SET SESSION autocommit = 0")) &&
           /* before reads and updates: either may be the first statement of a transaction */
           (!db->config->database.sync_wait || run(mysql, "SET SESSION wsrep_sync_wait = 3"));
}

/* Numbers of ours, because the two servers' headers do not name the same ones. */
enum {
    ER_KILLED_BY_ADMIN_MARIADB = 1927,
    ER_READ_ONLY_SERVER = 1290,
    ER_READ_ONLY_MODE_MYSQL = 1836,
    ER_WSREP_NOT_READY = 1047,
    ER_TABLE_FULL = 1114,
    ER_SHUTTING_DOWN = 1053,
    ER_TIMEOUT_ADMIN_MYSQL = 4031,
    CR_ERR_NET_READ_MARIADB = 5013,
    CR_ERR_NET_WRITE_MARIADB = 5014,
};

static bool is_lost_connection(unsigned number)
{
    switch (number) {
    case 0: /* the wire failed in a way that the library has no number for */
    case CR_SERVER_LOST_EXTENDED:
    case CR_MALFORMED_PACKET:
    case CR_ERR_NET_READ_MARIADB:
    case CR_ERR_NET_WRITE_MARIADB:
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case CR_CONN_HOST_ERROR:
    case CR_CONNECTION_ERROR:
    case CR_COMMANDS_OUT_OF_SYNC:
    case ER_KILLED_BY_ADMIN_MARIADB:
    case ER_SHUTTING_DOWN:
    case ER_TIMEOUT_ADMIN_MYSQL:
    case ER_QUERY_INTERRUPTED:
        return true;
    default:
        return false;
    }
}

/* Whether a server was there: one that is down, or a network that is, refuses with other numbers. */
static bool was_reached(unsigned number)
{
    return number != CR_CONNECTION_ERROR && number != CR_CONN_HOST_ERROR && is_lost_connection(number);
}

enum cq_status connection_open(struct cq_ctx *ctx, struct db *db)
{
    const struct config_database *config = &db->config->database;

    if (db->mysql)
        return CQ_OK;
    MYSQL *mysql = mysql_init(NULL);
    int64_t sent_us = clock_mono_us();

    if (!mysql)
        return cq_fail(ctx, CQ_INTERNAL, "database: out of memory");
    set_options(mysql, db);
    /* CLIENT_FOUND_ROWS: an update counts the rows that it matched, not those that it changed. */
    if (!mysql_real_connect(mysql, config->socket ? NULL : config->host, config->user, config->password, config->name,
                            config->socket ? 0 : config->port, config->socket, CLIENT_FOUND_ROWS) ||
        !set_session(mysql, db)) {
        cq_fail(ctx, CQ_BUSY, "database: cannot connect: error %u: %s", mysql_errno(mysql), mysql_error(mysql));
        db->is_lost = was_reached(mysql_errno(mysql)); /* cut off while signing in: another try may do */
        mysql_close(mysql);
        connection_note_wait(db, sent_us, false);
        return CQ_BUSY;
    }
    db->mysql = mysql;
    db->effort.connects++;
    connection_note_wait(db, sent_us, true);
    return CQ_OK;
}

static enum cq_status prepare(struct cq_ctx *ctx, struct db *db, const char *sql, struct cached_statement *slot)
{
    MYSQL_STMT *stmt = mysql_stmt_init(db->mysql);

    if (!stmt)
        return cq_fail(ctx, CQ_INTERNAL, "database: out of memory");
    if (mysql_stmt_prepare(stmt, sql, strlen(sql))) {
        enum cq_status st = connection_error(ctx, db, mysql_stmt_errno(stmt), mysql_stmt_error(stmt));

        mysql_stmt_close(stmt);
        return st;
    }
    *slot = (struct cached_statement){.sql = sql,
                                      .stmt = stmt,
                                      .n_in = (unsigned)mysql_stmt_param_count(stmt),
                                      .n_out = mysql_stmt_field_count(stmt)};
    return CQ_OK;
}

enum cq_status connection_statement(struct cq_ctx *ctx, struct db *db, const char *sql, size_t n_in, size_t n_out,
                                    MYSQL_STMT **out)
{
    size_t at = ((uintptr_t)sql >> 4) % DB_CACHE_SLOTS;

    for (size_t n = 0; n < DB_CACHE_SLOTS; n++, at = (at + 1) % DB_CACHE_SLOTS) {
        struct cached_statement *slot = &db->cache[at];

        if (!slot->sql) {
            enum cq_status st = prepare(ctx, db, sql, slot);

            if (st)
                return st;
        }
        if (slot->sql != sql)
            continue;
        if (slot->n_in != n_in || slot->n_out != n_out)
            return cq_fail(ctx, CQ_INTERNAL, "statement takes %u and gives %u, bound %zu and %zu: %.80s", slot->n_in,
                           slot->n_out, n_in, n_out, sql);
        *out = slot->stmt;
        return CQ_OK;
    }
    return cq_fail(ctx, CQ_INTERNAL, "database: more than %d statements", DB_CACHE_SLOTS);
}

static enum cq_status error_status(unsigned number)
{
    switch (number) {
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_CHECKREAD: /* 1020, MariaDB's snapshot isolation: the row has changed since it was read */
        return CQ_AGAIN;
    case ER_DUP_ENTRY:
        return CQ_DUPLICATE;
    case ER_NO_REFERENCED_ROW_2:
        return CQ_RESOURCE_NOT_FOUND;
    case ER_READ_ONLY_SERVER:
    case ER_READ_ONLY_MODE_MYSQL:
    case ER_WSREP_NOT_READY:
    case ER_TABLE_FULL:
    case ER_DISK_FULL:
    case ER_ERROR_ON_WRITE:
    case ER_CON_COUNT_ERROR:
    case ER_OUT_OF_RESOURCES:
        return CQ_BUSY;
    default:
        return CQ_INTERNAL;
    }
}

/* What a server says of a value quotes it, and it may be somebody's message: only words about names and rights are logged. */
static bool has_safe_words(unsigned number, enum cq_status st)
{
    switch (number) {
    case ER_DBACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_ERROR:
    case ER_BAD_DB_ERROR:
    case ER_BAD_FIELD_ERROR:
    case ER_PARSE_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
    case ER_NO_SUCH_TABLE:
        return true;
    default:
        return st == CQ_BUSY || st == CQ_AGAIN;
    }
}

enum cq_status connection_error(struct cq_ctx *ctx, struct db *db, unsigned number, const char *text)
{
    if (is_lost_connection(number)) {
        db->is_lost = true;
        return cq_fail(ctx, CQ_BUSY, "database: error %u: %s", number, text);
    }
    enum cq_status st = error_status(number);

    return has_safe_words(number, st) ? cq_fail(ctx, st, "database: error %u: %s", number, text)
                                      : cq_fail(ctx, st, "database: error %u", number);
}
