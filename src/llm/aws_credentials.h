/*
 * Where keys of AWS come from when the config has none: the environment, a container's credentials, an instance's role.
 *
 * What is not at hand is fetched over HTTP on the caller's multi handle, without blocking: the object owns one curl
 * handle, and whoever reads that multi handle's messages passes on those of it. What was fetched serves until it
 * expires, and is fetched again when less than five minutes of it are left. Time is passed in: milliseconds since 1970
 * UTC. Source: AWS SDKs and Tools reference guide, "Container credential provider" and "IMDS credential provider";
 * Amazon EC2 user guide, "Use the Instance Metadata Service".
 */
#ifndef COLLOQUY_LLM_AWS_CREDENTIALS_H
#define COLLOQUY_LLM_AWS_CREDENTIALS_H

#include <curl/curl.h>

#include "llm/aws_keys.h"

struct aws_credentials;

enum aws_state { AWS_READY, AWS_PENDING, AWS_FAILED };

/*
 * Read from the environment where to look; nothing is fetched yet. multi and ca_file (NULL: the system's) are borrowed
 * until aws_credentials_destroy(). NULL: memory.
 */
struct aws_credentials *aws_credentials_create(CURLM *multi, const char *ca_file) MUST_USE;
void aws_credentials_destroy(struct aws_credentials *credentials);

/*
 * AWS_READY: *keys is set, and borrowed until the next call of any of these functions. AWS_PENDING: they are being
 * fetched. AWS_FAILED: aws_credentials_problem() says why; what could not be fetched is not asked for again for five
 * seconds.
 */
enum aws_state aws_credentials_get(struct aws_credentials *credentials, int64_t now_ms,
                                   const struct aws_keys **keys) MUST_USE;

/* A line for a log, which never holds a secret. */
const char *aws_credentials_problem(const struct aws_credentials *credentials);

/* Take what a transfer has come to. False: it is none of ours. */
bool aws_credentials_ended(struct aws_credentials *credentials, CURL *easy, CURLcode code, int64_t now_ms) MUST_USE;

#endif
