/*
 * The provider's protocol: its events, whole answers and errors as they are read, and a request that always is JSON.
 *
 * The bytes are taken for each of them in turn, by every name that an event may have, and as what a user has said.
 */
#include <json-c/json.h>
#include <string.h>

#include "provider.h"

static const struct llm_provider *const provider = &llm_provider_anthropic;

static const char *const events[] = {"message_start",
                                     "content_block_start",
                                     "content_block_delta",
                                     "content_block_stop",
                                     "message_delta",
                                     "message_stop",
                                     "error",
                                     "ping",
                                     ""};

static struct json_object *turn_at(struct json_object *body, size_t i)
{
    return json_object_array_get_idx(json_get(body, "messages"), i);
}

static struct json_object *block_at(struct json_object *body, size_t turn, size_t i)
{
    return json_object_array_get_idx(json_get(turn_at(body, turn), "content"), i);
}

static void check_block(struct json_object *block, const char *type, const char *key, const char *text)
{
    CHECK(str_eq(json_get_text(block, "type", NULL), type) && str_eq(json_get_text(block, key, NULL), text));
}

/* Nothing in a message can end it: the model is told just what was said, and by whom. Blank texts are left out. */
static void check_turns(struct json_object *body, const char *text)
{
    bool is_blank = utf8_blank(text, strlen(text));

    CHECK(json_object_array_length(json_get(body, "messages")) == 3);
    for (size_t i = 0; i < 3; i++)
        CHECK(str_eq(json_get_text(turn_at(body, i), "role", NULL), i == 1 ? "assistant" : "user"));
    CHECK(str_eq(json_get_text(body, "system", NULL), is_blank ? NULL : text));
    check_block(block_at(body, 0, 0), "text", "text", is_blank ? "…" : text);
    check_block(block_at(body, 1, is_blank ? 0 : 1), "tool_use", "name", text);
    check_block(block_at(body, 2, 0), "tool_result", "tool_use_id", text);
    check_block(block_at(body, 2, is_blank ? 1 : 2), "image", "type", "image");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    size_t len;
    const char *text = input_rest(&in, ctx, &len);

    if (size > 64 << 10)
        return 0;
    for (size_t i = 0; i < LEN(events); i++)
        check_event(provider, ctx, events[i], text, len);
    check_bodies(provider, ctx, text, len);
    if (utf8_valid(text, strlen(text)))
        check_turns(check_request(provider, ctx, text, "https://model.example/v1/v1/messages"), text);
    return 0;
}
