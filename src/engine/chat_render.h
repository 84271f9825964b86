/* One reply of a chat as HTML. */
#ifndef ENGINE_CHAT_RENDER_H
#define ENGINE_CHAT_RENDER_H

#include "colloquy/engine.h"

/* Put the reply's text, rendered as Markdown, into its html. In ctx->arena. */
enum cq_status chat_render(struct cq_ctx *ctx, struct chat_message_row *reply) MUST_USE;

#endif
