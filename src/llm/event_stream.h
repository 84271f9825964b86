/*
 * Amazon's event stream (application/vnd.amazon.eventstream): a byte-fed state machine that calls back once a message.
 *
 * A message is an event: of the name that :event-type, :exception-type or :error-code gives it by its :message-type (or
 * "", cut to EVENT_STREAM_NAME_BYTES - 1 bytes), with its payload as data. One without :message-type is no exception.
 *
 * Bytes may come in pieces of any size; the messages are the same. Memory is bounded: a message above
 * EVENT_STREAM_MAX_BYTES fails, and so does everything fed after it. Both checksums of each message are verified, and
 * one that is not there as a whole is never given out. Source: Smithy, "Amazon Event Stream Specification"; Amazon Lex
 * V2 developer guide, "Event stream encoding".
 */
#ifndef COLLOQUY_LLM_EVENT_STREAM_H
#define COLLOQUY_LLM_EVENT_STREAM_H

#include "llm/event.h"

enum { EVENT_STREAM_MAX_BYTES = 256 << 10, EVENT_STREAM_NAME_BYTES = 64 };

/* Each state says what the next byte is. */
enum event_stream_state {
    EVENT_STREAM_PRELUDE, /* of the lengths that a message begins with, or of their checksum */
    EVENT_STREAM_REST,    /* of its headers, its payload, or the checksum of it all */
    EVENT_STREAM_FAILED,  /* ignored: not the format, or the callback refused a message */
};

struct event_stream {
    enum event_stream_state state;
    struct buf message;                /* what has come of the present one */
    size_t total_bytes, headers_bytes; /* of it, in EVENT_STREAM_REST */
    llm_event_fn *on_event;
    void *user;
};

void event_stream_init(struct event_stream *stream, llm_event_fn *on_event, void *user);
void event_stream_release(struct event_stream *stream);

/* CQ_MODEL_INVALID_RESPONSE: not the format, or a bound was passed, now or before; else what the callback returned. */
enum cq_status event_stream_feed(struct event_stream *stream, const char *bytes, size_t len) MUST_USE;

#endif
