/* Turns of chats: how a reply comes to be stored, once; and how a turn ends without one. */
#include "store/bot.h"
#include "store/chat_word.h"
#include "store/related_document.h"
#include "store/turn.h"
#include "store/usage.h"
#include "store/user_day.h"

/* ---- completing ---- */

/* The conversation first, as whoever begins a turn does; its condition spares the rest when the turn is ours no more. */
static const char UPDATE_CONVERSATION[] =
    "UPDATE conversation SET next_seq = GREATEST(next_seq, ?), updated_at = UTC_TIMESTAMP(3), " USAGE_ADD
    " WHERE id = ? AND EXISTS (SELECT 1 FROM turn t WHERE t.id = ? AND t.state = 'pending' AND t.owner = ? AND "
    "t.reply_uuid = ?)";

static const char COMPLETE_TURN[] =
    "UPDATE turn SET state = 'complete', is_running = NULL, reply_seq = ?, tries = ?," TURN_ADD_CALLS
    " WHERE id = ? AND state = 'pending' AND owner = ? AND reply_uuid = ?";

static const char UPDATE_CHAT[] = "UPDATE chat SET last_seq = ?, should_continue = ?, updated_at = UTC_TIMESTAMP(3)"
                                  " WHERE conversation_id = ?";

static const char INSERT_REPLY[] =
    "INSERT INTO message (conversation_id, seq, uuid, role, is_stopped, text, created_at)"
    " VALUES (?, ?, ?, 1, ?, ?, ?)";

static const char INSERT_CHAT_REPLY[] =
    "INSERT INTO chat_message (conversation_id, seq, name, parent, model, content, thinking_log, stop_reason,"
    " hides_chunks, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, price_nano)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static const char EXTEND_REPLY[] = "UPDATE message SET text = ?, is_stopped = ? WHERE conversation_id = ? AND seq = ?";

static const char EXTEND_CHAT_REPLY[] =
    "UPDATE chat_message SET content = ?, stop_reason = ?, " USAGE_ADD " WHERE conversation_id = ? AND seq = ?";

static const char FAIL_TURN[] =
    "UPDATE turn SET state = 'failed', is_running = NULL, failure = ?, tries = ?," TURN_ADD_CALLS " WHERE id = ?";

static bool is_stopped(const struct chat_turn_end *end)
{
    return str_eq(end->reply.stop_reason, "stopped");
}

static struct turn_hold hold_of(const struct chat_turn_end *end)
{
    return (struct turn_hold){end->turn->id, end->turn->conversation_id, end->owner, end->reply_uuid};
}

/* As turn_lock(), when it is not ours to complete. */
static enum cq_status complete_turn(struct cq_ctx *ctx, struct db *db, const struct chat_turn_end *end)
{
    const struct usage used = usage_sum(end->calls);
    const struct turn_hold hold = hold_of(end);
    uint64_t matched = 0;
    bool has_feedback;
    const struct db_in conversation[] = {IN_U64(end->turn->reply_seq + 1),
                                         USAGE_IN(used),
                                         IN_U64(hold.conversation_id),
                                         IN_U64(hold.id),
                                         IN_TEXT(hold.owner),
                                         IN_TEXT(hold.reply_uuid)};
    const struct db_in turn[] = {IN_U64(end->turn->reply_seq),
                                 IN_U64(end->tries),
                                 TURN_CALLS_IN(end->calls, used, end->prompt_version),
                                 IN_U64(hold.id),
                                 IN_TEXT(hold.owner),
                                 IN_TEXT(hold.reply_uuid)};

    enum cq_status st = db_execute(ctx, db, UPDATE_CONVERSATION, conversation, LEN(conversation), &matched);
    if (st)
        return st;
    st = matched ? db_execute(ctx, db, COMPLETE_TURN, turn, LEN(turn), &matched)
                 : turn_lock(ctx, db, &hold, &has_feedback);
    return st || matched ? st : CQ_AGAIN; /* it has changed between one statement and the next */
}

static enum cq_status insert_reply(struct cq_ctx *ctx, struct db *db, const struct chat_turn_end *end)
{
    const struct usage used = usage_sum(end->calls);
    const struct chat_message_row *m = &end->reply;
    const struct db_in id = IN_U64(end->turn->conversation_id), seq = IN_U64(end->turn->reply_seq);
    const struct db_in message[] = {
        id, seq, IN_TEXT(end->reply_uuid), IN_U64(is_stopped(end)), IN_TEXT(m->text), IN_TIME(end->ended_ms)};
    const struct db_in of_chat[] = {id,
                                    seq,
                                    IN_TEXT(m->name),
                                    IN_U64(m->parent),
                                    IN_TEXT(m->model),
                                    IN_TEXT(m->content),
                                    IN_TEXT(m->thinking_log),
                                    IN_TEXT(m->stop_reason),
                                    IN_U64(m->hides_chunks),
                                    USAGE_IN(used)};

    enum cq_status st = db_execute(ctx, db, INSERT_REPLY, message, LEN(message), NULL);
    if (!st)
        st = db_execute(ctx, db, INSERT_CHAT_REPLY, of_chat, LEN(of_chat), NULL);
    if (!st)
        st = chat_words_add(ctx, db, end->user_id, end->turn->conversation_id, end->turn->reply_seq, m->text);
    if (!st && end->related)
        st = related_store(ctx, db, end->turn->conversation_id, end->turn->reply_seq, end->related);
    return st;
}

