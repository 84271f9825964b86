/* Where a browser goes once it is signed in: a path of this site, whatever a link to /login says. */
#ifndef API_RETURN_TO_H
#define API_RETURN_TO_H

#include "colloquy/api.h"

/*
 * The parameter return_to if it is a path of this site, else "/". A path begins with exactly one slash, with no
 * backslash behind it, and holds no control character, as it stands and however often it is percent-decoded.
 */
const char *return_to(const struct request *req);

/* The same as the value of Location: what is no ASCII is percent-encoded. NULL: memory. */
const char *return_to_location(struct request *req);

#endif
