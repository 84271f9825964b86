/* What a link says, signed, so that whoever shows it needs no other right. */
#ifndef API_SIGNATURE_H
#define API_SIGNATURE_H

#include "colloquy/http.h"

/* Read the secret, while there is a connection to the database: links can be made without one afterwards. */
enum cq_status signature_prepare(struct request *req) MUST_USE;

/*
 * HMAC-SHA256 of the fields by the installation's secret, as 43 characters of base64url. The first field says what the link is
 * for: one that is signed for something is no link to anything else.
 */
enum cq_status signature_make(struct request *req, const char *const *fields, size_t n,
                              char out[ACCESS_TOKEN_TEXT_BYTES]) MUST_USE;

/*
 * Whether the request's parameters expires and signature are such a link's, whose fields these are; expires comes behind them.
 * CQ_LINK_INVALID: something of it has been changed. CQ_LINK_EXPIRED.
 */
enum cq_status signature_check(struct request *req, const char *const *fields, size_t n) MUST_USE;

/*
 * server.public_url, the path and the query (NULL: none; percent-encoded), signed for so many seconds. In the request's arena. NULL:
 * memory, or the database is away, as ctx->error says.
 */
const char *signature_link(struct request *req, const char *path, const char *query, const char *const *fields,
                           size_t n, uint32_t seconds);

#endif
