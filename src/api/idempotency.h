/* Requests that may be repeated: the key that a client gave, and what must be the same when it comes again. */
#ifndef API_IDEMPOTENCY_H
#define API_IDEMPOTENCY_H

#include "colloquy/api.h"

/*
 * Fill the key of params from the header Idempotency-Key, else from the parameter message_id (if takes_message_id);
 * leave it NULL when there is neither. body: what must be the same. CQ_VALIDATION_FAILED: a key of a wrong form.
 * (doc/api-canvas.md 1, "Idempotency")
 */
enum cq_status idempotency_read(struct request *req, bool takes_message_id, const char *body,
                                struct turn_params *params) MUST_USE;

#endif
