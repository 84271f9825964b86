/* Server-sent events of a chat's reply: Bedrock Chat's statuses (doc/api-chat.md 2.4, "Streaming"). */
#ifndef API_CHAT_STREAM_H
#define API_CHAT_STREAM_H

#include "api/chat_form.h"

/* START, and AGENT_THINKING when documents are searched. */
void chat_stream_start(struct request *req);

/* AGENT_TOOL_RESULT, and AGENT_RELATED_DOCUMENT for each passage that came. */
void chat_stream_retrieved(struct request *req);

/* STREAMING or REASONING. */
void chat_stream_text(struct request *req, enum llm_part_kind kind, const char *text, size_t len);

/* STREAMING_END. */
void chat_stream_end(struct request *req);

/* All of it, of a turn that has ended before. */
void chat_stream_replay(struct request *req);

/* ERROR. */
void chat_stream_error(struct request *req, enum cq_status st);

/* ---- chat_message.c ---- */

/* Every key of the JSON answer, into an open object. */
enum cq_status chat_write_turn(struct request *req, struct json_out *out, enum chat_form form) MUST_USE;

#endif
