/*
 * Texts: their encoding, what is written in them, and what of HTML is said rather than marked up.
 *
 *   encoding.c  UTF-8 out of what was written in another encoding
 *   text_type.c plain text, Markdown, CSV, JSON, HTML
 *   html_text.c the text of HTML
 */
#ifndef EXTRACT_TEXT_H
#define EXTRACT_TEXT_H

#include "colloquy/base.h"

enum encoding { ENCODING_UNKNOWN, ENCODING_UTF8, ENCODING_UTF16LE, ENCODING_UTF16BE, ENCODING_WINDOWS_1252 };

/*
 * Told by a mark at the beginning, else by being UTF-8, but for a few broken characters. What is neither is taken for
 * Windows-1252, which is Latin-1 as it is really written, if most of it is ASCII and none of it is a character that this
 * encoding has not. ENCODING_UNKNOWN: bytes that no text holds, or an encoding that cannot be told.
 */
enum encoding encoding_tell(const char *data, size_t len);

/*
 * Add it as UTF-8, without a mark, NULs and what DOS puts at the end; U+FFFD for what is broken. Source: WHATWG Encoding,
 * "index-windows-1252"; The Unicode Standard 15.0, D91.
 */
void encoding_convert(enum encoding encoding, const char *data, size_t len, struct buf *out);

/* The code point that a byte from 0x80 to 0x9f stands for in Windows-1252; U+FFFD: none. */
uint32_t windows_1252(uint8_t byte);

/*
 * The MIME type of UTF-8; is_whole: nothing of it has been left out. NULL: a language of marks that is none of ours (SVG and
 * other XML, RTF, PostScript).
 *
 * HTML and JSON can be told: by how they begin, by their grammar. CSV is what has two records or more that have as many
 * fields each. Markdown is judged by its marks: one that is hardly anything else, or two that are. To say plain text of
 * Markdown, or the other way round, costs nothing: both are kept and read as they are.
 */
const char *text_type(const char *text, size_t len, bool is_whole);

/*
 * Add the text of HTML, which is UTF-8: without tags, comments, scripts and styles, entities decoded, white space as a page
 * would show it, paragraphs set apart by an empty line. Adds no more bytes than html has. Source: WHATWG HTML, "Parsing HTML
 * documents", as far as it tells text from markup.
 */
void html_text(const char *html, size_t len, struct buf *out);

#endif
