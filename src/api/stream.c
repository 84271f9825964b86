/* Server-sent events of a streamed reply. */
#include <string.h>

#include "api/stream.h"

#include "api/represent.h"
#include "api/route.h"

enum { LAST_EVENT_BYTES = 4096 }; /* an error, after a stream that took up all the room there is */

static const struct message_row *last_message(const struct turn *turn)
{
    return &turn->messages.rows[turn->messages.n - 1];
}

static const struct message_row *user_message(const struct turn *turn)
{
    const struct message_row *last = last_message(turn);

    return last->is_assistant && turn->messages.n > 1 ? last - 1 : last;
}

/* An event, up to its data, which the caller writes as one JSON value on one line. */
static struct json_out open_event(struct request *req, const char *name)
{
    struct json_out out;

    buf_printf(req->response.body, "event: %s\ndata: ", name);
    json_out_init(&out, req->response.body);
    out.string_ids = request_wants_string_ids(req);
    return out;
}

/* Up to the end of the last whole event. */
static size_t whole_events(const struct buf *body)
{
    size_t len = body->len;

    while (len >= 2 && !(body->data[len - 1] == '\n' && body->data[len - 2] == '\n'))
        len--;
    return len >= 2 ? len : 0;
}

/* What stands in the body may be sent at any time: an event that did not fit is taken back. */
static void close_event(struct request *req)
{
    struct buf *body = req->response.body;

    buf_str(body, "\n\n");
    if (!body->failed)
        return;
    buf_truncate(body, whole_events(body));
    body->failed = true;
}

static void begin_stream(struct request *req)
{
    response_json(req, 200); /* gives the body */
    req->response.content_type = "text/event-stream; charset=utf-8";
    req->response.is_stream = true;
    response_header(req, "X-Accel-Buffering", "no"); /* nginx passes each piece on as it comes */
}

static void write_start(struct request *req, const struct turn *turn, const struct message_row *said)
{
    struct json_out out = open_event(req, "message.start");

    json_open_object(&out);
    json_key(&out, "conversation_id");
    json_id(&out, turn->row.conversation_id);
    json_key(&out, "user_message");
    write_message(&out, said);
    json_key(&out, "message");
    json_open_object(&out);
    json_key(&out, "id");
    json_text(&out, turn->row.is_replay ? last_message(turn)->uuid : turn->request.reply_uuid);
    json_key(&out, "role");
    json_text(&out, "Assistant");
    json_close_object(&out);
    json_close_object(&out);
    close_event(req);
}

void stream_start(struct request *req, const struct turn *turn)
{
    begin_stream(req);
    write_start(req, turn, user_message(turn));
}

static void write_delta(struct request *req, const char *message_id, const char *text, size_t len)
{
    struct json_out out = open_event(req, "message.delta");

    json_open_object(&out);
    json_key(&out, "id");
    json_text(&out, message_id);
    json_key(&out, "text");
    json_text_n(&out, text, len);
    json_close_object(&out);
    close_event(req);
}

void stream_delta(struct request *req, const char *text, size_t len)
{
    write_delta(req, req->loaded->turn->request.reply_uuid, text, len);
}

static void write_done(struct request *req, const struct turn *turn)
{
    struct json_out out = open_event(req, "progress");

    write_progress(&out, &turn->progress);
    close_event(req);
    out = open_event(req, "message.done");
    json_open_object(&out);
    json_key(&out, "id");
    json_id(&out, turn->row.conversation_id);
    json_key(&out, "message");
    write_message(&out, last_message(turn));
    json_key(&out, "progress");
    write_progress(&out, &turn->progress);
    json_key(&out, "all_objectives_met");
    json_boolean(&out, turn->all_objectives_met);
    json_close_object(&out);
    close_event(req);
}

void stream_done(struct request *req, const struct turn *turn)
{
    write_done(req, turn);
}

/* What did not fit has been taken back. Nothing can be said where there is no memory at all. */
static void make_room(struct request *req)
{
    struct buf *body = req->response.body;

    if (body == &req->response.no_body)
        return;
    body->max += LAST_EVENT_BYTES;
    body->failed = false;
}

void stream_error(struct request *req, enum cq_status st)
{
    const struct turn *turn = req->loaded->turn;

    if (req->response.body->failed)
        make_room(req);
    struct json_out out = open_event(req, "error");

    json_open_object(&out);
    write_conversation_error(req, &out, st);
    json_key(&out, "user_message_id");
    json_text(&out, user_message(turn)->uuid);
    json_close_object(&out);
    close_event(req);
}

void stream_replay(struct request *req, const struct turn *turn)
{
    const struct message_row *reply = last_message(turn);
    struct message_row said = *user_message(turn);

    begin_stream(req);
    said.status = MESSAGE_PENDING; /* as it was when the stream began the first time */
    write_start(req, turn, &said);
    write_delta(req, reply->uuid, reply->text, strlen(reply->text));
    write_done(req, turn);
}
