/*
 * llm: asking a language model, many at a time, on one loop that never blocks.
 *
 * A provider is a const struct of functions (src/llm/provider.h), one file each; this face hides which one answers, and
 * which of the models that the config names. A loop belongs to one thread. It is driven by its owner: llm_loop_wait() sleeps until a transfer, a timer or one of
 * the owner's own descriptors needs attention, llm_loop_run() then moves everything on and makes the callbacks.
 */
#ifndef COLLOQUY_LLM_H
#define COLLOQUY_LLM_H

#include <poll.h>
#include <stdatomic.h>

#include "colloquy/base.h"

enum {
    LLM_MAX_MESSAGES = 10000,
    LLM_MAX_OBJECTIVES = 32,
    LLM_MAX_TOOL_CALLS = 32, /* in a reply; one with more is malformed */
    LLM_MAX_CHAIN = 8,       /* models that one call may come to ask, each when those before it have failed */
};

enum llm_role { LLM_USER, LLM_ASSISTANT };

enum llm_part_kind { LLM_TEXT, LLM_IMAGE, LLM_DOCUMENT, LLM_REASONING, LLM_TOOL_CALL, LLM_TOOL_RESULT };

/* A part of a message. Texts are UTF-8; what is not named for its kind is not looked at. */
struct llm_part {
    enum llm_part_kind kind;
    const char *text; /* TEXT, REASONING: what is said; TOOL_CALL: the input, a JSON object; TOOL_RESULT: the result */
    const char *media_type; /* IMAGE, DOCUMENT: as "image/png" */
    const void *data;       /* IMAGE, DOCUMENT: the file's bytes */
    size_t len;
    const char *name;      /* DOCUMENT: the file's; TOOL_CALL: the tool's */
    const char *id;        /* TOOL_CALL, and TOOL_RESULT of the same call */
    const char *signature; /* REASONING: the provider's proof that it is its own; "": none */
    bool is_error;         /* TOOL_RESULT */
};

struct llm_message {
    enum llm_role role;
    const char *text;             /* NULL: it is in the parts alone, else it comes before them */
    const struct llm_part *parts; /* a model that cannot take images or documents is not sent them */
    size_t n_parts;
};

/* What an answer is for. */
enum llm_task {
    LLM_REPLY, /* in a conversation: free text */
    LLM_ASSESS, /* which objectives the student has covered: {"objectives":[{"number":1…n,"status":"covered"|""}, …]} */
    LLM_EVALUATE,  /* the whole conversation: see engine/evaluation_form.h */
    LLM_SUMMARIZE, /* the beginning of a conversation too long for the model: free text */
    LLM_TITLE,     /* of a conversation: one line of free text */
    LLM_EMBED,     /* vectors of texts */
    LLM_TASK_COUNT
};

struct llm_tool {
    const char *name; /* letters, digits, _ and - */
    const char *description;
    const char *schema; /* JSON Schema of its input */
};

/*
 * How a reply is drawn, where the model's abilities have "sampling"; a number below 0: as the model does by itself. A
 * provider all of whose models take stop_sequences is sent them in any case.
 */
struct llm_sampling {
    double temperature, top_p; /* 0 to 1 */
    int top_k;
    const char *const *stop_sequences;
    size_t n_stop_sequences;
};

struct llm_ask {
    enum llm_task task;
    const char *model;  /* the name of the one to be asked, llm.fallback behind it; NULL: as the task has it */
    bool is_alone;      /* no other one is asked when that one, or else the task's first, fails */
    const char *system; /* NULL: none */
    const struct llm_message *messages; /* oldest first; the last one is the user's */
    size_t n_messages;                  /* 1 <= n <= LLM_MAX_MESSAGES */
    const char *schema;                 /* JSON Schema that the whole answer is to follow; NULL: free text */
    const struct llm_tool *tools;       /* that the model may call; none with a schema */
    size_t n_tools;
    const struct llm_sampling *sampling; /* NULL: as the model does by itself */
    uint32_t max_tokens;                 /* of the reply, where the model's own limit is not less; 0: that */
    uint32_t reasoning_tokens; /* that the model may think for, where its abilities have "reasoning"; 0: it need not */
    uint32_t reply_max_bytes;  /* a longer answer fails, as one beyond the config's own limit does; 0: only that */
    uint32_t total_timeout_ms; /* over all tries, where the config has no shorter limit; 0: the config has */

    /* Of LLM_EMBED, instead of messages. */
    const char *const *texts;
    size_t n_texts; /* 1 to llm_embed_max() */
    bool is_query;  /* the texts are questions to be answered, not passages to be found */

