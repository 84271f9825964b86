/* Tables as spreadsheets read them. Source: RFC 4180. */
#ifndef API_CSV_H
#define API_CSV_H

#include "colloquy/base.h"

struct csv {
    struct buf *buf;
    bool is_in_row; /* a cell stands before in this row */
};

/* A table that begins with a byte order mark: without it spreadsheets take UTF-8 for something else. */
struct csv csv_begin(struct buf *buf);

/*
 * A cell of text, NULL an empty one. It gets a ' before it where a spreadsheet would take it for a formula: people choose their names. In
 * quotation marks when it holds what would end it.
 */
void csv_text(struct csv *out, const char *text);
void csv_u64(struct csv *out, uint64_t number);
void csv_time(struct csv *out, int64_t unix_ms); /* "YYYY-MM-DDTHH:MM:SSZ" */
void csv_end_row(struct csv *out);

#endif
