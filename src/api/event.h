/* Server-sent events in a response's body: each is one append, and what does not fit is taken back whole. */
#ifndef API_EVENT_H
#define API_EVENT_H

#include "colloquy/http.h"

/* Make the answer a stream: 200 and its headers. */
void event_stream_begin(struct request *req);

/* An event, up to its data, which the caller writes as one JSON value on one line; then event_close(). */
struct json_out event_open(struct request *req, const char *name);
void event_close(struct request *req);

/* Before the last event: if one did not fit, room for one more that is short. */
void event_make_room(struct request *req);

#endif
