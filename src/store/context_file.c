/*
 * Context files: the documents of its course that an AI experience draws from.
 *
 * The row of the experience is the lock under which they change. It holds context_key, a hash of their contents: who has read it
 * knows whether there are any, and whether they are the same as before.
 */
#include "store/context_file.h"

#include <stdlib.h>

#include "store/document.h"
#include "store/file.h"

enum context_status store_context_status(const struct document_list *files)
{
    bool is_complete = true;

    for (size_t i = 0; i < files->n; i++) {
        if (files->rows[i].state == DOCUMENT_FAILED)
            return CONTEXT_FAILED;
        is_complete &= files->rows[i].state == DOCUMENT_SUCCEEDED;
    }
    if (!files->n)
        return CONTEXT_NOT_STARTED;
    return is_complete ? CONTEXT_COMPLETED : CONTEXT_IN_PROGRESS;
}

/* ---- reading ---- */

#define FILES_OF "SELECT " DOCUMENT_COLUMNS " FROM context_file f JOIN document d ON d.id = f.document_id"
#define IN_ORDER " ORDER BY f.position, d.id"

static const char LIST_FILES[] = FILES_OF " WHERE f.ai_experience_id = ?" IN_ORDER;
static const char LIST_READY_FILES[] = FILES_OF " WHERE f.ai_experience_id = ? AND d.state = 'succeeded'" IN_ORDER;

enum cq_status store_documents_of_experience(struct cq_ctx *ctx, struct db *db, uint64_t ai_experience_id,
                                             bool is_ready_only, struct document_list *out)
{
    struct document_rows rows = {.cap = 0};
    const struct db_in in[] = {IN_U64(ai_experience_id)};
    const struct db_out cols[] = {DOCUMENT_OUT(rows.columns)};

    enum cq_status st = db_query(ctx, db, is_ready_only ? LIST_READY_FILES : LIST_FILES, in, LEN(in), cols, LEN(cols),
                                 document_take, &rows);
    if (!st)
        *out = rows.list;
    return st;
}

static const char LIST_CHOSEN[] =
    "SELECT " DOCUMENT_COLUMNS " FROM document d WHERE d.course_id = ? AND FIND_IN_SET(d.id, ?)";

/* "7,9"; NULL: memory. */
static const char *joined(struct cq_ctx *ctx, const uint64_t *ids, size_t n)
{
    struct buf *buf = buf_in_arena(ctx->arena, 1 << 20);

    for (size_t i = 0; buf && i < n; i++) {
        if (i)
            buf_char(buf, ',');
        buf_u64(buf, ids[i]);
    }
    return buf && !buf->failed ? buf->data : NULL;
}

enum cq_status store_documents_chosen(struct cq_ctx *ctx, struct db *db, uint64_t course_id, const uint64_t *ids,
                                      size_t n, struct document_list *out)
{
    struct document_rows rows = {.cap = 0};
    const char *list = joined(ctx, ids, n);
    const struct db_in in[] = {IN_U64(course_id), IN_TEXT(list)};
    const struct db_out cols[] = {DOCUMENT_OUT(rows.columns)};

    if (!list)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = db_query(ctx, db, LIST_CHOSEN, in, LEN(in), cols, LEN(cols), document_take, &rows);
    if (!st)
        *out = rows.list;
    return st;
}

/* Of the experiences of a course from the first id to the last. */
static const char LIST_FILES_OF_PAGE[] =
    "SELECT x.id, " DOCUMENT_COLUMNS " FROM ai_experience x JOIN context_file f ON f.ai_experience_id = x.id"
    " JOIN document d ON d.id = f.document_id WHERE x.course_id = ? AND x.id BETWEEN ? AND ?"
    " AND x.context_key IS NOT NULL ORDER BY x.id, f.position, d.id";

struct page_rows {
    struct document_rows documents;
    uint64_t ai_experience_id; /* being fetched */
    struct ai_experience_row *rows;
    size_t n;
};

