/* Answers that a browser keeps instead of showing them. */
#ifndef API_ATTACHMENT_H
#define API_ATTACHMENT_H

#include "colloquy/api.h"

/*
 * Have the answer kept as a file named by a title, of which what no file's name may hold becomes "-", by the day of a time (UTC), and by an
 * extension without its dot.
 */
enum cq_status answer_attachment(struct request *req, const char *title, int64_t unix_ms,
                                 const char *extension) MUST_USE;

#endif
