/* Citations: which of the passages that a model was given its reply refers to. */
#ifndef COLLOQUY_ENGINE_CITATION_H
#define COLLOQUY_ENGINE_CITATION_H

#include "colloquy/engine.h"

/*
 * The passages whose marks ("[^1]") stand in the reply, by number, as the JSON array that clients get; marks of numbers that
 * were not given mean nothing. In ctx->arena; NULL: there are none. Source: doc/api-canvas.md 2, Message.
 */
enum cq_status citations_read(struct cq_ctx *ctx, const char *text, const struct related_list *given,
                              const char **json) MUST_USE;

#endif
