/* The connection as db.c and connection.c share it: MySQL's handle, its state, its cache of statements. */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include <mysql.h>

#include "store/db.h"

enum { DB_CACHE_SLOTS = 512 }; /* a power of two, well above the number of statements */

struct cached_statement {
    const char *sql; /* NULL: free */
    MYSQL_STMT *stmt;
    unsigned n_in, n_out;
};

struct db {
    const struct config *config;
    MYSQL *mysql;    /* NULL: not connected */
    bool is_patient; /* no limit of time for an answer: a change of the schema takes as long as it takes */
    bool is_autocommit_off;
    bool has_begun; /* with autocommit off: a transaction, with the first statement after the last one's end */
    bool in_tx;
    bool is_lost; /* the connection was lost since it was last made */
    int64_t answered_ms;
    struct db_effort effort;
    uint64_t insert_id; /* of the last insert */
    uint8_t link_secret[SHA256_BYTES];
    bool has_link_secret;
    struct cached_statement cache[DB_CACHE_SLOTS];
};

/* Connect unless connected. CQ_BUSY: it cannot be reached now. */
enum cq_status connection_open(struct cq_ctx *ctx, struct db *db) MUST_USE;
void connection_close(struct db *db);

/* The statement, prepared and cached, with the counts checked against what it has. */
enum cq_status connection_statement(struct cq_ctx *ctx, struct db *db, const char *sql, size_t n_in, size_t n_out,
                                    MYSQL_STMT **out) MUST_USE;

/* What was sent at sent_us, on clock_mono_us(), was waited for until now; is_answered: and came. */
void connection_note_wait(struct db *db, int64_t sent_us, bool is_answered);

/* What a server's or client's error number means; notes a lost connection. text: the server's words, for the log. */
enum cq_status connection_error(struct cq_ctx *ctx, struct db *db, unsigned number, const char *text);

#endif
