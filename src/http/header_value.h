/*
 * Inside http: the inner form of header values, "type; name=value; name="quoted value"".
 * Source: RFC 9110 sections 5.6.4 (quoted strings) and 5.6.6 (parameters).
 */
#ifndef HTTP_HEADER_VALUE_H
#define HTTP_HEADER_VALUE_H

#include "colloquy/base.h"

/* Whether a header value names this media type (or disposition), whatever its case and parameters. */
bool header_type_is(const char *value, const char *type);

/*
 * A parameter of a header value, its name in any case, unquoted into out with a NUL behind it. The first of that name
 * counts. False when there is none or it does not fit; *len may be NULL.
 */
bool header_parameter(const char *value, const char *name, char *out, size_t out_bytes, size_t *len);

/*
 * The value of an extended parameter ("UTF-8'en'a%20b") decoded in place, with a NUL behind it: of the character set UTF-8 alone, which
 * is what there must be. False: it has another form. Source: RFC 8187 section 3.2.
 */
bool header_extended_value(char *value, size_t *len);

#endif
