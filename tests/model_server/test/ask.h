/*
 * Asking the scripted model server as its clients do, and reading its answers with eyes of our own: nothing here is
 * shared with the server, nor with Colloquy's own readers of these protocols.
 */
#ifndef TESTS_MODEL_SERVER_ASK_H
#define TESTS_MODEL_SERVER_ASK_H

#include <json-c/json_types.h>

#include "unit.h"

/* ---- ask.c ---- */

enum { ASK_MAX_HEADERS = 8, ANSWER_MAX_BYTES = 8 << 20 };

/* One server for the whole program. */
int model_port(void);
int control_port(void);

struct question {
    const char *method; /* NULL: POST */
    const char *path, *body;
    const char *headers[ASK_MAX_HEADERS]; /* "Name: value" */
    const char *sign_with;                /* "key id:secret": libcurl signs for bedrock; NULL: it does not */
    bool is_control;
    long limit_ms; /* 0: 10 s */
};

struct answer {
    long status;   /* 0: there was none */
    bool is_whole; /* the transfer came to its end */
    bool is_late;  /* there was nothing more within the limit */
    bool is_refused;
    const char *type, *head, *body; /* head: lines with CR LF */
    size_t len;
    struct json_object *json; /* NULL: the body is none */
};

/* Answers, and texts below, live until the program ends. */
struct answer ask(const struct question *question);
#define ASK(...) ask(&(const struct question){__VA_ARGS__})

struct buf *new_buf(void);
char *textf(const char *fmt, ...) PRINTF_LIKE(1, 2);
const char *answer_header(const struct answer *answer, const char *name); /* "" when it is absent */
const char *text_at(struct json_object *json, const char *pointer);       /* by JSON pointer; NULL: no such text */
int64_t int_at(struct json_object *json, const char *pointer);            /* -1: no such number */
struct json_object *json_at(struct json_object *json, const char *pointer);
struct json_object *json_parse(const char *text, size_t len); /* NULL: it is none */

struct json_object *stats(void);
void set_mode(const char *json);

/* ---- told.c ---- */

/* What an answer says, whatever its protocol. */
struct told {
    struct buf *text, *reasoning, *input; /* input: of the tool */
    char tool[64], stop[32], error[64];
    bool has_signature; /* of the reasoning */
    int64_t output_tokens;
    bool is_valid; /* it is the protocol, from the first byte to the last that came */
    bool has_end;  /* and its last event came */
    size_t n_pings, n_deltas;
};

struct told told_openai(const struct answer *answer);
struct told told_anthropic(const struct answer *answer);
struct told told_bedrock(const struct answer *answer);

#endif
