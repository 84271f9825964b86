/*
 * A place to talk in, and one worker's attempt at a turn in it.
 *
 * Attempts have the owner "worker" unless a test gives them another, and one call of a model; each has a reply_uuid of
 * its own, as in the program.
 */
#ifndef TESTS_STORE_ATTEMPT_H
#define TESTS_STORE_ATTEMPT_H

#include "database.h"

struct place {
    struct cq_ctx *ctx;
    struct db *db;
    uint64_t course_id, user_id, ai_experience_id; /* a course, a student in it, a published experience */
};

/* A new one for each test, in the shared database; or wherever the connection leads. */
struct place place_new(void);
struct place place_in(struct cq_ctx *ctx, struct db *db);

const char *new_uuid(struct cq_ctx *ctx);
uint64_t user_new(const struct place *p);
uint64_t user_enrolled(const struct place *p, enum role role);
uint64_t experience_new(const struct place *p, const char *workflow_state);

struct attempt {
    struct turn_request request;
    struct turn_row turn;
    struct message_list messages; /* what the model would be told */
    const char *reply, *html, *met_at;
    bool all_objectives_met;
    const char *summary; /* NULL: none was made */
    uint32_t summarised;
    const struct related_list *related; /* NULL: the model was given no passages */
    const char *citations;
    struct model_calls calls;
    bool is_again;             /* its end */
    struct message_row stored; /* the reply, as it came back */
    bool has_feedback;         /* the conversation, then */
};

struct attempt attempt_message(const struct place *p, uint64_t conversation_id, const char *text);
struct attempt attempt_opening(const struct place *p);

/* The key is any text; what must be the same when it comes again, too. */
struct request_key attempt_request_key(struct cq_ctx *ctx, const char *key, const char *body);
void attempt_key(struct cq_ctx *ctx, struct attempt *a, const char *key, const char *body);

enum cq_status attempt_begin(const struct place *p, struct attempt *a);
enum cq_status attempt_complete(const struct place *p, struct attempt *a);
enum cq_status attempt_fail(const struct place *p, const struct attempt *a);
enum cq_status attempt_renew(const struct place *p, const struct attempt *a);

/* A whole turn, and a conversation that is open: its first two messages are there. */
struct attempt turn_done(const struct place *p, uint64_t conversation_id, const char *text);
uint64_t conversation_opened(const struct place *p);

/* The lease runs out: its worker is dead, or slow. */
void turn_expire(const struct attempt *a);

/* The state in its row is that one. */
bool turn_is(const struct attempt *a, const char *state);
uint64_t count_messages(uint64_t conversation_id);
uint64_t count_turns(uint64_t conversation_id);

#endif
