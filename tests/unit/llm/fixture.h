/*
 * How a provider's server says things: what the cases that every provider must pass (provider_cases.c) are made of.
 *
 * A fixture writes bodies of its protocol as real servers do, and knows nothing of how they are read. A new one is one
 * file, fixtures_NAME.c, a declaration here and a row in provider_cases.c.
 */
#ifndef TESTS_LLM_FIXTURE_H
#define TESTS_LLM_FIXTURE_H

#include "colloquy/llm.h"

enum { FIXTURE_MAX_PIECES = 16, FIXTURE_MAX_TOOLS = 2 };

struct fixture_tool {
    const char *id, *name;
    const char *input[FIXTURE_MAX_PIECES]; /* in pieces, where it streams */
};

/* What a stream says instead of going on. */
enum fixture_fault { NO_FAULT, FAULT_AWAY, FAULT_LIMITED, FAULT_LATE, FAULT_REFUSED };

/* What is said. Lists of pieces end with NULL. */
struct fixture_reply {
    const char *reasoning[FIXTURE_MAX_PIECES], *signature; /* NULL: none */
    const char *text[FIXTURE_MAX_PIECES];
    struct fixture_tool tools[FIXTURE_MAX_TOOLS]; /* one without a name is none */
    bool is_structured;                           /* the text is a structured answer */
    enum llm_stop stop;
    const char *stop_sequence; /* LLM_STOP_SEQUENCE */
    struct llm_usage usage;    /* all 0: it is not said */
    enum fixture_fault fault;
};

struct fixture {
    const char *provider;                          /* its name in a config */
    const char *base_path;                         /* of its base_url, behind the server's address */
    const char *stream_type;                       /* Content-Type */
    bool has_signatures;                           /* of thoughts */
    bool has_cache_write;                          /* it says what was written to the cache */
    const char *vectors_id;                        /* of a model that makes vectors; NULL: any */
    void (*configure)(struct config_model *model); /* what else it needs; NULL: nothing */

    void (*stream)(struct buf *out, const struct fixture_reply *reply);
    void (*whole)(struct buf *out, const struct fixture_reply *reply); /* NULL: it always streams */
    void (*vectors)(struct buf *out, size_t n);                        /* (0, 1), (2, 3), …; NULL: it has none */
    void (*more)(struct buf *out, const char *text);                   /* an event that says more */
    void (*refusal)(struct buf *out, unsigned http_status);            /* the body of that status */

    /*
     * A stream as a real server has sent it, with all that we do not look at, which says RECORDED and ends. Cut before
     * *whole_at bytes it is no reply.
     */
    void (*recorded)(struct buf *out, size_t *whole_at);
};

#define RECORDED "Grüße 👋! Water moves — by osmosis."

extern const struct fixture fixture_openai;
extern const struct fixture fixture_anthropic;
extern const struct fixture fixture_bedrock;

#endif
