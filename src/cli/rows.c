/* Rows as a table for people, as CSV or as JSON: one at a time, since there may be very many. */
#include <string.h>

#include "cli/cli.h"

enum { FLUSH_BYTES = 64 << 10 };

void cli_rows_init(struct cli_rows *rows, struct cli *cli, enum cli_format format, const struct cli_column *columns,
                   size_t n)
{
    *rows = (struct cli_rows){.cli = cli, .format = format, .columns = columns, .n = n};
    json_out_init(&rows->json, &cli->result);
    for (size_t i = 0; i < n; i++)
        rows->widths[i] = strlen(columns[i].name);
}

void cli_rows_measure(struct cli_rows *rows, const char *const *cells)
{
    for (size_t i = 0; i < rows->n; i++) {
        size_t width = cells[i] ? utf8_count(cells[i], strlen(cells[i])) : 0;

        rows->widths[i] = width > rows->widths[i] ? width : rows->widths[i];
    }
}

/* ---- one row ---- */

static void pad(struct buf *out, size_t n)
{
    buf_printf(out, "%*s", (int)n, "");
}

/* Numbers stand to the right. Behind the last cell there is nothing. */
static void write_line(const struct cli_rows *rows, const char *const *cells)
{
    struct buf *out = &rows->cli->result;

    for (size_t i = 0; i < rows->n; i++) {
        const char *text = cells[i] ? cells[i] : "";
        size_t width = utf8_count(text, strlen(text)), room = rows->widths[i] > width ? rows->widths[i] - width : 0;

        if (rows->columns[i].is_number)
            pad(out, room);
        buf_str(out, text);
        if (i + 1 < rows->n)
            pad(out, (rows->columns[i].is_number ? 0 : room) + 2);
    }
    buf_char(out, '\n');
}

/* RFC 4180: a text with a comma, a quote or a line's end stands in quotes, its own quotes doubled. */
static void write_field(struct buf *out, const char *text)
{
    bool is_quoted = text[strcspn(text, ",\"\r\n")] != '\0';

    if (is_quoted)
        buf_char(out, '"');
    for (; *text; text++) {
        if (*text == '"')
            buf_char(out, '"');
        buf_char(out, *text);
    }
    if (is_quoted)
        buf_char(out, '"');
}

static void write_record(const struct cli_rows *rows, const char *const *cells)
{
    struct buf *out = &rows->cli->result;

    for (size_t i = 0; i < rows->n; i++) {
        if (i)
            buf_char(out, ',');
        if (cells[i])
            write_field(out, cells[i]);
    }
    buf_str(out, "\r\n");
}

static void write_object(struct cli_rows *rows, const char *const *cells)
{
    struct json_out *out = &rows->json;

    json_open_object(out);
    for (size_t i = 0; i < rows->n; i++) {
        json_key(out, rows->columns[i].name);
        if (cells[i] && rows->columns[i].is_number)
            json_raw(out, cells[i]);
        else
            json_text(out, cells[i]);
    }
    json_close_object(out);
}

/* ---- all of them ---- */

static int flush(struct cli_rows *rows, size_t above)
{
    if (rows->cli->result.len < above && !rows->cli->result.failed)
        return EXIT_DONE;
    int code = cli_print_result(rows->cli);

    buf_clear(&rows->cli->result);
    return code;
}

void cli_rows_begin(struct cli_rows *rows)
{
    const char *names[CLI_MAX_COLUMNS];

    for (size_t i = 0; i < rows->n; i++)
        names[i] = rows->columns[i].name;
    if (rows->format == FORMAT_TABLE)
        write_line(rows, names);
    else if (rows->format == FORMAT_CSV)
        write_record(rows, names);
    else
        json_open_array(&rows->json);
}

int cli_rows_add(struct cli_rows *rows, const char *const *cells)
{
    if (rows->format == FORMAT_TABLE)
        write_line(rows, cells);
    else if (rows->format == FORMAT_CSV)
        write_record(rows, cells);
    else
        write_object(rows, cells);
    return flush(rows, FLUSH_BYTES);
}

int cli_rows_end(struct cli_rows *rows)
{
    if (rows->format == FORMAT_JSON) {
        json_close_array(&rows->json);
        buf_char(&rows->cli->result, '\n');
    }
    return flush(rows, 0);
}

const char *cli_take_format(const char *value, void *field)
{
    static const char *const names[] = {[FORMAT_TABLE] = "table", [FORMAT_CSV] = "csv", [FORMAT_JSON] = "json"};

    for (unsigned i = 0; i < LEN(names); i++) {
        if (str_eq(value, names[i])) {
            *(enum cli_format *)field = (enum cli_format)i;
            return NULL;
        }
    }
    return "must be table, csv or json";
}
