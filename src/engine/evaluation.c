/* The evaluation of a conversation: the stored one while it holds, else a new one. */
#include <string.h>

#include "colloquy/engine.h"
#include "engine/evaluation_form.h"

/* ---- what it stands on ---- */

/* Line ends aside: a browser's form makes others of them, which changes nothing. */
static void add_part(struct buf *buf, const char *text)
{
    for (; text && *text; text++)
        if (text[0] != '\r' || text[1] != '\n')
            buf_char(buf, *text);
    buf_append(buf, "", 1); /* texts hold no NUL: it parts them */
}

/* A hash, so that an experience that was changed and changed back is the same again. */
static enum cq_status hash_basis(struct cq_ctx *ctx, const struct ai_experience_row *experience, uint8_t *out)
{
    struct buf *buf = buf_in_arena(ctx->arena, 1 << 20);

    if (!buf)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    add_part(buf, experience->learning_objective);
    add_part(buf, experience->pedagogical_guidance);
    add_part(buf, experience->facts);
    add_part(buf, experience->evaluation_metrics);
    if (experience->context_key) /* without files it is the same as before there were any */
        add_part(buf, experience->context_key);
    if (buf->failed || !sha256(buf->data, buf->len, out))
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    return CQ_OK;
}

/* ---- beginning ---- */

static void show(struct evaluation *e, const struct evaluation_row *row, bool is_stale)
{
    e->answer = row->answer;
    e->evaluated_at_ms = row->evaluated_at_ms;
    e->is_stale = is_stale;
    e->overrides = row->overrides;
}

static bool has_student_spoken(const struct message_list *messages)
{
    for (size_t i = 0; i < messages->n; i++)
        if (!messages->rows[i].is_assistant && !messages->rows[i].is_initial)
            return true;
    return false;
}

/* However often it is asked for, that is within the limit of one call; nobody waits for the lease. */
static uint32_t lease_s(const struct config *config)
{
    return config->llm.total_timeout_ms / 1000 + 60;
}

static enum cq_status begin_making(struct cq_ctx *ctx, struct db *db, struct evaluation *e,
                                   const struct evaluation_params *params, const char *summary)
{
    enum cq_status st = store_message_list(ctx, db, params->conversation->id, UINT32_MAX, &e->messages);
    if (!st && !has_student_spoken(&e->messages))
        st = CQ_EVALUATION_NO_MESSAGES;
    if (!st)
        st = evaluation_case_read(ctx, params->experience, params->conversation, &e->messages, e->about);
    e->about->summary = summary;
    e->about->room = llm_context_tokens(params->config, LLM_EVALUATE);
    e->covers = (uint32_t)e->messages.n;
    e->run = (struct evaluation_run){.user_id = params->user_id,
                                     .course_id = params->experience->course_id,
                                     .conversation_id = params->conversation->id,
                                     .limits = &e->limits,
                                     .owner = params->owner,
                                     .lease_s = lease_s(params->config)};
    if (!st)
        st = evaluation_ask(ctx, e->about, &engine_ask_add(ctx, &e->asking)->ask);
    return st ? st : store_evaluation_begin(ctx, db, &e->run);
}

enum cq_status engine_evaluation_begin(struct cq_ctx *ctx, struct db *db, const struct evaluation_params *params,
                                       struct evaluation **out)
{
    struct evaluation *e = arena_zalloc(ctx->arena, 1, sizeof(*e));
    struct evaluation_row row;

    if (!e || !(e->about = arena_zalloc(ctx->arena, 1, sizeof(*e->about))))
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    e->conversation_id = params->conversation->id;
    e->is_forced = params->need == EVALUATION_NEW;
    e->limits = engine_user_limits(params->config);
    e->give_up_ms = clock_mono_ms() + params->config->llm.total_timeout_ms;
    enum cq_status st = hash_basis(ctx, params->experience, e->basis_hash);
    if (!st)
        st = store_evaluation_read(ctx, db, e->conversation_id, e->basis_hash, &row);
    if (st)
        return st;
    bool is_whole = row.answer && row.covers >= row.n_messages;

    show(e, &row, row.answer && !(is_whole && row.is_same_basis));
    if (params->need == EVALUATION_NEW || (params->need == EVALUATION_FITTING && !is_whole))
        st = begin_making(ctx, db, e, params, row.summary);
    if (!st)
        *out = e;
    return st;
}

/* ---- the end ---- */

/* Once, in what is left of the time that a client waits. */
static bool ask_again(struct evaluation *e)
{
    struct ask *ask = &e->asking.asks[0];
    int64_t left_ms = e->give_up_ms - clock_mono_ms();

    if (ask->is_repeated || left_ms <= 0)
        return false;
    ask->ask.total_timeout_ms = (uint32_t)left_ms;
    ask->is_repeated = true;
    ask->is_ended = false;
    return true;
}

bool engine_evaluation_read(struct cq_ctx *ctx, struct evaluation *e)
{
    struct ask *ask = &e->asking.asks[0];

    if (e->is_ended)
        return true;
    e->failure = ask->st;
    if (!e->failure)
        e->failure = evaluation_read(ctx, e->about, ask->reply.text, ask->reply.len, &e->made);
    if (!ask->st && e->failure == CQ_MODEL_INVALID_RESPONSE) {
        if (ask_again(e))
            return false;
        e->failure = CQ_EVALUATION_PARSE_FAILED;
    }
    e->is_ended = true;
    return true;
}

/* What was made before is better than nothing, unless a new one was asked for. */
static enum cq_status fall_back(struct cq_ctx *ctx, struct evaluation *e, enum cq_status why)
{
    if (e->is_forced || !e->answer)
        return why;
    log_warn("request_id=%s evaluation: %s: %s", ctx->request_id, cq_status_info(why)->name, ctx->error);
    e->is_stale = true;
    return CQ_OK;
}

static enum cq_status give_up(struct cq_ctx *ctx, struct db *db, struct evaluation *e, enum cq_status why)
{
    char error[sizeof(ctx->error)];

    memcpy(error, ctx->error, sizeof(error)); /* the cause is worth more than what follows from it */
    enum cq_status st = store_evaluation_fail(ctx, db, &e->run);
    memcpy(ctx->error, error, sizeof(error));
    return st == CQ_BUSY ? st : fall_back(ctx, e, why);
}

enum cq_status engine_evaluation_end(struct cq_ctx *ctx, struct db *db, struct evaluation *e)
{
    struct evaluation_row row;

    e->run.calls = engine_ask_calls(ctx, &e->asking);
    if (e->failure)
        return give_up(ctx, db, e, e->failure);
    enum cq_status st = store_evaluation_end(ctx, db, &e->run, e->basis_hash, e->made, e->covers, &row);
    if (!st)
        show(e, &row, false);
    return st && st != CQ_BUSY ? give_up(ctx, db, e, st) : st;
}
