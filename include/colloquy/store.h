/*
 * store: every SQL statement, one file per aggregate.
 *
 * Functions take a connection and typed values and give rows whose texts live in ctx->arena. They return
 *   CQ_OK
 *   CQ_RESOURCE_NOT_FOUND  no such row
 *   CQ_BUSY                the database is away, read-only or full: the same call may succeed later
 *   CQ_INTERNAL            a statement is wrong (logged)
 * and what their own comment adds. A read that finds its connection gone is run again on a new one; a write runs
 * in a transaction, which is run again when it lost a deadlock or its connection before the commit was sent. Times
 * are milliseconds since 1970 UTC, by the database's clock.
 */
#ifndef COLLOQUY_STORE_H
#define COLLOQUY_STORE_H

#include "colloquy/base.h"
#include "colloquy/store/account.h"
#include "colloquy/store/bot.h"
#include "colloquy/store/chat.h"
#include "colloquy/store/chat_search.h"
#include "colloquy/store/document.h"
#include "colloquy/store/request_key.h"

/* ---- the connection ---- */

struct db;

/* Once in each process, before any thread is made. */
enum cq_status db_library_init(void) MUST_USE;

/* At the end of each thread that used a connection. */
void db_thread_end(void);

/* A connection that connects when first used and again when lost. For one thread. config is borrowed. NULL: memory. */
struct db *db_create(const struct config *config);
void db_destroy(struct db *db);

/*
 * Before the first use: a transaction begins with its first statement, reads included, so that none is spent on its
 * begin. Who asks for this calls db_rest() after each piece of work: what was only read is otherwise never ended, and
 * holds up whoever changes the schema.
 */
void db_set_autocommit_off(struct db *db);
void db_rest(struct db *db);

/* Whether the database answers. */
enum cq_status db_ping(struct cq_ctx *ctx, struct db *db) MUST_USE;

/* On clock_mono_ms(): when the database last answered; 0: never. */
int64_t db_answered_ms(const struct db *db);

/* What a connection has cost. */
struct db_effort {
    uint64_t round_trips; /* statements sent, transaction control included */
    uint64_t wait_us;     /* for their answers */
    uint64_t connects;    /* connections made */
    uint64_t reruns;      /* of reads and transactions, after a lost deadlock or a lost connection */
};

/* Since it was last taken. */
struct db_effort db_take_effort(struct db *db);

/* ---- migrations (migrate.c) ---- */

/*
 * Apply what schema/ holds and the database lacks, in order; said says each step. Safe to run from several hosts at
 * once. CQ_INVALID_REQUEST: a file that was applied has been edited since.
 */
enum cq_status store_migrate(struct cq_ctx *ctx, struct db *db, const struct config *config,
                             void (*said)(const char *line)) MUST_USE;

/* How many of the files in schema/ are not applied; all of them when there is no schema at all. */
enum cq_status store_migrations_missing(struct cq_ctx *ctx, struct db *db, uint64_t *n) MUST_USE;

/* ---- people, courses, access tokens (admin.c): what the command line writes ---- */

enum role { ROLE_STUDENT, ROLE_OBSERVER, ROLE_DESIGNER, ROLE_TA, ROLE_TEACHER, ROLE_COUNT };

struct new_user {
    const char *login, *name, *sortable_name, *short_name; /* not NULL */
    const char *email, *password_hash;                     /* NULL: none */
    bool is_admin;
};

/* CQ_DUPLICATE: the login is taken. */
enum cq_status store_user_add(struct cq_ctx *ctx, struct db *db, const struct new_user *user, uint64_t *id) MUST_USE;
enum cq_status store_user_by_login(struct cq_ctx *ctx, struct db *db, const char *login, uint64_t *id) MUST_USE;

enum cq_status store_course_add(struct cq_ctx *ctx, struct db *db, const char *code, const char *name,
                                uint64_t *id) MUST_USE;

