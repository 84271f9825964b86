/*
 * cli: the program's sub-commands, and what they share.
 *
 *   main.c      the table of commands; finds the one that is asked for and runs it
 *   args.c      options from a command's table into its struct; usage texts from the same table
 *   value.c     what an option's value may be
 *   secret.c    secrets from standard input, and their hashes
 *   setup.c     configuration and database, for commands that need them
 *   model.c     models, for commands that ask them
 *   report.c    results on standard output, faults on standard error
 *   rows.c      results that are many rows
 * and one file for each subject of commands.
 *
 * Standard output carries results only. A fault is one line on standard error, "colloquy: …", and never ends a
 * process anywhere but in main(): functions return the exit code.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "colloquy/llm.h"
#include "colloquy/store.h"

enum cli_exit { EXIT_DONE, EXIT_REFUSED, EXIT_USAGE, EXIT_CONFIG, EXIT_DATABASE };

struct cli_command;

/* One run of the program. */
struct cli {
    struct cq_ctx ctx;
    const struct cli_command *command;
    const char *config_path; /* NULL: defaults and environment */
    struct config *config;   /* NULL until loaded */
    struct buf *warnings;    /* of loading it, one a line */
    struct db *db;           /* NULL until opened; connects when first used */
    void *args;              /* the command's own struct, filled from its options */
    struct buf result;       /* what will be printed */
};

/* ---- options (args.c) ---- */

/* Put an option's value into its field. Returns NULL, or what is wrong with the value ("must be …"). */
typedef const char *cli_take_fn(const char *value, void *field);

struct cli_option {
    const char *name;  /* without dashes; NULL: no option but an argument that stands by itself */
    const char *value; /* what the usage calls its value; NULL: a switch, which has none */
    cli_take_fn *take;
    size_t offset; /* of the field, in the command's struct */
    bool is_required, may_repeat;
    const char *help;
};

struct cli_options {
    const struct cli_option *rows;
    size_t n;
    size_t args_bytes; /* of the command's struct */
};

enum { CLI_MAX_OPTIONS = 16 };

enum cli_need { NEED_NOTHING, NEED_CONFIG, NEED_DATABASE }; /* each includes the one before */

struct cli_command {
    const char *name; /* one or two words */
    int (*run)(struct cli *cli);
    enum cli_need needs;
    const struct cli_options *options; /* NULL: none of its own */
    const char *help;                  /* one line */
};

/*
 * Read argv[1..argc), which may be permuted, into cli->args, made here. Every command also takes --config and --help,
 * the latter sets *wants_help and ends the reading. EXIT_DONE or EXIT_USAGE, which was reported.
 */
int cli_args_parse(struct cli *cli, int argc, char **argv, bool *wants_help) MUST_USE;

/* The command's usage text, onto standard output. */
void cli_print_usage(const struct cli_command *command);

/* ---- values (value.c) ---- */

enum { CLI_NAME_MAX_CHARS = 255, CLI_SCOPE_MAX_BYTES = 255, CLI_MAX_SCOPES = 100, CLI_MODEL_MAX_BYTES = 63 };

struct cli_scopes {
    const char *texts[CLI_MAX_SCOPES];
    size_t n;
};

/* A number of which 0 is a possible value. */
struct cli_id {
    bool is_given;
    uint64_t id;
};

cli_take_fn cli_take_switch;  /* bool */
cli_take_fn cli_take_text;    /* const char *: anything */
cli_take_fn cli_take_name;    /* const char *: UTF-8, not blank, no control characters, 255 characters */
cli_take_fn cli_take_said;    /* const char *: UTF-8, not blank */
cli_take_fn cli_take_model;   /* const char *: as a name, of 63 bytes without a comma */
cli_take_fn cli_take_id;      /* struct cli_id */
cli_take_fn cli_take_seconds; /* uint64_t, from 1 to a hundred years */
cli_take_fn cli_take_scope;   /* struct cli_scopes: url:METHOD|/path, ASCII; one more each time */
cli_take_fn cli_take_role;    /* enum role */
cli_take_fn cli_take_date;    /* const char *: YYYY-MM-DD, a day from 1970 on */

/* "Last, First Middle" of "First Middle Last"; one word as it is. At most 255 characters. NULL: the arena is full. */
const char *cli_sortable_name(struct arena *arena, const char *name) MUST_USE;

/* ---- secrets (secret.c) ---- */

/*
 * One line of fd, without its end (\n or \r\n), into out with a NUL: 1 to size - 1 bytes of UTF-8. No byte behind the
 * line is read. NULL, or what is wrong with the line ("is empty").
 */
const char *cli_line_read(int fd, char *out, size_t size) MUST_USE;

/* ---- configuration and database (setup.c); each reports its fault ---- */

enum { CLI_FAULTS_MAX_BYTES = 4096 }; /* of what llm_config_valid() finds */

