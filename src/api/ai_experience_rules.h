/*
 * What may stand in the fields of an AI experience (doc/api-canvas.md 3.5). One table: requests are judged by it,
 * clients are told it as constraints, and the form takes its attributes and its help from it.
 */
#ifndef API_AI_EXPERIENCE_RULES_H
#define API_AI_EXPERIENCE_RULES_H

#include "colloquy/base.h"

enum ai_experience_field {
    FIELD_TITLE,
    FIELD_DESCRIPTION,
    FIELD_FACTS,
    FIELD_LEARNING_OBJECTIVE,
    FIELD_LEARNING_OBJECTIVES,
    FIELD_PEDAGOGICAL_GUIDANCE,
    FIELD_WORKFLOW_STATE,
    FIELD_EVALUATION_METRICS,
    AI_EXPERIENCE_FIELD_COUNT
};

/* The texts of each evaluation metric. */
enum metric_field { METRIC_NAME, METRIC_DESCRIPTION, METRIC_FIELD_COUNT };

/* A 0, or NULL, is no bound. Lengths are in characters (code points). */
struct field_rule {
    const char *name;
    bool is_required;
    uint32_t max_length;                            /* of a text */
    uint32_t min_items, max_items, item_max_length; /* of a list */
    const char *const *values;                      /* the only ones; ends in NULL */
};

extern const struct field_rule ai_experience_rules[AI_EXPERIENCE_FIELD_COUNT];
extern const struct field_rule metric_rules[METRIC_FIELD_COUNT];

/* Whether text is one of the values of the rule. */
bool rule_has_value(const struct field_rule *rule, const char *text);

/* Whether context files may be of that type. */
bool is_context_type(const char *mime_type);

/* All of it as one object, a member a field, and beside them the limits of files and messages. */
void write_constraints(struct json_out *out, const struct config_limits *limits);

#endif
