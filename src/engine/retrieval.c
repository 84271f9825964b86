/* Asking the documents' process, and telling the model what it found. */
#include "engine/retrieval.h"

#include <string.h>

#include "engine/document.h"
#include "engine/prompt.h"

enum {
    DOCUMENT_MAX_BYTES = 1 << 20,
    SEARCH_MS = 5000,
    EXTRACT_MS = 65000, /* the extractor takes a minute at most */
};

/* ---- asking ---- */

static enum cq_status list_documents(struct cq_ctx *ctx, const struct document_list *list, struct retrieval_ask *ask)
{
    struct retrieval_document *documents = arena_zalloc(ctx->arena, list->n, sizeof(*documents));

    if (!documents)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = 0; i < list->n; i++) {
        const struct document_row *row = &list->rows[i];
        struct retrieval_document *document = &documents[i];

        memcpy(document->hash, row->hash, sizeof(document->hash));
        document->filename = row->filename;
        document->description = row->description;
        if (!document_kind_parse(row->kind, &document->kind))
            return cq_fail(ctx, CQ_INTERNAL, "document %llu is of the unknown kind \"%s\"", (unsigned long long)row->id,
                           row->kind);
    }
    ask->documents = documents;
    ask->n_documents = list->n;
    return CQ_OK;
}

enum cq_status retrieval_begin(struct cq_ctx *ctx, const struct config *config, const struct document_list *documents,
                               const char *text, const char *previous, struct retrieval *retrieval,
                               struct asking *asking)
{
    *retrieval = (struct retrieval){.documents = *documents};
    if (!documents->n)
        return CQ_OK;
    struct retrieval_ask *ask = &retrieval->ask;

    ask->query = retrieval_query(ctx, text, previous);
    ask->max_results = config->retrieval.max_results;
    if (!ask->query)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = list_documents(ctx, documents, ask);
    if (!st)
        st = retrieval_ask_write(ctx, ask, &asking->retrieval, &asking->retrieval_len);
    asking->retrieval_ms = SEARCH_MS;
    if (!st)
        retrieval->query = ask->query;
    return st;
}

enum cq_status retrieval_extract(struct cq_ctx *ctx, const struct hash_list *files, struct retrieval *retrieval,
                                 struct asking *asking)
{
    struct retrieval_ask *ask = &retrieval->ask;

    if (!ask->query)
        ask->query = "";
    ask->extract = files->hashes;
    ask->n_extract = files->n;
    asking->retrieval_ms = EXTRACT_MS;
    return retrieval_ask_write(ctx, ask, &asking->retrieval, &asking->retrieval_len);
}

/* ---- what came ---- */

static void drop_unknown(struct retrieval_answer *answer, size_t n_documents)
{
    size_t n = 0;

    for (size_t i = 0; i < answer->n; i++)
        if (answer->passages[i].document < n_documents)
            answer->passages[n++] = answer->passages[i];
    answer->n = n;
}

void retrieval_take(struct cq_ctx *ctx, struct retrieval *retrieval, const char *answer, size_t len)
{
    retrieval->answer = (struct retrieval_answer){.n = 0};
    retrieval->is_failed = !answer;
    if (!answer)
        return;
    enum cq_status st = retrieval_answer_read(ctx, answer, len, &retrieval->answer);
    if (st) {
        log_warn("request_id=%s retrieval: %s: %s", ctx->request_id, cq_status_info(st)->name, ctx->error);
        retrieval->answer = (struct retrieval_answer){.n = 0};
        retrieval->is_failed = true;
    }
    drop_unknown(&retrieval->answer, retrieval->documents.n);
}

void retrieval_fit(struct retrieval *retrieval, uint32_t room)
{
    struct retrieval_answer *answer = &retrieval->answer;
    uint64_t used = 0;

    for (size_t i = 0; i < answer->n; i++) {
        used += llm_tokens(answer->passages[i].text, strlen(answer->passages[i].text));
        if (used > room)
            answer->n = i;
    }
}

/* ---- telling ---- */

static void write_passage(struct json_out *out, const struct retrieval *retrieval, size_t i)
{
    const struct retrieved *passage = &retrieval->answer.passages[i];

    json_open_object(out);
    json_key(out, "number");
    json_u64(out, i + 1);
    json_key(out, "document");
    json_text(out, retrieval->documents.rows[passage->document].filename);
    if (passage->page) {
        json_key(out, "page");
        json_u64(out, passage->page);
    }
    json_key(out, "text");
    json_text(out, passage->text);
    json_close_object(out);
}

static enum cq_status write_passages(struct cq_ctx *ctx, const struct retrieval *retrieval, const char **document)
{
    struct buf *buf = buf_in_arena(ctx->arena, DOCUMENT_MAX_BYTES);
    struct json_out out;

    if (!buf)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&out, buf);
    json_open_object(&out);
    json_key(&out, "passages");
    json_open_array(&out);
    for (size_t i = 0; i < retrieval->answer.n; i++)
        write_passage(&out, retrieval, i);
    json_close_array(&out);
    json_close_object(&out);
    return document_text(ctx, buf, document);
}

enum cq_status retrieval_tell(struct cq_ctx *ctx, const char *system, const struct retrieval *retrieval, bool is_cited,
                              const char **out)
{
    const char *document, *marks = is_cited ? PROMPT_PASSAGES_CITED : PROMPT_PASSAGES_UNCITED;
    bool has_system = system && *system;

    if (!retrieval->answer.n) {
        *out = system;
        return CQ_OK;
    }
    enum cq_status st = write_passages(ctx, retrieval, &document);
    if (st)
        return st;
    const char *text = arena_printf(ctx->arena, "%s%s## Passages\n%s\n%s\n%s", has_system ? system : "",
                                    has_system ? "\n\n" : "", PROMPT_PASSAGES, marks, document);

    if (!text)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    *out = text;
    return CQ_OK;
}

enum cq_status retrieval_passages(struct cq_ctx *ctx, const struct retrieval *retrieval, struct llm_ask *ask)
{
    const char **passages = arena_zalloc(ctx->arena, retrieval->answer.n + 1, sizeof(*passages));

    if (!passages)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = 0; i < retrieval->answer.n; i++)
        passages[i] = retrieval->answer.passages[i].excerpt;
    ask->passages = passages;
    ask->n_passages = retrieval->answer.n;
    return CQ_OK;
}

/* ---- storing ---- */

enum cq_status retrieval_related(struct cq_ctx *ctx, const struct retrieval *retrieval, struct related_list *out)
{
    size_t n = retrieval->answer.n;
    struct related_row *rows = arena_zalloc(ctx->arena, n + 1, sizeof(*rows));

    if (!rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        const struct retrieved *passage = &retrieval->answer.passages[i];
        const struct document_row *document = &retrieval->documents.rows[passage->document];

        rows[i] = (struct related_row){.number = (uint32_t)i + 1,
                                       .document_id = document->id,
                                       .filename = document->filename,
                                       .kind = document->kind,
                                       .page = passage->page,
                                       .passage = passage->text,
                                       .excerpt = passage->excerpt,
                                       .relevance = passage->relevance,
                                       .uploaded_at_ms = document->created_at_ms,
                                       .is_available = true};
        memcpy(rows[i].hash, document->hash, sizeof(rows[i].hash));
    }
    *out = (struct related_list){rows, n};
    return CQ_OK;
}
