/* The life of a call: its limits, its tries at one model and the next, and its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/breaker.h"
#include "llm/call.h"
#include "llm/retry.h"

enum { PIECE_WORDS = 4 };

static uint32_t lesser_of(uint32_t limit, uint32_t of_ask)
{
    return of_ask && of_ask < limit ? of_ask : limit;
}

static uint32_t total_timeout_ms(const struct llm_call *call)
{
    return lesser_of(call->config->total_timeout_ms, call->ask->total_timeout_ms);
}

struct llm_call *llm_call_create(const struct config_llm *config, struct cq_ctx *ctx, const struct llm_ask *ask)
{
    struct llm_call *call = calloc(1, sizeof(*call));

    if (!call)
        return NULL;
    call->config = config;
    call->ctx = ctx;
    call->ask = ask;
    call->started_at = call->due_at = clock_mono_ms();
    call->total_at = call->started_at + total_timeout_ms(call);
    llm_answer_init(&call->answer, lesser_of(config->reply_max_bytes, ask->reply_max_bytes));
    llm_request_init(&call->request);
    llm_try_init(call);
    return call;
}

void llm_call_free(struct llm_call *call)
{
    llm_transfer_release(call); /* before what it points to */
    llm_try_release(call);
    llm_answer_release(&call->answer);
    if (call->is_probe)
        llm_breaker_abandon(call->model->breaker);
    free(call);
}

void llm_call_fail(struct llm_call *call, enum cq_status st, bool again, const char *fmt, ...)
{
    char what[200];
    va_list ap;

    if (call->try.failure)
        return;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    call->try.again = again;
    call->try.failure =
        cq_fail(call->ctx, st, "%s (%s): %s", call->model->config->name, call->model->provider->name, what);
}

/* ---- a reply that is there ---- */

/* The next few words with the white space behind them: a cut at a blank is never inside a character. */
static size_t piece_len(const char *text)
{
    size_t n = 0;

    for (int words = 0; words < PIECE_WORDS && text[n]; words++) {
        n += strcspn(text + n, " \n");
        n += strspn(text + n, " \n");
    }
    return n;
}

bool llm_call_piece(struct llm_call *call)
{
    const char *rest = call->try.raw.data + call->try.body_bytes;
    size_t n = piece_len(rest);

    if (call->try.raw.failed)
        llm_call_fail(call, CQ_INTERNAL, false, "memory is short");
    if (call->try.failure)
        return true;
    call->try.body_bytes += n;
    llm_call_text(call, rest, n);
    return call->try.failure || call->try.body_bytes == call->try.raw.len;
}

/* In a chat what came before the filter is told, with its reason; where somebody is taught or judged, half an answer is none. */
static bool is_filtered(const struct llm_call *call)
{
    return call->answer.stop == LLM_STOP_FILTERED && !(call->ask->is_chat && call->answer.has_text);
}

enum cq_status llm_call_judge_reply(struct llm_call *call)
{
    const struct llm_answer *answer = &call->answer;

    if (is_filtered(call))
        llm_call_fail(call, CQ_CONTENT_FILTERED, false, "the reply was filtered");
    if (!call->try.failure)
        llm_call_settle(call);
    /* Where all that it might write went into thoughts, it would again. */
    if (!answer->has_text && !answer->n_tools && !answer->vectors)
        llm_call_fail(call, CQ_MODEL_NO_RESPONSE, answer->stop != LLM_STOP_LENGTH, "an empty reply");
    return call->try.failure;
}

enum cq_status llm_call_judge_stopped(struct llm_call *call)
{
    call->try.failure = CQ_OK; /* whatever it was, the owner wants no more */
    call->try.again = false;
    call->answer.stop = LLM_STOP_ASKED;
    if (call->is_trying) /* what was not shown has cost as well */
        llm_call_count(call, call->handed ? CQ_OK : CQ_MODEL_NO_RESPONSE);
    call->is_trying = false;
    buf_truncate(&call->answer.text, call->handed);
    llm_call_settle(call);
    if (!call->handed)
        llm_call_fail(call, CQ_MODEL_NO_RESPONSE, false, "stopped before anything came");
    return call->try.failure;
}

/* ---- limits ---- */

void llm_call_enter(struct llm_call *call, enum llm_call_state state, uint32_t limit_ms)
{
    call->state = state;
    call->due_at = clock_mono_ms() + limit_ms;
}

int64_t llm_call_due_at(const struct llm_call *call)
{
    if (call->is_stopped)
        return 0;
    return call->due_at < call->total_at ? call->due_at : call->total_at;
}

