/* What is written in a text. */
#include <ctype.h>
#include <json-c/json_tokener.h>
#include <strings.h>

#include "extract/text.h"

/* Text that is looked at from its beginning; end is behind it. */
struct span {
    const char *at, *end;
};

static bool starts(struct span s, const char *prefix)
{
    size_t len = strlen(prefix);

    return (size_t)(s.end - s.at) >= len && strncasecmp(s.at, prefix, len) == 0;
}

static struct span skip_space(struct span s)
{
    while (s.at < s.end && isspace((unsigned char)*s.at))
        s.at++;
    return s;
}

/* Behind the next text that says so; at the end when there is none. */
static struct span skip_past(struct span s, const char *text)
{
    const char *found = memmem(s.at, (size_t)(s.end - s.at), text, strlen(text));

    s.at = found ? found + strlen(text) : s.end;
    return s;
}

/* ---- languages of marks ---- */

/* A tag of that name begins. */
static bool is_tag(struct span s, const char *name)
{
    size_t len = strlen(name);

    if (!starts(s, "<"))
        return false;
    s.at++;
    return starts(s, name) && (s.at + len == s.end || !isalnum((unsigned char)s.at[len]));
}

static bool is_html(struct span s)
{
    static const char *const tags[] = {"html", "head",  "body", "title", "meta",    "h1",      "h2",  "p",
                                       "div",  "table", "ul",   "ol",    "article", "section", "main"};

    for (size_t i = 0; i < LEN(tags); i++)
        if (is_tag(s, tags[i]))
            return true;
    return starts(s, "<!doctype html");
}

/* What comes before the first tag: declarations and comments. */
static struct span skip_prolog(struct span s, bool *is_xml)
{
    *is_xml = false;
    for (;;) {
        s = skip_space(s);
        if (starts(s, "<?"))
            *is_xml = true, s = skip_past(s, "?>");
        else if (starts(s, "<!--"))
            s = skip_past(s, "-->");
        else
            return s;
    }
}

/* Whether it is one: then type gets text/html, or NULL. */
static bool is_markup(struct span s, const char **type)
{
    bool is_xml;
    struct span first = skip_prolog(s, &is_xml);

    *type = is_html(first) ? "text/html" : NULL;
    return *type || is_xml || is_tag(first, "svg") || is_tag(first, "!doctype") || starts(s, "{\\rtf") ||
           starts(s, "%!PS");
}

/* ---- JSON ---- */

static bool is_json(struct span s, bool is_whole)
{
    struct span first = skip_space(s);
    struct json_tokener *tokener =
        starts(first, "{") || starts(first, "[") ? json_tokener_new_ex(JSON_MAX_DEPTH) : NULL;

    if (!tokener)
        return false;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS);
    json_object_put(json_tokener_parse_ex(tokener, first.at, (int)(s.end - first.at)));
    enum json_tokener_error error = json_tokener_get_error(tokener);
    struct span rest = {first.at + json_tokener_get_parse_end(tokener), s.end};

    json_tokener_free(tokener);
    return error == json_tokener_success ? skip_space(rest).at == s.end : error == json_tokener_continue && !is_whole;
}

/* ---- CSV ---- */

enum { CSV_RECORDS = 50 }; /* that are looked at */

/* A record's fields, and those that begin with a blank, as they do after the comma of a sentence. */
struct record {
    size_t n, n_blank;
};

/* RFC 4180, with any delimiter. False: there is none that ends. */
static bool read_record(struct span *s, char delimiter, struct record *record)
{
    bool is_quoted = false;

    *record = (struct record){.n = 1};
    for (const char *c = s->at; c < s->end; c++) {
        if (*c == '"')
            is_quoted = !is_quoted;
        if (is_quoted)
            continue;
        if (*c == delimiter) {
            record->n++;
            record->n_blank += c + 1 < s->end && c[1] == ' ';
        }
        if (*c == '\n' || c + 1 == s->end) {
            s->at = c + 1;
            return true;
        }
    }
    return false;
}

static bool is_csv_of(struct span s, char delimiter)
{
    struct record first = {0}, record;
    size_t n = 0, n_blank = 0;

    for (; n < CSV_RECORDS && skip_space(s).at < s.end; n++) {
        if (!read_record(&s, delimiter, &record) || record.n < 2 || (n && record.n != first.n))
            return false;
        first = record;
        n_blank += record.n_blank;
    }
    return n >= 2 && (n_blank * 2 <= n * (first.n - 1) || (n >= 3 && first.n >= 3));
}

static bool is_csv(struct span s)
{
    return is_csv_of(s, ',') || is_csv_of(s, ';') || is_csv_of(s, '\t');
}

/* ---- Markdown ---- */

enum { MARKDOWN_LINES = 1000 }; /* that are looked at */

enum mark {
    MARK_HEADING = 1,
    MARK_FENCE = 2,
    MARK_LINK = 4,
    MARK_STRONG = 8,
    MARK_ITEM = 16,
    MARK_TABLE = 32,
    MARK_RULE = 64
};

static struct span next_line(struct span *s)
{
    const char *end = memchr(s->at, '\n', (size_t)(s->end - s->at));
    struct span line = {s->at, end ? end : s->end};

    s->at = end ? end + 1 : s->end;
    return line;
}

static bool has(struct span s, const char *text)
{
    return memmem(s.at, (size_t)(s.end - s.at), text, strlen(text)) != NULL;
}

static unsigned marks_of(struct span line)
{
    unsigned marks = 0;
    size_t hashes = 0, len = (size_t)(line.end - line.at);

    while (hashes < len && line.at[hashes] == '#')
        hashes++;
    if (hashes >= 1 && hashes <= 6 && hashes + 1 < len && line.at[hashes] == ' ')
        marks |= MARK_HEADING;
    if (starts(line, "```") || starts(line, "~~~"))
        marks |= MARK_FENCE;
    if (has(line, "](") && has(line, "["))
        marks |= MARK_LINK;
    if (starts(line, "|--") || starts(line, "| --") || starts(line, "|:-") || starts(line, "| :-"))
        marks |= MARK_TABLE;
    if (starts(line, "===") || starts(line, "---"))
        marks |= MARK_RULE;
    line = skip_space(line);
    if (starts(line, "- ") || starts(line, "* ") || starts(line, "1. "))
        marks |= MARK_ITEM;
    if (has(line, "**") || has(line, "__"))
        marks |= MARK_STRONG;
    return marks;
}

/* "# " begins comments in many languages; such a text begins with another line, or has other marks of no kind. */
static bool is_markdown(struct span s)
{
    unsigned marks = 0;
    bool is_titled = starts(s, "# ") || starts(s, "## ");

    for (int n = 0; n < MARKDOWN_LINES && s.at < s.end; n++)
        marks |= marks_of(next_line(&s));
    return is_titled || marks & (MARK_FENCE | MARK_LINK | MARK_TABLE) || __builtin_popcount(marks) >= 2;
}

const char *text_type(const char *text, size_t len, bool is_whole)
{
    struct span s = {text, text + len};
    const char *type;

    if (is_markup(s, &type))
        return type;
    if (is_json(s, is_whole))
        return "application/json";
    if (is_csv(s))
        return "text/csv";
    return is_markdown(s) ? "text/markdown" : "text/plain";
}
