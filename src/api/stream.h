/* The events of a streamed reply (doc/api-canvas.md 4.4, "Streaming"): each is one append to the response's body. */
#ifndef API_STREAM_H
#define API_STREAM_H

#include "colloquy/api.h"

/* Begin the stream: headers, and message.start. */
void stream_start(struct request *req, const struct turn *turn);
void stream_delta(struct request *req, const char *text, size_t len);

/* The end: progress and message.done, or error. */
void stream_done(struct request *req, const struct turn *turn);
void stream_error(struct request *req, enum cq_status st);

/* The whole stream of a turn that was answered before: start, one delta, progress, done. */
void stream_replay(struct request *req, const struct turn *turn);

#endif
