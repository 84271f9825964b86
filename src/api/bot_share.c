/* With whom a bot is shared, and what the caller keeps of it. */
#include "api/bot_fields.h"

/* PATCH …/bot/:bot_id/visibility: 200 and null; 403 when sharing with all is not for the caller. */
enum cq_status bot_update_visibility(struct request *req)
{
    struct bot_share share;
    struct bot_unshareable fault = {0};

    enum cq_status st = bot_share_read(req, &share);
    if (!st && str_eq(share.scope, "all"))
        st = allow_who(req, req->config->bots.share_all);
    if (!st)
        st = store_bot_share(&req->ctx, req->db, req->loaded->bot.id, &share, &fault);
    if (st == CQ_INVALID_FIELDS && fault.user_id)
        chat_problem(req, "target_allowed_user_ids: there is no user %llu", (unsigned long long)fault.user_id);
    else if (st == CQ_INVALID_FIELDS)
        chat_problem(req, "target_allowed_group_ids: the bot's owner is in no course %llu",
                     (unsigned long long)fault.course_id);
    return st ? st : chat_answer_null(req);
}

/* What is taken off a list that the caller has it on, or could have. */
static enum cq_status leave_out(struct request *req,
                                enum cq_status (*leave)(struct cq_ctx *, struct db *, uint64_t, const char *, bool *))
{
    const struct bot_row *bot = &req->loaded->bot;
    const char *name = path_param(req, "bot_id");
    bool is_found = false;

    if (!chat_is_name(name, strlen(name)))
        return CQ_BOT_NOT_FOUND;
    enum cq_status st = leave(&req->ctx, req->db, req->loaded->access.user_id, name, &is_found);
    if (st)
        return st;
    return is_found || (bot->id && bot->is_usable) ? CQ_OK : CQ_BOT_NOT_FOUND;
}

/* PATCH …/bot/:bot_id/starred: 200 and null. What may not be used any more can still lose its star. */
enum cq_status bot_update_starred(struct request *req)
{
    const struct loaded *l = req->loaded;
    bool is_starred;

    if (chat_needs_json(req))
        return CQ_UNSUPPORTED_TYPE;
    if (!chat_bool(req, req->params, "starred", true, &is_starred))
        return l->bot.id && l->bot.is_usable ? chat_problems(req) : CQ_BOT_NOT_FOUND;
    enum cq_status st = CQ_BOT_NOT_FOUND;
    if (!is_starred)
        st = leave_out(req, store_bot_unstar);
    else if (l->bot.id && l->bot.is_usable)
        st = store_bot_star(&req->ctx, req->db, l->access.user_id, l->bot.id);
    return st ? st : chat_answer_null(req);
}

/* DELETE …/bot/:bot_id/recently-used: 200. What is deleted, or shared no more, can still be taken off the list. */
enum cq_status bot_forget_use(struct request *req)
{
    enum cq_status st = leave_out(req, store_bot_forget_use);

    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "message");
    json_text(&out, "The bot has left the list of those recently used.");
    json_close_object(&out);
    return CQ_OK;
}
