/*
 * Server-sent events: a byte-fed state machine that calls back once an event.
 *
 * Bytes may come in pieces of any size; the events are the same. A line ends in CR, LF or CRLF. Memory is bounded: a
 * line or an event above SSE_MAX_BYTES fails, and so does everything fed after it. Source: WHATWG HTML, section 9.2.6
 * "Interpreting an event stream". An event that no blank line ends is never given out.
 */
#ifndef COLLOQUY_LLM_SSE_H
#define COLLOQUY_LLM_SSE_H

#include "llm/event.h"

enum { SSE_MAX_BYTES = 256 << 10, SSE_NAME_BYTES = 64 };

/* Each state says what the next byte is. */
enum sse_state {
    SSE_START,    /* the first of the stream, or of what looks like a byte order mark so far, which is held in line */
    SSE_LINE,     /* part of a line, or its end */
    SSE_AFTER_CR, /* an LF that belongs to the CR before it, or else the first of a line */
    SSE_FAILED,   /* ignored: a bound was passed, or the callback refused an event */
};

struct sse {
    enum sse_state state;
    struct buf line;
    struct buf data; /* each data line of the event with an LF behind it */
    char name[SSE_NAME_BYTES];
    llm_event_fn *on_event;
    void *user;
};

void sse_init(struct sse *sse, llm_event_fn *on_event, void *user);
void sse_release(struct sse *sse);

/* CQ_MODEL_INVALID_RESPONSE: a bound was passed, now or before; else what the callback returned. */
enum cq_status sse_feed(struct sse *sse, const char *bytes, size_t len) MUST_USE;

#endif
