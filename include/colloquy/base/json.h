/*
 * JSON in, by json-c within bounds of ours; JSON out, by a small writer straight into a buffer.
 *
 * (Trees cost 2.6 times as much as writing straight when a list is answered.)
 */
#ifndef COLLOQUY_BASE_JSON_H
#define COLLOQUY_BASE_JSON_H

#include <json-c/json_types.h>

#include "colloquy/base/buf.h"

enum {
    JSON_MAX_DEPTH = 32,      /* objects and arrays within each other */
    JSON_MAX_VALUES = 100000, /* keys, values, objects and arrays of one text: each costs a tree some 100 bytes */
};

/*
 * Read one JSON text, strictly (RFC 8259): no comments, no NaN, no raw control characters, no trailing bytes. What is
 * read lives until the arena of ctx is reset. An empty text gives NULL and CQ_OK. CQ_INVALID_ENCODING: not UTF-8, or
 * a lone surrogate escape; CQ_INVALID_JSON: anything else, deeper than JSON_MAX_DEPTH, more than JSON_MAX_VALUES, keys
 * that come twice in an object and numbers of more than 1,024 characters included. CQ_INTERNAL: memory was short.
 */
enum cq_status json_read(struct cq_ctx *ctx, const char *text, size_t len, struct json_object **out) MUST_USE;

/* The same with a bound of its own, which is no more than JSON_MAX_VALUES. */
enum cq_status json_read_within(struct cq_ctx *ctx, const char *text, size_t len, size_t max_values,
                                struct json_object **out) MUST_USE;

/*
 * The member as a string: NULL when object is no object, or has no such member, or it is no string. *len may be NULL.
 * The text may hold U+0000: whoever takes it compares *len with strlen().
 */
const char *json_get_text(struct json_object *object, const char *key, size_t *len);
struct json_object *json_get(struct json_object *object, const char *key);
uint64_t json_get_u64(struct json_object *object, const char *key); /* 0 when absent, negative or no integer */

/*
 * The writer. Commas are its business; pairing is the caller's: each key is followed by one value. Failures are the
 * buffer's (buf->failed). string_ids makes json_id() write strings (Canvas: Accept:
 * application/json+canvas-string-ids).
 */
struct json_out {
    struct buf *buf;
    bool string_ids;
    bool comma; /* a value stands before in the present object or array */
};

void json_out_init(struct json_out *out, struct buf *buf);
void json_open_object(struct json_out *out);
void json_close_object(struct json_out *out);
void json_open_array(struct json_out *out);
void json_close_array(struct json_out *out);
void json_key(struct json_out *out, const char *key); /* key: ASCII without quotes and backslashes */
void json_null(struct json_out *out);
void json_boolean(struct json_out *out, bool value);
void json_int(struct json_out *out, int64_t value);
void json_u64(struct json_out *out, uint64_t value);
void json_text(struct json_out *out, const char *text); /* UTF-8; NULL writes null */
void json_text_n(struct json_out *out, const char *text, size_t len);
void json_base64(struct json_out *out, const void *bytes, size_t n); /* a string, RFC 4648 section 4 */
void json_number(struct json_out *out, double value);                /* finite; six significant digits */
void json_id(struct json_out *out, uint64_t id);                     /* number, or string under string_ids */
void json_id_text(struct json_out *out, uint64_t id);                /* always a string */
void json_time(struct json_out *out, int64_t unix_ms);               /* "YYYY-MM-DDTHH:MM:SSZ" */
void json_raw(struct json_out *out, const char *json);               /* a value that is JSON already */

/* A string, RFC 2397: "data:image/png;base64,…". */
void json_data_url(struct json_out *out, const char *media_type, const void *bytes, size_t n);

#endif
