/*
 * The evaluation of a conversation: what a model is asked, and its answer as the API gives it out.
 *
 * In what a model answers, numbers tie its items to objectives and metrics. In the Evaluation object their texts do,
 * as they were when it was made.
 */
#ifndef COLLOQUY_ENGINE_EVALUATION_FORM_H
#define COLLOQUY_ENGINE_EVALUATION_FORM_H

#include "engine/material.h"

struct evaluation_case {
    const struct ai_experience_row *experience;
    const struct message_list *messages;
    const struct objective *objectives; /* the experience's as they are now; met: as in the conversation */
    size_t n_objectives;
    const struct metric *metrics; /* those that are to be answered, in order */
    size_t n_metrics;
    const char *summary; /* of the messages that are too much for the model; NULL: none was made */
    uint32_t room;       /* of the model, in tokens; UINT32_MAX at first */
};

/*
 * What is to be evaluated. Where the conversation has an objective with exactly the text of one of the experience's, that
 * one is met as it is there; else it is not. Left out of the metrics are those that are not enabled, and those whose
 * name asks for what every evaluation has. What out points to lives in ctx->arena, or where the arguments do.
 */
enum cq_status evaluation_case_read(struct cq_ctx *ctx, const struct ai_experience_row *experience,
                                    const struct conversation_row *conversation, const struct message_list *messages,
                                    struct evaluation_case *out) MUST_USE;

/* Fill ask with what the evaluation model is asked. There is at least one objective. */
enum cq_status evaluation_ask(struct cq_ctx *ctx, const struct evaluation_case *of, struct llm_ask *ask) MUST_USE;

/*
 * Check its answer and write it as the API's Evaluation object, in ctx->arena. Key moments whose evidence does not
 * stand in the message that they number are left out. CQ_MODEL_INVALID_RESPONSE: not of the form.
 */
enum cq_status evaluation_read(struct cq_ctx *ctx, const struct evaluation_case *of, const char *text, size_t len,
                               const char **json) MUST_USE;

#endif
