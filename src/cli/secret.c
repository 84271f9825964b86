/* Secrets come from standard input, where neither ps nor a shell's history sees them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* Byte by byte, so that what follows the line stays for whoever reads next. 1: a byte, 0: the end, -1: a fault. */
static ssize_t read_byte(int fd, char *c)
{
    ssize_t n;

    do
        n = read(fd, c, 1);
    while (n < 0 && errno == EINTR);
    return n;
}

static const char *line_fault(const char *line, size_t len)
{
    if (len == 0)
        return "is empty";
    if (memchr(line, '\0', len))
        return "holds a NUL";
    if (!utf8_valid(line, len))
        return "is not UTF-8";
    return NULL;
}

const char *cli_line_read(int fd, char *out, size_t size)
{
    size_t len = 0;
    ssize_t n;
    char c;

    while ((n = read_byte(fd, &c)) > 0 && c != '\n') {
        if (len == size) /* one more than fits, since it may be a \r that does not count */
            return "is too long";
        out[len++] = c;
    }
    if (n < 0)
        return "cannot be read";
    if (n > 0 && len && out[len - 1] == '\r')
        len--;
    if (len == size)
        return "is too long";
    const char *fault = line_fault(out, len);

    out[len] = '\0';
    return fault;
}
