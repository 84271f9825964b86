/*
 * Provider bedrock: vectors of texts, by InvokeModel in the form of the model's maker.
 *
 * Source: Amazon Bedrock user guide, "Amazon Titan Text Embeddings", "Cohere Embed v3" and "Cohere Embed v4".
 */
#include <json-c/json.h>
#include <string.h>

#include "llm/bedrock.h"

enum {
    COHERE_MAX_TEXTS = 32,  /* of 96 that it takes: their vectors are read at once */
    COHERE_V3_CHARS = 2048, /* of a text */
    MAX_DIMENSIONS = 1 << 13,
    MAX_VECTORS = 96,
};

/* Ids may be those of a region's profile ("eu.cohere.embed-v4:0") or a resource's name that ends in one. */
static bool is_titan(const struct config_model *model)
{
    return strstr(model->id, "amazon.titan-embed-text") != NULL;
}

static bool is_cohere(const struct config_model *model)
{
    return strstr(model->id, "cohere.embed-") != NULL;
}

static bool is_cohere_v3(const struct config_model *model)
{
    return is_cohere(model) && strstr(model->id, "-v3") != NULL;
}

size_t bedrock_max_texts(const struct config_model *model)
{
    if (is_titan(model))
        return 1;
    return is_cohere(model) ? COHERE_MAX_TEXTS : 0;
}

/* ---- requests ---- */

static size_t first_chars(const char *text, size_t max_chars)
{
    size_t at = 0, len = strlen(text);

    for (size_t n = 0; at < len && n < max_chars; n++)
        at += utf8_next(text + at, len - at);
    return at;
}

static void write_cohere(const struct config_model *model, const struct llm_ask *ask, struct json_out *out)
{
    bool is_v3 = is_cohere_v3(model);

    json_key(out, "texts");
    json_open_array(out);
    for (size_t i = 0; i < ask->n_texts; i++)
        json_text_n(out, ask->texts[i], is_v3 ? first_chars(ask->texts[i], COHERE_V3_CHARS) : strlen(ask->texts[i]));
    json_close_array(out);
    json_key(out, "input_type");
    json_text(out, ask->is_query ? "search_query" : "search_document");
    json_key(out, "embedding_types");
    json_open_array(out);
    json_text(out, "float");
    json_close_array(out);
    if (is_v3) { /* else a text of more than 512 tokens is refused */
        json_key(out, "truncate");
        json_text(out, "END");
    }
}

void bedrock_write_texts(const struct llm_model *model, const struct llm_ask *ask, struct buf *body)
{
    struct json_out out;

    json_out_init(&out, body);
    json_open_object(&out);
    if (is_cohere(model->config)) {
        write_cohere(model->config, ask, &out);
    } else {
        json_key(&out, "inputText");
        json_text(&out, ask->n_texts ? ask->texts[0] : "");
    }
    json_close_object(&out);
}

/* ---- answers ---- */

/* Titan answers with one vector, Cohere with an array of them. */
static struct json_object *vector_at(struct json_object *one, struct json_object *several, size_t i)
{
    return one ? one : json_object_array_get_idx(several, i);
}

static size_t length_of(struct json_object *array)
{
    return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

static enum cq_status read_vectors(struct cq_ctx *ctx, struct json_object *one, struct json_object *several,
                                   struct llm_delta *out)
{
    size_t n = one ? 1 : length_of(several);
    size_t n_dimensions = n ? length_of(vector_at(one, several, 0)) : 0;

    if (n > MAX_VECTORS || !n_dimensions || n_dimensions > MAX_DIMENSIONS)
        return CQ_MODEL_INVALID_RESPONSE;
    float *numbers = arena_alloc(ctx->arena, n * n_dimensions * sizeof(*numbers)), *at = numbers;
    if (!numbers)
        return CQ_INTERNAL;
    for (size_t i = 0; i < n; i++)
        if (!llm_read_vector(vector_at(one, several, i), &at, &n_dimensions))
            return CQ_MODEL_INVALID_RESPONSE;
    out->vectors = numbers;
    out->n_vectors = n;
    out->n_dimensions = n_dimensions;
    return CQ_OK;
}

enum cq_status bedrock_read_vectors(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out)
{
    struct json_object *answer = NULL;
    struct llm_delta delta = {.stopped = true, .done = true};

    if (json_read(ctx, body, len, &answer))
        return CQ_MODEL_INVALID_RESPONSE;
    struct json_object *several = json_get(answer, "embeddings"), *by_type = json_get(several, "float");
    enum cq_status st = read_vectors(ctx, json_get(answer, "embedding"), by_type ? by_type : several, &delta);
    if (st)
        return st;
    delta.usage.input = llm_count(answer, "inputTextTokenCount");
    *out = delta;
    return CQ_OK;
}
