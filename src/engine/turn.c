/* A turn: stored, asked, stored again. Its states and their order are the store's; here is what they mean. */
#include <string.h>

#include "colloquy/engine.h"
#include "engine/markdown.h"

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
    turn->lease_s = params->config->llm.lease_s;
    turn->request =
        (struct turn_request){.user_id = params->user_id,
                              .ai_experience_id = params->experience->id,
                              .conversation_id = params->conversation ? params->conversation->id : 0,
                              .conversation_uuid = new_uuid(ctx),
                              .text = turn->is_opening ? params->config->canvas.opening_message : params->text,
                              .message_uuid = new_uuid(ctx),
                              .reply_uuid = new_uuid(ctx),
                              .owner = params->owner,
                              .lease_s = turn->lease_s,
                              .key_hash = params->key_hash,
                              .body_hash = params->body_hash,
                              .key_is_message_id = params->key_is_message_id};
    if (!turn->request.conversation_uuid || !turn->request.message_uuid || !turn->request.reply_uuid)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    return set_objectives(ctx, turn, params);
}

/* What the model is asked: the messages as they were said, the last one being the new one, alone and unchanged. */
static enum cq_status prepare_ask(struct cq_ctx *ctx, struct turn *turn, const struct ai_experience_row *experience)
{
    const struct message_list *list = &turn->messages;
    size_t skipped = list->n > LLM_MAX_MESSAGES ? list->n - LLM_MAX_MESSAGES : 0;
    size_t n = list->n - skipped;
    struct llm_message *messages = arena_zalloc(ctx->arena, n + 1, sizeof(*messages));
    const char **objectives = arena_zalloc(ctx->arena, turn->progress.n + 1, sizeof(*objectives));

    if (!messages || !objectives)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        const struct message_row *row = &list->rows[skipped + i];

        messages[i] = (struct llm_message){row->is_assistant ? LLM_ASSISTANT : LLM_USER, row->text};
    }
    for (size_t i = 0; i < turn->progress.n; i++)
        objectives[i] = turn->progress.objectives[i].text;
    turn->ask = (struct llm_ask){
        .messages = messages, .n_messages = n, .objectives = objectives, .n_objectives = turn->progress.n};
    return engine_prompt_tutor(ctx, experience, &turn->progress, &turn->ask.system);
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
    if (turn->row.is_replay) {
        turn->met_at = turn->row.met_at;
        turn->request.learning_objective = turn->row.learning_objective;
    }
    st = engine_progress_read(ctx, turn->request.learning_objective, turn->met_at ? turn->met_at : "", &turn->progress);
    if (!st && turn->row.is_replay)
        turn->all_objectives_met = turn->progress.n && turn->progress.n_met == turn->progress.n;
    if (!st && !turn->row.is_replay)
        st = prepare_ask(ctx, turn, params->experience);
    if (st && !turn->row.is_replay) /* it was begun, and nobody would end it */
        st = engine_turn_end(ctx, db, turn, st, NULL);
    if (st)
        return st;
    *out = turn;
    return CQ_OK;
}

/* ---- the end ---- */

/* What was said is kept in the turn, since storing it may have to wait for the database. */
static void keep_reply(struct cq_ctx *ctx, struct turn *turn, enum cq_status asked, const struct llm_reply *reply)
{
    turn->is_ended = true;
    turn->ended_ms = turn->row.begun_ms + clock_mono_ms() - turn->row.begun_mono_ms;
    turn->asked = asked;
    if (!reply)
        return;
    turn->tries = reply->tries;
    turn->input_tokens = reply->input_tokens;
    turn->output_tokens = reply->output_tokens;
    turn->reply_text = reply->text;
    turn->asked = markdown_html(ctx, reply->text, reply->len, &turn->reply_html);
}

static enum cq_status show_reply(struct cq_ctx *ctx, struct turn *turn, const struct message_row *reply)
{
    struct message_list *list = &turn->messages;
    struct message_row *rows = arena_zalloc(ctx->arena, list->n + 1, sizeof(*rows));

    if (!rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    memcpy(rows, list->rows, list->n * sizeof(*rows));
    rows[list->n - 1].status = MESSAGE_COMPLETE;
    rows[list->n] = *reply;
    *list = (struct message_list){rows, list->n + 1};
    return CQ_OK;
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

enum cq_status engine_turn_end(struct cq_ctx *ctx, struct db *db, struct turn *turn, enum cq_status asked,
                               const struct llm_reply *reply)
{
    struct message_row row;

    if (!turn->is_ended)
        keep_reply(ctx, turn, asked, reply);
    const struct turn_end end = {.turn = &turn->row,
                                 .user_id = turn->request.user_id,
                                 .ai_experience_id = turn->request.ai_experience_id,
                                 .is_opening = turn->is_opening,
                                 .reply_uuid = turn->request.reply_uuid,
                                 .owner = turn->request.owner,
                                 .ended_ms = turn->ended_ms,
                                 .text = turn->reply_text,
                                 .html = turn->reply_html,
                                 .met_at = turn->met_at,
                                 .all_objectives_met = turn->all_objectives_met,
                                 .tries = turn->tries,
                                 .input_tokens = turn->input_tokens,
                                 .output_tokens = turn->output_tokens};
    if (turn->asked)
        return store_failure(ctx, db, &end, turn->asked);
    enum cq_status st = store_turn_complete(ctx, db, &end, &row);
    if (!st)
        st = show_reply(ctx, turn, &row);
    else if (st != CQ_BUSY && st != CQ_LOST)
        st = store_failure(ctx, db, &end, st);
    return st;
}

enum cq_status engine_turn_renew(struct cq_ctx *ctx, struct db *db, const struct turn *turn)
{
    return store_turn_renew(ctx, db, turn->row.id, turn->request.owner, turn->lease_s);
}
