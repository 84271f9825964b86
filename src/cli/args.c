/* Options: from a command's table into its struct, and from the same table into its usage text. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* What getopt_long() returns for row i of the command's table is FIRST + i: above every character. */
enum { FIRST = 256, CONFIG = FIRST + CLI_MAX_OPTIONS, HELP };

enum { LABEL_BYTES = 64 };

/* "--name VALUE"; "--name" of a switch; "VALUE" of what stands by itself. */
static const char *label(const char *name, const char *value, char out[LABEL_BYTES])
{
    snprintf(out, LABEL_BYTES, "%s%s%s%s", name ? "--" : "", name ? name : "", name && value ? " " : "",
             value ? value : "");
    return out;
}

static void long_options(const struct cli_options *options, struct option out[CLI_MAX_OPTIONS + 3])
{
    size_t n = 0;

    for (size_t i = 0; options && i < options->n; i++)
        if (options->rows[i].name)
            out[n++] = (struct option){options->rows[i].name, options->rows[i].value ? required_argument : no_argument,
                                       NULL, FIRST + (int)i};
    out[n++] = (struct option){"config", required_argument, NULL, CONFIG};
    out[n++] = (struct option){"help", no_argument, NULL, HELP};
    out[n] = (struct option){0};
}

static const char *option_name(const struct cli *cli, int code)
{
    return code == CONFIG ? "config" : code == HELP ? "help" : cli->command->options->rows[code - FIRST].name;
}

/* What getopt_long() did not take: argument is the one it stood at. */
static int refuse(const struct cli *cli, int got, const char *argument)
{
    if (got == ':')
        return cli_fail(cli, EXIT_USAGE, "--%s: needs a value", option_name(cli, optopt));
    if (optopt >= FIRST)
        return cli_fail(cli, EXIT_USAGE, "--%s: takes no value", option_name(cli, optopt));
    if (optopt)
        return cli_fail(cli, EXIT_USAGE, "-%c: not an option of this command", optopt);
    return cli_fail(cli, EXIT_USAGE, "%.*s: not an option of this command", (int)strcspn(argument, "="), argument);
}

static int give(struct cli *cli, const struct cli_option *option, const char *value)
{
    const char *fault = option->take(value, (char *)cli->args + option->offset);
    char what[LABEL_BYTES];

    if (!fault)
        return EXIT_DONE;
    return cli_fail(cli, EXIT_USAGE, "%s: %s", label(option->name, option->name ? NULL : option->value, what), fault);
}

static int take(struct cli *cli, int code, bool seen[CLI_MAX_OPTIONS])
{
    if (code == CONFIG) {
        if (cli->config_path)
            return cli_fail(cli, EXIT_USAGE, "--config: given twice");
        cli->config_path = optarg;
        return EXIT_DONE;
    }
    const struct cli_option *option = &cli->command->options->rows[code - FIRST];

    if (seen[code - FIRST] && !option->may_repeat)
        return cli_fail(cli, EXIT_USAGE, "--%s: given twice", option->name);
    seen[code - FIRST] = true;
    return give(cli, option, optarg);
}

/* An argument that stands by itself. */
static int take_operand(struct cli *cli, const char *argument, bool seen[CLI_MAX_OPTIONS])
{
    const struct cli_options *options = cli->command->options;

    for (size_t i = 0; options && i < options->n; i++)
        if (!options->rows[i].name && !seen[i]) {
            seen[i] = true;
            return give(cli, &options->rows[i], argument);
        }
    return cli_fail(cli, EXIT_USAGE, "%s: one argument too many", argument);
}

static int find_missing(const struct cli *cli, const bool seen[CLI_MAX_OPTIONS])
{
    const struct cli_options *options = cli->command->options;
    char what[LABEL_BYTES];

    for (size_t i = 0; options && i < options->n; i++)
        if (options->rows[i].is_required && !seen[i])
            return cli_fail(cli, EXIT_USAGE, "%s: is missing",
                            label(options->rows[i].name, options->rows[i].value, what));
    return EXIT_DONE;
}

int cli_args_parse(struct cli *cli, int argc, char **argv, bool *wants_help)
{
    struct option longs[CLI_MAX_OPTIONS + 3];
    bool seen[CLI_MAX_OPTIONS] = {false};
    int got, code = EXIT_DONE;

    cli->args = arena_zalloc(cli->ctx.arena, 1, cli->command->options ? cli->command->options->args_bytes : 0);
    if (!cli->args)
        return cli_fail(cli, EXIT_REFUSED, "out of memory");
    long_options(cli->command->options, longs);
    optind = 0; /* begin anew, in GNU's way */
    opterr = 0;
    while (!code && (got = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
        if (got == HELP) {
            *wants_help = true;
            return EXIT_DONE;
        }
        code = got == ':' || got == '?' ? refuse(cli, got, argv[optind - 1]) : take(cli, got, seen);
    }
    for (; !code && optind < argc; optind++)
        code = take_operand(cli, argv[optind], seen);
    return code ? code : find_missing(cli, seen);
}

/* ---- usage texts ---- */

static void print_synopsis(const struct cli_option *option)
{
    bool is_optional = !option->is_required;
    char what[LABEL_BYTES];

    printf(" %s%s%s%s", is_optional ? "[" : "", label(option->name, option->value, what), is_optional ? "]" : "",
           option->may_repeat ? "…" : "");
}

static void print_option(const char *name, const char *value, const char *help)
{
    char what[LABEL_BYTES];

    printf("  %-24s  %s\n", label(name, value, what), help);
}

void cli_print_usage(const struct cli_command *command)
{
    const struct cli_options *options = command->options;
    size_t n = options ? options->n : 0;

    printf("usage: colloquy [--config FILE] %s", command->name);
    for (size_t i = 0; i < n; i++)
        print_synopsis(&options->rows[i]);
    printf("\n%s\n\n", command->help);
    for (size_t i = 0; i < n; i++)
        print_option(options->rows[i].name, options->rows[i].value, options->rows[i].help);
    print_option("config", "FILE", "read this file");
    print_option("help", NULL, "print this");
}
