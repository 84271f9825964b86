/*
 * Mathematics in TeX within Markdown, which would take its backslashes, stars and underscores for its own.
 *
 * Before Markdown is read each piece of mathematics is replaced by one private-use character (U+F0000 and up, so that
 * the number of the piece is all of the placeholder). What comes out of Markdown is then read part by part, the pieces
 * being put back where they turn up. Characters of that range that the text itself holds are set aside likewise, as
 * text: every placeholder is therefore ours, and a text can neither forge one nor lose a character.
 *
 *   \(…\)   within a line
 *   \[…\]   over lines, though not over a blank one; $$…$$ too
 *   $…$     within a line, and only when it cannot be money or a variable's name: see is_dollar_math()
 *
 * Code, addresses and titles hold none. A piece has MARKDOWN_MATH_MAX_CHARS characters at most, or stays text, and so
 * does an empty one.
 */
#ifndef COLLOQUY_ENGINE_MARKDOWN_MATH_H
#define COLLOQUY_ENGINE_MARKDOWN_MATH_H

#include "colloquy/base.h"

enum { MARKDOWN_MATH_MAX_CHARS = 4000 };

struct markdown_math {
    struct buf text;    /* what Markdown is to read: ends in a line end, with some bytes of 0 behind it */
    size_t len;         /* of it, without those: md4c is known to look one byte beyond an unfinished link at the end */
    struct buf pieces;  /* struct piece, as many as there are placeholders */
    const char *source; /* borrowed: where the pieces come from */
};

/* What comes out of Markdown is a row of these. */
struct math_part {
    enum { MATH_NONE, MATH_INLINE, MATH_DISPLAY } kind;
    const char *text; /* as it stood in the source, marks and all; not ended by NUL */
    size_t len;
    size_t mark_len; /* of the mark at either end */
    unsigned quotes; /* block quotes that it stands in: each has its ">" on every line of it */
};

/*
 * Set aside the mathematics of text[0..len), well-formed UTF-8 of at most MARKDOWN_MAX_BYTES that is cheap to parse
 * with these flags of md4c. text is borrowed until markdown_math_release(), which follows whatever this returns. In
 * time linear in len; math->text has at most 4/3 of its length. False: no memory.
 */
bool markdown_math_take(struct markdown_math *math, const char *text, size_t len, unsigned flags) MUST_USE;
void markdown_math_release(struct markdown_math *math);

/* The first part of text[0..len), which came out of Markdown; moves *text and *len behind it. False: there is none. */
bool markdown_math_next(const struct markdown_math *math, const char **text, size_t *len, struct math_part *part);

/* Its TeX, without marks, as the text of an element. */
void markdown_math_write(struct buf *out, const struct math_part *part);

#endif
