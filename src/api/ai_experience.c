/* Experiences: list, show, forms, create, update, delete (doc/api-canvas.md 3). */
#include "api/ai_experience.h"
#include "api/ai_experience_change.h"
#include "api/ai_experience_form.h"
#include "api/ai_experience_rules.h"
#include "api/context_file.h"
#include "api/idempotency.h"
#include "api/page.h"
#include "api/represent.h"
#include "api/route.h"

static enum cq_status reply_ai_experience(struct request *req, int status, const struct ai_experience_row *row,
                                          bool with_submission)
{
    struct json_out out = response_json(req, status);

    write_ai_experience(&out, req, row, is_manager(req), with_submission, NULL);
    return CQ_OK;
}

const char *wanted_workflow_state(const struct request *req)
{
    static const char *const known[] = {"published", "unpublished", "deleted"};
    struct param p = param_text(req, NULL, "workflow_state");

    if (p.state == PARAM_ABSENT || p.state == PARAM_NULL || (p.state == PARAM_VALUE && !p.len))
        return NULL;
    for (size_t i = 0; p.state == PARAM_VALUE && i < LEN(known); i++)
        if (str_eq(p.text, known[i]) && (i == 0 || is_manager(req)))
            return known[i];
    return "";
}

enum cq_status ai_experience_list_read(struct request *req, struct page *page, struct ai_experience_list *list)
{
    const struct access_row *access = &req->loaded->access;

    enum cq_status st = page_read(req, 10, 100, page);
    if (!st)
        st = store_ai_experience_list(&req->ctx, req->db, access->course_id, access->user_id, is_manager(req),
                                      wanted_workflow_state(req), page->per_page, (page->number - 1) * page->per_page,
                                      list);
    return st;
}

/* GET …/ai_experiences: 200 and a page of them, by id. */
enum cq_status ai_experience_index(struct request *req)
{
    struct ai_experience_list list;
    struct page page;

    enum cq_status st = ai_experience_list_read(req, &page, &list);
    if (!st)
        st = store_context_files_read(&req->ctx, req->db, list.rows, list.n);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_array(&out);
    for (size_t i = 0; i < list.n; i++)
        write_ai_experience(&out, req, &list.rows[i], is_manager(req), true, &list);
    json_close_array(&out);
    page_link(req, &page, list.total);
    return CQ_OK;
}

enum cq_status ai_experience_read_rest(struct request *req, struct ai_experience_row *row)
{
    enum cq_status st = CQ_OK;

    if (is_manager(req))
        st = store_ai_experience_is_started(&req->ctx, req->db, row->id, &row->is_started);
    return st ? st : store_context_files_read(&req->ctx, req->db, row, 1);
}

/*
 * GET …/ai_experiences/:id: 200 and the experience; 403 to students while unpublished, 404 when deleted or of another
 * course.
 */
enum cq_status ai_experience_show(struct request *req)
{
    struct ai_experience_row *row = &req->loaded->ai_experience;
    enum cq_status st = ai_experience_read_rest(req, row);

    return st ? st : reply_ai_experience(req, 200, row, true);
}

/* ---- forms ---- */

/* What a client needs to make a form of its own. row NULL: of a new one. */
static void reply_constraints(struct request *req, const struct ai_experience_row *row)
{
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "course_id");
    json_id(&out, req->loaded->access.course_id);
    json_key(&out, "action");
    json_text(&out, form_action(req, row));
    json_key(&out, "method");
    json_text(&out, row ? "PUT" : "POST");
    json_key(&out, "ai_experience");
    if (row)
        write_ai_experience(&out, req, row, true, false, NULL);
    else
        write_new_ai_experience(&out);
    json_key(&out, "constraints");
    write_constraints(&out, &req->config->limits);
    json_close_object(&out);
}

static void reply_form(struct request *req, const struct ai_experience_row *row)
{
    const struct form_values values = form_values_of(row);

    if (wants_page(req))
        answer_form(req, 200, row, &values, NULL);
    else
        reply_constraints(req, row);
}

/* GET …/ai_experiences/new: 200 and the form for a new one, or what it is made of. */
enum cq_status ai_experience_new(struct request *req)
{
    reply_form(req, NULL);
    return CQ_OK;
}

/* GET …/ai_experiences/:id/edit: the same for one that is there. */
enum cq_status ai_experience_edit(struct request *req)
{
    struct ai_experience_row *row = &req->loaded->ai_experience;
    enum cq_status st = CQ_OK;

    if (!wants_page(req)) /* which does not show it */
        st = ai_experience_read_rest(req, row);
    if (!st)
        reply_form(req, row);
    return st;
}

/* ---- writing ---- */

/* What was written: JSON with that status, or for a browser the way to the page. */
static enum cq_status reply_written(struct request *req, int status, const struct ai_experience_row *row,
                                    const char *page_path)
{
    return wants_page(req) ? page_redirect(req, 303, page_path) : reply_ai_experience(req, status, row, false);
}

static void reply_faults(struct request *req, const struct ai_experience_row *now,
                         const struct ai_experience_change *change, const struct field_errors *faults)
{
    if (wants_page(req))
        answer_form_faults(req, now, change, faults);
    else
        answer_field_errors(req, faults);
}

static enum cq_status read_change(struct request *req, const struct ai_experience_row *now,
                                  struct ai_experience_change *change, struct field_errors *errors)
{
    enum cq_status st = ai_experience_change_read(req, now, change, errors);

