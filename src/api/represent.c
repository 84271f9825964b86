/* The objects of the Canvas API as JSON. */
#include <string.h>

#include "api/file_link.h"
#include "api/represent.h"

static void key_text(struct json_out *out, const char *key, const char *text)
{
    json_key(out, key);
    json_text(out, text);
}

static void key_boolean(struct json_out *out, const char *key, bool value)
{
    json_key(out, key);
    json_boolean(out, value);
}

void write_learning_objectives(struct json_out *out, const char *joined)
{
    json_key(out, "learning_objectives");
    json_open_array(out);
    while (*joined) {
        size_t len = strcspn(joined, "\n");

        json_text_n(out, joined, len);
        joined += len + (joined[len] == '\n');
    }
    json_close_array(out);
}

/* Objectives are stored joined by line feeds, the very form of learning_objective. */
static void write_objectives(struct json_out *out, const char *joined)
{
    key_text(out, "learning_objective", joined);
    write_learning_objectives(out, joined);
}

const char *submission_status(const struct ai_experience_row *x)
{
    if (x->latest_met)
        return "completed";
    return str_eq(x->latest_state, "active") ? "in_progress" : "not_started";
}

/* ---- context files ---- */

static const char *context_status_name(enum context_status status)
{
    static const char *const names[] = {[CONTEXT_NOT_STARTED] = "not_started",
                                        [CONTEXT_IN_PROGRESS] = "in_progress",
                                        [CONTEXT_COMPLETED] = "completed",
                                        [CONTEXT_FAILED] = "failed"};

    return names[status];
}

void write_context_file(struct json_out *out, struct request *req, const struct document_row *document)
{
    static const enum context_status statuses[DOCUMENT_STATE_COUNT] = {[DOCUMENT_QUEUED] = CONTEXT_IN_PROGRESS,
                                                                       [DOCUMENT_RUNNING] = CONTEXT_IN_PROGRESS,
                                                                       [DOCUMENT_SUCCEEDED] = CONTEXT_COMPLETED,
                                                                       [DOCUMENT_FAILED] = CONTEXT_FAILED};

    json_open_object(out);
    json_key(out, "id");
    json_id_text(out, document->id);
    key_text(out, "display_name", document->filename);
    json_key(out, "size");
    json_u64(out, document->size);
    key_text(out, "content_type", document->mime_type);
    key_text(out, "url", file_link(req, document->id, 0));
    key_text(out, "index_status", context_status_name(statuses[document->state]));
    key_text(out, "index_error", document->state == DOCUMENT_FAILED ? document->failure : NULL);
    json_key(out, "page_count");
    if (document->page_count)
        json_u64(out, document->page_count);
    else
        json_null(out);
    json_key(out, "created_at");
    json_time(out, document->created_at_ms);
    json_close_object(out);
}

static void write_context_files(struct json_out *out, struct request *req, const struct document_list *files)
{
    json_key(out, "context_files");
    json_open_array(out);
    for (size_t i = 0; i < files->n; i++)
        write_context_file(out, req, &files->rows[i]);
    json_close_array(out);
    if (store_context_status(files) != CONTEXT_FAILED)
        return;
    json_key(out, "failed_context_file_names");
    json_open_array(out);
    for (size_t i = 0; i < files->n; i++)
        if (files->rows[i].state == DOCUMENT_FAILED)
            json_text(out, files->rows[i].filename);
    json_close_array(out);
}

/* ---- experiences ---- */

/* Whether a draft of these files may be published, and one that is published taken back. */
static void write_what_may_be(struct json_out *out, const struct ai_experience_row *x)
{
    struct ai_experience_row draft = *x, published = *x;

    draft.workflow_state = "unpublished";
    published.workflow_state = "published";
    key_boolean(out, "can_unpublish", !store_state_fault(&published, "unpublished"));
    key_boolean(out, "context_ready", !store_state_fault(&draft, "published"));
}

static void write_managers_fields(struct json_out *out, struct request *req, const struct ai_experience_row *x)
{
    key_text(out, "facts", x->facts);
    key_text(out, "pedagogical_guidance", x->pedagogical_guidance);
    write_what_may_be(out, x);
    write_context_files(out, req, &x->context_files);
    json_key(out, "evaluation_metrics");
    json_raw(out, x->evaluation_metrics ? x->evaluation_metrics : "[]");
}

void write_ai_experience(struct json_out *out, struct request *req, const struct ai_experience_row *x, bool for_manager,
                         bool with_submission, const struct ai_experience_list *counts)
{
    json_open_object(out);
    json_key(out, "id");
    json_id(out, x->id);
    json_key(out, "course_id");
    json_id(out, x->course_id);
    key_text(out, "title", x->title);
    key_text(out, "description", x->description);
    write_objectives(out, x->learning_objective);
    key_text(out, "workflow_state", x->workflow_state);
    key_text(out, "context_index_status", context_status_name(store_context_status(&x->context_files)));
    json_key(out, "created_at");
    json_time(out, x->created_at_ms);
    json_key(out, "updated_at");
    json_time(out, x->updated_at_ms);
    key_boolean(out, "can_manage", for_manager);
    if (for_manager)
        write_managers_fields(out, req, x);
    else if (with_submission)
        key_text(out, "submission_status", submission_status(x));
    if (for_manager && counts) {
        json_key(out, "completed_count");
        json_u64(out, x->completed_count);
        json_key(out, "total_students");
        json_u64(out, counts->total_students);
    }
    json_close_object(out);
}

