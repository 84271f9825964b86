/* What a command tells: results on standard output, faults on standard error. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

enum { LINE_BYTES = 1024 };

/* What is said may hold an argument's or a server's words: no control character of theirs reaches a terminal. */
static void say(const char *prefix, const char *fmt, va_list ap)
{
    char line[LINE_BYTES];
    int n = vsnprintf(line, sizeof(line), fmt, ap);

    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    fprintf(stderr, "colloquy: %s%s%s%s\n", prefix, prefix[0] ? ": " : "", line, n < LINE_BYTES ? "" : "…");
}

void cli_say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say("", fmt, ap);
    va_end(ap);
}

void cli_say_lines(const char *prefix, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");

        cli_say("%s%.*s", prefix, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

int cli_fail(const struct cli *cli, enum cli_exit code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(cli->command ? cli->command->name : "", fmt, ap);
    va_end(ap);
    return (int)code;
}

int cli_fail_store(const struct cli *cli, enum cq_status st)
{
    const char *error = cli->ctx.error[0] ? cli->ctx.error : cq_status_info(st)->name;

    switch (st) {
    case CQ_INVALID_REQUEST:
    case CQ_RESOURCE_NOT_FOUND:
    case CQ_DUPLICATE:
        return cli_fail(cli, EXIT_REFUSED, "%s", error);
    case CQ_BUSY:
        return cli_fail(cli, EXIT_DATABASE, "%s; `colloquy check` tries the settings", error);
    default:
        return cli_fail(cli, EXIT_DATABASE, "%s; has `colloquy migrate` been run?", error);
    }
}

int cli_print_result(struct cli *cli)
{
    const struct buf *result = &cli->result;

    if (result->failed)
        return cli_fail(cli, EXIT_REFUSED, "out of memory");
    if (fwrite(result->data, 1, result->len, stdout) != result->len || fflush(stdout))
        return cli_fail(cli, EXIT_REFUSED, "standard output: %s", strerror(errno));
    return EXIT_DONE;
}
