/*
 * Extracting what a question needs: the attachments of a chat's message, each in a child of its own, in a thread of the
 * documents' process, so that its loop goes on meanwhile.
 */
#ifndef SERVER_EXTRACTION_H
#define SERVER_EXTRACTION_H

#include "colloquy/files.h"

struct extraction_job;

/* Whether any of the files has no text beside it yet, and was not found to have none lately. */
bool extraction_is_needed(const struct config *config, const struct retrieval_ask *ask);

/* Begin. ask and config outlive it; wake_fd, an eventfd, is written to at its end. NULL: too many are under way, or memory. */
struct extraction_job *extraction_start(const struct config *config, const struct retrieval_ask *ask, int wake_fd);

/* Whether it has ended; then it is gone. */
bool extraction_take(struct extraction_job *job);

#endif