static int by_id(const void *a, const void *b)
{
    const struct ai_experience_row *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

/* Counted for now: while the list grows, it moves. */
static enum cq_status take_of_page(struct cq_ctx *ctx, void *arg)
{
    struct page_rows *page = arg;
    const struct ai_experience_row key = {.id = page->ai_experience_id};
    struct ai_experience_row *row = bsearch(&key, page->rows, page->n, sizeof(*page->rows), by_id);

    if (!row)
        return CQ_OK; /* of another state than those that are listed */
    row->context_files.n++;
    return document_take(ctx, &page->documents);
}

enum cq_status store_context_files_read(struct cq_ctx *ctx, struct db *db, struct ai_experience_row *rows, size_t n)
{
    struct page_rows page = {.rows = rows, .n = n};
    bool has_any = false;

    for (size_t i = 0; i < n; i++)
        has_any |= rows[i].context_key != NULL;
    if (!has_any)
        return CQ_OK;
    const struct db_in in[] = {IN_U64(rows[0].course_id), IN_U64(rows[0].id), IN_U64(rows[n - 1].id)};
    const struct db_out cols[] = {OUT_U64(page.ai_experience_id), DOCUMENT_OUT(page.documents.columns)};

    enum cq_status st = db_query(ctx, db, LIST_FILES_OF_PAGE, in, LEN(in), cols, LEN(cols), take_of_page, &page);
    struct document_row *next = page.documents.list.rows;

    for (size_t i = 0; i < n; i++) {
        rows[i].context_files.rows = next;
        next += rows[i].context_files.n;
    }
    return st;
}

/* ---- changing ---- */

static const char LOCK_AI_EXPERIENCE[] =
    "SELECT course_id FROM ai_experience WHERE id = ? AND workflow_state <> 'deleted' FOR UPDATE";

static const char NOTE_CONTEXT_KEY[] =
    "UPDATE ai_experience SET context_key = ?, updated_at = UTC_TIMESTAMP(3) WHERE id = ?";

static enum cq_status lock_ai_experience(struct cq_ctx *ctx, struct db *db, uint64_t id, uint64_t *course_id)
{
    const struct db_in in[] = {IN_U64(id)};
    const struct db_out out[] = {OUT_U64(*course_id)};

    return db_query_one(ctx, db, LOCK_AI_EXPERIENCE, in, LEN(in), out, LEN(out));
}

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, SHA256_BYTES);
}

/* Whatever their order: it is the same key once the same contents are there again. */
static enum cq_status hash_contents(struct cq_ctx *ctx, const struct document_list *files, const char **key)
{
    uint8_t(*hashes)[SHA256_BYTES] = arena_zalloc(ctx->arena, files->n + 1, sizeof(*hashes)), hash[SHA256_BYTES];
    char *text = arena_alloc(ctx->arena, 2 * SHA256_BYTES + 1);

    if (!hashes || !text)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = 0; i < files->n; i++)
        memcpy(hashes[i], files->rows[i].hash, SHA256_BYTES);
    qsort(hashes, files->n, sizeof(*hashes), by_hash);
    if (!sha256(hashes, files->n * sizeof(*hashes), hash))
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    hex_encode(hash, sizeof(hash), text);
    *key = files->n ? text : NULL;
    return CQ_OK;
}

/* files: as they are now. */
static enum cq_status note_files(struct cq_ctx *ctx, struct db *db, uint64_t ai_experience_id,
                                 struct document_list *files)
{
    const char *key = NULL;

    enum cq_status st = store_documents_of_experience(ctx, db, ai_experience_id, false, files);
    if (!st)
        st = hash_contents(ctx, files, &key);
    const struct db_in in[] = {IN_TEXT(key), IN_U64(ai_experience_id)};

    return st ? st : db_execute(ctx, db, NOTE_CONTEXT_KEY, in, LEN(in), NULL);
}

static const char DELETE_CONTEXT_FILES[] = "DELETE FROM context_file WHERE ai_experience_id = ?";

static const char INSERT_CHOSEN[] =
    "INSERT INTO context_file (ai_experience_id, document_id, position) SELECT ?, d.id, FIND_IN_SET(d.id, ?)"
    " FROM document d WHERE d.course_id = ? AND FIND_IN_SET(d.id, ?)";

