/* Identifiers and secrets: random numbers, UUIDs, access tokens, hashes and what is derived from them. */
#ifndef COLLOQUY_BASE_IDENT_H
#define COLLOQUY_BASE_IDENT_H

#include "colloquy/base/status.h"

enum {
    UUID_TEXT_BYTES = 37, /* 36 characters and a NUL */
    ULID_TEXT_BYTES = 27, /* 26 characters and a NUL */
    SHA256_BYTES = 32,
    ACCESS_TOKEN_TEXT_BYTES = 44, /* 43 characters of base64url, 256 random bits, and a NUL */
};

/*
 * Fill with bytes of the kernel's random generator. Cannot fail on Linux 3.17 and later; exits the process if it
 * does.
 */
void random_bytes(void *out, size_t len);

/*
 * A UUID of version 7 in lower case: sorted by the time it was made, so that it goes to the end of an index.
 * Source: RFC 9562 section 5.7.
 */
void uuid_new(char out[UUID_TEXT_BYTES]);

/*
 * A ULID in upper case: sorted by the millisecond that it was made in. Source: the ULID specification, "Binary Layout and Byte
 * Order" (48 bits of time, 80 random, in Crockford's base 32).
 */
void ulid_new(char out[ULID_TEXT_BYTES]);

/* Whether text is a UUID of any version; out gets it in lower case. */
bool uuid_parse(const char *text, size_t len, char out[UUID_TEXT_BYTES]);

/* False: libcrypto has no memory. */
bool sha256(const void *data, size_t len, uint8_t out[SHA256_BYTES]) MUST_USE;

/* HMAC-SHA256 (RFC 2104). False: libcrypto has no memory. */
bool hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SHA256_BYTES]) MUST_USE;

/* Whether two texts are the same, in a time that tells nothing but whether their lengths are. */
bool secret_eq(const char *a, const char *b);

/* 256 bits as base64url (RFC 4648 section 5) without padding: the form of every secret that we hand out. */
void secret_text(const uint8_t bytes[SHA256_BYTES], char out[ACCESS_TOKEN_TEXT_BYTES]);

/* A new access token. Only its SHA-256 is ever stored. */
void access_token_new(char out[ACCESS_TOKEN_TEXT_BYTES]);

#endif
