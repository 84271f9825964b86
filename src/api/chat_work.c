/* What a request of the llm pool begins in the chat API: a turn, or a title. */
#include "api/chat_stream.h"

static void answer(struct request *req)
{
    req->loaded->route->reply(req);
}

/* ---- a turn ---- */

/* A repeated request gets what the first one got. */
static void answer_replay(struct request *req)
{
    response_header(req, "Idempotent-Replayed", "true");
    if (req->loaded->is_event_stream)
        chat_stream_replay(req);
    else
        answer(req);
}

static struct asking *begin_turn(struct request *req)
{
    struct chat_turn *turn = req->loaded->chat_turn;

    if (turn->row.is_replay) {
        answer_replay(req);
        return NULL;
    }
    if (req->loaded->is_event_stream)
        chat_stream_start(req);
    return &turn->asking;
}

static enum cq_status retrieved_for_turn(struct request *req, const char *text, size_t len)
{
    enum cq_status st = engine_chat_retrieved(&req->ctx, req->loaded->chat_turn, text, len);

    if (!st && req->loaded->is_event_stream)
        chat_stream_retrieved(req);
    return st;
}

static bool read_turn(struct request *req)
{
    return engine_chat_read(&req->ctx, req->loaded->chat_turn);
}

static enum cq_status end_turn(struct request *req)
{
    return engine_chat_end(&req->ctx, req->db, req->loaded->chat_turn);
}

static enum cq_status renew_turn(struct cq_ctx *ctx, struct db *db, const struct request *req)
{
    return engine_chat_renew(ctx, db, req->loaded->chat_turn);
}

static void answer_turn(struct request *req)
{
    if (req->response.is_stream)
        chat_stream_end(req);
    else
        answer(req);
}

const struct work chat_work = {.begin = begin_turn,
                               .retrieved = retrieved_for_turn,
                               .text = chat_stream_text,
                               .read = read_turn,
                               .end = end_turn,
                               .renew = renew_turn,
                               .done = answer_turn,
                               .error = chat_stream_error};

/* ---- a title ---- */

static struct asking *begin_title(struct request *req)
{
    struct chat_title *title = req->loaded->chat_title;

    if (title->asking.n)
        return &title->asking;
    answer(req);
    return NULL;
}

static enum cq_status retrieved_nothing(struct request *req, const char *text, size_t len)
{
    (void)text, (void)len;
    return cq_fail(&req->ctx, CQ_INTERNAL, "nothing was asked of documents");
}

static bool read_title(struct request *req)
{
    return engine_chat_title_read(&req->ctx, req->loaded->chat_title);
}

static enum cq_status end_title(struct request *req)
{
    return engine_chat_title_end(&req->ctx, req->db, req->loaded->chat_title);
}

/* It holds no lease. */
static enum cq_status renew_nothing(struct cq_ctx *ctx, struct db *db, const struct request *req)
{
    (void)ctx, (void)db, (void)req;
    return CQ_OK;
}

const struct work chat_title_work = {.begin = begin_title,
                                     .retrieved = retrieved_nothing,
                                     .read = read_title,
                                     .end = end_title,
                                     .renew = renew_nothing,
                                     .done = answer};
