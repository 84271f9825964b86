/* What a request of the llm pool begins in the Canvas API: a turn, or an evaluation. */
#include "api/route.h"
#include "api/stream.h"

static void answer(struct request *req)
{
    req->loaded->route->reply(req);
}

static enum cq_status retrieved_nothing(struct request *req, const char *text, size_t len)
{
    (void)text, (void)len;
    return cq_fail(&req->ctx, CQ_INTERNAL, "nothing was asked of documents");
}

/* ---- a turn ---- */

/* A repeated request gets what the first one got. */
static void answer_replay(struct request *req)
{
    response_header(req, "Idempotent-Replayed", "true");
    if (req->loaded->is_event_stream)
        stream_replay(req, req->loaded->turn);
    else
        answer(req);
}

static struct asking *begin_turn(struct request *req)
{
    struct turn *turn = req->loaded->turn;

    if (turn->row.is_replay) {
        answer_replay(req);
        return NULL;
    }
    if (req->loaded->is_event_stream)
        stream_start(req, turn);
    return &turn->asking;
}

static enum cq_status retrieved_for_turn(struct request *req, const char *text, size_t len)
{
    return engine_turn_retrieved(&req->ctx, req->loaded->turn, text, len);
}

static void text_of_turn(struct request *req, enum llm_part_kind kind, const char *text, size_t len)
{
    if (kind == LLM_TEXT)
        stream_delta(req, text, len);
}

static bool read_turn(struct request *req)
{
    return engine_turn_read(&req->ctx, req->loaded->turn);
}

static enum cq_status end_turn(struct request *req)
{
    return engine_turn_end(&req->ctx, req->db, req->loaded->turn);
}

static enum cq_status renew_turn(struct cq_ctx *ctx, struct db *db, const struct request *req)
{
    return engine_turn_renew(ctx, db, req->loaded->turn);
}

static void answer_turn(struct request *req)
{
    if (req->response.is_stream)
        stream_done(req, req->loaded->turn);
    else
        answer(req);
}

const struct work turn_work = {.begin = begin_turn,
                               .retrieved = retrieved_for_turn,
                               .text = text_of_turn,
                               .read = read_turn,
                               .end = end_turn,
                               .renew = renew_turn,
                               .done = answer_turn,
                               .error = stream_error};

/* ---- an evaluation, which is never streamed ---- */

/* One that is stored and still holds is answered at once. */
static struct asking *begin_evaluation(struct request *req)
{
    struct evaluation *evaluation = req->loaded->evaluation;

    if (evaluation->asking.n)
        return &evaluation->asking;
    answer(req);
    return NULL;
}

static bool read_evaluation(struct request *req)
{
    return engine_evaluation_read(&req->ctx, req->loaded->evaluation);
}

static enum cq_status end_evaluation(struct request *req)
{
    return engine_evaluation_end(&req->ctx, req->db, req->loaded->evaluation);
}

/* Its place is as long as its limits. */
static enum cq_status renew_nothing(struct cq_ctx *ctx, struct db *db, const struct request *req)
{
    (void)ctx, (void)db, (void)req;
    return CQ_OK;
}

const struct work evaluation_work = {.begin = begin_evaluation,
                                     .retrieved = retrieved_nothing,
                                     .read = read_evaluation,
                                     .end = end_evaluation,
                                     .renew = renew_nothing,
                                     .done = answer};
