/*
 * One call: what was asked, the try that is under way, and the reply so far.
 *
 *   call.c      its life: limits, another try, another model, the end
 *   answer.c    what has come: text handed out, reasoning, tool calls, and what it cost
 *   transfer.c  one try over HTTP: curl's options and callbacks, and what an ended transfer means
 *
 * A call is on its loop's list from llm_start() to on_done.
 */
#ifndef COLLOQUY_LLM_CALL_H
#define COLLOQUY_LLM_CALL_H

#include "llm/event_stream.h"
#include "llm/models.h"
#include "llm/sse.h"

enum llm_call_state {
    CALL_WAITING,    /* for due_at, when the next try begins */
    CALL_CONNECTING, /* name, connection and TLS */
    CALL_SENT,       /* connected; no byte of the body has come */
    CALL_READING,    /* between bytes of the body */
    CALL_ENDING, /* what matters has come; a short wait for the end of the response, so that the connection is kept */
    CALL_PIECES, /* the whole reply is there (builtin) and is handed out piece by piece */
};

enum llm_body { BODY_UNSEEN, BODY_SSE, BODY_EVENT_STREAM, BODY_WHOLE, BODY_ERROR };

/* What one try has seen; begun afresh with each. */
struct llm_try {
    long http_status; /* 0: no response yet */
    enum llm_body body;
    int socket_error; /* errno where there was none to be had; 0: there was */
    unsigned n_sent;  /* requests: curl repeats one that a kept connection did not take */
    size_t header_bytes, body_bytes;
    struct sse sse;
    struct event_stream event_stream;
    struct buf raw; /* of BODY_WHOLE all, of BODY_ERROR the beginning */
    uint32_t retry_after_s;
    bool is_refused;        /* by the model's breaker: nothing was sent */
    enum cq_status failure; /* seen before the transfer ended; CQ_OK: none */
    bool again;             /* with failure: another try may do better */
    bool is_short;          /* with failure: of what the machine that we run on lacks, which is not the model's fault */
};

/* A tool call as it comes. */
struct llm_tool_input {
    size_t index; /* as the provider counts */
    char *id, *name;
    struct buf input;
};

/* What one try has brought; emptied with each. */
struct llm_answer {
    struct buf text;      /* of the reply; its maximum is the least of the ask's and the config's */
    struct buf reasoning; /* likewise */
    struct buf signature;
    size_t n_signatures; /* that came */
    struct llm_tool_input tools[LLM_MAX_TOOL_CALLS];
    size_t n_tools;
    bool has_text;   /* something that is no white space: none is handed out before */
    bool is_stopped; /* the model has said its last word */
    bool is_done;    /* so has its server */
    enum llm_stop stop;
    struct llm_usage usage;
    float *vectors;
    size_t n_dimensions;
};

struct llm_call {
    struct llm_call *prev, *next;
    const struct config_llm *config;
    const char *ca_file;                 /* NULL: the system's */
    struct aws_credentials *credentials; /* the loop's */
    struct cq_ctx *scratch;              /* the loop's, for reading one event: emptied after it */

    struct cq_ctx *ctx;
    const struct llm_ask *ask;
    llm_text_fn *on_text;
    llm_done_fn *on_done;
    void *user;

    struct llm_chain chain;
    size_t at;                     /* of it */
    const struct llm_model *model; /* chain.models[at] */

    enum llm_call_state state;
    int64_t started_at, total_at; /* the latter: limit of all tries; both on clock_mono_ms() */
    int64_t model_at;             /* when this model was first asked */
    int64_t due_at;               /* end of the present state's limit */
    uint32_t tries;               /* at this model */
    bool is_trying;               /* a try is under way, or has ended and is not counted yet */
    bool is_probe;                /* of the model's breaker */
    bool awaits_keys;             /* in CALL_WAITING: to sign the request with */
    bool is_stopped;              /* by the owner: the loop sees to it */

