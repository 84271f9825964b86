/* What is asked of documents and what they answer, as JSON: so it goes to the documents' process and back. */
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "colloquy/files.h"

enum {
    MAX_DOCUMENTS = 1000,
    MAX_RESULTS = 100,
    MAX_QUERY_BYTES = 1 << 20, /* two messages of the longest kind */
    MAX_NAME_BYTES = 64 << 10,
    MAX_PASSAGE_BYTES = 64 << 10,
    MAX_EXCERPT_CHARS = 200,
    MAX_JSON_BYTES = 64 << 20,
};

/* ---- out ---- */

static void put_member(struct json_out *out, const char *key, const char *text)
{
    json_key(out, key);
    json_text(out, text);
}

static void put_hash(struct json_out *out, const uint8_t hash[SHA256_BYTES])
{
    char text[2 * SHA256_BYTES + 1];

    hex_encode(hash, SHA256_BYTES, text);
    json_text(out, text);
}

static void put_document(struct json_out *out, const struct retrieval_document *document)
{
    json_open_object(out);
    json_key(out, "hash");
    put_hash(out, document->hash);
    put_member(out, "kind", document_kind_name(document->kind));
    put_member(out, "filename", document->filename);
    put_member(out, "description", document->description);
    json_close_object(out);
}

/* The text of buf, which lives in the arena. */
static enum cq_status finish(struct cq_ctx *ctx, const struct buf *buf, const char **json, size_t *len)
{
    if (buf->failed)
        return cq_fail(ctx, CQ_INTERNAL, "no memory to write what documents are asked, or answer");
    *json = buf->data;
    *len = buf->len;
    return CQ_OK;
}

enum cq_status retrieval_ask_write(struct cq_ctx *ctx, const struct retrieval_ask *ask, const char **json, size_t *len)
{
    struct buf *buf = buf_in_arena(ctx->arena, MAX_JSON_BYTES);
    struct json_out out;

    if (!buf)
        return cq_fail(ctx, CQ_INTERNAL, "no memory to ask documents");
    json_out_init(&out, buf);
    json_open_object(&out);
    put_member(&out, "query", ask->query);
    json_key(&out, "max_results");
    json_u64(&out, ask->max_results);
    json_key(&out, "documents");
    json_open_array(&out);
    for (size_t i = 0; i < ask->n_documents; i++)
        put_document(&out, &ask->documents[i]);
    json_close_array(&out);
    json_key(&out, "extract");
    json_open_array(&out);
    for (size_t i = 0; i < ask->n_extract; i++)
        put_hash(&out, ask->extract[i]);
    json_close_array(&out);
    json_close_object(&out);
    return finish(ctx, buf, json, len);
}

static void put_passage(struct json_out *out, const struct retrieved *passage)
{
    json_open_object(out);
    json_key(out, "document");
    json_u64(out, passage->document);
    json_key(out, "page");
    json_u64(out, passage->page);
    put_member(out, "text", passage->text);
    put_member(out, "excerpt", passage->excerpt);
    json_key(out, "relevance");
    json_number(out, passage->relevance);
    json_close_object(out);
}

enum cq_status retrieval_answer_write(struct cq_ctx *ctx, const struct retrieval_answer *answer, const char **json,
                                      size_t *len)
{
    struct buf *buf = buf_in_arena(ctx->arena, MAX_JSON_BYTES);
    struct json_out out;

    if (!buf)
        return cq_fail(ctx, CQ_INTERNAL, "no memory to answer from documents");
    json_out_init(&out, buf);
    json_open_object(&out);
    json_key(&out, "passages");
    json_open_array(&out);
    for (size_t i = 0; i < answer->n; i++)
        put_passage(&out, &answer->passages[i]);
    json_close_array(&out);
    json_close_object(&out);
    return finish(ctx, buf, json, len);
}

/* ---- in ---- */

/* A member that is a text of at most max_bytes, without NUL. */
static bool take_text(struct json_object *object, const char *key, size_t max_bytes, const char **out)
{
    size_t len = 0;
    const char *text = json_get_text(object, key, &len);

    if (!text || len > max_bytes || strlen(text) != len)
        return false;
    *out = text;
    return true;
}

/* The same, or NULL where the member is null. */
static bool take_text_or_null(struct json_object *object, const char *key, size_t max_bytes, const char **out)
{
    struct json_object *member = NULL;

    *out = NULL;
    if (!json_object_object_get_ex(object, key, &member))
        return false;
    return !member || take_text(object, key, max_bytes, out);
}

static bool take_number(struct json_object *object, const char *key, uint64_t max, uint64_t *out)
{
    struct json_object *member = json_get(object, key);

    if (!json_object_is_type(member, json_type_int) || json_object_get_int64(member) < 0)
        return false;
    *out = json_object_get_uint64(member);
    return *out <= max;
}

/* From 0 to 1. */
static bool take_share(struct json_object *object, const char *key, double *out)
{
    struct json_object *member = json_get(object, key);

    if (!json_object_is_type(member, json_type_double) && !json_object_is_type(member, json_type_int))
        return false;
    *out = json_object_get_double(member);
    return isfinite(*out) && *out >= 0 && *out <= 1;
}

