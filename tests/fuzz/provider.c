/* What holds for every provider. */
#include <json-c/json.h>
#include <math.h>
#include <string.h>

#include "provider.h"

static const struct llm_delta untouched = {.n_dimensions = 4321};

static bool is_failure(enum cq_status st)
{
    static const enum cq_status failures[] = {CQ_MODEL_INVALID_RESPONSE, CQ_MODEL_UNAVAILABLE, CQ_MODEL_RATE_LIMITED,
                                              CQ_MODEL_TIMEOUT,          CQ_MODEL_REFUSED,     CQ_CONTENT_FILTERED};

    for (size_t i = 0; i < LEN(failures); i++)
        if (failures[i] == st)
            return true;
    return false;
}

static void check_piece(const struct llm_piece *piece)
{
    CHECK(piece->len > 0 || piece->name || piece->signature);
    check_text(piece->text, piece->len);
    CHECK(!piece->signature || piece->kind == LLM_REASONING);
    CHECK((!piece->name && !piece->id) || piece->kind == LLM_TOOL_CALL);
    CHECK(!piece->name || (piece->id && *piece->name));
}

static void check_delta(enum cq_status st, const struct llm_delta *delta)
{
    if (st) {
        CHECK(is_failure(st));
        CHECK(delta->n_dimensions == untouched.n_dimensions && !delta->first && !delta->stopped && !delta->done);
        return;
    }
    for (const struct llm_piece *piece = delta->first; piece; piece = piece->next)
        check_piece(piece);
    CHECK(delta->stop == LLM_STOP_END || delta->stopped);
    for (size_t i = 0; delta->vectors && i < delta->n_vectors * delta->n_dimensions; i++)
        CHECK(isfinite(delta->vectors[i]));
}

void check_event(const struct llm_provider *provider, struct cq_ctx *ctx, const char *name, const char *text,
                 size_t len)
{
    const struct llm_event event = {.name = name, .data = text, .len = len};
    struct llm_delta delta = untouched;

    enum cq_status st = provider->event(ctx, &event, &delta);
    check_delta(st, &delta);
}

void check_bodies(const struct llm_provider *provider, struct cq_ctx *ctx, const char *text, size_t len)
{
    struct llm_delta delta = untouched;

    enum cq_status st = provider->whole(ctx, text, len, &delta);
    check_delta(st, &delta);
    CHECK(st || (delta.stopped && delta.done));
    delta = untouched;
    st = provider->vectors ? provider->vectors(ctx, text, len, &delta) : CQ_MODEL_REFUSED;
    check_delta(st, &delta);
    CHECK(st || (delta.n_vectors > 0 && delta.n_dimensions > 0 && delta.done));
    st = provider->refusal(ctx, 400, text, len);
    CHECK(st == CQ_MODEL_REFUSED || st == CQ_CONTENT_FILTERED);
    CHECK(provider->refusal(ctx, 401, text, len) == CQ_MODEL_REFUSED);
}

struct json_object *check_request(const struct llm_provider *provider, struct cq_ctx *ctx, const char *text,
                                  const char *url)
{
    const struct config_model config = {.base_url = "https://model.example/v1//", .id = text, .max_tokens = 7};
    const struct llm_model model = {.config = &config, .abilities = ~0U};
    const struct llm_part called[] = {{.kind = LLM_REASONING, .text = text, .signature = text},
                                      {.kind = LLM_TOOL_CALL, .id = text, .name = text, .text = "{}"}};
    const struct llm_part given[] = {{.kind = LLM_TOOL_RESULT, .id = text, .text = text},
                                     {.kind = LLM_IMAGE, .media_type = text, .data = text, .len = strlen(text)},
                                     {.kind = LLM_DOCUMENT, .media_type = "text/plain", .data = text, .name = text}};
    const struct llm_message messages[] = {
        {LLM_USER, text, NULL, 0}, {LLM_ASSISTANT, text, called, LEN(called)}, {LLM_USER, text, given, LEN(given)}};
    const struct llm_ask ask = {.system = text, .messages = messages, .n_messages = LEN(messages)};
    struct llm_request request;
    struct json_object *body = NULL;

    llm_request_init(&request);
    CHECK(provider->request(&model, &ask, &request) == CQ_OK);
    CHECK(str_eq(request.url.data, url));
    CHECK(json_read(ctx, request.body.data, request.body.len, &body) == CQ_OK);
    CHECK(str_eq(json_get_text(body, "model", NULL), text));
    llm_request_release(&request);
    return body;
}
