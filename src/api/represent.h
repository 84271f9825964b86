/* The objects of the Canvas API as JSON (doc/api-canvas.md 2). Each function writes one value. */
#ifndef API_REPRESENT_H
#define API_REPRESENT_H

#include "colloquy/api.h"

/*
 * with_counts: the list's row for a manager; with_submission: index and show for others. req: whose answer it is, for links to
 * files.
 */
void write_ai_experience(struct json_out *out, struct request *req, const struct ai_experience_row *x, bool for_manager,
                         bool with_submission, const struct ai_experience_list *counts);

/* "learning_objectives", an array, into an open object. joined: by line feeds. */
void write_learning_objectives(struct json_out *out, const char *joined);

/* With a link that is signed now. */
void write_context_file(struct json_out *out, struct request *req, const struct document_row *document);

/* One that is yet to be made: the fields that may be sent, as they are when they are not. */
void write_new_ai_experience(struct json_out *out);

/* How far the caller's own latest conversation has come: "not_started", "in_progress", "completed". */
const char *submission_status(const struct ai_experience_row *x);

void write_progress(struct json_out *out, const struct progress *progress);
void write_feedback(struct json_out *out, const struct feedback_row *f);
void write_message(struct json_out *out, const struct message_row *m);
void write_messages(struct json_out *out, const struct message_list *messages);

/* with_string_id: whatever the request asked for, as in the row of a student without a conversation. */
void write_student(struct json_out *out, const struct student_row *student, bool with_string_id);

/* workflow_state, all_objectives_met and the times, into an open object; the other writes llm_conversation_id before them. */
void write_conversation_state(struct json_out *out, const struct conversation_row *v);
void write_conversation_fields(struct json_out *out, const struct conversation_row *v);

/* "messages_count" and "progress" of a conversation of a list, without its objectives; 0 and null when there is none (id 0). */
void write_progress_so_far(struct json_out *out, const struct conversation_row *v);

/* "messages" and "progress", into an open object. */
void write_talk(struct json_out *out, const struct message_list *messages, const struct progress *progress);

/* {"id","messages","progress"} of a turn, without the closing brace, so that more may follow. */
void open_turn(struct json_out *out, const struct turn *turn);

#endif
