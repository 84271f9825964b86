/* Passwords: hashed by crypt(3), and verified in the same time whoever has one. */
#ifndef COLLOQUY_BASE_PASSWORD_H
#define COLLOQUY_BASE_PASSWORD_H

#include "colloquy/base/status.h"

enum {
    PASSWORD_MAX_BYTES = 511, /* crypt(3) takes no more */
    PASSWORD_HASH_BYTES = 384,
};

/* yescrypt at its default cost. False: the system's libcrypt refuses, or the password is too long. */
bool password_hash(const char *password, char out[PASSWORD_HASH_BYTES]) MUST_USE;

/*
 * Whether the password is that of the hash. Always hashes exactly once: a hash of NULL (nobody has that login, or no
 * local password) and a password that is too long are refused no sooner than a wrong password.
 */
bool password_verify(const char *password, const char *hash) MUST_USE;

#endif
