/* What beginning and ending a turn share. */
#ifndef STORE_TURN_H
#define STORE_TURN_H

#include "store/db.h"

/* What was found under a key, or at the end of the conversation. */
struct found_turn {
    uint64_t id, conversation_id;
    uint32_t user_seq, reply_seq;
    const char *state, *reply_uuid, *met_at;
    const char *learning_objective; /* of the conversation */
    bool has_feedback;
    bool is_expired; /* a pending one whose worker is gone */
    bool is_same_body;
};

/* ---- turn_key.c; within a transaction ---- */

bool turn_is_running(const struct found_turn *found);

/* The turn that was begun under the key. CQ_RESOURCE_NOT_FOUND: none was. */
enum cq_status turn_by_key(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const struct request_key *key,
                           struct found_turn *out) MUST_USE;

/* Nothing, if there is no key. is_new: nobody may have used it meanwhile; if somebody has, look again: CQ_AGAIN. */
enum cq_status turn_remember_key(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const struct request_key *key,
                                 uint64_t turn_id, bool is_new) MUST_USE;

/* One that has failed, or, if is_continuing, one that is to go on. */
enum cq_status turn_begin_again(struct cq_ctx *ctx, struct db *db, uint64_t id, const char *reply_uuid,
                                const char *owner, uint32_t lease_s, bool is_continuing) MUST_USE;

/* One whose worker is gone. */
enum cq_status turn_give_up(struct cq_ctx *ctx, struct db *db, uint64_t id) MUST_USE;

/* ---- turn_end.c ---- */

/* What a worker knows a turn of its own by. */
struct turn_hold {
    uint64_t id, conversation_id;
    const char *owner, *reply_uuid;
};

/*
 * Lock it, its conversation first. CQ_OK: pending and ours. CQ_DUPLICATE: complete already, by this very reply. CQ_LOST:
 * neither. Within a transaction.
 */
enum cq_status turn_lock(struct cq_ctx *ctx, struct db *db, const struct turn_hold *hold, bool *has_feedback) MUST_USE;

/* Nobody gets to see what it has brought, but it is paid for. calls NULL: nothing. A transaction of its own. */
void turn_count_lost(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint64_t course_id, uint64_t user_id,
                     const struct model_calls *calls);

/*
 * What an update of a turn that has ended adds. One that is tried again keeps the calls of before, while they are few. What a
 * provider says it has counted is not believed to be small.
 */
#define TURN_ADD_CALLS                                                                                                 \
    " input_tokens = LEAST(input_tokens + ?, 4294967295), output_tokens = LEAST(output_tokens + ?, 4294967295),"       \
    " calls = COALESCE(IF(CHAR_LENGTH(calls) < 16000, CONCAT(LEFT(calls, CHAR_LENGTH(calls) - 1), ',',"                \
    " SUBSTRING(?, 2)), ?), calls), prompt_version = ?, finished_at = UTC_TIMESTAMP(3)"

#define TURN_CALLS_IN(calls, used, version)                                                                            \
    IN_U64((used).input_tokens), IN_U64((used).output_tokens), IN_TEXT((calls) ? (calls)->json : NULL),                \
        IN_TEXT((calls) ? (calls)->json : NULL), IN_U64(version)

/* Remove a conversation that never became active, with all that belongs to it. Within a transaction. */
enum cq_status turn_delete_opening(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id) MUST_USE;

#endif
