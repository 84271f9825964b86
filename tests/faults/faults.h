/*
 * What Colloquy promises under faults: what its tests share.
 *
 * A fault is a row: what is promised, how long it lasts, and what it does to a running instance while a crowd of
 * students talks there (load.c). Whatever is done to it, the crowd must find all that was acknowledged (ledger.c), and
 * the instance must look as before (watch.c). One instance serves nearly all faults; the database is its own, so that
 * a fault may do with it what it likes (database.c), and a shim in its processes lets calls fail (shim.h).
 */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include "harness.h"

/* ---- rows ---- */

/* What clients may see while the fault lasts; what is not named here they may not. */
enum may {
    MAY_BREAK = 1,      /* a request whose worker died: 502, or a stream without its end */
    MAY_REFUSE = 2,     /* 503 (or 502, when nobody listens), in the form of the API and with Retry-After */
    MAY_FAIL_READS = 4, /* the same for reads */
    MAY_FAIL = 16,      /* a request that met the fault itself: 500 JSON, which says nothing of another try */
    MAY_GROW = 8,       /* memory and descriptors are not compared: too few workers live through it */
};

struct load_plan {
    const char *says;           /* directives for the model, before each message; NULL: a short wait */
    const char *others_say;     /* of every second speaker; NULL: the same */
    unsigned speakers, readers; /* 0: the usual number */
    unsigned read_pause_ms;     /* of each reader, between two reads; 0: the usual */
    unsigned again_ms;          /* before what was refused is sent again; 0: the usual */
};

struct fault {
    const char *name, *promise;
    unsigned full_s, suite_ms;   /* how long it lasts with --full, and in the suite */
    const char *const *settings; /* of the server, NULL-terminated; NULL: the usual */
    unsigned may;
    struct load_plan load;
    unsigned every_ms; /* how often disturb() is called */
    void (*begin)(void);
    void (*disturb)(unsigned nth);
    void (*heal)(void);
    void (*check)(void);
    void (*run)(const struct fault *fault, int64_t for_ms); /* all of it, instead of these four */
    bool is_whole;                                          /* a long run is not to be cut into chapters */
    const void *detail;                                     /* what run() wants to know besides */
};

struct fault_table {
    const struct fault *rows;
    size_t n;
};

extern const struct fault_table worker_faults, master_faults, database_faults, model_faults, client_faults,
    limit_faults, document_faults, soak_faults;

