/* What teachers read of their students' conversations (doc/api-canvas.md 3.8, 3.9; doc/api-pages.md 4.1). */
#include <json-c/json.h>
#include <string.h>

#include "api/represent.h"
#include "api/roster_query.h"
#include "api/route.h"

enum { PER_PAGE = 50, MAX_PER_PAGE = 100 };

/* What both calls show of a conversation, into an open object. */
static void write_row(struct request *req, struct json_out *out, const struct conversation_row *v,
                      const struct student_row *student)
{
    json_key(out, "id");
    json_id(out, v->id);
    json_key(out, "user_id");
    json_id(out, v->user_id);
    json_key(out, "course_id");
    json_id(out, req->loaded->access.course_id);
    json_key(out, "ai_experience_id");
    json_id(out, v->ai_experience_id);
    write_conversation_fields(out, v);
    json_key(out, "has_conversation");
    json_boolean(out, true);
    json_key(out, "student");
    write_student(out, student, false);
}

static void write_row_without(struct json_out *out, const struct student_row *student)
{
    json_key(out, "id");
    json_null(out);
    json_key(out, "user_id");
    json_id_text(out, student->id);
    json_key(out, "has_conversation");
    json_boolean(out, false);
    json_key(out, "student");
    write_student(out, student, true);
}

static void write_rows(struct request *req, struct json_out *out, const struct roster_row *rows, size_t n)
{
    json_open_array(out);
    for (size_t i = 0; i < n; i++) {
        const struct roster_row *row = &rows[i];

        json_open_object(out);
        if (row->conversation.id)
            write_row(req, out, &row->conversation, &row->student);
        else
            write_row_without(out, &row->student);
        write_progress_so_far(out, &row->conversation);
        json_key(out, "state");
        json_text(out, engine_student_state_name(engine_student_state(&row->conversation)));
        json_close_object(out);
    }
    json_close_array(out);
}

static void write_neighbour(struct json_out *out, const char *key, const struct roster_row *row)
{
    json_key(out, key);
    if (row)
        write_student(out, &row->student, false);
    else
        json_null(out);
}

/* The row of the student who is asked for, and who is before and after. */
static void write_around(struct request *req, struct json_out *out, const struct roster *roster, uint64_t user_id)
{
    const struct roster_row *row = roster->rows, *end = roster->rows + roster->n;

    row += row->student.id != user_id;
    write_rows(req, out, row, 1);
    write_neighbour(out, "previous", row == roster->rows ? NULL : row - 1);
    write_neighbour(out, "next", row + 1 == end ? NULL : row + 1);
}

/* ---- the snapshot ---- */

static void write_metrics(struct json_out *out, struct json_object *metrics)
{
    static const char *const flags[] = {"enabled", "visible_to_learners"};
    size_t n = metrics ? json_object_array_length(metrics) : 0;

    json_open_array(out);
    for (size_t i = 0; i < n; i++) {
        struct json_object *metric = json_object_array_get_idx(metrics, i);

        json_open_object(out);
        json_key(out, "name");
        json_text(out, json_get_text(metric, "name", NULL));
        for (size_t k = 0; k < LEN(flags); k++) {
            json_key(out, flags[k]);
            json_boolean(out, json_object_get_boolean(json_get(metric, flags[k])));
        }
        json_close_object(out);
    }
    json_close_array(out);
}

static uint64_t count_objectives(const char *joined)
{
    uint64_t n = *joined != '\0';

    for (; *joined; joined++)
        n += *joined == '\n';
    return n;
}

static void write_snapshot(struct json_out *out, const struct roster *roster, const struct ai_experience_row *x,
                           struct json_object *metrics)
{
    const struct {
        const char *key;
        uint64_t n;
    } counts[] = {{"completed", roster->n_completed},
                  {"in_progress", roster->n_in_progress},
                  {"not_started", roster->n_not_started},
                  {"ended", roster->n_ended},
                  {"total_objectives", count_objectives(x->learning_objective)}};

    json_open_object(out);
    for (size_t i = 0; i < LEN(counts); i++) {
        json_key(out, counts[i].key);
        json_u64(out, counts[i].n);
    }
    json_key(out, "evaluation_metrics");
    write_metrics(out, metrics);
    json_close_object(out);
}

/* ---- the calls ---- */

static enum cq_status read_metrics(struct request *req, struct json_object **metrics)
{
    const char *text = req->loaded->ai_experience.evaluation_metrics;

    *metrics = NULL;
    return text ? json_read(&req->ctx, text, strlen(text), metrics) : CQ_OK;
}

/* GET …/ai_conversations: 200 and a page of the students, with the numbers of all on the first. */
enum cq_status ai_conversation_index(struct request *req)
{
    struct field_errors errors = {.n = 0};
    struct json_object *metrics;
    struct roster_query query;
    struct roster roster;
    struct page page;

    read_roster_query(req, &query, &errors);
    if (has_field_errors(&errors)) {
        answer_field_errors(req, &errors);
        return CQ_OK;
    }
    enum cq_status st = page_read(req, PER_PAGE, MAX_PER_PAGE, &page);
    if (!st)
        st = read_metrics(req, &metrics);
    if (!st) {
        query.limit = page.per_page;
        query.offset = (page.number - 1) * page.per_page;
        st = engine_roster(&req->ctx, req->db, &query, &roster);
    }
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "conversations");
    if (query.around_id)
        write_around(req, &out, &roster, query.around_id);
    else
        write_rows(req, &out, roster.rows, roster.n);
    if (page.number == 1 && !query.search_term && !query.around_id) {
        json_key(&out, "snapshot");
        write_snapshot(&out, &roster, &req->loaded->ai_experience, metrics);
    }
    json_key(&out, "total");
    json_u64(&out, roster.total);
    json_close_object(&out);
    if (!query.around_id)
        page_link(req, &page, roster.total);
    return CQ_OK;
}

/* GET …/ai_conversations/:conversation_id: 200 and the conversation with all that was said, whoever's it is. */
enum cq_status ai_conversation_show(struct request *req)
{
    const struct conversation_row *v = &req->loaded->conversation;
    struct student_row student;
    struct message_list messages;
    struct progress progress;

    enum cq_status st = engine_progress_read(&req->ctx, v->learning_objective, v->met_at, &progress);
    if (!st)
        st = store_message_list_with_student(&req->ctx, req->db, v->id, v->user_id, &student, &messages);
    if (!st)
        st = read_own_feedback(req, v, &messages);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    write_row(req, &out, v, &student);
    write_talk(&out, &messages, &progress);
    json_close_object(&out);
    return CQ_OK;
}
