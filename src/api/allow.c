/*
 * Who may do what: every check of every row, in the contract's order (doc/api-canvas.md, "Checks run in this order").
 *
 * A caller who is not a member is told so whether or not the experience exists, and a thing of somebody else looks the
 * same as one that is not there.
 */
#include "api/authenticity.h"
#include "api/route.h"

static const uint32_t MANAGERS = 1u << ROLE_TEACHER | 1u << ROLE_TA | 1u << ROLE_DESIGNER;

bool can_manage(const struct request *req, uint32_t roles)
{
    return req->loaded->access.is_admin || (roles & MANAGERS);
}

bool is_manager(const struct request *req)
{
    return can_manage(req, req->loaded->access.roles);
}

static bool is_member(const struct request *req)
{
    return req->loaded->access.is_admin || req->loaded->access.roles;
}

/* ---- credentials ---- */

static bool is_read(const struct request *req)
{
    return req->method == HTTP_GET || req->method == HTTP_HEAD;
}

/*
 * A browser sends its cookie with whatever any page has it ask for. What changes something must show the session's own
 * token, which other sites cannot read, and come from none of them; a read that asks a model, which costs, too.
 */
static enum cq_status allow_browser(struct request *req)
{
    bool asks_model = req->loaded->route->pool == POOL_LLM;

    if ((!is_read(req) || asks_model) && request_is_cross_site(req))
        return CQ_AUTHENTICITY_TOKEN;
    return is_read(req) || authenticity_is_shown(req, req->loaded->credential) ? CQ_OK : CQ_AUTHENTICITY_TOKEN;
}

/* A session that is over is no more than one that never was: its browser signs in again. */
static enum cq_status allow_session(struct request *req)
{
    const struct access_row *access = &req->loaded->access;

    return access->is_revoked || access->is_expired ? CQ_UNAUTHENTICATED : allow_browser(req);
}

static enum cq_status allow_token(const struct access_row *access)
{
    if (access->is_revoked)
        return CQ_TOKEN_REVOKED;
    if (access->is_expired)
        return CQ_TOKEN_EXPIRED;
    return access->has_scope ? CQ_OK : CQ_SCOPE_MISSING;
}

enum cq_status allow_anyone(struct request *req)
{
    return !is_read(req) && request_is_cross_site(req) ? CQ_AUTHENTICITY_TOKEN : CQ_OK;
}

/* ---- the course and what is in it ---- */

static bool is_feature_on(const struct request *req)
{
    const struct route *route = req->loaded->route;
    const struct config_features *features = &req->config->features;
    bool is_evaluation = route->reply == evaluation_reply || route->handler == evaluation_override_update ||
                         route->handler == evaluation_override_delete;
    bool is_of_files = route->handler == context_file_create || route->handler == context_file_index ||
                       route->handler == context_file_delete;

    if (route->handler == course_show) /* a course is there without experiences */
        return true;
    return features->ai_experiences && (!is_evaluation || features->evaluation) &&
           (!is_of_files || features->context_files);
}

static enum cq_status allow_course(const struct request *req, enum may may)
{
    if (!req->loaded->access.course_id)
        return CQ_NOT_FOUND;
    if (!is_feature_on(req))
        return CQ_RESOURCE_NOT_FOUND;
    bool is_for_managers = may == MAY_AUTHOR || may == MAY_WATCH;
    return (is_for_managers ? is_manager(req) : is_member(req)) ? CQ_OK : CQ_FORBIDDEN;
}

static enum cq_status allow_ai_experience(const struct request *req, enum may may)
{
    const struct ai_experience_row *x = &req->loaded->ai_experience;
    bool is_open = may == MAY_KEEP || str_eq(x->workflow_state, "published");

    if (!x->id)
        return CQ_RESOURCE_NOT_FOUND;
    return is_manager(req) || is_open ? CQ_OK : CQ_FORBIDDEN;
}

/* A manager finds any conversation of the experience, anyone else only one of their own: an active one, but to keep it. */
static enum cq_status allow_conversation(const struct request *req, enum may may)
{
    const struct conversation_row *v = &req->loaded->conversation;
    bool is_own = v->user_id == req->loaded->access.user_id;
    bool is_open = may == MAY_KEEP || str_eq(v->workflow_state, "active");

    if (!v->id || (!is_manager(req) && !(is_own && is_open)))
        return may == MAY_WATCH ? CQ_CONVERSATION_NOT_FOUND : CQ_RESOURCE_NOT_FOUND;
    if (may == MAY_REVIEW)
        return is_manager(req) ? CQ_OK : CQ_FORBIDDEN;
    return may == MAY_SAY && !is_own ? CQ_FORBIDDEN : CQ_OK;
}

/* ---- the chat API ---- */

static bool is_chat(enum may may)
{
    return may == MAY_CHAT || may == MAY_OWN || may == MAY_USE_BOT || may == MAY_EDIT_BOT;
}

/* Nobody but its owner knows of a chat; a bot that is shared is known, which does not make one its editor. */
static enum cq_status allow_chat(const struct request *req, enum may may)
{
    const struct bot_row *bot = &req->loaded->bot;

    if (may == MAY_OWN)
        return req->loaded->chat.id ? CQ_OK : CQ_CONVERSATION_NOT_FOUND;
    if (may == MAY_CHAT)
        return CQ_OK;
    if (!bot->id || !bot->is_usable)
        return CQ_BOT_NOT_FOUND;
    return may == MAY_EDIT_BOT && !bot->is_editable ? CQ_FORBIDDEN : CQ_OK;
}

enum cq_status allow_who(struct request *req, enum config_who who)
{
    const struct access_row *access = &req->loaded->access;
    bool is_teacher = false;

    if (who == CONFIG_ANYONE || access->is_admin)
        return CQ_OK;
    enum cq_status st =
        who == CONFIG_TEACHERS ? store_has_role(&req->ctx, req->db, access->user_id, MANAGERS, &is_teacher) : CQ_OK;
    return st || is_teacher ? st : CQ_FORBIDDEN;
}

enum cq_status allow(struct request *req)
{
    const struct route *route = req->loaded->route;
    enum cq_status st = req->loaded->is_session ? allow_session(req) : allow_token(&req->loaded->access);

    if (st || route->may == MAY_ENTER)
        return st;
    if (is_chat(route->may))
        return allow_chat(req, route->may);
    st = allow_course(req, route->may);
    if (!st && route->load != LOAD_COURSE)
        st = allow_ai_experience(req, route->may);
    if (!st && route->load == LOAD_CONVERSATION)
        st = allow_conversation(req, route->may);
    return st;
}
