/*
 * AWS Signature Version 4: what a request is signed with.
 *
 * A pure function: the time is passed in. What is hashed is the request as it is sent, but for its path, which is
 * encoded once more, as every service but S3 wants it: a model id's ':' is %3A when sent and %253A when signed.
 * Source: AWS Identity and Access Management user guide, "Create a signed AWS API request".
 */
#ifndef COLLOQUY_LLM_SIGV4_H
#define COLLOQUY_LLM_SIGV4_H

#include "llm/aws_keys.h"

enum { SIGV4_MAX_HEADERS = 8, SIGV4_DATE_BYTES = 17, SIGV4_AUTHORIZATION_BYTES = 1024 };

struct sigv4_header {
    const char *name;  /* in lower case */
    const char *value; /* without white space at its ends, or more than one blank at a time */
};

struct sigv4_request {
    const char *method;
    const char *path;  /* as it is sent, encoded; begins with '/' */
    const char *query; /* as it is sent: encoded, "name=value" sorted and joined by '&'; "": none */
    /* To be signed, in any order, each name once; "host" is one. Date and session token are added to them. */
    const struct sigv4_header *headers;
    size_t n_headers; /* at most SIGV4_MAX_HEADERS */
    const char *body;
    size_t body_len;
    const char *region, *service;
};

/* To be sent: x-amz-date, authorization and, if there is one, the session token as x-amz-security-token. */
struct sigv4_signed {
    char date[SIGV4_DATE_BYTES]; /* "20150830T123600Z" */
    char authorization[SIGV4_AUTHORIZATION_BYTES];
};

/* False: memory is short, or something is too long: the secret above AWS_KEY_MAX_BYTES, or what out is to hold. */
bool sigv4_sign(const struct sigv4_request *request, const struct aws_keys *keys, int64_t unix_ms,
                struct sigv4_signed *out) MUST_USE;

#endif
