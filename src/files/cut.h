/*
 * Where a text is cut into passages.
 *
 * A text is first taken apart into pieces: at headings, paragraphs, lines and sentences; where there are none for long, at
 * white space, and where there is none of that, between characters. Pieces are then put together to passages of about a
 * thousand characters, each beginning with the last sentences of the one before, unless it begins with a heading. No
 * passage ends with a heading.
 */
#ifndef COLLOQUY_FILES_CUT_H
#define COLLOQUY_FILES_CUT_H

#include "colloquy/base.h"

enum { /* in characters, a run of white space counting as one */
       PASSAGE_CHARS = 1000,
       PASSAGE_MIN_CHARS = 400, /* unless the text has no more */
       PASSAGE_MAX_CHARS = 1200,
       PASSAGE_OVERLAP_CHARS = 200, /* at most */
};

struct cut {
    uint32_t begin, len; /* bytes, without white space at both ends */
};

/* Append to cuts (struct cut after struct cut) those of the text, which is UTF-8. Failures are the buffer's. */
void cut_text(const char *text, uint32_t len, struct buf *cuts);

#endif