/* CQ_RESOURCE_NOT_FOUND: no such course. */
enum cq_status store_course_find(struct cq_ctx *ctx, struct db *db, uint64_t id) MUST_USE;

/* Add the enrollment or change its state (is_active: active, else completed). CQ_RESOURCE_NOT_FOUND: no such course. */
enum cq_status store_enroll(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t user_id, enum role role,
                            bool is_active, uint64_t *id) MUST_USE;

struct new_access_token {
    uint64_t user_id;
    uint8_t hash[SHA256_BYTES];
    const char *purpose;
    const char *const *scopes; /* n_scopes 0: may call everything */
    size_t n_scopes;
    uint64_t expires_in_s; /* 0: never */
};

/* expires_at_ms is 0 when it never does. */
enum cq_status store_access_token_add(struct cq_ctx *ctx, struct db *db, const struct new_access_token *token,
                                      uint64_t *id, int64_t *expires_at_ms) MUST_USE;

/* By id, or when id is 0 by hash. CQ_RESOURCE_NOT_FOUND: no such token. Revoking again changes nothing. */
enum cq_status store_access_token_revoke(struct cq_ctx *ctx, struct db *db, uint64_t id,
                                         const uint8_t hash[SHA256_BYTES]) MUST_USE;

/* ---- browsers: their sessions (session.c) and how they begin (sign_in.c) ---- */

struct new_session {
    uint64_t user_id;
    uint8_t hash[SHA256_BYTES];
    const char *password_hash;        /* that was verified; NULL: its user signed in by other means */
    const char *user_agent, *address; /* at most 255 and 45 characters; NULL: not known */
    const uint8_t *ended_hash;        /* of the session that it takes the place of; NULL: none */
    uint32_t idle_s, absolute_s;      /* it ends so long after its last use, and after its beginning in any case */
};

/*
 * Begin it, end the one before, and delete some of the user's that are over. CQ_RESOURCE_NOT_FOUND: there is no such user, or the
 * password has been changed since it was verified.
 */
enum cq_status store_session_begin(struct cq_ctx *ctx, struct db *db, const struct new_session *session) MUST_USE;

/* Ending what has ended, or never was, changes nothing. */
enum cq_status store_session_end(struct cq_ctx *ctx, struct db *db, uint8_t hash[SHA256_BYTES]) MUST_USE;
enum cq_status store_session_is_live(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES],
                                     bool *out) MUST_USE;

/* Move the limit of a session that a load found due: access_row.touch_id. One statement, sent once. */
enum cq_status store_session_touch(struct cq_ctx *ctx, struct db *db, uint64_t id, uint32_t idle_s,
                                   uint32_t absolute_s) MUST_USE;

struct sign_in_user {
    uint64_t id;
    const char *login;         /* as it was made */
    const char *password_hash; /* NULL: no local password */
};

/* Whose login it is, as people compare names, or who has that id. CQ_RESOURCE_NOT_FOUND: nobody. */
enum cq_status store_sign_in_user(struct cq_ctx *ctx, struct db *db, const char *login,
                                  struct sign_in_user *out) MUST_USE;
enum cq_status store_sign_in_user_by_id(struct cq_ctx *ctx, struct db *db, uint64_t id,
                                        struct sign_in_user *out) MUST_USE;

/* What failed sign-ins are counted by. */
struct sign_in_subjects {
    uint8_t pair[SHA256_BYTES];    /* of a login and an address */
    uint8_t address[SHA256_BYTES]; /* of the address */
};

/* How long until fewer than limit failures of either are of the last minute, 1 to 60; 0: there are. */
enum cq_status store_sign_in_wait(struct cq_ctx *ctx, struct db *db, const struct sign_in_subjects *subjects,
                                  uint32_t limit, uint32_t *wait_s) MUST_USE;

/* Count one failure of both. */
enum cq_status store_sign_in_failed(struct cq_ctx *ctx, struct db *db, struct sign_in_subjects *subjects) MUST_USE;