enum cq_status context_files_set(struct cq_ctx *ctx, struct db *db, uint64_t course_id, uint64_t ai_experience_id,
                                 const uint64_t *document_ids, size_t n)
{
    const char *list = joined(ctx, document_ids, n);
    const struct db_in old[] = {IN_U64(ai_experience_id)};
    const struct db_in new[] = {IN_U64(ai_experience_id), IN_TEXT(list), IN_U64(course_id), IN_TEXT(list)};
    struct document_list files;
    uint64_t n_found = 0;

    if (!list)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = db_execute(ctx, db, DELETE_CONTEXT_FILES, old, LEN(old), NULL);
    if (!st && n)
        st = db_execute(ctx, db, INSERT_CHOSEN, new, LEN(new), &n_found);
    if (st == CQ_RESOURCE_NOT_FOUND || (!st && n_found != n)) /* the former: it has just been removed */
        return cq_fail(ctx, CQ_SOURCE_GONE, "%zu files were chosen, %llu are there", n, (unsigned long long)n_found);
    return st ? st : note_files(ctx, db, ai_experience_id, &files);
}

/* ---- one more ---- */

static const char INSERT_FILE[] =
    "INSERT INTO document (name, course_id, user_id, hash, filename, description, kind, mime_type, size, state,"
    " created_at) VALUES (?, ?, ?, ?, ?, '', ?, ?, ?, 'queued', UTC_TIMESTAMP(3))";

static const char APPEND_CONTEXT_FILE[] =
    "INSERT INTO context_file (ai_experience_id, document_id, position) SELECT ?, ?, COALESCE(MAX(f.position), 0) + 1"
    " FROM context_file f WHERE f.ai_experience_id = ?";

struct add_args {
    uint64_t ai_experience_id, user_id;
    const struct new_document *document;
    size_t max;
    struct document_row row;
    bool is_new;
};

static const struct document_row *of_content(const struct document_list *files, const uint8_t hash[SHA256_BYTES])
{
    for (size_t i = 0; i < files->n; i++)
        if (memcmp(files->rows[i].hash, hash, SHA256_BYTES) == 0)
            return &files->rows[i];
    return NULL;
}

static enum cq_status append(struct cq_ctx *ctx, struct db *db, const struct add_args *args, uint64_t course_id)
{
    const struct new_document *d = args->document;
    const struct db_in document[] = {
        IN_TEXT(d->name),     IN_U64(course_id), IN_U64(args->user_id), IN_BYTES(d->hash, SHA256_BYTES),
        IN_TEXT(d->filename), IN_TEXT(d->kind),  IN_TEXT(d->mime_type), IN_U64(d->size)};

    enum cq_status st = db_execute(ctx, db, INSERT_FILE, document, LEN(document), NULL);
    const struct db_in file[] = {IN_U64(args->ai_experience_id), IN_U64(db_insert_id(db)),
                                 IN_U64(args->ai_experience_id)};

    return st ? st : db_execute(ctx, db, APPEND_CONTEXT_FILE, file, LEN(file), NULL);
}

static enum cq_status add_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct add_args *args = arg;
    const struct document_row *there;
    struct document_list files;
    uint64_t course_id;

    (void)is_rerun; /* what a first run has added is found as it is by whoever sends it again */
    enum cq_status st = lock_ai_experience(ctx, db, args->ai_experience_id, &course_id);
    if (!st)
        st = store_documents_of_experience(ctx, db, args->ai_experience_id, false, &files);
    if (st)
        return st;
    there = of_content(&files, args->document->hash);
    if (!there && files.n >= args->max)
        return cq_fail(ctx, CQ_INVALID_FIELDS, "more than %zu context files", args->max);
    if (!there)
        st = append(ctx, db, args, course_id);
    if (!st && !there)
        st = note_files(ctx, db, args->ai_experience_id, &files);
    if (!st)
        st = file_release(ctx, db, args->document->hold_id);
    there = st ? NULL : of_content(&files, args->document->hash);
    if (!st && !there)
        return cq_fail(ctx, CQ_INTERNAL, "a context file that was added is not there");
    if (!st)
        args->row = *there;
    return st;
}

enum cq_status store_context_file_add(struct cq_ctx *ctx, struct db *db, uint64_t ai_experience_id, uint64_t user_id,
                                      const struct new_document *document, size_t max, struct document_row *out,
                                      bool *is_new)
{
    struct add_args args = {.ai_experience_id = ai_experience_id, .user_id = user_id, .document = document, .max = max};

    enum cq_status st = db_tx(ctx, db, add_tx, &args);
    if (st)
        return st;
    *out = args.row;
    *is_new = str_eq(args.row.name, document->name);
    return CQ_OK;
}

/* ---- one less ---- */

