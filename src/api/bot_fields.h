/* What a client's body says of a bot (doc/api-chat.md 5). */
#ifndef API_BOT_FIELDS_H
#define API_BOT_FIELDS_H

#include "api/chat_form.h"

/*
 * Read and check the body. before: the bot that it changes; NULL: it is to make a new one. CQ_INVALID_REQUEST, CQ_NOT_SUPPORTED: every
 * fault is noted for the answer. What out points to lives as long as the request.
 */
enum cq_status bot_fields_read(struct request *req, const struct bot_row *before, struct bot_change *out) MUST_USE;

/* The same of a new visibility. */
enum cq_status bot_share_read(struct request *req, struct bot_share *out) MUST_USE;

#endif
