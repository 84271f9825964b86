/*
 * A provider: how one kind of model server is asked and understood.
 *
 * A provider is a const struct of functions in a file of its own and one row in provider.c. It does no transfer and
 * keeps no state: it writes a request, and turns what comes back into deltas. One whose answer is not NULL (builtin)
 * needs no transfer at all, and none of the functions for HTTP.
 */
#ifndef COLLOQUY_LLM_PROVIDER_H
#define COLLOQUY_LLM_PROVIDER_H

#include <curl/curl.h>

#include "colloquy/llm.h"
#include "llm/sse.h"

enum { LLM_REQUEST_MAX_BYTES = 64 << 20, LLM_URL_MAX_BYTES = 8192 };

struct llm_request {
    struct buf url;
    struct curl_slist *headers;
    struct buf body;
};

void llm_request_init(struct llm_request *request);
void llm_request_release(struct llm_request *request);

/* Add "Name: value". False when memory is short or the line holds a control character. */
bool llm_request_header(struct llm_request *request, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* What one event, or one whole answer, says. All zero: nothing. */
struct llm_delta {
    const char *text; /* UTF-8, may hold U+0000, lives as long as the arena of the context it was read in */
    size_t len;
    bool stopped; /* the model has said its last word: stop is set */
    bool done;    /* nothing more comes */
    enum llm_stop stop;
    uint32_t input_tokens, output_tokens; /* 0: not said */
};

struct llm_provider {
    const char *name;
    const char *notice; /* what every answer must say; NULL: nothing */

    /* False, with a line that names the key in problems, when it cannot work with these settings. */
    bool (*config_valid)(const struct config_llm *config, struct buf *problems);

    /* The whole reply at once, always the same for the same ask; NULL: the functions below. */
    void (*answer)(const struct llm_ask *ask, struct buf *reply);

    /* CQ_INTERNAL: memory, or larger than LLM_REQUEST_MAX_BYTES. */
    enum cq_status (*request)(const struct config_llm *config, const struct llm_ask *ask, struct llm_request *out);

    /*
     * Read one event of a stream, or one whole JSON body. CQ_MODEL_INVALID_RESPONSE: not the protocol;
     * CQ_MODEL_UNAVAILABLE: it reports a failure of the server.
     */
    enum cq_status (*event)(struct cq_ctx *ctx, const struct sse_event *event, struct llm_delta *out);
    enum cq_status (*whole)(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out);

    /* What a 4xx means that is not tried again; body: the first bytes of it. */
    enum cq_status (*refusal)(struct cq_ctx *ctx, long http_status, const char *body, size_t len);
};

extern const struct llm_provider llm_provider_openai;
extern const struct llm_provider llm_provider_builtin;

/* The provider of that name, or NULL. */
const struct llm_provider *llm_provider_find(const char *name);

/*
 * Whether url may be the base of a provider's addresses: https anywhere, http on loopback or with allow_http, without
 * user, query or fragment. Else a line that names llm.base_url goes to problems.
 */
bool llm_base_url_valid(const char *url, bool allow_http, struct buf *problems);

#endif
