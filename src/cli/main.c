/* The table of sub-commands; finds the one that is asked for and runs it. */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

enum { BLOCK_BYTES = 16 << 10, ARENA_MAX_BYTES = 1 << 20, RESULT_MAX_BYTES = 1 << 20 };

// clang-format off
static const struct cli_command commands[] = {
    /* name          function          needs          options                    help */
    {"serve",        cli_serve,        NEED_CONFIG,   NULL,                      "Run the server in the foreground until SIGTERM."},
    {"supervise",    cli_supervise,    NEED_CONFIG,   NULL,                      "Hold the sockets and run `serve` behind them, again when it dies."},
    {"migrate",      cli_migrate,      NEED_DATABASE, NULL,                      "Bring the database's schema up to date."},
    {"check",        cli_check,        NEED_NOTHING,  &cli_check_options,        "Say what is wrong with the configuration, and whether the database answers, or the models, or files are lost."},
    {"user add",     cli_user_add,     NEED_DATABASE, &cli_user_add_options,     "Add a person; prints {\"id\",\"login\"}."},
    {"course add",   cli_course_add,   NEED_DATABASE, &cli_course_add_options,   "Add a course; prints {\"id\"}."},
    {"enroll",       cli_enroll,       NEED_DATABASE, &cli_enroll_options,       "Enroll a person in a course, or change the enrollment's state; prints {\"id\"}."},
    {"bot add",      cli_bot_add,      NEED_DATABASE, &cli_bot_add_options,      "Add a bot and its documents, or change it; prints {\"id\",\"documents\"}."},
    {"token issue",  cli_token_issue,  NEED_DATABASE, &cli_token_issue_options,  "Issue an access token; prints {\"id\",\"token\",\"expires_at\"}."},
    {"token revoke", cli_token_revoke, NEED_DATABASE, &cli_token_revoke_options, "Revoke an access token."},
    {"status",       cli_status,       NEED_CONFIG,   &cli_status_options,       "Show what the server and each of its workers do just now."},
    {"ask",          cli_ask,          NEED_CONFIG,   &cli_ask_options,          "Say something to a model and print its reply, or what is wrong."},
    {"prompts",      cli_prompts,      NEED_NOTHING,  NULL,                      "Print what models are told, and the version of it."},
    {"usage",        cli_usage,        NEED_DATABASE, &cli_usage_options,        "Print what the calls of models have used and cost."},
    {"routes",       cli_routes,       NEED_NOTHING,  &cli_routes_options,       "Print every endpoint, its pool of workers, and who may call it."},
};
// clang-format on

/* How many words of argv are the command's name: 1 or 2; 0 when it is another command. */
static int match(const char *name, char **argv)
{
    size_t first = strcspn(name, " ");

    if (strlen(argv[0]) != first || memcmp(name, argv[0], first) != 0)
        return 0;
    if (name[first] == '\0')
        return 1;
    return argv[1] && str_eq(name + first + 1, argv[1]) ? 2 : 0;
}

/* Whether word is the first of a command's two. */
static bool begins(const char *name, const char *word)
{
    return str_starts(name, word) && name[strlen(word)] == ' ';
}

/* Of the whole program, or of the commands that begin with word. */
static void print_help(const char *word)
{
    printf("usage: colloquy [--config FILE] %s …\n\n", word ? word : "COMMAND");
    for (size_t i = 0; i < LEN(commands); i++)
        if (!word || begins(commands[i].name, word))
            printf("  %-12s  %s\n", commands[i].name, commands[i].help);
    printf(
        "\n`colloquy COMMAND --help` tells a command's options. Without --config, /etc/colloquy/colloquy.conf is read\n"
        "if it exists; COLLOQUY_<SECTION>_<KEY> in the environment wins over the file.\n"
        "Exit code: 0 done, 1 refused or not found, 2 usage, 3 configuration, 4 database.\n");
}

