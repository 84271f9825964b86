/* A glance at the document that a reply was given a passage of (doc/api-chat.md 3). */
#include "api/chat_form.h"
#include "api/file_link.h"
#include "api/related_document.h"

enum { PREVIEW_MAX_CHARS = 10000 };

/* Text for what is text, else a link. */
static enum cq_status look_into(struct request *req, const struct document_row *document, const char **text,
                                const char **link)
{
    if (str_eq(document->kind, document_kind_name(DOCUMENT_TEXT))) {
        enum cq_status st = passages_text(&req->ctx, req->config, document->hash, PREVIEW_MAX_CHARS, text);

        return st == CQ_SOURCE_GONE ? CQ_OK : st; /* a new content of which nothing is known yet, or which has failed */
    }
    *link = file_link(req, document->id, 0);
    return *link ? CQ_OK : cq_fail(&req->ctx, CQ_BUSY, "a link cannot be signed");
}

static enum cq_status answer(struct request *req, const char *source_id, const struct document_row *document)
{
    const char *text = NULL, *link = NULL;
    enum chat_form form = chat_form(req);

    enum cq_status st = look_into(req, document, &text, &link);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);
    const struct {
        const char *key, *text;
    } texts[] = {{"source_id", source_id},
                 {"source_name", document->filename},
                 {"content_type", document->kind},
                 {"presigned_url", link},
                 {"text_content", link || text ? text : ""}};

    json_open_object(&out);
    for (size_t i = 0; i < LEN(texts); i++) {
        chat_key(&out, form, texts[i].key);
        json_text(&out, texts[i].text);
    }
    chat_key(&out, form, "page_count");
    if (document->page_count)
        json_u64(&out, document->page_count);
    else
        json_null(&out);
    chat_key(&out, form, "file_size");
    json_u64(&out, document->size);
    json_close_object(&out);
    return CQ_OK;
}

/* GET …/related-documents/:source_id/preview: 200; 404 when it is unknown, and, in other words, when its document is gone. */
enum cq_status preview_show(struct request *req)
{
    const char *source_id = path_param(req, "source_id");
    struct related_list related = {0};
    struct document_row document;

    enum cq_status st =
        store_related_list(&req->ctx, req->db, req->loaded->access.user_id, req->loaded->chat.id, 0, &related);
    if (st)
        return st;
    const struct related_row *row = related_find(&related, source_id);

    if (!row)
        return CQ_RESOURCE_NOT_FOUND;
    if (!row->is_available)
        return CQ_SOURCE_GONE;
    st = store_document_find(&req->ctx, req->db, row->document_id, &document);
    if (st)
        return st == CQ_RESOURCE_NOT_FOUND ? CQ_SOURCE_GONE : st;
    return answer(req, source_id, &document);
}
