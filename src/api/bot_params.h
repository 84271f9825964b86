/* How a bot's replies are to be made: its generation_params (doc/api-chat.md 5). */
#ifndef API_BOT_PARAMS_H
#define API_BOT_PARAMS_H

#include "api/chat_form.h"

enum { BOT_MAX_STOP_SEQUENCES = 10 };

struct bot_params {
    uint64_t max_tokens, top_k;
    double top_p, temperature;
    const char *stop_sequences[BOT_MAX_STOP_SEQUENCES];
    size_t n_stop_sequences;
    uint64_t budget_tokens;
};

/* Of a bot as it is stored; NULL: the usual ones. */
enum cq_status bot_params_of(struct request *req, const char *json, struct bot_params *out) MUST_USE;

/* Change what a client's object names; what is wrong is noted, and left. */
void bot_params_read(struct request *req, struct json_object *object, struct bot_params *params);

void bot_params_write(struct json_out *out, enum chat_form form, const struct bot_params *params);

#endif