void llm_call_expire(struct llm_call *call, int64_t now)
{
    const struct config_llm *c = call->config;

    if (call->state == CALL_ENDING)
        return; /* what has come will do */
    if (now >= call->total_at)
        llm_call_fail(call, CQ_MODEL_TIMEOUT, false, "no reply within %u ms", total_timeout_ms(call));
    else if (call->state == CALL_CONNECTING)
        llm_call_fail(call, CQ_MODEL_TIMEOUT, true, "no connection within %u ms", c->connect_timeout_ms);
    else if (call->state == CALL_SENT)
        llm_call_fail(call, CQ_MODEL_TIMEOUT, true, "no first byte within %u ms", c->first_byte_timeout_ms);
    else
        llm_call_fail(call, CQ_MODEL_TIMEOUT, true, "no byte for %u ms", c->idle_timeout_ms);
}

/* ---- a try ---- */

/* Unless the model's breaker is open. */
static bool is_admitted(struct llm_call *call)
{
    struct llm_breaker *breaker = call->model->breaker;
    int64_t now = clock_mono_ms();

    if (call->is_probe)
        return true;
    switch (llm_breaker_admit(breaker, now, call->config->breaker_open_s * 1000)) {
    case LLM_PROBING:
        call->is_probe = true;
        return true;
    case LLM_ADMITTED:
        return true;
    case LLM_REFUSED:
        break;
    }
    call->try.is_refused = true;
    call->try.retry_after_s = llm_breaker_left_s(breaker, now);
    llm_call_fail(call, CQ_MODEL_UNAVAILABLE, false, "not asked: it has failed %u times in a row",
                  call->config->breaker_failures);
    return false;
}

/* Keys to sign with may have to be fetched first: the loop calls again when they are there. */
static bool is_signed(struct llm_call *call)
{
    call->awaits_keys = llm_transfer_sign(call) == AWS_PENDING;
    if (call->awaits_keys) {
        call->state = CALL_WAITING;
        call->due_at = call->total_at;
    }
    return !call->awaits_keys && !call->try.failure;
}

bool llm_call_begin(struct llm_call *call)
{
    const struct llm_provider *provider = call->model->provider;

    llm_try_release(call);
    llm_try_init(call);
    llm_answer_clear(&call->answer);
    if (!is_admitted(call))
        return false;
    if (!provider->answer && !call->easy && llm_transfer_create(call)) {
        llm_call_fail(call, CQ_INTERNAL, false, "the request does not fit into memory");
        return false;
    }
    if (provider->sign && !is_signed(call))
        return call->awaits_keys;
    call->is_trying = true;
    if (!call->tries)
        call->model_at = clock_mono_ms();
    call->tries++;
    llm_call_count_try(call);
    /* A kept connection that its server has closed is not to fail every try. */
    if (call->easy && call->tries > 1)
        curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L);
    if (provider->answer) {
        provider->answer(call->ask, &call->try.raw);
        llm_call_enter(call, CALL_PIECES, 0);
    } else {
        llm_call_enter(call, CALL_CONNECTING, call->config->connect_timeout_ms);
    }
    return true;
}

/* ---- what a failure says of the model ---- */

/*
 * Whether the provider is to blame: what it refuses, limits or filters it does in good health, and a reply that was too
 * long for us, or not over when all our time was, says nothing of the next one.
 */
static bool is_outage(const struct llm_call *call, enum cq_status st)
{
    return st == CQ_MODEL_UNAVAILABLE || (st == CQ_MODEL_TIMEOUT && call->try.again) || st == CQ_MODEL_INVALID_RESPONSE;
}

/*
 * Whether a time-out does: nobody else was answered either in all the time that it took, since one prompt alone can make a
 * model think for long. The limit of all tries only if it left this model time for a word, and none came.
 */
static bool is_timeout_telling(const struct llm_call *call, int64_t now)
{
    const struct llm_breaker *breaker = call->model->breaker;
    int64_t since = call->first_text_at > call->model_at ? call->first_text_at : call->model_at;

    if (!breaker || breaker->answered_ms > since)
        return false;
    return call->try.again || (!call->first_text_at && now - since >= call->config->first_byte_timeout_ms);
}

/* Whether the call tells nothing: it was ours to end, or never got as far. */
static bool is_ours(const struct llm_call *call, enum cq_status st, int64_t now)
{
    return !call->tries || call->try.is_refused || call->try.is_short || call->is_stopped || st == CQ_INTERNAL ||
           (st == CQ_MODEL_TIMEOUT && !is_timeout_telling(call, now)) ||
           (st && call->is_handed && !is_outage(call, st));
}

void llm_call_note_answer(struct llm_call *call)
{
    if (llm_breaker_succeed(call->model->breaker))
        log_warn("model %s is asked again", call->model->config->name);
}

