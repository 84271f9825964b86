/* Context files: the documents from which an experience's replies may quote (doc/api-canvas.md 6). */
#include "api/context_file.h"

#include <string.h>

#include "api/ai_experience_rules.h"
#include "api/represent.h"
#include "api/route.h"

enum { NAME_MAX_CHARS = 255 };

static enum cq_status answer_file(struct request *req, int status, const struct document_row *document)
{
    struct json_out out = response_json(req, status);

    write_context_file(&out, req, document);
    return CQ_OK;
}

/* {"file":["…"]} */
static enum cq_status answer_fault(struct request *req, int status, const char *field, const char *message)
{
    struct json_out out = response_json(req, status);

    json_open_object(&out);
    json_key(&out, field);
    json_open_array(&out);
    json_text(&out, message);
    json_close_array(&out);
    json_close_object(&out);
    return CQ_OK;
}

/* ---- adding ---- */

/* What it is called unless the client says so; one whose name cannot be read has none. */
static const char *name_of(struct request *req, const struct form_file *file)
{
    size_t len;
    const char *name = form_file_base_name(file, &len);

    if (utf8_blank(name, len) || !utf8_valid(name, len) || memchr(name, '\0', len))
        return "file";
    return arena_strndup(req->ctx.arena, name, len);
}

/* NULL: it is wrong, and the answer says how; or memory is short, and nothing is answered. */
static const char *read_name(struct request *req, const struct form_file *file)
{
    struct param p = param_text(req, NULL, "display_name");
    bool is_given = p.state == PARAM_VALUE && !utf8_blank(p.text, p.len);
    const char *name = is_given ? p.text : name_of(req, file);

    if (p.state == PARAM_WRONG) {
        answer_fault(req, 400, "display_name", "is invalid");
        return NULL;
    }
    if (name && utf8_count(name, strlen(name)) > NAME_MAX_CHARS) {
        answer_fault(req, 400, "display_name", "is too long (maximum is 255 characters)");
        return NULL;
    }
    return name;
}

/* Keep it and store what refers to it. */
static enum cq_status add_file(struct request *req, const struct form_file *file, struct new_document *document)
{
    const struct loaded *l = req->loaded;
    struct kept_file kept;
    struct document_row row;
    bool is_new;

    enum cq_status st = engine_file_keep(&req->ctx, req->db, req->config, file->data, file->len, &kept);
    if (st)
        return st;
    memcpy(document->hash, kept.hash, sizeof(document->hash));
    document->size = kept.size;
    document->hold_id = kept.hold_id;
    st = store_context_file_add(&req->ctx, req->db, l->ai_experience.id, l->access.user_id, document,
                                req->config->limits.context_files_max, &row, &is_new);
    if (st) {
        engine_file_forget(&req->ctx, req->db, req->config, &kept);
        return st;
    }
    req->loaded->has_queued_document |= is_new;
    return answer_file(req, is_new ? 201 : 200, &row);
}

static enum cq_status refuse_too_many(struct request *req)
{
    const char *message = arena_printf(req->ctx.arena, "cannot exceed %u files", req->config->limits.context_files_max);

    return message ? answer_fault(req, 400, "file", message) : cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
}

/*
 * POST …/context_files: 201 and the file, whose text is yet to be extracted; 200 and the one that is there when the experience has these
 * bytes already.
 */
enum cq_status context_file_create(struct request *req)
{
    const struct form_file *file = request_file(req, "file", 0);
    struct new_document document = {.description = ""};
    struct file_type type;

    if (!file || !file->len)
        return answer_fault(req, 400, "file", "can't be blank");
    if (file->len > req->config->limits.context_file_max_bytes)
        return CQ_PAYLOAD_TOO_LARGE;
    document.filename = read_name(req, file);
    if (!document.filename)
        return req->response.status ? CQ_OK : cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = file_type_of(&req->ctx, file->data, file->len, &type);

    if (st == CQ_UNSUPPORTED_FILE || (!st && !is_context_type(type.mime_type)))
        return answer_fault(req, 422, "file", "is not a supported type");
    if (st)
        return st;
    ulid_new(document.name);
    document.kind = document_kind_name(type.kind);
    document.mime_type = type.mime_type;
    st = add_file(req, file, &document);
    return st == CQ_INVALID_FIELDS ? refuse_too_many(req) : st;
}

/* ---- listing and removing ---- */

/* GET …/context_files: 200 and a page of them, in their order. */
enum cq_status context_file_index(struct request *req)
{
    struct document_list files = {0};
    struct page page;

    enum cq_status st = page_read(req, 10, 100, &page);
    if (!st && req->loaded->ai_experience.context_key)
        st = store_documents_of_experience(&req->ctx, req->db, req->loaded->ai_experience.id, false, &files);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);
    uint64_t skipped = (page.number - 1) * page.per_page;

    json_open_array(&out);
    for (uint64_t i = skipped; i < files.n && i - skipped < page.per_page; i++)
        write_context_file(&out, req, &files.rows[i]);
    json_close_array(&out);
    page_link(req, &page, files.n);
    return CQ_OK;
}

void context_files_forget(struct request *req, uint64_t course_id)
{
    struct hash_list dropped = {0};

    if (store_context_files_clean(&req->ctx, req->db, course_id, &dropped))
        log_warn("request_id=%s context files that nobody draws from stay for now: %s", req->ctx.request_id,
                 req->ctx.error);
    else
        engine_files_drop(&req->ctx, req->db, req->config, &dropped);
}

/* DELETE …/context_files/:file_id: 200 and the file as it was; it is quoted no more. */
enum cq_status context_file_delete(struct request *req)
{
    struct document_row row;
    uint64_t id = path_param_id(req, "file_id");

    enum cq_status st = id ? store_context_file_remove(&req->ctx, req->db, req->loaded->ai_experience.id, id, &row)
                           : CQ_RESOURCE_NOT_FOUND;
    if (st)
        return st;
    answer_file(req, 200, &row);
    context_files_forget(req, req->loaded->access.course_id);
    return CQ_OK;
}
