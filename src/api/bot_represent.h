/* Bots as JSON (doc/api-chat.md 5). Each function writes one value. */
#ifndef API_BOT_REPRESENT_H
#define API_BOT_REPRESENT_H

#include "api/chat_form.h"

/* Bot: for those who edit it. */
enum cq_status bot_write(struct request *req, struct json_out *out, enum chat_form form, const struct bot_row *bot,
                         const struct bot_details *details) MUST_USE;

/* BotMeta: a line of a list of the caller's. */
void bot_write_meta(const struct request *req, struct json_out *out, enum chat_form form, const struct bot_item *item);

/* BotSummary: for those who may use it. */
enum cq_status bot_write_summary(struct request *req, struct json_out *out, enum chat_form form,
                                 const struct bot_row *bot, const struct bot_item *item) MUST_USE;

#endif
