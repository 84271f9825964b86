/*
 * A provider: how one kind of model server is asked and understood.
 *
 * A provider is a const struct of functions in a file of its own and one row in provider.c. It does no transfer and
 * keeps no state: it writes a request, and turns what comes back into pieces. One whose answer is not NULL (builtin)
 * needs no transfer at all, and none of the functions for HTTP.
 */
#ifndef COLLOQUY_LLM_PROVIDER_H
#define COLLOQUY_LLM_PROVIDER_H

#include <curl/curl.h>

#include "colloquy/llm.h"
#include "llm/aws_credentials.h"
#include "llm/event.h"

enum { LLM_REQUEST_MAX_BYTES = 64 << 20, LLM_URL_MAX_BYTES = 8192 };

/* What a model can do, by the words of its setting. */
enum llm_ability {
    LLM_CAN_SEE = 1 << 0,      /* images */
    LLM_CAN_READ = 1 << 1,     /* documents */
    LLM_CAN_CALL = 1 << 2,     /* tools */
    LLM_CAN_FOLLOW = 1 << 3,   /* schema: structured answers by the provider's own mechanism */
    LLM_CAN_REASON = 1 << 4,   /* reasoning */
    LLM_CAN_BE_DRAWN = 1 << 5, /* sampling: temperature, top_p, top_k are taken */
};

/* Per million tokens, in 1e-9 of the currency. */
struct llm_prices {
    uint64_t input, output, cache_read, cache_write;
};

/* A model of the config, understood. */
struct llm_model {
    const struct config_model *config;
    const struct llm_provider *provider;
    unsigned abilities; /* of enum llm_ability */
    struct llm_prices prices;
    struct llm_breaker *breaker;
};

struct llm_request {
    struct buf url;
    struct curl_slist *headers;
    struct buf body;
};

void llm_request_init(struct llm_request *request);
void llm_request_release(struct llm_request *request);

