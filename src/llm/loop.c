/*
 * The loop: all calls of a thread on one curl multi handle, with their limits.
 *
 * Calls begin, go on and end in llm_loop_run() only; llm_start() puts a call on the list. A callback may therefore
 * start calls, which stand at the end of the list and wait for the next run.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "llm/breaker.h"
#include "llm/call.h"

enum {
    KEPT_CONNECTIONS = 512,
    FDS_MAX = 1024,
    FOREVER_MS = 3600 * 1000, /* a wait without a limit of the caller's */
    AFTER_FAULT_MS = 10,      /* curl cannot wait: memory is short */
    SCRATCH_BLOCK_BYTES = 4096,
    SCRATCH_MAX_BYTES = 1 << 20,
};

struct llm_loop {
    const struct config *config;
    struct llm_models models;
    struct llm_breakers *breakers, *own_breakers;
    CURLM *multi;
    /*
     * A file of certificates to trust instead of the system's, for a model server with a private authority. libcurl
     * reads neither variable itself; operators know both from the curl command and from OpenSSL.
     */
    const char *ca_file;
    struct aws_credentials *credentials; /* of calls whose model has none of its own */
    llm_watch_fn *watch;                 /* NULL: nobody wants to know */
    void *watch_arg;
    struct cq_ctx scratch;
    struct llm_call *first, *last;
    size_t n_calls;
    struct curl_waitfd *fds;
    size_t n_fds;
};

/*
 * curl leaves SIGPIPE to us (CURLOPT_NOSIGNAL), and a write over TLS to a connection that the server has closed
 * raises it.
 */
enum cq_status llm_global_init(void)
{
    signal(SIGPIPE, SIG_IGN);
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? CQ_OK : CQ_INTERNAL;
}

static const char *find_ca_file(void)
{
    const char *file = getenv("SSL_CERT_FILE");

    if (!file || !*file)
        file = getenv("CURL_CA_BUNDLE");
    return file && *file ? file : NULL;
}

static bool read_models(struct llm_loop *loop)
{
    struct buf problems;

    buf_init(&problems, 64 << 10);
    bool is_valid = llm_models_read(&loop->models, loop->config, &problems);
    buf_release(&problems);
    for (size_t i = 0; is_valid && i < loop->models.n; i++)
        if (!loop->models.all[i].provider->answer && loop->config->llm.breaker_failures)
            loop->models.all[i].breaker = llm_breaker_find(loop->breakers, loop->models.all[i].config);
    return is_valid;
}

struct llm_loop *llm_loop_create(const struct config *config, struct llm_breakers *breakers)
{
    struct llm_loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return NULL;
    loop->config = config;
    loop->models.config = config;
    loop->own_breakers = breakers ? NULL : calloc(1, sizeof(*breakers));
    loop->breakers = breakers ? breakers : loop->own_breakers;
    loop->ca_file = find_ca_file();
    loop->multi = curl_multi_init();
    loop->scratch = (struct cq_ctx){.arena = arena_create(SCRATCH_BLOCK_BYTES, SCRATCH_MAX_BYTES), .request_id = "-"};
    loop->credentials = loop->multi ? aws_credentials_create(loop->multi, loop->ca_file) : NULL;
    if (!loop->credentials || !loop->scratch.arena || !loop->breakers || !read_models(loop)) {
        llm_loop_destroy(loop);
        return NULL;
    }
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    return loop;
}

bool llm_loop_model(const struct llm_loop *loop, size_t i, struct llm_model_info *out)
{
    if (i >= loop->models.n)
        return false;
    const struct llm_model *model = &loop->models.all[i];

    *out = (struct llm_model_info){.name = model->config->name,
                                   .provider = model->provider->name,
                                   .can_follow = model->abilities & LLM_CAN_FOLLOW};
    return true;
}

/* ---- the list ---- */

static void link_call(struct llm_loop *loop, struct llm_call *call)
{
    call->prev = loop->last;
    if (loop->last)
        loop->last->next = call;
    else
        loop->first = call;
    loop->last = call;
    loop->n_calls++;
}

