/* What one request asks of the model, and what came of it. */
#include <string.h>

#include "colloquy/engine.h"

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

/* It may be asked once more: what the first time cost is not forgotten. */
static void add_cost(struct ask *ask, const struct llm_cost *cost)
{
    struct llm_cost *sum = &ask->cost;

    sum->model = cost->model;
    sum->usage.input += cost->usage.input;
    sum->usage.output += cost->usage.output;
    sum->usage.cache_read += cost->usage.cache_read;
    sum->usage.cache_write += cost->usage.cache_write;
    sum->price_nano += cost->price_nano;
    sum->tries += cost->tries;
    sum->ms += cost->ms;
}

void engine_ask_end(struct cq_ctx *ctx, struct asking *asking, size_t i, enum cq_status st,
                    const struct llm_reply *reply, const struct llm_cost *cost)
{
    struct ask *ask = &asking->asks[i];

    ask->is_ended = true;
    ask->st = st;
    ask->reply = (struct llm_reply){.text = ""};
    add_cost(ask, cost);
    if (reply) {
        char *text = arena_strndup(ctx->arena, reply->text, reply->len);

        ask->reply = *reply;
        ask->reply.text = text;
        if (!text)
            ask->st = cq_fail(&ask->ctx, CQ_INTERNAL, "the reply is larger than the request's memory");
    }
    if (i == 0)
        tell_request(ctx, ask);
    else if (ask->st)
        log_warn("request_id=%s %s: %s", ctx->request_id, cq_status_info(ask->st)->name, ask->ctx.error);
}