/* Add "Name: value". False when memory is short or the line holds a control character. */
bool llm_request_header(struct llm_request *request, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* Add the model's address, or standard, without slashes at its end. What follows is the provider's. */
void llm_request_base(struct llm_request *request, const struct llm_model *model, const char *standard);

/* max_tokens of the ask, within the model's. */
uint32_t llm_max_tokens(const struct llm_model *model, const struct llm_ask *ask);

/*
 * How many tokens the model is to think for, beside those of its reply: at least 1,024, the least that is taken, and no
 * more than a quarter of its context. 0: it cannot, or need not.
 */
uint32_t llm_reasoning_tokens(const struct llm_model *model, const struct llm_ask *ask);

/* The same as one of the levels that every model with levels knows: "low", "medium" or "high". */
const char *llm_reasoning_level(const struct llm_model *model, const struct llm_ask *ask);

/* Whether the answer is kept to a schema by the provider's own mechanism. */
bool llm_follows_schema(const struct llm_model *model, const struct llm_ask *ask);

/* Add the system prompt, which a schema ends that the provider has no mechanism for. Nothing: there is none. */
void llm_put_system(struct buf *out, const struct llm_model *model, const struct llm_ask *ask);

/* The name of what a structured answer is, as letters: "assessment". */
const char *llm_schema_name(const struct llm_ask *ask);

/* The parts of a message, of which its text, where it has one, is the first. */
size_t llm_n_parts(const struct llm_message *message);
struct llm_part llm_part_at(const struct llm_message *message, size_t i);

/* Whether each message that calls tools begins with a thought that can be proved: else Claude refuses to think on. */
bool llm_calls_are_thought_out(const struct llm_ask *ask);

/* Whether the model is sent this part of a message. */
bool llm_takes_part(const struct llm_model *model, const struct llm_part *part);

/* A piece of an answer. Texts may hold U+0000 and live as long as the arena of the context they were read in. */
struct llm_piece {
    struct llm_piece *next;
    enum llm_part_kind kind; /* LLM_TEXT, LLM_REASONING or LLM_TOOL_CALL */
    const char *text;        /* of a tool call: more of its input, which is also the text of a structured answer */
    size_t len;
    const char *signature; /* LLM_REASONING: all of it; NULL: not said here */
    size_t index;          /* LLM_TOOL_CALL: which one, in whatever way the provider counts */
    const char *id, *name; /* LLM_TOOL_CALL: where it begins, "" where the provider has no ids; NULL: it goes on */
};

/* What one event, or one whole answer, says. All zero: nothing. */
struct llm_delta {
    struct llm_piece *first, *last;
    bool stopped; /* the model has said its last word: stop is set */
    bool done;    /* nothing more comes */
    enum llm_stop stop;
    struct llm_usage usage; /* 0: not said */
    const float *vectors;   /* of LLM_EMBED, in the order of the texts */
    size_t n_vectors, n_dimensions;
};

/* Add an empty piece. NULL: memory. */
struct llm_piece *llm_delta_add(struct cq_ctx *ctx, struct llm_delta *delta, enum llm_part_kind kind);

/* A piece with that member of object as its text, unless it is absent, no text, or "". False: memory. */
bool llm_delta_add_text(struct cq_ctx *ctx, struct llm_delta *delta, enum llm_part_kind kind,
                        struct json_object *object, const char *key) MUST_USE;

/* A count of tokens; absent or beyond the type: 0 or its largest. */
uint32_t llm_count(struct json_object *usage, const char *key);

/*
 * The numbers of a JSON array, one after the other at *at, which moves on. False: it is no array of n_dimensions finite
 * numbers; where *n_dimensions is 0, it becomes the array's length.
 */
bool llm_read_vector(struct json_object *array, float **at, size_t *n_dimensions) MUST_USE;

struct llm_provider {
    const char *name;
    const char *notice; /* what every answer must say; NULL: nothing */
    unsigned abilities; /* of its models, unless the config says */
    bool is_keyed;      /* its own address takes nobody without api_key */
    bool says_why;      /* each answer says why it stops: one that is over without was cut */
    size_t max_texts;   /* of one LLM_EMBED; 0: it has none */

    /* The same where it is a matter of the model; NULL: max_texts. */
    size_t (*max_texts_of)(const struct config_model *model);

    /*
     * False, with a line that names the key in problems, when it cannot work with these settings. section: what stands
     * before the keys' names, "llm" or "model.NAME".
     */
    bool (*config_valid)(const struct config_model *model, const char *section, struct buf *problems);

    /* The whole reply at once, always the same for the same ask; NULL: the functions below. */
    void (*answer)(const struct llm_ask *ask, struct buf *reply);

    /* CQ_INTERNAL: memory, or larger than LLM_REQUEST_MAX_BYTES. */
    enum cq_status (*request)(const struct llm_model *model, const struct llm_ask *ask, struct llm_request *out);

    /*
     * Give a request, which has no headers yet, those of one try; called before each. NULL: request() adds what holds for
     * all. now_ms: since 1970 UTC. AWS_PENDING: not yet, since keys are being fetched; AWS_FAILED: *problem says why,
     * holds no secret and lives as long as the credentials.
     */
    enum aws_state (*sign)(const struct llm_model *model, struct aws_credentials *credentials, int64_t now_ms,
                           struct llm_request *request, const char **problem);

    /*
     * Read one event of a stream, or one whole JSON body. CQ_MODEL_INVALID_RESPONSE: not the protocol; another of the
     * CQ_MODEL_ values: it reports a failure.
     */
    enum cq_status (*event)(struct cq_ctx *ctx, const struct llm_event *event, struct llm_delta *out);
    enum cq_status (*whole)(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out);

    /* The same of an answer to LLM_EMBED; NULL: it has none. */
    enum cq_status (*vectors)(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out);

    /* What a 4xx means that is not tried again; body: the first bytes of it. */
    enum cq_status (*refusal)(struct cq_ctx *ctx, long http_status, const char *body, size_t len);
};

extern const struct llm_provider llm_provider_openai;
extern const struct llm_provider llm_provider_anthropic;
extern const struct llm_provider llm_provider_bedrock;
extern const struct llm_provider llm_provider_builtin;

/* The provider of that name, or NULL. */
const struct llm_provider *llm_provider_find(const char *name);

/* "a, b or c" */
void llm_provider_list(struct buf *out);

/*
 * Whether url may be the base of a provider's addresses: https anywhere, http on loopback or with allow_http, without
 * user, query or fragment. Else a line that names section.base_url goes to problems.
 */
bool llm_base_url_valid(const char *url, bool allow_http, const char *section, struct buf *problems);

/* localhost, 127.0.0.0/8 or [::1], as curl writes a host that it has parsed. */
bool llm_host_is_loopback(const char *host);

/* Whether the text may stand in a header: no white space, no control character. NULL may. Else as above, for that key. */
bool llm_token_valid(const char *text, const char *section, const char *key, struct buf *problems);

/* Whether the model has an id, which most providers require. */
bool llm_id_valid(const struct config_model *model, const char *section, struct buf *problems);

#endif
