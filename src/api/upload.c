/*
 * Uploading as the open-source server's clients do: an address is asked for, the bytes are put there without signing in, and the
 * bot then names the file (doc/api-chat.md 5).
 */
#include <stdio.h>

#include "api/bot_file.h"
#include "api/chat_form.h"
#include "api/signature.h"

enum { UPLOAD_SECONDS = 3600, TYPE_MAX_BYTES = 255 };

static const char PURPOSE[] = "upload";
static const char PATH[] = "/api/chat/upload";

/* A text of the query; "" when there is none. */
static const char *query_text(const struct request *req, const char *name)
{
    struct param p = param_text(req, NULL, name);

    return p.state == PARAM_VALUE ? p.text : "";
}

/* Whose upload for a bot the caller may see to: their own for one that is not made yet, its owner's for one that they edit. */
static enum cq_status find_owner(struct request *req, uint64_t *owner_id)
{
    const struct bot_row *bot = &req->loaded->bot;
    const char *name = path_param(req, "bot_id");

    if (!chat_is_name(name, strlen(name)))
        chat_problem(req, "bot_id must be 1 to 64 letters, digits, _ and -");
    if (chat_problems(req))
        return CQ_INVALID_REQUEST;
    if (bot->id && !bot->is_usable)
        return CQ_BOT_NOT_FOUND;
    if (bot->id && !bot->is_editable)
        return CQ_FORBIDDEN;
    *owner_id = bot->id ? bot->owner_id : req->loaded->access.user_id;
    return CQ_OK;
}

static enum cq_status find_key(struct request *req, struct upload_key *out)
{
    struct param filename = param_text(req, NULL, "filename");
    struct upload_key key = {.bot_name = path_param(req, "bot_id"), .filename = filename.text};

    enum cq_status st = find_owner(req, &key.owner_id);
    if (st)
        return st;
    if (filename.state == PARAM_ABSENT) {
        chat_problem(req, "filename is required");
        return CQ_INVALID_REQUEST;
    }
    if (filename.state != PARAM_VALUE || !is_filename(filename.text, filename.len))
        return CQ_BAD_FILENAME;
    *out = key;
    return CQ_OK;
}

/* ---- the address ---- */

/* What a byte is in a query, whatever it is; what needs no escape stays. Source: RFC 3986 section 2.3. */
static void write_escaped(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s%s=", out->len ? "&" : "", name);
    for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
        bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');

        if (is_letter || strchr("-._~", *c))
            buf_char(out, (char)*c);
        else
            buf_printf(out, "%%%02X", *c);
    }
}

enum { OWNER_FIELD = 1, N_FIELDS = 5 };

/* What is signed beside the purpose, by the names that it has in the address. */
static const char *const names[N_FIELDS] = {NULL, "user_id", "bot_id", "filename", "content_type"};

static const char *make_link(struct request *req, const struct upload_key *key, const char *content_type)
{
    char owner[24];
    const char *const fields[N_FIELDS] = {PURPOSE, owner, key->bot_name, key->filename, content_type};
    struct buf *query = buf_in_arena(req->ctx.arena, 4096);

    if (!query)
        return NULL;
    snprintf(owner, sizeof(owner), "%llu", (unsigned long long)key->owner_id);
    for (size_t i = OWNER_FIELD; i < N_FIELDS; i++)
        write_escaped(query, names[i], fields[i]);
    return query->failed ? NULL : signature_link(req, PATH, query->data, fields, N_FIELDS, UPLOAD_SECONDS);
}

/* GET …/bot/:bot_id/presigned-url: 200 and the address for a file of that name. */
enum cq_status upload_address(struct request *req)
{
    struct upload_key key;
    const char *content_type = query_text(req, "contentType");

    if (!*content_type)
        content_type = query_text(req, "content_type");
    if (strlen(content_type) > TYPE_MAX_BYTES)
        chat_problem(req, "contentType must have at most %d bytes", TYPE_MAX_BYTES);
    enum cq_status st = find_key(req, &key);
    if (st)
        return st;
    const char *link = make_link(req, &key, content_type);

    if (!link)
        return cq_fail(&req->ctx, CQ_BUSY, "an address cannot be signed");
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    json_key(&out, "url");
    json_text(&out, link);
    json_close_object(&out);
    return CQ_OK;
}

/* ---- what is put there ---- */

static enum cq_status check_address(struct request *req, struct upload_key *out)
{
    const char *fields[N_FIELDS] = {PURPOSE};
    struct upload_key key = {0};

    for (size_t i = OWNER_FIELD; i < N_FIELDS; i++)
        fields[i] = query_text(req, names[i]);
    enum cq_status st = signature_check(req, fields, N_FIELDS);
    if (st)
        return st;
    if (!parse_id(fields[OWNER_FIELD], strlen(fields[OWNER_FIELD]), &key.owner_id))
        return CQ_LINK_INVALID;
    key.bot_name = fields[OWNER_FIELD + 1];
    key.filename = fields[OWNER_FIELD + 2];
    *out = key;
    return CQ_OK;
}

/* PUT …/upload: 200 null. Whoever has the address may put the file there, again too, until it has expired. */
enum cq_status upload_put(struct request *req)
{
    struct upload_key key;
    struct new_document document = {.description = ""};
    struct hash_list dropped = {0};

    enum cq_status st = check_address(req, &key);
    if (!st)
        st = bot_file_check(req, "file", req->body, req->body_len, &document);
    if (!st)
        st = bot_file_keep(req, req->body, req->body_len, &document);
    if (st)
        return st;
    st = store_upload_put(&req->ctx, req->db, &key, &document, &dropped);
    if (st) {
        bot_file_forget(req, &document);
        return st == CQ_INVALID_REQUEST ? refuse(req, st, "Too many uploads wait for being named by a bot.") : st;
    }
    engine_files_drop(&req->ctx, req->db, req->config, &dropped);
    return chat_answer_null(req);
}

/* DELETE …/bot/:bot_id/uploaded-file: 200 null, also when there is none. */
enum cq_status upload_delete(struct request *req)
{
    struct upload_key key;
    struct hash_list dropped = {0};

    enum cq_status st = find_key(req, &key);
    if (!st)
        st = store_upload_remove(&req->ctx, req->db, &key, &dropped);
    if (st)
        return st;
    engine_files_drop(&req->ctx, req->db, req->config, &dropped);
    return chat_answer_null(req);
}
