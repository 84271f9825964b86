/* One event, one line, one write(2): lines of several processes and threads do not mix. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "colloquy/base/clock.h"
#include "colloquy/base/log.h"
#include "colloquy/base/text.h"

enum { LINE_BYTES = 4096, NAME_BYTES = 32 };

/* A line in the making. The last byte is kept for the line's end. */
struct line {
    char text[LINE_BYTES];
    size_t len;
};

static const struct {
    const char *name;
    char journal; /* the level of syslog(3) */
} levels[LOG_LEVEL_COUNT] = {
    [LOG_ERROR] = {"error", '3'},
    [LOG_WARN] = {"warn", '4'},
    [LOG_INFO] = {"info", '6'},
    [LOG_DEBUG] = {"debug", '7'},
};

/* Set at the start of a process, before it has threads. */
static enum log_level max_level = LOG_INFO;
static char process_name[NAME_BYTES];

void log_set_level(enum log_level level)
{
    max_level = level;
}

void log_set_name(const char *name)
{
    snprintf(process_name, sizeof(process_name), "%s", name);
}

bool log_level_parse(const char *text, enum log_level *out)
{
    for (unsigned i = 0; i < LOG_LEVEL_COUNT; i++) {
        if (str_eq(text, levels[i].name)) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* Whether standard error is the stream that JOURNAL_STREAM names: "device:inode" (systemd.exec(5)). */
static bool to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    char ours[48];

    if (!stream || fstat(STDERR_FILENO, &st) < 0)
        return false;
    snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return str_eq(stream, ours);
}

static bool line_add(struct line *line, const char *text, size_t len)
{
    if (len > LINE_BYTES - 1 - line->len)
        return false;
    memcpy(line->text + line->len, text, len);
    line->len += len;
    return true;
}

static bool line_add_escaped(struct line *line, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char escape[5];

        snprintf(escape, sizeof(escape), "\\x%02x", (unsigned char)text[i]);
        if (!line_add(line, escape, 4))
            return false;
    }
    return true;
}

static size_t printable_run(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && text[n] >= 0x20 && text[n] < 0x7F)
        n++;
    return n;
}

/*
 * Text as it is, but for control characters (U+0080 to U+009F among them) and what is no UTF-8. Stops where the line
 * is full.
 */
static void line_add_text(struct line *line, const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        size_t room = LINE_BYTES - 1 - line->len;
        unsigned char c = (unsigned char)text[i];

        n = printable_run(text + i, len - i < room ? len - i : room);
        if (n) {
            line_add(line, text + i, n);
            continue;
        }
        size_t width = utf8_next(text + i, len - i);
        bool control = c < 0x20 || c == 0x7F || (c == 0xC2 && width == 2 && (unsigned char)text[i + 1] < 0xA0);

        n = width ? width : 1;
        if (!(width && !control ? line_add(line, text + i, n) : line_add_escaped(line, text + i, n)))
            return;
    }
}

static void line_begin(struct line *line, enum log_level level)
{
    char head[64], time[CLOCK_TEXT_BYTES];
    int64_t now_ms = clock_unix_ms();

    clock_text(now_ms, time);
    if (to_journal())
        snprintf(head, sizeof(head), "<%c>", levels[level].journal);
    else
        snprintf(head, sizeof(head), "%.19s.%03uZ %s %d ", time, (unsigned)(now_ms % 1000), levels[level].name,
                 (int)getpid());
    line_add(line, head, strlen(head));
    if (process_name[0]) {
        line_add_text(line, process_name, strlen(process_name));
        line_add(line, " ", 1);
    }
}

void log_line(enum log_level level, const char *fmt, ...)
{
    int saved_errno = errno;
    char message[LINE_BYTES];
    struct line line;
    va_list ap;

    if (level > max_level)
        return;
    va_start(ap, fmt);
    int len = vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    line.len = 0;
    line_begin(&line, level);
    if (len > 0)
        line_add_text(&line, message, strlen(message));
    line.text[line.len++] = '\n';
    ssize_t written = write(STDERR_FILENO, line.text, line.len);

    (void)written; /* a line that cannot be written has nowhere else to go */
    errno = saved_errno;
}