static void unlink_call(struct llm_loop *loop, struct llm_call *call)
{
    if (call->prev)
        call->prev->next = call->next;
    else
        loop->first = call->next;
    if (call->next)
        call->next->prev = call->prev;
    else
        loop->last = call->prev;
    loop->n_calls--;
}

static bool is_transferring(const struct llm_call *call)
{
    return call->easy && call->state != CALL_WAITING;
}

static void drop(struct llm_loop *loop, struct llm_call *call)
{
    if (is_transferring(call))
        curl_multi_remove_handle(loop->multi, call->easy);
    unlink_call(loop, call);
    llm_call_free(call);
}

void llm_loop_destroy(struct llm_loop *loop)
{
    if (!loop)
        return;
    while (loop->first)
        drop(loop, loop->first);
    aws_credentials_destroy(loop->credentials);
    curl_multi_cleanup(loop->multi);
    arena_destroy(loop->scratch.arena);
    llm_models_release(&loop->models);
    free(loop->own_breakers);
    free(loop->fds);
    free(loop);
}

size_t llm_loop_calls(const struct llm_loop *loop)
{
    return loop->n_calls;
}

void llm_loop_watch(struct llm_loop *loop, llm_watch_fn *watch, void *arg)
{
    loop->watch = watch;
    loop->watch_arg = arg;
}

enum cq_status llm_start(struct llm_loop *loop, struct cq_ctx *ctx, const struct llm_ask *ask, llm_text_fn *on_text,
                         llm_done_fn *on_done, void *user, struct llm_call **out)
{
    struct llm_chain chain;

    if (ask->task != LLM_EMBED && (ask->n_messages < 1 || ask->n_messages > LLM_MAX_MESSAGES))
        return cq_fail(ctx, CQ_INTERNAL, "%zu messages for a model", ask->n_messages);
    llm_chain_find(&loop->models, ask, &chain);
    if (!chain.n)
        return cq_fail(ctx, CQ_MODEL_UNAVAILABLE, "no model is configured for this");
    if (ask->task == LLM_EMBED && (ask->n_texts < 1 || ask->n_texts > llm_max_texts(chain.models[0])))
        return cq_fail(ctx, CQ_INTERNAL, "%zu texts for a model", ask->n_texts);
    struct llm_call *call = llm_call_create(&loop->config->llm, ctx, ask);
    if (!call)
        return cq_fail(ctx, CQ_INTERNAL, "memory is short");
    call->chain = chain;
    call->model = chain.models[0];
    call->ca_file = loop->ca_file;
    call->credentials = loop->credentials;
    call->scratch = &loop->scratch;
    call->on_text = on_text;
    call->on_done = on_done;
    call->user = user;
    link_call(loop, call);
    if (out)
        *out = call;
    return CQ_OK;
}

/* Not at once: the loop may be at this very call, or about to go on to it. */
void llm_stop(struct llm_call *call)
{
    call->is_stopped = true;
}

/* ---- moving on ---- */

/* A try is over: another one, or the end of the call. */
static void end_try(struct llm_loop *loop, struct llm_call *call, enum cq_status st)
{
    int64_t now = clock_mono_ms();

    if (is_transferring(call))
        curl_multi_remove_handle(loop->multi, call->easy);
    if (llm_call_retry(call, st, now))
        return;
    unlink_call(loop, call);
    call->cost.ms = (uint32_t)(now - call->started_at);
    if (loop->watch) {
        const struct llm_effort effort = llm_call_effort(call, st);

        loop->watch(loop->watch_arg, &effort);
    }
    llm_call_finish(call, st);
    llm_call_free(call);
}

static void begin(struct llm_loop *loop, struct llm_call *call)
{
    if (!llm_call_begin(call))
        end_try(loop, call, call->try.failure);
    else if (is_transferring(call) && curl_multi_add_handle(loop->multi, call->easy)) {
        llm_call_fail(call, CQ_INTERNAL, false, "memory is short");
        end_try(loop, call, CQ_INTERNAL);
    }
}

