/* What has come of an answer: its text and reasoning, handed out as they come; its tool calls; what it cost. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/breaker.h"
#include "llm/call.h"

enum { SIGNATURE_MAX_BYTES = 1 << 20 };

void llm_answer_init(struct llm_answer *answer, uint32_t max_bytes)
{
    *answer = (struct llm_answer){0};
    buf_init(&answer->text, max_bytes);
    buf_init(&answer->reasoning, max_bytes);
    buf_init(&answer->signature, SIGNATURE_MAX_BYTES);
}

/* Keep no more than the first n. */
static void drop_tools(struct llm_answer *answer, size_t n)
{
    while (answer->n_tools > n) {
        struct llm_tool_input *tool = &answer->tools[--answer->n_tools];

        free(tool->id);
        free(tool->name);
        buf_release(&tool->input);
    }
}

static void release_vectors(struct llm_answer *answer)
{
    free(answer->vectors);
    answer->vectors = NULL;
}

void llm_answer_clear(struct llm_answer *answer)
{
    drop_tools(answer, 0);
    release_vectors(answer);
    buf_clear(&answer->text);
    buf_clear(&answer->reasoning);
    buf_clear(&answer->signature);
    answer->n_signatures = 0;
    answer->has_text = answer->is_stopped = answer->is_done = false;
    answer->stop = LLM_STOP_END;
    answer->usage = (struct llm_usage){0};
}

void llm_answer_release(struct llm_answer *answer)
{
    drop_tools(answer, 0);
    release_vectors(answer);
    buf_release(&answer->text);
    buf_release(&answer->reasoning);
    buf_release(&answer->signature);
}

/* ---- handing out ---- */

/* A refusal is the owner's: so is the text in ctx->error. */
static void hand_out(struct llm_call *call, enum llm_part_kind kind, const char *text, size_t len)
{
    if (call->is_stopped || !call->on_text || !len) /* nobody wants it any more */
        return;
    call->is_handed = true;
    enum cq_status st = call->on_text(call->user, kind, text, len);
    if (st && !call->try.failure) {
        call->try.failure = st;
        call->try.again = false;
    }
}

static void hand_out_text(struct llm_call *call)
{
    const struct buf *text = &call->answer.text;
    size_t before = call->handed;

    if (!call->on_text || call->is_stopped)
        return;
    call->handed = text->len;
    hand_out(call, LLM_TEXT, text->data + before, text->len - before);
}

/* U+0000 is left out: nobody after us could store or show it. */
static void append_without_nul(struct buf *out, const char *text, size_t len)
{
    while (len > 0) {
        size_t n = strnlen(text, len);

        buf_append(out, text, n);
        n += n < len;
        text += n;
        len -= n;
    }
}

static bool grow(struct llm_call *call, struct buf *buf, const char *text, size_t len)
{
    append_without_nul(buf, text, len);
    if (buf->failed)
        llm_call_fail(call, CQ_MODEL_TOO_LONG, false, "a reply of more than %zu bytes", buf->max);
    return !buf->failed;
}

void llm_call_text(struct llm_call *call, const char *text, size_t len)
{
    struct llm_answer *answer = &call->answer;
    size_t before = answer->text.len;

    if (!grow(call, &answer->text, text, len) || answer->text.len == before)
        return;
    answer->has_text = answer->has_text || !utf8_blank(answer->text.data + before, answer->text.len - before);
    if (!answer->has_text)
        return;
    if (!call->first_text_at) {
        call->first_text_at = clock_mono_ms();
        llm_breaker_note_text(call->model->breaker, call->first_text_at);
    }
    if (call->is_probe) /* the others need not wait for the end of it */
        llm_call_note_answer(call);
    call->is_probe = false;
    if (!call->ask->schema)
        hand_out_text(call);
}

/* A signature proves one thought as it was: of several joined none is left. */
static void take_signature(struct llm_answer *answer, const char *signature)
{
    buf_clear(&answer->signature);
    if (answer->n_signatures++ == 0)
        buf_str(&answer->signature, signature);
}

/* What the model thinks unasked is dropped. */
static void take_reasoning(struct llm_call *call, const struct llm_piece *piece)
{
    struct buf *reasoning = &call->answer.reasoning;
    size_t before = reasoning->len;

    if (!call->ask->reasoning_tokens || !grow(call, reasoning, piece->text, piece->len))
        return;
    if (piece->signature)
        take_signature(&call->answer, piece->signature);
    hand_out(call, LLM_REASONING, reasoning->data + before, reasoning->len - before);
}

/* ---- tool calls ---- */

static struct llm_tool_input *begin_tool(struct llm_call *call, const struct llm_piece *piece)
{
    struct llm_answer *answer = &call->answer;
    bool has_id = piece->id && *piece->id;
    char own_id[32];

