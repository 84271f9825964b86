/* What AWS knows a caller by, and the answers of the places that hand it out for a while. */
#ifndef COLLOQUY_LLM_AWS_KEYS_H
#define COLLOQUY_LLM_AWS_KEYS_H

#include "colloquy/base.h"

enum { AWS_KEY_MAX_BYTES = 255, AWS_SESSION_TOKEN_MAX_BYTES = 16 << 10 };

struct aws_keys {
    const char *access_key_id;
    const char *secret_access_key;
    const char *session_token; /* NULL: none */
};

/*
 * Whether they can be signed with: id and secret are there, nothing is too long, and nothing holds white space or
 * anything else that no header may.
 */
bool aws_keys_valid(const struct aws_keys *keys);

/*
 * Read what a container's or an instance's metadata service answers. The keys live as long as the arena of ctx, and
 * are valid; *expires_at_ms: since 1970 UTC, INT64_MIN when the answer does not say. CQ_MODEL_INVALID_RESPONSE: no
 * such answer. Source: Amazon EC2 user guide, "Retrieve security credentials from instance metadata".
 */
enum cq_status aws_keys_read(struct cq_ctx *ctx, const char *text, size_t len, struct aws_keys *keys,
                             int64_t *expires_at_ms) MUST_USE;

/* "2015-08-30T12:36:00Z", maybe with a fraction of a second, which is cut off. False leaves *out_ms alone. */
bool aws_time_parse(const char *text, int64_t *out_ms) MUST_USE;

#endif
