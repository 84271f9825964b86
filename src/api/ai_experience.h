/* What the calls of the API and the pages of experiences share. */
#ifndef API_AI_EXPERIENCE_H
#define API_AI_EXPERIENCE_H

#include "colloquy/api.h"

/* The state that a list is asked for, within what the caller may see: NULL means their default, "" nothing at all. */
const char *wanted_workflow_state(const struct request *req);

/* The page of the course's experiences that is asked for. CQ_NOT_FOUND: page is no number of a page. */
enum cq_status ai_experience_list_read(struct request *req, struct page *page,
                                       struct ai_experience_list *list) MUST_USE;

/* What a manager is shown of it and no load brings; of others only how far its files are. */
enum cq_status ai_experience_read_rest(struct request *req, struct ai_experience_row *row) MUST_USE;

/* ---- ai_experience_page.c ---- */

/* Where the page of an experience is, and that of the course's list (id 0); in the arena, NULL when it is full. */
const char *ai_experience_page_path(struct request *req, uint64_t id);

const char *workflow_state_words(const char *state);

#endif
