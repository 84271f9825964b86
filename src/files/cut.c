/* A text into pieces, and pieces into passages. */
#include "files/cut.h"

#include <limits.h>
#include <stdlib.h>

#include "files/cut_lines.h"

enum { /* a piece is at most that long where there is white space, or none */
       PIECE_CHARS = 100,
       PIECE_MAX_CHARS = 160,
};

/* How good a place to cut the beginning of a piece is; what it is worth against characters more or less. */
enum place {
    PLACE_BEHIND_HEADING,
    PLACE_CHARACTER,
    PLACE_SPACE,
    PLACE_SENTENCE,
    PLACE_PARAGRAPH,
    PLACE_HEADING,
};

/* A heading is worth it whatever the length, a paragraph some hundred characters. */
static const int worth[] = {
    [PLACE_BEHIND_HEADING] = -2000, [PLACE_CHARACTER] = -200, [PLACE_SPACE] = -100,
    [PLACE_SENTENCE] = 200,         [PLACE_PARAGRAPH] = 600,  [PLACE_HEADING] = 1800,
};

struct piece {
    uint32_t begin; /* byte */
    uint32_t chars; /* before it */
    enum place place;
};

struct cutter {
    const char *text, *end;
    struct buf pieces;
    uint32_t chars;
    bool is_space; /* the character before was white space */
};

/* ---- pieces ---- */

static void add_piece(struct cutter *c, const char *at, enum place place)
{
    struct piece piece = {.begin = (uint32_t)(at - c->text), .chars = c->chars, .place = place};

    buf_append(&c->pieces, &piece, sizeof(piece));
}

/* Marks that belong to the character before them. */
static bool is_combining(uint32_t c)
{
    return (c >= 0x300 && c <= 0x36F) || (c >= 0x591 && c <= 0x5C7) || (c >= 0x64B && c <= 0x65F) ||
           (c >= 0xE31 && c <= 0xE3A) || (c >= 0xE47 && c <= 0xE4E) || c == 0x200D || c == 0x3099 || c == 0x309A ||
           (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0x1F3FB && c <= 0x1F3FF);
}

/* Pass one character; returns its bytes. */
static size_t pass(struct cutter *c, const char *at)
{
    size_t n;

    utf8_decode(at, (size_t)(c->end - at), &n);
    bool is_space = utf8_blank(at, n);

    c->chars += !is_space || !c->is_space;
    c->is_space = is_space;
    return n;
}

static void pass_all(struct cutter *c, const char *from, const char *to)
{
    while (from < to)
        from += pass(c, from);
}

static enum place place_within(const struct cutter *c, const char *at, uint32_t chars, bool *is_place)
{
    size_t n;

    *is_place = true;
    if (chars >= PIECE_CHARS && c->is_space)
        return PLACE_SPACE;
    *is_place = chars >= PIECE_MAX_CHARS && !is_combining(utf8_decode(at, (size_t)(c->end - at), &n));
    return PLACE_CHARACTER;
}

/* The pieces of a line, the first of which begins at such a place. */
static void take_line(struct cutter *c, const struct line *line, enum place place)
{
    const char *at = line->text, *end = line->text + line->len;
    uint32_t begin = c->chars;

    add_piece(c, at, place);
    while (at < end) {
        bool is_place;
        size_t gap;

        at += pass(c, at);
        gap = sentence_end(line->text, at, end);
        if (gap) {
            pass_all(c, at, at + gap);
            at += gap;
        }
        place = gap ? PLACE_SENTENCE : place_within(c, at, c->chars - begin, &is_place);
        if (at < end && (gap || is_place)) {
            add_piece(c, at, place);
            begin = c->chars;
        }
    }
}

static bool ends_sentence(const struct line *line)
{
    const char *end = line->text + line->len;

    return line->len && sentence_end(line->text, end, end);
}

