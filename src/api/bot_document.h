/* Documents as the chat API writes them (doc/api-chat.md 5, "Document"). */
#ifndef API_BOT_DOCUMENT_H
#define API_BOT_DOCUMENT_H

#include "api/chat_form.h"

/* "QUEUED", "RUNNING", "SUCCEEDED", "FAILED" */
const char *document_sync_status(enum document_state state);

/* Why one has failed, for people; "" when it has not. */
const char *document_sync_reason(enum document_state state, const char *failure);

void write_document(struct json_out *out, enum chat_form form, const struct document_row *document);

#endif
