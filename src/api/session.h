/*
 * The session of a browser: a cookie that is its access token, and one that scripts of ours may read.
 *
 * Source: the prefix __Host- and SameSite, RFC 6265bis sections 4.1.2.7 and 4.1.3.2; _csrf_token, Canvas.
 */
#ifndef API_SESSION_H
#define API_SESSION_H

#include "colloquy/api.h"

/* The value of the session's cookie, of the form that ours have; in the arena. NULL: there is none. */
const char *session_cookie(struct request *req);

/* What names the session in the database. Never the hash of an access token. False: memory. */
bool session_hash(struct request *req, const char *session, uint8_t out[SHA256_BYTES]);

/*
 * Begin a session of that user, end the one that the request came with, and give the browser both cookies. password_hash: what
 * was verified; NULL: the user signed in by other means. CQ_RESOURCE_NOT_FOUND: the password has been changed since.
 */
enum cq_status session_begin(struct request *req, uint64_t user_id, const char *password_hash) MUST_USE;

/* The one that the request is of; 0: it came with an access token. */
uint64_t session_id(const struct request *req);

/* {"ended":n}: how many others are over. */
void answer_ended(struct request *req, uint64_t n_ended);

/* Have the browser forget both. */
void session_forget(struct request *req);

/* After the load: move the session's limit if that is due. Failing that, the request goes on, and the next one tries. */
void session_touch(struct request *req);

#endif
