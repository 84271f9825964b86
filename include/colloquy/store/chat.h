/* Conversations of the chat API: trees of messages. Part of store.h. */
#ifndef COLLOQUY_STORE_CHAT_H
#define COLLOQUY_STORE_CHAT_H

#include "colloquy/base.h"

struct db;

struct chat_row {
    uint64_t id; /* of the conversation; 0: the caller has none of that name */
    uint64_t user_id;
    const char *name;
    const char *title;
    uint64_t bot_id;         /* 0: none */
    const char *bot_name;    /* NULL: none; of a deleted bot still its name */
    const char *instruction; /* NULL: no bot */
    const char *model;       /* of its first message */
    uint32_t last_seq;
    bool should_continue;
    uint64_t input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, price_nano;
    int64_t created_at_ms, updated_at_ms;
};

enum chat_message_state { CHAT_COMPLETE, CHAT_PENDING, CHAT_FAILED };

struct chat_message_row {
    uint32_t seq, parent; /* places; 0: the root, which is no message */
    const char *name;     /* the id by which its user knows it */
    bool is_reply;
    enum chat_message_state state;
    const char *model;
    const char *text;         /* all its texts joined by a blank line; what is searched, and told to models */
    const char *content;      /* JSON: see below; NULL: the text alone */
    const char *thinking_log; /* JSON; NULL: none, or hidden */
    const char *stop_reason;  /* of a reply */
    bool hides_chunks;
    uint64_t input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, price_nano;
    bool has_feedback, is_thumbs_up;
    const char *category, *comment; /* NULL: none */
    int64_t created_at_ms;
};

/*
 * content is a JSON array; its items are, with keys in snake case,
 *   {"content_type": "text", "body": …}
 *   {"content_type": "image", "media_type": …, "file": hexadecimal SHA-256, "size": bytes}
 *   {"content_type": "attachment", "file_name": …, "file": …, "size": …}
 *   {"content_type": "reasoning", "text": …, "signature": …, "redacted_content": …}
 * thinking_log is one of messages: {"role": "bot"|"user", "content": […]} with the items
 *   {"content_type": "toolUse", "body": {"tool_use_id", "name", "input": {…}}}
 *   {"content_type": "toolResult", "body": {"tool_use_id", "content": [{"json": {…}}|{"text": …}…], "status"}}
 */
struct chat_message_list {
    struct chat_message_row *rows; /* by place, which is the order of their creation */
    size_t n;
};

/* All messages of a conversation, in one statement (chat_message.c). */
enum cq_status store_chat_messages(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id,
                                   struct chat_message_list *out) MUST_USE;

#endif
