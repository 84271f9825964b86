/* The life of a call: its text, its limits, its tries and its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/call.h"
#include "llm/retry.h"

enum { PIECE_WORDS = 4 };

/* The ask may bound its answer more narrowly than the config does. */
static uint32_t reply_max_bytes(const struct config_llm *config, const struct llm_ask *ask)
{
    return ask->reply_max_bytes && ask->reply_max_bytes < config->reply_max_bytes ? ask->reply_max_bytes
                                                                                  : config->reply_max_bytes;
}

static uint32_t total_timeout_ms(const struct config_llm *config, const struct llm_ask *ask)
{
    return ask->total_timeout_ms && ask->total_timeout_ms < config->total_timeout_ms ? ask->total_timeout_ms
                                                                                     : config->total_timeout_ms;
}

struct llm_call *llm_call_create(const struct config_llm *config, const struct llm_provider *provider,
                                 struct cq_ctx *ctx, const struct llm_ask *ask, const char *ca_file)
{
    struct llm_call *call = calloc(1, sizeof(*call));

    if (!call)
        return NULL;
    call->provider = provider;
    call->config = config;
    call->ctx = ctx;
    call->ask = ask;
    call->started_at = call->due_at = clock_mono_ms();
    call->total_at = call->started_at + total_timeout_ms(config, ask);
    buf_init(&call->text, reply_max_bytes(config, ask));
    llm_request_init(&call->request);
    llm_try_init(call);
    if (!provider->answer && llm_transfer_create(call, ca_file)) {
        llm_call_free(call);
        return NULL;
    }
    return call;
}

void llm_call_free(struct llm_call *call)
{
    curl_easy_cleanup(call->easy); /* before what it points to */
    llm_try_release(call);
    llm_request_release(&call->request);
    buf_release(&call->text);
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
    call->try.failure = cq_fail(call->ctx, st, "%s: %s", call->provider->name, what);
}

/* ---- text ---- */

/* Pass on what was not yet. A refusal is the owner's: so is the text in ctx->error. */
static void hand_out(struct llm_call *call)
{
    size_t from = call->handed;

    if (call->is_stopped || call->is_dropped) /* nobody wants it any more */
        return;
    if (!from)
        call->first_text_at = clock_mono_ms();
    call->handed = call->text.len;
    enum cq_status st = call->on_text(call->user, call->text.data + from, call->text.len - from);
    if (st && !call->try.failure) {
        call->try.failure = st;
        call->try.again = false;
    }
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

void llm_call_text(struct llm_call *call, const char *text, size_t len)
{
    size_t before = call->text.len;

    append_without_nul(&call->text, text, len);
    if (call->text.failed)
        llm_call_fail(call, CQ_MODEL_INVALID_RESPONSE, false, "a reply of more than %zu bytes", call->text.max);
    else if (call->text.len > before &&
             (call->handed || !utf8_blank(call->text.data + before, call->text.len - before)))
        hand_out(call);
}

void llm_call_delta(struct llm_call *call, const struct llm_delta *delta)
{
    if (delta->input_tokens)
        call->tail.input_tokens = delta->input_tokens;
    if (delta->output_tokens)
        call->tail.output_tokens = delta->output_tokens;
    if (delta->stopped)
        call->tail.stop = delta->stop;
    call->stopped |= delta->stopped || delta->done;
    if (delta->len > 0)
        llm_call_text(call, delta->text, delta->len);
}

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

enum cq_status llm_call_judge_reply(struct llm_call *call)
{
    if (!call->try.failure && call->tail.stop == LLM_STOP_FILTERED)
        llm_call_fail(call, CQ_CONTENT_FILTERED, false, "the reply was filtered");
    if (!call->try.failure && !call->handed)
        llm_call_fail(call, CQ_MODEL_NO_RESPONSE, true, "an empty reply");
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
    if (call->is_stopped || call->is_dropped)
        return 0;
    return call->due_at < call->total_at ? call->due_at : call->total_at;
}

void llm_call_expire(struct llm_call *call, int64_t now)
{
    const struct config_llm *c = call->config;

    if (call->state == CALL_ENDING)
        return; /* what has come will do */
    if (now >= call->total_at)
        llm_call_fail(call, CQ_MODEL_TIMEOUT, false, "no reply within %u ms", total_timeout_ms(c, call->ask));
    else if (call->state == CALL_CONNECTING)
        llm_call_fail(call, CQ_MODEL_TIMEOUT, true, "no connection within %u ms", c->connect_timeout_ms);
    else if (call->state == CALL_SENT)
        llm_call_fail(call, CQ_MODEL_TIMEOUT, true, "no first byte within %u ms", c->first_byte_timeout_ms);
    else
        llm_call_fail(call, CQ_MODEL_TIMEOUT, true, "no byte for %u ms", c->idle_timeout_ms);
}

/* ---- tries ---- */

void llm_call_begin(struct llm_call *call)
{
    llm_try_release(call);
    llm_try_init(call);
    buf_clear(&call->text);
    call->stopped = false;
    call->tail = (struct llm_reply){0};
    call->tries++;
    /* A kept connection that its server has closed is not to fail every try. */
    if (call->easy && call->tries > 1)
        curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L);
    if (call->provider->answer) {
        call->provider->answer(call->ask, &call->try.raw);
        llm_call_enter(call, CALL_PIECES, 0);
    } else {
        llm_call_enter(call, CALL_CONNECTING, call->config->connect_timeout_ms);
    }
}

