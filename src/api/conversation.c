/*
 * Conversations: the active one, all of one's own, opening, showing, ending (doc/api-canvas.md 4.1, 4.2, 4.3, 4.5;
 * doc/api-pages.md 3.1).
 */
#include "api/idempotency.h"
#include "api/represent.h"
#include "api/route.h"

enum { PER_PAGE = 10, MAX_PER_PAGE = 100 };

enum cq_status read_own_feedback(struct request *req, const struct conversation_row *v, struct message_list *messages)
{
    return v->has_feedback ? store_feedback_read(&req->ctx, req->db, v->id, req->loaded->access.user_id, messages)
                           : CQ_OK;
}

/* GET …/conversations: 200 and the caller's active conversation, or {}. */
enum cq_status conversation_active(struct request *req)
{
    const struct conversation_row *v = &req->loaded->conversation;
    struct progress progress = {0};
    enum cq_status st = CQ_OK;

    if (v->id)
        st = engine_progress_read(&req->ctx, v->learning_objective, v->met_at, &progress);
    if (!st)
        st = read_own_feedback(req, v, &req->loaded->messages);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    if (v->id) {
        json_key(&out, "id");
        json_id(&out, v->id);
        write_talk(&out, &req->loaded->messages, &progress);
        write_conversation_state(&out, v);
    }
    json_close_object(&out);
    return CQ_OK;
}

static void write_own(struct json_out *out, const struct conversation_row *v)
{
    json_open_object(out);
    json_key(out, "id");
    json_id(out, v->id);
    write_conversation_state(out, v);
    write_progress_so_far(out, v);
    json_close_object(out);
}

/* GET …/my_conversations: 200 and a page of the caller's own, newest first. */
enum cq_status conversation_index(struct request *req)
{
    struct conversation_list list;
    struct page page;

    enum cq_status st = page_read(req, PER_PAGE, MAX_PER_PAGE, &page);
    if (!st)
        st = store_conversation_list(&req->ctx, req->db, req->loaded->ai_experience.id, req->loaded->access.user_id,
                                     page.per_page, (page.number - 1) * page.per_page, &list);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_array(&out);
    for (size_t i = 0; i < list.n; i++)
        write_own(&out, &list.rows[i]);
    json_close_array(&out);
    page_link(req, &page, list.total);
    return CQ_OK;
}

/* POST …/conversations: the opening message is the server's own; no parameters, any body is ignored. */
enum cq_status conversation_create(struct request *req)
{
    struct loaded *l = req->loaded;
    struct turn_params params = {
        .config = req->config, .owner = l->owner, .user_id = l->access.user_id, .experience = &l->ai_experience};

    l->work = &turn_work;
    enum cq_status st = idempotency_read(req, false, "", 0, &params.key);
    return st ? st : engine_turn_begin(&req->ctx, req->db, &params, &l->turn);
}

/* 201 and the opening message with its greeting. */
void conversation_create_reply(struct request *req)
{
    struct json_out out = response_json(req, 201);

    open_turn(&out, req->loaded->turn);
    json_close_object(&out);
}

/* GET …/conversations/:id: 200 and the conversation with all that was said. */
enum cq_status conversation_show(struct request *req)
{
    const struct conversation_row *v = &req->loaded->conversation;
    struct message_list messages;
    struct progress progress;

    enum cq_status st = engine_progress_read(&req->ctx, v->learning_objective, v->met_at, &progress);
    if (!st)
        st = store_message_list(&req->ctx, req->db, v->id, UINT32_MAX, &messages);
    if (!st)
        st = read_own_feedback(req, v, &messages);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "id");
    json_id(&out, v->id);
    json_key(&out, "user_id");
    json_id_text(&out, v->user_id);
    write_conversation_fields(&out, v);
    write_talk(&out, &messages, &progress);
    json_close_object(&out);
    return CQ_OK;
}

/* DELETE …/conversations/:id: 200; a running turn is still stored. */
enum cq_status conversation_complete(struct request *req)
{
    enum cq_status st = store_conversation_complete(&req->ctx, req->db, req->loaded->conversation.id);

    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "message");
    json_text(&out, "Conversation completed successfully");
    json_close_object(&out);
    return CQ_OK;
}
