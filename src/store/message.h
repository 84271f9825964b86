/* The messages of a conversation, as the statements read them that bring more than messages. */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "store/db.h"

#define MESSAGE_COLUMNS "m.seq, m.uuid, m.role, m.is_initial, m.is_stopped, m.text, m.html, m.citations, m.created_at"

#define MESSAGE_OUT(m)                                                                                                 \
    OUT_U32((m).row.seq), OUT_TEXT((m).row.uuid), OUT_BOOL((m).row.is_assistant), OUT_BOOL((m).row.is_initial),        \
        OUT_BOOL((m).row.is_stopped), OUT_TEXT((m).row.text), OUT_TEXT((m).row.html), OUT_TEXT((m).row.citations),     \
        OUT_TIME((m).row.created_at_ms)

/*
 * The turn r that runs, if any, is found by its unique key, once for all messages. One whose lease has run out runs no
 * more: its worker is gone.
 */
#define TURN_IS_RUNNING    "r.is_running = 1 AND r.lease_until > UTC_TIMESTAMP(3)"
#define MESSAGE_IS_RUNNING "r.user_seq = m.seq"

/*
 * For a statement with a row for each message, which the other columns are to stand in only once: with the first
 * message, or the row without any. Twenty times over, they would cost as much as the texts.
 */
#define ONCE(column) "IF(m.seq, NULL, " column ")"

struct message_rows {
    struct message_row row; /* being fetched */
    bool is_running;        /* its turn */
    struct message_list list;
    size_t cap;
};

/* A db_row_fn of struct message_rows: add the row to the list, unless it holds no message (an outer join found none). */
enum cq_status message_take(struct cq_ctx *ctx, void *rows);

/* Their order, for qsort() and bsearch(). */
int message_by_seq(const void *a, const void *b);

/*
 * Put what was taken in its order, and tell the failed messages from the complete ones. Lists are sorted here: asked to,
 * MariaDB would copy every text into a temporary table.
 */
void message_sort(struct message_list *list);

#endif
