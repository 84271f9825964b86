/* Files for bots: what they may be called, and what they may be. */
#include "api/bot_file.h"

#include "api/chat_form.h"

enum { FILENAME_MAX_BYTES = 255 };

/* C0, DEL and, in two bytes, C1: the category Cc of Unicode. */
static bool is_control(const char *at)
{
    const unsigned char *c = (const unsigned char *)at;

    return c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0);
}

bool is_filename(const char *name, size_t len)
{
    if (!len || len > FILENAME_MAX_BYTES || !utf8_valid(name, len))
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] == '/' || name[i] == '\\' || is_control(name + i))
            return false;
    return !(name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

enum cq_status bot_file_check(struct request *req, const char *field, const void *data, size_t len,
                              struct new_document *out)
{
    struct file_type type;

    if (!len) {
        chat_problem(req, "%s is empty", field);
        return CQ_INVALID_REQUEST;
    }
    if (len > BOT_FILE_MAX_BYTES)
        return refuse(req, CQ_PAYLOAD_TOO_LARGE, "A file may have at most 20 MiB.");
    enum cq_status st = file_type_of(&req->ctx, data, len, &type);

    if (st)
        return st;
    out->kind = document_kind_name(type.kind);
    out->mime_type = type.mime_type;
    return CQ_OK;
}

enum cq_status bot_file_keep(struct request *req, const void *data, size_t len, struct new_document *out)
{
    struct kept_file file;

    enum cq_status st = engine_file_keep(&req->ctx, req->db, req->config, data, len, &file);
    if (st)
        return st;
    memcpy(out->hash, file.hash, SHA256_BYTES);
    out->size = file.size;
    out->hold_id = file.hold_id;
    return CQ_OK;
}

void bot_file_forget(struct request *req, const struct new_document *document)
{
    struct kept_file file = {.size = document->size, .hold_id = document->hold_id};

    memcpy(file.hash, document->hash, SHA256_BYTES);
    engine_file_forget(&req->ctx, req->db, req->config, &file);
}