static bool take_hash(struct json_object *object, uint8_t hash[SHA256_BYTES])
{
    const char *text;

    return take_text(object, "hash", 2 * SHA256_BYTES, &text) && hex_decode(text, hash, SHA256_BYTES);
}

static bool take_document(struct json_object *object, struct retrieval_document *out)
{
    const char *kind;

    return take_hash(object, out->hash) && take_text(object, "kind", 16, &kind) &&
           document_kind_parse(kind, &out->kind) &&
           take_text_or_null(object, "filename", MAX_NAME_BYTES, &out->filename) &&
           take_text_or_null(object, "description", MAX_NAME_BYTES, &out->description);
}

/* The array of that name, of at most max values; NULL: it is none. */
static struct json_object *take_array(struct json_object *object, const char *key, size_t max)
{
    struct json_object *array = json_get(object, key);

    return json_object_is_type(array, json_type_array) && json_object_array_length(array) <= max ? array : NULL;
}

/* Absent: none. */
static enum cq_status take_extract(struct cq_ctx *ctx, struct json_object *object, struct retrieval_ask *ask)
{
    struct json_object *array = take_array(object, "extract", MAX_DOCUMENTS);

    ask->n_extract = array ? json_object_array_length(array) : 0;
    ask->extract = arena_zalloc(ctx->arena, ask->n_extract + 1, sizeof(*ask->extract));
    if (!ask->extract)
        return cq_fail(ctx, CQ_INTERNAL, "no memory for the files that are asked");
    for (size_t i = 0; i < ask->n_extract; i++) {
        struct json_object *item = json_object_array_get_idx(array, i);

        if (!json_object_is_type(item, json_type_string) ||
            !hex_decode(json_object_get_string(item), ask->extract[i], SHA256_BYTES))
            return cq_fail(ctx, CQ_INVALID_REQUEST, "file %zu of those to be extracted is none", i);
    }
    return CQ_OK;
}

enum cq_status retrieval_ask_read(struct cq_ctx *ctx, const char *json, size_t len, struct retrieval_ask *out)
{
    struct json_object *object = NULL, *array;
    struct retrieval_ask ask = {0};
    uint64_t max_results;

    enum cq_status st = json_read(ctx, json, len, &object);
    if (st)
        return st == CQ_INTERNAL ? st : CQ_INVALID_JSON;
    if (!take_text(object, "query", MAX_QUERY_BYTES, &ask.query) ||
        !take_number(object, "max_results", MAX_RESULTS, &max_results) ||
        !(array = take_array(object, "documents", MAX_DOCUMENTS)))
        return cq_fail(ctx, CQ_INVALID_REQUEST, "what is asked of documents is not of the form agreed on");
    ask.max_results = (uint32_t)max_results;
    ask.n_documents = json_object_array_length(array);
    ask.documents = arena_zalloc(ctx->arena, ask.n_documents, sizeof(*ask.documents));
    if (!ask.documents)
        return cq_fail(ctx, CQ_INTERNAL, "no memory for the documents that are asked");
    for (size_t i = 0; i < ask.n_documents; i++)
        if (!take_document(json_object_array_get_idx(array, i), &ask.documents[i]))
            return cq_fail(ctx, CQ_INVALID_REQUEST, "document %zu of those that are asked is none", i);
    st = take_extract(ctx, object, &ask);
    if (!st)
        *out = ask;
    return st;
}

static bool take_passage(struct json_object *object, struct retrieved *out)
{
    uint64_t document, page;

    if (!take_number(object, "document", MAX_DOCUMENTS, &document) || !take_number(object, "page", UINT32_MAX, &page) ||
        !take_text(object, "text", MAX_PASSAGE_BYTES, &out->text) ||
        !take_text(object, "excerpt", 4 * MAX_EXCERPT_CHARS, &out->excerpt) ||
        utf8_count(out->excerpt, strlen(out->excerpt)) > MAX_EXCERPT_CHARS ||
        !take_share(object, "relevance", &out->relevance))
        return false;
    out->document = document;
    out->page = (uint32_t)page;
    return true;
}

enum cq_status retrieval_answer_read(struct cq_ctx *ctx, const char *json, size_t len, struct retrieval_answer *out)
{
    struct json_object *object = NULL, *array;
    struct retrieval_answer answer = {0};

    enum cq_status st = json_read(ctx, json, len, &object);
    if (st)
        return st == CQ_INTERNAL ? st : CQ_INVALID_JSON;
    array = take_array(object, "passages", MAX_RESULTS);
    if (!array)
        return cq_fail(ctx, CQ_INVALID_REQUEST, "what documents answer is not of the form agreed on");
    answer.n = json_object_array_length(array);
    answer.passages = arena_zalloc(ctx->arena, answer.n, sizeof(*answer.passages));
    if (!answer.passages)
        return cq_fail(ctx, CQ_INTERNAL, "no memory for what documents answer");
    for (size_t i = 0; i < answer.n; i++)
        if (!take_passage(json_object_array_get_idx(array, i), &answer.passages[i]))
            return cq_fail(ctx, CQ_INVALID_REQUEST, "passage %zu of what documents answer is none", i);
    *out = answer;
    return CQ_OK;
}
