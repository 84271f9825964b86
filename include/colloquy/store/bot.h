/* Bots: who may use them, what they are, and with whom they are shared. Part of store.h. */
#ifndef COLLOQUY_STORE_BOT_H
#define COLLOQUY_STORE_BOT_H

#include "colloquy/base.h"
#include "colloquy/store/document.h"

struct db;

struct bot_row {
    uint64_t id;      /* 0: none, or not for the caller to know of */
    const char *name; /* the id by which clients know it */
    uint64_t owner_id;
    bool is_live, is_usable, is_editable; /* by the caller */
    const char *title, *description, *instruction;
    const char *scope;                                              /* private, partial, all */
    const char *generation_params, *active_models, *quick_starters; /* JSON; NULL: none were given */
    bool display_retrieved_chunks, prompt_caching_enabled;
    int64_t created_at_ms;
};

/*
 * The bot of that name, if the user may use it (the owner, administrators, and as it is shared); else CQ_BOT_NOT_FOUND.
 */
enum cq_status store_bot_usable(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *name,
                                struct bot_row *out) MUST_USE;

/* The same by the id of its row. */
enum cq_status store_bot_usable_by_id(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t id,
                                      struct bot_row *out) MUST_USE;

/* ---- lists (bot_list.c) ---- */

/* Of all documents of a bot. */
enum bot_sync { BOT_SUCCEEDED, BOT_FAILED, BOT_QUEUED, BOT_RUNNING };

/* A bot as somebody's list has it. */
struct bot_item {
    struct bot_row bot; /* without instruction and generation_params; is_usable: and is_live */
    bool is_starred;    /* by that user */
    int64_t used_at_ms; /* by that user; before that, when it was made */
    uint64_t n_documents;
    enum bot_sync sync;
};

struct bot_list {
    struct bot_item *rows;
    size_t n;
};

enum bot_list_kind {
    BOTS_OWN,         /* the latest used first, as of the next three */
    BOTS_OWN_STARRED, /* those of them that are */
    BOTS_STARRED,     /* by the user, whoever's they are; also what may not be used any more */
    BOTS_RECENT,      /* used by the user, likewise; also what is deleted */
    BOTS_POPULAR,     /* shared ones that the user may use, by the turns that they have replied in */
};

/* At most limit. */
enum cq_status store_bot_list(struct cq_ctx *ctx, struct db *db, uint64_t user_id, enum bot_list_kind kind,
                              uint64_t limit, struct bot_list *out) MUST_USE;

/*
 * Those that the user may use in whose title and description stand all words of the query, case and accents ignored: first
 * those in whose title they do. Of more than five words the fifth is all that follows.
 */
enum cq_status store_bot_search(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *query, uint64_t limit,
                                struct bot_list *out) MUST_USE;

/* One that is live. CQ_BOT_NOT_FOUND: it is not. */
enum cq_status store_bot_item(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t id,
                              struct bot_item *out) MUST_USE;

/* What only those see who edit a bot. */
struct bot_details {
    int64_t used_at_ms; /* by anybody; 0: not yet */
    uint64_t *user_ids, *course_ids;
    size_t n_users, n_courses;
    struct bot_document {
        const char *filename;
        enum document_state state;
        const char *failure; /* of DOCUMENT_FAILED */
    } * documents;           /* in the order of their upload */
    size_t n_documents;
};

enum cq_status store_bot_details(struct cq_ctx *ctx, struct db *db, uint64_t id, struct bot_details *out) MUST_USE;

/* ---- changing (bot_change.c) ---- */

/* NULL leaves as it is; of a new bot, as the table has it, and title and instruction are there. */
struct bot_change {
    const char *title, *description, *instruction;
    const char *generation_params, *active_models, *quick_starters; /* JSON */
    const bool *display_retrieved_chunks, *prompt_caching_enabled;
    const char *const *added, *const *removed; /* names of files: uploads that become documents, documents that go */
    size_t n_added, n_removed;
};

struct bot_changed {
    struct bot_row bot;       /* as it is now, for who changed it */
    struct hash_list dropped; /* contents for engine_files_drop() */
    const char *missing;      /* with CQ_INVALID_FIELDS: the file of added that was never uploaded */
};

/*
 * CQ_BOT_EXISTS: the name is taken. CQ_INVALID_FIELDS: see bot_changed. CQ_INVALID_REQUEST: it would have more than
 * DOCUMENTS_PER_BOT. Then nothing was changed.
 */
enum cq_status store_bot_create(struct cq_ctx *ctx, struct db *db, uint64_t owner_id, const char *name,
                                const struct bot_change *change, struct bot_changed *out) MUST_USE;

/* The same; a file of removed that the bot has not is none to remove. user_id: who asks. CQ_BOT_NOT_FOUND: it is gone. */
enum cq_status store_bot_update(struct cq_ctx *ctx, struct db *db, uint64_t id, uint64_t user_id,
                                const struct bot_change *change, struct bot_changed *out) MUST_USE;

/* Leave nothing but its name and title: no document, nobody with whom it is shared, no star. CQ_BOT_NOT_FOUND: as above. */
enum cq_status store_bot_delete(struct cq_ctx *ctx, struct db *db, uint64_t id, struct hash_list *dropped) MUST_USE;

/* ---- sharing, and what a user keeps of a bot (bot_share.c) ---- */

struct bot_share {
    const char *scope;                     /* private, partial, all */
    const uint64_t *user_ids, *course_ids; /* of partial */
    size_t n_users, n_courses;
};

/* What stands in the way of one: the other is 0. */
struct bot_unshareable {
    uint64_t user_id;   /* there is no such user */
    uint64_t course_id; /* in which the owner has no part */
};

/* In the place of what it was shared with. CQ_INVALID_FIELDS: see bot_unshareable. CQ_BOT_NOT_FOUND: it is gone. */
enum cq_status store_bot_share(struct cq_ctx *ctx, struct db *db, uint64_t id, const struct bot_share *share,
                               struct bot_unshareable *fault) MUST_USE;

enum cq_status store_bot_star(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t id) MUST_USE;

/*
 * Take all bots of that name off the user's list: there are several when the name was given again. is_found: whether any was on
 * it.
 */
enum cq_status store_bot_unstar(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *name,
                                bool *is_found) MUST_USE;
enum cq_status store_bot_forget_use(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *name,
                                    bool *is_found) MUST_USE;

/* Whether the user has one of these roles (bits 1 << enum role) in any course. */
enum cq_status store_has_role(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint32_t roles, bool *out) MUST_USE;

#endif
