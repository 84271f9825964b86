/*
 * The limits of a user: done today, and running now.
 *
 * What is done is counted when it is done, so that what fails in whatever way need not be taken back; what is running
 * is counted by its own rows. Both are read under the lock of the day's row, which is asked for before any other.
 *
 * What running calls will use is not known: so budgets of tokens are held against what was used, and what is running
 * when one is reached may pass it.
 */
#include "store/user_day.h"

#include "store/usage.h"

/* The running ones are looked for by the day's own row, hence once it is locked. */
#define RUNNING_TURNS(which)                                                                                           \
    "(SELECT COUNT(*) FROM turn r WHERE r.user_id = d.user_id AND r.is_running = 1"                                    \
    " AND r.lease_until > UTC_TIMESTAMP(3) AND " which ")"
#define RUNNING_EVALUATIONS                                                                                            \
    "(SELECT COUNT(*) FROM evaluation_run e WHERE e.user_id = d.user_id AND e.lease_until > UTC_TIMESTAMP(3))"

static const char LOCK_DAY[] = "SELECT d.conversations, d.messages, d.evaluations, d.chat_messages, " RUNNING_TURNS(
    "r.user_seq = 0") ", " RUNNING_TURNS("r.user_seq > 0 AND NOT r.is_chat") ", " RUNNING_EVALUATIONS
                                                                             ", " RUNNING_TURNS(
                                                                                 "r.is_chat") ", TIMESTAMPDIFF(SECOND, "
                                                                                              "UTC_TIMESTAMP(), "
                                                                                              "UTC_DATE() + INTERVAL 1 "
                                                                                              "DAY)"
                                                                                              " FROM user_day d WHERE "
                                                                                              "d.user_id = ? AND d.day "
                                                                                              "= UTC_DATE() FOR UPDATE";

static const char INSERT_DAY[] =
    "INSERT INTO user_day (user_id, day) VALUES (?, UTC_DATE()) ON DUPLICATE KEY UPDATE user_id = user_day.user_id";

static const char COUNT_CONVERSATION[] = "INSERT INTO user_day (user_id, day, conversations) VALUES (?, UTC_DATE(), 1)"
                                         " ON DUPLICATE KEY UPDATE conversations = conversations + 1";

static const char COUNT_MESSAGE[] = "INSERT INTO user_day (user_id, day, messages) VALUES (?, UTC_DATE(), 1)"
                                    " ON DUPLICATE KEY UPDATE messages = messages + 1";

static const char COUNT_EVALUATION[] = "INSERT INTO user_day (user_id, day, evaluations) VALUES (?, UTC_DATE(), 1)"
                                       " ON DUPLICATE KEY UPDATE evaluations = evaluations + 1";

static const char COUNT_CHAT_MESSAGE[] = "INSERT INTO user_day (user_id, day, chat_messages) VALUES (?, UTC_DATE(), 1)"
                                         " ON DUPLICATE KEY UPDATE chat_messages = chat_messages + 1";

static enum cq_status lock_row(struct cq_ctx *ctx, struct db *db, uint64_t user_id, struct user_day *d)
{
    const struct db_in in[] = {IN_U64(user_id)};
    const struct db_out out[] = {
        OUT_U32(d->done[DAY_CONVERSATION]),  OUT_U32(d->done[DAY_MESSAGE]),         OUT_U32(d->done[DAY_EVALUATION]),
        OUT_U32(d->done[DAY_CHAT_MESSAGE]),  OUT_U32(d->running[DAY_CONVERSATION]), OUT_U32(d->running[DAY_MESSAGE]),
        OUT_U32(d->running[DAY_EVALUATION]), OUT_U32(d->running[DAY_CHAT_MESSAGE]), OUT_U32(d->left_s)};

    return db_query_one(ctx, db, LOCK_DAY, in, LEN(in), out, LEN(out));
}

enum cq_status user_day_lock(struct cq_ctx *ctx, struct db *db, uint64_t user_id, struct user_day *day)
{
    const struct db_in in[] = {IN_U64(user_id)};

