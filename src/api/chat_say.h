/* What a client of the chat API says, as the body of POST /conversation (doc/api-chat.md 2.1 and 2.4). */
#ifndef API_CHAT_SAY_H
#define API_CHAT_SAY_H

#include "api/chat_form.h"

/* CQ_INVALID_REQUEST: what is wrong has been noted. Bodies of files are decoded into the request's arena. */
enum cq_status chat_say_read(struct request *req, struct chat_say *say) MUST_USE;

#endif
