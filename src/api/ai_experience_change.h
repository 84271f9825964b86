/* What a create or an update of an AI experience asks for, read and judged (doc/api-canvas.md 3.5). */
#ifndef API_AI_EXPERIENCE_CHANGE_H
#define API_AI_EXPERIENCE_CHANGE_H

#include "api/fields.h"
#include "colloquy/api.h"

/*
 * Read every parameter into change; faults go to errors, all of them. now: the experience that is to change; NULL: it is
 * to be created, and what is required may not be absent.
 * CQ_PARAMETERS_MISSING: none of the parameters is there. Texts live as long as the request.
 */
enum cq_status ai_experience_change_read(struct request *req, const struct ai_experience_row *now,
                                         struct ai_experience_change *change, struct field_errors *errors) MUST_USE;

#endif