    day->user_id = user_id;
    enum cq_status st = lock_row(ctx, db, user_id, day);
    if (st != CQ_RESOURCE_NOT_FOUND)
        return st;
    st = db_execute(ctx, db, INSERT_DAY, in, LEN(in), NULL); /* once a day */
    if (st)
        return st;
    st = lock_row(ctx, db, user_id, day);
    return st == CQ_RESOURCE_NOT_FOUND ? CQ_AGAIN : st; /* it has become tomorrow */
}

/* The log tells which one it was; a client is told of a limit only. */
static enum cq_status refuse(struct cq_ctx *ctx, const char *limit)
{
    return cq_fail(ctx, CQ_RATE_LIMITED, "limits.%s", limit);
}

/* The budgets take a statement, where there are any. */
static enum cq_status admit_tokens(struct cq_ctx *ctx, struct db *db, const struct user_day *day, uint64_t course_id,
                                   const struct user_limits *limits)
{
    uint32_t user_max = limits->user_tokens_per_day, course_max = limits->course_tokens_per_day;
    uint64_t of_user = 0, of_course = 0;

    if (!user_max && !course_max)
        return CQ_OK;
    enum cq_status st =
        usage_today(ctx, db, user_max ? day->user_id : 0, course_max ? course_id : 0, &of_user, &of_course);
    bool is_users = user_max && of_user >= user_max;

    if (st || (!is_users && !(course_max && of_course >= course_max)))
        return st;
    ctx->retry_after_s = day->left_s;
    return refuse(ctx, is_users ? "user_tokens_per_day" : "course_tokens_per_day");
}

/* How many of the kind a day may have. */
static uint32_t day_max(const struct user_limits *limits, enum user_day_kind kind)
{
    switch (kind) {
    case DAY_CONVERSATION:
        return limits->conversations_per_day;
    case DAY_MESSAGE:
        return limits->messages_per_day;
    case DAY_EVALUATION:
        return limits->evaluations_per_day;
    default:
        return limits->chat_messages_per_day ? limits->chat_messages_per_day : UINT32_MAX;
    }
}

static uint32_t running_at_once(const struct user_day *day)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < DAY_KIND_COUNT; i++)
        sum += day->running[i];
    return sum;
}

enum cq_status user_day_admit(struct cq_ctx *ctx, struct db *db, const struct user_day *day, enum user_day_kind kind,
                              uint64_t course_id, const struct user_limits *limits)
{
    static const char *const names[] = {[DAY_CONVERSATION] = "conversations_per_day",
                                        [DAY_MESSAGE] = "messages_per_day",
                                        [DAY_EVALUATION] = "evaluations_per_day",
                                        [DAY_CHAT_MESSAGE] = "chat_messages_per_day"};
    uint32_t max = day_max(limits, kind);

    if (day->done[kind] + day->running[kind] >= max) {
        ctx->retry_after_s = day->done[kind] >= max ? day->left_s : 0;
        return refuse(ctx, names[kind]);
    }
    if (running_at_once(day) >= limits->turns_at_once)
        return refuse(ctx, "turns_at_once");
    return admit_tokens(ctx, db, day, course_id, limits);
}

enum cq_status user_day_count(struct cq_ctx *ctx, struct db *db, uint64_t user_id, enum user_day_kind kind)
{
    const struct db_in in[] = {IN_U64(user_id)};

    switch (kind) {
    case DAY_CONVERSATION:
        return db_execute(ctx, db, COUNT_CONVERSATION, in, LEN(in), NULL);
    case DAY_MESSAGE:
        return db_execute(ctx, db, COUNT_MESSAGE, in, LEN(in), NULL);
    case DAY_EVALUATION:
        return db_execute(ctx, db, COUNT_EVALUATION, in, LEN(in), NULL);
    default:
        return db_execute(ctx, db, COUNT_CHAT_MESSAGE, in, LEN(in), NULL);
    }
}
