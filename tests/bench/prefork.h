/*
 * The bare FastCGI server that Colloquy is compared with: processes forked before the first request, which block in
 * libfcgi's own accept. They end with their parent, and that on SIGTERM.
 */
#ifndef TESTS_BENCH_PREFORK_H
#define TESTS_BENCH_PREFORK_H

#include <fcgiapp.h>

/* Called in each process with its request, after each accept. arg: what start() made in that process. */
typedef void prefork_answer_fn(FCGX_Request *request, void *arg);

/* Listen on a unix socket and answer for ever; returns the program's exit code when it could not begin. */
int prefork_run(const char *socket_path, unsigned n, void *(*start)(void), prefork_answer_fn *answer);

#endif
