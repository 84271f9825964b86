/*
 * Bedrock's protocol: its events, whole answers and vectors as they are read, and a request that always is JSON, whatever
 * is said, attached or called.
 *
 * The bytes are taken for each of them in turn, and as what a user has said.
 */
#include <json-c/json.h>
#include <string.h>

#include "fuzz.h"
#include "llm/provider.h"

static const struct llm_provider *const provider = &llm_provider_bedrock;
static const struct llm_delta untouched = {.n_vectors = 4321};

static void check_pieces(const struct llm_delta *delta)
{
    for (const struct llm_piece *piece = delta->first; piece; piece = piece->next) {
        CHECK(piece->text && (piece->next || piece == delta->last));
        check_text(piece->text, piece->len);
        if (piece->id)
            check_text(piece->id, strlen(piece->id));
        if (piece->name)
            check_text(piece->name, strlen(piece->name));
        CHECK(piece->kind == LLM_TOOL_CALL || (!piece->id && !piece->name));
        CHECK(piece->kind == LLM_REASONING || !piece->signature);
    }
}

static void check_delta(enum cq_status st, const struct llm_delta *delta)
{
    if (st) {
        CHECK(st == CQ_MODEL_INVALID_RESPONSE && delta->n_vectors == untouched.n_vectors && !delta->first);
        return;
    }
    check_pieces(delta);
    CHECK(delta->stop == LLM_STOP_END || delta->stopped);
}

static void check_events(struct cq_ctx *ctx, const char *text, size_t len)
{
    static const char *const names[] = {"contentBlockStart", "contentBlockDelta", "messageStop", "metadata", "", "x"};

    for (size_t i = 0; i < LEN(names); i++) {
        const struct llm_event event = {.name = names[i], .data = text, .len = len};
        struct llm_delta delta = untouched;

        enum cq_status st = provider->event(ctx, &event, &delta);
        check_delta(st, &delta);
        CHECK(st || !*names[i] || delta.stopped == str_eq(names[i], "messageStop"));
    }
}

/* An exception is one whatever it says. */
static void check_exception(struct cq_ctx *ctx, const char *text, size_t len)
{
    const struct llm_event event = {.name = text, .data = text, .len = len, .is_exception = true};
    struct llm_delta delta = untouched;
    enum cq_status st = provider->event(ctx, &event, &delta);

    CHECK(st == CQ_MODEL_UNAVAILABLE || st == CQ_MODEL_RATE_LIMITED || st == CQ_MODEL_TIMEOUT ||
          st == CQ_MODEL_REFUSED);
    CHECK(delta.n_vectors == untouched.n_vectors);
}

static void check_whole(struct cq_ctx *ctx, const char *text, size_t len)
{
    struct llm_delta delta = untouched;
    enum cq_status st = provider->whole(ctx, text, len, &delta);

    check_delta(st, &delta);
    CHECK(st || (delta.stopped && delta.done));
    delta = untouched;
    st = provider->vectors(ctx, text, len, &delta);
    CHECK(st == CQ_OK || st == CQ_MODEL_INVALID_RESPONSE);
    CHECK(st ? !delta.vectors : delta.vectors && delta.n_vectors > 0 && delta.n_dimensions > 0);
}

static struct json_object *block_at(struct json_object *body, size_t message, size_t block)
{
    struct json_object *messages = json_get(body, "messages");

    return json_object_array_get_idx(json_get(json_object_array_get_idx(messages, message), "content"), block);
}

/* The API's own bounds of a name. */
static void check_name(const char *name)
{
    CHECK(name && *name && strlen(name) <= 200 && !strstr(name, "  "));
    for (; *name; name++)
        CHECK(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -()[]", *name));
}

/* Nothing in a message can end it: the model is told just what was said, and by whom. */
static void check_request(struct cq_ctx *ctx, const char *text, size_t len)
{
    const struct config_model config = {.id = text, .base_url = "https://model.example/v1//", .max_tokens = 7};
    const struct llm_model model = {.config = &config, .abilities = ~0u};
    const struct llm_part parts[] = {
        {.kind = LLM_DOCUMENT, .media_type = "text/plain", .name = text, .data = text, .len = len + 1},
        {.kind = LLM_DOCUMENT, .media_type = "text/plain", .name = text, .data = text, .len = len + 1}};
    const struct llm_message messages[] = {
        {LLM_USER, "a", NULL, 0}, {LLM_ASSISTANT, text, NULL, 0}, {LLM_USER, text, parts, LEN(parts)}};
    const struct llm_ask ask = {.system = text, .messages = messages, .n_messages = LEN(messages)};
    bool is_blank = utf8_blank(text, strlen(text));
    struct llm_request request;
    struct json_object *body = NULL;

    llm_request_init(&request);
    if (provider->request(&model, &ask, &request)) {
        CHECK(request.url.failed); /* an id without end */
        llm_request_release(&request);
        return;
    }
    CHECK(str_starts(request.url.data, "https://model.example/v1/model/"));
    CHECK(!strpbrk(request.url.data + 8, " ?#\"\r\n"));
    CHECK(json_read(ctx, request.body.data, request.body.len, &body) == CQ_OK);
    CHECK(json_object_array_length(json_get(body, "messages")) == (is_blank ? 1 : 3));
    size_t last = is_blank ? 0 : 2;

    CHECK(is_blank || str_eq(json_get_text(block_at(body, 1, 0), "text", NULL), text));
    CHECK(is_blank || str_eq(json_get_text(block_at(body, last, 0), "text", NULL), text));
    const char *name = json_get_text(json_get(block_at(body, last, 1), "document"), "name", NULL);
    const char *second = json_get_text(json_get(block_at(body, last, 2), "document"), "name", NULL);

    check_name(name);
    check_name(second);
    CHECK(!str_eq(name, second));
    llm_request_release(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    size_t len;
    const char *text = input_rest(&in, ctx, &len);

    check_events(ctx, text, len);
    check_exception(ctx, text, len);
    check_whole(ctx, text, len);
    if (utf8_valid(text, strlen(text)))
        check_request(ctx, text, len);
    return 0;
}
