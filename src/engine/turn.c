/* A turn: stored, asked, stored again. Its states and their order are the store's; here is what they mean. */
#include <string.h>

#include "colloquy/engine.h"
#include "engine/assessment.h"
#include "engine/citation.h"
#include "engine/context.h"
#include "engine/markdown.h"
#include "engine/retrieval.h"

struct user_limits engine_user_limits(const struct config *config)
{
    return (struct user_limits){.conversations_per_day = config->limits.conversations_per_day,
                                .messages_per_day = config->limits.messages_per_day,
                                .evaluations_per_day = config->limits.evaluations_per_day,
                                .chat_messages_per_day = config->limits.chat_messages_per_day,
                                .turns_at_once = config->limits.turns_at_once,
                                .user_tokens_per_day = config->limits.user_tokens_per_day,
                                .course_tokens_per_day = config->limits.course_tokens_per_day};
}

static char *new_uuid(struct cq_ctx *ctx)
{
    char *uuid = arena_alloc(ctx->arena, UUID_TEXT_BYTES);

    if (uuid)
        uuid_new(uuid);
    return uuid;
}

/* The objectives: a new conversation takes the experience's as they are now, and then keeps them. */
static enum cq_status set_objectives(struct cq_ctx *ctx, struct turn *turn, const struct turn_params *params)
{
    const struct conversation_row *conversation = params->conversation;
    const char *objectives = conversation ? conversation->learning_objective : params->experience->learning_objective;
    enum cq_status st = CQ_OK;

    turn->request.learning_objective = objectives;
    if (conversation)
        turn->met_at = conversation->met_at;
    else
        st = engine_progress_none(ctx, objectives, &turn->met_at);
    turn->request.met_at = turn->met_at;
    turn->all_objectives_met = conversation && conversation->all_objectives_met;
    return st;
}

static enum cq_status prepare(struct cq_ctx *ctx, struct turn *turn, const struct turn_params *params)
{
    turn->is_opening = !params->conversation;
    turn->config = params->config;
    turn->experience = params->experience;
    turn->limits = engine_user_limits(params->config);
    turn->lease_s = params->config->llm.lease_s;
    turn->request =
        (struct turn_request){.user_id = params->user_id,
                              .limits = &turn->limits,
                              .course_id = params->experience->course_id,
                              .ai_experience_id = params->experience->id,
                              .conversation_id = params->conversation ? params->conversation->id : 0,
                              .conversation_uuid = new_uuid(ctx),
                              .text = turn->is_opening ? params->config->canvas.opening_message : params->text,
                              .message_uuid = new_uuid(ctx),
                              .reply_uuid = new_uuid(ctx),
                              .owner = params->owner,
                              .lease_s = turn->lease_s,
                              .key = params->key};
    if (!turn->request.conversation_uuid || !turn->request.message_uuid || !turn->request.reply_uuid)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    return set_objectives(ctx, turn, params);
}

/* ---- what the model is asked ---- */

/* What is left of a model's context beside its instructions. */
static uint32_t room_beside(uint32_t context_tokens, const char *system)
{
    uint32_t used = llm_tokens(system, strlen(system));

    if (context_tokens == UINT32_MAX)
        return context_tokens;
    return context_tokens > used ? context_tokens - used : 0;
}

/* The tutor's prompt, and behind it the best of the passages that fit into half of what else there is room for. */
static enum cq_status tell_tutor(struct cq_ctx *ctx, struct turn *turn, uint32_t context_tokens, const char **system)
{
    const char *prompt;

    enum cq_status st = engine_prompt_tutor(ctx, turn->experience, &turn->progress, &prompt);
    if (st)
        return st;
    retrieval_fit(&turn->retrieval, room_beside(context_tokens, prompt) / 2);
    return retrieval_tell(ctx, prompt, &turn->retrieval, true, system);
}

/* For the reply: the messages as they were said, the last one being the new one, alone and unchanged. */
static enum cq_status ask_reply(struct cq_ctx *ctx, struct turn *turn, struct context *context)
{
    struct llm_ask *ask = &turn->asking.asks[0].ask;
    const char **objectives = arena_zalloc(ctx->arena, turn->progress.n + 1, sizeof(*objectives));
    uint32_t context_tokens = llm_context_tokens(turn->config, LLM_REPLY);

    if (!objectives)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = 0; i < turn->progress.n; i++)
        objectives[i] = turn->progress.objectives[i].text;
    *ask = (struct llm_ask){.task = LLM_REPLY, .objectives = objectives, .n_objectives = turn->progress.n};
    enum cq_status st = tell_tutor(ctx, turn, context_tokens, &ask->system);
    if (st)
        return st;
    context_choose(&turn->messages, turn->row.summarised, room_beside(context_tokens, ask->system), context);
    return context_messages(ctx, &turn->messages, context, turn->row.summary, ask);
}

static enum cq_status ask_assessment(struct cq_ctx *ctx, struct turn *turn)
{
    const struct assessment_case of = {.experience = turn->experience,
                                       .messages = &turn->messages,
                                       .progress = &turn->progress,
                                       .summary = turn->row.summary,
                                       .room = llm_context_tokens(turn->config, LLM_ASSESS)};

