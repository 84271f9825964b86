/* What is done with context files where experiences change. */
#ifndef API_CONTEXT_FILE_H
#define API_CONTEXT_FILE_H

#include "colloquy/api.h"

/* Remove what no experience of the course draws from any more. What cannot be removed now goes with the next one. */
void context_files_forget(struct request *req, uint64_t course_id);

#endif
