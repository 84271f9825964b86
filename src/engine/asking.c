/* What one request asks of the model, and what came of it. */
#include <string.h>

#include "colloquy/engine.h"

enum { CALLS_MAX_BYTES = 16 << 10 };

struct ask *engine_ask_add(struct cq_ctx *ctx, struct asking *asking)
{
    struct ask *ask = &asking->asks[asking->n++];

    *ask = (struct ask){.ctx = {.arena = ctx->arena, .request_id = ctx->request_id}};
    return ask;
}

/* The first is the request's own: what it waited, and why it failed. */
static void tell_request(struct cq_ctx *ctx, const struct ask *ask)
{
    ctx->model_ms = ask->ctx.model_ms;
    ctx->retry_after_s = ask->ctx.retry_after_s;
    memcpy(ctx->error, ask->ctx.error, sizeof(ctx->error));
}

/* ---- what it costs ---- */

static void write_spent(struct json_out *out, enum llm_task task, enum cq_status st, const struct llm_spent *spent,
                        uint32_t ms)
{
    static const char *const tasks[LLM_TASK_COUNT] = {
        [LLM_REPLY] = "reply",       [LLM_ASSESS] = "assessment", [LLM_EVALUATE] = "evaluation",
        [LLM_SUMMARIZE] = "summary", [LLM_TITLE] = "title",       [LLM_EMBED] = "embeddings"};
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"input", spent->usage.input},
                   {"output", spent->usage.output},
                   {"cache_read", spent->usage.cache_read},
                   {"cache_write", spent->usage.cache_write},
                   {"price_nano", spent->price_nano},
                   {"tries", spent->tries},
                   {"ms", ms}};

    json_open_object(out);
    json_key(out, "task");
    json_text(out, tasks[task]);
    json_key(out, "model");
    json_text(out, spent->model);
    json_key(out, "status");
    json_text(out, st ? cq_status_info(st)->name : "complete");
    for (size_t i = 0; i < LEN(numbers); i++) {
        json_key(out, numbers[i].key);
        json_u64(out, numbers[i].value);
    }
    json_close_object(out);
}

/* The array's elements so far, with a comma behind them. NULL: memory. */
static struct buf *open_calls(struct cq_ctx *ctx, struct asking *asking)
{
    if (!asking->calls_json)
        asking->calls_json = buf_in_arena(ctx->arena, CALLS_MAX_BYTES);
    else
        buf_char(asking->calls_json, ',');
    return asking->calls_json;
}

static void count_spent(struct asking *asking, const struct llm_spent *spent)
{
    const struct usage usage = {.input_tokens = spent->usage.input,
                                .output_tokens = spent->usage.output,
                                .cache_read_tokens = spent->usage.cache_read,
                                .cache_write_tokens = spent->usage.cache_write,
                                .price_nano = spent->price_nano};

    store_calls_add(&asking->calls, spent->model, &usage);
}

/*
 * Each call by itself, for what is asked for once more may be given to another model; and of it each model by itself. The
 * last of them has the call's own end, and its time.
 */
static void count_call(struct cq_ctx *ctx, struct asking *asking, enum llm_task task, enum cq_status st,
                       const struct llm_cost *cost)
{
    struct json_out out;

    for (size_t i = 0; i < cost->n; i++) {
        const struct llm_spent *spent = &cost->spent[i];
        bool is_last = i + 1 == cost->n;
        struct buf *json = open_calls(ctx, asking);

        count_spent(asking, spent);
        if (!json)
            continue;
        json_out_init(&out, json);
        write_spent(&out, task, is_last ? st : spent->st, spent, is_last ? cost->ms : 0);
    }
}

const struct model_calls *engine_ask_calls(struct cq_ctx *ctx, struct asking *asking)
{
    const struct buf *json = asking->calls_json;

    asking->calls.json = json && !json->failed ? arena_printf(ctx->arena, "[%s]", json->data) : NULL;
    return &asking->calls;
}

/* ---- its end ---- */

/* More than its form allows is an answer, though none of the form: its reader sees an empty text, and may ask again. */
static bool is_beyond_form(const struct ask *ask, enum cq_status st)
{
    return ask->ask.schema && st == CQ_MODEL_TOO_LONG;
}

static const char *keep(struct cq_ctx *ctx, const char *text)
{
    return arena_strdup(ctx->arena, text ? text : "");
}

void engine_ask_end(struct cq_ctx *ctx, struct asking *asking, size_t i, enum cq_status st,
                    const struct llm_reply *reply, const struct llm_cost *cost)
{
    struct ask *ask = &asking->asks[i];

    ask->is_ended = true;
    ask->st = is_beyond_form(ask, st) ? CQ_OK : st;
    ask->reply = (struct llm_reply){.text = "", .reasoning = "", .signature = ""};
    ask->tries += llm_cost_sum(cost).tries;
    count_call(ctx, asking, ask->ask.task, st, cost);
    if (reply) {
        /* What a reply points to is gone when the callback returns. */
        ask->reply = (struct llm_reply){.text = arena_strndup(ctx->arena, reply->text, reply->len),
                                        .len = reply->len,
                                        .reasoning = keep(ctx, reply->reasoning),
                                        .signature = keep(ctx, reply->signature),
                                        .stop = reply->stop};
        if (!ask->reply.text || !ask->reply.reasoning || !ask->reply.signature)
            ask->st = cq_fail(&ask->ctx, CQ_INTERNAL, "the reply is larger than the request's memory");
    }
    if (i == 0)
        tell_request(ctx, ask);
    else if (ask->st && !asking->asks[0].st) /* what was given up with a reply that failed is no news */
        log_warn("request_id=%s %s: %s", ctx->request_id, cq_status_info(ask->st)->name, ask->ctx.error);
}
