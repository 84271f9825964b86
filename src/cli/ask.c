/* ask: something said to a model, and its reply. */
#include <errno.h>
#include <unistd.h>

#include "cli/cli.h"

enum { TEXT_MAX_BYTES = 1 << 20, READ_BYTES = 4096, SUMMARY_MAX_BYTES = 1024 };

struct ask_args {
    const char *model, *system, *text;
    bool is_streamed, is_verbose;
};

#define FIELD(field) offsetof(struct ask_args, field)

// clang-format off
static const struct cli_option rows[] = {
    /* name      value   take             field               required repeats help */
    {"model",    "NAME", cli_take_model,  FIELD(model),       false,   false,  "ask this one alone: of a section, builtin, or an id at llm.provider"},
    {"system",   "TEXT", cli_take_said,   FIELD(system),      false,   false,  "what the model is told beforehand"},
    {"stream",   NULL,   cli_take_switch, FIELD(is_streamed), false,   false,  "print the reply as it comes"},
    {"verbose",  NULL,   cli_take_switch, FIELD(is_verbose),  false,   false,  "say who replied, its time, tokens, price and tries"},
    {NULL,       "TEXT", cli_take_said,   FIELD(text),        true,    false,  "what is said; -: standard input, at most 1 MiB"},
};
// clang-format on

const struct cli_options cli_ask_options = {rows, LEN(rows), sizeof(struct ask_args)};

/* One reply on its way to standard output. */
struct asking {
    struct cli *cli;
    struct llm_loop *loop;
    enum cq_status st;
    int print_error; /* errno of what could not be printed; 0: all could */
    char last;       /* character that was printed; '\n' before any */
};

/* ---- what is said ---- */

static int read_input(struct cli *cli, struct buf *text)
{
    char bytes[READ_BYTES];
    ssize_t n;

    while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) != 0 && !text->failed)
        if (n > 0)
            buf_append(text, bytes, (size_t)n);
        else if (errno != EINTR)
            return cli_fail(cli, EXIT_USAGE, "standard input: %s", strerror(errno));
    if (text->failed)
        return cli_fail(cli, EXIT_USAGE, "standard input: has more than %d bytes", TEXT_MAX_BYTES);
    if (memchr(text->data, '\0', text->len))
        return cli_fail(cli, EXIT_USAGE, "standard input: holds a NUL");
    const char *fault = cli_take_said(text->data, &(const char *){NULL});

    return fault ? cli_fail(cli, EXIT_USAGE, "standard input: %s", fault) : EXIT_DONE;
}

/* ---- the reply ---- */

static bool print(struct asking *asking, const char *text, size_t len)
{
    if (!len)
        return true;
    asking->last = text[len - 1];
    if (!asking->print_error && !cli_print_text(text, len))
        asking->print_error = errno;
    return !asking->print_error;
}

static enum cq_status on_text(void *user, enum llm_part_kind kind, const char *text, size_t len)
{
    return kind != LLM_TEXT || print(user, text, len) ? CQ_OK : CQ_LOST;
}

/* A line for each model that was asked; the last one's has the time that all took. */
static void say_cost(const struct asking *asking, const struct llm_cost *cost)
{
    struct buf *said = buf_in_arena(asking->cli->ctx.arena, SUMMARY_MAX_BYTES);

    for (size_t i = 0; said && i < cost->n; i++) {
        const struct llm_spent *spent = &cost->spent[i];

        buf_clear(said);
        if (i + 1 == cost->n)
            buf_printf(said, "%u ms, ", cost->ms);
        cli_spent_write(said, spent);
        cli_say("%s (%s): %s", spent->model, cli_provider_of(asking->loop, spent->model), said->data);
    }
}

static void on_done(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost)
{
    struct asking *asking = user;
    const struct ask_args *args = asking->cli->args;

    asking->st = st;
    if (reply && !args->is_streamed)
        print(asking, reply->text, reply->len);
    if (asking->last != '\n')
        print(asking, "\n", 1);
    if (args->is_verbose)
        say_cost(asking, cost);
}

static int run(struct asking *asking, const struct llm_ask *ask)
{
    struct cli *cli = asking->cli;
    const struct ask_args *args = cli->args;

    asking->st = llm_start(asking->loop, &cli->ctx, ask, args->is_streamed ? on_text : NULL, on_done, asking, NULL);
    while (llm_loop_calls(asking->loop) > 0) {
        llm_loop_wait(asking->loop, NULL, 0, -1);
        llm_loop_run(asking->loop);
    }
    if (asking->print_error)
        return cli_fail(cli, EXIT_REFUSED, "standard output: %s", strerror(asking->print_error));
    return asking->st ? cli_fail(cli, EXIT_REFUSED, "%s", cli->ctx.error) : EXIT_DONE;
}

/* The last failure is told at the end; those before it, of other models, are in the log alone. */
static void set_log(const struct cli *cli)
{
    const struct ask_args *args = cli->args;
    bool is_one = args->model || !cli->config->llm.fallback;

    if (is_one && !args->is_verbose)
        log_set_level(LOG_SILENT);
}

/*
 * A name without a section is known to a loop if a list of the config has it, and is an id at llm.provider then. Who is asked
 * alone has nobody behind it: that list is free.
 */
int cli_ask(struct cli *cli)
{
    const struct ask_args *args = cli->args;
    struct asking asking = {.cli = cli, .last = '\n'};
    struct buf *input = buf_in_arena(cli->ctx.arena, TEXT_MAX_BYTES);
    bool is_input = str_eq(args->text, "-");

    if (!input)
        return cli_fail(cli, EXIT_REFUSED, "out of memory");
    if (args->model)
        cli->config->llm.fallback = args->model;
    set_log(cli);
    int code = cli_loop_create(cli, &asking.loop);

    if (!code && is_input)
        code = read_input(cli, input);
    if (!code) {
        const struct llm_message message = {.role = LLM_USER, .text = is_input ? input->data : args->text};
        const struct llm_ask ask = {.task = LLM_REPLY,
                                    .model = args->model,
                                    .is_alone = args->model,
                                    .system = args->system,
                                    .messages = &message,
                                    .n_messages = 1};

        code = run(&asking, &ask);
    }
    llm_loop_destroy(asking.loop);
    return code;
}