static int run(struct cli *cli, int argc, char **argv)
{
    bool wants_help = false;
    int code = cli_args_parse(cli, argc, argv, &wants_help);

    if (!code && wants_help) {
        cli_print_usage(cli->command);
        return EXIT_DONE;
    }
    if (!code && cli->command->needs >= NEED_CONFIG)
        code = cli_config_load(cli);
    if (!code && cli->command->needs >= NEED_DATABASE)
        code = cli_db_open(cli);
    return code ? code : cli->command->run(cli);
}

/* argv[0] names no command: say what is missing or wrong. */
static int no_command(struct cli *cli, char **argv)
{
    for (size_t i = 0; i < LEN(commands); i++) {
        if (!begins(commands[i].name, argv[0]))
            continue;
        if (argv[1] && str_eq(argv[1], "--help")) {
            print_help(argv[0]);
            return EXIT_DONE;
        }
        if (!argv[1])
            return cli_fail(cli, EXIT_USAGE, "%s: its second word is missing; see `colloquy %s --help`", argv[0],
                            argv[0]);
        return cli_fail(cli, EXIT_USAGE, "%s %s: no such command; see `colloquy %s --help`", argv[0], argv[1], argv[0]);
    }
    return cli_fail(cli, EXIT_USAGE, "%s: no such command; see `colloquy --help`", argv[0]);
}

static int find_and_run(struct cli *cli, int argc, char **argv)
{
    if (argc == 0)
        return cli_fail(cli, EXIT_USAGE, "no command is given; see `colloquy --help`");
    for (size_t i = 0; i < LEN(commands); i++) {
        int words = match(commands[i].name, argv);

        if (words) {
            cli->command = &commands[i];
            return run(cli, argc - words + 1, argv + words - 1);
        }
    }
    return no_command(cli, argv);
}

/* What stands before the command. */
static int start(struct cli *cli, int argc, char **argv)
{
    enum { CONFIG = 256, HELP, VERSION };
    static const struct option longs[] = {{"config", required_argument, NULL, CONFIG},
                                          {"help", no_argument, NULL, HELP},
                                          {"version", no_argument, NULL, VERSION},
                                          {0}};

    opterr = 0;
    for (int got; (got = getopt_long(argc, argv, "+:", longs, NULL)) != -1;) {
        switch (got) {
        case CONFIG:
            if (cli->config_path)
                return cli_fail(cli, EXIT_USAGE, "--config: given twice");
            cli->config_path = optarg;
            break;
        case HELP:
            print_help(NULL);
            return EXIT_DONE;
        case VERSION:
            printf("colloquy %s\n", COLLOQUY_VERSION);
            return EXIT_DONE;
        case ':':
            return cli_fail(cli, EXIT_USAGE, "--config: needs a value");
        default:
            return cli_fail(cli, EXIT_USAGE, "%s: not an option; see `colloquy --help`", argv[optind - 1]);
        }
    }
    return find_and_run(cli, argc - optind, argv + optind);
}

/*
 * A standard stream that is closed would be the first file or socket that is opened, and what is printed would go there. Its
 * place is taken by /dev/null; standard output's by one that cannot be written, so that what is lost is an error.
 */
static void keep_standard_streams(void)
{
    static const int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};

    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
            _exit(EXIT_REFUSED);
}

int main(int argc, char **argv)
{
    keep_standard_streams();
    struct cli cli = {.ctx = {.arena = arena_create(BLOCK_BYTES, ARENA_MAX_BYTES), .request_id = "-"}};

    if (!cli.ctx.arena)
        return cli_fail(&cli, EXIT_REFUSED, "out of memory");
    buf_init(&cli.result, RESULT_MAX_BYTES);
    log_set_level(LOG_WARN); /* what a script reads on standard error stays short; serve sets its own */
    int code = start(&cli, argc, argv);
    cli_close(&cli);
    return code;
}
