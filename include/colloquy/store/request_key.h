/* What a request that may be repeated is known by. Part of store.h. */
#ifndef COLLOQUY_STORE_REQUEST_KEY_H
#define COLLOQUY_STORE_REQUEST_KEY_H

#include "colloquy/base.h"

/* A user's request with the same hash is the same one. (doc/api-canvas.md 1, "Idempotency") */
struct request_key {
    const uint8_t *hash;      /* SHA-256 of endpoint, path and the key that the client gave; NULL: it gave none */
    const uint8_t *body_hash; /* SHA-256 of what must be the same when the key comes again */
    bool is_message_id;       /* decides which conflict is reported */
};

#endif
