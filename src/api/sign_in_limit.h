/* How often a password may be guessed: failures are counted by the address, and by address and name (doc/pages.md, POST /login). */
#ifndef API_SIGN_IN_LIMIT_H
#define API_SIGN_IN_LIMIT_H

#include "colloquy/api.h"

/* What a person is told then. */
#define SIGN_IN_LIMITED "Too many attempts have failed. Please wait a minute and try again."

/*
 * To be asked before a password is looked at. name: the login as it was made; of nobody's, what was typed in lower case. *wait_s: the
 * seconds until it may be tried again, 0: now. A failure is then counted by store_sign_in_failed(subjects).
 */
enum cq_status sign_in_limit(struct request *req, const char *name, struct sign_in_subjects *subjects,
                             uint32_t *wait_s) MUST_USE;

#endif
