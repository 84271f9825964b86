/*
 * The contents of a chat's messages, as they are stored (see struct chat_message_row) and as a model is told them.
 */
#ifndef ENGINE_CHAT_CONTENT_H
#define ENGINE_CHAT_CONTENT_H

#include "colloquy/engine.h"

/* All texts, joined by a blank line. In ctx->arena; NULL: memory. */
const char *chat_content_text(struct cq_ctx *ctx, const struct chat_content *contents, size_t n);

/* The JSON that is stored; NULL in *out: the text says it all. In ctx->arena. */
enum cq_status chat_content_json(struct cq_ctx *ctx, const struct chat_content *contents, size_t n,
                                 const char **out) MUST_USE;

/* The same of a reply that begins with reasoning. */
enum cq_status chat_content_reply(struct cq_ctx *ctx, const char *reasoning, const char *signature, const char *text,
                                  const char **out) MUST_USE;

/* Of a reply that goes on: its content with another text. NULL stays NULL. */
enum cq_status chat_content_extend(struct cq_ctx *ctx, const char *content, const char *text,
                                   const char **out) MUST_USE;

/* A file that a stored message refers to. */
struct chat_content_file {
    uint8_t hash[SHA256_BYTES];
    const char *media_type; /* of an image; NULL: it is an attachment */
    const char *file_name;  /* of an attachment */
    size_t size;            /* in bytes */
};

/* Those of a message, in order: at most 2 * CHAT_MAX_FILES. Returns how many. content NULL: none. */
size_t chat_content_files(struct cq_ctx *ctx, const char *content, struct chat_content_file *out);

#endif
