/* Options of a command: what is taken, and which exit code the rest gets. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "unit.h"

#include "cli/cli.h"

struct args {
    const char *name, *text;
    bool loud;
    struct cli_scopes scopes;
};

// clang-format off
static const struct cli_option option_rows[] = {
    {"name",  "N",  cli_take_name,   offsetof(struct args, name),   true,  false, "a name"},
    {"text",  "T",  cli_take_text,   offsetof(struct args, text),   false, false, "a text"},
    {"loud",  NULL, cli_take_switch, offsetof(struct args, loud),   false, false, "loudly"},
    {"scope", "S",  cli_take_scope,  offsetof(struct args, scopes), false, true,  "a scope"},
};
// clang-format on

static const struct cli_options options = {option_rows, LEN(option_rows), sizeof(struct args)};
static const struct cli_command command = {"try this", NULL, NEED_NOTHING, &options, "Try."};
static const struct cli_option operand_rows[] = {
    {"name", "N", cli_take_name, offsetof(struct args, name), false, false, "a name"},
    {NULL, "TEXT", cli_take_name, offsetof(struct args, text), true, false, "what is said"},
};
static const struct cli_options operand_options = {operand_rows, LEN(operand_rows), sizeof(struct args)};
static const struct cli_command say = {"say", NULL, NEED_NOTHING, &operand_options, "Say it."};
static const struct cli_command bare = {"bare", NULL, NEED_NOTHING, NULL, "Has no options."};

enum { MAX_WORDS = 8, SAID_BYTES = 512 };

/* Parse the words, of which the first is the command's last; said gets what went to standard error meanwhile. */
static int parse(struct cli *cli, const struct cli_command *of, const char *const words[MAX_WORDS], bool *wants_help,
                 char said[SAID_BYTES])
{
    char *argv[MAX_WORDS + 1] = {NULL};
    int argc = 0, ends[2], saved = dup(STDERR_FILENO);

    *cli = (struct cli){.ctx = *unit_ctx(), .command = of};
    for (; argc < MAX_WORDS && words[argc]; argc++)
        argv[argc] = arena_strdup(cli->ctx.arena, words[argc]);
    CU_ASSERT_FATAL(saved >= 0 && pipe2(ends, O_NONBLOCK) == 0);
    dup2(ends[1], STDERR_FILENO);
    int code = cli_args_parse(cli, argc, argv, wants_help);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    ssize_t n = read(ends[0], said, SAID_BYTES - 1);
    close(ends[0]);
    said[n > 0 ? n : 0] = '\0';
    return code;
}

