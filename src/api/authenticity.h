/* The CSRF token of a session: what shows that a page of ours, and no other site, had a browser send a request. */
#ifndef API_AUTHENTICITY_H
#define API_AUTHENTICITY_H

#include "colloquy/api.h"

/*
 * What a form of ours holds as authenticity_token: bound to the caller's session, and stored nowhere. A caller with an
 * access token gets one too, which nobody asks for; who shows no credential, "". In the arena; NULL: memory.
 */
const char *authenticity_token(struct request *req);

/* The same of any session, by the value of its cookie. */
const char *authenticity_token_of(struct request *req, const char *session);

/* Whether the request shows that session's token: in the header X-CSRF-Token or as the parameter authenticity_token. */
bool authenticity_is_shown(struct request *req, const char *session);

#endif