    turn->assessment = engine_ask_add(ctx, &turn->asking);
    return assessment_ask(ctx, &of, &turn->assessment->ask);
}

static enum cq_status ask_summary(struct cq_ctx *ctx, struct turn *turn, const struct context *context)
{
    turn->summary = engine_ask_add(ctx, &turn->asking);
    turn->summary->is_optional = true;
    return context_ask_summary(ctx, &turn->messages, context, turn->row.summary,
                               llm_context_tokens(turn->config, LLM_SUMMARIZE), &turn->summary->ask, &turn->summarised);
}

/*
 * All side by side, so that neither progress nor a summary costs a wait of its own. The greeting follows nothing that a
 * student has said.
 */
static enum cq_status ask_model(struct cq_ctx *ctx, struct turn *turn)
{
    struct context context;

    enum cq_status st = ask_reply(ctx, turn, &context);
    if (!st && !turn->is_opening && turn->progress.n_met < turn->progress.n)
        st = ask_assessment(ctx, turn);
    if (!st && context.due)
        st = ask_summary(ctx, turn, &context);
    return st;
}

/* What the student said before the new message; NULL: nothing. */
static const char *said_before(const struct message_list *messages)
{
    for (size_t i = messages->n - 1; i > 0; i--)
        if (!messages->rows[i - 1].is_assistant)
            return messages->rows[i - 1].is_initial ? NULL : messages->rows[i - 1].text;
    return NULL;
}

/* A greeting draws from no file. Who has none is asked nothing more of the database. */
static enum cq_status look_up(struct cq_ctx *ctx, struct db *db, struct turn *turn)
{
    struct document_list files = {0};
    const struct message_list *messages = &turn->messages;

    if (turn->is_opening || !turn->experience->context_key || !turn->config->features.context_files)
        return CQ_OK;
    enum cq_status st = store_documents_of_experience(ctx, db, turn->experience->id, true, &files);
    if (st)
        return st;
    return retrieval_begin(ctx, turn->config, &files, messages->rows[messages->n - 1].text, said_before(messages),
                           &turn->retrieval, &turn->asking);
}

/* The ask is there before what it says is known: until then it is the client's that waits for it. */
static enum cq_status begin_asking(struct cq_ctx *ctx, struct db *db, struct turn *turn)
{
    engine_ask_add(ctx, &turn->asking);
    enum cq_status st = look_up(ctx, db, turn);

    return st || turn->asking.retrieval ? st : ask_model(ctx, turn);
}

enum cq_status engine_turn_retrieved(struct cq_ctx *ctx, struct turn *turn, const char *answer, size_t len)
{
    retrieval_take(ctx, &turn->retrieval, answer, len);
    return ask_model(ctx, turn);
}

/* As it was found under the lock: a turn may have ended since the conversation was loaded. */
static enum cq_status read_progress(struct cq_ctx *ctx, struct turn *turn)
{
    const struct progress *progress = &turn->progress;

    if (!turn->is_opening || turn->row.is_replay)
        turn->met_at = turn->row.met_at;
    if (turn->row.is_replay)
        turn->request.learning_objective = turn->row.learning_objective;
    enum cq_status st =
        engine_progress_read(ctx, turn->request.learning_objective, turn->met_at ? turn->met_at : "", &turn->progress);
    bool is_all_met = !st && progress->n && progress->n_met == progress->n;

    turn->all_objectives_met = is_all_met || (turn->all_objectives_met && !turn->row.is_replay);
    return st;
}

enum cq_status engine_turn_begin(struct cq_ctx *ctx, struct db *db, const struct turn_params *params, struct turn **out)
{
    struct turn *turn = arena_zalloc(ctx->arena, 1, sizeof(*turn));

    if (!turn)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = prepare(ctx, turn, params);
    if (!st)
        st = store_turn_begin(ctx, db, &turn->request, &turn->row, &turn->messages);
    if (st)
        return st;
    if (turn->row.has_feedback)
        st = store_feedback_read(ctx, db, turn->row.conversation_id, params->user_id, &turn->messages);
    if (st)
        return st;
    st = read_progress(ctx, turn);
    if (!st && !turn->row.is_replay)
        st = begin_asking(ctx, db, turn);
    if (st && !turn->row.is_replay) { /* it was begun, and nobody would end it */
        turn->is_ended = true;
        turn->failure = st;
        st = engine_turn_end(ctx, db, turn);
    }
    if (st)
        return st;
    *out = turn;
    return CQ_OK;
}

/* ---- the end ---- */

