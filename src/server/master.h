/* The master's parts: its sockets, its pid file, what it tells systemd, and what its children are. */
#ifndef SERVER_MASTER_H
#define SERVER_MASTER_H

#include "server/worker.h"

/* ---- sockets ---- */

/*
 * Bind and listen on config's run_dir/{api,llm,ops}.sock, replacing what a dead master left. False: logged why. The
 * caller has seen to it that nobody else uses them.
 */
bool sockets_make(const struct config *config, int fds[POOL_OF_REQUESTS]);

/* Those that server_inherit() took over; false: there were none. */
bool sockets_inherited(int fds[POOL_OF_REQUESTS]);

/*
 * The inherited ones or our own; and documents.sock, always our own, for only our workers call there. False, logged why,
 * also while a supervisor holds them.
 */
bool sockets_open(const struct config *config, int fds[POOL_COUNT]);
void sockets_remove(const struct config *config); /* our own only */

/* ---- pid files (pid_file.c) ---- */

enum pid_file { PID_FILE_MASTER, PID_FILE_SUPERVISOR }; /* run_dir/{colloquy,supervisor}.pid */

/* Write it, locked for as long as the descriptor is open; -1 when another process has it, or on failure: logged. */
int pid_file_open(const struct config *config, enum pid_file which);
bool pid_file_is_free(const struct config *config, enum pid_file which); /* false: held; logged */
void pid_file_remove(const struct config *config, enum pid_file which);

/* ---- what systemd is told (notify.c); each does nothing when nobody wants to know ---- */

void notify_take(void); /* to whom, from the environment */
void notify_reloading(int generation);
void notify_stopping(unsigned drain_s);

/*
 * To be called about once a second: says when every worker is ready, when a reload has ended (it was
 * refused when the generation is still that of its beginning) and, at most every 5 s, how many serve.
 */
void notify_tend(struct scoreboard *board, bool is_reloading, int generation, int64_t now_ms);

/* Take a variable out of the environment, and its bytes out of what /proc shows of it (inherit.c). */
void environment_forget(const char *name);

/* ---- children ---- */

/* Run in a freshly forked process: becomes the worker of the slot and never returns. */
_Noreturn void child_main(struct worker *worker, pid_t master_pid);

#endif