/* ---- what links are signed with (site_secret.c) ---- */

/* The same for all workers on all machines. It is never logged. */
enum cq_status store_link_secret(struct cq_ctx *ctx, struct db *db, uint8_t out[SHA256_BYTES]) MUST_USE;

/* ---- who asks, and for what: one statement for each request (access.c, with the aggregates) ---- */

/* What names the caller and the thing. An id of 0 names nothing, and finds nothing. */
struct load_key {
    uint8_t token_hash[SHA256_BYTES];
    bool is_session;   /* the hash is of a session; a session is no access token, nor is a token one */
    const char *scope; /* of the route */
    uint64_t course_id, ai_experience_id, conversation_id;
    const char *chat_name, *bot_name; /* "" names nothing */
};

struct access_row {
    uint64_t user_id;
    bool is_admin;
    uint64_t token_id; /* of the access token, or of the session */
    bool is_expired, is_revoked;
    int64_t expires_at_ms;
    uint64_t touch_id; /* of a live session whose limit is to be moved; 0: none */
    bool has_scope;
    uint64_t course_id; /* 0: no such course */
    uint32_t roles;     /* bit 1 << enum role for each active enrollment in that course */
};

/* CQ_TOKEN_UNKNOWN from each of the loads: no such token. What else is missing is a 0 in its id. */
enum cq_status store_load_course(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                 struct access_row *access) MUST_USE;

/* The caller's own conversation of the chat API (chat.c), or one of id 0. */
enum cq_status store_load_chat(struct cq_ctx *ctx, struct db *db, const struct load_key *key, struct access_row *access,
                               struct chat_row *row) MUST_USE;

/* The bot of that name (bot.c): id 0 when there is none; is_usable and is_editable say what the caller may. */
enum cq_status store_load_bot(struct cq_ctx *ctx, struct db *db, const struct load_key *key, struct access_row *access,
                              struct bot_row *row) MUST_USE;

/* ---- AI experiences (ai_experience.c) ---- */

struct ai_experience_row {
    uint64_t id; /* 0: none, or deleted, or of another course */
    uint64_t course_id;
    const char *workflow_state;
    const char *title;
    const char *description, *facts; /* NULL: none */
    const char *learning_objective;  /* objectives joined by \n */
    const char *pedagogical_guidance;
    const char *evaluation_metrics; /* JSON array; NULL: none */
    const char *context_key;        /* changes when its context files do; NULL: it has none */
    int64_t created_at_ms, updated_at_ms;
    bool is_replay;                     /* of a create: an earlier one with the same key made it */
    bool is_started;                    /* a student enrolled now has a conversation of it; not of a load */
    const char *latest_state;           /* of the caller's latest conversation; NULL: none */
    bool latest_met;                    /* which met all objectives */
    uint64_t completed_count;           /* of a manager's list only */
    struct document_list context_files; /* after store_context_files_read(), and of what was written */
};

enum cq_status store_load_ai_experience(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                        struct access_row *access, struct ai_experience_row *row) MUST_USE;

/* For a row that was loaded: a statement of its own, so that readers who are not shown it do not pay for it. */
enum cq_status store_ai_experience_is_started(struct cq_ctx *ctx, struct db *db, uint64_t id, bool *out) MUST_USE;

/* Put their context files beside n experiences of a course, which stand in the order of their ids; no statement if none has any. */
enum cq_status store_context_files_read(struct cq_ctx *ctx, struct db *db, struct ai_experience_row *rows,
                                        size_t n) MUST_USE;

struct ai_experience_list {
    struct ai_experience_row *rows;
    size_t n;
    uint64_t total;          /* in all pages */
    uint64_t total_students; /* with an active enrollment; of a manager's list only */
};

/*
 * One page, by id. workflow_state: only that one; NULL: all but deleted, or only published ones unless is_manager.
 * The caller's latest conversation is filled in unless is_manager; the counts, and what only managers are shown, if.
 */