static const char DELETE_CONTEXT_FILE[] = "DELETE FROM context_file WHERE ai_experience_id = ? AND document_id = ?";

struct remove_args {
    uint64_t ai_experience_id, document_id;
    struct document_row row;
};

static const struct document_row *of_id(const struct document_list *files, uint64_t id)
{
    for (size_t i = 0; i < files->n; i++)
        if (files->rows[i].id == id)
            return &files->rows[i];
    return NULL;
}

static enum cq_status remove_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct remove_args *args = arg;
    const struct db_in file[] = {IN_U64(args->ai_experience_id), IN_U64(args->document_id)};
    struct document_list files;
    uint64_t course_id;

    enum cq_status st = lock_ai_experience(ctx, db, args->ai_experience_id, &course_id);
    if (!st)
        st = store_documents_of_experience(ctx, db, args->ai_experience_id, false, &files);
    if (st)
        return st;
    const struct document_row *there = of_id(&files, args->document_id);

    if (!there) /* or the first run was committed after all */
        return is_rerun && args->row.id ? CQ_OK : CQ_RESOURCE_NOT_FOUND;
    args->row = *there;
    st = db_execute(ctx, db, DELETE_CONTEXT_FILE, file, LEN(file), NULL);
    return st ? st : note_files(ctx, db, args->ai_experience_id, &files);
}

enum cq_status store_context_file_remove(struct cq_ctx *ctx, struct db *db, uint64_t ai_experience_id,
                                         uint64_t document_id, struct document_row *out)
{
    struct remove_args args = {.ai_experience_id = ai_experience_id, .document_id = document_id};

    enum cq_status st = db_tx(ctx, db, remove_tx, &args);
    if (!st)
        *out = args.row;
    return st;
}

/* ---- those that no experience draws from any more ---- */

#define IS_UNUSED "NOT EXISTS (SELECT 1 FROM context_file f WHERE f.document_id = document.id)"

/* Locked first, so that nobody chooses one meanwhile; the deletion looks again. */
static const char LOCK_UNUSED[] = "SELECT id, hash FROM document WHERE course_id = ? AND " IS_UNUSED " FOR UPDATE";
static const char DELETE_UNUSED[] = "DELETE FROM document WHERE id = ? AND " IS_UNUSED;

struct unused_rows {
    struct document_row row; /* being fetched */
    const char *hash;
    struct document_row *rows;
    size_t n, cap;
};

static enum cq_status take_unused(struct cq_ctx *ctx, void *arg)
{
    struct unused_rows *unused = arg;

    if (unused->n == unused->cap) {
        size_t cap = unused->cap ? 2 * unused->cap : 16;
        struct document_row *more = arena_zalloc(ctx->arena, cap, sizeof(*more));

        if (!more)
            return cq_fail(ctx, CQ_INTERNAL, "documents are larger than the request's memory");
        if (unused->n)
            memcpy(more, unused->rows, unused->n * sizeof(*more));
        unused->rows = more;
        unused->cap = cap;
    }
    unused->rows[unused->n].id = unused->row.id;
    memcpy(unused->rows[unused->n++].hash, unused->hash, SHA256_BYTES);
    return CQ_OK;
}

struct clean_args {
    uint64_t course_id;
    struct hash_list *dropped; /* grows with each run: who drops them looks whether anybody needs one */
};

static enum cq_status clean_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct clean_args *args = arg;
    struct unused_rows unused = {.n = 0};
    const struct db_in in[] = {IN_U64(args->course_id)};
    const struct db_out out[] = {OUT_U64(unused.row.id), OUT_TEXT(unused.hash)};

    (void)is_rerun;
    enum cq_status st = db_query(ctx, db, LOCK_UNUSED, in, LEN(in), out, LEN(out), take_unused, &unused);
    for (size_t i = 0; !st && i < unused.n; i++) {
        const struct db_in document[] = {IN_U64(unused.rows[i].id)};

        st = db_execute(ctx, db, DELETE_UNUSED, document, LEN(document), NULL);
        if (!st)
            st = hash_list_add(ctx, args->dropped, unused.rows[i].hash);
    }
    return st;
}

enum cq_status store_context_files_clean(struct cq_ctx *ctx, struct db *db, uint64_t course_id,
                                         struct hash_list *dropped)
{
    struct clean_args args = {course_id, dropped};

    return db_tx(ctx, db, clean_tx, &args);
}
