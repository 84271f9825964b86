/* The documents of a bot: adding, listing, removing (doc/api-chat.md 5, "Our way"). */
#include "api/bot_document.h"

#include "api/bot_file.h"

enum { MAX_FILES_AT_ONCE = 10, DESCRIPTION_MAX_CHARS = 500 };

/* ---- writing ---- */

const char *document_sync_status(enum document_state state)
{
    static const char *const words[DOCUMENT_STATE_COUNT] = {"QUEUED", "RUNNING", "SUCCEEDED", "FAILED"};

    return words[state];
}

const char *document_sync_reason(enum document_state state, const char *failure)
{
    static const struct {
        const char *failure, *text;
    } reasons[] = {{"encrypted", "The file is encrypted."},
                   {"no_text", "The file holds no text."},
                   {"damaged", "The file is damaged."},
                   {"too_complex", "The file is too large or too complex to be read."}};

    if (state != DOCUMENT_FAILED)
        return "";
    for (size_t i = 0; i < LEN(reasons); i++)
        if (str_eq(failure, reasons[i].failure))
            return reasons[i].text;
    return "The file could not be read.";
}

void write_document(struct json_out *out, enum chat_form form, const struct document_row *document)
{
    const struct {
        const char *key, *text;
    } texts[] = {{"id", document->name},
                 {"filename", document->filename},
                 {"description", document->description},
                 {"content_type", document->kind},
                 {"mime_type", document->mime_type},
                 {"sync_status", document_sync_status(document->state)},
                 {"sync_status_reason", document_sync_reason(document->state, document->failure)}};

    json_open_object(out);
    for (size_t i = 0; i < LEN(texts); i++) {
        chat_key(out, form, texts[i].key);
        json_text(out, texts[i].text);
    }
    chat_key(out, form, "file_size");
    json_u64(out, document->size);
    chat_key(out, form, "page_count");
    if (document->page_count)
        json_u64(out, document->page_count);
    else
        json_null(out);
    chat_key(out, form, "create_time");
    chat_time(out, form, document->created_at_ms);
    json_close_object(out);
}

static enum cq_status answer(struct request *req, int status, const struct document_list *documents)
{
    enum chat_form form = chat_form(req);
    struct json_out out = response_json(req, status);

    json_open_array(&out);
    for (size_t i = 0; i < documents->n; i++)
        write_document(&out, form, &documents->rows[i]);
    json_close_array(&out);
    return CQ_OK;
}

/* ---- adding ---- */

static const char *read_description(struct request *req)
{
    struct param p = param_text(req, NULL, "description");

    if (p.state == PARAM_ABSENT)
        return "";
    if (p.state != PARAM_VALUE || utf8_count(p.text, p.len) > DESCRIPTION_MAX_CHARS)
        chat_problem(req, "description must be a text of at most %d characters", DESCRIPTION_MAX_CHARS);
    return p.text;
}

static bool is_named_twice(const struct new_document *documents, size_t n, const char *filename)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(documents[i].filename, filename))
            return true;
    return false;
}

/* What the i-th file is to become, if it may. */
static enum cq_status read_file(struct request *req, struct new_document *documents, size_t i)
{
    const struct form_file *file = request_file(req, "file", i);

    if (!is_filename(file->filename, file->filename_len))
        return CQ_BAD_FILENAME;
    if (is_named_twice(documents, i, file->filename)) {
        chat_problem(req, "file: two of them have the same name");
        return CQ_INVALID_REQUEST;
    }
    ulid_new(documents[i].name);
    documents[i].filename = file->filename;
    return bot_file_check(req, "file", file->data, file->len, &documents[i]);
}

/* All of them, or a refusal: nothing is kept until each is known to be good. */
static enum cq_status read_files(struct request *req, struct new_document *documents, size_t *n)
{
    const char *description = read_description(req);
    size_t count = 0;

    while (request_file(req, "file", count))
        count++;
    if (!count || count > MAX_FILES_AT_ONCE)
        chat_problem(req, "file: 1 to %d files are needed", MAX_FILES_AT_ONCE);
    enum cq_status st = chat_problems(req);

    for (size_t i = 0; !st && i < count; i++) {
        documents[i].description = description;
        st = read_file(req, documents, i);
    }
    if (!st)
        *n = count;
    return st;
}

static enum cq_status keep_files(struct request *req, struct new_document *documents, size_t n)
{
    size_t i = 0;
    enum cq_status st = CQ_OK;

    while (i < n && !st) {
        const struct form_file *file = request_file(req, "file", i);

        st = bot_file_keep(req, file->data, file->len, &documents[i]);
        i += !st;
    }
    while (st && i > 0)
        bot_file_forget(req, &documents[--i]);
    return st;
}

static enum cq_status store(struct request *req, const struct new_document *documents, size_t n,
                            struct document_list *added)
{
    const struct loaded *l = req->loaded;
    struct hash_list dropped = {0};

    enum cq_status st =
        store_documents_add(&req->ctx, req->db, l->bot.id, l->access.user_id, documents, n, added, &dropped);
    for (size_t i = 0; st && i < n; i++)
        bot_file_forget(req, &documents[i]);
    if (st == CQ_INVALID_REQUEST)
        return refuse(req, st, "A bot may have at most 100 documents.");
    if (!st)
        engine_files_drop(&req->ctx, req->db, req->config, &dropped);
    return st;
}

/* POST …/bot/:bot_id/documents: 201 and the documents, which wait for their text to be extracted. */
enum cq_status bot_document_create(struct request *req)
{
    struct new_document documents[MAX_FILES_AT_ONCE] = {0};
    struct document_list added = {0};
    size_t n = 0;

    if (!request_is_form(req))
        return CQ_UNSUPPORTED_TYPE;
    enum cq_status st = read_files(req, documents, &n);
    if (!st)
        st = keep_files(req, documents, n);
    if (!st)
        st = store(req, documents, n, &added);
    if (st)
        return st;
    req->loaded->has_queued_document = true;
    return answer(req, 201, &added);
}

/* ---- listing and removing ---- */

enum cq_status bot_document_index(struct request *req)
{
    struct document_list documents = {0};

    enum cq_status st = store_documents_of_bot(&req->ctx, req->db, req->loaded->bot.id, false, &documents);
    return st ? st : answer(req, 200, &documents);
}

/* DELETE …/bot/:bot_id/documents/:document_id: 200 null; 404. The next turn does without it. */
enum cq_status bot_document_delete(struct request *req)
{
    struct hash_list dropped = {0};

    enum cq_status st =
        store_document_remove(&req->ctx, req->db, req->loaded->bot.id, chat_name_param(req, "document_id"), &dropped);
    if (st)
        return st;
    engine_files_drop(&req->ctx, req->db, req->config, &dropped);
    return chat_answer_null(req);
}
