/* What a message of the chat API holds, from the JSON that is stored (store/chat.h) into what clients get. */
#ifndef API_CHAT_CONTENT_H
#define API_CHAT_CONTENT_H

#include "api/chat_form.h"

/*
 * The array of contents. Bodies of images and attachments are read from disk; of one that is gone, and of those for which half
 * of the answer's room does not suffice, the body is "". CQ_BUSY: one cannot be read.
 */
enum cq_status chat_write_content(struct request *req, struct json_out *out, enum chat_form form,
                                  const struct chat_message_row *row) MUST_USE;

/* One text, as an array of contents. */
void chat_write_one_text(struct json_out *out, enum chat_form form, const char *text);

/* The array of messages, or null. */
enum cq_status chat_write_thinking_log(struct request *req, struct json_out *out, enum chat_form form,
                                       const struct chat_message_row *row) MUST_USE;

/* The role of what a model says. */
const char *chat_role_of_model(enum chat_form form);

#endif
