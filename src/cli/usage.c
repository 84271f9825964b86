/* usage: what the calls of models used and cost, as the store has summed it up. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

struct usage_args {
    struct cli_id course;
    const char *since, *until;
    enum usage_by by;
    enum cli_format format;
};

static const char *take_by(const char *value, void *field)
{
    static const char *const names[] = {[USAGE_BY_DAY] = "day", [USAGE_BY_USER] = "user", [USAGE_BY_MODEL] = "model"};

    for (unsigned i = 0; i < LEN(names); i++) {
        if (str_eq(value, names[i])) {
            *(enum usage_by *)field = (enum usage_by)i;
            return NULL;
        }
    }
    return "must be day, user or model";
}

#define FIELD(field) offsetof(struct usage_args, field)

// clang-format off
static const struct cli_option option_rows[] = {
    /* name    value         take             field          required repeats help */
    {"course", "ID",         cli_take_id,     FIELD(course), false,   false,  "of this course only; else of each"},
    {"since",  "YYYY-MM-DD", cli_take_date,   FIELD(since),  false,   false,  "first day (UTC); else the first of this month"},
    {"until",  "YYYY-MM-DD", cli_take_date,   FIELD(until),  false,   false,  "last day; else today"},
    {"by",     "WHAT",       take_by,         FIELD(by),     false,   false,  "a row for each day (unless given), user or model"},
    {"format", "F",          cli_take_format, FIELD(format), false,   false,  "table (unless given), csv or json"},
};
// clang-format on

const struct cli_options cli_usage_options = {option_rows, LEN(option_rows), sizeof(struct usage_args)};

/* ---- a row ---- */

/* Those that tell what the row is of are left out where they say nothing. */
static const struct cli_column columns[] = {
    {"course_id", true},
    {"day", false},
    {"user", false},
    {"model", false},
    {"calls", true},
    {"input_tokens", true},
    {"output_tokens", true},
    {"cache_read_tokens", true},
    {"cache_write_tokens", true},
    {"price", true},
};

enum { COURSE, DAY, USER, MODEL, CALLS, INPUT, OUTPUT, CACHE_READ, CACHE_WRITE, PRICE };

struct report {
    struct usage_query query;
    struct cli_column columns[LEN(columns)];
    size_t shown[LEN(columns)]; /* as which of all columns */
    size_t n;
    struct cli_rows rows;
    struct usage_row total;
    bool is_measuring;
    int code; /* of printing */
};

/* All cells, of which those that are shown are then picked. */
struct cells {
    const char *all[LEN(columns)], *shown[LEN(columns)];
    char numbers[LEN(columns)][CLI_PRICE_BYTES];
};

static void set_number(struct cells *cells, size_t column, uint64_t n)
{
    snprintf(cells->numbers[column], CLI_PRICE_BYTES, "%" PRIu64, n);
    cells->all[column] = cells->numbers[column];
}

static void fill(struct cells *cells, const struct usage_row *row, unsigned min_places)
{
    const struct usage *sum = &row->used.sum;

    cells->all[DAY] = row->day;
    cells->all[USER] = row->user;
    cells->all[MODEL] = row->used.model;
    set_number(cells, COURSE, row->course_id);
    set_number(cells, CALLS, row->used.calls);
    set_number(cells, INPUT, sum->input_tokens);
    set_number(cells, OUTPUT, sum->output_tokens);
    set_number(cells, CACHE_READ, sum->cache_read_tokens);
    set_number(cells, CACHE_WRITE, sum->cache_write_tokens);
    cli_price(cells->numbers[PRICE], sum->price_nano, min_places);
    cells->all[PRICE] = cells->numbers[PRICE];
}

static void pick(struct cells *cells, const struct report *report)
{
    for (size_t i = 0; i < report->n; i++)
        cells->shown[i] = cells->all[report->shown[i]];
}

static void add_to_total(struct usage_row *total, const struct usage_row *row)
{
    struct usage *sum = &total->used.sum;
    const struct usage *more = &row->used.sum;

    total->used.calls += row->used.calls;
    sum->input_tokens += more->input_tokens;
    sum->output_tokens += more->output_tokens;
    sum->cache_read_tokens += more->cache_read_tokens;
    sum->cache_write_tokens += more->cache_write_tokens;
    sum->price_nano += more->price_nano;
}

static int put(struct report *report, const struct cells *cells)
{
    if (!report->is_measuring)
        return cli_rows_add(&report->rows, cells->shown);
    cli_rows_measure(&report->rows, cells->shown);
    return EXIT_DONE;
}

static enum cq_status take_row(void *arg, const struct usage_row *row)
{
    struct report *report = arg;
    struct cells cells;

    fill(&cells, row, report->rows.format == FORMAT_TABLE ? 2 : 0);
    pick(&cells, report);
    add_to_total(&report->total, row);
    report->code = put(report, &cells);
    return report->code ? CQ_INTERNAL : CQ_OK;
}

static void put_total(struct report *report)
{
    struct cells cells;

    fill(&cells, &report->total, 2);
    cells.all[COURSE] = NULL;
    pick(&cells, report);
    cells.shown[0] = "total";
    report->code = put(report, &cells);
}

/* ---- all rows ---- */

static void choose_columns(struct report *report)
{
    for (size_t i = 0; i < LEN(columns); i++) {
        bool is_shown = i == COURSE ? !report->query.course_id
                        : i == DAY  ? report->query.by == USAGE_BY_DAY
                        : i == USER ? report->query.by == USAGE_BY_USER
                                    : true;
        if (is_shown) {
            report->columns[report->n] = columns[i];
            report->shown[report->n++] = i;
        }
    }
}

/* The fault of the database or of standard output was reported. */
static int list(struct cli *cli, struct report *report)
{
    report->total = (struct usage_row){0};
    enum cq_status st = store_usage_list(&cli->ctx, cli->db, &report->query, take_row, report);
    if (!report->code && st)
        report->code = cli_fail_store(cli, st);
    if (!report->code && report->rows.format == FORMAT_TABLE)
        put_total(report);
    return report->code;
}

/* A table is asked for twice, since its columns are as wide as their widest cell. */
static int print(struct cli *cli, struct report *report)
{
    report->is_measuring = report->rows.format == FORMAT_TABLE;
    int code = report->is_measuring ? list(cli, report) : EXIT_DONE;

    if (code)
        return code;
    report->is_measuring = false;
    cli_rows_begin(&report->rows);
    code = list(cli, report);
    return code ? code : cli_rows_end(&report->rows);
}

int cli_usage(struct cli *cli)
{
    const struct usage_args *args = cli->args;
    char month[CLOCK_TEXT_BYTES];

    clock_text(clock_unix_ms(), month);
    memcpy(month + strlen("YYYY-MM-"), "01", sizeof("01"));
    struct report report = {.query = {.by = args->by,
                                      .course_id = args->course.id,
                                      .since = args->since ? args->since : month,
                                      .until = args->until ? args->until : "9999-12-31"}};

    if (strcmp(report.query.since, report.query.until) > 0)
        return cli_fail(cli, EXIT_USAGE, "--since: %s is after %s", report.query.since, report.query.until);
    enum cq_status st = args->course.is_given ? store_course_find(&cli->ctx, cli->db, args->course.id) : CQ_OK;
    if (st == CQ_RESOURCE_NOT_FOUND)
        return cli_fail(cli, EXIT_REFUSED, "no course has the id %" PRIu64, args->course.id);
    if (st)
        return cli_fail_store(cli, st);
    choose_columns(&report);
    cli_rows_init(&report.rows, cli, args->format, report.columns, report.n);
    return print(cli, &report);
}
