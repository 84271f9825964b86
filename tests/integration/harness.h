/*
 * What the integration tests share: a running instance, a model server, a client, people and things to talk about.
 *
 * Everything the tests see goes through real nginx over TLS. One instance serves the whole program; each test makes
 * an experience or a course of its own, so tests do not meet. Whatever happens to the program, a process of its own
 * (keeper.c) stops what was started. Texts, answers and rows live until the test ends. The harness itself gives up
 * (harness_die()) when its own steps fail.
 */
#ifndef TESTS_INTEGRATION_HARNESS_H
#define TESTS_INTEGRATION_HARNESS_H

#include <json-c/json.h>
#include <sys/types.h>

#include "unit.h"

/* ---- memory, time, giving up (basics.c) ---- */

struct arena *test_arena(void);
char *textf(const char *fmt, ...) PRINTF_LIKE(1, 2);
char *lastingf(const char *fmt, ...) PRINTF_LIKE(1, 2); /* lives to the end of the program */
char *repeated(const char *piece, size_t n);            /* piece n times */
_Noreturn void harness_die(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* For what comes at some time, and where time is not what is looked at: a wait that succeeds costs nothing. */
enum { PATIENCE_MS = 20000 };

/* Try until it is done, at most limit_ms; says whether it was. */
bool wait_until(bool (*is_done)(void *arg), void *arg, int64_t limit_ms);
void pause_ms(unsigned ms);
void harness_end(void); /* keeper_finish(), then the memory is gone */

/* ---- processes (keeper.c) ---- */

/*
 * Begin before anything is started: from then on all that is told to the keeper is undone when this process ends,
 * however it ends.
 */
void keeper_start(void);
void keeper_remember_state(const char *quickstart,
                           const char *dir);  /* `quickstart down --state dir`, then the folder is removed */
void keeper_remember_folder(const char *dir); /* is removed, last of all */
void keeper_finish(void);                     /* undo it all now, and wait for that */

/*
 * Run a program to its end: its exit code. env: "NAME=value" entries added to ours, NULL-terminated, or NULL. out
 * gets its standard output; standard error goes to the log of the run. At most limit_ms, then it is killed and -1
 * comes back.
 */
int run_program(const char *const *argv, const char *const *env, struct buf *out, int64_t limit_ms);

const char *test_program(void); /* the path of colloquy (instance.c) */

/* Start a program that dies with this process. */
pid_t start_program(const char *const *argv, const char *const *env);
void stop_program(pid_t pid, int signo);
const char *run_folder(void); /* of this run, for logs and states */
int free_port(void);

/* ---- model server and instances (instance.c) ---- */

struct model_server {
    pid_t pid;
    int port, control; /* control: answers whatever befalls the other */
};

/* certificate, key: files for TLS, or NULL for http. */
struct model_server model_server_start(const char *certificate, const char *key);
struct model_server model_server_start_at(int port, const char *certificate, const char *key);
struct model_server main_model(void); /* of every instance but those that say otherwise */
/* Refuse connections, or answer nothing any more; both false: as before. */
void model_mode(const struct model_server *model, bool is_refusing, bool is_silent);
/* Its delays and gaps are over at once: for what was to run until now, however long that took. False: as before. */
void model_hurry(bool is_hurried);
struct json_object *model_stats(void); /* what it has counted */
uint64_t model_requests(void);         /* for replies, that it has got so far */
uint64_t model_structured(void);       /* the same, for structured answers */
void model_reset(void);                /* its figures begin again */
/*
 * Wait until it has got so many requests in all, for replies or for structured answers; what is under way moves on. That
 * a turn has begun, and even that its stream has, says nothing of that.
 */
bool wait_for_requests(uint64_t n);
bool wait_for_structured(uint64_t n);

const char *file_in_run(const char *name); /* its path in run_folder() */

/* NAME.pem and NAME.key there: for 127.0.0.1, and signed by nobody else. */
void make_certificate(const char *name);

enum { INSTANCE_MAX_ENV = 24 };

struct instance {
    char *dir, *base; /* state folder; "https://127.0.0.1:8443" */
    int http_port, https_port;
    const char *env[INSTANCE_MAX_ENV + 1];
};

/*
 * Make one whose model is at base_url and bring it up; extra: more environment, NULL-terminated, or NULL. Lives to
 * the program's end.
 */
struct instance *instance_create(const char *name, const char *base_url, const char *const *extra);

/* One whose models have room for 6,000 tokens, made when first asked for. */
struct instance *instance_with_little_room(void);

/* Add lines to its config, as sections that the environment cannot give, and have it run with them. */
void instance_configure(struct instance *instance, const char *lines);

/* The instance that clients, commands and people belong to from now on. */
void instance_use(struct instance *instance);
struct instance *instance_used(void);
bool instance_up(struct instance *instance);                         /* `quickstart up`, also when it runs already */
bool instance_up_saying(struct instance *instance, struct buf *out); /* out gets what it prints */
bool instance_down(const struct instance *instance);
pid_t instance_pid(const struct instance *instance,
                   const char *part); /* "colloquy", "supervisor", "mariadb", "nginx"; 0: none runs */

/* All that Colloquy has logged there, of the instance in use. */
char *read_log(void);

/* Children of the master whose kind is "api" or "llm", or any when NULL. */
size_t instance_workers(const struct instance *instance, const char *kind, pid_t *out, size_t max);

/* `colloquy …` with that instance's config: its exit code, and in out what it printed. */
int command_run(const char *const *argv, struct buf *out);

/*
 * The same: what it printed, as JSON ({} when nothing); NULL when its exit code is
 * not 0.
 */
struct json_object *command(const char *const *argv);
#define COMMAND(...) command((const char *const[]){__VA_ARGS__, NULL})

/* The value of one status counter of the database, e.g. "Questions". */
uint64_t database_status(const char *name);
/* The one number that a statement answers with. */
uint64_t database_number(const char *sql);
bool database_try(const char *sql); /* a statement that answers with nothing; whether it worked */

/* ---- the client (client.c) ---- */

enum { CALL_MAX_HEADERS = 6 };

struct call {
    const char *method, *path;             /* path with its query */
    const char *token;                     /* NULL: none */
    const char *body;                      /* NULL: none */
    size_t len;                            /* of the body; 0: strlen */
    const char *type;                      /* of the body; NULL: application/json */
    const char *accept;                    /* NULL: any */
    const char *headers[CALL_MAX_HEADERS]; /* "Name: value" */
    bool is_plain;                         /* a body that nobody looks into: it is not read as JSON */
    long limit_ms;                         /* 0: 30 s */
};

struct event {
    const char *name;
    struct json_object *data;
};

struct answer {
    long status; /* 0: there was none */
    const char *body;
    size_t len;
    struct json_object *json; /* NULL: the body is no JSON */
    struct event *events;     /* of a text/event-stream */
    size_t n_events;
    const char *header_lines;
    int64_t took_us;
    bool
        is_stale; /* a kept connection was closed by the other side before anything came: fair, and worth another try */
};

struct transfer;

struct transfer *call_start(const struct call *call);
const struct answer *call_finish(struct transfer *transfer);
const struct answer *call_finish_hurried(struct transfer *transfer); /* with model_hurry() */
/* Wait until at most so many of them are under way. */
bool wait_for_calls(struct transfer *const *transfers, size_t n, size_t most_running);
bool call_is_done(const struct transfer *transfer);
/* Wait until an event of this name has come (n times); false when the transfer ended or limit_ms passed before. */
bool call_wait_event(struct transfer *transfer, const char *name, size_t n, int64_t limit_ms);
void call_leave(struct transfer *transfer); /* close the connection at once */
void calls_run(int wait_ms);                /* move all transfers on */

const struct answer *call_now(const struct call *call);
#define CALL(m, p, t, ...)  call_now(&(struct call){.method = (m), .path = (p), .token = (t), __VA_ARGS__})
#define START(m, p, t, ...) call_start(&(struct call){.method = (m), .path = (p), .token = (t), __VA_ARGS__})

/* The value of a header, "" when it is absent. */
const char *header(const struct answer *answer, const char *name);

/* Send these bytes over a TLS connection of their own; what came back until it closed, or 5 s. */
const char *raw_exchange(const char *bytes, size_t len);

/* ---- looking at answers (client.c) ---- */

/* By JSON pointer; NULL when absent, or when it is null. */
struct json_object *json_at(struct json_object *json, const char *pointer);
const char *text_at(struct json_object *json, const char *pointer); /* "" when it is no string */
int64_t int_at(struct json_object *json, const char *pointer);      /* -1 when it is no number */
size_t count_at(struct json_object *json, const char *pointer);     /* members of an array; 0 when it is none */

struct json_object *json_of(const char *text); /* text must be JSON */
size_t count_events(const struct answer *answer, const char *name);
struct json_object *event_at(const struct answer *answer, const char *name); /* the last one's data; NULL: none */
const char *joined_deltas(const struct answer *answer);

/* Assertions that print what came instead. */
bool expect_status(const char *row, const struct answer *answer, long status);
bool expect_json(const char *row, struct json_object *json, const char *pointer,
                 const char *want); /* want: JSON, compared as values */
bool expect_body(const char *row, const struct answer *answer, long status, const char *want);

/* Each row must hold in the object. */
struct expected {
    const char *pointer, *want;
};
bool expect_fields(const char *row, struct json_object *json, const struct expected *fields, size_t n);

/* An answer as every one of the API must be: JSON with the contract's headers. */
void expect_api_headers(const char *row, const struct answer *answer);

/*
 * A refusal of a conversation call: status, code, retryable, reference_id, the texts, and Retry-After exactly when
 * retry is set.
 */
bool expect_refusal(const char *row, const struct answer *answer, long status, const char *code, bool retryable);

/* ---- people and what they do (people.c) ---- */

enum person { TEACHER, TA, DESIGNER, STUDENT, OTHER_STUDENT, OBSERVER, ADMIN, FORMER_STUDENT, STRANGER, N_PEOPLE };

/*
 * Of the instance in use, made when first asked for. STRANGER teaches another course; FORMER_STUDENT's enrollment has
 * ended.
 */
uint64_t id_of(enum person who);
const char *login_of(enum person who);
const char *token_of(enum person who);
uint64_t main_course(void);
uint64_t other_course(void);
uint64_t make_course(void);            /* everybody has the same part in it as in main_course() */
uint64_t make_user(const char *login); /* with no part in any course */
void enroll(uint64_t course, const char *login, const char *role, const char *state);
void give_password(const char *login, const char *password);
const char *make_token(const char *login, const char *scope); /* scope NULL: without scopes */

uint64_t make_experience(const char *workflow_state); /* in main_course(), by its teacher */
uint64_t make_experience_in(uint64_t course, const char *workflow_state, const char *title);
char *experiences_path(uint64_t course);
char *experience_path(uint64_t course, uint64_t id);

struct talk {
    uint64_t course, experience, id;
    const char *token;
    char *list_path, *path, *messages_path;
    struct json_object *opened; /* the answer to opening it */
};

struct talk open_talk(enum person who); /* on a new published experience in main_course() */
struct talk open_talk_on(uint64_t course, uint64_t experience, const char *token);
char *message_body(const char *text); /* {"message":text} */
const struct answer *say(const struct talk *talk, const char *text);
const struct answer *say_with_key(const struct talk *talk, const char *text, const char *key);
struct transfer *say_start(const struct talk *talk, const char *text, const char *key, bool streaming);

/* The conversation as its owner reads it now. */
struct json_object *read_talk(const struct talk *talk);
/*
 * Wait until its last message is by role ("Assistant") or has that status; gives the conversation, NULL when limit_ms
 * passed.
 */
struct json_object *wait_for_reply(const struct talk *talk, int64_t limit_ms);
struct json_object *wait_for_status(const struct talk *talk, const char *status, int64_t limit_ms);
struct json_object *last_message(struct json_object *conversation);

#endif
