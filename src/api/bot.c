/* Bots: making, showing, changing and deleting one. */
#include "api/bot_fields.h"
#include "api/bot_represent.h"

static enum cq_status answer_bot(struct request *req, const struct bot_row *bot)
{
    struct bot_details details;

    enum cq_status st = store_bot_details(&req->ctx, req->db, bot->id, &details);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    return bot_write(req, &out, chat_form(req), bot, &details);
}

/* Why a change was not made, in words that name the key; or what it was, and the files that went with it. */
static enum cq_status answer_change(struct request *req, enum cq_status st, const struct bot_change *change,
                                    const struct bot_changed *changed)
{
    if (st == CQ_INVALID_FIELDS)
        return refuse(req, CQ_INVALID_REQUEST,
                      arena_printf(req->ctx.arena, "knowledge: %s was not uploaded for this bot", changed->missing));
    if (st == CQ_INVALID_REQUEST)
        return refuse(req, st,
                      arena_printf(req->ctx.arena, "knowledge: a bot has at most %d documents", DOCUMENTS_PER_BOT));
    if (st)
        return st;
    req->loaded->has_queued_document = change->n_added > 0;
    engine_files_drop(&req->ctx, req->db, req->config, &changed->dropped);
    return answer_bot(req, &changed->bot);
}

/* POST …/bot: 200 and the bot, which is private; 409 when its id is taken. */
enum cq_status bot_create(struct request *req)
{
    struct bot_change change;
    struct bot_changed changed = {.missing = NULL};
    const char *name = NULL;

    enum cq_status st = allow_who(req, req->config->bots.create);
    if (st)
        return st;
    (void)chat_name(req, req->params, "id", true, &name);
    st = bot_fields_read(req, NULL, &change);
    if (st)
        return st;
    st = store_bot_create(&req->ctx, req->db, req->loaded->access.user_id, name, &change, &changed);
    return answer_change(req, st, &change, &changed);
}

/* GET …/bot/private/:bot_id: 200 and the bot, to those who edit it. */
enum cq_status bot_show_private(struct request *req)
{
    return answer_bot(req, &req->loaded->bot);
}

/* GET …/bot/summary/:bot_id: 200 and its summary, to those who may use it. */
enum cq_status bot_show_summary(struct request *req)
{
    const struct bot_row *bot = &req->loaded->bot;
    struct bot_item item;

    enum cq_status st = store_bot_item(&req->ctx, req->db, req->loaded->access.user_id, bot->id, &item);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    return bot_write_summary(req, &out, chat_form(req), bot, &item);
}

/* PATCH …/bot/:bot_id: 200 and the bot as it is now. */
enum cq_status bot_update(struct request *req)
{
    const struct loaded *l = req->loaded;
    struct bot_change change;
    struct bot_changed changed = {.missing = NULL};

    enum cq_status st = bot_fields_read(req, &l->bot, &change);
    if (st)
        return st;
    st = store_bot_update(&req->ctx, req->db, l->bot.id, l->access.user_id, &change, &changed);
    return answer_change(req, st, &change, &changed);
}

/* DELETE …/bot/:bot_id: 200 and null. Its conversations stay. */
enum cq_status bot_delete(struct request *req)
{
    struct hash_list dropped = {.n = 0};

    enum cq_status st = store_bot_delete(&req->ctx, req->db, req->loaded->bot.id, &dropped);
    if (st)
        return st;
    engine_files_drop(&req->ctx, req->db, req->config, &dropped);
    return chat_answer_null(req);
}
