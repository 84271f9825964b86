/*
 * Conversations of the chat API on an instance of their own, whose models have prices, think, fail or are slow: sending,
 * reading, and what the model was told.
 */
#ifndef TESTS_INTEGRATION_CHAT_H
#define TESTS_INTEGRATION_CHAT_H

#include "harness.h"

#define CHAT       "/api/chat"
#define CHAT_CAMEL "application/json; keys=camel"
#define SSE        "text/event-stream"

/* Its models; "test" is the default, and costs 0.5 and 1.5 per thousand tokens. */
#define THINKER "thinker"
#define DOWN    "down-one"
#define SLOW    "slow-one" /* no byte in CHAT_FIRST_BYTE_MS */
#define LIMITED "limited-one"

enum { CHAT_FIRST_BYTE_MS = 12000 };

void chat_use(void);
const char *chat_new_id(void);
char *chat_path(const char *id, const char *what);

/* A message to send; what is NULL or false is left out. */
struct saying {
    const char *id;      /* of the conversation */
    const char *text;    /* as it stands within a JSON string; or */
    const char *content; /* the JSON array */
    const char *parent, *message_id, *model, *bot_id;
    bool goes_on; /* continue_generate */
    bool reasons; /* enable_reasoning */
    const char *accept, *key;
    const char *token; /* NULL: the STUDENT's */
    const char *body;  /* instead of all that */
};

const struct answer *chat_send(const struct saying *saying);
struct transfer *chat_start(const struct saying *saying);
#define SAY(...)       chat_send(&(struct saying){__VA_ARGS__})
#define SAY_START(...) chat_start(&(struct saying){__VA_ARGS__})

/* The same, which must succeed: the answer. */
struct json_object *chat_said(const struct saying *saying);
#define SAID(...) chat_said(&(struct saying){__VA_ARGS__})

/* The conversation as its owner reads it now, replies as HTML too; gives up when it cannot be read. */
struct json_object *chat_read(const char *id);
struct json_object *chat_message(struct json_object *conversation, const char *message);
/* Its last message, by last_message_id. */
struct json_object *chat_last(struct json_object *conversation);
/* Wait until a message of this status is the last one; NULL: it did not come. */
struct json_object *chat_wait(const char *id, const char *status, const char *role);

/* The text of a message object: of its last content. */
const char *chat_text_of(struct json_object *message);

/* What the model was asked last for a reply, without the system text: a line "role:text" a message, parts joined by "|". */
const char *chat_told(void);
const char *chat_request(void); /* the request as it was */

/* All pieces of the events of that name, joined. */
const char *chat_joined(const struct answer *answer, const char *event);

bool is_replayed(const struct answer *answer);
double number_at(struct json_object *json, const char *pointer); /* -1 when it is no float */

/* An error in the chat API's form; word: in what is told of it, NULL: anything. */
void expect_chat_error(const char *row, const struct answer *answer, long status, const char *code, const char *word);
/* Exactly these keys, with a blank between. */
void expect_keys(const char *row, struct json_object *json, const char *keys);

#define CHAT_MESSAGE_KEYS "role content html model children parent feedback used_chunks thinking_log create_time status"

#endif
