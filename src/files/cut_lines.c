/* Lines and sentences, as far as they can be told without knowing the language. */
#include "files/cut_lines.h"

#include <ctype.h>
#include <string.h>

enum {
    HEADING_CHARS = 80,       /* a longer line is a paragraph */
    HEADING_CLOSE_CHARS = 50, /* with the text right under it: a line that was wrapped is longer */
};

struct line line_at(const char *text, const char *end)
{
    const char *stop = memchr(text, '\n', (size_t)(end - text));
    struct line line = {.text = text, .len = (size_t)((stop ? stop : end) - text), .end = stop ? stop + 1 : end};

    utf8_trim(&line.text, &line.len);
    return line;
}

/* ---- sentences ---- */

/* The character that ends at `at`, and where it begins. */
static uint32_t character_before(const char *begin, const char *at, const char **start)
{
    size_t n;

    if (at == begin)
        return 0;
    do
        at--;
    while (at > begin && ((unsigned char)*at & 0xC0) == 0x80);
    *start = at;
    return utf8_decode(at, 4, &n);
}

/* That end a sentence whatever follows: scripts without spaces, and those with a stop of their own. */
static bool is_full_stop(uint32_t c)
{
    return c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0xFF0E || c == 0xFF61 || c == 0x964 || c == 0x965;
}

static bool is_stop(uint32_t c)
{
    return c == '.' || c == '!' || c == '?' || c == 0x2026 || c == 0x61F || c == 0x6D4 || c == 0x1362 ||
           is_full_stop(c);
}

static bool is_closing(uint32_t c)
{
    return c == ')' || c == ']' || c == '"' || c == '\'' || c == 0xBB || c == 0x2019 || c == 0x201C || c == 0x201D ||
           c == 0x300D || c == 0x300F || c == 0xFF09;
}

/* Whether the full stop that begins at `at` ends what is short for something: one letter, or a usual one. */
static bool is_short(const char *begin, const char *at)
{
    static const char *const usual[] = {"dr", "mr",  "mrs", "ms", "prof", "vs",  "etc", "fig", "no", "art", "cf",
                                        "ca", "bzw", "nr",  "st", "sec",  "vol", "pp",  "al",  "eg", "ie",  "ch"};
    const char *word = at;
    char lower[5] = "";

    while (word > begin && isalpha((unsigned char)word[-1]))
        word--;
    size_t len = (size_t)(at - word);

    if (len == 1 || len >= sizeof(lower))
        return len == 1;
    for (size_t i = 0; i < len; i++)
        lower[i] = (char)tolower((unsigned char)word[i]);
    for (size_t i = 0; i < LEN(usual); i++)
        if (str_eq(lower, usual[i]))
            return true;
    return false;
}

size_t sentence_end(const char *begin, const char *at, const char *end)
{
    const char *start = at, *next = at, *rest = at;
    size_t n = 0, len = (size_t)(end - at);
    uint32_t c = character_before(begin, at, &start);

    if (!is_stop(c))
        return 0;
    while (next < end && (is_closing(utf8_decode(next, (size_t)(end - next), &n)) ||
                          is_stop(utf8_decode(next, (size_t)(end - next), &n))))
        next += n;
    rest = next;
    len = (size_t)(end - next);
    utf8_trim(&rest, &len);
    if (!len)
        return (size_t)(end - at);
    if (is_full_stop(c))
        return (size_t)(rest - at);
    bool is_spaced = rest > next && !islower((unsigned char)*rest);
    return is_spaced && !(c == '.' && is_short(begin, start)) ? (size_t)(rest - at) : 0;
}

/* ---- headings ---- */

static bool is_all(const struct line *line, char c)
{
    return line->len >= 3 && strspn(line->text, (char[]){c, '\0'}) >= line->len;
}

bool line_is_underline(const struct line *line)
{
    return is_all(line, '=') || is_all(line, '-');
}

static bool is_marked(const struct line *line)
{
    size_t n = 0;

    while (n < line->len && line->text[n] == '#')
        n++;
    return n >= 1 && n <= 6 && n < line->len && line->text[n] == ' ';
}

bool line_is_item(const struct line *line)
{
    const char *at = line->text, *end = at + line->len;

    if (line->len < 2)
        return false;
    if (strchr("-*+", *at))
        return at[1] == ' ';
    if (str_starts(at, "• "))
        return true;
    at += *at == '(';
    while (at < end && isalnum((unsigned char)*at) && at - line->text < 4)
        at++;
    return at > line->text && end - at >= 2 && (*at == '.' || *at == ')') && at[1] == ' ';
}

static bool has_letter(const struct line *line)
{
    for (size_t i = 0; i < line->len; i++)
        if (isalpha((unsigned char)line->text[i]) || (unsigned char)line->text[i] >= 0x80)
            return true;
    return false;
}

/* Whether the line goes on, or is a sentence. */
static bool ends_as_text(const struct line *line)
{
    const char *start, *end = line->text + line->len;
    uint32_t c = character_before(line->text, end, &start);

    return is_stop(c) || c == ',' || c == ';' || c == 0x3001 || c == 0xFF0C || c == 0xFF1B;
}

bool line_is_heading(const struct line *line, const char *end, bool is_after_blank)
{
    struct line next = line_at(line->end, end);
    size_t chars = utf8_count(line->text, line->len < 1024 ? line->len : 1024);

    if (is_marked(line))
        return true;
    if (chars > HEADING_CHARS || !has_letter(line))
        return false;
    if (line_is_underline(&next))
        return true;
    return is_after_blank && line->end < end && !ends_as_text(line) && !line_is_item(line) &&
           chars <= (next.len ? HEADING_CLOSE_CHARS : HEADING_CHARS);
}
