/* What a command tells: results on standard output, faults on standard error. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* The length of the character at the start, and whether it may move a terminal's cursor or worse: U+0080 to U+009F do. */
static size_t next_character(const char *text, size_t len, bool *is_control)
{
    size_t n = utf8_next(text, len);
    unsigned char c = (unsigned char)text[0];

    *is_control = !n || (c < ' ' && c != '\n' && c != '\t') || c == 0x7f ||
                  (n == 2 && c == 0xC2 && (unsigned char)text[1] < 0xA0);
    return n ? n : 1;
}

bool cli_print_text(const char *text, size_t len)
{
    bool is_terminal = isatty(STDOUT_FILENO), is_control;

    if (!is_terminal)
        fwrite(text, 1, len, stdout);
    for (size_t i = 0, n; is_terminal && i < len; i += n) {
        n = next_character(text + i, len - i, &is_control);
        fwrite(is_control ? "?" : text + i, 1, is_control ? 1 : n, stdout);
    }
    return !fflush(stdout) && !ferror(stdout);
}
