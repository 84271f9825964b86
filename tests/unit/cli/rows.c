/* Rows as a table, as CSV and as JSON. */
#include <stdio.h>
#include <unistd.h>

#include "unit.h"

#include "cli/cli.h"

static const struct cli_column columns[] = {{"name", false}, {"n", true}, {"remark", false}};

enum { MAX_ROWS = 4, N_COLUMNS = LEN(columns) };

/* What comes on standard output of so many rows. */
static const char *printed(enum cli_format format, const char *const rows[][N_COLUMNS], size_t n)
{
    static char text[1 << 20];
    struct cli cli = {.ctx = *unit_ctx()};
    struct cli_rows out;
    int saved = dup(STDOUT_FILENO);
    FILE *file = tmpfile();

    CU_ASSERT_FATAL(file && saved >= 0);
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    buf_init(&cli.result, 1 << 18);
    cli_rows_init(&out, &cli, format, columns, N_COLUMNS);
    for (size_t i = 0; i < n; i++)
        cli_rows_measure(&out, rows[i]);
    cli_rows_begin(&out);
    int code = EXIT_DONE;
    for (size_t i = 0; !code && i < n; i++)
        code = cli_rows_add(&out, rows[i]);
    code |= cli_rows_end(&out);
    buf_release(&cli.result);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    CU_ASSERT_EQUAL(code, EXIT_DONE);
    rewind(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void test_formats(void)
{
    static const char *const some[][N_COLUMNS] = {
        {"Ada", "7", "plain"},
        {"Jos\xC3\xA9 the Long", "12345", NULL},
        {NULL, "0.25", "a, \"b\"\nc"},
    };
    static const struct {
        const char *name;
        enum cli_format format;
        size_t n;
        const char *want;
    } rows[] = {
        {"no row in a table", FORMAT_TABLE, 0, "name  n  remark\n"},
        {"no row in CSV", FORMAT_CSV, 0, "name,n,remark\r\n"},
        {"no row in JSON", FORMAT_JSON, 0, "[]\n"},
        {"a table", FORMAT_TABLE, 2,
         "name               n  remark\n"
         "Ada                7  plain\n"
         "Jos\xC3\xA9 the Long  12345  \n"},
        {"CSV", FORMAT_CSV, 3,
         "name,n,remark\r\n"
         "Ada,7,plain\r\n"
         "Jos\xC3\xA9 the Long,12345,\r\n"
         ",0.25,\"a, \"\"b\"\"\nc\"\r\n"},
        {"JSON", FORMAT_JSON, 3,
         "[{\"name\":\"Ada\",\"n\":7,\"remark\":\"plain\"},"
         "{\"name\":\"Jos\xC3\xA9 the Long\",\"n\":12345,\"remark\":null},"
         "{\"name\":null,\"n\":0.25,\"remark\":\"a, \\\"b\\\"\\nc\"}]\n"},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, str_eq(printed(rows[i].format, some, rows[i].n), rows[i].want));
}

/* More than there is room for at a time. */
static void test_many(void)
{
    enum { N = 6000 };
    static const char *many[N][N_COLUMNS];

    for (size_t i = 0; i < N; i++) {
        many[i][0] = "a name that is as long as names are";
        many[i][1] = "1";
        many[i][2] = "and a remark that goes with it, as remarks do";
    }
    CU_ASSERT_EQUAL(strlen(printed(FORMAT_CSV, many, N)), strlen("name,n,remark\r\n") + N * (35 + 1 + 1 + 1 + 47 + 2));
}

SUITE(rows, {"formats", test_formats}, {"many", test_many});