    if (answer->n_tools == LLM_MAX_TOOL_CALLS) {
        llm_call_fail(call, CQ_MODEL_INVALID_RESPONSE, false, "more than %d tool calls", LLM_MAX_TOOL_CALLS);
        return NULL;
    }
    snprintf(own_id, sizeof(own_id), "call_%zu", answer->n_tools);
    struct llm_tool_input *tool = &answer->tools[answer->n_tools++];

    *tool = (struct llm_tool_input){
        .index = piece->index, .id = strdup(has_id ? piece->id : own_id), .name = strdup(piece->name)};
    buf_init(&tool->input, answer->text.max);
    if (tool->id && tool->name)
        return tool;
    llm_call_fail(call, CQ_INTERNAL, false, "memory is short");
    return NULL;
}

/*
 * The call that the piece belongs to; one that does not name its tool goes on with what has begun. NULL: with nothing,
 * since it is of something that we do not know; or it has failed.
 */
static struct llm_tool_input *find_tool(struct llm_call *call, const struct llm_piece *piece)
{
    struct llm_answer *answer = &call->answer;

    for (size_t i = answer->n_tools; i-- > 0;)
        if (answer->tools[i].index == piece->index &&
            (!piece->id || !*piece->id || str_eq(answer->tools[i].id, piece->id)))
            return &answer->tools[i];
    return piece->name ? begin_tool(call, piece) : NULL;
}

/*
 * A structured answer may come as the input of the one tool that there is: what is said before or after it is not
 * meant.
 */
static void take_tool(struct llm_call *call, const struct llm_piece *piece)
{
    struct llm_answer *answer = &call->answer;
    size_t n_before = answer->n_tools;

    if (!call->ask->schema && !call->ask->n_tools)
        return; /* nobody would answer it */
    struct llm_tool_input *tool = find_tool(call, piece);

    if (!tool)
        return;
    if (!call->ask->schema) {
        grow(call, &tool->input, piece->text, piece->len);
    } else if (tool == answer->tools) {
        if (answer->n_tools != n_before) {
            buf_clear(&answer->text);
            answer->has_text = false;
        }
        llm_call_text(call, piece->text, piece->len);
    }
}

/* ---- all of it ---- */

static void take_usage(struct llm_usage *usage, const struct llm_usage *said)
{
    if (said->input)
        usage->input = said->input;
    if (said->output)
        usage->output = said->output;
    if (said->cache_read)
        usage->cache_read = said->cache_read;
    if (said->cache_write)
        usage->cache_write = said->cache_write;
}

static void take_vectors(struct llm_call *call, const struct llm_delta *delta)
{
    struct llm_answer *answer = &call->answer;
    size_t n_bytes = delta->n_vectors * delta->n_dimensions * sizeof(float);

    if (delta->n_vectors != call->ask->n_texts) {
        llm_call_fail(call, CQ_MODEL_INVALID_RESPONSE, true, "%zu vectors of %zu texts", delta->n_vectors,
                      call->ask->n_texts);
        return;
    }
    answer->vectors = malloc(n_bytes);
    if (!answer->vectors) {
        llm_call_fail(call, CQ_INTERNAL, false, "memory is short");
        return;
    }
    memcpy(answer->vectors, delta->vectors, n_bytes);
    answer->n_dimensions = delta->n_dimensions;
}

void llm_call_delta(struct llm_call *call, const struct llm_delta *delta)
{
    struct llm_answer *answer = &call->answer;

    take_usage(&answer->usage, &delta->usage);
    if (delta->stopped)
        answer->stop = delta->stop;
    else if (delta->done && !answer->is_stopped && call->model->provider->says_why)
        llm_call_fail(call, CQ_MODEL_INVALID_RESPONSE, true, "the reply broke off");
    answer->is_stopped |= delta->stopped || delta->done;
    answer->is_done |= delta->done;
    if (delta->vectors)
        take_vectors(call, delta);
    for (const struct llm_piece *piece = delta->first; piece && !call->try.failure; piece = piece->next)
        if (piece->kind == LLM_REASONING)
            take_reasoning(call, piece);
        else if (piece->kind == LLM_TOOL_CALL)
            take_tool(call, piece);
        else if (!call->ask->schema || !answer->n_tools)
            llm_call_text(call, piece->text, piece->len);
}

/* ---- the end ---- */

static bool is_object(struct cq_ctx *scratch, const struct buf *text)
{
    struct json_object *object = NULL;
    bool is = !text->len ||
              (!json_read(scratch, text->data, text->len, &object) && json_object_is_type(object, json_type_object));

    arena_reset(scratch->arena);
    return is;
}

/* What reaches the limit is cut off within its last call. */
static void settle_tools(struct llm_call *call)
{
    struct llm_answer *answer = &call->answer;
    size_t n = 0;

    while (n < answer->n_tools && is_object(call->scratch, &answer->tools[n].input))
        n++;
    if (n < answer->n_tools && answer->stop != LLM_STOP_LENGTH)
        llm_call_fail(call, CQ_MODEL_INVALID_RESPONSE, true, "a tool call whose input is no JSON object");
    drop_tools(answer, n);
}

