/* Lines of a text: what is a heading, and where sentences end. */
#ifndef COLLOQUY_FILES_CUT_LINES_H
#define COLLOQUY_FILES_CUT_LINES_H

#include "colloquy/base.h"

struct line {
    const char *text; /* without white space at both ends */
    size_t len;       /* 0: it is blank */
    const char *end;  /* where the next one begins */
};

/* The line that begins at text; up to end, where it is empty. */
struct line line_at(const char *text, const char *end);

/*
 * Whether it is a heading: marked as one, underlined, or a short line by itself that is no sentence. is_after_blank:
 * nothing, or a blank line, stands before it.
 */
bool line_is_heading(const struct line *line, const char *end, bool is_after_blank);

/* Whether it is the line under a heading. */
bool line_is_underline(const struct line *line);

bool line_is_item(const struct line *line); /* of a list */

/*
 * Whether a sentence ends with the character that ends at `at`, within a text that goes from begin to end: the bytes from `at`
 * to where the next one begins, which is maybe the end; 0: it does not.
 */
size_t sentence_end(const char *begin, const char *at, const char *end);

#endif