int cli_config_load(struct cli *cli) MUST_USE;
int cli_db_open(struct cli *cli) MUST_USE;
void cli_close(struct cli *cli);

/* ---- models (model.c) ---- */

/* A loop to ask the config's models with, to be destroyed by llm_loop_destroy(). EXIT_DONE, or a fault that was reported. */
int cli_loop_create(struct cli *cli, struct llm_loop **out) MUST_USE;

/* The provider of the model of that name. */
const char *cli_provider_of(const struct llm_loop *loop, const char *name);

/* "11 + 2 tokens", and the price, the cache and the tries where there is something to say. */
void cli_spent_write(struct buf *out, const struct llm_spent *spent);

/* ---- results and faults (report.c) ---- */

/* One line on standard error, control characters replaced. */
void cli_say(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Say each line of text, with prefix before it. */
void cli_say_lines(const char *prefix, const char *text);

/* Say it, with the command's name before it, and return code. */
int cli_fail(const struct cli *cli, enum cli_exit code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Say what a call to the store failed with, and return the exit code of that. */
int cli_fail_store(const struct cli *cli, enum cq_status st);

/* cli->result onto standard output. EXIT_DONE, or a fault that was reported. */
int cli_print_result(struct cli *cli) MUST_USE;

/*
 * UTF-8 of others onto standard output, at once and as it is; on a terminal without control characters but tabs and line
 * ends. False: errno says why not.
 */
bool cli_print_text(const char *text, size_t len) MUST_USE;

enum { CLI_PRICE_BYTES = 24 };

/* A price in units of 10^-9 as a decimal number of at least min_places places, at most 9. */
void cli_price(char out[CLI_PRICE_BYTES], uint64_t nano, unsigned min_places);

/* ---- rows (rows.c) ---- */

enum cli_format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON };

cli_take_fn cli_take_format; /* enum cli_format */

enum { CLI_MAX_COLUMNS = 12 };

struct cli_column {
    const char *name;
    bool is_number;
};

/*
 * Rows of columns that go to standard output as they come: a table with the columns' names above it, CSV (RFC 4180) with
 * a head, or a JSON array of objects. A cell is the text of a number or any UTF-8, without control characters for a
 * table; NULL: nothing, in JSON null.
 */
struct cli_rows {
    struct cli *cli;
    enum cli_format format;
    const struct cli_column *columns;
    size_t n;
    size_t widths[CLI_MAX_COLUMNS];
    struct json_out json;
};

/* columns are borrowed. */
void cli_rows_init(struct cli_rows *rows, struct cli *cli, enum cli_format format, const struct cli_column *columns,
                   size_t n);

/* Before anything is written, make a table's columns wide enough for this row. */
void cli_rows_measure(struct cli_rows *rows, const char *const *cells);

void cli_rows_begin(struct cli_rows *rows);

/* EXIT_DONE, or a fault that was reported. */
int cli_rows_add(struct cli_rows *rows, const char *const *cells) MUST_USE;
int cli_rows_end(struct cli_rows *rows) MUST_USE;

/* ---- the commands ---- */

/* Ask each model of the config, and print what became of it. EXIT_DONE when all answered, EXIT_REFUSED (check_llm.c). */
int cli_check_llm(struct cli *cli);

/*
 * Compare uploaded files on disk with the database, which is open: prints a line for each difference. EXIT_DONE when there is none, or
 * all are mended, EXIT_REFUSED (check_files.c).
 */
int cli_check_files(struct cli *cli, bool is_repairing);

/* The id of who has the login; else reports that nobody has it (user.c). */
int cli_user_find(struct cli *cli, const char *login, uint64_t *id) MUST_USE;

int cli_serve(struct cli *cli);        /* serve.c */
int cli_supervise(struct cli *cli);    /* serve.c */
int cli_migrate(struct cli *cli);      /* serve.c */
int cli_check(struct cli *cli);        /* check.c */
int cli_user_add(struct cli *cli);     /* user.c */
int cli_course_add(struct cli *cli);   /* course.c */
int cli_enroll(struct cli *cli);       /* course.c */
int cli_bot_add(struct cli *cli);      /* bot.c */
int cli_token_issue(struct cli *cli);  /* access_token.c */
int cli_token_revoke(struct cli *cli); /* access_token.c */
int cli_status(struct cli *cli);       /* status.c */
int cli_ask(struct cli *cli);          /* ask.c */
int cli_routes(struct cli *cli);       /* routes.c */
int cli_prompts(struct cli *cli);      /* prompts.c */
int cli_usage(struct cli *cli);        /* usage.c */

extern const struct cli_options cli_check_options, cli_user_add_options, cli_course_add_options, cli_enroll_options,
    cli_token_issue_options, cli_token_revoke_options, cli_status_options, cli_routes_options, cli_usage_options,
    cli_ask_options, cli_bot_add_options;

#endif
