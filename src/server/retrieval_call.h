/*
 * Asking the documents' process, without ever blocking.
 *
 * An ask goes over a connection of its own to run_dir/documents.sock, and so does its answer; each is a length of four
 * bytes, most significant first, and as many bytes of JSON (files.h, retrieval_ask_write(), retrieval_answer_write()).
 * The process may be killed or replaced at any time. Its socket is the master's: what connects meanwhile waits there
 * for the next one; and what was asked of the dead one is asked once more, for asking changes nothing.
 */
#ifndef SERVER_RETRIEVAL_CALL_H
#define SERVER_RETRIEVAL_CALL_H

#include "colloquy/base.h"

enum {
    RETRIEVAL_HEAD_BYTES = 4,
    RETRIEVAL_ASK_MAX_BYTES = 1 << 20,
    RETRIEVAL_ANSWER_MAX_BYTES = 4 << 20,
};

struct retrieval_call {
    enum { RETRIEVAL_ENDED, RETRIEVAL_WAITING, RETRIEVAL_SENDING, RETRIEVAL_RECEIVING } state;
    int fd; /* -1: none */
    struct arena *arena;
    const char *run_dir, *ask;
    size_t len, n_done;                 /* of the ask; bytes of what is being sent or received, its head among them */
    uint8_t head[RETRIEVAL_HEAD_BYTES]; /* of either */
    int64_t give_up_ms, refused_ms, again_ms; /* on clock_mono_ms(); refused_ms: until when it is tried to connect */
    bool is_again;                            /* the ask had been sent before, and the connection broke */
    size_t answer_len;
    char *answer;        /* in the arena, once it has ended well; else NULL, and */
    const char *failure; /* why; a constant */
};

/* Begin. ask, of len bytes, and run_dir are borrowed until the end. max_ms: for all of it. */
void retrieval_call_start(struct retrieval_call *call, struct arena *arena, const char *run_dir, const char *ask,
                          size_t len, int64_t max_ms, int64_t now_ms);

/* Move on. True: it has ended. */
bool retrieval_call_tend(struct retrieval_call *call, int64_t now_ms);

/* What poll(2) is to wait for at fd; 0: nothing. */
short retrieval_call_events(const struct retrieval_call *call);

/* On clock_mono_ms(): when it wants to be tended in any case; INT64_MAX: it has ended. */
int64_t retrieval_call_next_ms(const struct retrieval_call *call);

/* Nobody wants the answer any more. */
void retrieval_call_drop(struct retrieval_call *call);

/* A length as it goes over the connection. */
void retrieval_put_len(uint8_t head[RETRIEVAL_HEAD_BYTES], size_t len);
size_t retrieval_get_len(const uint8_t head[RETRIEVAL_HEAD_BYTES]);

#endif