/* Begin what is due, end what has passed a limit, hand out a piece of what is there already. */
static void attend(struct llm_loop *loop, struct llm_call *call, int64_t now)
{
    if (call->is_stopped) {
        end_try(loop, call, llm_call_judge_stopped(call));
    } else if (call->state == CALL_PIECES) {
        if (llm_call_piece(call))
            end_try(loop, call, llm_call_judge_reply(call));
    } else if (now < llm_call_due_at(call)) {
        return;
    } else if (call->state == CALL_WAITING && now < call->total_at) {
        begin(loop, call);
    } else {
        llm_call_expire(call, now);
        end_try(loop, call, llm_try_judge(call, CURLE_OK));
    }
}

static void attend_all(struct llm_loop *loop)
{
    int64_t now = clock_mono_ms();
    struct llm_call *last = loop->last; /* what a callback starts comes behind it, and next time */
    struct llm_call *call = loop->first, *next;

    for (bool more = call != NULL; more; call = next) {
        more = call != last;
        next = call->next;
        attend(loop, call, now);
    }
}

/* Keys that calls wait for have come, or will not. */
static void wake_unsigned(struct llm_loop *loop)
{
    for (struct llm_call *call = loop->first; call; call = call->next)
        if (call->awaits_keys && call->state == CALL_WAITING)
            call->due_at = 0;
}

static void collect_ended(struct llm_loop *loop)
{
    struct CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(loop->multi, &left))) {
        struct llm_call *call = NULL;
        CURLcode code = msg->data.result;

        if (msg->msg != CURLMSG_DONE)
            continue;
        if (aws_credentials_ended(loop->credentials, msg->easy_handle, code, clock_unix_ms()))
            wake_unsigned(loop);
        else if (!curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call))
            end_try(loop, call, call->is_stopped ? llm_call_judge_stopped(call) : llm_try_judge(call, code));
    }
}

void llm_loop_run(struct llm_loop *loop)
{
    int running;

    /* Limits last: bytes that came while the owner was busy count. */
    curl_multi_perform(loop->multi, &running);
    collect_ended(loop);
    attend_all(loop);
}

/* ---- waiting ---- */

static int time_left(const struct llm_loop *loop, int timeout_ms)
{
    int64_t now = clock_mono_ms();
    int64_t left = timeout_ms < 0 ? FOREVER_MS : timeout_ms;

    for (const struct llm_call *call = loop->first; call; call = call->next)
        if (llm_call_due_at(call) - now < left)
            left = llm_call_due_at(call) - now;
    return left > 0 ? (int)left : 0;
}

static bool room_for_fds(struct llm_loop *loop, size_t n)
{
    if (n <= loop->n_fds)
        return true;
    struct curl_waitfd *fds = realloc(loop->fds, n * sizeof(*fds));
    if (!fds)
        return false;
    loop->fds = fds;
    loop->n_fds = n;
    return true;
}

static short to_curl(short events)
{
    return (short)((events & POLLIN ? CURL_WAIT_POLLIN : 0) | (events & POLLPRI ? CURL_WAIT_POLLPRI : 0) |
                   (events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
}

void llm_loop_wait(struct llm_loop *loop, struct pollfd *fds, size_t n, int timeout_ms)
{
    int wait_ms = time_left(loop, timeout_ms);
    int after_ms = 0;

    if (n > FDS_MAX)
        n = FDS_MAX;
    bool room = room_for_fds(loop, n);
    for (size_t i = 0; room && i < n; i++)
        loop->fds[i] = (struct curl_waitfd){.fd = fds[i].fd, .events = to_curl(fds[i].events)};
    if (!room || curl_multi_poll(loop->multi, loop->fds, (unsigned)n, wait_ms, NULL))
        after_ms = wait_ms < AFTER_FAULT_MS ? wait_ms : AFTER_FAULT_MS;
    /* curl has no word for POLLHUP and POLLERR: what is ready now is asked of the kernel. */
    for (size_t i = 0; i < n; i++)
        fds[i].revents = 0;
    if (n > 0 || after_ms > 0)
        poll(fds, n, after_ms);
}
