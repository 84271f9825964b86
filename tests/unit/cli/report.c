/* What is printed of others' words. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "unit.h"

#include "cli/cli.h"

enum { PRINTED_BYTES = 256 };

/* A terminal, or a pipe: where to write it, and where to read what was written. */
static void open_output(bool is_terminal, int *in, int *out)
{
    int ends[2];

    if (is_terminal) {
        struct termios plain;

        *out = posix_openpt(O_RDWR | O_NOCTTY);
        CU_ASSERT_FATAL(*out >= 0 && grantpt(*out) == 0 && unlockpt(*out) == 0);
        *in = open(ptsname(*out), O_RDWR | O_NOCTTY);
        CU_ASSERT_FATAL(*in >= 0 && tcgetattr(*in, &plain) == 0);
        cfmakeraw(&plain);
        tcsetattr(*in, TCSANOW, &plain);
        return;
    }
    CU_ASSERT_FATAL(pipe(ends) == 0);
    *out = ends[0];
    *in = ends[1];
}

/* What a terminal hands on comes when it likes: at least want_len bytes, or all within a second. */
static void read_output(int fd, size_t want_len, char printed[PRINTED_BYTES])
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    size_t len = 0;
    ssize_t n = 1;

    while (n > 0 && len < want_len && poll(&ready, 1, 1000) > 0) {
        n = read(fd, printed + len, PRINTED_BYTES - 1 - len);
        len += n > 0 ? (size_t)n : 0;
    }
    printed[len] = '\0';
}

static void print_into(bool is_terminal, const char *text, const char *want, char printed[PRINTED_BYTES])
{
    int in, out, saved = dup(STDOUT_FILENO);

    open_output(is_terminal, &in, &out);
    fflush(stdout);
    dup2(in, STDOUT_FILENO);
    bool is_printed = cli_print_text(text, strlen(text));
    dup2(saved, STDOUT_FILENO);
    close(saved);
    read_output(out, strlen(want), printed);
    close(in);
    close(out);
    CU_ASSERT_TRUE(is_printed);
}

/* A terminal obeys nothing of it; whoever else reads gets every byte. */
static void test_text(void)
{
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"Zo\xC3\xAB\t\xF0\x9F\x98\x80\n", "Zo\xC3\xAB\t\xF0\x9F\x98\x80\n"},
        {"\x1B[2Ja\x07", "?[2Ja?"},
        {"a\rb\x7F", "a?b?"},
        {"a\xC2\x9B\x32J\xC2\xA0", "a?2J\xC2\xA0"},
        {"a\xFF", "a?"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char printed[PRINTED_BYTES];

        print_into(true, rows[i].text, rows[i].shown, printed);
        ROW_ASSERT(rows[i].shown, str_eq(printed, rows[i].shown));
        print_into(false, rows[i].text, rows[i].text, printed);
        ROW_ASSERT(rows[i].shown, str_eq(printed, rows[i].text));
    }
}

SUITE(report, {"text of others", test_text});