    /* What builtin, which reads no prompt, works from; the others ignore it. */
    const char *const *objectives; /* in the order of their numbers */
    size_t n_objectives;           /* at most LLM_MAX_OBJECTIVES */
    const char *const *metrics;    /* the questions of custom metrics, in the order of their numbers */
    size_t n_metrics;
    const char *const *passages; /* of each that the reply may draw from what fits best, by their numbers from 1 */
    size_t n_passages;
    bool is_chat;                         /* a general conversation: nobody is to be led to anything */
    const struct llm_message *transcript; /* what a structured answer is about, as it was said; "": left out */
    size_t n_transcript;
};

enum llm_stop {
    LLM_STOP_END,
    LLM_STOP_LENGTH,   /* max_tokens, or the model's context */
    LLM_STOP_SEQUENCE, /* one of stop_sequences */
    LLM_STOP_TOOL,     /* it waits for the results of tool_calls */
    LLM_STOP_FILTERED, /* after some text, in a chat; elsewhere it is CQ_CONTENT_FILTERED */
    LLM_STOP_ASKED,    /* llm_stop() was called: the text is what had come until then */
};

/* What was used, in tokens. Those read from the provider's cache and written to it are not among the input. */
struct llm_usage {
    uint32_t input, output, cache_read, cache_write;
};

/* What one model has used of an ask, over all its tries; an estimate where the provider says nothing. */
struct llm_spent {
    const char *model; /* by its name in the config */
    enum cq_status st; /* what its last try has come to */
    struct llm_usage usage;
    uint64_t price_nano; /* in 1e-9 of the currency of the config's prices */
    uint32_t tries;      /* 1 when the first one worked */
};

/* What an ask has cost so far: each model by itself, for each has prices of its own. */
struct llm_cost {
    struct llm_spent spent[LLM_MAX_CHAIN]; /* those that were asked, in that order */
    size_t n;                              /* 0: none was */
    uint32_t ms;                           /* over all of them */
};

/* The sum, in the name of the last one asked: "", when none was. */
struct llm_spent llm_cost_sum(const struct llm_cost *cost);

struct llm_tool_call {
    const char *id, *name;
    const char *input; /* JSON; "{}" when the model gave none */
};

struct llm_reply {
    const char *text; /* UTF-8 without NUL, at least one byte that is no white space, unless there are tool calls */
    size_t len;
    const char *reasoning; /* UTF-8; "": none, or none was asked for */
    const char *signature; /* of the reasoning; "": none */
    const struct llm_tool_call *tool_calls;
    size_t n_tool_calls;
    enum llm_stop stop;
    const float *vectors; /* LLM_EMBED: n_texts of n_dimensions each, one after the other */
    size_t n_dimensions;
};

struct llm_loop;
struct llm_call;

/*
 * on_text gets 1 or more bytes of UTF-8, never cut inside a character, in order, of LLM_TEXT or, if it was asked for,
 *   LLM_REASONING. All of it joined is the reply's text, or its reasoning. A structured answer comes whole, when it is
 *   over. Returning anything but CQ_OK stops the transfer and becomes the result.
 *   NULL: only the whole of it is of interest. Then one that breaks off is asked for again, as if nothing had come.
 * on_done is called exactly once, never from inside llm_start(). On CQ_OK reply is set, else it is NULL; cost always is.
 *   Both live until on_done returns, the models' names as long as the loop. Both functions are called from llm_loop_run() only.
 */
typedef enum cq_status llm_text_fn(void *user, enum llm_part_kind kind, const char *text, size_t len);
typedef void llm_done_fn(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost);

/* What one call came to, whether it worked or not. */
struct llm_effort {
    enum cq_status st;
    uint32_t ms;            /* over all tries */
    uint32_t first_text_ms; /* until the first text; 0: none came */
    const struct llm_cost *cost;
};

typedef void llm_watch_fn(void *arg, const struct llm_effort *effort);

/* Once in each process, before any thread is made (curl_global_init). SIGPIPE is ignored from then on. */
enum cq_status llm_global_init(void) MUST_USE;

/*
 * What the loops of all processes know of models that fail, in memory that they share. All zero at first; its owner
 * provides it, and it outlives the loops.
 *
 * A model at its provider's address that has failed [llm] breaker_failures times in a row is not asked for breaker_open_s;
 * then one call asks it, and the others wait for what becomes of that. Of two models at one provider one may be
 * overloaded while the other serves: each has a breaker of its own.
 */
enum { LLM_MAX_BREAKERS = 128 };
struct llm_breakers {
    struct llm_breaker {
        _Atomic uint64_t key;           /* of provider, address and id; 0: free */
        _Atomic uint32_t failures;      /* in a row */
        _Atomic int64_t open_until_ms;  /* on clock_mono_ms(); 0: closed */
        _Atomic int64_t answered_ms;    /* when it last said something to anybody */
        _Atomic int64_t probe_until_ms; /* by when the call that looks again must have come to an end; 0: none does */
        _Atomic uint64_t times_opened;
        _Atomic bool is_listed; /* by the config in force */
        char name[64];          /* of the model in the config */
    } rows[LLM_MAX_BREAKERS];
};