enum cq_status store_ai_experience_list(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t user_id,
                                        bool is_manager, const char *workflow_state, uint64_t limit, uint64_t offset,
                                        struct ai_experience_list *out) MUST_USE;

/* What a create or an update sets. Of an update: NULL with the flag set clears, without it leaves as it is. */
struct ai_experience_change {
    bool set_title, set_description, set_facts, set_learning_objective, set_pedagogical_guidance, set_workflow_state,
        set_evaluation_metrics, set_context_file_ids;
    const char *title, *description, *facts, *learning_objective, *pedagogical_guidance, *workflow_state,
        *evaluation_metrics;
    const uint64_t *context_file_ids; /* in their order, none twice */
    size_t n_context_file_ids;
};

/* What stands in the way of a state. */
enum state_fault {
    STATE_IS_FINE,
    STATE_FILES_PROCESSING, /* not all files can be drawn from */
    STATE_IS_STARTED,       /* by a student: it is not to be unpublished any more */
};

/* Where a new one belongs, and the request that creates it. */
struct ai_experience_origin {
    uint64_t course_id;
    uint64_t user_id; /* whose key it is */
    struct request_key key;
};

/* Whether it may become that, as its row says (is_started, context_files). What it is already it may become. */
enum state_fault store_state_fault(const struct ai_experience_row *row, const char *workflow_state);

/* The one that the same request has created before, as it is now. CQ_RESOURCE_NOT_FOUND: it has not. CQ_IDEMPOTENCY_CONFLICT: as below. */
enum cq_status store_ai_experience_created(struct cq_ctx *ctx, struct db *db, const struct ai_experience_origin *origin,
                                           struct ai_experience_row *row) MUST_USE;

/*
 * CQ_INVALID_FIELDS: the state is not to be had; row says why (store_state_fault()). CQ_SOURCE_GONE: a file that was chosen is none of the
 * course's. CQ_IDEMPOTENCY_CONFLICT: the key stood for another body. Then nothing was changed. Else row: as it is now.
 */
enum cq_status store_ai_experience_create(struct cq_ctx *ctx, struct db *db, const struct ai_experience_origin *origin,
                                          const struct ai_experience_change *change,
                                          struct ai_experience_row *row) MUST_USE;
enum cq_status store_ai_experience_update(struct cq_ctx *ctx, struct db *db, uint64_t id,
                                          const struct ai_experience_change *change,
                                          struct ai_experience_row *row) MUST_USE;

/* It draws from no files any more. row: as it was left. */
enum cq_status store_ai_experience_delete(struct cq_ctx *ctx, struct db *db, uint64_t id,
                                          struct ai_experience_row *row) MUST_USE;

/* ---- conversations and messages (conversation.c, message.c) ---- */

struct conversation_row {
    uint64_t id; /* 0: none, or of another experience */
    uint64_t ai_experience_id, user_id;
    const char *uuid;
    const char *workflow_state;     /* active, completed */
    const char *learning_objective; /* as when it was opened */
    const char *met_at;             /* one entry an objective, comma-separated */
    bool all_objectives_met;
    bool has_feedback;   /* somebody has voted on a message of it: worth store_feedback_read() */
    uint32_t n_messages; /* without the opening one; of lists only */
    int64_t created_at_ms, updated_at_ms;
};

/* The conversation named by the key, whoever's it is. */
enum cq_status store_load_conversation(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                       struct access_row *access, struct ai_experience_row *experience,
                                       struct conversation_row *row) MUST_USE;

/* A user's vote on a message of the assistant's. */
struct feedback_row {
    const char *uuid, *message_uuid;
    uint64_t user_id;
    const char *vote;             /* liked, disliked */
    const char *feedback_message; /* NULL: none */
    int64_t created_at_ms, updated_at_ms;
};

