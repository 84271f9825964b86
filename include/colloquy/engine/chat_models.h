/* The models that the chat API offers, and what clients call them (doc/api-chat.md 2.3, 5 and 8). Part of engine.h. */
#ifndef COLLOQUY_ENGINE_CHAT_MODELS_H
#define COLLOQUY_ENGINE_CHAT_MODELS_H

#include "colloquy/base.h"

/* What llm_ask.model gets for the name that a client asks for, which lives as long as the config; NULL: it is not offered. */
const char *engine_chat_model(const struct config *config, const char *requested);

/* The name of the one that is asked when a client names none, and of the one that proposes titles. */
const char *engine_chat_default_model(const struct config *config);
const char *engine_chat_title_model(const struct config *config);

/* The names offered, from 0, the default model first; NULL behind the last one. */
const char *engine_chat_model_at(const struct config *config, size_t i);

/* Whether a model that is offered by that name can think before it replies, if it is asked to; and look at images. */
bool engine_chat_model_reasons(const struct config *config, const char *name);
bool engine_chat_model_sees(const struct config *config, const char *name);

enum { ENGINE_MODEL_KEY_BYTES = 256 };

/*
 * The key that stands for a name in a bot's active_models: each run of other characters than letters and digits as one _; in the
 * camel form joined, the letter behind it raised. "claude-v3.5-sonnet": claude_v3_5_sonnet, claudeV35Sonnet.
 */
void engine_chat_model_key(const char *name, bool is_camel, char out[ENGINE_MODEL_KEY_BYTES]);

/* Whether it is one of these two keys, or the plain name. */
bool engine_chat_model_has_key(const char *name, const char *key);

#endif
