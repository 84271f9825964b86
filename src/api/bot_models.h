/* Which of the models that are offered a bot may use: its active_models (doc/api-chat.md 5). */
#ifndef API_BOT_MODELS_H
#define API_BOT_MODELS_H

#include "api/chat_form.h"

/*
 * What a client's object says of the models that are offered, by any of the three keys of each, as JSON of names and booleans; what
 * is wrong is noted. In the request's arena; NULL: memory.
 */
const char *bot_models_read(struct request *req, struct json_object *object);

/* All that are offered, by their keys in that form; json: as it is stored, NULL: all are active. */
enum cq_status bot_models_write(struct request *req, struct json_out *out, enum chat_form form,
                                const char *json) MUST_USE;

#endif