enum message_status { MESSAGE_COMPLETE, MESSAGE_PENDING, MESSAGE_FAILED };

struct message_row {
    uint32_t seq;
    const char *uuid;
    bool is_assistant, is_initial;
    bool is_stopped; /* by its reader: the text is what had come until then */
    const char *text;
    const char *html;      /* NULL for a user's message */
    const char *citations; /* JSON, as clients get it; NULL: none */
    int64_t created_at_ms;
    enum message_status status;
    const struct feedback_row *feedback; /* the caller's vote, after store_feedback_read(); NULL: none */
};

struct message_list {
    struct message_row *rows; /* oldest first */
    size_t n;
};

/*
 * The caller's own active conversation with all its messages, in one statement. Of its experience only id and
 * workflow_state, which decide who may read.
 */
enum cq_status store_load_active_conversation(struct cq_ctx *ctx, struct db *db, const struct load_key *key,
                                              struct access_row *access, struct ai_experience_row *experience,
                                              struct conversation_row *row, struct message_list *messages) MUST_USE;

/* The messages at places below end_seq; UINT32_MAX: all. */
enum cq_status store_message_list(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint32_t end_seq,
                                  struct message_list *out) MUST_USE;

struct student_row {
    uint64_t id;
    const char *name, *sortable_name, *short_name;
    const char *avatar_url; /* NULL: none */
    int64_t created_at_ms;
};

/* All messages and whose conversation it is, in one statement. */
enum cq_status store_message_list_with_student(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id,
                                               uint64_t user_id, struct student_row *student,
                                               struct message_list *out) MUST_USE;

struct course_names {
    const char *name, *code;
};

/* The same, and which course it is of. */
enum cq_status store_transcript(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t conversation_id,
                                uint64_t user_id, struct course_names *course, struct student_row *student,
                                struct message_list *out) MUST_USE;

/* The place of a message in its conversation, and whose it is. uuid: in lower case. */
enum cq_status store_message_find(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, const char *uuid,
                                  uint32_t *seq, bool *is_assistant) MUST_USE;

struct conversation_list {
    struct conversation_row *rows; /* newest first; without uuid and learning_objective, which no list shows */
    size_t n;
    uint64_t total; /* in all pages */
};

/* One page of a user's conversations of an AI experience, ended ones too. */
enum cq_status store_conversation_list(struct cq_ctx *ctx, struct db *db, uint64_t ai_experience_id, uint64_t user_id,
                                       uint64_t limit, uint64_t offset, struct conversation_list *out) MUST_USE;

/* Make it completed, if it is active; a running turn is still stored. */
enum cq_status store_conversation_complete(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id) MUST_USE;

/* ---- the students of a course and the latest conversation of each (roster.c, class.c) ---- */

struct roster_row {
    struct student_row student;
    struct conversation_row conversation; /* without learning_objective; id 0: none, and no met_at */
};

struct roster {
    struct roster_row *rows; /* by sortable name, then id */
    size_t n;
    uint64_t total;                                              /* in all pages */
    uint64_t n_completed, n_in_progress, n_ended, n_not_started; /* of all students; 0 of a search */
};

/*
 * One page of the students with an active enrollment; limit INT64_MAX: all of them. search_term: only those in whose
 * name it stands, case and accents ignored; NULL: all.
 */
enum cq_status store_roster(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t ai_experience_id,
                            const char *search_term, uint64_t limit, uint64_t offset, struct roster *out) MUST_USE;

/*
 * A student's latest conversation, of which there are what counting takes: id (0: none), workflow_state, all_objectives_met, met_at and
 * learning_objective. Texts live until it returns, and so does what it puts into ctx->arena. Anything but CQ_OK ends the
 * list with it. No call of the store inside.
 */
typedef enum cq_status store_latest_fn(struct cq_ctx *ctx, void *arg, const struct conversation_row *latest);

