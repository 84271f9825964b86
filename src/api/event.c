/* Server-sent events. */
#include "api/event.h"

enum { LAST_EVENT_BYTES = 4096 }; /* an error, after a stream that took up all the room there is */

void event_stream_begin(struct request *req)
{
    response_json(req, 200); /* gives the body */
    req->response.content_type = "text/event-stream; charset=utf-8";
    req->response.is_stream = true;
    response_header(req, "X-Accel-Buffering", "no"); /* nginx passes each piece on as it comes */
}

struct json_out event_open(struct request *req, const char *name)
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
void event_close(struct request *req)
{
    struct buf *body = req->response.body;

    buf_str(body, "\n\n");
    if (!body->failed)
        return;
    buf_truncate(body, whole_events(body));
    body->failed = true;
}

/* What did not fit has been taken back. Nothing can be said where there is no memory at all. */
void event_make_room(struct request *req)
{
    struct buf *body = req->response.body;

    if (!body->failed || body == &req->response.no_body)
        return;
    body->max += LAST_EVENT_BYTES;
    body->failed = false;
}
