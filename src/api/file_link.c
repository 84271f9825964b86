/*
 * Signed links to documents: making them, and answering whoever shows one. The bytes are nginx's to send: a worker says which
 * file it is, and as what it goes out.
 */
#include "api/file_link.h"

#include "api/signature.h"

/* nginx/snippets/site.conf: files.directory, for workers' answers alone. */
#define INTERNAL_LOCATION "/.files/"

static const char PURPOSE[] = "document";

/* Whatever is in it, it runs no script, asks for nothing, and is nobody's page. */
static const char SANDBOX[] = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const char *file_link(struct request *req, uint64_t document_id, uint32_t page)
{
    const char *path = arena_printf(req->ctx.arena, "/api/chat/files/%llu", (unsigned long long)document_id);
    const char *const fields[] = {PURPOSE, path};
    const char *link =
        path ? signature_link(req, path, NULL, fields, LEN(fields), req->config->files.link_seconds) : NULL;

    return link && page ? arena_printf(req->ctx.arena, "%s#page=%u", link, page) : link;
}

/* ---- as what a document goes out ---- */

/* What a browser shows without running anything in it; the rest is only to be kept. */
static bool is_shown(const struct document_row *document)
{
    static const char *const types[] = {"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp"};

    for (size_t i = 0; i < LEN(types); i++)
        if (str_eq(document->mime_type, types[i]))
            return true;
    return false;
}

/* For clients that know only ASCII: each other character is one underscore. */
static void write_plain_name(struct buf *out, const char *name)
{
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        bool is_plain = *c >= 0x20 && *c < 0x7f && !strchr("\"\\%", *c);

        if ((*c & 0xC0) != 0x80)
            buf_char(out, is_plain ? (char)*c : '_');
    }
}

/* attr-char of RFC 8187 section 3.2.1 as it is, everything else as %XX. */
static void write_extended_name(struct buf *out, const char *name)
{
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');

        if (is_letter || strchr("!#$&+-.^_`|~", *c))
            buf_char(out, (char)*c);
        else
            buf_printf(out, "%%%02X", *c);
    }
}

const char *content_disposition(struct arena *arena, bool is_inline, const char *filename)
{
    struct buf *out = buf_in_arena(arena, 4096);

    if (!out)
        return NULL;
    buf_str(out, is_inline ? "inline; filename=\"" : "attachment; filename=\"");
    write_plain_name(out, filename);
    buf_str(out, "\"; filename*=UTF-8''");
    write_extended_name(out, filename);
    return out->failed ? NULL : out->data;
}

static enum cq_status answer_file(struct request *req, const struct document_row *document)
{
    struct arena *arena = req->ctx.arena;
    bool is_inline = is_shown(document);
    char path[FILE_PATH_BYTES];

    file_path(document->hash, path);
    const char *disposition = content_disposition(arena, is_inline, document->filename);
    const char *location = arena_printf(arena, INTERNAL_LOCATION "%s", path);

    if (!disposition || !location)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    response_begin(req, 200, is_inline ? document->mime_type : "application/octet-stream");
    response_header(req, "Content-Disposition", disposition);
    response_header(req, "Content-Security-Policy", SANDBOX);
    response_header(req, "X-Accel-Redirect", location);
    return CQ_OK;
}

/* GET …/files/:document_id: 200 and its bytes, or the range of them that is asked for; 403, 410 and 404, in this order. */
enum cq_status file_show(struct request *req)
{
    const char *const fields[] = {PURPOSE, req->path};
    struct document_row document;

    enum cq_status st = signature_check(req, fields, LEN(fields));
    if (!st)
        st = store_document_find(&req->ctx, req->db, path_param_id(req, "document_id"), &document);
    if (st)
        return st == CQ_RESOURCE_NOT_FOUND ? CQ_SOURCE_GONE : st;
    return file_is_there(req->config, document.hash) ? answer_file(req, &document) : CQ_SOURCE_GONE;
}
