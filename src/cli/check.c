/* check: everything that is wrong with the configuration, and whether the database answers, or the models do. */
#include <stdio.h>

#include "cli/cli.h"

struct check_args {
    bool defaults, llm, files, repair;
};

static const struct cli_option rows[] = {
    {"defaults", NULL, cli_take_switch, offsetof(struct check_args, defaults), false, false,
     "print every setting with its default and meaning, and check nothing"},
    {"llm", NULL, cli_take_switch, offsetof(struct check_args, llm), false, false,
     "ask each model for a word instead of the database"},
    {"files", NULL, cli_take_switch, offsetof(struct check_args, files), false, false,
     "compare uploaded files on disk with what the database knows of them"},
    {"repair", NULL, cli_take_switch, offsetof(struct check_args, repair), false, false,
     "with --files: mend what can be mended"},
};

const struct cli_options cli_check_options = {rows, LEN(rows), sizeof(struct check_args)};

static int check_config(struct cli *cli)
{
    struct buf *faults = buf_in_arena(cli->ctx.arena, CLI_FAULTS_MAX_BYTES);

    if (!faults)
        return cli_fail(cli, EXIT_CONFIG, "out of memory");
    bool is_valid = llm_config_valid(cli->config, faults);

    cli_say_lines(is_valid ? "warning: " : "", faults->data);
    config_advise(cli->config, cli->warnings);
    cli_say_lines("warning: ", cli->warnings->data);
    return is_valid ? EXIT_DONE : EXIT_CONFIG;
}

static int check_database(struct cli *cli)
{
    int code = cli_db_open(cli);

    uint64_t n_missing = 0;

    if (!code && store_migrations_missing(&cli->ctx, cli->db, &n_missing))
        code = cli_fail(cli, EXIT_DATABASE, "the database does not answer: %s", cli->ctx.error);
    else if (!code && n_missing)
        code = cli_fail(cli, EXIT_DATABASE, "the schema lacks %llu of its migrations: run `colloquy migrate`",
                        (unsigned long long)n_missing);
    return code;
}

int cli_check(struct cli *cli)
{
    const struct check_args *args = cli->args;

    if (args->repair && !args->files)
        return cli_fail(cli, EXIT_USAGE, "--repair mends files: it needs --files");
    if (args->defaults) {
        config_print_defaults(stdout);
        return fflush(stdout) ? cli_fail(cli, EXIT_REFUSED, "standard output cannot be written") : EXIT_DONE;
    }
    int code = cli_config_load(cli);

    if (code)
        return code;
    int config = check_config(cli);

    if (args->llm)
        return config ? config : cli_check_llm(cli);
    int database = check_database(cli);

    if (!config && !database && args->files)
        return cli_check_files(cli, args->repair);
    return config ? config : database;
}
