/* HTTP/1.1 as the scripted model server needs it: a request's head, whole answers. */
#ifndef TESTS_MODEL_SERVER_HTTP_H
#define TESTS_MODEL_SERVER_HTTP_H

#include "colloquy/base.h"

enum { MAX_HEAD_BYTES = 64 << 10, MAX_BODY_BYTES = 32 << 20, MAX_TARGET_BYTES = 2048, MAX_HEADER_BYTES = 8192 };

/* A request. Its head and its body point into what was read, and are no longer than the request lives there. */
struct http_request {
    char method[16], target[MAX_TARGET_BYTES]; /* target: path and query as they were sent */
    const char *head;                          /* up to the empty line */
    size_t head_bytes;
    const char *body; /* may not be there yet */
    size_t body_bytes;
    bool expects_continue, keep_alive, is_chunked;
};

/* False: the head is not whole yet. A length that cannot be is more than MAX_BODY_BYTES. */
bool http_read(struct http_request *request, const struct buf *in);

/* The value of a header, cut at its line's end, into out; "" when it is not there. */
void http_header(const char *head, const char *name, char *out, size_t size);
bool http_has_header(const char *head, const char *name);

/* Whether method and path, without query, are these. */
bool http_is(const struct http_request *request, const char *method, const char *path);
size_t http_path_length(const struct http_request *request); /* of target, without query */

/* Append a whole answer with Content-Length. headers: "" or lines that end in CR LF. */
void answer_write(struct buf *out, unsigned status, const char *type, const char *headers, const char *body,
                  size_t len);
void answer_json(struct buf *out, unsigned status, const char *headers, const struct buf *json);

#endif