/*
 * Call fn for each student with an active enrollment, in no order. learning_objective: the experience's as it is now; where a
 * conversation has the same, which most do, row and argument share it.
 */
enum cq_status store_latest_each(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t ai_experience_id,
                                 const char *learning_objective, store_latest_fn *fn, void *arg) MUST_USE;

/* ---- votes (feedback.c) ---- */

/* Put the user's votes beside the messages, which stand in their order. */
enum cq_status store_feedback_read(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint64_t user_id,
                                   struct message_list *messages) MUST_USE;

struct new_feedback {
    uint64_t conversation_id, user_id;
    uint32_t seq; /* of the message */
    const char *message_uuid;
    const char *uuid; /* a new one; a vote that is replaced keeps its own */
    const char *vote, *feedback_message;
};

/* The user's vote on that message from now on. CQ_RESOURCE_NOT_FOUND: no such message. */
enum cq_status store_feedback_put(struct cq_ctx *ctx, struct db *db, const struct new_feedback *feedback,
                                  struct feedback_row *row) MUST_USE;

/* CQ_RESOURCE_NOT_FOUND: no such vote, or another's, or on another message. Both uuids are in lower case. */
enum cq_status store_feedback_remove(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint64_t user_id,
                                     const char *message_uuid, const char *uuid) MUST_USE;

/* ---- what calls of models used (usage.c), and its sums (usage_list.c) ---- */

/* Model tokens, and their price in units of 10^-9 of the currency. */
struct usage {
    uint64_t input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, price_nano;
};

enum { USAGE_MAX_MODELS = 8 };

struct model_usage {
    const char *model; /* as the configuration names it */
    uint64_t calls;
    struct usage sum;
};

/* All calls that a turn or an evaluation made. All 0: none. */
struct model_calls {
    const char *json;                            /* an array with an object for each; NULL: none */
    struct model_usage models[USAGE_MAX_MODELS]; /* in the order of their names */
    size_t n;
};

/* Sum up one call more, whether it worked or not. model is borrowed. A ninth model is counted as one of the eight. */
void store_calls_add(struct model_calls *calls, const char *model, const struct usage *usage);

enum usage_by { USAGE_BY_DAY, USAGE_BY_USER, USAGE_BY_MODEL };

struct usage_query {
    enum usage_by by;
    uint64_t course_id;        /* 0: all */
    const char *since, *until; /* YYYY-MM-DD, by UTC; both days are meant too */
};

struct usage_row {
    uint64_t course_id;
    const char *day;  /* YYYY-MM-DD; NULL unless by day */
    const char *user; /* login; NULL unless by user, or when there is no such user any more */
    struct model_usage used;
};

/* The row's texts live until it returns. Anything but CQ_OK ends the list with it. No call of the store inside. */
typedef enum cq_status store_usage_fn(void *arg, const struct usage_row *row);

/*
 * Call fn for each course, day, user or none of both, and model: by course, then day or login, then model. No more than
 * one course's rows are held in memory.
 */
enum cq_status store_usage_list(struct cq_ctx *ctx, struct db *db, const struct usage_query *query, store_usage_fn *fn,
                                void *arg) MUST_USE;

/* ---- turns (turn_begin.c, turn_end.c): one user message and its reply ---- */

/* What a user may do in a day (UTC), and have running at once; what a course's users may use in a day. */
struct user_limits {
    uint32_t conversations_per_day, messages_per_day, evaluations_per_day;
    uint32_t chat_messages_per_day; /* 0: no limit */
    uint32_t turns_at_once;
    uint32_t user_tokens_per_day, course_tokens_per_day; /* input and output; 0: no limit */
};

struct turn_request {
    const struct user_limits *limits;
    uint64_t user_id, course_id, ai_experience_id;
    uint64_t conversation_id; /* 0: open a conversation, with the four below */
    const char *conversation_uuid;
    const char *learning_objective, *met_at;
    const char *text;         /* the user's, or the opening message */
    const char *message_uuid; /* a new one; a turn that is tried again keeps its message's own */
    const char *reply_uuid;
    const char *owner; /* of the lease */
    uint32_t lease_s;
    struct request_key key;
};

