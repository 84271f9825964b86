/* Votes on messages of the assistant's (doc/api-canvas.md 4.7, 4.8). */
#include <string.h>

#include "api/represent.h"
#include "api/route.h"

enum { MAX_CHARS = 4000 };

/* A UUID of the path, in lower case; anything else in its place is simply not found. */
static enum cq_status read_uuid(const struct request *req, const char *name, char out[UUID_TEXT_BYTES])
{
    const char *text = path_param(req, name);

    return uuid_parse(text, strlen(text), out) ? CQ_OK : CQ_RESOURCE_NOT_FOUND;
}

static enum cq_status find_message(struct request *req, char uuid[UUID_TEXT_BYTES], uint32_t *seq)
{
    bool is_assistant = false;
    enum cq_status st = read_uuid(req, "message_id", uuid);

    if (!st)
        st = store_message_find(&req->ctx, req->db, req->loaded->conversation.id, uuid, seq, &is_assistant);
    if (!st && !is_assistant)
        st = refuse(req, CQ_VALIDATION_FAILED, "only messages of the assistant can be voted on");
    return st;
}

static enum cq_status read_vote(struct request *req, const char **vote)
{
    static const char *const votes[] = {"liked", "disliked"};
    struct param p = param_text(req, NULL, "vote");

    for (size_t i = 0; p.state == PARAM_VALUE && i < LEN(votes); i++)
        if (str_eq(p.text, votes[i])) {
            *vote = votes[i];
            return CQ_OK;
        }
    return refuse(req, CQ_VALIDATION_FAILED, "vote must be liked or disliked");
}

/* Kept of a dislike only: what was liked needs no reason. */
static enum cq_status read_reason(struct request *req, const char *vote, const char **reason)
{
    struct param p = param_text(req, NULL, "feedback_message");

    if (p.state == PARAM_WRONG)
        return refuse(req, CQ_VALIDATION_FAILED, "feedback_message is invalid");
    if (p.state == PARAM_VALUE && utf8_count(p.text, p.len) > MAX_CHARS)
        return refuse(req, CQ_VALIDATION_FAILED, "feedback_message must be 4000 characters or fewer");
    if (p.state == PARAM_VALUE && str_eq(vote, "disliked") && !utf8_blank(p.text, p.len))
        *reason = p.text;
    return CQ_OK;
}

/* POST …/messages/:message_id/feedback: 200 and the vote, which replaces the one before. */
enum cq_status feedback_create(struct request *req)
{
    char message_uuid[UUID_TEXT_BYTES], uuid[UUID_TEXT_BYTES];
    struct new_feedback feedback = {.conversation_id = req->loaded->conversation.id,
                                    .user_id = req->loaded->access.user_id,
                                    .message_uuid = message_uuid,
                                    .uuid = uuid};
    struct feedback_row row;

    uuid_new(uuid);
    enum cq_status st = find_message(req, message_uuid, &feedback.seq);
    if (!st)
        st = read_vote(req, &feedback.vote);
    if (!st)
        st = read_reason(req, feedback.vote, &feedback.feedback_message);
    if (!st)
        st = store_feedback_put(&req->ctx, req->db, &feedback, &row);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "feedback");
    write_feedback(&out, &row);
    json_close_object(&out);
    return CQ_OK;
}

/* DELETE …/messages/:message_id/feedback/:feedback_id: 200; 404 of another's, or of another message. */
enum cq_status feedback_delete(struct request *req)
{
    const struct loaded *l = req->loaded;
    char message_uuid[UUID_TEXT_BYTES], uuid[UUID_TEXT_BYTES];

    enum cq_status st = read_uuid(req, "message_id", message_uuid);
    if (!st)
        st = read_uuid(req, "feedback_id", uuid);
    if (!st)
        st = store_feedback_remove(&req->ctx, req->db, l->conversation.id, l->access.user_id, message_uuid, uuid);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "success");
    json_boolean(&out, true);
    json_close_object(&out);
    return CQ_OK;
}
