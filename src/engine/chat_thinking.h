/* What was done before a chat's answer, as clients are shown it. */
#ifndef ENGINE_CHAT_THINKING_H
#define ENGINE_CHAT_THINKING_H

#include "colloquy/engine.h"

/*
 * The search as a pair of messages in the form of struct chat_message_row's thinking_log. reply_name: what a passage's source_id begins with.
 * In ctx->arena.
 */
enum cq_status chat_thinking_log(struct cq_ctx *ctx, const struct retrieval *retrieval, const char *tool_use_id,
                                 const char *reply_name, const char **out) MUST_USE;

#endif
