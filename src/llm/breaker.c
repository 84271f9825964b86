/* Breakers, in memory that all workers share. */
#include <stdio.h>
#include <string.h>

#include "llm/breaker.h"

/* FNV-1a. */
static uint64_t add_text(uint64_t hash, const char *text)
{
    for (const char *c = text ? text : ""; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
    return (hash ^ 0xff) * 0x100000001b3;
}

static uint64_t key_of(const struct config_model *model)
{
    uint64_t key = add_text(add_text(add_text(0xcbf29ce484222325, model->provider), model->base_url), model->id);

    return key ? key : 1;
}

/* A name that is read while it is written is cut off at worst: it is shown, nothing more. */
struct llm_breaker *llm_breaker_find(struct llm_breakers *breakers, const struct config_model *model)
{
    uint64_t key = key_of(model);

    for (size_t i = 0; i < LLM_MAX_BREAKERS; i++) {
        struct llm_breaker *row = &breakers->rows[i];
        uint64_t known = row->key;

        if (!known && atomic_compare_exchange_strong(&row->key, &known, key))
            snprintf(row->name, sizeof(row->name), "%s", model->name);
        if (!known || known == key)
            return row;
    }
    return NULL;
}

bool llm_breaker_is_open(const struct llm_breaker *breaker)
{
    return breaker->open_until_ms != 0;
}

enum llm_admission llm_breaker_admit(struct llm_breaker *breaker, int64_t now_ms, uint32_t open_ms)
{
    if (!breaker || !breaker->open_until_ms)
        return LLM_ADMITTED;
    if (now_ms < breaker->open_until_ms)
        return LLM_REFUSED;
    int64_t probe_until_ms = breaker->probe_until_ms;

    if (now_ms < probe_until_ms ||
        !atomic_compare_exchange_strong(&breaker->probe_until_ms, &probe_until_ms, now_ms + open_ms))
        return LLM_REFUSED;
    return LLM_PROBING;
}

bool llm_breaker_succeed(struct llm_breaker *breaker)
{
    if (!breaker || (!breaker->failures && !breaker->open_until_ms))
        return false;
    breaker->failures = 0;
    bool was_open = atomic_exchange(&breaker->open_until_ms, 0) != 0;

    breaker->probe_until_ms = 0;
    return was_open;
}

bool llm_breaker_fail(struct llm_breaker *breaker, int64_t now_ms, uint32_t max_failures, uint32_t open_ms)
{
    if (!breaker || !max_failures || ++breaker->failures < max_failures)
        return false;
    bool was_open = atomic_exchange(&breaker->open_until_ms, now_ms + open_ms) != 0;

    breaker->probe_until_ms = 0;
    breaker->times_opened += !was_open;
    return !was_open;
}

void llm_breaker_abandon(struct llm_breaker *breaker)
{
    if (breaker)
        breaker->probe_until_ms = 0;
}

uint32_t llm_breaker_left_s(const struct llm_breaker *breaker, int64_t now_ms)
{
    int64_t left_ms = breaker ? breaker->open_until_ms - now_ms : 0;

    return left_ms > 1000 ? (uint32_t)((left_ms + 999) / 1000) : 1;
}