/* The objectives that this turn has met. An assessment that failed leaves the progress as it was. */
static bool read_assessment(struct cq_ctx *ctx, struct turn *turn)
{
    struct ask *ask = turn->assessment;
    bool is_covered[ENGINE_MAX_OBJECTIVES] = {false};

    if (!ask || turn->is_read || ask->st)
        return true;
    enum cq_status st = assessment_read(&ask->ctx, ask->reply.text, ask->reply.len, turn->progress.n, is_covered);
    if (st == CQ_MODEL_INVALID_RESPONSE && !ask->is_repeated) {
        ask->is_repeated = true;
        ask->is_ended = false;
        return false;
    }
    turn->is_read = true; /* once: storing it may take many tries, and each reading takes memory */
    if (!st)
        st = engine_progress_meet(ctx, &turn->progress, is_covered, turn->row.user_seq, &turn->met_at);
    if (st)
        log_warn("request_id=%s assessment: %s: %s", ctx->request_id, cq_status_info(st)->name, ask->ctx.error);
    turn->all_objectives_met |= turn->progress.n && turn->progress.n_met == turn->progress.n;
    return true;
}

/* What is stored beside the reply, and shown with it. */
static enum cq_status read_reply(struct cq_ctx *ctx, struct turn *turn, const struct llm_reply *reply)
{
    enum cq_status st = markdown_html(ctx, reply->text, reply->len, &turn->reply_html);

    if (!st)
        st = retrieval_related(ctx, &turn->retrieval, &turn->related);
    return st ? st : citations_read(ctx, reply->text, &turn->related, &turn->citations);
}

bool engine_turn_read(struct cq_ctx *ctx, struct turn *turn)
{
    struct ask *ask = &turn->asking.asks[0];

    if (!turn->is_ended) {
        turn->is_ended = true;
        turn->ended_ms = turn->row.begun_ms + clock_mono_ms() - turn->row.begun_mono_ms;
        turn->failure = ask->st;
        if (!ask->st)
            turn->failure = read_reply(ctx, turn, &ask->reply);
        if (turn->summary && !turn->summary->st)
            turn->summary_text = context_summary(ctx, &turn->summary->reply);
    }
    return turn->failure || read_assessment(ctx, turn);
}

/* Votes are read again: some may have been cast while the model was asked. */
static enum cq_status show_reply(struct cq_ctx *ctx, struct db *db, struct turn *turn, const struct message_row *reply,
                                 bool has_feedback)
{
    const struct message_list *before = &turn->messages;
    struct message_row *rows = arena_zalloc(ctx->arena, before->n + 1, sizeof(*rows));
    struct message_list list = {rows, before->n + 1};
    enum cq_status st = CQ_OK;

    if (!rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    memcpy(rows, before->rows, before->n * sizeof(*rows));
    rows[before->n - 1].status = MESSAGE_COMPLETE;
    rows[before->n] = *reply;
    if (has_feedback)
        st = store_feedback_read(ctx, db, turn->row.conversation_id, turn->request.user_id, &list);
    if (!st)
        turn->messages = list;
    return st;
}

static enum cq_status store_failure(struct cq_ctx *ctx, struct db *db, const struct turn_end *end, enum cq_status why)
{
    char error[sizeof(ctx->error)];

    memcpy(error, ctx->error, sizeof(error)); /* the cause is worth more than what follows from it */
    enum cq_status st = store_turn_fail(ctx, db, end, cq_status_info(why)->name);
    if (st == CQ_BUSY || st == CQ_LOST)
        return st;
    memcpy(ctx->error, error, sizeof(error));
    return why;
}

enum cq_status engine_turn_end(struct cq_ctx *ctx, struct db *db, struct turn *turn)
{
    const struct llm_reply *said = &turn->asking.asks[0].reply;
    struct message_row row;
    bool has_feedback;
    struct turn_end end = {.turn = &turn->row,
                           .user_id = turn->request.user_id,
                           .course_id = turn->request.course_id,
                           .ai_experience_id = turn->request.ai_experience_id,
                           .is_opening = turn->is_opening,
                           .reply_uuid = turn->request.reply_uuid,
                           .owner = turn->request.owner,
                           .ended_ms = turn->ended_ms,
                           .text = said->text,
                           .html = turn->reply_html,
                           .is_stopped = said->stop == LLM_STOP_ASKED,
                           .related = &turn->related,
                           .citations = turn->citations,
                           .met_at = turn->met_at,
                           .all_objectives_met = turn->all_objectives_met,
                           .summary = turn->summary_text,
                           .summarised = turn->summarised,
                           .tries = turn->asking.asks[0].tries,
                           .calls = engine_ask_calls(ctx, &turn->asking),
                           .prompt_version = PROMPT_VERSION,
                           .is_again = turn->is_again};

    turn->is_again = true;
    if (turn->failure)
        return store_failure(ctx, db, &end, turn->failure);
    enum cq_status st = store_turn_complete(ctx, db, &end, &row, &has_feedback);
    if (!st)
        st = show_reply(ctx, db, turn, &row, has_feedback);
    else if (st != CQ_BUSY && st != CQ_LOST)
        st = store_failure(ctx, db, &end, st);
    return st;
}

enum cq_status engine_turn_renew(struct cq_ctx *ctx, struct db *db, const struct turn *turn)
{
    return store_turn_renew(ctx, db, turn->row.id, turn->request.owner, turn->lease_s);
}
