/*
 * The provider's protocol: its events, whole answers and errors as they are read, and a request that always is JSON.
 *
 * The bytes are taken for each of them in turn, and as what a user has said.
 */
#include <json-c/json.h>
#include <string.h>

#include "fuzz.h"
#include "llm/provider.h"

static const struct llm_provider *const provider = &llm_provider_openai;
static const struct llm_delta untouched = {.n_vectors = 4321};

static void check_delta(enum cq_status st, const struct llm_delta *delta)
{
    CHECK(st == CQ_OK || st == CQ_MODEL_INVALID_RESPONSE || st == CQ_MODEL_UNAVAILABLE);
    if (st) {
        CHECK(delta->n_vectors == untouched.n_vectors && !delta->first);
        return;
    }
    for (const struct llm_piece *piece = delta->first; piece; piece = piece->next) {
        CHECK(piece->len > 0 || piece->id);
        check_text(piece->text, piece->len);
    }
    CHECK(delta->stop == LLM_STOP_END || delta->stopped);
}

static void check_answers(struct cq_ctx *ctx, const char *text, size_t len)
{
    const struct llm_event event = {.name = "", .data = text, .len = len};
    struct llm_delta delta = untouched;

    enum cq_status st = provider->event(ctx, &event, &delta);
    check_delta(st, &delta);
    delta = untouched;
    st = provider->whole(ctx, text, len, &delta);
    check_delta(st, &delta);
    CHECK(st || (delta.stopped && delta.done));
}

static void check_refusal(struct cq_ctx *ctx, const char *text, size_t len)
{
    enum cq_status st = provider->refusal(ctx, 400, text, len);

    CHECK(st == CQ_MODEL_REFUSED || (st == CQ_CONTENT_FILTERED && memmem(text, len, "error", 5)));
    CHECK(provider->refusal(ctx, 401, text, len) == CQ_MODEL_REFUSED);
}

static const char *message_at(struct json_object *body, size_t i, const char *key)
{
    return json_get_text(json_object_array_get_idx(json_get(body, "messages"), i), key, NULL);
}

/* Nothing in a message can end it: the model is told just what was said, and by whom. */
static void check_request(struct cq_ctx *ctx, const char *text)
{
    const struct config_model config = {.base_url = "https://model.example/v1//", .id = text, .max_tokens = 7};
    const struct llm_model model = {.config = &config};
    const struct llm_message messages[] = {{LLM_ASSISTANT, text, NULL, 0}, {LLM_USER, text, NULL, 0}};
    const struct llm_ask ask = {.system = text, .messages = messages, .n_messages = LEN(messages)};
    struct llm_request request;
    struct json_object *body = NULL;

    llm_request_init(&request);
    CHECK(provider->request(&model, &ask, &request) == CQ_OK);
    CHECK(str_eq(request.url.data, "https://model.example/v1/chat/completions"));
    CHECK(json_read(ctx, request.body.data, request.body.len, &body) == CQ_OK);
    CHECK(json_object_array_length(json_get(body, "messages")) == 3);
    CHECK(str_eq(message_at(body, 0, "role"), "system") && str_eq(message_at(body, 0, "content"), text));
    CHECK(str_eq(message_at(body, 1, "role"), "assistant") && str_eq(message_at(body, 1, "content"), text));
    CHECK(str_eq(message_at(body, 2, "role"), "user") && str_eq(message_at(body, 2, "content"), text));
    CHECK(str_eq(json_get_text(body, "model", NULL), text));
    llm_request_release(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    size_t len;
    const char *text = input_rest(&in, ctx, &len);

    if (size > 64 << 10)
        return 0;
    check_answers(ctx, text, len);
    check_refusal(ctx, text, len);
    if (utf8_valid(text, strlen(text)))
        check_request(ctx, text);
    return 0;
}
