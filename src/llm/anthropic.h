/* Provider anthropic in three files: anthropic.c (settings), anthropic_request.c and anthropic_answer.c. */
#ifndef COLLOQUY_LLM_ANTHROPIC_H
#define COLLOQUY_LLM_ANTHROPIC_H

#include "llm/provider.h"

/* As the provider's functions of these names (provider.h). */
enum cq_status anthropic_request(const struct llm_model *model, const struct llm_ask *ask, struct llm_request *out);
enum cq_status anthropic_event(struct cq_ctx *ctx, const struct llm_event *event, struct llm_delta *out);
enum cq_status anthropic_whole(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out);

#endif
