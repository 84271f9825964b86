/* An evaluation with what people say beside it (doc/api-pages.md 5). */
#ifndef API_EVALUATION_OVERRIDE_H
#define API_EVALUATION_OVERRIDE_H

#include "colloquy/api.h"

/*
 * The stored Evaluation object, each of its verdicts with an override of those in the list; null when there is none
 * (answer NULL). CQ_INTERNAL: what is stored cannot be read.
 */
enum cq_status write_evaluation_answer(struct request *req, struct json_out *out, const char *answer,
                                       const struct evaluation_override_list *overrides) MUST_USE;

#endif
