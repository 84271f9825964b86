/* The chat API as a client uses it, for the suites that look at it. */
#include "chat.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

enum { BODY_MAX_BYTES = 64 << 20 };

void chat_use(void)
{
    static struct instance *instance;
    const char *const extra[] = {
        "COLLOQUY_CHAT_MODELS=test," THINKER "," DOWN "," SLOW "," LIMITED ",pen=scripted-pen",
        "COLLOQUY_CHAT_REASONING_MODELS=" THINKER,
        "COLLOQUY_CHAT_PRICES=test:0.5/1.5," THINKER ":1/2",
        lastingf("COLLOQUY_LLM_FIRST_BYTE_TIMEOUT_MS=%d", CHAT_FIRST_BYTE_MS),
        "COLLOQUY_LLM_TRIES=1",
        "COLLOQUY_LLM_BREAKER_FAILURES=0",
        NULL,
    };

    if (!instance)
        instance = instance_create("chat", textf("http://127.0.0.1:%d", main_model().port), extra);
    instance_use(instance);
}

const char *chat_new_id(void)
{
    char id[ULID_TEXT_BYTES];

    ulid_new(id);
    return textf("%s", id);
}

char *chat_path(const char *id, const char *what)
{
    return textf(CHAT "/conversation/%s%s", id, what);
}

/* ---- sending ---- */

static void write_member(struct buf *out, const char *key, const char *value)
{
    if (value)
        buf_printf(out, ",\"%s\":\"%s\"", key, value);
}

static const char *body_of(const struct saying *saying)
{
    struct buf *out = buf_in_arena(test_arena(), BODY_MAX_BYTES);

    if (!out)
        harness_die("out of memory");
    buf_str(out, "{\"message\":{\"role\":\"user\",\"content\":");
    if (saying->content)
        buf_str(out, saying->content);
    else if (saying->text)
        buf_printf(out, "[{\"content_type\":\"text\",\"body\":\"%s\"}]", saying->text);
    else
        buf_str(out, "[]");
    write_member(out, "parent_message_id", saying->parent);
    write_member(out, "message_id", saying->message_id);
    write_member(out, "model", saying->model);
    buf_str(out, "}");
    write_member(out, "conversation_id", saying->id);
    write_member(out, "bot_id", saying->bot_id);
    if (saying->goes_on)
        buf_str(out, ",\"continue_generate\":true");
    if (saying->reasons)
        buf_str(out, ",\"enable_reasoning\":true");
    buf_str(out, "}");
    if (out->failed)
        harness_die("a body is too large");
    return out->data;
}

struct transfer *chat_start(const struct saying *saying)
{
    return START("POST", CHAT "/conversation", saying->token ? saying->token : token_of(STUDENT),
                 .body = saying->body ? saying->body : body_of(saying), .accept = saying->accept,
                 .headers = {saying->key ? textf("Idempotency-Key: %s", saying->key) : NULL});
}

const struct answer *chat_send(const struct saying *saying)
{
    return call_finish(chat_start(saying));
}

struct json_object *chat_said(const struct saying *saying)
{
    const struct answer *answer = chat_send(saying);

    if (!expect_status(saying->text ? saying->text : "say", answer, 200))
        harness_die("nothing can be said: %.300s", answer->body);
    return answer->json;
}

/* ---- reading ---- */

struct json_object *chat_read(const char *id)
{
    const struct answer *answer = CALL("GET", chat_path(id, "?html=true"), token_of(STUDENT));

    if (!expect_status(id, answer, 200))
        harness_die("a conversation cannot be read: %.300s", answer->body);
    return answer->json;
}

struct json_object *chat_message(struct json_object *conversation, const char *message)
{
    return json_at(conversation, textf("/message_map/%s", message));
}

struct json_object *chat_last(struct json_object *conversation)
{
    return chat_message(conversation, text_at(conversation, "/last_message_id"));
}

