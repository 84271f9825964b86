/* Bots, and who may use them. Part of store.h. */
#ifndef COLLOQUY_STORE_BOT_H
#define COLLOQUY_STORE_BOT_H

#include "colloquy/base.h"

struct db;

struct bot_row {
    uint64_t id;      /* 0: none, or not for the caller to know of */
    const char *name; /* the id by which clients know it */
    uint64_t owner_id;
    bool is_live, is_usable, is_editable; /* by the caller */
    const char *title, *description, *instruction;
    const char *scope;                                              /* private, partial, all */
    const char *generation_params, *active_models, *quick_starters; /* JSON; NULL: none were given */
    bool display_retrieved_chunks, prompt_caching_enabled, is_starred;
    int64_t created_at_ms;
    int64_t used_at_ms; /* of a list, by the caller */
};

/*
 * The bot of that name, if the user may use it (the owner, administrators, and as it is shared); else CQ_BOT_NOT_FOUND.
 */
enum cq_status store_bot_usable(struct cq_ctx *ctx, struct db *db, uint64_t user_id, const char *name,
                                struct bot_row *out) MUST_USE;

/* The same by the id of its row. */
enum cq_status store_bot_usable_by_id(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t id,
                                      struct bot_row *out) MUST_USE;

#endif
