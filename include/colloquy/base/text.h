/*
 * Text: UTF-8, numbers, and comparisons that take the same time whatever they find.
 *
 * Source: well-formed UTF-8, The Unicode Standard 15.0, table 3-7; white space, property White_Space of PropList.txt.
 */
#ifndef COLLOQUY_BASE_TEXT_H
#define COLLOQUY_BASE_TEXT_H

#include "colloquy/base/arena.h"

/*
 * Whether all len bytes are well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. NUL is
 * well-formed.
 */
bool utf8_valid(const char *text, size_t len);

/* Bytes of the well-formed character at the start of text, 1 to 4; 0 when there is none. */
size_t utf8_next(const char *text, size_t len);

/* The character at the start of text, of which there is some, and its bytes; of bytes that are none 0 and 1. */
uint32_t utf8_decode(const char *text, size_t len, size_t *n);

/* Code points in well-formed UTF-8. */
size_t utf8_count(const char *text, size_t len);

/* Whether well-formed UTF-8 is empty or only Unicode white space. */
bool utf8_blank(const char *text, size_t len);

/* Cut Unicode white space at both ends: moves *text and *len inward. */
void utf8_trim(const char **text, size_t *len);

/* Put one code point as 1 to 4 bytes; returns their number. */
size_t utf8_put(char out[4], uint32_t code_point);

/* 1 to 19 decimal digits, at most 2^63-1, nothing else: the ids of the API. False leaves *out alone. */
bool parse_id(const char *text, size_t len, uint64_t *out);

/* Decimal digits only, at most max. False leaves *out alone. */
bool parse_u64(const char *text, size_t len, uint64_t max, uint64_t *out);

/* Hexadecimal digit as 0 to 15, or -1. */
int hex_digit(char c);

/* Of 2 * len hexadecimal digits, and nothing else. False: the text is none. */
bool hex_decode(const char *text, uint8_t *out, size_t len);

/* 2 * len lower-case digits and a NUL into out. */
void hex_encode(const uint8_t *data, size_t len, char *out);

/*
 * RFC 4648 section 4, strictly: padded, without white space, unused bits 0; so that the same bytes give the same text
 * again. out: 3 bytes for each 4 of len. False: it is none.
 */
bool base64_decode(const char *text, size_t len, uint8_t *out, size_t *n);

/* true/false, t/f, yes/no, y/n, on/off, 1/0, whatever the case. False leaves *out alone. */
bool parse_bool(const char *text, size_t len, bool *out);

bool str_eq(const char *a, const char *b); /* NULL equals only NULL */
bool str_starts(const char *text, const char *prefix);

/*
 * Whether the list of a header (comma-separated, parameters after ';' ignored, case ignored) names item. NULL list:
 * no.
 */
bool header_list_has(const char *list, const char *item);

#endif