/* Print a figure that was measured, beside the name of the fault. */
void figure(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Whether this is a run before a release. */
bool is_full(void);

/* The instance of this program; with settings of its own it is another server on the same data. */
struct instance *faults_instance(void);
void restart_with(const char *const *settings);

/* ---- the crowd (load.c) ---- */

struct load_figures {
    size_t n_acknowledged, n_broken, n_refused, n_failed, n_waited; /* waited: 409 after one of the former */
    size_t n_unfair;                                                /* answers that nobody may ever see */
    size_t n_unfinished;                                            /* of those that load_must_finish() named */
    size_t n_opened, n_reads, n_reads_failed;
    size_t n_stale;                       /* see struct answer */
    int64_t last_bad_ms;                  /* when the youngest of the failed requests was begun */
    int64_t first_post_ms, first_read_ms; /* first success of what was begun after load_mark() */
};

void load_start(const struct load_plan *plan);
void load_step(int wait_ms);
/* Let it go on for so long; disturb (or NULL) is called every so often. */
void load_for(int64_t for_ms, unsigned every_ms, void (*disturb)(unsigned nth));
/* wait_until(), the load going on meanwhile. */
bool wait_under_load(bool (*is_done)(void *arg), void *arg, int64_t limit_ms);
void load_mark(void);
bool load_is_good(void *unused); /* something that was begun since then was read, and something said */
/* What is under way now, once it has had the time to reach a worker, must be acknowledged as it is, without another try. */
void load_must_finish(void);
/* Nobody begins anything new; wait until all is acknowledged and read back. */
void load_finish(void);
const struct load_figures *load_figures(void);
void load_check(unsigned may);
/* The students of the crowd, and what they may write to. */
const char *student_token(size_t i);
uint64_t crowd_experience(size_t i);
bool refusal_is_fair(const struct answer *answer);
/* How the answer of a post ended. */
enum post_end { POST_DONE, POST_BROKEN, POST_REFUSED, POST_IN_PROGRESS, POST_FAILED, POST_STALE, POST_UNFAIR };
enum post_end post_end(const struct answer *answer);
const struct answer *post_until_done(const struct talk *talk, const char *text, const char *key, int64_t limit_ms);

/* Times of answers since load_start() or times_clear(), in µs; -1: there was none. */
enum times_of { TIME_READ, TIME_TURN, TIME_REFUSAL, TIME_OTHER, N_TIMES };
void times_clear(void);
int64_t times_percentile(enum times_of of, unsigned percent);

/* ---- the ledger (ledger.c) ---- */

enum { UUID_BYTES = 40, ROUNDS = 12 }; /* after so many rounds a student opens another conversation */

struct said {
    char id[UUID_BYTES], reply_id[UUID_BYTES];
};

/* What one conversation acknowledged: after the opening and its greeting, n messages with a reply each. */
struct page {
    uint64_t conversation_id;
    const char *says; /* directives before each text */
    size_t n;
    struct said said[ROUNDS];
};

void ledger_clear(void);
struct page *ledger_page(uint64_t conversation_id, const char *says);
/* What is said in that round, and what the model replies to it. */
char *ledger_text(const struct page *page, size_t round);
char *ledger_reply(const struct page *page, size_t round);
/* A word that stands in each of these texts, and nowhere else. */
const char *ledger_word(void);
/* The conversation as the API shows it; asserts. */
void ledger_compare(const struct page *page, struct json_object *conversation);
/* All pages against the tables; asserts. */
void ledger_check(void);

/* ---- looking from outside (watch.c) ---- */

enum {
    MAX_PIDS = 128,
    BUSY_MS = 250,   /* of a busy machine, on what is promised in milliseconds and measured here many times, or again */
    SLACK_MS = 3000, /* of one that stalls, on what is measured once: what is wrong takes longer still, or for ever */
};

void watch_begin(void);
void watch_end(unsigned may);
void watch_killed(pid_t pid);                     /* it is dead on purpose */
bool log_has(const char *text, int64_t limit_ms); /* written since watch_begin() */
size_t log_count(const char *text);
uint64_t log_most(const char *text); /* the largest number that stands behind this */
bool is_alive(pid_t pid);
size_t children(pid_t parent, const char *name, pid_t *out, size_t max); /* whose name begins so, or any when NULL */
size_t workers(const char *kind, pid_t *out);                            /* at most MAX_PIDS */
pid_t master_pid(void);
bool has_full_strength(void *unused); /* all workers of all pools are ready */
bool is_healthy(void *unused);
int64_t health_number(const char *pool, const char *name);
uint64_t cpu_ms(pid_t pid, bool with_children);
size_t n_fds(pid_t pid);
uint64_t pss_kib(pid_t pid);
uint64_t pss_most_kib(const char *kind);       /* of the largest worker */
size_t held_by(pid_t pid, const char *socket); /* connections accepted from "llm" or "api" */
size_t held(const char *socket);

/* ---- orphans (settle.c) ---- */

void settle_clear(void);
void settle_add(pid_t owner);         /* a worker that has just been killed */
size_t settle_look(void);             /* how many of them still have a pending turn */
void settle_finish(int64_t limit_ms); /* look until none has */
void settle_check(int64_t limit_ms);  /* asserts that it never took longer */

/* ---- the database (database.c) ---- */

void database_take(void); /* from now on it is a child of ours, with the shim */
pid_t database_pid(void);
void database_stop(int signo); /* and wait for its end */
void database_start(void);     /* returns when it accepts */
bool database_has_ended(void); /* of itself; nobody has started it again */
bool admin(const char *sql);
uint64_t admin_number(const char *sql, uint64_t otherwise);
size_t database_connections(void); /* of the server */

/* ---- the shim ---- */

struct shim_control *shim(void);

#endif
