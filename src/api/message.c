/* Saying something in a conversation, getting the reply, and stopping it (doc/api-canvas.md 4.4, 4.4b). */
#include <string.h>

#include "api/idempotency.h"
#include "api/represent.h"
#include "api/route.h"

static enum cq_status read_message(struct request *req, const char **out)
{
    uint32_t max = req->config->limits.message_max_chars;
    struct param p = param_text(req, NULL, "message");

    if (p.state == PARAM_WRONG)
        return refuse(req, CQ_VALIDATION_FAILED, "message is invalid");
    if (p.state != PARAM_VALUE || utf8_blank(p.text, p.len))
        return CQ_MESSAGE_REQUIRED;
    if (utf8_count(p.text, p.len) > max)
        return refuse(req, CQ_MESSAGE_TOO_LONG,
                      arena_printf(req->ctx.arena, "message must be %u characters or fewer", max));
    *out = p.text;
    return CQ_OK;
}

/* POST …/messages: starts the turn. */
enum cq_status message_create(struct request *req)
{
    struct loaded *l = req->loaded;
    struct turn_params params = {.config = req->config,
                                 .owner = l->owner,
                                 .user_id = l->access.user_id,
                                 .experience = &l->ai_experience,
                                 .conversation = &l->conversation};

    l->work = &turn_work;
    enum cq_status st = read_message(req, &params.text);
    if (!st)
        st = idempotency_read(req, true, params.text, strlen(params.text), &params.key);
    if (!st)
        st = engine_turn_begin(&req->ctx, req->db, &params, &l->turn);
    /* To anyone but a manager an ended conversation is not there, also when it ended just now. */
    return st == CQ_CONVERSATION_COMPLETED && !is_manager(req) ? CQ_RESOURCE_NOT_FOUND : st;
}

/* 200 and the whole conversation. */
void message_create_reply(struct request *req)
{
    const struct turn *turn = req->loaded->turn;
    struct json_out out = response_json(req, 200);

    open_turn(&out, turn);
    json_key(&out, "all_objectives_met");
    json_boolean(&out, turn->all_objectives_met);
    json_close_object(&out);
}

/* POST …/stop: 200 and whether a reply was being written. The worker that writes it ends it with what has come. */
enum cq_status message_stop(struct request *req)
{
    enum cq_status st = store_turn_stop(&req->ctx, req->db, req->loaded->conversation.id, &req->loaded->has_stopped);

    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "stopped");
    json_boolean(&out, req->loaded->has_stopped);
    json_close_object(&out);
    return CQ_OK;
}
