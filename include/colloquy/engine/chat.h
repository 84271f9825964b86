/*
 * A turn of the chat API: as one of an AI experience, but in a tree, with what a client chooses: the model, a bot, images and
 * attachments. Part of engine.h.
 */
#ifndef COLLOQUY_ENGINE_CHAT_H
#define COLLOQUY_ENGINE_CHAT_H

#include "colloquy/engine.h"
#include "colloquy/engine/chat_models.h"

enum {
    CHAT_MAX_CONTENTS = 20,
    CHAT_MAX_FILES = 5,            /* images of a message, and attachments */
    CHAT_FILE_MAX_BYTES = 4718592, /* 4.5 MiB, of each */
    CHAT_TITLE_CHARS = 50,
};

enum chat_content_kind { CHAT_TEXT, CHAT_IMAGE, CHAT_ATTACHMENT };

/* What a client has sent as a part of its message. */
struct chat_content {
    enum chat_content_kind kind;
    const char *text;       /* CHAT_TEXT */
    const char *media_type; /* CHAT_IMAGE */
    const char *file_name;  /* CHAT_ATTACHMENT */
    const void *data;       /* of a file */
    size_t len;
    struct kept_file file; /* set while the turn is begun */
};

/* What a client has said, within its bounds. */
struct chat_say {
    const char *chat_name;
    const char *bot_name;     /* NULL: the conversation's own */
    const char *parent;       /* as of struct chat_turn_request */
    const char *message_name; /* NULL: the client has chosen none */
    const char *model;        /* as it names it; NULL: it names none */
    struct chat_content *contents;
    size_t n_contents;
    bool is_continuing, wants_reasoning;
};

struct chat_turn_params {
    const struct config *config;
    const char *owner; /* of the lease */
    uint64_t user_id;
    struct chat_say *say;
    struct request_key key;
};

struct chat_turn {
    struct chat_turn_row row; /* row.is_replay: nothing is to be asked, the reply is in messages */
    struct chat_turn_request request;
    struct user_limits limits;
    struct chat_message_list messages; /* with the reply, once it is stored */
    struct related_list related;       /* of that */
    const char *chat_name, *bot_name;  /* of the conversation; bot_name NULL: it has none */
    const char *model;                 /* as the client named it: the reply's */
    struct bot_row bot;                /* that replies; id 0: none */
    struct retrieval retrieval;
    const char *tool_use_id; /* of the search; NULL: there is none */
    bool hides_chunks;
    bool wants_reasoning;
    const struct config *config;
    struct asking asking; /* the reply */
    uint32_t lease_s;
    /* How it ended, kept until the database can store it. */
    bool is_ended, is_again;
    int64_t ended_ms;
    enum cq_status failure; /* CQ_OK: there is a reply */
    struct chat_message_row reply;
};

/*
 * Failures as of store_chat_turn_begin(), and CQ_BOT_NOT_FOUND, CQ_UNKNOWN_MODEL, CQ_MODEL_NOT_ACTIVE: then what is in *bot (id 0: none) is
 * the bot that it is not active in. *out lives in ctx->arena; what params points to must live as long.
 */
enum cq_status engine_chat_begin(struct cq_ctx *ctx, struct db *db, const struct chat_turn_params *params,
                                 struct bot_row *bot, struct chat_turn **out) MUST_USE;

/* The search in a bot's documents, as clients are told of it. */
#define ENGINE_SEARCH_TOOL "knowledge_base_tool"

/* The models that are active in the bot (id 0: all that are offered). In ctx->arena. */
enum cq_status engine_chat_models_active(struct cq_ctx *ctx, const struct config *config, const struct bot_row *bot,
                                         const char *const **out, size_t *n) MUST_USE;

/* As engine_turn_retrieved(). */
enum cq_status engine_chat_retrieved(struct cq_ctx *ctx, struct chat_turn *turn, const char *answer,
                                     size_t len) MUST_USE;

/* The passages that came, as they will be stored with the reply. In ctx->arena. */
enum cq_status engine_chat_related(struct cq_ctx *ctx, const struct chat_turn *turn, struct related_list *out) MUST_USE;

/*
 * Put the text of each reply, rendered as Markdown, into its html: of the newest, as far as ENGINE_CHAT_RENDER_MAX_BYTES
 * of text go. In ctx->arena.
 */
enum { ENGINE_CHAT_RENDER_MAX_BYTES = 4 << 20 };
enum cq_status engine_chat_render(struct cq_ctx *ctx, struct chat_message_list *list) MUST_USE;

/* As engine_turn_read(), engine_turn_end() and engine_turn_renew(). */
bool engine_chat_read(struct cq_ctx *ctx, struct chat_turn *turn) MUST_USE;
enum cq_status engine_chat_end(struct cq_ctx *ctx, struct db *db, struct chat_turn *turn) MUST_USE;
enum cq_status engine_chat_renew(struct cq_ctx *ctx, struct db *db, const struct chat_turn *turn) MUST_USE;

/* The reply's row in turn->messages, once it is stored. */
const struct chat_message_row *engine_chat_reply(const struct chat_turn *turn);

/* The words of the contract: "end_turn", "max_tokens", "stop_sequence", "content_filtered", "stopped". */
const char *engine_chat_stop_reason(enum llm_stop stop);

/* ---- titles (chat_title.c) ---- */

struct chat_title {
    struct evaluation_run run; /* counted among what its user has running, and gone with its end */
    struct user_limits limits;
    const char *fallback; /* the beginning of what was said first */
    struct asking asking; /* of none: nothing was said yet */
    const char *title;    /* once it is read */
    bool is_read;
};

/*
 * What is to be asked for a title of the chat; nothing, when a limit of its user's is reached. owner: as of a lease. *out lives in
 * ctx->arena.
 */
enum cq_status engine_chat_title_begin(struct cq_ctx *ctx, struct db *db, const struct config *config,
                                       const char *owner, const struct chat_row *chat,
                                       struct chat_title **out) MUST_USE;
bool engine_chat_title_read(struct cq_ctx *ctx, struct chat_title *title) MUST_USE;

/* Count what it has cost. CQ_OK, whatever became of that: there is a title in any case. */
enum cq_status engine_chat_title_end(struct cq_ctx *ctx, struct db *db, struct chat_title *title) MUST_USE;

#endif