struct turn_row {
    uint64_t id, conversation_id;
    uint32_t user_seq;
    int64_t begun_ms, begun_mono_ms; /* when it was begun: the database's time, and clock_mono_ms() */
    const char *met_at;              /* the progress before it; NULL of an opening, which has none yet */
    const char *summary;             /* of the messages before seq summarised; NULL: none was made */
    uint32_t summarised;
    bool is_replay;                 /* the key was used before: nothing was begun, */
    uint32_t reply_seq;             /* … the reply stands here, */
                                    /* … met_at was the progress after it, */
    const char *learning_objective; /* … these are the conversation's objectives, */
    bool has_feedback;              /* … and somebody has voted on a message of it */
};

/*
 * Store the user's message and a pending turn with a lease, and what the model will be told: the messages up to and
 * with the new one. A failed turn whose text is the same and which is the conversation's last is begun again in its
 * place. CQ_TURN_IN_PROGRESS: a turn of the conversation, or of this key, is running. CQ_IDEMPOTENCY_CONFLICT,
 * CQ_MESSAGE_ID_CONFLICT: the key came with another body before. CQ_CONVERSATION_COMPLETED: the conversation is no
 * longer active. CQ_RATE_LIMITED: a limit of the user's or the course's is reached; ctx->retry_after_s says for how
 * long, when it is the day's.
 */
enum cq_status store_turn_begin(struct cq_ctx *ctx, struct db *db, const struct turn_request *request,
                                struct turn_row *turn, struct message_list *messages) MUST_USE;

struct turn_end {
    const struct turn_row *turn;
    uint64_t user_id, course_id, ai_experience_id;
    bool is_opening;
    const char *reply_uuid, *owner;
    int64_t ended_ms;        /* the reply's time: the database's when it was begun, and what has passed since */
    const char *text, *html; /* the reply; NULL of a turn that failed */
    bool is_stopped;         /* by its reader */
    const char *met_at;      /* the progress now */
    bool all_objectives_met;
    const char *summary; /* a new one, of the messages before seq summarised; NULL: none was made */
    uint32_t summarised;
    const struct related_list *related; /* passages that the model was given; NULL: none */
    const char *citations;              /* those that the reply cites, as JSON; NULL: none */
    uint32_t tries;
    const struct model_calls *calls; /* NULL: no model was asked */
    uint32_t prompt_version;         /* of what the model was told; 0: not noted */
    bool is_again;                   /* it came to CQ_BUSY before, and may have been stored all the same */
};

/*
 * Store the reply and make the turn complete; an opening becomes the user's active conversation, and the one before
 * it completed. Calling it again with the same reply_uuid changes nothing. has_feedback: of the conversation, as it is
 * now. CQ_LOST: the lease is no longer ours, nothing was stored but what the calls have used.
 */
enum cq_status store_turn_complete(struct cq_ctx *ctx, struct db *db, const struct turn_end *end,
                                   struct message_row *reply, bool *has_feedback) MUST_USE;

/*
 * Make the turn failed, for the reason that failure names; an opening is removed. What its calls have used is counted
 * all the same. CQ_LOST: it is no longer ours, nothing was stored but what the calls have used; nor that of one that
 * is_again, which may have been counted before.
 */
enum cq_status store_turn_fail(struct cq_ctx *ctx, struct db *db, const struct turn_end *end,
                               const char *failure) MUST_USE;

/* Have the running turn of a conversation stopped, by whichever worker holds it. found: whether there is one. */
enum cq_status store_turn_stop(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, bool *found) MUST_USE;

