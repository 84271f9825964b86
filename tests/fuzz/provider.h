/*
 * What holds for every provider, whatever it is answered and whatever has been said: for the targets of each of them.
 */
#ifndef TESTS_FUZZ_PROVIDER_H
#define TESTS_FUZZ_PROVIDER_H

#include "fuzz.h"
#include "llm/provider.h"

/* The text as an event of that name, and as what else the provider reads. */
void check_event(const struct llm_provider *provider, struct cq_ctx *ctx, const char *name, const char *text,
                 size_t len);
void check_bodies(const struct llm_provider *provider, struct cq_ctx *ctx, const char *text, size_t len);

/*
 * A request in which everything is this UTF-8: the system prompt, a word of each side, a thought, a call and its result,
 * a document's name, and the model's id. Its body lives as long as the context's arena.
 */
struct json_object *check_request(const struct llm_provider *provider, struct cq_ctx *ctx, const char *text,
                                  const char *url);

#endif
