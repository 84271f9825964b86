/* Tables as spreadsheets read them: cells, commas and line ends. */
#include "api/csv.h"

struct csv csv_begin(struct buf *buf)
{
    buf_str(buf, "\xEF\xBB\xBF");
    return (struct csv){.buf = buf};
}

static void begin_cell(struct csv *out)
{
    if (out->is_in_row)
        buf_char(out->buf, ',');
    out->is_in_row = true;
}

/* Within quotation marks, each of which stands twice. */
static void write_quoted(struct buf *buf, const char *guard, const char *text)
{
    buf_char(buf, '"');
    buf_str(buf, guard);
    for (; *text; text++) {
        if (*text == '"')
            buf_char(buf, '"');
        buf_char(buf, *text);
    }
    buf_char(buf, '"');
}

void csv_text(struct csv *out, const char *text)
{
    begin_cell(out);
    if (!text || !*text)
        return;
    const char *guard = strchr("=+-@\t\r", *text) ? "'" : "";

    if (text[strcspn(text, "\",\r\n")]) {
        write_quoted(out->buf, guard, text);
        return;
    }
    buf_str(out->buf, guard);
    buf_str(out->buf, text);
}

void csv_u64(struct csv *out, uint64_t number)
{
    begin_cell(out);
    buf_u64(out->buf, number);
}

void csv_time(struct csv *out, int64_t unix_ms)
{
    char text[CLOCK_TEXT_BYTES];

    clock_text(unix_ms, text);
    begin_cell(out);
    buf_str(out->buf, text);
}

void csv_end_row(struct csv *out)
{
    buf_str(out->buf, "\r\n");
    out->is_in_row = false;
}