enum cq_status llm_call_judge_stopped(struct llm_call *call)
{
    call->try.failure = CQ_OK; /* whatever it was, the owner wants no more */
    buf_truncate(&call->text, call->handed);
    call->tail.stop = LLM_STOP_ASKED;
    if (!call->handed)
        llm_call_fail(call, CQ_MODEL_NO_RESPONSE, false, "stopped before anything came");
    return call->try.failure;
}

bool llm_call_retry(struct llm_call *call, enum cq_status st, int64_t now)
{
    const struct config_llm *c = call->config;
    const struct retry_policy policy = {c->tries, c->retry_ms, c->retry_wait_max_ms};
    struct retry_case failed = {
        .tried = call->tries, .retry_after_s = call->try.retry_after_s, .left_ms = call->total_at - now};
    uint32_t wait_ms;

    if (!st || !call->try.again || call->handed)
        return false;
    random_bytes(&failed.random, sizeof(failed.random));
    if (!retry_wait(&policy, &failed, &wait_ms))
        return false;
    log_info("%s: %s; try %u of %u in %u ms", call->ctx->request_id, call->ctx->error, call->tries + 1, c->tries,
             wait_ms);
    call->state = CALL_WAITING;
    call->due_at = now + wait_ms;
    return true;
}

struct llm_effort llm_call_effort(const struct llm_call *call, enum cq_status st, int64_t now)
{
    int64_t first_ms = call->first_text_at - call->started_at;

    return (struct llm_effort){.st = st,
                               .ms = (uint32_t)(now - call->started_at),
                               .first_text_ms = !call->first_text_at ? 0
                                                : first_ms           ? (uint32_t)first_ms
                                                                     : 1,
                               .tries = call->tries,
                               .input_tokens = call->tail.input_tokens,
                               .output_tokens = call->tail.output_tokens};
}

void llm_call_finish(struct llm_call *call, enum cq_status st, int64_t now)
{
    struct llm_reply reply = call->tail;

    reply.text = call->text.data;
    reply.len = call->text.len;
    reply.tries = call->tries;
    call->ctx->model_ms += (uint32_t)(now - call->started_at);
    call->ctx->retry_after_s = st ? call->try.retry_after_s : 0;
    call->on_done(call->user, st, st ? NULL : &reply);
}
