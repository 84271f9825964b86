/* Statements of bench_lean: prepared once, every column fetched straight into memory that was there before. */
#ifndef TESTS_BENCH_LEAN_DB_H
#define TESTS_BENCH_LEAN_DB_H

#include <mysql.h>
#include <stdint.h>

#include "colloquy/base.h"

enum { LEAN_MAX_COLUMNS = 20, LEAN_TEXT_BYTES = 64 * 1024 };

struct lean_column {
    char *text;
    uint64_t number;
    MYSQL_TIME time;
    unsigned long len;
    my_bool is_null;
};

struct lean_statement {
    MYSQL_STMT *stmt;
    struct lean_column columns[LEAN_MAX_COLUMNS];
};

/* Connect as Colloquy's workers do, with the same session. Exits when it cannot. */
MYSQL *lean_connect(const struct config_database *config);

/* types: a letter a column: t text, n number, d date and time. Exits when it cannot. */
void lean_prepare(struct lean_statement *s, MYSQL *mysql, const char *sql, const char *types);

#define LEAN_HASH(hash)                                                                                                \
    ((MYSQL_BIND){.buffer_type = MYSQL_TYPE_BLOB, .buffer = (void *)(uintptr_t)(hash), .buffer_length = SHA256_BYTES})
#define LEAN_NUMBER(variable)                                                                                          \
    ((MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &(variable), .is_unsigned = 1})

bool lean_execute(struct lean_statement *s, MYSQL_BIND *in);

/* The next row into columns; false after the last one. */
bool lean_fetch(struct lean_statement *s);

#endif