/* Whether the model is not asked now, but for one call that looks. */
bool llm_breaker_is_open(const struct llm_breaker *breaker);

/* Before the loops of another config are made: each lists its own models. What none lists may be forgotten. */
void llm_breakers_unlist(struct llm_breakers *breakers);

/*
 * config says which models there are, and is borrowed until llm_loop_destroy(), as breakers is (NULL: some of its own).
 * NULL: memory, or llm_config_valid() says no.
 */
struct llm_loop *llm_loop_create(const struct config *config, struct llm_breakers *breakers) MUST_USE;

/* Drops what is under way without calling on_done. */
void llm_loop_destroy(struct llm_loop *loop);

/* A model that the config names, by a section or in a list. */
struct llm_model_info {
    const char *name, *provider; /* as long as the loop lives */
    bool can_follow;             /* it gives structured answers, so its abilities say */
};

/* The i-th of them, the default model first, as *out. False: there are no more. */
bool llm_loop_model(const struct llm_loop *loop, size_t i, struct llm_model_info *out);

/*
 * Whether config names models that we can ask: known providers, addresses that we take, all that a provider requires,
 * prices and abilities of their form. Else a line that names the key, for each fault, goes to problems, and so do advices.
 * For `check`.
 */
bool llm_config_valid(const struct config *config, struct buf *problems);

/* "No language model is configured…" when replies come from builtin, else NULL. */
const char *llm_notice(const struct config *config);

/* The name of the model that replies come from as long as it can be asked; in the arena. NULL: there is none, or memory is short. */
const char *llm_reply_model(struct arena *arena, const struct config *config);

/*
 * The least of the contexts of the models that the task may be given to, in tokens, without what its answer may take;
 * 0 when that is all of it.
 */
uint32_t llm_context_tokens(const struct config *config, enum llm_task task);

/* The same of the model of that name, with llm.fallback behind it. */
uint32_t llm_context_tokens_of(const struct config *config, const char *model);

/*
 * How many tokens a text may come to: an estimate that is rather too high, for no model's own count is at hand. n bytes
 * of UTF-8.
 */
uint32_t llm_tokens(const char *text, size_t n);

/* Whether the model of that name can look at images. */
bool llm_can_see(const struct config *config, const char *name);

/* How many texts one LLM_EMBED may have; 0: no model for embeddings is configured. */
size_t llm_embed_max(const struct config *config);

/*
 * Ask for one reply, passed on as it streams. Returns at once; what ask points to is borrowed until on_done.
 *
 * Four limits in milliseconds, from [llm]: connect, first byte, idle (between bytes), total (over all tries and models).
 * Failures to connect, 408, 429, 5xx and an early end are tried again up to [llm] tries, with jitter and respecting
 * Retry-After. A Retry-After above retry_wait_max_ms is not waited for. Then the next model of the task is tried, at once
 * after a time-out, which costs too much to wait for twice, and at once when the breaker of the first one is open. None of
 * this happens after a byte of text reached on_text. At the end of the list, ctx->retry_after_s says what is known.
 *
 * on_done gets CQ_OK; CQ_MODEL_RATE_LIMITED (429), CQ_MODEL_UNAVAILABLE (no connection, 5xx, TLS refused, breaker open),
 * CQ_MODEL_TIMEOUT, CQ_MODEL_NO_RESPONSE (empty), CQ_MODEL_INVALID_RESPONSE (not the protocol, cut off),
 * CQ_MODEL_TOO_LONG (than reply_max_bytes), CQ_MODEL_REFUSED (other 4xx: never tried again at that model),
 * CQ_CONTENT_FILTERED (nor at another; nor is what was too long), or what on_text returned. ctx->error names model and
 * status, never a key or a prompt; ctx->retry_after_s is set where known; ctx->model_ms counts the wait. Redirects are not
 * followed. Source: stream format, WHATWG HTML "Server-sent events"; Retry-After, RFC 9110 section 10.2.3.
 *
 * CQ_INTERNAL: memory, or an ask beyond its bounds.
 */
enum cq_status llm_start(struct llm_loop *loop, struct cq_ctx *ctx, const struct llm_ask *ask, llm_text_fn *on_text,
                         llm_done_fn *on_done, void *user, struct llm_call **out) MUST_USE;

/*
 * End a call with what has come so far: on_done gets CQ_OK with LLM_STOP_ASKED, or CQ_MODEL_NO_RESPONSE when nothing
 * has. From llm_loop_run(), as every end.
 */
void llm_stop(struct llm_call *call);

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
