/*
 * What went wrong with a try, in words: for the log, and for an operator who tries a model from the shell.
 *
 * The words are ours, out of tables. Of what a provider says of its error its code, type and parameter alone are repeated,
 * and only where they are words without a digit that are no part of a key: its message may quote a prompt or a key, and is
 * only looked into.
 */
#ifndef COLLOQUY_LLM_EXPLAIN_H
#define COLLOQUY_LLM_EXPLAIN_H

#include <curl/curl.h>

#include "llm/provider.h"

enum { LLM_WORDS_BYTES = 200 };

/* A response that is no reply. */
struct llm_refusal {
    long http_status;
    const char *type; /* Amazon's header x-amzn-ErrorType; NULL: none */
    const char *body; /* its beginning */
    size_t len;
    uint32_t retry_after_s; /* 0: not said */
};

/* No response at all. */
struct llm_silence {
    CURLcode code;
    long os_error;      /* CURLINFO_OS_ERRNO */
    long verify_result; /* CURLINFO_SSL_VERIFYRESULT */
    const char *url;    /* that was asked */
};

/* "the key was refused (status 401)". ctx: for reading the body. Source: RFC 9110 section 15; the providers' references. */
void llm_explain_refusal(struct cq_ctx *ctx, const struct config_model *model, const struct llm_refusal *refusal,
                         char out[LLM_WORDS_BYTES]);

/* "nobody listens at 127.0.0.1:9 (connection refused)" */
void llm_explain_silence(const struct llm_silence *silence, char out[LLM_WORDS_BYTES]);

#endif
