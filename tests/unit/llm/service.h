/*
 * A service of a few lines for whatever asks over HTTP, which notes what it is asked; and the environment that says where
 * keys of AWS are.
 */
#ifndef TESTS_LLM_SERVICE_H
#define TESTS_LLM_SERVICE_H

#include <pthread.h>

#include "colloquy/base.h"

enum { SERVICE_MAX_ANSWERS = 8 };

/* A thread on a loopback port that answers each connection with the next bytes of a script, the last ones again and again. */
struct service {
    int listener;
    uint16_t port;
    struct buf answers[SERVICE_MAX_ANSWERS]; /* an empty one: nothing, until the client goes */
    size_t n_answers;
    struct buf requests; /* one behind the other, with their bodies */
    pthread_t thread;
};

/* answers: NULL behind the last one, unless there are as many as fit. */
void service_start(struct service *service, const char *const answers[SERVICE_MAX_ANSWERS]);

/* The same with bytes; n at most SERVICE_MAX_ANSWERS. */
void service_start_bytes(struct service *service, const struct buf *answers, size_t n);

void service_stop(struct service *service);

/* Set a variable to the address of that path. */
void service_set_url(const char *variable, const struct service *service, const char *path);

/* "NAME=value", at most eight. */
struct aws_environment {
    const char *set[8];
};

/* Of all variables that AWS's own clients know exactly these; NULL: none. */
void aws_environment(const struct aws_environment *environment);

#endif