    CURL *easy; /* of this model's request; NULL: not made yet, or needless */
    struct llm_request request;
    struct llm_try try;

    struct llm_answer answer;
    size_t handed;         /* bytes of the text that reached on_text */
    bool is_handed;        /* some text or reasoning did: there is no other try */
    int64_t first_text_at; /* 0: none has come */
    struct llm_cost cost;
};

/* ---- call.c ---- */

/* A call that waits to begin at once. NULL: memory. */
struct llm_call *llm_call_create(const struct config_llm *config, struct cq_ctx *ctx,
                                 const struct llm_ask *ask) MUST_USE;
void llm_call_free(struct llm_call *call);

/* Note the first failure of a try and its text, "model (provider): …", in ctx->error. */
void llm_call_fail(struct llm_call *call, enum cq_status st, bool again, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Enter a state whose limit ends limit_ms from now. */
void llm_call_enter(struct llm_call *call, enum llm_call_state state, uint32_t limit_ms);

/*
 * Begin the next try. With a provider that needs no transfer the reply is there afterwards. One whose request is to be
 * signed may have to wait: awaits_keys is set. False: it has failed.
 */
bool llm_call_begin(struct llm_call *call) MUST_USE;

/* When the call needs attention next, on clock_mono_ms(). */
int64_t llm_call_due_at(const struct llm_call *call);

/* The model is there, whatever it has answered: its breaker closes, which the log is told. */
void llm_call_note_answer(struct llm_call *call);

/* A limit has passed: note what that means. */
void llm_call_expire(struct llm_call *call, int64_t now);

/* Hand out the next piece of a reply that is there. True when it was the last one, or it failed. */
bool llm_call_piece(struct llm_call *call);

/* What the reply is worth: CQ_OK, or a failure that was noted. */
enum cq_status llm_call_judge_reply(struct llm_call *call);

/* The same when the owner has stopped it: what was handed out is the reply. */
enum cq_status llm_call_judge_stopped(struct llm_call *call);

/* A try has come to st. Whether there is to be another one, at this model or the next; the call then waits for it. */
bool llm_call_retry(struct llm_call *call, enum cq_status st, int64_t now);

/* What the call came to, ended with st. */
struct llm_effort llm_call_effort(const struct llm_call *call, enum cq_status st);

/* Make the last callback. The call is off its list. */
void llm_call_finish(struct llm_call *call, enum cq_status st);

/* ---- answer.c ---- */

void llm_answer_init(struct llm_answer *answer, uint32_t max_bytes);
void llm_answer_clear(struct llm_answer *answer);
void llm_answer_release(struct llm_answer *answer);

/* Add to the reply and hand it out; what fails is noted. */
void llm_call_text(struct llm_call *call, const char *text, size_t len);
void llm_call_delta(struct llm_call *call, const struct llm_delta *delta);

/*
 * Nothing more comes: settle what could not be before. Tool calls must be whole, a structured answer is handed out, and
 * the stop says which of them it is.
 */
void llm_call_settle(struct llm_call *call);

/* One try more of the model's, which begins. */
void llm_call_count_try(struct llm_call *call);

/* What that try, which has come to st, has used by what it says, or by estimate, added to the model's cost. */
void llm_call_count(struct llm_call *call, enum cq_status st);

/* ---- transfer.c ---- */

/* Give the call a curl handle with all its options, for its model. CQ_INTERNAL: memory. */
enum cq_status llm_transfer_create(struct llm_call *call) MUST_USE;

/* Sign the request for the try that begins; AWS_FAILED is noted. */
enum aws_state llm_transfer_sign(struct llm_call *call) MUST_USE;

/* Take it away again: the call has turned to another model. */
void llm_transfer_release(struct llm_call *call);

void llm_try_init(struct llm_call *call);
void llm_try_release(struct llm_call *call);

/* What a try came to that curl ended with this code, or that a limit ended (failure noted, or state CALL_ENDING). */
enum cq_status llm_try_judge(struct llm_call *call, CURLcode code);

#endif