/* All that this model was asked has come to st. */
static void leave_model(struct llm_call *call, enum cq_status st, int64_t now)
{
    const struct config_llm *c = call->config;
    struct llm_breaker *breaker = call->model->breaker;

    if (is_ours(call, st, now)) {
        if (call->is_probe)
            llm_breaker_abandon(breaker);
    } else if (!is_outage(call, st) && st != CQ_MODEL_TIMEOUT) {
        llm_call_note_answer(call);
    } else if (llm_breaker_fail(breaker, now, c->breaker_failures, c->breaker_open_s * 1000)) {
        log_error("model %s is not asked for %u s: %s", call->model->config->name, c->breaker_open_s, call->ctx->error);
    }
    call->is_probe = false;
}

/* ---- another try ---- */

static bool has_next(const struct llm_call *call)
{
    for (size_t i = call->at + 1; i < call->chain.n; i++)
        if (!call->chain.models[i]->breaker || !llm_breaker_is_open(call->chain.models[i]->breaker))
            return true;
    return false;
}

static bool retry_here(struct llm_call *call, enum cq_status st, int64_t now)
{
    const struct config_llm *c = call->config;
    const struct retry_policy policy = {c->tries, c->retry_ms, c->retry_wait_max_ms};
    struct retry_case failed = {
        .tried = call->tries, .retry_after_s = call->try.retry_after_s, .left_ms = call->total_at - now};
    uint32_t wait_ms;

    if (!call->try.again || (st == CQ_MODEL_TIMEOUT && has_next(call)))
        return false;
    random_bytes(&failed.random, sizeof(failed.random));
    if (!retry_wait(&policy, &failed, &wait_ms))
        return false;
    log_info("request_id=%s %s; try %u of %u in %u ms", call->ctx->request_id, call->ctx->error, call->tries + 1,
             c->tries, wait_ms);
    call->state = CALL_WAITING;
    call->due_at = now + wait_ms;
    return true;
}

/*
 * Another model may do what this one did not; but what one has filtered is not to be had from the next, and more than we
 * take is nobody else's to mend.
 */
static bool move_on(struct llm_call *call, enum cq_status st, int64_t now)
{
    if (call->at + 1 >= call->chain.n || now >= call->total_at || st == CQ_INTERNAL || st == CQ_CONTENT_FILTERED ||
        st == CQ_MODEL_TOO_LONG)
        return false;
    llm_transfer_release(call);
    call->model = call->chain.models[++call->at];
    log_warn("request_id=%s %s; asking %s", call->ctx->request_id, call->ctx->error, call->model->config->name);
    call->tries = 0;
    call->state = CALL_WAITING;
    call->due_at = now;
    return true;
}

bool llm_call_retry(struct llm_call *call, enum cq_status st, int64_t now)
{
    bool is_open_end = st && !call->is_handed && !call->is_stopped;

    if (call->is_trying)
        llm_call_count(call, st);
    call->is_trying = false;
    if (is_open_end && retry_here(call, st, now))
        return true;
    leave_model(call, st, now);
    return is_open_end && move_on(call, st, now);
}

/* ---- the end ---- */

struct llm_effort llm_call_effort(const struct llm_call *call, enum cq_status st)
{
    int64_t first_ms = call->first_text_at - call->started_at;

    return (struct llm_effort){.st = st,
                               .ms = call->cost.ms,
                               .first_text_ms = !call->first_text_at ? 0
                                                : first_ms           ? (uint32_t)first_ms
                                                                     : 1,
                               .cost = &call->cost};
}

static size_t list_tool_calls(const struct llm_answer *answer, struct llm_tool_call *out)
{
    for (size_t i = 0; i < answer->n_tools; i++) {
        const struct llm_tool_input *tool = &answer->tools[i];

        out[i] = (struct llm_tool_call){tool->id, tool->name, tool->input.len ? tool->input.data : "{}"};
    }
    return answer->n_tools;
}

void llm_call_finish(struct llm_call *call, enum cq_status st)
{
    const struct llm_answer *answer = &call->answer;
    struct llm_tool_call tool_calls[LLM_MAX_TOOL_CALLS];
    struct llm_reply reply = {.text = answer->text.data,
                              .len = answer->text.len,
                              .reasoning = answer->reasoning.data,
                              .signature = answer->signature.data,
                              .tool_calls = tool_calls,
                              .n_tool_calls = list_tool_calls(answer, tool_calls),
                              .stop = answer->stop,
                              .vectors = answer->vectors,
                              .n_dimensions = answer->n_dimensions};

    call->ctx->model_ms += call->cost.ms;
    call->ctx->retry_after_s = st ? call->try.retry_after_s : 0;
    call->on_done(call->user, st, st ? NULL : &reply, &call->cost);
}
