/*
 * The form of an experience as a page: for a new one, for an existing one, and again with what was typed and what is
 * wrong with it. It works without scripts, and posts to the calls that create, update and delete.
 */
#ifndef API_AI_EXPERIENCE_FORM_H
#define API_AI_EXPERIENCE_FORM_H

#include "api/fields.h"
#include "colloquy/api.h"

/* What stands in the fields; NULL is empty. */
struct form_values {
    const char *title, *description, *facts, *learning_objective, *pedagogical_guidance, *workflow_state;
};

/* Of an experience; NULL: of one that is yet to be made. */
struct form_values form_values_of(const struct ai_experience_row *row);

/* The path of the calls that the form is sent to; in the arena, NULL when that is full. row NULL: of a new one. */
const char *form_action(struct request *req, const struct ai_experience_row *row);

/* Answer with the form. row: the experience it changes; NULL: a new one. faults: NULL: none. */
void answer_form(struct request *req, int status, const struct ai_experience_row *row, const struct form_values *values,
                 const struct field_errors *faults);

/* Answer 400, or 422 when only files are at fault, with the form as it was sent and each fault beside its field. */
void answer_form_faults(struct request *req, const struct ai_experience_row *row,
                        const struct ai_experience_change *change, const struct field_errors *faults);

/*
 * Answer with the form as it was sent, since it could not be saved just now and may be sent again. False, and nothing
 * answered, when the request is no such form, or lacks what only the database could add.
 */
bool answer_form_unsaved(struct request *req, int status);

#endif
