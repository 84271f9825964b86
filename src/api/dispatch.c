/* From a request to its answer: routed, understood, loaded in one statement, allowed, handled. */
#include <string.h>

#include "api/body.h"
#include "api/chat_form.h"
#include "api/route.h"
#include "api/session.h"

const char *api_route_name(const struct request *req)
{
    return req->loaded && req->loaded->route ? req->loaded->route->key.pattern : "-";
}

size_t api_route_index(const struct request *req)
{
    return req->loaded && req->loaded->route ? (size_t)(req->loaded->route - routes) : n_routes;
}

uint64_t api_turn_id(const struct request *req)
{
    const struct loaded *l = req->loaded;

    return l && l->turn ? l->turn->row.id : l && l->chat_turn ? l->chat_turn->row.id : 0;
}

bool api_has_stopped(const struct request *req)
{
    return req->loaded && req->loaded->has_stopped;
}

bool api_has_queued_document(const struct request *req)
{
    return req->loaded && req->loaded->has_queued_document;
}

uint64_t api_user_id(const struct request *req)
{
    return req->loaded ? req->loaded->access.user_id : 0;
}

static enum cq_status find_route(struct request *req)
{
    size_t i;

    req->loaded = arena_zalloc(req->ctx.arena, 1, sizeof(*req->loaded));
    if (!req->loaded)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = route_find(req, routes, n_routes, sizeof(routes[0]), &i);
    if (!st)
        req->loaded->route = &routes[i];
    return st;
}

/* A bad access token is refused even if a good cookie comes with it. */
static void find_credential(struct request *req)
{
    struct loaded *l = req->loaded;

    l->credential = request_access_token(req);
    l->is_session = !l->credential;
    if (l->is_session)
        l->credential = session_cookie(req);
}

static bool hash_credential(struct request *req, uint8_t out[SHA256_BYTES])
{
    const char *text = req->loaded->credential;

    return req->loaded->is_session ? session_hash(req, text, out) : sha256(text, strlen(text), out);
}

/* Whose `:id` it is, the pattern tells: the experience's, unless that has a name of its own. */
static struct load_key load_key(struct request *req)
{
    bool is_named = *path_param(req, "ai_experience_id") != '\0';

    return (struct load_key){.is_session = req->loaded->is_session,
                             .scope = route_scope(req->ctx.arena, req->loaded->route),
                             .course_id = path_param_id(req, "course_id"),
                             .ai_experience_id = path_param_id(req, is_named ? "ai_experience_id" : "id"),
                             .conversation_id = path_param_id(req, is_named ? "id" : "conversation_id"),
                             .chat_name = chat_name_param(req, "conversation_id"),
                             .bot_name = chat_name_param(req, "bot_id")};
}

static enum cq_status load(struct request *req)
{
    struct loaded *l = req->loaded;
    struct load_key key = load_key(req);

    if (!key.scope || !hash_credential(req, key.token_hash))
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    switch (l->route->load) {
    case LOAD_NOTHING:
        return CQ_OK;
    case LOAD_COURSE:
        return store_load_course(&req->ctx, req->db, &key, &l->access);
    case LOAD_AI_EXPERIENCE:
        return store_load_ai_experience(&req->ctx, req->db, &key, &l->access, &l->ai_experience);
    case LOAD_CONVERSATION:
        return store_load_conversation(&req->ctx, req->db, &key, &l->access, &l->ai_experience, &l->conversation);
    case LOAD_ACTIVE_CONVERSATION:
        return store_load_active_conversation(&req->ctx, req->db, &key, &l->access, &l->ai_experience, &l->conversation,
                                              &l->messages);
    case LOAD_CALLER:
        return store_load_course(&req->ctx, req->db, &key, &l->access);
    case LOAD_CHAT:
        return store_load_chat(&req->ctx, req->db, &key, &l->access, &l->chat);
    case LOAD_BOT:
        return store_load_bot(&req->ctx, req->db, &key, &l->access, &l->bot);
    }
    return CQ_INTERNAL;
}

/* Who asks, for what, and whether they may. */
static enum cq_status load_and_allow(struct request *req)
{
    enum cq_status st = load(req);

    if (st)
        return st == CQ_TOKEN_UNKNOWN && req->loaded->is_session ? CQ_UNAUTHENTICATED : st;
    st = allow(req);
    if (st != CQ_AUTHENTICITY_TOKEN) /* what another site asked for is no use of it */
        session_touch(req);
    return st;
}

/*
 * Everything before the handler. What a body says of itself is judged before the database is asked for anything, but
 * a caller without credentials learns only that they are missing.
 */
static enum cq_status prepare(struct request *req, enum pool pool)
{
    req->body_is_raw = body_is_raw(req);
    enum cq_status read = params_read(req);

