/*
 * Context: which messages of a conversation a model is told, and what becomes of those that it is not.
 *
 * All are told as long as they fit. Before they no longer do, the oldest ones are summarised, beside a reply, so that nobody
 * waits for it; from the next turn on the summary stands in their place. Each message is summarised once: a summary is made
 * of the one before and what has come since. Sizes are tokens, by llm_tokens().
 */
#ifndef COLLOQUY_ENGINE_CONTEXT_H
#define COLLOQUY_ENGINE_CONTEXT_H

#include "colloquy/engine.h"

struct context {
    size_t first;      /* the first message that is told; those before it are left out */
    size_t summarised; /* messages that the stored summary is of; at most first */
    size_t due;        /* a summary is to be made of those before this one; 0: none is */
};

/*
 * Choose, for room tokens (UINT32_MAX: all there is). summarised: as stored. The last message is always told. What is told
 * begins with one of the assistant's where it does not begin with the first one, so that a message with the summary can
 * stand before it.
 */
void context_choose(const struct message_list *list, size_t summarised, uint32_t room, struct context *out);

/* The messages as the model gets them: the summary, if something is left out, and those that are told. In ctx->arena. */
enum cq_status context_messages(struct cq_ctx *ctx, const struct message_list *list, const struct context *context,
                                const char *summary, struct llm_ask *ask) MUST_USE;

/*
 * Ask for the summary that is due. room: of the model that makes it; *covers gets how many messages it will be of, which are
 * fewer than are due where they do not fit.
 */
enum cq_status context_ask_summary(struct cq_ctx *ctx, const struct message_list *list, const struct context *context,
                                   const char *summary, uint32_t room, struct llm_ask *ask, uint32_t *covers) MUST_USE;

/* The number of tokens that the message may come to, with what separates it from the next. */
uint32_t context_tokens(const struct message_row *row);

#endif
