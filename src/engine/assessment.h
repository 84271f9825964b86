/* Assessment: which objectives the student has covered, as a model judges it. */
#ifndef COLLOQUY_ENGINE_ASSESSMENT_H
#define COLLOQUY_ENGINE_ASSESSMENT_H

#include "colloquy/engine.h"

struct assessment_case {
    const struct ai_experience_row *experience;
    const struct message_list *messages;
    const struct progress *progress;
    const char *summary; /* of the messages that are too much for the model; NULL: none was made */
    uint32_t room;       /* of the model, in tokens */
};

/*
 * Fill ask with what the assessment model is asked: all objectives of the conversation by their numbers, those met
 * already marked, and what was said. progress has at least one objective. What ask points to lives in ctx->arena, or
 * where the arguments do.
 */
enum cq_status assessment_ask(struct cq_ctx *ctx, const struct assessment_case *of, struct llm_ask *ask) MUST_USE;

/*
 * Read its answer: is_covered[i] for objective i, counted from 0; one that the answer leaves out is not covered.
 * CQ_MODEL_INVALID_RESPONSE: not of the form.
 */
enum cq_status assessment_read(struct cq_ctx *ctx, const char *text, size_t len, size_t n_objectives,
                               bool *is_covered) MUST_USE;

#endif
