/* The columns of a bot, and who may use it, as several statements read them. */
#ifndef STORE_BOT_H
#define STORE_BOT_H

#include "store/db.h"

#define BOT_COLUMNS                                                                                                    \
    "b.id, b.name, b.owner_id, b.is_live, b.title, b.description, b.instruction, b.scope, b.generation_params,"        \
    " b.active_models, b.quick_starters, b.display_retrieved_chunks, b.prompt_caching_enabled, b.created_at"

#define BOT_OUT(b)                                                                                                     \
    OUT_U64((b).id), OUT_TEXT((b).name), OUT_U64((b).owner_id), OUT_BOOL((b).is_live), OUT_TEXT((b).title),            \
        OUT_TEXT((b).description), OUT_TEXT((b).instruction), OUT_TEXT((b).scope), OUT_TEXT((b).generation_params),    \
        OUT_TEXT((b).active_models), OUT_TEXT((b).quick_starters), OUT_BOOL((b).display_retrieved_chunks),             \
        OUT_BOOL((b).prompt_caching_enabled), OUT_TIME((b).created_at_ms)

/* A row that is live, by its id and locked: CQ_BOT_NOT_FOUND when it is not. Every change of a bot begins with it. */
enum cq_status bot_lock(struct cq_ctx *ctx, struct db *db, uint64_t id, struct bot_row *out) MUST_USE;

/* Whether bot b may be edited, or used, by the user whose id and is_admin these expressions are. */
#define BOT_IS_EDITABLE(user, is_admin) "(b.owner_id = " user " OR " is_admin ")"
#define BOT_IS_USABLE(user, is_admin)                                                                                  \
    "(b.owner_id = " user " OR " is_admin " OR b.scope = 'all' OR (b.scope = 'partial' AND ("                          \
    "EXISTS (SELECT 1 FROM bot_user s WHERE s.bot_id = b.id AND s.user_id = " user ") OR "                             \
    "EXISTS (SELECT 1 FROM bot_course s JOIN course_member m ON m.course_id = s.course_id"                             \
    " WHERE s.bot_id = b.id AND m.user_id = " user " AND m.roles > 0))))"

/*
 * Note that a bot has replied to a user; within the transaction that stores the reply, before usage_day. It locks the user's own
 * row and no other's, so that many may talk with one bot at once.
 */
enum cq_status bot_note_use(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t bot_id) MUST_USE;

#endif