static void test_refuses(void)
{
    static const struct {
        const char *name, *words[MAX_WORDS], *said;
    } rows[] = {
        {"unknown",
         {"this", "--name", "a", "--nome", "b"},
         "colloquy: try this: --nome: not an option of this command\n"},
        {"unknown =", {"this", "--name=a", "--nome=b"}, "colloquy: try this: --nome: not an option of this command\n"},
        {"one letter", {"this", "--name", "a", "-n"}, "colloquy: try this: -n: not an option of this command\n"},
        {"no value", {"this", "--name"}, "colloquy: try this: --name: needs a value\n"},
        {"a value too many", {"this", "--name=a", "--loud=yes"}, "colloquy: try this: --loud: takes no value\n"},
        {"an argument too many", {"this", "--name", "a", "b"}, "colloquy: try this: b: one argument too many\n"},
        {"behind --", {"this", "--name", "a", "--", "--loud"}, "colloquy: try this: --loud: one argument too many\n"},
        {"missing", {"this", "--loud"}, "colloquy: try this: --name N: is missing\n"},
        {"twice", {"this", "--name", "a", "--name", "b"}, "colloquy: try this: --name: given twice\n"},
        {"bad value", {"this", "--name", " "}, "colloquy: try this: --name: must not be blank\n"},
        {"config twice", {"this", "--config", "a", "--config", "b"}, "colloquy: try this: --config: given twice\n"},
        {"no config", {"this", "--config"}, "colloquy: try this: --config: needs a value\n"},
        {"escape", {"this", "--name=a", "\x1B[2J"}, "colloquy: try this: ?[2J: one argument too many\n"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cli cli;
        bool wants_help = false;
        char said[SAID_BYTES];
        int code = parse(&cli, &command, rows[i].words, &wants_help, said);

        ROW_ASSERT(rows[i].name, code == EXIT_USAGE && str_eq(said, rows[i].said));
    }
}

static void test_takes(void)
{
    static const char *const words[MAX_WORDS] = {"this",   "--text=--loud", "--scope", "url:GET|/a",
                                                 "--name", "Ada",           "--scope", "url:GET|/b"};
    struct cli cli;
    bool wants_help = false;
    char said[SAID_BYTES];

    CU_ASSERT_EQUAL_FATAL(parse(&cli, &command, words, &wants_help, said), EXIT_DONE);
    const struct args *args = cli.args;
    ASSERT_TEXT(args->name, "Ada");
    ASSERT_TEXT(args->text, "--loud");
    CU_ASSERT_FALSE(args->loud);
    CU_ASSERT_EQUAL_FATAL(args->scopes.n, 2);
    ASSERT_TEXT(args->scopes.texts[1], "url:GET|/b");
    ASSERT_TEXT(said, "");
}

/* A token may begin with dashes: the word behind an option that needs one is its value. */
static void test_value_with_dashes(void)
{
    static const char *const words[MAX_WORDS] = {"this", "--name", "a", "--text", "--x_-9"};
    struct cli cli;
    bool wants_help = false;
    char said[SAID_BYTES];

    CU_ASSERT_EQUAL_FATAL(parse(&cli, &command, words, &wants_help, said), EXIT_DONE);
    ASSERT_TEXT(((const struct args *)cli.args)->text, "--x_-9");
}

/* Before, behind and between the options; behind "--" whatever it looks like. */
static void test_operand(void)
{
    static const struct {
        const char *words[MAX_WORDS], *text, *said; /* text: what is taken; NULL: said, and refused */
    } rows[] = {
        {{"say", "hi"}, "hi", ""},
        {{"say", "hi", "--name", "a"}, "hi", ""},
        {{"say", "--name", "a", "-"}, "-", ""},
        {{"say", "--", "--name"}, "--name", ""},
        {{"say"}, NULL, "colloquy: say: TEXT: is missing\n"},
        {{"say", " "}, NULL, "colloquy: say: TEXT: must not be blank\n"},
        {{"say", "hi", "you"}, NULL, "colloquy: say: you: one argument too many\n"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cli cli;
        bool wants_help = false;
        char said[SAID_BYTES];
        int code = parse(&cli, &say, rows[i].words, &wants_help, said);

        ROW_ASSERT(rows[i].said, code == (rows[i].text ? EXIT_DONE : EXIT_USAGE) && str_eq(said, rows[i].said));
        ROW_ASSERT(rows[i].said, code || str_eq(((const struct args *)cli.args)->text, rows[i].text));
    }
}

static void test_every_command(void)
{
    static const char *const config[MAX_WORDS] = {"bare", "--config", "/a"};
    static const char *const help[MAX_WORDS] = {"this", "--help"}; /* though --name is missing */
    static const char *const extra[MAX_WORDS] = {"bare", "--name", "a"};
    struct cli cli;
    bool wants_help = false;
    char said[SAID_BYTES];

    CU_ASSERT_EQUAL(parse(&cli, &bare, config, &wants_help, said), EXIT_DONE);
    ASSERT_TEXT(cli.config_path, "/a");
    CU_ASSERT_FALSE(wants_help);
    CU_ASSERT_EQUAL(parse(&cli, &bare, extra, &wants_help, said), EXIT_USAGE);
    CU_ASSERT_EQUAL(parse(&cli, &command, help, &wants_help, said), EXIT_DONE);
    CU_ASSERT_TRUE(wants_help);
}

SUITE(args, {"what is refused, and how it is said", test_refuses}, {"fills the command's struct", test_takes},
      {"a value may look like an option", test_value_with_dashes}, {"an argument by itself", test_operand},
      {"every command takes --config and --help", test_every_command});
