/* Messages: taking them from rows, and listing them. */
#include "store/message.h"

#include <stdlib.h>

#include "store/student.h"

enum cq_status message_take(struct cq_ctx *ctx, void *arg)
{
    struct message_rows *rows = arg;

    if (!rows->row.uuid)
        return CQ_OK;
    if (rows->list.n == rows->cap) {
        size_t cap = rows->cap ? 2 * rows->cap : 32;
        struct message_row *more = arena_zalloc(ctx->arena, cap, sizeof(*more));

        if (!more)
            return cq_fail(ctx, CQ_INTERNAL, "a conversation is larger than the request's memory");
        if (rows->list.n)
            memcpy(more, rows->list.rows, rows->list.n * sizeof(*more));
        rows->list.rows = more;
        rows->cap = cap;
    }
    rows->row.status = rows->is_running ? MESSAGE_PENDING : MESSAGE_COMPLETE;
    rows->list.rows[rows->list.n++] = rows->row;
    return CQ_OK;
}

/*
 * A reply stands right behind the message that it answers. Until one does, the message's turn either runs or has
 * failed: another can only have begun after that.
 */
static void note_failed(struct message_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        struct message_row *m = &list->rows[i];
        bool is_answered = i + 1 < list->n && list->rows[i + 1].is_assistant;

        if (!m->is_assistant && !is_answered && m->status != MESSAGE_PENDING)
            m->status = MESSAGE_FAILED;
    }
}

int message_by_seq(const void *a, const void *b)
{
    const struct message_row *x = a, *y = b;

    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

void message_sort(struct message_list *list)
{
    if (list->n)
        qsort(list->rows, list->n, sizeof(*list->rows), message_by_seq);
    note_failed(list);
}

static const char LIST_MESSAGES[] = "SELECT " MESSAGE_COLUMNS ", " MESSAGE_IS_RUNNING
                                    " FROM message m LEFT JOIN turn r ON r.conversation_id = ? AND " TURN_IS_RUNNING
                                    " WHERE m.conversation_id = ? AND m.seq < ?";

enum cq_status store_message_list(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint32_t end_seq,
                                  struct message_list *out)
{
    struct message_rows rows = {0};
    const struct db_in in[] = {IN_U64(conversation_id), IN_U64(conversation_id), IN_U64(end_seq)};
    const struct db_out cols[] = {MESSAGE_OUT(rows), OUT_BOOL(rows.is_running)};

    enum cq_status st = db_query(ctx, db, LIST_MESSAGES, in, LEN(in), cols, LEN(cols), message_take, &rows);
    if (st)
        return st;
    message_sort(&rows.list);
    *out = rows.list;
    return CQ_OK;
}

#define OWNER_COLUMNS ONCE("u.id") ", " OWNER_NAMES ", " ONCE("u.avatar_url") ", " ONCE("u.created_at")
#define OWNER_NAMES   ONCE("u.name") ", " ONCE("u.sortable_name") ", " ONCE("u.short_name")

#define OF_OWNER                                                                                                       \
    " FROM user u LEFT JOIN turn r ON r.conversation_id = ? AND " TURN_IS_RUNNING                                      \
    " LEFT JOIN message m ON m.conversation_id = ?"

static const char LIST_MESSAGES_WITH_STUDENT[] =
    "SELECT " OWNER_COLUMNS ", " MESSAGE_COLUMNS ", " MESSAGE_IS_RUNNING OF_OWNER " WHERE u.id = ?";

static const char LIST_TRANSCRIPT[] =
    "SELECT " ONCE("c.name") ", " ONCE("c.code") ", " OWNER_COLUMNS ", " MESSAGE_COLUMNS
                                                 ", " MESSAGE_IS_RUNNING OF_OWNER
                                                 " JOIN course c ON c.id = ? WHERE u.id = ?";

struct student_rows {
    struct student_row row; /* being fetched */
    struct student_row first;
    struct course_names course_row, course;
    struct message_rows messages;
};

static enum cq_status take_with_student(struct cq_ctx *ctx, void *arg)
{
    struct student_rows *rows = arg;

    if (!rows->messages.row.seq) {
        rows->first = rows->row;
        rows->course = rows->course_row;
    }
    return message_take(ctx, &rows->messages);
}

enum cq_status store_message_list_with_student(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id,
                                               uint64_t user_id, struct student_row *student, struct message_list *out)
{
    struct student_rows rows = {.row = {.id = 0}};
    struct student_row *s = &rows.row;
    const struct db_in in[] = {IN_U64(conversation_id), IN_U64(conversation_id), IN_U64(user_id)};
    const struct db_out cols[] = {STUDENT_OUT(*s), MESSAGE_OUT(rows.messages), OUT_BOOL(rows.messages.is_running)};

    enum cq_status st =
        db_query(ctx, db, LIST_MESSAGES_WITH_STUDENT, in, LEN(in), cols, LEN(cols), take_with_student, &rows);
    if (st)
        return st;
    if (!rows.first.id)
        return CQ_RESOURCE_NOT_FOUND;
    message_sort(&rows.messages.list);
    *student = rows.first;
    *out = rows.messages.list;
    return CQ_OK;
}

enum cq_status store_transcript(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t conversation_id,
                                uint64_t user_id, struct course_names *course, struct student_row *student,
                                struct message_list *out)
{
    struct student_rows rows = {.row = {.id = 0}};
    struct student_row *s = &rows.row;
    const struct db_in in[] = {IN_U64(conversation_id), IN_U64(conversation_id), IN_U64(course_id), IN_U64(user_id)};
    const struct db_out cols[] = {OUT_TEXT(rows.course_row.name), OUT_TEXT(rows.course_row.code), STUDENT_OUT(*s),
                                  MESSAGE_OUT(rows.messages), OUT_BOOL(rows.messages.is_running)};

    enum cq_status st = db_query(ctx, db, LIST_TRANSCRIPT, in, LEN(in), cols, LEN(cols), take_with_student, &rows);
    if (st)
        return st;
    if (!rows.first.id)
        return CQ_RESOURCE_NOT_FOUND;
    message_sort(&rows.messages.list);
    *course = rows.course;
    *student = rows.first;
    *out = rows.messages.list;
    return CQ_OK;
}

static const char FIND_MESSAGE[] = "SELECT seq, role FROM message WHERE uuid = ? AND conversation_id = ?";

enum cq_status store_message_find(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, const char *uuid,
                                  uint32_t *seq, bool *is_assistant)
{
    const struct db_in in[] = {IN_TEXT(uuid), IN_U64(conversation_id)};
    const struct db_out out[] = {OUT_U32(*seq), OUT_BOOL(*is_assistant)};

    return db_query_one(ctx, db, FIND_MESSAGE, in, LEN(in), out, LEN(out));
}
