/* The members of an evaluation's answer, which its schema and its reader share. */
#ifndef COLLOQUY_ENGINE_EVALUATION_MEMBERS_H
#define COLLOQUY_ENGINE_EVALUATION_MEMBERS_H

#include "engine/evaluation_form.h"

enum {
    EVALUATION_ANSWER_MAX_BYTES = 256 << 10,
    EVALUATION_MOMENT_N = 3,
    EVALUATION_OBJECTIVE_N = 4,
    EVALUATION_METRIC_N = 2,
};

extern const char
    *const EVALUATION_MEMBERS[]; /* evaluation_members() of them: custom_metrics only when there are any */
extern const char *const EVALUATION_MOMENT_MEMBERS[EVALUATION_MOMENT_N];
extern const char *const EVALUATION_OBJECTIVE_MEMBERS[EVALUATION_OBJECTIVE_N];
extern const char *const EVALUATION_METRIC_MEMBERS[EVALUATION_METRIC_N];

size_t evaluation_members(const struct evaluation_case *of);

#endif
