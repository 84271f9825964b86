/* The events of a chat's reply. Each says its status in its data too, as Bedrock Chat's websocket did. */
#include "api/chat_stream.h"

#include <string.h>

#include "api/chat_error.h"
#include "api/chat_represent.h"
#include "api/event.h"

static struct json_out open_status(struct request *req, const char *status)
{
    struct json_out out = event_open(req, status);

    json_open_object(&out);
    json_key(&out, "status");
    json_text(&out, status);
    return out;
}

static void close_status(struct request *req, struct json_out *out)
{
    json_close_object(out);
    event_close(req);
}

static void write_start(struct request *req, const char *reply_name)
{
    const struct chat_turn *turn = req->loaded->chat_turn;
    enum chat_form form = chat_form(req);
    const char *said = turn->request.message_name;

    for (size_t i = 0; i < turn->messages.n; i++)
        if (turn->messages.rows[i].seq == turn->row.user_seq)
            said = turn->messages.rows[i].name;
    struct json_out out = open_status(req, "START");

    chat_key(&out, form, "conversation_id");
    json_text(&out, turn->chat_name);
    chat_key(&out, form, "user_message_id");
    json_text(&out, said);
    chat_key(&out, form, "message_id");
    json_text(&out, reply_name);
    close_status(req, &out);
}

/* A bot that hides what it was given hides that it looked, too. */
static bool shows_search(const struct chat_turn *turn)
{
    return turn->retrieval.query && !turn->hides_chunks;
}

static void write_thinking(struct request *req)
{
    const struct chat_turn *turn = req->loaded->chat_turn;
    struct json_out out = open_status(req, "AGENT_THINKING");

    json_key(&out, "log");
    json_open_object(&out);
    json_key(&out, turn->tool_use_id);
    json_open_object(&out);
    json_key(&out, "name");
    json_text(&out, ENGINE_SEARCH_TOOL);
    json_key(&out, "input");
    json_open_object(&out);
    json_key(&out, "query");
    json_text(&out, turn->retrieval.query);
    json_close_object(&out);
    json_close_object(&out);
    json_close_object(&out);
    close_status(req, &out);
}

void chat_stream_start(struct request *req)
{
    const struct chat_turn *turn = req->loaded->chat_turn;
    const struct chat_message_row *longer = turn->row.is_continuing ? engine_chat_reply(turn) : NULL;

    event_stream_begin(req);
    write_start(req, longer ? longer->name : turn->request.reply_name);
    if (shows_search(turn))
        write_thinking(req);
}

static void write_tool_result(struct request *req)
{
    const struct chat_turn *turn = req->loaded->chat_turn;
    enum chat_form form = chat_form(req);
    struct json_out out = open_status(req, "AGENT_TOOL_RESULT");

    json_key(&out, "result");
    json_open_object(&out);
    chat_key(&out, form, "tool_use_id");
    json_text(&out, turn->tool_use_id);
    json_key(&out, "status");
    json_text(&out, turn->retrieval.is_failed ? "error" : "success");
    json_close_object(&out);
    close_status(req, &out);
}

static void write_related(struct request *req, const struct related_row *row)
{
    const struct chat_turn *turn = req->loaded->chat_turn;
    enum chat_form form = chat_form(req);
    size_t before = req->response.body->len;
    struct json_out out = open_status(req, "AGENT_RELATED_DOCUMENT");

    json_key(&out, "result");
    json_open_object(&out);
    chat_key(&out, form, "tool_use_id");
    json_text(&out, turn->tool_use_id);
    chat_key(&out, form, "related_document");
    enum cq_status st = chat_write_related(req, &out, form, row, turn->request.reply_name);
    json_close_object(&out);
    close_status(req, &out);
    if (st && !req->response.body->failed) /* half of an event is none; it is among the related documents */
        buf_truncate(req->response.body, before);
}

void chat_stream_retrieved(struct request *req)
{
    const struct chat_turn *turn = req->loaded->chat_turn;
    struct related_list related;

    if (!shows_search(turn))
        return;
    write_tool_result(req);
    if (engine_chat_related(&req->ctx, turn, &related))
        return;
    for (size_t i = 0; i < related.n; i++)
        write_related(req, &related.rows[i]);
}

static void write_completion(struct request *req, const char *status, const char *text, size_t len)
{
    struct json_out out = open_status(req, status);

    json_key(&out, "completion");
    json_text_n(&out, text, len);
    close_status(req, &out);
}

void chat_stream_text(struct request *req, enum llm_part_kind kind, const char *text, size_t len)
{
    if (kind == LLM_TEXT)
        write_completion(req, "STREAMING", text, len);
    else if (kind == LLM_REASONING && req->loaded->chat_turn->wants_reasoning)
        write_completion(req, "REASONING", text, len);
}

void chat_stream_end(struct request *req)
{
    struct json_out out = open_status(req, "STREAMING_END");

    json_key(&out, "completion");
    json_text(&out, "");
    (void)!chat_write_turn(req, &out, chat_form(req));
    close_status(req, &out);
}

void chat_stream_replay(struct request *req)
{
    const struct chat_message_row *reply = engine_chat_reply(req->loaded->chat_turn);

    event_stream_begin(req);
    write_start(req, reply->name);
    write_completion(req, "STREAMING", reply->text, strlen(reply->text));
    chat_stream_end(req);
}

void chat_stream_error(struct request *req, enum cq_status st)
{
    event_make_room(req);
    struct json_out out = open_status(req, "ERROR");

    json_key(&out, "reason");
    json_text(&out, chat_error_text(req, st));
    json_key(&out, "code");
    json_text(&out, chat_error_code(st));
    close_status(req, &out);
}
