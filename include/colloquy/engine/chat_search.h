/* Searching one's chats (doc/api-chat.md 2.7). Part of engine.h. */
#ifndef COLLOQUY_ENGINE_CHAT_SEARCH_H
#define COLLOQUY_ENGINE_CHAT_SEARCH_H

#include "colloquy/store.h"

enum { ENGINE_MAX_FRAGMENTS = 3 };

struct chat_found {
    struct chat_found_row row;
    const char *title; /* HTML: the title, its matched words in <em>; NULL: it has none */
    const char *bodies[ENGINE_MAX_FRAGMENTS];
    size_t n_bodies;
};

struct chat_found_list {
    struct chat_found *all;
    size_t n;
};

/*
 * The user's chats that the words of the query are found in, best first, at most limit. Of each there is a fragment at
 * least. In ctx->arena.
 */
enum cq_status engine_chat_search(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *query, size_t len,
                                  size_t limit, struct chat_found_list *out) MUST_USE;

#endif
