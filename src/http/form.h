/*
 * Inside http: a form on its way to becoming a tree.
 *
 * What reads bytes (form_read, multipart_read) knows nothing of requests and hands each name and value to form_put(),
 * which is the only place that nests names and counts them. Time is linear in the bytes read.
 */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include "colloquy/http.h"

struct form {
    struct cq_ctx *ctx;
    struct json_object *root; /* an object; the caller's, whatever happens */
    size_t n_names;           /* names so far, at most HTTP_MAX_PARAMS */
    size_t n_nested;          /* objects and arrays made for nested names, at most FORM_MAX_NESTED */
    struct form_file *files;  /* of a multipart body */
    size_t n_files;
};

/* A list of HTTP_MAX_PARAMS objects needs one more than that; each costs most of a KiB before it holds anything. */
enum { FORM_MAX_NESTED = 2 * HTTP_MAX_PARAMS };

/* Count one more name. CQ_INVALID_REQUEST: more than HTTP_MAX_PARAMS. */
enum cq_status form_count(struct form *form) MUST_USE;

/*
 * Put a counted name. name is cut to pieces in place; name[name_len] is a NUL. An empty name is ignored, one whose
 * brackets are broken is taken literally. Of two shapes under one name the last one stays. CQ_INVALID_ENCODING: name
 * or value is not UTF-8, or the name holds a NUL; CQ_INVALID_REQUEST: nested too deep or too much.
 */
enum cq_status form_put(struct form *form, char *name, size_t name_len, const char *value, size_t value_len) MUST_USE;

/*
 * Undo percent-encoding, '+' is a blank and a broken escape stays as it is. out: len bytes; returns how many were
 * used.
 */
size_t form_decode(const char *text, size_t len, char *out);

/*
 * Put every pair of an application/x-www-form-urlencoded text.
 * Source: WHATWG URL, "application/x-www-form-urlencoded parsing".
 */
enum cq_status form_read(struct form *form, const char *text, size_t len) MUST_USE;

/*
 * Put every part of a multipart/form-data body that is no file, and note those that are. CQ_INVALID_REQUEST: a boundary that is
 * none, a part without a name, a part whose headers exceed 8 KiB, no closing delimiter, too many files. Source: RFC 7578; delimiters, RFC 2046
 * section 5.1.1.
 */
enum cq_status multipart_read(struct form *form, const char *content_type, const char *body, size_t len) MUST_USE;

#endif