struct json_object *chat_wait(const char *id, const char *status, const char *role)
{
    for (int64_t end_ms = clock_mono_ms() + PATIENCE_MS; clock_mono_ms() < end_ms; calls_run(30)) {
        const struct answer *answer = CALL("GET", chat_path(id, ""), token_of(STUDENT));
        struct json_object *last = answer->status == 200 ? chat_last(answer->json) : NULL;

        if (str_eq(text_at(last, "/status"), status) && str_eq(text_at(last, "/role"), role))
            return answer->json;
    }
    return NULL;
}

const char *chat_text_of(struct json_object *message)
{
    size_t n = count_at(message, "/content");

    return n ? text_at(message, textf("/content/%zu/body", n - 1)) : "";
}

/* ---- what the model was told ---- */

const char *chat_request(void)
{
    return text_at(model_stats(), "/last_body");
}

static void write_content(struct buf *out, struct json_object *content)
{
    if (json_object_is_type(content, json_type_string))
        buf_str(out, json_object_get_string(content));
    for (size_t i = 0; i < count_at(content, ""); i++) {
        const char *text = text_at(content, textf("/%zu/text", i));

        buf_printf(out, "%s%s", i ? "|" : "", *text ? text : text_at(content, textf("/%zu/type", i)));
    }
}

const char *chat_told(void)
{
    struct json_object *messages = json_at(json_of(chat_request()), "/messages");
    struct buf *out = buf_in_arena(test_arena(), BODY_MAX_BYTES);

    if (!out)
        harness_die("out of memory");
    for (size_t i = 0; i < count_at(messages, ""); i++) {
        struct json_object *message = json_at(messages, textf("/%zu", i));

        if (str_eq(text_at(message, "/role"), "system"))
            continue;
        buf_printf(out, "%s%s:", out->len ? "\n" : "", text_at(message, "/role"));
        write_content(out, json_at(message, "/content"));
    }
    return out->data;
}

/* ---- looking ---- */

const char *chat_joined(const struct answer *answer, const char *event)
{
    struct buf *text = buf_in_arena(test_arena(), BODY_MAX_BYTES);

    if (!text)
        harness_die("out of memory");
    for (size_t i = 0; i < answer->n_events; i++)
        if (str_eq(answer->events[i].name, event))
            buf_str(text, text_at(answer->events[i].data, "/completion"));
    return text->data;
}

bool is_replayed(const struct answer *answer)
{
    return str_eq(header(answer, "Idempotent-Replayed"), "true");
}

double number_at(struct json_object *json, const char *pointer)
{
    struct json_object *found = json_at(json, pointer);

    return json_object_is_type(found, json_type_double) ? json_object_get_double(found) : -1;
}

void expect_chat_error(const char *row, const struct answer *answer, long status, const char *code, const char *word)
{
    if (!expect_status(row, answer, status))
        return;
    expect_json(row, answer->json, "/code", textf("\"%s\"", code));
    ROW_ASSERT(row, *text_at(answer->json, "/detail"));
    ROW_ASSERT(row, str_eq(text_at(answer->json, "/detail"), text_at(answer->json, "/errors/0")));
    ROW_ASSERT(textf("%s: %.300s", row, answer->body), !word || strstr(answer->body, word));
    expect_api_headers(row, answer);
}

void expect_keys(const char *row, struct json_object *json, const char *keys)
{
    size_t n = 0;

    for (const char *at = keys; *at; n++) {
        size_t len = strcspn(at, " ");
        const char *key = textf("%.*s", (int)len, at);

        ROW_ASSERT(textf("%s: no %s", row, key), json_object_object_get_ex(json, key, NULL));
        at += len + (at[len] == ' ');
    }
    ROW_ASSERT(textf("%s: other keys: %.300s", row, json_object_to_json_string(json)),
               json_object_is_type(json, json_type_object) && (size_t)json_object_object_length(json) == n);
}
