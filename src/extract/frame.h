/* The answer, as it goes to descriptor 1. */
#ifndef EXTRACT_FRAME_H
#define EXTRACT_FRAME_H

#include "colloquy/base.h"
#include "colloquy/extract.h"

/* Nobody reads it any more: the process ends. */
void frame_begin(void);
void frame_write(enum extract_frame kind, uint32_t page, const char *text, size_t len);

/* Of the whole answer: the frame that says so, and its end. */
_Noreturn void frame_end(void);
_Noreturn void frame_fail(const char *failure);

#endif
