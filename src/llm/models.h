/* The models of a config, understood: what they can do and cost, and which of them a task is given to, in which order. */
#ifndef COLLOQUY_LLM_MODELS_H
#define COLLOQUY_LLM_MODELS_H

#include "llm/provider.h"

/* In the order in which they are tried. */
struct llm_chain {
    const struct llm_model *models[LLM_MAX_CHAIN];
    size_t n;
};

struct llm_models {
    struct llm_model *all;
    size_t n;
    const struct config *config;
};

/*
 * Read them all; what is wrong goes to problems, a line each that names the key. False: something is. In any case
 * llm_models_release() is due.
 */
bool llm_models_read(struct llm_models *models, const struct config *config, struct buf *problems) MUST_USE;
void llm_models_release(struct llm_models *models);

/*
 * Whom the ask goes to: its own model, else those of its task; then those of llm.fallback that are not among them. An ask that is
 * alone goes to the first of its own. What none but a language model can do is not given to builtin. Empty: nobody.
 */
void llm_chain_find(const struct llm_models *models, const struct llm_ask *ask, struct llm_chain *out);

/* How many texts one LLM_EMBED of this model may have; 0: it has none. */
size_t llm_max_texts(const struct llm_model *model);

#endif
