/* Server-sent events of a streamed reply. */
#include <string.h>

#include "api/stream.h"

#include "api/event.h"
#include "api/represent.h"
#include "api/route.h"

static const struct message_row *last_message(const struct turn *turn)
{
    return &turn->messages.rows[turn->messages.n - 1];
}

static const struct message_row *user_message(const struct turn *turn)
{
    const struct message_row *last = last_message(turn);

    return last->is_assistant && turn->messages.n > 1 ? last - 1 : last;
}

static void write_start(struct request *req, const struct turn *turn, const struct message_row *said)
{
    struct json_out out = event_open(req, "message.start");

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
    event_close(req);
}

void stream_start(struct request *req, const struct turn *turn)
{
    event_stream_begin(req);
    write_start(req, turn, user_message(turn));
}

static void write_delta(struct request *req, const char *message_id, const char *text, size_t len)
{
    struct json_out out = event_open(req, "message.delta");

    json_open_object(&out);
    json_key(&out, "id");
    json_text(&out, message_id);
    json_key(&out, "text");
    json_text_n(&out, text, len);
    json_close_object(&out);
    event_close(req);
}

void stream_delta(struct request *req, const char *text, size_t len)
{
    write_delta(req, req->loaded->turn->request.reply_uuid, text, len);
}

static void write_done(struct request *req, const struct turn *turn)
{
    struct json_out out = event_open(req, "progress");

    write_progress(&out, &turn->progress);
    event_close(req);
    out = event_open(req, "message.done");
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
    event_close(req);
}

void stream_done(struct request *req, const struct turn *turn)
{
    write_done(req, turn);
}

void stream_error(struct request *req, enum cq_status st)
{
    const struct turn *turn = req->loaded->turn;

    event_make_room(req);
    struct json_out out = event_open(req, "error");

    json_open_object(&out);
    write_conversation_error(req, &out, st);
    json_key(&out, "user_message_id");
    json_text(&out, user_message(turn)->uuid);
    json_close_object(&out);
    event_close(req);
}

void stream_replay(struct request *req, const struct turn *turn)
{
    const struct message_row *reply = last_message(turn);
    struct message_row said = *user_message(turn);

    event_stream_begin(req);
    said.status = MESSAGE_PENDING; /* as it was when the stream began the first time */
    write_start(req, turn, &said);
    write_delta(req, reply->uuid, reply->text, strlen(reply->text));
    write_done(req, turn);
}
