/* The errors of the chat API (doc/api-chat.md 1, "Errors"). */
#ifndef API_CHAT_ERROR_H
#define API_CHAT_ERROR_H

#include "api/route.h"

int chat_error_http(enum cq_status st);

/* Its stable word. */
const char *chat_error_code(enum cq_status st);

/* What a client reads. */
const char *chat_error_text(const struct request *req, enum cq_status st);

/* The members of an error, into an open object. */
void write_chat_error(struct request *req, struct json_out *out, enum cq_status st);

#endif