/* The ids of the turns that the owner still holds and that are to be stopped, at most max of them. */
enum cq_status store_turns_stopping(struct cq_ctx *ctx, struct db *db, const char *owner, uint64_t *ids, size_t max,
                                    size_t *n) MUST_USE;

/* Prolong the lease. CQ_LOST: it is no longer ours. */
enum cq_status store_turn_renew(struct cq_ctx *ctx, struct db *db, uint64_t turn_id, const char *owner,
                                uint32_t lease_s) MUST_USE;

/*
 * Fail every pending turn of owners that are dead, and remove their openings and evaluations under way, without
 * waiting for their leases. owners
 * and but (no owner like it; "": none) are patterns of LIKE. n: how many turns there were.
 */
enum cq_status store_turns_settle(struct cq_ctx *ctx, struct db *db, const char *owners, const char *but,
                                  uint64_t *n) MUST_USE;

/* ---- evaluations (evaluation.c) ---- */

/* What a person says of an objective, beside the evaluation's verdict. */
struct evaluation_override {
    uint8_t objective_hash[SHA256_BYTES]; /* of its text */
    bool is_met;
    const char *reason;
    uint64_t user_id; /* who said so last */
    const char *user_name;
    int64_t created_at_ms, updated_at_ms;
};

struct evaluation_override_list {
    struct evaluation_override *rows;
    size_t n;
};

struct evaluation_row {
    uint32_t n_messages; /* of the conversation now */
    const char *answer;  /* the Evaluation object as JSON; NULL: none was made, and what follows is 0 */
    uint32_t covers;     /* messages, from the first */
    bool is_same_basis;  /* as asked for */
    int64_t evaluated_at_ms;
    const char *summary; /* of the conversation's beginning, whether there is an answer or not; NULL: none was made */
    struct evaluation_override_list overrides; /* of the conversation */
};

/* basis_hash: of what the experience says now. */
enum cq_status store_evaluation_read(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id,
                                     const uint8_t basis_hash[SHA256_BYTES], struct evaluation_row *out) MUST_USE;

struct evaluation_run {
    uint64_t user_id, course_id, conversation_id;
    const struct user_limits *limits;
    const char *owner;
    uint32_t lease_s;                /* longer than it can take */
    uint64_t id;                     /* given by store_evaluation_begin() */
    const struct model_calls *calls; /* set by its end; NULL: no model was asked */
    bool is_end_tried;
};

/* Note that one is being made. CQ_RATE_LIMITED: as of store_turn_begin(). */
enum cq_status store_evaluation_begin(struct cq_ctx *ctx, struct db *db, struct evaluation_run *run) MUST_USE;

/*
 * Store it in the place of the one before, unless that covers more, and count it and its calls once, however often this
 * is called. row: as it is now. CQ_LOST: there is none.
 */
enum cq_status store_evaluation_end(struct cq_ctx *ctx, struct db *db, struct evaluation_run *run,
                                    const uint8_t basis_hash[SHA256_BYTES], const char *answer, uint32_t covers,
                                    struct evaluation_row *row) MUST_USE;

/* It came to nothing. What its calls have used is counted all the same. */
enum cq_status store_evaluation_fail(struct cq_ctx *ctx, struct db *db, const struct evaluation_run *run) MUST_USE;

/* ---- verdicts of people (evaluation_override.c) ---- */

struct new_override {
    uint64_t conversation_id, user_id;
    const uint8_t *objective_hash; /* SHA256_BYTES */
    bool is_met;
    const char *reason; /* at most 2,000 characters */
};

/* In the place of the one before. row: as it is now, in ctx->arena. CQ_RESOURCE_NOT_FOUND: no such conversation. */
enum cq_status store_override_put(struct cq_ctx *ctx, struct db *db, const struct new_override *override,
                                  struct evaluation_override *row) MUST_USE;

/* CQ_OK also when there was none. */
enum cq_status store_override_remove(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id,
                                     const uint8_t objective_hash[SHA256_BYTES]) MUST_USE;

#endif