static void take_apart(struct cutter *c)
{
    bool is_after_blank = true, is_after_heading = false, is_after_sentence = true;
    struct line line;

    for (const char *at = c->text; at < c->end; at = line.end) {
        line = line_at(at, c->end);
        pass_all(c, at, line.len ? line.text : line.end);
        if (line.len) {
            bool is_heading = line_is_heading(&line, c->end, is_after_blank) ||
                              (is_after_heading && !is_after_blank && line_is_underline(&line));

            take_line(c, &line,
                      is_after_heading                           ? PLACE_BEHIND_HEADING
                      : is_heading                               ? PLACE_HEADING
                      : is_after_blank                           ? PLACE_PARAGRAPH
                      : is_after_sentence || line_is_item(&line) ? PLACE_SENTENCE
                                                                 : PLACE_SPACE);
            pass_all(c, line.text + line.len, line.end);
            is_after_heading = is_heading;
            is_after_sentence = ends_sentence(&line);
        }
        is_after_blank = !line.len;
    }
}

/* ---- passages ---- */

static const int worth_of_end = 1000; /* more than a paragraph, less than a heading */

/* The piece before which a passage that begins with the piece at `first` ends; the last of n pieces is the end. */
static size_t end_of(const struct piece *pieces, size_t n, size_t first)
{
    uint32_t rest = pieces[n - 1].chars - pieces[first].chars;
    size_t best = first + 1;
    int best_value = INT_MIN;

    for (size_t i = first + 1; i < n; i++) {
        uint32_t chars = pieces[i].chars - pieces[first].chars;
        bool is_end = i == n - 1, is_tail_small = !is_end && rest - chars < PASSAGE_OVERLAP_CHARS;
        int off = abs((int)chars - PASSAGE_CHARS), value = is_end ? worth_of_end : worth[pieces[i].place] - off;

        if (chars > PASSAGE_MAX_CHARS)
            break;
        if ((chars < PASSAGE_MIN_CHARS && !is_end) || is_tail_small)
            value = INT_MIN + (int)chars; /* only if there is no other */
        if (value > best_value) {
            best_value = value;
            best = i;
        }
    }
    return best;
}

/* The piece that the next passage begins with, when one from `first` ended before `end`. */
static size_t begin_of(const struct piece *pieces, size_t first, size_t end)
{
    size_t best = end;

    if (pieces[end].place == PLACE_HEADING)
        return end;
    for (size_t i = end - 1; i > first && pieces[end].chars - pieces[i].chars <= PASSAGE_OVERLAP_CHARS; i--) {
        bool is_good = pieces[i].place >= PLACE_SENTENCE;

        if (pieces[i].place == PLACE_HEADING)
            return i;
        if (pieces[i].place != PLACE_BEHIND_HEADING && (is_good || best == end || pieces[best].place < PLACE_SENTENCE))
            best = i;
    }
    return best;
}

static void add_cut(const struct cutter *c, uint32_t begin, uint32_t end, struct buf *cuts)
{
    const char *text = c->text + begin;
    size_t len = end - begin;

    utf8_trim(&text, &len);
    struct cut cut = {.begin = (uint32_t)(text - c->text), .len = (uint32_t)len};
    if (len)
        buf_append(cuts, &cut, sizeof(cut));
}

static void put_together(const struct cutter *c, struct buf *cuts)
{
    const struct piece *pieces = (const struct piece *)(const void *)c->pieces.data;
    size_t n = c->pieces.len / sizeof(*pieces), first = 0, end;

    for (; first + 1 < n; first = end == n - 1 ? end : begin_of(pieces, first, end)) {
        end = end_of(pieces, n, first);
        add_cut(c, pieces[first].begin, pieces[end].begin, cuts);
    }
}

void cut_text(const char *text, uint32_t len, struct buf *cuts)
{
    struct cutter c = {.text = text, .end = text + len, .is_space = true};

    buf_init(&c.pieces, sizeof(struct piece) * ((size_t)len + 2));
    take_apart(&c);
    add_piece(&c, c.end, PLACE_PARAGRAPH);
    if (c.pieces.failed)
        cuts->failed = true;
    else
        put_together(&c, cuts);
    buf_release(&c.pieces);
}
