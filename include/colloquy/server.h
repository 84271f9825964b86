/*
 * server: the master, its pools of pre-forked workers, and what they share.
 *
 *   master      opens the sockets, forks, replaces workers that die, reloads, drains; runs no library that could
 *               crash it
 *   api         workers that answer one request at a time, from the database
 *   llm         workers that hold many turns at once on one loop
 *   ops         one worker that answers /health from the scoreboard alone
 */
#ifndef COLLOQUY_SERVER_H
#define COLLOQUY_SERVER_H

#include "colloquy/base.h"

/*
 * Run the master in the foreground until SIGTERM; returns the exit code of the program. config_path (NULL:
 * environment only) is read again by each worker when it starts. config is what it held at the start, and is
 * borrowed.
 */
int server_run(const struct config *config, const char *config_path);

/*
 * Ask the ops worker of the master that runs by this config for a path ("/status", "/metrics"); its answer's body is
 * appended to body. CQ_BUSY: nobody answers within 5 s, ctx->error says where.
 */
enum cq_status server_ask_ops(struct cq_ctx *ctx, const struct config *config, const char *path,
                              struct buf *body) MUST_USE;

#endif
