/*
 * Whether a text is cheap enough to be parsed as Markdown, and what a line of it is.
 */
#ifndef COLLOQUY_ENGINE_MARKDOWN_COST_H
#define COLLOQUY_ENGINE_MARKDOWN_COST_H

#include "colloquy/base.h"

struct markdown_cost {
    bool parse;         /* md4c reads it in milliseconds */
    bool tables;        /* also when it looks for tables */
    bool strikethrough; /* and for "~~" */
};

/* One pass over text[0..len), whose len is at most MARKDOWN_MAX_BYTES. */
struct markdown_cost markdown_cost(const char *text, size_t len);

/*
 * Where the line that begins at i ends, and in *next where the one after it begins (past len when there is none). As in
 * Markdown, LF, CR and CR LF end a line.
 */
size_t markdown_line_end(const char *text, size_t len, size_t i, size_t *next);

/* Only spaces and tabs: what ends a paragraph. */
bool markdown_line_blank(const char *line, size_t len);

#endif
