/* What a model is told in a chat. */
#ifndef ENGINE_CHAT_ASK_H
#define ENGINE_CHAT_ASK_H

#include "colloquy/engine.h"

/*
 * The messages from the root to the one at seq, as many of the newest as fit into room tokens, which begin with one of the
 * user's. Neighbours of one role are one message, for providers that need them to alternate. Images are mapped from disk; of an
 * attachment its text comes first, where it has been extracted. In ctx->arena.
 */
enum cq_status chat_ask_messages(struct cq_ctx *ctx, const struct config *config, const struct chat_message_list *list,
                                 uint32_t seq, uint32_t room, struct llm_ask *ask) MUST_USE;

/* Behind them: that the model is to go on with its last reply. */
enum cq_status chat_ask_continue(struct cq_ctx *ctx, struct llm_ask *ask) MUST_USE;

/* What the bot's generation_params say, into the ask; NULL: the usual ones. In ctx->arena. */
enum cq_status chat_ask_params(struct cq_ctx *ctx, const char *generation_params, bool wants_reasoning,
                               struct llm_ask *ask) MUST_USE;

/* The message at that place; NULL: there is none. */
struct chat_message_row *chat_message_at(const struct chat_message_list *list, uint32_t seq);

/* The messages from the root to seq, oldest first, into out, which has room for all; returns how many. */
size_t chat_branch(const struct chat_message_list *list, uint32_t seq, const struct chat_message_row **out);

/* The text of the user's message before the one at seq on its branch; NULL: there is none. */
const char *chat_previous_text(const struct chat_message_list *list, uint32_t seq);

/* The contents of attachments on the way to seq whose text is yet to be extracted. In ctx->arena. */
enum cq_status chat_ask_unread(struct cq_ctx *ctx, const struct config *config, const struct chat_message_list *list,
                               uint32_t seq, struct hash_list *out) MUST_USE;

#endif
