/* Conversations of the chat API: trees of messages. Part of store.h. */
#ifndef COLLOQUY_STORE_CHAT_H
#define COLLOQUY_STORE_CHAT_H

#include "colloquy/base.h"
#include "colloquy/store/request_key.h"

struct db;
struct hash_list;

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
    const char *html;         /* never stored: see engine_chat_render(); NULL: not rendered */
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

/* ---- turns (chat_turn_begin.c, chat_turn_end.c): as of store.h, in a tree ---- */

struct user_limits;
struct model_calls;
struct related_list;

/* The user's chat of that name, and the model of its last message (NULL: it has none); without a lock. */
enum cq_status store_chat_find(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *name,
                               struct chat_row *chat, const char **last_model) MUST_USE;

struct chat_turn_request {
    const struct user_limits *limits;
    uint64_t user_id;
    const char *chat_name;
    const char *parent;            /* NULL: the last message; "system": the root; else the message of that name */
    const char *message_name;      /* of the user's message: a new one, or one that its client has chosen, */
    bool is_named;                 /* … which then stands for an idempotency key */
    const char *reply_name;        /* a new one */
    const char *text, *content;    /* as of struct chat_message_row */
    const char *model;             /* as the client named it, or what stands for none */
    bool is_continuing;            /* go on with the last reply; of the message nothing is looked at then */
    uint64_t bot_id;               /* of a conversation that is new; 0: none */
    const char *instruction;       /* NULL: none */
    const char *uuids[3];          /* new ones: of the conversation, the message, the reply */
    const struct chat_file *files; /* that the message refers to, each with the hold that is released */
    size_t n_files;
    const char *owner; /* of the lease */
    uint32_t lease_s;
    struct request_key key;
};

struct chat_file {
    uint8_t hash[SHA256_BYTES];
    uint64_t hold_id;
};

struct chat_turn_row {
    uint64_t id, conversation_id;
    uint32_t user_seq, reply_seq;
    int64_t begun_ms, begun_mono_ms; /* as of struct turn_row */
    int64_t created_at_ms;           /* of the conversation */
    const char *instruction;         /* of the conversation; NULL: none */
    bool is_new;                     /* the conversation is */
    bool is_continuing;
    bool is_replay; /* nothing was begun: the reply stands at reply_seq */
};

/*
 * Store the user's message and a pending turn with a lease; messages gets all of the conversation, with that one. A failed turn of
 * the same message_name or key is begun again in its place. CQ_CONVERSATION_NOT_FOUND: there is none, and the parent is neither NULL nor
 * "system", or it is to be continued. CQ_UNKNOWN_PARENT. CQ_INVALID_REQUEST: continuing what is not the last message. CQ_NOTHING_TO_CONTINUE.
 * CQ_TURN_IN_PROGRESS, CQ_IDEMPOTENCY_CONFLICT, CQ_MESSAGE_ID_CONFLICT, CQ_RATE_LIMITED: as of store_turn_begin().
 */
enum cq_status store_chat_turn_begin(struct cq_ctx *ctx, struct db *db, const struct chat_turn_request *request,
                                     struct chat_turn_row *turn, struct chat_message_list *messages) MUST_USE;

struct chat_turn_end {
    const struct chat_turn_row *turn;
    uint64_t user_id;
    uint64_t bot_id; /* that replied; 0: none */
    const char *owner;
    const char *reply_uuid;
    int64_t ended_ms;
    struct chat_message_row reply; /* name, parent, model, text, content, thinking_log, stop_reason, hides_chunks */
    const char *text_before;       /* of a reply that was continued */
    bool should_continue;
    const struct related_list *related; /* NULL: none */
    uint32_t tries;
    const struct model_calls *calls; /* NULL: no model was asked */
    uint32_t prompt_version;
    bool is_again; /* as of struct turn_end */
};

/*
 * Store the reply, or what it goes on with. Calling it again with the same reply_uuid changes nothing.
 * CQ_CONVERSATION_NOT_FOUND: the conversation has been deleted; CQ_LOST: the lease is no longer ours. Then nothing was
 * stored but what the calls have used.
 */
enum cq_status store_chat_turn_complete(struct cq_ctx *ctx, struct db *db, const struct chat_turn_end *end) MUST_USE;

/* As store_turn_fail(). A reply that was to go on stays as it was. */
enum cq_status store_chat_turn_fail(struct cq_ctx *ctx, struct db *db, const struct chat_turn_end *end,
                                    const char *failure) MUST_USE;

/* ---- all of a user's (chat_list.c) ---- */

struct chat_list_row {
    uint64_t id;
    const char *name, *title, *model;
    const char *bot_name;     /* NULL: none */
    const char *last_message; /* the id by which its user knows it; NULL: there is none yet */
    int64_t created_at_ms, updated_at_ms;
};

struct chat_list {
    struct chat_list_row *rows; /* newest first */
    size_t n;
};

/* At most limit of those that come behind the one with that time of creation and id; id 0: from the newest. */
enum cq_status store_chat_list(struct cq_ctx *ctx, struct db *db, uint64_t user_id, int64_t behind_ms,
                               uint64_t behind_id, uint64_t limit, struct chat_list *out) MUST_USE;

/* ---- changing (chat_change.c) ---- */

/* CQ_RESOURCE_NOT_FOUND: it is gone. */
enum cq_status store_chat_rename(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id,
                                 const char *title) MUST_USE;

struct chat_feedback {
    bool is_thumbs_up;
    const char *category, *comment; /* NULL: not given */
};

/* In the place of what was there. CQ_RESOURCE_NOT_FOUND: no such message. CQ_NOT_A_REPLY. */
enum cq_status store_chat_feedback(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, const char *message,
                                   const struct chat_feedback *feedback) MUST_USE;

/*
 * ---- deleting (chat_delete.c), with all that belongs to it: a turn that runs finds itself lost ----
 *
 * dropped: contents that may have lost their last reference.
 */

/* CQ_RESOURCE_NOT_FOUND: it is gone already. */
enum cq_status store_chat_delete(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t conversation_id,
                                 struct hash_list *dropped) MUST_USE;
enum cq_status store_chat_delete_all(struct cq_ctx *ctx, struct db *db, uint64_t user_id,
                                     struct hash_list *dropped) MUST_USE;

/* Those of these names that the user has: is_deleted[i] says whether names[i] was one. Names have no comma and are not equal. */
enum cq_status store_chat_delete_named(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *const *names,
                                       size_t n, bool *is_deleted, struct hash_list *dropped) MUST_USE;

#endif
