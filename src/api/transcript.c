/* A conversation to be kept, by its student or by a teacher (doc/api-pages.md 3.2). */
#include "api/transcript.h"

#include "api/attachment.h"
#include "api/fields.h"
#include "api/represent.h"
#include "api/route.h"

/* ---- what is asked for ---- */

struct transcript_params {
    bool is_markdown, is_download;
};

static bool is_given(const struct param *p)
{
    return p->state == PARAM_VALUE || p->state == PARAM_WRONG;
}

static void read_params(struct request *req, struct transcript_params *params, struct field_errors *errors)
{
    struct param format = param_text(req, NULL, "format"), download = param_text(req, NULL, "download");

    *params = (struct transcript_params){.is_markdown = format.state == PARAM_VALUE && str_eq(format.text, "markdown")};
    if (is_given(&format) && !params->is_markdown && !(format.state == PARAM_VALUE && str_eq(format.text, "json")))
        field_error(errors, "format", "is not included in the list");
    if (is_given(&download) &&
        (download.state == PARAM_WRONG || !parse_bool(download.text, download.len, &params->is_download)))
        field_error(errors, "download", "is invalid");
}

static enum cq_status read_transcript(struct request *req, struct transcript *t)
{
    const struct conversation_row *v = &req->loaded->conversation;

    *t = (struct transcript){.experience = &req->loaded->ai_experience, .conversation = v};
    enum cq_status st = engine_progress_read(&req->ctx, v->learning_objective, v->met_at, &t->progress);
    if (!st)
        st = store_transcript(&req->ctx, req->db, t->experience->course_id, v->id, v->user_id, &t->course, &t->student,
                              &t->messages);
    return st ? st : read_own_feedback(req, v, &t->messages);
}

/* ---- as JSON ---- */

static void write_course(struct json_out *out, const struct transcript *t)
{
    json_key(out, "course");
    json_open_object(out);
    json_key(out, "id");
    json_id(out, t->experience->course_id);
    json_key(out, "name");
    json_text(out, t->course.name);
    json_key(out, "course_code");
    json_text(out, t->course.code);
    json_close_object(out);
}

static void write_experience(struct json_out *out, const struct ai_experience_row *x)
{
    json_key(out, "ai_experience");
    json_open_object(out);
    json_key(out, "id");
    json_id(out, x->id);
    json_key(out, "title");
    json_text(out, x->title);
    json_key(out, "description");
    json_text(out, x->description);
    write_learning_objectives(out, x->learning_objective);
    json_close_object(out);
}

static void answer_json(struct request *req, const struct transcript *t)
{
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    write_course(&out, t);
    write_experience(&out, t->experience);
    json_key(&out, "student");
    write_student(&out, &t->student, false);
    json_key(&out, "id");
    json_id(&out, t->conversation->id);
    write_conversation_state(&out, t->conversation);
    write_talk(&out, &t->messages, &t->progress);
    json_close_object(&out);
}

/* ---- the call ---- */

/* GET …/conversations/:id/transcript: 200 and all that was said, as JSON or as Markdown, to be shown or to be kept. */
enum cq_status transcript_show(struct request *req)
{
    struct field_errors errors = {.n = 0};
    struct transcript_params params;
    struct transcript t;

    read_params(req, &params, &errors);
    if (has_field_errors(&errors)) {
        answer_field_errors(req, &errors);
        return CQ_OK;
    }
    enum cq_status st = read_transcript(req, &t);
    if (!st && params.is_markdown)
        st = write_transcript_markdown(&req->ctx, response_begin(req, 200, "text/markdown; charset=utf-8"), &t);
    else if (!st)
        answer_json(req, &t);
    if (!st && params.is_download)
        st = answer_attachment(req, t.experience->title, t.conversation->created_at_ms,
                               params.is_markdown ? "md" : "json");
    return st;
}
