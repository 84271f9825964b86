/* Provider openai in three files: openai.c (settings), openai_request.c and openai_answer.c. */
#ifndef COLLOQUY_LLM_OPENAI_H
#define COLLOQUY_LLM_OPENAI_H

#include "llm/provider.h"

/* As the provider's functions of these names (provider.h). */
enum cq_status openai_request(const struct llm_model *model, const struct llm_ask *ask, struct llm_request *out);
enum cq_status openai_event(struct cq_ctx *ctx, const struct llm_event *event, struct llm_delta *out);
enum cq_status openai_whole(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out);
enum cq_status openai_vectors(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out);
enum cq_status openai_refusal(struct cq_ctx *ctx, long http_status, const char *body, size_t len);

enum { OPENAI_MAX_TEXTS = 16 }; /* whose vectors, of some thousand numbers each, json_read() takes at once */

#endif
