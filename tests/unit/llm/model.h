/*
 * A model server of a few lines, and what a call of it came to: for the tests of the loop and its calls.
 *
 * The server is a thread on a loopback port that reads each request and plays one answer of its script to each
 * connection, the last one again and again. Limits are short; what is measured has room for a busy machine.
 */
#ifndef TESTS_LLM_MODEL_H
#define TESTS_LLM_MODEL_H

#include <pthread.h>
#include <stdatomic.h>

#include "unit.h"

#include "colloquy/llm.h"

#define STREAM                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define TEXT(text)            "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define STOP(reason)          "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define USAGE                 "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n"
#define DONE                  "data: [DONE]\n\n"
#define STATUS(line, headers) "HTTP/1.1 " line "\r\nContent-Length: 0\r\nConnection: close\r\n" headers "\r\n"
#define GOOD                  STREAM TEXT("Hel") TEXT("lo") STOP("stop") USAGE DONE

/* What one connection gets. */
struct answer {
    const char *text;   /* sent at once; NULL ends the script */
    const char *repeat; /* then this, again and again each pause_ms, until the client goes */
    unsigned pause_ms;
    bool hold;                      /* then nothing, until the client goes */
    bool resets;                    /* then the connection is reset */
    bool drips;                     /* text goes out byte by byte instead, with pause_ms between */
    size_t n_bytes, n_repeat_bytes; /* of text and repeat, where they are not all of a string */
};

// clang-format off
#define SAY(what)                   {.text = what}
#define HOLD(what)                  {.text = what, .hold = true}
#define AGAIN(what, again, each_ms) {.text = what, .repeat = again, .pause_ms = each_ms}
// clang-format on

enum { MAX_ANSWERS = 4 };

struct server {
    int listener;
    uint16_t port;
    const struct answer *answers;
    atomic_uint n_requests;
    pthread_t thread;
};

/* A loopback port that is bound, and listened on unless it is to refuse. Returns the descriptor. */
int model_bind(uint16_t *port, bool listening);

/* answers: at most MAX_ANSWERS and one whose text is NULL. */
void model_start(struct server *server, const struct answer *answers);
void model_stop(struct server *server);

/* ---- asking ---- */

/* What a call came to. */
struct outcome {
    struct cq_ctx *ctx;
    struct buf text; /* as on_text got it */
    unsigned n_text, n_done;
    const struct llm_ask *ask;  /* what is asked: MODEL_ASK at first */
    enum cq_status refuse_with; /* what on_text returns */
    enum cq_status st;
    struct llm_reply reply; /* without its texts */
    struct llm_cost cost;
    struct llm_spent all; /* the sum of it */
    bool same_text;       /* the reply's text and reasoning are what on_text got */
    char reasoning[512], signature[64];
    float vectors[8]; /* the reply's first numbers */
    char tools[512];  /* the reply's calls, "id name input" and a semicolon each */
    int64_t took_ms;
};

struct outcome model_outcome(void);

enum cq_status model_on_text(void *user, enum llm_part_kind kind, const char *text, size_t len);
void model_on_done(void *user, enum cq_status st, const struct llm_reply *reply, const struct llm_cost *cost);

extern const struct llm_ask MODEL_ASK;

/* Settings with one model, which is as llm has it; a few of them at a time. */
struct config model_config_of(struct config_llm llm);

/* Settings that ask the server at this port; base_url gets its address. */
enum { BASE_URL_BYTES = 64 };
struct config model_config(char base_url[BASE_URL_BYTES], uint16_t port);

/* Run until nothing is under way, 5 s at most. */
void model_run(struct llm_loop *loop);

/* One call in a loop of its own. */
void model_ask(const struct config *config, struct outcome *outcome);

#endif
