/* Feedback on replies of the chat API (doc/api-chat.md 2.10). */
#include <string.h>

#include "api/chat_represent.h"

static enum cq_status read_feedback(struct request *req, struct chat_feedback *f)
{
    static const struct chat_bounds category = {.max_chars = 100}, comment = {.max_chars = 2000};
    bool has_thumbs = chat_bool(req, req->params, "thumbs_up", true, &f->is_thumbs_up);
    bool has_category = chat_text(req, req->params, "category", &category, &f->category);
    bool is_named = has_category && !utf8_blank(f->category, strlen(f->category));

    (void)chat_text(req, req->params, "comment", &comment, &f->comment);
    if (has_thumbs && !f->is_thumbs_up && !is_named && !chat_problems(req))
        chat_problem(req, "category is required when thumbs_up is false");
    return chat_problems(req);
}

/* PUT /conversation/:conversation_id/:message_id/feedback: 200 and the feedback, which replaces what was there. */
enum cq_status chat_feedback_update(struct request *req)
{
    const char *message = chat_name_param(req, "message_id");
    struct chat_feedback f = {.category = NULL};

    enum cq_status st = chat_needs_json(req);
    if (!st)
        st = read_feedback(req, &f);
    if (!st && str_eq(message, "system"))
        st = CQ_NOT_A_REPLY;
    if (!st)
        st = store_chat_feedback(&req->ctx, req->db, req->loaded->chat.id, message, &f);
    if (st)
        return st;
    enum chat_form form = chat_form(req);
    struct json_out out = response_json(req, 200);

    chat_write_feedback(&out, form, f.is_thumbs_up, f.category, f.comment);
    return CQ_OK;
}
