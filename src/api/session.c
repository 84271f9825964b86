/* Sessions of browsers: the cookies, and what the database knows them by. */
#include "api/session.h"

#include "api/authenticity.h"
#include "api/route.h"

#define SESSION_COOKIE "__Host-colloquy_session"
#define CSRF_COOKIE    "_csrf_token"

enum { USER_AGENT_MAX_CHARS = 255, ADDRESS_MAX_BYTES = 45 };

/* Lax: a link from elsewhere finds its reader signed in; a form from elsewhere does not. */
#define ATTRIBUTES "; Path=/; Secure; SameSite=Lax"

const char *session_cookie(struct request *req)
{
    char text[ACCESS_TOKEN_TEXT_BYTES];
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    if (!request_cookie(req, SESSION_COOKIE, text, sizeof(text)) || strspn(text, alphabet) != sizeof(text) - 1)
        return NULL;
    return arena_strdup(req->ctx.arena, text);
}

/* The word before it: no value of a cookie is hashed as an access token would be. */
bool session_hash(struct request *req, const char *session, uint8_t out[SHA256_BYTES])
{
    const char *text = arena_printf(req->ctx.arena, "session:%s", session);

    return text && sha256(text, strlen(text), out);
}

static enum cq_status give_cookies(struct request *req, const char *session)
{
    const char *csrf_token = authenticity_token_of(req, session);
    const char *own = arena_printf(req->ctx.arena, SESSION_COOKIE "=%s" ATTRIBUTES "; HttpOnly", session);
    const char *csrf = csrf_token ? arena_printf(req->ctx.arena, CSRF_COOKIE "=%s" ATTRIBUTES, csrf_token) : NULL;

    if (!own || !csrf)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    response_header_add(req, "Set-Cookie", own);
    response_header_add(req, "Set-Cookie", csrf);
    return CQ_OK;
}

/* As the browser names itself; its first characters are enough to know it again. NULL: it does not, or not in UTF-8. */
static const char *origin_browser(struct request *req)
{
    const char *name = req->user_agent;
    size_t len = name ? strlen(name) : 0, n = 0;

    if (!len || !utf8_valid(name, len))
        return NULL;
    for (int i = 0; i < USER_AGENT_MAX_CHARS && n < len; i++)
        n += utf8_next(name + n, len - n);
    return arena_strndup(req->ctx.arena, name, n);
}

static const char *origin_address(const struct request *req)
{
    size_t len = strlen(req->remote_addr);

    return len && len <= ADDRESS_MAX_BYTES && utf8_valid(req->remote_addr, len) ? req->remote_addr : NULL;
}

enum cq_status session_begin(struct request *req, uint64_t user_id, const char *password_hash)
{
    const char *before = session_cookie(req);
    uint8_t ended_hash[SHA256_BYTES];
    struct new_session session = {.user_id = user_id,
                                  .password_hash = password_hash,
                                  .user_agent = origin_browser(req),
                                  .address = origin_address(req),
                                  .ended_hash = before ? ended_hash : NULL,
                                  .idle_s = req->config->session.idle_s,
                                  .absolute_s = req->config->session.absolute_s};
    char text[ACCESS_TOKEN_TEXT_BYTES];

    access_token_new(text);
    if (!session_hash(req, text, session.hash) || (before && !session_hash(req, before, ended_hash)))
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = store_session_begin(&req->ctx, req->db, &session);
    if (st)
        return st;
    req->loaded->access.user_id = user_id; /* for the log */
    return give_cookies(req, text);
}

uint64_t session_id(const struct request *req)
{
    return req->loaded->is_session ? req->loaded->access.token_id : 0;
}

void answer_ended(struct request *req, uint64_t n_ended)
{
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "ended");
    json_u64(&out, n_ended);
    json_close_object(&out);
}

void session_forget(struct request *req)
{
    response_header_add(req, "Set-Cookie", SESSION_COOKIE "=" ATTRIBUTES "; HttpOnly; Max-Age=0");
    response_header_add(req, "Set-Cookie", CSRF_COOKIE "=" ATTRIBUTES "; Max-Age=0");
}

void session_touch(struct request *req)
{
    uint64_t id = req->loaded->access.touch_id;
    const struct config_session *limits = &req->config->session;

    if (id && store_session_touch(&req->ctx, req->db, id, limits->idle_s, limits->absolute_s))
        log_warn("request_id=%s the session's limit was not moved: %s", req->ctx.request_id, req->ctx.error);
}
