/* The master's parts: its sockets, and what it knows of its children. */
#ifndef SERVER_MASTER_H
#define SERVER_MASTER_H

#include "server/worker.h"

/* Bind and listen on config's run_dir/{api,llm,ops}.sock, replacing what a dead master left. False: logged why. */
bool sockets_open(const struct config *config, int fds[POOL_COUNT]);
void sockets_remove(const struct config *config);

/* Write run_dir/colloquy.pid, locked for as long as the master lives; -1 when another master has it. */
int pid_file_open(const struct config *config);
void pid_file_remove(const struct config *config);

/* Run in a freshly forked process: becomes the worker of the slot and never returns. */
_Noreturn void child_main(struct worker *worker, pid_t master_pid);

#endif