    if (!read && !str_starts(req->path, "/api/chat/")) /* which takes no forms, that need this */
        params_override_method(req);
    enum cq_status st = find_route(req);
    if (st)
        return st;
    if (req->loaded->route->pool != pool)
        return cq_fail(&req->ctx, CQ_INTERNAL,
                       "a request of the %s pool came to the %s pool: nginx/pools.conf is stale",
                       pool_name(req->loaded->route->pool), pool_name(pool));
    if (req->loaded->route->may == MAY_ANYONE)
        return read ? read : allow_anyone(req);
    find_credential(req);
    if (!req->loaded->credential)
        return CQ_UNAUTHENTICATED;
    if (read && !(req->loaded->route->answers == ANSWER_OPENING && req->params)) /* params: the query is sound */
        return read;
    return load_and_allow(req);
}

/*
 * Failures of ours are logged where they are answered, and limits that people ask about; a client's own mistakes, and what
 * has no cause to tell, are not.
 */
static void log_failure(const struct request *req, enum cq_status st)
{
    bool is_ours = cq_status_info(st)->http >= 500;

    if ((is_ours || st == CQ_RATE_LIMITED) && req->ctx.error[0])
        log_line(is_ours ? LOG_WARN : LOG_INFO, "request_id=%s route=%s %s: %s", req->ctx.request_id,
                 api_route_name(req), cq_status_info(st)->name, req->ctx.error);
}

static void answer_failure(struct request *req, enum cq_status st)
{
    log_failure(req, st);
    answer_error(req, st);
}

/* An answer that did not fit is none. What a stream has sent cannot be taken back: its last event says that it failed. */
static void check_answer(struct request *req)
{
    const struct buf *body = req->response.body;

    if (!body || !body->failed)
        return;
    cq_fail(&req->ctx, CQ_INTERNAL, "the answer is larger than %zu bytes", body->max);
    api_refuse(req, CQ_INTERNAL);
}

void api_answer(struct request *req)
{
    enum cq_status st = prepare(req, POOL_API);

    if (!st)
        st = req->loaded->route->handler(req);
    if (st)
        answer_failure(req, st);
    check_answer(req);
}

/* ---- the llm pool ---- */

/* What follows belongs to what was begun, whose handler has said what that is; one that is answered already has no more. */
struct asking *api_begin(struct request *req, const char *owner)
{
    enum cq_status st = prepare(req, POOL_LLM);

    if (!st) {
        req->loaded->owner = owner;
        st = req->loaded->route->handler(req);
    }
    if (st) {
        answer_failure(req, st);
        return NULL;
    }
    req->loaded->is_event_stream = req->config->features.streaming && req->loaded->work->text &&
                                   req->loaded->route->answers != ANSWER_OPENING &&
                                   request_accepts(req, "text/event-stream");
    struct asking *asking = req->loaded->work->begin(req);

    if (!asking)
        check_answer(req);
    return asking;
}

enum cq_status api_retrieved(struct request *req, const char *answer, size_t len)
{
    return req->loaded->work->retrieved(req, answer, len);
}

void api_text(struct request *req, enum llm_part_kind kind, const char *text, size_t len)
{
    if (req->loaded->is_event_stream)
        req->loaded->work->text(req, kind, text, len);
}

void api_wait(struct request *req)
{
    if (req->response.is_stream)
        buf_str(req->response.body, ": waiting\n\n");
}

enum cq_status api_renew(struct cq_ctx *ctx, struct db *db, const struct request *req)
{
    return req->loaded->work->renew(ctx, db, req);
}

enum api_end api_end(struct request *req, enum cq_status *outcome)
{
    const struct work *work = req->loaded->work;

    if (!work->read(req))
        return API_AGAIN;
    enum cq_status st = work->end(req);

    if (st == CQ_BUSY)
        return API_LATER;
    *outcome = st;
    if (st)
        api_refuse(req, st);
    else
        work->done(req);
    check_answer(req);
    return API_ANSWERED;
}

void api_refuse(struct request *req, enum cq_status st)
{
    log_failure(req, st);
    if (req->response.is_stream) {
        req->loaded->work->error(req, st);
        return;
    }
    if (!req->loaded)
        (void)!find_route(req); /* for the form of the error; one without a route has its own */
    answer_error(req, st);
}

/* ---- the ops pool ---- */

void api_answer_ops(struct request *req, const struct ops_source *source)
{
    enum cq_status st = find_route(req);

    if (!st && req->loaded->route->pool != POOL_OPS)
        st = CQ_NOT_FOUND;
    if (!st) {
        req->loaded->ops = source;
        st = req->loaded->route->handler(req);
    }
    if (st)
        answer_failure(req, st);
    check_answer(req);
}
