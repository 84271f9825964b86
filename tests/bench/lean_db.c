/* Prepared statements without anything around them. */
#include "lean_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_lean: %s: %s\n", what, why);
    exit(1);
}

MYSQL *lean_connect(const struct config_database *config)
{
    MYSQL *mysql = mysql_init(NULL);

    unsigned timeout_s = config->timeout_ms / 1000;

    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &timeout_s);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &timeout_s);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(mysql, MYSQL_INIT_COMMAND, "SET SESSION sql_mode = 'STRICT_ALL_TABLES', time_zone = '+00:00'");
    mysql_options(mysql, MYSQL_INIT_COMMAND, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    if (!mysql_real_connect(mysql, config->host, config->user, config->password, config->name,
                            config->socket ? 0 : config->port, config->socket, CLIENT_FOUND_ROWS))
        die("cannot connect", mysql_error(mysql));
    return mysql;
}

static void bind_column(MYSQL_BIND *bind, struct lean_column *column, char type)
{
    *bind = (MYSQL_BIND){.length = &column->len, .is_null = &column->is_null};
    if (type == 't') {
        column->text = malloc(LEAN_TEXT_BYTES);
        bind->buffer_type = MYSQL_TYPE_STRING;
        bind->buffer = column->text;
        bind->buffer_length = LEAN_TEXT_BYTES;
    } else if (type == 'd') {
        bind->buffer_type = MYSQL_TYPE_DATETIME;
        bind->buffer = &column->time;
    } else {
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = &column->number;
        bind->is_unsigned = 1;
    }
}

void lean_prepare(struct lean_statement *s, MYSQL *mysql, const char *sql, const char *types)
{
    MYSQL_BIND binds[LEAN_MAX_COLUMNS];
    size_t n = strlen(types);

    s->stmt = mysql_stmt_init(mysql);
    if (mysql_stmt_prepare(s->stmt, sql, (unsigned long)strlen(sql)))
        die("cannot prepare", mysql_stmt_error(s->stmt));
    if (n > LEAN_MAX_COLUMNS || mysql_stmt_field_count(s->stmt) != n)
        die("another number of columns", sql);
    for (size_t i = 0; i < n; i++)
        bind_column(&binds[i], &s->columns[i], types[i]);
    if (mysql_stmt_bind_result(s->stmt, binds))
        die("cannot bind", mysql_stmt_error(s->stmt));
}

bool lean_execute(struct lean_statement *s, MYSQL_BIND *in)
{
    return !mysql_stmt_bind_param(s->stmt, in) && !mysql_stmt_execute(s->stmt);
}

bool lean_fetch(struct lean_statement *s)
{
    return mysql_stmt_fetch(s->stmt) == 0;
}
