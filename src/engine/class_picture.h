/* Counting the class, a conversation at a time. */
#ifndef ENGINE_CLASS_PICTURE_H
#define ENGINE_CLASS_PICTURE_H

#include "colloquy/engine.h"

/* Of no students yet. The texts of objectives are ctx->arena's. */
enum cq_status class_picture_begin(struct cq_ctx *ctx, const char *learning_objective,
                                   struct class_picture *out) MUST_USE;

/* One student more, whose latest conversation it is (id 0: none). Nothing of it is kept; what it takes is ctx->arena's. */
enum cq_status class_picture_count(struct cq_ctx *ctx, struct class_picture *picture,
                                   const struct conversation_row *latest) MUST_USE;

#endif
