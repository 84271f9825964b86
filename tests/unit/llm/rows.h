/*
 * Rows of the tables that a provider's own tests are made of: what it is sent, to the byte, and what its answers mean;
 * with conversations that have everything in them.
 */
#ifndef TESTS_LLM_ROWS_H
#define TESTS_LLM_ROWS_H

#include "unit.h"

#include "llm/provider.h"

/* ---- what is sent ---- */

struct request_row {
    const char *name;
    struct config_model config; /* with an id of "m", max_tokens of 9 and a large context unless they are given */
    unsigned abilities;
    struct llm_ask ask;        /* with HELLO unless it has messages, or texts */
    const char *url, *headers; /* NULL: not looked at; the headers with a line feed behind each */
    const char *body;          /* is JSON, too */
};

void check_requests(const struct llm_provider *provider, const struct request_row *rows, size_t n);

/* Hello */
extern const struct llm_message HELLO[1];

/* Hello; Hi "you"; a and b, on two lines */
extern const struct llm_message TURNS[3];

/* Look, with an image, two documents and a second text; what is thought of it, and said; the image alone */
extern const struct llm_message PARTS[3];

/* Find it; a thought, a word and two calls; their results, one of them an error, and a further word */
extern const struct llm_message CALLS[3];

/* find, which takes q */
extern const struct llm_tool FIND[1];

/* 0.7, 0.9, 40; five stop sequences */
extern const struct llm_sampling SAMPLING;

/* ---- what is answered ---- */

struct answer_row {
    const char *name;
    const char *event; /* its name; NULL: "" */
    const char *data;
    enum cq_status status;
    const char *said; /* "text Hi;", "reasoning so (signature);", "call INDEX ID NAME input;", "call INDEX input;" */
    bool stopped, done;
    enum llm_stop stop;
    struct llm_usage usage;
};

void check_events(const struct llm_provider *provider, const struct answer_row *rows, size_t n);
void check_wholes(const struct llm_provider *provider, const struct answer_row *rows, size_t n);

struct refusal_row {
    const char *name;
    long http_status;
    const char *body;
    enum cq_status want;
};

void check_refusals(const struct llm_provider *provider, const struct refusal_row *rows, size_t n);

#endif
