#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

/* Standard error goes into a file while capture() holds it; release() gives it back and the text. */
static int saved_stderr;
static FILE *capture_file;

static void capture(void)
{
    capture_file = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(capture_file);
    saved_stderr = dup(STDERR_FILENO);
    dup2(fileno(capture_file), STDERR_FILENO);
}

static const char *release(void)
{
    static char text[16384];
    size_t n;

    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    rewind(capture_file);
    n = fread(text, 1, sizeof(text) - 1, capture_file);
    text[n] = '\0';
    fclose(capture_file);
    return text;
}

static void test_line(void)
{
    char head[64];

    unsetenv("JOURNAL_STREAM");
    log_set_name("api/3");
    capture();
    log_warn("turn %d failed", 7);
    const char *line = release();

    log_set_name("");
    CU_ASSERT_FATAL(strlen(line) > 25);
    CU_ASSERT(line[4] == '-' && line[10] == 'T' && line[19] == '.' && line[23] == 'Z');
    snprintf(head, sizeof(head), " warn %d api/3 turn 7 failed\n", (int)getpid());
    ASSERT_TEXT(line + 24, head);
}

static void test_journal(void)
{
    char stream[64];
    struct stat st;

    capture();
    fstat(STDERR_FILENO, &st);
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_error("a");
    log_warn("b");
    log_info("c");
    setenv("JOURNAL_STREAM", "1:1", 1); /* inherited, but standard error went elsewhere since */
    log_info("d");
    unsetenv("JOURNAL_STREAM");
    const char *text = release();

    CU_ASSERT(str_starts(text, "<3>a\n<4>b\n<6>c\n2"));
}

static void test_levels(void)
{
    enum log_level level = LOG_WARN;

    capture();
    log_debug("not by default");
    log_set_level(LOG_ERROR);
    log_warn("not now");
    log_set_level(LOG_SILENT);
    log_error("not at all");
    log_set_level(LOG_DEBUG);
    log_debug("this");
    log_set_level(LOG_INFO);
    const char *text = release();

    CU_ASSERT(!strstr(text, "not") && strstr(text, " this\n"));
    CU_ASSERT(log_level_parse("debug", &level) && level == LOG_DEBUG);
    CU_ASSERT(!log_level_parse("loud", &level) && !log_level_parse("", &level) && level == LOG_DEBUG);
}

/* Whatever a client sends, one event is one line, and a terminal that shows it obeys none of it. */
static void test_escapes(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"a\nb\r\n", "a\\x0ab\\x0d\\x0a"},
        {"\x1B[2J\x07\x7F", "\\x1b[2J\\x07\\x7f"},
        {"\tx", "\\x09x"},
        {"Zoë €😀", "Zoë €😀"},
        {"\xC2\x9B", "\\xc2\\x9b"}, /* U+009B, CSI in one character */
        {"\xC2\xA0", "\xC2\xA0"},
        {"\xFF\xC3", "\\xff\\xc3"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        char want[64];

        capture();
        log_info("<%s>", rows[i].text);
        const char *line = release();
        snprintf(want, sizeof(want), " <%s>\n", rows[i].want);
        ROW_ASSERT(rows[i].want, strstr(line, want) != NULL);
    }
}

static void test_bounded(void)
{
    static const char *const fillers[] = {"a", "\n", "€"};

    for (size_t i = 0; i < LEN(fillers); i++) {
        char text[9001] = "";
        size_t len = 0;

        while (len < 8900) {
            memcpy(text + len, fillers[i], strlen(fillers[i]));
            len += strlen(fillers[i]);
        }
        capture();
        log_info("%s", text);
        const char *line = release();

        ROW_ASSERT(fillers[i], strlen(line) <= 4096 && strlen(line) > 4000);
        ROW_ASSERT(fillers[i], strchr(line, '\n') == line + strlen(line) - 1);
        ROW_ASSERT(fillers[i], utf8_valid(line, strlen(line)));
    }
}

static void test_name_is_bounded(void)
{
    log_set_name("a name of more than thirty bytes, which is cut");
    capture();
    log_info("x");
    const char *line = release();

    log_set_name("");
    CU_ASSERT_PTR_NOT_NULL(strstr(line, " a name of more than thirty byte x\n"));
}

SUITE(log, {"time, level, process, name", test_line}, {"level for the journal", test_journal}, {"levels", test_levels},
      {"one event is one line", test_escapes}, {"a line is bounded", test_bounded},
      {"a name is bounded", test_name_is_bounded});