    return st == CQ_PARAMETERS_MISSING ? refuse(req, st, "ai_experience is missing") : st;
}

static void state_error(struct field_errors *errors, const struct ai_experience_row *now, const char *state)
{
    switch (store_state_fault(now, state)) {
    case STATE_IS_FINE:
        return;
    case STATE_FILES_PROCESSING:
        field_error(errors, "workflow_state",
                    str_eq(state, "published") ? "Cannot publish while source files are still processing"
                                               : "Cannot unpublish while source files are still processing");
        return;
    case STATE_IS_STARTED:
        field_error(errors, "workflow_state", "Cannot unpublish if students have started conversations");
    }
}

/* The files that the change leaves. */
static enum cq_status read_files_then(struct request *req, const struct ai_experience_change *change,
                                      struct ai_experience_row *row)
{
    if (!change->set_context_file_ids)
        return store_context_files_read(&req->ctx, req->db, row, 1);
    if (!change->n_context_file_ids)
        return CQ_OK;
    return store_documents_chosen(&req->ctx, req->db, row->course_id, change->context_file_ids,
                                  change->n_context_file_ids, &row->context_files);
}

/* Refused here already, so that the answer names every field that is wrong; the store looks again under its lock. */
static enum cq_status check_state(struct request *req, const struct ai_experience_row *now,
                                  const struct ai_experience_change *change, struct field_errors *errors)
{
    const char *state = change->workflow_state;
    struct ai_experience_row row = {.course_id = req->loaded->access.course_id, .workflow_state = "unpublished"};

    if (now)
        row = *now;
    if (!change->set_workflow_state || !state || str_eq(state, row.workflow_state))
        return CQ_OK;
    enum cq_status st = read_files_then(req, change, &row);
    if (!st && str_eq(state, "unpublished"))
        st = store_ai_experience_is_started(&req->ctx, req->db, row.id, &row.is_started);
    if (!st)
        state_error(errors, &row, state);
    return st;
}

/* What only the store could see, in the words of the rest. */
static enum cq_status take_faults(enum cq_status st, const struct ai_experience_row *row,
                                  const struct ai_experience_change *change, struct field_errors *errors)
{
    if (st == CQ_INVALID_FIELDS)
        state_error(errors, row, change->workflow_state);
    errors->has_unusable_files |= st == CQ_SOURCE_GONE;
    return has_field_errors(errors) ? CQ_OK : st;
}

static enum cq_status reply_created(struct request *req, const struct ai_experience_row *row)
{
    if (row->is_replay)
        response_header(req, "Idempotent-Replayed", "true");
    return reply_written(req, 201, row, ai_experience_page_path(req, row->id));
}

/*
 * POST …/ai_experiences: 201 and the experience; 400 with every field that is wrong. With a key that came before, the
 * experience as it is now, whatever would be wrong with the request today.
 */
enum cq_status ai_experience_create(struct request *req)
{
    const struct access_row *access = &req->loaded->access;
    struct ai_experience_origin origin = {.course_id = access->course_id, .user_id = access->user_id};
    struct ai_experience_change change;
    struct ai_experience_row row;
    struct field_errors errors = {.n = 0};

    enum cq_status st = idempotency_read(req, false, req->body, req->body_len, &origin.key);
    if (!st)
        st = store_ai_experience_created(&req->ctx, req->db, &origin, &row);
    if (st != CQ_RESOURCE_NOT_FOUND)
        return st ? st : reply_created(req, &row);
    st = read_change(req, NULL, &change, &errors);
    if (!st)
        st = check_state(req, NULL, &change, &errors);
    if (st)
        return st;
    if (!has_field_errors(&errors)) {
        st = store_ai_experience_create(&req->ctx, req->db, &origin, &change, &row);
        st = take_faults(st, &row, &change, &errors);
    }
    if (has_field_errors(&errors)) {
        reply_faults(req, NULL, &change, &errors);
        return CQ_OK;
    }
    return st ? st : reply_created(req, &row);
}

/* PUT …/ai_experiences/:id: 200 and the experience; what is not sent stays, an error changes nothing. */
enum cq_status ai_experience_update(struct request *req)
{
    const struct ai_experience_row *now = &req->loaded->ai_experience;
    struct ai_experience_change change;
    struct ai_experience_row row;
    struct field_errors errors = {.n = 0};

    enum cq_status st = read_change(req, now, &change, &errors);
    if (!st)
        st = check_state(req, now, &change, &errors);
    if (st)
        return st;
    if (!has_field_errors(&errors)) {
        st = store_ai_experience_update(&req->ctx, req->db, now->id, &change, &row);
        st = take_faults(st, &row, &change, &errors);
    }
    if (has_field_errors(&errors)) {
        reply_faults(req, now, &change, &errors);
        return CQ_OK;
    }
    if (st)
        return st;
    if (change.set_context_file_ids && now->context_key)
        context_files_forget(req, now->course_id);
    return reply_written(req, 200, &row, ai_experience_page_path(req, now->id));
}

/*
 * DELETE …/ai_experiences/:id: 200 and the experience as it was left; its rows stay, but all under it is 404 from now
 * on.
 */
enum cq_status ai_experience_delete(struct request *req)
{
    struct ai_experience_row row;

    enum cq_status st = store_ai_experience_delete(&req->ctx, req->db, req->loaded->ai_experience.id, &row);
    if (!st && row.context_key)
        context_files_forget(req, row.course_id);
    return st ? st : reply_written(req, 200, &row, ai_experience_page_path(req, 0));
}
