/*
 * The breaker of a model: when it is not asked, and who looks whether it is well again.
 *
 * Every number is atomic by itself; processes that come to the same conclusion at the same time do no harm. A probe whose
 * process dies is followed by another one after a while. Times are on clock_mono_ms(), passed in, so that tests need not
 * sleep.
 */
#ifndef COLLOQUY_LLM_BREAKER_H
#define COLLOQUY_LLM_BREAKER_H

#include "llm/provider.h"

/* The row of the model, taken for it if there is none yet, and listed. NULL: all are taken by models that are listed. */
struct llm_breaker *llm_breaker_find(struct llm_breakers *breakers, const struct config_model *model);

enum llm_admission { LLM_ADMITTED, LLM_PROBING, LLM_REFUSED };

/* Whether the model may be asked now. LLM_PROBING: as the one that looks; what becomes of it is to be noted. NULL: yes. */
enum llm_admission llm_breaker_admit(struct llm_breaker *breaker, int64_t now_ms, uint32_t open_ms);

/* Somebody got the first of a reply. */
void llm_breaker_note_text(struct llm_breaker *breaker, int64_t now_ms);

/* A call has been answered. True: this has closed it. */
bool llm_breaker_succeed(struct llm_breaker *breaker);

/* A call has failed for the provider's sake. True: this has opened it. */
bool llm_breaker_fail(struct llm_breaker *breaker, int64_t now_ms, uint32_t max_failures, uint32_t open_ms);

/* A probe has ended without telling anything, e.g. since nobody wanted it any more. */
void llm_breaker_abandon(struct llm_breaker *breaker);

/* In how many seconds it is asked again, at least 1. */
uint32_t llm_breaker_left_s(const struct llm_breaker *breaker, int64_t now_ms);

#endif
