/* The roster as a table to be kept (doc/api-pages.md 4.2). */
#include "api/attachment.h"
#include "api/csv.h"
#include "api/roster_query.h"
#include "api/route.h"

static const char *const columns[] = {
    "student_id",       "name",     "sortable_name", "conversation_id", "state", "objectives_met",
    "objectives_total", "messages", "started_at",    "last_activity_at"};

static void write_conversation(struct csv *out, const struct conversation_row *v)
{
    struct progress_count count = engine_progress_count(v->met_at);

    csv_u64(out, v->id);
    csv_text(out, engine_student_state_name(engine_student_state(v)));
    csv_u64(out, count.n_met);
    csv_u64(out, count.n);
    csv_u64(out, v->n_messages);
    csv_time(out, v->created_at_ms);
    csv_time(out, v->updated_at_ms);
}

static void write_no_conversation(struct csv *out)
{
    csv_text(out, NULL);
    csv_text(out, engine_student_state_name(STUDENT_NOT_STARTED));
    csv_text(out, NULL);
    csv_text(out, NULL);
    csv_u64(out, 0);
    csv_text(out, NULL);
    csv_text(out, NULL);
}

static void write_table(struct buf *buf, const struct roster *roster)
{
    struct csv out = csv_begin(buf);

    for (size_t i = 0; i < LEN(columns); i++)
        csv_text(&out, columns[i]);
    csv_end_row(&out);
    for (size_t i = 0; i < roster->n; i++) {
        const struct roster_row *row = &roster->rows[i];

        csv_u64(&out, row->student.id);
        csv_text(&out, row->student.name);
        csv_text(&out, row->student.sortable_name);
        if (row->conversation.id)
            write_conversation(&out, &row->conversation);
        else
            write_no_conversation(&out);
        csv_end_row(&out);
    }
}

/* GET …/ai_conversations.csv: 200 and all students that were asked for. */
enum cq_status ai_conversation_csv(struct request *req)
{
    struct field_errors errors = {.n = 0};
    struct roster_query query;
    struct roster roster;

    read_roster_query(req, &query, &errors);
    if (has_field_errors(&errors)) {
        answer_field_errors(req, &errors);
        return CQ_OK;
    }
    enum cq_status st = engine_roster(&req->ctx, req->db, &query, &roster);
    if (!st)
        st = answer_attachment(req, req->loaded->ai_experience.title, clock_unix_ms(), "csv");
    if (!st)
        write_table(response_begin(req, 200, "text/csv; charset=utf-8"), &roster);
    return st;
}
