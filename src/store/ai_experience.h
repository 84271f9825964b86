/* The columns of an AI experience, as loads of other aggregates join them. */
#ifndef STORE_AI_EXPERIENCE_H
#define STORE_AI_EXPERIENCE_H

#include "store/db.h"

#define AI_EXPERIENCE_COLUMNS                                                                                          \
    "x.id, x.course_id, x.workflow_state, x.title, x.description, x.facts, x.learning_objective,"                      \
    " x.pedagogical_guidance, x.evaluation_metrics, x.context_key, x.created_at, x.updated_at"

#define AI_EXPERIENCE_OUT(x)                                                                                           \
    OUT_U64((x).id), OUT_U64((x).course_id), OUT_TEXT((x).workflow_state), OUT_TEXT((x).title),                        \
        OUT_TEXT((x).description), OUT_TEXT((x).facts), OUT_TEXT((x).learning_objective),                              \
        OUT_TEXT((x).pedagogical_guidance), OUT_TEXT((x).evaluation_metrics), OUT_TEXT((x).context_key),               \
        OUT_TIME((x).created_at_ms), OUT_TIME((x).updated_at_ms)

/* What everybody is shown; the rest reads as NULL. */
#define AI_EXPERIENCE_SHOWN_COLUMNS                                                                                    \
    "x.id, x.course_id, x.workflow_state, x.title, x.description, x.learning_objective, x.context_key,"                \
    " x.created_at, x.updated_at"

#define AI_EXPERIENCE_SHOWN_OUT(x)                                                                                     \
    OUT_U64((x).id), OUT_U64((x).course_id), OUT_TEXT((x).workflow_state), OUT_TEXT((x).title),                        \
        OUT_TEXT((x).description), OUT_TEXT((x).learning_objective), OUT_TEXT((x).context_key),                        \
        OUT_TIME((x).created_at_ms), OUT_TIME((x).updated_at_ms)

/* Whether a student who is enrolled now has a conversation of it: it can then no longer be unpublished. */
#define AI_EXPERIENCE_IS_STARTED                                                                                       \
    "EXISTS (SELECT 1 FROM latest_conversation ls JOIN enrollment es ON es.course_id = x.course_id"                    \
    " AND es.user_id = ls.user_id AND es.role = 0 AND es.state = 'active' WHERE ls.ai_experience_id = x.id)"

/* The experience named by the second parameter, of the course that is the third, unless deleted. */
#define AI_EXPERIENCE_JOIN                                                                                             \
    " LEFT JOIN ai_experience x ON x.id = ? AND x.course_id = ? AND x.workflow_state <> 'deleted'"

#endif
