/* Requests that may be repeated: the key that a client gave, and what must be the same when it comes again. */
#ifndef API_IDEMPOTENCY_H
#define API_IDEMPOTENCY_H

#include "colloquy/api.h"

/* Whether an Idempotency-Key is 1 to 128 printable ASCII characters. text NULL: there is none, which fits. */
bool idempotency_key_fits(const char *text);

/*
 * The key that name stands for (which holds endpoint, path and the client's key; the user is the other half of the
 * table's key), with the len bytes of body that must be the same. It lives as long as the request.
 */
enum cq_status idempotency_key_make(struct request *req, const char *name, const char *body, size_t len,
                                    struct request_key *out) MUST_USE;

/*
 * Read the key from the header Idempotency-Key, else from the parameter message_id (if takes_message_id); it stays
 * without a hash when there is neither. CQ_VALIDATION_FAILED: a key of a wrong form. (doc/api-canvas.md 1, "Idempotency")
 */
enum cq_status idempotency_read(struct request *req, bool takes_message_id, const char *body, size_t len,
                                struct request_key *out) MUST_USE;

#endif
