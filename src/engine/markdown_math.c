/*
 * Mathematics is set aside before Markdown is read.
 *
 * Where the code is, md4c says: the text is parsed once only to mark it, which is exact where a reader of fences and
 * indentation of our own would only be near. A text without a mark of mathematics is spared that.
 */
#include <md4c.h>
#include <string.h>

#include "engine/markdown_cost.h"
#include "engine/markdown_math.h"

enum {
    FIRST_PLACEHOLDER = 0xF0000, /* to U+10FFFF: a text of 256 KiB has fewer pieces, the shortest being "$x$" */
    PLACEHOLDER_LEAD = 0xF3,     /* the first byte of each, or one above */
};

/* One that was set aside, at its place among the pieces. */
struct piece {
    uint32_t at, len; /* in the source, with its marks */
    uint8_t kind, mark_len;
    uint16_t quotes;
};

static const struct mark {
    const char *open, *close;
    bool is_display;
    bool is_dollar; /* which may also be money */
} marks[] = {
    {"\\(", "\\)", false, false},
    {"\\[", "\\]", true, false},
    {"$$", "$$", true, false},
    {"$", "$", false, true},
};

/* ---- where no mathematics is ---- */

struct scan {
    const char *text;
    char *is_verbatim; /* of each byte: code, an address, a title */
    size_t len;
    unsigned code; /* blocks and spans open that are code */
};

/* md4c hands out pieces of the text it was given, and of its own for a line end, say: those are none of ours. */
static void mark_verbatim(struct scan *s, const char *at, size_t len)
{
    uintptr_t from = (uintptr_t)s->text, piece = (uintptr_t)at;

    if (len && piece >= from && piece - from < s->len && len <= s->len - (piece - from))
        memset(s->is_verbatim + (piece - from), 1, len);
}

static int on_block_enter(MD_BLOCKTYPE type, void *detail, void *user)
{
    (void)detail;
    ((struct scan *)user)->code += type == MD_BLOCK_CODE;
    return 0;
}

static int on_block_leave(MD_BLOCKTYPE type, void *detail, void *user)
{
    (void)detail;
    ((struct scan *)user)->code -= type == MD_BLOCK_CODE;
    return 0;
}

static void mark_link(struct scan *s, const MD_ATTRIBUTE *to, const MD_ATTRIBUTE *title)
{
    mark_verbatim(s, to->text, to->size);
    mark_verbatim(s, title->text, title->size);
}

static int on_span_enter(MD_SPANTYPE type, void *detail, void *user)
{
    if (type == MD_SPAN_A)
        mark_link(user, &((const MD_SPAN_A_DETAIL *)detail)->href, &((const MD_SPAN_A_DETAIL *)detail)->title);
    else if (type == MD_SPAN_IMG)
        mark_link(user, &((const MD_SPAN_IMG_DETAIL *)detail)->src, &((const MD_SPAN_IMG_DETAIL *)detail)->title);
    return 0;
}

static int on_span_leave(MD_SPANTYPE type, void *detail, void *user)
{
    (void)type, (void)detail, (void)user;
    return 0;
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *user)
{
    struct scan *s = user;

    if (type == MD_TEXT_CODE || s->code)
        mark_verbatim(s, text, size);
    return 0;
}

static bool find_verbatim(struct scan *s, unsigned flags)
{
    const MD_PARSER parser = {
        .flags = flags,
        .enter_block = on_block_enter,
        .leave_block = on_block_leave,
        .enter_span = on_span_enter,
        .leave_span = on_span_leave,
        .text = on_text,
    };

    memset(s->is_verbatim, 0, s->len);
    return !md_parse(s->text, (MD_SIZE)s->len, &parser, s);
}

/* ---- where it is ---- */

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || is_line_end(c);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Of ASCII alone: Chinese, say, is written without blanks around a formula. */
static bool is_alnum(char c)
{
    return is_letter(c) || is_digit(c);
}

/* A run of dollars is one mark, so that those of "$$$" are none. */
static size_t dollars_at(const struct scan *s, size_t i)
{
    size_t n = 0;

    while (i + n < s->len && s->text[i + n] == '$' && !s->is_verbatim[i + n])
        n++;
    return n;
}

static bool mark_at(const struct scan *s, size_t i, const char *mark)
{
    size_t n = strlen(mark);

    if (i + n > s->len || memcmp(s->text + i, mark, n) != 0)
        return false;
    return mark[0] == '$' ? dollars_at(s, i) == n : !s->is_verbatim[i + 1];
}

/* The bytes that go together at i: a run of dollars, a backslash and what it escapes, else a character. */
static size_t token_len(const struct scan *s, size_t i)
{
    char next = i + 1 < s->len ? s->text[i + 1] : '\0';

    if (s->text[i] == '$' && !s->is_verbatim[i])
        return dollars_at(s, i);
    if (s->text[i] == '\\' && !s->is_verbatim[i] && next > ' ' && next < 0x7F)
        return 2;
    return utf8_next(s->text + i, s->len - i);
}

