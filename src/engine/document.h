/*
 * Document: JSON whose strings hold what others wrote, as a message to a model.
 *
 * Servers of models make one text of a conversation, with marks such as "<|im_start|>" or "[INST]" where somebody begins
 * to speak; and many of them know their marks wherever they stand, within JSON too. Whoever wrote one into a string would
 * go on speaking as the system. So none may stand there.
 */
#ifndef COLLOQUY_ENGINE_DOCUMENT_H
#define COLLOQUY_ENGINE_DOCUMENT_H

#include "colloquy/llm.h"
#include "colloquy/store.h"

/*
 * The document's text, for a message. Each "<", and each "[" that begins "[|", "[CAPITALS]" or "[/CAPITALS]", is written
 * as an escape, which says the same to who reads JSON; lists of the document hold objects alone, so that no "[" of its own
 * looks like that. In ctx->arena; CQ_INTERNAL: json has failed, or the text is larger than it may be.
 */
enum cq_status document_text(struct cq_ctx *ctx, const struct buf *json, const char **out) MUST_USE;

/*
 * How many tokens the JSON may come to as the text that is made of it. A document comes to no more than the sum of its
 * parts.
 */
uint32_t document_tokens(const struct buf *json);

/* A message of a conversation: {"number":…,"role":"tutor" or "student","text":…}; number 0: it has none. */
void document_message(struct json_out *out, const struct message_row *row, uint64_t number, size_t len);

#endif
