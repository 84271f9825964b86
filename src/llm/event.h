/* One event of a stream, in whatever way it was framed. */
#ifndef COLLOQUY_LLM_EVENT_H
#define COLLOQUY_LLM_EVENT_H

#include "colloquy/base.h"

/* JSON values of one event, which says little: all other calls wait while it is read. */
enum { LLM_EVENT_MAX_VALUES = 2000 };

struct llm_event {
    const char *name; /* "" when the stream gives none */
    const char *data; /* ends in a NUL that len does not count */
    size_t len;
    bool is_exception; /* the framing itself says that it reports a failure */
};

/* The event lives until the callback returns. Anything but CQ_OK stops the feeding and is what it returns. */
typedef enum cq_status llm_event_fn(void *user, const struct llm_event *event);

#endif
