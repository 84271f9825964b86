/*
 * Document: JSON whose strings hold what others wrote, as a message to a model.
 *
 * Servers of models make one text of a conversation, with marks such as "<|im_start|>" or "[INST]" where somebody begins
 * to speak; and many of them know their marks wherever they stand, within JSON too. Whoever wrote one into a string would
 * go on speaking as the system. So none may stand there.
 */
#ifndef COLLOQUY_ENGINE_DOCUMENT_H
#define COLLOQUY_ENGINE_DOCUMENT_H

#include "colloquy/base.h"

/*
 * The document's text, for a message. Each "<", and each "[" that begins "[|", "[CAPITALS]" or "[/CAPITALS]", is written
 * as an escape, which says the same to who reads JSON; lists of the document hold objects alone, so that no "[" of its own
 * looks like that. In ctx->arena; CQ_INTERNAL: json has failed, or the text is larger than it may be.
 */
enum cq_status document_text(struct cq_ctx *ctx, const struct buf *json, const char **out) MUST_USE;

/* How many tokens escaping adds to the first n bytes of a text, at most. */
uint32_t document_mark_tokens(const char *text, size_t n);

#endif