void write_new_ai_experience(struct json_out *out)
{
    json_open_object(out);
    key_text(out, "title", "");
    key_text(out, "description", "");
    write_objectives(out, "");
    key_text(out, "workflow_state", "unpublished");
    key_text(out, "facts", "");
    key_text(out, "pedagogical_guidance", "");
    json_key(out, "context_files");
    json_raw(out, "[]");
    json_key(out, "evaluation_metrics");
    json_raw(out, "[]");
    json_close_object(out);
}

static void write_progress_numbers(struct json_out *out, uint64_t n_met, uint64_t n, uint64_t percentage)
{
    json_key(out, "current");
    json_u64(out, n_met);
    json_key(out, "total");
    json_u64(out, n);
    json_key(out, "percentage");
    json_u64(out, percentage);
}

void write_progress(struct json_out *out, const struct progress *progress)
{
    json_open_object(out);
    write_progress_numbers(out, progress->n_met, progress->n, progress->percentage);
    json_key(out, "objectives");
    json_open_array(out);
    for (size_t i = 0; i < progress->n; i++) {
        const struct objective *o = &progress->objectives[i];

        json_open_object(out);
        key_text(out, "objective", o->text);
        key_text(out, "status", o->is_met ? "covered" : "");
        json_key(out, "met_at_turn");
        if (o->is_met)
            json_u64(out, o->met_at);
        else
            json_null(out);
        json_close_object(out);
    }
    json_close_array(out);
    json_close_object(out);
}

void write_feedback(struct json_out *out, const struct feedback_row *f)
{
    json_open_object(out);
    key_text(out, "id", f->uuid);
    key_text(out, "message_id", f->message_uuid);
    json_key(out, "user_id");
    json_id_text(out, f->user_id);
    key_text(out, "vote", f->vote);
    key_text(out, "feedback_message", f->feedback_message);
    json_key(out, "created_at");
    json_time(out, f->created_at_ms);
    json_key(out, "updated_at");
    json_time(out, f->updated_at_ms);
    json_close_object(out);
}

static void write_feedback_of(struct json_out *out, const struct message_row *m)
{
    json_key(out, "feedback");
    json_open_array(out);
    if (m->feedback)
        write_feedback(out, m->feedback);
    json_close_array(out);
}

void write_message(struct json_out *out, const struct message_row *m)
{
    static const char *const statuses[] = {
        [MESSAGE_COMPLETE] = "complete", [MESSAGE_PENDING] = "pending", [MESSAGE_FAILED] = "failed"};

    json_open_object(out);
    key_text(out, "id", m->uuid);
    key_text(out, "role", m->is_assistant ? "Assistant" : "User");
    key_text(out, "text", m->text);
    json_key(out, "created_at");
    json_time(out, m->created_at_ms);
    write_feedback_of(out, m);
    key_text(out, "status", statuses[m->status]);
    key_boolean(out, "initial", m->is_initial);
    if (m->is_stopped)
        key_boolean(out, "stopped", true);
    if (m->is_assistant) {
        key_text(out, "html", m->html ? m->html : "");
        json_key(out, "citations");
        json_raw(out, m->citations ? m->citations : "[]");
    }
    json_close_object(out);
}

void write_messages(struct json_out *out, const struct message_list *messages)
{
    json_open_array(out);
    for (size_t i = 0; i < messages->n; i++)
        write_message(out, &messages->rows[i]);
    json_close_array(out);
}

void write_student(struct json_out *out, const struct student_row *student, bool with_string_id)
{
    json_open_object(out);
    json_key(out, "id");
    if (with_string_id)
        json_id_text(out, student->id);
    else
        json_id(out, student->id);
    key_text(out, "name", student->name);
    key_text(out, "sortable_name", student->sortable_name);
    key_text(out, "short_name", student->short_name);
    key_text(out, "avatar_url", student->avatar_url);
    json_key(out, "created_at");
    json_time(out, student->created_at_ms);
    json_close_object(out);
}

void write_conversation_state(struct json_out *out, const struct conversation_row *v)
{
    key_text(out, "workflow_state", v->workflow_state);
    key_boolean(out, "all_objectives_met", v->all_objectives_met);
    json_key(out, "created_at");
    json_time(out, v->created_at_ms);
    json_key(out, "updated_at");
    json_time(out, v->updated_at_ms);
}

void write_conversation_fields(struct json_out *out, const struct conversation_row *v)
{
    key_text(out, "llm_conversation_id", v->uuid);
    write_conversation_state(out, v);
}

void write_progress_so_far(struct json_out *out, const struct conversation_row *v)
{
    json_key(out, "messages_count");
    json_u64(out, v->id ? v->n_messages : 0);
    json_key(out, "progress");
    if (!v->id) {
        json_null(out);
        return;
    }
    struct progress_count count = engine_progress_count(v->met_at);

    json_open_object(out);
    write_progress_numbers(out, count.n_met, count.n, count.percentage);
    json_close_object(out);
}

void write_talk(struct json_out *out, const struct message_list *messages, const struct progress *progress)
{
    json_key(out, "messages");
    write_messages(out, messages);
    json_key(out, "progress");
    write_progress(out, progress);
}

void open_turn(struct json_out *out, const struct turn *turn)
{
    json_open_object(out);
    json_key(out, "id");
    json_id(out, turn->row.conversation_id);
    write_talk(out, &turn->messages, &turn->progress);
}
