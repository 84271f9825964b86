/* Text within HTML. */
#ifndef COLLOQUY_BASE_HTML_H
#define COLLOQUY_BASE_HTML_H

#include "colloquy/base/buf.h"

/*
 * Add UTF-8 as the text of an element or of an attribute between double quotes. U+0000 becomes U+FFFD. Source: WHATWG
 * HTML, "Escapable raw text" and "Attributes".
 */
void html_escape(struct buf *out, const char *text, size_t len);

#endif
