/*
 * Context: which messages of a conversation a model is told, and what becomes of those that it is not.
 *
 * All are told as long as they fit. Before they no longer do, the oldest ones are summarised, beside a reply, the end of which
 * waits for it once in many turns; from the next turn on the summary stands in their place. Each message is summarised once: a summary is made
 * of the one before and what has come since. Sizes are tokens, by llm_tokens().
 *
 * A summary begins to be asked for when three quarters of the room are full. One that failed, or took too long to wait for,
 * is asked for again with each fourth turn; and with each turn once there are messages that are neither told nor summarised.
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
 * Choose, for room tokens (UINT32_MAX: all there is). summarised: as stored. The last message is always told. Where what
 * is told does not begin with the first one, it begins with one of the assistant's if one is near, so that a message with
 * the summary can stand before it.
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

/*
 * What is to be stored of a summary: of one that was cut by its length its whole sentences or lines, or all of it where it
 * has none. In ctx->arena or the reply's. NULL: nothing, for it was stopped or filtered; or memory is short.
 */
const char *context_summary(struct cq_ctx *ctx, const struct llm_reply *reply);

/* The number of tokens that the message may come to, with what separates it from the next. */
uint32_t context_tokens(const struct message_row *row);

#endif
