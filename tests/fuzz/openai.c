/*
 * The provider's protocol: its events, whole answers, vectors and errors as they are read, and a request that always is
 * JSON.
 *
 * The bytes are taken for each of them in turn, and as what a user has said.
 */
#include <json-c/json.h>
#include <string.h>

#include "provider.h"

static const struct llm_provider *const provider = &llm_provider_openai;

static struct json_object *message_at(struct json_object *body, size_t i)
{
    return json_object_array_get_idx(json_get(body, "messages"), i);
}

static void check_message(struct json_object *body, size_t i, const char *role, const char *content)
{
    CHECK(str_eq(json_get_text(message_at(body, i), "role", NULL), role));
    CHECK(!content || str_eq(json_get_text(message_at(body, i), "content", NULL), content));
}

/* Nothing in a message can end it: the model is told just what was said, and by whom. */
static void check_messages(struct json_object *body, const char *text)
{
    size_t at = *text ? 1 : 0; /* an empty system prompt is none */

    CHECK(json_object_array_length(json_get(body, "messages")) == 4 + at);
    if (at)
        check_message(body, 0, "system", text);
    check_message(body, at, "user", text);
    check_message(body, at + 1, "assistant", text);
    check_message(body, at + 2, "tool", text);
    check_message(body, at + 3, "user", NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    size_t len;
    const char *text = input_rest(&in, ctx, &len);

    if (size > 64 << 10)
        return 0;
    check_event(provider, ctx, "", text, len);
    check_bodies(provider, ctx, text, len);
    if (utf8_valid(text, strlen(text)))
        check_messages(check_request(provider, ctx, text, "https://model.example/v1/chat/completions"), text);
    return 0;
}
