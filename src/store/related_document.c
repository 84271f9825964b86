/* Passages that a model was given for a reply. */
#include "store/related_document.h"

#include <stdlib.h>

#include "store/bot.h"

enum { ROWS_MAX_BYTES = 4 << 20 };

/* ---- storing ---- */

/* One statement for all of them, which come as a JSON array. */
static const char INSERT_RELATED[] =
    "INSERT INTO related_document (conversation_id, seq, number, document_id, filename, kind, page, passage, excerpt,"
    " relevance, uploaded_at) SELECT ?, ?, j.number, j.document_id, j.filename, j.kind, j.page, j.passage, j.excerpt,"
    " j.relevance, TIMESTAMP'1970-01-01 00:00:00' + INTERVAL j.uploaded_us MICROSECOND"
    " FROM JSON_TABLE(?, '$[*]' COLUMNS (number INT UNSIGNED PATH '$.number',"
    " document_id BIGINT UNSIGNED PATH '$.document_id', filename VARCHAR(255) PATH '$.filename',"
    " kind VARCHAR(8) PATH '$.kind', page INT UNSIGNED PATH '$.page', passage MEDIUMTEXT PATH '$.passage',"
    " excerpt VARCHAR(1000) PATH '$.excerpt', relevance DOUBLE PATH '$.relevance',"
    " uploaded_us BIGINT PATH '$.uploaded_us')) j"
    " ON DUPLICATE KEY UPDATE related_document.number = related_document.number";

static void write_row(struct json_out *out, const struct related_row *row)
{
    json_open_object(out);
    json_key(out, "number");
    json_u64(out, row->number);
    json_key(out, "document_id");
    json_u64(out, row->document_id);
    json_key(out, "filename");
    json_text(out, row->filename);
    json_key(out, "kind");
    json_text(out, row->kind);
    if (row->page) {
        json_key(out, "page");
        json_u64(out, row->page);
    }
    json_key(out, "passage");
    json_text(out, row->passage);
    json_key(out, "excerpt");
    json_text(out, row->excerpt);
    json_key(out, "relevance");
    json_number(out, row->relevance);
    json_key(out, "uploaded_us");
    json_int(out, row->uploaded_at_ms * 1000);
    json_close_object(out);
}

enum cq_status related_store(struct cq_ctx *ctx, struct db *db, uint64_t conversation_id, uint32_t seq,
                             const struct related_list *related)
{
    struct buf *rows = related->n ? buf_in_arena(ctx->arena, ROWS_MAX_BYTES) : NULL;
    struct json_out out;

    if (!related->n)
        return CQ_OK;
    if (!rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&out, rows);
    json_open_array(&out);
    for (size_t i = 0; i < related->n; i++)
        write_row(&out, &related->rows[i]);
    json_close_array(&out);
    if (rows->failed)
        return cq_fail(ctx, CQ_INTERNAL, "passages of more than %zu bytes", rows->max);
    const struct db_in in[] = {IN_U64(conversation_id), IN_U64(seq), IN_TEXT(rows->data)};

    return db_execute(ctx, db, INSERT_RELATED, in, LEN(in), NULL);
}

/* ---- listing ---- */

/* Without those of replies whose bot did not show what it was given. */
static const char LIST_RELATED[] =
    "SELECT r.seq, c.name, r.number, r.document_id, r.filename, r.kind, r.page, r.passage, r.excerpt, r.relevance,"
    " COALESCE(d.created_at, r.uploaded_at), d.hash,"
    " d.id IS NOT NULL AND (d.bot_id IS NULL OR (b.is_live = 1 AND " BOT_IS_USABLE(
        "u.id", "u.is_admin") "))"
                              " FROM conversation v JOIN user u ON u.id = v.user_id JOIN related_document r ON "
                              "r.conversation_id = v.id"
                              " LEFT JOIN chat_message c ON c.conversation_id = v.id AND c.seq = r.seq"
                              " LEFT JOIN document d ON d.id = r.document_id LEFT JOIN bot b ON b.id = d.bot_id"
                              " WHERE v.id = ? AND v.user_id = ? AND (? = 0 OR r.seq = ?) AND (c.seq IS NULL OR "
                              "c.hides_chunks = 0)";

struct related_rows {
    struct related_row row; /* being fetched */
    const char *hash;
    struct related_list list;
    size_t cap;
};

static enum cq_status take_related(struct cq_ctx *ctx, void *arg)
{
    struct related_rows *rows = arg;
    struct related_list *list = &rows->list;

    if (list->n == rows->cap) {
        size_t cap = rows->cap ? 2 * rows->cap : 16;
        struct related_row *more = arena_zalloc(ctx->arena, cap, sizeof(*more));

        if (!more)
            return cq_fail(ctx, CQ_INTERNAL, "a conversation is larger than the request's memory");
        if (list->n)
            memcpy(more, list->rows, list->n * sizeof(*more));
        list->rows = more;
        rows->cap = cap;
    }
    list->rows[list->n] = rows->row;
    if (rows->hash)
        memcpy(list->rows[list->n].hash, rows->hash, SHA256_BYTES);
    list->n++;
    return CQ_OK;
}

static int by_place(const void *a, const void *b)
{
    const struct related_row *x = a, *y = b;

    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

enum cq_status store_related_list(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t conversation_id,
                                  uint32_t seq, struct related_list *out)
{
    struct related_rows rows = {.cap = 0};
    struct related_row *r = &rows.row;
    const struct db_in in[] = {IN_U64(conversation_id), IN_U64(user_id), IN_U64(seq), IN_U64(seq)};
    const struct db_out cols[] = {OUT_U32(r->seq),          OUT_TEXT(r->message_name),   OUT_U32(r->number),
                                  OUT_U64(r->document_id),  OUT_TEXT(r->filename),       OUT_TEXT(r->kind),
                                  OUT_U32(r->page),         OUT_TEXT(r->passage),        OUT_TEXT(r->excerpt),
                                  OUT_DOUBLE(r->relevance), OUT_TIME(r->uploaded_at_ms), OUT_TEXT(rows.hash),
                                  OUT_BOOL(r->is_available)};

    enum cq_status st = db_query(ctx, db, LIST_RELATED, in, LEN(in), cols, LEN(cols), take_related, &rows);
    if (st)
        return st;
    if (rows.list.n)
        qsort(rows.list.rows, rows.list.n, sizeof(*rows.list.rows), by_place);
    *out = rows.list;
    return CQ_OK;
}
