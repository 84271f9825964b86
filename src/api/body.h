/* Bodies: what differs from route to route and is to be known before one is read. */
#ifndef API_BODY_H
#define API_BODY_H

#include "colloquy/http.h"

/* Whether the body is a file as it is, whatever type the client gives it. */
bool body_is_raw(const struct request *req);

#endif
