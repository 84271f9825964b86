/*
 * Material: what a model is to judge, as one JSON document.
 *
 * Texts of teachers, students and models stand in it as JSON strings, so that none of them can end where it stands and
 * become part of what the model is told to do.
 */
#ifndef COLLOQUY_ENGINE_MATERIAL_H
#define COLLOQUY_ENGINE_MATERIAL_H

#include "colloquy/engine.h"

struct metric {
    const char *name, *description; /* description: "" when there is none */
};

struct material {
    const struct ai_experience_row *experience;
    const struct objective *objectives; /* numbered from 1 in this order */
    size_t n_objectives;
    bool has_guidance; /* whether the teacher's guidance belongs to it */
    const struct metric *metrics;
    size_t n_metrics;
    const struct message_list *messages; /* the whole conversation: numbered from 1 in this order */
    const char *summary;                 /* of its beginning; NULL: none was made */
    uint32_t text_max_tokens; /* of messages: the newest that fit, and the student's last one whatever its size */
    uint32_t room;            /* in tokens, of all that the model is told */
};

/*
 * Add to ask, which has its system prompt and schema already, the material: its one message, and what builtin works from. The opening message, which the
 * server wrote, is left out of the document; numbers are as if it stood there. In ctx->arena.
 */
enum cq_status material_ask(struct cq_ctx *ctx, const struct material *material, struct llm_ask *ask) MUST_USE;

#endif
