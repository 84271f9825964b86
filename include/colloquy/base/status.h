/*
 * What a function that can fail returns, and what each outcome means to a client.
 *
 * Every function that can fail returns enum cq_status; CQ_OK is 0, so that "if (!st)" reads as "so far so good".
 * The text of a failure travels in the request context beside it and is read only then, as errno is. Outputs
 * come last among the parameters and are written only on success.
 */
#ifndef COLLOQUY_BASE_STATUS_H
#define COLLOQUY_BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define MUST_USE               __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define LEN(array)             (sizeof(array) / sizeof((array)[0]))

enum cq_status {
    CQ_OK = 0,
    /* The request is wrong: the same one will fail again. */
    CQ_INVALID_REQUEST,
    CQ_INVALID_JSON,
    CQ_INVALID_ENCODING,
    CQ_PARAMETERS_MISSING, /* not one of those that the call takes */
    CQ_INVALID_FIELDS,     /* one or more fields are wrong: the façade lists them */
    CQ_VALIDATION_FAILED,  /* a conversation call's parameter has a wrong form */
    CQ_MESSAGE_REQUIRED,   /* no message, or a blank one */
    CQ_MESSAGE_TOO_LONG,
    CQ_PAYLOAD_TOO_LARGE,
    CQ_UNSUPPORTED_TYPE,
    CQ_METHOD_NOT_ALLOWED,
    CQ_UNKNOWN_MODEL,    /* of the chat API, as the next seven */
    CQ_MODEL_NOT_ACTIVE, /* in the bot */
    CQ_UNKNOWN_PARENT,
    CQ_NOT_A_REPLY,
    CQ_NOT_SUPPORTED,
    CQ_BAD_FILENAME,
    CQ_UNSUPPORTED_FILE, /* a file of a type that is not taken */
    /* Who asks. */
    CQ_UNAUTHENTICATED,
    CQ_TOKEN_UNKNOWN,
    CQ_TOKEN_EXPIRED,
    CQ_TOKEN_REVOKED,
    CQ_SCOPE_MISSING,
    CQ_AUTHENTICITY_TOKEN, /* a browser's unsafe request without its session's CSRF token, or from another site */
    CQ_FORBIDDEN,
    /* What is not there. */
    CQ_NOT_FOUND,              /* an unknown path, or no such course */
    CQ_RESOURCE_NOT_FOUND,     /* no such thing within a course */
    CQ_CONVERSATION_NOT_FOUND, /* no such conversation in a list of a manager */
    CQ_BOT_NOT_FOUND,
    CQ_SOURCE_GONE,  /* a document that has been deleted, or may not be seen any more */
    CQ_LINK_INVALID, /* a signed link that has been changed */
    CQ_LINK_EXPIRED,
    /* What is in the way. */
    CQ_NOTHING_TO_CONTINUE,
    CQ_BOT_EXISTS,
    CQ_TURN_IN_PROGRESS,
    CQ_IDEMPOTENCY_CONFLICT,
    CQ_MESSAGE_ID_CONFLICT,
    CQ_CONVERSATION_COMPLETED,
    CQ_EVALUATION_NO_MESSAGES, /* nothing said by the student yet */
    CQ_RATE_LIMITED,           /* a limit of ours */
    /* The model. */
    CQ_MODEL_RATE_LIMITED, /* a limit of the provider's */
    CQ_MODEL_UNAVAILABLE,  /* refused, unreachable, 5xx, after our own retries */
    CQ_MODEL_TIMEOUT,
    CQ_MODEL_NO_RESPONSE,      /* an empty answer */
    CQ_MODEL_INVALID_RESPONSE, /* an answer that is not the protocol, or cut */
    CQ_MODEL_TOO_LONG,         /* an answer longer than we take */
    CQ_MODEL_REFUSED,          /* the provider refuses what we ask: 400, 401, 403, 404 */
    CQ_CONTENT_FILTERED,
    CQ_EVALUATION_PARSE_FAILED, /* not of the form asked for, twice */
    /* Ourselves. */
    CQ_BUSY,      /* the database is away or read-only, or no place is free */
    CQ_LOST,      /* a turn that is no longer ours: its lease was taken */
    CQ_AGAIN,     /* within the store: run the transaction again */
    CQ_DUPLICATE, /* within the store: a unique key is taken */
    CQ_INTERNAL,
    CQ_STATUS_COUNT
};

struct cq_status_info {
    const char *name;       /* for logs */
    const char *code;       /* stable: clients match on it; NULL where the façade sends none */
    const char *text;       /* what a client reads when the context has no better words; never a provider's */
    uint16_t http;          /* response status */
    bool retryable;         /* the same request may succeed later */
    uint16_t retry_after_s; /* 0: no Retry-After */
};

/* The row of one status. Any value out of range reads as CQ_INTERNAL. */
const struct cq_status_info *cq_status_info(enum cq_status st);

/*
 * What accompanies one request (or one command) through the rooms. It is owned by whoever owns the arena, and is used
 * by one thread at a time.
 */
struct cq_ctx {
    struct arena *arena;    /* everything that lives as long as the request */
    const char *request_id; /* for logs and answers; "-" when there is none */
    uint32_t retry_after_s; /* with a failing return: seconds, 0 when unknown */
    uint32_t statements;    /* statements sent to the database so far, transaction control included */
    uint32_t model_ms;      /* time spent waiting for the model */
    char error[256]; /* with a failing return: what happened, for a log; may hold a provider's words, never a secret */
};

/*
 * Store the text and return st, so that callers write "return cq_fail(ctx, CQ_BUSY, …)". Called once, where the cause
 * is known.
 */
enum cq_status cq_fail(struct cq_ctx *ctx, enum cq_status st, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
