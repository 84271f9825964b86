/* Secrets: one line of standard input. */
#include <unistd.h>

#include "unit.h"

#include "cli/cli.h"

enum { ROOM = 8 };

#define INPUT(text) text, sizeof(text) - 1

static void test_line(void)
{
    static const struct {
        const char *name, *input;
        size_t len;
        const char *line; /* NULL: refused */
        const char *rest; /* what the next reader finds */
    } rows[] = {
        {"a line", INPUT("secret\n"), "secret", ""},
        {"no end", INPUT("secret"), "secret", ""},
        {"of Windows", INPUT("secret\r\n"), "secret", ""},
        {"two lines", INPUT("one\ntwo\n"), "one", "two\n"},
        {"spaces count", INPUT(" a b \n"), " a b ", ""},
        {"longest", INPUT("1234567\n"), "1234567", ""},
        {"longest of Windows", INPUT("1234567\r\n"), "1234567", ""},
        {"too long by one", INPUT("12345678\n"), NULL, ""},
        {"much too long", INPUT("1234567890123456\n"), NULL, NULL},
        {"nothing", INPUT(""), NULL, ""},
        {"empty", INPUT("\n"), NULL, ""},
        {"empty of Windows", INPUT("\r\n"), NULL, ""},
        {"NUL", INPUT("a\0b\n"), NULL, ""},
        {"not UTF-8", INPUT("caf\xE9\n"), NULL, ""},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char line[ROOM], rest[64];
        int ends[2];

        CU_ASSERT_FATAL(pipe(ends) == 0);
        CU_ASSERT_FATAL(write(ends[1], rows[i].input, rows[i].len) == (ssize_t)rows[i].len);
        close(ends[1]);
        const char *fault = cli_line_read(ends[0], line, sizeof(line));
        ssize_t n = read(ends[0], rest, sizeof(rest) - 1);
        close(ends[0]);
        rest[n > 0 ? n : 0] = '\0';
        ROW_ASSERT(rows[i].name, rows[i].line ? !fault && str_eq(line, rows[i].line) : fault != NULL);
        ROW_ASSERT(rows[i].name, !rows[i].rest || str_eq(rest, rows[i].rest));
    }
}

static void test_unreadable(void)
{
    char line[ROOM];

    CU_ASSERT_PTR_NOT_NULL(cli_line_read(-1, line, sizeof(line)));
}

SUITE(secret, {"one line, and no byte of the next", test_line}, {"a line that cannot be read", test_unreadable});
