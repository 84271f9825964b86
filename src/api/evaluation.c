/* The evaluation of a conversation (doc/api-canvas.md 4.6, 4.6b). */
#include "api/evaluation_override.h"
#include "api/represent.h"
#include "api/route.h"

static enum cq_status begin(struct request *req, enum evaluation_need need)
{
    struct loaded *l = req->loaded;
    const struct evaluation_params params = {.config = req->config,
                                             .owner = l->owner,
                                             .user_id = l->access.user_id,
                                             .experience = &l->ai_experience,
                                             .conversation = &l->conversation,
                                             .need = need};

    l->work = &evaluation_work;
    return engine_evaluation_begin(&req->ctx, req->db, &params, &l->evaluation);
}

/* GET …/evaluation: the stored one while it covers the conversation, else a new one; with stored=true only what is stored. */
enum cq_status evaluation_show(struct request *req)
{
    struct param p = param_text(req, NULL, "stored");
    bool is_stored = false;

    if (p.state == PARAM_WRONG || (p.state == PARAM_VALUE && !parse_bool(p.text, p.len, &is_stored)))
        return refuse(req, CQ_VALIDATION_FAILED, "stored must be true or false");
    return begin(req, is_stored ? EVALUATION_STORED : EVALUATION_FITTING);
}

/* POST …/evaluation: always a new one. */
enum cq_status evaluation_create(struct request *req)
{
    return begin(req, EVALUATION_NEW);
}

/* 200 and the evaluation. */
void evaluation_reply(struct request *req)
{
    const struct evaluation *e = req->loaded->evaluation;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "id");
    json_id(&out, e->conversation_id);
    json_key(&out, "evaluation");
    enum cq_status st = write_evaluation_answer(req, &out, e->answer, &e->overrides);
    json_key(&out, "stale");
    json_boolean(&out, e->is_stale);
    json_key(&out, "evaluated_at");
    if (e->answer)
        json_time(&out, e->evaluated_at_ms);
    else
        json_null(&out);
    json_close_object(&out);
    if (st)
        answer_error(req, st);
}