/* Whether the line after the line end at i ends a paragraph; in a quote that is one of ">" alone. */
static bool blank_follows(const struct scan *s, size_t i)
{
    size_t next, end;

    markdown_line_end(s->text, s->len, i, &next);
    for (end = next; end < s->len && (s->text[end] == ' ' || s->text[end] == '\t' || s->text[end] == '>');)
        end++;
    return end >= s->len || is_line_end(s->text[end]);
}

/*
 * Where the mark is that closes what stands at i, just behind its opening one; 0 when there is none. It looks no
 * further than to the next mark of its kind, so that all calls together are linear.
 */
static size_t find_close(const struct scan *s, const struct mark *mark, size_t i)
{
    for (size_t n = 0; i < s->len && n <= MARKDOWN_MATH_MAX_CHARS; n++) {
        bool is_end = is_line_end(s->text[i]);

        if (s->is_verbatim[i] || (is_end && (!mark->is_display || blank_follows(s, i))))
            return 0;
        if (mark_at(s, i, mark->close))
            return i;
        if (mark->is_dollar ? s->text[i] == '$' || s->text[i] == '`' : mark_at(s, i, mark->open))
            return 0;
        i += token_len(s, i);
    }
    return 0;
}

/* "5 and 6", "5/month or 10": begins with a digit, has a word, and nothing that only a formula has. */
static bool is_money(const char *tex, size_t len)
{
    bool has_word = false;

    for (size_t i = 0; i < len; i++) {
        bool is_wordy = is_letter(tex[i]) || (unsigned char)tex[i] >= 0x80;

        if (!is_wordy && !is_digit(tex[i]) && !strchr(" \t.,;:-/%'&()", tex[i]))
            return false;
        has_word |=
            is_wordy && i > 1 && (is_letter(tex[i - 1]) || (unsigned char)tex[i - 1] >= 0x80) && !is_alnum(tex[i - 2]);
    }
    return is_digit(tex[0]) && has_word;
}

/* Whether the dollars at open and close are marks: none touches a letter or digit outside, or a blank within. */
static bool is_dollar_math(const struct scan *s, size_t open, size_t close)
{
    if (open > 0 && is_alnum(s->text[open - 1]))
        return false;
    if (close + 1 < s->len && is_alnum(s->text[close + 1]))
        return false;
    return !is_blank(s->text[open + 1]) && !is_blank(s->text[close - 1]) &&
           !is_money(s->text + open + 1, close - open - 1);
}

/* The piece's length with its marks, of the mark at i; 0: it stays text. */
static size_t math_len(const struct scan *s, const struct mark *mark, size_t i)
{
    size_t begin = i + strlen(mark->open), close = find_close(s, mark, begin);

    if (!close || utf8_blank(s->text + begin, close - begin) ||
        utf8_count(s->text + begin, close - begin) > MARKDOWN_MATH_MAX_CHARS)
        return 0;
    if (mark->is_dollar && !is_dollar_math(s, i, close))
        return 0;
    return close + strlen(mark->close) - i;
}

static const struct mark *find_mark(const struct scan *s, size_t i)
{
    for (size_t k = 0; k < LEN(marks) && (s->text[i] == '\\' || s->text[i] == '$'); k++)
        if (!s->is_verbatim[i] && mark_at(s, i, marks[k].open))
            return &marks[k];
    return NULL;
}

/* ---- setting aside ---- */

/* The character at text, if it is one of those that stand for a piece; else 0. */
static uint32_t placeholder_at(const char *text, size_t len)
{
    size_t n;
    uint32_t c = (unsigned char)text[0] < PLACEHOLDER_LEAD ? 0 : utf8_decode(text, len, &n);

    return c >= FIRST_PLACEHOLDER ? c : 0;
}

static void set_aside(struct markdown_math *math, struct piece piece)
{
    char utf8[4];
    size_t number = math->pieces.len / sizeof(piece);

    buf_append(&math->pieces, &piece, sizeof(piece));
    buf_append(&math->text, utf8, utf8_put(utf8, FIRST_PLACEHOLDER + (uint32_t)number));
}

/* How many ">" the line that begins at i begins with. */
static uint16_t count_quotes(const struct scan *s, size_t i)
{
    uint16_t n = 0;

    for (; i < s->len && (s->text[i] == '>' || s->text[i] == ' ' || s->text[i] == '\t') && n < UINT16_MAX; i++)
        n = (uint16_t)(n + (s->text[i] == '>'));
    return n;
}

