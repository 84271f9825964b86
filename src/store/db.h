/*
 * Statements: prepared once per connection, bound by type, fetched into plain variables.
 *
 * SQL is always a string constant: its address is the key of the statement cache. No value is ever formatted into it.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <string.h>

#include "colloquy/store.h"

enum db_type { DB_U64, DB_U32, DB_BOOL, DB_DOUBLE, DB_TEXT, DB_BYTES, DB_TIME };

struct db_in {
    enum db_type type;
    uint64_t number;
    double real;      /* of DB_DOUBLE */
    const void *data; /* NULL of DB_TEXT: SQL's NULL */
    size_t len;
};

#define IN_U64(value)           ((struct db_in){.type = DB_U64, .number = (value)})
#define IN_DOUBLE(value)        ((struct db_in){.type = DB_DOUBLE, .real = (value)})
#define IN_TIME(unix_ms)        ((struct db_in){.type = DB_TIME, .number = (uint64_t)(unix_ms)})
#define IN_TEXT(value)          db_in_text(value)
#define IN_BYTES(value, length) ((struct db_in){.type = DB_BYTES, .data = (value), .len = (length)})

static inline struct db_in db_in_text(const char *text)
{
    return (struct db_in){.type = DB_TEXT, .data = text, .len = text ? strlen(text) : 0};
}

struct db_out {
    enum db_type type;
    void *to;
};

/* SQL's NULL reads as 0, false or NULL. Texts are copied into ctx->arena. Times are ms since 1970. */
#define OUT_AS(type, variable) (1 ? &(variable) : (type *)0) /* the wrong type does not compile */
#define OUT_U64(variable)      ((struct db_out){DB_U64, OUT_AS(uint64_t, variable)})
#define OUT_U32(variable)      ((struct db_out){DB_U32, OUT_AS(uint32_t, variable)})
#define OUT_BOOL(variable)     ((struct db_out){DB_BOOL, OUT_AS(bool, variable)})
#define OUT_DOUBLE(variable)   ((struct db_out){DB_DOUBLE, OUT_AS(double, variable)})
#define OUT_TEXT(variable)     ((struct db_out){DB_TEXT, OUT_AS(const char *, variable)})
#define OUT_TIME(variable)     ((struct db_out){DB_TIME, OUT_AS(int64_t, variable)})

enum { DB_MAX_IN = 40, DB_MAX_OUT = 40 };

/*
 * Called for each row, after the outputs were filled; anything but CQ_OK ends the query with it. No statement may run
 * inside.
 */
typedef enum cq_status db_row_fn(struct cq_ctx *ctx, void *arg);

/* A read. Outside a transaction it is run again when the connection turns out to be gone. */
enum cq_status db_query(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                        const struct db_out *out, size_t n_out, db_row_fn *row, void *arg) MUST_USE;

/* The first row only; CQ_RESOURCE_NOT_FOUND when there is none. */
enum cq_status db_query_one(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                            const struct db_out *out, size_t n_out) MUST_USE;

/*
 * A write, within a transaction. matched (may be NULL): the rows it found, changed or not. CQ_DUPLICATE: a unique key
 * is taken.
 */
enum cq_status db_execute(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in, size_t n_in,
                          uint64_t *matched) MUST_USE;

/*
 * A write of one statement that matters to nobody if it is lost: outside a transaction, and sent once. On a connection
 * with autocommit off it is stored with what comes next, or by db_rest().
 */
enum cq_status db_execute_once(struct cq_ctx *ctx, struct db *db, const char *sql, const struct db_in *in,
                               size_t n_in) MUST_USE;

/* The id that the last insert was given. */
uint64_t db_insert_id(const struct db *db);

/* Text of ours, not prepared: schema statements. error_number (may be NULL) gets the server's. */
enum cq_status db_run_text(struct cq_ctx *ctx, struct db *db, const char *sql, unsigned *error_number) MUST_USE;

/*
 * Run fn in a transaction, and again (a few times) when it returns CQ_AGAIN, as every statement does that
 * lost a deadlock, a lock wait or a certification, or when the connection was lost. is_rerun says that an earlier run
 * may have been committed after all (its connection was lost while committing): fn looks before it writes. It has no
 * effect outside the database.
 */
typedef enum cq_status db_tx_fn(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun);
enum cq_status db_tx(struct cq_ctx *ctx, struct db *db, db_tx_fn *fn, void *arg) MUST_USE;

#endif