static enum cq_status extend_reply(struct cq_ctx *ctx, struct db *db, const struct chat_turn_end *end)
{
    const struct usage used = usage_sum(end->calls);
    const struct chat_message_row *m = &end->reply;
    const struct db_in id = IN_U64(end->turn->conversation_id), seq = IN_U64(end->turn->reply_seq);
    const struct db_in message[] = {IN_TEXT(m->text), IN_U64(is_stopped(end)), id, seq};
    const struct db_in of_chat[] = {IN_TEXT(m->content), IN_TEXT(m->stop_reason), USAGE_IN(used), id, seq};

    enum cq_status st = db_execute(ctx, db, EXTEND_REPLY, message, LEN(message), NULL);
    if (!st)
        st = db_execute(ctx, db, EXTEND_CHAT_REPLY, of_chat, LEN(of_chat), NULL);
    return st ? st
              : chat_words_replace(ctx, db, end->user_id, end->turn->conversation_id, end->turn->reply_seq,
                                   end->text_before, m->text);
}

static const char SELECT_CHAT_LEFT[] = "SELECT conversation_id FROM chat WHERE conversation_id = ?";

/* A turn that was lost with its conversation is not to be tried again: that would bring back what its user has deleted. */
static enum cq_status lost_or_gone(struct cq_ctx *ctx, struct db *db, const struct chat_turn_end *end)
{
    uint64_t id = 0;
    const struct db_in in[] = {IN_U64(end->turn->conversation_id)};
    const struct db_out out[] = {OUT_U64(id)};
    bool is_gone = db_query_one(ctx, db, SELECT_CHAT_LEFT, in, LEN(in), out, LEN(out)) == CQ_RESOURCE_NOT_FOUND;

    return is_gone ? CQ_CONVERSATION_NOT_FOUND : CQ_LOST;
}

struct complete_args {
    const struct chat_turn_end *end;
    bool was_complete; /* already, by this very reply */
};

static enum cq_status complete_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct complete_args *args = arg;
    const struct chat_turn_end *end = args->end;
    const struct db_in chat[] = {IN_U64(end->turn->reply_seq), IN_U64(end->should_continue),
                                 IN_U64(end->turn->conversation_id)};

    (void)is_rerun; /* the reply's own uuid tells */
    enum cq_status st = user_day_count(ctx, db, end->user_id, DAY_CHAT_MESSAGE);
    if (!st)
        st = complete_turn(ctx, db, end);
    args->was_complete = st == CQ_DUPLICATE; /* and counted: this time is rolled back */
    if (!st)
        st = end->turn->is_continuing ? extend_reply(ctx, db, end) : insert_reply(ctx, db, end);
    if (!st)
        st = db_execute(ctx, db, UPDATE_CHAT, chat, LEN(chat), NULL);
    if (!st && end->bot_id)
        st = bot_note_use(ctx, db, end->user_id, end->bot_id);
    return st ? st : usage_count(ctx, db, 0, end->user_id, end->calls);
}

static void count_lost(struct cq_ctx *ctx, struct db *db, const struct chat_turn_end *end)
{
    turn_count_lost(ctx, db, end->turn->conversation_id, 0, end->user_id, end->calls);
}

enum cq_status store_chat_turn_complete(struct cq_ctx *ctx, struct db *db, const struct chat_turn_end *end)
{
    struct complete_args args = {.end = end};

    enum cq_status st = db_tx(ctx, db, complete_tx, &args);
    if (st == CQ_LOST) {
        count_lost(ctx, db, end);
        return lost_or_gone(ctx, db, end);
    }
    return st == CQ_DUPLICATE && args.was_complete ? CQ_OK : st;
}

/* ---- failing ---- */

struct fail_args {
    const struct chat_turn_end *end;
    const char *failure;
    bool is_uncounted; /* it was lost before this, and not by a commit of ours that we were not told of */
};

static enum cq_status fail_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct fail_args *args = arg;
    const struct chat_turn_end *end = args->end;
    const struct usage used = usage_sum(end->calls);
    const struct turn_hold hold = hold_of(end);
    const struct db_in turn[] = {IN_TEXT(args->failure), IN_U64(end->tries),
                                 TURN_CALLS_IN(end->calls, used, end->prompt_version), IN_U64(hold.id)};
    bool has_feedback;

    enum cq_status st = turn_lock(ctx, db, &hold, &has_feedback);
    args->is_uncounted = st == CQ_LOST && !is_rerun && !end->is_again;
    if (st == CQ_LOST && is_rerun)
        return CQ_OK;
    if (st)
        return st == CQ_DUPLICATE ? CQ_LOST : st;
    st = db_execute(ctx, db, FAIL_TURN, turn, LEN(turn), NULL);
    if (!st)
        st = usage_count_conversation(ctx, db, hold.conversation_id, end->calls);
    return st ? st : usage_count(ctx, db, 0, end->user_id, end->calls);
}

enum cq_status store_chat_turn_fail(struct cq_ctx *ctx, struct db *db, const struct chat_turn_end *end,
                                    const char *failure)
{
    struct fail_args args = {.end = end, .failure = failure};

    enum cq_status st = db_tx(ctx, db, fail_tx, &args);
    if (st == CQ_LOST && args.is_uncounted)
        count_lost(ctx, db, end);
    return st == CQ_LOST ? lost_or_gone(ctx, db, end) : st;
}
