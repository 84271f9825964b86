/*
 * llm: asking a language model, many at a time, on one loop that never blocks.
 *
 * A provider is a const struct of functions (src/llm/provider.h), one file each; this face hides which one answers. A
 * loop belongs to one thread. It is driven by its owner: llm_loop_wait() sleeps until a transfer, a timer or one of
 * the owner's own descriptors needs attention, llm_loop_run() then moves everything on and makes the callbacks.
 */
#ifndef COLLOQUY_LLM_H
#define COLLOQUY_LLM_H

#include <poll.h>

#include "colloquy/base.h"

enum { LLM_MAX_MESSAGES = 10000, LLM_MAX_OBJECTIVES = 32 };

enum llm_role { LLM_USER, LLM_ASSISTANT };

struct llm_message {
    enum llm_role role;
    const char *text; /* UTF-8 */
};

/* What an answer is for. */
enum llm_task {
    LLM_REPLY, /* in a conversation: free text */
    LLM_ASSESS, /* which objectives the student has covered: {"objectives":[{"number":1…n,"status":"covered"|""}, …]} */
    LLM_EVALUATE, /* the whole conversation: see engine/evaluation_form.h */
};

struct llm_ask {
    enum llm_task task;
    const char *system;                 /* NULL: none */
    const struct llm_message *messages; /* oldest first; the last one is the user's */
    size_t n_messages;                  /* 1 <= n <= LLM_MAX_MESSAGES */
    const char *schema;                 /* JSON Schema that the whole answer is to follow; NULL: free text */
    uint32_t reply_max_bytes;  /* a longer answer fails, as one beyond the config's own limit does; 0: only that */
    uint32_t total_timeout_ms; /* over all tries, where the config has no shorter limit; 0: the config has */

    /* What builtin, which reads no prompt, works from; the others ignore it. */
    const char *const *objectives; /* in the order of their numbers */
    size_t n_objectives;           /* at most LLM_MAX_OBJECTIVES */
    const char *const *metrics;    /* the questions of custom metrics, in the order of their numbers */
    size_t n_metrics;
    const struct llm_message *transcript; /* what a structured answer is about, as it was said; "": left out */
    size_t n_transcript;
};

enum llm_stop {
    LLM_STOP_END,
    LLM_STOP_LENGTH,
    LLM_STOP_FILTERED,
    LLM_STOP_ASKED, /* llm_stop() was called: the text is what had come until then */
};

struct llm_reply {
    const char *text; /* UTF-8 without NUL, at least one byte that is no white space */
    size_t len;
    enum llm_stop stop;
    uint32_t input_tokens, output_tokens; /* 0 when the provider does not say */
    uint32_t tries;                       /* 1 when the first one worked */
};

struct llm_loop;
struct llm_call;

/*
 * on_text gets 1 or more bytes of UTF-8, never cut inside a character, in order. All of it joined is the reply's text.
 *   Returning anything but CQ_OK stops the transfer and becomes the result.
 * on_done is called exactly once, never from inside llm_start(). On CQ_OK reply is set, and lives until on_done
 * returns; else it is NULL. Both are called from llm_loop_run() only.
 */
typedef enum cq_status llm_text_fn(void *user, const char *text, size_t len);
typedef void llm_done_fn(void *user, enum cq_status st, const struct llm_reply *reply);

/* What one call came to, whether it worked or not. */
struct llm_effort {
    enum cq_status st;
    uint32_t ms;            /* over all tries */
    uint32_t first_text_ms; /* until the first text; 0: none came */
    uint32_t tries;
    uint32_t input_tokens, output_tokens; /* as far as the provider has said */
};

typedef void llm_watch_fn(void *arg, const struct llm_effort *effort);

/* Once in each process, before any thread is made (curl_global_init). SIGPIPE is ignored from then on. */
enum cq_status llm_global_init(void) MUST_USE;

/*
 * config->llm says which provider, and is borrowed until llm_loop_destroy(). NULL: memory, or llm_config_valid() says
 * no.
 */
struct llm_loop *llm_loop_create(const struct config *config) MUST_USE;

/* Drops what is under way without calling on_done. */
void llm_loop_destroy(struct llm_loop *loop);

/*
 * Whether config names a provider and a base URL that we take; else a line that names the key goes to problems. For
 * `check`.
 */
bool llm_config_valid(const struct config *config, struct buf *problems);

/* "No language model is configured…" when answers come from builtin, else NULL. */
const char *llm_notice(const struct config *config);

/*
 * Ask for one reply, passed on as it streams. Returns at once; what ask points to is borrowed until on_done.
 *
 * Four limits in milliseconds, from [llm]: connect, first byte, idle (between bytes), total (over all tries).
 * Failures to connect, 408, 429, 5xx and an early end are tried again up to [llm] tries, with jitter and respecting
 * Retry-After, but never after a byte of text reached on_text. A Retry-After above retry_wait_max_ms is not waited
 * for: the call ends, and ctx->retry_after_s says it.
 *
 * on_done gets CQ_OK; CQ_MODEL_RATE_LIMITED (429), CQ_MODEL_UNAVAILABLE (no connection, 5xx, TLS refused),
 * CQ_MODEL_TIMEOUT, CQ_MODEL_NO_RESPONSE (empty), CQ_MODEL_INVALID_RESPONSE (not the protocol, cut off, longer than
 * reply_max_bytes), CQ_MODEL_REFUSED (other 4xx: never tried again), CQ_CONTENT_FILTERED, or what on_text returned.
 * ctx->error names provider and status, never a key or a prompt; ctx->retry_after_s is set where known; ctx->model_ms
 * counts the wait. Redirects are not followed. Source: stream format, WHATWG HTML "Server-sent events"; Retry-After,
 * RFC 9110 section 10.2.3.
 */
enum cq_status llm_start(struct llm_loop *loop, struct cq_ctx *ctx, const struct llm_ask *ask, llm_text_fn *on_text,
                         llm_done_fn *on_done, void *user, struct llm_call **out) MUST_USE;

/*
 * End a call with what has come so far: on_done gets CQ_OK with LLM_STOP_ASKED, or CQ_MODEL_NO_RESPONSE when nothing
 * has. From llm_loop_run(), as every end.
 */
void llm_stop(struct llm_call *call);

/*
 * Drop a call: neither callback is made again. What it borrowed must live until llm_loop_run() has been called once
 * more and returned.
 */
void llm_drop(struct llm_call *call);

/*
 * Sleep until there is something to do, at most timeout_ms, or until one of the n descriptors in fds is ready: their
 * revents are set. n at most 1024.
 */
void llm_loop_wait(struct llm_loop *loop, struct pollfd *fds, size_t n, int timeout_ms);

/* Move transfers and timers on, making the callbacks. */
void llm_loop_run(struct llm_loop *loop);

size_t llm_loop_calls(const struct llm_loop *loop); /* under way */

/* From now on have watch told of each call that ends, just before its on_done. */
void llm_loop_watch(struct llm_loop *loop, llm_watch_fn *watch, void *arg);

#endif