/* What stands at i goes into math->text, as it is or as a placeholder; returns its length. */
static size_t take_token(struct markdown_math *math, const struct scan *s, size_t i, uint16_t quotes)
{
    const struct mark *mark = find_mark(s, i);
    size_t len = mark ? math_len(s, mark, i) : 0;

    if (len) {
        set_aside(math, (struct piece){.at = (uint32_t)i,
                                       .len = (uint32_t)len,
                                       .kind = mark->is_display ? MATH_DISPLAY : MATH_INLINE,
                                       .mark_len = (uint8_t)strlen(mark->open),
                                       .quotes = quotes});
        return len;
    }
    len = token_len(s, i);
    if (placeholder_at(s->text + i, s->len - i))
        set_aside(math, (struct piece){.at = (uint32_t)i, .len = (uint32_t)len, .kind = MATH_NONE});
    else
        buf_append(&math->text, s->text + i, len);
    return len;
}

static void take_tokens(struct markdown_math *math, const struct scan *s, size_t len)
{
    uint16_t quotes = count_quotes(s, 0);

    for (size_t i = 0; i < len;) {
        bool is_end = is_line_end(s->text[i]);

        i += take_token(math, s, i, quotes);
        if (is_end)
            quotes = count_quotes(s, i);
    }
}

static bool has_any(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == '$' || (unsigned char)text[i] >= PLACEHOLDER_LEAD ||
            (text[i] == '\\' && i + 1 < len && (text[i + 1] == '(' || text[i + 1] == '[')))
            return true;
    return false;
}

static const char padding[] = "\n\0\0\0\0\0\0";

static bool take_marked(struct markdown_math *math, size_t len, unsigned flags)
{
    struct buf copy, verbatim;

    buf_init(&copy, len + sizeof(padding));
    buf_init(&verbatim, len + 1);
    buf_append(&copy, math->source, len);
    buf_append(&copy, padding, sizeof(padding));

    struct scan s = {copy.data, buf_room(&verbatim, len + 1), len + 1, 0};
    bool done = !copy.failed && s.is_verbatim && find_verbatim(&s, flags);

    if (done)
        take_tokens(math, &s, len);
    buf_release(&copy);
    buf_release(&verbatim);
    return done;
}

bool markdown_math_take(struct markdown_math *math, const char *text, size_t len, unsigned flags)
{
    bool done = true;

    math->source = text;
    buf_init(&math->text, len + len / 3 + sizeof(padding));
    buf_init(&math->pieces, (len / 3 + 1) * sizeof(struct piece));
    if (has_any(text, len))
        done = take_marked(math, len, flags);
    else
        buf_append(&math->text, text, len);
    buf_append(&math->text, padding, sizeof(padding));
    math->len = math->text.len - sizeof(padding) + 1;
    return done && !math->text.failed && !math->pieces.failed;
}

void markdown_math_release(struct markdown_math *math)
{
    buf_release(&math->text);
    buf_release(&math->pieces);
}

/* ---- putting back ---- */

static struct math_part part_of(const struct markdown_math *math, uint32_t placeholder)
{
    struct piece piece;

    memcpy(&piece, math->pieces.data + (placeholder - FIRST_PLACEHOLDER) * sizeof(piece), sizeof(piece));
    return (struct math_part){piece.kind, math->source + piece.at, piece.len, piece.mark_len, piece.quotes};
}

/* Where the first one is; len: there is none. */
static size_t find_placeholder(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && ((unsigned char)text[n] < PLACEHOLDER_LEAD || !placeholder_at(text + n, len - n)))
        n++;
    return n;
}

bool markdown_math_next(const struct markdown_math *math, const char **text, size_t *len, struct math_part *part)
{
    size_t n = math->pieces.len ? find_placeholder(*text, *len) : *len;

    if (!*len)
        return false;
    if (n) {
        *part = (struct math_part){MATH_NONE, *text, n, 0, 0};
    } else {
        *part = part_of(math, placeholder_at(*text, *len));
        n = 4;
    }
    *text += n;
    *len -= n;
    return true;
}

/* Past the blanks and at most so many ">" that the line at i begins with. */
static size_t skip_quotes(const char *tex, size_t len, size_t i, unsigned quotes)
{
    for (; i < len && (tex[i] == ' ' || tex[i] == '\t' || (tex[i] == '>' && quotes > 0)); i++)
        quotes -= tex[i] == '>';
    return i;
}

void markdown_math_write(struct buf *out, const struct math_part *part)
{
    const char *tex = part->text + part->mark_len;
    size_t len = part->len - 2 * part->mark_len;

    for (size_t i = 0, next; i < len; i = part->quotes ? skip_quotes(tex, len, next, part->quotes) : next) {
        markdown_line_end(tex, len, i, &next);
        next = next > len ? len : next;
        html_escape(out, tex + i, next - i);
    }
}
