/* Messages of Amazon's event stream, written by hand: for the tests of what reads them. */
#ifndef TESTS_LLM_FRAMES_H
#define TESTS_LLM_FRAMES_H

#include "colloquy/base.h"

/* Add a header whose value is a text. */
void frame_header(struct buf *headers, const char *name, const char *value);

/* Add a message with these headers, as they stand on the wire, and right checksums. */
void frame(struct buf *out, const char *headers, size_t headers_len, const char *payload, size_t len);

/* Add a message of a type ("event", "exception", "error") and a name, with a payload of JSON. */
void frame_message(struct buf *out, const char *type, const char *name, const char *payload);

/* Put right the checksums of a message of len bytes. */
void frame_sum(char *message, size_t len);

#endif
