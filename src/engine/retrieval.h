/*
 * Retrieval: the passages of documents that a reply may draw from, before the model is asked for it.
 *
 * Which documents there are is found in the database when a turn begins; what of them answers is found by the documents'
 * process, which the loop waits for (asking->retrieval); what came is told to the model as material, numbered, with how it is to be
 * cited. What was not found, or could not be looked for, is no reason to give no reply.
 */
#ifndef COLLOQUY_ENGINE_RETRIEVAL_H
#define COLLOQUY_ENGINE_RETRIEVAL_H

#include "colloquy/engine.h"

/*
 * Have asking wait for what documents say to text (previous: what the user said before it on this branch; NULL: nothing).
 * Of no documents nothing is asked.
 */
enum cq_status retrieval_begin(struct cq_ctx *ctx, const struct config *config, const struct document_list *documents,
                               const char *text, const char *previous, struct retrieval *retrieval,
                               struct asking *asking) MUST_USE;

/* Have what is attached extracted too, where it has not been. Behind retrieval_begin(). */
enum cq_status retrieval_extract(struct cq_ctx *ctx, const struct hash_list *files, struct retrieval *retrieval,
                                 struct asking *asking) MUST_USE;

/* The passages as builtin, which reads no prompt, gets them: it quotes, so it gets the excerpts. */
enum cq_status retrieval_passages(struct cq_ctx *ctx, const struct retrieval *retrieval, struct llm_ask *ask) MUST_USE;

/* Take what came: the answer as JSON; NULL: nothing did. What it says of documents that were not asked for is dropped. */
void retrieval_take(struct cq_ctx *ctx, struct retrieval *retrieval, const char *answer, size_t len);

/* Keep, of the passages that came, the best ones that come to at most room tokens. */
void retrieval_fit(struct retrieval *retrieval, uint32_t room);

/*
 * The system prompt with the passages behind it, as data; the same when there are none. is_cited: the model is asked to
 * mark what it draws from them by [^number]. In ctx->arena.
 */
enum cq_status retrieval_tell(struct cq_ctx *ctx, const char *system, const struct retrieval *retrieval, bool is_cited,
                              const char **out) MUST_USE;

/* The rows that are stored with the reply; seq is the store's to fill in. In ctx->arena. */
enum cq_status retrieval_related(struct cq_ctx *ctx, const struct retrieval *retrieval,
                                 struct related_list *out) MUST_USE;

#endif
