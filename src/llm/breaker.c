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

/* All that says where the model is. */
static uint64_t key_of(const struct config_model *model)
{
    const char *const parts[] = {model->provider, model->base_url, model->region, model->api_version, model->id};
    uint64_t key = 0xcbf29ce484222325;

    for (size_t i = 0; i < LEN(parts); i++)
        key = add_text(key, parts[i]);
    return key ? key : 1;
}

/* A name that is read while it is written is cut off at worst: it is shown, nothing more. */
static void begin_row(struct llm_breaker *row, const struct config_model *model)
{
    row->failures = 0;
    row->open_until_ms = row->probe_until_ms = row->answered_ms = 0;
    row->times_opened = 0;
    snprintf(row->name, sizeof(row->name), "%s", model->name);
}

/* The row that has the key; or else one that was known, 0 for a free one, taken for it. */
static struct llm_breaker *find_row(struct llm_breakers *breakers, const struct config_model *model, bool is_reused)
{
    uint64_t key = key_of(model);

    for (size_t i = 0; i < LLM_MAX_BREAKERS; i++) {
        struct llm_breaker *row = &breakers->rows[i];
        uint64_t known = row->key;
        bool is_free = !known || (is_reused && !row->is_listed);

        if (known != key && is_free && atomic_compare_exchange_strong(&row->key, &known, key)) {
            begin_row(row, model);
            return row;
        }
        if (known == key)
            return row;
    }
    return NULL;
}

struct llm_breaker *llm_breaker_find(struct llm_breakers *breakers, const struct config_model *model)
{
    struct llm_breaker *row = find_row(breakers, model, false);

    if (!row)
        row = find_row(breakers, model, true);
    if (row)
        row->is_listed = true;
    return row;
}

void llm_breakers_unlist(struct llm_breakers *breakers)
{
    for (size_t i = 0; i < LLM_MAX_BREAKERS; i++)
        breakers->rows[i].is_listed = false;
}

bool llm_breaker_is_open(const struct llm_breaker *breaker)
{
    return breaker->open_until_ms > clock_mono_ms();
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

void llm_breaker_note_text(struct llm_breaker *breaker, int64_t now_ms)
{
    if (breaker)
        breaker->answered_ms = now_ms;
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
