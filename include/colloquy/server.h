/*
 * server: the master, its pools of pre-forked workers, and what they share.
 *
 *   master      opens the sockets, forks, replaces workers that die, reloads, drains; runs no library that could
 *               crash it
 *   api         workers that answer one request at a time, from the database
 *   llm         workers that hold many turns at once on one loop
 *   ops         one worker that answers /health from the scoreboard alone
 *   documents   one process in which documents are extracted, put into vectors and searched; the llm workers wait for it
 *               as they wait for a model
 *   supervisor  where there is no systemd: holds the sockets, and starts a master again that died
 */
#ifndef COLLOQUY_SERVER_H
#define COLLOQUY_SERVER_H

#include "colloquy/base.h"

/*
 * To be called before anything else is opened or forked: takes over the sockets that a service manager passed
 * (LISTEN_FDS, with the names api, llm and ops, each a unix stream socket that listens), and where it wants to be told
 * how we are (NOTIFY_SOCKET). False: sockets that do not fit, each fault logged; none at all are no fault.
 */
bool server_inherit(void) MUST_USE;

/*
 * Run the master in the foreground until SIGTERM; returns the exit code of the program. config_path (NULL:
 * environment only) is read again at each SIGHUP. config is what it held at the start, and is borrowed.
 */
int server_run(const struct config *config, const char *config_path);

/*
 * Hold the sockets and keep a master running behind them, until SIGTERM; returns the exit code of the program. argv
 * is the command line that starts a master, which inherits the sockets; argv[0] is looked up anew each time.
 */
int server_supervise(const struct config *config, char *const *argv);

/*
 * Ask the ops worker of the master that runs by this config for a path ("/status", "/metrics"); its answer's body is
 * appended to body. CQ_BUSY: nobody answers within 5 s, ctx->error says where.
 */
enum cq_status server_ask_ops(struct cq_ctx *ctx, const struct config *config, const char *path,
                              struct buf *body) MUST_USE;

#endif
