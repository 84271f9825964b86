/*
 * What the store's tests share: a MariaDB of their own, databases in it, and a look into them past the store.
 *
 * The server is started when it is first needed and stopped when the program ends, however it ends. Most tests work
 * in one database that is migrated once, each in a course of its own. Texts and rows live in the arena of test_ctx()
 * until the next test asks for it.
 */
#ifndef TESTS_STORE_DATABASE_H
#define TESTS_STORE_DATABASE_H

#include "colloquy/store.h"
#include "unit.h"

/* ---- asserting ---- */

/* That a call gives a status; when it does not, both names are printed. For the main thread. */
#define GIVES(want, call) assert_status((call), (want), #call, __LINE__, __FILE__, false)

/* A step that the rest of the test stands on: when it fails the test ends. Not while other threads run. */
#define MUST(call) assert_status((call), CQ_OK, #call, __LINE__, __FILE__, true)

void assert_status(enum cq_status got, enum cq_status want, const char *call, unsigned line, const char *file,
                   bool is_fatal);

/* The harness itself cannot go on. */
_Noreturn void give_up(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* ---- the server (server.c) ---- */

const char *server_folder(void); /* of this run; removed at its end */
const char *server_socket(void); /* of the server, which runs when this returns */
void server_stop(void);          /* in good order, as an operator does */
void server_start(void);         /* after server_stop() */
void server_freeze(bool is_frozen);

/* ---- databases (database.c) ---- */

struct cq_ctx *test_ctx(void);     /* once at the start of each test */
struct cq_ctx *thread_ctx(void);   /* for another thread or process: ctx_destroy() it */
void ctx_destroy(struct cq_ctx *); /* of thread_ctx() */

/* The migrated database that most tests share, and a connection to it. */
const struct config *shared_config(void);
struct db *shared_db(void);

/* A database of one's own, with nothing in it. */
const struct config *empty_database(void);

/* Past the store, in the shared database unless the statement names another. */
void sql_run(const char *fmt, ...) PRINTF_LIKE(1, 2);
uint64_t sql_number(const char *fmt, ...) PRINTF_LIKE(1, 2); /* of the first row's first column; 0: none, or NULL */

uint64_t connection_id(struct cq_ctx *ctx, struct db *db); /* as KILL takes it; works within a transaction */

/* Call fn in two threads at once, each with a connection of its own to the shared database. */
typedef void race_fn(struct cq_ctx *ctx, struct db *db, void *arg);
void race(race_fn *fn, void *first, void *second);

/* ---- commits whose outcome the client does not get to know (cut.c) ---- */

enum cut { CUT_NOTHING, CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT, CUT_LATE_COMMIT };

/* The shared database by way of a go-between that can cut connections. */
const struct config *cut_config(void);

/* The next COMMIT loses its connection: the server never gets it, or has done it, or will do it a little later. */
void cut_next_commit(enum cut cut);

/* The next n connections are closed before the server has said a word. */
void cut_next_connections(int n);

#endif