/* Servers say it either way when a tool is called. */
static void settle_stop(struct llm_answer *answer)
{
    if (answer->n_tools && answer->stop == LLM_STOP_END)
        answer->stop = LLM_STOP_TOOL;
    else if (!answer->n_tools && answer->stop == LLM_STOP_TOOL)
        answer->stop = LLM_STOP_END;
}

/* Of a model that was only told of the schema: a fence of Markdown, or a word before the object, is not meant. */
static void unwrap(struct buf *text)
{
    const char *first = strchr(text->data, '{'), *last = strrchr(text->data, '}');

    if (!first || !last || last < first)
        return;
    size_t n_before = (size_t)(first - text->data);

    buf_truncate(text, (size_t)(last - text->data) + 1);
    buf_consume(text, n_before);
}

void llm_call_settle(struct llm_call *call)
{
    struct llm_answer *answer = &call->answer;

    if (call->ask->schema || answer->stop == LLM_STOP_ASKED)
        drop_tools(answer, 0);
    settle_tools(call);
    settle_stop(answer);
    if (!call->ask->schema || !answer->has_text)
        return;
    if (!llm_follows_schema(call->model, call->ask))
        unwrap(&answer->text);
    hand_out_text(call);
}

/* ---- what it cost ---- */

static uint64_t estimate(const char *text)
{
    return text ? llm_tokens(text, strlen(text)) : 0;
}

static uint32_t estimate_input(const struct llm_ask *ask)
{
    uint64_t n = estimate(ask->system) + estimate(ask->schema);

    for (size_t i = 0; i < ask->n_messages; i++) {
        n += estimate(ask->messages[i].text);
        for (size_t k = 0; k < ask->messages[i].n_parts; k++)
            n += estimate(ask->messages[i].parts[k].text);
    }
    for (size_t i = 0; i < ask->n_texts; i++)
        n += estimate(ask->texts[i]);
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static uint32_t estimate_output(const struct llm_answer *answer)
{
    uint64_t n =
        llm_tokens(answer->text.data, answer->text.len) + llm_tokens(answer->reasoning.data, answer->reasoning.len);

    for (size_t i = 0; i < answer->n_tools; i++)
        n += estimate(answer->tools[i].name) + llm_tokens(answer->tools[i].input.data, answer->tools[i].input.len);
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* What was broken off has cost as well, though the provider does not come to say so. */
static struct llm_usage usage_of(const struct llm_call *call, enum cq_status st)
{
    const struct llm_answer *answer = &call->answer;
    struct llm_usage usage = answer->usage;
    bool is_whole = !st && answer->stop != LLM_STOP_ASKED;
    uint32_t output = estimate_output(answer);

    if (st && !output && !(call->is_stopped && call->try.n_sent))
        return usage;
    if (!usage.input && !usage.cache_read && !usage.cache_write)
        usage.input = estimate_input(call->ask);
    if (call->ask->task != LLM_EMBED && (!usage.output || (!is_whole && usage.output < output)))
        usage.output = output;
    return usage;
}

static uint32_t sum(uint32_t a, uint32_t b)
{
    return a + b >= a ? a + b : UINT32_MAX;
}

/* Tokens times a price of a million, rounded. */
static uint64_t price_of(uint32_t tokens, uint64_t per_million)
{
    unsigned __int128 price = (unsigned __int128)tokens * per_million + 500000;

    return (uint64_t)(price / 1000000);
}

static void add(struct llm_usage *usage, const struct llm_usage *more)
{
    usage->input = sum(usage->input, more->input);
    usage->output = sum(usage->output, more->output);
    usage->cache_read = sum(usage->cache_read, more->cache_read);
    usage->cache_write = sum(usage->cache_write, more->cache_write);
}

void llm_call_count_try(struct llm_call *call)
{
    struct llm_cost *cost = &call->cost;

    if (call->tries == 1)
        cost->spent[cost->n++] = (struct llm_spent){.model = call->model->config->name};
    cost->spent[cost->n - 1].tries++;
}

void llm_call_count(struct llm_call *call, enum cq_status st)
{
    const struct llm_prices *prices = &call->model->prices;
    struct llm_spent *spent = &call->cost.spent[call->cost.n - 1];

    spent->st = st;
    if (call->model->provider->answer)
        return;
    struct llm_usage used = usage_of(call, st);

    add(&spent->usage, &used);
    spent->price_nano += price_of(used.input, prices->input) + price_of(used.output, prices->output) +
                         price_of(used.cache_read, prices->cache_read) +
                         price_of(used.cache_write, prices->cache_write);
}

struct llm_spent llm_cost_sum(const struct llm_cost *cost)
{
    struct llm_spent all = {.model = ""};

    for (size_t i = 0; i < cost->n; i++) {
        const struct llm_spent *spent = &cost->spent[i];

        all.model = spent->model;
        all.st = spent->st;
        add(&all.usage, &spent->usage);
        all.price_nano += spent->price_nano;
        all.tries += spent->tries;
    }
    return all;
}
